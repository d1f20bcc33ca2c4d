"""What the runner runs: a `Job` is numbered items, each of which a worker turns into a record.

The runner knows nothing of pairs, frames or models; generating, encoding and sampling are all jobs.
"""

from __future__ import annotations

import errno
import json
import os
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from motionpair.errors import MachineError

Record = dict[str, Any]
"""What an item leaves behind: JSON values (paths, sizes, hashes, counts), never pixels."""


class Job(Protocol):
    """Work that is cut into numbered items.

    A job travels to each worker by pickle, so it holds settings and paths, not open things. `run` commits
    its files itself, by renaming a temporary folder, and may be called again for an item whose commit
    the driver never heard of: same item, same files.
    """

    name: str
    """A word for logs: `generate`, `encode`."""

    unit: str
    """What an item is, in the plural: `pairs`."""

    def setup(self) -> None:
        """Once in each worker, before its first item: imports, models, caches."""
        ...

    def device_class(self) -> str:
        """After `setup`: what the bytes depend on beside versions; empty where they depend on nothing."""
        ...

    def folders(self) -> Sequence[Path]:
        """Where `run` writes. An error while one of these is full is the machine's, not the item's."""
        ...

    def run(self, item: int) -> Record:
        """Do one item and commit its files; the record goes into the ledger."""
        ...

    def item_name(self, item: int) -> str:
        """What people call the item, such as a pair_id."""
        ...


FaultKind = Literal["item", "verdict", "worker", "machine"]


class Verdict(Exception):
    """An error of the item that trying again cannot change: it is quarantined at once.

    error: its name, which goes into ledger and quarantine in place of this class's. details: JSON values that
    say more than the message; `discards`, a list of {reason, ...}, is counted by reason.

    Raises:
        ValueError: details are not JSON.
    """

    def __init__(self, error: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.error = error
        self.details = dict(details)
        json.dumps(self.details, allow_nan=False)  # the ledger holds plain JSON: fail here, not in the driver


@dataclass(frozen=True)
class Fault:
    """An error as data: it crosses processes and ledgers without needing the class that was raised.

    kind: `item` the item itself failed; `verdict` it did and would in every try; `worker` something under
    this worker failed (a renderer that reports an error of its own), which counts like its death; `machine`
    the computer did, and would fail every item. message: one line, without what differs between runs.
    details: of a verdict, JSON values.
    """

    kind: FaultKind
    error: str
    message: str
    trace: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """`ValueError: what it said`, cut to one line."""
        return f"{self.error}: {self.message}" if self.message else self.error


MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.ESTALE, errno.ENFILE}
)
"""The computer failed: disk full, quota, a file longer than allowed, I/O error, file system read-only or
stale, no more open files."""

MEND = "make room or mend the machine, then run the same command again"

_TEMPORARY_NAME = re.compile(r"(\.tmp-[\w.]+)-\d+")

FULL_BYTES = 4 << 20
"""A folder with less room than this counts as full."""


def is_machine_error(error: BaseException | None) -> bool:
    """Whether the operating system says that the computer failed; looks through the chain of causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in MACHINE_ERRNOS:
            return True
        error = error.__cause__ or error.__context__
    return False


def to_fault(error: BaseException, folders: Sequence[Path] = ()) -> Fault:
    """Describe an error raised by a job that writes to `folders`."""
    kind: FaultKind = "item"
    name, details = type(error).__name__, {}
    message = _stable(" ".join(str(error).split()), folders)[:500]
    if is_machine_error(error):
        kind = "machine"
    elif (full := full_folder(folders)) is not None:
        kind, message = "machine", f"{message} (and {full} is full)"
    elif isinstance(error, MachineError):
        kind = "worker"
    elif isinstance(error, Verdict):
        kind, name, details = "verdict", error.error, error.details
    return Fault(kind, name, message, "".join(traceback.format_exception(error)), details)


def full_folder(folders: Sequence[Path]) -> Path | None:
    """The first of `folders` whose file system has no room left, if any."""
    for folder in folders:
        if not folder.exists():
            continue
        space = os.statvfs(folder)
        if space.f_bavail * space.f_frsize < FULL_BYTES:
            return folder
    return None


def _stable(message: str, folders: Sequence[Path]) -> str:
    """A message without places and process numbers: it goes into `quarantine.jsonl`."""
    for folder in folders:
        message = message.replace(f"{folder}/", "")
    return _TEMPORARY_NAME.sub(r"\1", message)
