"""Random numbers that are hashes of what they are for, not a generator's stream.

The same under every version of Python and numpy and on every machine; none depends on how many were drawn
before.
"""

from __future__ import annotations

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def hashes(*words: int | np.ndarray) -> np.ndarray:
    """Random numbers that belong to the words, whole numbers from 0 or arrays of them: uint64.

    Each word is stirred in by the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
    number generators, OOPSLA 2014), in the variant 13 of David Stafford's "Better bit mixing".
    """
    state = np.zeros(1, np.uint64)
    for word in words:
        state = (state ^ np.asarray(word).astype(np.uint64)) + _GOLDEN
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


def uniform(numbers: np.ndarray) -> np.ndarray:
    """Hashes as numbers from 0 to below 1, float64."""
    return (numbers >> np.uint64(11)) * 2.0**-53
