"""Hair styles: strands for realistic looks; a shell for flat looks, and thin under strands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motionpair.errors import InputError
from render.characters import blocks, hair_shell, hats, loose, strands
from render.characters.baked import MeshPart, Swing
from render.characters.figure import Figure
from render.characters.hats import Headwear
from render.characters.loose import Sheet
from render.characters.scalp import Scalp
from render.characters.surface import Surface
from render.skeleton import JOINT_INDEX


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
    swings: rows of joints that its hanging part swings by; 0 is rigid with the head.
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
    swings: int = 0


STYLES: dict[str, Style] = {
    "buzz": Style(0.008, 1.0, 1.0, 6000, 3, 0.004, "stand", 0.0, 0.0, None, 0.00035),
    "short": Style(0.055, 0.45, 0.9, 5200, 7, 0.016, "lie", 0.002, 0.0, None, 0.00045),
    "afro": Style(0.085, 0.8, 0.75, 4200, 12, 0.075, "stand", 0.006, 0.0, None, 0.0005),
    "bob": Style(0.40, 1.0, 1.0, 4200, 12, 0.016, "hang", 0.0, 0.105, -0.026, 0.0006, 2),
    "long": Style(0.75, 1.0, 1.0, 4200, 16, 0.016, "hang", 0.002, 0.33, None, 0.0006, 5),
}
"""Hair style to how it grows; `bald` has none."""

BALD = "bald"
_INNER = 0.25  # of the hair's depth: the shell under strands
_COLUMNS = np.linspace(62.0, 298.0, 12)  # bearings of a hanging sheet's columns: from temple to temple
_PINNED = -0.012  # metres above the head's middle, where hanging hair leaves the head


@dataclass(frozen=True)
class Grown:
    """A figure's hair in bind pose.

    strands: (S, P, 3) float32 metres. sway: (S, P, 2) float32, see `BakedCharacter`, or None. radius: metres,
        of a strand at its root. parts: shells. sheet: what swings, or None.
    """

    strands: np.ndarray
    sway: np.ndarray | None
    radius: float
    parts: list[MeshPart]
    sheet: Sheet | None


def grow(figure: Figure, clothes: list[Surface]) -> Grown:
    """A figure's hair.

    Args:
        figure: the character, placed on the ground.
        clothes: garments in bind pose that hair must lie upon.

    Returns:
        Its hair. Flat looks have a full shell and no strands; a bald head has neither.
    """
    name = figure.character.hair.style
    none = np.zeros((0, 2, 3), np.float32)
    if name == BALD:
        return Grown(none, None, 0.0, [], None)
    if name not in STYLES:
        raise InputError(f"hair.style: unknown style {name}; accepted: {BALD}, {', '.join(STYLES)}")
    style = STYLES[name]
    scalp = Scalp(figure)
    wear = hats.worn(scalp)
    if figure.character.look == "animation_2d":
        shell = _under(wear, hair_shell.silhouette(scalp, style))
        sheet = _hanging_sheet(scalp, style, shell.vertices.astype(np.float64), clothes)
        return Grown(none, None, 0.0, [shell], sheet)
    rng = np.random.default_rng([figure.character.seed, 0x4A1])
    grown = strands.grow(scalp, style, clothes, rng)
    if wear is not None:
        grown = wear.pressed(grown.astype(np.float64)).astype(np.float32)
    sheet = _hanging_sheet(scalp, style, grown.reshape(-1, 3).astype(np.float64), clothes)
    sway = None
    if sheet is not None:
        flat = loose.coordinates(sheet, grown.reshape(-1, 3).astype(np.float64))
        sway = flat.reshape(*grown.shape[:2], 2).astype(np.float32)
    underlay = _under(wear, hair_shell.underlay(scalp, _INNER * style.lift))
    return Grown(grown, sway, style.radius * scalp.size, [underlay], sheet)


def _under(wear: Headwear | None, shell: MeshPart) -> MeshPart:
    """A shell pressed by what is worn on the head."""
    if wear is None:
        return shell
    vertices = wear.pressed(shell.vertices.astype(np.float64)).astype(np.float32)
    return replace(shell, vertices=vertices, attributes={**shell.attributes, "rest": vertices})


def _hanging_sheet(scalp: Scalp, style: Style, points: np.ndarray, clothes: list[Surface]) -> Sheet | None:
    """The sheet that swings hair which hangs around head and neck, open at the face."""
    if not style.swings:
        return None
    size, middle = scalp.size, scalp.middle[:2]
    top = float(scalp.middle[2] + _PINNED * size)
    hanging = points[points[:, 2] < top + 0.02 * size]
    low = float(np.percentile(hanging[:, 2], 4))
    places = loose.grid(hanging, _COLUMNS, middle, top, low, style.swings)
    body = blocks.trunk(scalp.figure, [c.vertices for c in clothes])
    swing = Swing(
        name="hair",
        anchor=JOINT_INDEX["head"],
        joints=np.zeros((len(_COLUMNS), style.swings), np.int32),
        pins=places[:, 0],
        closed=False,
        pace=float(np.clip(np.sqrt(9.81 / max(top - low, 0.05)), 6.0, 11.0)),
        sag=0.85,
        lies_on=JOINT_INDEX["spine3"],
        lies=float(np.clip((top - low - 0.12) / 0.25, 0, 0.7)),
        block_joints=body.joints,
        block_ends=body.ends,
        block_radii=body.radii,
    )
    return Sheet(swing, places, _COLUMNS, middle)
