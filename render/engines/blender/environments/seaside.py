"""What stands on a beach: palms, parasols, bathing huts, boats."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import furniture, surfaces
from render.engines.blender.environments.shapes import Solid, blob
from render.engines.blender.shader import Rgb, Shader


def palm(
    rng: np.random.Generator, trunk: bpy.types.Material, leaf: bpy.types.Material, height: float
) -> bpy.types.Mesh:
    """A palm: a bent, ringed trunk and drooping feathered leaves."""
    solid = Solid()
    t = np.linspace(0, 1, 14)
    lean = rng.uniform(0.6, 1.5)
    path = np.stack([lean * t**1.8, np.zeros(14), height * t], -1)
    radii = 0.15 - 0.07 * t + 0.012 * (np.arange(14) % 2)
    solid.column(path, radii, trunk, 9, False)
    top = path[-1]
    for k in range(13):
        angle, lift = k * 2.4 + rng.uniform(-0.2, 0.2), rng.uniform(0.1, 1.0)
        length = rng.uniform(1.7, 2.4)
        s = np.linspace(0, 1, 9)
        out = length * s * (1 - 0.18 * s)
        rib = (
            np.stack([out * math.cos(angle), out * math.sin(angle), lift * s * 1.1 - 1.9 * s**2.2], -1) + top
        )
        across = np.array([-math.sin(angle), math.cos(angle), 0.0])
        width = 0.36 * np.sin(np.pi * np.clip(s * 0.92 + 0.06, 0, 1)) ** 0.7
        droop = np.array([0, 0, -0.45])
        for side in (-1, 1):
            # Each half of a leaf is a comb of blades.
            blades_at = np.linspace(0.08, 0.98, 16)
            foot = np.stack([np.interp(blades_at, s, rib[:, c]) for c in range(3)], -1)
            next_at = np.stack([np.interp(blades_at + 0.05, s, rib[:, c]) for c in range(3)], -1)
            reach = np.interp(blades_at, s, width)[:, None]
            way = rib[-1] - rib[0]
            way /= np.linalg.norm(way)
            tip = foot + side * across * reach * 1.5 + droop * reach + way * 0.35 * reach
            vertices = np.stack([foot, next_at, tip], 1).reshape(-1, 3)
            count = len(blades_at)
            uv = np.broadcast_to(np.array([(0, 0), (1, 0), (0.5, 1)], float), (count, 3, 2))
            solid.faces(vertices, np.arange(count * 3).reshape(-1, 3), uv, leaf, part=rng.random(count))
    for k in range(4):
        a = k * 1.7
        solid.sheet(
            blob(
                (top[0] + 0.16 * math.cos(a), top[1] + 0.16 * math.sin(a), top[2] - 0.16),
                (0.11, 0.11, 0.13),
                rng,
                0,
                5,
            ),
            trunk,
        )
    return solid.mesh("palm")


def parasol(colours: list[bpy.types.Material], pole: bpy.types.Material, towel: bpy.types.Material) -> Solid:
    """A parasol of two colours in turn, stuck aslant into the sand, with a towel and a bag beside it."""
    solid = Solid()
    furniture.canopy(solid, colours, pole, (0.18, 0.0, 2.15), 1.25, lean=0.16)
    solid.box((-0.7, 0.9, 0.02), (0.75, 1.7, 0.03), towel, 0.3)
    solid.box((0.7, 0.55, 0.16), (0.36, 0.26, 0.32), colours[0])
    solid.column([(0.56, 0.55, 0.32), (0.70, 0.55, 0.46), (0.84, 0.55, 0.32)], [0.015] * 3, pole, 5)
    return solid


def hut(
    planks: bpy.types.Material, white: bpy.types.Material, roof: bpy.types.Material, door: bpy.types.Material
) -> Solid:
    """A bathing hut on posts, its gable towards −Y."""
    solid = Solid()
    wide, deep, low, eaves, ridge = 1.7, 1.9, 0.3, 2.2, 3.0
    solid.box((0, 0, (low + eaves) / 2), (wide, deep, eaves - low), planks)
    gable = np.array(
        [
            [(-wide / 2, -deep / 2, eaves), (wide / 2, -deep / 2, eaves)],
            [(-0.01, -deep / 2, ridge), (0.01, -deep / 2, ridge)],
        ]
    )
    solid.sheet(gable, planks, smooth=False, first_u=-wide / 2)
    for side in (-1, 1):
        solid.sheet(
            np.array(
                [
                    [
                        (0, -deep / 2 - 0.2, ridge + 0.05),
                        (side * (wide / 2 + 0.2), -deep / 2 - 0.2, eaves - 0.14),
                    ],
                    [
                        (0, deep / 2 + 0.1, ridge + 0.05),
                        (side * (wide / 2 + 0.2), deep / 2 + 0.1, eaves - 0.14),
                    ],
                ]
            ),
            roof,
            smooth=False,
        )
        solid.column(
            [(0, -deep / 2 - 0.2, ridge + 0.02), (side * (wide / 2 + 0.2), -deep / 2 - 0.2, eaves - 0.16)],
            [0.06, 0.06],
            white,
            4,
        )
        solid.box((side * (wide / 2), -deep / 2 - 0.01, (low + eaves) / 2), (0.1, 0.06, eaves - low), white)
        for y in (-0.8, 0.8):
            solid.box((side * 0.75, y, 0.15), (0.12, 0.12, 0.3), white)
    solid.box((0, -deep / 2 - 0.03, low + 0.85), (0.8, 0.05, 1.7), door)
    solid.box((0, -deep / 2 - 0.05, low + 1.25), (0.34, 0.04, 0.34), white)
    for k in range(3):
        solid.box((0, -deep / 2 - 0.25 - 0.22 * k, low - 0.05 - 0.1 * k), (0.9, 0.22, 0.05), white)
    return solid


def planks(colour: Rgb) -> bpy.types.Material:
    """Upright boards in stripes of paint and white."""
    shader = Shader("planks")
    u, v, part = surfaces.surface_uvw(shader)
    board = u / 0.17 + 50.0
    odd = (shader.math("FLOOR", board) * 0.5).fract().above(0.25)
    grain = shader.noise(shader.vector(u * 20.0, v * 2.0, part), 1.0, 2.0)
    tone = shader.mix(odd, colour, (0.74, 0.72, 0.67))
    tone = shader.mix(grain.rise(0.4, 0.7) * 0.2, tone, surfaces.shade(colour, 0.5))
    tone = shader.mix((abs(board.fract() - 0.5) - 0.46).above(0.0) * 0.5, tone, surfaces.shade(colour, 0.25))
    return surfaces.finished(shader, tone, colour)


def boat(paint: bpy.types.Material, timber: bpy.types.Material) -> Solid:
    """A rowing boat on the sand, its bow towards −Y."""
    solid = Solid()
    t = np.linspace(0, 1, 13)
    half = 0.62 * np.sin(np.pi * np.clip(t * 0.86 + 0.02, 0, 1)) ** 0.6
    sheer = 0.48 + 0.30 * (1 - t) ** 2 + 0.06 * t
    keel = 0.05 + 0.35 * (1 - t) ** 5
    rows = []
    for share, depth in (
        (-1.0, 1.0),
        (-0.85, 0.45),
        (-0.4, 0.06),
        (0.0, 0.0),
        (0.4, 0.06),
        (0.85, 0.45),
        (1.0, 1.0),
    ):
        rows.append(np.stack([share * half, 3.2 * (t - 0.5), keel + depth * (sheer - keel)], -1))
    hull = np.array(rows)
    solid.sheet(hull, paint)
    for edge in (hull[0], hull[-1]):
        solid.column(edge, [0.035] * 13, timber, 6)
    for k in (4, 8):
        solid.box((0, 3.2 * (t[k] - 0.5), sheer[k] - 0.12), (2 * half[k] - 0.04, 0.24, 0.035), timber)
    for side in (-1, 1):
        solid.column([(side * 0.2, -1.0, 0.5), (side * 0.3, 1.5, 0.58)], [0.022, 0.022], timber, 6)
    return solid
