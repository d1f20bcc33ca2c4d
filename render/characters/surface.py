"""Quad surfaces that garments are cut from: clipping along a field's zero line, smoothing, boundaries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

_SNAP = 0.3  # of an edge; a vertex nearer than this to the cut moves onto it, so that no slivers remain


@dataclass(frozen=True)
class Surface:
    """A surface with values at its vertices.

    vertices: (V, 3) metres. faces: (F, 4) int, a triangle has −1 in its last column.
    values: (V, C) anything to be interpolated where the surface is cut, such as skinning weights.
    """

    vertices: np.ndarray
    faces: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, vertices: np.ndarray, faces: np.ndarray, values: np.ndarray) -> Surface:
        """The surface of some faces of a larger mesh, with only the vertices that they use."""
        used, inverse = np.unique(faces, return_inverse=True)
        if used[0] < 0:
            used, inverse = used[1:], inverse - 1
        return cls(vertices[used], inverse.reshape(faces.shape), values[used])

    def moved(self, vertices: np.ndarray) -> Surface:
        """The surface with its vertices elsewhere."""
        return replace(self, vertices=vertices)

    def edges(self) -> np.ndarray:
        """(E, 2) undirected edges, each once, sorted."""
        return np.unique(np.sort(self.directed(), axis=1), axis=0)

    def boundary(self) -> np.ndarray:
        """(N,) vertices on the border."""
        edges, count = np.unique(np.sort(self.directed(), axis=1), axis=0, return_counts=True)
        return np.unique(edges[count == 1])

    def boundary_edges(self) -> np.ndarray:
        """(N, 2) edges that belong to one face only."""
        edges, count = np.unique(np.sort(self.directed(), axis=1), axis=0, return_counts=True)
        return edges[count == 1]

    def normals(self) -> np.ndarray:
        """(V, 3) unit vertex normals, weighted by area."""
        v, f = self.vertices, self.faces
        last = np.where(f[:, 3] < 0, f[:, 0], f[:, 3])
        crosses = np.cross(v[f[:, 2]] - v[f[:, 0]], v[last] - v[f[:, 1]])
        triangle = f[:, 3] < 0
        crosses[triangle] = np.cross(
            v[f[triangle, 1]] - v[f[triangle, 0]], v[f[triangle, 2]] - v[f[triangle, 0]]
        )
        out = np.zeros_like(v)
        for column in range(4):
            real = f[:, column] >= 0
            np.add.at(out, f[real, column], crosses[real])
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)

    def clip(self, field: np.ndarray) -> Surface:
        """The part where `field` (V,) ≥ 0, cut exactly along its zero line (linear along edges)."""
        surface, field = self._snapped(field)
        points, values, faces = list(surface.vertices), list(surface.values), []
        new: dict[tuple[int, int], int] = {}

        def crossing(i: int, j: int) -> int:
            key = (min(i, j), max(i, j))
            if key not in new:
                t = field[i] / (field[i] - field[j])
                new[key] = len(points)
                points.append(points[i] + t * (points[j] - points[i]))
                values.append(values[i] + t * (values[j] - values[i]))
            return new[key]

        inside = field >= 0
        for face in surface.faces:
            ring = [int(i) for i in face if i >= 0]
            flags = inside[ring]
            if flags.all():
                faces.append(ring)
                continue
            if not flags.any():
                continue
            kept: list[int] = []
            for i, j in zip(ring, ring[1:] + ring[:1], strict=True):
                if inside[i]:
                    kept.append(i)
                if inside[i] != inside[j] and field[i] != 0 and field[j] != 0:
                    kept.append(crossing(i, j))
            if len(kept) >= 3:
                faces += _quads(kept)
        rows = np.full((len(faces), 4), -1, np.int64)
        for row, face in zip(rows, faces, strict=True):
            row[: len(face)] = face
        return Surface.of(np.array(points), rows, np.array(values))

    def smoothing(self, pin_boundary: bool = True) -> sparse.csr_matrix:
        """(V, V) one step of Laplacian smoothing; border vertices stay, or follow the border only."""
        n = len(self.vertices)
        edges = self.edges()
        border = np.zeros(n, bool)
        border_edges = self.boundary_edges()
        border[border_edges] = True
        if pin_boundary:
            inner = [(a, b) for a, b in (edges.T, edges.T[::-1])]
            rows, columns = (np.concatenate(x) for x in zip(*inner, strict=True))
            keep = ~border[rows]
            rows, columns = rows[keep], columns[keep]
            rows = np.concatenate([rows, np.flatnonzero(border)])
            columns = np.concatenate([columns, np.flatnonzero(border)])
        else:
            pairs = [*(edges[:, ::o] for o in (1, -1))]
            both = np.concatenate(pairs)
            keep = ~border[both[:, 0]]
            around = np.concatenate([border_edges, border_edges[:, ::-1]])
            own = np.repeat(np.flatnonzero(border)[:, None], 2, axis=1)
            rows, columns = np.concatenate([both[keep], around, own]).T
        matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n))
        return sparse.diags(1 / np.asarray(matrix.sum(axis=1)).ravel()) @ matrix

    def directed(self) -> np.ndarray:
        """(S, 2) every face's sides, in its own sense of turning."""
        f = self.faces
        triangle = f[f[:, 3] < 0][:, :3]
        quad = f[f[:, 3] >= 0]
        sides = [triangle[:, [0, 1]], triangle[:, [1, 2]], triangle[:, [2, 0]]]
        sides += [quad[:, [0, 1]], quad[:, [1, 2]], quad[:, [2, 3]], quad[:, [3, 0]]]
        return np.concatenate(sides)

    def _snapped(self, field: np.ndarray) -> tuple[Surface, np.ndarray]:
        """Vertices near the zero line moved onto it along their nearest crossing edge."""
        edges = self.edges()
        a, b = edges.T
        crossing = (field[a] > 0) != (field[b] > 0)
        a, b = a[crossing], b[crossing]
        t = field[a] / (field[a] - field[b])
        nearest = np.full(len(field), _SNAP)
        target = np.full(len(field), -1)
        for ends, others, share in ((a, b, t), (b, a, 1 - t)):
            for i, j, s in zip(ends, others, share, strict=True):
                if s < nearest[i]:
                    nearest[i], target[i] = s, j
        moving = np.flatnonzero(target >= 0)
        s = nearest[moving, None]
        vertices, values, snapped = self.vertices.copy(), self.values.copy(), field.copy()
        vertices[moving] += s * (self.vertices[target[moving]] - self.vertices[moving])
        values[moving] += s * (self.values[target[moving]] - self.values[moving])
        snapped[moving] = 0.0
        return replace(self, vertices=vertices, values=values), snapped


def joined(surfaces: Iterable[Surface]) -> Surface:
    """Several surfaces as one, not welded."""
    surfaces = list(surfaces)
    offsets = np.cumsum([0] + [len(s.vertices) for s in surfaces[:-1]])
    faces = [np.where(s.faces < 0, -1, s.faces + o) for s, o in zip(surfaces, offsets, strict=True)]
    return Surface(
        np.concatenate([s.vertices for s in surfaces]),
        np.concatenate(faces),
        np.concatenate([s.values for s in surfaces]),
    )


def _quads(ring: list[int]) -> list[list[int]]:
    """A convex ring of 3 to 6 corners as quads and triangles."""
    if len(ring) <= 4:
        return [ring]
    return [ring[:4], *_quads([ring[0], *ring[3:]])]
