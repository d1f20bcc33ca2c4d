"""WebDataset: tars of 32 pairs, read in shuffled order of tars through a shuffle buffer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import webdataset

from benchmarks.loaders.stores import loose_files

_PAIRS = 32
_BUFFER = 64
"""Samples that a worker shuffles among."""


def write(samples: Path, out: Path) -> None:
    out.mkdir()
    with webdataset.ShardWriter(str(out / "%05d.tar"), maxcount=_PAIRS, verbose=0) as writer:
        for sample in loose_files.all_of(samples):
            blobs = {f"{column}.bin": data for column, data in sample.items() if isinstance(data, bytes)}
            writer.write({"__key__": sample["pair_id"], "caption.txt": sample["caption"], **blobs})


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    from torch.utils.data import DataLoader

    tars = sorted(map(str, out.glob("*.tar")))
    dataset = webdataset.WebDataset(tars, shardshuffle=len(tars)).shuffle(_BUFFER).decode()  # texts
    return DataLoader(dataset, batch, num_workers=workers, persistent_workers=workers > 0, collate_fn=list)
