"""`metadata.parquet`: every pair's row, small enough to load whole, and where its blobs lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from motionpair import durable, shards
from motionpair.columns import BLOB_REF_TYPE
from motionpair.errors import DataError
from motionpair.forms import Form
from motionpair.location import Location
from motionpair.manifest import METADATA
from motionpair.schema import PAIRS

ROW_GROUP = 4096


def build_metadata(
    out: Path, shard_names: Sequence[str], *, by_slot: bool = True, form: Form = PAIRS
) -> None:
    """Write `OUT/metadata.parquet` from the shards, in slot order, whole or not at all.

    Args:
        out: the dataset's folder.
        shard_names: the shards under it, such as `shards/shard-00000.parquet`; may be empty.
        by_slot: False for a dataset of several plans, whose slots say nothing of order: then rows are in
            the order of `shard_names`.
        form: what the shards hold.

    Raises:
        DataError: a shard is missing or damaged.
    """
    columns = form.metadata_schema()
    table = _all_metadata(out, shard_names, by_slot, form).cast(columns)
    with (
        durable.replacing(out / METADATA) as temporary,
        pq.ParquetWriter(
            temporary,
            columns,
            version="2.6",
            compression="zstd",
            compression_level=9,
            use_dictionary=False,  # smaller, as zstd sees the repetition itself
            write_statistics=list(shards.FILTERED),
            store_schema=False,
            write_page_checksum=True,
        ) as writer,
    ):
        writer.write_table(table, row_group_size=ROW_GROUP)


def _all_metadata(out: Path, shard_names: Sequence[str], by_slot: bool, form: Form) -> pa.Table:
    """The rows of all shards, in one piece."""
    tables = [_shard_metadata(out, name, form) for name in shard_names]
    table = pa.concat_tables(tables) if tables else form.metadata_schema().empty_table()
    if by_slot and (np.diff(table["slot"].to_numpy()) < 0).any():
        table = table.sort_by("slot")
    return table.combine_chunks()


def read_metadata(location: Location, columns: Sequence[str] | None = None, form: Form = PAIRS) -> pa.Table:
    """The rows of a dataset with the places of their blobs, as they lie, typed as `form.metadata_schema`.

    Args:
        location: the dataset.
        columns: those to read; by default all.

    Raises:
        DataError: missing, damaged or with other columns.
    """
    with _opened(location, form) as file:
        table = file.read(columns=None if columns is None else list(columns), use_threads=False)
        table.validate(full=True)
        return table.replace_schema_metadata(None)


def read_rows(location: Location, rows: int = 256) -> Iterator[pa.RecordBatch]:
    """The rows of a dataset of pairs a few at a time, so that memory does not grow with the dataset.

    Raises:
        DataError: as of `read_metadata`.
    """
    with _opened(location, PAIRS) as file:
        for batch in file.iter_batches(rows, use_threads=False):
            batch.validate(full=True)
            yield batch


@contextmanager
def _opened(location: Location, form: Form) -> Iterator[pq.ParquetFile]:
    where = f"{location.text}/{METADATA}"
    with location.open(METADATA) as source, shards.reading(where):
        file = pq.ParquetFile(source, page_checksum_verification=True)
        if not file.schema_arrow.equals(form.metadata_schema()):
            raise DataError(f"{where}: expected the columns of schema version {form.version} of {form.name}")
        yield file


def _shard_metadata(out: Path, name: str, form: Form) -> pa.Table:
    path = out / name
    table = shards.row_table(path, form)
    refs: dict[str, list[dict[str, object]]] = {column: [] for column in form.blobs}
    for places in shards.blob_table(path, form):
        for column, place in places.items():
            digest = hashlib.sha256(shards.read_blob(path, place.offset, place.length)).hexdigest()
            refs[column].append(
                {"shard": name, "offset": place.offset, "length": place.length, "sha256": digest}
            )
    for column, values in refs.items():
        field = pa.field(column, BLOB_REF_TYPE, nullable=False)
        table = table.append_column(field, pa.array(values, BLOB_REF_TYPE))
    return table
