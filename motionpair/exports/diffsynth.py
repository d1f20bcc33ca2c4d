"""The DiffSynth form: `metadata.csv` and clips, for the Wan-Animate trainings of DiffSynth-Studio.

Columns and their use are those of DiffSynth-Studio's `examples/wanvideo/model_training` (`train.py`, scripts
`Wan2.2-Animate-14B.sh` and `Wan2.2-Animate-2-14B.sh`, August 2026) and of the pipeline that they train.
`metadata.csv` has the pairs of the train split; validation and test have files of their own.
"""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from motionpair import media, schema
from motionpair.dataset import Dataset
from motionpair.exports import card, conditions, pairs
from motionpair.exports.pairs import Row

METADATA = {
    "train": "metadata.csv",
    "validation": "metadata_validation.csv",
    "test": "metadata_test.csv",
}
_REPEATED = ("pair_id", "stratum", "mode", "driving_kind", "performers", "width", "height", "frames", "fps")
COLUMNS = {
    "video": "The target clip, as stored: what is learned.",
    "prompt": "The caption.",
    "animate_pose_video": "The target's bones, drawn from its exact 2D joints: where its body must be.",
    "animate_face_video": "The first performer's face, cut out of the driving clip; black where it does not "
    "show, and throughout where the driving clip is bones or grey bodies.",
    "animate_inpaint_video": "Replacement: the target's place without characters, black where they are. "
    "Animation: grey.",
    "animate_mask_video": "White where `animate_inpaint_video` gives nothing.",
    "animate2_reference_image": "The reference image, as stored.",
    "animate2_reference_video": "The driving clip, as stored.",
    "animate2_prompt_ref": "Text on the driving clip: one space, as DiffSynth has it by default.",
    **{name: f"Column `{name}` of the pair." for name in _REPEATED},
}
"""Column of the metadata to its meaning."""
WORKERS = min(4, os.cpu_count() or 1)
"""Pairs made at once, in threads; each holds its decoded clips."""
_MADE = {
    "animate_pose_video": "pose.mp4",
    "animate_face_video": "face.mp4",
    "animate_inpaint_video": "background.mp4",
    "animate_mask_video": "background_mask.mp4",
}
_STORED = {
    "video": "target",
    "animate2_reference_image": "reference",
    "animate2_reference_video": "driving",
}


def write(dataset: Dataset, folder: Path, progress: Callable[[int, int], None]) -> tuple[str, ...]:
    """Fill an empty folder with `metadata*.csv`, `pairs/PAIR_ID/` and `README.md`.

    Returns:
        That there is no `metadata.csv`, which trainings are given, where no pair is of the train split.
    """
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        tables: dict[str, Any] = {}
        # closed here, so that no thread still writes when the folder is taken away
        made = stack.enter_context(closing(_lines(dataset, folder)))
        for done, (split, line) in enumerate(made, 1):
            name = METADATA[split]
            if name not in tables:
                file = stack.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
                tables[name] = csv.DictWriter(
                    file, COLUMNS, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"
                )
                tables[name].writeheader()
            tables[name].writerow(line)
            counts[name] = counts.get(name, 0) + 1
            progress(done, pairs.count(dataset))
    ordered = {name: counts[name] for name in METADATA.values() if name in counts}
    (folder / "README.md").write_text(card.diffsynth_card(dataset, ordered, COLUMNS), encoding="utf-8")
    train = METADATA["train"]
    if train in ordered:
        return ()
    others = f"only {' and '.join(ordered)}" if ordered else "and no other metadata"
    return (f"no pair is of the train split: there is no {train}, {others}",)


def _lines(dataset: Dataset, folder: Path) -> Generator[tuple[str, Row], None, None]:
    """Make the pairs, a few at once; yields split and metadata of each, in slot order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[tuple[str, Future[Row]]] = deque()
        try:
            for row in pairs.rows(dataset):
                waiting.append((row["split"], pool.submit(_make_pair, dataset, row, folder)))
                if len(waiting) > WORKERS:
                    split, made = waiting.popleft()
                    yield split, made.result()
            for split, made in waiting:
                yield split, made.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _make_pair(dataset: Dataset, row: Row, folder: Path) -> Row:
    inside = f"pairs/{row['pair_id']}"
    (folder / inside).mkdir(parents=True)
    line: Row = {"prompt": row["caption"], "animate2_prompt_ref": " "}
    for column, blob in _STORED.items():
        line[column] = f"{inside}/{schema.BLOBS[blob]}"
        (folder / line[column]).write_bytes(dataset.blob(row, blob))
    for column, data in _conditions(dataset, row).items():
        line[column] = f"{inside}/{_MADE[column]}"
        (folder / line[column]).write_bytes(data)
    return {name: line[name] if name in line else row[name] for name in COLUMNS}


def _conditions(dataset: Dataset, row: Row) -> dict[str, bytes]:
    """The clips of `_MADE`, encoded; the mask without loss, as its edges count."""
    size = (row["width"], row["height"])
    arrays = dataset.annotations(row)
    boxes = arrays["driving/face_boxes"][:, 0]
    if row["driving_kind"] == "clip":
        face = conditions.face_clip(dataset.video(row, "driving"), boxes)
    else:
        face = conditions.no_face(row["frames"])
    if row["mode"] == "replacement":
        background, mask = conditions.background_clip(
            dataset.video(row, "target"), *(dataset.labels(row, n) for n in ("target_mask", "driving_mask"))
        )
    else:
        background, mask = conditions.nothing_given(row["frames"], *size)
    pose = conditions.pose_clip(arrays, "target", *size)
    return {
        "animate_pose_video": media.encode_video(pose, row["fps"]),
        "animate_face_video": media.encode_video(face, row["fps"]),
        "animate_inpaint_video": media.encode_video(background, row["fps"]),
        "animate_mask_video": media.encode_video(mask, row["fps"], crf=0),
    }
