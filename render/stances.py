"""Stances: the stretches of time in which a foot, a knee or a hand stays where it stands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def runs(flags: np.ndarray) -> list[slice]:
    """The stretches of consecutive True in flags (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [slice(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def carried(correction: np.ndarray, stances: list[slice]) -> np.ndarray:
    """A correction (T, 3) that holds in stances, carried over the frames between them.

    Between two stances: the cubic that leaves the one and meets the other at their own speeds. Before the
    first and after the last: held. Without a stance: none.
    """
    out = np.zeros_like(correction)
    if not stances:
        return out
    for run in stances:
        out[run] = correction[run]
    out[: stances[0].start] = correction[stances[0].start]
    out[stances[-1].stop :] = correction[stances[-1].stop - 1]
    for before, after in pairwise(stances):
        first, last = before.stop - 1, after.start
        steps = last - first
        u = (np.arange(1, steps) / steps)[:, None]
        leave = correction[first] - correction[max(first - 1, before.start)]
        meet = correction[min(last + 1, after.stop - 1)] - correction[last]
        out[first + 1 : last] = (
            correction[first] * (1 + 2 * u) * (1 - u) ** 2
            + steps * leave * u * (1 - u) ** 2
            + correction[last] * u * u * (3 - 2 * u)
            + steps * meet * u * u * (u - 1)
        )
    return out
