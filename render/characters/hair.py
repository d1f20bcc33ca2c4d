"""Hair styles: strands for realistic looks; a shell for flat looks, and thin under strands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motionpair.errors import InputError
from render.characters import beards, blocks, hair_shell, hats, loose, strands
from render.characters.baked import MeshPart, Swing
from render.characters.figure import Figure
from render.characters.hats import Headwear
from render.characters.loose import Sheet
from render.characters.scalp import Scalp
from render.characters.surface import Surface
from render.characters.tied import ON_SCALP, Tie, bun_surface, gather, tail_surface, tie
from render.skeleton import JOINT_INDEX


@dataclass(frozen=True)
class Style:
    """How a head of hair grows. Lengths are metres, on an adult's head.

    length: at the crown. sides: as a share of it at the sides and the back. fringe: as a share over the
        forehead. strands, points: how many strands, and of how many points.
    lift: how far the hair stands off the scalp.
    fall: `stand` along the skin's normal, `lie` combed along the skin, `hang` combed and falling, `curl`
        hanging in wound locks, `ponytail` or `bun` combed to a tie.
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
    "curly": Style(0.30, 1.0, 1.0, 4800, 26, 0.034, "curl", 0.0085, 0.075, -0.030, 0.0005, 1),
    "bob": Style(0.40, 1.0, 1.0, 4200, 12, 0.016, "hang", 0.0, 0.105, -0.026, 0.0006, 2),
    "long": Style(0.75, 1.0, 1.0, 4200, 16, 0.016, "hang", 0.002, 0.33, None, 0.0006, 5),
    "ponytail": Style(0.30, 1.0, 1.0, 3600, 24, 0.013, "ponytail", 0.0, 0.0, None, 0.0006, 4),
    "bun": Style(0.30, 1.0, 1.0, 3400, 26, 0.013, "bun", 0.0, 0.0, None, 0.0006),
}
"""Hair style to how it grows; `bald` has none."""

BALD = "bald"
_TIED = ("ponytail", "bun")
_SHORTEST = 5  # points of a strand of beard on a bald head
_BACK = {"ponytail": 0.011, "bun": 0.011}
"""Metres by which the shell under strands stays behind the hairline, where strands alone make a soft edge."""
_INNER = 0.25  # of the hair's depth: the shell under strands
_COLUMNS = np.linspace(62.0, 298.0, 12)  # bearings of a hanging sheet's columns: from temple to temple
_PINNED = -0.012  # metres above the head's middle, where hanging hair leaves the head


@dataclass(frozen=True)
class Grown:
    """A figure's hair in bind pose.

    strands: (S, P, 3) float32 metres. sway, roots: `BakedCharacter`'s sway and strand_roots. radius: metres,
        of a strand at its root. parts: shells. sheet: what swings, or None.
    """

    strands: np.ndarray
    sway: np.ndarray | None
    roots: np.ndarray | None
    radius: float
    parts: list[MeshPart]
    sheet: Sheet | None


def grow(figure: Figure, skin: MeshPart, clothes: list[Surface]) -> Grown:
    """A figure's hair and beard.

    Args:
        figure: the character, placed on the ground. skin: its part `body`.
        clothes: garments in bind pose that hair must lie upon.

    Returns:
        Its hair. Flat looks have full shells and no strands; a bald and shaven head has neither.
    """
    name = figure.character.hair.style
    if name not in STYLES and name != BALD:
        raise InputError(f"hair.style: unknown style {name}; accepted: {BALD}, {', '.join(STYLES)}")
    flat = figure.character.look == "animation_2d"
    style = STYLES.get(name)
    if style is None:
        hair = Grown(np.zeros((0, _SHORTEST, 3), np.float32), None, None, 0.0005, [], None)
    else:
        scalp = Scalp(figure)
        hair = _flat(scalp, style, clothes) if flat else _strands(scalp, style, clothes)
    if flat:
        beard_shell = beards.shell(figure)
        return replace(hair, parts=[*hair.parts, *([] if beard_shell is None else [beard_shell])])
    beard = beards.grow(figure, skin, hair.strands.shape[1])
    if beard is None:
        return hair
    count, points = hair.strands.shape[:2]
    roots = np.concatenate([np.full(count, -1, np.int32), beard.roots])
    sway = hair.sway
    if sway is not None:
        sway = np.concatenate([sway, np.zeros((len(beard.strands), points, 2), np.float32)])
    return replace(hair, strands=np.concatenate([hair.strands, beard.strands]), sway=sway, roots=roots)


