"""Hair as a surface: a thin layer under strands, or the whole silhouette of a style for flat looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.characters.baked import MeshPart
from render.characters.scalp import HEAD_RADIUS, Scalp
from render.characters.surface import Surface
from render.skeleton import FACE_UNITS, JOINT_INDEX

if TYPE_CHECKING:
    from render.characters.hair import Style

_COLUMNS = 96  # around the head
_OUTER, _INNER = 18, 4  # rows on the outside, and back up the inside
_JAGGED = {"hang": 9.0, "lie": 9.0, "curl": 7.0, "ponytail": 9.0, "bun": 9.0}
"""Degrees by which locks reach below the edge."""
_FRAME = 0.045  # metres below the eyes where locks end that frame the face
_LOCKS = 13  # pointed locks around the lower edge


def underlay(scalp: Scalp, depth: float, back: float = 0.0) -> MeshPart:
    """A layer `depth` metres above the scalp, thin at its edge, so that no skin shines through.

    The edge is the hairline, or `back` metres behind it.
    """
    hairy = scalp.hairy
    if back > 0:
        values = hairy.values - back * scalp.size
        hairy = Surface(hairy.vertices, hairy.faces, values).clip(values[:, 0])
    share = np.clip(hairy.values[:, 0] / (0.02 * scalp.size), 0, 1)
    vertices = hairy.vertices + hairy.normals() * (0.001 + depth * scalp.size * share)[:, None]
    return part(scalp, hairy.moved(vertices))


def silhouette(scalp: Scalp, style: Style) -> MeshPart:
    """The whole style as one closed-edged surface: columns from the crown down, then back up inside."""
    middle = scalp.middle
    azimuth = np.linspace(-180, 180, _COLUMNS, endpoint=False)
    eyes = float(scalp.figure.eyes[:, 2].mean())
    columns = [_column(scalp, style, float(a), _lock(float(a)), eyes) for a in azimuth]
    grid = np.array(columns)  # (columns, rows, 3) relative to the middle
    crown = grid[:, 0].mean(axis=0)[None]
    rows = grid.shape[1]
    vertices = middle + np.concatenate([grid.transpose(1, 0, 2).reshape(-1, 3), crown])
    k = np.arange(_COLUMNS)
    following = (k + 1) % _COLUMNS
    faces = [np.stack([np.full(_COLUMNS, rows * _COLUMNS), k, following, np.full(_COLUMNS, -1)], axis=1)]
    for row in range(rows - 1):
        a0, b0 = row * _COLUMNS, (row + 1) * _COLUMNS
        faces.append(np.stack([a0 + k, b0 + k, b0 + following, a0 + following], axis=1))
    return part(scalp, Surface(vertices, np.concatenate(faces), np.zeros((len(vertices), 1))))


def _lock(azimuth: float) -> float:
    """0 between two locks to 1 at a lock's tip."""
    phase = (azimuth / 360 * _LOCKS) % 1.0
    return 1 - abs(2 * phase - 1)


def _column(scalp: Scalp, style: Style, azimuth: float, lock: float, eyes: float) -> np.ndarray:
    """(rows, 3) relative to the head's middle: one meridian, outside down and inside back up."""
    size = scalp.size
    line = float(scalp.hairline(np.array([azimuth]))[0])
    turned = np.radians(azimuth)
    ahead = np.array([np.sin(turned), -np.cos(turned)])
    hanging, tied = style.fall in ("hang", "curl"), style.fall in ("ponytail", "bun")
    # The face stays open between the temples; behind them hanging hair falls. Of tied hair a lock frames it.
    behind = float(np.clip((abs(azimuth) - 50) / 10, 0, 1)) if hanging else 0.0
    if tied:
        behind = float(np.clip(1.4 - abs(abs(azimuth) - 61) / 6, 0, 1))
        fringe = 15.0 if abs(azimuth) < 58 else line
    elif hanging:
        fringe = 16.0 if style.fringe_cut is not None else 27.0
    else:
        fringe = line - (6 if style.fall == "lie" else 0)
    low = (1 - behind) * (max(min(line, fringe), -42) if hanging else fringe) + behind * (8 if tied else -4)
    jagged = 0.0 if tied and abs(azimuth) > 70 else _JAGGED.get(style.fall, 0.0)
    low -= jagged * lock * (1 - 0.5 * behind)
    elevation = np.linspace(87, low, 40)
    r = scalp.skull(np.full(40, azimuth), elevation)
    edge = np.clip((elevation - low) / 35, 0, 1)
    if style.fall == "stand":
        depth = (
            style.lift * (0.25 + 0.75 * np.sqrt(edge))
            if style.lift > 0.01
            else style.lift * (0.4 + 0.6 * edge)
        )
    elif tied:
        front = float(np.clip((70 - abs(azimuth)) / 12, 0, 1))
        depth = 0.006 + 0.007 * np.sqrt(edge) + 0.006 * front + 0.0025 * (lock - 0.5) * edge
    elif style.fall == "curl":
        lumps = np.abs(np.sin(np.radians(4.5 * azimuth) + 1.3 * np.sin(elevation / 13)))
        depth = 0.020 + 0.018 * edge + 0.011 * lumps * np.abs(np.cos(elevation / 9))
    else:
        depth = 0.012 + 0.016 * edge + 0.004 * lock
    r = r + depth * size
    rows = np.column_stack(
        [np.outer(r * np.cos(np.radians(elevation)), ahead), r * np.sin(np.radians(elevation))]
    )
    if behind > 0:
        cut = _FRAME if tied else style.cut
        end = (eyes - (cut + 0.03 * lock) * size) - scalp.middle[2]
        fall = np.linspace(0, 1, 20)[1:, None]
        bottom = rows[-1] * np.array([0.94, 0.94, 0.0]) + np.array(
            [0, 0, rows[-1, 2] * (1 - behind) + behind * end]
        )
        swing = np.sin(np.pi * fall) * 0.012 * size * np.array([*ahead, 0.0])
        rows = np.concatenate([rows, rows[-1] + fall * (bottom - rows[-1]) + swing])
    outside = _even(rows, _OUTER)
    # Back inside: a lip of hair's thickness, so that the edge is not paper.
    tail = outside[-1] - outside[-2]
    inward = np.array([*(-ahead), 0.0]) * 0.010 * size
    inside = [outside[-1] + inward * 0.6 + 0.15 * tail]
    inside += [outside[-1 - k] + inward for k in range(1, _INNER)]
    return np.concatenate([outside, np.array(inside)])


def _even(line: np.ndarray, count: int) -> np.ndarray:
    """A polyline's points at `count` equal steps of its length."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, line[:, k]) for k in range(3)], axis=1)


def part(scalp: Scalp, surface: Surface) -> MeshPart:
    """A surface of hair as a part that moves with the head."""
    count = len(surface.vertices)
    bones, weights = np.zeros((count, 8), np.uint8), np.zeros((count, 8), np.float32)
    bones[:, 0], weights[:, 0] = JOINT_INDEX["head"], 1
    azimuth, elevation = scalp.angles(surface.vertices)
    across = np.radians(np.stack([azimuth, elevation], axis=1)) * HEAD_RADIUS * scalp.size
    vertices = surface.vertices.astype(np.float32)
    return MeshPart(
        name="hair",
        role="hair",
        vertices=vertices,
        faces=surface.faces.astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=np.zeros(0, np.int32),
        unit_deltas=np.zeros((len(FACE_UNITS), 0, 3), np.float16),
        attributes={"rest": vertices, "strand_uv": across.astype(np.float32)},
    )
