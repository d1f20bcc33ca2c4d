"""The shells of halls, offices and corridors: ceilings with light panels, painted walls, windows in rows.

Such rooms are longer than wide: half_x along their axis, half_y across. Sky and key light reach in as if
walls and ceiling were not there; what bounces between walls is painted, because it takes many bounces.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Field, Rgb, Shader, Value

Put = Callable[[Solid, str], bpy.types.Object]
"""Adds what was built along a wall: X along it, the wall at y = 0, the room towards −Y."""


@dataclass(frozen=True)
class Shell:
    """A box of a room around the stage.

    bearing: radians, of its axis. half_x, half_y: metres from the middle to its ends and sides.
    height: metres to the ceiling. middle: metres that its middle lies ahead of the stage, along the axis.
    """

    place: Place
    bearing: float
    half_x: float
    half_y: float
    height: float
    middle: float = 0.0

    def at(self, along: float, across: float) -> tuple[float, float]:
        """The world's x and y of a point in the room's axes, from the stage's middle."""
        c, s = math.cos(self.bearing), math.sin(self.bearing)
        return c * along - s * across, s * along + c * across

    def walls(self) -> list[tuple[float, float, Put]]:
        """The far, left, near and right wall: half its length, where its middle is, and how to add to it.

        Seen from the room, X runs to the right along a wall.
        """
        found: list[tuple[float, float, Put]] = []
        for k in range(4):
            out = self.bearing + k * math.pi / 2
            along = k % 2 == 0
            distance = self.half_y if not along else self.half_x + (self.middle if k == 0 else -self.middle)
            half = self.half_y if along else self.half_x
            shift = 0.0 if along else self.middle * (1 if k == 1 else -1)
            found.append((half, shift, self._putter(out, distance)))
        return found

    def _putter(self, out: float, distance: float) -> Put:
        inward = (-math.cos(out), -math.sin(out), distance)
        at = (distance * math.cos(out), distance * math.sin(out))

        def put(solid: Solid, name: str) -> bpy.types.Object:
            return self.place.add(solid, name, at, out - math.pi / 2, wall=inward)

        return put

    def ceiling(self, material: bpy.types.Material) -> None:
        """Close the room above."""
        solid = Solid()
        solid.box((self.middle, 0, self.height + 0.05), (2 * self.half_x, 2 * self.half_y, 0.1), material)
        cover = self.place.add(solid, "ceiling", angle=self.bearing, fixed=True)
        self.place.let_light_through(cover)


def wall_shell(
    half: float, shift: float, height: float, wall: bpy.types.Material, skirting: bpy.types.Material
) -> Solid:
    """A wall with its skirting board."""
    solid = Solid()
    solid.box((shift, 0.06, height / 2), (2 * half, 0.12, height), wall)
    solid.box((shift, -0.012, 0.05), (2 * half, 0.024, 0.10), skirting)
    return solid


def light_panels(
    place: Place,
    bearing: float,
    tile: float,
    every: tuple[int, int],
    colour: Rgb,
    light: Rgb = (1.0, 0.97, 0.92),
) -> bpy.types.Material:
    """A suspended ceiling of square tiles: one in `every` (along, across) is a light panel."""
    shader = Shader("ceiling")
    x, y = surfaces.world_xy(shader, bearing)
    u, v = x / tile + 100.5, y / tile + 100.5
    column, row = shader.math("FLOOR", u), shader.math("FLOOR", v)
    edge = (0.5 - abs(u.fract() - 0.5)).least(0.5 - abs(v.fract() - 0.5)) * tile
    lit = (0.5 - shader.math("MODULO", column, float(every[0]))).least(
        0.5 - shader.math("MODULO", row, float(every[1]))
    )
    panel = lit.above(-0.01)
    # Panels brighten the tiles beside them.
    near_x, near_y = (_tiles_off(p, n) for p, n in ((u, every[0]), (v, every[1])))
    wash = (1.0 - (near_x * near_x + near_y * near_y) ** 0.5 * 0.45).clamped()
    strength = 0.62 if place.night else 0.72
    tone: Value = shader.mix(
        wash, surfaces.shade(colour, strength * 0.62), surfaces.shade(colour, strength * 1.05)
    )
    specks = shader.noise(shader.vector(x, y, 0.0), 24.0, 1.0).rise(0.55, 0.75) * 0.12
    tone = shader.mix(specks, tone, surfaces.shade(colour, 0.3))
    tone = shader.mix((0.012 - edge).above(0.0), tone, surfaces.shade(colour, 0.38))
    glowing = panel * edge.rise(0.03, 0.045)
    tone = shader.mix(glowing, tone, (2.6 * light[0], 2.6 * light[1], 2.6 * light[2]))
    return surfaces.picture(shader, tone, 1.0)


