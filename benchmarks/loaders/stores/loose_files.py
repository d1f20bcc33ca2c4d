"""A folder a pair, a file a blob. The other stores are written from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any


def names(samples: Path) -> list[str]:
    """The pairs."""
    return sorted(path.name for path in samples.iterdir())


def read(folder: Path) -> dict[str, Any]:
    """A pair: `pair_id`, `caption`, and the blobs by column."""
    sample: dict[str, Any] = {"pair_id": folder.name}
    for path in sorted(folder.iterdir()):
        text = path.suffix == ".txt"
        sample[path.stem] = path.read_text() if text else path.read_bytes()
    return sample


def all_of(samples: Path) -> Iterator[dict[str, Any]]:
    for name in names(samples):
        yield read(samples / name)


def write(samples: Path, out: Path) -> None:
    shutil.copytree(samples, out)


class Files:
    """Map-style, as a training script would have it: names are known, a sample is a few `open`s."""

    def __init__(self, out: Path) -> None:
        self._folders = [out / name for name in names(out)]
        self._files = [
            (path.stem, path.name, path.suffix == ".txt") for path in sorted(self._folders[0].iterdir())
        ]

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, i: int) -> dict[str, Any]:
        folder = self._folders[i]
        sample: dict[str, Any] = {"pair_id": folder.name}
        for column, name, text in self._files:
            with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123 (what is fastest)
                data = file.read()
            sample[column] = data.decode() if text else data
        return sample


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    return Files(out).__getitem__


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return map_loader(Files(out), batch, workers)


def map_loader(dataset: Any, batch: int, workers: int) -> Iterable[Any]:
    """torch's DataLoader over a map-style dataset, in random order."""
    from torch.utils.data import DataLoader

    return DataLoader(
        dataset,
        batch,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=list,
    )
