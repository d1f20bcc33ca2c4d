"""What hangs loose: sheets of joints in skirts, hems and hair, and the weights that bind vertices to them.

A sheet is a grid of joints: columns around the body, rows down from a pinned edge. Vertices follow the four
joints around them, bilinearly, so that the grid's places carry the cloth exactly; above the pinned edge they
keep the weights of the body. `render.secondary` moves the grid.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from render.characters.baked import MeshPart, Rig, Swing
from render.characters.body import weight_rows

_NEAREST = 12  # points of the cloth whose mean is a joint's place


@dataclass(frozen=True)
class Sheet:
    """A sheet before its joints are in a rig.

    swing: all but its joints, which count from 0. places: (C, N + 1, 3) metres, bind pose, the pins first.
    azimuth: (C,) degrees, increasing, of the columns about the vertical through `middle` (2,); 0 is ahead,
        90 the body's left. Where only one column is, all points are on it.
    """

    swing: Swing
    places: np.ndarray
    azimuth: np.ndarray
    middle: np.ndarray


def bearing(points: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """(N,) degrees in [0, 360) of points about the vertical through `middle`; 0 ahead, 90 left."""
    return np.degrees(np.arctan2(points[:, 0] - middle[0], middle[1] - points[:, 1])) % 360


def grid(
    points: np.ndarray,
    azimuth: np.ndarray,
    middle: np.ndarray,
    top: float,
    low: float,
    rows: int,
) -> np.ndarray:
    """(C, rows + 1, 3) places on a cloth that hangs around `middle`, from height `top` down to `low`."""
    angle, height = bearing(points, middle), points[:, 2]
    radius = np.hypot(*(points[:, :2] - middle).T)
    scale = np.radians(1.0) * float(np.median(radius))
    known = cKDTree(
        np.concatenate([np.stack([(angle + turn) * scale, height], axis=1) for turn in (-360, 0, 360)])
    )
    levels = np.tile(np.linspace(top, low, rows + 1), (len(azimuth), 1))
    around = np.repeat(azimuth[:, None], rows + 1, axis=1)
    wanted = np.stack([around.ravel() % 360 * scale, levels.ravel()], axis=1)
    _, nearest = known.query(wanted, k=min(_NEAREST, len(points)))
    r = radius[nearest % len(points)].mean(axis=1).reshape(around.shape)
    turned = np.radians(around)
    return np.stack([middle[0] + r * np.sin(turned), middle[1] - r * np.cos(turned), levels], axis=-1)


def coordinates(sheet: Sheet, points: np.ndarray) -> np.ndarray:
    """(N, 2) column and row of points (N, 3), bind pose; row 0 at the pinned edge and above it."""
    columns = len(sheet.places)
    if columns == 1:
        return np.stack([np.zeros(len(points)), _along(sheet.places[0], points)], axis=1)
    steps = np.arange(columns, dtype=float)
    azimuth, angle = sheet.azimuth, bearing(points, sheet.middle)
    if sheet.swing.closed:
        azimuth, steps = np.append(azimuth, azimuth[0] + 360), np.append(steps, columns)
        angle = np.where(angle < azimuth[0], angle + 360, angle)
    else:  # the gap is split between the two edges
        gap = azimuth[0] + 360 - azimuth[-1]
        angle = np.where(angle < azimuth[0] - gap / 2, angle + 360, angle)
        angle = np.where(angle > azimuth[-1] + gap / 2, angle - 360, angle)
    column = np.interp(angle, azimuth, steps)
    first = np.floor(column).astype(int)
    share = (column - first)[:, None]
    heights = sheet.places[:, :, 2]
    own = (1 - share) * heights[first % columns] + share * heights[
        (first + 1) % columns if sheet.swing.closed else np.minimum(first + 1, columns - 1)
    ]
    # Heights fall from row to row; between them the row grows evenly.
    down = np.clip((own[:, :-1] - points[:, 2, None]) / np.maximum(own[:, :-1] - own[:, 1:], 1e-6), 0, 1)
    return np.stack([column % columns, down.sum(axis=1)], axis=1)


def _along(chain: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) place of points along a chain (K, 3), in links, nearest link first."""
    best, at = np.full(len(points), np.inf), np.zeros(len(points))
    for k, (a, b) in enumerate(itertools.pairwise(chain)):
        t = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        distance = np.linalg.norm(points - a - t[:, None] * (b - a), axis=1)
        nearer = distance < best
        best[nearer], at[nearer] = distance[nearer], (k + t)[nearer]
    return at


