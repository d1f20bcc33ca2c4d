"""Labels, palette colours and mask channels.

A *label* is one byte a pixel: 0 none (black), 1 environment (white), 2 to 7 the binding slots 1 to 6.
Mask channel c of SCAIL-2 is label c + 1 (white, red, green, blue, yellow, magenta, cyan).
"""

from __future__ import annotations

import numpy as np

NONE = 0
ENVIRONMENT = 1
MAX_SLOTS = 6

LABEL_NAMES = ("none", "environment", "red", "green", "blue", "yellow", "magenta", "cyan")

PALETTE = np.array(
    [
        (0, 0, 0),
        (255, 255, 255),
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 0),
        (255, 0, 255),
        (0, 255, 255),
    ],
    dtype=np.uint8,
)
"""(8, 3) uint8 sRGB, indexed by label."""


def slot_label(slot: int) -> int:
    """The label of binding slot 1 to 6."""
    if not 1 <= slot <= MAX_SLOTS:
        raise ValueError(f"slot {slot}: expected 1 to {MAX_SLOTS}")
    return slot + 1


def slot_colour(slot: int) -> str:
    """The colour name of binding slot 1 to 6, such as `red`."""
    return LABEL_NAMES[slot_label(slot)]


def labels_to_rgb(labels: np.ndarray) -> np.ndarray:
    """Labels (..., ) uint8 to colours (..., 3) uint8."""
    return PALETTE[labels]
