"""Skin, and what shows in an open mouth.

One shader draws the whole body from the masks that were baked on its vertices (`baked.ATTRIBUTES`): tone
with mottling, blush, lips, brows hair by hair, nails, stubble, freckles and creases. Randomness comes from
the character's seed.
"""

from __future__ import annotations

import bpy
import numpy as np

from motionpair.specs import Character
from render.engines.blender.shader import Field, Rgb, Shader, linear_rgb

_LIP_TINT: Rgb = (0.80, 0.46, 0.47)
_BLUSH_TINT: Rgb = (1.06, 0.70, 0.66)
_SUBSURFACE_RADIUS: Rgb = (1.0, 0.36, 0.18)
"""Mean free paths of red, green and blue light in skin, relative (Jensen et al. 2001, measured skin)."""


def luminance(colour: Rgb) -> float:
    """Relative luminance of a linear Rec. 709 colour."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def tinted(colour: Rgb, tint: Rgb) -> Rgb:
    """A colour times a tint, channel by channel."""
    return colour[0] * tint[0], colour[1] * tint[1], colour[2] * tint[2]


def blend(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Colour `a` to `b` by `share`."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def brow_colour(character: Character) -> Rgb:
    """Brows are a shade darker than the hair, and never lighter than the skin bears."""
    hair = linear_rgb(character.hair.colour)
    skin = linear_rgb(character.skin)
    darkest: Rgb = (0.020, 0.013, 0.009)
    colour = blend(tinted(hair, (0.55, 0.5, 0.48)), darkest, 0.45)
    return (
        colour
        if luminance(colour) < 0.5 * luminance(skin)
        else blend(colour, tinted(skin, (0.4, 0.32, 0.28)), 0.7)
    )


def skin(character: Character, attributes: frozenset[str]) -> bpy.types.Material:
    """The body's material; masks that are not among `attributes` are left out."""
    rng = np.random.default_rng([character.seed, 1])
    tone = linear_rgb(character.skin)
    light = luminance(tone)
    age, gender = character.phenotype["age"], character.phenotype["gender"]
    hair = linear_rgb(character.hair.colour)
    shader = Shader("skin")
    rest = shader.attribute("rest", "Vector")
    mottling = shader.noise(rest, 28.0, detail=2.0)
    pores = shader.noise(rest, 420.0, detail=1.0)

    colour = shader.mix(
        mottling.rise(0.3, 0.7), tinted(tone, (0.93, 0.90, 0.90)), tinted(tone, (1.05, 1.03, 1.02))
    )
    roughness: Field | float = 0.40 + pores * 0.18
    if "blush" in attributes:
        strength = float(rng.uniform(0.35, 0.75)) * (0.5 + 0.5 * min(light / 0.4, 1.0))
        colour = shader.mix(shader.attribute("blush") * strength, colour, _BLUSH_TINT, "MULTIPLY")
    if light > 0.25 and age < 0.8 and rng.random() < 0.3:
        colour = _freckles(shader, rest, colour, tone, attributes)
    if "cavity" in attributes:
        colour = shader.mix(shader.attribute("cavity") * 0.75, colour, (0.50, 0.30, 0.26), "MULTIPLY")
    if "nails" in attributes:
        nails = shader.attribute("nails").rise(0.35, 0.65)
        colour = shader.mix(nails * 0.6, colour, blend(tone, (0.85, 0.62, 0.58), 0.4))
        roughness = roughness - nails * 0.25
    if "lips" in attributes:
        made_up = gender < 0.45 and age > 0.5 and rng.random() < 0.5
        lips = shader.attribute("lips").rise(-0.0022, 0.0014)
        lip_colour = _lipstick(rng, tone) if made_up else tinted(tone, _LIP_TINT)
        colour = shader.mix(lips * (0.9 if made_up else 0.72), colour, lip_colour)
        roughness = roughness - lips * (0.16 if made_up else 0.08)
    grain = shader.noise(rest, 900.0, detail=0.0)
    if "beard" in attributes and gender > 0.6 and age > 0.55:
        stubble = shader.attribute("beard") * float(rng.choice([0.12, 0.3, 0.6]))
        colour = shader.mix(stubble * grain.rise(0.35, 0.6), colour, blend(hair, (0.02, 0.018, 0.018), 0.6))
    if "scalp" in attributes and character.hair.style != "none":
        cover = {"bald": 0.16, "buzz": 0.8}.get(character.hair.style, 0.75)
        colour = shader.mix(
            shader.attribute("scalp") * cover * (0.55 + 0.45 * grain.rise(0.35, 0.6)),
            colour,
            tinted(hair, (0.6, 0.55, 0.5)),
        )
    if "brow" in attributes:
        thickness = float(rng.uniform(0.8, 1.1)) * (0.85 + 0.3 * gender)
        colour = shader.mix(brows(shader, thickness) * 0.92, colour, brow_colour(character))
    wrinkles = shader.noise(rest, 95.0, detail=2.0, distortion=0.6)
    depth = 0.25 + 1.6 * float(np.clip((age - 0.72) / 0.28, 0, 1))
    normal = shader.bump(pores * 0.35 + wrinkles * depth, 0.0011, 0.5)
    return shader.done(
        shader.principled(
            Base_Color=colour,
            Roughness=roughness,
            Specular_IOR_Level=0.42,
            Subsurface_Weight=0.6,
            Subsurface_Radius=_SUBSURFACE_RADIUS,
            Subsurface_Scale=0.006,
            Normal=normal,
        )
    )


