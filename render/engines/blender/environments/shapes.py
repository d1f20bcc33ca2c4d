"""Solid shapes of furniture, buildings and plants, collected into one mesh a thing.

A `Solid` gathers quads and triangles with a material each; `made()` turns it into a Blender object. Every
corner carries `uvw`: metres along the surface (u around or along, v up or across), for materials that
tile, and a number in [0, 1) that is the part's own, for materials that vary from part to part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy
import numpy as np

Point = tuple[float, float, float]


def turn(points: np.ndarray, angle: float) -> np.ndarray:
    """Points (..., 3) or (..., 2) turned about Z by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    turned = np.array(points, dtype=float)
    x, y = turned[..., 0].copy(), turned[..., 1].copy()
    turned[..., 0], turned[..., 1] = c * x - s * y, s * x + c * y
    return turned


class Solid:
    """A mesh under construction, in metres, in its own space or the world's."""

    def __init__(self) -> None:
        self._vertices: list[np.ndarray] = []
        self._faces: list[np.ndarray] = []
        self._uvw: list[np.ndarray] = []
        self._materials: list[np.ndarray] = []
        self._smooth: list[np.ndarray] = []
        self._slots: list[bpy.types.Material] = []
        self._count = 0
        self._part = 0

    def faces(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        uv: np.ndarray,
        material: bpy.types.Material,
        smooth: bool = False,
        part: np.ndarray | None = None,
    ) -> None:
        """Add quads or triangles.

        Args:
            vertices: (V, 3) metres. faces: (F, 4) or (F, 3) indices into them. uv: (F, 4 or 3, 2).
            material: of all of them. smooth: shade them smoothly.
            part: (F,) in [0, 1), each face's own number; by default one number for all of them.
        """
        if material not in self._slots:
            self._slots.append(material)
        if part is None:
            part = np.full(len(faces), (self._part * 0.6180339887) % 1.0)
            self._part += 1
        corners = faces.shape[1]
        third = np.broadcast_to(part[:, None, None], (len(faces), corners, 1))
        self._vertices.append(np.asarray(vertices, dtype=np.float32))
        self._faces.append(faces + self._count)
        self._uvw.append(np.concatenate([uv, third], axis=2).reshape(-1, 3).astype(np.float32))
        self._materials.append(np.full(len(faces), self._slots.index(material), np.int32))
        self._smooth.append(np.full(len(faces), smooth))
        self._count += len(vertices)

    def box(
        self, centre: Point, size: Point, material: bpy.types.Material, angle: float = 0.0, taper: float = 1.0
    ) -> None:
        """A box standing around `centre`, turned about its Z by `angle`, its top `taper` times as wide."""
        half = np.array(size) / 2
        signs = np.array([(x, y, z) for z in (-1, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        corners = signs * half
        corners[4:, :2] *= taper
        vertices = turn(corners, angle) + np.array(centre)
        faces = np.array([(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7), (3, 2, 1, 0)])
        x, y, z = size
        uv = np.empty((6, 4, 2))
        for i, (width, height) in enumerate(((x, z), (y, z), (x, z), (y, z), (x, y), (x, y))):
            uv[i] = [(-width / 2, 0), (width / 2, 0), (width / 2, height), (-width / 2, height)]
        self.faces(vertices, faces, uv, material)

    def column(
        self,
        path: Sequence[Point] | np.ndarray,
        radii: Sequence[float] | np.ndarray,
        material: bpy.types.Material,
        sides: int = 10,
        caps: bool = True,
    ) -> None:
        """A round column along `path` (N points), with a radius at each point."""
        points, radius = np.asarray(path, dtype=float), np.asarray(radii, dtype=float)
        along = np.gradient(points, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        helper = np.where(np.abs(along[:, 2:]) > 0.9, [[1.0, 0, 0]], [[0.0, 0, 1]])
        side = np.cross(along, helper)
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        up = np.cross(side, along)
        angles = np.arange(sides) / sides * 2 * np.pi
        ring = np.cos(angles)[:, None, None] * side + np.sin(angles)[:, None, None] * up  # (S, N, 3)
        vertices = (points + ring * radius[:, None]).transpose(1, 0, 2).reshape(-1, 3)
        n = len(points)
        i, j = np.meshgrid(np.arange(n - 1), np.arange(sides), indexing="ij")
        k = (j + 1) % sides
        faces = np.stack([i * sides + j, (i + 1) * sides + j, (i + 1) * sides + k, i * sides + k], -1)
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        girth = 2 * np.pi * radius.max() / sides
        uv = np.empty((n - 1, sides, 4, 2))
        for corner, (di, dj) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
            uv[:, :, corner, 0] = (j + dj) * girth
            uv[:, :, corner, 1] = length[i + di]
        self.faces(vertices, faces.reshape(-1, 4), uv.reshape(-1, 4, 2), material, smooth=sides > 6)
        if caps:
            for start, centre in ((0, points[0]), ((n - 1) * sides, points[-1])):
                rim = vertices[start : start + sides]
                fan = np.stack([np.arange(sides), (np.arange(sides) + 1) % sides, np.full(sides, sides)], -1)
                self.faces(np.vstack([rim, centre]), fan, np.zeros((sides, 3, 2)), material)

    def lathe(
        self, centre: Point, profile: Sequence[tuple[float, float]], material: bpy.types.Material
    ) -> None:
        """A body of revolution: `profile` lists (radius, height) from bottom to top, around `centre`."""
        heights = [(centre[0], centre[1], centre[2] + h) for _, h in profile]
        # A column needs a direction at each point: equal heights get a hair's breadth between them.
        path = np.array(heights)
        path[:, 2] += np.arange(len(profile)) * 1e-5
        self.column(path, [r for r, _ in profile], material, sides=16)

    def sheet(
        self, grid: np.ndarray, material: bpy.types.Material, smooth: bool = True, first_u: float = 0.0
    ) -> None:
        """A surface through a grid of points (N, M, 3); u and v are metres along its first row and column.

        u begins at `first_u`, v at 0.
        """
        n, m = grid.shape[:2]
        index = np.arange(n * m).reshape(n, m)
        faces = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
        u = first_u + np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(grid[0], axis=0), axis=1))])
        v = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(grid[:, 0], axis=0), axis=1))])
        uv = np.stack(np.broadcast_arrays(u[None, :], v[:, None]), -1).reshape(-1, 2)[faces]
        self.faces(grid.reshape(-1, 3), faces, uv, material, smooth)

    def cards(
        self,
        centres: np.ndarray,
        normals: np.ndarray,
        sizes: np.ndarray,
        material: bpy.types.Material,
        rng: np.random.Generator,
    ) -> None:
        """Leaves: a kite-shaped quad at each of `centres` (N, 3), facing `normals`, `sizes` (N,) long."""
        normal = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        along = rng.normal(size=normal.shape)
        along -= normal * np.sum(along * normal, axis=1, keepdims=True)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        across = np.cross(normal, along)
        s = sizes[:, None]
        corners = [along * s * 0.5, across * s * 0.3, -along * s * 0.5, -across * s * 0.3]
        vertices = np.stack([centres + c for c in corners], 1).reshape(-1, 3)
        count = len(centres)
        uv = np.broadcast_to(np.array([(0.5, 1), (1, 0.5), (0.5, 0), (0, 0.5)]), (count, 4, 2))
        self.faces(vertices, np.arange(count * 4).reshape(-1, 4), uv, material, part=rng.random(count))

    def move(self, angle: float, offset: Point) -> Solid:
        """Turn all that was added so far about Z, then shift it."""
        self._vertices = [turn(v, angle) + np.array(offset, np.float32) for v in self._vertices]
        return self

    def mesh(self, name: str) -> bpy.types.Mesh:
        """The mesh, with its materials and its corner attribute `uvw`."""
        mesh = bpy.data.meshes.new(name)
        vertices = np.concatenate(self._vertices).astype(np.float32)
        sizes = np.concatenate([np.full(len(f), f.shape[1], np.int32) for f in self._faces])
        corners = np.concatenate([f.ravel() for f in self._faces]).astype(np.int32)
        mesh.vertices.add(len(vertices))
        mesh.vertices.foreach_set("co", vertices.ravel())
        mesh.loops.add(len(corners))
        mesh.loops.foreach_set("vertex_index", corners)
        mesh.polygons.add(len(sizes))
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        mesh.polygons.foreach_set("loop_start", starts)
        mesh.polygons.foreach_set("material_index", np.concatenate(self._materials))
        mesh.polygons.foreach_set("use_smooth", np.concatenate(self._smooth))
        mesh.update(calc_edges=True)
        attribute = mesh.attributes.new("uvw", "FLOAT_VECTOR", "CORNER")
        attribute.data.foreach_set("vector", np.concatenate(self._uvw).ravel())
        for material in self._slots:
            mesh.materials.append(material)
        return mesh


def blob(
    centre: Point, radii: Point, rng: np.random.Generator, rough: float = 0.0, detail: int = 8
) -> np.ndarray:
    """A closed, lumpy ellipsoid as a grid of points for `Solid.sheet`; `rough`: the lumps, of its radius."""
    theta = np.linspace(0.02, np.pi - 0.02, detail + 1)[:, None]
    phi = np.linspace(0, 2 * np.pi, 2 * detail + 1)[None, :]
    lump = 1 + rough * (
        np.sin(3 * phi + rng.uniform(0, 6)) * np.sin(2 * theta) * 0.5
        + np.sin(5 * phi + rng.uniform(0, 6)) * np.sin(3 * theta + rng.uniform(0, 6)) * 0.5
    )
    lump = lump * np.ones_like(phi)
    grid = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi], -1)
    return grid * lump[..., None] * np.array(radii) + np.array(centre)
