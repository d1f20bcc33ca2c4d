"""A pool of process-isolated workers on Ray Core, with at most one item in flight in each.

Ray restarts and retries nothing here: an actor that died is gone, and what to do about its item is the
runner's decision. The pool only reports what happened, as events, and keeps its seats filled.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ray

from pipelines.job import Fault, Job
from pipelines.worker import Hello, Outcome, Readiness, Worker

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Phase = Literal["hired", "setting up", "idle", "busy"]


@dataclass(frozen=True)
class Ready:
    """A worker has set its job up and waits for an item."""

    seat: Seat
    device_class: str


@dataclass(frozen=True)
class SetupFailed:
    """A worker could not set the job up."""

    seat: Seat
    fault: Fault


@dataclass(frozen=True)
class Finished:
    """An item came back, with a record or a fault."""

    seat: Seat
    item: int
    outcome: Outcome


@dataclass(frozen=True)
class Died:
    """A worker's process ended while it had `item` (None: before it had any). cause: a line; report: all."""

    seat: Seat
    item: int | None
    cause: str
    report: str


@dataclass(frozen=True)
class TimedOut:
    """An item, or (None) the set-up, passed its time limit; its worker was killed."""

    seat: Seat
    item: int | None
    seconds: float


Event = Ready | SetupFailed | Finished | Died | TimedOut


class Seat:
    """A place in the pool: one worker at a time, replaced when it dies or has served long enough."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.phase: Phase = "hired"
        self.item: int | None = None
        self.since = time.monotonic()
        self.served = 0
        self.hello: Hello | None = None
        self.actor: Any = None
        self.ref: Any = None

    @property
    def seconds(self) -> float:
        """Seconds that the seat has been in its phase."""
        return time.monotonic() - self.since

    @property
    def fresh(self) -> bool:
        """Whether the worker has run nothing yet."""
        return self.served == 0

    def enter(self, phase: Phase, ref: Any = None, item: int | None = None) -> None:
        """Move to a phase; `ref` is what the worker will answer."""
        self.phase, self.ref, self.item, self.since = phase, ref, item, time.monotonic()


class Pool:
    """`size` seats of workers for one job.

    item_seconds, setup_seconds: limits after which a worker is killed. Ray itself has no such limit, and a
    worker stuck in C code cannot keep one itself. The wait for a free machine is not limited. A job may say
    by `gpus` how many GPUs each of its workers has to itself.
    """

    def __init__(self, job: Job, size: int, *, item_seconds: float, setup_seconds: float, logs: Path) -> None:
        self._job = job
        self._item_seconds = item_seconds
        self._setup_seconds = setup_seconds
        self._logs = logs
        # One core a worker: Ray sets OMP_NUM_THREADS to it, which OpenBLAS and MKL follow too.
        gpus = getattr(job, "gpus", 0)
        self._actor_class = ray.remote(Worker).options(
            num_cpus=1, num_gpus=gpus, max_restarts=0, max_task_retries=0
        )
        self.seats = [Seat(i) for i in range(size)]
        for seat in self.seats:
            self._hire(seat)

    def dispatch(self, seat: Seat, item: int) -> None:
        """Give an idle worker an item."""
        assert seat.phase == "idle"
        seat.enter("busy", seat.actor.run.remote(item), item)
        seat.served += 1

    def replace(self, seat: Seat) -> None:
        """End a seat's worker and hire a new one."""
        self._dismiss(seat)
        self._hire(seat)

    def wait(self, timeout: float) -> list[Event]:
        """What happened, at the latest after `timeout` seconds (then perhaps nothing)."""
        seats = {seat.ref: seat for seat in self.seats if seat.ref is not None}
        ready: list[Any] = []
        if seats:
            refs = list(seats)
            ready, _ = ray.wait(refs, num_returns=1, timeout=timeout)
            if ready and len(refs) > 1:
                ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        else:
            time.sleep(timeout)
        events = [event for ref in ready if (event := self._answer(seats[ref])) is not None]
        return events + self._overdue()

    def close(self) -> None:
        """End every worker, at once."""
        for seat in self.seats:
            self._dismiss(seat)

    def _hire(self, seat: Seat) -> None:
        seat.served, seat.hello = 0, None
        seat.actor = self._actor_class.remote(self._job, self._logs)
        seat.enter("hired", seat.actor.hello.remote())

    def _dismiss(self, seat: Seat) -> None:
        ray.kill(seat.actor, no_restart=True)
        seat.ref = None

    def _answer(self, seat: Seat) -> Event | None:
        try:
            answer = ray.get(seat.ref)
        except ray.exceptions.RayError as error:
            # Whatever Ray says of an actor that does not answer (died, node lost, unavailable, out of
            # memory), its process is given up and its item is still undone.
            self._dismiss(seat)
            return Died(seat, seat.item, _brief(error), str(error))
        if isinstance(answer, Hello):
            seat.hello = answer
            seat.enter("setting up", seat.actor.setup.remote())
            return None
        if isinstance(answer, Readiness):
            if answer.fault is not None:
                return SetupFailed(seat, answer.fault)
            assert answer.device_class is not None
            seat.enter("idle")
            return Ready(seat, answer.device_class)
        assert seat.item is not None
        item = seat.item
        seat.enter("idle")
        return Finished(seat, item, answer)

    def _overdue(self) -> list[Event]:
        events: list[Event] = []
        for seat in self.seats:
            limit = {"busy": self._item_seconds, "setting up": self._setup_seconds}.get(seat.phase)
            if limit is not None and seat.ref is not None and seat.seconds > limit:
                events.append(TimedOut(seat, seat.item, seat.seconds))
                self._dismiss(seat)
        return events


def _brief(error: BaseException) -> str:
    """One line of what Ray reports: the last where the worker raised on its way up, else the first."""
    lines = [line for line in _COLOURS.sub("", str(error)).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if "creation task" in lines[0] else f"{type(error).__name__}: {lines[0]}"
