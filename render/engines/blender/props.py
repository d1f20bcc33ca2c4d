"""Things that actors hold or sit on: cup, phone, box, stool and ball, keyed frame by frame.

A prop stands on its origin, z up and −Y ahead, and fills the size that it is given, in metres. It belongs to
the environment: its pass index is PROP_INDEX, whoever holds it.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

from motionpair.errors import InputError
from motionpair.specs import Style
from render.engines import PROP_INDEX
from render.engines.blender import toon
from render.engines.blender.armature import animate, continuous
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Field, Rgb, Shader, Value, blend, linear_rgb, luminance, tinted
from render.scene import Prop

Size = tuple[float, float, float]
Direction = tuple[float, float, float]
Painter = Callable[[Shader], Value]

_SIDES = 28
"""Corners of what is round."""
_TOUCHING = 2e-5
"""Metres between vertices that are one."""
_RUBBER: Rgb = (0.045, 0.042, 0.040)
_CREAM: Rgb = (0.74, 0.70, 0.62)
_GLASS: Rgb = (0.010, 0.011, 0.014)
_WOOD: Rgb = (0.36, 0.20, 0.095)


def build(
    prop: Prop, style: Style, light: Direction = toon.LIGHT, ink_width: float = toon.INK_WIDTH
) -> bpy.types.Object:
    """Add a prop to the current scene, keyed on frames 1 to T.

    Args:
        prop: what it is and where.
        style: `toon` draws flat colours and ink.
        light: direction towards the main light, world, for the bands of the toon style.
        ink_width: metres, of the toon style's outline.

    Raises:
        InputError: the kind is not one of `catalog.PROPS`.
    """
    if prop.kind not in _SHAPES:
        raise InputError(f"prop.kind: expected one of {', '.join(_SHAPES)}, got {prop.kind!r}")
    solid = Solid()
    _SHAPES[prop.kind](solid, prop.size, linear_rgb(prop.colour), _Paint(style, light))
    target = bpy.data.objects.new(prop.kind, solid.mesh(prop.kind))
    bpy.context.scene.collection.objects.link(target)
    target.pass_index = PROP_INDEX
    # Join what touches: the seams of what is round would be seen in its shading and its ink.
    weld = target.modifiers.new("weld", "WELD")
    weld.merge_threshold = _TOUCHING
    if style == "toon":
        toon.add_outline(target, toon.ink_colour(linear_rgb(prop.colour)), ink_width)
    target.rotation_mode = "QUATERNION"
    rotations = continuous(prop.rotations)
    curves = {("location", c): prop.positions[:, c] for c in range(3)}
    curves |= {("rotation_quaternion", c): rotations[:, c] for c in range(4)}
    animate(target, curves)
    return target


class _Paint:
    """Makes a prop's materials, as surfaces or as flat colours."""

    def __init__(self, style: Style, light: Direction) -> None:
        self.style = style
        self.light = light

    def __call__(
        self,
        name: str,
        colour: Rgb | Painter,
        rough: float = 0.5,
        metal: float = 0.0,
        coat: float = 0.0,
        glow: float = 0.0,
    ) -> bpy.types.Material:
        """A material of one colour, or of what a painter draws in its shader."""
        shader = Shader(f"prop {name}")
        shown = colour(shader) if callable(colour) else colour
        if self.style == "toon":
            return shader.done(shader.emission(toon.banded(shader, shown, toon.CLOTH_SHADE, self.light)))
        return shader.done(
            shader.principled(
                Base_Color=shown,
                Roughness=rough,
                Metallic=metal,
                Coat_Weight=coat,
                Coat_Roughness=0.08,
                Emission_Color=shown,
                Emission_Strength=glow,
            )
        )


