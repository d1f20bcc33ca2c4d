"""docs/train.md: what it tells a trainer to run does what it says, on pairs that real engines rendered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rendered_dataset import Rendered

from motionpair.palette import NONE, slot_label

pytestmark = [pytest.mark.blender, pytest.mark.xdist_group("rendered")]

PAGE = Path(__file__).parents[2] / "docs" / "train.md"
Driving = Callable[..., tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]]


class Always:
    """Stands for a generator: every number drawn is the same."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


@pytest.fixture(scope="module")
def driving_of(rendered: Rendered) -> Driving:
    """The page's own function, as written."""
    reading, augmenting = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(reading.replace("out/demo", str(rendered.out)), names)
    exec(augmenting, names)
    function: Driving = names["driving_of"]
    return function


def test_plain_driving_is_what_is_stored(driving_of: Driving, rendered: Rendered) -> None:
    for row in rendered.dataset.rows():
        clip, labels, arrays = driving_of(row, Always(0.99))
        assert np.array_equal(clip, rendered.dataset.video(row, "driving"))
        assert np.array_equal(labels, rendered.dataset.labels(row, "driving_mask"))
        assert arrays["joints2d"].shape[:2] == (row["frames"], row["performers"])


def test_clip_mask_joints_and_boxes_are_cropped_and_stretched_alike(
    driving_of: Driving, rendered: Rendered
) -> None:
    for row in rendered.dataset.rows():
        if row["driving_kind"] == "pose":
            continue
        clip, labels, arrays = driving_of(row, Always(0.5))
        plain, plain_labels, plain_arrays = driving_of(row, Always(0.99))
        assert clip.shape == plain.shape
        assert labels.shape == plain_labels.shape
        # A replacement pair's target shows all of the driving clip's place: its window is the whole picture.
        assert np.array_equal(clip, plain) == (row["mode"] == "replacement")
        seen = arrays["joint_visible"] & plain_arrays["joint_visible"]
        assert seen.any()
        frames = np.nonzero(seen)[0]
        (x, y), (old_x, old_y) = (np.floor(a["joints2d"][seen]).astype(int).T for a in (arrays, plain_arrays))
        same = labels[frames, y, x] == plain_labels[frames, old_y, old_x]
        assert same.mean() > 0.9  # all but joints on an outline
        shades = np.abs(clip[frames, y, x].astype(int) - plain[frames, old_y, old_x]).mean(axis=-1)
        assert np.median(shades) < 16
        boxes = arrays["face_boxes"][~np.isnan(arrays["face_boxes"]).any(axis=-1)]
        assert (boxes >= 0).all()
        assert (boxes[:, [0, 2]] <= row["width"]).all()
        assert (boxes[:, [1, 3]] <= row["height"]).all()


def test_bones_are_drawn_anew_with_their_mask(driving_of: Driving, rendered: Rendered) -> None:
    rows = [row for row in rendered.dataset.rows() if row["driving_kind"] == "pose"]
    assert rows
    for row in rows:
        clip, labels, _ = driving_of(row, Always(0.7))
        _, plain_labels, _ = driving_of(row, Always(0.76))
        assert set(np.unique(labels)) == {NONE, *map(slot_label, row["slots"])}
        shown = labels != NONE
        around = shown.copy()  # smooth edges spread by a pixel
        around[:, 1:] |= shown[:, :-1]
        around[:, :-1] |= shown[:, 1:]
        around[:, :, 1:] |= around[:, :, :-1].copy()
        around[:, :, :-1] |= around[:, :, 1:].copy()
        # A finger thinner than a pixel may tint one whose middle it misses.
        assert (clip[~around].max(axis=-1) > 0).mean() < 0.002
        assert clip[shown].max(axis=-1).mean() > 60
        changed = shown != (plain_labels != NONE)
        assert changed.sum() > 0.1 * shown.sum()
