"""One driver an output folder, one job a run: a lock that dies with its holder.

The lock is POSIX (`lockf`): the kernel drops it when the holder's process ends, however it ends, and it
works across the hosts of a shared file system (NFS 4, Lustre, GPFS). The text in the file only tells people
who holds it; the lock alone decides.
"""

from __future__ import annotations

import errno
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
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def hold(path: Path, kind: str = "driver") -> Iterator[None]:
    """Hold the lease at `path`; one that was left behind by a dead holder is simply taken over.

    The holder may delete the file. Not twice in one process, where the lock refuses nobody.

    Args:
        path: of the lease, FOLDER/runs/lease.
        kind: what its holders are, for the refusal.

    Raises:
        InputError: another one holds it; names the folder, its host and process. Or there are no locks.
    """
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        for attempt in range(_ATTEMPTS):
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if attempt == _ATTEMPTS - 1:
                    raise _refusal(fd, path, kind) from None
                time.sleep(0.1)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                raise InputError(
                    f"{path.parent.parent}: its file system has no locks ({error.strerror}); use a folder on "
                    "another one, or mount it with locks"
                ) from None
        if not path.exists() or not os.path.samestat(os.fstat(fd), path.stat()):
            raise _refusal(fd, path, kind)  # who held it a moment ago has deleted it: this lock is nobody's
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


def _refusal(fd: int, path: Path, kind: str) -> InputError:
    who = _read(fd)
    named = f" (host {who.get('host')}, pid {who.get('pid')}, since {who.get('since')})" if who else ""
    return InputError(
        f"{path.parent.parent}: another {kind} is at work on it{named}; wait for it or use another --out"
    )


def _read(fd: int) -> dict[str, object]:
    try:
        who = json.loads(os.pread(fd, 4096, 0))
    except ValueError:
        return {}
    return who if isinstance(who, dict) else {}
