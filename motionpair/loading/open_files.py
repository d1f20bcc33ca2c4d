"""Files that a process has open for reading: at most 64, however many shards and datasets it reads from.

What is decoded is read with `pread`, not mapped. Reading costs as much as copying out of a mapping, a process
does not seem to grow by all that it has read, and where a file is truncated under its reader, or a network
disk fails, there is an error to report and no signal that kills the process. What is given as it is is not
copied (`mapped`).
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

OPEN_FILES = 64


class Readable(Protocol):
    """An open file, on a disk or elsewhere."""

    def read_at(self, length: int, offset: int, /) -> bytes:
        """Bytes from an offset; fewer where the file ends."""

    def close(self) -> None:
        """Close it; once only."""


class LocalFile:
    """A file on a disk. identity: device, inode, bytes and time of change (ns), as it was opened; its path.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        facts = os.fstat(self._descriptor)
        self.identity = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)

    def read_at(self, length: int, offset: int, /) -> bytes:
        """Bytes from an offset; fewer where the file ends.

        Raises:
            OSError: the disk fails.
        """
        data = os.pread(self._descriptor, length, offset)
        while len(data) < length:  # the end, or more than the system reads at once
            more = os.pread(self._descriptor, length - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def close(self) -> None:
        """Close it; once only."""
        os.close(self._descriptor)


class OpenFiles:
    """Open files by key; the least recently used are closed when there would be too many.

    While somebody reads from a file nobody else has it, so that none is closed under a reader: two threads
    that read one file have it open twice.

    Attributes:
        most: as given.

    Args:
        most: files that may be open at a time; more only while more threads than that read.
    """

    def __init__(self, most: int = OPEN_FILES) -> None:
        self.most = most
        self._start()
        # A forked process keeps none: clients of buckets break in it, and descriptors would count twice.
        os.register_at_fork(after_in_child=self._forget)

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._idle: OrderedDict[object, list[Readable]] = OrderedDict()
        self._open = 0

    def _forget(self) -> None:
        idle = self._idle
        self._start()
        for file in (file for files in idle.values() for file in files):
            if isinstance(file, LocalFile):
                file.close()

    def read(
        self, key: object, open_: Callable[[], Readable], length: int, offset: int
    ) -> tuple[bytes, Readable]:
        """Bytes of the file of a key, fewer where it ends, and the file itself, which others may use by now.

        Args:
            key: names the file, hashable.
            open_: opens it, where none of the key is at hand.
            length, offset: of what is read.

        Raises:
            what `open_` and the file raise; the file is closed then.
        """
        file, closed = self._take(key)
        try:
            for old in closed:
                old.close()
            file = open_() if file is None else file
            data = file.read_at(length, offset)
        except BaseException:
            with self._lock:
                self._open -= 1
            if file is not None:
                file.close()
            raise
        with self._lock:
            self._idle.setdefault(key, []).append(file)
            self._idle.move_to_end(key)
        return data, file

    def _take(self, key: object) -> tuple[Readable | None, list[Readable]]:
        """An idle file of a key or, where there is none, room for it: what must be closed for that."""
        closed: list[Readable] = []
        with self._lock:
            if files := self._idle.get(key):
                file = files.pop()
                if not files:
                    del self._idle[key]
                return file, closed
            while self._open >= self.most and self._idle:
                oldest, files = next(iter(self._idle.items()))
                closed.append(files.pop())
                self._open -= 1
                if not files:
                    del self._idle[oldest]
            self._open += 1
        return None, closed


OPENED = OpenFiles()
"""Those of this process."""