def _flat(scalp: Scalp, style: Style, clothes: list[Surface]) -> Grown:
    """A style as a shell."""
    wear = hats.worn(scalp)
    shell = _under(wear, hair_shell.silhouette(scalp, style))
    none = np.zeros((0, style.points, 3), np.float32)
    if style.fall in _TIED:
        tied = tie(scalp, style.fall, clothes)
        knot = (tail_surface if style.fall == "ponytail" else bun_surface)(scalp, tied, 1.05)
        return Grown(none, None, None, 0.0, [shell, _knot(scalp, knot)], _tail_sheet(tied))
    sheet = _hanging_sheet(scalp, style, shell.vertices.astype(np.float64), clothes)
    return Grown(none, None, None, 0.0, [shell], sheet)


def _strands(scalp: Scalp, style: Style, clothes: list[Surface]) -> Grown:
    """A style as strands over a thin shell."""
    wear = hats.worn(scalp)
    rng = np.random.default_rng([scalp.figure.character.seed, 0x4A1])
    shells = [_under(wear, hair_shell.underlay(scalp, _INNER * style.lift, _BACK.get(style.fall, 0.0)))]
    sheet = None
    if style.fall in _TIED:
        tied = tie(scalp, style.fall, clothes)
        grown = gather(scalp, style.strands, style.points, style.lift, tied, rng)
        knot = (tail_surface if style.fall == "ponytail" else bun_surface)(scalp, tied, 0.6)
        shells.append(_knot(scalp, knot))
        sheet = _tail_sheet(tied)
        if wear is not None:
            grown[:, :ON_SCALP] = wear.pressed(grown[:, :ON_SCALP].astype(np.float64))
        else:
            grown = np.concatenate([grown, strands.wisps(scalp, style, clothes, rng)])
        grown = grown.astype(np.float32)
    else:
        make = strands.grow_locks if style.fall == "curl" else strands.grow
        grown = make(scalp, style, clothes, rng)
        if wear is not None:
            grown = wear.pressed(grown.astype(np.float64)).astype(np.float32)
        sheet = _hanging_sheet(scalp, style, grown.reshape(-1, 3).astype(np.float64), clothes)
    sway = None
    if sheet is not None:
        where = loose.coordinates(sheet, grown.reshape(-1, 3).astype(np.float64))
        sway = where.reshape(*grown.shape[:2], 2).astype(np.float32)
        # A strand keeps to the column that it ends in.
        sway[..., 0] = sway[:, -1:, 0]
        if style.fall in _TIED:
            sway[:, :ON_SCALP] = 0
            sway[style.strands :] = 0
    return Grown(grown, sway, None, style.radius * scalp.size, shells, sheet)


def _knot(scalp: Scalp, surface: Surface) -> MeshPart:
    """A tail or a bun as a part of its own."""
    return replace(hair_shell.part(scalp, surface), name="knot")


def _tail_sheet(tied: Tie) -> Sheet | None:
    """The chain that swings a tail; a bun is rigid."""
    if tied.line is None:
        return None
    chain = tied.chain
    swing = Swing(
        name="tail",
        anchor=JOINT_INDEX["head"],
        joints=np.zeros((1, len(chain) - 1), np.int32),
        pins=chain[None, 0],
        closed=False,
        pace=7.5,
        sag=0.8,
        lies_on=JOINT_INDEX["spine3"],
        lies=0.0,
        block_joints=tied.body.joints,
        block_ends=tied.body.ends,
        block_radii=tied.body.radii,
    )
    return Sheet(swing, chain[None], np.zeros(1), chain[0, :2])


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
