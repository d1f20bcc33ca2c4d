"""Houses of a street: shop fronts on the ground floor, storeys of windows, cornices above.

A house stands along X with its front at y = 0, facing −Y.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Field, Rgb, Shader, linear_rgb

GROUND_FLOOR = 3.4
"""Metres, height of a shop."""
GOODS = ("#c2492f", "#2f5f7a", "#e0b04a", "#e9e0d0", "#5d7f5f", "#8f5a7a", "#d98a6a", "#3a3f45")


def assorted(shader: Shader, seed: Field, colours: tuple[str, ...] = GOODS) -> Field:
    """One of `colours` by `seed` in [0, 1)."""
    node = shader.node("ShaderNodeValToRGB", {"Fac": seed})
    ramp = node.color_ramp
    ramp.interpolation = "CONSTANT"
    for i, colour in enumerate(colours):
        stop = ramp.elements[i] if i < 2 else ramp.elements.new(i / len(colours))
        stop.position, stop.color = i / len(colours), (*linear_rgb(colour), 1.0)
    return Field(shader, node.outputs["Color"])


def scattered(shader: Shader, x: Field, y: Field, part: Field) -> Field:
    """A number in [0, 1) for each cell of whole x and y, another for each `part`."""
    # Interpolation leaves a few bits of noise on `part`, and a hash would see them.
    whole = shader.math("FLOOR", part * 997.0 + 0.5)
    cell = shader.vector(shader.math("FLOOR", x), shader.math("FLOOR", y), whole)
    return shader.field("ShaderNodeTexWhiteNoise", {"Vector": cell}, "Value", noise_dimensions="3D")


def shop_window(place: Place, name: str, light: Rgb) -> bpy.types.Material:
    """Glass with goods on shelves behind it: dim, with the sky in it, by day; a lit stage after dark."""
    shader = Shader(name)
    u, v, part = surfaces.surface_uvw(shader)
    row, slot = v / 0.62 + 0.1, u / 0.19 + part * 17.0
    draw = scattered(shader, slot, row, part)
    tall = scattered(shader, slot + 57.0, row, part) * 0.55 + 0.2
    x, y = slot.fract() - 0.5, row.fract()
    standing = (0.36 - abs(x)).least(tall - y).above(0.0) * draw.above(0.22)
    shelf = (0.07 - y).above(0.0)
    back: Rgb = (0.34, 0.28, 0.21)
    glow = 1.0 - (abs(v - 1.9) / 2.2).clamped()
    inside = shader.mix(glow, surfaces.shade(back, 0.55), surfaces.shade(back, 1.7))
    inside = shader.mix(standing, inside, assorted(shader, draw))
    inside = shader.mix(shelf, inside, (0.10, 0.075, 0.055))
    if place.hour == "day":
        # Panes mirror a bright sky aslant; painted, because a real mirror is noisy at a few samples.
        sheen = (u * 0.5 + v * 0.9 + part * 3.0).sin().rise(0.2, 0.9) * 0.35 + 0.12
        tone = shader.mix(sheen, shader.mix(0.45, inside, (0.02, 0.025, 0.03)), (0.42, 0.52, 0.60))
        return surfaces.picture(shader, tone, 0.8)
    lit = shader.mix(1.0, inside, light, "MULTIPLY")
    return surfaces.picture(shader, lit, 1.5 if place.night else 1.2)


def sign(place: Place, ground: Rgb, ink: Rgb, name: int) -> bpy.types.Material:
    """A fascia board with a line of lettering that no alphabet has, another for each `name`."""
    shader = Shader("sign")
    u, v, part = surfaces.surface_uvw(shader)
    letter = u / 0.24 + part * 13.0 + float(23 * name)
    kind = scattered(shader, letter, v * 0.0, part)
    x, y = (letter.fract() - 0.5) * 0.24, v - 0.29
    body = (0.075 - abs(x)).least(0.11 - abs(y))
    stem = (0.018 - abs(x + 0.055)).most(0.018 - abs(x - 0.055) + kind.above(0.6) * -1.0)
    bars = (0.016 - abs(y - 0.09)).most(0.016 - abs(y + kind.above(0.5) * 0.09))
    glyph = stem.most(bars).least(body).above(0.0) * kind.above(0.14) * (1.55 - abs(u)).above(0.0)
    frame = (abs(v - 0.29) - 0.235).above(0.0)
    tone = shader.mix(frame, ground, surfaces.shade(ink, 0.7))
    tone = shader.mix(glyph, tone, ink)
    front = shader.field("ShaderNodeBsdfDiffuse", {"Color": tone})
    if place.hour != "day":
        front = shader.mix_shaders(0.6, front, shader.emission(tone, 1.6))
    return surfaces.seen_by_camera(shader, front, ground)


@dataclass(frozen=True)
class Trade:
    """What one kind of shop is made of."""

    window: bpy.types.Material
    frame: bpy.types.Material
    board: bpy.types.Material
    awning: bpy.types.Material


def trades(place: Place) -> list[Trade]:
    """Four kinds of shop; the first is in the place's accent."""
    rng = place.rng
    paints = [place.colours["accent"], *(linear_rgb(str(c)) for c in rng.choice(GOODS, 3, replace=False))]
    lights: tuple[Rgb, ...] = ((1.0, 0.80, 0.52), (1.0, 0.92, 0.80), (0.92, 0.96, 1.0), (1.0, 0.70, 0.42))
    return [
        Trade(
            shop_window(place, f"shop {i}", lights[i]),
            surfaces.plain("frame", surfaces.shade(paint, 0.45), 0.4),
            sign(place, surfaces.shade(paint, 0.7), (0.82, 0.80, 0.74), i),
            surfaces.fabric("awning", paint, (0.78, 0.76, 0.72) if rng.random() < 0.6 else None, 0.5),
        )
        for i, paint in enumerate(paints)
    ]


