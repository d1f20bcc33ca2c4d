"""The 3D-animation look: painted skin, large glossy eyes, clean lashes, and hair in chunky locks.

Surfaces are those of a feature film's characters: few textures, broad soft gradients, a warm glow where
skin turns away from the light. It is lit and shown like the realistic look.
"""

from __future__ import annotations

import dataclasses

import bpy
import numpy as np

from motionpair.specs import Character
from render.characters.baked import BakedCharacter
from render.engines.blender.face import Face
from render.engines.blender.hair import build_strands
from render.engines.blender.materials_eye import catch_light, polar
from render.engines.blender.materials_skin import brow_colour, brows
from render.engines.blender.shader import (
    Field,
    Rgb,
    Shader,
    blend,
    linear_rgb,
    luminance,
    skin_albedo,
    tinted,
)
from render.engines.blender.skin_paint import PAINT

IRIS = 0.50
"""Radius of the iris as seen from the eyeball's centre, radians."""
_LOCKS = 420
"""About how many locks stand for a head of strands."""
_BEARD_LOCKS = 500
_SLENDER = 0.13
"""The most that a lock's radius is of its length: short hair has fine locks."""
_LOCK_RADIUS = 0.0052
"""Metres, of a lock at its widest, on a head as large as an adult's."""
_PROFILE = np.array([(0.0, 0.55), (0.25, 1.0), (0.6, 0.9), (0.85, 0.5), (1.0, 0.06)])
"""A lock's radius from root to tip, against its widest."""
_ADULT_EYES = 0.098
"""Metres from one eyeball's outer side to the other's, of an adult."""
_GLOW: Rgb = (1.0, 0.36, 0.22)


def skin(character: Character, face: Face | None = None) -> bpy.types.Material:
    """Smooth skin that glows warmly in the shade and along its rim; with `face` it draws brows too."""
    shader = Shader("feature skin" if face is None else "feature skin with brows")
    tone = skin_albedo(character.skin)
    colour = shader.attribute(PAINT, "Color")
    facing = shader.field("ShaderNodeLayerWeight", {"Blend": 0.32}, "Facing")
    colour = shader.mix(facing * 0.55, colour, (1.0, 0.62, 0.50), "MULTIPLY")
    if face is not None:
        cover = brows(shader, face, character, hairy=0.18)
        colour = shader.mix(cover * 0.96, colour, brow_colour(character))
    glow = tinted(tone, _GLOW)
    return shader.done(
        shader.principled(
            Base_Color=colour,
            Roughness=shader.attribute(PAINT, "Alpha"),
            Specular_IOR_Level=0.42,
            Coat_Weight=0.06,
            Coat_Roughness=0.35,
            Emission_Color=glow,
            Emission_Strength=0.09 + 0.10 * (facing * facing),
        )
    )


def eye(character: Character) -> bpy.types.Material:
    """A large iris that glows from below, a dark rim, a clean white, and two bright lights in it."""
    shader = Shader("feature eye")
    x, z, radius, around = polar(shader, IRIS)
    base = linear_rgb(character.eyes)
    # However dark the eyes, their iris and pupil have to be told apart.
    light = max(luminance(base), 0.02)
    vivid = tinted(base, (0.085 / light,) * 3) if light < 0.085 else base
    bright = blend(tinted(vivid, (2.4, 2.3, 2.2)), (1.0, 0.95, 0.85), 0.06)
    deep = tinted(vivid, (0.42, 0.40, 0.46))
    fibres = shader.noise(
        shader.vector_math("ADD", shader.scaled(around, 2.4), shader.vector(0.0, 0.0, radius)), 3.0
    )
    iris = shader.mix((z * -1.7 + 0.42 + (fibres - 0.5) * 0.5).clamped(), deep, bright)
    iris = shader.mix(radius.rise(0.66, 0.50) * 0.45, iris, deep)
    iris = shader.mix(radius.rise(0.80, 0.96) * 0.92, iris, tinted(vivid, (0.06, 0.06, 0.07)))
    iris = shader.mix(radius.rise(0.47, 0.43), iris, (0.003, 0.003, 0.004))
    white = shader.mix(abs(x).rise(0.30, 0.85), (0.80, 0.80, 0.80), (0.70, 0.60, 0.58))
    colour = shader.mix(radius.rise(1.03, 0.96), white, iris)
    lid = 1.0 - 0.55 * z.rise(0.16, 0.62)
    colour = shader.mix(1.0, colour, shader.vector(lid, lid, lid * 1.01), "MULTIPLY")
    glint = catch_light(shader, 0.24)
    second = _spot(shader, x, z, 0.20, -0.24, 0.085)
    wet = shader.principled(
        Base_Color=colour,
        Roughness=0.25,
        Specular_IOR_Level=0.35,
        Coat_Weight=1.0,
        Coat_Roughness=0.02,
        Emission_Color=shader.mix(glint.most(second), colour, (1.0, 1.0, 1.0)),
        Emission_Strength=0.10 + glint * 1.5 + second * 0.45,
    )
    return shader.done(wet)


