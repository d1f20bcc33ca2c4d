"""The form of a folder: what a row and the blobs of its shards are. Pairs have one, latents another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from motionpair.columns import BLOB_REF_TYPE, Column


@dataclass(frozen=True)
class Form:
    """What the shards and `metadata.parquet` of a folder hold.

    name: of what a row is of, in the plural. version: of columns and blobs. columns: of a row; among them are
    pair_id, slot, stratum, mode and split. blobs: column of each to its file in an item's staging folder.
    check_row: holds a row against the form. check_blob_sizes: holds bytes by blob column against a row. Both
    raise DataError.
    """

    name: str
    version: int
    columns: Mapping[str, Column]
    blobs: Mapping[str, str]
    check_row: Callable[[Mapping[str, Any]], Any]
    check_blob_sizes: Callable[[Mapping[str, Any], Mapping[str, int]], None]

    def row_schema(self) -> pa.Schema:
        """The columns of a row without blobs, none nullable."""
        return pa.schema([pa.field(n, c.type, nullable=False) for n, c in self.columns.items()])

    def shard_schema(self) -> pa.Schema:
        """The columns of a shard: those of a row, then one binary column a blob."""
        blobs = [pa.field(name, pa.binary(), nullable=False) for name in self.blobs]
        return pa.schema([*self.row_schema(), *blobs])

    def metadata_schema(self) -> pa.Schema:
        """The columns of `metadata.parquet`: those of a row, then one `BLOB_REF_TYPE` a blob."""
        blobs = [pa.field(name, BLOB_REF_TYPE, nullable=False) for name in self.blobs]
        return pa.schema([*self.row_schema(), *blobs])
