from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_rotations import DIRECTIONS, VECTORS

from render import kinematics, legs, mannequin
from render import rotations as rot
from render.skeleton import JOINT_INDEX, JOINTS, PARENTS

POSES = arrays(float, (len(JOINTS), 3), elements=st.floats(-1.5, 1.5, width=32)).map(rot.exp)


@given(POSES)
def test_local_and_global_rotations_are_inverse(local: np.ndarray) -> None:
    turned = kinematics.global_rotations(local, PARENTS)
    np.testing.assert_allclose(rot.to_matrix(kinematics.local_rotations(turned, PARENTS)),
                               rot.to_matrix(local), atol=1e-6)  # fmt: skip


@given(POSES, VECTORS)
def test_bones_keep_their_lengths(local: np.ndarray, root: np.ndarray) -> None:
    turned = kinematics.global_rotations(local, PARENTS)
    places = kinematics.joint_positions(turned, mannequin.OFFSETS, PARENTS, root)
    bones = places[1:] - places[list(PARENTS[1:])]
    np.testing.assert_allclose(
        np.linalg.norm(bones, axis=-1), np.linalg.norm(mannequin.OFFSETS[1:], axis=-1), atol=1e-9
    )


@given(VECTORS, DIRECTIONS, st.floats(0.05, 1.5), DIRECTIONS, st.floats(0.2, 0.6), st.floats(0.2, 0.6))
def test_a_two_bone_limb_reaches_or_stretches_towards_its_target(
    start: np.ndarray, way: np.ndarray, far: float, hinge: np.ndarray, upper: float, lower: float
) -> None:
    if np.linalg.norm(np.cross(way, hinge)) < 0.05:
        return
    target = start + far * way
    middle, end, axis = kinematics.two_bone(start, target, upper, lower, hinge)
    np.testing.assert_allclose(np.linalg.norm(middle - start), upper, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(end - middle), lower, atol=1e-5)
    np.testing.assert_allclose(np.cross(end - start, way), 0, atol=1e-6)
    if abs(upper - lower) + 1e-3 < far < upper + lower - 1e-3:
        np.testing.assert_allclose(end, target, atol=1e-6)
        assert np.cross(middle - start, end - middle) @ axis >= -1e-6


def test_knees_bend_forwards() -> None:
    middle, _, _ = kinematics.two_bone(np.zeros(3), np.array([0, 0, -0.6]), 0.4, 0.4, rot.X)
    assert middle[1] < -0.1


@given(DIRECTIONS, DIRECTIONS)
def test_a_limb_frame_puts_bone_and_hinge_where_they_were_asked(way: np.ndarray, hinge: np.ndarray) -> None:
    if np.linalg.norm(np.cross(way, hinge)) < 0.05:
        return
    axis = rot.normalised(hinge - way * (hinge @ way))
    q = kinematics.limb_frame(way, axis, -rot.Z, rot.X)
    np.testing.assert_allclose(rot.rotate(q, -rot.Z), way, atol=1e-6)
    np.testing.assert_allclose(rot.rotate(q, rot.X), axis, atol=1e-6)


def test_the_mannequin_stands_on_the_ground() -> None:
    identity = np.tile(rot.IDENTITY, (len(JOINTS), 1))
    root = np.array([0.0, 0.0, mannequin.HIP_HEIGHT])
    places = kinematics.joint_positions(identity, mannequin.OFFSETS, PARENTS, root)
    assert np.isclose(places[JOINT_INDEX["left_ankle"], 2], mannequin.ANKLE_HEIGHT)
    np.testing.assert_allclose(
        places[JOINT_INDEX["left_wrist"]] * [-1, 1, 1], places[JOINT_INDEX["right_wrist"]]
    )


@given(arrays(float, 40, elements=st.floats(0, 0.3)))
def test_a_settled_drop_is_never_too_small(need: np.ndarray) -> None:
    assert np.all(legs.settle(need, 1 / 16) >= need - 1e-9)


def test_a_leg_that_sank_by_its_required_drop_reaches() -> None:
    hips = np.array([[[0.1, 0.0, 0.9], [-0.1, 0.0, 0.9]]])
    ankles = np.array([[[0.1, 0.5, 0.1], [-0.1, 0.0, 0.1]]])
    lengths = np.array([0.8, 0.8])
    drop = legs.required_drop(hips, ankles, lengths).max()
    sunk = np.linalg.norm(hips - [0, 0, drop] - ankles, axis=-1)
    assert drop > 0
    assert np.all(sunk <= legs.LONGEST * lengths + 1e-9)
