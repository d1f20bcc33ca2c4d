"""Mask labels as SCAIL-2's 28 channels, against what its official code makes of the same masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionpair.errors import InputError
from motionpair.mask_channels import CHANNELS, pack

OFFICIAL = Path(__file__).parents[1] / "fixtures" / "scail2_masks.npz"
"""Masks of the SCAIL-2 parity fixtures as labels, and the official code's channels of them: `full` as of a
reference, `half` as of a driving clip."""


@pytest.mark.parametrize("kind", ["full", "half"])
def test_channels_are_those_of_the_official_code(kind):
    with np.load(OFFICIAL) as official:
        channels = pack(official[f"{kind}_labels"], half=kind == "half")
        assert channels.dtype == np.float32
        np.testing.assert_allclose(channels, official[f"{kind}_channels"], rtol=0, atol=1e-6)


def test_a_channel_is_the_share_of_a_colour_in_one_of_four_frames():
    labels = np.zeros((9, 16, 24), np.uint8)
    labels[0] = 1
    labels[3, :8, :4] = 5  # yellow, in half of the first cell
    labels[8, 8:, 16:] = 7
    channels = pack(labels)
    assert channels.shape == (CHANNELS, 3, 2, 3)
    expected = np.zeros_like(channels)
    expected[[0, 7, 14, 21], 0] = 1  # the first frame fills all four places of the first latent frame
    expected[2 * 7 + 4, 1, 0, 0] = 0.5
    expected[3 * 7 + 6, 2, 1, 2] = 1
    np.testing.assert_array_equal(channels, expected)


@pytest.mark.parametrize("size", [(63, 64), (97, 45), (20, 20), (1, 9)])
def test_sizes_that_are_no_multiple_of_eight_are_averaged_over_the_cells_they_touch(size):
    labels = np.random.default_rng(4).integers(0, 8, (5, *size)).astype(np.uint8)
    channels = pack(labels)
    h, w = -(-size[0] // 8), -(-size[1] // 8)
    assert channels.shape == (CHANNELS, 2, h, w)
    for at, frame, label in [(1, 1, 3), (1, 2, 1), (0, 0, 7)]:
        for y in range(h):
            for x in range(w):
                rows = slice(y * size[0] // h, -(-(y + 1) * size[0] // h))
                columns = slice(x * size[1] // w, -(-(x + 1) * size[1] // w))
                share = (labels[frame, rows, columns] == label).mean()
                place = (frame - 1) % 4 if frame else 0
                assert channels[7 * place + label - 1, at, y, x] == pytest.approx(share, abs=1e-6)


def test_a_half_size_pixel_has_the_primaries_that_all_four_pixels_have():
    labels = np.zeros((1, 16, 16), np.uint8)
    labels[:, 0::2] = 2  # red beside yellow is red
    labels[:, 1::2] = 5
    assert pack(labels, half=True)[1].min() == 1
    labels[:, 1::2] = 4  # beside blue it is nothing
    assert not pack(labels, half=True).any()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((4, 8, 8), np.uint8), "4 n \\+ 1 frames, got 4"),
        (np.full((1, 8, 8), 8, np.uint8), "expected 0 to 7, got 8"),
        (np.zeros((8, 8), np.uint8), r"expected \(T, H, W\) uint8"),
        (np.zeros((1, 8, 8), np.int64), r"expected \(T, H, W\) uint8"),
        (np.zeros((1, 0, 8), np.uint8), r"expected \(T, H, W\) uint8"),
    ],
)
def test_what_is_no_mask_is_refused(labels, message):
    with pytest.raises(InputError, match=message):
        pack(labels)


def test_odd_sizes_have_no_half():
    with pytest.raises(InputError, match="even height and width"):
        pack(np.zeros((1, 9, 8), np.uint8), half=True)
