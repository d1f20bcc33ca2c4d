"""A coarse depth buffer of posed bodies, by splatting skinned vertices: which body is in front of which.

No OpenGL: a few thousand points of each body are skinned, and each is drawn as a square as large as its
neighbours are apart; far ones first, so that near ones cover them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from render.characters.baked import MeshPart
from render.characters.skinning import skin
from render.scene import Actor, CameraTrack

POINTS = 2400
"""Points that stand for a body's surface."""
_ROLES = ("skin", "cloth", "shoe", "hair")
_LOOSE = 1.25
"""Spacing of points against that of a perfect grid."""
_LARGEST = 4
"""Pixels from the middle of a square to its side, at most."""


def depth_buffer(
    actors: Sequence[Actor], camera: CameraTrack, height: int = 96
) -> tuple[np.ndarray, np.ndarray]:
    """Depth and owner of what the camera sees of posed bodies.

    Args:
        actors: the clip's, in order; at most 254.
        camera: T frames; its picture's shape gives the buffer's width.
        height: rows of the buffer.

    Returns:
        depth (T, h, w) float32 metres along the viewing axis, inf where nobody is; index (T, h, w) uint8,
        0 nobody, i + 1 the i-th actor.
    """
    frames = len(camera.position)
    width = max(round(height * camera.width / camera.height), 1)
    scale = height / camera.height
    columns, rows, depths, radii, owners = [], [], [], [], []
    for i, actor in enumerate(actors):
        points, spacing = _surface(actor)
        pixels, depth = camera.project(points)
        near = np.maximum(depth, 1e-3)
        radii.append(0.5 * spacing * scale * camera.focal[:, None] / near)
        columns.append(pixels[..., 0] * scale)
        rows.append(pixels[..., 1] * scale)
        depths.append(depth)
        owners.append(np.full(points.shape[1], i + 1, np.uint8))
    out = np.full((frames, height, width), np.inf, np.float32)
    index = np.zeros((frames, height, width), np.uint8)
    if not actors:
        return out, index
    column, row, depth, radius = (np.concatenate(v, axis=1) for v in (columns, rows, depths, radii))
    owner = np.concatenate(owners)
    for t in range(frames):
        _splat(out[t], index[t], column[t], row[t], depth[t].astype(np.float32), radius[t], owner)
    return out, index


def _splat(
    depth: np.ndarray,
    index: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    z: np.ndarray,
    radius: np.ndarray,
    owner: np.ndarray,
) -> None:
    """Draw one frame's points into a depth and an index buffer, far ones first."""
    height, width = depth.shape
    # Rounded down rather than up: the outline grows by less than a pixel, and what shows through is behind.
    reach = np.minimum(np.floor(radius + 0.4), _LARGEST)
    seen = (z > 0.05) & (column > -reach) & (column < width + reach) & (row > -reach) & (row < height + reach)
    order = np.flatnonzero(seen)
    order = order[np.argsort(-z[order], kind="stable")]
    c, r = np.floor(column[order]).astype(np.int64), np.floor(row[order]).astype(np.int64)
    z, reach, owner = z[order], reach[order].astype(np.int64), owner[order]
    flat_depth, flat_index = depth.reshape(-1), index.reshape(-1)
    most = int(reach.max(initial=0))
    # Every offset of a square in turn; a nearer point drawn at an earlier offset stays.
    for dr in range(-most, most + 1):
        for dc in range(-most, most + 1):
            mine = reach >= max(abs(dr), abs(dc))
            at_r, at_c = r + dr, c + dc
            mine &= (at_r >= 0) & (at_r < height) & (at_c >= 0) & (at_c < width)
            at = at_r[mine] * width + at_c[mine]
            near = z[mine]
            better = near < flat_depth[at]
            at, near = at[better], near[better]
            # The last of several values for one place is kept: the nearest.
            flat_depth[at] = near
            flat_index[at] = owner[mine][better]


def _surface(actor: Actor) -> tuple[np.ndarray, np.ndarray]:
    """(T, N, 3) metres, world: points of a body; and (N,) about how far each is from its neighbours."""
    character = actor.character
    parts = [part for part in character.parts if part.role in _ROLES and len(part.vertices)]
    areas = [_areas(part) for part in parts]
    share = max(sum(float(area.sum()) for area in areas) / POINTS, 1e-9)
    points, spacing = [], []
    for part, area in zip(parts, areas, strict=True):
        # Even steps of area in the order of vertices: fewer points where the mesh is fine.
        reached = np.cumsum(area)
        steps = np.arange(0.5 * share, reached[-1], share)
        chosen = np.unique(np.minimum(np.searchsorted(reached, steps), len(area) - 1))
        points.append(skin(part, character.rig, actor.pose, chosen))
        spacing.append(_LOOSE * np.sqrt(np.maximum(area[chosen], share)))
    return np.concatenate(points, axis=1), np.concatenate(spacing)


def _areas(part: MeshPart) -> np.ndarray:
    """(V,) square metres of the surface around each vertex, bind pose; even where there are no faces."""
    if not len(part.faces):
        return np.full(len(part.vertices), 1e-3)
    corners = np.where(part.faces < 0, part.faces[:, :1], part.faces)
    a, b, c, d = (part.vertices[corners[:, k]].astype(float) for k in range(4))
    # Half the cross product of the diagonals; a triangle's last corner is its first again.
    area = 0.5 * np.linalg.norm(np.cross(c - a, d - b), axis=1)
    out = np.zeros(len(part.vertices))
    for k in range(4):
        out += np.bincount(corners[:, k], weights=area / 4, minlength=len(out))
    return out
