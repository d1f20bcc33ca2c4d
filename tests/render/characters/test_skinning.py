from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from render.characters.baked import MeshPart, Rig
from render.characters.skinning import skin
from render.scene import Pose

JOINTS, VERTICES, FRAMES = 5, 12, 3


def _case(seed: int) -> tuple[MeshPart, Rig, Pose]:
    rng = np.random.default_rng(seed)
    weights = rng.random((VERTICES, 8))
    weights /= weights.sum(axis=1, keepdims=True)
    part = MeshPart(
        name="p",
        role="skin",
        vertices=rng.normal(size=(VERTICES, 3)).astype(np.float32),
        faces=np.zeros((1, 4), np.int32),
        bones=rng.integers(0, JOINTS, (VERTICES, 8)).astype(np.uint8),
        weights=weights.astype(np.float32),
        unit_vertices=np.array([2, 5, 7], np.int32),
        unit_deltas=rng.normal(0, 0.1, (52, 3, 3)).astype(np.float16),
    )
    heads = rng.normal(size=(JOINTS, 3))
    rig = Rig(tuple("abcde"), np.arange(-1, 4), heads, heads + 1, np.tile([1.0, 0, 0, 0], (JOINTS, 1)), {})
    turns = Rotation.random(FRAMES * JOINTS, random_state=seed).as_quat()[:, [3, 0, 1, 2]]
    pose = Pose(
        turns.reshape(FRAMES, JOINTS, 4),
        rng.normal(size=(FRAMES, JOINTS, 3)),
        rng.random((FRAMES, 52)) * (rng.random(52) < 0.3),
        np.zeros((FRAMES, 4), bool),
    )
    return part, rig, pose


def _by_hand(part: MeshPart, rig: Rig, pose: Pose, t: int, v: int) -> np.ndarray:
    """One vertex in one frame, joint by joint, from the definition of Pose."""
    point = part.vertices[v].astype(float)
    if v in part.unit_vertices:
        row = int(np.flatnonzero(part.unit_vertices == v)[0])
        point = point + pose.expression[t] @ part.unit_deltas[:, row].astype(float)
    total = np.zeros(3)
    for bone, weight in zip(part.bones[v], part.weights[v], strict=True):
        turn = Rotation.from_quat(pose.rotations[t, bone][[1, 2, 3, 0]])
        total += weight * (turn.apply(point - rig.heads[bone]) + pose.positions[t, bone])
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_vertex_is_the_weighted_mean_of_its_joints_places(seed: int) -> None:
    part, rig, pose = _case(seed)
    expected = [[_by_hand(part, rig, pose, t, v) for v in range(VERTICES)] for t in range(FRAMES)]
    got = skin(part, rig, pose)
    assert got.dtype == np.float32
    assert np.allclose(got, expected, atol=2e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, VERTICES - 1), max_size=6))
def test_a_choice_of_vertices_and_frames_is_a_choice_of_the_whole(seed: int, chosen: list[int]) -> None:
    part, rig, pose = _case(seed)
    whole = skin(part, rig, pose)
    some = skin(part, rig, pose, vertices=np.array(chosen, int), frames=np.array([2, 0]))
    assert np.allclose(some, whole[[2, 0]][:, np.array(chosen, int)], atol=1e-6)
