"""Skin, and what shows in an open mouth.

One shader draws the whole body from the masks that were baked on its vertices (`baked.ATTRIBUTES`): tone
with mottling, blush, lips, brows hair by hair, nails, stubble, freckles and creases. Randomness comes from
the character's seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from motionpair.specs import Character
from render.engines.blender.shader import Field, Rgb, Shader, linear_rgb

_LIP_TINT: Rgb = (0.80, 0.46, 0.47)
_BLUSH_TINT: Rgb = (1.06, 0.70, 0.66)
_FLUSH: Rgb = (1.0, 0.70, 0.62)


@dataclass(frozen=True)
class Face:
    """Where the eyes are in bind pose, metres: half their distance, their height and their y."""

    half: float
    eye_height: float
    eye_depth: float


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


def skin(character: Character, face: Face, attributes: frozenset[str]) -> bpy.types.Material:
    """The body's material; masks that are not among `attributes` are left out."""
    rng = np.random.default_rng([character.seed, 1])
    tone = linear_rgb(character.skin)
    light = luminance(tone)
    age, gender = character.phenotype["age"], character.phenotype["gender"]
    hair = linear_rgb(character.hair.colour)
    shader = Shader("skin")
    rest = shader.attribute("rest", "Vector")
    mottling = shader.noise(rest, 28.0, detail=2.0)
    grain = shader.noise(rest, 700.0, detail=0.0)

    def masked(name: str) -> Field | None:
        return shader.attribute(name) if name in attributes else None

    colour = shader.mix(
        mottling.rise(0.28, 0.72), tinted(tone, (0.93, 0.86, 0.85)), tinted(tone, (1.05, 1.04, 1.03))
    )
    blotches = shader.noise(rest, 11.0, detail=1.0).rise(0.50, 0.75)
    colour = shader.mix(blotches * 0.35, colour, (1.02, 0.86, 0.83), "MULTIPLY")
    # Light that enters skin leaves it redder: strongest where the surface turns away from the eye.
    rim = shader.field("ShaderNodeLayerWeight", {"Blend": 0.35}, "Facing")
    colour = shader.mix(rim * 0.42, colour, _FLUSH, "MULTIPLY")
    roughness: Field | float = 0.36 + grain * 0.16 + mottling * 0.12
    if blush := masked("blush"):
        strength = float(rng.uniform(0.45, 0.85)) * (0.45 + 0.55 * min(light / 0.4, 1.0))
        colour = shader.mix(blush * strength, colour, _BLUSH_TINT, "MULTIPLY")
        if light > 0.25 and age < 0.8 and rng.random() < 0.3:
            spots = shader.noise(rest, 260.0, detail=0.0).rise(0.60, 0.70)
            colour = shader.mix(spots * blush * 0.5, colour, tinted(tone, (0.62, 0.42, 0.32)))
    if eyelid := masked("eyelid"):
        colour = shader.mix(eyelid * 0.5, colour, (0.72, 0.56, 0.53), "MULTIPLY")
    if nail := masked("nail"):
        colour = shader.mix(nail * 0.6, colour, blend(tone, (0.85, 0.62, 0.58), 0.4))
        roughness = roughness - nail * 0.25
    if (beard := masked("beard")) and gender > 0.6 and age > 0.55:
        stubble = beard * float(rng.choice([0.08, 0.20, 0.45]))
        shadow = blend(tinted(hair, (0.6, 0.6, 0.6)), tinted(tone, (0.25, 0.22, 0.22)), 0.4)
        colour = shader.mix(stubble * (0.4 + 0.6 * grain.rise(0.35, 0.6)), colour, shadow)
    if scalp := masked("scalp"):
        cover = {"bald": 0.14, "none": 0.14, "buzz": 0.85}.get(character.hair.style, 0.75)
        speckled = scalp * cover * (0.55 + 0.45 * grain.rise(0.35, 0.6))
        colour = shader.mix(speckled, colour, tinted(hair, (0.6, 0.55, 0.5)))
    if lip := masked("lip"):
        made_up = gender < 0.45 and age > 0.5 and rng.random() < 0.5
        on_lip = lip.rise(0.25, 0.70)
        colour = shader.mix(
            on_lip * (0.9 if made_up else 0.75),
            colour,
            _lipstick(rng, tone) if made_up else tinted(tone, _LIP_TINT),
        )
        roughness = roughness - on_lip * (0.16 if made_up else 0.08)
    if mouth := masked("mouth"):
        colour = shader.mix(mouth.rise(0.3, 0.7), colour, (0.16, 0.035, 0.035))
    colour = shader.mix(brows(shader, face, character, rng) * 0.92, colour, brow_colour(character))
    wrinkles = shader.noise(rest, 95.0, detail=2.0, distortion=0.6)
    depth = 0.22 + 1.5 * float(np.clip((age - 0.72) / 0.28, 0, 1))
    normal = shader.bump(grain * 0.30 + wrinkles * depth, 0.0012, 0.6)
    return shader.done(
        shader.principled(Base_Color=colour, Roughness=roughness, Specular_IOR_Level=0.40, Normal=normal)
    )


