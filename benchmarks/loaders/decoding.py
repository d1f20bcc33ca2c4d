"""Decoded epochs by `PairDataset` against decoding the same bytes held in memory, by the same DataLoader."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Subset

from benchmarks.loaders.clips import FPS, FRAMES, HEIGHT, WIDTH
from benchmarks.loaders.reader import cpu_of, family
from motionpair import PairDataset, media
from motionpair.loading.pairs import collate

FIELDS = ("driving", "driving_mask", "target")
LIMIT = 0.95
_WORKERS, _BATCH = 2, 4


class InMemory:
    """Map-style: bytes in a list, decoded to the tensors that `PairDataset` gives."""

    def __init__(self, blobs: Sequence[dict[str, bytes]]) -> None:
        self._blobs = blobs

    def __len__(self) -> int:
        return len(self._blobs)

    def __getitem__(self, i: int) -> dict[str, Any]:
        size = {"width": WIDTH, "height": HEIGHT, "frames": FRAMES, "fps": FPS}
        return {
            name: torch.from_numpy(
                media.decode_mask(data, **size) if name.endswith("mask") else media.decode_yuv(data, **size)
            )
            for name, data in self._blobs[i].items()
        }


def _loader(dataset: Any) -> DataLoader:
    return DataLoader(
        dataset,
        _BATCH,
        shuffle=True,
        num_workers=_WORKERS,
        persistent_workers=True,
        collate_fn=collate,
    )


def _epoch(loader: DataLoader) -> tuple[float, float, int]:
    """Wall and CPU seconds, and a sum over what came out."""
    processes = family(os.getpid())
    wall, cpu, total = time.perf_counter(), cpu_of(processes), 0
    for batch in loader:
        total += sum(int(batch[name][:, 0].sum()) for name in FIELDS)
    return time.perf_counter() - wall, cpu_of(family(os.getpid())) - cpu, total


def lines(dataset: Path, pairs: int, rounds: int) -> Iterator[str]:
    """The ratio over rounds of an epoch each, in turn."""
    torch.set_num_threads(1)
    stored = PairDataset(dataset, FIELDS)
    blobs = [{name: bytes(data) for name, data in stored.raw(i).items()} for i in range(pairs)]
    loaders = [_loader(Subset(stored, range(pairs))), _loader(InMemory(blobs))]
    for loader in loaders:
        _epoch(loader)
    runs = np.empty((rounds, 2, 3))
    for number in range(rounds):
        for at in (0, 1) if number % 2 else (1, 0):
            runs[number, at] = _epoch(loaders[at])
    if len(set(runs[..., 2].ravel())) != 1:
        raise SystemExit("decoded epochs differ from the bytes in memory")
    wall = runs[:, 1, 0] / runs[:, 0, 0]
    cpu = runs[:, 1, 1] / runs[:, 0, 1]
    yield (
        f"decoded epoch, {pairs} pairs, {_WORKERS} workers: {median(wall):.3f} × as fast as from memory "
        f"({wall.min():.3f}–{wall.max():.3f}; limit {LIMIT}), by CPU seconds {median(cpu):.3f} × "
        f"({cpu.min():.3f}–{cpu.max():.3f}); {pairs / median(runs[:, 0, 0]):.1f} pairs/s, "
        f"{1000 * median(runs[:, 0, 1]) / pairs:.0f} CPU ms a pair"
    )
