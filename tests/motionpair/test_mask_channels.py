"""Mask labels as SCAIL-2's 28 channels, against what its official code makes of the same masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionpair.errors import InputError
from motionpair.mask_channels import CHANNELS, labels_of, pack
from motionpair.palette import PALETTE

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


def test_a_coloured_mask_is_read_by_the_official_threshold():
    labels = np.random.default_rng(2).integers(0, 8, (5, 8, 12)).astype(np.uint8)
    np.testing.assert_array_equal(labels_of(PALETTE[labels]), labels)
    lossy = np.array([[[[226, 3, 30], [225, 0, 0], [240, 251, 0], [9, 9, 9]]]], np.uint8)
    np.testing.assert_array_equal(labels_of(lossy), [[[2, 0, 5, 0]]])


def test_a_coloured_masks_half_is_of_the_means():
    labels = np.random.default_rng(3).integers(0, 8, (1, 16, 32)).astype(np.uint8)
    half = labels_of(PALETTE[labels], half=True)
    np.testing.assert_array_equal(pack(half), pack(labels, half=True))
    lossy = np.zeros((1, 3, 2, 3), np.uint8)
    lossy[0, :2, :, 0] = [[255, 255], [255, 137]]  # 902 / 4 is above 225; the third row has no partner
    np.testing.assert_array_equal(labels_of(lossy, half=True), [[[2]]])
    lossy[0, 1, 1, 0] = 135
    assert not labels_of(lossy, half=True).any()


def test_downsampling_averages_straight_to_the_smaller_size():
    labels = np.random.default_rng(5).integers(0, 8, (1, 52, 39)).astype(np.uint8)
    channels = pack(labels, downsample=2)
    assert channels.shape == (CHANNELS, 1, 4, 3)  # of 26 × 19
    assert channels[3, 0, 0, 0] == pytest.approx((labels[0, :13, :13] == 4).mean(), abs=1e-6)
    with pytest.raises(InputError, match="downsample: expected 1 to 39, got 40"):
        pack(labels, downsample=40)


def test_what_is_no_coloured_mask_is_refused():
    with pytest.raises(InputError, match=r"expected \(T, H, W, 3\) uint8"):
        labels_of(np.zeros((4, 8, 8), np.uint8))
    with pytest.raises(InputError, match="at least 2 × 2"):
        labels_of(np.zeros((1, 1, 8, 3), np.uint8), half=True)
