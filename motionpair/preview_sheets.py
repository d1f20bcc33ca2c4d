"""Preview sheets: drafts of many planned pairs on one page, so that a recipe is judged before rendering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from motionpair.specs import ClipSpec, PairSpec

BLOCK = 448
"""Pixels along a pair's block: two of the longer and three of the shorter sides of 128 × 224 pictures."""
SHOWN = 3
"""Frames of each clip that a block shows."""
AREA = 128 * 224
"""Pixels of a draft."""

_MARGIN, _GAP, _LINE, _SIZE = 32, 18, 17, 13
_LINES = 4
_GROUND, _TEXT, _QUIET = "#17191d", "#eceef2", "#98a0ad"
_LOOKS = {"realistic": "real", "animation_3d": "3D", "animation_2d": "2D"}


@dataclass(frozen=True)
class Preview:
    """A pair's draft. driving, target: (SHOWN, H, W, 3) uint8 sRGB."""

    spec: PairSpec
    driving: np.ndarray
    target: np.ndarray


def draft_size(width: int, height: int) -> tuple[int, int]:
    """The size of a draft: as many pixels as 128 × 224, of the given shape, in steps of 4."""
    share = (AREA / (width * height)) ** 0.5
    return max(4, round(width * share / 4) * 4), max(4, round(height * share / 4) * 4)


def preview_sheet(previews: Sequence[Preview], title: str) -> Image.Image:
    """A page of previews, in blocks of one size: label, then driving beside (landscape: above) target.

    Args:
        previews: the pairs, in the order in which they are shown.
        title: the line at the top.
    """
    columns = max(1, min(len(previews), round((len(previews) * 1.2) ** 0.5)))
    rows = -(-len(previews) // columns)
    step = BLOCK + _LINES * _LINE + 2 * _GAP
    width = 2 * _MARGIN + columns * (BLOCK + _GAP) - _GAP
    page = Image.new("RGB", (width, 2 * _MARGIN + 34 + rows * step), _GROUND)
    pen = ImageDraw.Draw(page)
    pen.text((_MARGIN, _MARGIN - 8), title, font=ImageFont.load_default(20), fill=_TEXT)
    for i, preview in enumerate(previews):
        x = _MARGIN + i % columns * (BLOCK + _GAP)
        y = _MARGIN + 34 + i // columns * step
        for k, line in enumerate(label(preview.spec)):
            colour = _TEXT if k == 0 else _QUIET
            pen.text((x, y + k * _LINE), _cut(line), font=ImageFont.load_default(_SIZE), fill=colour)
        page.paste(_block(preview), (x, y + _LINES * _LINE + 6))
    return page


def label(spec: PairSpec) -> list[str]:
    """What a pair is, in `_LINES` lines: stratum and motion; then how its clips look and are filmed."""
    families = " + ".join(
        dict.fromkeys(phrase.family for p in spec.target.performers for phrase in p.motion.phrases)
    )
    mirrored = ", mirrored" if any(p.motion.mirrored for p in spec.target.performers) else ""
    company = f" · {spec.formation}" if len(spec.target.performers) > 1 else ""
    speed = spec.target.performers[0].motion.speed
    return [
        f"{spec.slot} k{spec.k}  {families}{mirrored} · x{speed:.2f}{company}",
        f"{spec.stratum} · {spec.split} · {spec.width}x{spec.height}",
        f"driving: {_clip(spec.driving)}",
        f"target: {_clip(spec.target)}",
    ]


def _clip(clip: ClipSpec) -> str:
    camera = clip.camera
    who = "+".join(_LOOKS[p.character.look] for p in clip.performers)
    aperture = f" f/{camera.f_stop:g}" if camera.f_stop else ""
    degrees = f"{np.degrees(camera.elevation):+.0f}°"
    return f"{who} · {clip.environment.kind}, {clip.environment.hdri} · {camera.kind} {degrees}{aperture}"


def _block(preview: Preview) -> Image.Image:
    """Both clips' frames in a square: portrait in two rows, landscape in two columns."""
    clips = [list(preview.driving), list(preview.target)]
    height, width = preview.target.shape[1:3]
    along = 1 if height >= width else 0
    strips = [np.concatenate(frames, axis=along) for frames in clips]
    picture = Image.fromarray(np.concatenate(strips, axis=1 - along))
    shown = Image.new("RGB", (BLOCK, BLOCK), _GROUND)
    shown.paste(picture, (0, 0))
    return shown


def _cut(text: str) -> str:
    """The text, or as much of it as a block is wide."""
    font = ImageFont.load_default(_SIZE)
    if font.getlength(text) <= BLOCK:
        return text
    while font.getlength(f"{text}…") > BLOCK:
        text = text[:-1]
    return f"{text}…"
