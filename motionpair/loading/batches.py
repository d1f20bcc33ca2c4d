"""Batches of pairs for a `torch.utils.data.DataLoader`: shared among ranks, resumed exactly. Needs no torch.

    batches = PairBatches(dataset, batch_size=8, seed=1, rank=rank, world=world)
    batches.load_state_dict(checkpoint["batches"])          # when resuming
    loader = DataLoader(dataset, batch_sampler=batches, num_workers=4)
    while batches.state.epoch < epochs:
        for batch in loader:
            train(batch)
            batches.advance()                               # after the step, before a checkpoint
            checkpoint["batches"] = batches.state_dict()

Workers fetch ahead, so the loader cannot know what was trained on: the training loop says it, by `advance`.
The state is the same on all ranks, and fits any number of ranks and workers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow.parquet as pq

from motionpair import shards
from motionpair.errors import InputError
from motionpair.loading.index import Bucket, Index
from motionpair.loading.order import Order
from motionpair.loading.shares import Part, Sharing, kind_of, part_numbers, share_out
from motionpair.loading.state import START, State
from motionpair.manifest import METADATA

_LOG = logging.getLogger(__name__)


class Indexed(Protocol):
    """A dataset whose sample i is pair i of its index, such as `motionpair.PairDataset`."""

    index: Index

    def __getitem__(self, item: Any, /) -> Any: ...


class PairBatches:
    """This rank's batches of sample numbers; for `DataLoader(batch_sampler=...)`.

    Iterating gives the rest of the state's epoch, `len` is how many batches that is; a step of all ranks
    takes `world` batches from one sequence, and the last step goes on into the next epoch.

    Attributes:
        order: the sequence of batches. sharing: the groups that are drawn, their shares, and notes to show.
        state: what was trained on so far.

    Args:
        datasets: one dataset or several, or their indexes. Samples of several are numbered one dataset after
            the other, as in `Mixture` and in torch's `ConcatDataset`.
        batch_size: pairs of a batch of one rank.
        seed: 0 to 2⁶³ − 1.
        shares: by stratum or kind of pair (`motionpair.loading.shares`); not given, 60 % animation, 20 %
            replacement and 20 % pose-driven. Shares of what is not there fall away.
        mix: how often each dataset is drawn, in proportion. Not given, all are drawn as if they were one.
        rank, world: this process and how many there are; they are no part of the order.
        seeds: give `(number, seed)` instead of numbers: a random number of 63 bits that belongs to the draw
            whatever the ranks and workers, for augmentation.

    Raises:
        InputError: an argument is not as above; names it. DataError: a dataset's metadata is damaged.
    """

    def __init__(
        self,
        datasets: Indexed | Index | Sequence[Indexed | Index],
        batch_size: int,
        seed: int,
        shares: Mapping[str, float] | None = None,
        mix: Sequence[float] | None = None,
        rank: int = 0,
        world: int = 1,
        seeds: bool = False,
    ) -> None:
        if not 0 <= rank < world:
            raise InputError(f"rank, world: expected a rank from 0 to world - 1, got {rank} of {world}")
        several = datasets if isinstance(datasets, Sequence) else [datasets]
        indexes = [one if isinstance(one, Index) else one.index for one in several]
        if mix is not None and len(mix) != len(indexes):
            raise InputError(f"mix: expected {len(indexes)} numbers, one a dataset, got {len(mix)}")
        if not sum(map(len, indexes)):
            raise InputError("datasets: expected at least one pair, got none (in this split)")
        self.order, self.sharing = _ordered(indexes, batch_size, seed, shares, mix)
        self.rank, self.world, self.seeds = rank, world, seeds
        self.state = START
        self._given_from: State | None = None
        for note in self.sharing.notes if rank == 0 else ():
            _LOG.warning("shares: %s", note)

    def __len__(self) -> int:
        return self.order.steps(self.state, self.world)

    def __iter__(self) -> Iterator[list[Any]]:
        if self.state == self._given_from:
            raise RuntimeError(
                "an epoch's batches were given and none was reported as trained on: call advance() after "
                "every training step, or set_state() to iterate again"
            )
        start = self.state
        for numbers, seeds in self.order.batches(self.rank, self.world, self.state):
            yield list(zip(numbers.tolist(), seeds.tolist(), strict=True)) if self.seeds else numbers.tolist()
        self._given_from = start

    def advance(self, steps: int = 1) -> None:
        """Report steps that were trained: `world` batches each, one of this rank. Call it on every rank.

        Where gradients of n batches are accumulated, call `advance(n)` after the optimiser's step.
        """
        if steps < 0:
            raise InputError(f"steps: expected a number from 0, got {steps}")
        self.state = self.order.moved(self.state, steps * self.world)

    def set_state(self, state: State) -> None:
        """Go on from a state of this order, such as `State(3, 0)`; iterators in use keep their place.

        Raises:
            InputError: the epoch has fewer batches.
        """
        if state.consumed and state.consumed >= len(self.order.epoch(state.epoch)):
            most = len(self.order.epoch(state.epoch)) - 1
            raise InputError(
                f"consumed: expected 0 to {most}, batches of epoch {state.epoch}, got {state.consumed}"
            )
        self.state, self._given_from = state, None

    def state_dict(self) -> dict[str, Any]:
        """What was trained on, `{epoch, consumed}`, and `order`: a fingerprint of what was in which order."""
        return {**self.state.plain(), "order": self.order.fingerprint}

    def load_state_dict(self, plain: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, also where it had another number of ranks.

        Raises:
            InputError: not such a state, or of other pairs, shares, batch size or seed.
        """
        if plain.get("order", self.order.fingerprint) != self.order.fingerprint:
            raise InputError(
                "state.order: the state is of another order; expected the same pairs, shares, batch size "
                "and seed as when it was saved"
            )
        self.set_state(State.read({key: value for key, value in plain.items() if key != "order"}))