def _cup(solid: Solid, size: Size, colour: Rgb, paint: _Paint) -> None:
    """A mug where there is room for a handle beside it, else a paper cup with a lid."""
    x, y, z = size
    radius = min(x, y) / 2
    if x > 1.15 * y:
        _mug(solid, radius, size, colour, paint)
        return
    paper, sleeve = paint("paper", _CREAM, 0.6), paint("sleeve", colour, 0.7)
    lid = paint("lid", _RUBBER if luminance(colour) > 0.12 else (0.8, 0.79, 0.76), 0.35)
    low, high, body = 0.66 * radius, 0.94 * radius, 0.90 * z
    wide = [low + (high - low) * s for s in (0.0, 1.0)]
    _round(solid, [(0.0, 0.0), (low * 0.96, 0.0), (low, 0.004)], paper, smooth=False)
    _round(solid, [(wide[0], 0.004), (wide[1], body)], paper)
    girth = [low + (high - low) * s + 0.0016 for s in (0.26, 0.72)]
    _round(solid, [(girth[0] - 0.0016, 0.26 * body), (girth[0], 0.27 * body)], sleeve, smooth=False)
    _round(solid, [(girth[0], 0.27 * body), (girth[1], 0.72 * body)], sleeve)
    _round(solid, [(girth[1], 0.72 * body), (girth[1] - 0.0016, 0.73 * body)], sleeve, smooth=False)
    _round(solid, [(high, body - 0.004), (radius, body - 0.002), (radius, body + 0.006)], lid, smooth=False)
    _round(solid, [(radius, body + 0.006), (0.86 * radius, body + 0.008)], lid, smooth=False)
    _round(solid, [(0.86 * radius, body + 0.008), (0.80 * radius, z)], lid)
    _round(solid, [(0.80 * radius, z), (0.74 * radius, z), (0.70 * radius, z - 0.004)], lid, smooth=False)
    _round(solid, [(0.70 * radius, z - 0.004), (0.0, z - 0.004)], lid, smooth=False)


def _mug(solid: Solid, radius: float, size: Size, colour: Rgb, paint: _Paint) -> None:
    x, _, z = size
    glaze = paint("glaze", colour, 0.25, coat=0.5)
    inside = paint("inside", _CREAM, 0.35)
    coffee = paint("coffee", (0.045, 0.018, 0.008), 0.08)
    at = -(x / 2 - radius)
    outside = [(0.0, 0.0), (0.80 * radius, 0.0), (0.93 * radius, 0.004), (radius, 0.016), (radius, z - 0.004)]
    _round(solid, [*outside, (0.985 * radius, z), (0.95 * radius, z)], glaze, at)
    _round(solid, [(0.95 * radius, z), (0.92 * radius, z - 0.006), (0.90 * radius, 0.74 * z)], inside, at)
    _round(solid, [(0.91 * radius, 0.80 * z), (0.0, 0.80 * z)], coffee, at, smooth=False)
    turn = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 13)
    reach = x - 2 * radius
    thick = min(0.0065, 0.2 * reach)
    # A ring around each point of the handle's arch: outwards along the arch's radius, and sideways.
    out = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)[:, None]
    round_ = np.linspace(0, 2 * np.pi, 11)[None, :, None]
    arch = np.stack(
        [
            at + radius - 0.004 + (reach - thick + 0.004) * np.cos(turn),
            0 * turn,
            (0.53 + 0.27 * np.sin(turn)) * z,
        ],
        axis=1,
    )[:, None]
    solid.sheet(arch + thick * (np.cos(round_) * out + np.sin(round_) * np.array([0.0, 1.0, 0.0])), glaze)


def _phone(solid: Solid, size: Size, colour: Rgb, paint: _Paint) -> None:
    """A slab with round corners: a lit screen ahead, lenses behind."""
    x, y, z = size
    body = paint("case", colour, 0.35, coat=0.4)
    screen = paint("screen", lambda shader: _screen(shader, size), 0.12, coat=1.0, glow=0.35)
    outline = _rounded(x, z, 0.13 * x)
    rounding = 0.18 * y
    inner = _rounded(x - 2 * rounding, z - 2 * rounding, 0.13 * x - rounding) + np.array([0, rounding])
    rings = [(inner, -y / 2), (outline, -y / 2 + rounding), (outline, y / 2 - rounding), (inner, y / 2)]
    stack = np.stack([np.column_stack([o[:, 0], np.full(len(o), at), o[:, 1]]) for o, at in rings])
    closed = np.concatenate([stack, stack[:, :1]], axis=1)
    for i in range(3):
        solid.sheet(closed[i : i + 2], body, smooth=True)
    _fan(solid, stack[3][::-1], body)
    _fan(solid, stack[0], paint("bezel", _GLASS, 0.15, coat=1.0))
    edge = 0.035 * x
    glass = _rounded(x - 2 * edge, z - 2 * edge, 0.10 * x) + np.array([0, edge])
    _fan(solid, np.column_stack([glass[:, 0], np.full(len(glass), -y / 2 - 0.0004), glass[:, 1]]), screen)
    lens = paint("lens", _GLASS, 0.05, coat=1.0)
    for k in range(2):
        place = (0.26 * x, z - 0.16 * x - k * 0.26 * x)
        path = [(place[0], y / 2 - 0.001, place[1]), (place[0], y / 2 + 0.0015, place[1])]
        solid.column(path, [0.085 * x] * 2, lens, 14)


