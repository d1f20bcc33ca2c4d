from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from samples import phrase, spec

from motionpair.catalog import MOTION_FAMILIES
from motionpair.errors import InputError
from motionpair.specs import MotionSpec, Phrase
from render import kinematics, mannequin
from render import rotations as rot
from render.motion import Motion
from render.motions import FAMILIES, perform
from render.skeleton import BODY_JOINTS, FACE_UNITS, JOINT_INDEX, PARENTS

FPS = 16
ALL = sorted(FAMILIES)
SEEDS = range(3)

HINGE = {"left_elbow": -2, "right_elbow": 2, "left_knee": 0, "right_knee": 0}
"""Joint to the axis (0 x, 2 z) that it bends about; − where bending turns the negative way."""

POP = {"walk": 700, "turn": 400, "wave": 600, "squat": 300, "jump": 1700, "box": 1200, "kick": 900,
       "disco": 900, "talk": 500, "count": 800}  # fmt: skip
"""Angular acceleration, rad/s², that no joint of the family passes: above it, a joint pops."""


def places(motion: Motion) -> np.ndarray:
    """(T, 55, 3) joints of the mannequin that does a motion."""
    turned = kinematics.global_rotations(motion.rotations, PARENTS)
    root = (motion.root + rot.Z) * mannequin.HIP_HEIGHT
    return kinematics.joint_positions(turned, mannequin.OFFSETS, PARENTS, root)


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
        assert np.all(motion.contacts.any(axis=1)) or family == "jump"


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
        assert acceleration(motion).max() < POP[family]


@pytest.mark.parametrize("family", ALL)
def test_both_hands_are_busy_in_every_second(family: str) -> None:
    wrists = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
    for motion in samples(family):
        speed = np.linalg.norm(np.diff(places(motion)[:, wrists], axis=0), axis=-1) * FPS
        seconds = np.lib.stride_tricks.sliding_window_view(speed, 16, axis=0).mean(axis=-1)
        assert seconds.min() > 0.1


@pytest.mark.parametrize("family", ALL)
def test_planted_soles_of_the_mannequin_stand_still_on_the_ground(family: str) -> None:
    for motion in samples(family, frames=33):
        turned = kinematics.global_rotations(motion.rotations, PARENTS)
        joints = places(motion)
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


CHAINS = [("walk", "wave", "squat"), ("jump", "box", "turn"), ("disco", "walk", "kick")]


@pytest.mark.parametrize("families", CHAINS)
def test_chained_phrases_blend_without_a_jolt(families: tuple[str, ...]) -> None:
    phrases = (phrase(family, k, seconds=2.0) for k, family in enumerate(families))
    motion = perform(spec(*phrases, seed=3, start=1.0), 64, 257)
    assert acceleration(motion)[:, : len(BODY_JOINTS)].max() < 1700
    speed = np.diff(motion.root, axis=0) * 64 * mannequin.HIP_HEIGHT
    assert np.linalg.norm(np.diff(speed, axis=0), axis=-1).max() * 64 < 40
    assert np.all(motion.contacts.any(axis=1) | (motion.root[:, 2] > -0.05))
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
