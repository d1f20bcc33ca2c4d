"""Files and folders that appear whole or not at all, and stay after a power cut."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionpair.errors import InputError

_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.ENFILE)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; what the block writes there replaces `path` once it is on disk.

    When the block raises, the temporary file is removed and `path` stays as it was.
    """
    temporary = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file, atomically and durably."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`, which becomes it once all of it is on disk.

    When the block raises, the temporary folder is removed and `folder` is as it was. What a process that was
    killed left beside it is removed by the next one that makes `folder`; a lock tells dead ones from others.

    Raises:
        InputError: `folder` exists and is not an empty folder, or cannot be made there.
    """
    folder = folder.absolute()
    temporary = folder.with_name(f".tmp-{folder.name}-{os.getpid()}")
    with _making(folder):
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise InputError(f"{folder}: is there already; expected a new or an empty folder")
        for leftover in folder.parent.glob(f".tmp-{glob.escape(folder.name)}-*/"):
            _remove_left(leftover)
        temporary.mkdir()
        handle = os.open(temporary, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield temporary
        _sync_all(handle)
        with _making(folder):
            temporary.rename(folder)
        sync_folder(folder.parent)
    finally:
        os.close(handle)
        if temporary.exists():
            shutil.rmtree(temporary)


@contextmanager
def _making(folder: Path) -> Iterator[None]:
    """Where the file system refuses a folder, the user named a wrong one, unless the machine fails."""
    try:
        yield
    except OSError as error:
        if error.errno in _MACHINE:
            raise
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from None


def _sync_all(handle: int) -> None:
    """Put on disk what was written to the file system of an open folder since it was opened.

    One call: file by file, a folder of a hundred thousand files takes minutes, nearly all of it waiting.
    """
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)  # Linux has it
    if syncfs is None:
        os.sync()
    elif syncfs(handle):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _remove_left(folder: Path) -> None:
    """Remove a temporary folder, unless the process that made it still holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(handle)
    shutil.rmtree(folder)
