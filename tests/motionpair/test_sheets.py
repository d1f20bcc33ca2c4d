"""Contact sheets: everything of a pair on one page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import synthetic
from PIL import Image

from motionpair import sheets
from motionpair.dataset import Dataset
from motionpair.errors import InputError
from motionpair.palette import PALETTE, slot_label


def test_a_sheet_shows_both_clips_their_masks_and_the_reference(tiny_dataset: Path) -> None:
    row = Dataset(tiny_dataset).row("tiny-5-000001")
    sheet = np.asarray(sheets.pair_sheet(tiny_dataset, row["pair_id"]))
    colour = PALETTE[slot_label(row["slots"][0])]
    bound = (sheet == colour).all(axis=-1)
    cells = 2 * row["frames"] + 1  # masks of both clips and the reference, then the colour chip
    area = row["target_mask_share"] * sheets._CELL_AREA
    assert bound.sum() > 0.9 * cells * area
    red_blob = (np.abs(sheet.astype(int) - (200, 40, 60)) < 12).all(axis=-1)
    blue_blob = (np.abs(sheet.astype(int) - (40, 60, 200)) < 12).all(axis=-1)
    assert red_blob.sum() > 0.8 * row["frames"] * area
    assert blue_blob.sum() > 0.8 * (row["frames"] + 1) * area


@pytest.mark.parametrize(("width", "height"), [(256, 448), (448, 256), (1280, 704), (64, 64), (32, 1024)])
def test_pages_fit_pictures_of_any_shape(width: int, height: int) -> None:
    row, _ = synthetic.pair_files(synthetic.pair_spec(3, "replacement", (6, 4)))
    row |= {"width": width, "height": height, "frames": 17, "caption": "A long caption. " * 40}
    clip = np.zeros((17, height, width, 3), np.uint8)
    clips = dict.fromkeys(("driving", "driving_mask", "target", "target_mask"), clip)
    page = sheets._compose(row, clips, (clip[0], clip[0]))
    assert isinstance(page, Image.Image)
    assert max(page.size) < 12_000
    ground = page.getpixel((1, 1))
    border = np.asarray(page)[[0, -1]]
    assert (border == ground).all()  # nothing is cut off


def test_an_unknown_pair_is_one_line_that_names_near_ones(tiny_dataset: Path) -> None:
    with pytest.raises(InputError, match="accepted: tiny-5-000001"):
        sheets.pair_sheet(tiny_dataset, "tiny-5-000001x")
