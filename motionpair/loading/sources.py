"""What the order of training needs to know of samples, whatever is read of them: videos, latents, ...

A dataset that is drawn from in the order of `loading.order` has an `index`, which is a `Source`, and gives a
sample for `(number, seed)`. `motionpair.PairDataset` and its `Index` are such; a folder of latents is another
as soon as it says stratum, mode, kind and bucket of each sample. Two sources with the same pairs in the same
buckets have the same order and the same fingerprint, so that a training may go on from one with the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from motionpair.errors import InputError
from motionpair.loading.order import Order
from motionpair.loading.shares import Part, Sharing, kind_of, part_numbers, share_out


@runtime_checkable
class Source(Protocol):
    """Facts of N samples, by number. A sample's group follows from stratum, mode and kind of driving."""

    @property
    def pair_ids(self) -> np.ndarray:
        """(N,) str, what each sample is; part of the fingerprint."""

    @property
    def strata(self) -> Sequence[str]:
        """Names of strata."""

    @property
    def stratum(self) -> np.ndarray:
        """(N,) int, number in `strata`."""

    @property
    def modes(self) -> Sequence[str]:
        """Names of modes: `animation`, `replacement`."""

    @property
    def mode(self) -> np.ndarray:
        """(N,) int, number in `modes`."""

    @property
    def driving_kinds(self) -> Sequence[str]:
        """Names of kinds of driving: `clip`, `pose`, `body_mesh`."""

    @property
    def driving_kind(self) -> np.ndarray:
        """(N,) int, number in `driving_kinds`."""

    @property
    def buckets(self) -> Sequence[Any]:
        """Buckets; samples of equal buckets may share a batch."""

    @property
    def bucket(self) -> np.ndarray:
        """(N,) int, number in `buckets`."""

    def __len__(self) -> int: ...


class Indexed(Protocol):
    """A dataset whose sample i is sample i of its index.

    It may have `__getitems__`, which gives the samples of a batch at once, and `fork_safe`: whether forked
    workers may read from it, which is so where it does not say.
    """

    @property
    def index(self) -> Source:
        """What is known of the samples."""

    def __getitem__(self, item: Any, /) -> Any:
        """The sample of a number, or of (number, seed) with a random number from 0 to 2⁶³ − 1."""


def order_of(
    sources: Sequence[Source],
    batch_size: int,
    seed: int,
    shares: Mapping[str, float] | None = None,
    mix: Sequence[float] | None = None,
) -> tuple[Order, Sharing, str]:
    """The order of all samples of some sources, numbered one source after the other.

    Args:
        sources: at least one, with at least one sample among them.
        batch_size, seed: as of `Order`.
        shares, mix: as of `shares.share_out`.

    Returns:
        The order, the groups that are drawn with their shares, and a fingerprint of both and of the samples.

    Raises:
        InputError: an argument is not as above; names it.
    """
    if isinstance(mix, (Sequence, np.ndarray)) and len(mix) != len(sources):
        raise InputError(f"mix: expected {len(sources)} numbers, one a dataset, got {len(mix)}")
    if not sum(map(len, sources)):
        raise InputError("datasets: expected at least one pair, got none (in this split)")
    parts: list[Part] = []
    numbers: list[np.ndarray] = []
    number_of: dict[Hashable, int] = {}
    buckets: list[np.ndarray] = []
    for dataset, source in enumerate(sources):
        shape = (len(source.strata), len(source.modes), len(source.driving_kinds))
        found, codes = np.unique(
            np.ravel_multi_index((source.stratum, source.mode, source.driving_kind), shape),
            return_inverse=True,
        )
        numbers.append(codes.reshape(-1) + len(parts))
        parts += [
            Part(dataset, source.strata[s], kind_of(source.modes[m], source.driving_kinds[d]))
            for s, m, d in zip(*np.unravel_index(found, shape), strict=True)
        ]
        known, first = np.unique(source.bucket, return_index=True)
        for code in known[np.argsort(first)]:  # numbered as they come: another source may sort them otherwise
            number_of.setdefault(source.buckets[code], len(number_of))
        buckets.append(np.array([number_of.get(one, -1) for one in source.buckets], np.int64)[source.bucket])
    sharing = share_out(parts, shares, mix)
    groups = part_numbers(numbers, sharing.groups)
    order = Order(groups, np.concatenate(buckets), sharing.shares, batch_size, seed)
    names = "\n".join(name for source in sources for name in source.pair_ids.tolist())
    whole = hashlib.sha256(f"{order.fingerprint}\n{names}".encode()).hexdigest()
    return order, sharing, whole[:16]
