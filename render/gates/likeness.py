"""How much of the target could be copied from the driving clip: what makes training collapse.

Two clips that look alike are told from two sides. The whole pictures are held against each other cell by
cell, as they lie. And each performer is held against its counterpart wherever that stands: the boxes around
both masks are laid over each other, and their colours compared cell by cell and as a whole.

Sums are whole numbers, so that a figure is the same in every run.
"""

from __future__ import annotations

import numpy as np

from motionpair.specs import PairSpec
from render.engines import Frames

LOOKED_AT = 5
"""Frames of a clip, at most, that are compared."""
CELLS = 16
"""Cells along each side of a picture or of a character's box."""
FILLED = 0.5
"""Share of a cell that a character must fill in both clips for the cell to be compared."""
FEWEST = 8
"""Cells that characters must share for their places to tell anything."""
SPREAD = 48
"""Levels of colour difference, of 255, at which two cells have nothing in common."""
_SHADES = 6
"""Shades of each channel that a palette tells apart."""


def pair_likeness(spec: PairSpec, driving: Frames, target: Frames) -> float:
    """How much of the target the driving clip shows already, 0 nothing to 1 all of it.

    The larger of the two whole pictures' likeness and that of the most alike performer. A replacement pair
    shares its environment by design, so that only performers count. A driving clip of bones or grey bodies
    shows nothing of the target but its motion: 0.
    """
    if spec.driving_kind != "clip":
        return 0.0
    chosen = np.unique(np.linspace(0, len(driving.rgb) - 1, LOOKED_AT).astype(int))
    actors = len(spec.target.performers)
    figures = [max(character_likeness(driving, target, i, chosen) for i in range(actors))]
    if spec.mode == "animation":
        figures.append(picture_likeness(driving.rgb[chosen], target.rgb[chosen]))
    return max(figures)


def picture_likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Mean likeness of the cells of pictures (T, H, W, 3) uint8, as they lie."""
    shares = []
    for a, b in zip(one, other, strict=True):
        everything = np.ones(a.shape[:2], bool)
        cells, _ = _cells(a, everything, everything.shape)
        others, _ = _cells(b, everything, everything.shape)
        shares.append(_alike(cells, others))
    return float(np.mean(shares))


def character_likeness(driving: Frames, target: Frames, ordinal: int, frames: np.ndarray) -> float:
    """How alike performer `ordinal` looks in both clips, wherever it stands: the product of two shares.

    Cells of its box that it fills in both clips and that have the same colour; and colours of all of it that
    are in both clips as often. 0 where its mask is empty.
    """
    shares, palettes = [], np.zeros((2, _SHADES**3), np.int64)
    for t in frames:
        masks = [clip.index[t] == ordinal + 1 for clip in (driving, target)]
        for i, clip in enumerate((driving, target)):
            palettes[i] += _palette(clip.rgb[t][masks[i]])
        if not all(mask.any() for mask in masks):
            continue
        (one, filled), (other, also) = (
            _boxed(clip.rgb[t], mask) for clip, mask in zip((driving, target), masks, strict=True)
        )
        both = (filled >= FILLED) & (also >= FILLED)
        if both.sum() >= FEWEST:
            shares.append(_alike(one[both], other[both]))
    if not shares or not palettes.sum(axis=1).all():
        return 0.0
    return float(np.mean(shares)) * _shared(*palettes)


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over cells (..., 3) of 1 for equal colours, falling to 0 at SPREAD levels apart."""
    apart = np.abs(one - other).max(axis=-1)
    return float(np.clip(1 - apart / SPREAD, 0, 1).mean())


def _palette(colours: np.ndarray) -> np.ndarray:
    """(216,) how many of colours (N, 3) uint8 are of each kind, neighbours counted in part (64ths).

    So a colour on the border of two kinds, which other light puts to the other side, stays much the same.
    """
    shade = colours.astype(np.int64) * _SHADES // 256
    kinds = (shade[:, 0] * _SHADES + shade[:, 1]) * _SHADES + shade[:, 2]
    counts = np.bincount(kinds, minlength=_SHADES**3).reshape(_SHADES, _SHADES, _SHADES)
    for axis in range(3):
        wide = np.pad(counts, [(1, 1) if i == axis else (0, 0) for i in range(3)], mode="edge")
        at = np.arange(1, _SHADES + 1)
        counts = wide.take(at - 1, axis) + 2 * wide.take(at, axis) + wide.take(at + 1, axis)
    return counts.ravel()


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Share of colours that two palettes have in common: histogram intersection (Swain and Ballard 1991)."""
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def _boxed(rgb: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cells of the box around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return _cells(rgb[box], mask[box], mask[box].shape)


def _cells(rgb: np.ndarray, mask: np.ndarray, size: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours (CELLS, CELLS, 3) of the masked pixels of a picture's cells, and how filled each is."""
    sums = np.zeros((size[0] + 1, size[1] + 1, 4), np.int64)
    sums[1:, 1:, :3] = (rgb * mask[..., None]).astype(np.int64)
    sums[1:, 1:, 3] = mask
    sums = sums.cumsum(axis=0).cumsum(axis=1)
    starts, ends = [], []
    for length in size[:2]:
        edges = np.arange(CELLS + 1) * length // CELLS
        starts.append(np.minimum(edges[:-1], length - 1))
        ends.append(np.maximum(edges[1:], starts[-1] + 1))
    (top, left), (bottom, right) = starts, ends
    total = sums[bottom][:, right] - sums[top][:, right] - sums[bottom][:, left] + sums[top][:, left]
    area = (bottom - top)[:, None] * (right - left)
    filled = total[..., 3]
    return total[..., :3] / np.maximum(filled, 1)[..., None], filled / area
