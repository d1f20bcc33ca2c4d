"""Street furniture: benches, planters, lamp posts, litter bins, bollards."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import glow, plants, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Point, Solid
from render.engines.blender.shader import Rgb

LAMPLIGHT: Rgb = (1.0, 0.66, 0.34)
"""Colour of street lamps."""


def bench(seat: bpy.types.Material, frame: bpy.types.Material, length: float = 1.7) -> Solid:
    """A slatted bench with a back, along X, looking towards −Y."""
    solid = Solid()
    for i in range(4):
        solid.box((0, -0.18 + i * 0.12, 0.45), (length, 0.1, 0.035), seat)
    for i in range(3):
        solid.box((0, 0.27 + i * 0.03, 0.58 + i * 0.13), (length, 0.03, 0.1), seat)
    for x in (-length * 0.4, length * 0.4):
        solid.box((x, -0.17, 0.22), (0.05, 0.05, 0.44), frame)
        solid.box((x, 0.22, 0.22), (0.05, 0.05, 0.44), frame)
        solid.box((x, 0.02, 0.42), (0.05, 0.46, 0.04), frame)
        solid.column([(x, 0.24, 0.42), (x, 0.34, 0.92)], [0.022, 0.022], frame, 6)
    return solid


def planter(
    box: bpy.types.Material,
    leaf: bpy.types.Material,
    flower: bpy.types.Material,
    rng: np.random.Generator,
    length: float = 1.3,
) -> Solid:
    """A trough with bushes and flowers, along X."""
    solid = Solid()
    solid.box((0, 0, 0.24), (length, 0.55, 0.48), box, taper=1.06)
    solid.box((0, 0, 0.485), (length * 1.08, 0.62, 0.05), box)
    for x in np.arange(-length / 2 + 0.28, length / 2 - 0.1, 0.36):
        size = rng.uniform(0.2, 0.3)
        plants.bush(solid, (float(x), 0.0, 0.5 + size * 0.4), (size, 0.26, size * 1.2), leaf, rng, 130)
    count = 60
    points = np.stack(
        [
            rng.uniform(-length / 2, length / 2, count),
            rng.uniform(-0.3, 0.3, count),
            rng.uniform(0.6, 0.85, count),
        ],
        -1,
    )
    solid.cards(points, rng.normal((0, 0, 1), 1, (count, 3)), rng.uniform(0.07, 0.11, count), flower, rng)
    return solid


def lamp_post(post: bpy.types.Material, globe: bpy.types.Material, height: float = 3.6) -> Solid:
    """A lamp post with two globes."""
    solid = Solid()
    solid.lathe(
        (0, 0, 0),
        [
            (0.14, 0),
            (0.14, 0.12),
            (0.07, 0.3),
            (0.045, 0.6),
            (0.04, height - 0.2),
            (0.06, height - 0.15),
            (0.02, height),
        ],
        post,
    )
    for side in (-1, 1):
        arm = [(0, 0, height - 0.35), (side * 0.22, 0, height - 0.2), (side * 0.38, 0, height - 0.3)]
        solid.column(arm, [0.018] * 3, post, 6)
        globe_profile = [(0.02, -0.15), (0.11, -0.08), (0.13, 0.0), (0.11, 0.08), (0.02, 0.13)]
        solid.lathe((side * 0.38, 0, height - 0.42), globe_profile, globe)
    return solid


def litter_bin(body: bpy.types.Material, rim: bpy.types.Material) -> Solid:
    """A round litter bin."""
    solid = Solid()
    solid.lathe((0, 0, 0), [(0.2, 0), (0.24, 0.1), (0.26, 0.8), (0.27, 0.82)], body)
    solid.lathe((0, 0, 0), [(0.285, 0.78), (0.29, 0.9), (0.2, 0.93)], rim)
    return solid


def bollard(body: bpy.types.Material, band: bpy.types.Material) -> Solid:
    """A bollard with a coloured band."""
    solid = Solid()
    solid.lathe(
        (0, 0, 0), [(0.1, 0), (0.1, 0.05), (0.075, 0.08), (0.075, 0.85), (0.05, 0.95), (0.01, 0.97)], body
    )
    solid.lathe((0, 0, 0), [(0.079, 0.62), (0.079, 0.74)], band)
    return solid


def globe_lamp(place: Place, post: bpy.types.Material, at: tuple[float, float], angle: float) -> None:
    """A lamp post with two globes at `at`, lit after dark."""
    height = 3.6
    bright = {"day": 0.9, "dusk": 3.0, "night": 5.0}[place.hour]
    globe = surfaces.glowing("globe", LAMPLIGHT if place.night else (1.0, 0.82, 0.6), bright)
    place.add(lamp_post(post, globe, height), "lamp post", at, angle)
    c, s = math.cos(angle), math.sin(angle)
    globes = [(at[0] + k * 0.38 * c, at[1] + k * 0.38 * s, height - 0.42) for k in (-1, 1)]
    _light_up(place, globes, (at[0], at[1], height - 0.5))


def street_lamp(place: Place, post: bpy.types.Material, at: tuple[float, float], angle: float) -> None:
    """A lamp on an arm that reaches over the road, towards −Y of the post's own axes; lit after dark."""
    height, reach = 5.0, 1.3
    bright = {"day": 0.7, "dusk": 3.5, "night": 6.0}[place.hour]
    glass = surfaces.glowing("lamp glass", LAMPLIGHT if place.hour != "day" else (0.8, 0.8, 0.78), bright)
    solid = Solid()
    solid.lathe((0, 0, 0), [(0.11, 0), (0.11, 0.5), (0.06, 0.6), (0.05, height - 0.2)], post)
    bend = [
        (0, 0, height - 0.25),
        (0, -0.1, height + 0.1),
        (0, -0.5, height + 0.22),
        (0, -reach, height + 0.2),
    ]
    solid.column(bend, [0.05, 0.045, 0.04, 0.035], post, 8)
    solid.box((0, -reach, height + 0.2), (0.2, 0.62, 0.1), post)
    solid.box((0, -reach, height + 0.135), (0.15, 0.5, 0.04), glass)
    place.add(solid, "street lamp", at, angle)
    head = (at[0] + math.sin(angle) * reach, at[1] - math.cos(angle) * reach, height + 0.1)
    _light_up(place, [head], head)


def _light_up(place: Place, seen: list[Point], shining: Point) -> None:
    """Halos where lamps are seen, and light from those that the camera looks towards."""
    if place.hour == "day":
        return
    for at in seen:
        glow.halo(place, at, 0.55 if place.night else 0.4, LAMPLIGHT, 0.9 if place.night else 0.5)
    ahead = shining[0] * math.cos(place.view) + shining[1] * math.sin(place.view)
    aside = abs(shining[1] * math.cos(place.view) - shining[0] * math.sin(place.view))
    if place.night and 0.0 < ahead < 14.0 and aside < 1.0 + 0.9 * ahead:
        place.lamp("lamp", shining, LAMPLIGHT, 5.0)
