"""The stage of a theatre or concert: curtains, a truss of lights with beams, a backdrop, loudspeakers."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import glow, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Point, Solid
from render.engines.blender.shader import Field, Rgb, Shader, Value

HALF_WIDTH = 6.2
"""Metres from the stage's middle to its sides."""
TRUSS = 4.0
"""Metres, height of the truss."""


def boards(place: Place) -> bpy.types.Material:
    """Floorboards with pools of coloured light on them, wider than those of real lamps, and tape marks."""
    timber = place.colours["floor"]
    shader = Shader("boards")
    x, y = surfaces.world_xy(shader, place.view)
    flat = shader.vector(x, y, 0.0)
    tones = (surfaces.shade(timber, 0.85), surfaces.shade(timber, 1.5), surfaces.shade(timber, 0.3))
    colour, joints = surfaces.bricks(shader, flat, 2.6, 0.16, 0.007, tones, 0.37)
    grain = shader.noise(shader.vector(x * 2.0, y * 34.0, 0.0), 1.0, 2.0, 0.5)
    tone: Value = shader.mix(grain.rise(0.35, 0.75) * 0.45, colour, surfaces.shade(timber, 0.6))
    scuffs = shader.noise(flat, 1.7, 4.0).rise(0.56, 0.7) * 0.3
    tone = shader.mix(scuffs, tone, surfaces.shade(timber, 2.2))
    tape = (0.02 - abs(abs(x + y) - abs(x - y) * 0.0)).least(0.22 - abs(x - y))
    cross = tape.most((0.02 - abs(x - y)).least(0.22 - abs(x + y))).above(0.0)
    tone = shader.mix(cross * 0.7, tone, (0.75, 0.72, 0.62))
    relief = shader.bump(joints * -1.0, 0.008, 0.6)
    return surfaces.finished(shader, tone, surfaces.shade(timber, 1.2), relief, gloss=0.06, roughness=0.28)


def _velvet(place: Place, name: str, colour: Rgb, glow_of: Rgb, share: float) -> bpy.types.Material:
    """Curtain cloth, with the coloured light that washes it from below."""
    shader = Shader(name)
    u, v, _ = surfaces.surface_uvw(shader)
    weave = shader.noise(shader.vector(u * 12.0, v * 1.2, 0.0), 1.0, 2.0)
    tone = shader.mix(weave.rise(0.3, 0.7), surfaces.shade(colour, 0.75), surfaces.shade(colour, 1.35))
    rim = shader.field("ShaderNodeLayerWeight", {"Blend": 0.5}, "Facing")
    tone = shader.mix((rim**3.0) * 0.5, tone, surfaces.shade(colour, 2.2))
    front = shader.field("ShaderNodeBsdfDiffuse", {"Color": tone})
    wash = (1.0 - v / 4.2).most(0.0) * (1.0 - rim * 0.7)
    washed = shader.emission(surfaces.blend(glow_of, colour, 0.35), (wash**2.0) * share)
    lit = shader.field("ShaderNodeAddShader", {0: front, 1: washed})
    return surfaces.seen_by_camera(shader, lit, colour)


def _folds(
    left: float, right: float, low: float, high: float, deep: float, rng: np.random.Generator
) -> np.ndarray:
    """A hanging cloth along X as a grid of points, its folds deeper towards the hem."""
    count = max(24, int((right - left) * 26))
    t = np.linspace(0, 1, count)
    phase = np.cumsum(rng.uniform(0.6, 1.4, count)) * 0.62
    rows = []
    for height in np.linspace(low, high, 6):
        share = 0.6 + 0.4 * (high - height) / (high - low)
        fold = deep * share * (np.sin(phase) + 0.35 * np.sin(phase * 1.7 + 1.0))
        rows.append(np.stack([left + t * (right - left), fold, np.full(count, height)], -1))
    return np.array(rows)


def _panels(place: Place, width: float, first: Rgb, second: Rgb) -> bpy.types.Material:
    """A wall of light panels that shows rays, rings or waves of the two colours of light."""
    shader = Shader("light wall")
    u, v, _ = surfaces.surface_uvw(shader)
    cell = 0.09
    x, y = shader.math("FLOOR", u / cell) * cell, shader.math("FLOOR", v / cell) * cell - 1.9
    which = place.environment.seed % 3
    if which == 0:
        wave: Field = (shader.math("ARCTAN2", y + 1.9, x) * 14.0).sin()
    elif which == 1:
        wave = ((x * x + y * y) ** 0.5 * 7.0).sin()
    else:
        wave = (x * 3.2 + (y * 2.6).sin() * 1.3).sin()
    share = (x / width + 0.5).clamped()
    hue = shader.mix(share, first, second)
    tone = shader.mix(wave.rise(-0.3, 0.7), surfaces.shade(place.colours["backdrop"], 0.6), hue)
    dots = ((u / cell).fract() - 0.5, (v / cell).fract() - 0.5)
    bulb = ((dots[0] * dots[0] + dots[1] * dots[1]) ** 0.5).rise(0.5, 0.34)
    seam = ((u / 0.9).fract() * 0.9 - 0.012).above(0.0) * ((v / 0.9).fract() * 0.9 - 0.012).above(0.0)
    tone = shader.mix(bulb * seam, (0.008, 0.008, 0.010), tone)
    return surfaces.picture(shader, tone, 1.5)


