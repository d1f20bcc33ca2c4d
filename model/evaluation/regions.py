"""Where a clip is looked at: all of it, its characters, their hands and faces, and what is behind them."""

from __future__ import annotations

import numpy as np

from motionpair.palette import ENVIRONMENT

REGIONS = ("frame", "character", "hands", "face", "background")


def regions_of(labels: np.ndarray, hand_boxes: np.ndarray, face_boxes: np.ndarray) -> dict[str, np.ndarray]:
    """The regions of a target clip, by the names of `REGIONS`, each (T, H, W) bool.

    The character's is the target mask's (all that characters are and wear; what they hold belongs to the
    background), hands and faces are the boxes of the annotations, all performers' together.

    Args:
        labels: (T, H, W) uint8, the target's mask.
        hand_boxes: (T, K, 2, 4) left, top, right, bottom in pixels, NaN where no hand is seen.
        face_boxes: (T, K, 4), likewise.
    """
    character = labels > ENVIRONMENT
    frames = len(labels)
    return {
        "frame": np.ones_like(character),
        "character": character,
        "hands": inside(hand_boxes.reshape(frames, -1, 4), labels.shape[1:]),
        "face": inside(face_boxes.reshape(frames, -1, 4), labels.shape[1:]),
        "background": ~character,
    }


def inside(boxes: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Pixels whose centre lies in one of a frame's boxes.

    Args:
        boxes: (T, N, 4) left, top, right, bottom in pixels, the first pixel's centre being (0.5, 0.5).
        size: height and width.

    Returns:
        (T, H, W) bool.
    """
    height, width = size
    left, top, right, bottom = np.moveaxis(boxes.astype(np.float64), -1, 0)[..., None]
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    across = (x >= left) & (x < right)  # NaN is nowhere
    down = (y >= top) & (y < bottom)
    found: np.ndarray = np.einsum("tny,tnx->tyx", down, across)
    return found
