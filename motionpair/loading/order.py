"""The order of an epoch: a pure function of seed, epoch, sampling shares, buckets and batch size.

All samples of a *group* (a stratum, or strata that are drawn as one) form a cycle. An epoch takes the next
piece of each group's cycle, as long as the group's share of the epoch, so that no sample is drawn again
before its group is exhausted, within an epoch and from one epoch to the next. Each piece is shuffled, the
groups are dealt into one another evenly, and draws of one *bucket* (clips of one size and length) become
batches. So there is one sequence of batches, which any number of ranks deal among themselves.

Nothing here knows what a sample is: pairs as videos and pairs as latents have one order where their groups
and buckets agree. Random numbers are hashes of what they are for (`hashing`): the order is the same under
every version of Python and numpy, on every machine, and no epoch has to be computed to know the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from motionpair.errors import InputError
from motionpair.loading.arguments import whole
from motionpair.loading.hashing import hashes, uniform
from motionpair.loading.state import State

LEFT_OUT = -1
"""The group of samples that are never drawn."""

_CYCLE, _SHUFFLE, _SPREAD, _TIME, _DRAW = range(5)
"""What a hash is for."""


@dataclass(frozen=True)
class EpochOrder:
    """The batches of an epoch.

    numbers: (D,) int64, the samples in the order of training. starts: (B + 1,) int64, batch i has the draws
    `starts[i]` to `starts[i + 1] − 1`. seeds: (D,) int64 from 0, a random number a draw, for augmentation.
    """

    numbers: np.ndarray
    starts: np.ndarray
    seeds: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def batch(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers and the seeds of batch i, each (b,) int64."""
        draws = slice(self.starts[i], self.starts[i + 1])
        return self.numbers[draws], self.seeds[draws]


def draws_by_group(count: int, shares: Sequence[float]) -> np.ndarray:
    """How many of `count` draws each group gets: by largest remainder, at least 1 each.

    Args:
        count: at least the number of groups.
        shares: above 0; their sum does not matter.

    Returns:
        (G,) int64 whose sum is `count`.
    """
    weights = [Fraction(share) for share in shares]  # exact: no rounding decides who gets a draw
    quotas = [count * weight / sum(weights) for weight in weights]
    draws = [max(int(quota), 1) for quota in quotas]
    groups = range(len(draws))
    while sum(draws) < count:
        draws[max(groups, key=lambda g: (quotas[g] - draws[g], -g))] += 1
    while sum(draws) > count:
        draws[max((g for g in groups if draws[g] > 1), key=lambda g: (draws[g] - quotas[g], -g))] -= 1
    return np.array(draws, np.int64)


