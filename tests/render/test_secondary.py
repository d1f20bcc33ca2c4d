from __future__ import annotations

import dataclasses
from collections.abc import Callable

import loose_motions
import numpy as np
import pytest
from character_cast import CHILD, MAN, WOMAN

from render import rotations as rot
from render.characters.baked import BakedCharacter, Swing
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.characters.strand_pose import StrandPose
from render.motion import Motion
from render.retarget import retarget
from render.scene import Pose
from render.secondary import swing

Moves = Callable[[float], Motion]
SKIRT_MOVES = [loose_motions.squat, loose_motions.kick, loose_motions.sit]


def _posed(baked: BakedCharacter, motion: Motion, loose: bool = True) -> Pose:
    pose = retarget(motion, baked, (0.0, 0.0), 0.0)
    return swing(baked, pose, motion.fps) if loose else pose


def _sheet(baked: BakedCharacter, name: str) -> Swing:
    return next(s for s in baked.rig.swings if s.name == name)


def _hem(baked: BakedCharacter, pose: Pose, name: str = "skirt") -> np.ndarray:
    """(T, C, 3) the free edge."""
    return pose.positions[:, _sheet(baked, name).joints[:, -1]]


@pytest.fixture
def woman(character_store: CharacterStore) -> BakedCharacter:
    """Long hair and a skirt."""
    return character_store.load(WOMAN)


def test_who_wears_nothing_loose_keeps_the_pose(character_store: CharacterStore) -> None:
    man = character_store.load(MAN)
    assert not man.rig.swings
    pose = _posed(man, loose_motions.still(), loose=False)
    assert swing(man, pose, 16) is pose


def test_loose_joints_start_rigid_with_what_carries_them(woman: BakedCharacter) -> None:
    pose = _posed(woman, loose_motions.squat(), loose=False)
    for sheet in woman.rig.swings:
        joints = sheet.joints.ravel()
        rigid = rot.rotate(
            pose.rotations[:, None, sheet.anchor], woman.rig.heads[joints] - woman.rig.heads[sheet.anchor]
        )
        assert np.allclose(
            pose.positions[:, joints], rigid + pose.positions[:, None, sheet.anchor], atol=1e-6
        )


def test_swinging_is_the_same_every_time_and_leaves_the_body_alone(woman: BakedCharacter) -> None:
    pose = _posed(woman, loose_motions.spin(), loose=False)
    one, two = swing(woman, pose, 16), swing(woman, pose, 16)
    assert np.array_equal(one.positions, two.positions)
    assert np.array_equal(one.rotations, two.rotations)
    body = woman.rig.swings[0].joints.min()
    assert np.array_equal(one.positions[:, :body], pose.positions[:, :body])


def test_it_rests_while_the_body_is_still(woman: BakedCharacter) -> None:
    pose = _posed(woman, loose_motions.still())
    for sheet in woman.rig.swings:
        moved = np.linalg.norm(np.diff(pose.positions[:, sheet.joints], axis=0), axis=-1)
        assert moved.max() < 0.003, sheet.name


def test_standing_still_it_hangs_as_it_was_cut(woman: BakedCharacter) -> None:
    pose = _posed(woman, loose_motions.still())
    joints = _sheet(woman, "skirt").joints
    rest = woman.rig.heads[joints] - woman.rig.heads[0]
    there = pose.positions[-1, joints] - pose.positions[-1, 0]
    assert np.linalg.norm(there - rest, axis=-1).max() < 0.035


@pytest.mark.parametrize("name", ["skirt", "hair"])
def test_it_lags_behind_a_turn_and_flies_out(woman: BakedCharacter, name: str) -> None:
    motion = loose_motions.spin()
    stiff, loose = (_hem(woman, _posed(woman, motion, flag), name) for flag in (False, True))
    axis = _posed(woman, motion).positions[:, 0, None, :2]
    turned = [np.unwrap(np.arctan2(*(h[..., :2] - axis).transpose(2, 0, 1)), axis=0) for h in (stiff, loose)]
    lag = (turned[1] - turned[0])[6:].mean()
    assert lag > 0.02, "behind, against the turn"
    reach = [np.linalg.norm(h[..., :2] - axis, axis=-1)[8:].mean() for h in (stiff, loose)]
    assert reach[1] > reach[0] + 0.01


