"""Trees, hedges, bushes, tufts of grass and flowers."""

from __future__ import annotations

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.shapes import Solid, blob
from render.engines.blender.shader import Rgb

_BARK: Rgb = (0.10, 0.065, 0.04)


def tree(
    rng: np.random.Generator, leaf: bpy.types.Material, bark: bpy.types.Material, height: float = 5.5
) -> bpy.types.Mesh:
    """A broad-leaved tree: a bent trunk, a few boughs, clumps of leaves."""
    solid = Solid()
    fork = height * rng.uniform(0.32, 0.42)
    lean = rng.normal(0, 0.12, 2)
    t = np.linspace(0, 1, 6)
    trunk = np.stack([lean[0] * t**2 * 2, lean[1] * t**2 * 2, t * height * 0.72], -1)
    solid.column(trunk, height * 0.030 * (1.25 - 0.85 * t), bark, sides=9, caps=False)
    crown = trunk[-1] + np.array([0, 0, height * 0.12])
    centres = [crown]
    for i in range(5):
        angle = i * 2 * np.pi / 5 + rng.uniform(-0.4, 0.4)
        start = trunk[-1] * (fork / trunk[-1][2])
        reach = height * rng.uniform(0.18, 0.27)
        rise = height * rng.uniform(0.22, 0.38)
        end = start + np.array([np.cos(angle) * reach, np.sin(angle) * reach, rise])
        bend = (start + end) / 2 - (0, 0, height * 0.03)
        solid.column(np.array([start, bend, end]), height * np.array([0.014, 0.010, 0.005]), bark, 6, False)
        centres.append(end)
    per_clump = 190
    for centre in centres:
        radius = height * rng.uniform(0.13, 0.18)
        direction = rng.normal(size=(per_clump, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        shell = radius * rng.uniform(0.55, 1.0, (per_clump, 1)) ** 0.5
        points = centre + direction * shell * (1.15, 1.15, 0.85)
        normals = direction + rng.normal(0, 0.6, direction.shape)
        solid.cards(points, normals, height * rng.uniform(0.035, 0.06, per_clump), leaf, rng)
    return solid.mesh("tree")


def bush(solid: Solid, centre: tuple[float, float, float], radii: tuple[float, float, float],
         leaf: bpy.types.Material, rng: np.random.Generator, leaves: int = 260) -> None:  # fmt: skip
    """A bush: a dark core and a coat of leaves."""
    solid.sheet(blob(centre, (radii[0] * 0.85, radii[1] * 0.85, radii[2] * 0.85), rng, 0.1, 6), leaf)
    direction = rng.normal(size=(leaves, 3))
    direction[:, 2] = np.abs(direction[:, 2])
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    points = np.array(centre) + direction * np.array(radii) * rng.uniform(0.85, 1.08, (leaves, 1))
    normals = direction + rng.normal(0, 0.5, direction.shape)
    size = min(radii) * rng.uniform(0.12, 0.24, leaves)
    solid.cards(points, normals, size, leaf, rng)


def hedge(
    length: float,
    depth: float,
    height: float,
    leaf: bpy.types.Material,
    rng: np.random.Generator,
    density: float = 90,
) -> Solid:
    """A clipped hedge along X, centred on its foot: leaves on a dark box."""
    solid = Solid()
    solid.box((0, 0, height * 0.49), (length * 0.98, depth * 0.9, height * 0.97), leaf)
    area = length * height * 2 + length * depth
    count = int(area * density)
    side = rng.random(count)
    points = np.stack(
        [rng.uniform(-length / 2, length / 2, count), np.zeros(count), rng.uniform(0, height, count)], -1
    )
    normals = np.zeros((count, 3))
    front = side < length * height / area
    back = ~front & (side < 2 * length * height / area)
    top = ~front & ~back
    points[front, 1], normals[front, 1] = -depth / 2, -1
    points[back, 1], normals[back, 1] = depth / 2, 1
    points[top, 1] = rng.uniform(-depth / 2, depth / 2, top.sum())
    points[top, 2], normals[top, 2] = height, 1
    points += rng.normal(0, 0.025, points.shape)
    normals += rng.normal(0, 0.55, normals.shape)
    solid.cards(points, normals, rng.uniform(0.10, 0.19, count), leaf, rng)
    return solid


def blades(
    rng: np.random.Generator, count: int, inner: float, outer: float, height: float, leaf: bpy.types.Material
) -> Solid:
    """Blades of grass on a ring around the origin, denser near it, each a bent strip of one triangle."""
    solid = Solid()
    radius = np.sqrt(rng.uniform(inner**2, outer**2, count) * rng.uniform(0.15, 1.0, count))
    angle = rng.uniform(0, 2 * np.pi, count)
    foot = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(count)], -1)
    facing = rng.uniform(0, 2 * np.pi, count)
    across = np.stack([np.cos(facing), np.sin(facing), np.zeros(count)], -1)
    # Blades further off stand for tufts: wider, so that they stay visible.
    width = (0.0035 + 0.0012 * radius)[:, None]
    tall = height * rng.uniform(0.45, 1.1, count)
    tip = foot + np.stack([rng.normal(0, 0.4, count) * tall, rng.normal(0, 0.4, count) * tall, tall], -1)
    vertices = np.stack([foot - across * width, foot + across * width, tip], 1).reshape(-1, 3)
    uv = np.broadcast_to(np.array([(0, 0), (1, 0), (0.5, 1)], float), (count, 3, 2))
    solid.faces(vertices, np.arange(count * 3).reshape(-1, 3), uv, leaf, part=rng.random(count))
    return solid


def bark_material() -> bpy.types.Material:
    """The bark of all trees."""
    return surfaces.bark("bark", _BARK)
