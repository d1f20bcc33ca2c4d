"""The picture buffer: meshes seen through a camera, in colour and flat by who they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import OpenGL.error
import OpenGL.GL
import pyrender

from motionpair.errors import InputError
from render.engines import Frames
from render.engines.blender.libraries import apt_line
from render.engines.pyrender_canvas.meshes import Mesh
from render.engines.pyrender_draft.libraries import DRIVERS
from render.scene import CameraTrack

_NEAR, _FAR = 0.05, 200.0
"""Metres from the camera: nothing nearer or farther is drawn."""


class Canvas:
    """Draws with pyrender (OpenGL through EGL). Pictures of one size after another share its buffer.

    Raises:
        InputError: OpenGL has no driver that draws without a window.
    """

    def __init__(self) -> None:
        try:
            self._renderer = pyrender.OffscreenRenderer(64, 64)
        except (OpenGL.error.Error, AssertionError, RuntimeError, ValueError) as error:
            # pyrender and PyOpenGL have several ways to say that EGL found no driver.
            raise InputError(
                f"no OpenGL driver draws without a window ({type(error).__name__}); for one that needs no "
                f"GPU, run: {apt_line([DRIVERS])}"
            ) from error
        # pyrender is fixed by its version and tells nothing of the driver; its context is current here.
        self._driver = tuple(
            OpenGL.GL.glGetString(name).decode("ascii", "replace")
            for name in (OpenGL.GL.GL_RENDERER, OpenGL.GL.GL_VERSION)
        )

    def device_class(self) -> str:
        """`opengl/RENDERER/VERSION` as the driver names itself: pixels differ between drivers, versions of
        Mesa, and the vector widths that its software renderer works with."""
        return "/".join(["opengl", *(_plain(name) for name in self._driver)])

    def draw(
        self,
        stage: pyrender.Scene,
        camera: CameraTrack,
        t: int,
        owners: Mapping[pyrender.Node, int],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What `camera` sees in frame t: rgb (H, W, 3) uint8, owner (H, W) uint8 (the nodes' numbers; 0
        where nothing is), depth (H, W) float32 metres along the viewing axis, inf where nothing is."""
        self._renderer.viewport_width, self._renderer.viewport_height = camera.width, camera.height
        eye = stage.add(_lens(camera, t), pose=_pose(camera, t))
        stage.main_camera_node = eye
        drawn, _ = self._renderer.render(stage, flags=pyrender.RenderFlags.FLAT)
        # The second drawing is not antialiased: whoever is seen at a pixel's middle has it all.
        flat, far = self._renderer.render(stage, flags=pyrender.RenderFlags.SEG, seg_node_map=dict(owners))
        stage.remove_node(eye)
        depth = np.where(far == 0, np.inf, far).astype(np.float32)
        return drawn, flat[..., 0], depth


@cache
def canvas() -> Canvas:
    """The process's canvas: OpenGL is opened once, whatever engines draw on it."""
    return Canvas()


def on_black(camera: CameraTrack, figures: Callable[[int], Sequence[Sequence[Mesh]]]) -> Frames:
    """Frames of figures alone, on black; the index shows i + 1 on the i-th.

    Args:
        camera: what sees them.
        figures: called with each frame t; gives the meshes of each figure.
    """
    stage = pyrender.Scene(bg_color=(0.0, 0.0, 0.0, 1.0), ambient_light=(1, 1, 1))
    shape = (len(camera.position), camera.height, camera.width)
    rgb, index = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)
    depth = np.full(shape, np.inf, np.float32)
    for t in range(shape[0]):
        drawn = {stage.add(upload(meshes)): i + 1 for i, meshes in enumerate(figures(t)) if meshes}
        if drawn:
            rgb[t], index[t], depth[t] = canvas().draw(stage, camera, t, drawn)
        for node in drawn:
            stage.remove_node(node)
    return Frames(rgb, index, depth)


def upload(meshes: Sequence[Mesh], textures: Mapping[bytes, pyrender.Texture] | None = None) -> pyrender.Mesh:
    """Meshes as pyrender's. textures: the meshes' pictures, by their bytes."""
    return pyrender.Mesh([_primitive(mesh, textures or {}) for mesh in meshes])


def _primitive(mesh: Mesh, textures: Mapping[bytes, pyrender.Texture]) -> pyrender.Primitive:
    picture = None if mesh.picture is None else textures[mesh.picture.tobytes()]
    material = pyrender.MetallicRoughnessMaterial(
        baseColorFactor=(1.0, 1.0, 1.0, 1.0), baseColorTexture=picture
    )
    colours = np.empty((len(mesh.points), 4), np.float32)
    colours[:, :3], colours[:, 3] = mesh.colours / np.float32(255), 1.0
    return pyrender.Primitive(
        positions=mesh.points,
        indices=mesh.triangles,
        color_0=colours,
        texcoord_0=mesh.uv,
        material=material,
        mode=pyrender.constants.GLTF.TRIANGLES,
    )


def _lens(camera: CameraTrack, t: int) -> pyrender.IntrinsicsCamera:
    focal = float(camera.focal[t])
    return pyrender.IntrinsicsCamera(focal, focal, camera.width / 2, camera.height / 2, _NEAR, _FAR)


def _pose(camera: CameraTrack, t: int) -> np.ndarray:
    """(4, 4) world from camera; both look along −Z with +Y up."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = camera.rotation[t], camera.position[t]
    return pose


def _plain(name: str) -> str:
    """A driver's name in small letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
