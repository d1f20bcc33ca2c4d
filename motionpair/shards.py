"""Shards: Parquet files of pairs, whose blobs can be read by offset without a Parquet reader.

A shard has the columns of a row, zstd-compressed, and one binary column a blob, uncompressed, PLAIN and
without dictionary. With one page a column chunk the bytes of a blob column lie in the file one after
the other, each after its length of 4 bytes, so offsets follow from the footer and the lengths.
A row group has 8 rows; pages carry checksums; the page index is written. Writing is deterministic: the
same pairs give the same bytes, whether they come from staging folders or from an older shard.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from motionpair import durable, remotes, schema
from motionpair.errors import DataError
from motionpair.location import Location
from motionpair.media import MAX_BYTES

ROW_GROUP = 8
ROW_FILE = "row.json"
FILTERED = ("pair_id", "slot", "stratum", "mode", "split")
"""Columns that readers filter by; the others have no statistics, which would cost more than the rows."""
_MAX_ROW_JSON = 1 << 22


@dataclass(frozen=True)
class BlobPlace:
    """Where a blob lies in its shard, in bytes."""

    offset: int
    length: int


@dataclass(frozen=True)
class _Entry:
    """A pair to write: its row, and a function that reads its blobs when their row group is written."""

    row: dict[str, Any]
    blobs: Callable[[], dict[str, bytes]]


def shard_name(index: int) -> str:
    """The name of a shard under the dataset's root."""
    return f"shards/shard-{index:05d}.parquet"


def write_shard(path: Path, staged: Sequence[Path], metadata: Mapping[str, str] | None = None) -> None:
    """Write a shard from the staging folders of its pairs, whole or not at all.

    Args:
        path: the shard's file; its folder exists.
        staged: staging folders, each with `row.json` and the files of `schema.BLOBS`, empty where the pair
            lacks an optional one; any order, the shard is in slot order.
        metadata: texts for the file's key-value metadata, equal in every run; `schema_version` is added.

    Raises:
        DataError: a staging folder misses a file, or its row is not as the schema says.
        ValueError: no folder, or two pairs of one slot.
    """
    _write(path, [_staged_entry(folder) for folder in staged], metadata or {})


