"""Fingers: from a few numbers a hand to the rotations of its 15 joints, and the shapes that hands take.

A curl is (..., 5), thumb to little finger: 0 straight, 1 in a fist. Where a curl is not enough, a shape is
(..., 5, 4) radians, thumb to little finger. Fingers: to the little finger's side, then the bend of the three
joints. Thumb: down in front of the palm, over to the fingers, then the bend of its two outer joints.
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

_FLEX = np.array([[1.45, 1.75, 1.1], [1.5, 1.75, 1.15], [1.5, 1.75, 1.15], [1.5, 1.7, 1.1]])
_FAN = np.array([-1.0, -0.25, 0.6, 1.35])
_THUMB_OPEN = np.array([0.05, -0.1, 0.0, 0.0])
_THUMB_CLOSED = np.array([0.2, 0.22, 0.88, 0.74])
_THUMB = rot.normalised(np.array([1.0, -1.0, -0.35]))
_THUMB_AXIS = rot.normalised(np.array([0.45, 0.3, 0.85]))
_PRONATION = 0.45
"""Share of the thumb's way in front of the palm by which it turns its pad to the fingers."""


_FOLDED = (0.0, 1.5, 1.75, 1.12)
_STRAIGHT = (0.0, 0.03, 0.03, 0.02)
_OVER = (0.2, 0.22, 0.85, 0.7)
"""The thumb over the fingers of a fist."""
_ON_RING = (0.6, 0.5, 0.75, 0.7)
_AWAY = (-0.05, -0.28, 0.0, 0.0)


def _fan(angle: float) -> tuple[float, float, float, float]:
    return (angle, *_STRAIGHT[1:])


LETTERS: dict[str, np.ndarray] = {
    name: np.array(rows)
    for name, rows in {
        "A": ((-0.05, 0.62, 0.12, 0.0), _FOLDED, _FOLDED, _FOLDED, _FOLDED),
        "B": ((0.95, 0.62, 0.7, 0.5), _fan(0.05), _fan(0.01), _fan(-0.03), _fan(-0.08)),
        "C": ((0.13, 0.28, 0.42, 0.29), (-0.01, 0.35, 0.85, 0.56), (-0.03, 0.33, 0.88, 0.59),
              (-0.03, 0.36, 0.89, 0.59), (-0.05, 0.39, 0.91, 0.59)),
        "D": ((0.19, 0.36, 0.81, 0.63), _fan(-0.03), (0.0, 0.71, 1.45, 0.99), (0.0, 0.83, 1.55, 0.99),
              (0.0, 0.91, 1.55, 0.99)),
        "E": ((0.75, 0.55, 0.9, 0.75), *[(0.0, 0.75, 1.75, 0.8)] * 4),
        "F": ((1.1, -0.04, 0.11, 0.28), (0.0, 0.7, 0.93, 0.52), (-0.05, 0.15, 0.18, 0.12),
              (0.11, 0.09, 0.1, 0.07), (0.26, 0.04, 0.05, 0.03)),
        "I": (_OVER, _FOLDED, _FOLDED, _FOLDED, _fan(0.12)),
        "L": (_AWAY, _fan(-0.05), _FOLDED, _FOLDED, _FOLDED),
        "O": ((0.15, 0.46, 0.7, 0.48), (-0.01, 0.63, 1.36, 0.93), (-0.03, 0.6, 1.41, 0.98),
              (-0.03, 0.66, 1.43, 0.98), (-0.05, 0.7, 1.46, 0.98)),
        "R": (_ON_RING, (0.16, 0.12, 0.08, 0.03), (-0.17, 0.3, 0.12, 0.05), _FOLDED, _FOLDED),
        "S": (_OVER, _FOLDED, _FOLDED, _FOLDED, _FOLDED),
        "U": (_ON_RING, _fan(0.03), _fan(-0.02), _FOLDED, _FOLDED),
        "V": (_ON_RING, _fan(-0.2), _fan(0.13), _FOLDED, _FOLDED),
        "W": ((0.29, 1.04, 0.83, 0.53), _fan(-0.22), _fan(0.0), _fan(0.2), (0.01, 1.29, 1.26, 0.69)),
        "X": (_OVER, (-0.02, 0.25, 1.45, 0.75), _FOLDED, _FOLDED, _FOLDED),
        "Y": (_AWAY, _FOLDED, _FOLDED, _FOLDED, _fan(0.3)),
    }.items()
}  # fmt: skip
"""Letters of a one-handed finger alphabet that are still shapes held upright."""

