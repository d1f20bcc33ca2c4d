from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from samples import phrase, spec

from motionpair.catalog import MOTION_FAMILIES
from motionpair.errors import InputError
from motionpair.specs import MotionSpec, Phrase
from render import kinematics, liveliness, mannequin
from render import rotations as rot
from render.liveliness import mannequin_joints
from render.motion import Motion
from render.motions import FAMILIES, perform
from render.skeleton import BODY_JOINTS, FACE_UNITS, JOINT_INDEX, PARENTS

FPS = 16
ALL = sorted(FAMILIES)
SEEDS = range(3)

HINGE = {"left_elbow": -2, "right_elbow": 2, "left_knee": 0, "right_knee": 0}
"""Joint to the axis (0 x, 2 z) that it bends about; − where bending turns the negative way."""

CALM = {"walk": 700, "sneak": 900, "sidestep": 700, "turn": 400, "wave": 600, "squat": 300, "talk": 500}
"""Angular acceleration, rad/s², that no joint of an unhurried family passes; of the others, none may pop."""

QUIET = dict.fromkeys(("bow", "listen", "phone", "pinch", "sit"), 0.06)
"""m/s that each hand keeps in every second, where it is less than 0.1."""

FLYING = {"jump", "run", "hip_hop"}
"""Families with instants at which no sole is planted: in flight, or sliding on the ball."""

LYING = [family for family in ALL if MOTION_FAMILIES[family].group == "floor"]
STANDING = [family for family in ALL if family not in LYING]
ALONE = [family for family in STANDING if not MOTION_FAMILIES[family].duet]


def acceleration(motion: Motion) -> np.ndarray:
    """(T − 2, 55) size of each joint's angular acceleration, rad/s²."""
    speed = rot.log(rot.mul(rot.inverse(motion.rotations[:-1]), motion.rotations[1:])) * motion.fps
    return np.linalg.norm(np.diff(speed, axis=0), axis=-1) * motion.fps


def samples(family: str, fps: int = FPS, frames: int = 49) -> list[Motion]:
    return [perform(spec(phrase(family, s), seed=s, start=0.2 * s), fps, frames) for s in SEEDS]


def test_the_library_is_the_catalogue() -> None:
    assert set(FAMILIES) == set(MOTION_FAMILIES)


@pytest.mark.parametrize("family", ALL)
def test_a_motion_is_well_formed(family: str) -> None:
    for motion in samples(family):
        np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=-1), 1, atol=1e-9)
        assert np.all((motion.expression >= 0) & (motion.expression <= 1))
        assert all(0 <= a < b <= 48 / FPS + 1e-6 and words for a, b, words in motion.events)
        assert motion.events
        assert family in FLYING | {*LYING} or np.all(motion.contacts.any(axis=1))


