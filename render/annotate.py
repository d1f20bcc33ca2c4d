"""From a rendered scene to its annotations: joints, boxes, visibility, cameras, contacts.

Everything is computed from the posed geometry and tested against the engine's own index and depth, so
that annotations and pixels cannot disagree. Bones cover less than a body: in a pose map a point is seen where
nothing is drawn in front of it.
"""

from __future__ import annotations

import numpy as np

from render import kinematics, rotations
from render.characters.skinning import skin
from render.engines import Frames
from render.scene import Actor, Scene
from render.skeleton import JOINTS, PARENTS

SURFACE_TOLERANCE = 0.03
"""Metres that a surface vertex may lie behind the depth buffer and still be the surface seen there:
subdivision, cloth thickness and outlines move the rendered surface by less than this."""

JOINT_DEPTH = 0.15
"""Metres of flesh and cloth that may lie between the camera and a joint that counts as visible."""

MIN_BOX_VERTICES = 3
"""A box needs at least this many visible vertices: fewer is a sliver of less than a pixel."""


def clip_annotations(scene: Scene, frames: Frames) -> dict[str, np.ndarray]:
    """Annotations of one clip; T frames, K actors. Names and shapes are those of motionpair.annotations.

    Returns:
        joints3d (T, K, 55, 3) metres, world; joints2d (T, K, 55, 2) pixels; joint_visible (T, K, 55);
        hand_boxes (T, K, 2, 4) and face_boxes (T, K, 4) pixels x0, y0, x1, y1, NaN where nothing of the
        part is visible; rotations, expression and contacts of the actors' poses; the camera.
    """
    actors = scene.actors
    per_actor = [_actor_annotations(scene, frames, i, actor) for i, actor in enumerate(actors)]
    arrays = {name: np.stack([a[name] for a in per_actor], axis=1) for name in per_actor[0]}
    arrays["slots"] = np.array([a.slot for a in actors], dtype=np.uint8)
    arrays["camera_position"] = scene.camera.position.astype(np.float32)
    arrays["camera_rotation"] = scene.camera.rotation.astype(np.float32)
    arrays["camera_focal"] = scene.camera.focal.astype(np.float32)
    return arrays


def _actor_annotations(scene: Scene, frames: Frames, ordinal: int, actor: Actor) -> dict[str, np.ndarray]:
    pose, character = actor.pose, actor.character
    joints3d = pose.positions[:, : len(JOINTS)]
    joints2d, depth = scene.camera.project(joints3d)
    seen_of = _seen_past_bones if scene.render.engine == "pose_map" else _seen
    visible = seen_of(joints2d, depth, frames, ordinal, JOINT_DEPTH)
    body = character.part("body")
    sets = [*character.hand_vertices, character.face_vertices]
    points = skin(body, character.rig, pose, np.concatenate(sets))
    boxes = []
    for part in np.split(points, np.cumsum([len(s) for s in sets])[:-1], axis=1):
        pixels, part_depth = scene.camera.project(part)
        seen = seen_of(pixels, part_depth, frames, ordinal, SURFACE_TOLERANCE)
        around = _boxes(pixels, seen, scene.camera.width, scene.camera.height)
        boxes.append(_with_pixels(around, frames.index == ordinal + 1))
    return {
        "joints3d": joints3d.astype(np.float32),
        "joints2d": joints2d.astype(np.float32),
        "joint_visible": visible,
        "hand_boxes": np.stack(boxes[:2], axis=1),
        "face_boxes": boxes[2],
        "rotations": _canonical_rotations(actor).astype(np.float32),
        "expression": pose.expression.astype(np.float32),
        "contacts": pose.contacts,
    }


def _canonical_rotations(actor: Actor) -> np.ndarray:
    """(T, 55, 4) wxyz: the pose as rendered, relative to the T-pose and to the parent."""
    rig = actor.character.rig
    n = len(JOINTS)
    from_t_pose = rotations.mul(actor.pose.rotations[:, :n], rotations.inverse(rig.to_t_pose[:n]))
    return kinematics.local_rotations(from_t_pose, PARENTS)


def _seen(
    pixels: np.ndarray, depth: np.ndarray, frames: Frames, ordinal: int, tolerance: float
) -> np.ndarray:
    """Which points (T, N) are inside the picture, on the actor's own pixels, and at its visible surface."""
    inside, at = _places(pixels, depth, frames)
    return inside & (frames.index[at] == ordinal + 1) & (depth <= frames.depth[at] + tolerance)


def _seen_past_bones(
    pixels: np.ndarray, depth: np.ndarray, frames: Frames, ordinal: int, tolerance: float
) -> np.ndarray:
    """Which points (T, N) of an actor that is drawn as bones are inside the picture with no bone in front."""
    inside, at = _places(pixels, depth, frames)
    drawn = (frames.index == ordinal + 1).any(axis=(1, 2))
    return inside & drawn[:, None] & (depth <= frames.depth[at] + tolerance)


def _places(
    pixels: np.ndarray, depth: np.ndarray, frames: Frames
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Which points (T, N) are inside the picture, and the (t, row, column) of each, clipped to it."""
    t, height, width = frames.index.shape
    column = np.floor(pixels[..., 0]).astype(np.int64)
    row = np.floor(pixels[..., 1]).astype(np.int64)
    inside = (depth > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    time = np.broadcast_to(np.arange(t)[:, None], column.shape)
    return inside, (time, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1))


def _boxes(pixels: np.ndarray, seen: np.ndarray, width: int, height: int) -> np.ndarray:
    """(T, 4) float32 boxes around the seen points, grown to whole pixels; NaN where too few are seen."""
    low = np.where(seen[..., None], pixels, np.inf).min(axis=1)
    high = np.where(seen[..., None], pixels, -np.inf).max(axis=1)
    boxes = np.concatenate([np.floor(low), np.ceil(high)], axis=1)
    enough = seen.sum(axis=1) >= MIN_BOX_VERTICES
    limits = np.array([width, height, width, height], dtype=np.float64)
    return np.where(enough[:, None], np.clip(boxes, 0, limits), np.nan).astype(np.float32)


def _with_pixels(boxes: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Boxes (T, 4), NaN where they hold none of the actor's own pixels (T, H, W)."""
    kept = boxes.copy()
    for t in np.flatnonzero(~np.isnan(boxes[:, 0])):
        x0, y0, x1, y1 = boxes[t].astype(int)
        if not own[t, y0:y1, x0:x1].any():
            kept[t] = np.nan
    return kept
