"""Other proportions: bones as long as told, in the directions they had, on the ground they stood on."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import skeletons
from motionpair.catalog import SKELETON_PARTS
from motionpair.errors import InputError
from motionpair.skeletons import PARENTS, PARTS, scaled
from render import skeleton

FACTORS = st.dictionaries(st.sampled_from(SKELETON_PARTS), st.floats(0.6, 1.5))
LEGS = [
    skeleton.JOINT_INDEX[f"{side}_{n}"]
    for side in ("left", "right")
    for n in ("hip", "knee", "ankle", "foot")
]


def some_poses(seed, frames=5, performers=2):
    """Joints in no human order: every property here holds of any tree of bones."""
    rng = np.random.default_rng(seed)
    joints = np.empty((frames, performers, 55, 3))
    joints[:, :, 0] = rng.uniform(-2, 2, (frames, performers, 3))
    for joint, parent in enumerate(PARENTS[1:], start=1):
        joints[:, :, joint] = joints[:, :, parent] + rng.normal(0, 0.2, (frames, performers, 3))
    return joints.astype(np.float32)


def bones(joints):
    return joints[:, :, 1:] - joints[:, :, list(PARENTS[1:])]


def test_the_tree_is_the_canonical_one():
    assert skeletons.PARENTS == skeleton.PARENTS
    of = dict(zip(skeleton.JOINTS, PARTS, strict=True))
    assert of["left_knee"] == of["right_foot"] == "legs"
    assert of["left_wrist"] == "arms"
    assert of["right_index1"] == of["left_pinky3"] == "hands"
    assert of["left_shoulder"] == "shoulders"
    assert of["left_collar"] == of["neck"] == "torso"
    assert of["head"] == of["jaw"] == "head"
    assert of["right_hip"] == "hips"
    assert of["pelvis"] == ""


@given(st.integers(0, 99), FACTORS)
@settings(max_examples=30, deadline=None)
def test_bones_are_as_long_as_told_and_point_where_they_did(seed, factors):
    before = some_poses(seed)
    after = scaled(before, factors)
    expected = bones(before) * np.array([factors.get(part, 1.0) for part in PARTS[1:]])[:, None]
    assert after.dtype == np.float32
    assert np.isfinite(after).all()
    assert np.abs(bones(after) - expected).max() < 2e-6


@given(st.integers(0, 99), FACTORS)
@settings(max_examples=30, deadline=None)
def test_the_lowest_point_stays_as_high_above_the_ground(seed, factors):
    before = some_poses(seed)
    after = scaled(before, factors)
    assert np.abs(after[..., 2].min(axis=2) - before[..., 2].min(axis=2)).max() < 1e-6


@given(st.integers(0, 99), FACTORS)
@settings(max_examples=20, deadline=None)
def test_performers_do_not_depend_on_each_other(seed, factors):
    both = some_poses(seed)
    alone = [scaled(both[:, i : i + 1], factors) for i in range(2)]
    assert np.array_equal(scaled(both, factors), np.concatenate(alone, axis=1))


@pytest.mark.parametrize("factors", [{}, dict.fromkeys(SKELETON_PARTS, 1.0), {"arms": 1}])
def test_without_a_change_the_numbers_stay_themselves(factors):
    before = some_poses(1)
    after = scaled(before, factors)
    assert after.tobytes() == before.tobytes()
    assert not np.shares_memory(after, before)


def test_other_memory_gives_the_same_bytes():
    poses = some_poses(2)
    spread = np.zeros((*poses.shape[:3], 7), np.float32)
    spread[..., 2:5] = poses
    factors = {"legs": 1.2, "torso": 0.9}
    assert scaled(spread[..., 2:5], factors).tobytes() == scaled(poses, factors).tobytes()


def test_the_pelvis_rises_with_the_legs_and_nothing_is_written_to_the_poses_given():
    before = some_poses(3, frames=2, performers=1)
    before[:] = before[:1]
    before[:, :, LEGS, 2] = np.array([-0.1, -0.5, -0.9, -1.0] * 2) + before[:, :, :1, 2]
    before[:, :, 0, 2] = before[:, :, 0, 2]
    rest = [j for j in range(55) if j not in LEGS]
    before[:, :, rest, 2] = np.maximum(before[:, :, rest, 2], before[:, :, :1, 2])
    kept = before.copy()
    after = scaled(before, {"legs": 1.5})
    assert np.array_equal(before, kept)
    # Hip to sole is 0.9 m, so the pelvis rises by half of that.
    assert after[:, :, 0, 2] - before[:, :, 0, 2] == pytest.approx(np.full((2, 1), 0.45), abs=1e-5)


@given(st.floats(0.7, 1.4))
@settings(max_examples=20, deadline=None)
def test_a_planted_foot_does_not_skate(factor):
    before = some_poses(4, frames=6, performers=1)
    foot = skeleton.JOINT_INDEX["left_foot"]
    for joint in LEGS:
        before[:, :, joint, 2] = before[:, :, 0, 2] - 3.0
    # The body passes over a foot that stays where it is.
    before[:, :, foot] = (0.3, -0.2, before[..., 2].min() - 0.5)
    after = scaled(before, {"legs": factor, "hips": factor})
    assert np.ptp(after[:, 0, foot], axis=0).max() < 5e-6


def test_the_path_keeps_its_middle():
    before = some_poses(5, performers=1)
    after = scaled(before, {"legs": 1.3})
    for joints, width in ((before, 1.0), (after, 1.3)):
        low, high = joints[:, 0, 0, :2].min(axis=0), joints[:, 0, 0, :2].max(axis=0)
        reference = before[:, 0, 0, :2]
        assert (low + high) / 2 == pytest.approx(
            (reference.min(axis=0) + reference.max(axis=0)) / 2, abs=1e-6
        )
        assert high - low == pytest.approx(width * np.ptp(reference, axis=0), abs=1e-5)


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ({"tail": 1.1}, r"skeleton\.tail: no such part; accepted: torso, "),
        ({"arms": 0.0}, r"skeleton\.arms: expected a number above 0, got 0\.0"),
        ({"arms": math.nan}, r"skeleton\.arms"),
        ({"arms": math.inf}, r"skeleton\.arms"),
    ],
)
def test_unknown_parts_and_impossible_factors_are_named(factors, said):
    with pytest.raises(InputError, match=said):
        scaled(some_poses(0), factors)


def test_joints_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"joints3d: expected \(T, K, 55, 3\), got \(5, 55, 3\)"):
        scaled(some_poses(0)[:, 0], {})
