"""Hugging Face datasets again, asked for Arrow tables: rows are views of the mapped files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.loaders.stores import loose_files
from benchmarks.loaders.stores.huggingface import opened, write

__all__ = ["fetcher", "loader", "write"]


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    table = opened(out).with_format("arrow")

    def fetch(i: int) -> dict[str, Any]:
        return buffers(table[i])

    return fetch


def buffers(row: pa.Table) -> dict[str, Any]:
    """A row's texts, and its blobs as views of Arrow's memory."""
    sample: dict[str, Any] = {}
    for name, column in zip(row.column_names, row.columns, strict=True):
        value = column[0]
        text = pa.types.is_string(value.type) or pa.types.is_large_string(value.type)
        sample[name] = value.as_py() if text else value.as_buffer()
    return sample


class _Rows:
    """Map-style; tables go to the parent as they are."""

    def __init__(self, out: Path) -> None:
        self._table = opened(out).with_format("arrow")

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, i: int) -> pa.Table:
        return self._table[i]


class _Epochs:
    """Iterating gives an epoch of samples as views of the tables."""

    def __init__(self, loader: Iterable[Any]) -> None:
        self._loader = loader

    def __iter__(self) -> Any:
        for rows in self._loader:
            yield [buffers(row) for row in rows]


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return _Epochs(loose_files.map_loader(_Rows(out), batch, workers))
