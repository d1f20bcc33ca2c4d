"""Answers that need no model; one that is trained must be nearer to the target than each of them."""

from __future__ import annotations

import numpy as np

COPY_REFERENCE = "copy the reference"
COPY_DRIVING = "copy the driving"
REPEAT_FIRST = "repeat the first target frame"
BASELINES = (COPY_REFERENCE, COPY_DRIVING, REPEAT_FIRST)


def baselines(reference: np.ndarray, driving: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """The clips that they give, by the names of `BASELINES`, each (T, H, W, 3).

    *Repeat the first target frame* looks at the target: it knows whom and where to show, and no motion.

    Args:
        reference: (H, W, 3) uint8 sRGB, as the model is given it: in replacement mode on black.
        driving, target: (T, H, W, 3) uint8 sRGB.
    """
    return {
        COPY_REFERENCE: np.broadcast_to(reference, target.shape),
        COPY_DRIVING: driving,
        REPEAT_FIRST: np.broadcast_to(target[0], target.shape),
    }
