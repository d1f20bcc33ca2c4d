"""The mannequin: the reference body that motions are authored on, hips 0.9 m high, in the canonical T-pose.

Motions leave it as joint rotations, so its proportions matter only where feet meet the ground and where hands
meet the face, each other, or a thing. Its hands and head have the body model's proportions.
"""

from __future__ import annotations

import numpy as np

from render.skeleton import JOINT_INDEX, JOINTS, PARENTS

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
    "eye_smplhf": (0.029, -0.08, 0.036),
    "index1": (0.101, -0.0253, -0.004),
    "middle1": (0.1, 0.0, 0.0),
    "ring1": (0.0943, 0.0188, 0.0),
    "pinky1": (0.0852, 0.0369, -0.004),
    "thumb1": (0.0369, -0.0236, -0.0038),
    "index2": (0.0252, 0.0, 0.0),
    "middle2": (0.033, 0.0, 0.0),
    "ring2": (0.0291, 0.0, 0.0),
    "pinky2": (0.0208, 0.0, 0.0),
    "thumb2": (0.0205, -0.0205, -0.0072),
    "index3": (0.0226, 0.0, 0.0),
    "middle3": (0.0267, 0.0, 0.0),
    "ring3": (0.0241, 0.0, 0.0),
    "pinky3": (0.0152, 0.0, 0.0),
    "thumb3": (0.0244, -0.0244, -0.0085),
}
_CENTRE = {
    "spine1": (0.0, 0.0, 0.11),
    "spine2": (0.0, 0.0, 0.12),
    "spine3": (0.0, 0.0, 0.11),
    "neck": (0.0, 0.005, 0.26),
    "head": (0.0, -0.027, 0.088),
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
HAND = _length("left_middle1")
"""From the wrist to the middle finger's knuckle: what hands are measured in."""
FINGERTIPS = {
    "thumb": (0.0185, -0.0185, -0.0065),
    "index": (0.0258, 0.0, 0.0),
    "middle": (0.026, 0.0, 0.0),
    "ring": (0.0258, 0.0, 0.0),
    "pinky": (0.0193, 0.0, 0.0),
}
"""From the left hand's last joint of each finger to its tip, T-pose."""
MOUTH, EAR, CHIN = (np.array(v) for v in ((0.0, -0.11, -0.031), (0.083, 0.003, 0.01), (0.0, -0.097, -0.055)))
"""From the head joint to where the lips meet, to the left ear, and to the front of the chin, T-pose."""


def _above_spine3(joint: str) -> np.ndarray:
    """(3,) from the chest's joint to a joint above it, T-pose."""
    place, at = np.zeros(3), JOINT_INDEX[joint]
    while JOINTS[at] != "spine3":
        place, at = place + OFFSETS[at], PARENTS[at]
    return place


SHOULDERS = np.stack([_above_spine3(f"{side}_shoulder") for side in ("left", "right")])
EYES = _above_spine3("left_eye_smplhf") * np.array([0.0, 1.0, 1.0])
"""(2, 3) the shoulders, and (3,) the point between the eyes, from the chest's joint, T-pose."""
PALMS = np.stack([0.62 * OFFSETS[JOINT_INDEX[f"{side}_middle1"]] for side in ("left", "right")])
PALMS[:, 2] -= 0.19 * HAND
"""(2, 3) from the wrist to the middle of the palm's skin, T-pose."""
