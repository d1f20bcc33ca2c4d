"""The index of a dataset: what a loader must know of every pair, as numpy arrays.

`metadata.parquet` is read column by column, only the columns that are asked for, and never as Python objects:
60,000 pairs open in well under a second and a few dozen MB.
"""

from __future__ import annotations

import binascii
import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from motionpair import schema, shards
from motionpair.errors import DataError, InputError
from motionpair.loading.rows import Texts, as_numbers, column_values, picked
from motionpair.location import Location, open_location
from motionpair.manifest import METADATA, Manifest, read_manifest
from motionpair.media import MAX_BYTES

SPLITS = ("train", "validation", "test")
_SHARD = re.compile(r"shards/shard-\d{5,}\.parquet")
_CODED = ("stratum", "mode", "driving_kind", "split")
_SIZES = ("width", "height", "frames", "fps")


@dataclass(frozen=True)
class Bucket:
    """What pairs of one batch have in common: width, height (pixels) and frames of their clips."""

    width: int
    height: int
    frames: int


@dataclass(frozen=True)
class Places:
    """Where the blobs of one column lie, a value a pair.

    shard: (N,) int32, number in `Index.shards`. offset, length: (N,) int64, bytes.
    """

    shard: np.ndarray
    offset: np.ndarray
    length: np.ndarray


class Index:
    """What a loader must know of N pairs, in slot order. Pickles. A `loading.sources.Source`.

    Attributes:
        location: where the dataset lies.
        shards, shard_bytes, shard_digests: names, sizes and sha256 (hex) of its shards, which `Places.shard`
            numbers.
        pair_ids: (N,) str.
        stratum, mode, driving_kind, split: (N,) int32, numbers in `strata`, `modes`, `driving_kinds` and
            `splits`.
        bucket: (N,) int32, number in `buckets`. fps: (N,) int32.
        places: `Places` by blob column.
        columns: the further columns that were asked for.
        rows: (N,) int64, the rows of `metadata.parquet` that the pairs are.

    Args:
        out: folder or URI of a finished dataset, or its opened location.
        columns: further columns of `motionpair.columns.COLUMNS` to keep by pair.
        blobs: blob columns whose places are wanted.
        manifest: the dataset's, if it was read already.

    Raises:
        InputError: nothing is there, or an unknown column.
        DataError: the manifest or `metadata.parquet` is damaged or of another schema version, or a blob's
            place is not inside a shard that the manifest lists; names the pair.
    """

    def __init__(
        self,
        out: str | Path | Location,
        columns: Iterable[str] = (),
        blobs: Sequence[str] = tuple(schema.BLOBS),
        manifest: Manifest | None = None,
    ) -> None:
        self.location = out if isinstance(out, Location) else open_location(out)
        wanted = list(dict.fromkeys(columns))
        unknown = [n for n in wanted if n not in schema.COLUMNS] + [n for n in blobs if n not in schema.BLOBS]
        if unknown:
            raise InputError(f"column {unknown[0]!r}: no such column of a pair (docs/schema.md lists them)")
        manifest = manifest or read_manifest(self.location)
        where = f"{self.location.text}/{METADATA}"
        leaves = [f"{blob}.{leaf}" for blob in blobs for leaf in ("shard", "offset", "length")]
        own = ("pair_id", *_CODED, *_SIZES)
        table = _read(self.location, [*own, *(name for name in wanted if name not in own), *leaves])
        self.shards = tuple(sorted(name for name in manifest.files if _SHARD.fullmatch(name)))
        self.shard_bytes = np.array([manifest.files[name].bytes for name in self.shards], np.int64)
        self.shard_digests = tuple(manifest.files[name].sha256 for name in self.shards)
        self.pair_ids = np.array(table["pair_id"].to_pylist(), np.str_)
        self.places = {
            blob: _places(table[blob], self.shards, self.shard_bytes, self.pair_ids, f"{where}: {blob}")
            for blob in blobs
        }
        self.strata, self.stratum = _codes(table["stratum"])
        self.modes, self.mode = _codes(table["mode"])
        self.driving_kinds, self.driving_kind = _codes(table["driving_kind"])
        self.splits, self.split = _codes(table["split"])
        self.buckets, self.bucket = _buckets(*(as_numbers(table[name]) for name in _SIZES[:3]))
        self.fps = as_numbers(table["fps"])
        self.columns = {name: column_values(table[name]) for name in wanted}
        self.rows = np.arange(len(self.pair_ids))

    def __len__(self) -> int:
        return len(self.rows)

    def pick(self, numbers: np.ndarray) -> Index:
        """The pairs of these numbers, in this order; shards, strata, splits and buckets keep their numbers.

        Args:
            numbers: (M,) int, each 0 to N − 1.
        """
        numbers = np.asarray(numbers, np.int64)
        some = copy.copy(self)
        for name in ("pair_ids", *_CODED, "bucket", "fps", "rows"):
            setattr(some, name, getattr(self, name)[numbers])
        some.places = {
            name: Places(of.shard[numbers], of.offset[numbers], of.length[numbers])
            for name, of in self.places.items()
        }
        some.columns = {name: picked(values, numbers) for name, values in self.columns.items()}
        return some

    def take(self, split: str) -> Index:
        """The pairs of a split.

        Raises:
            InputError: not a split; a split without pairs is empty.
        """
        if split not in SPLITS:
            raise InputError(f"split: expected {', '.join(SPLITS)}, got {split!r}")
        of = self.splits.index(split) if split in self.splits else -1
        return self.pick(np.flatnonzero(self.split == of))

    def digests(self, column: str) -> np.ndarray:
        """The checksums of a blob column, (N, 32) uint8 sha256; read when asked for.

        Raises:
            DataError: `metadata.parquet` is damaged or holds something else than a checksum.
        """
        where = f"{self.location.text}/{METADATA}: {column}.sha256"
        table = _read(self.location, [f"{column}.sha256"])
        return _digests(_child(table[column], "sha256"), where)[self.rows]


