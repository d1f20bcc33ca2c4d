"""The worker: one process that sets a job up once and then runs items, one after the other.

Everything an item raises comes back as data. What cannot come back (a segmentation fault, the kernel's
out-of-memory killer, a lost node) the driver sees as the death of the process.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pipelines.job import Fault, Job, Record, to_fault


@dataclass(frozen=True)
class Hello:
    """Who a worker is. log: where its output goes, on the file system that driver and workers share."""

    host: str
    pid: int
    log: Path


@dataclass(frozen=True)
class Readiness:
    """How `Job.setup` went. Exactly one of device_class and fault is given."""

    device_class: str | None
    fault: Fault | None


@dataclass(frozen=True)
class Outcome:
    """How an item went. Exactly one of record and fault is given. max_rss: bytes, of the process so far."""

    record: Record | None
    fault: Fault | None
    seconds: float
    max_rss: int


class Worker:
    """Runs items of one job in a process of its own."""

    def __init__(self, job: Job, logs: Path) -> None:
        self._job = job
        self._logs = logs
        self._log_fd = -1

    def hello(self) -> Hello:
        """Point the process's output at a log file of its own and say who is speaking."""
        # A terminal's Ctrl-C reaches the whole process group; stopping workers is the driver's business.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        host, pid = socket.gethostname(), os.getpid()
        log = self._logs / f"worker-{host}-{pid}.log"
        self._log_fd = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC, 0o644)
        os.dup2(self._log_fd, 1)
        os.dup2(self._log_fd, 2)
        faulthandler.enable(file=2)
        _sweep_memory()
        return Hello(host, pid, log)

    def setup(self) -> Readiness:
        """Set the job up; an error here ends the run, since every worker would meet it."""
        try:
            self._job.setup()
            return Readiness(self._job.device_class(), None)
        except BaseException as error:  # the boundary: errors cross it as data
            return Readiness(None, to_fault(error, self._job.folders()))

    def run(self, item: int) -> Outcome:
        """Run one item. The log starts anew, so that it stays small and its tail is about this item."""
        os.ftruncate(self._log_fd, 0)
        start = time.monotonic()
        record, fault = None, None
        try:
            record = self._job.run(item)
            json.dumps(record, allow_nan=False)  # the ledger holds plain JSON: fail here, not in the driver
        except MemoryError:
            os._exit(1)  # running out of memory is dying, not failing: leave no half-broken process behind
        except BaseException as error:  # the boundary: errors cross it as data
            record, fault = None, to_fault(error, self._job.folders())
        sys.stdout.flush()
        sys.stderr.flush()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return Outcome(record, fault, time.monotonic() - start, peak)


def _sweep_memory() -> None:
    """Remove the memory-backed scratch folders (`motionpair-<pid>-*`) of workers that were killed."""
    for folder in Path("/dev/shm").glob("motionpair-*-*"):
        pid = folder.name.split("-")[1]
        try:
            if pid.isdigit() and not Path(f"/proc/{pid}").exists() and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder)
        except FileNotFoundError:
            continue  # another worker was quicker
