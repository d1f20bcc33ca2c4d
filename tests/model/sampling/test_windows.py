"""Windows of long clips: every frame once, as a codec can take them, and no more held than must be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.sampling.windows import Frame, count_of, windows
from motionpair.errors import InputError


def clip(frames: int) -> Iterator[Frame]:
    """Frames that hold their number."""
    for number in range(frames):
        yield np.full((1, 1, 3), number % 256, np.uint8), np.full((1, 1), number // 256, np.uint8)


def numbers(part) -> list[int]:
    return (part.driving[:, 0, 0, 0] + 256 * part.labels[:, 0, 0].astype(int)).tolist()


@given(st.integers(1, 500), st.integers(0, 20), st.integers(0, 19))
def test_every_frame_is_made_once_and_in_order(frames, longer, shared):
    length, overlap = 4 * (1 + longer) + 1, 4 * min(shared, longer) + 1
    made = []
    found = list(windows(clip(frames), length, overlap))
    for part in found:
        assert len(part.driving) % 4 == 1
        assert len(part.driving) <= length
        made += numbers(part)[part.overlap : part.frames]
    assert made == list(range(frames))
    assert len(found) == count_of(frames, length, overlap)
    assert [part.last for part in found] == [False] * (len(found) - 1) + [True]


def test_windows_are_81_frames_and_begin_every_76():
    found = list(windows(clip(81 + 76 + 2)))
    assert [numbers(part)[0] for part in found] == [0, 76, 152]
    assert [part.overlap for part in found] == [0, 5, 5]
    assert [len(part.driving) for part in found] == [81, 81, 9]


def test_a_tail_is_padded_with_its_last_frame():
    (part,) = windows(clip(6))
    assert numbers(part) == [0, 1, 2, 3, 4, 5, 5, 5, 5]
    assert part.frames == 6


def test_a_clip_is_read_no_further_than_the_window_and_one_frame():
    read = 0

    def counted() -> Iterator[Frame]:
        nonlocal read
        for frame in clip(1000):
            read += 1
            yield frame

    parts = windows(counted())
    next(parts)
    assert read == 82
    next(parts)
    assert read == 81 + 76 + 1


@pytest.mark.parametrize(("length", "overlap", "message"), [
    (80, 5, "window"), (81, 4, "overlap"), (9, 9, "less than"), (0, 1, "window"),
])  # fmt: skip
def test_lengths_that_no_codec_takes_are_refused(length, overlap, message):
    with pytest.raises(InputError, match=message):
        next(windows(clip(3), length, overlap))


def test_a_clip_without_frames_is_refused():
    with pytest.raises(InputError, match="at least one frame"):
        next(windows(iter(())))
