"""The corridor of a school or an office: doors, lockers, boards, ceiling lights, in perspective."""

from __future__ import annotations

import bpy
import numpy as np

from render.engines.blender.environments import halls, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.environments.shops import assorted, scattered
from render.engines.blender.shader import Rgb, Shader, Value, linear_rgb

HEIGHT = 3.0
"""Metres from floor to ceiling."""
LENGTH, BEHIND = 24.0, 9.0
"""Metres of corridor before and behind the stage."""
BAY = 2.4
"""Metres of wall that a door, a group of lockers or a board takes."""


def linoleum(place: Place, bearing: float, half: float) -> bpy.types.Material:
    """Tiles with a coloured border, polished so that the ceiling's lights are seen in them."""
    ground, second = place.colours["floor"], place.colours["lockers"]
    tile = place.params["tiles"]
    shader = Shader("linoleum")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    u, v = x / tile + 100.0, y / tile + 100.5
    odd = ((shader.math("FLOOR", u) + shader.math("FLOOR", v)) * 0.5).fract().above(0.25)
    veins = shader.noise(flat, 7.0, 3.0, 1.0)
    tone: Value = shader.mix(odd, surfaces.shade(ground, 0.80), surfaces.shade(ground, 1.06))
    tone = shader.mix(veins.rise(0.4, 0.7) * 0.35, tone, surfaces.shade(ground, 0.6))
    width = 0.12 + 0.06 * place.params["border"] * half
    inner = half - 0.35 - width
    stripe = (abs(y) - inner).least(inner + width - abs(y)).above(0.0)
    tone = shader.mix(stripe * 0.85, tone, surfaces.blend(second, ground, 0.15))
    seams = (0.5 - abs(u.fract() - 0.5)).least(0.5 - abs(v.fract() - 0.5)) * tile
    tone = shader.mix((0.004 - seams).above(0.0) * 0.7, tone, surfaces.shade(ground, 0.35))
    scuffs = shader.noise(shader.vector(x * 0.6, y * 2.0, 3.0), 1.6, 4.0).rise(0.55, 0.72) * 0.22
    tone = shader.mix(scuffs, tone, surfaces.shade(ground, 0.5))
    return surfaces.finished(shader, tone, ground, gloss=0.07, roughness=0.22)


