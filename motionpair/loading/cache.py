"""A folder of bounded size that keeps what was read from far away; processes share it."""

from __future__ import annotations

import os
import tempfile
import threading
import zlib
from pathlib import Path
from typing import Any

from motionpair.errors import InputError, MachineError

_SHARE = 64
"""A process counts the folder anew when it has added one part in so many of what the folder may hold."""
_PROCESSES = 8
_CHECK = 4
"""Bytes of a checksum after every blob: what a power cut or a bad disk left is not what was kept."""


class BlobCache:
    """Blobs in files, by key; the least recently used go when the folder is full.

    Every process counts what it adds, and counts the folder anew now and then. So with up to eight processes
    at once it never holds more than `most` bytes. What is not whole is read anew.

    Args:
        folder: made if it is missing.
        most: bytes that it may hold.

    Raises:
        InputError: the folder cannot be made, or a size below 1.
    """

    def __init__(self, folder: Path, most: int) -> None:
        if most < 1:
            raise InputError(f"cache_bytes: expected at least 1, got {most}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: cannot hold a cache ({error.strerror})") from None
        self._folder, self._most = folder, most
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._held: int | None = None
        self._added = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"_folder": self._folder, "_most": self._most}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def get(self, key: str, length: int) -> bytes | None:
        """What is kept under a key, if it is there and has this length."""
        path = self._folder / key
        try:
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:  # never kept, or another process made room
            return None
        blob, check = data[:length], data[length:]
        return blob if check == _checksum(blob) else None

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key; what is longer than 1/64 of what the folder may hold is not kept.

        Raises:
            MachineError: the folder cannot be written to, as where its disk is full.
        """
        share, size = self._most // _SHARE, len(data) + _CHECK
        if size > share:
            return
        with self._lock:
            self._added += size
            room = self._most - _PROCESSES * share  # the rest is for what others add unseen
            if self._held is None or self._added > share or self._held + size > room:
                self._held = self._make_room(room - size)
                self._added = 0
            self._held += size
        try:
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".tmp-", delete=False) as file:
                try:
                    file.write(data)
                    file.write(_checksum(data))
                    file.flush()
                    Path(file.name).replace(self._folder / key)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise MachineError(f"{self._folder}: the cache cannot be written ({error.strerror})") from None

    def _make_room(self, most: int) -> int:
        """Remove the oldest files until at most `most` bytes are held, and an eighth fewer where any go."""
        files = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    facts = entry.stat()
                except FileNotFoundError:
                    continue
                files.append((facts.st_mtime_ns, facts.st_size, entry.path))
        held = sum(size for _, size, _ in files)
        if held > most:
            for _, size, path in sorted(files):
                Path(path).unlink(missing_ok=True)
                held -= size
                if held <= most - most // 8:
                    break
        return held


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECK, "little")