def house(
    width: float, storeys: int, height: float, front: bpy.types.Material, plinth: bpy.types.Material,
    roof: bpy.types.Material, trade: Trade, rng: np.random.Generator,
) -> Solid:  # fmt: skip
    """A house, `width` metres wide, with `storeys` of `height` above its shop."""
    solid = Solid()
    upper = storeys * height
    solid.box((0, 3.0, GROUND_FLOOR + upper / 2), (width, 6.0, upper), front)
    solid.box((0, 3.0, GROUND_FLOOR + upper + 0.15), (width + 0.1, 6.3, 0.3), plinth)
    solid.box((0, 3.0, GROUND_FLOOR + upper + 0.36), (width - 0.2, 5.6, 0.14), roof)
    solid.box((0, 3.15, GROUND_FLOOR / 2), (width, 5.7, GROUND_FLOOR), plinth)
    _shop(solid, width, plinth, trade, rng)
    return solid


def _shop(
    solid: Solid, width: float, plinth: bpy.types.Material, trade: Trade, rng: np.random.Generator
) -> None:
    """Piers at both sides, a fascia over the window, a recessed door, an awning."""
    pier, door_width = 0.42, 1.0
    for side in (-1, 1):
        solid.box((side * (width - pier) / 2, 0.15, GROUND_FLOOR / 2), (pier, 0.5, GROUND_FLOOR), plinth)
    inner = width - 2 * pier
    solid.box((0, 0.10, GROUND_FLOOR - 0.36), (inner, 0.42, 0.58), trade.board)
    solid.box((0, 0.06, GROUND_FLOOR - 0.03), (width + 0.06, 0.56, 0.08), trade.frame)
    door = (-1, 1)[int(rng.integers(2))] * (inner / 2 - door_width / 2 - 0.1)
    top = GROUND_FLOOR - 0.66
    left, right = (door + door_width / 2, inner / 2) if door < 0 else (-inner / 2, door - door_width / 2)
    middle, glazed = (left + right) / 2, right - left
    solid.box((middle, 0.18, 0.22), (glazed, 0.3, 0.44), trade.frame)
    _pane(solid, (middle, 0.22), (glazed, 0.44, top), trade.window)
    for x in np.linspace(left, right, max(2, round(glazed / 1.3)) + 1):
        solid.box((float(x), 0.19, (0.44 + top) / 2), (0.06, 0.12, top - 0.44), trade.frame)
    solid.box((middle, 0.19, top - 0.5), (glazed, 0.1, 0.05), trade.frame)
    _pane(solid, (door, 0.26), (door_width, 0.25, top), trade.window)
    for x, wide in ((door - door_width / 2, 0.1), (door + door_width / 2, 0.1), (door, 0.0)):
        if wide:
            solid.box((x, 0.22, top / 2), (wide, 0.12, top), trade.frame)
    solid.box((door, 0.22, 0.18), (door_width, 0.1, 0.36), trade.frame)
    solid.box((door, 0.22, 2.15), (door_width, 0.1, 0.08), trade.frame)
    if rng.random() < 0.6:
        drop = np.array([[(left - 0.1, 0.0, top + 0.08), (right + 0.1, 0.0, top + 0.08)],
                         [(left - 0.1, -1.15, top - 0.42), (right + 0.1, -1.15, top - 0.42)],
                         [(left - 0.1, -1.15, top - 0.64), (right + 0.1, -1.15, top - 0.64)]])  # fmt: skip
        solid.sheet(drop, trade.awning, smooth=False, first_u=left)


def _pane(
    solid: Solid, at: tuple[float, float], size: tuple[float, float, float], material: bpy.types.Material
) -> None:
    """An upright pane: `at` its middle's x and its y, `size` its width, foot and top."""
    (x, y), (width, low, high) = at, size
    corners = np.array([(x - width / 2, y, low), (x + width / 2, y, low), (x + width / 2, y, high),
                        (x - width / 2, y, high)])  # fmt: skip
    uv = np.array([[(-width / 2, low), (width / 2, low), (width / 2, high), (-width / 2, high)]])
    solid.faces(corners, np.array([(0, 1, 2, 3)]), uv, material)
