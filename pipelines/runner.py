"""The runner: drives any job's items through a pool of workers and writes down what became of them.

What happens to an item, by how it ended:

    a record                  commit, in the ledger
    raised by the item        once: again, on a fresh worker; twice: quarantine, in the ledger
    a verdict of the item     quarantine, in the ledger: another try would end the same way
    its worker died           again; after `deaths` times it is set aside for this run
    raised under the worker   likewise (a renderer's own failure)
    raised by the machine     the run stops (`MachineError`); nothing is held against the item
    past its time limit       set aside for this run

Items set aside stay undone: the next run takes them up again. The driver alone writes, so a worker or
driver may die at any instant and the ledger still tells the truth.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from motionpair.errors import InputError, MachineError
from pipelines import connection
from pipelines import state as states
from pipelines.job import MEND, Job
from pipelines.ledger import Ledger
from pipelines.pool import Died, Event, Finished, Pool, Ready, Seat, SetupFailed, TimedOut
from pipelines.progress import Reporter
from pipelines.state import Pace, Running, SetAside, State
from pipelines.worker import Outcome

POLL_SECONDS = 0.5
STATE_SECONDS = 2.0
LOG_TAIL_BYTES = 64 << 10


@dataclass(frozen=True)
class Limits:
    """How far the runner goes along with an item or a worker.

    item_seconds, setup_seconds: wall time before the worker is killed. recycle_after: items a worker runs
    before a new process takes its seat: Blender keeps some 50 MB a pair, and to start anew takes seconds.
    deaths: workers that one item may take down in a run. setup_deaths: workers in a row, per seat, that may
    die before any gets ready.
    """

    item_seconds: float = 4 * 3600.0
    setup_seconds: float = 900.0
    recycle_after: int = 12
    deaths: int = 5
    setup_deaths: int = 3


@dataclass(frozen=True)
class Summary:
    """How a run ended. seconds: wall time."""

    done: int
    quarantined: int
    set_aside: tuple[SetAside, ...]
    seconds: float


class Runner:
    """One run of a job. Folder `runs` holds the ledger, state.json, timings.jsonl and logs.

    total: items in all, done ones included, for the progress figures.
    admit: called with each worker's device class; raises where such a worker may not take part.
    settled: called after an item is committed or quarantined (packing hangs on this); returns items whose
    committed files turned out to be damaged, which then run again.
    """

    def __init__(
        self,
        job: Job,
        ledger: Ledger,
        runs: Path,
        *,
        total: int,
        reporter: Reporter,
        limits: Limits | None = None,
        admit: Callable[[str], None] = lambda device_class: None,
        settled: Callable[[int], Iterable[int]] = lambda item: (),
    ) -> None:
        self._job = job
        self._ledger = ledger
        self._runs = runs
        self._logs = runs / "logs"
        self._total = total
        self._reporter = reporter
        self._limits = limits or Limits()
        self._admit = admit
        self._settled = settled
        self._fresh: deque[int] = deque()
        self._queue: deque[int] = deque()
        self._deaths: Counter[int] = Counter()
        self._setup_deaths = 0
        self._set_aside: dict[int, SetAside] = {}
        self._discards: dict[str, int] = {}
        self._recount()
        self._pace = Pace(time.monotonic)
        self._pacing = False
        self._peak_rss = 0
        self._started = time.strftime("%F %T %z")
        self._shown = float("-inf")

    def run(self, items: Iterable[int], workers: int) -> Summary:
        """Run `items` on up to `workers` workers until each is committed, quarantined or set aside.

        Raises:
            MachineError: the machine failed; run again when it is mended.
            InputError: the job cannot be set up, or a worker is not admitted.
        """
        begin = time.monotonic()
        todo = list(items)
        self._recount()  # items may have been released since
        for item in todo:
            self._again(item)
        self._logs.mkdir(parents=True, exist_ok=True)
        _end_line(self._runs / states.TIMINGS)
        pool = Pool(
            self._job,
            min(workers, len(todo)),
            item_seconds=self._limits.item_seconds,
            setup_seconds=self._limits.setup_seconds,
            logs=self._logs,
        )
        try:
            while self._queue or self._fresh or any(seat.item is not None for seat in pool.seats):
                for event in pool.wait(POLL_SECONDS):
                    self._handle(pool, event)
                self._hand_out(pool)
                self._look_around(pool)
        finally:
            pool.close()
            for log in self._logs.glob("worker-*.log"):
                log.unlink(missing_ok=True)  # what matters of them was kept by item
        return Summary(
            done=len(self._ledger.committed),
            quarantined=len(self._ledger.quarantined()),
            set_aside=tuple(self._set_aside.values()),
            seconds=time.monotonic() - begin,
        )

    def state(self, phase: states.Phase, seats: Iterable[Seat] = ()) -> State:
        """This moment of the run."""
        done, quarantined = len(self._ledger.committed), len(self._ledger.quarantined())
        rate = self._pace.per_hour()
        left = self._total - done - quarantined - len(self._set_aside)
        return State(
            job=self._job.name,
            unit=self._job.unit,
            phase=phase,
            host=socket.gethostname(),
            pid=os.getpid(),
            started=self._started,
            updated=time.strftime("%F %T %z"),
            total=self._total,
            done=done,
            quarantined=quarantined,
            workers=sum(seat.phase in ("idle", "busy") for seat in seats),
            running=tuple(self._running(seats)),
            set_aside=tuple(self._set_aside.values()),
            discards=self._discards,
            per_hour=rate,
            eta_seconds=3600 * left / rate if rate else None,
            peak_rss=self._peak_rss,
        )

    def _hand_out(self, pool: Pool) -> None:
        for seat in pool.seats:
            if seat.phase != "idle":
                continue
            if seat.fresh and self._fresh:
                pool.dispatch(seat, self._fresh.popleft())
            elif seat.served >= self._limits.recycle_after and (self._queue or self._fresh):
                pool.replace(seat)
            elif self._queue:
                pool.dispatch(seat, self._queue.popleft())
            elif self._fresh:
                pool.replace(seat)  # only second tries are left, and they want a worker that ran nothing

    def _handle(self, pool: Pool, event: Event) -> None:
        match event:
            case Ready():
                self._setup_deaths = 0
                self._admit(event.device_class)
                if not self._pacing:
                    self._pacing = True
                    self._pace.restart()
            case SetupFailed():
                self._keep_log(event.seat, "setup", event.fault.trace)
                message = f"workers cannot start: {event.fault.message or event.fault.error}"
                raise InputError(message) if event.fault.kind == "item" else MachineError(message)
            case Finished(outcome=Outcome(record=None)):
                self._failed(pool, event)
            case Finished():
                self._committed(event)
            case Died(item=int(item)):
                self._died(pool, event.seat, item, event.cause, event.report)
            case TimedOut(seat, int(item)):
                self._put_aside(seat, item, f"past its time limit of {self._limits.item_seconds:g} s")
                pool.replace(seat)
            case Died() | TimedOut():
                self._died_early(pool, event)

    def _committed(self, event: Finished) -> None:
        record = event.outcome.record
        assert record is not None
        timings = record.pop("seconds", {})  # times never reach the ledger's record of what was made
        self._ledger.commit(event.item, record)
        self._pace.tick()
        self._count(record.get("discards", {}))
        self._time(event, timings)
        self._after(event.item)

    def _failed(self, pool: Pool, event: Finished) -> None:
        fault = event.outcome.fault
        assert fault is not None
        name = self._job.item_name(event.item)
        if fault.kind == "machine":
            self._keep_log(event.seat, f"item-{event.item:06d}-machine", fault.trace)
            raise MachineError(f"{fault.line()}; nothing is lost: {MEND}")
        if fault.kind == "worker":
            self._died(pool, event.seat, event.item, fault.line(), fault.trace)
            return
        self._ledger.fail(event.item, fault)
        tries = len(self._ledger.failures[event.item])
        log = self._keep_log(event.seat, f"item-{event.item:06d}-try{tries}", fault.trace)
        self._time(event, {})
        if fault.kind == "item":
            pool.replace(event.seat)  # the worker may be what is broken: nobody else gets it
        if not self._ledger.is_quarantined(event.item):
            self._again(event.item)
            self._reporter.note(f"{name} failed and is tried once more: {fault.line()} ({log})")
            return
        how = "is quarantined" if fault.kind == "verdict" else "failed twice and is quarantined"
        self._reporter.note(f"{name} {how}: {fault.line()} ({log})")
        self._count(states.fault_discards(fault))
        self._after(event.item)

    def _after(self, item: int) -> None:
        """What hangs on a settled item; what turns out to be damaged runs again, and no longer counts."""
        if damaged := list(self._settled(item)):
            self._queue.extend(damaged)
            self._recount()

    def _recount(self) -> None:
        """Discards as the ledger has them; between releases `_count` keeps step, in less time."""
        faults = self._ledger.quarantined().values()
        self._discards = states.count_discards(self._ledger.committed.values(), faults)

    def _count(self, discards: Mapping[str, int]) -> None:
        for reason, count in discards.items():
            self._discards[reason] = self._discards.get(reason, 0) + count

    def _died(self, pool: Pool, seat: Seat, item: int, cause: str, report: str) -> None:
        self._deaths[item] += 1
        times = self._deaths[item]
        if times >= self._limits.deaths:
            self._put_aside(seat, item, f"its worker died {times} times ({cause})")
        else:
            log = self._keep_log(seat, f"item-{item:06d}-death{times}", report)
            name = self._job.item_name(item)
            self._reporter.note(f"{name}: its worker died and it runs again: {cause} ({log})")
            self._again(item)
        pool.replace(seat)

    def _died_early(self, pool: Pool, event: Died | TimedOut) -> None:
        self._setup_deaths += 1
        cause = event.cause if isinstance(event, Died) else f"set-up took over {event.seconds:.0f} s"
        log = self._keep_log(event.seat, "setup", event.report if isinstance(event, Died) else cause)
        if self._setup_deaths >= self._limits.setup_deaths * len(pool.seats):
            raise MachineError(f"{self._setup_deaths} workers died before any got ready: {cause} ({log})")
        pool.replace(event.seat)

    def _again(self, item: int) -> None:
        """Line an item up; one that failed before, perhaps under an earlier driver, for a fresh worker."""
        (self._fresh if item in self._ledger.failures else self._queue).append(item)

    def _put_aside(self, seat: Seat, item: int, reason: str) -> None:
        name = self._job.item_name(item)
        log = self._keep_log(seat, f"item-{item:06d}-aside", reason)
        self._set_aside[item] = SetAside(item, name, reason)
        self._reporter.note(f"{name} is set aside, to run again at the next resume: {reason} ({log})")

    def _keep_log(self, seat: Seat, name: str, text: str) -> Path:
        """Keep the tail of what a worker printed, and `text`, under logs/`name`.log."""
        tail = b""
        if seat.hello is not None and seat.hello.log.exists():
            with seat.hello.log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_TAIL_BYTES))
                tail = file.read()
        path = self._logs / f"{name}.log"
        who = f"{seat.hello.host} {seat.hello.pid}" if seat.hello else "a worker that never spoke"
        path.write_bytes(f"{time.strftime('%F %T %z')} {who}\n".encode() + tail + f"\n{text}\n".encode())
        return path

    def _time(self, event: Finished, timings: dict[str, float]) -> None:
        hello = event.seat.hello
        self._peak_rss = max(self._peak_rss, event.outcome.max_rss)
        line = {
            "item": event.item,
            "ok": event.outcome.record is not None,
            "seconds": round(event.outcome.seconds, 3),
            "timings": timings,
            "max_rss": event.outcome.max_rss,
            "host": hello.host if hello else "",
            "pid": hello.pid if hello else 0,
            "ended": time.strftime("%F %T %z"),
        }
        with (self._runs / states.TIMINGS).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _running(self, seats: Iterable[Seat]) -> Iterable[Running]:
        for seat in seats:
            if seat.item is not None and seat.hello is not None:
                name = self._job.item_name(seat.item)
                yield Running(seat.item, name, seat.hello.host, seat.hello.pid, round(seat.seconds, 1))

    def _look_around(self, pool: Pool) -> None:
        """Every now and then, say how things are; Ray would wait for ever for nodes that are gone."""
        now = time.monotonic()
        if now - self._shown < STATE_SECONDS:
            return
        self._shown = now
        if all(seat.phase == "hired" for seat in pool.seats):
            connection.check_alive()
        state = self.state("running", pool.seats)
        states.write(self._runs / "state.json", state)
        self._reporter.update(state)


def _end_line(path: Path) -> None:
    """Cut off a last line that a dying driver left half-written."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - LOG_TAIL_BYTES))
        torn = file.read(LOG_TAIL_BYTES).rpartition(b"\n")[2] if size else b""
        if torn:
            file.truncate(size - len(torn))
