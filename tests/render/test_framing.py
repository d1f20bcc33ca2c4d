"""Hand sizes, against what a pinhole camera shows of known points."""

import numpy as np
import pytest

from render.framing import hand_side
from render.scene import CameraTrack

FRAMES = 4
CAMERA = CameraTrack(
    np.zeros((FRAMES, 3)), np.tile(np.eye(3), (FRAMES, 1, 1)), np.full(FRAMES, 400.0), 256, 448
)
"""Looks along −Z: a point (x, y, −1) is at the pixel (128 + 400 x, 224 − 400 y)."""


def square(side: float, at: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """(T, 4, 3) the corners of a square of `side` pixels around the pixel offset `at`, 1 m away."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * side / 2 + at
    points = np.concatenate([corners / 400, np.full((4, 1), -1.0)], axis=1)
    return np.repeat(points[None], FRAMES, axis=0)


def test_a_hand_is_as_large_as_the_shorter_side_of_its_box() -> None:
    wide = square(40) * (1.5, 1, 1)
    assert hand_side(CAMERA, [square(20), wide]) == pytest.approx(40)


def test_hand_sizes_are_told_for_a_picture_of_one_size() -> None:
    large = CameraTrack(CAMERA.position, CAMERA.rotation, CAMERA.focal * 2, 512, 896)
    assert hand_side(large, [square(30)]) == pytest.approx(hand_side(CAMERA, [square(30)]))


def test_a_hand_outside_or_in_few_frames_only_does_not_count() -> None:
    away = square(40, (400, 0))
    assert hand_side(CAMERA, [away]) == 0
    sometimes = away.copy()
    sometimes[0] = square(40)[0]
    assert hand_side(CAMERA, [sometimes]) == 0
    sometimes[:3] = square(40)[:3]
    assert hand_side(CAMERA, [sometimes]) == pytest.approx(40)


def test_points_behind_the_camera_are_not_inside() -> None:
    behind = square(40) * (1, 1, -1)
    assert hand_side(CAMERA, [behind]) == 0
    assert hand_side(CAMERA, [np.concatenate([square(10), behind], axis=1)]) == pytest.approx(10)
