"""How large a camera's picture shows hands, told from geometry alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from render.scene import CameraTrack

LONG_SIDE = 448
"""Pixels of the longer side of the picture that hand sizes are told for."""


def hand_side(camera: CameraTrack, hands: Sequence[np.ndarray]) -> float:
    """How large the larger hand is seen, in half of the frames or more.

    A hand covers the box around its points that are inside the picture; what hides it does not count here.

    Args:
        camera: the clip's.
        hands: of each hand, points (T, N, 3) on its skin, metres, world.

    Returns:
        The median over frames of the shorter side of the larger box, in pixels of a picture whose longer
        side is LONG_SIDE.
    """
    sides = [_box_sides(camera, points) for points in hands]
    return float(np.median(np.max(sides, axis=0))) * LONG_SIDE / max(camera.width, camera.height)


def _box_sides(camera: CameraTrack, points: np.ndarray) -> np.ndarray:
    """(T,) pixels: the shorter side of the box around the points inside the picture, 0 without any."""
    pixels, depth = camera.project(points)
    inside = ((pixels >= 0) & (pixels <= (camera.width, camera.height))).all(axis=-1) & (depth > 0)
    low = np.where(inside[..., None], pixels, np.inf).min(axis=1)
    high = np.where(inside[..., None], pixels, -np.inf).max(axis=1)
    return np.maximum(high - low, 0.0).min(axis=-1)