@pytest.mark.parametrize("moves", [loose_motions.spin, loose_motions.kick, loose_motions.look_aside])
def test_it_stays_within_bounds_at_any_frame_rate(woman: BakedCharacter, moves: Moves) -> None:
    ends = []
    for fps in (8, 16, 32):
        pose = _posed(woman, moves(fps))
        assert np.isfinite(pose.positions).all()
        assert np.allclose(np.linalg.norm(pose.rotations, axis=-1), 1, atol=1e-6)
        for sheet in woman.rig.swings:
            rest = np.concatenate([sheet.pins[:, None], woman.rig.heads[sheet.joints]], axis=1)
            length = np.linalg.norm(np.diff(rest, axis=1), axis=-1).sum(axis=1)
            pins = rot.rotate(
                pose.rotations[:, None, sheet.anchor], sheet.pins - woman.rig.heads[sheet.anchor]
            )
            pins = pins + pose.positions[:, None, sheet.anchor]
            away = np.linalg.norm(pose.positions[:, sheet.joints[:, -1]] - pins, axis=-1)
            assert (away < 1.25 * length).all(), sheet.name
        ends.append(_hem(woman, pose)[:: fps // 8])
    assert np.linalg.norm(ends[1] - ends[2], axis=-1).mean() < 0.03


def test_slow_motion_swings_as_the_same_moment_at_full_speed(woman: BakedCharacter) -> None:
    fast, slow = (retarget(loose_motions.kick(fps), woman, (0.0, 0.0), 0.0) for fps in (16, 32))
    # Shown at 16 frames a second and half speed, the same motion passes in twice as many frames.
    full, half = swing(woman, fast, 16), swing(woman, slow, 16 / 0.5)
    apart = np.linalg.norm(_hem(woman, full) - _hem(woman, half)[::2], axis=-1)
    assert apart.mean() < 0.02


@pytest.mark.parametrize("moves", SKIRT_MOVES)
@pytest.mark.parametrize("who", [WOMAN, CHILD], ids=lambda c: c.character_id)
def test_legs_stay_under_the_skirt(character_store: CharacterStore, who: object, moves: Moves) -> None:
    baked = character_store.load(who)  # type: ignore[arg-type]
    pose = _posed(baked, moves(16))
    sheet = _sheet(baked, "skirt")
    thighs = [k for k, j in enumerate(sheet.block_joints) if baked.rig.names[j].endswith("_hip")]
    for t in (4, 8, 12, 16):
        nodes = pose.positions[t, sheet.joints].reshape(-1, 3)
        for k in thighs:
            joint = sheet.block_joints[k]
            ends = rot.rotate(pose.rotations[t, joint], sheet.block_ends[k] - baked.rig.heads[joint])
            a, b = ends + pose.positions[t, joint]
            share = np.clip((nodes - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
            away = np.linalg.norm(nodes - a - share[:, None] * (b - a), axis=-1)
            radius = sheet.block_radii[k] @ np.stack([1 - share, share])
            assert (radius - away).max() < 0.03, (t, baked.rig.names[joint])


@pytest.mark.parametrize("moves", SKIRT_MOVES)
def test_a_skirt_neither_sinks_into_the_ground_nor_stretches(woman: BakedCharacter, moves: Moves) -> None:
    pose = _posed(woman, moves(16))
    part = woman.part("skirt")
    places = skin(part, woman.rig, pose)
    assert places[..., 2].min() > -0.005
    a, b = part.faces[:, 0], part.faces[:, 1]
    rest = np.linalg.norm(part.vertices[a] - part.vertices[b], axis=-1)
    now = np.linalg.norm(places[:, a] - places[:, b], axis=-1)
    assert np.quantile((now + 0.005) / (rest + 0.005), 0.98) < 2.0


def test_hair_stays_out_of_the_shoulders_when_the_head_turns(woman: BakedCharacter) -> None:
    motion = loose_motions.look_aside()
    depths = []
    for loose in (False, True):
        pose = _posed(woman, motion, loose)
        sheet = _sheet(woman, "hair")
        nodes = pose.positions[16, sheet.joints].reshape(-1, 3)
        deepest = 0.0
        for joint, ends, radii in zip(sheet.block_joints, sheet.block_ends, sheet.block_radii, strict=True):
            moved = rot.rotate(pose.rotations[16, joint], ends - woman.rig.heads[joint])
            a, b = moved + pose.positions[16, joint]
            share = np.clip((nodes - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
            away = np.linalg.norm(nodes - a - share[:, None] * (b - a), axis=-1)
            deepest = max(deepest, float((radii @ np.stack([1 - share, share]) - away).max()))
        depths.append(deepest)
    assert depths[1] < 0.025
    assert depths[1] < depths[0]


def test_strands_lie_on_the_sheet_that_swings(woman: BakedCharacter) -> None:
    pose = _posed(woman, loose_motions.spin())
    stiff = _posed(woman, loose_motions.spin(), loose=False)
    some = slice(None, None, 50)
    swung, rigid = StrandPose(woman, pose, some).at(12), StrandPose(woman, stiff, some).at(12)
    moved = np.linalg.norm(swung - rigid, axis=-1)
    assert moved[:, 0].max() < 0.012, "roots stay on the head"
    assert moved[:, -1].mean() > 0.02, "tips swing"
    length = [np.linalg.norm(np.diff(s, axis=1), axis=-1).sum(axis=1) for s in (swung, rigid)]
    assert np.abs(length[0] / length[1] - 1).mean() < 0.15


def test_strands_without_a_sheet_are_rigid_with_the_head(character_store: CharacterStore) -> None:
    man = character_store.load(MAN)
    pose = _posed(man, loose_motions.look_aside())
    j = man.rig.names.index("head")
    expected = rot.rotate(pose.rotations[16, j], man.strands[:200].astype(float) - man.rig.heads[j])
    got = StrandPose(man, pose, slice(0, 200)).at(16)
    assert np.allclose(got, expected + pose.positions[16, j], atol=1e-4)


def test_a_moment_of_a_pose_can_be_taken_out_of_it(woman: BakedCharacter) -> None:
    pose = _posed(woman, loose_motions.sit())
    one = dataclasses.replace(
        pose,
        rotations=pose.rotations[8:9],
        positions=pose.positions[8:9],
        expression=pose.expression[8:9],
        contacts=pose.contacts[8:9],
    )
    assert np.allclose(
        StrandPose(woman, one, slice(0, 40)).at(0), StrandPose(woman, pose, slice(0, 40)).at(8), atol=1e-5
    )
