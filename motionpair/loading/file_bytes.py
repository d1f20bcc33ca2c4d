"""Bytes of a file that go from a loader's worker to the training process as their place in the file.

The worker has had them in memory, so they lie in the system's page cache; having them from there is many
times faster than a pipe between processes. In all else they are an array of bytes.
"""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

import numpy as np

from motionpair.errors import DataError
from motionpair.loading.mapped import MAPPED
from motionpair.loading.open_files import OPENED, LocalFile

WORTH_IT = 1 << 14
"""Fewer bytes travel as they are."""


class Source(NamedTuple):
    """Where bytes come from. what: of which pair, field and shard they are, for errors."""

    path: str
    identity: tuple[int, ...]
    offset: int
    length: int
    what: str


class FileBytes(np.ndarray):
    """Bytes of a file of this machine, (length,) uint8, read-only.

    Between processes of this machine (`multiprocessing`, DataLoader workers) they travel as their place; any
    other pickle holds the bytes.
    """

    source: Source | None = None  # slices and whatever is computed have none

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


def as_array(data: bytes) -> np.ndarray:
    """Bytes that are of no file of this machine, as an array, (length,) uint8, read-only."""
    return np.frombuffer(data, np.uint8)


def file_bytes(data: bytes | np.ndarray, source: Source) -> FileBytes:
    """Bytes that were read from a file, or a view of it, as an array that knows its place."""
    array = (as_array(data) if isinstance(data, bytes) else data).view(FileBytes)
    array.source = source
    return array


def _send(array: FileBytes) -> Any:
    source = array.source
    if source is None or source.length < WORTH_IT:
        return array.__reduce__()
    return _receive, tuple(source)


def _receive(*source: Any) -> FileBytes:
    """What another process sent as a place."""
    path, identity, offset, length, what = of = Source(*source)
    key = ("received", path, identity)
    data: Any
    file: Any
    try:
        if MAPPED is not None:
            file = MAPPED.get(key, lambda: path)
            data = file.view(length, offset)
        else:
            data, file = OPENED.read(key, lambda: LocalFile(path), length, offset)
    except OSError as error:
        raise DataError(f"{what}: cannot be read ({error.strerror or error})") from None
    if file.identity != identity or len(data) != length:
        raise DataError(f"{what}: the file was replaced or truncated while it was read")
    return file_bytes(data, of)


ForkingPickler.register(FileBytes, _send)
