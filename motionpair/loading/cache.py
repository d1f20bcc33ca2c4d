"""A folder of bounded size that keeps what was read from far away; processes share it."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from motionpair.errors import InputError, MachineError

FOLDER = "motionpair-blobs"
"""The cache's own folder inside the one that is named: nothing outside of it is looked at."""

_LOCK = ".lock"
_KEY = re.compile("[0-9a-f]{40}")
_PART = re.compile(r"\.tmp-[0-9a-f]{16}")
_SHARE = 64
_CHECK = 4
"""Bytes of a checksum after every blob: what a power cut or a bad disk left is not what was kept."""
_COUNT = 8
"""Bytes of the lock file, which holds how many bytes the blobs may have at most."""


class BlobCache:
    """Blobs in files, by key; the least recently used go when the folder is full.

    Its files never hold more than `most` bytes together, however many processes of a machine share it: a lock
    file holds how much is taken, and a file takes its whole size before its bytes are written. Where
    processes name different sizes, the largest is what holds. What is not whole is read anew.

    Args:
        folder: `motionpair-blobs/` in it is made if it is missing; nothing else there is touched.
        most: bytes that it may hold.

    Raises:
        InputError: the folder cannot be made or written to, or a size below 1.
    """

    def __init__(self, folder: Path, most: int) -> None:
        if most < 1:
            raise InputError(f"cache_bytes: expected at least 1, got {most}")
        self._folder, self._most = folder / FOLDER, most
        self._counted = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                pass
        except OSError as error:
            raise InputError(f"{folder}: cannot hold a cache ({error.strerror})") from None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_counted": False}

    def get(self, key: str, length: int) -> bytes | None:
        """What is kept under a key, if it is there, may be read and has this length.

        Raises:
            MachineError: the disk fails.
        """
        path = self._folder / key
        try:
            data = path.read_bytes()
        except (FileNotFoundError, PermissionError):  # never kept, room was made, or it is another user's
            return None
        except OSError as error:
            if error.errno == errno.ESTALE:  # room was made on another machine
                return None
            raise MachineError(f"{path}: the cache cannot be read ({error.strerror})") from None
        blob, check = data[:length], data[length:]
        if check != _checksum(blob):
            return None
        with suppress(OSError):  # gone meanwhile, or another user's: it only counts as used longer ago
            os.utime(path)
        return blob

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key; what is longer than 1/64 of what the folder may hold is not kept.

        Raises:
            ValueError: the key is not 40 hex digits.
            MachineError: the folder cannot be written to, as where its disk is full.
        """
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key}: expected 40 hex digits")
        size = len(data) + _CHECK
        if size > self._most // _SHARE:
            return
        try:
            part = self._begin(size)
            if part is None:
                return
            path, handle = part
            try:
                with os.fdopen(handle, "wb") as file:  # closing it ends the lock on the part
                    file.write(data)
                    file.write(_checksum(data))
                    file.flush()
                    with self._locked():  # who counts sees the part or the blob, never neither
                        path.replace(self._folder / key)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise MachineError(f"{self._folder}: the cache cannot be written ({error.strerror})") from None

    def _begin(self, size: int) -> tuple[Path, int] | None:
        """Make room, and a file of this size in it, locked by its handle; `None` where there is no room."""
        room = self._most - _COUNT
        with self._locked() as ledger:
            count = os.pread(ledger, _COUNT, 0)
            held = int.from_bytes(count, "little")
            # at first it is counted anew: a power cut may have left an older number
            if not self._counted or len(count) != _COUNT or held + size > room:
                held = self._make_room(room - size)
                self._counted = True
            fits = held + size <= room
            os.pwrite(ledger, (held + size * fits).to_bytes(_COUNT, "little"), 0)
            if not fits:
                return None
            path = self._folder / f".tmp-{secrets.token_hex(8)}"
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                os.ftruncate(handle, size)
            except BaseException:
                os.close(handle)
                path.unlink()
                raise
            return path, handle

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The lock file, held; whoever may write into the folder may hold it."""
        path = self._folder / _LOCK
        try:
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CREAT, 0o666)
            os.fchmod(handle, self._folder.stat().st_mode & 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _make_room(self, most: int) -> int:
        """Remove the oldest blobs until at most `most` bytes are held, and an eighth fewer where any go.

        Only files that a cache made, by their names; of those that are being written, only dead processes'.

        Returns:
            Bytes that the files have then.
        """
        blobs: list[tuple[int, int, str]] = []
        held = 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                kept, part = _KEY.fullmatch(entry.name), _PART.fullmatch(entry.name)
                if not (kept or part) or not entry.is_file(follow_symlinks=False):
                    continue
                try:
                    facts = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # a part that could not be written
                    continue
                if kept:
                    blobs.append((facts.st_mtime_ns, facts.st_size, entry.path))
                    held += facts.st_size
                elif not _remove_dead(entry.path):
                    held += facts.st_size
        if held > most:
            for _, size, path in sorted(blobs):
                if _removed(path):
                    held -= size
                if held <= most - most // 8:
                    break
        return held


def _removed(path: str) -> bool:
    """Remove a file; whether it is gone. In some folders another user's cannot be."""
    try:
        Path(path).unlink()
    except FileNotFoundError:
        return True
    except PermissionError:
        return False
    return True


def _remove_dead(path: str) -> bool:
    """Remove a part that no living process writes; whether it is gone."""
    try:
        handle = os.open(path, os.O_RDWR)
    except (FileNotFoundError, PermissionError):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _removed(path)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECK, "little")
