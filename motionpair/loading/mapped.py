"""Bytes of files on a disk as views of memory that the system shares among processes: nothing is copied.

Where a mapped file cannot be read, because it was truncated or its disk fails, touching its memory ends the
process. So a view's pages are first brought in by a call that answers with an error instead, and that also
costs less than missing one page after the other (`MADV_POPULATE_READ`, Linux 5.14). Where there is no such
call nothing is mapped. Still fatal is a file that is truncated while somebody reads a view of it; files of
datasets are replaced whole, never written to.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from motionpair.loading.open_files import OPEN_FILES

_POPULATE_READ = 22  # of Linux's asm-generic/mman-common.h; Python's mmap has no name for it


class MappedFile:
    """A mapped file on a disk. path, identity: as of `open_files.LocalFile`. Holds no descriptor.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self._at = str(path), Path(path)
        facts = self._at.stat()
        self.identity = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
        self._data = np.zeros(0, np.uint8)
        if facts.st_size:  # an empty file has no memory
            with pa.memory_map(self.path, "r") as file:
                self._data = np.frombuffer(file.read_buffer(), np.uint8)
        self._address = int(self._data.__array_interface__["data"][0])

    def view(self, length: int, offset: int) -> np.ndarray:
        """Bytes from an offset, fewer where the file ends: (length,) uint8, read-only.

        Raises:
            OSError: they cannot be read.
        """
        data = self._data[offset : offset + length]
        first = offset // mmap.PAGESIZE * mmap.PAGESIZE
        if len(data) and _madvise(self._address + first, offset + len(data) - first, _POPULATE_READ):
            raise OSError(ctypes.get_errno(), "the file was truncated, or its disk fails")
        size = self._at.stat().st_size  # in the page where it ends now, memory goes on with zeros
        return data if size >= offset + len(data) else data[: max(0, size - offset)]


class MappedFiles:
    """Mapped files by key; the least recently used are given up when there are too many.

    Args:
        most: files that stay mapped; more only while there are views of them.
    """

    def __init__(self, most: int = OPEN_FILES) -> None:
        self._most = most
        self._mapped: OrderedDict[object, MappedFile] = OrderedDict()
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()  # another thread of the parent may have held it

    def get(self, key: object, path: Callable[[], str | Path]) -> MappedFile:
        """The file of a key, mapped from a path where none is at hand.

        Raises:
            what `path` and `MappedFile` raise.
        """
        with self._lock:
            found = self._mapped.pop(key, None)
            self._mapped[key] = found = MappedFile(path()) if found is None else found
            while len(self._mapped) > self._most:
                self._mapped.popitem(last=False)
        return found


def _find_madvise() -> Callable[[int, int, int], int] | None:
    """The C library's `madvise`, where it can bring pages in."""
    if not sys.platform.startswith("linux"):
        return None
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    page = np.frombuffer(mmap.mmap(-1, mmap.PAGESIZE), np.uint8)
    if madvise(page.__array_interface__["data"][0], page.nbytes, _POPULATE_READ):
        return None
    return madvise


_found = _find_madvise()
_madvise: Callable[[int, int, int], int] = _found or (lambda *_: -1)
MAPPED = MappedFiles() if _found else None
"""Those of this process; `None` where nothing is mapped."""
