"""Loose files: a folder a pair under its stratum, with MP4, JPEG, PNG and JSON, and an index of all.

STRATUM/PAIR_ID/pair.json           the row; `spec` as an object
STRATUM/PAIR_ID/annotations.json    the arrays of `motionpair.annotations`, as nested lists
STRATUM/PAIR_ID/driving.mp4, ...    the blobs as they are stored
index.jsonl                         a line a pair: what it is, and its files
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from motionpair import schema
from motionpair.annotations import ARRAYS, check, clips_of, unpack
from motionpair.dataset import Dataset
from motionpair.errors import DataError
from motionpair.exports import card, pairs
from motionpair.exports.pairs import Row

INDEX = "index.jsonl"
INDEXED = ("pair_id", "stratum", "mode", "split", "caption", "width", "height", "frames", "fps", "performers")
"""Columns that a line of the index repeats."""


def write(dataset: Dataset, folder: Path, progress: Callable[[int, int], None]) -> tuple[str, ...]:
    """Fill an empty folder with a folder a pair, `index.jsonl` and `README.md`."""
    with (folder / INDEX).open("w", encoding="utf-8") as index:
        for number, row in enumerate(pairs.rows(dataset), 1):
            files = _write_pair(dataset, row, folder)
            line = {name: row[name] for name in INDEXED} | {"files": files}
            index.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
            progress(number, pairs.count(dataset))
    (folder / "README.md").write_text(card.files_card(dataset), encoding="utf-8")
    return ()


def _write_pair(dataset: Dataset, row: Row, folder: Path) -> dict[str, str]:
    """Write a pair's files; returns column to path under the export's folder, `pair` and its row too."""
    if row["stratum"] in (INDEX, "README.md"):
        raise DataError(f"pair {row['pair_id']}: stratum: {row['stratum']!r} is a file of the export")
    inside = f"{row['stratum']}/{row['pair_id']}"
    (folder / inside).mkdir(parents=True)
    files = {"pair": f"{inside}/pair.json"}
    (folder / files["pair"]).write_text(_row_json(row), encoding="utf-8")
    for column, data in pairs.blobs(dataset, row).items():
        if column == "annotations":
            files[column] = f"{inside}/annotations.json"
            arrays = unpack(data)
            facts = {name: row[name] for name in ("frames", "slots", "width", "height")}
            check(arrays, **facts, rejected=bool(row["rejected_rounds"]))
            (folder / files[column]).write_text(annotations_json(arrays), encoding="utf-8")
        else:
            files[column] = f"{inside}/{schema.BLOBS[column]}"
            (folder / files[column]).write_bytes(data)
    return files


def _row_json(row: Row) -> str:
    try:
        plain: dict[str, Any] = pairs.plain(row) | {"spec": json.loads(row["spec"])}
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    except (ValueError, RecursionError) as error:
        raise DataError(f"pair {row['pair_id']}: its row or spec is no JSON ({error})") from None


def annotations_json(arrays: Mapping[str, np.ndarray]) -> str:
    """All clips' arrays as one JSON object: clip, then array, then nested lists; NaN becomes null.

    A float32 has the fewest digits that give it back: `np.float32(value)` is the stored number.
    """
    clips = []
    for clip in clips_of(arrays):
        of = [f'"{name}": {array_json(arrays[f"{clip}/{name}"])}' for name in ARRAYS]
        clips.append(f'"{clip}": {{\n' + ",\n".join(of) + "\n}")
    return "{" + ",\n".join(clips) + "}\n"


def array_json(array: np.ndarray) -> str:
    """An array of any shape as nested JSON lists; NaN becomes null."""
    # pyarrow prints a float32 with the fewest digits that tell it from its neighbours, far faster than json
    flat = pa.array(np.ascontiguousarray(array).reshape(-1), from_pandas=True)
    texts: list[str] = flat.cast(pa.string()).fill_null("null").to_pylist()
    for axis in reversed(range(array.ndim)):
        length, rows = array.shape[axis], math.prod(array.shape[:axis])
        texts = ["[" + ",".join(texts[i * length : (i + 1) * length]) + "]" for i in range(rows)]
    return texts[0]
