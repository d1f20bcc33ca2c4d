"""A scene: characters posed over time, a camera track and a place, independent of the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionpair.specs import Environment, RenderSettings
from render.characters.baked import BakedCharacter


@dataclass(frozen=True)
class Pose:
    """A character's rig over T frames, placed in the world. A bind-pose vertex v of joint j goes to
    rotate(rotations[t, j], v − heads[j]) + positions[t, j].

    rotations: (T, R, 4) wxyz, global, relative to the bind pose.
    positions: (T, R, 3) metres, world: the joints' places.
    expression: (T, 52) face units in [0, 1], order of skeleton.FACE_UNITS.
    contacts: (T, 4) bool, order of skeleton.CONTACT_POINTS: planted on the ground.
    """

    rotations: np.ndarray
    positions: np.ndarray
    expression: np.ndarray
    contacts: np.ndarray


@dataclass(frozen=True)
class Prop:
    """A thing that a performer holds or sits on, posed in the world; it belongs to the environment.

    kind: one of catalog.PROPS. size: (x, y, z) metres of its bounding box; the origin is the middle of its
    bottom, z up, −Y its front. colour: `#rrggbb`. rotations: (T, 4) wxyz; positions: (T, 3) metres, world.
    """

    kind: str
    size: tuple[float, float, float]
    colour: str
    rotations: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True)
class Actor:
    """A baked character, posed, and bound to slot 1 to 6, with the things that it holds or sits on."""

    character: BakedCharacter
    pose: Pose
    slot: int
    props: tuple[Prop, ...] = ()


@dataclass(frozen=True)
class CameraTrack:
    """A pinhole camera over T frames; it looks along its −Z with +Y up (OpenGL, Blender).

    position: (T, 3) metres, world. rotation: (T, 3, 3) world from camera. focal: (T,) pixels, fx = fy;
    the principal point is the picture's centre. Frames are `width` × `height` pixels. f_stop: 0, or the
    aperture of a full-frame lens focused at `focus`: (T,) metres along the viewing axis.
    """

    position: np.ndarray
    rotation: np.ndarray
    focal: np.ndarray
    width: int
    height: int
    f_stop: float = 0.0
    focus: np.ndarray | None = None

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World points (T, ..., 3) to pixels (T, ..., 2) (x right, y down, corner origin) and depth (T, ...).

        Depth is metres along the viewing axis; at or behind the camera it is ≤ 0 and pixels mean nothing.
        """
        t = points.shape[0]
        flat = points.reshape(t, -1, 3) - self.position[:, None]
        local = np.einsum("tnj,tji->tni", flat, self.rotation)
        depth = -local[..., 2]
        safe = np.where(depth > 1e-6, depth, 1e-6)
        x = self.width / 2 + self.focal[:, None] * local[..., 0] / safe
        y = self.height / 2 - self.focal[:, None] * local[..., 1] / safe
        pixels = np.stack([x, y], axis=-1)
        return pixels.reshape(*points.shape[:-1], 2), depth.reshape(points.shape[:-1])


@dataclass(frozen=True)
class Scene:
    """What an engine renders. Actors may be empty: then only the environment shows.

    laid_out_for: of a scene whose frames are single pictures of another scene's place (references): that
    scene's camera, which the place is laid out around. What stands in the way of one picture is then left out
    of that picture alone; in a clip, of all its frames.
    """

    actors: tuple[Actor, ...]
    camera: CameraTrack
    environment: Environment
    render: RenderSettings
    fps: int
    laid_out_for: CameraTrack | None = None

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.camera.position)
