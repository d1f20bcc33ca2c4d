"""Blobs by shard and offset: read from a disk by `pread`, from a bucket or a web server by ranges.

Elsewhere than on a disk, ranges that lie close together are read as one, several at a time, and kept in a
folder of bounded size where one is given. Files that are open belong to the process (`open_files`).
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from motionpair import remotes
from motionpair.errors import DataError
from motionpair.loading.cache import BlobCache
from motionpair.loading.file_bytes import WORTH_IT, Source, as_array, file_bytes
from motionpair.loading.mapped import MAPPED, MappedFile, MappedFiles
from motionpair.loading.open_files import OPENED, LocalFile, OpenFiles, Readable
from motionpair.location import Location

Place = tuple[int, int, int]
"""Number of the shard, first byte, number of bytes."""

_GAP = 1 << 16
_LONGEST_RANGE = 1 << 25
_READERS = 8


class Blobs:
    """The blobs of a dataset's shards. Pickles to its settings, so that every process opens its own files.

    Attributes:
        on_disk: whether they lie on a disk of this machine.

    Args:
        location: where the dataset lies.
        shards: names of its shards; a place says the number of one.
        digests: the shards' checksums, by which what is cached is known again; without them, by location.
        cache: folder for what is read from elsewhere than a disk, which processes share; without it nothing
            is kept.
        cache_bytes: most bytes that the folder may hold.
        files: the open files; those of the process, if not given.

    Raises:
        InputError: a cache folder that cannot be made.
    """

    def __init__(
        self,
        location: Location,
        shards: Sequence[str],
        digests: Sequence[str] = (),
        *,
        cache: str | Path | None = None,
        cache_bytes: int = 1 << 34,
        files: OpenFiles = OPENED,
    ) -> None:
        self.location, self.shards, self.digests = location, tuple(shards), tuple(digests)
        self.on_disk = location.folder is not None
        self._folder, self._files = location.folder, files
        self._cache = None if cache is None else BlobCache(Path(cache), cache_bytes)
        self._own = object()  # names the files; not their path, where another dataset may come to lie

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_files", "_own")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _files=OPENED, _own=object())

    def read(self, shard: int, offset: int, length: int) -> bytes:
        """The bytes of one blob.

        Raises:
            DataError: the shard cannot be read or ends before the blob does; names shard and offset.
            MachineError, InputError: the connection is lost or refused.
        """
        return self.read_many([(shard, offset, length)])[0]

    def read_to_send(self, shard: int, offset: int, length: int, what: str) -> np.ndarray:
        """The bytes of one blob, (length,) uint8; those from a disk go to other processes as their place.

        From a disk they are `FileBytes`, and a view of the mapped file where the system can map files safely
        (`mapped`) and nothing will copy them on their way.

        Args:
            what: names the blob in an error of another process.

        Raises:
            DataError: as of `read`.
        """
        if not self.on_disk or not length:
            return as_array(self.read(shard, offset, length))
        data: bytes | np.ndarray
        file: Any
        if MAPPED is None or length < WORTH_IT:
            data, file = self._read(shard, offset, length)
        else:
            data, file = self._view(MAPPED, shard, offset, length)
        return file_bytes(data, Source(file.path, file.identity, offset, length, what))

    def read_many(self, places: Sequence[Place]) -> list[bytes]:
        """The bytes of several blobs, in the order of the places.

        Raises:
            DataError: as of `read`.
        """
        if self.on_disk:
            return [self._read(*place)[0] if place[2] else b"" for place in places]
        found, failed = self._elsewhere(places)
        if failed:
            raise failed[0]
        return [found[place] for place in places]

    def read_some(self, places: Sequence[Place]) -> dict[Place, bytes]:
        """The bytes of several blobs that lie elsewhere than on a disk, without those that cannot be read.

        Of a shard that ends early, what lies before its end is read; of a range that fails, nothing.

        Raises:
            MachineError, InputError: the connection is lost or refused.
        """
        return self._elsewhere(places)[0]

    def _elsewhere(self, places: Sequence[Place]) -> tuple[dict[Place, bytes], list[DataError]]:
        """What can be read, and what is wrong with the rest."""
        found: dict[Place, bytes] = {place: b"" for place in places if not place[2]}
        if self._cache is not None:
            for place in set(places) - set(found):
                kept = self._cache.get(self._key(place), place[2])
                if kept is not None:
                    found[place] = kept
        missing = {place for place in places if place not in found}
        failed: list[DataError] = []
        for part, error in _readers(os.getpid()).map(self._range, _ranges(missing)):
            found |= part
            failed += [error] if error else []
        if self._cache is not None:
            for place in missing & set(found):
                self._cache.put(self._key(place), found[place])
        return found, failed

    def _range(self, job: tuple[int, int, int, list[Place]]) -> tuple[dict[Place, bytes], DataError | None]:
        """One read from elsewhere, of shard, first byte, end, and the blobs inside: those that are whole."""
        shard, first, end, places = job
        try:
            if len(places) == 1:
                return {places[0]: self._read(*places[0])[0]}, None
            data = memoryview(self._some(shard, first, end - first)[0])
        except DataError as error:
            return {}, error
        found: dict[Place, bytes] = {}
        short: DataError | None = None
        for place in places:
            _, offset, length = place
            part = bytes(data[offset - first : offset - first + length])
            if len(part) == length:
                found[place] = part
            else:
                short = short or self._short(shard, offset, length, len(part))
        return found, short

    def _read(self, shard: int, offset: int, length: int) -> tuple[bytes, Readable]:
        """A blob's bytes, and the file they are from."""
        data, file = self._some(shard, offset, length)
        if len(data) != length:
            raise self._short(shard, offset, length, len(data))
        return data, file

    def _view(
        self, files: MappedFiles, shard: int, offset: int, length: int
    ) -> tuple[np.ndarray, MappedFile]:
        """A blob on a disk as a view, and the file it is of."""
        try:
            file = files.get((self._own, shard), lambda: self._path(shard))
            data = file.view(length, offset)
        except OSError as error:
            raise self._unread(shard, offset, length, error) from None
        if len(data) != length:
            raise self._short(shard, offset, length, len(data))
        return data, file

    def _some(self, shard: int, offset: int, length: int) -> tuple[bytes, Readable]:
        """Bytes of a shard, fewer where it ends."""
        try:
            return self._files.read((self._own, shard), lambda: self._opened(shard), length, offset)
        except (OSError, pa.ArrowException) as error:
            told = None if self.on_disk else remotes.explain(self._name(shard), error)
            raise told or self._unread(shard, offset, length, error) from None

    def _opened(self, shard: int) -> Readable:
        if self._folder is None:
            file: Readable = self.location.open(self.shards[shard])
            return file
        return LocalFile(self._path(shard))

    def _path(self, shard: int) -> Path:
        assert self._folder is not None
        inside = (self._folder / self.shards[shard]).resolve()
        if not inside.is_relative_to(self._folder.resolve()):
            raise DataError(f"{self._name(shard)}: leads out of the dataset")
        return inside

    def _key(self, place: Place) -> str:
        shard, offset, length = place
        known = self.digests[shard] if self.digests else f"{self.location.text} {self.shards[shard]}"
        return hashlib.sha256(f"{known} {offset} {length}".encode()).hexdigest()[:40]

    def _name(self, shard: int) -> str:
        return f"{self.location.text}/{self.shards[shard]}"

    def _unread(self, shard: int, offset: int, length: int, error: Exception) -> DataError:
        reason = getattr(error, "strerror", None) or remotes.first_line(error)
        return DataError(f"{self._name(shard)}: {length} bytes at {offset} cannot be read ({reason})")

    def _short(self, shard: int, offset: int, length: int, found: int) -> DataError:
        return DataError(f"{self._name(shard)}: is truncated: has {found} of the {length} bytes at {offset}")


@functools.lru_cache(maxsize=1)
def _readers(process: int) -> ThreadPoolExecutor:
    """The threads that read from elsewhere; a forked process, by its number, has its own."""
    return ThreadPoolExecutor(_READERS, "motionpair-read")


def _ranges(places: Iterable[Place]) -> list[tuple[int, int, int, list[Place]]]:
    """Reads that cover the places: shard, first byte, end and places; neighbours are read together."""
    by_shard: defaultdict[int, list[Place]] = defaultdict(list)
    for place in sorted(places):
        by_shard[place[0]].append(place)
    ranges: list[tuple[int, int, int, list[Place]]] = []
    for shard, of in by_shard.items():
        for place in of:
            end = place[1] + place[2]
            if ranges and ranges[-1][0] == shard:
                _, first, last, within = ranges[-1]
                if place[1] - last <= _GAP and end - first <= _LONGEST_RANGE:
                    ranges[-1] = (shard, first, max(last, end), [*within, place])
                    continue
            ranges.append((shard, place[1], end, [place]))
    return ranges
