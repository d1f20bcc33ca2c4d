"""Legs that reach: how far a pelvis must sink so that both feet stay where they stand."""

from __future__ import annotations

import numpy as np

LONGEST = 0.9985
"""Share of its length that a leg may stretch to: a knee always keeps about 6 degrees of bend."""
_SLOW_FROM = 0.975
"""Share of its length from which a swinging leg stretches less and less, so that its knee does not snap
straight."""
_FREE_AFTER = 0.09
"""Seconds off the ground after which a foot may fall short of its goal."""


def aloft(planted: np.ndarray, dt: float) -> np.ndarray:
    """How free each foot is (T, feet): 0 while any of it is planted (T, feet, points), 1 well off the
    ground."""
    standing = planted.any(axis=-1)
    frames = np.arange(len(standing))[:, None]
    away = np.full(standing.shape, np.inf)
    for foot in range(standing.shape[1]):
        down = np.flatnonzero(standing[:, foot])
        if len(down):
            away[:, foot] = np.abs(frames - down).min(axis=1)
    u = np.clip(away * dt / _FREE_AFTER, 0.0, 1.0)
    return u * u * (3 - 2 * u)


def within_reach(hips: np.ndarray, ankles: np.ndarray, lengths: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Ankles (T, legs, 3), those of free feet (T, legs) drawn in where the leg would be all but straight."""
    to = ankles - hips
    share = np.linalg.norm(to, axis=-1) / lengths
    room = LONGEST - _SLOW_FROM
    over = np.maximum(share - _SLOW_FROM, 0.0)
    soft = np.where(over > 0, _SLOW_FROM + room * (1 - np.exp(-over / room)), share)
    scale = 1 + free * (soft / np.maximum(share, 1e-9) - 1)
    return hips + to * scale[..., None]


def required_drop(
    hips: np.ndarray, ankles: np.ndarray, lengths: np.ndarray, longest: float = LONGEST
) -> np.ndarray:
    """How far (..., legs) each hip must sink straight down so that its leg reaches the ankle.

    hips, ankles: (..., legs, 3). lengths: (legs,) thigh + shin. A foot farther off sideways than the leg is
    long needs the hip at the ankle's height.
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
