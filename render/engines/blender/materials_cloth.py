"""Materials of what a character wears: cloth and leather, shoes, hats and glasses."""

from __future__ import annotations

import math

import bpy
import numpy as np

from motionpair.specs import Garment
from render.engines.blender.fabrics import Cloth, View, drawn, fabric_of, flat
from render.engines.blender.shader import Field, Rgb, Shader, Value, blend, linear_rgb, luminance, tinted

_RIBBED = ("tee", "tank", "polo", "sweater")
"""Kinds whose bands are knitted ribs; the bands and collars of others are of their own cloth."""


def cloth(garment: Garment, seed: int, view: View, simple: bool = False) -> bpy.types.Material:
    """The material of a garment of cloth or leather, or of a hat; `simple` as feature animation has it:
    clean colours, broad folds and a soft sheen.

    Raises:
        InputError: the garment's fabric is not one of `catalog.FABRICS`.
    """
    shader = Shader(f"{garment.kind} {garment.fabric}")
    ground = Cloth(shader, garment, view)
    fabric = fabric_of(garment)
    colour = drawn(shader, ground, seed)
    if simple and fabric.woven:
        # Half of the yarn is left: enough to tell corduroy from denim.
        colour = shader.mix(0.5, colour, flat(shader, ground, seed))
    colour = trimmed(shader, ground, colour, seed)
    colour = _sewn(shader, ground, colour)
    nap = max(fabric.nap, 0.30) if simple else fabric.nap
    if nap:
        along = shader.field("ShaderNodeLayerWeight", {"Blend": 0.30}, "Facing")
        colour = shader.mix((along * along) * nap, colour, (0.85, 0.84, 0.86), "SCREEN")
    normal = _folds(shader, ground, fabric.folds, simple)
    if fabric.gloss:
        return shader.done(_leather(shader, ground, colour, normal, simple))
    return shader.done(shader.diffuse(colour, normal))


def pattern(shader: Shader, garment: Garment, seed: int, view: View) -> Field:
    """The garment's colours alone, as one draws them, in another material's shader."""
    ground = Cloth(shader, garment, view)
    return trimmed(shader, ground, flat(shader, ground, seed), seed)


def trimmed(shader: Shader, ground: Cloth, colour: Field, seed: int) -> Field:
    """A garment's colours with those of what is sewn onto it: bands, buttons, a hat's ribbon and visor."""
    main = ground.colours[0]
    has = ground.view.attributes
    if "collar" in has and ground.garment.kind in _RIBBED:
        band = ground.colours[1] if len(ground.colours) == 2 else main
        rib = (ground.u * (2 * math.pi / 0.007)).sin() * (0.22 * ground.view.shows(0.007)) + 0.88
        ribbed = shader.mix(1.0, band, shader.vector(rib, rib, rib), "MULTIPLY")
        colour = shader.mix(shader.attribute("collar").rise(0.4, 0.6), colour, ribbed)
    if "button" in has:
        colour = shader.mix(shader.attribute("button").rise(0.4, 0.6), colour, _button_colour(main, seed))
    if "trim" in has:
        accent = ground.colours[-1] if len(ground.colours) > 1 else _accent(main)
        colour = shader.mix(shader.attribute("trim").rise(0.4, 0.6), colour, accent)
    return colour


def _sewn(shader: Shader, ground: Cloth, colour: Field) -> Field:
    """Hems, sleeve seams and the edge of a buttoned front, as bands and grooves."""
    groove: Field | None = None
    band: Value = 0.0
    hem = ground.attribute(shader, "hem", 1.0)
    if isinstance(hem, Field):
        band = hem.rise(0.0175, 0.0165) * 0.075
        groove = abs(hem - 0.0170).rise(0.0016, 0.0)
    if ground.side is not None:
        seam = abs(ground.side).rise(0.0022, 0.0) * 0.8
        groove = seam if groove is None else groove.most(seam)
    if "placket" in ground.view.attributes:
        front = abs(shader.attribute("placket") - 0.016).rise(0.0020, 0.0004)
        groove = front if groove is None else groove.most(front)
    if groove is None:
        return colour
    return shader.mix(groove * 0.35 + band, colour, (0.25, 0.25, 0.28), "MULTIPLY")


def _folds(shader: Shader, ground: Cloth, depth: float, simple: bool) -> Field:
    """The surface's normal: soft folds that hang."""
    stretch = (7.0, 7.0, 2.6) if simple else (10.0, 10.0, 4.0)
    drape = shader.noise(
        shader.vector_math("MULTIPLY", ground.rest, stretch), 1.0, detail=0.0 if simple else 1.0
    )
    return shader.bump(drape, (0.026 if simple else 0.034) * depth, 0.8)


