"""The Blender engine: Cycles frames with instance index and depth from the same render call."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from render.engines.blender.libraries import require_libraries

require_libraries()

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Matrix  # noqa: E402

from motionpair.errors import InputError, MachineError  # noqa: E402
from motionpair.specs import RenderSettings  # noqa: E402
from render.engines import Frames  # noqa: E402
from render.engines.blender import characters, environments, lights, props, toon  # noqa: E402
from render.engines.blender.console import captured_console  # noqa: E402
from render.engines.blender.defocus import defocus  # noqa: E402
from render.engines.blender.device import Device  # noqa: E402
from render.engines.blender.display import to_display  # noqa: E402
from render.engines.blender.passes import Passes, read_passes  # noqa: E402
from render.scene import CameraTrack, Scene  # noqa: E402

SENSOR_MM = 36.0
"""Width of the sensor that focal lengths refer to."""

_PREFILTER = {"fast": "FAST", "balanced": "FAST", "high": "ACCURATE"}


class BlenderEngine:
    """Renders scenes with Cycles.

    Args:
        threads: render threads on a CPU. Pixels do not depend on it. No more work than Blender was
            loaded with (`libraries.load_blender`).
        device: `auto`, `cpu`, or a GPU backend of Cycles (`render.engines.blender.device`).

    Raises:
        InputError: a system library is missing (at import), or no such device.
    """

    name = "blender"

    def __init__(self, threads: int = 1, device: str = "auto") -> None:
        self.threads = threads
        self._device = Device(device)

    def device_class(self) -> str:
        """What byte identity depends on beside versions, such as `cpu/x86-64-v4`."""
        return self._device.device_class()

    def render(self, scene: Scene) -> Frames:
        """Render every frame of a scene.

        Raises:
            MachineError: Blender reports an error, or a frame is missing or damaged.
        """
        with captured_console():
            blender = self.build(scene)
        memory = Path("/dev/shm")
        folder = memory if memory.is_dir() else None
        # The process's number tells whoever starts here next that a killed worker's folder may go.
        prefix = f"motionpair-{os.getpid()}-"
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as temporary:
            return self._render_frames(blender, scene, Path(temporary))

    def build(self, scene: Scene) -> bpy.types.Scene:
        """Replace what Blender holds by a scene, ready to render frames 1 to T."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        blender = bpy.context.scene
        blender.render.fps = scene.fps
        blender.frame_start, blender.frame_end = 1, scene.frames
        self._device.select(blender)
        _configure(blender, scene.render, scene.camera, self.threads)
        _place_camera(blender, scene.camera)
        lights.build(scene.environment, scene.render.style, blender)
        environments.build(scene, blender)
        x, y, z = lights.key_direction(scene.environment)
        light = (float(x), float(y), float(z))
        for i, actor in enumerate(scene.actors):
            characters.build(actor, i + 1, light, scene.camera)
            for prop in actor.props:
                props.build(prop, scene.render.style, light, toon.ink_width(prop.positions, scene.camera))
        return blender

    def _render_frames(self, blender: bpy.types.Scene, scene: Scene, folder: Path) -> Frames:
        shape = (scene.frames, scene.camera.height, scene.camera.width)
        rgb = np.empty((*shape, 3), np.uint8)
        index = np.empty(shape, np.uint8)
        depth = np.empty(shape, np.float32)
        for t in range(scene.frames):
            # One frame at a time, deleted once read: a long clip must not fill the memory it is written to.
            blender.frame_set(t + 1)
            path = folder / f"{t + 1:04d}.exr"
            blender.render.filepath = str(path)
            with captured_console() as console:
                bpy.ops.render.render(write_still=True)
            if errors := console.errors():
                raise MachineError(f"Blender, frame {t + 1}: {errors[0]}")
            passes = read_passes(path)
            path.unlink()
            if passes.index.shape != shape[1:]:
                raise MachineError(
                    f"Blender, frame {t + 1}: made {passes.index.shape}, not {shape[1:]} pixels"
                )
            linear = passes.linear
            if scene.camera.f_stop > 0:
                linear = _through_lens(passes, scene.camera, t)
            rgb[t] = to_display(linear, scene.render.style)
            index[t], depth[t] = passes.index, passes.depth
        return Frames(rgb, index, depth)


def _configure(blender: bpy.types.Scene, settings: RenderSettings, camera: CameraTrack, threads: int) -> None:
    render, cycles = blender.render, blender.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = camera.width, camera.height
    render.resolution_percentage = 100
    render.threads_mode, render.threads = "FIXED", threads
    render.use_persistent_data = True
    render.use_compositing = render.use_sequencer = False
    render.use_motion_blur = False
    render.filter_size = 1.2
    picture = render.image_settings
    picture.file_format = "OPEN_EXR_MULTILAYER"
    picture.color_depth, picture.exr_codec = "32", "NONE"

    cycles.samples = settings.samples
    # One seed for the whole clip: what noise is left then stands still, where a seed a frame would make a
    # still background flicker.
    cycles.seed, cycles.use_animated_seed = settings.seed % 2**31, False
    cycles.use_adaptive_sampling = settings.samples >= 8
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = settings.bounces
    cycles.transmission_bounces = settings.bounces
    cycles.transparent_max_bounces = 8
    cycles.volume_bounces = 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    cycles.blur_glossy = 1.0
    cycles.use_denoising = settings.denoise != "none"
    if cycles.use_denoising:
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_quality = settings.denoise.upper()
        cycles.denoising_prefilter = _PREFILTER[settings.denoise]

    layer = blender.view_layers[0]
    layer.use_pass_combined = True
    layer.use_pass_z = True
    layer.use_pass_object_index = True


def _through_lens(passes: Passes, track: CameraTrack, frame: int) -> np.ndarray:
    """A frame's linear light with the depth of field of the camera's aperture."""
    if track.focus is None:
        raise InputError("camera.focus: expected a distance for each frame where f_stop is above 0, got none")
    return defocus(
        passes.linear, passes.depth, float(track.focal[frame]), track.f_stop, float(track.focus[frame])
    )


def _place_camera(blender: bpy.types.Scene, track: CameraTrack) -> None:
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_width = "HORIZONTAL", SENSOR_MM
    data.clip_start, data.clip_end = 0.05, 500.0
    camera = bpy.data.objects.new("camera", data)
    camera.rotation_mode = "QUATERNION"
    blender.collection.objects.link(camera)
    blender.camera = camera
    for t in range(len(track.position)):
        camera.location = track.position[t]
        camera.rotation_quaternion = Matrix(track.rotation[t].tolist()).to_quaternion()
        data.lens = track.focal[t] * SENSOR_MM / track.width
        camera.keyframe_insert("location", frame=t + 1)
        camera.keyframe_insert("rotation_quaternion", frame=t + 1)
        data.keyframe_insert("lens", frame=t + 1)
