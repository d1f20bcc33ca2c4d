"""Hair: strands as curves with a hair shader, and hair that is a mesh."""

from __future__ import annotations

import bpy
import numpy as np

from motionpair.specs import Character
from render.engines.blender.materials_skin import tinted
from render.engines.blender.shader import Field, Shader, linear_rgb


def build_strands(name: str, strands: np.ndarray, radius: float) -> bpy.types.Object:
    """Strands (S, P, 3), metres, as one curves object; they taper towards the tip."""
    count, points = strands.shape[:2]
    data = bpy.data.hair_curves.new(name)
    data.add_curves([points] * count)
    data.attributes["position"].data.foreach_set("vector", np.asarray(strands, np.float32).ravel())
    taper = radius * np.linspace(1.0, 0.35, points, dtype=np.float32) ** 0.7
    data.attributes.new("radius", "FLOAT", "POINT").data.foreach_set("value", np.tile(taper, count))
    target = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(target)
    return target


def strand_material(character: Character) -> bpy.types.Material:
    """Strands with two highlights and some light let through, each a little different, darker at the root."""
    shader = Shader("hair")
    colour = linear_rgb(character.hair.colour)
    info = shader.node("ShaderNodeHairInfo")
    along, chance = Field(shader, info.outputs["Intercept"]), Field(shader, info.outputs["Random"])
    shown = shader.mix(chance, tinted(colour, (0.72, 0.70, 0.68)), tinted(colour, (1.25, 1.22, 1.18)))
    shown = shader.mix(along.rise(0.35, 0.0) * 0.55, shown, tinted(colour, (0.35, 0.32, 0.30)))
    surface = shader.node(
        "ShaderNodeBsdfHairPrincipled",
        {"Color": shown, "Roughness": 0.32, "Radial Roughness": 0.42, "Coat": 0.0, "Random Roughness": 0.2},
        model="CHIANG",
        parametrization="COLOR",
    )
    return shader.done(Field(shader, surface.outputs[0]))


def mesh_material(character: Character) -> bpy.types.Material:
    """Hair that is a mesh: locks drawn along `uv`, gleaming across them."""
    shader = Shader("mesh hair")
    colour = linear_rgb(character.hair.colour)
    u, v, _ = shader.attribute("cloth_uv", "Vector").xyz()
    locks = shader.noise(shader.vector(u * 90.0, v * 3.0, 0.0), 1.0, detail=2.0, distortion=0.3)
    shown = shader.mix(
        locks.rise(0.3, 0.7), tinted(colour, (0.55, 0.52, 0.5)), tinted(colour, (1.2, 1.18, 1.15))
    )
    normal = shader.bump(locks, 0.006, 0.8)
    return shader.done(
        shader.principled(
            Base_Color=shown, Roughness=0.38, Anisotropic=0.6, Specular_IOR_Level=0.55, Normal=normal
        )
    )
