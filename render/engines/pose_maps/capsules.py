"""Cylinders with round ends, all of a frame as one mesh, shaded by a light at the camera."""

from __future__ import annotations

import numpy as np

from render.engines.pyrender_canvas.meshes import Mesh

_AMBIENT = 0.3
"""What is left of a colour where a surface turns away from the camera (SCAIL-Pose: 0.3 + 0.7 n·v)."""


class Tessellation:
    """The triangles of one capsule along +Z. A vertex is `end` · the far end + radius · `normals`."""

    def __init__(self, sides: int, rings: int):
        around = 2 * np.pi * np.arange(sides) / sides
        circle = np.stack([np.cos(around), np.sin(around)], axis=1)
        tilts = np.concatenate([np.linspace(-np.pi / 2, 0, rings + 1), np.linspace(0, np.pi / 2, rings + 1)])
        rows = [np.column_stack([np.cos(a) * circle, np.full(sides, np.sin(a))]) for a in tilts]
        self.normals = np.concatenate(rows)
        self.end = np.repeat(np.arange(len(tilts)) > rings, sides).astype(np.float64)
        row, column = np.meshgrid(np.arange(len(tilts) - 1), np.arange(sides), indexing="ij")
        a = (row * sides + column).ravel()
        b = (row * sides + (column + 1) % sides).ravel()
        self.triangles = np.concatenate(
            [np.stack([a, b, b + sides], axis=1), np.stack([a, b + sides, a + sides], axis=1)]
        )


THICK, THIN = Tessellation(16, 4), Tessellation(8, 2)


def mesh(
    starts: np.ndarray,
    ends: np.ndarray,
    radii: np.ndarray,
    colours: np.ndarray,
    eye: np.ndarray,
    form: Tessellation,
) -> Mesh:
    """Capsules, front faces outwards.

    Args:
        starts, ends: (N, 3) metres, world. radii: (N, 2) metres at start and end.
        colours: (N, 2, 3) sRGB, 0 to 255, at start and end, where the surface faces the camera.
        eye: (3,) metres: where the camera stands.
        form: how finely each is drawn.
    """
    along = _unit(ends - starts, np.array([0.0, 0.0, 1.0]))
    view = _unit(eye - 0.5 * (starts + ends), np.array([0.0, 0.0, 1.0]))
    # The frame turns with the view, so that edges of the tessellation stay where they do not show.
    across = _unit(np.cross(along, view), _any_normal(along))
    facing = np.cross(across, along)
    frames = np.stack([facing, across, along], axis=1)
    normals = np.einsum("vk,nkj->nvj", form.normals, frames)
    middle = starts[:, None] + form.end[None, :, None] * (ends - starts)[:, None]
    end = form.end.astype(np.intp)
    points = middle + radii[:, end, None] * normals
    rays = _unit(eye - points, np.array([0.0, 0.0, 1.0]))
    lit = _AMBIENT + (1 - _AMBIENT) * np.clip((normals * rays).sum(axis=2), 0.0, 1.0)
    shown = np.rint(colours[:, end] * lit[:, :, None]).astype(np.uint8)
    count = len(form.normals)
    triangles = form.triangles[None] + count * np.arange(len(starts))[:, None, None]
    return Mesh(points.reshape(-1, 3).astype(np.float32), triangles.reshape(-1, 3), shown.reshape(-1, 3))


def joined(meshes: list[Mesh]) -> Mesh:
    """Meshes as one."""
    offsets = np.cumsum([0, *(len(m.points) for m in meshes)])
    return Mesh(
        np.concatenate([m.points for m in meshes]),
        np.concatenate([m.triangles + offset for m, offset in zip(meshes, offsets, strict=False)]),
        np.concatenate([m.colours for m in meshes]),
    )


def _unit(vectors: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), otherwise)


def _any_normal(along: np.ndarray) -> np.ndarray:
    """(N, 3) unit vectors at right angles to `along` (N, 3)."""
    axis = np.eye(3)[np.argmin(np.abs(along), axis=1)]
    return _unit(np.cross(along, axis), np.array([1.0, 0.0, 0.0]))