@pytest.mark.parametrize("family", ALL)
def test_the_same_spec_gives_the_same_motion_and_another_seed_another(family: str) -> None:
    one = spec(phrase(family, 5), seed=11, start=0.3)
    first, again = perform(one, FPS, 17), perform(one, FPS, 17)
    other = perform(dataclasses.replace(one, seed=12), FPS, 17)
    assert first.events == again.events
    for name in ("rotations", "root", "expression", "contacts"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.allclose(first.rotations, other.rotations)


@pytest.mark.parametrize("family", ALL)
def test_elbows_and_knees_bend_only_the_right_way_and_never_lock(family: str) -> None:
    for motion in samples(family):
        for joint, axis in HINGE.items():
            _, bend = rot.swing_twist(motion.rotations[:, JOINT_INDEX[joint]], np.eye(3)[abs(axis)])
            angle = rot.log(bend)[:, abs(axis)] * (-1 if axis < 0 else 1)
            assert angle.min() > np.radians(2), joint
            assert angle.max() < np.radians(160), joint


@pytest.mark.parametrize("family", ALL)
def test_no_joint_pops(family: str) -> None:
    for motion in samples(family, fps=64, frames=161):
        popped, _ = liveliness.pops(motion.rotations, motion.fps)
        assert not popped.any()
        assert acceleration(motion).max() < CALM.get(family, np.inf)


@pytest.mark.parametrize("family", ALONE)
def test_a_body_that_stands_still_is_balanced(family: str) -> None:
    for motion in samples(family):
        assert liveliness.of_motion(motion).balanced_share == 1.0


@pytest.mark.parametrize("family", STANDING)
def test_both_hands_are_busy_in_every_second(family: str) -> None:
    wrists = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
    for motion in samples(family):
        speed = np.linalg.norm(np.diff(mannequin_joints(motion)[:, wrists], axis=0), axis=-1) * FPS
        seconds = np.lib.stride_tricks.sliding_window_view(speed, 16, axis=0).mean(axis=-1)
        assert seconds.min() > QUIET.get(family, 0.1)


@pytest.mark.parametrize("family", STANDING)
def test_planted_soles_of_the_mannequin_stand_still_on_the_ground(family: str) -> None:
    for motion in samples(family, frames=33):
        turned = kinematics.global_rotations(motion.rotations, PARENTS)
        joints = mannequin_joints(motion)
        spots = itertools.product(("left", "right"), (mannequin.HEEL, mannequin.BALL))
        for point, (side, spot) in enumerate(spots):
            ankle = JOINT_INDEX[f"{side}_ankle"]
            sole = joints[:, ankle] + rot.rotate(turned[:, ankle], spot)
            down = motion.contacts[:, point]
            assert np.all(np.abs(sole[down, 2]) < 0.004)
            steps = np.linalg.norm(np.diff(sole, axis=0), axis=-1)[down[1:] & down[:-1]]
            assert steps.max(initial=0) < 0.004


def test_a_jump_falls_freely() -> None:
    motion = perform(spec(phrase("jump", 0, height=0.35, spread=0.3)), 64, 129)
    height = motion.root[:, 2] * mannequin.HIP_HEIGHT
    aloft = ~motion.contacts.any(axis=1)
    inside = aloft[:-2] & aloft[1:-1] & aloft[2:]
    fall = (np.diff(height, n=2) * 64**2)[inside]
    assert inside.sum() > 20
    np.testing.assert_allclose(fall, -9.81, atol=1e-3)


def test_a_run_takes_off_and_falls_freely() -> None:
    motion = perform(spec(phrase("run", 2, speed=2.6, curve=0.0)), 64, 129)
    height = motion.root[:, 2] * mannequin.HIP_HEIGHT
    aloft = ~motion.contacts.any(axis=1)
    inside = aloft[:-2] & aloft[1:-1] & aloft[2:]
    assert 0.1 < inside.mean() < 0.5
    np.testing.assert_allclose((np.diff(height, n=2) * 64**2)[inside], -9.81, atol=0.5)


@pytest.mark.parametrize("family", ["walk", "run", "sneak", "march", "stairs", "sidestep"])
def test_ways_of_getting_about_keep_their_speed(family: str) -> None:
    drawn = phrase(family, 3, seconds=8.0)
    even = {name: 0.0 if name == "curve" else value for name, value in drawn.params.items()}
    straight = dataclasses.replace(drawn, params=even)
    motion = perform(spec(straight), FPS, 129)
    way = np.linalg.norm(motion.root[-1, :2] - motion.root[0, :2]) * mannequin.HIP_HEIGHT / 8.0
    np.testing.assert_allclose(way, drawn.params["speed"], rtol=0.1)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_sidestep_goes_to_the_side_it_says(side: float) -> None:
    motion = perform(spec(phrase("sidestep", 1, side=side)), FPS, 49)
    assert side * (motion.root[-1, 0] - motion.root[0, 0]) > 0.5


@pytest.mark.parametrize(("side", "turns"), [(1.0, 1.0), (-1.0, 2.0)])
def test_a_spin_goes_round_as_often_as_it_says_about_one_planted_ball(side: float, turns: float) -> None:
    motion = perform(spec(phrase("spin", 1, seconds=3.2, side=side, turns=turns)), 32, 103)
    ahead = rot.rotate(motion.rotations[:, 0], -rot.Y)
    facing = np.unwrap(np.arctan2(ahead[:, 0], -ahead[:, 1]))
    np.testing.assert_allclose(facing[-1] - facing[0], side * turns * 2 * np.pi, atol=0.3)
    toe = motion.contacts[:, 1 if side > 0 else 3]
    assert toe.all()


def test_steps_on_stairs_are_as_high_as_they_say() -> None:
    motion = perform(spec(phrase("stairs", 1, seconds=5.0, lift=0.28)), 32, 129)
    ankles = mannequin_joints(motion)[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]], 2]
    assert np.all(ankles.max(axis=0) - ankles.min(axis=0) > 0.28)


@pytest.mark.parametrize("family", ["disco", "salsa", "hip_hop"])
def test_dancers_land_on_the_beat(family: str) -> None:
    motion = perform(spec(phrase(family, 4, seconds=10.0, tempo=100.0, style=0.0), seed=7), 60, 481)
    feet = motion.contacts.reshape(-1, 2, 2).any(axis=-1)
    landed = np.argwhere(feet[1:] & ~feet[:-1])[:, 0] / 60 * 100 / 60
    off = np.abs(landed - np.round(landed))
    assert len(landed) > 5
    assert np.mean(off < 0.12) > 0.6