def _leather(shader: Shader, ground: Cloth, colour: Field, normal: Field, simple: bool) -> Field:
    """A surface that shines, with a grain."""
    rough: Value = 0.40
    if not simple:
        grain = shader.noise(ground.rest, 330.0, detail=1.0)
        normal = shader.bump(grain, 0.0012, 0.5 * ground.view.shows(0.004), normal)
        rough = 0.34 + shader.noise(ground.rest, 40.0, detail=0.0) * 0.16
    return shader.principled(
        Base_Color=colour,
        Roughness=rough,
        Specular_IOR_Level=0.5,
        Coat_Weight=0.15,
        Coat_Roughness=0.25,
        Normal=normal,
    )


def shoe(garment: Garment, seed: int, view: View, simple: bool = False) -> bpy.types.Material:
    """Leather or canvas, a rubber sole and laces."""
    shader = Shader(garment.kind)
    rest = shader.attribute("rest", "Vector")
    upper = _upper(shader, garment, view)
    grain = shader.noise(rest, 240.0, detail=0.0)
    if not simple:
        upper = shader.mix((1.0 - grain.rise(0.3, 0.7)) * 0.16, upper, (0.0, 0.0, 0.0))
    sole, lace = shader.attribute("sole"), shader.attribute("lace")
    shown = shader.mix(sole.rise(0.4, 0.6), upper, sole_colour(garment, seed))
    shown = shader.mix(lace.rise(0.4, 0.6), shown, _lace_colour(garment, seed))
    base = 0.28 if garment.fabric == "leather" else 0.46
    rough = (sole + lace).clamped() * 0.35 + (base + grain * 0.2)
    return shader.done(
        shader.principled(
            Base_Color=shown,
            Roughness=rough,
            Specular_IOR_Level=0.5 if garment.fabric == "leather" else 0.35,
            Coat_Weight=0.3 if garment.fabric == "leather" else 0.0,
            Coat_Roughness=0.2,
        )
    )


def drawn_shoe(shader: Shader, garment: Garment, seed: int, view: View) -> Field:
    """A shoe's colours alone, in another material's shader."""
    shown = shader.mix(
        shader.attribute("sole").above(0.5), _upper(shader, garment, view), sole_colour(garment, seed)
    )
    return shader.mix(shader.attribute("lace").above(0.5), shown, _lace_colour(garment, seed))


def _upper(shader: Shader, garment: Garment, view: View) -> Field:
    """A shoe's upper; blocks of colour meet at the heel, the toe and along the side."""
    colours = [linear_rgb(c) for c in garment.colours]
    if garment.fabric != "colour_block":
        return shader.constant(colours[0])
    first, second, third = colours
    _, y, z = shader.attribute("rest", "Vector").xyz()
    low = view.span[0]
    stripe = ((y * 0.8 + z) / 0.05).fract()
    side = z.rise(low + 0.030, low + 0.033) * z.rise(low + 0.075, low + 0.072)
    shown = shader.mix(stripe.rise(0.30, 0.34) * stripe.rise(0.72, 0.68) * side, first, second)
    return shader.mix(z.rise(low + 0.072, low + 0.076), shown, third)


def sole_colour(garment: Garment, seed: int) -> Rgb:
    """Off-white or dark rubber, whichever the upper is not; boots have dark soles."""
    light = luminance(linear_rgb(garment.colours[0])) > 0.35
    rng = np.random.default_rng([seed, 5])
    pale = not light and rng.random() < 0.55 and garment.kind != "boots"
    return (0.62, 0.60, 0.56) if pale else (0.055, 0.05, 0.046)


def glasses(garment: Garment) -> bpy.types.Material:
    """Polished frames."""
    shader = Shader("glasses")
    colour = linear_rgb(garment.colours[0])
    return shader.done(
        shader.principled(
            Base_Color=colour, Roughness=0.22, Specular_IOR_Level=0.6, Coat_Weight=0.6, Coat_Roughness=0.05
        )
    )


def _lace_colour(garment: Garment, seed: int) -> Rgb:
    rng = np.random.default_rng([seed, 4])
    return (0.70, 0.68, 0.64) if rng.random() < 0.5 else tinted(linear_rgb(garment.colours[0]), (0.35,) * 3)


def _button_colour(main: Rgb, seed: int) -> Rgb:
    """Mother-of-pearl, horn, or dyed to match, so that they are seen on their cloth."""
    rng = np.random.default_rng([seed, 8])
    if luminance(main) > 0.35:
        return ((0.30, 0.24, 0.18), (0.07, 0.06, 0.06), tinted(main, (0.5,) * 3))[int(rng.integers(3))]
    return ((0.72, 0.69, 0.62), (0.42, 0.30, 0.18), blend(main, (1.0, 1.0, 1.0), 0.45))[int(rng.integers(3))]


def _accent(main: Rgb) -> Rgb:
    """Ribbon and visor in the hat's own colour, a shade away from it."""
    return tinted(main, (0.45,) * 3) if luminance(main) > 0.12 else blend(main, (0.75, 0.72, 0.66), 0.30)
