"""Skin, and what shows in an open mouth.

What varies slowly over the body is painted on its vertices once a character (`skin_paint`); the shader adds
what is finer than the mesh: brows hair by hair, freckles and creases. Randomness comes from the
character's seed.
"""

from __future__ import annotations

import bpy
import numpy as np

from motionpair.specs import Character
from render.characters.baked import MeshPart
from render.engines.blender.face import Face
from render.engines.blender.shader import (
    Field,
    Rgb,
    Shader,
    Value,
    blend,
    linear_rgb,
    luminance,
    skin_albedo,
    tinted,
)
from render.engines.blender.skin_paint import PAINT, freckled

_FLUSH: Rgb = (1.0, 0.70, 0.62)
_WRINKLED = 0.72
"""Age from which skin has creases deep enough to be seen."""


def brow_colour(character: Character) -> Rgb:
    """Brows are a shade darker than the hair, and never lighter than the skin bears."""
    hair = linear_rgb(character.hair.colour)
    skin = skin_albedo(character.skin)
    darkest: Rgb = (0.020, 0.013, 0.009)
    colour = blend(tinted(hair, (0.55, 0.5, 0.48)), darkest, 0.45)
    return (
        colour
        if luminance(colour) < 0.5 * luminance(skin)
        else blend(colour, tinted(skin, (0.4, 0.32, 0.28)), 0.7)
    )


def skin(character: Character, face: Face | None = None) -> bpy.types.Material:
    """The body's material, which shows what `skin_paint.paint` made; with `face` it draws brows too.

    Brows are a dear formula for a small place: `brow_faces` says where they are needed.
    """
    tone = skin_albedo(character.skin)
    age = character.phenotype["age"]
    shader = Shader("skin" if face is None else "skin with brows")
    colour = shader.attribute(PAINT, "Color")
    if freckled(character):
        spots = shader.noise(shader.attribute("rest", "Vector"), 260.0, detail=0.0).rise(0.60, 0.70)
        colour = shader.mix(spots * shader.attribute("blush") * 0.5, colour, tinted(tone, (0.62, 0.42, 0.32)))
    # Light that enters skin leaves it redder: strongest where the surface turns away from the eye.
    rim = shader.field("ShaderNodeLayerWeight", {"Blend": 0.35}, "Facing")
    colour = shader.mix(rim * 0.42, colour, _FLUSH, "MULTIPLY")
    if face is not None:
        colour = shader.mix(brows(shader, face, character) * 0.92, colour, brow_colour(character))
    inputs: dict[str, Value] = {}
    if age > _WRINKLED:
        depth = 0.3 + 1.5 * float(np.clip((age - _WRINKLED) / (1.0 - _WRINKLED), 0, 1))
        wrinkles = shader.noise(shader.attribute("rest", "Vector"), 95.0, detail=1.0)
        inputs["Normal"] = shader.bump(wrinkles * depth, 0.0012, 0.6)
    roughness = shader.attribute(PAINT, "Alpha")
    return shader.done(
        shader.principled(Base_Color=colour, Roughness=roughness, Specular_IOR_Level=0.40, **inputs)
    )


def brow_faces(part: MeshPart, face: Face) -> np.ndarray:
    """(F,) bool: the faces of the skin that brows may cover."""
    x, y, z = part.vertices.T
    along, up = np.abs(x) / face.half, (z - face.eye_height) / face.half
    near = (
        (along > 0.1)
        & (along < 2.1)
        & (up > 0.0)
        & (up < 1.5 + face.brow_lift)
        & (y < face.eye_depth + face.half)
    )
    corners = np.where(part.faces >= 0, part.faces, part.faces[:, :1])
    return near[corners].any(axis=1)


def brows(shader: Shader, face: Face, character: Character, hairy: float = 1.0) -> Field:
    """How much brow covers a point, in [0, 1]; `hairy` 1 shows single hairs, 0 one smooth stroke.

    The brow is a curve over the eye in bind pose, evaluated at every point: the skin's mesh is too coarse
    there to carry it. Lengths are in units of half the distance between the eyes.
    """
    rng = np.random.default_rng([character.seed, 6])
    gender, age = character.phenotype["gender"], character.phenotype["age"]
    width = float(rng.uniform(0.115, 0.155)) * (0.85 + 0.45 * gender) * (0.8 if age < 0.5 else 1.0)
    width *= face.brow_width
    arch = float(rng.uniform(0.08, 0.16)) + 0.06 * (1 - gender)
    arch *= face.brow_arch
    height = float(rng.uniform(0.58, 0.66)) + face.brow_lift
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
