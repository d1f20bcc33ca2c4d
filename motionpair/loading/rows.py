"""Columns of a table as plain arrays: a row's value without any call into pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Texts:
    """N texts in one buffer. ends: (N + 1,) int64, text i is `data[ends[i]:ends[i + 1]]`, UTF-8."""

    ends: np.ndarray
    data: np.ndarray

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, i: int) -> str:
        return self.data[self.ends[i] : self.ends[i + 1]].tobytes().decode()


@dataclass(frozen=True)
class Numbers:
    """N numbers or truth values."""

    data: np.ndarray

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> Any:
        return self.data[i].item()


@dataclass(frozen=True)
class Lists:
    """N lists in one column. ends: (N + 1,) int64, list i has the values `ends[i]` to `ends[i + 1] − 1`."""

    ends: np.ndarray
    values: Values

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, i: int) -> list[Any]:
        return [self.values[k] for k in range(int(self.ends[i]), int(self.ends[i + 1]))]


@dataclass(frozen=True)
class Structs:
    """N structs: a column a field."""

    fields: dict[str, Values]
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {name: values[i] for name, values in self.fields.items()}


@dataclass(frozen=True)
class Picked:
    """Some of a column's values, in another order. numbers: (N,) int64."""

    values: Values
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: int) -> Any:
        return self.values[int(self.numbers[i])]


_FLOATS = {"halffloat": "f2", "float": "f4", "double": "f8"}
"""Arrow's names of what numpy calls otherwise."""

Values = Texts | Numbers | Lists | Structs | Picked
"""A column: `len(values)`, and `values[i]` as a Python value."""


def picked(values: Values, numbers: np.ndarray) -> Values:
    """The values of these numbers, in this order."""
    if isinstance(values, Numbers):
        return Numbers(values.data[numbers])
    if isinstance(values, Picked):
        return Picked(values.values, values.numbers[numbers])
    return Picked(values, numbers)


def as_numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """A column of numbers or truth values without nulls as an array of its own.

    From the buffers: pyarrow's `to_numpy` imports pandas where it is installed, which takes longer than
    opening a dataset.
    """
    column = _whole(column)
    if pa.types.is_boolean(column.type):
        return as_numbers(column.cast(pa.uint8())).view(bool)
    kind = np.dtype(_FLOATS.get(str(column.type)) or str(column.type))
    data = column.buffers()[1]
    if data is None:
        return np.zeros(0, kind)
    return np.frombuffer(data, kind)[column.offset : column.offset + len(column)].copy()


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column


def column_values(column: pa.ChunkedArray | pa.Array) -> Values:
    """A column without nulls as plain arrays; its own copy."""
    column = _whole(column)
    type_, count = column.type, len(column)
    if pa.types.is_struct(type_):
        children = dict(zip((f.name for f in type_), column.flatten(), strict=True))
        return Structs({name: column_values(child) for name, child in children.items()}, count)
    if pa.types.is_list(type_):
        ends = as_numbers(column.offsets).astype(np.int64)
        return Lists(ends - ends[0], column_values(column.flatten()))
    if pa.types.is_string(type_):
        if not count:
            return Texts(np.zeros(1, np.int64), np.zeros(0, np.uint8))
        _, offsets, data = column.buffers()
        ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + count + 1].astype(np.int64)
        whole = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
        return Texts(ends - ends[0], whole[ends[0] : ends[-1]].copy())
    return Numbers(as_numbers(column))
