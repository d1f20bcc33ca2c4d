"""One driver an output folder: a lock that dies with its holder.

The lock is POSIX (`lockf`): the kernel drops it when the holder's process ends, however it ends, and it
works across the hosts of a shared file system (NFS 4, Lustre, GPFS). The text in the file only tells people
who holds it; the lock alone decides.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionpair.errors import InputError

_ATTEMPTS = 5  # `holder` takes the lock for a moment; a driver starting just then must not be refused


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lease at `path`; a lease left behind by a dead driver is simply taken over.

    Raises:
        InputError: another driver holds it; names its host and process.
    """
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        for attempt in range(_ATTEMPTS):
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if attempt == _ATTEMPTS - 1:
                    raise InputError(f"{path.parent.parent}: {_refusal(fd)}") from None
                time.sleep(0.1)
        who = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%F %T %z")}
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(who).encode() + b"\n", 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)  # drops the lock


def holder(path: Path) -> dict[str, object] | None:
    """Who holds the lease now, or None.

    Not for the holder's own process: there, closing the file would drop the lock.
    """
    if not path.exists():
        return None
    writable = os.access(path, os.W_OK)
    fd = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    try:
        if not writable:
            return _read(fd) or None  # another user's run: its lock cannot be tried, so believe the text
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return _read(fd)
    finally:
        os.close(fd)
    return None


def _refusal(fd: int) -> str:
    who = _read(fd)
    if not who:
        return "another driver is at work on it; wait for it or use another OUT"
    return (
        f"another driver is at work on it (host {who.get('host')}, pid {who.get('pid')}, since "
        f"{who.get('since')}); wait for it or use another OUT"
    )


def _read(fd: int) -> dict[str, object]:
    try:
        who = json.loads(os.pread(fd, 4096, 0))
    except ValueError:
        return {}
    return who if isinstance(who, dict) else {}
