"""A real job, small: each item writes a file and may misbehave as its script says."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from motionpair.errors import MachineError
from pipelines.job import Record, Verdict


@dataclass(frozen=True)
class TinyJob:
    """Item i writes `OUT/files/<i>`, after doing what `script[i]` says.

    Actions: `sleep S`, `verdict`, `raise`, `raise-once`, `segfault`, `die-once`, `die N`, `hang`, `full`,
    `exit`, `memory`, `machine`.
    Each attempt leaves a line `<item> <pid>` in `OUT/attempts`.
    """

    out: Path
    script: Mapping[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    device: str = "cpu/test"
    setup_action: str = ""
    name: str = "tiny"
    unit: str = "items"

    def setup(self) -> None:
        (self.out / "files").mkdir(parents=True, exist_ok=True)
        if self.setup_action:
            self._act(-1, self.setup_action)

    def device_class(self) -> str:
        return self.device

    def folders(self) -> list[Path]:
        return [self.out]

    def item_name(self, item: int) -> str:
        return f"item-{item}"

    def run(self, item: int) -> Record:
        with (self.out / "attempts").open("a") as log:
            log.write(f"{item} {os.getpid()}\n")
        print(f"hello from {item}", flush=True)
        time.sleep(self.seconds)
        self._act(item, self.script.get(item, ""))
        data = f"item {item}\n".encode() * 100
        temporary = self.out / "files" / f".tmp-{item}-{os.getpid()}"
        temporary.write_bytes(data)
        temporary.rename(self.out / "files" / str(item))
        record: Record = {"bytes": len(data), "threads": os.environ["OMP_NUM_THREADS"]}
        return record | {"discards": {"blurry": 1} if item % 2 else {}, "seconds": {"all": 0.0}}

    def _act(self, item: int, action: str) -> None:
        attempts = [int(line.split()[0]) for line in attempts_of(self.out)].count(item)
        match action.split():
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["verdict"]:
                discards = [{"reason": "blurry", "figure": 1.5}, {"reason": "dim", "figure": 0.0}]
                raise Verdict("NoneLeft", f"item {item} has none", {"discards": discards})
            case ["raise"]:
                raise ValueError(f"item {item} is impossible")
            case ["raise-once"] if attempts == 1:
                raise ValueError("not today")
            case ["segfault"]:
                os.kill(os.getpid(), signal.SIGSEGV)
            case ["die", times] if attempts <= int(times):
                os.kill(os.getpid(), signal.SIGKILL)
            case ["hang"]:
                signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL})
                time.sleep(3600)
            case ["full"]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.out))
            case ["exit"]:
                raise SystemExit(3)
            case ["memory"]:
                raise MemoryError
            case ["machine"]:
                raise MachineError("the renderer reports an error")


def attempts_of(out: Path) -> list[str]:
    """Lines `<item> <pid>`, one an attempt."""
    path = out / "attempts"
    return path.read_text().splitlines() if path.exists() else []