def _screen(shader: Shader, size: Size) -> Field:
    """A picture on top, and rounded lines of text below it."""
    x, _, z = _local(shader).xyz()
    u, v = x / size[0] + 0.5, z / size[2]
    text = (v * 22.0).fract().rise(0.42, 0.46) * v.rise(0.52, 0.51) * v.rise(0.08, 0.09)
    line = (v * 22.0 - (v * 22.0).fract()) * 0.618
    text = text * u.rise(0.10, 0.11) * u.rise(line.fract() * 0.45 + 0.5, line.fract() * 0.45 + 0.49)
    picture = v.rise(0.56, 0.565) * v.rise(0.92, 0.915) * u.rise(0.08, 0.09) * u.rise(0.92, 0.91)
    page = shader.mix(text * 0.75, (0.62, 0.66, 0.72), (0.10, 0.12, 0.16))
    return shader.mix(picture, page, shader.mix(v.rise(0.5, 0.95), (0.10, 0.34, 0.52), (0.75, 0.42, 0.22)))


def _box(solid: Solid, size: Size, colour: Rgb, paint: _Paint) -> None:
    """Cardboard with flaps, tape along the top and a label."""
    x, y, z = size

    def cardboard(shader: Shader) -> Field:
        _, _, up = _local(shader).xyz()
        flutes = shader.noise(_local(shader), 30.0, detail=0.0).rise(0.3, 0.7)
        shown = shader.mix(flutes, tinted(colour, (0.92,) * 3), tinted(colour, (1.05,) * 3))
        return shader.mix(up.rise(0.0, 0.02 + 0.2 * z), tinted(colour, (0.85,) * 3), shown)

    card = paint("card", cardboard, 0.75)
    tape = paint("tape", blend(colour, (0.85, 0.72, 0.45), 0.6), 0.3)
    gap = paint("gap", tinted(colour, (0.25,) * 3), 0.8)
    label = paint("label", (0.78, 0.77, 0.74), 0.5)
    ink = paint("print", (0.05, 0.05, 0.06), 0.6)
    _chamfered(solid, size, min(size) * 0.02, card)
    lift, width = 0.0008, 0.13 * min(x, y)
    solid.box((0, 0, z + lift / 2), (x * 0.985, 0.002, lift), gap)
    solid.box((0, 0, z + lift), (x * 1.001, width, lift), tape)
    for side in (-1, 1):
        solid.box((side * (x / 2 + lift / 2), 0, z - 0.09 * z), (lift, width, 0.18 * z), tape)
    solid.box((0.16 * x, -y / 2 - lift / 2, 0.60 * z), (0.38 * x, lift, 0.26 * z), label)
    for k, share in enumerate((0.28, 0.20, 0.24)):
        place = (0.16 * x - (0.30 - share) * x / 2, -y / 2 - 1.4 * lift, (0.67 - 0.07 * k) * z)
        solid.box(place, (share * x, lift, 0.025 * z), ink)


def _stool(solid: Solid, size: Size, colour: Rgb, paint: _Paint) -> None:
    """A round padded seat on four splayed wooden legs with a ring."""
    x, y, z = size
    radius = min(x, y) / 2
    pad = paint("pad", colour, 0.55)

    def grained(shader: Shader) -> Field:
        stretched = shader.vector_math("MULTIPLY", _local(shader), (60.0, 60.0, 6.0))
        grain = shader.noise(stretched, 1.0).rise(0.3, 0.7)
        return shader.mix(grain, tinted(_WOOD, (0.7,) * 3), tinted(_WOOD, (1.15,) * 3))

    wood, steel = paint("wood", grained, 0.45), paint("steel", (0.45, 0.45, 0.46), 0.3, metal=0.9)
    thick = min(0.055, 0.16 * z)
    side = [(0.90 * radius, z - thick), (0.985 * radius, z - 0.8 * thick), (radius, z - 0.5 * thick)]
    top = [(0.985 * radius, z - 0.2 * thick), (0.90 * radius, z - 0.04 * thick), (0.6 * radius, z)]
    _round(solid, [(0.0, z - thick), *side, *top, (0.0, z)], pad)
    base = z - thick
    _round(
        solid, [(0.0, base - 0.018), (0.86 * radius, base - 0.018), (0.86 * radius, base)], wood, smooth=False
    )
    foot, hip = 0.94 * radius, 0.66 * radius
    for k in range(4):
        turn = np.pi / 4 + k * np.pi / 2
        ahead = np.array([np.cos(turn), np.sin(turn)])
        leg = [(*(ahead * foot), 0.0), (*(ahead * hip), base - 0.01)]
        solid.column(leg, [0.013, 0.018], wood, 12)
    around = np.linspace(0, 2 * np.pi, 37)
    height = 0.34 * z
    girth = foot + (hip - foot) * height / (base - 0.01)
    ring = np.stack([girth * np.cos(around), girth * np.sin(around), np.full(37, height)], axis=1)
    solid.column(ring, np.full(37, 0.007), steel, 8, caps=False)