def brows(shader: Shader, thickness: float) -> Field:
    """How much brow covers a point, in [0, 1]: hairs that lean outwards, in brow coordinates."""
    u, v, _ = shader.attribute("brow", "Vector").xyz()
    span = u.rise(-0.10, 0.12) * u.rise(1.06, 0.45)
    edge = span * thickness
    lean = shader.vector(u * 16.0 - v * 1.7, v * 0.7, 0.0)
    hairs = shader.noise(lean, 2.6, detail=1.0)
    body = (edge - abs(v)).rise(-0.10, 0.45)
    return (body * (0.45 + hairs.rise(0.38, 0.62) * 0.75)).clamped() * u.rise(1.12, 1.0) * u.rise(-0.2, 0.1)


def _freckles(shader: Shader, rest: Field, colour: Field, tone: Rgb, attributes: frozenset[str]) -> Field:
    spots = shader.noise(rest, 260.0, detail=0.0).rise(0.60, 0.70)
    where = shader.attribute("blush") if "blush" in attributes else 0.3
    return shader.mix(spots * where * 0.5, colour, tinted(tone, (0.62, 0.42, 0.32)))


def _lipstick(rng: np.random.Generator, tone: Rgb) -> Rgb:
    shades = ((0.42, 0.06, 0.09), (0.50, 0.14, 0.16), (0.38, 0.10, 0.14), (0.55, 0.20, 0.18))
    return blend(tinted(tone, _LIP_TINT), shades[int(rng.integers(len(shades)))], 0.55)


def teeth() -> bpy.types.Material:
    """Enamel."""
    shader = Shader("teeth")
    return shader.done(
        shader.principled(
            Base_Color=(0.80, 0.76, 0.68), Roughness=0.22, Subsurface_Weight=0.0, Specular_IOR_Level=0.5
        )
    )


def tongue() -> bpy.types.Material:
    """A wet, rough pink."""
    shader = Shader("tongue")
    rest = shader.attribute("rest", "Vector")
    colour = shader.mix(shader.noise(rest, 300.0), (0.42, 0.13, 0.13), (0.52, 0.20, 0.19))
    return shader.done(shader.principled(Base_Color=colour, Roughness=0.35))


def lashes() -> bpy.types.Material:
    """Dark, without a gleam."""
    shader = Shader("lashes")
    return shader.done(
        shader.principled(Base_Color=(0.012, 0.009, 0.008), Roughness=0.7, Specular_IOR_Level=0.1)
    )
