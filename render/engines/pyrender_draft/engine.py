"""The draft engine: a scene's meshes, drawn twice a frame: in colour, and flat by who they belong to."""

from __future__ import annotations

import platform

import numpy as np
import OpenGL.error
import pyrender

from motionpair.errors import InputError
from render.engines import PROP_INDEX, Frames
from render.engines.blender.libraries import apt_line
from render.engines.pyrender_draft import light as lighting
from render.engines.pyrender_draft import props
from render.engines.pyrender_draft.colours import encoded
from render.engines.pyrender_draft.figure import Figure
from render.engines.pyrender_draft.libraries import DRIVERS
from render.engines.pyrender_draft.meshes import Mesh
from render.engines.pyrender_draft.places import Place, joined
from render.engines.pyrender_draft.surroundings import surround
from render.scene import CameraTrack, Scene

_NEAR, _FAR = 0.05, 200.0


class DraftEngine:
    """Draws scenes with pyrender. Scenes of one size after another share a picture buffer.

    Raises:
        InputError: OpenGL has no driver that draws without a window.
    """

    name = "pyrender"

    def __init__(self) -> None:
        self._canvas = _open_canvas()
        self._pictures: dict[bytes, pyrender.Texture] = {}

    def device_class(self) -> str:
        """What byte identity depends on beside versions."""
        return f"opengl/{platform.machine()}"

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
        canvas = self._sized(camera.width, camera.height)
        shape = (scene.frames, camera.height, camera.width)
        rgb, index = np.empty((*shape, 3), np.uint8), np.empty(shape, np.uint8)
        depth = np.empty(shape, np.float32)
        for t in range(scene.frames):
            moving = self._moving(scene, figures, place, light, t)
            added = {stage.add(self._upload(meshes)): owner for meshes, owner in moving}
            lens = _lens(camera, t)
            eye = stage.add(lens, pose=_pose(camera, t))
            stage.main_camera_node = eye
            drawn, _ = canvas.render(stage, flags=pyrender.RenderFlags.FLAT)
            # The second drawing is not antialiased: whoever is seen at a pixel's middle has it all.
            flat, far = canvas.render(stage, flags=pyrender.RenderFlags.SEG, seg_node_map=owners | added)
            index[t], depth[t] = flat[..., 0], np.where(far == 0, np.inf, far)
            rgb[t] = np.where(np.isinf(depth[t])[..., None], _sky(scene, t), drawn)
            for node in (*added, eye):
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
        return pyrender.Mesh([self._primitive(mesh) for mesh in meshes])

    def _primitive(self, mesh: Mesh) -> pyrender.Primitive:
        picture = None if mesh.picture is None else self._picture(mesh.picture)
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

    def _picture(self, picture: np.ndarray) -> pyrender.Texture:
        """A picture as a texture, one object a picture, so that it is uploaded once a clip."""
        key = picture.tobytes()
        if key not in self._pictures:
            self._pictures[key] = pyrender.Texture(source=picture, source_channels="RGB")
        return self._pictures[key]

    def _sized(self, width: int, height: int) -> pyrender.OffscreenRenderer:
        self._canvas.viewport_width, self._canvas.viewport_height = width, height
        return self._canvas


def _open_canvas() -> pyrender.OffscreenRenderer:
    """A picture buffer; its size is set for each scene."""
    try:
        return pyrender.OffscreenRenderer(64, 64)
    except (OpenGL.error.Error, AssertionError, RuntimeError, ValueError) as error:
        # pyrender and PyOpenGL have several ways to say that EGL found no driver.
        raise InputError(
            f"no OpenGL driver draws without a window ({type(error).__name__}); for one that needs no GPU, "
            f"run: {apt_line([DRIVERS])}"
        ) from error


def _lens(camera: CameraTrack, t: int) -> pyrender.IntrinsicsCamera:
    focal = float(camera.focal[t])
    return pyrender.IntrinsicsCamera(focal, focal, camera.width / 2, camera.height / 2, _NEAR, _FAR)


def _pose(camera: CameraTrack, t: int) -> np.ndarray:
    """(4, 4) world from camera; both look along −Z with +Y up."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = camera.rotation[t], camera.position[t]
    return pose


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