class Fixtures:
    """What a corridor's walls hold, in its materials."""

    def __init__(self, place: Place) -> None:
        self.rng = place.rng
        colour = place.colours["lockers"]
        self.locker = surfaces.plain("locker", colour, 0.35, 0.05)
        self.darker = surfaces.plain("locker edge", surfaces.shade(colour, 0.45), 0.45)
        self.slot = surfaces.plain("slot", (0.02, 0.02, 0.022), 0.7, 0.0)
        self.steel = surfaces.plain("steel", (0.42, 0.43, 0.44), 0.3, 0.08)
        self.door = surfaces.wood("door", place.colours["doors"], 1.6)
        self.frame = surfaces.plain(
            "frame", surfaces.blend(place.colours["wall"], (0.8, 0.79, 0.77), 0.75), 0.4
        )
        self.glass = _lit_glass(place)
        self.board = _notices()
        self.sign = surfaces.plain("plate", linear_rgb("#2d4a6b"), 0.4)
        self.exit = surfaces.glowing("exit", (0.05, 0.75, 0.30), 1.3)
        self.white = surfaces.plain("white", (0.75, 0.75, 0.73), 0.4)
        self.red = surfaces.plain("red", linear_rgb("#b8261f"), 0.35, 0.06)

    def lockers(self, x: float, tall: bool) -> Solid:
        """A group of lockers as wide as a bay, full height or in two tiers, on a plinth."""
        solid = Solid()
        count, height, deep = 6, 1.86, 0.42
        wide = BAY / count
        solid.box((x, -deep / 2, 0.05), (BAY, deep - 0.06, 0.10), self.slot)
        solid.box((x, -deep / 2, 0.10 + height / 2), (BAY, deep, height), self.darker)
        rows = 1 if tall else 2
        for i in range(count):
            at = x + (i - (count - 1) / 2) * wide
            for row in range(rows):
                part = height / rows
                z = 0.10 + part * (row + 0.5)
                solid.box((at, -deep - 0.008, z), (wide - 0.025, 0.016, part - 0.03), self.locker)
                for k in range(4):
                    solid.box(
                        (at, -deep - 0.018, z + part / 2 - 0.16 - 0.045 * k),
                        (wide * 0.5, 0.006, 0.018),
                        self.slot,
                    )
                solid.box((at + wide * 0.32, -deep - 0.028, z), (0.035, 0.03, 0.12), self.steel)
                solid.box((at, -deep - 0.018, z + part / 2 - 0.09), (0.09, 0.006, 0.045), self.white)
        return solid

    def doorway(self, x: float) -> Solid:
        """A door with a pane and a number, in a frame."""
        solid = Solid()
        wide, tall = 1.0, 2.12
        solid.box((x, -0.02, tall / 2), (wide, 0.05, tall), self.door)
        for side in (-1, 1):
            solid.box((x + side * (wide / 2 + 0.05), -0.04, tall / 2), (0.1, 0.11, tall), self.frame)
        solid.box((x, -0.04, tall + 0.05), (wide + 0.2, 0.11, 0.1), self.frame)
        pane = np.array([[(x + 0.12, -0.052, 1.05), (x + 0.36, -0.052, 1.05)],
                         [(x + 0.12, -0.052, 1.9), (x + 0.36, -0.052, 1.9)]])  # fmt: skip
        solid.sheet(pane, self.glass, smooth=False)
        for dx, dz, w, h in ((0.12, 1.475, 0.03, 0.9), (0.36, 1.475, 0.03, 0.9), (0.24, 1.05, 0.27, 0.03),
                             (0.24, 1.9, 0.27, 0.03)):  # fmt: skip
            solid.box((x + dx, -0.055, dz), (w, 0.02, h), self.frame)
        solid.column([(x - 0.38, -0.05, 1.02), (x - 0.38, -0.11, 1.02), (x - 0.26, -0.11, 1.02)], [0.014] * 3,
                     self.steel, 6)  # fmt: skip
        solid.box((x, -0.048, 0.14), (wide - 0.04, 0.01, 0.24), self.steel)
        solid.box((x + wide / 2 + 0.3, -0.012, 1.62), (0.26, 0.02, 0.14), self.sign)
        return solid

    def notices(self, x: float) -> Solid:
        """A board with notices, and a bench or a bin below."""
        solid = Solid()
        solid.box((x, -0.02, 1.5), (1.7, 0.04, 1.0), self.frame)
        pane = np.array(
            [
                [(x - 0.8, -0.045, 1.05), (x + 0.8, -0.045, 1.05)],
                [(x - 0.8, -0.045, 1.95), (x + 0.8, -0.045, 1.95)],
            ]
        )
        solid.sheet(pane, self.board, smooth=False)
        if self.rng.random() < 0.5:
            solid.box((x, -0.26, 0.44), (1.5, 0.36, 0.06), self.door)
            for side in (-0.6, 0.6):
                solid.box((x + side, -0.26, 0.2), (0.06, 0.32, 0.42), self.slot)
        else:
            solid.lathe((x + 0.6, -0.26, 0), [(0.17, 0), (0.2, 0.6), (0.21, 0.63)], self.darker)
        return solid

    def fountain(self, x: float) -> Solid:
        """A drinking fountain, and an extinguisher."""
        solid = Solid()
        solid.box((x - 0.3, -0.17, 0.85), (0.46, 0.34, 0.22), self.steel)
        solid.box((x - 0.3, -0.12, 0.4), (0.3, 0.22, 0.7), self.steel)
        solid.box((x - 0.3, -0.01, 1.25), (0.5, 0.02, 0.6), self.steel)
        solid.lathe(
            (x + 0.5, -0.12, 0.5),
            [(0.08, 0), (0.085, 0.05), (0.085, 0.42), (0.03, 0.52), (0.03, 0.58)],
            self.red,
        )
        solid.box((x + 0.5, -0.012, 1.4), (0.22, 0.02, 0.22), self.red)
        return solid


def _lit_glass(place: Place) -> bpy.types.Material:
    """Panes of doors: a lit room behind them, blurred."""
    shader = Shader("door glass")
    u, v, part = surfaces.surface_uvw(shader)
    blurred = shader.noise(shader.vector(u * 3.0, v * 3.0, part * 9.0), 1.0, 1.0)
    warm: Rgb = (0.85, 0.72, 0.5) if place.night else (0.62, 0.70, 0.74)
    return surfaces.picture(
        shader, shader.mix(blurred.rise(0.35, 0.65), surfaces.shade(warm, 0.5), warm), 1.0
    )


def _notices() -> bpy.types.Material:
    """Cork with sheets of paper in several colours."""
    shader = Shader("notices")
    u, v, part = surfaces.surface_uvw(shader)
    column, row = u / 0.235 + 0.1, v / 0.31 + 0.05
    draw = scattered(shader, column, row, part)
    x, y = (column.fract() - 0.5) * 0.235, (row.fract() - 0.5) * 0.31
    sheet = (0.06 + draw * 0.04 - abs(x + (draw - 0.5) * 0.03)).least(0.09 + draw * 0.05 - abs(y))
    paper = assorted(
        shader, draw, ("#e9e5dd", "#f0ece4", "#e8d04a", "#e9e5dd", "#8fc0d8", "#e9a0a0", "#f0ece4", "#b0d8a0")
    )
    cork = shader.noise(shader.vector(u, v, 0.0), 60.0, 1.0)
    tone: Value = shader.mix(cork.rise(0.3, 0.7), (0.30, 0.19, 0.10), (0.48, 0.33, 0.19))
    tone = shader.mix(sheet.above(0.0), tone, paper)
    lines = (
        ((y / 0.022).fract().above(0.55))
        * (0.045 - abs(x)).above(0.0)
        * (0.05 - y).above(0.0)
        * sheet.above(0.0)
    )
    tone = shader.mix(lines * 0.6, tone, (0.10, 0.10, 0.12))
    return surfaces.finished(shader, tone, (0.45, 0.38, 0.30))


