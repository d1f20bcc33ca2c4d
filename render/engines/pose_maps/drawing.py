"""Pose maps: bodies as coloured cylinders between 3D joints, all of them in one 3D scene, on black."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from motionpair import skeletons
from motionpair.errors import InputError
from render.engines import Frames
from render.engines.pose_maps import capsules
from render.engines.pose_maps.bones import BONES, LIMB, PALER, paler
from render.engines.pose_maps.points import completed, sizes
from render.engines.pyrender_canvas.meshes import Mesh
from render.scene import CameraTrack
from render.skeleton import JOINTS

_FADE = 10.0
"""Metres behind the clip's nearest joint at which a colour would be black (SCAIL-Pose darkens so, too)."""
_DARKEST = 0.4

_STEP, _THIN_STEP = 0.03, 0.08
"""How much thinner, in radii, a bone begins than the one before it at the same point: more than triangles
depart from a ball, so that where ends meet one bone is on top, all over."""


def _younger() -> np.ndarray:
    """(B,) how many bones of BONES end or begin at a bone's start before it does."""
    met: dict[int, int] = {}
    ranks = []
    for bone in BONES:
        ranks.append(met.get(bone.start, 0))
        met[bone.start] = ranks[-1] + 1
        met[bone.end] = max(met.get(bone.end, 0), 1)
    return np.array(ranks)


_START = np.array([bone.start for bone in BONES])
_END = np.array([bone.end for bone in BONES])
_RADIUS = np.array([bone.radius for bone in BONES])
_COLOUR = np.array([bone.colour for bone in BONES], dtype=np.float64)
_THICK = _RADIUS >= LIMB
_THINNER = np.where(_THICK, _STEP, _THIN_STEP) * _younger()
_ENDS = _RADIUS[:, None] * np.stack([1 - _THINNER, np.ones(len(BONES))], axis=1)


def draw(
    joints3d: np.ndarray,
    position: np.ndarray,
    rotation: np.ndarray,
    focal: np.ndarray,
    width: int,
    height: int,
) -> Frames:
    """Draw poses as a camera sees them: T frames, K performers who hide each other.

    Args:
        joints3d: (T, K, 55, 3) metres, world; the canonical joints. All numbers are used as float32, so that
            what annotations store draws the same pixels.
        position, rotation, focal: the camera's, (T, 3) metres, (T, 3, 3) world from camera, (T,) pixels.
        width, height: pixels.

    Returns:
        Frames: rgb on black, index i + 1 where the i-th performer is, depth in metres and inf on black.

    Raises:
        InputError: a shape that is not the above, or OpenGL without a driver.
    """
    frames = len(joints3d)
    expected = {"position": (frames, 3), "rotation": (frames, 3, 3), "focal": (frames,)}
    given = {"position": position, "rotation": rotation, "focal": focal}
    if joints3d.ndim != 4 or joints3d.shape[2:] != (len(JOINTS), 3):
        raise InputError(f"joints3d: expected (T, K, {len(JOINTS)}, 3), got {joints3d.shape}")
    for name, shape in expected.items():
        if given[name].shape != shape:
            raise InputError(f"{name}: expected {shape}, got {given[name].shape}")
    from render.engines.pyrender_draft.libraries import load_pyrender

    load_pyrender(threads=1)
    from render.engines.pyrender_canvas.canvas import on_black

    plain = [
        np.ascontiguousarray(array, np.float32).astype(np.float64) for array in (joints3d, *given.values())
    ]
    joints = plain[0]
    camera = CameraTrack(plain[1], plain[2], plain[3], width, height)
    points, size = completed(joints), sizes(joints)
    nearest = _nearest(camera, joints)

    def figures(t: int) -> list[list[Mesh]]:
        return [[_figure(points[t, i], size[i], i, camera, t, nearest)] for i in range(joints.shape[1])]

    return on_black(camera, figures)


def redraw(
    arrays: Mapping[str, np.ndarray],
    clip: str,
    width: int,
    height: int,
    skeleton: Mapping[str, float],
) -> Frames:
    """Draw a clip's poses again from its annotations, with bones longer or shorter.

    Args:
        arrays: as `motionpair.annotations.unpack` gives them.
        clip: `driving` or `target`.
        width, height: pixels of the clip's frames.
        skeleton: factors of `catalog.SKELETON_PARTS`; empty for the stored clip's own pixels.

    Raises:
        InputError: no such clip, an unknown part, or a factor that is no number above 0.
    """
    if clip not in ("driving", "target"):
        raise InputError(f"clip: expected driving or target, got {clip!r}")
    joints = skeletons.scaled(arrays[f"{clip}/joints3d"], skeleton)
    position, rotation, focal = (
        arrays[f"{clip}/camera_{name}"] for name in ("position", "rotation", "focal")
    )
    return draw(joints, position, rotation, focal, width, height)


def _nearest(camera: CameraTrack, joints: np.ndarray) -> float:
    """Metres along the viewing axis to the clip's nearest joint in front of the camera."""
    _, depth = camera.project(joints)
    return float(depth.min(where=depth > 0, initial=np.inf))


def _figure(
    points: np.ndarray, size: float, ordinal: int, camera: CameraTrack, t: int, nearest: float
) -> Mesh:
    """One performer's bones in frame t; points: (P, 3) metres, world."""
    eye = camera.position[t]
    starts, ends = points[_START], points[_END]
    depth = (eye - points) @ np.ascontiguousarray(camera.rotation[t][:, 2])
    fade = np.clip(1 - (depth - nearest) / _FADE, _DARKEST, 1.0)
    plain = paler(_COLOUR, PALER[ordinal % len(PALER)])
    colours = np.stack([fade[_START, None] * plain, fade[_END, None] * plain], axis=1)
    return capsules.joined(
        [
            capsules.mesh(starts[chosen], ends[chosen], size * _ENDS[chosen], colours[chosen], eye, form)
            for chosen, form in ((_THICK, capsules.THICK), (~_THICK, capsules.THIN))
        ]
    )
