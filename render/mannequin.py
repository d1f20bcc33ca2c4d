"""The mannequin: the reference body that motions are authored on, hips 0.9 m high, in the canonical T-pose.

Motions leave it as joint rotations, so its proportions matter only where feet meet the ground.
"""

from __future__ import annotations

import numpy as np

from render.skeleton import JOINT_INDEX, JOINTS

HIP_HEIGHT = 0.9
"""Metres from the ground to the pelvis joint."""

_LEFT = {
    "hip": (0.09, 0.0, -0.07),
    "knee": (0.0, 0.0, -0.385),
    "ankle": (0.0, 0.0, -0.37),
    "foot": (0.0, -0.125, -0.055),
    "collar": (0.025, 0.0, 0.16),
    "shoulder": (0.145, 0.0, 0.02),
    "elbow": (0.27, 0.0, 0.0),
    "wrist": (0.25, 0.0, 0.0),
    "eye_smplhf": (0.031, -0.085, 0.065),
    "index1": (0.092, -0.028, 0.0),
    "middle1": (0.094, -0.006, 0.0),
    "ring1": (0.089, 0.014, 0.0),
    "pinky1": (0.08, 0.032, 0.0),
    "thumb1": (0.025, -0.025, -0.008),
    "index2": (0.04, 0.0, 0.0),
    "middle2": (0.044, 0.0, 0.0),
    "ring2": (0.041, 0.0, 0.0),
    "pinky2": (0.032, 0.0, 0.0),
    "thumb2": (0.03, -0.03, -0.008),
    "index3": (0.024, 0.0, 0.0),
    "middle3": (0.027, 0.0, 0.0),
    "ring3": (0.026, 0.0, 0.0),
    "pinky3": (0.019, 0.0, 0.0),
    "thumb3": (0.024, -0.022, -0.004),
}
_CENTRE = {
    "spine1": (0.0, 0.0, 0.11),
    "spine2": (0.0, 0.0, 0.12),
    "spine3": (0.0, 0.0, 0.11),
    "neck": (0.0, 0.01, 0.21),
    "head": (0.0, -0.015, 0.09),
    "jaw": (0.0, -0.02, 0.01),
}


def _offset(joint: str) -> tuple[float, float, float]:
    if joint == "pelvis":
        return (0.0, 0.0, 0.0)
    if joint in _CENTRE:
        return _CENTRE[joint]
    side, part = joint.split("_", 1)
    x, y, z = _LEFT[part]
    return (x, y, z) if side == "left" else (-x, y, z)


OFFSETS = np.array([_offset(name) for name in JOINTS])
"""(55, 3) metres from the parent to each joint in the T-pose."""


def _length(joint: str) -> float:
    return float(np.linalg.norm(OFFSETS[JOINT_INDEX[joint]]))


UPPER_ARM, FOREARM = _length("left_elbow"), _length("left_wrist")
THIGH, SHIN = _length("left_knee"), _length("left_ankle")
HIP = OFFSETS[JOINT_INDEX["left_hip"]]
ANKLE_HEIGHT = HIP_HEIGHT + HIP[2] - THIGH - SHIN
BALL = np.array([0.0, OFFSETS[JOINT_INDEX["left_foot"]][1], -ANKLE_HEIGHT])
"""From the ankle to the ground under the ball of the foot."""
HEEL = np.array([0.0, 0.045, -ANKLE_HEIGHT])
"""From the ankle to the back edge of the heel, on the ground."""