def _cloth(place: Place, width: float, first: Rgb, second: Rgb) -> bpy.types.Material:
    """A painted backcloth, washed from below by both colours, with a disc or hills."""
    shader = Shader("backcloth")
    u, v, _ = surfaces.surface_uvw(shader)
    share = (u / width + 0.5).clamped()
    ground = place.colours["backdrop"]
    hue = shader.mix(share, first, second)
    wash = ((1.0 - v / 5.0).most(0.0)) ** 1.6
    tone: Value = shader.mix(wash * 0.9, surfaces.shade(ground, 1.3), hue)
    middle = float(place.rng.uniform(-1.8, 1.8))
    disc = 1.15 - ((u - middle) * (u - middle) + (v - 3.0) * (v - 3.0)) ** 0.5
    tone = shader.mix(disc.rise(-0.02, 0.02) * 0.75, tone, (1.0, 0.90, 0.72))
    for i, height in enumerate((1.5, 0.95, 0.5)):
        ridge = (
            shader.noise(shader.vector(u * (0.55 + 0.3 * i), float(i) * 5.0, 0.0), 1.0, 3.0) * 1.6
            + height
            - 0.8
        )
        tone = shader.mix((ridge - v).rise(-0.01, 0.01), tone, surfaces.shade(ground, 0.75 - 0.25 * i))
    return surfaces.picture(shader, tone, 0.95)


def build_stage(place: Place) -> None:
    """Build the stage; its back is where the camera looks."""
    rng, params = place.rng, place.params
    place.ground(boards(place))
    first, second = place.colours["left light"], place.colours["right light"]
    back = place.clear + 1.5
    curtain = _velvet(place, "curtain", place.colours["curtain"], first, 0.25)
    other = _velvet(place, "curtain", place.colours["curtain"], second, 0.25)
    black = surfaces.plaster("black", (0.018, 0.018, 0.020))
    iron = surfaces.plain("iron", (0.16, 0.16, 0.17), 0.35, 0.08)
    facing = place.view - math.pi / 2

    def hang(solid: Solid, name: str, ahead: float) -> bpy.types.Object:
        return place.add(solid, name, place.around(0.0, ahead), facing)

    kind = params["backdrop"]
    cloth = Solid()
    if kind < 0.3:
        cloth.sheet(_folds(-HALF_WIDTH - 1, 0.0, 0.02, 5.8, 0.09, rng), curtain)
        cloth.sheet(_folds(0.0, HALF_WIDTH + 1, 0.02, 5.8, 0.09, rng), other)
        edge = surfaces.plain("gold", (0.55, 0.36, 0.10), 0.4, 0.08)
        for x in (-0.05, 0.05):
            cloth.box((x, -0.16, 2.9), (0.06, 0.03, 5.8), edge)
    else:
        material = (_panels if kind < 0.65 else _cloth)(place, 2 * HALF_WIDTH, first, second)
        low = 0.3 if kind < 0.65 else 0.02
        corners = np.array(
            [[(-HALF_WIDTH, 0, low), (HALF_WIDTH, 0, low)], [(-HALF_WIDTH, 0, 5.6), (HALF_WIDTH, 0, 5.6)]]
        )
        cloth.sheet(corners, material, smooth=False, first_u=-HALF_WIDTH)
        if kind < 0.65:
            cloth.box((0, 0.3, 0.15), (2 * HALF_WIDTH, 0.7, 0.3), black)
    hang(cloth, "backdrop", back)
    house = Solid()
    house.box((0, 0.4, 3.5), (40.0, 0.1, 7.0), black)
    hang(house, "back wall", back + 0.6)
    # Legs at both sides, nearer ones further out, and a border above.
    for k, ahead in enumerate((back - 0.5, back - 1.9, back - 3.6)):
        for side in (-1, 1):
            inner = side * (3.9 + 0.55 * k)
            leg = Solid()
            left, right = sorted((inner, inner + side * 2.4))
            leg.sheet(_folds(left, right, 0.02, 6.2, 0.10, rng), curtain if side < 0 else other)
            hang(leg, "leg", ahead)
    border = Solid()
    border.sheet(_folds(-HALF_WIDTH - 2, HALF_WIDTH + 2, TRUSS + 0.55, 6.6, 0.08, rng), curtain)
    hang(border, "border", back - 0.9)
    _lights(place, iron, back, first, second)
    _gear(place, back, iron)
    shell = surfaces.plaster("house", (0.03, 0.026, 0.028))
    dark = Solid()
    dark.box((0, 0, 7.1), (44, 44, 0.2), shell)
    place.let_light_through(place.add(dark, "ceiling", fixed=True))


