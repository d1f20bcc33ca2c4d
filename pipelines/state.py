"""`OUT/runs/state.json`: what a live driver is doing, for `status` and for people.

Written by a temporary name and rename, so that a reader always sees a whole file. It says nothing that a
resume rests on: that is the ledger's part.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from motionpair import durable, fields
from motionpair.errors import DataError
from pipelines.job import Fault, Record

TIMINGS = "timings.jsonl"
"""In OUT/runs: a line an attempt, {item, ok, seconds, timings, max_rss, host, pid, ended}."""

Phase = Literal["preparing", "running", "packing", "finished", "stopped", "broken"]


@dataclass(frozen=True)
class Running:
    """An item at work. seconds: since it was handed out."""

    item: int
    name: str
    host: str
    pid: int
    seconds: float


@dataclass(frozen=True)
class SetAside:
    """An item that this run gave up on without a verdict; the next run tries it again."""

    item: int
    name: str
    reason: str


@dataclass(frozen=True)
class State:
    """A moment of a run. total, done, quarantined: items, over all runs; per_hour: of this run.

    peak_rss: bytes, the largest worker so far.
    """

    job: str
    unit: str
    phase: Phase
    host: str
    pid: int
    started: str
    updated: str
    total: int
    done: int = 0
    quarantined: int = 0
    workers: int = 0
    running: tuple[Running, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    discards: dict[str, int] = field(default_factory=dict)
    per_hour: float | None = None
    eta_seconds: float | None = None
    peak_rss: int = 0


def write(path: Path, state: State) -> None:
    """Replace the state file."""
    durable.write_bytes(path, json.dumps(fields.to_plain(state), indent=1).encode() + b"\n")


def read(path: Path) -> State | None:
    """The last state written, or None where there is none.

    Raises:
        DataError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        plain = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error})") from None
    return fields.from_plain(State, plain, str(path))


class Pace:
    """Items an hour, over the last `window` of them; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float], window: int = 256) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=window)
        self._start = clock()

    def restart(self) -> None:
        """Begin to count now, so that start-up does not pass for work."""
        self._start = self._clock()

    def tick(self) -> None:
        """One more item is done."""
        if len(self._times) == self._times.maxlen:
            self._start = self._times[0]
        self._times.append(self._clock())

    def per_hour(self) -> float | None:
        """The rate, or None before the first item."""
        if not self._times:
            return None
        return 3600 * len(self._times) / max(self._clock() - self._start, 1e-3)


def count_discards(records: Iterable[Record], faults: Iterable[Fault] = ()) -> dict[str, int]:
    """Discarded candidates by reason, over the records of committed items and the faults of quarantined."""
    total: Counter[str] = Counter()
    for record in records:
        total.update(record.get("discards", {}))
    for fault in faults:
        total.update(fault_discards(fault))
    return dict(sorted(total.items()))


def fault_discards(fault: Fault) -> dict[str, int]:
    """Discarded candidates by reason, of an item that no candidate fitted."""
    return dict(Counter(discard["reason"] for discard in fault.details.get("discards", ())))
