"""Our shards, by `PairDataset` and `PairBatches`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from motionpair import PairDataset
from motionpair.loading.batches import PairBatches
from motionpair.loading.pairs import collate

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
    """Iterating gives an epoch and reports its batches as trained on."""

    def __init__(self, out: Path, batch: int, workers: int) -> None:
        from torch.utils.data import DataLoader

        pairs = dataset(out)
        self._batches = PairBatches(pairs, batch, seed=1)
        self._loader = DataLoader(
            pairs,
            batch_sampler=self._batches,
            num_workers=workers,
            persistent_workers=workers > 0,
            collate_fn=collate,
        )

    def __iter__(self) -> Iterator[Any]:
        for batch in self._loader:
            yield batch
            self._batches.advance()


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return _Epochs(out, batch, workers)
