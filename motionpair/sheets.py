"""Contact sheets: a pair on one page, for eyes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from motionpair import hand_crops
from motionpair.dataset import Dataset
from motionpair.palette import PALETTE, labels_to_rgb, slot_colour, slot_label
from motionpair.specs import VOID

INSTANTS = 6
"""Instants of the clips that a sheet shows, evenly spaced from the first frame to the last."""

_CELL_AREA = 172 * 300
_CAPTION_SIZE, _CAPTION_LINES = 19, 4
_COLUMN, _MARGIN, _GAP, _LINE, _CHIP = 340, 44, 10, 30, 56
_GROUND, _TEXT, _QUIET, _RULE, _WINDOW = "#17191d", "#eceef2", "#98a0ad", "#343942", "#ffd75e"
_DRIVING = {"clip": "a clip", "pose": "bones on black", "body_mesh": "grey bodies on black"}
_ROWS = {
    "driving": "Driving",
    "driving_mask": "Driving mask",
    "target": "Target",
    "target_mask": "Target mask",
    "rejected": "Rejected",
    "target_hand": "The worst hand, target",
    "rejected_hand": "The worst hand, rejected",
}
_MASKS = ("driving_mask", "target_mask")


def pair_sheet(out: str | Path, pair_id: str) -> Image.Image:
    """A labelled contact sheet of a pair: references, and several instants of both clips and their masks.

    Of a preference item the rejected clip stands under the target, and under both the worst hand, enlarged:
    the same window of either. A thin frame on the driving clip's first picture is the window that
    augmentation stretches to all of it.

    Args:
        out: the dataset's folder or URI.
        pair_id: the pair.

    Raises:
        InputError: no such dataset or pair; names near ones.
        DataError: the pair is damaged.
    """
    dataset = Dataset(out)
    row = dataset.row(pair_id)
    clips = {
        "driving": dataset.video(row, "driving"),
        "driving_mask": labels_to_rgb(dataset.labels(row, "driving_mask")),
        "target": dataset.video(row, "target"),
        "target_mask": labels_to_rgb(dataset.labels(row, "target_mask")),
    }
    if row["rejected_rounds"]:
        clips |= _compared(row, clips["target"], dataset.video(row, "rejected"), dataset.annotations(row))
    references = {
        f"Reference, {row['reference_kind'].replace('_', ' ')}": dataset.reference(row),
        "Reference mask": labels_to_rgb(dataset.labels(row, "reference_mask")),
    }
    for kind in row["extra_references"]:
        references[f"Reference, {kind}"] = dataset.reference(row, f"reference_{kind}")
    return _compose(row, clips, references)


def _compared(
    row: Mapping[str, Any], target: np.ndarray, rejected: np.ndarray, arrays: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The rejected clip and the worst hand of both clips, (T, H, W, 3) each."""
    size = row["width"], row["height"]
    around = hand_crops.windows(arrays, range(row["frames"]), *size, size[0] / size[1])
    hands = {
        name: np.stack(
            [np.asarray(hand_crops.enlarged(f, w, size)) for f, w in zip(clip, around, strict=True)]
        )
        for name, clip in (("target_hand", target), ("rejected_hand", rejected))
    }
    return {"rejected": rejected, **hands}


