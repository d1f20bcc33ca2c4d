"""Mask labels as the 28 channels that SCAIL-2 takes: coverage of seven colours at latent resolution.

A latent pixel stands for 8 × 8 pixels, and a latent frame for 4 frames (the first one for the first frame
alone, which is repeated). Channel 7 f + c of a latent frame is the share of the pixels of its frame f that
has colour c: white (environment), red, green, blue, yellow, magenta, cyan, that is label c + 1. Own words
of the official SCAIL-2 code (zai-org/SCAIL-2, `wan/modules/model_scail2.py`), to which the tests hold it.
"""

from __future__ import annotations

import numpy as np

from motionpair.errors import InputError
from motionpair.palette import PALETTE

COLOURS = len(PALETTE) - 1
CHANNELS = 4 * COLOURS

_BITS = ((PALETTE > 0) @ np.array([1, 2, 4])).astype(np.uint8)
"""(8,) uint8: which of R, G and B are on, by label."""
_LABEL_OF_BITS = np.argsort(_BITS).astype(np.uint8)


def pack(labels: np.ndarray, *, half: bool = False) -> np.ndarray:
    """Labels as the mask tensor of a stream.

    Args:
        labels: (T, H, W) uint8, 0 to 7, T = 4 n + 1; a reference's mask has T = 1.
        half: for the driving stream, whose picture has half the size: a half-size pixel has a colour only
            where all of its 2 × 2 pixels have that colour's primaries. H and W are even.

    Returns:
        (28, n + 1, h, w) float32, 0 to 1, where h is H / 8 (H / 16 with `half`), rounded up; w likewise.

    Raises:
        InputError: another shape or type, a label above 7, or a number of frames that is not 4 n + 1.
    """
    if labels.ndim != 3 or labels.dtype != np.uint8 or not labels.size:
        raise InputError(f"labels: expected (T, H, W) uint8, got {labels.shape} {labels.dtype}")
    if len(labels) % 4 != 1:
        raise InputError(f"labels: expected 4 n + 1 frames, got {len(labels)}")
    if int(labels.max()) > COLOURS:
        raise InputError(f"labels: expected 0 to {COLOURS}, got {int(labels.max())}")
    if half:
        labels = _halved(labels)
    frames, height, width = labels.shape
    size = (-(-height // 8), -(-width // 8))
    covered = np.zeros((frames + 3, COLOURS, *size), np.float32)  # the first frame four times
    for label in range(1, len(PALETTE)):
        mask = labels == label
        if mask.any():
            covered[3:, label - 1] = _coverage(mask, size)
    covered[:3] = covered[3]
    packed = covered.reshape(-1, CHANNELS, *size)
    return np.ascontiguousarray(packed.transpose(1, 0, 2, 3))


def _halved(labels: np.ndarray) -> np.ndarray:
    """Labels of half the size. The mean of four pixels is over the threshold of 225 only if all are 255."""
    if labels.shape[1] % 2 or labels.shape[2] % 2:
        raise InputError(f"labels: expected an even height and width, got {labels.shape[1:]}")
    bits = _BITS[labels]
    rows = bits[:, 0::2] & bits[:, 1::2]
    return _LABEL_OF_BITS[rows[:, :, 0::2] & rows[:, :, 1::2]]


def _coverage(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Share of each cell that a mask (T, H, W) covers, (T, h, w) float32."""
    frames, height, width = mask.shape
    if (8 * size[0], 8 * size[1]) == (height, width):
        columns = mask.view(np.uint8).reshape(frames, size[0], 8, width).sum(axis=2, dtype=np.uint8)
        # the highest byte of the product is the sum of a word's eight bytes, at most 64
        cells = (columns.view(np.uint64) * np.uint64(0x0101010101010101)) >> np.uint64(56)
        return cells.astype(np.float32) * np.float32(1 / 64)
    total = np.zeros((frames, height + 1, width + 1), np.int32)
    total[:, 1:, 1:] = mask.cumsum(axis=1, dtype=np.int32).cumsum(axis=2, dtype=np.int32)
    (top, bottom), (left, right) = _cells(height, size[0]), _cells(width, size[1])
    down = total[:, bottom] - total[:, top]
    area = (bottom - top)[:, None] * (right - left)
    return ((down[:, :, right] - down[:, :, left]) / area).astype(np.float32)


def _cells(pixels: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First pixel and end of each cell along one side; cells overlap where pixels do not divide evenly."""
    at = np.arange(count)
    return at * pixels // count, -(-(at + 1) * pixels // count)
