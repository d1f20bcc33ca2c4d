"""Where a character's face is, for what is drawn on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Face:
    """Where the eyes are in bind pose, metres: half their distance, their height and their y.

    brow_lift: how much higher than over eyes of common size the brows sit, in half distances. brow_width: how
    much thicker they are. brow_arch: how much of an arch they have.
    """

    half: float
    eye_height: float
    eye_depth: float
    brow_lift: float = 0.0
    brow_width: float = 1.0
    brow_arch: float = 1.0