def _compose(
    row: Mapping[str, Any], clips: Mapping[str, np.ndarray], references: Mapping[str, np.ndarray]
) -> Image.Image:
    width, height = _cell_size(row["width"], row["height"])
    instants = np.linspace(0, row["frames"] - 1, min(INSTANTS, row["frames"])).round().astype(int)
    side_by_side = width < height
    column = max(_COLUMN, 2 * width + _GAP if side_by_side else width)
    strip_left = 2 * _MARGIN + column
    page_width = strip_left + len(instants) * (width + _GAP) - _GAP + _MARGIN
    caption = _wrapped(row["caption"], page_width - 2 * _MARGIN - 24, _CAPTION_SIZE)
    if len(caption) > _CAPTION_LINES:
        caption = [*caption[: _CAPTION_LINES - 1], f"{caption[_CAPTION_LINES - 1]} ..."]
    top = _MARGIN + 46 + _LINE * len(caption) + 34
    step = height + _LINE + _GAP
    beside = 2 if side_by_side else 1
    references_height = _LINE + -(-len(references) // beside) * step
    rows = {name: title for name, title in _ROWS.items() if name in clips}
    body = max(_LINE + len(rows) * step, references_height + _facts_height(row))
    page = Image.new("RGB", (page_width, top + body + _MARGIN), _GROUND)
    pen = ImageDraw.Draw(page)

    _write(pen, (_MARGIN, _MARGIN - 8), row["pair_id"], 34)
    _write(pen, (page_width - _MARGIN, _MARGIN + 4), _subtitle(row), 20, _QUIET, anchor="ra")
    for i, line in enumerate(caption):
        _write(pen, (_MARGIN, _MARGIN + 46 + _LINE * i), line, _CAPTION_SIZE)
    pen.line((_MARGIN, top - 16, page_width - _MARGIN, top - 16), fill=_RULE, width=2)

    for i, instant in enumerate(instants):
        middle = strip_left + i * (width + _GAP) + width // 2
        _write(pen, (middle, top), f"{instant / row['fps']:.2f} s", 17, _QUIET, anchor="ma")
        for j, name in enumerate(rows):
            place = (strip_left + i * (width + _GAP), top + 2 * _LINE + j * step)
            _paste(page, clips[name][instant], place, (width, height), mask=name in _MASKS)
    for j, title in enumerate(rows.values()):
        _write(pen, (strip_left, top + _LINE + j * step + 4), title, 18, _QUIET)
    _frame_window(pen, row, (strip_left, top + 2 * _LINE), (width, height))
    for j, (title, picture) in enumerate(references.items()):
        x, y = _MARGIN + j % beside * (width + _GAP), top + _LINE + j // beside * step
        _write(pen, (x, y + 4), title, 16, _QUIET)
        _paste(page, picture, (x, y + _LINE), (width, height), mask=title.endswith("mask"))
    _write_facts(pen, row, top + references_height)
    return page


def _frame_window(
    pen: ImageDraw.ImageDraw, row: Mapping[str, Any], place: tuple[int, int], size: tuple[int, int]
) -> None:
    """Frame the driving clip's augmentation window, unless it is the whole picture."""
    left, top, width, height = row["augmentation_window"]
    if (width, height) == (1.0, 1.0):
        return
    x0, y0 = place[0] + left * size[0], place[1] + top * size[1]
    x1, y1 = x0 + width * size[0] - 1, y0 + height * size[1] - 1
    pen.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=_GROUND)
    pen.rectangle((x0, y0, x1, y1), outline=_WINDOW)


def _cell_size(width: int, height: int) -> tuple[int, int]:
    """A picture's size on the page: about `_CELL_AREA` pixels, whatever its shape."""
    scale = (_CELL_AREA / (width * height)) ** 0.5
    return max(1, round(width * scale)), max(1, round(height * scale))


def _wrapped(text: str, width: float, size: int) -> list[str]:
    """A text in lines that are at most `width` pixels long (a longer word stands alone)."""
    font = ImageFont.load_default(size)
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _subtitle(row: Mapping[str, Any]) -> str:
    size = f"{row['width']} x {row['height']}, {row['frames']} frames, {row['fps']} fps"
    return "   ·   ".join((row["stratum"], row["mode"], row["split"], size))


