"""The gym: a floor of rubber, wood or mats, wall bars, racks of weights, bags, balls and high windows."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import halls, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Rgb, Shader, Value, linear_rgb

DEPTH = 1.3
"""Metres along the walls that equipment takes."""
HEIGHT = 4.6
"""Metres from floor to ceiling."""


def flooring(place: Place, bearing: float) -> bpy.types.Material:
    """Rubber with coloured flecks, a court's planks and lines, or tatami-like mats: all at z = 0."""
    ground, mat, accent = (place.colours[n] for n in ("floor", "mat", "accent"))
    kind = place.params["mats"]
    shader = Shader("gym floor")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    gloss, relief = 0.02, None
    if 0.4 <= kind < 0.7:
        timber = surfaces.blend(linear_rgb("#b5824f"), ground, 0.25)
        tones = (surfaces.shade(timber, 0.85), surfaces.shade(timber, 1.15), surfaces.shade(timber, 0.35))
        tone, _ = surfaces.bricks(shader, flat, 1.9, 0.075, 0.003, tones, 0.37)
        grain = shader.noise(shader.vector(x * 2.0, y * 40.0, 0.0), 1.0, 2.0, 0.5)
        tone = shader.mix(grain.rise(0.35, 0.75) * 0.35, tone, surfaces.shade(timber, 0.6))
        radius = (x * x + y * y) ** 0.5
        lines = (0.03 - abs(radius - 1.8)).most(0.03 - abs(x - 0.4)).most(0.03 - abs(abs(y) - 3.0))
        tone = shader.mix(lines.above(0.0) * 0.9, tone, mat)
        other = (0.025 - abs(x + y * 0.0 - 2.6)).most(0.025 - abs(abs(y) - 1.5)).above(0.0)
        tone = shader.mix(other * 0.9, tone, accent)
        tone = shader.mix((1.75 - radius).rise(0.0, 0.01) * 0.16, tone, mat)
        gloss = 0.05
    else:
        fine = shader.noise(flat, 55.0, 1.0)
        flecks = shader.field("ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 48.0}, "Color").xyz()[0]
        tone = shader.mix(fine.rise(0.3, 0.7), surfaces.shade(ground, 0.8), surfaces.shade(ground, 1.3))
        tone = shader.mix(flecks.above(0.93) * 0.75, tone, surfaces.blend(accent, (0.6, 0.6, 0.6), 0.3))
        tone = shader.mix((0.05 - flecks).above(0.0) * 0.6, tone, (0.5, 0.5, 0.5))
        tiles = (0.5 - abs(x.fract() - 0.5)).least(0.5 - abs(y.fract() - 0.5))
        tone = shader.mix((0.006 - tiles).above(0.0) * 0.7, tone, surfaces.shade(ground, 0.3))
        if kind >= 0.7:
            edge = (2.0 - abs(x)).least(3.0 - abs(y))
            number = shader.math("FLOOR", x + 100.0) + shader.math("FLOOR", y * 0.5 + 50.0)
            odd = (number * 0.5).fract().above(0.25)
            cloth: Value = shader.mix(odd, surfaces.shade(mat, 0.85), surfaces.blend(mat, accent, 0.55))
            seams = (0.5 - abs(x.fract() - 0.5)).least((0.5 - abs((y * 0.5).fract() - 0.5)) * 2.0)
            cloth = shader.mix((0.012 - seams).above(0.0) * 0.8, cloth, surfaces.shade(mat, 0.3))
            cloth = shader.mix(fine.rise(0.3, 0.7) * 0.2, cloth, surfaces.shade(mat, 0.5))
            tone = shader.mix(edge.above(0.0), tone, cloth)
    scuffs = shader.noise(flat, 1.4, 4.0).rise(0.56, 0.72) * 0.2
    tone = shader.mix(scuffs, tone, (0.30, 0.30, 0.30))
    return surfaces.finished(shader, tone, ground, relief, gloss=gloss, roughness=0.35)


class Equipment:
    """What stands along a gym's walls, in its materials."""

    def __init__(self, place: Place) -> None:
        self.rng = place.rng
        accent = place.colours["accent"]
        self.steel = surfaces.plain("steel", (0.40, 0.41, 0.43), 0.3, 0.08)
        self.black = surfaces.plain("black", (0.02, 0.02, 0.022), 0.5)
        self.paint = surfaces.plain("paint", accent, 0.4)
        self.second = surfaces.plain("second", place.colours["mat"], 0.45)
        self.leather = surfaces.plain("leather", surfaces.shade(place.colours["mat"], 0.45), 0.45)
        self.timber = surfaces.wood("bars", linear_rgb("#c08a50"))
        hues = ("#d8342f", "#1f8fd0", "#f0b41e", "#3f9a58", "#e9e5dd", "#7a4e9a")
        self.hues = [surfaces.plain("plate", linear_rgb(c), 0.5) for c in hues]

    def bars(self, x: float) -> Solid:
        """A bay of wall bars."""
        solid = Solid()
        for side in (-0.46, 0.46):
            solid.box((x + side, -0.09, 1.3), (0.05, 0.14, 2.6), self.timber)
        for z in np.arange(0.18, 2.55, 0.16):
            solid.column(
                [(x - 0.45, -0.13, float(z)), (x + 0.45, -0.13, float(z))], [0.019, 0.019], self.timber, 7
            )
        return solid

    def any(self, x: float) -> tuple[str, Solid]:
        """One piece of equipment at `x`."""
        makers = (self.dumbbells, self.plates, self.rack, self.bag, self.balls, self.boxes, self.mats)
        maker = makers[int(self.rng.integers(len(makers)))]
        return maker.__name__, maker(x)

    def dumbbells(self, x: float) -> Solid:
        """Three shelves of dumbbells."""
        solid = Solid()
        for side in (-0.75, 0.75):
            solid.box((x + side, -0.35, 0.5), (0.06, 0.5, 1.0), self.black)
        for k, z in enumerate((0.28, 0.6, 0.92)):
            y = -0.46 + 0.13 * k
            solid.box((x, y, z), (1.5, 0.26, 0.04), self.steel)
            radius = 0.095 - 0.018 * k
            for i, dx in enumerate(np.arange(-0.62, 0.68, 0.25 - 0.02 * k)):
                hue = self.hues[(i + k) % 3] if k == 2 else self.black
                at = x + float(dx)
                solid.column([(at, y - 0.15, z + 0.1), (at, y - 0.06, z + 0.1)], [radius] * 2, hue, 8)
                solid.column([(at, y + 0.06, z + 0.1), (at, y + 0.15, z + 0.1)], [radius] * 2, hue, 8)
                solid.column([(at, y - 0.07, z + 0.1), (at, y + 0.07, z + 0.1)], [0.018] * 2, self.steel, 6)
        return solid

    def plates(self, x: float) -> Solid:
        """A tree of weight plates."""
        solid = Solid()
        solid.box((x, -0.45, 0.04), (0.6, 0.6, 0.08), self.black)
        solid.box((x, -0.45, 0.6), (0.09, 0.09, 1.2), self.paint)
        for i, z in enumerate((0.32, 0.72, 1.08)):
            for side in (-1, 1):
                radius = 0.21 - 0.035 * i
                for k in range(2):
                    at = x + side * (0.10 + 0.06 * k)
                    solid.column([(at, -0.45, z), (at + side * 0.05, -0.45, z)], [radius, radius],
                                 self.hues[(i * 2 + k) % len(self.hues)], 18)  # fmt: skip
                solid.column([(x, -0.45, z), (x + side * 0.32, -0.45, z)], [0.02, 0.02], self.steel, 6)
        return solid

    def rack(self, x: float) -> Solid:
        """A squat rack with a loaded bar and a bench."""
        solid = Solid()
        for side in (-0.58, 0.58):
            for y in (-0.95, -0.2):
                solid.box((x + side, y, 1.1), (0.07, 0.07, 2.2), self.paint)
            solid.box((x + side, -0.57, 2.17), (0.07, 0.82, 0.07), self.paint)
            solid.box((x + side, -0.57, 0.05), (0.07, 0.9, 0.07), self.paint)
        solid.column([(x - 0.58, -0.95, 2.15), (x + 0.58, -0.95, 2.15)], [0.02, 0.02], self.steel, 7)
        solid.column([(x - 1.0, -1.0, 1.3), (x + 1.0, -1.0, 1.3)], [0.015, 0.015], self.steel, 7)
        for side in (-1, 1):
            for k, radius in enumerate((0.225, 0.18)):
                at = x + side * (0.72 + 0.07 * k)
                solid.column([(at, -1.0, 1.3), (at + side * 0.05, -1.0, 1.3)], [radius] * 2, self.hues[k], 18)
        solid.box((x, -0.6, 0.42), (0.3, 0.9, 0.09), self.leather)
        solid.box((x, -0.6, 0.2), (0.08, 0.6, 0.36), self.black)
        return solid

    def bag(self, x: float) -> Solid:
        """A punch bag on a bracket."""
        solid = Solid()
        solid.box((x, -0.35, 2.75), (0.06, 0.7, 0.06), self.black)
        solid.column([(x, -0.65, 2.75), (x, -0.65, 2.05)], [0.012, 0.012], self.steel, 5)
        profile = [(0.02, 0.72), (0.15, 0.75), (0.17, 0.9), (0.17, 1.85), (0.15, 2.0), (0.02, 2.06)]
        solid.lathe((x, -0.65, 0), profile, self.leather)
        solid.lathe((x, -0.65, 0), [(0.174, 1.55), (0.174, 1.72)], self.paint)
        return solid

    def balls(self, x: float) -> Solid:
        """Gymnastic balls and kettlebells on the floor."""
        solid = Solid()
        for i, (dx, radius) in enumerate(((-0.42, 0.33), (0.32, 0.28))):
            profile = [
                (radius * math.sin(a), radius - radius * math.cos(a)) for a in np.linspace(0.05, 3.09, 12)
            ]
            solid.lathe(
                (x + dx, -0.5, 0), profile, self.hues[int(self.rng.integers(6))] if i else self.second
            )
        for k in range(4):
            at = (x - 0.5 + 0.3 * k, -1.05, 0.0)
            solid.lathe(at, [(0.07, 0), (0.1, 0.05), (0.1, 0.13), (0.05, 0.2)], self.hues[k])
            ring = [
                (at[0] + 0.06 * math.cos(a), at[1], 0.21 + 0.07 * math.sin(a))
                for a in np.linspace(0, math.pi, 7)
            ]
            solid.column(ring, [0.013] * 7, self.black, 6)
        return solid

    def boxes(self, x: float) -> Solid:
        """A vaulting box of three tiers and a soft one."""
        solid = Solid()
        for k in range(3):
            wide = 1.3 - 0.1 * k
            solid.box(
                (x, -0.55, 0.17 + 0.34 * k),
                (wide, 0.75 - 0.08 * k, 0.32),
                self.timber,
                taper=(wide - 0.08) / wide,
            )
        solid.box((x, -0.55, 1.08), (1.02, 0.52, 0.14), self.leather)
        return solid

    def mats(self, x: float) -> Solid:
        """A stack of mats."""
        solid = Solid()
        for k in range(int(self.rng.integers(3, 7))):
            hue = (self.second, self.paint, self.leather)[k % 3]
            dx, dy = self.rng.uniform(-0.04, 0.04, 2)
            solid.box((x + float(dx), -0.6 + float(dy), 0.06 + 0.12 * k), (1.5, 0.95, 0.11), hue)
        return solid


def build_gym(place: Place) -> None:
    """Build the gym around the stage."""
    rng, params = place.rng, place.params
    turned = float(rng.uniform(-0.4, 0.4))
    bearing = place.view + turned
    half = place.clear + DEPTH
    shell = halls.Shell(place, bearing, half + 1.2, half + 0.2, HEIGHT, 0.6)
    place.ground(flooring(place, bearing))
    wall = halls.painted_wall("wall", place.colours["wall"], place.colours["accent"], params["band"],
                              params["band"] + 0.42, HEIGHT, blocks=True)  # fmt: skip
    white: Rgb = surfaces.blend(place.colours["wall"], (0.8, 0.8, 0.8), 0.7)
    shell.ceiling(halls.light_panels(place, bearing, 0.9, (3, 3), white))
    trim = surfaces.plain("trim", (0.10, 0.10, 0.11), 0.5)
    frame = surfaces.plain("frame", (0.55, 0.55, 0.54), 0.5)
    sky, kit = halls.pane_of_sky(place), Equipment(place)
    for length, shift, put in shell.walls():
        solid = halls.wall_shell(length, shift, HEIGHT, wall, trim)
        halls.window_row(solid, shift - length + 0.6, shift + length - 0.6, 2.9, 4.1, 1.1, sky, frame)
        place.let_light_through(put(solid, "wall"))
        count = max(3, int(2 * (length - 0.8) / 1.75))
        for i in range(count):
            x = shift + (i - (count - 1) / 2) * 2 * (length - 0.8) / count
            if rng.random() < params["bars"] * 0.6:
                put(kit.bars(x), "wall bars")
            elif rng.random() < params["equipment"]:
                name, piece = kit.any(x)
                put(piece, name)
            else:
                put(kit.bars(x), "wall bars")
    beams = Solid()
    for along in np.arange(-half, half + 1.3, 2.3):
        beams.box((float(along) + 0.6, 0, HEIGHT - 0.14), (0.16, 2 * half + 0.4, 0.28), frame)
    place.let_light_through(place.add(beams, "beams", angle=bearing, fixed=True))
