"""A small picture of what Blender's scene holds, seen from ahead."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from render.engines.blender import passes


def render(scene: bpy.types.Scene, folder: Path, frame: int = 1, light: float = 0.0) -> passes.Passes:
    """96 × 128 pixels at one sample; a white sky of radiance `light`."""
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (0.1, -4.0, 1.0), (np.pi / 2, 0, 0)
    scene.camera = camera
    if light:
        scene.world = bpy.data.worlds.new("sky")
        scene.world.use_nodes = True
        scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = light
        scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 1, 1, 1)
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.resolution_x, scene.render.resolution_y = 96, 128
    layer = scene.view_layers[0]
    layer.use_pass_object_index = layer.use_pass_z = True
    picture = scene.render.image_settings
    picture.file_format, picture.color_depth, picture.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    path = folder / "frame.exr"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True)
    return passes.read_passes(path)