class Mixture:
    """Several datasets as one, numbered one after the other.

    A number, or `(number, seed)` with a seed that the dataset takes, gives a sample.
    """

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = tuple(datasets)
        self._ends = np.cumsum([len(dataset) for dataset in self.datasets])

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.datasets else 0

    def __getitem__(self, item: int | tuple[int, int]) -> Any:
        of, inner = self._place(item)
        return self.datasets[of][inner]

    def __getitems__(self, items: Sequence[int | tuple[int, int]]) -> list[Any]:
        """The samples of a batch; each dataset that has `__getitems__` reads its own at once."""
        places = [self._place(item) for item in items]
        samples: dict[int, Any] = {}
        for of in {of for of, _ in places}:
            dataset, own = self.datasets[of], [i for i, place in enumerate(places) if place[0] == of]
            inner = [places[i][1] for i in own]
            together = hasattr(dataset, "__getitems__")
            found = dataset.__getitems__(inner) if together else [dataset[item] for item in inner]
            samples |= dict(zip(own, found, strict=True))
        return [samples[i] for i in range(len(items))]

    def _place(self, item: int | tuple[int, int]) -> tuple[int, int | tuple[int, int]]:
        """The dataset of an item, and what it is to that dataset."""
        number, *seed = item if isinstance(item, tuple) else (item,)
        if not 0 <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        of = int(np.searchsorted(self._ends, number, side="right"))
        inner = number - (int(self._ends[of - 1]) if of else 0)
        return of, (inner, seed[0]) if seed else inner


def _ordered(
    indexes: Sequence[Index],
    batch_size: int,
    seed: int,
    shares: Mapping[str, float] | None,
    mix: Sequence[float] | None,
) -> tuple[Order, Sharing]:
    parts: list[Part] = []
    numbers: list[np.ndarray] = []
    shapes: list[Bucket] = []
    buckets: list[np.ndarray] = []
    for dataset, index in enumerate(indexes):
        modes, mode = _modes(index)
        shape = (len(index.strata), len(modes), len(index.driving_kinds))
        found, codes = np.unique(
            np.ravel_multi_index((index.stratum, mode, index.driving_kind), shape), return_inverse=True
        )
        numbers.append(codes + len(parts))
        parts += [
            Part(dataset, index.strata[s], kind_of(modes[m], index.driving_kinds[d]))
            for s, m, d in zip(*np.unravel_index(found, shape), strict=True)
        ]
        shapes += [bucket for bucket in index.buckets if bucket not in shapes]
        places = np.array([shapes.index(bucket) for bucket in index.buckets], np.int64)
        buckets.append(places[index.bucket])
    sharing = share_out(parts, shares, mix)
    groups = part_numbers(numbers, sharing.groups)
    return Order(groups, np.concatenate(buckets), sharing.shares, batch_size, seed), sharing


def _modes(index: Index) -> tuple[list[str], np.ndarray]:
    """The modes, and the number of each pair's among them, (N,)."""
    with (
        index.location.open(METADATA) as source,
        shards.reading(f"{index.location.text}/{METADATA}"),
    ):
        column = pq.ParquetFile(source, page_checksum_verification=True).read(["mode"])["mode"]
    encoded = column.combine_chunks().dictionary_encode()
    codes: np.ndarray = encoded.indices.to_numpy()[index.rows]
    return encoded.dictionary.to_pylist(), codes
