"""Hair styles: strands for realistic looks; a shell for flat looks, and thin under strands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionpair.errors import InputError
from render.characters import hair_shell, strands
from render.characters.baked import MeshPart
from render.characters.figure import Figure
from render.characters.scalp import Scalp
from render.characters.surface import Surface


@dataclass(frozen=True)
class Style:
    """How a head of hair grows. Lengths are metres, on an adult's head.

    length: at the crown. sides: as a share of it at the sides and the back. fringe: as a share over the
        forehead. strands, points: how many strands, and of how many points.
    lift: how far the hair stands off the scalp.
    fall: `stand` along the skin's normal, `lie` combed along the skin, `hang` combed and falling.
    curl: radius of its curls. radius: a strand's own, at the root.
    cut: metres below the eyes where hanging hair ends. fringe_cut: the same for the forehead's hair
        (negative: above the eyes), None where that is combed aside.
    """

    length: float
    sides: float
    fringe: float
    strands: int
    points: int
    lift: float
    fall: str
    curl: float
    cut: float
    fringe_cut: float | None
    radius: float


STYLES: dict[str, Style] = {
    "buzz": Style(0.008, 1.0, 1.0, 6000, 3, 0.004, "stand", 0.0, 0.0, None, 0.00035),
    "short": Style(0.055, 0.45, 0.9, 5200, 7, 0.016, "lie", 0.002, 0.0, None, 0.00045),
    "afro": Style(0.085, 0.8, 0.75, 4200, 12, 0.075, "stand", 0.006, 0.0, None, 0.0005),
    "bob": Style(0.40, 1.0, 1.0, 4200, 12, 0.016, "hang", 0.0, 0.105, -0.026, 0.0006),
    "long": Style(0.75, 1.0, 1.0, 4200, 16, 0.016, "hang", 0.002, 0.33, None, 0.0006),
}
"""Hair style to how it grows; `bald` has none."""

BALD = "bald"
_INNER = 0.25  # of the hair's depth: the shell under strands


def grow(figure: Figure, clothes: list[Surface]) -> tuple[np.ndarray, float, list[MeshPart]]:
    """A figure's hair in bind pose.

    Args:
        figure: the character, placed on the ground.
        clothes: garments in bind pose that hair must lie upon.

    Returns:
        Strands (S, P, 3) float32 metres, their radius at the root, and the shell part. Flat looks have a full
        shell and no strands; a bald head has neither.
    """
    name = figure.character.hair.style
    if name == BALD:
        return np.zeros((0, 2, 3), np.float32), 0.0, []
    if name not in STYLES:
        raise InputError(f"hair.style: unknown style {name}; accepted: {BALD}, {', '.join(STYLES)}")
    style = STYLES[name]
    scalp = Scalp(figure)
    if figure.character.look == "animation_2d":
        return np.zeros((0, 2, 3), np.float32), 0.0, [hair_shell.silhouette(scalp, style)]
    rng = np.random.default_rng([figure.character.seed, 0x4A1])
    grown = strands.grow(scalp, style, clothes, rng)
    return grown, style.radius * scalp.size, [hair_shell.underlay(scalp, _INNER * style.lift)]