def _tiles_off(position: Field, every: int) -> Field:
    """Tiles from the middle of the nearest panel along one axis."""
    phase = ((position - 0.5) / float(every) + 0.5).fract() - 0.5
    return abs(phase) * float(every)


def painted_wall(
    name: str, wall: Rgb, band: Rgb | None, low: float, high: float, height: float, blocks: bool = False
) -> bpy.types.Material:
    """A painted wall, darker towards ceiling and floor, with a band between two heights."""
    shader = Shader(name)
    u, v, _ = surfaces.surface_uvw(shader)
    flat = shader.vector(u, v, 0.0)
    cloudy = shader.noise(flat, 0.8, 2.0)
    tone: Value = shader.mix(cloudy.rise(0.3, 0.7), surfaces.shade(wall, 0.92), surfaces.shade(wall, 1.05))
    relief = None
    if band is not None:
        inside = (v - low).least(high - v)
        tone = shader.mix(inside.rise(-0.004, 0.004), tone, band)
        rim = (0.022 - abs(inside + 0.07)).above(0.0)
        tone = shader.mix(rim, tone, surfaces.shade(band, 0.6))
    if blocks:
        stones = (surfaces.shade(wall, 1.0), surfaces.shade(wall, 1.0), surfaces.shade(wall, 0.6))
        _, joints = surfaces.bricks(shader, flat, 0.42, 0.21, 0.014, stones)
        tone = shader.mix(joints * 0.35, tone, surfaces.shade(wall, 0.5))
    corner = (v.rise(0.0, 0.5) * 0.22 + 0.78) * ((height - v).rise(0.0, 0.7) * 0.25 + 0.75)
    tone = shader.mix(1.0, tone, shader.vector(corner, corner, corner), "MULTIPLY")
    return surfaces.finished(shader, tone, wall, relief)


def pane_of_sky(place: Place) -> bpy.types.Material:
    """What a row of high windows shows: sky and far roofs."""
    shader = Shader("outside")
    u, v, _ = surfaces.surface_uvw(shader)
    looks: dict[str, tuple[Rgb, Rgb, Rgb]] = {
        "day": ((0.92, 0.95, 0.98), (0.42, 0.62, 0.95), (0.36, 0.40, 0.42)),
        "dusk": ((1.0, 0.56, 0.28), (0.42, 0.36, 0.60), (0.10, 0.08, 0.10)),
        "night": ((0.055, 0.06, 0.10), (0.015, 0.025, 0.07), (0.012, 0.014, 0.02)),
    }
    low, high, land = looks[place.hour]
    sky: Value = shader.mix((v / 2.2).clamped(), low, high)
    clouds = shader.noise(shader.vector(u * 0.5, v * 1.6, 0.0), 1.0, 4.0)
    sky = shader.mix(clouds.rise(0.5, 0.7) * 0.6, sky, surfaces.shade(low, 1.05))
    step = shader.math("FLOOR", u / 0.55)
    tall = shader.field("ShaderNodeTexWhiteNoise", {"Vector": shader.vector(step, 3.0, 0.0)}, "Value",
                        noise_dimensions="3D")  # fmt: skip
    house = (tall * 0.9 + 0.15 - v).above(0.0)
    facade: Value = shader.mix(tall, land, surfaces.shade(land, 1.9))
    cell = shader.vector(shader.math("FLOOR", u / 0.09), shader.math("FLOOR", v / 0.13), 1.0)
    lit = shader.field("ShaderNodeTexWhiteNoise", {"Vector": cell}, "Value", noise_dimensions="3D")
    frame = (0.28 - abs((u / 0.09).fract() - 0.5)).least(0.28 - abs((v / 0.13).fract() - 0.5)).above(0.0)
    shine = frame * lit.above(1.0 - place.lit)
    facade = shader.mix(frame * 0.5, facade, surfaces.shade(land, 0.5))
    if place.hour != "day":
        facade = shader.mix(shine, facade, (1.0, 0.68, 0.34))
    return surfaces.picture(shader, shader.mix(house, sky, facade), 1.1)


def window_row(
    solid: Solid, left: float, right: float, low: float, high: float, bay: float, glass: bpy.types.Material,
    frame: bpy.types.Material,
) -> None:  # fmt: skip
    """A band of windows along a wall, with frames, from x `left` to `right`."""
    corners = np.array(
        [[(left, -0.006, low), (right, -0.006, low)], [(left, -0.006, high), (right, -0.006, high)]]
    )
    solid.sheet(corners, glass, smooth=False, first_u=left)
    for z in (low, high):
        solid.box(((left + right) / 2, -0.04, z), (right - left + 0.08, 0.09, 0.07), frame)
    for x in np.linspace(left, right, max(1, round((right - left) / bay)) + 1):
        solid.box((float(x), -0.035, (low + high) / 2), (0.06, 0.07, high - low), frame)
    solid.box(((left + right) / 2, -0.03, low + (high - low) * 0.7), (right - left, 0.05, 0.04), frame)
