"""Cheap random draws: one block of uniform numbers a spec, and weighted tables.

Planning draws about a hundred numbers for each of tens of thousands of specs; a numpy call for each
would cost more than all the rest. A `Draws` takes blocks of uniforms from a Generator that is handed
in and turns them into the few kinds of draw that planning needs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 128
DIGITS = 4
"""Numbers in specs are rounded to this many digits, so that their JSON is short and exact."""

CAST_DEAL, CAST_GROUPS, CAST_MEMBER, SLOT, CANDIDATE = range(1, 6)
"""What a random stream is for. SeedSequence pads with zeros, so (7,) and (7, 0) are one stream; a first
number of its own keeps each purpose apart."""


def stream(purpose: int, *numbers: int) -> np.random.Generator:
    """The Generator of a purpose and its numbers (seed, slot, ...); always as many for one purpose."""
    return np.random.default_rng(np.random.SeedSequence([purpose, *numbers]))


class Draws:
    """Draws from one Generator, in call order."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._block: list[float] = []

    def unit(self) -> float:
        """A uniform number in [0, 1)."""
        if not self._block:
            self._block = self._rng.random(_BLOCK).tolist()
        return self._block.pop()

    def between(self, low: float, high: float) -> float:
        """A uniform number in [low, high], rounded to `DIGITS` digits."""
        return round(low + (high - low) * self.unit(), DIGITS)

    def whole(self, low: int, high: int) -> int:
        """A whole number in low..high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def chance(self, share: float) -> bool:
        """True for this share of draws."""
        return self.unit() < share

    def one_of(self, values: Sequence[T]) -> T:
        """One of the values, evenly."""
        return values[int(self.unit() * len(values))]

    def sample(self, values: Sequence[T], count: int) -> list[T]:
        """`count` different ones of the values, in random order."""
        rest = list(values)
        return [rest.pop(int(self.unit() * len(rest))) for _ in range(count)]

    def seed(self) -> int:
        """A seed: a whole number below 2**31."""
        return int(self.unit() * 2147483648)


class Table(Generic[T]):
    """Values drawn in proportion to their weights; those of weight 0 never."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = tuple(v for v, w in weights.items() if w > 0)
        self._edges = tuple(accumulate(w for w in weights.values() if w > 0))

    def draw(self, draws: Draws) -> T:
        """One value."""
        return self.at(draws.unit())

    def at(self, share: float) -> T:
        """The value at a share in [0, 1) of all weight, in the table's order."""
        spot = bisect_right(self._edges, share * self._edges[-1])
        return self.values[min(spot, len(self.values) - 1)]


def deal(total: int, shares: Sequence[float]) -> list[int]:
    """Whole counts that sum to `total`, in proportion to the shares: the largest-remainder method.

    Equal remainders go to the earlier share.
    """
    scale = total / sum(shares)
    exact = [s * scale for s in shares]
    counts = [int(x) for x in exact]
    by_remainder = sorted(range(len(shares)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    return counts


def interleave(counts: Sequence[int]) -> np.ndarray:
    """(sum(counts),) int: index i appears counts[i] times, spread evenly, so that every prefix holds each
    index in proportion to its count, within one.
    """
    counts_array = np.asarray(counts, dtype=np.int64)
    owner = np.repeat(np.arange(len(counts_array)), counts_array)
    first = np.concatenate([[0], np.cumsum(counts_array)[:-1]])
    rank = np.arange(len(owner)) - first[owner]
    place = (rank + 0.5) / counts_array[owner]
    return owner[np.lexsort((owner, place))]