def shares(swing: Swing, sway: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How points follow a sheet: rig joints (..., 4) and their weights (..., 4).

    Args:
        swing: the sheet.
        sway: (..., 2) column and row.

    Weights sum to 1 below the first row; above it the rest of 1 belongs to what carries the pinned edge.
    """
    columns, rows = swing.joints.shape
    first = np.floor(sway[..., 0]).astype(int)
    across = sway[..., 0] - first
    left = first % columns
    right = (left + 1) % columns if swing.closed else np.minimum(left + 1, columns - 1)
    above = np.clip(np.floor(sway[..., 1]).astype(int), 0, rows - 1)
    down = np.clip(sway[..., 1] - above, 0, 1)
    joints = np.stack(
        [swing.joints[c, np.maximum(above + r, 1) - 1] for r in (0, 1) for c in (left, right)], axis=-1
    )
    high = (1 - down) * (above > 0)  # row 0 is the pinned edge, which is no joint
    weights = np.stack([(1 - across) * high, across * high, (1 - across) * down, across * down], axis=-1)
    return joints, weights


def add_sheets(rig: Rig, sheets: Sequence[Sheet]) -> tuple[Rig, list[Sheet]]:
    """The rig with the sheets' joints behind its own, and the sheets with their joints' places in it."""
    names, parents, heads = list(rig.names), [rig.parents], [rig.heads]
    turns, twist_of, swings = [rig.to_t_pose], dict(rig.twist_of), []
    for sheet in sheets:
        swing = sheet.swing
        columns, rows = swing.joints.shape
        joints = len(names) + np.arange(columns * rows, dtype=np.int32).reshape(columns, rows)
        new = [f"{swing.name}_{c + 1}_{r + 1}" for c in range(columns) for r in range(rows)]
        names += new
        parents.append(np.full(len(new), swing.anchor, np.int32))
        heads.append(sheet.places[:, 1:].reshape(-1, 3))
        turns.append(np.repeat(rig.to_t_pose[swing.anchor][None], len(new), axis=0))
        twist_of |= dict.fromkeys(new, (rig.names[swing.anchor], 0.0))
        swings.append(replace(swing, joints=joints))
    places = np.concatenate(heads)
    tails = np.concatenate([rig.tails, places[len(rig.names) :] - (0, 0, 0.05)])
    grown = Rig(
        names=tuple(names),
        parents=np.concatenate(parents),
        heads=places,
        tails=tails,
        to_t_pose=np.concatenate(turns),
        twist_of=twist_of,
        swings=(*rig.swings, *swings),
    )
    return grown, [replace(sheet, swing=swing) for sheet, swing in zip(sheets, swings, strict=True)]


def bound(part: MeshPart, sheet: Sheet, joints: int, free: np.ndarray | None = None) -> MeshPart:
    """The part hung on a sheet that is in a rig of `joints` joints, from its pinned edge down.

    free: (V,) in [0, 1], how far each vertex may hang; a sleeve beside the hips may not. None: all may.
    """
    sway = coordinates(sheet, part.vertices.astype(np.float64))
    hung, weights = shares(sheet.swing, sway)
    if free is not None:
        weights = weights * free[:, None]
    dense = np.zeros((len(part.vertices), joints))
    rows = np.arange(len(dense))[:, None]
    np.add.at(dense, (rows, part.bones), part.weights.astype(np.float64))
    # Above the first row part of the weight stays where it was, with other joints than the anchor first.
    kept = 1 - weights.sum(axis=1)
    dense[:, sheet.swing.anchor] = np.maximum(dense[:, sheet.swing.anchor] - (1 - kept), 0)
    dense *= (kept / np.maximum(dense.sum(axis=1), 1e-9))[:, None]
    np.add.at(dense, (rows, hung), weights)
    bones, rounded = weight_rows(dense)
    return replace(part, bones=bones, weights=rounded)


def alike(part: MeshPart, other: MeshPart, low: float, reach: float) -> MeshPart:
    """The part moving as another does that it lies on, below the height `low`, where it is within `reach`."""
    points = part.vertices.astype(np.float64)
    distance, nearest = cKDTree(other.vertices).query(points, k=4)
    share = np.clip((low - points[:, 2]) / 0.03 + 0.5, 0, 1) * np.clip(2 - distance[:, 0] / reach, 0, 1)
    rows = np.arange(len(points))[:, None]
    joints = 1 + int(max(part.bones.max(), other.bones.max()))
    dense = np.zeros((len(points), joints))
    np.add.at(dense, (rows, part.bones), (1 - share)[:, None] * part.weights)
    close = 1 / (distance + 0.003)
    close *= (share / close.sum(axis=1))[:, None]
    for k in range(close.shape[1]):
        np.add.at(dense, (rows, other.bones[nearest[:, k]]), close[:, k, None] * other.weights[nearest[:, k]])
    bones, weights = weight_rows(dense)
    return replace(part, bones=bones, weights=weights)