def write_pairs(
    path: Path,
    pairs: Iterable[tuple[dict[str, Any], Callable[[], dict[str, bytes]]]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a shard of pairs that another dataset holds; equal pairs give the bytes of `write_shard`.

    Args:
        path: the shard's file; its folder exists.
        pairs: rows without blobs, each with a function that reads the pair's blobs, which is called when they
            are written: at most `ROW_GROUP` pairs' blobs are held at a time.
        metadata: as for `write_shard`.

    Raises:
        DataError: a pair has not the blobs that its row says.
        ValueError: no pair, or two pairs of one slot.
    """
    _write(path, [_Entry(row, blobs) for row, blobs in pairs], metadata or {})


def extend_shard(path: Path, staged: Sequence[Path]) -> None:
    """Rewrite a shard with more pairs, as if all had been written at once; replaced whole or not at all.

    Raises:
        DataError: the shard is damaged, or a staging folder is.
        ValueError: a slot is already in the shard.
    """
    with reading(str(path)):
        old = _open(path, str(path)).metadata.metadata or {}
        metadata = {key.decode(): value.decode() for key, value in old.items()}
    places = iter(blob_table(path))

    def entry(row: dict[str, Any], of: Mapping[str, BlobPlace]) -> _Entry:
        return _Entry(row, lambda: {n: _read_at(path, p.offset, p.length) for n, p in of.items()})

    entries = [entry(row, of) for row, of in zip(rows(path), places, strict=True)]
    _write(path, entries + [_staged_entry(folder) for folder in staged], metadata)


def blob_table(source: Path | pa.NativeFile) -> list[dict[str, BlobPlace]]:
    """Where every blob of a shard lies: one mapping from blob column to place a row, in the file's order.

    Raises:
        DataError: not a shard, or one whose blobs do not lie as this module writes them.
    """
    with _raw(source) as raw, reading(_name(source)):
        file = _open(raw, _name(source))
        table: list[dict[str, BlobPlace]] = []
        for group in range(file.num_row_groups):
            facts = file.metadata.row_group(group)
            chunks = {facts.column(i).path_in_schema: facts.column(i) for i in range(facts.num_columns)}
            lengths = _lengths(file, group)
            places = {name: _places(raw, chunks[name], lengths[name]) for name in schema.BLOBS}
            for i in range(facts.num_rows):
                table.append({name: places[name][i] for name in schema.BLOBS})
    return table


def _places(raw: pa.NativeFile, chunk: pq.ColumnChunkMetaData, lengths: Sequence[int]) -> list[BlobPlace]:
    """Where the values of a blob's column chunk lie: at its end, each after its length of 4 bytes."""
    header = chunk.total_compressed_size - sum(4 + length for length in lengths)
    offset = chunk.data_page_offset + header
    plain = chunk.compression == "UNCOMPRESSED" and not chunk.has_dictionary_page and header > 0
    # with a second page the first value would lie before the offset by that page's header
    if not plain or raw.read_at(4, offset) != lengths[0].to_bytes(4, "little"):
        raise DataError(f"column {chunk.path_in_schema}: expected one plain uncompressed page a row group")
    ends = itertools.accumulate((4 + length for length in lengths), initial=offset)
    return [BlobPlace(start + 4, length) for start, length in zip(ends, lengths, strict=False)]


def rows(source: Path | pa.NativeFile) -> Iterator[dict[str, Any]]:
    """The rows of a shard without blobs, in slot order.

    Raises:
        DataError: not a shard of this schema version, or damaged.
    """
    yield from row_table(source).to_pylist()


def row_table(source: Path | pa.NativeFile) -> pa.Table:
    """The columns of a shard without the blobs, typed as `schema.arrow_schema`.

    Raises:
        DataError: not a shard of this schema version, or damaged.
    """
    with reading(_name(source)):
        table = _open(source, _name(source)).read(columns=list(schema.COLUMNS), use_threads=False)
        table.validate(full=True)
        return table.replace_schema_metadata(None)


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn all that pyarrow raises on a damaged Parquet file into a `DataError` on `where`.

    A lost connection to a bucket stays one.
    """
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        if fault := remotes.explain(where, error):
            raise fault from None
        reason = (str(error).splitlines() or [""])[0][:200]
        raise DataError(f"{where}: damaged Parquet file ({reason})") from None


def read_blob(source: Path | Location, offset: int, length: int, name: str = "") -> bytes:
    """The bytes of one blob.

    Args:
        source: the shard's path, or the dataset's location together with `name`, the shard's name in it.
        offset: first byte.
        length: number of bytes.
        name: the shard's name under the location.

    Raises:
        DataError: the shard is missing or ends before `offset + length`, or the numbers are absurd.
    """
    if not 0 <= length <= MAX_BYTES or offset < 0:
        raise DataError(f"{name or source}: no blob has {length} bytes at {offset}")
    if isinstance(source, Path):
        return _read_at(source, offset, length)
    return source.read(name, offset, length)


def _staged_entry(folder: Path) -> _Entry:
    try:
        path = folder / ROW_FILE
        if path.stat().st_size > _MAX_ROW_JSON:
            raise DataError(f"{path}: expected at most {_MAX_ROW_JSON} bytes")
        row = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{folder}: {ROW_FILE} is missing") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{folder}/{ROW_FILE}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise DataError(f"{folder}/{ROW_FILE}: expected an object")
    schema.check_row(row)

    def blobs() -> dict[str, bytes]:
        try:
            return {name: (folder / file).read_bytes() for name, file in schema.BLOBS.items()}
        except FileNotFoundError as error:
            raise DataError(f"{error.filename}: missing") from None

    return _Entry(row, blobs)


def _write(path: Path, entries: list[_Entry], metadata: Mapping[str, str]) -> None:
    entries = sorted(entries, key=lambda e: e.row["slot"])
    slots = [e.row["slot"] for e in entries]
    if not slots or len(set(slots)) != len(slots):
        raise ValueError(f"{path}: expected pairs of different slots, got slots {slots}")
    facts = dict(sorted({**metadata, "schema_version": str(schema.SCHEMA_VERSION)}.items()))
    columns = schema.shard_schema()
    with durable.replacing(path) as temporary:
        expected: list[dict[str, bytes]] = []
        with pq.ParquetWriter(temporary, columns, **_writer_options(columns)) as writer:
            writer.add_key_value_metadata(facts)
            for first in range(0, len(entries), ROW_GROUP):
                group = entries[first : first + ROW_GROUP]
                blobs = [entry.blobs() for entry in group]
                for entry, of in zip(group, blobs, strict=True):
                    schema.check_blob_sizes(entry.row, {name: len(data) for name, data in of.items()})
                    if long := [name for name, data in of.items() if len(data) > MAX_BYTES]:
                        raise DataError(
                            f"pair {entry.row['pair_id']}: {long[0]}: expected at most {MAX_BYTES} bytes"
                        )
                values = [{**entry.row, **of} for entry, of in zip(group, blobs, strict=True)]
                writer.write_table(pa.Table.from_pylist(values, schema=columns), row_group_size=ROW_GROUP)
                expected += [{n: hashlib.sha256(data).digest() for n, data in of.items()} for of in blobs]
        _check_offsets(temporary, expected)


def _writer_options(columns: pa.Schema) -> dict[str, Any]:
    """Fixed options. Leaves of nested columns are named by their path (`slots.list.element`)."""
    leaves = [leaf for field in columns for leaf in _leaves(field.name, field.type)]
    return {
        "version": "2.6",
        "data_page_version": "1.0",
        "compression": {leaf: "none" if leaf in schema.BLOBS else "zstd" for leaf in leaves},
        "use_dictionary": False,
        "write_statistics": list(FILTERED),
        "data_page_size": 1 << 30,
        "write_page_index": True,
        "write_page_checksum": True,
        "store_schema": False,  # Parquet's own types say it all
    }


def _leaves(path: str, type_: pa.DataType) -> list[str]:
    if pa.types.is_list(type_):
        return _leaves(f"{path}.list.element", type_.value_type)
    if pa.types.is_struct(type_):
        return [leaf for field in type_ for leaf in _leaves(f"{path}.{field.name}", field.type)]
    return [path]


def _check_offsets(path: Path, expected: list[dict[str, bytes]]) -> None:
    """Read every blob back by its offset: what readers without Parquet will see."""
    with path.open("rb") as file:
        for places, hashes in zip(blob_table(path), expected, strict=True):
            for name, place in places.items():
                file.seek(place.offset)
                if hashlib.sha256(file.read(place.length)).digest() != hashes[name]:
                    raise RuntimeError(f"{path}: {name} is not at the offset that its footer gives")


@contextmanager
def _raw(source: Path | pa.NativeFile) -> Iterator[pa.NativeFile]:
    """The bytes of a shard; a file that the caller opened stays open."""
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = pa.OSFile(str(source))
    except OSError as error:
        raise DataError(f"{source}: cannot be read ({error.strerror or error})") from None
    with file:
        yield file


def _open(source: Path | pa.NativeFile, where: str) -> pq.ParquetFile:
    file = pq.ParquetFile(source, page_checksum_verification=True)
    if not file.schema_arrow.equals(schema.shard_schema()):
        raise DataError(f"{where}: expected the columns of schema version {schema.SCHEMA_VERSION}")
    return file


def _lengths(file: pq.ParquetFile, group: int) -> dict[str, list[int]]:
    blobs = file.read_row_group(group, columns=list(schema.BLOBS), use_threads=False)
    return {name: pa.compute.binary_length(blobs[name]).to_pylist() for name in schema.BLOBS}


def _read_at(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) != length:
        raise DataError(f"{path}: ends before byte {offset + length}")
    return data


def _name(source: Path | pa.NativeFile) -> str:
    return str(source) if isinstance(source, Path) else "shard"
