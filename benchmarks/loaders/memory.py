"""Memory of the training process and its workers over epochs.

What counts is memory of their own: of `smaps_rollup`, `Anonymous`, whether or not a fork still shares it, and
`Pss_Shmem`. Pages of files are the system's cache, which it takes back when it needs to; they are told apart.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.loaders.reader import family
from motionpair.signed import signed

_EPOCHS = 4
"""The first fills caches and copies what a fork shares, so three are compared."""
LIMIT = 0.05
"""Growth over those three, as a share; 1 kB kept of every sample of 60,000 would be some 40 %."""
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""glibc's starting values, kept: else it comes to hold some 60 MB of what a worker freed, now and then."""
_READINGS, _PAUSE = 20, 0.1
"""The least of so many readings, so many seconds apart: a worker takes a while to put its last batch away."""


def megabytes(pid: int) -> dict[str, float]:
    """A process's memory: own pages, pages of files, and the resident set as `ps` tells it."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        found[name.rstrip(":")] = int(value) * 1024 / 1e6
    mine = found["Anonymous"] + found["Pss_Shmem"]
    return {"own": mine, "file": found["Pss_File"], "rss": found["Rss"]}


def settled() -> dict[str, Any]:
    """The memory of this process and of its workers, when they have put everything away."""
    gc.collect()
    found = []
    for _ in range(_READINGS):
        time.sleep(_PAUSE)
        parent, *workers = (megabytes(pid) for pid in family(os.getpid()))
        found.append({"parent": parent, "workers": workers})
    return min(found, key=own)


def own(reading: dict[str, Any]) -> float:
    """Own pages of all processes."""
    return float(reading["parent"]["own"] + sum(worker["own"] for worker in reading["workers"]))


def main() -> None:
    """Read the dataset that is named, `raw` or `decoded`; prints memory after every epoch."""
    from motionpair import PairDataset, PairLoader

    path, how, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    fields = ("driving", "driving_mask", "target", "caption", "pair_id")
    dataset = PairDataset(path, fields, decode=how == "decoded")
    loader = PairLoader(dataset, batch, seed=1, workers=2)
    for _ in range(_EPOCHS):
        for _batch in loader:
            pass
        del _batch
        print(json.dumps(settled()), flush=True)


def lines(dataset: Path, how: str, batch: int) -> Iterator[str]:
    """Growth of all processes' own memory over the last three epochs."""
    command = [sys.executable, "-m", "benchmarks.loaders.memory", str(dataset), how, str(batch)]
    text = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **_ALLOCATOR}
    ).stdout
    epochs = [json.loads(line) for line in text.splitlines()]
    mine = [own(epoch) for epoch in epochs]
    rss = [epoch["parent"]["rss"] for epoch in epochs]
    workers = [sum(w["rss"] for w in epoch["workers"]) for epoch in epochs]
    growth = (mine[-1] - mine[1]) / mine[1]

    def series(values: list[float]) -> str:
        return ", ".join(f"{value:.0f}" for value in values)

    yield (
        f"memory, {how} epochs of {dataset.name}: own pages {series(mine)} MB after each, "
        f"{signed(100 * growth, 1)} % over the last three (limit {LIMIT:.0%}); resident with pages of "
        f"files: training process {series(rss)}, both workers {series(workers)} MB"
    )


if __name__ == "__main__":
    main()
