"""Lance: a table of large binaries; random access by `take` without a copy, epochs by its safe loader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import lance
import pyarrow as pa
from lance.torch.data import SafeLanceDataset, get_safe_loader

from benchmarks.loaders.stores import loose_files


def write(samples: Path, out: Path) -> None:
    first = next(loose_files.all_of(samples))
    columns = pa.schema(
        [(name, pa.large_binary() if isinstance(v, bytes) else pa.string()) for name, v in first.items()]
    )
    batches = (pa.RecordBatch.from_pylist([s], columns) for s in loose_files.all_of(samples))
    lance.write_dataset(pa.RecordBatchReader.from_batches(columns, batches), str(out))


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    table = lance.dataset(str(out))

    def fetch(i: int) -> dict[str, Any]:
        return buffers(table.take([i]))

    return fetch


def buffers(row: Any) -> dict[str, Any]:
    """A row's texts, and its blobs as views of Arrow's memory."""
    sample: dict[str, Any] = {}
    for name, column in zip(row.column_names, row.columns, strict=True):
        value = column[0]
        sample[name] = value.as_py() if pa.types.is_string(value.type) else value.as_buffer()
    return sample


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return get_safe_loader(SafeLanceDataset(str(out)), batch, workers, shuffle=True, collate_fn=list)
