"""Hair: strands as curves with a hair shader, and hair that is a mesh."""

from __future__ import annotations

import atexit

import bpy
import numpy as np

from motionpair.specs import Character
from render.characters.baked import BakedCharacter
from render.characters.strand_pose import StrandPose
from render.engines.blender.shader import Field, Shader, linear_rgb, tinted
from render.scene import Pose

# A handler that is left at exit keeps Blender's data alive, and the process then hangs in a destructor.
atexit.register(bpy.app.handlers.frame_change_pre.clear)


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


def follow(target: bpy.types.Object, baked: BakedCharacter, pose: Pose) -> None:
    """Have the strands' points be, in frame t + 1, where the pose's frame t has them.

    Curves have neither armatures nor shape keys: a handler moves them whenever the scene's frame is set. It
    goes when another scene is loaded.
    """
    places = StrandPose(baked, pose)
    data, last = target.data, len(pose.rotations) - 1

    def move(scene: bpy.types.Scene, _graph: bpy.types.Depsgraph | None = None) -> None:
        points = places.at(min(max(scene.frame_current - 1, 0), last))
        data.attributes["position"].data.foreach_set("vector", points.ravel())
        data.update_tag()

    bpy.app.handlers.frame_change_pre.append(move)
    move(bpy.context.scene)


def strand_material(character: Character) -> bpy.types.Material:
    """Strands, each a little different, darker at the root, gleaming along their length.

    A third of it reflects as a fibre does (Marschner's R lobe); the rest is diffuse. The full fibre model
    needs many more bounces and samples than a clip can pay for: at three bounces and 8 samples it is noise,
    and the denoiser makes it fog.
    """
    shader = Shader("hair")
    colour = linear_rgb(character.hair.colour)
    info = shader.node("ShaderNodeHairInfo")
    along, chance = Field(shader, info.outputs["Intercept"]), Field(shader, info.outputs["Random"])
    shown = shader.mix(chance, tinted(colour, (0.80, 0.78, 0.76)), tinted(colour, (1.40, 1.37, 1.32)))
    shown = shader.mix(along.rise(0.35, 0.0) * 0.55, shown, tinted(colour, (0.38, 0.35, 0.33)))
    gleam = shader.field(
        "ShaderNodeBsdfHair",
        {
            "Color": shader.mix(0.45, shown, (0.26, 0.25, 0.24)),
            "Offset": -0.05,
            "RoughnessU": 0.18,
            "RoughnessV": 0.5,
        },
        component="Reflection",
    )
    return shader.done(shader.mix_shaders(0.34, shader.diffuse(shown), gleam))


def mesh_material(character: Character) -> bpy.types.Material:
    """Hair that is a mesh, such as the shell under strands: locks that run up the head, a soft gleam."""
    shader = Shader("mesh hair")
    colour = linear_rgb(character.hair.colour)
    around, up, _ = shader.attribute("strand_uv", "Vector").xyz()
    locks = shader.noise(shader.vector(around * 700.0, up * 25.0, 0.0), 1.0, detail=0.0)
    shown = shader.mix(
        locks.rise(0.3, 0.7), tinted(colour, (0.30, 0.28, 0.27)), tinted(colour, (0.85, 0.83, 0.80))
    )
    normal = shader.bump(locks, 0.004, 0.8)
    return shader.done(
        shader.principled(Base_Color=shown, Roughness=0.5, Specular_IOR_Level=0.3, Normal=normal)
    )
