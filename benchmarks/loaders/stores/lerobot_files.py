"""LeRobot's layout of version 2: rows with pictures and numbers in Parquet, an MP4 file a clip.

As LeRobotDataset does, rows are read through Hugging Face datasets. A sample is a whole episode, so rows are
episodes; LeRobot's own are frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.loaders.stores import huggingface, loose_files

CLIPS = ("driving", "driving_mask", "target", "target_mask")
_CHUNK = 1000


def write(samples: Path, out: Path) -> None:
    rows = []
    for number, sample in enumerate(loose_files.all_of(samples)):
        for clip in CLIPS:
            path = _path(out, clip, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sample.pop(clip))
        rows.append({"episode_index": number, **sample})
    huggingface.write_rows(rows, out / "data")
    huggingface.opened(out / "data")


def _path(out: Path, clip: str, number: int) -> Path:
    return out / f"videos/chunk-{number // _CHUNK:03d}/{clip}/episode_{number:06d}.mp4"


class Episodes:
    """Map-style."""

    def __init__(self, out: Path) -> None:
        self._out, self._rows = out, huggingface.opened(out / "data")

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: int) -> dict[str, Any]:
        sample = self._rows[i]
        number = sample.pop("episode_index")
        return sample | {clip: _path(self._out, clip, number).read_bytes() for clip in CLIPS}


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    return Episodes(out).__getitem__


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return loose_files.map_loader(Episodes(out), batch, workers)
