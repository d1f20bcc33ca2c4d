"""A driving clip of bones, drawn anew with longer and shorter ones: its arrays as they are then.

Drawing needs an engine (`render.engines.pose_maps.redraw`); the arrays follow from what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from motionpair import skeletons
from motionpair.augmentation import apply_to_boxes
from motionpair.specs import PLAIN

_HEAD, _LEFT_WRIST, _RIGHT_WRIST = 15, 20, 21
_NEAREST = 1e-6
"""Metres before the camera; what is behind it has no place in the picture."""


def redrawn_arrays(
    arrays: Mapping[str, np.ndarray], skeleton: Mapping[str, float], width: int, height: int
) -> dict[str, np.ndarray]:
    """A clip's annotations with bones of other lengths: `joints3d`, `joints2d`, `joint_visible` (also inside
    the picture still), `hand_boxes` and `face_boxes`; all others as they were.

    Hands and heads are scaled as wholes (`skeletons.scaled`). So a box moves with its wrist or head joint and
    grows by the part's factor and by how much nearer the joint has come: true but for perspective within the
    part.

    Args:
        arrays: by the names of `annotations.ARRAYS`, without the clip's.
        skeleton: factors by part, as of `skeletons.scaled`.
        width, height: pixels of the picture.
    """
    moved = dict(arrays)
    moved["joints3d"] = skeletons.scaled(arrays["joints3d"], skeleton)
    before, depth_before = _projected(arrays["joints3d"], arrays, width, height)
    after, depth = _projected(moved["joints3d"], arrays, width, height)
    inside = ((after >= 0) & (after < (width, height))).all(axis=-1) & (depth > _NEAREST)
    moved["joints2d"] = after.astype(np.float32)
    moved["joint_visible"] = arrays["joint_visible"] & inside
    nearer = depth_before / np.maximum(depth, _NEAREST)

    def follow(boxes: np.ndarray, joint: int, part: str) -> np.ndarray:
        corners = boxes.astype(np.float64).reshape(*boxes.shape[:-1], 2, 2)
        factor = (skeleton.get(part, 1.0) * nearer[:, :, joint])[..., None, None]
        grown = after[:, :, None, joint] + (corners - before[:, :, None, joint]) * factor
        clipped = apply_to_boxes(grown.reshape(boxes.shape), PLAIN.window, (width, height))
        return np.ascontiguousarray(clipped, np.float32)

    hands = arrays["hand_boxes"]
    moved["hand_boxes"] = np.stack(
        [follow(hands[:, :, side], joint, "hands") for side, joint in enumerate((_LEFT_WRIST, _RIGHT_WRIST))],
        axis=2,
    )
    moved["face_boxes"] = follow(arrays["face_boxes"], _HEAD, "head")
    return moved


def _projected(
    joints3d: np.ndarray, arrays: Mapping[str, np.ndarray], width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Joints in the clip's picture, (T, K, 55, 2) pixels, and their depth, (T, K, 55) metres."""
    position, rotation, focal = (
        arrays[f"camera_{name}"].astype(np.float64) for name in ("position", "rotation", "focal")
    )
    offset = joints3d.astype(np.float64) - position[:, None, None]
    # sums, not a matrix product, whose rounding depends on where arrays lie
    x, y, z = (sum(offset[..., c] * rotation[:, None, None, c, axis] for c in range(3)) for axis in range(3))
    depth = -np.asarray(z)  # the camera looks along its −Z
    scale = focal[:, None, None] / np.maximum(depth, _NEAREST)
    return np.stack([width / 2 + x * scale, height / 2 - y * scale], axis=-1), depth