def lashes(character: Character) -> bpy.types.Material:
    """One dark line along the lid that ends in a soft edge, longer on women."""
    shader = Shader("feature lashes")
    _, tip, _ = shader.attribute("lash", "Vector").xyz()
    reach = 0.62 - 0.34 * character.phenotype["gender"]
    cover = tip.rise(reach, reach * 0.72)
    dark = shader.field("ShaderNodeBsdfDiffuse", {"Color": (0.012, 0.008, 0.007)})
    return shader.done(shader.mix_shaders(cover, shader.field("ShaderNodeBsdfTransparent"), dark))


def hair(character: Character) -> bpy.types.Material:
    """Hair that is a mesh, under the locks: their colour in the shade."""
    shader = Shader("feature mesh hair")
    colour = _hair_colour(character)
    return shader.done(
        shader.principled(
            Base_Color=tinted(colour, (0.50, 0.47, 0.46)), Roughness=0.55, Specular_IOR_Level=0.25
        )
    )


def locks(character: Character) -> bpy.types.Material:
    """Locks, darker at the root and paler at the tip, each a little different, with a broad gleam."""
    shader = Shader("feature locks")
    colour = _hair_colour(character)
    info = shader.node("ShaderNodeHairInfo")
    along, chance = Field(shader, info.outputs["Intercept"]), Field(shader, info.outputs["Random"])
    shown = shader.mix(chance, tinted(colour, (0.80, 0.78, 0.77)), tinted(colour, (1.22, 1.20, 1.18)))
    shown = shader.mix(along.rise(0.45, 0.0) * 0.55, shown, tinted(colour, (0.42, 0.38, 0.37)))
    shown = shader.mix(
        along.rise(0.6, 1.0) * 0.30, shown, blend(tinted(colour, (1.6, 1.5, 1.4)), (1.0, 0.9, 0.8), 0.04)
    )
    return shader.done(shader.principled(Base_Color=shown, Roughness=0.5, Specular_IOR_Level=0.25))


def with_locks(baked: BakedCharacter) -> BakedCharacter:
    """The character with every so manieth strand, as wide as a lock; a beard keeps more of its strands."""
    strands = np.arange(len(baked.strands))
    if baked.strand_roots is None:
        chosen = _every(strands, _LOCKS)
    else:
        whiskers = baked.strand_roots >= 0
        chosen = np.concatenate([_every(strands[~whiskers], _LOCKS), _every(strands[whiskers], _BEARD_LOCKS)])
    eyes = next(p for p in baked.parts if p.role == "eye").vertices
    size = float(np.ptp(eyes[:, 0])) / _ADULT_EYES
    return dataclasses.replace(
        baked,
        strands=baked.strands[chosen],
        sway=None if baked.sway is None else baked.sway[chosen],
        strand_roots=None if baked.strand_roots is None else baked.strand_roots[chosen],
        strand_radius=_LOCK_RADIUS * size,
    )


def build_locks(baked: BakedCharacter) -> bpy.types.Object:
    """The strands of `with_locks` as one curves object: full in the middle, pointed at the tip."""
    target = build_strands("locks", baked.strands, baked.strand_radius)
    length = np.linalg.norm(np.diff(baked.strands, axis=1), axis=2).sum(axis=1)
    width = np.clip(_SLENDER * length, 0.2 * baked.strand_radius, baked.strand_radius)
    along = np.linspace(0.0, 1.0, baked.strands.shape[1])
    radius = width[:, None] * np.interp(along, _PROFILE[:, 0], _PROFILE[:, 1])
    target.data.attributes["radius"].data.foreach_set("value", radius.astype(np.float32).ravel())
    return target


def _every(strands: np.ndarray, count: int) -> np.ndarray:
    """About `count` of the strands, evenly."""
    step = max(len(strands) // count, 1)
    return strands[step // 2 :: step]


def _hair_colour(character: Character) -> Rgb:
    """Hair a shade more vivid than life, and never so dark that its locks cannot be told apart."""
    colour = linear_rgb(character.hair.colour)
    light = luminance(colour)
    vivid = tuple(max(c + (c - light) * 0.25, 0.0) for c in colour)
    r, g, b = vivid if light > 0.012 else blend((vivid[0], vivid[1], vivid[2]), (0.030, 0.024, 0.024), 0.5)
    return r, g, b


def _spot(shader: Shader, x: Field, z: Field, cx: float, cz: float, size: float) -> Field:
    """1 within `size` of a place on the eye."""
    dx, dz = x - cx, z - cz
    return ((dx * dx + dz * dz) ** 0.5).rise(size * 1.1, size * 0.8)
