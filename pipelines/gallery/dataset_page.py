"""What docs/dataset.md shows of a finished dataset: a pair a stratum, and what the gates turned down.

The page's words are written by hand; between its markers `<!-- pair: STRATUM -->` and `<!-- /pair -->`, and
`<!-- figures -->` and `<!-- /figures -->`, stands what is drawn and counted here.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from motionpair import durable, media
from motionpair.dataset import Dataset
from motionpair.errors import InputError
from motionpair.palette import labels_to_rgb, slot_colour

WIDTH = 900
"""Pixels of a picture, across."""
MOST_BYTES = 45_000
"""Bytes of a picture, at most: the quality is the best one that stays below."""

_QUALITIES = range(86, 10, -4)
_SIDE, _AREA, _GAP, _GUTTER, _LINE = 220, 126 * 220, 4, 12, 17
"""Width of the references' column, pixels of a frame, gap between pictures, between columns, line of text."""
_EXTRA = 0.68
"""An additional reference's width as a share of the reference's."""
_TEXT, _QUIET, _EDGE = "#222222", "#777777", 170
_KINDS = {"clip": "other characters", "pose": "bones on black", "body_mesh": "grey bodies on black"}

Tile = tuple[str, np.ndarray, tuple[int, int]]
"""A picture with its label, (H, W, 3) uint8, and the size at which it is shown."""


def update(page: Path, out: str | Path, chosen: Sequence[str] = ()) -> list[Path]:
    """Draw one pair of each stratum of a dataset beside `page`, and fill the page's marked parts.

    Args:
        page: docs/dataset.md; pictures go to gallery/dataset-STRATUM.webp beside it.
        out: the dataset's folder or URI.
        chosen: pairs to show in place of those that `picked` takes; at most one a stratum.

    Returns:
        The pictures that were written.

    Raises:
        InputError: no such dataset, pair or page, two pairs of one stratum, or no place in the page.
        DataError: the dataset is damaged.
    """
    dataset = Dataset(out)
    if not page.is_file():
        raise InputError(f"{page}: no such page")
    text = page.read_text(encoding="utf-8")
    shown = picked(dataset.rows(), [dataset.row(pair_id) for pair_id in chosen])
    for stratum, row in shown.items():
        text = filled(page, text, f"pair: {stratum}", _told(row))
    text = filled(page, text, "figures", figures(dataset))
    folder = page.parent / "gallery"
    folder.mkdir(exist_ok=True)
    pictures = []
    for stratum, row in shown.items():
        pictures.append(folder / f"dataset-{stratum}.webp")
        durable.write_bytes(pictures[-1], webp(pair_picture(dataset, row)))
    durable.write_bytes(page, text.encode())
    return pictures


def picked(
    rows: Iterable[Mapping[str, Any]], chosen: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Mapping[str, Any]]:
    """A row for each stratum, by its name.

    It is the chosen one, else, of those with the most additional references, the one with the most motion.

    Raises:
        InputError: two of the chosen rows are of one stratum.
    """
    best: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        before = best.setdefault(row["stratum"], row)
        best[row["stratum"]] = max(before, row, key=_telling)
    for row in chosen:
        others = [r["pair_id"] for r in chosen if r["stratum"] == row["stratum"]]
        if len(others) > 1:
            raise InputError(f"--pairs: {' and '.join(others)} are both of {row['stratum']}; accepted: one")
        best[row["stratum"]] = row
    return dict(sorted(best.items()))


def _telling(row: Mapping[str, Any]) -> tuple[int, float, int]:
    """How much a pair shows; of equals, the earlier slot."""
    return len(row["extra_references"]), row["motion_energy"], -row["slot"]


