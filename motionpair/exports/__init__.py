"""Exports: a dataset in the form that another tool reads, whole or not at all.

`FORMATS` is the table of them. A format is a module with one function, `write(dataset, folder, progress)`,
which fills an empty folder and reads pair after pair, so that memory does not grow with the dataset; it
returns what the user must know of what was written, a line each.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from motionpair import durable
from motionpair.dataset import Dataset
from motionpair.errors import InputError

Progress = Callable[[int, int], None]
"""Hears how many pairs of how many are done."""


@dataclass(frozen=True)
class Format:
    """A format: its module, and what it is in a line."""

    module: str
    meaning: str


FORMATS = {
    "huggingface": Format(
        "motionpair.exports.huggingface", "Parquet with Video and Image features, for datasets.load_dataset"
    ),
    "files": Format("motionpair.exports.files", "loose MP4, JPEG, PNG and JSON, a folder a pair"),
    "diffsynth": Format(
        "motionpair.exports.diffsynth", "metadata.csv and clips for DiffSynth-Studio's Wan-Animate training"
    ),
}
"""Name to format, as `motionpair export --format` takes them."""


@dataclass(frozen=True)
class Exported:
    """What an export came to: pairs, the files written with their bytes, and what to know, a line each."""

    pairs: int
    files: int
    bytes: int
    notes: tuple[str, ...] = ()


def export(out: str | Path, form: str, folder: Path, progress: Progress | None = None) -> Exported:
    """Write a dataset into a new folder in another format.

    The folder appears when all of it is on disk. Until then its files are in a hidden folder beside it,
    which is removed when anything goes wrong; what a killed process left is removed by the next export there.

    Args:
        out: folder or URI of the dataset.
        form: a name of `FORMATS`.
        folder: what to make; it may exist if it is empty.
        progress: hears how far it is.

    Raises:
        InputError: an unknown format, no dataset there, or a folder that cannot be made or is in use.
        DataError: the dataset is damaged; names pair and column.
    """
    if form not in FORMATS:
        raise InputError(f"format {form}: no such format; accepted: {', '.join(FORMATS)}")
    dataset = Dataset(out)
    folder = Path(os.path.realpath(folder))
    root = dataset.location.folder
    if root is not None and folder.is_relative_to(root.resolve()):
        raise InputError(f"{folder}: lies in the dataset itself; expected a folder outside of {root}")
    with durable.new_folder(folder) as temporary:
        notes = importlib.import_module(FORMATS[form].module).write(dataset, temporary, progress or _silent)
        written = [path.stat().st_size for path in temporary.rglob("*") if path.is_file()]
    return Exported(dataset.manifest.counts.rows, len(written), sum(written), notes)


def _silent(done: int, total: int) -> None:
    pass