def test_a_thrower_lets_go() -> None:
    motion = perform(spec(phrase("throw", 1, seconds=2.0, rate=0.5, side=-1.0)), 32, 65)
    fingers = [JOINT_INDEX[f"right_{f}2"] for f in ("index", "middle", "ring")]
    bent = rot.angle(motion.rotations[:, fingers]).mean(axis=1)
    hand = mannequin_joints(motion)[:, JOINT_INDEX["right_wrist"]]
    release = int(np.argmax(np.linalg.norm(np.diff(hand, axis=0), axis=-1)))
    assert bent[:release].max() > 0.5
    assert bent[release : release + 10].min() < 0.2


def test_counting_shows_the_fingers_it_says() -> None:
    motion = perform(spec(phrase("count", 0, seconds=5.0, side=1.0, rate=1.0)), 30, 151)
    fingers = [JOINT_INDEX[f"left_{f}2"] for f in ("index", "middle", "ring", "pinky")]
    words = ("one", "two", "three", "four")
    for start, end, what in motion.events:
        if not what.startswith("shows"):
            continue
        frame = int(30 * (0.6 * start + 0.4 * end))
        straight = int(np.sum(rot.angle(motion.rotations[frame, fingers]) < 0.4))
        expected = words.index(what.split()[1]) + 1 if what.split()[1] in words else 4
        assert straight == expected


def test_fists_are_closed_in_a_fight() -> None:
    motion = perform(spec(phrase("box", 1)), FPS, 33)
    fingers = [JOINT_INDEX[f"{side}_{f}2"] for side in ("left", "right") for f in ("index", "middle", "ring")]
    assert rot.angle(motion.rotations[:, fingers]).min() > 1.2


def test_talkers_open_and_close_their_mouths() -> None:
    jaw = perform(spec(phrase("talk", 1)), FPS, 33).expression[:, FACE_UNITS.index("jawOpen")]
    assert jaw.max() > 0.2
    assert jaw.min() < 0.1


CHAINS = [
    ("walk", "wave", "squat"),
    ("jump", "box", "turn"),
    ("disco", "walk", "kick"),
    ("run", "throw", "march"),
    ("spin", "salsa", "sidestep"),
    ("hip_hop", "sneak", "stairs"),
    ("turn", "run", "spin"),
]


@pytest.mark.parametrize("families", CHAINS)
def test_chained_phrases_blend_without_a_jolt(families: tuple[str, ...]) -> None:
    phrases = (phrase(family, k, seconds=2.0) for k, family in enumerate(families))
    motion = perform(spec(*phrases, seed=3, start=1.0), 64, 257)
    popped, _ = liveliness.pops(motion.rotations, motion.fps)
    assert not popped.any()
    speed = np.diff(motion.root, axis=0) * 64 * mannequin.HIP_HEIGHT
    assert np.linalg.norm(np.diff(speed, axis=0), axis=-1).max() * 64 < 40
    aloft = [len(list(run)) for up, run in itertools.groupby(~motion.contacts.any(axis=1)) if up]
    assert (
        max(aloft, default=0) < (0.45 if "jump" in families else 0.25 if {*families} & FLYING else 0.1) * 64
    )
    assert [w for _, _, w in motion.events]


def test_a_window_shows_what_the_whole_motion_does_then() -> None:
    chained = spec(phrase("wave", 1, seconds=2.0), phrase("disco", 2, seconds=3.0), seed=4)
    whole = perform(chained, FPS, 49)
    window = perform(dataclasses.replace(chained, start=1.0), FPS, 17)
    body = slice(1, len(BODY_JOINTS))
    np.testing.assert_allclose(window.rotations[:, body], whole.rotations[16:33, body], atol=0.02)


def test_half_speed_shows_the_same_poses_for_twice_as_long() -> None:
    fast = spec(phrase("squat", 1, seconds=3.0), seed=4)
    slow = dataclasses.replace(fast, speed=0.5)
    np.testing.assert_allclose(perform(slow, 32, 33).rotations[::2, 1:22], perform(fast, 32,
                               17).rotations[:, 1:22], atol=0.02)  # fmt: skip


def test_the_performer_is_at_the_origin_half_way_through() -> None:
    motion = perform(spec(phrase("walk", 1, seconds=6.0), start=2.0), FPS, 33)
    assert np.linalg.norm(motion.root[16, :2]) < 0.1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (Phrase("swim", 2.0, {}), "family: expected one of"),
        (Phrase("walk", 2.0, {"speed": 1.0}), "walk takes curve, speed, swing"),
        (Phrase("squat", 0.0, {"depth": 0.5, "rate": 0.5}), "more than 0"),
    ],
)
def test_a_phrase_that_cannot_be_is_refused(bad: Phrase, message: str) -> None:
    with pytest.raises(InputError, match=message):
        perform(MotionSpec("m", (bad,), 0), FPS, 17)
