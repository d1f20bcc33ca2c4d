"""Files and folders that appear whole or not at all, and stay after a power cut."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import os
import re
import secrets
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

    Where `folder` is a link, the folder that it names is made, and the link stays. When the block raises, the
    temporary folder is removed and `folder` is as it was. What a process that was killed left beside it is
    removed by the next one that makes `folder`; a lock tells dead ones from others.

    Raises:
        InputError: `folder` exists and is not an empty folder, or cannot be made there; nothing is written.
    """
    folder = Path(os.path.realpath(folder))
    with _making(folder):
        if folder.is_symlink():
            raise InputError(f"{folder}: is a symbolic link that leads nowhere; expected a folder")
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise InputError(f"{folder}: is there already; expected a new or an empty folder")
        temporary = folder.with_name(f".tmp-{folder.name}-{secrets.randbelow(10**12)}")
        lock = temporary.with_name(f"{temporary.name}.lock")
        _remove_left(folder)
        handle = _held(lock)
    made = False
    try:
        with _making(folder):
            temporary.mkdir()
            made = True
        yield temporary
        _sync_all(handle)
        with _making(folder):
            temporary.rename(folder)
        sync_folder(folder.parent)
    finally:
        if made and temporary.exists():
            shutil.rmtree(temporary)
        lock.unlink(missing_ok=True)
        os.close(handle)


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


def _held(lock: Path) -> int:
    """The handle of a lock file that this process holds.

    A file beside the folder: NFS locks only what is open for writing, which a folder never is.
    """
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if lock.exists() and os.path.samestat(os.fstat(handle), lock.stat()):
            return handle
        os.close(handle)  # somebody took it for a dead one's and removed it before it was held


def _remove_left(folder: Path) -> None:
    """Remove the temporary folders of `folder` that no living process holds, with their locks.

    A folder without a lock beside it was not made here, whatever its name.
    """
    for lock in folder.parent.glob(f".tmp-{glob.escape(folder.name)}-*.lock"):
        left = lock.with_name(lock.name.removesuffix(".lock"))
        if not re.fullmatch("[0-9]+", left.name.removeprefix(f".tmp-{folder.name}-")) or lock.is_symlink():
            continue
        try:
            handle = os.open(lock, os.O_RDWR)
        except (FileNotFoundError, PermissionError, IsADirectoryError):  # removed meanwhile, or another's
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            lock.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
