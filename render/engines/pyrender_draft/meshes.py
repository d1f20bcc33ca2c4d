"""Meshes of drafts: triangles with a colour a vertex, and maybe a picture that repeats over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Mesh:
    """Triangles as seen from their front.

    points: (V, 3) float32 metres, world. triangles: (F, 3) int. colours: (V, 3) uint8 sRGB, or what the
    picture is multiplied with. uv: (V, 2) in pictures, or None. picture: (H, W, 3) uint8 sRGB, or None.
    """

    points: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    uv: np.ndarray | None = None
    picture: np.ndarray | None = None


def triangles_of(faces: np.ndarray) -> np.ndarray:
    """(F, 3) triangles of faces (F, 4) whose last column is −1 in triangles."""
    second = faces[faces[:, 3] >= 0][:, [0, 2, 3]]
    return np.concatenate([faces[:, :3], second])


def both_sides(triangles: np.ndarray) -> np.ndarray:
    """Triangles that are seen from behind as well."""
    return np.concatenate([triangles, triangles[:, ::-1]])


class Normals:
    """Vertex normals of a mesh that moves: which triangles meet at each vertex is worked out once."""

    def __init__(self, triangles: np.ndarray, count: int):
        rows = triangles.ravel()
        columns = np.repeat(np.arange(len(triangles)), 3)
        ones = np.ones(len(rows), np.float32)
        self._triangles = triangles
        self._gather = sparse.csr_matrix((ones, (rows, columns)), shape=(count, len(triangles)))

    def of(self, points: np.ndarray) -> np.ndarray:
        """(V, 3) unit normals of the mesh at `points` (V, 3)."""
        a, b, c = (points[self._triangles[:, k]] for k in range(3))
        normals = self._gather @ np.cross(b - a, c - a)
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


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
