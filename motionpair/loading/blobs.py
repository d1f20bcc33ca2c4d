"""Blobs by shard and offset: slices of mapped files on a disk, ranged reads from a bucket or a web server.

On a disk a shard is mapped once and a blob is a slice of the mapping: nothing is copied, no descriptor stays
open, and all processes share the system's page cache. What DataLoader workers hand to their parent is the
blob's place, which the parent maps itself. Elsewhere, ranges that lie close together are read as one, several
at a time, and kept in a folder of bounded size where one is given.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from motionpair.errors import DataError, InputError
from motionpair.loading.cache import BlobCache
from motionpair.location import Location

Place = tuple[int, int, int]
"""Number of the shard, first byte, number of bytes."""

OPEN_FILES = 64
_GAP = 1 << 16
_LONGEST_RANGE = 1 << 25
_READERS = 8


class MappedBytes(np.ndarray):
    """Bytes of a mapped file, (length,) uint8, read-only.

    Between processes of one machine (`multiprocessing`, DataLoader workers) it travels as its place; any
    other pickle holds the bytes.
    """

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


class _Mappings:
    """Mapped files by name, the least recently used given up when there are too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._mapped: OrderedDict[Any, MappedBytes] = OrderedDict()

    def get(self, key: Any, path: Callable[[], Path]) -> MappedBytes:
        found = self._mapped.get(key)
        if found is None:
            found = self._mapped[key] = _map(path())
            while len(self._mapped) > self._most:
                self._mapped.popitem(last=False)  # unmapped when the last blob of it is gone
        elif len(self._mapped) > 1:
            try:
                self._mapped.move_to_end(key)
            except KeyError:  # given up by another thread meanwhile
                self._mapped[key] = found
        return found


def _map(path: Path) -> MappedBytes:
    with pa.memory_map(str(path), "r") as file:
        facts = path.stat()
        data = np.frombuffer(file.read_buffer(), np.uint8).view(MappedBytes)
    data.source = (str(path), facts.st_size, facts.st_mtime_ns)  # type: ignore[attr-defined]
    return data


_received = _Mappings(OPEN_FILES)


def _receive(source: tuple[str, int, int], offset: int, length: int) -> MappedBytes:
    """What another process sent as a place."""
    try:
        whole = _received.get(source, lambda: Path(source[0]))
    except OSError as error:
        raise DataError(f"{source[0]}: cannot be read ({error.strerror or error})") from None
    if whole.source != source:  # type: ignore[attr-defined]
        raise DataError(f"{source[0]}: was replaced while it was read")
    return whole[offset : offset + length]  # type: ignore[return-value]


def _send(data: MappedBytes) -> Any:
    whole = data.base
    source = getattr(whole, "source", None)
    if source is None or data.dtype != np.uint8 or data.ndim != 1 or not data.flags.c_contiguous:
        return data.__reduce__()
    offset = data.__array_interface__["data"][0] - whole.__array_interface__["data"][0]  # type: ignore[union-attr]
    return _receive, (source, offset, len(data))


ForkingPickler.register(MappedBytes, _send)


