"""Fingers: from a few numbers a hand to the rotations of its 15 joints, and the poses that hands take.

A curl is (..., 5), thumb to little finger: 0 straight, 1 in a fist.
"""

from __future__ import annotations

import numpy as np

from render import rotations as rot
from render.motions.signals import drift

ORDER = ("thumb", "index", "middle", "ring", "pinky")
OPEN = np.array([0.05, 0.03, 0.02, 0.03, 0.05])
FLAT = np.array([0.1, 0.1, 0.1, 0.12, 0.14])
RELAXED = np.array([0.22, 0.2, 0.27, 0.33, 0.38])
FIST = np.array([0.95, 1.0, 1.0, 1.0, 1.0])
POINT = np.array([0.75, 0.02, 0.9, 0.95, 0.95])
NUMBERS = np.array(
    [
        FIST,
        [0.95, 0.02, 1.0, 1.0, 0.98],
        [0.95, 0.0, 0.02, 1.0, 0.98],
        [0.95, 0.0, 0.0, 0.03, 0.95],
        [0.9, 0.0, 0.0, 0.0, 0.02],
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ]
)
"""(6, 5): the hand that shows 0 (a fist) to 5, index finger first."""

_FLEX = {
    "index": (1.45, 1.75, 1.1),
    "middle": (1.5, 1.75, 1.15),
    "ring": (1.5, 1.75, 1.15),
    "pinky": (1.5, 1.7, 1.1),
}
_SPREAD = {"index": -1.0, "middle": -0.25, "ring": 0.6, "pinky": 1.35}
_THUMB_AXIS = rot.normalised(np.array([0.45, 0.3, 0.85]))
_THUMB_FLEX = (0.45, 0.75, 1.0)
_THUMB_OPPOSE = np.array([-0.75, 0.0, 0.0])


def fingers(curl: np.ndarray, spread: np.ndarray) -> dict[str, np.ndarray]:
    """Local rotations {"index1": (N, 4), ...} of the left hand from curl (N, 5) and spread (N,) radians.

    Fingers spread only as far as they are straight, as real ones.
    """
    out = {}
    for k, name in enumerate(ORDER[1:], start=1):
        bent = curl[:, k]
        fan = rot.about_z(_SPREAD[name] * spread * np.clip(1.0 - bent, 0.0, 1.0))
        out[f"{name}1"] = rot.mul(fan, rot.about_y(_FLEX[name][0] * bent))
        out[f"{name}2"] = rot.about_y(_FLEX[name][1] * np.maximum(bent, 0.0))
        out[f"{name}3"] = rot.about_y(_FLEX[name][2] * np.maximum(bent, 0.0))
    thumb = curl[:, 0]
    root = rot.exp(thumb[:, None] * (_THUMB_AXIS * _THUMB_FLEX[0] + _THUMB_OPPOSE))
    out["thumb1"] = rot.mul(root, rot.about_z(-0.6 * spread * np.clip(1.0 - thumb, 0.0, 1.0)))
    out["thumb2"] = rot.from_axis_angle(_THUMB_AXIS, _THUMB_FLEX[1] * thumb)
    out["thumb3"] = rot.from_axis_angle(_THUMB_AXIS, _THUMB_FLEX[2] * np.maximum(thumb, 0.0))
    return out


def relaxed(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 5) a hand at rest: curled a little more towards the little finger, never quite still."""
    own = rng.normal(0.0, 0.025, 5)
    return RELAXED + own + 0.05 * drift(t, rng, hz=0.4)[:, None] + 0.018 * drift(t, rng, (5,), hz=0.6)


def drifting(t: np.ndarray, rng: np.random.Generator, pose: np.ndarray) -> np.ndarray:
    """(N, 5) a held pose, (5,) or (N, 5), with life in it."""
    return pose + 0.025 * drift(t, rng, (5,), hz=0.7)