def pair_picture(dataset: Dataset, row: Mapping[str, Any]) -> Image.Image:
    """A pair, `WIDTH` pixels wide: references and masks at the left, and both clips at the same instants.

    Raises:
        DataError: the pair is damaged.
    """
    scale = (_AREA / (row["width"] * row["height"])) ** 0.5
    wide, high = round(row["width"] * scale), round(row["height"] * scale)
    if wide > _SIDE:
        wide, high = _SIDE, round(_SIDE * row["height"] / row["width"])
    room = WIDTH - _SIDE - _GUTTER
    columns = max(1, min((room + _GAP) // (wide + _GAP), row["frames"]))
    instants = np.linspace(0, row["frames"] - 1, columns).round().astype(int)
    lines = list(_lines(_stills(dataset, row, (wide, high))))
    heights = [_LINE + max(size[1] for _, _, size in line) + _GAP for line in lines]
    page = Image.new("RGB", (WIDTH, max(sum(heights), 3 * _LINE + 2 * (high + _GAP))), "#ffffff")
    pen = ImageDraw.Draw(page)
    y = 0
    for line, tall in zip(lines, heights, strict=True):
        x = 0
        for label, picture, size in line:
            _write(pen, (x, y + 2), label)
            page.paste(_resized(picture, size), (x, y + _LINE))
            x += size[0] + _GAP
        y += tall
    left, y = _SIDE + _GUTTER, 0
    for clip, words in zip(("driving", "target"), _clip_labels(row), strict=True):
        _write(pen, (left, y + 2), words)
        frames = dataset.video(row, clip)[instants]
        for i, frame in enumerate(frames):
            page.paste(_resized(frame, (wide, high)), (left + i * (wide + _GAP), y + _LINE))
        y += _LINE + high + _GAP
        if clip == "driving":
            for i, at in enumerate(instants):
                middle = left + i * (wide + _GAP) + wide // 2
                _write(pen, (middle, y), f"{at / row['fps']:.2f} s", _QUIET, "ma")
            y += _LINE
    return page


def webp(picture: Image.Image) -> bytes:
    """A picture as WebP of the best quality that stays below `MOST_BYTES`.

    Raises:
        InputError: the coarsest is larger still.
    """
    for quality in _QUALITIES:
        memory = io.BytesIO()
        picture.save(memory, format="WEBP", quality=quality, method=6)
        if memory.tell() < MOST_BYTES:
            return memory.getvalue()
    raise InputError(f"a picture of {picture.width} x {picture.height} px takes more than {MOST_BYTES} bytes")


def figures(dataset: Dataset) -> str:
    """Markdown: of each stratum what its pairs are and how many candidates fell; then discards by reason."""
    manifest = dataset.manifest
    strata: dict[str, list[dict[str, Any]]] = {}
    for row in dataset.rows():
        strata.setdefault(row["stratum"], []).append(row)
    lines = [
        f"{manifest.counts.rows} pairs of recipe `{manifest.recipe['name']}`, seed {manifest.seed}; "
        f"{manifest.counts.quarantined} slots were given up, whose candidates count in the last sum alone. "
        "`python -m pipelines.gallery docs --dataset OUT` counts them; each cell is a number of pairs.",
        "",
        "| stratum | pairs | reverse driven | driving | reference | with back / face | continues "
        "| candidates discarded |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for stratum, rows in sorted(strata.items()):
        extra = [sum(kind in row["extra_references"] for row in rows) for kind in ("back", "face")]
        cells = [
            f"`{stratum}`",
            str(len(rows)),
            str(sum(row["reverse_driven"] for row in rows)),
            _counted(row["driving_kind"] for row in rows),
            _counted(row["reference_kind"] for row in rows),
            f"{extra[0]} / {extra[1]}",
            str(sum(row["continues"] for row in rows)),
            _share(sum(row["k"] for row in rows), len(rows)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    discards = sorted(manifest.discards.items(), key=lambda each: (-each[1], each[0]))
    share = _share(sum(manifest.discards.values()), manifest.counts.rows)
    lines += ["", f"Of all candidates, {share} were discarded{':' if discards else '.'}"]
    if discards:
        lines += ["", "| reason | candidates |", "|---|---|"]
        lines += [f"| {reason} | {n} |" for reason, n in discards]
    return "\n".join(lines)


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(Counter(values).items()))


def _share(discarded: int, rows: int) -> str:
    """Candidates that were discarded, of those that were tried; each row has one more that passed."""
    tried = discarded + rows
    return f"{discarded} of {tried} ({100 * discarded / max(tried, 1):.0f} %)"


def _told(row: Mapping[str, Any]) -> str:
    """Markdown under a stratum's heading: the picture, and what the row says of it."""
    facts = [f"`{row['pair_id']}`", ", ".join(row["motion_families"]), f"bound by {_slots(row)}"]
    if row["formation"] != "alone":
        facts.insert(2, row["formation"])
    return "\n\n".join(
        [
            f"![a pair of {row['stratum']}](gallery/dataset-{row['stratum']}.webp)",
            f"*{'; '.join(facts)}.* {row['caption']}",
        ]
    )


def _slots(row: Mapping[str, Any]) -> str:
    return " and ".join(slot_colour(slot) for slot in row["slots"])


def filled(page: Path, text: str, marker: str, content: str) -> str:
    """The page's text with `content` between two markers."""
    closing = marker.split(":")[0]
    pattern = rf"(<!-- {re.escape(marker)} -->\n).*?(<!-- /{closing} -->)"
    filled, places = re.subn(
        pattern, lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text, flags=re.DOTALL
    )
    if places != 1:
        raise InputError(
            f"{page}: expected one place between <!-- {marker} --> and <!-- /{closing} -->, found {places}"
        )
    return filled


def _stills(dataset: Dataset, row: Mapping[str, Any], size: tuple[int, int]) -> list[Tile]:
    """The reference and its mask, the additional ones, and both clips' masks half-way through."""
    middle = row["frames"] // 2

    def shown(picture: np.ndarray, share: float) -> tuple[np.ndarray, tuple[int, int]]:
        wide = min(round(share * size[0]), (_SIDE - _GAP) // 2)
        return picture, (wide, round(wide * picture.shape[0] / picture.shape[1]))

    def mask(labels: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
        edged = labels_to_rgb(labels)
        edged[[0, -1]] = edged[:, [0, -1]] = _EDGE  # a white background would end nowhere on a white page
        return shown(edged, 0.5)

    kind = row["reference_kind"].replace("_", " ")
    tiles: list[Tile] = [
        (f"reference, {kind}", dataset.reference(row), size),
        ("its mask", *mask(dataset.labels(row, "reference_mask"))),
    ]
    for extra in row["extra_references"]:
        picture = media.decode_reference(dataset.blob(row, f"reference_{extra}"))
        tiles.append((extra, *shown(picture, _EXTRA)))
    for clip in ("driving", "target"):
        tiles.append((clip, *mask(dataset.labels(row, f"{clip}_mask")[middle])))
    return tiles


def _lines(tiles: Sequence[Tile]) -> Iterator[list[Tile]]:
    """Pictures in lines that are as wide as the column at most."""
    line: list[Tile] = []
    for tile in tiles:
        if line and sum(size[0] + _GAP for _, _, size in line) + tile[2][0] > _SIDE:
            yield line
            line = []
        line.append(tile)
    yield line


def _clip_labels(row: Mapping[str, Any]) -> tuple[str, str]:
    def motion(clip: str) -> str:
        name = row[f"{clip}_estimator"]
        return "exact motion" if name == "exact" else f"motion as the {name} estimator saw it"

    driven = _KINDS[row["driving_kind"]]
    return f"driving: {driven}, {motion('driving')}", f"target: {motion('target')}"


def _resized(picture: np.ndarray, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)


def _write(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, colour: str = _TEXT, anchor: str = "la"
) -> None:
    pen.text(place, text, font=ImageFont.load_default(11), fill=colour, anchor=anchor)
