from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mannequins import BODIES, body
from samples import phrase, spec

from render import footing, kinematics, mannequin
from render import rotations as rot
from render.characters.skinning import skin
from render.elbow_room import make_room
from render.motion import Motion
from render.motions import FAMILIES, perform
from render.retarget import retarget
from render.scene import Pose
from render.skeleton import JOINT_INDEX, JOINTS, PARENTS
from render.touch import touch, touch_error_mm

FPS = 16


@pytest.mark.parametrize("who", sorted(BODIES))
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_planted_feet_stay_planted_on_every_body(family: str, who: str) -> None:
    for seed in range(2):
        motion = perform(spec(phrase(family, seed), seed=seed, start=0.3 * seed), FPS, 33)
        figures = footing.measure(BODIES[who], retarget(motion, BODIES[who], (0.5, -1.0), 0.8), FPS)
        assert figures.slide_p95_mm < 2
        assert figures.penetration_mm < 3
        assert figures.float_mm < 15


def test_the_mannequin_gets_the_motion_back() -> None:
    motion = perform(spec(phrase("box", 1)), FPS, 33)
    character = body(girth=0.02)
    pose = retarget(motion, character, (0.0, 0.0), 0.0)
    canonical = rot.mul(pose.rotations[:, :55], rot.inverse(character.rig.to_t_pose[:55]))
    local = kinematics.local_rotations(canonical, PARENTS)
    assert rot.angle(rot.mul(rot.inverse(local), motion.rotations)).max() < 0.04
    np.testing.assert_allclose(pose.positions[:, 0], (motion.root + rot.Z) * mannequin.HIP_HEIGHT, atol=0.01)


def test_position_and_heading_move_the_whole_pose() -> None:
    motion = perform(spec(phrase("kick", 1)), FPS, 17)
    here = retarget(motion, BODIES["tall"], (0.0, 0.0), 0.0)
    there = retarget(motion, BODIES["tall"], (2.0, 1.0), 0.5)
    moved = rot.rotate(rot.about_z(0.5), here.positions) + np.array([2.0, 1.0, 0.0])
    np.testing.assert_allclose(there.positions, moved, atol=1e-6)


def test_bones_keep_the_characters_lengths() -> None:
    character = BODIES["child"]
    pose = retarget(perform(spec(phrase("squat", 1)), FPS, 17), character, (0.0, 0.0), 0.0)
    parents = character.rig.parents
    child = np.flatnonzero(parents >= 0)
    posed = np.linalg.norm(pose.positions[:, child] - pose.positions[:, parents[child]], axis=-1)
    rest = np.linalg.norm(character.rig.heads[child] - character.rig.heads[parents[child]], axis=-1)
    np.testing.assert_allclose(posed, np.broadcast_to(rest, posed.shape), atol=1e-6)


def test_wide_bodies_get_room_for_their_elbows_and_slim_ones_are_left_alone() -> None:
    motion = perform(spec(phrase("walk", 2)), FPS, 17)
    hands = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
    turns = kinematics.global_rotations(motion.rotations, PARENTS)
    joints = kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, (motion.root + rot.Z) * 0.9)
    slim, wide = body(girth=0.05), body(girth=0.3)
    np.testing.assert_array_equal(make_room(slim, turns, joints, FPS), turns)
    roomy = make_room(wide, turns, joints, FPS)
    after = kinematics.joint_positions(roomy, mannequin.OFFSETS, PARENTS, (motion.root + rot.Z) * 0.9)
    pelvis = joints[:, None, 0, :2]
    assert (
        np.linalg.norm(after[:, hands, :2] - pelvis, axis=-1).min()
        > np.linalg.norm(joints[:, hands, :2] - pelvis, axis=-1).min()
    )


def test_twist_helpers_share_the_turn_of_the_wrist() -> None:
    character = BODIES["average"]
    motion = perform(spec(phrase("talk", 0)), FPS, 17)
    turned = motion.rotations.copy()
    turned[:, JOINT_INDEX["left_wrist"]] = rot.about_x(1.0)
    pose = retarget(dataclasses.replace(motion, rotations=turned), character, (0.0, 0.0), 0.0)
    rig = character.rig
    helper, elbow = rig.names.index("left_forearm_twist"), JOINT_INDEX["left_elbow"]
    canonical = rot.mul(pose.rotations, rot.inverse(rig.to_t_pose))
    between = rot.mul(rot.inverse(canonical[:, elbow]), canonical[:, helper])
    np.testing.assert_allclose(rot.log(between), np.tile([0.5, 0.0, 0.0], (17, 1)), atol=1e-6)


