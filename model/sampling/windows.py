"""Long videos: windows that overlap, each beginning with what the last one made.

The first window is a clip like any other. Of every later one the first frames are known: the last `OVERLAP`
frames that were decoded are encoded anew, as 2 clean latents, and the model goes on from them. A tail that
is shorter than a window is made as long as a codec can take (4 n + 1 frames) by repeating its last frame,
and cut again afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from motionpair.errors import InputError

WINDOW = 81
OVERLAP = 5
"""Frames: two latents, the first of which stands for one frame and the second for four."""

Frame = tuple[np.ndarray, np.ndarray]
"""A frame of the driving clip, (H, W, 3) uint8 sRGB, and its labels, (H, W) or (H / 2, W / 2) uint8."""


@dataclass(frozen=True)
class Window:
    """A part of the driving clip that is sampled at once.

    driving: (T, H, W, 3) uint8 sRGB, T = 4 n + 1. labels: likewise (T, H, W), or (T, H / 2, W / 2) uint8.
    overlap: frames at its beginning that the window before it has made. frames: how many of T are not a
    repeated last frame. last: whether no window comes after it.
    """

    driving: np.ndarray
    labels: np.ndarray
    overlap: int
    frames: int
    last: bool


def windows(frames: Iterable[Frame], length: int = WINDOW, overlap: int = OVERLAP) -> Iterator[Window]:
    """A driving clip of any length as windows; no more than two windows are held at a time.

    Args:
        frames: the clip's frames in order, of one size.
        length: frames of a window, 4 n + 1.
        overlap: frames that a window shares with the one before it, 4 n + 1 and less than `length`.

    Raises:
        InputError: no frame at all, or another length or overlap.
    """
    for name, value in (("window", length), ("overlap", overlap)):
        if value < 1 or value % 4 != 1:
            raise InputError(f"{name}: expected 4 n + 1 frames, got {value}")
    if overlap >= length:
        raise InputError(f"overlap: expected less than the window's {length} frames, got {overlap}")
    coming = iter(frames)
    held = list(islice(coming, length))
    if not held:
        raise InputError("driving: expected at least one frame")
    known = 0
    while True:
        ahead = next(coming, None)
        yield _window(held, known, last=ahead is None)
        if ahead is None:
            return
        known = overlap
        held = [*held[-overlap:], *islice(chain([ahead], coming), length - overlap)]


def count_of(frames: int, length: int = WINDOW, overlap: int = OVERLAP) -> int:
    """How many windows a clip of so many frames has."""
    return 1 + max(0, -(-(frames - length) // (length - overlap)))


def _window(held: list[Frame], overlap: int, last: bool) -> Window:
    count = len(held)
    padded = held + [held[-1]] * (-(count - 1) % 4)
    driving, labels = (np.stack(arrays) for arrays in zip(*padded, strict=True))
    return Window(driving, labels, overlap, count, last)
