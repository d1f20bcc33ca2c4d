"""Eyes: iris, pupil, limbal ring, wet sclera and a catch light, drawn from the eye-local direction."""

from __future__ import annotations

import math

import bpy
import numpy as np

from motionpair.specs import Character
from render.engines.blender.shader import Field, Shader, blend, linear_rgb, luminance, tinted

IRIS = 0.375
"""Radius of the iris as seen from the eyeball's centre, radians: 6.2 mm on the baked eyes of 17 mm."""
_CATCH_LIGHT = (-0.34, 0.42, -0.84)
"""Where the catch light comes from, in camera space (x right, y up, z forward)."""


def polar(shader: Shader, iris: float) -> tuple[Field, Field, Field, Field]:
    """Eye-local direction's x and z, the radius (1 at the iris's rim), and a unit vector around the iris."""
    direction = shader.vector_math("NORMALIZE", shader.attribute("eye", "Vector"))
    x, _, z = direction.xyz()
    flat = shader.vector(x, z, 0.0)
    radius = shader.vector_math("LENGTH", flat, scalar=True) / math.sin(iris)
    return x, z, radius, shader.vector_math("NORMALIZE", flat)


def catch_light(shader: Shader, size: float) -> Field:
    """1 where a window of `size` radians, fixed to the camera, mirrors in the eye."""
    geometry = shader.node("ShaderNodeNewGeometry")
    mirrored = shader.vector_math(
        "REFLECT",
        shader.scaled(Field(shader, geometry.outputs["Incoming"]), -1.0),
        Field(shader, geometry.outputs["Normal"]),
    )
    seen = shader.field(
        "ShaderNodeVectorTransform",
        {0: mirrored},
        vector_type="VECTOR",
        convert_from="WORLD",
        convert_to="CAMERA",
    )
    norm = math.sqrt(sum(c * c for c in _CATCH_LIGHT))
    towards = shader.vector_math("DOT_PRODUCT", seen, [c / norm for c in _CATCH_LIGHT], scalar=True)
    return towards.rise(math.cos(size * 1.25), math.cos(size * 0.8))


def eye(character: Character) -> bpy.types.Material:
    """A realistic eye."""
    rng = np.random.default_rng([character.seed, 2])
    shader = Shader("eye")
    x, z, radius, around = polar(shader, IRIS)
    base = linear_rgb(character.eyes)
    fibres = shader.noise(
        shader.vector_math("ADD", shader.scaled(around, 3.2), shader.vector(0.0, 0.0, radius * 0.9)), 4.0, 2.0
    )
    pupil = float(rng.uniform(0.34, 0.42))
    amber = blend(tinted(base, (1.5, 1.15, 0.8)), (0.35, 0.19, 0.06), 0.35 * min(luminance(base) / 0.12, 1.0))
    iris = shader.mix(radius.rise(0.75, pupil), base, amber)
    iris = shader.mix(
        1.0, iris, shader.mix(fibres.rise(0.3, 0.7), (0.55, 0.55, 0.55), (1.7, 1.7, 1.7)), "MULTIPLY"
    )
    lower_glow = (z * -2.2 + 0.9).clamped() * 0.8 + 0.45
    iris = shader.mix(1.0, iris, shader.vector(lower_glow, lower_glow, lower_glow), "MULTIPLY")
    iris = shader.mix(radius.rise(0.72, 0.98) * 0.85, iris, tinted(base, (0.10, 0.10, 0.12)))
    iris = shader.mix(radius.rise(pupil + 0.05, pupil - 0.03), iris, (0.004, 0.004, 0.005))

    veins = shader.noise(shader.attribute("eye", "Vector"), 9.0, detail=2.0, distortion=1.5)
    redness = abs(x).rise(0.30, 0.75) * (0.25 + 0.5 * veins)
    white = shader.mix(redness, (0.74, 0.71, 0.69), (0.62, 0.34, 0.30))
    colour = shader.mix(radius.rise(1.07, 0.94), white, iris)
    shade = (
        (1.0 - 0.62 * z.rise(0.10, 0.40))
        * (1.0 - 0.35 * z.rise(-0.14, -0.40))
        * (1.0 - 0.3 * abs(x).rise(0.35, 0.8))
    )
    colour = shader.mix(1.0, colour, shader.vector(shade, shade * 0.985, shade * 0.975), "MULTIPLY")
    wet = shader.principled(
        Base_Color=colour,
        Roughness=0.35,
        Specular_IOR_Level=0.3,
        Coat_Weight=0.8,
        Coat_Roughness=0.03,
        Emission_Color=(1.0, 1.0, 1.0),
        Emission_Strength=catch_light(shader, 0.17) * 0.9,
    )
    return shader.done(wet)
