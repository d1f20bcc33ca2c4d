"""A clip of bones with other lengths: its joints and boxes are where it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from motionpair import skeletons
from motionpair.loading.redrawn import redrawn_arrays

WIDTH, HEIGHT, FOCAL = 640, 480, 500.0
LEFT, RIGHT, HEAD = slice(25, 40), slice(40, 55), (15, 22, 23, 24)


def arrays(depth: float = 4.0, frames: int = 3) -> dict[str, np.ndarray]:
    """Two performers, flat before a camera that looks along Y, with boxes around the joints of the parts."""
    rng = np.random.default_rng(3)
    place = np.zeros((frames, 2, 55, 3))
    place[..., 0] = rng.uniform(-1, 1, (frames, 2, 55)) + np.array([-0.8, 0.8])[:, None]
    place[..., 2] = 1 + rng.uniform(-0.8, 0.8, (frames, 2, 55))
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # x right, y up in the world, z towards −Y
    found = {
        "joints3d": place.astype(np.float32),
        "joint_visible": np.ones((frames, 2, 55), bool),
        "camera_position": np.tile(np.float32([0, -depth, 1]), (frames, 1)),
        "camera_rotation": np.tile(rotation.astype(np.float32), (frames, 1, 1)),
        "camera_focal": np.full(frames, FOCAL, np.float32),
        "contacts": np.zeros((frames, 2, 4), bool),
    }
    found["joints2d"] = picture(found["joints3d"], depth)
    return found | boxes(found["joints2d"])


def picture(joints3d: np.ndarray, depth: float) -> np.ndarray:
    x, z = joints3d[..., 0], joints3d[..., 2] - 1
    scale = FOCAL / depth
    return np.stack([WIDTH / 2 + x * scale, HEIGHT / 2 - z * scale], axis=-1).astype(np.float32)


def around(points: np.ndarray) -> np.ndarray:
    box = np.concatenate([points.min(axis=-2), points.max(axis=-2)], axis=-1)
    return np.clip(box, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT)).astype(np.float32)


def boxes(joints2d: np.ndarray) -> dict[str, np.ndarray]:
    """Around wrist and fingers of each hand, and around the head's joints."""
    hands = [around(joints2d[:, :, [wrist, *range(55)[part]]]) for wrist, part in ((20, LEFT), (21, RIGHT))]
    return {"hand_boxes": np.stack(hands, axis=2), "face_boxes": around(joints2d[:, :, list(HEAD)])}


def test_bones_as_they_were_leave_all_as_it_was():
    stored = arrays()
    for skeleton in ({}, {"arms": 1.0, "legs": 1.0}):
        same = redrawn_arrays(stored, skeleton, WIDTH, HEIGHT)
        assert same.keys() == stored.keys()
        np.testing.assert_array_equal(same["joints3d"], stored["joints3d"])
        for name in ("joints2d", "hand_boxes", "face_boxes"):
            assert same[name].dtype == np.float32
            np.testing.assert_allclose(same[name], stored[name], atol=1e-3)


@pytest.mark.parametrize("skeleton", [{"arms": 0.6}, {"hands": 0.5, "head": 0.7, "torso": 0.8}])
def test_joints_and_boxes_are_those_of_the_other_bones(skeleton):
    stored = arrays()
    moved = redrawn_arrays(stored, skeleton, WIDTH, HEIGHT)
    np.testing.assert_array_equal(moved["joints3d"], skeletons.scaled(stored["joints3d"], skeleton))
    points = picture(moved["joints3d"], 4.0)
    np.testing.assert_allclose(moved["joints2d"], points, atol=1e-3)
    inside = ((points >= 0) & (points < (WIDTH, HEIGHT))).all(axis=-1)
    np.testing.assert_array_equal(moved["joint_visible"], inside)
    whole = ((stored["joints2d"] >= 0) & (stored["joints2d"] < (WIDTH, HEIGHT))).all(axis=(-1, -2))
    assert whole.any()
    for name, expected in boxes(points).items():  # of who was whole in the picture before
        np.testing.assert_allclose(moved[name][whole], expected[whole], atol=1e-2)


def test_a_box_that_leaves_the_picture_is_gone_and_none_comes_back():
    stored = arrays()
    stored["joints3d"][:, :, 16, 0], stored["joints3d"][:, :, 18, 0] = 0.8, 1.4  # left arms point right
    stored["joints3d"][:, :, 20] = stored["joints3d"][:, :, 18]
    stored["joints3d"][:, :, LEFT] = stored["joints3d"][:, :, 20:21]
    wrist = picture(stored["joints3d"], 4.0)[:, :, 20]
    stored["hand_boxes"][:, :, 0] = np.concatenate([wrist - 8, wrist + 8], axis=-1)
    stored["hand_boxes"][:, 0, 1] = np.nan
    moved = redrawn_arrays(stored, {"arms": 4.0}, WIDTH, HEIGHT)
    outside = ~((moved["joints2d"] >= 0) & (moved["joints2d"] < (WIDTH, HEIGHT))).all(axis=-1)
    assert outside[:, :, 20].all()
    assert not moved["joint_visible"][outside].any()
    assert np.isnan(moved["hand_boxes"][:, :, 0]).all()
    assert np.isnan(moved["hand_boxes"][:, 0, 1]).all()


def test_what_comes_nearer_is_larger():
    """A head that a longer neck puts before the body grows in the picture as its joint comes nearer."""
    stored = arrays(depth=4.0)
    stored["joints3d"][..., :2] *= np.float32(0.1)
    stored["joints3d"][:, :, 15] = stored["joints3d"][:, :, 12] + np.float32([0, -0.5, 0])
    at = redrawn_arrays(stored, {"arms": 1.01}, WIDTH, HEIGHT)["joints2d"][:, :, 15]
    stored["face_boxes"] = np.concatenate([at - 10, at + 10], axis=-1)
    grown = redrawn_arrays(stored, {"head": 2.0}, WIDTH, HEIGHT)["face_boxes"]
    np.testing.assert_allclose(grown[..., 2] - grown[..., 0], 20 * 2 * 3.5 / 3.0, rtol=1e-3)
