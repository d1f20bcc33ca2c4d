"""Hugging Face datasets: Parquet with binary columns, which the library turns into Arrow files and maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.loaders.stores import loose_files

_PAIRS = 32


def write(samples: Path, out: Path) -> None:
    rows = list(loose_files.all_of(samples))
    write_rows(rows, out)
    opened(out)  # converts them once; opening finds them later


def write_rows(rows: list[dict[str, Any]], out: Path) -> None:
    """Parquet files of 32 rows."""
    out.mkdir()
    for first in range(0, len(rows), _PAIRS):
        table = pa.Table.from_pylist(rows[first : first + _PAIRS])
        pq.write_table(table, out / f"train-{first // _PAIRS:05d}.parquet", row_group_size=8)


def opened(out: Path) -> Any:
    datasets.disable_progress_bars()
    files = sorted(map(str, out.glob("*.parquet")))
    return datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(out / "cache"))


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    return opened(out).__getitem__


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return loose_files.map_loader(opened(out), batch, workers)
