"""A dataset, opened for reading: rows by pair, blobs by pair and column, decoded or as bytes."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from motionpair import generations, media, schema
from motionpair.annotations import unpack
from motionpair.errors import DataError, InputError
from motionpair.location import open_location
from motionpair.manifest import read_manifest
from motionpair.metadata import read_metadata, read_rows

_SHARD = re.compile(r"shards/shard-\d{5,}\.parquet")


class Dataset:
    """A finished dataset in a folder or bucket. Blobs are held against their checksum when read.

    Raises:
        InputError: nothing is there.
        DataError: the manifest is missing, damaged or of another version.
    """

    def __init__(self, out: str | Path) -> None:
        self.location = open_location(out)
        self.manifest = read_manifest(self.location)

    @cached_property
    def table(self) -> pa.Table:
        """`metadata.parquet`, in slot order; of a merged dataset, a generation after the other."""
        return read_metadata(self.location)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {pair_id: i for i, pair_id in enumerate(self.table["pair_id"].to_pylist())}

    @cached_property
    def _planned(self) -> dict[str, int] | DataError:
        try:
            return generations.planned_names(self.location, self.manifest)
        except DataError as error:
            return error  # to be raised for every pair that is asked for, without reading the plans again

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row in slot order; blob columns are places {shard, offset, length, sha256}.

        A few are in memory at a time, unless `table` was read before.
        """
        loaded = "table" in self.__dict__
        for batch in self.table.to_batches(max_chunksize=256) if loaded else read_rows(self.location):
            yield from batch.to_pylist()

    def columns(self, *names: str) -> pa.Table:
        """Some columns of `table`, which is not read whole for that."""
        table = self.table if "table" in self.__dict__ else read_metadata(self.location, names)
        return table.select(names)

    def rows_at(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Rows by their number in `table`, in the order asked for."""
        if not positions:
            return []
        first = min(positions)
        near = self.table.slice(first, max(positions) - first + 1)  # of many rows, a take copies them all
        rows: list[dict[str, Any]] = near.take([position - first for position in positions]).to_pylist()
        return rows

    def rows_of_shard(self, name: str) -> list[dict[str, Any]]:
        """The rows whose driving clip lies in a shard, in slot order."""
        return self.rows_at(self._of_shard.get(name, []))

    @cached_property
    def _of_shard(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        shards = pa.compute.struct_field(self.table["driving"], "shard").to_pylist()
        for position, name in enumerate(shards):
            found.setdefault(name, []).append(position)
        return found

    def generation(self, pair_id: str) -> int:
        """Which of `manifest.generations` a pair, or the pair of a quarantined slot, is of.

        Raises:
            DataError: a plan is damaged, or none has the pair.
        """
        if not self.manifest.further:
            return 0
        if isinstance(self._planned, DataError):
            raise self._planned
        if pair_id not in self._planned:
            raise DataError(f"{self.location.text}: pair {pair_id[:80]!r} is in none of the plans")
        return self._planned[pair_id]

    def row(self, pair_id: str) -> dict[str, Any]:
        """The row of a pair.

        Raises:
            InputError: no such pair; names near ones.
        """
        if pair_id not in self._positions:
            near = difflib.get_close_matches(pair_id, self._positions, n=3, cutoff=0.5)
            accepted = near or list(self._positions)[:3]
            raise InputError(
                f"{self.location.text}: no pair {pair_id!r} among {len(self)}; "
                f"accepted: {', '.join(accepted) or 'none, it is empty'}{'' if near else ', ...'}"
            )
        row: dict[str, Any] = self.table.slice(self._positions[pair_id], 1).to_pylist()[0]
        return row

    def blob(self, row: Mapping[str, Any], column: str) -> bytes:
        """The bytes of one of a row's blobs.

        Raises:
            DataError: its place is absurd, or the bytes have another checksum; names pair and column.
        """
        return self.blobs(row, (column,))[column]

    def blobs(self, row: Mapping[str, Any], columns: Sequence[str] = tuple(schema.BLOBS)) -> dict[str, bytes]:
        """The bytes of several of a row's blobs by column; a shard that holds them is opened once.

        Raises:
            DataError: as of `blob`.
        """
        found: dict[str, bytes] = {}
        with ExitStack() as stack:
            files: dict[str, pa.NativeFile] = {}
            for column in columns:
                place, where = row[column], f"pair {row['pair_id']}: {column}"
                shard, offset, length = place["shard"], place["offset"], place["length"]
                if _SHARD.fullmatch(shard) is None or shard not in self.manifest.files:
                    raise DataError(f"{where}: lies in {shard[:80]!r}, which is no shard of the dataset")
                if not 0 <= length <= media.MAX_BYTES or offset < 0:
                    raise DataError(f"{where}: {shard}: no blob has {length} bytes at {offset}")
                if shard not in files:
                    files[shard] = stack.enter_context(self.location.open(shard))
                found[column] = self._read(files[shard], shard, offset, length)
                if hashlib.sha256(found[column]).hexdigest() != place["sha256"]:
                    raise DataError(f"{where}: damaged: {shard} has other bytes at {offset}")
        return found

    def _read(self, file: pa.NativeFile, name: str, offset: int, length: int) -> bytes:
        try:
            data: bytes = file.read_at(length, offset)
        except (OSError, pa.ArrowException) as error:
            raise self.location.fault(name, error) from None
        if len(data) != length:
            raise DataError(f"{self.location.text}/{name}: ends before byte {offset + length}")
        return data

    def video(self, row: Mapping[str, Any], column: str) -> np.ndarray:
        """The frames of `driving` or `target`, (T, H, W, 3) uint8 sRGB."""
        return media.decode_video(self.blob(row, column), **_expected(row))

    def labels(self, row: Mapping[str, Any], column: str) -> np.ndarray:
        """The labels of a mask: (T, H, W) uint8; of a reference image's, such as `reference_mask`, (H, W)."""
        if column.startswith("reference"):
            return media.decode_mask_image(self.blob(row, column), width=row["width"], height=row["height"])
        return media.decode_mask(self.blob(row, column), **_expected(row))

    def reference(self, row: Mapping[str, Any], column: str = "reference") -> np.ndarray:
        """The reference image, or an additional one (`reference_back`), (H, W, 3) uint8 sRGB.

        Raises:
            DataError: damaged, or the pair has no such reference (its `extra_references` says which).
        """
        data = self.blob(row, column)
        return media.decode_reference(data, width=row["width"], height=row["height"])

    def annotations(self, row: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The arrays of the annotations blob, by the names of `motionpair.annotations.ARRAYS`."""
        return unpack(self.blob(row, "annotations"))


def _expected(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in ("width", "height", "frames", "fps")}
