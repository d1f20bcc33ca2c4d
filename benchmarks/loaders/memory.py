"""Memory of the training process and its workers over epochs.

What counts is memory of their own (anonymous and shared: `Pss_Anon` + `Pss_Shmem` of `smaps_rollup`). Pages
of files (`Pss_File`) are the system's cache, which it takes back when it needs to; they are told apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.loaders.reader import family

_EPOCHS = 4
"""The first fills caches and copies what a fork shares, so three are compared."""
LIMIT = 0.02
"""Growth from one epoch to the third after it, as a share."""


def megabytes(pid: int) -> dict[str, float]:
    """A process's memory: own pages, pages of files, and the resident set as `ps` tells it."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        found[name.rstrip(":")] = int(value) * 1024 / 1e6
    own = found["Pss_Anon"] + found["Pss_Shmem"]
    return {"own": own, "file": found["Pss_File"], "rss": found["Rss"]}


def main() -> None:
    """Read the dataset that is named, `raw` or `decoded`; prints memory after every epoch."""
    from torch.utils.data import DataLoader

    from motionpair import PairDataset
    from motionpair.loading.batches import PairBatches
    from motionpair.loading.pairs import collate

    path, how, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    fields = ("driving", "driving_mask", "target", "caption", "pair_id")
    dataset = PairDataset(path, fields, decode=how == "decoded")
    batches = PairBatches(dataset, batch, seed=1)
    loader = DataLoader(
        dataset, batch_sampler=batches, num_workers=2, persistent_workers=True, collate_fn=collate
    )
    for _ in range(_EPOCHS):
        for _batch in loader:
            batches.advance()
        parent, *workers = (megabytes(pid) for pid in family(os.getpid()))
        print(json.dumps({"parent": parent, "workers": workers}), flush=True)


def lines(dataset: Path, how: str, batch: int) -> Iterator[str]:
    """Growth of all processes' own memory over the last three epochs."""
    command = [sys.executable, "-m", "benchmarks.loaders.memory", str(dataset), how, str(batch)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    epochs = [json.loads(line) for line in text.splitlines()]
    own = [epoch["parent"]["own"] + sum(w["own"] for w in epoch["workers"]) for epoch in epochs]
    rss = [epoch["parent"]["rss"] for epoch in epochs]
    workers = [sum(w["rss"] for w in epoch["workers"]) for epoch in epochs]
    growth = (own[-1] - own[1]) / own[1]

    def series(values: list[float]) -> str:
        return ", ".join(f"{value:.0f}" for value in values)

    yield (
        f"memory, {how} epochs of {dataset.name}: own pages {series(own)} MB after each, {growth:+.1%} over "
        f"the last three (limit {LIMIT:.0%}); resident with pages of files: training process "
        f"{series(rss)}, both workers {series(workers)} MB"
    )


if __name__ == "__main__":
    main()