def _ball(solid: Solid, size: Size, colour: Rgb, paint: _Paint) -> None:
    """Two pale bands cross on a ball of rubber, so that one sees it roll."""
    x, _, z = size

    def bands(shader: Shader) -> Field:
        across, _, up = _local(shader).xyz()
        near = (abs(across) / x).least(abs(up - z / 2) / z)
        shown = shader.mix(near.rise(0.088, 0.082), colour, _CREAM)
        seam = abs(near - 0.085).rise(0.010, 0.006)
        return shader.mix(seam * 0.8, shown, tinted(colour, (0.25,) * 3))

    rubber = paint("rubber", bands, 0.4, coat=0.2)
    turn = np.linspace(0, 2 * np.pi, 2 * _SIDES + 1)[None]
    fall = np.linspace(np.pi, 0, _SIDES)[:, None]
    round_ = (np.sin(fall) * np.cos(turn), np.sin(fall) * np.sin(turn), np.cos(fall) + 0 * turn)
    grid = np.stack(round_, axis=-1) * np.array(size) / 2 + np.array([0, 0, z / 2])
    solid.sheet(grid, rubber)


_SHAPES: dict[str, Callable[[Solid, Size, Rgb, _Paint], None]] = {
    "cup": _cup,
    "phone": _phone,
    "box": _box,
    "stool": _stool,
    "ball": _ball,
}


def _local(shader: Shader) -> Field:
    """The point in the prop's own space, metres."""
    return shader.field("ShaderNodeTexCoord", output="Object")


def _round(
    solid: Solid,
    profile: list[tuple[float, float]],
    material: bpy.types.Material,
    x: float = 0.0,
    smooth: bool = True,
) -> None:
    """A body of revolution about the upright axis at `x`: (radius, height) along its outside, upwards."""
    turn = np.linspace(0, 2 * np.pi, _SIDES + 1)
    radius, height = np.array(profile, float).T
    grid = np.stack(
        [
            x + radius[:, None] * np.cos(turn),
            radius[:, None] * np.sin(turn),
            np.repeat(height[:, None], _SIDES + 1, axis=1),
        ],
        axis=-1,
    )
    solid.sheet(grid, material, smooth)


def _rounded(width: float, height: float, radius: float) -> np.ndarray:
    """(N, 2) outline of a rectangle with round corners, its lower side on 0, anticlockwise from ahead."""
    turn = np.linspace(0, np.pi / 2, 6)
    corners = []
    for k, (x, z) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        angle = turn + k * np.pi / 2
        centre = np.array([x * (width / 2 - radius), height / 2 + z * (height / 2 - radius)])
        corners.append(centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return np.concatenate(corners)


def _fan(solid: Solid, outline: np.ndarray, material: bpy.types.Material) -> None:
    """A flat face with the outline (N, 3), anticlockwise from outside."""
    count = len(outline)
    faces = np.stack([np.arange(count), (np.arange(count) + 1) % count, np.full(count, count)], axis=1)
    solid.faces(np.vstack([outline, outline.mean(axis=0)]), faces, np.zeros((count, 3, 2)), material)


def _chamfered(solid: Solid, size: Size, cut: float, material: bpy.types.Material) -> None:
    """A box on the ground whose edges are cut, so that they catch the light."""
    x, y, z = size
    wide, narrow = _corners(x, y, cut), _corners(x - 2 * cut, y - 2 * cut, cut)
    rings = [(narrow, 0.0), (wide, cut), (wide, z - cut), (narrow, z)]
    stack = np.stack([np.column_stack([o, np.full(len(o), at)]) for o, at in rings])
    closed = np.concatenate([stack, stack[:, :1]], axis=1)
    for i in range(3):
        for k in range(closed.shape[1] - 1):
            solid.sheet(closed[i : i + 2, k : k + 2], material, smooth=False)
    _fan(solid, stack[3], material)
    _fan(solid, stack[0][::-1], material)


def _corners(x: float, y: float, cut: float) -> np.ndarray:
    """(8, 2) outline of a rectangle with its corners cut off, anticlockwise."""
    a, b = x / 2, y / 2
    return np.array(
        [
            (a, cut - b),
            (a, b - cut),
            (a - cut, b),
            (cut - a, b),
            (-a, b - cut),
            (-a, cut - b),
            (cut - a, -b),
            (a - cut, -b),
        ]
    )