def _lights(place: Place, iron: bpy.types.Material, back: float, first: Rgb, second: Rgb) -> None:
    """Two trusses with lanterns, whose beams and pools are painted, and two lamps for the performers."""
    rng, params = place.rng, place.params
    beam = params["beams"]
    body = surfaces.plain("lantern", (0.02, 0.02, 0.022), 0.5)
    facing = place.view - math.pi / 2
    for row, (ahead, height) in enumerate(((back - 1.2, TRUSS), (back - 3.2, TRUSS + 0.5))):
        truss = Solid()
        for y, z in ((-0.15, 0.0), (0.15, 0.0), (-0.15, 0.3), (0.15, 0.3)):
            truss.column([(-6.5, y, height + z), (6.5, y, height + z)], [0.025, 0.025], iron, 6)
        for x in np.arange(-6.5, 6.5, 0.5):
            for y in (-0.15, 0.15):
                truss.column([(x, y, height), (x + 0.25, y, height + 0.3), (x + 0.5, y, height)], [0.012] * 3,
                             iron, 4, False)  # fmt: skip
        place.let_light_through(place.add(truss, "truss", place.around(0.0, ahead), facing))
        spots = np.linspace(-4.6, 4.6, 8)
        for i, aside in enumerate(spots):
            if rng.random() > params["fixtures"] and i not in (1, 6):
                continue
            hue = first if aside < 0 else second
            if (i + row) % 4 == 3:
                hue = surfaces.blend(hue, (1.0, 0.92, 0.8), 0.7)
            # In the view's axes, left is positive: `point` takes metres to the left.
            at = place.point(ahead, -float(aside), height - 0.28)
            foot_ahead = place.clear * 0.75 + float(rng.uniform(0.0, 0.9)) - 0.5 * row
            foot = place.point(foot_ahead, -float(aside * 0.5 + rng.uniform(-0.7, 0.7)), 0.0)
            _lantern(place, at, foot, body, hue)
            if row == 0:
                glow.beam(place, at, foot, (0.09, 0.62), hue, 0.42 * beam)
                glow.pool(place, foot, 0.62, hue, 0.8 * beam)
            glow.halo(place, at, 0.42, surfaces.blend(hue, (1, 1, 1), 0.3), 1.0)
    level = 2.4 * params["colour"]
    for side, hue in ((1, first), (-1, second)):
        place.spot("coloured", place.point(1.8, side * 4.6, 4.2), place.point(0, 0, 0.9), hue, level, 3.6)


def _lantern(place: Place, at: Point, foot: Point, body: bpy.types.Material, hue: Rgb) -> None:
    """A lantern that hangs at `at` and points at `foot`."""
    start, end = np.array(at), np.array(foot)
    way = (end - start) / np.linalg.norm(end - start)
    lens = surfaces.glowing("lens", surfaces.blend(hue, (1, 1, 1), 0.55), 5.0)
    solid = Solid()
    solid.column(np.stack([start - way * 0.38, start - way * 0.3, start]), [0.06, 0.12, 0.13], body, 10)
    solid.column(np.stack([start, start + way * 0.015]), [0.11, 0.11], lens, 12)
    solid.box((at[0], at[1], at[2] + 0.16), (0.05, 0.3, 0.3), body)
    place.let_light_through(place.add(solid, "lantern"))


def _gear(place: Place, back: float, iron: bpy.types.Material) -> None:
    """Loudspeakers, monitors and flight cases at the sides and the back."""
    rng = place.rng
    black = surfaces.plain("box", (0.022, 0.022, 0.024), 0.6)
    grille = surfaces.plain("grille", (0.05, 0.05, 0.052), 0.7)
    silver = surfaces.plain("edge", (0.42, 0.42, 0.44), 0.35, 0.08)
    case = surfaces.plain("case", surfaces.blend(place.colours["curtain"], (0.05, 0.05, 0.06), 0.5), 0.5)
    for side in (-1, 1):
        for k, (ahead, aside) in enumerate(((back - 0.9, 2.9), (back - 1.1, 1.7), (back - 2.6, 4.3))):
            if rng.random() > 0.2 + 0.8 * place.params["gear"]:
                continue
            solid = Solid()
            if k != 1:
                z = 0.0
                for _ in range(int(rng.integers(2, 4))):
                    solid.box((0, 0, z + 0.36), (0.78, 0.6, 0.70), black)
                    solid.box((0, -0.305, z + 0.36), (0.70, 0.02, 0.62), grille)
                    for cone_z, radius in ((z + 0.25, 0.2), (z + 0.56, 0.09)):
                        solid.column(
                            [(0, -0.31, cone_z), (0, -0.33, cone_z)], [radius, radius * 0.9], black, 16
                        )
                    z += 0.72
            else:
                solid.box((0, 0, 0.35), (0.95, 0.6, 0.62), case)
                for x in (-0.46, 0.46):
                    for y in (-0.29, 0.29):
                        solid.box((x, y, 0.35), (0.05, 0.05, 0.64), silver)
                for z in (0.06, 0.45, 0.65):
                    solid.box((0, 0, z), (0.97, 0.62, 0.035), silver)
            at = place.point(ahead, side * aside)
            place.add(solid, "gear", at[:2], place.view - math.pi / 2 + side * 0.35)
