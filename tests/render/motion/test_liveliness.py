from __future__ import annotations

import dataclasses

import mannequins
import numpy as np
import pytest
from samples import phrase, spec

from render import kinematics, liveliness, mannequin
from render import rotations as rot
from render.motion import Motion
from render.motions import perform
from render.retarget import retarget
from render.skeleton import FACE_UNITS, JOINT_INDEX, JOINTS, PARENTS

FPS = 64
ELBOW = JOINT_INDEX["left_elbow"]


def standing(frames: int = 65) -> Motion:
    rotations = np.tile(rot.IDENTITY, (frames, len(JOINTS), 1))
    face = np.zeros((frames, len(FACE_UNITS)))
    return Motion(FPS, rotations, np.zeros((frames, 3)), face, np.ones((frames, 4), dtype=bool))


def bending(angle: np.ndarray) -> Motion:
    motion = standing(len(angle))
    motion.rotations[:, ELBOW] = rot.about_z(angle)
    return motion


def test_segments_make_up_the_whole_body() -> None:
    pairs = sum(2 * m for name, (m, _) in liveliness.MASSES.items() if name not in ("head", "trunk"))
    assert liveliness.MASSES["head"][0] + liveliness.MASSES["trunk"][0] + pairs == pytest.approx(1.0)


def test_quick_smooth_movement_does_not_pop() -> None:
    t = np.arange(129) / FPS
    assert liveliness.of_motion(bending(0.8 + 0.7 * np.sin(2 * np.pi * 2.5 * t))).pops == 0


@pytest.mark.parametrize("kind", ["glitch of one frame", "jump"])
def test_what_comes_out_of_nothing_pops(kind: str) -> None:
    t = np.arange(65) / FPS
    angle = 0.4 + 0.1 * np.sin(2 * np.pi * t)
    angle[32 : 33 if kind == "glitch of one frame" else None] += 0.25
    figures = liveliness.of_motion(bending(angle))
    assert 1 <= figures.pops <= 3
    assert figures.worst_joint == "left_elbow"


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 9, 17])
def test_clips_shorter_than_what_is_looked_at_are_measured_too(frames: int) -> None:
    still = liveliness.of_motion(standing(frames))
    assert (still.pops, still.worst_jump) == (0, 0)
    if frames > 2:
        angle = np.zeros(frames)
        angle[frames // 2 :] = 1.5
        assert liveliness.of_motion(bending(angle)).pops > 0


def test_upright_is_balanced_and_leaning_like_a_plank_is_not() -> None:
    upright = standing()
    figures = liveliness.of_motion(upright)
    assert figures.still_share == 1.0
    assert figures.balanced_share == 1.0
    leaning = standing()
    leaning.rotations[:, 0] = rot.about_x(0.5)
    assert liveliness.of_motion(leaning).balanced_share == 0.0


def test_balance_counts_only_the_feet_that_stand() -> None:
    one_leg = standing()
    one_leg.contacts[:, :2] = False
    assert liveliness.of_motion(one_leg).balanced_share == 0.0
    shifted = dataclasses.replace(one_leg, rotations=one_leg.rotations.copy())
    centre = liveliness.centre_of_mass(liveliness.mannequin_joints(shifted))
    joints = liveliness.mannequin_joints(shifted)
    over = centre + joints[:, [JOINT_INDEX["right_ankle"]]].mean(axis=1) - centre * [1, 1, 0]
    assert liveliness.over_support(joints, one_leg.contacts, over, 0.01).all()


def test_dead_hands_have_no_energy_and_dancing_ones_have() -> None:
    dead = liveliness.of_motion(standing())
    assert dead.hand_speed == (0.0, 0.0)
    assert dead.finger_speed == (0.0, 0.0)
    alive = liveliness.of_motion(perform(spec(phrase("salsa", 1)), FPS, 129))
    assert min(alive.hand_speed) > 0.3
    assert min(alive.finger_speed) > 0.2


def test_a_pose_is_measured_as_its_motion_is() -> None:
    motion = perform(spec(phrase("squat", 1, depth=0.4)), 32, 65)
    body = mannequins.BODIES["average"]
    pose = retarget(motion, body, (1.0, 2.0), 0.7)
    one, other = liveliness.of_motion(motion), liveliness.of_pose(pose, 32, body.hip_height)
    assert other.pops == one.pops == 0
    np.testing.assert_allclose(other.hand_speed, one.hand_speed, rtol=0.1)
    np.testing.assert_allclose(other.finger_speed, one.finger_speed, rtol=1e-6)
    assert abs(other.still_share - one.still_share) < 0.2


def test_the_centre_of_mass_of_a_t_pose_is_in_the_upper_pelvis() -> None:
    turns = np.tile(rot.IDENTITY, (1, len(JOINTS), 1))
    root = np.array([[0.0, 0.0, mannequin.HIP_HEIGHT]])
    joints = kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, root)
    x, y, z = liveliness.centre_of_mass(joints)[0]
    assert abs(x) < 1e-9
    assert abs(y) < 0.03
    assert 0.0 < z - mannequin.HIP_HEIGHT < 0.2
