"""Solids of drafts: boxes and turned shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.engines.pyrender_canvas.meshes import Normals, triangles_of


def box(low: np.ndarray, high: np.ndarray, turn: float = 0.0, at: tuple[float, float] = (0.0, 0.0)) -> Solid:
    """An upright box from corner to corner, turned about Z and moved."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    points = np.asarray(low) + corners * (np.asarray(high) - np.asarray(low))
    quads = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    # Each side has vertices of its own, so that edges are sharp.
    spread = points[quads.ravel()]
    faces = np.arange(24).reshape(6, 4)
    return Solid(spread, triangles_of(faces)).turned(turn, at)


def lathe(profile: list[tuple[float, float]], sides: int = 14) -> Solid:
    """A solid of revolution about Z through (radius, height) points, listed upwards."""
    around = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rings = [np.stack([r * np.cos(around), r * np.sin(around), np.full(sides, z)], 1) for r, z in profile]
    faces = []
    for k in range(len(profile) - 1):
        for i in range(sides):
            j = (i + 1) % sides
            faces.append((k * sides + i, k * sides + j, (k + 1) * sides + j, (k + 1) * sides + i))
    return Solid(np.concatenate(rings), triangles_of(np.array(faces)))


@dataclass(frozen=True)
class Solid:
    """Bare triangles. points: (V, 3) metres; triangles: (F, 3), counter-clockwise seen from outside."""

    points: np.ndarray
    triangles: np.ndarray

    def turned(self, angle: float, at: tuple[float, float]) -> Solid:
        """Turned about Z by `angle`, then moved."""
        c, s = np.cos(angle), np.sin(angle)
        x, y, z = self.points.T
        return Solid(np.stack([c * x - s * y + at[0], s * x + c * y + at[1], z], 1), self.triangles)

    def normals(self) -> np.ndarray:
        """(V, 3) unit vertex normals."""
        return Normals(self.triangles, len(self.points)).of(self.points)