class Order:
    """The sequence of batches of a set of samples, epoch after epoch.

    An epoch has as many draws as there are samples that are ever drawn. A batch has `batch_size` samples of
    one bucket; the last one of a bucket in an epoch has the rest. Over any beginning of an epoch every group
    has its share to within half a batch a bucket (with many buckets, a batch or two), and a bucket comes as
    evenly as its samples.

    Args:
        groups: (N,) int, the group of each sample, 0 to G − 1, or `LEFT_OUT`; every group has a sample.
        buckets: (N,) int from 0, the bucket of each sample.
        shares: (G,) above 0, how often each group is drawn; their sum does not matter.
        batch_size: samples of a batch, at least 1.
        seed: 0 to 2⁶³ − 1.

    Raises:
        InputError: an argument is not as above; names it.
    """

    def __init__(
        self, groups: np.ndarray, buckets: np.ndarray, shares: Sequence[float], batch_size: int, seed: int
    ) -> None:
        groups, buckets = np.asarray(groups, np.int64), np.asarray(buckets, np.int64)
        _check(groups, buckets, shares)
        self.batch_size = batch_size = whole("batch_size", batch_size, 1)
        self.seed = seed = whole("seed", seed, 0, (1 << 63) - 1)
        self.drawn = int(np.count_nonzero(groups != LEFT_OUT))
        self._buckets = buckets
        self._draws = draws_by_group(self.drawn, shares)
        self._cycles = [
            _spread(members, np.zeros_like(members), buckets[members], hashes(seed, _CYCLE, members))
            for members in (np.flatnonzero(groups == group) for group in range(len(shares)))
        ]
        text = f"{seed} {batch_size} {self._draws.tolist()} {len(groups)} ".encode()
        self.fingerprint = hashlib.sha256(text + groups.tobytes() + buckets.tobytes()).hexdigest()[:16]
        self._kept: dict[int, EpochOrder] = {}

    def epoch(self, epoch: int) -> EpochOrder:
        """The batches of an epoch, from 0. Two are kept: a step may go on into the next epoch."""
        if epoch not in self._kept:
            self._kept = dict([*self._kept.items()][-1:]) | {epoch: self._ordered(epoch)}
        return self._kept[epoch]

    def moved(self, state: State, batches: int) -> State:
        """The state after so many further batches, in this epoch or a later one."""
        epoch, consumed = state.epoch, state.consumed + batches
        while consumed >= len(self.epoch(epoch)):
            consumed -= len(self.epoch(epoch))
            epoch += 1
        return State(epoch, consumed)

    def steps(self, state: State, world: int) -> int:
        """How many steps of `world` batches begin in what is left of the state's epoch."""
        return -(-max(len(self.epoch(state.epoch)) - state.consumed, 0) // world)

    def batches(self, rank: int, world: int, state: State) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """A rank's batches of the steps that begin in what is left of the state's epoch.

        A step takes the next `world` batches, the rank-th of which is this rank's; the last step goes on
        into the next epoch, so that every rank has as many and no batch is lost or trained on twice.

        Yields:
            The numbers and the seeds of a batch, each (b,) int64.
        """
        for step in range(self.steps(state, world)):
            place = self.moved(state, step * world + rank)
            yield self.epoch(place.epoch).batch(place.consumed)

    def _ordered(self, epoch: int) -> EpochOrder:
        drawn = [
            self._piece(group, epoch * int(draws), int(draws)) for group, draws in enumerate(self._draws)
        ]
        numbers = np.concatenate([numbers for numbers, _ in drawn])
        times = np.concatenate([times for _, times in drawn])
        seeds = hashes(self.seed, _DRAW, epoch, np.arange(len(numbers)))
        numbers, starts = _batches(numbers, self._buckets[numbers], times, self.batch_size)
        return EpochOrder(numbers, starts, (seeds >> np.uint64(1)).astype(np.int64))

    def _piece(self, group: int, first: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """The next draws of a group and when in the epoch each comes, (d,) of 0 to 1, ascending."""
        cycle = self._cycles[group]
        at = first + np.arange(draws)
        numbers, rounds = cycle[at % len(cycle)], at // len(cycle)
        keys = hashes(self.seed, _SHUFFLE, rounds, first, numbers)
        numbers = _spread(numbers, rounds, self._buckets[numbers], keys)
        return numbers, (np.arange(draws) + uniform(hashes(self.seed, _TIME, group, at))) / draws


def _check(groups: np.ndarray, buckets: np.ndarray, shares: Sequence[float]) -> None:
    if groups.ndim != 1 or groups.shape != buckets.shape:
        raise InputError(
            f"groups, buckets: expected one number a sample, got shapes {groups.shape}, {buckets.shape}"
        )
    if not np.array_equal(np.unique(groups[groups != LEFT_OUT]), np.arange(len(shares))) or not len(shares):
        raise InputError(f"groups: expected every number from 0 to {len(shares) - 1}, or {LEFT_OUT}")
    if buckets.min() < 0:
        raise InputError("buckets: expected numbers from 0")
    if not all(0 < share < float("inf") for share in shares):
        raise InputError(f"shares: expected numbers above 0, got {list(shares)}")


def _spread(numbers: np.ndarray, rounds: np.ndarray, buckets: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Samples round by round, shuffled by their keys, those of each bucket spread evenly over a round."""
    order = np.lexsort((keys, buckets, rounds))
    numbers, rounds, buckets, keys = numbers[order], rounds[order], buckets[order], keys[order]
    firsts, counts = _runs((np.diff(rounds) != 0) | (np.diff(buckets) != 0), len(numbers))
    rank = np.arange(len(numbers)) - np.repeat(firsts, counts)
    places = (rank + uniform(hashes(_SPREAD, keys))) / np.repeat(counts, counts)
    spread: np.ndarray = numbers[np.lexsort((places, rounds))]
    return spread


def _batches(
    numbers: np.ndarray, buckets: np.ndarray, times: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of one bucket, as they come, put into batches, and these in the order of their middle draws.

    Returns:
        The draws, (D,), and where each batch starts, (B + 1,).
    """
    order = np.lexsort((times, buckets))
    firsts, counts = _runs(np.diff(buckets[order]) != 0, len(order))
    full = -(-counts // size)
    rank = np.arange(full.sum()) - np.repeat(np.cumsum(full) - full, full)
    firsts, counts = np.repeat(firsts, full) + rank * size, np.repeat(counts, full) - rank * size
    lengths = np.minimum(counts, size)
    turn = np.argsort(times[order[firsts + lengths // 2]], kind="stable")
    firsts, lengths = firsts[turn], lengths[turn]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    draws = np.arange(len(order)) + np.repeat(firsts - starts[:-1], lengths)
    return numbers[order[draws]], starts


def _runs(changes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First place and length of each run, from whether value i + 1 differs from value i."""
    firsts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return firsts, np.diff(firsts, append=count)