PINCH = np.array([(1.1, -0.04, 0.11, 0.28), (0.0, 0.7, 0.93, 0.52), (-0.01, 0.45, 0.52, 0.34),
                  (0.02, 0.54, 0.63, 0.41), (0.04, 0.6, 0.68, 0.44)])  # fmt: skip
"""The pads of thumb and index finger meet. Solved on the body model's hand, as the circles of letters are."""
PINCH_OPEN = np.array([(0.85, -0.22, 0.02, 0.08), (-0.05, 0.42, 0.5, 0.25), (0.0, 0.38, 0.45, 0.28),
                       (0.03, 0.48, 0.55, 0.35), (0.06, 0.55, 0.6, 0.4)])  # fmt: skip
POINTING = np.array([(0.35, 0.3, 0.7, 0.5), _fan(-0.02), _FOLDED, _FOLDED, _FOLDED])
CUP_GRIP = np.array([(1.05, 0.0, 0.2, 0.3), (-0.06, 0.62, 0.8, 0.45), (-0.02, 0.68, 0.85, 0.5),
                     (0.03, 0.76, 0.9, 0.5), (0.08, 0.85, 0.9, 0.5)])  # fmt: skip
PHONE_GRIP = np.array([(0.75, 0.05, 0.1, 0.25), (-0.06, 0.42, 0.85, 0.55), (-0.02, 0.48, 0.95, 0.6),
                       (0.03, 0.55, 1.0, 0.6), (0.06, 0.6, 0.95, 0.6)])  # fmt: skip
PALM = np.array([(0.1, 0.15, 0.05, 0.05), *[(0.0, 0.08, 0.08, 0.05)] * 4])
"""A flat hand with the fingers together: for clapping, and for the sides of a box."""


def from_curl(curl: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """The shape (N, 5, 4) of a curl (N, 5) and a spread (N,) radians.

    Fingers spread only as far as they are straight, as real ones.
    """
    out = np.empty((len(curl), 5, 4))
    straight = np.clip(1.0 - curl, 0.0, 1.0) * np.asarray(spread)[:, None]
    out[:, 1:, 0] = _FAN * straight[:, 1:]
    out[:, 1:, 1] = _FLEX[:, 0] * curl[:, 1:]
    out[:, 1:, 2:] = _FLEX[:, 1:] * np.maximum(curl[:, 1:, None], 0.0)
    thumb = curl[:, :1]
    out[:, 0] = _THUMB_OPEN + (_THUMB_CLOSED - _THUMB_OPEN) * thumb
    out[:, 0, 1] -= 0.6 * straight[:, 0]
    out[:, 0, 2:] = np.maximum(out[:, 0, 2:], 0.0)
    return out


def joints(shape: np.ndarray) -> dict[str, np.ndarray]:
    """Local rotations {"index1": (N, 4), ...} of the left hand in a shape (N, 5, 4)."""
    out = {}
    for k, name in enumerate(ORDER[1:], start=1):
        side, first, second, third = np.moveaxis(shape[:, k], -1, 0)
        out[f"{name}1"] = rot.mul(rot.about_z(side), rot.about_y(first))
        out[f"{name}2"] = rot.about_y(second)
        out[f"{name}3"] = rot.about_y(third)
    oppose, across, second, third = np.moveaxis(shape[:, 0], -1, 0)
    root = rot.mul(rot.about_x(oppose), rot.about_z(across))
    out["thumb1"] = rot.mul(root, rot.from_axis_angle(_THUMB, _PRONATION * oppose))
    out["thumb2"] = rot.from_axis_angle(_THUMB_AXIS, second)
    out["thumb3"] = rot.from_axis_angle(_THUMB_AXIS, third)
    return out


def fingers(curl: np.ndarray, spread: np.ndarray) -> dict[str, np.ndarray]:
    """Local rotations {"index1": (N, 4), ...} of the left hand from curl (N, 5) and spread (N,) radians."""
    return joints(from_curl(curl, spread))


def relaxed(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 5) a hand at rest: curled a little more towards the little finger, never quite still."""
    own = rng.normal(0.0, 0.025, 5)
    return RELAXED + own + 0.05 * drift(t, rng, hz=0.4)[:, None] + 0.018 * drift(t, rng, (5,), hz=0.6)


def drifting(t: np.ndarray, rng: np.random.Generator, pose: np.ndarray) -> np.ndarray:
    """(N, 5) a held pose, (5,) or (N, 5), with life in it."""
    return pose + 0.025 * drift(t, rng, (5,), hz=0.7)
