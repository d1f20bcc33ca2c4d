"""A process that reads one store, and does what lines of JSON on its standard input say.

Run as `python -m benchmarks.loaders.reader STORE FOLDER BATCH WORKERS`; it answers every line with a line.
Commands: `write`, `check`, `fetch`, `epoch`. It needs no more than the store's library and torch.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import random
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.loaders.stores import STORES

_PAGE = 4096
_PASSES = 4
"""Of a run of raw fetch, to be longer than a time slice of a busy machine."""


def blobs_of(sample: dict[str, Any]) -> Iterator[Any]:
    """What is not text."""
    return (value for value in sample.values() if not isinstance(value, (str, int, float)))


def samples_of(batch: Any) -> Iterable[dict[str, Any]]:
    """The samples of a batch, which is a list of them, or a dict of lists."""
    if isinstance(batch, list):
        return batch
    names = [name for name, values in batch.items() if values]
    return [
        dict(zip(names, values, strict=True)) for values in zip(*(batch[name] for name in names), strict=True)
    ]


def touch(sample: dict[str, Any]) -> None:
    """Read a byte of every page of memory: views of files are not there before."""
    for blob in blobs_of(sample):
        memoryview(blob)[::_PAGE].tobytes()


class Content:
    """What was read, whatever its order: number of samples, bytes, and a sum of checksums."""

    def __init__(self) -> None:
        self.samples = self.bytes = self._sum = 0

    def add(self, sample: dict[str, Any]) -> None:
        self.samples += 1
        for blob in blobs_of(sample):
            data = memoryview(blob)
            if data.nbytes:
                self.bytes += data.nbytes
                self._sum += int.from_bytes(hashlib.sha256(data).digest(), "big")

    def plain(self) -> dict[str, Any]:
        return {"samples": self.samples, "bytes": self.bytes, "sum": f"{self._sum % (1 << 256):064x}"}


def cpu_of(processes: Iterable[int]) -> float:
    """CPU seconds of processes so far, all their threads: Linux's clock of a process, by its number."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in processes)


def family(pid: int) -> list[int]:
    """A process, its children and theirs."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = (task / "children").read_text()
        except FileNotFoundError:
            continue  # the thread has ended since it was listed
        for child in children.split():
            found += family(int(child))
    return found


class Reader:
    """One store, opened when it is first needed."""

    def __init__(self, name: str, folder: Path, batch: int, workers: int) -> None:
        self._store = STORES[name]
        self._module = self._store.load()
        self._out, self._batch, self._workers = folder / name, batch, workers
        self._loader: Any = None

    def write(self, samples: str) -> dict[str, Any]:
        """Lay the samples down, unless they are there."""
        if not self._out.exists():
            self._module.write(Path(samples), self._out)
        package = self._store.package
        return {"version": importlib.metadata.version(package) if package else ""}

    def check(self, samples: int) -> dict[str, Any]:
        """What a pass by number holds, and what an epoch holds; both also warm everything up."""
        found = {}
        if self._store.random:
            fetch, content = self._module.fetcher(self._out), Content()
            for i in range(samples):
                content.add(fetch(i))
            found["fetch"] = content.plain()
        content = Content()
        self._loader = self._module.loader(self._out, self._batch, self._workers)
        for batch in self._loader:
            for sample in samples_of(batch):
                content.add(sample)
        return {**found, "epoch": content.plain()}

    def fetch(self, samples: int, seed: int) -> dict[str, Any]:
        """Every sample in random order, in this process, from a store that was just opened; a few times."""
        order, draws = list(range(samples)), random.Random(seed)
        wall = cpu = 0.0
        for _ in range(_PASSES):
            draws.shuffle(order)
            fetch = self._module.fetcher(self._out)
            touch(fetch(order[-1]))
            wall, cpu = wall - time.perf_counter(), cpu - time.process_time()
            for i in order:
                touch(fetch(i))
            wall, cpu = wall + time.perf_counter(), cpu + time.process_time()
        return self._rates(_PASSES * samples, wall, cpu)

    def epoch(self) -> dict[str, Any]:
        """An epoch by workers that have run before."""
        processes = family(os.getpid())
        wall, cpu, samples = time.perf_counter(), cpu_of(processes), 0
        for batch in self._loader:
            for sample in samples_of(batch):
                touch(sample)
                samples += 1
        seconds = time.perf_counter() - wall
        if family(os.getpid()) != processes:
            raise RuntimeError("workers changed in the middle of a measurement")
        return self._rates(samples, seconds, cpu_of(processes) - cpu)

    def _rates(self, samples: int, wall: float, cpu: float) -> dict[str, Any]:
        return {"samples": samples, "wall": wall, "cpu": cpu}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print
    name, folder, batch, workers = sys.argv[1:]
    reader: Reader | None = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if reader is None:
                reader = Reader(name, Path(folder), int(batch), int(workers))
            answer = getattr(reader, command.pop("do"))(**command)
        except Exception as error:  # the benchmark says which store failed, and goes on
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
