"""The page of the cast: looks, bodies, clothes, fabrics, hair and beards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np

from motionpair import catalog
from motionpair.specs import Character, Look
from pipelines.gallery import people
from pipelines.gallery.pictures import PORTRAIT, Studio
from pipelines.strips import Shown

LOOKS: dict[Look, str] = {
    "realistic": "Realistic",
    "animation_3d": "3D animation",
    "animation_2d": "2D animation",
}
HEAD = (160, 192)
AZIMUTH = -0.45
"""Radians: the bearing that portraits are taken from, on the right side, hair from further round."""


@dataclass(frozen=True)
class Section:
    """A part of a page: one sheet of pictures.

    name: of the picture file. text: Markdown under the heading. cells: (label, who, how to draw it). drafts:
    drawn by the draft engine whatever the others are drawn by.
    """

    name: str
    title: str
    text: str
    cells: tuple[tuple[str, tuple[Character, ...], Callable[[Studio], np.ndarray]], ...]
    columns: int
    drafts: bool = False


def sections() -> Iterator[Section]:
    """The page's parts, in order."""
    yield _looks()
    yield _portraits(
        "bodies",
        "Bodies",
        "Children to old people, all sexes, builds and skin tones. These are six; the body model's axes hold "
        "all between.",
        [(name, who) for name, who in people.BODIES.items()],
        "figure",
    )
    worn = [k for k in catalog.GARMENT_KINDS if catalog.GARMENT_KINDS[k].place not in ("head", "eyes")]
    yield _portraits(
        "garments",
        "Clothes",
        _listed({kind: catalog.GARMENT_KINDS[kind].name for kind in worn})
        + "\n\nA character wears a top and a bottom, or a dress; over them an outer garment or none; and "
        "something on its feet. Each kind is made of the fabrics that suit it:\n\n"
        + "\n".join(f"- {kind}: {', '.join(catalog.GARMENT_KINDS[kind].fabrics)}" for kind in worn),
        [(kind, people.wearing(kind)) for kind in worn],
        "figure",
    )
    yield _portraits(
        "headwear",
        "Headwear and glasses",
        f"Headwear goes with these hair styles: {', '.join(catalog.HAIR_UNDER_HATS)}.",
        [(kind, people.wearing(kind)) for kind in (*catalog.HEADWEAR, *catalog.EYEWEAR)],
        "head",
    )
    yield _portraits(
        "fabrics",
        "Fabrics",
        "All are procedural, in one to three colours, and keep their scale on every body.",
        [(fabric, people.wearing(_kind_of(fabric), fabric)) for fabric in catalog.FABRICS],
        "chest",
    )
    yield _portraits(
        "hair",
        "Hair",
        _listed(catalog.HAIR_STYLES)
        + "\n\nStrands in the realistic and the 3D look, solid shapes in the 2D look.",
        [(style, people.with_hair(style)) for style in catalog.HAIR_STYLES],
        "head",
        azimuth=-1.0,
    )
    beards = [b for b in catalog.BEARDS if b != "none"]
    yield _portraits(
        "beards",
        "Beards",
        "In the hair's colour, on adults.",
        [(beard, people.with_hair("short", beard)) for beard in beards],
        "head",
    )


def _looks() -> Section:
    cells = []
    shots: tuple[tuple[Shown, tuple[int, int]], ...] = (("figure", PORTRAIT), ("head", PORTRAIT))
    for who in (people.WOMAN, people.ELDER):
        for look in get_args(Look):
            dressed = people.looking(who, look)
            for shown, size in shots:
                label = LOOKS[look] if shown == "figure" else ""
                cells.append((label, (dressed,), partial(_draw, dressed, shown, size, AZIMUTH)))
    return Section(
        "looks",
        "Looks",
        "The same two people in every look. A clip has one style: 2D characters share no clip with others.",
        tuple(cells),
        2 * len(get_args(Look)),
    )


def _portraits(
    name: str,
    title: str,
    text: str,
    who: Sequence[tuple[str, Character]],
    shown: Shown,
    azimuth: float = AZIMUTH,
) -> Section:
    size = PORTRAIT if shown == "figure" else HEAD
    cells = tuple((label, (person,), partial(_draw, person, shown, size, azimuth)) for label, person in who)
    return Section(name, title, text, cells, 6)


def _draw(who: Character, shown: Shown, size: tuple[int, int], azimuth: float, studio: Studio) -> np.ndarray:
    return studio.portrait(who, shown, size, azimuth)


def _kind_of(fabric: str) -> str:
    """The garment that shows a fabric best: the largest of those that are made of it."""
    order = ("dress", "shirt", "sweater", "jacket", "tee")
    return next(
        kind for kind in (*order, *catalog.GARMENT_KINDS) if fabric in catalog.GARMENT_KINDS[kind].fabrics
    )


def _listed(words: dict[str, str]) -> str:
    return "; ".join(f"`{name}` {text}" for name, text in words.items()) + "."
