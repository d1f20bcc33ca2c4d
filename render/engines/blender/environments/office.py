"""The open-plan office: desks with screens, chairs, shelves, a glass partition, plants, a band of windows."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import halls, surfaces
from render.engines.blender.environments.fittings import Fittings
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.environments.shops import assorted, scattered
from render.engines.blender.shader import Rgb, Shader, Value, linear_rgb

HEIGHT = 2.95
"""Metres from floor to ceiling."""
DEPTH = 3.4
"""Metres from the free ground to the walls: room for a row of desks."""


def carpet(place: Place, bearing: float) -> bpy.types.Material:
    """Carpet tiles, stripes, or planks, with a coloured way through."""
    ground, accent = place.colours["floor"], place.colours["accent"]
    kind = place.params["carpet"]
    shader = Shader("carpet")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    if kind < 0.8:
        pile = shader.noise(flat, 70.0, 2.0)
        tone: Value = shader.mix(
            pile.rise(0.3, 0.7), surfaces.shade(ground, 0.7), surfaces.shade(ground, 1.35)
        )
        if kind < 0.5:
            u, v = x / 0.6 + 100.0, y / 0.6 + 100.0
            draw = scattered(shader, u, v, x * 0.0)
            tone = shader.mix(draw * 0.45, tone, surfaces.shade(ground, 0.55))
            tone = shader.mix(draw.above(0.86) * 0.8, tone, surfaces.blend(accent, ground, 0.25))
            seam = (0.5 - abs(u.fract() - 0.5)).least(0.5 - abs(v.fract() - 0.5)) * 0.6
            tone = shader.mix((0.006 - seam).above(0.0) * 0.5, tone, surfaces.shade(ground, 0.35))
        else:
            lines = shader.noise(shader.vector(0.0, y * 5.0, 0.0), 1.0, 1.0)
            tone = shader.mix(lines.rise(0.45, 0.55) * 0.5, tone, surfaces.shade(ground, 0.5))
            tone = shader.mix((lines - 0.60).above(0.0) * 0.8, tone, surfaces.blend(accent, ground, 0.3))
        return surfaces.finished(shader, tone, ground)
    timber = surfaces.blend(ground, linear_rgb("#a9804f"), 0.7)
    tones = (surfaces.shade(timber, 0.75), surfaces.shade(timber, 1.15), surfaces.shade(timber, 0.35))
    tone, _ = surfaces.bricks(shader, flat, 1.3, 0.16, 0.005, tones, 0.37)
    grain = shader.noise(shader.vector(x * 2.0, y * 34.0, 0.0), 1.0, 2.0, 0.5)
    tone = shader.mix(grain.rise(0.35, 0.75) * 0.45, tone, surfaces.shade(timber, 0.55))
    return surfaces.finished(shader, tone, timber, gloss=0.04, roughness=0.35)


class Furniture:
    """An office's furniture, in its materials; desks and chairs around their own middle."""

    def __init__(self, place: Place) -> None:
        self.rng = place.rng
        accent = place.colours["accent"]
        self.top = surfaces.wood("desk", place.colours["desks"])
        self.metal = surfaces.plain("metal", (0.50, 0.50, 0.51), 0.35, 0.06)
        self.black = surfaces.plain("black", (0.022, 0.022, 0.024), 0.45)
        self.white = surfaces.plain("white", (0.76, 0.76, 0.74), 0.4)
        self.fabric = surfaces.fabric("screen cloth", accent)
        self.seat = surfaces.fabric("seat", surfaces.shade(accent, 0.7))
        self.mug = surfaces.plain("mug", accent, 0.35, 0.06)
        self.paper = surfaces.plain("paper", (0.80, 0.79, 0.76), 0.8, 0.0)
        self.displays = [_display(place, k) for k in range(3)]
        self.lamp = surfaces.glowing("desk lamp", (1.0, 0.84, 0.6), 3.0 if place.night else 1.2)

    def desk(self) -> Solid:
        """A desk along X, whoever sits at it looks towards +Y; screen, keyboard, papers, mug, lamp."""
        solid, rng = Solid(), self.rng
        solid.box((0, 0, 0.73), (1.5, 0.75, 0.035), self.top)
        for side in (-0.7, 0.7):
            solid.box((side, 0.3, 0.36), (0.05, 0.05, 0.72), self.metal)
            solid.box((side, -0.3, 0.36), (0.05, 0.05, 0.72), self.metal)
        solid.box((0.48, 0.0, 0.33), (0.42, 0.6, 0.62), self.white)
        for k in range(3):
            solid.box((0.48, -0.305, 0.14 + 0.2 * k), (0.38, 0.015, 0.18), self.metal)
        solid.box((0, 0.38, 1.0), (1.5, 0.035, 0.52), self.fabric)
        for dx in (-0.28, 0.33) if rng.random() < 0.45 else (0.0,):
            solid.box((dx, 0.2, 0.76), (0.24, 0.18, 0.02), self.black)
            solid.box((dx, 0.24, 0.9), (0.05, 0.03, 0.28), self.black)
            solid.box((dx, 0.2, 1.1), (0.6, 0.03, 0.36), self.black)
            shown = self.displays[int(rng.integers(3))]
            pane = np.array(
                [
                    [(dx - 0.28, 0.183, 0.94), (dx + 0.28, 0.183, 0.94)],
                    [(dx - 0.28, 0.183, 1.26), (dx + 0.28, 0.183, 1.26)],
                ]
            )
            solid.sheet(pane, shown, smooth=False)
        solid.box((0, -0.12, 0.755), (0.44, 0.14, 0.015), self.black)
        solid.lathe((-0.55, -0.05, 0.75), [(0.036, 0), (0.04, 0.09)], self.mug)
        for k in range(int(rng.integers(1, 4))):
            solid.box(
                (0.5, -0.08, 0.755 + 0.008 * k), (0.21, 0.3, 0.007), self.paper, float(rng.uniform(-0.4, 0.4))
            )
        if rng.random() < 0.4:
            solid.lathe(
                (-0.62, 0.24, 0.75), [(0.08, 0), (0.08, 0.02), (0.012, 0.03), (0.012, 0.36)], self.black
            )
            solid.lathe((-0.62, 0.20, 1.06), [(0.11, 0), (0.05, 0.11)], self.lamp)
        return solid

    def chair(self) -> Solid:
        """A swivel chair that looks towards +Y."""
        solid = Solid()
        for k in range(5):
            a = k * 2 * math.pi / 5
            solid.column(
                [(0, 0, 0.1), (0.28 * math.cos(a), 0.28 * math.sin(a), 0.05)], [0.022, 0.016], self.black, 5
            )
        solid.column([(0, 0, 0.08), (0, 0, 0.42)], [0.03, 0.03], self.metal, 8)
        solid.box((0, 0, 0.47), (0.48, 0.46, 0.08), self.seat, taper=0.96)
        solid.box((0, -0.25, 0.82), (0.44, 0.06, 0.5), self.seat, taper=0.9)
        solid.box((0, -0.26, 0.55), (0.07, 0.03, 0.3), self.black)
        for side in (-0.27, 0.27):
            solid.box((side, 0, 0.66), (0.06, 0.26, 0.03), self.black)
            solid.box((side, -0.05, 0.56), (0.03, 0.05, 0.2), self.black)
        return solid

    def cabinet(self, x: float) -> Solid:
        """A low cabinet with binders or a printer on it, along a wall."""
        solid, rng = Solid(), self.rng
        solid.box((x, -0.24, 0.42), (1.2, 0.44, 0.84), self.white)
        for side in (-1, 1):
            for z in (0.24, 0.62):
                solid.box((x + side * 0.3, -0.465, z), (0.57, 0.012, 0.36), self.top)
                solid.box((x + side * 0.3, -0.478, z + 0.12), (0.16, 0.015, 0.02), self.metal)
        if rng.random() < 0.4:
            solid.box((x, -0.24, 1.02), (0.5, 0.4, 0.34), self.black, taper=0.94)
            solid.box((x, -0.24, 1.2), (0.42, 0.34, 0.03), self.paper)
        else:
            hues = (self.mug, self.white, self.black, self.seat)
            for k, dx in enumerate(np.arange(-0.5, 0.35, 0.09)):
                if rng.random() < 0.85:
                    solid.box((x + float(dx), -0.22, 1.0), (0.075, 0.28, 0.31), hues[(k // 2) % 4])
        return solid

    def whiteboard(self, x: float, board: bpy.types.Material) -> Solid:
        """A board with a diagram on it."""
        solid = Solid()
        solid.box((x, -0.02, 1.5), (1.76, 0.03, 1.06), self.metal)
        pane = np.array(
            [
                [(x - 0.85, -0.04, 1.0), (x + 0.85, -0.04, 1.0)],
                [(x - 0.85, -0.04, 2.0), (x + 0.85, -0.04, 2.0)],
            ]
        )
        solid.sheet(pane, board, smooth=False, first_u=-0.85)
        solid.box((x, -0.06, 0.97), (1.2, 0.08, 0.02), self.metal)
        return solid


def _display(place: Place, which: int) -> bpy.types.Material:
    """A screen: lines of text, a chart, or a picture with a bar of icons."""
    shader = Shader("display")
    u, v, part = surfaces.surface_uvw(shader)
    row, column = v / 0.026, u / 0.05
    draw = scattered(shader, column * 0.0, row, part)
    if which == 0:
        word = scattered(shader, u / 0.03, row, part)
        text = (
            (0.28 - abs(row.fract() - 0.5)).above(0.0) * (draw * 0.42 + 0.08 - u).above(0.0) * word.above(0.2)
        )
        tone: Value = shader.mix(
            text, (0.03, 0.035, 0.05), assorted(shader, word, ("#8fd0a0", "#d8d8d8", "#e0a860", "#88b8e8"))
        )
    elif which == 1:
        height = scattered(shader, column, row * 0.0, part) * 0.2 + 0.04
        bars = (
            (height - v + 0.03).above(0.0)
            * (0.3 - abs(column.fract() - 0.5)).above(0.0)
            * (v - 0.03).above(0.0)
        )
        tone = shader.mix(
            bars, (0.80, 0.82, 0.85), assorted(shader, u * 1.7, ("#2f6f9f", "#c2492f", "#3f9a78", "#d9a441"))
        )
        tone = shader.mix((v - 0.285).above(0.0), tone, (0.10, 0.16, 0.28))
    else:
        hills = shader.noise(shader.vector(u * 6.0, part * 9.0, 0.0), 1.0, 3.0) * 0.28
        tone = shader.mix(
            (hills - v + 0.02).above(0.0),
            shader.mix(v / 0.32, (0.9, 0.7, 0.5), (0.25, 0.45, 0.8)),
            (0.08, 0.2, 0.16),
        )
    return surfaces.picture(shader, tone, 1.1)


def _diagram(place: Place) -> bpy.types.Material:
    """Boxes, lines and notes on a whiteboard."""
    shader = Shader("diagram")
    u, v, part = surfaces.surface_uvw(shader)
    ink = assorted(shader, (u * 0.6 + 0.5).clamped(), ("#2f4a8b", "#b8322a", "#2a7a4a", "#26282b"))
    column, row = u / 0.42 + 10.3, v / 0.33
    draw = scattered(shader, column, row, part)
    x, y = abs((column.fract() - 0.5) * 0.42), abs((row.fract() - 0.5) * 0.33)
    box = (0.012 - abs((0.13 - x).least(0.09 - y))).above(0.0) * draw.above(0.35)
    link = (0.006 - y).above(0.0) * (x - 0.13).above(0.0) * draw.above(0.35)
    writing = ((v / 0.04).fract() - 0.5).above(0.0) * (0.09 - x).above(0.0) * (0.05 - y).above(0.0)
    writing = writing * scattered(shader, u / 0.025, v / 0.04, part).above(0.35) * draw.above(0.35)
    note = (0.075 - x).least(0.07 - y).above(0.0) * (0.2 - draw).above(0.0)
    tone: Value = shader.mix((box + link + writing * 0.7).clamped(), (0.80, 0.81, 0.81), ink)
    tone = shader.mix(note, tone, (0.85, 0.68, 0.18))
    return surfaces.finished(shader, tone, (0.78, 0.78, 0.78), gloss=0.04, roughness=0.3)


def build_office(place: Place) -> None:
    """Build the office around the stage."""
    rng, params = place.rng, place.params
    bearing = place.view + float(rng.uniform(-0.4, 0.4))
    half = place.clear + DEPTH
    shell = halls.Shell(place, bearing, half + 0.6, half, HEIGHT, 0.3)
    place.ground(carpet(place, bearing))
    wall = halls.painted_wall("wall", place.colours["wall"], None, 0.0, 0.0, HEIGHT)
    feature = halls.painted_wall("feature", place.colours["accent"], None, 0.0, 0.0, HEIGHT)
    white: Rgb = surfaces.blend(place.colours["wall"], (0.8, 0.8, 0.8), 0.8)
    shell.ceiling(halls.light_panels(place, bearing, 0.6, (3, 3), white))
    kit = Furniture(place)
    plants = Fittings(place, wood="desks", textiles="accent", rug="accent")
    trim, frame = (
        surfaces.plain("trim", (0.2, 0.2, 0.2), 0.5),
        surfaces.plain("frame", (0.10, 0.10, 0.11), 0.4),
    )
    sky, board = halls.pane_of_sky(place), _diagram(place)
    for length, shift, put in shell.walls():
        windows = rng.random() < params["windows"]
        coat = wall if windows or rng.random() < 0.6 else feature
        solid = halls.wall_shell(length, shift, HEIGHT, coat, trim)
        if windows:
            halls.window_row(solid, shift - length + 0.3, shift + length - 0.3, 0.85, 2.6, 1.4, sky, frame)
        place.let_light_through(put(solid, "wall"))
        count = max(3, int(2 * (length - 0.8) / 2.0))
        for i in range(count):
            x = shift + (i - (count - 1) / 2) * 2 * (length - 0.8) / count
            roll = rng.random()
            if windows:
                if roll < 0.5:
                    put(kit.cabinet(x), "cabinet")
            elif roll < 0.3:
                put(kit.whiteboard(x, board), "whiteboard")
            elif roll < 0.6:
                put(plants.shelf(x, rng), "shelf")
            elif roll < 0.8:
                put(plants.picture(x, rng), "picture")
                put(kit.cabinet(x), "cabinet")
            else:
                put(plants.plant(x, rng), "plant")
    _desks(place, bearing, kit)
    if params["glass"] >= 0.4:
        _partition(place, shell, half)


def _desks(place: Place, bearing: float, kit: Furniture) -> None:
    """Rows of desks around the free ground, seen from their sides and backs."""
    rng = place.rng
    ring = place.clear + 1.25
    for k in range(9):
        angle = (k - 4) * 0.62 + float(rng.uniform(-0.08, 0.08))
        if rng.random() > 0.2 + 0.8 * place.params["desks"]:
            continue
        distance = ring + float(rng.uniform(0.0, 0.5))
        at = place.around(angle, distance)
        # Half of the people would look at the stage, the others away from it.
        turned = place.view + angle + (math.pi / 2 if rng.random() < 0.6 else -math.pi / 2)
        turned = bearing + round((turned - bearing) / (math.pi / 2)) * (math.pi / 2)
        place.add(kit.desk(), "desk", at, turned)
        back = 0.62 if rng.random() < 0.7 else 0.75
        chair = (at[0] + math.sin(turned) * back, at[1] - math.cos(turned) * back)
        if math.hypot(*chair) > place.clear + 0.42:
            place.add(kit.chair(), "chair", chair, turned + float(rng.uniform(-0.7, 0.7)))


def _partition(place: Place, shell: halls.Shell, half: float) -> None:
    """A wall of glass in black frames across a corner of the office, with a frosted band."""
    frame = surfaces.plain("frame", (0.03, 0.03, 0.032), 0.4)
    shader = Shader("glass wall")
    _, v, _ = surfaces.surface_uvw(shader)
    clear = shader.field("ShaderNodeBsdfTransparent", {"Color": (0.90, 0.95, 0.94)})
    band = (v - 0.95).least(1.25 - v).above(0.0) * 0.75
    film = shader.field(
        "ShaderNodeBsdfDiffuse", {"Color": surfaces.blend(place.colours["accent"], (0.8, 0.8, 0.8), 0.4)}
    )
    glass = shader.done(shader.mix_shaders(band, clear, film))
    solid, width = Solid(), half * 1.1
    pane = np.array(
        [
            [(-width / 2, 0, 0.05), (width / 2, 0, 0.05)],
            [(-width / 2, 0, HEIGHT - 0.5), (width / 2, 0, HEIGHT - 0.5)],
        ]
    )
    solid.sheet(pane, glass, smooth=False)
    for x in np.linspace(-width / 2, width / 2, 5):
        solid.box((float(x), 0, HEIGHT / 2), (0.05, 0.07, HEIGHT), frame)
    for z in (0.04, 2.15, HEIGHT - 0.5):
        solid.box((0, 0, z), (width, 0.07, 0.06), frame)
    side = 1 if place.rng.random() < 0.5 else -1
    at = place.around(side * 0.7, place.clear + 2.2)
    place.let_light_through(place.add(solid, "partition", at, shell.bearing + side * 0.25 - math.pi / 2))
