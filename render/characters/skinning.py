"""Linear blend skinning in numpy: where a part's vertices are in every frame, expression included."""

from __future__ import annotations

import numpy as np

from render.characters.baked import MeshPart, Rig
from render.scene import Pose


def skin(
    part: MeshPart,
    rig: Rig,
    pose: Pose,
    vertices: np.ndarray | None = None,
    frames: np.ndarray | slice | None = None,
) -> np.ndarray:
    """World places of a part's vertices over time.

    Args:
        part: the mesh, in bind pose.
        rig: its rig; rest places of the joints.
        pose: the rig over T frames, and the face units.
        vertices: (N,) indices of the vertices wanted; all by default.
        frames: indices or a slice of the frames wanted; all by default.

    Returns:
        (T, N, 3) float32 metres, world.
    """
    chosen = np.arange(len(part.vertices)) if vertices is None else np.asarray(vertices)
    wanted = slice(None) if frames is None else frames
    transforms = joint_transforms(rig, pose.rotations[wanted], pose.positions[wanted])
    points = _expressed(part, pose.expression[wanted], chosen)
    weights, bones = part.weights[chosen], part.bones[chosen]
    dense = np.zeros((len(chosen), transforms.shape[1]), np.float32)
    np.add.at(dense, (np.arange(len(chosen))[:, None], bones), weights)
    out = np.empty((len(transforms), len(chosen), 3), np.float32)
    for t, joints in enumerate(transforms):
        blended = (dense @ joints.reshape(len(joints), 12)).reshape(-1, 3, 4)
        p = points[t] if len(points) > 1 else points[0]
        out[t] = np.einsum("nij,nj->ni", blended[:, :, :3], p) + blended[:, :, 3]
    return out


def joint_transforms(rig: Rig, rotations: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(T, R, 3, 4) float32: bind pose to world, from rotations (T, R, 4) wxyz and positions (T, R, 3)."""
    w, x, y, z = np.moveaxis(np.asarray(rotations, np.float64), -1, 0)
    turns = np.empty((*w.shape, 3, 3))
    turns[..., 0, 0] = 1 - 2 * (y * y + z * z)
    turns[..., 0, 1] = 2 * (x * y - w * z)
    turns[..., 0, 2] = 2 * (x * z + w * y)
    turns[..., 1, 0] = 2 * (x * y + w * z)
    turns[..., 1, 1] = 1 - 2 * (x * x + z * z)
    turns[..., 1, 2] = 2 * (y * z - w * x)
    turns[..., 2, 0] = 2 * (x * z - w * y)
    turns[..., 2, 1] = 2 * (y * z + w * x)
    turns[..., 2, 2] = 1 - 2 * (x * x + y * y)
    moves = positions - np.einsum("trij,rj->tri", turns, rig.heads)
    return np.concatenate([turns, moves[..., None]], axis=-1).astype(np.float32)


def _expressed(part: MeshPart, expression: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(T or 1, N, 3) bind-pose points with the face units applied."""
    base = part.vertices[chosen].astype(np.float32)[None]
    place = np.full(len(part.vertices), -1)
    place[part.unit_vertices] = np.arange(len(part.unit_vertices))
    moved = np.flatnonzero(place[chosen] >= 0)
    used = np.flatnonzero(np.abs(expression).max(axis=0, initial=0) > 0)
    if not len(moved) or not len(used):
        return base
    deltas = part.unit_deltas[used][:, place[chosen[moved]]].astype(np.float32)
    shift = expression[:, used].astype(np.float32) @ deltas.reshape(len(used), -1)
    points = np.repeat(base, len(expression), axis=0)
    points[:, moved] += shift.reshape(len(expression), len(moved), 3)
    return points
