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


def cafe(
    cloth: list[bpy.types.Material], metal: bpy.types.Material, seat: bpy.types.Material, angle: float
) -> Solid:
    """A round table under a parasol, with three chairs around it."""
    solid = Solid()
    solid.lathe((0, 0, 0), [(0.24, 0), (0.03, 0.03), (0.03, 0.72), (0.38, 0.73), (0.38, 0.76)], metal)
    solid.lathe((0.12, 0.08, 0.76), [(0.03, 0), (0.035, 0.08)], cloth[1])
    for k in range(3):
        a = angle + k * 2.1
        x, y = 0.72 * math.cos(a), 0.72 * math.sin(a)
        solid.box((x, y, 0.45), (0.4, 0.4, 0.04), seat, a)
        for dx, dy in ((-0.16, -0.16), (0.16, -0.16), (-0.16, 0.16), (0.16, 0.16)):
            solid.column([(x + dx, y + dy, 0), (x + dx, y + dy, 0.44)], [0.014, 0.014], metal, 5)
        out = 0.19
        bx, by = x + out * math.cos(a), y + out * math.sin(a)
        solid.box((bx, by, 0.74), (0.03, 0.38, 0.26), seat, a)
        for side in (-0.17, 0.17):
            px, py = bx - side * math.sin(a), by + side * math.cos(a)
            solid.column([(px, py, 0.44), (px, py, 0.86)], [0.013, 0.013], metal, 5)
    canopy(solid, cloth, metal, (0.0, 0.0, 2.45), 1.35)
    return solid


def canopy(
    solid: Solid, cloth: list[bpy.types.Material], pole: bpy.types.Material, tip: Point, radius: float,
    lean: float = 0.0,
) -> None:  # fmt: skip
    """A parasol of two cloths in turn, its tip at `tip`, higher on one side by `lean` of its radius."""
    sides = 10
    top = np.array(tip)
    solid.column([(0, 0, 0), tip], [0.024, 0.02], pole, 7)
    for k in range(sides):
        rows = []
        for share, drop in ((0.0, 0.0), (0.45, 0.08), (0.85, 0.27), (1.0, 0.38), (1.01, 0.50)):
            ring = []
            for a in (2 * math.pi * k / sides, 2 * math.pi * (k + 1) / sides):
                out = share * radius
                dx, dy = out * math.cos(a), out * math.sin(a)
                ring.append(top + np.array([dx, dy, -drop * radius - lean * dx]))
            rows.append(ring)
        solid.sheet(np.array(rows), cloth[k % 2], smooth=False)


def stall(
    cloth: bpy.types.Material, timber: bpy.types.Material, goods: list[bpy.types.Material],
    rng: np.random.Generator,
) -> Solid:  # fmt: skip
    """A market stall along X under a striped roof, crates of fruit on its counter."""
    solid = Solid()
    for x in (-1.1, 1.1):
        for y in (-0.5, 0.5):
            solid.box((x, y, 1.15), (0.07, 0.07, 2.3), timber)
    roof = np.array([[(-1.35, -0.95, 2.1), (1.35, -0.95, 2.1)], [(-1.35, 0.0, 2.55), (1.35, 0.0, 2.55)],
                     [(-1.35, 0.8, 2.2), (1.35, 0.8, 2.2)]])  # fmt: skip
    solid.sheet(roof, cloth, smooth=False, first_u=-1.35)
    solid.sheet(roof[0][None] - np.array([[[(0, 0, 0)]], [[(0, 0, 0.24)]]])[:, 0], cloth, smooth=False)
    solid.box((0, 0, 0.42), (2.3, 0.9, 0.84), timber)
    for i, x in enumerate((-0.82, -0.27, 0.28, 0.83)):
        for j, (y, z) in enumerate(((-0.28, 0.86), (0.2, 1.0))):
            solid.box((x, y, z + 0.05), (0.5, 0.4, 0.12), timber)
            fruit = goods[(i + 2 * j) % len(goods)]
            for _ in range(14):
                dx, dy = rng.uniform(-0.2, 0.2), rng.uniform(-0.15, 0.15)
                lump = [(0.005, -0.05), (0.045, -0.02), (0.05, 0.01), (0.03, 0.045), (0.004, 0.055)]
                height = z + 0.13 + float(rng.uniform(0, 0.05))
                solid.lathe((x + float(dx), y + float(dy), height), lump, fruit)
    return solid


def fountain(stone: bpy.types.Material, water: bpy.types.Material, spray: bpy.types.Material) -> Solid:
    """A round fountain of two basins."""
    solid = Solid()
    solid.lathe(
        (0, 0, 0), [(1.55, 0), (1.6, 0.1), (1.5, 0.16), (1.5, 0.46), (1.62, 0.5), (1.62, 0.58)], stone
    )
    solid.lathe((0, 0, 0), [(1.40, 0.585), (1.40, 0.586)], water)
    solid.lathe(
        (0, 0, 0.5), [(0.35, 0), (0.2, 0.2), (0.16, 0.7), (0.7, 0.95), (0.8, 1.05), (0.8, 1.1)], stone
    )
    solid.lathe((0, 0, 0.5), [(0.70, 1.105), (0.70, 1.106)], water)
    solid.lathe((0, 0, 1.5), [(0.14, 0), (0.08, 0.25), (0.16, 0.45), (0.1, 0.6), (0.02, 0.7)], stone)
    for k in range(12):
        a = k * math.pi / 6
        t = np.linspace(0, 1, 7)
        reach = 0.75 + 0.55 * t
        arc = np.stack([reach * math.cos(a), reach * math.sin(a), 1.6 + 0.12 * t - 1.12 * t * t], -1)
        solid.column(arc, 0.014 + 0.012 * t, spray, 5, False)
    return solid


def floodlight(place: Place, post: bpy.types.Material, at: tuple[float, float], angle: float) -> None:
    """A tall mast with four floodlights that look towards −Y of its own axes; lit after dark."""
    height = 6.2
    bright = {"day": 0.8, "dusk": 4.0, "night": 9.0}[place.hour]
    face = surfaces.glowing("floodlight", (1.0, 0.96, 0.88), bright)
    solid = Solid()
    solid.lathe((0, 0, 0), [(0.14, 0), (0.14, 0.4), (0.09, 0.5), (0.06, height)], post)
    solid.box((0, 0, height), (1.5, 0.09, 0.09), post)
    for x in (-0.6, -0.2, 0.2, 0.6):
        solid.box((x, -0.14, height + 0.08), (0.34, 0.2, 0.3), post)
        solid.box((x, -0.25, height + 0.07), (0.28, 0.03, 0.24), face)
    place.add(solid, "floodlight", at, angle)
    if place.hour != "day":
        head = (at[0] + 0.3 * math.sin(angle), at[1] - 0.3 * math.cos(angle), height + 0.08)
        glow.halo(place, head, 1.1, (1.0, 0.95, 0.86), 0.9)
        if place.night:
            aim = (at[0] * 0.35, at[1] * 0.35, 0.0)
            place.spot("floodlight", head, aim, (1.0, 0.95, 0.86), 0.55, 7.0)


def globe_lamp(place: Place, post: bpy.types.Material, at: tuple[float, float], angle: float) -> None:
    """A lamp post with two globes at `at`, lit after dark."""
    height = 3.05
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