def _facts(row: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What the pair is made of: name and lines; two lines where driving and target differ."""

    def both(of: Callable[[str], str]) -> list[str]:
        driving, target = of("driving"), of("target")
        return [driving] if driving == target else [f"{driving} in driving", f"{target} in target"]

    def place(side: str) -> str:
        environment, hdri = row[f"{side}_environment"], row[f"{side}_hdri"]
        return "black" if environment == VOID.kind else f"{environment}, {hdri} light"

    facts = [
        ("motion", [", ".join(row["motion_families"]) + (", under way" if row["continues"] else "")]),
        ("driving", [_DRIVING[row["driving_kind"]], *_skeleton(row)]),
        ("reference", [f"{row['reference_kind'].replace('_', ' ')}, frame {row['reference_frame']}"]),
        ("looks", both(lambda s: ", ".join(dict.fromkeys(row[f"{s}_looks"])).replace("_", " "))),
        ("places", both(place)),
        ("cameras", both(lambda s: f"{row[f'{s}_framing'].replace('_', ' ')}, {row[f'{s}_camera']}")),
        ("renders", both(lambda s: f"{row[f'{s}_engine']}, {row[f'{s}_preset']}, {row[f'{s}_samples']} spp")),
        ("estimators", both(lambda s: row[f"{s}_estimator"])),
        (
            "error",
            [
                f"body {row['estimator_body_mm']:.0f} mm, {row['estimator_body_px']:.1f} px",
                f"fingertips {row['estimator_fingertip_mm']:.0f} mm, {row['estimator_fingertip_px']:.1f} px",
            ],
        ),
        *_gap(row),
        ("candidate", [", ".join([str(row["k"]), *(d["reason"] for d in row["discards"])])]),
        (
            "feet",
            [
                f"slide {row['target_contact_slide_p95_mm']:.1f} mm a frame",
                f"sink {row['target_sole_penetration_mm']:.1f} mm",
            ],
        ),
        (
            "apart",
            [
                f"shapes {row['identity_shape_distance']:.2f}, colours {row['identity_colour_distance']:.0f}",
                f"pictures {row['pair_difference']:.0f} of 255",
            ],
        ),
        ("energy", [f"{row['motion_energy']:.2f} m/s"]),
    ]
    return [(name, [part for line in lines for part in textwrap.wrap(line, 32)]) for name, lines in facts]


def _gap(row: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Of a preference item, what is wrong with the rejected clip."""
    if not row["rejected_rounds"]:
        return []
    rounds = f"{row['rejected_rounds']} round{'s' if row['rejected_rounds'] > 1 else ''}"
    return [
        ("rejected", [f"{row['rejected_region']}, {rounds}", ", ".join(row["rejected_causes"])]),
        (
            "gap",
            [
                f"fingertips {row['rejected_fingertip_mm']:.0f} mm, {row['rejected_fingertip_px']:.1f} px",
                f"body {row['rejected_body_mm']:.1f} mm",
                f"pictures {row['rejected_hands_difference']:.0f} at the hands, "
                f"{row['rejected_elsewhere_difference']:.1f} elsewhere",
            ],
        ),
    ]


def _skeleton(row: Mapping[str, Any]) -> list[str]:
    factors = [float(part.partition(":")[2]) for part in row["augmentation_skeleton"]]
    return [f"augmented bones x {min(factors):.2f} to {max(factors):.2f}"] if factors else []


def _facts_height(row: Mapping[str, Any]) -> int:
    return 16 + _CHIP * len(row["slots"]) + sum(6 + 23 * len(lines) for _, lines in _facts(row))


def _write_facts(pen: ImageDraw.ImageDraw, row: Mapping[str, Any], top: int) -> None:
    """The bindings as colour chips, then the facts, in the column under the reference."""
    y = top + 8
    bound = zip(row["slots"], row["driving_characters"], row["target_characters"], strict=True)
    for slot, driving, target in bound:
        colour = tuple(PALETTE[slot_label(slot)].tolist())
        pen.rounded_rectangle((_MARGIN, y + 3, _MARGIN + 36, y + 39), 6, fill=colour)
        _write(pen, (_MARGIN + 50, y), slot_colour(slot), 18)
        _write(pen, (_MARGIN + 50, y + 23), f"{driving} drives {target}", 16, _QUIET)
        y += _CHIP
    y += 8
    for name, lines in _facts(row):
        _write(pen, (_MARGIN, y), name, 16, _QUIET)
        for line in lines:
            _write(pen, (_MARGIN + 96, y), line, 16)
            y += 23
        y += 6


def _paste(
    page: Image.Image, picture: np.ndarray, place: tuple[int, int], size: tuple[int, int], *, mask: bool
) -> None:
    how = Image.Resampling.NEAREST if mask else Image.Resampling.LANCZOS
    page.paste(Image.fromarray(picture).resize(size, how), place)
    x, y = place
    ImageDraw.Draw(page).rectangle((x - 1, y - 1, x + size[0], y + size[1]), outline=_RULE)


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    colour: str = _TEXT,
    anchor: str = "la",
) -> None:
    pen.text(place, text, font=ImageFont.load_default(size), fill=colour, anchor=anchor)
