"""A city's skyline: towers with rows of windows, fading into the haze, above a maze of roofs and streets."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.environments.shops import scattered
from render.engines.blender.shader import Field, Rgb, Shader, Value

BELOW = 26.0
"""Metres that the streets lie below the roof."""
HAZE: dict[str, Rgb] = {"day": (0.66, 0.74, 0.82), "dusk": (0.86, 0.46, 0.34), "night": (0.035, 0.038, 0.065)}
"""What distance fades into, by the hour."""


def _hazy(place: Place, shader: Shader, tone: Value, reach: float) -> tuple[Field, Field]:
    """`tone` as seen through the air, and how much of the haze is before it."""
    distance = shader.field("ShaderNodeCameraData", output="View Distance")
    share = 1.0 - shader.math("POWER", math.e, distance * (-1.0 / reach))
    return shader.mix(share, tone, HAZE[place.hour]), share


def tower(
    place: Place, name: str, wall: Rgb, glass: Rgb, bay: float, storey: float, ribbon: bool
) -> bpy.types.Material:
    """A tower's front: windows in a grid or in ribbons, some of them lit."""
    shader = Shader(name)
    u, v, part = surfaces.surface_uvw(shader)
    column, row = u / bay + 200.5, v / storey
    x, y = abs(column.fract() - 0.5), abs(row.fract() - 0.5)
    pane = (0.30 - y).above(0.0) if ribbon else (0.32 - x).least(0.30 - y).above(0.0)
    mullion = (x - 0.46).above(0.0)
    draw = scattered(shader, column, row, part)
    per_floor = scattered(shader, column * 0.0, row, part)
    sheen = (v * 0.02 + part * 5.0 + u * 0.03).sin().rise(-0.6, 0.8)
    window = shader.mix(sheen, surfaces.shade(glass, 0.45), glass)
    tone: Value = shader.mix(pane * (1.0 - mullion * 0.8), wall, window)
    tone = shader.mix((part * 7.0).fract() * 0.35, tone, surfaces.shade(wall, 0.5))
    seen, share = _hazy(place, shader, tone, 240.0)
    front = shader.field("ShaderNodeBsdfDiffuse", {"Color": seen})
    fog = shader.emission(HAZE[place.hour], 0.85)
    front = shader.mix_shaders(share * 0.85, front, fog)
    # Whole floors are lit more often than not, as offices are.
    lit = pane * (1.0 - mullion) * (draw * 0.7 + per_floor * 0.3).above(1.0 - place.lit * 0.62)
    hue = shader.mix(
        scattered(shader, column + 40.0, row, part).above(0.6), (1.0, 0.68, 0.34), (0.95, 0.90, 0.78)
    )
    front = shader.mix_shaders(
        lit * (1.0 - share * 0.5),
        front,
        shader.emission(hue, {"day": 0.6, "dusk": 1.2, "night": 1.5}[place.hour]),
    )
    return surfaces.seen_by_camera(shader, front, surfaces.shade(wall, 0.6))


