"""Our shards, by `PairDataset` and `PairLoader`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from motionpair import PairDataset, PairLoader

COLUMNS = (
    "driving",
    "driving_mask",
    "target",
    "target_mask",
    "reference",
    "reference_mask",
    "annotations",
    "caption",
    "pair_id",
)


def write(samples: Path, out: Path) -> None:
    """The samples are out of a dataset: `clips.make` wrote it beside them."""
    shutil.copytree(samples.parent / "dataset", out)


def dataset(out: Path) -> PairDataset:
    return PairDataset(out, COLUMNS, decode=False)


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    return dataset(out).__getitem__  # type: ignore[return-value]


class _Epochs:
    """Iterating gives an epoch: the columns of each batch, without the samples' seeds."""

    def __init__(self, out: Path, batch: int, workers: int) -> None:
        self._loader = PairLoader(dataset(out), batch, seed=1, workers=workers)

    def __iter__(self) -> Iterator[dict[str, list[Any]]]:
        for batch in self._loader:
            yield {name: batch[name] for name in COLUMNS}


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return _Epochs(out, batch, workers)