def _read(location: Location, columns: Sequence[str]) -> pa.Table:
    """Columns of `metadata.parquet`, leaves of blob columns by their path such as `driving.offset`."""
    where = f"{location.text}/{METADATA}"
    with location.open(METADATA) as source, shards.reading(where):
        file = pq.ParquetFile(source, page_checksum_verification=True)
        if not file.schema_arrow.equals(schema.metadata_schema()):
            raise DataError(f"{where}: expected the columns of schema version {schema.SCHEMA_VERSION}")
        table = file.read(columns=list(columns), use_threads=False)
        table.validate(full=True)
        return table


def _child(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    type_ = column.type.field(name).type
    return pa.chunked_array([chunk.field(name) for chunk in column.chunks], type_)


def _codes(column: pa.ChunkedArray) -> tuple[tuple[str, ...], np.ndarray]:
    """The sorted values of a text column, and each row's number among them, (N,) int32."""
    encoded = column.dictionary_encode().unify_dictionaries()
    if not encoded.num_chunks:
        return (), np.zeros(0, np.int32)
    values = encoded.chunk(0).dictionary.to_pylist()  # the few different ones
    names = sorted(values)
    number = {name: i for i, name in enumerate(names)}
    found = np.concatenate([as_numbers(chunk.indices) for chunk in encoded.chunks])
    return tuple(names), np.array([number[value] for value in values], np.int32)[found]


def _buckets(
    width: np.ndarray, height: np.ndarray, frames: np.ndarray
) -> tuple[tuple[Bucket, ...], np.ndarray]:
    """The sorted buckets, and each row's number among them, (N,) int32."""
    _, codes = np.unique(width, return_inverse=True)
    for more in (height, frames):  # as one number: rows of a matrix are sorted far more slowly
        values, further = np.unique(more, return_inverse=True)
        codes = codes * len(values) + further
    _, first, bucket = np.unique(codes, return_index=True, return_inverse=True)
    found = zip(width[first].tolist(), height[first].tolist(), frames[first].tolist(), strict=True)
    return tuple(Bucket(*shape) for shape in found), bucket.astype(np.int32)


def _places(
    column: pa.ChunkedArray, names: Sequence[str], sizes: np.ndarray, pair_ids: np.ndarray, where: str
) -> Places:
    """The places of a blob column, each held against the sizes of the shards."""
    found, codes = _codes(_child(column, "shard"))
    number = {name: i for i, name in enumerate(names)}
    for name in found:
        if name not in number:
            raise DataError(f"{where}: lies in {name[:80]!r}, which is no shard of the dataset")
    shard = np.array([number[name] for name in found], np.int32)[codes]
    offset, length = (as_numbers(_child(column, leaf)) for leaf in ("offset", "length"))
    inside = (offset >= 0) & (length >= 0) & (length <= MAX_BYTES) & (offset <= sizes[shard] - length)
    if not inside.all():
        at = int(np.argmin(inside))
        raise DataError(
            f"{where}: pair {pair_ids[at]}: {length[at]} bytes at {offset[at]} do not lie in "
            f"{names[shard[at]]} of {sizes[shard[at]]} bytes"
        )
    return Places(shard, offset, length)


def _digests(column: pa.ChunkedArray, where: str) -> np.ndarray:
    """Checksums in hex as bytes, (N, 32) uint8."""
    texts = column_values(column)
    try:
        if not isinstance(texts, Texts) or (np.diff(texts.ends) != 64).any():
            raise ValueError
        return np.frombuffer(binascii.unhexlify(texts.data.tobytes()), np.uint8).reshape(-1, 32)
    except ValueError:
        raise DataError(f"{where}: expected 64 hexadecimal digits a pair") from None
