"""Our shards, by `PairDataset` and `PairLoader`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
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


def columns(samples: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """A batch of lists, as the other stores have it; no tensors."""
    return {name: [sample[name] for sample in samples] for name in COLUMNS}


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return PairLoader(dataset(out), batch, seed=1, workers=workers, collate=columns)
