"""Preview sheets: drafts of many planned pairs on one page, so that a recipe is judged before rendering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from motionpair.signed import signed
from motionpair.specs import ClipSpec, PairSpec

SHOWN = 3
"""Frames of each clip that a block shows."""
AREA = 128 * 224
"""Pixels of a draft."""

_MARGIN, _GAP, _LINE, _SIZE, _HEAD, _SEAM = 32, 18, 17, 13, 34, 4
_LINES = 4
_GROUND, _TEXT, _QUIET = "#17191d", "#eceef2", "#98a0ad"
_LOOKS = {"realistic": "real", "animation_3d": "3D", "animation_2d": "2D"}


@dataclass(frozen=True)
class Preview:
    """A pair's draft. driving, target and, of a preference item, rejected: (SHOWN, H, W, 3) uint8 sRGB."""

    spec: PairSpec
    driving: np.ndarray
    target: np.ndarray
    rejected: np.ndarray | None = None

    def clips(self) -> list[np.ndarray]:
        """The clips that there are, driving first."""
        return [clip for clip in (self.driving, self.target, self.rejected) if clip is not None]


def draft_size(width: int, height: int) -> tuple[int, int]:
    """The size of a draft: as many pixels as 128 × 224, of the given shape, in steps of 4."""
    share = (AREA / (width * height)) ** 0.5
    return max(4, round(width * share / 4) * 4), max(4, round(height * share / 4) * 4)


def preview_sheet(previews: Sequence[Preview], title: str) -> Image.Image:
    """A page of previews, in blocks of one size: label, then its clips, downwards (landscape: rightwards).

    Args:
        previews: the pairs, in the order in which they are shown.
        title: the line at the top.
    """
    blocks = [_block(preview) for preview in previews]
    wide, high = (max(side) for side in zip(*(block.size for block in blocks), strict=True))
    columns = max(1, round((len(blocks) * 1.3 * high / wide) ** 0.5))
    rows = -(-len(blocks) // columns)
    across, down = wide + _GAP, high + _LINES * _LINE + 2 * _GAP
    size = (2 * _MARGIN + columns * across - _GAP, 2 * _MARGIN + _HEAD + rows * down)
    page = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(page)
    pen.text((_MARGIN, _MARGIN - 8), title, font=ImageFont.load_default(20), fill=_TEXT)
    for i, (preview, block) in enumerate(zip(previews, blocks, strict=True)):
        x, y = _MARGIN + i % columns * across, _MARGIN + _HEAD + i // columns * down
        for k, line in enumerate(label(preview.spec)):
            colour = _TEXT if k == 0 else _QUIET
            text = _cut(line, wide)
            pen.text((x, y + k * _LINE), text, font=ImageFont.load_default(_SIZE), fill=colour)
        page.paste(block, (x, y + _LINES * _LINE + 6))
    return page


def label(spec: PairSpec) -> list[str]:
    """What a pair is, in `_LINES` lines: stratum and motion; then how its clips look and are filmed."""
    families = " + ".join(
        dict.fromkeys(phrase.family for p in spec.target.performers for phrase in p.motion.phrases)
    )
    mirrored = ", mirrored" if any(p.motion.mirrored for p in spec.target.performers) else ""
    company = f" · {spec.formation}" if len(spec.target.performers) > 1 else ""
    speed = spec.target.performers[0].motion.speed
    count = 0 if spec.rejected is None else spec.rejected.rounds
    rounds = f" · rejected: {count} round{'s' if count > 1 else ''}" if count else ""
    return [
        f"{spec.slot} k{spec.k}  {families}{mirrored} · x{speed:.2f}{company}",
        f"{spec.stratum} · {spec.split} · {spec.width}x{spec.height}{rounds}",
        f"driving: {_clip(spec.driving)}",
        f"target: {_clip(spec.target)}",
    ]


def _clip(clip: ClipSpec) -> str:
    camera = clip.camera
    who = "+".join(_LOOKS[p.character.look] for p in clip.performers)
    aperture = f" f/{camera.f_stop:g}" if camera.f_stop else ""
    degrees = f"{signed(np.degrees(camera.elevation), 0)}°"
    return f"{who} · {clip.environment.kind}, {clip.environment.hdri} · {camera.kind} {degrees}{aperture}"


def _block(preview: Preview) -> Image.Image:
    """All clips' frames, driving first: portrait in rows, landscape in columns."""
    height, width = preview.target.shape[1:3]
    upright = height >= width
    strips = [np.concatenate(list(clip), axis=1 if upright else 0) for clip in preview.clips()]
    high, wide = strips[0].shape[:2]
    step = (0, high + _SEAM) if upright else (wide + _SEAM, 0)
    last = len(strips) - 1
    shown = Image.new("RGB", (wide + last * step[0], high + last * step[1]), _GROUND)
    for i, strip in enumerate(strips):
        shown.paste(Image.fromarray(strip), (i * step[0], i * step[1]))
    return shown


def _cut(text: str, width: int) -> str:
    """The text, or as much of it as fits."""
    font = ImageFont.load_default(_SIZE)
    if font.getlength(text) <= width:
        return text
    while font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
