"""The engines of pose-driven clips: who is in the scene, drawn from poses alone.

Places, clothes, hair and held things are left out.
"""

from __future__ import annotations

import numpy as np

from render.engines import Frames
from render.engines.pose_maps import bodies, drawing
from render.engines.pyrender_canvas.canvas import canvas, on_black
from render.scene import Scene
from render.skeleton import JOINTS


class PoseMapEngine:
    """Draws the actors' joints as coloured cylinders (`render.engines.pose_maps.draw`).

    Raises:
        InputError: OpenGL has no driver that draws without a window.
    """

    name = "pose_map"

    def __init__(self) -> None:
        self._canvas = canvas()

    def device_class(self) -> str:
        """What byte identity depends on beside versions."""
        return self._canvas.device_class()

    def render(self, scene: Scene) -> Frames:
        """Draw every frame of a scene."""
        camera = scene.camera
        joints = np.zeros((scene.frames, len(scene.actors), len(JOINTS), 3), np.float32)
        for i, actor in enumerate(scene.actors):
            joints[:, i] = actor.pose.positions[:, : len(JOINTS)]
        return drawing.draw(
            joints, camera.position, camera.rotation, camera.focal, camera.width, camera.height
        )


class BodyMeshEngine:
    """Draws the actors' bare bodies as smooth grey meshes in soft light.

    Raises:
        InputError: OpenGL has no driver that draws without a window.
    """

    name = "body_mesh"

    def __init__(self) -> None:
        self._canvas = canvas()

    def device_class(self) -> str:
        """What byte identity depends on beside versions."""
        return self._canvas.device_class()

    def render(self, scene: Scene) -> Frames:
        """Draw every frame of a scene."""
        shown = [bodies.Body(actor, scene.camera) for actor in scene.actors]
        return on_black(scene.camera, lambda t: [[body.mesh(t)] for body in shown])