def test_a_sliding_foot_is_measured() -> None:
    character = BODIES["average"]
    pose = retarget(perform(spec(phrase("talk", 0)), FPS, 17), character, (0.0, 0.0), 0.0)
    drifting = pose.positions + np.arange(17)[:, None, None] * np.array([0.01, 0.0, -0.001])
    figures = footing.measure(character, dataclasses.replace(pose, positions=drifting), FPS)
    np.testing.assert_allclose(figures.slide_p95_mm, 10.0, atol=0.1)
    np.testing.assert_allclose(figures.penetration_mm, 16.0, atol=0.1)


def test_a_motion_without_contacts_is_left_in_the_air() -> None:
    motion = perform(spec(phrase("jump", 0)), FPS, 17)
    flying = dataclasses.replace(motion, root=motion.root + rot.Z, contacts=np.zeros_like(motion.contacts))
    pose = retarget(flying, BODIES["average"], (0.0, 0.0), 0.0)
    figures = footing.measure(BODIES["average"], pose, FPS)
    assert (figures.slide_p95_mm, figures.penetration_mm, figures.float_mm) == (0.0, 0.0, 0.0)
    assert len(JOINTS) < pose.rotations.shape[1]


FLOOR = ("crawl", "push_up", "roll")


def lying(family: str, who: str, seed: int) -> tuple[Motion, Pose]:
    motion = perform(spec(phrase(family, seed), seed=seed, start=0.3), FPS, 33)
    pose = retarget(motion, BODIES[who], (0.4, 0.2), 0.7)
    return motion, touch([motion], [BODIES[who]], [pose])[0]


@pytest.mark.parametrize("who", sorted(BODIES))
@pytest.mark.parametrize("family", FLOOR)
def test_bodies_on_the_floor_rest_on_it_and_do_not_sink(family: str, who: str) -> None:
    for seed in range(2):
        motion, pose = lying(family, who, seed)
        body = BODIES[who]
        assert footing.body_penetration_mm(body, pose) < 12
        lowest = np.min([skin(part, body.rig, pose)[..., 2].min(axis=1) for part in body.parts], axis=0)
        assert lowest.max() < 0.012
        assert touch_error_mm([motion], [body], [pose]) < 5


@pytest.mark.parametrize("who", sorted(BODIES))
@pytest.mark.parametrize("family", ["crawl", "push_up"])
def test_hands_and_knees_that_carry_a_body_do_not_slide(family: str, who: str) -> None:
    motion, pose = lying(family, who, 1)
    carriers = [(f"{t.hand}_wrist", t.weight > 0.99) for t in motion.touches]
    if motion.kneeling is not None:
        carriers += [(f"{s}_knee", motion.kneeling[:, i]) for i, s in enumerate(("left", "right"))]
    for joint, planted in carriers:
        steps = np.linalg.norm(np.diff(pose.positions[:, JOINT_INDEX[joint], :2], axis=0), axis=-1)
        assert steps[planted[1:] & planted[:-1]].max(initial=0.0) < 0.003


@pytest.mark.parametrize("who", sorted(BODIES))
def test_a_body_rolls_without_slipping(who: str) -> None:
    _, pose = lying("roll", who, 0)
    part = BODIES[who].part("body")
    trunk = np.flatnonzero(part.bones[:, 0] == JOINT_INDEX["pelvis"])
    places = skin(part, BODIES[who].rig, pose, trunk)
    held = np.argmin(places[1:, :, 2] + places[:-1, :, 2], axis=1)
    steps = np.diff(places, axis=0)[np.arange(32), held][:, :2]
    assert np.percentile(np.linalg.norm(steps, axis=-1), 90) < 0.02
    assert np.linalg.norm(np.ptp(pose.positions[:, 0, :2], axis=0)) > 0.1  # and gets along


def test_what_sinks_is_measured() -> None:
    _, pose = lying("roll", "average", 0)
    sunk = dataclasses.replace(pose, positions=pose.positions - 0.03 * rot.Z)
    before, after = (footing.body_penetration_mm(BODIES["average"], p) for p in (pose, sunk))
    assert 25 < after - before < 35
    standing = retarget(perform(spec(phrase("talk", 0)), FPS, 17), BODIES["average"], (0.0, 0.0), 0.0)
    assert footing.body_penetration_mm(BODIES["average"], standing) == 0
