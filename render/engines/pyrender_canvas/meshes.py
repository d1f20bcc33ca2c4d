"""Meshes that pyrender draws: triangles with a colour a vertex, and maybe a picture that repeats on them."""

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