def build_corridor(place: Place) -> None:
    """Build the corridor along the view, a little aslant; it is free along its whole length."""
    rng, params = place.rng, place.params
    # Lockers stand before the wall, and nothing nearer to the middle than the free ground.
    half = place.clear + 0.5
    bearing = place.view + params["turned"]
    shell = halls.Shell(place, bearing, (LENGTH + BEHIND) / 2, half, HEIGHT, (LENGTH - BEHIND) / 2)
    place.ground(linoleum(place, bearing, half))
    dado = params["dado"]
    lower = surfaces.blend(surfaces.shade(place.colours["wall"], 0.6), place.colours["lockers"], 0.35)
    wall = halls.painted_wall(
        "wall", place.colours["wall"], lower if dado >= 0.6 else None, 0.0, dado, HEIGHT
    )
    white: Rgb = surfaces.blend(place.colours["wall"], (0.8, 0.8, 0.8), 0.75)
    shell.ceiling(halls.light_panels(place, bearing, 0.62, (4, 3), white))
    fix = Fixtures(place)
    dark = surfaces.plain("skirting", surfaces.shade(place.colours["wall"], 0.25), 0.5)
    for k, (length, shift, put) in enumerate(shell.walls()):
        place.let_light_through(put(halls.wall_shell(length, shift, HEIGHT, wall, dark), "wall"))
        if k % 2:
            tall = bool(rng.random() < 0.5)
            count = int(2 * length / BAY)
            for i in range(count):
                x = shift + (i - (count - 1) / 2) * BAY
                roll = rng.random()
                if roll < params["lockers"]:
                    put(fix.lockers(x, tall), "lockers")
                elif roll < params["lockers"] + (1 - params["lockers"]) * 0.6:
                    put(fix.doorway(x), "door")
                elif rng.random() < 0.6:
                    put(fix.notices(x), "notices")
                else:
                    put(fix.fountain(x), "fountain")
        elif k == 0:
            _far_end(place, fix, put)
    _bands(place, shell, bearing, half)


def _far_end(place: Place, fix: Fixtures, put: halls.Put) -> None:
    """Double doors under an exit sign, between tall windows."""
    solid = Solid()
    for side in (-1, 1):
        solid.box((side * 0.52, -0.03, 1.1), (1.0, 0.06, 2.2), fix.door)
        pane = np.array([[(side * 0.52 - 0.3, -0.065, 1.0), (side * 0.52 + 0.3, -0.065, 1.0)],
                         [(side * 0.52 - 0.3, -0.065, 1.95), (side * 0.52 + 0.3, -0.065, 1.95)]])  # fmt: skip
        solid.sheet(pane, fix.glass, smooth=False)
        solid.box((side * 0.12, -0.08, 1.05), (0.04, 0.05, 0.4), fix.steel)
    solid.box((0, -0.05, 2.27), (2.3, 0.12, 0.12), fix.frame)
    solid.box((0, -0.10, 2.52), (0.55, 0.08, 0.22), fix.exit)
    sky = halls.pane_of_sky(place)
    for side in (-1, 1):
        left, right = sorted((side * 1.5, side * (place.clear + 0.1)))
        halls.window_row(solid, left, right, 0.8, 2.3, 0.7, sky, fix.frame)
    put(solid, "far end")


def _bands(place: Place, shell: halls.Shell, bearing: float, half: float) -> None:
    """Frames across the ceiling every few metres, that measure the depth, and hanging signs."""
    frame = surfaces.plaster("beam", surfaces.shade(place.colours["wall"], 0.8))
    solid = Solid()
    for along in np.arange(-6.0, LENGTH, 4 * 0.62 * 2):
        solid.box((float(along) + 0.31, 0, HEIGHT - 0.1), (0.3, 2 * half, 0.2), frame)
        for side in (-1, 1):
            solid.box((float(along) + 0.31, side * (half - 0.04), HEIGHT / 2), (0.3, 0.08, HEIGHT), frame)
    place.let_light_through(place.add(solid, "beams", angle=bearing, fixed=True))
    clock = surfaces.plain("clock", (0.8, 0.8, 0.78), 0.4)
    hand = surfaces.plain("hand", (0.02, 0.02, 0.02), 0.5)
    face = Solid()
    face.column([(0, 0, 2.6), (-0.05, 0, 2.6)], [0.2, 0.2], clock, 20)
    face.box((-0.06, 0, 2.66), (0.01, 0.02, 0.14), hand)
    face.box((-0.06, 0.05, 2.6), (0.01, 0.11, 0.02), hand)
    face.box((0, 0, 2.9), (0.03, 0.03, 0.3), hand)
    place.let_light_through(place.add(face, "clock", shell.at(5.3, half - 1.0), bearing))
