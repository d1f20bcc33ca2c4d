"""Things that motions handle: how large they are on the mannequin, and where in its hand or on its ground.

Metres; a hand's own frame is the left hand's in the T-pose: x along the fingers, −y to the thumb, −z out of
the palm. On another body hand-held things are as much larger as its hand is, the rest as its hips are higher.
"""

from __future__ import annotations

import numpy as np

from render import rotations as rot

CUP = (0.076, 0.076, 0.098)
"""Width, depth, height."""
CUP_MIDDLE = np.array([0.018, -0.006, -0.038])
"""From the palm to the middle of the cup, whose axis points to the thumb's side."""
CUP_AXIS = rot.normalised(np.array([0.12, -1.0, 0.0]))
CUP_FACE = rot.normalised(np.array([-0.62, -0.08, -0.78]))
"""From the cup's axis to the part of its rim that is drunk from."""

PHONE = (0.072, 0.0085, 0.148)
PHONE_MIDDLE = np.array([0.012, -0.022, -0.014])
PHONE_UP = rot.normalised(np.array([0.38, -1.0, 0.0]))
"""Where the top of the phone points; its screen faces out of the palm."""

BOX = (0.36, 0.27, 0.31)
BOX_GRIP = 0.215
"""Height above the box's bottom where palms hold its sides."""
LOAD = np.array([0.0, -0.475, 0.0])
"""In hip heights, from the ground under the body's way: where a box that is lifted stands."""

HIPS = 0.9
"""The hip height of the body that metres are given for."""
STOOL_WIDTH = 0.36
SEAT = np.array([0.0, 0.45, 0.0])
"""In hip heights, from the ground under the body's way: the middle of a stool."""
SEAT_PELVIS = 0.615
"""In hip heights: how high the pelvis joint is of one who sits."""


def rim() -> np.ndarray:
    """(3,) from the palm to the point of the cup's rim that is drunk from."""
    face = CUP_FACE - CUP_AXIS * float(CUP_FACE @ CUP_AXIS)
    return CUP_MIDDLE + 0.5 * CUP[2] * CUP_AXIS + 0.5 * CUP[0] * rot.normalised(face)