def _streets(place: Place) -> bpy.types.Material:
    """Roofs between streets, far below."""
    shader = Shader("streets")
    x, y = surfaces.world_xy(shader, 0.4)
    flat = shader.vector(x, y, 0.0)
    colour, joints = surfaces.bricks(
        shader, flat, 26.0, 17.0, 6.0, ((0.20, 0.17, 0.15), (0.30, 0.28, 0.26), (0.10, 0.10, 0.105)), 0.3
    )
    blocks = scattered(shader, x / 8.5, y / 8.5, x * 0.0)
    tone: Value = shader.mix(
        (1.0 - joints) * 0.6, colour, shader.mix(blocks, (0.16, 0.12, 0.10), (0.42, 0.40, 0.38))
    )
    seen, share = _hazy(place, shader, tone, 200.0)
    front = shader.field("ShaderNodeBsdfDiffuse", {"Color": seen})
    front = shader.mix_shaders(share * 0.9, front, shader.emission(HAZE[place.hour], 0.85))
    if place.hour != "day":
        lamps = shader.field("ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 0.16}, "Distance")
        spots = (0.09 - lamps).rise(0.0, 0.09) * joints
        front = shader.mix_shaders(spots, front, shader.emission((1.0, 0.62, 0.28), 2.0))
    return surfaces.seen_by_camera(shader, front, (0.15, 0.15, 0.15))


def build_skyline(place: Place, colour: Rgb, density: float) -> None:
    """Put towers all around, near ones low, far ones high, and the streets below."""
    rng = place.rng
    glasses: tuple[Rgb, ...] = (
        (0.16, 0.24, 0.32),
        (0.10, 0.14, 0.18),
        (0.20, 0.30, 0.34),
        (0.14, 0.15, 0.17),
    )
    others: tuple[Rgb, ...] = ((0.42, 0.38, 0.33), (0.30, 0.20, 0.15), (0.36, 0.42, 0.48), (0.55, 0.52, 0.47))
    fronts = [
        tower(
            place, f"tower {i}", surfaces.blend(colour, other, 0.0 if i == 0 else 0.7), glasses[i],
            float(rng.uniform(1.5, 3.0)), float(rng.uniform(2.9, 3.6)), bool(i % 2),
        )
        for i, other in enumerate(others)
    ]  # fmt: skip
    roof = surfaces.plain("roof", (0.16, 0.16, 0.16), 0.8)
    beacon = surfaces.glowing("beacon", (1.0, 0.06, 0.03), 6.0 if place.hour != "day" else 0.8)
    solid = Solid()
    for low, high, count, tall in (
        (22.0, 42.0, 12, (-9.0, 5.0)),
        (45.0, 85.0, 22, (-6.0, 24.0)),
        (95.0, 210.0, 46, (0.0, 62.0)),
    ):
        for i in range(count):
            if rng.random() > 0.3 + 0.7 * density:
                continue
            angle = (i + rng.uniform(-0.4, 0.4)) / count * 2 * math.pi
            distance = rng.uniform(low, high)
            top = float(rng.uniform(*tall)) * float(rng.uniform(0.55, 1.0))
            wide, deep = rng.uniform(8.0, 17.0, 2) * (0.75 if low < 40 else 1.0)
            at = (distance * math.cos(angle), distance * math.sin(angle))
            turned = float(angle + rng.uniform(-0.3, 0.3))
            front = fronts[int(rng.integers(4))]
            _tower(solid, at, (float(wide), float(deep)), top, turned, front, roof, beacon, rng)
    place.let_light_through(place.add(solid, "skyline", fixed=True))
    streets = Solid()
    far = 420.0
    corners = np.array([(-far, -far, -BELOW), (far, -far, -BELOW), (far, far, -BELOW), (-far, far, -BELOW)])
    streets.faces(corners, np.array([(0, 1, 2, 3)]), corners[None, :, :2], _streets(place))
    place.add(streets, "streets", fixed=True)


def _tower(
    solid: Solid, at: tuple[float, float], size: tuple[float, float], top: float, angle: float,
    front: bpy.types.Material, roof: bpy.types.Material, beacon: bpy.types.Material, rng: np.random.Generator,
) -> None:  # fmt: skip
    """One tower, stepped back near its top or with a mast."""
    height = top + BELOW
    shape = int(rng.integers(3))
    solid.box((*at, height / 2 - BELOW), (*size, height), front, angle)
    solid.box((*at, top + 0.15), (size[0] * 1.02, size[1] * 1.02, 0.5), roof, angle)
    if shape == 0 and top > 8:
        solid.box((*at, top + 4.0), (size[0] * 0.62, size[1] * 0.62, 8.0), front, angle)
        solid.box((*at, top + 8.1), (size[0] * 0.64, size[1] * 0.64, 0.4), roof, angle)
    elif shape == 1:
        mast = float(rng.uniform(3.0, 9.0))
        solid.column([(*at, top), (*at, top + mast)], [0.22, 0.08], roof, 5)
        solid.box((*at, top + mast), (0.5, 0.5, 0.5), beacon)
    else:
        solid.box((at[0] + size[0] * 0.2, at[1], top + 1.2), (size[0] * 0.3, size[1] * 0.3, 2.4), roof, angle)