def brows(
    shader: Shader, face: Face, character: Character, rng: np.random.Generator, hairy: float = 1.0
) -> Field:
    """How much brow covers a point, in [0, 1]; `hairy` 1 shows single hairs, 0 one smooth stroke.

    The brow is a curve over the eye in bind pose, evaluated at every point: the skin's mesh is too coarse
    there to carry it. Lengths are in units of half the distance between the eyes.
    """
    gender, age = character.phenotype["gender"], character.phenotype["age"]
    width = float(rng.uniform(0.115, 0.155)) * (0.85 + 0.45 * gender) * (0.8 if age < 0.5 else 1.0)
    arch = float(rng.uniform(0.08, 0.16)) + 0.06 * (1 - gender)
    height = float(rng.uniform(0.58, 0.66))
    x, y, z = shader.attribute("rest", "Vector").xyz()
    along = (abs(x) / face.half - 0.52) / 1.14
    line = height + arch * along.rise(0.0, 0.65) - (arch + 0.06) * along.rise(0.55, 1.08)
    off = (z - face.eye_height) / face.half - line
    taper = along.rise(-0.10, 0.16) * (1.0 - 0.80 * along.rise(0.40, 1.02)) * width
    lean = shader.vector(along * 13.0 - off * 9.0, off * 9.0 + along * 2.5, 0.0)
    hairs = shader.noise(lean, 2.2, detail=1.0)
    ragged = abs(off) + (hairs - 0.5) * (width * 1.1 * hairy)
    cover = ragged.rise(taper + width * 0.20, taper - width * 0.55) * (
        1.0 - 0.30 * hairy * hairs.rise(0.60, 0.40)
    )
    front = y.rise(face.eye_depth + 0.9 * face.half, face.eye_depth + 0.4 * face.half)
    return cover * front * along.rise(1.08, 0.98) * along.rise(-0.12, -0.02)


def _lipstick(rng: np.random.Generator, tone: Rgb) -> Rgb:
    shades = ((0.42, 0.06, 0.09), (0.50, 0.14, 0.16), (0.38, 0.10, 0.14), (0.55, 0.20, 0.18))
    shade = shades[int(rng.integers(len(shades)))]
    depth = min(1.0, 0.25 + luminance(tone))
    return blend(tinted(tone, _LIP_TINT), tinted(shade, (depth, depth, depth)), 0.6)


def teeth() -> bpy.types.Material:
    """Enamel."""
    shader = Shader("teeth")
    return shader.done(
        shader.principled(Base_Color=(0.80, 0.76, 0.68), Roughness=0.22, Specular_IOR_Level=0.5)
    )


def tongue() -> bpy.types.Material:
    """A wet, rough pink."""
    shader = Shader("tongue")
    rest = shader.attribute("rest", "Vector")
    colour = shader.mix(shader.noise(rest, 300.0), (0.42, 0.13, 0.13), (0.52, 0.20, 0.19))
    return shader.done(shader.principled(Base_Color=colour, Roughness=0.35))


def lashes(character: Character) -> bpy.types.Material:
    """Dark hairs that thin out towards their tips, in `lash` coordinates: around the eye, and lid to tip."""
    shader = Shader("lashes")
    strength = 1.0 - 0.5 * character.phenotype["gender"]
    around, tip, _ = shader.attribute("lash", "Vector").xyz()
    hairs = shader.noise(shader.vector(around * 30.0, tip * 0.6, 0.0), 1.0, detail=0.0)
    reach = (0.25 + 1.3 * hairs) * strength
    cover = tip.rise(reach, reach * 0.45) * (0.55 + 0.45 * strength)
    hair = shader.field("ShaderNodeBsdfDiffuse", {"Color": (0.006, 0.005, 0.005)})
    return shader.done(shader.mix_shaders(cover, shader.field("ShaderNodeBsdfTransparent"), hair))
