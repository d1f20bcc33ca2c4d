"""What every export reads: rows whose names are fit to be files, and the blobs that each pair has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from motionpair import schema
from motionpair.dataset import Dataset
from motionpair.errors import DataError
from motionpair.location import is_safe_name

SPLITS = ("train", "validation", "test")

Row = dict[str, Any]


def rows(dataset: Dataset) -> Iterator[Row]:
    """Every row in slot order, with the places of its blobs.

    Raises:
        DataError: a pair's name or stratum is no name of a file, two pairs share one, the split is unknown,
            a blob has bytes where the row says it has none, or there are not as many rows as the manifest
            counts.
    """
    seen: set[str] = set()
    for row in dataset.rows():
        pair_id = row["pair_id"]
        for column in ("pair_id", "stratum"):
            if not is_safe_name(row[column]) or "/" in row[column]:
                raise DataError(f"pair {pair_id[:80]!r}: {column}: {row[column][:80]!r} is no name of a file")
        if row["split"] not in SPLITS:
            raise DataError(f"pair {pair_id}: split: expected {', '.join(SPLITS)}, got {row['split'][:80]!r}")
        if pair_id in seen:
            raise DataError(f"pair {pair_id}: is there twice")
        seen.add(pair_id)
        schema.check_blob_sizes(row, {column: row[column]["length"] for column in schema.BLOBS})
        yield row
    if len(seen) != count(dataset):
        raise DataError(
            f"{dataset.location.text}: has {len(seen)} pairs, the manifest counts {count(dataset)}"
        )


def count(dataset: Dataset) -> int:
    """How many pairs there are to export."""
    return dataset.manifest.counts.rows


def blobs(dataset: Dataset, row: Row) -> dict[str, bytes]:
    """The blobs that a pair has, by column; an additional reference that it lacks is not there.

    Raises:
        DataError: damaged; names pair and column.
    """
    return dataset.blobs(row, [c for c in schema.BLOBS if not schema.lacks(row, c)])


def plain(row: Row) -> Row:
    """A row's columns without its blobs."""
    return {name: row[name] for name in schema.COLUMNS}
