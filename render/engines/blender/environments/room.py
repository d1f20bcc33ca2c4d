"""The room: walls with skirting and panelling, windows, and furniture along the walls."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import fittings, glow, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Shader, Value

HEIGHT = 2.9
"""Metres from floor to ceiling."""
DEPTH = 1.15
"""Metres along the walls that furniture takes."""


def flooring(place: Place, pattern: float, rug_radius: tuple[float, float]) -> bpy.types.Material:
    """Planks, herringbone or tiles, and a patterned rug in the middle: all at z = 0, where people stand."""
    timber, rug = place.colours["floor"], place.colours["rug"]
    shader = Shader("floor")
    x, y = surfaces.world_xy(shader, place.view + 0.25)
    flat = shader.vector(x, y, 0.0)
    dark = surfaces.shade(timber, 0.3)
    gloss = 0.05
    if pattern < 0.8:
        if pattern >= 0.6:
            # Herringbone: the boards' direction swaps from band to band.
            flip = (x / 1.1).fract().above(0.5)
            u = (x + y) * 0.7071 * (1.0 - flip) + (x - y) * 0.7071 * flip
            v = (y - x) * 0.7071 * (1.0 - flip) + (x + y) * 0.7071 * flip
            flat = shader.vector(u, v, 0.0)
            length, width = 0.6, 0.11
        else:
            u, v, length, width = x, y, 1.4, 0.14
        tones = (surfaces.shade(timber, 0.72), surfaces.shade(timber, 1.2), dark)
        colour, joints = surfaces.bricks(shader, flat, length, width, 0.006, tones, 0.37)
        grain = shader.noise(shader.vector(u * 2.0, v * 34.0, 0.0), 1.0, 2.0, 0.5)
        tone: Value = shader.mix(grain.rise(0.35, 0.75) * 0.5, colour, surfaces.shade(timber, 0.5))
    else:
        pale = surfaces.blend(timber, (0.7, 0.68, 0.64), 0.75)
        tones = (surfaces.shade(pale, 0.85), surfaces.shade(pale, 1.05), surfaces.shade(pale, 0.4))
        tone, joints = surfaces.bricks(shader, flat, 0.45, 0.45, 0.008, tones, 0.0)
    rx, ry = rug_radius
    x, y = surfaces.world_xy(shader, place.view)
    if place.environment.seed % 2:
        edge = (rx - abs(x)).least(ry - abs(y))
    else:
        edge = (1.0 - ((x / rx) ** 2.0 + (y / ry) ** 2.0) ** 0.5) * min(rx, ry)
    second = surfaces.blend(place.colours["textiles"], rug, 0.2)
    stripes = (edge / 0.34).fract().above(0.72)
    knots = (x * 90.0).sin() * (y * 90.0).sin()
    woven = shader.mix(stripes, rug, second)
    woven = shader.mix((edge.above(0.06)), surfaces.shade(second, 0.6), woven)
    woven = shader.mix(knots.rise(-1.0, 1.0) * 0.25, woven, surfaces.shade(rug, 0.55))
    on_rug = edge.above(0.0)
    tone = shader.mix(on_rug, tone, woven)
    relief = shader.bump(on_rug * 0.6 + on_rug * knots * 0.1 - joints * 0.4 * (1.0 - on_rug), 0.012, 0.8)
    return surfaces.finished(shader, tone, timber, relief, gloss=(1.0 - on_rug) * gloss, roughness=0.3)


def wallpaper(place: Place) -> bpy.types.Material:
    """The walls: plain, panelled below a rail, or striped."""
    wall, style = place.colours["wall"], place.params["panelling"]
    if style < 0.35:
        return surfaces.plaster("wall", wall)
    shader = Shader("wall")
    u, v, _ = surfaces.surface_uvw(shader)
    cloudy = shader.noise(shader.vector(u, v, 0.0), 1.2, 2.0)
    tone: Value = shader.mix(cloudy.rise(0.3, 0.7), surfaces.shade(wall, 0.9), surfaces.shade(wall, 1.05))
    lower = surfaces.blend(surfaces.shade(wall, 0.55), place.colours["textiles"], 0.25)
    if style < 0.7:
        below = 1.0 - v.above(1.0)
        grooves = ((u / 0.5).fract() - 0.5) * 0.5
        frame = (0.2 - abs(grooves)).least(0.36 - abs(v - 0.55))
        moulding = (0.012 - abs(frame)).above(0.0)
        rail = (0.03 - abs(v - 1.0)).above(0.0)
        tone = shader.mix(below, tone, lower)
        tone = shader.mix(moulding * below * 0.6, tone, surfaces.shade(lower, 0.5))
        tone = shader.mix(rail, tone, surfaces.shade(lower, 1.5))
        relief = shader.bump(rail - moulding * below, 0.015, 0.8)
    else:
        stripes = (u / 0.24).fract().above(0.5)
        tone = shader.mix(stripes * 0.55, tone, lower)
        relief = None
    return surfaces.finished(shader, tone, wall, relief)


def build_room(place: Place) -> None:
    """Build a square room around the stage; its light falls in through walls that cast no shadows."""
    rng, params = place.rng, place.params
    half = place.clear + DEPTH + 0.25
    rug = (float(rng.uniform(1.2, 1.7)), float(rng.uniform(1.4, 2.1)))
    place.ground(flooring(place, params["floor"], rug))
    wall = wallpaper(place)
    trim = surfaces.plain("trim", surfaces.blend(place.colours["wall"], (0.85, 0.84, 0.82), 0.8), 0.5)
    fit = fittings.Fittings(place)
    turned = float(rng.uniform(-0.35, 0.35))
    for k in range(4):
        _wall(place, k, turned, half, wall, trim, fit)
    ceiling = Solid()
    # What lights a real ceiling is light from the floor, bounce after bounce: too many to pay for.
    white = surfaces.blend(place.colours["wall"], (0.8, 0.8, 0.8), 0.8)
    bounced = surfaces.glowing("ceiling", white, 0.32 if place.night else 0.6)
    ceiling.box((0, 0, HEIGHT + 0.05), (2 * half, 2 * half, 0.1), bounced)
    cover = place.add(ceiling, "ceiling", angle=place.view + turned, fixed=True)
    place.let_light_through(cover)
    pendant = Solid()
    pendant.column([(0, 0, HEIGHT), (0, 0, 2.62)], [0.008, 0.008], trim, 5)
    pendant.lathe((0, 0, 2.4), [(0.3, 0.0), (0.26, 0.1), (0.08, 0.22), (0.02, 0.23)], fit.textile)
    hung = place.around(0.45, place.clear * 0.9)
    place.add(pendant, "pendant", hung)
    if place.hour != "day":
        bulb = Solid()
        bulb.lathe((0, 0, 2.36), [(0.01, 0.0), (0.05, 0.03), (0.05, 0.06), (0.01, 0.1)], fit.shade)
        place.add(bulb, "bulb", hung)
        glow.halo(place, (*hung, 2.38), 0.4, (1.0, 0.74, 0.45), 0.5)
        place.lamp("pendant", (*hung, 2.3), (1.0, 0.74, 0.45), 1.6 if place.night else 1.0, 0.12)


def _wall(
    place: Place, k: int, turned: float, half: float, wall: bpy.types.Material, trim: bpy.types.Material,
    fit: fittings.Fittings,
) -> None:  # fmt: skip
    """Wall k of four, built along X facing −Y, with what stands and hangs there."""
    rng, params = place.rng, place.params
    angle = k * math.pi / 2 + turned
    bearing = place.view + angle
    inward = (-math.cos(bearing), -math.sin(bearing), half)
    at, facing = place.around(angle, half), bearing - math.pi / 2

    def put(solid: Solid, name: str) -> bpy.types.Object:
        return place.add(solid, name, at, facing, wall=inward)

    shell = Solid()
    shell.box((0, 0.06, HEIGHT / 2), (2 * half, 0.12, HEIGHT), wall)
    shell.box((0, -0.012, 0.06), (2 * half, 0.024, 0.12), trim)
    shell.box((0, -0.02, HEIGHT - 0.04), (2 * half, 0.05, 0.08), trim)
    place.let_light_through(put(shell, "wall"))

    # Places along the wall, a metre and a half each, hold a window or furniture with something above it.
    count = max(2, int(2 * (half - 0.7) / 1.6))
    centres = (np.arange(count) - (count - 1) / 2) * (2 * (half - 0.7) / count)
    window_wall = rng.random() < 0.25 + 0.75 * params["windows"]
    sofa_at = int(rng.integers(count)) if k in (0, 2) else -1
    for i, x in enumerate(centres):
        middle = float(x)
        if window_wall and i % 2 == k % 2:
            put(fit.window(middle), "window")
            if rng.random() < 0.5:
                put(fit.low(middle, rng), "low furniture")
            continue
        if i == sofa_at:
            put(fit.sofa(middle), "sofa")
            put(fit.picture(middle, rng), "picture")
        elif rng.random() < params["furniture"]:
            put(fit.tall(middle, rng), "tall furniture")
        else:
            put(fit.picture(middle, rng), "picture")
