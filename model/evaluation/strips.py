"""Strips for eyes: what was given, what was made and what is true, at a few instants."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INSTANTS = 6
"""Instants of a clip that a strip shows, evenly spaced from the first frame to the last."""

_CELL_AREA = 172 * 300
_GAP, _LINE, _LABEL, _MARGIN = 8, 24, 116, 16
_GROUND, _TEXT, _QUIET = "#17191d", "#eceef2", "#98a0ad"


def strip(reference: np.ndarray, clips: Mapping[str, np.ndarray], fps: float) -> Image.Image:
    """A row a clip, by name, and the reference beside them.

    Args:
        reference: (H, W, 3) uint8 sRGB.
        clips: (T, H, W, 3) uint8 sRGB each, of one length.
        fps: frames a second.
    """
    frames, rows, columns = next(iter(clips.values())).shape[:3]
    scale = min(2.0, (_CELL_AREA / (rows * columns)) ** 0.5)
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    instants = np.linspace(0, frames - 1, min(INSTANTS, frames)).round().astype(int)
    left = _MARGIN + width + 2 * _GAP + _LABEL
    size = (
        left + len(instants) * (width + _GAP) - _GAP + _MARGIN,
        _MARGIN + _LINE + len(clips) * (height + _GAP) - _GAP + _MARGIN,
    )
    page = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(page)
    big, small = ImageFont.load_default(16), ImageFont.load_default(14)
    top = _MARGIN + _LINE
    pen.text((_MARGIN, _MARGIN), "Reference", _QUIET, small)
    page.paste(_small(reference, (width, height)), (_MARGIN, top))
    for i, instant in enumerate(instants):
        x = left + i * (width + _GAP)
        pen.text((x + width // 2, _MARGIN), f"{instant / fps:.2f} s", _QUIET, small, anchor="ma")
        for j, clip in enumerate(clips.values()):
            page.paste(_small(clip[instant], (width, height)), (x, top + j * (height + _GAP)))
    for j, name in enumerate(clips):
        middle = top + j * (height + _GAP) + height // 2
        pen.text((left - 2 * _GAP, middle), name, _TEXT, big, anchor="rm")
    return page


def _small(picture: np.ndarray, size: tuple[int, int]) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(picture))
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
