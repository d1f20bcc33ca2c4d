"""The draft engine: a scene's meshes, drawn twice a frame: in colour, and flat by who they belong to."""

from __future__ import annotations

import numpy as np
import pyrender

from render.engines import PROP_INDEX, Frames
from render.engines.pyrender_canvas.canvas import canvas, upload
from render.engines.pyrender_canvas.meshes import Mesh
from render.engines.pyrender_draft import light as lighting
from render.engines.pyrender_draft import props
from render.engines.pyrender_draft.colours import encoded
from render.engines.pyrender_draft.figure import Figure
from render.engines.pyrender_draft.places import Place, joined
from render.engines.pyrender_draft.surroundings import surround
from render.scene import Scene


class DraftEngine:
    """Draws scenes with pyrender. Scenes of one size after another share a picture buffer.

    Raises:
        InputError: OpenGL has no driver that draws without a window.
    """

    name = "pyrender"

    def __init__(self) -> None:
        self._canvas = canvas()
        self._pictures: dict[bytes, pyrender.Texture] = {}

    def device_class(self) -> str:
        """What byte identity depends on beside versions."""
        return self._canvas.device_class()

    def render(self, scene: Scene) -> Frames:
        """Draw every frame of a scene."""
        camera = scene.camera
        self._pictures.clear()
        light = lighting.light_of(scene.environment)
        place = surround(scene.environment, light, camera)
        figures = [Figure(actor, light, camera) for actor in scene.actors]
        stage = pyrender.Scene(bg_color=(*_horizon(scene), 1.0), ambient_light=(1, 1, 1))
        owners: dict[pyrender.Node, int] = {}
        for mesh in joined(place.meshes):
            owners[stage.add(self._upload([mesh]))] = 0
        shape = (scene.frames, camera.height, camera.width)
        rgb, index = np.empty((*shape, 3), np.uint8), np.empty(shape, np.uint8)
        depth = np.empty(shape, np.float32)
        for t in range(scene.frames):
            moving = self._moving(scene, figures, place, light, t)
            added = {stage.add(self._upload(meshes)): owner for meshes, owner in moving}
            drawn, index[t], depth[t] = self._canvas.draw(stage, camera, t, owners | added)
            rgb[t] = np.where(np.isinf(depth[t])[..., None], _sky(scene, t), drawn)
            for node in added:
                stage.remove_node(node)
        return Frames(rgb, index, depth)

    def _moving(
        self, scene: Scene, figures: list[Figure], place: Place, light: lighting.Light, t: int
    ) -> list[tuple[list[Mesh], int]]:
        """What moves, in frame t, with what the index shows there."""
        moving: list[tuple[list[Mesh], int]] = []
        for i, (actor, figure) in enumerate(zip(scene.actors, figures, strict=True)):
            moving.append((list(figure.meshes(t)), i + 1))
            moving.append(([figure.shadow(t, place.shade)], 0))
            if actor.props:
                moving.append(([props.mesh(prop, t, light) for prop in actor.props], PROP_INDEX))
        return moving

    def _upload(self, meshes: list[Mesh]) -> pyrender.Mesh:
        """Meshes as pyrender's, one texture a picture, so that it is uploaded once a clip."""
        for mesh in meshes:
            if mesh.picture is not None and (key := mesh.picture.tobytes()) not in self._pictures:
                self._pictures[key] = pyrender.Texture(source=mesh.picture, source_channels="RGB")
        return upload(meshes, self._pictures)


def _horizon(scene: Scene) -> np.ndarray:
    """(3,) sRGB in [0, 1]: what the edges of far things are blended with before the sky is put in."""
    level = np.array([[1.0, 0.0, 0.0]])
    return encoded(lighting.backdrop(scene.environment, level))[0] / 255


def _sky(scene: Scene, t: int) -> np.ndarray:
    """(H, W, 3) uint8: the sky behind everything in frame t."""
    camera = scene.camera
    x = (np.arange(camera.width) + 0.5 - camera.width / 2) / camera.focal[t]
    y = (camera.height / 2 - np.arange(camera.height) - 0.5) / camera.focal[t]
    local = np.stack([*np.meshgrid(x, y), np.full((camera.height, camera.width), -1.0)], axis=-1)
    rays = local @ camera.rotation[t].T
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    return encoded(lighting.backdrop(scene.environment, rays))