class Blobs:
    """The blobs of a dataset's shards. Pickles to its settings, so that every process opens its own files.

    Args:
        location: where the dataset lies.
        shards: names of its shards; a place says the number of one.
        digests: the shards' checksums, by which what is cached is known again; without them, by location.
        open_files: most files that are open or mapped at a time.
        cache: folder for what is read from elsewhere than a disk, which processes share; without it nothing
            is kept.
        cache_bytes: most bytes that the folder may hold.

    Raises:
        InputError: fewer than one open file, or a cache folder that cannot be made.
    """

    def __init__(
        self,
        location: Location,
        shards: Sequence[str],
        digests: Sequence[str] = (),
        *,
        open_files: int = OPEN_FILES,
        cache: str | Path | None = None,
        cache_bytes: int = 1 << 34,
    ) -> None:
        if open_files < 1:
            raise InputError(f"open_files: expected at least 1, got {open_files}")
        self.location, self.shards, self.digests = location, tuple(shards), tuple(digests)
        self._open_files, self._folder = open_files, location.folder
        self._cache = None if cache is None else BlobCache(Path(cache), cache_bytes)
        self._start()

    def _start(self) -> None:
        self._mappings = _Mappings(self._open_files)
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._idle: OrderedDict[tuple[int, int], pa.NativeFile] = OrderedDict()
        self._opened = 0

    def __getstate__(self) -> dict[str, Any]:
        kept = ("location", "shards", "digests", "_open_files", "_folder", "_cache")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def read(self, shard: int, offset: int, length: int) -> bytes | MappedBytes:
        """The bytes of one blob: a slice of the mapped file, or bytes where it does not lie on a disk.

        Raises:
            DataError: the shard cannot be read or ends before the blob does; names shard and offset.
        """
        if self._folder is None:
            return self.read_many([(shard, offset, length)])[0]
        whole = self._mapped(shard)
        data: MappedBytes = whole[offset : offset + length]  # type: ignore[assignment]
        if len(data) != length or offset < 0:
            raise self._short(shard, offset, length, len(whole))
        return data

    def read_many(self, places: Sequence[Place]) -> list[bytes | MappedBytes]:
        """The bytes of several blobs, in the order of the places.

        Raises:
            DataError: as of `read`.
        """
        if self._folder is not None:
            return [self.read(*place) for place in places]
        found: dict[Place, bytes] = {}
        if self._cache is not None:
            for place in places:
                kept = self._cache.get(self._key(place), place[2])
                if kept is not None:
                    found[place] = kept
        missing = {place for place in places if place not in found}
        for part in self._readers().map(self._range, _ranges(missing)):
            found.update(part)
        if self._cache is not None:
            for place in missing:
                self._cache.put(self._key(place), found[place])
        return [found[place] for place in places]

    def _mapped(self, shard: int) -> MappedBytes:
        try:
            return self._mappings.get(shard, lambda: self._path(shard))
        except (OSError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error)[:200]
            raise DataError(f"{self._name(shard)}: cannot be read ({reason})") from None

    def _path(self, shard: int) -> Path:
        assert self._folder is not None
        inside = (self._folder / self.shards[shard]).resolve()
        if not inside.is_relative_to(self._folder.resolve()):
            raise DataError(f"{self._name(shard)}: leads out of the dataset")
        return inside

    def _range(self, job: tuple[int, int, int, list[Place]]) -> dict[Place, bytes]:
        """One read from elsewhere: shard, first byte, end, and the blobs inside."""
        shard, first, end, places = job
        file = self._take(shard)
        try:
            data = memoryview(file.read_at(end - first, first))
        except (OSError, pa.ArrowException) as error:
            file.close()
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise DataError(f"{self._name(shard)}: bytes from {first}: cannot be read ({reason})") from None
        self._give(shard, file)
        for _, offset, length in places:
            if offset + length - first > len(data):
                raise self._short(shard, offset, length, first + len(data))
        return {place: bytes(data[place[1] - first : place[1] - first + place[2]]) for place in places}

    def _take(self, shard: int) -> pa.NativeFile:
        """An open file of a shard that nobody else reads from."""
        with self._lock:
            for key in reversed(self._idle):
                if key[0] == shard:
                    return self._idle.pop(key)
        return self.location.open(self.shards[shard])

    def _give(self, shard: int, file: pa.NativeFile) -> None:
        with self._lock:
            self._opened += 1
            self._idle[shard, self._opened] = file
            most = max(0, self._open_files - _READERS)
            closed = [self._idle.popitem(last=False)[1] for _ in range(len(self._idle) - most)]
        for old in closed:
            old.close()

    def _readers(self) -> ThreadPoolExecutor:
        if self._process != os.getpid():  # forked: threads and connections stayed with the parent
            self._start()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(_READERS, self._open_files), "motionpair-read")
        return self._pool

    def _key(self, place: Place) -> str:
        shard, offset, length = place
        known = self.digests[shard] if self.digests else f"{self.location.text} {self.shards[shard]}"
        return hashlib.sha256(f"{known} {offset} {length}".encode()).hexdigest()[:40]

    def _name(self, shard: int) -> str:
        return f"{self.location.text}/{self.shards[shard]}"

    def _short(self, shard: int, offset: int, length: int, size: int) -> DataError:
        return DataError(f"{self._name(shard)}: ends at byte {size}, before the {length} bytes at {offset}")


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
