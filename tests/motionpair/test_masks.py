"""Labels by mode, exactly as SCAIL-2 has them, and the checks on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from motionpair import masks, media
from motionpair.errors import DataError
from motionpair.palette import ENVIRONMENT, NONE

MODES = ("animation", "replacement")


@pytest.mark.parametrize(
    ("part", "mode", "background"),
    [
        ("driving", "animation", NONE),
        ("reference", "animation", ENVIRONMENT),
        ("driving", "replacement", ENVIRONMENT),
        ("reference", "replacement", NONE),
        ("target", "animation", ENVIRONMENT),
        ("target", "replacement", ENVIRONMENT),
    ],
)
def test_the_environment_is_white_on_the_side_that_the_target_takes_it_from(
    part: masks.Part, mode: str, background: int
) -> None:
    index = np.array([[0, 1], [2, 0]], np.uint8)
    labels = masks.labels(index, [6, 1], part, mode)  # type: ignore[arg-type]
    assert labels.tolist() == [[background, 7], [2, background]]


def test_an_index_without_a_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="index 2"):
        masks.labels(np.array([[2]], np.uint8), [1], "driving", "animation")


@given(
    index=hnp.arrays(np.uint8, (2, 8, 8), elements=st.integers(0, 2)),
    slots=st.permutations(range(1, 7)),
    part=st.sampled_from(masks.PARTS),
    mode=st.sampled_from(MODES),
)
def test_labels_tell_characters_and_background_apart(
    index: np.ndarray, slots: list[int], part: masks.Part, mode: str
) -> None:
    labels = masks.labels(index, slots[:2], part, mode)  # type: ignore[arg-type]
    assert np.array_equal(labels > ENVIRONMENT, index > 0)
    assert masks.character_share(labels) == (index > 0).mean()
    if {1, 2} <= set(index.ravel().tolist()):
        masks.check_mask(labels, slots[:2], part, mode)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([ENVIRONMENT, 3, 4], "holds environment"),
        ([NONE, 3, 4, 5], "holds yellow"),
        ([NONE, 3], "no pixel that is blue"),
        ([NONE, 3, 4, 200], "holds 200"),
    ],
)
def test_a_mask_of_other_colours_is_found(labels: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        masks.check_mask(np.array([labels], np.uint8), [2, 3], "driving", "animation")


def test_a_replacement_reference_stays_black_through_jpeg() -> None:
    rng = np.random.default_rng(0)
    mask = np.full((64, 64), NONE, np.uint8)
    mask[20:43, 11:30] = 2
    picture = masks.reference_image(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), mask, "replacement")
    assert not picture[mask == NONE].any()
    decoded = media.decode_reference(media.encode_reference(picture))
    masks.check_black_background(decoded, mask)
    leaked = picture.copy()
    leaked[60, 60] = 40
    with pytest.raises(DataError, match="not black in 1 block"):
        masks.check_black_background(media.decode_reference(media.encode_reference(leaked)), mask)


def test_an_animation_reference_is_the_whole_frame() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert np.array_equal(masks.reference_image(picture, np.zeros((8, 8), np.uint8), "animation"), picture)
