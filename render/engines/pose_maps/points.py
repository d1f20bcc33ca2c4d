"""From 55 joints to the points that bones are drawn between: fingertips, toes, nose and ears are added.

Joints alone say where these are nearly enough: the shares below are those of the body model's own bodies
(child to old, thin to heavy; nose and ears agree with the skin to a centimetre).
"""

from __future__ import annotations

import math

import numpy as np

from render.engines.pose_maps.bones import ADDED, FINGERS
from render.skeleton import JOINT_INDEX

_LAST_BONE = {"thumb": 0.75, "index": 1.15, "middle": 0.97, "ring": 1.07, "pinky": 1.27}
"""A finger's last bone in lengths of the one before it."""
_LAST_BEND = 0.6
"""How much of the bend of a finger's middle joint its last joint is taken to share."""
_TOE = 0.25
"""How far toes reach beyond the ball of the foot, in lengths from ankle to ball."""
_GAZE = math.radians(27.0)
"""How far the eyes lie above the head joint's level, seen from it, when the head is upright."""
_NOSE = (0.0, 0.75, -0.62)
_EAR = (1.25, -1.25, -0.35)
"""From between the eyes: sideways, ahead and up, in distances between the eyes."""
_SIZE = ("neck", "spine3", "spine2", "spine1", "pelvis", "left_hip", "left_knee", "left_ankle")


def completed(joints: np.ndarray) -> np.ndarray:
    """Joints (..., 55, 3) metres to (..., 55 + len(ADDED), 3): with the points of `bones.ADDED`."""
    at = {name: joints[..., i, :] for name, i in JOINT_INDEX.items()}
    left, right = at["left_eye_smplhf"], at["right_eye_smplhf"]
    middle = 0.5 * (left + right)
    apart = np.linalg.norm(left - right, axis=-1, keepdims=True)
    side = _unit(left - right)
    towards = middle - at["head"]
    towards = _unit(towards - side * (towards * side).sum(axis=-1, keepdims=True))
    above = np.cross(towards, side)
    ahead = math.cos(_GAZE) * towards - math.sin(_GAZE) * above
    up = math.cos(_GAZE) * above + math.sin(_GAZE) * towards

    def of_face(place: tuple[float, float, float], sign: float) -> np.ndarray:
        x, y, z = place
        return middle + apart * (sign * x * side + y * ahead + z * up)

    added = {"nose": of_face(_NOSE, 1.0), "left_ear": of_face(_EAR, 1.0), "right_ear": of_face(_EAR, -1.0)}
    for which in ("left", "right"):
        ball = at[f"{which}_foot"]
        added[f"{which}_toe"] = ball + _TOE * (ball - at[f"{which}_ankle"])
        for finger in FINGERS:
            first, second, third = (at[f"{which}_{finger}{k}"] for k in (1, 2, 3))
            before, last = _unit(second - first), _unit(third - second)
            way = _unit(last + _LAST_BEND * (last - before))
            long = np.linalg.norm(third - second, axis=-1, keepdims=True)
            added[f"{which}_{finger}_tip"] = third + _LAST_BONE[finger] * long * way
    return np.concatenate([joints, np.stack([added[name] for name in ADDED], axis=-2)], axis=-2)


def sizes(joints: np.ndarray) -> np.ndarray:
    """(K,) metres: neck to ankle along the bones of joints (T, K, 55, 3), the median over the frames.

    Bone lengths do not change as a body moves; the median keeps one odd frame from changing all.
    """
    chain = joints[:, :, [JOINT_INDEX[name] for name in _SIZE]]
    steps = np.diff(chain, axis=2)
    long: np.ndarray = np.median(np.sqrt((steps * steps).sum(axis=3)).sum(axis=2), axis=0)
    return long


def _unit(way: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(way, axis=-1, keepdims=True)
    return way / np.maximum(length, 1e-9)
