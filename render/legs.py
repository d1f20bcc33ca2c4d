"""Legs that reach: how far a pelvis must sink so that both feet stay where they stand."""

from __future__ import annotations

import numpy as np

LONGEST = 0.9985
"""Share of its length that a leg may stretch to: a knee always keeps about 6 degrees of bend."""


def required_drop(
    hips: np.ndarray, ankles: np.ndarray, lengths: np.ndarray, longest: float = LONGEST
) -> np.ndarray:
    """How far (..., legs) each hip must sink straight down so that its leg reaches the ankle.

    hips, ankles: (..., legs, 3). lengths: (legs,) thigh + shin. A foot farther off sideways than the leg is long
    needs the hip at the ankle's height.
    """
    across = np.sum((hips - ankles)[..., :2] ** 2, axis=-1)
    room = np.sqrt(np.maximum((longest * lengths) ** 2 - across, 0.0))
    return np.maximum(hips[..., 2] - ankles[..., 2] - room, 0.0)


def settle(need: np.ndarray, dt: float, seconds: float = 0.06) -> np.ndarray:
    """A smooth curve that is never below `need` (T,): its running maximum, blurred within its own reach.

    dt: seconds from one instant to the next. seconds: standard deviation of the blur.
    """
    reach = max(int(np.ceil(3 * seconds / dt)), 1)
    time = np.arange(-reach, reach + 1) * dt
    kernel = np.exp(-0.5 * (time / seconds) ** 2)
    padded = np.pad(need, 2 * reach, mode="edge")
    peaks = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    return np.convolve(peaks, kernel / kernel.sum(), mode="valid")
