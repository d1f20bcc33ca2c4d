"""Processes that tests start, look into and kill; never any that they did not start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

HERE = Path(__file__).parent
PATHS = [str(HERE), str(HERE.parent / "motionpair"), str(HERE.parents[1])]
PATIENCE = 90.0
"""Seconds that a step may take on a busy machine before the test fails."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a driver: its workers find the tests' modules too."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), **(extra or {})}


class Driver:
    """A `motionpair` command in a process of its own; what it says goes to files.

    program: what runs the command line, by default the one with synthetic pairs.
    """

    started: ClassVar[list[Driver]] = []

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        extra: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, str(HERE / "drive.py")),
    ) -> None:
        self.stderr = folder / f"stderr-{time.monotonic_ns()}"
        self.stdout = self.stderr.with_name(self.stderr.name.replace("stderr", "stdout"))
        with self.stderr.open("wb") as err, self.stdout.open("wb") as out:
            self.process = subprocess.Popen(
                [*program, *arguments],
                env=environment(extra),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.started.append(self)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status; a driver that does not end is killed and fails the test."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end in {timeout} s: {self.said()}") from None

    def signal(self, number: signal.Signals) -> float:
        """Send a signal and wait for the end; returns the seconds that it took."""
        start = time.monotonic()
        self.process.send_signal(number)
        self.wait()
        return time.monotonic() - start

    def kill(self) -> None:
        """kill -9 the driver alone."""
        self.process.kill()
        self.process.wait()

    def kill_everything(self) -> None:
        """kill -9 the driver and everything below it at once."""
        family = [self.process.pid, *descendants(self.process.pid)]
        for pid in family:
            kill(pid)
        self.process.wait()

    def workers(self) -> list[int]:
        """Process numbers of its workers."""
        return [pid for pid in descendants(self.process.pid) if command(pid).startswith("ray::Worker")]

    def child(self, name: str) -> int:
        """The process number of a part of Ray: `raylet` or `gcs_server`."""
        return next(p for p in descendants(self.process.pid) if Path(command(p).split()[0]).name == name)

    def said(self) -> str:
        """What it printed."""
        return self.stdout.read_text() + self.stderr.read_text()


def until(holds: Callable[[], object], what: str, timeout: float = PATIENCE) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < end, f"waited {timeout} s for {what}"
        time.sleep(0.05)


def events(out: Path, kind: str) -> list[dict[str, object]]:
    """The whole lines of a folder's ledger that are of one kind."""
    path = out / "runs" / "ledger.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [event for line in lines if (event := json.loads(line))["event"] == kind]


def descendants(pid: int) -> Iterator[int]:
    """Every process below one."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue  # ended meanwhile
        for child in map(int, children):
            yield child
            yield from descendants(child)


def command(pid: int) -> str:
    """A process's command line; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() or "-"
    except OSError:
        return "-"


def kill(pid: int) -> None:
    """kill -9, also of a process that has just ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
