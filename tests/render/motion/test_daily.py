"""Daily actions, hands, faces: what an animator would check first."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mannequins import BODIES, body
from samples import phrase, spec

from render import kinematics, mannequin
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.motion import HELD_PLACES, Motion
from render.motions import (
    FAMILIES,
    conversation,
    daily,
    gaze,
    handling,
    hands,
    holding,
    manual,
    perform,
    things,
)
from render.motions.contact import mirror, palm
from render.near import hand_size, landmarks
from render.posing import t_pose_offsets, turns_of
from render.retarget import retarget
from render.skeleton import FACE_UNITS, JOINT_INDEX, PARENTS

FPS = 16
ROOMS = (daily, handling, holding, manual, conversation)
OWN = sorted(name for room in ROOMS for name in room.FAMILIES)
SHAPED = {
    "short arms, large head": body(arms=0.86, head=1.35),
    "long arms, small head": body(arms=1.12, head=0.85),
    **{name: BODIES[name] for name in ("average", "child", "heavy")},
}


def moved(family: str, seed: int = 0, frames: int = 65, fps: int = FPS, **params: float) -> Motion:
    length = (frames - 1) / fps + 0.5
    return perform(spec(phrase(family, seed, seconds=length, **params), seed=seed), fps, frames)


def turns_and_places(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Turns and joints (T, 55, ...) of the mannequin that does a motion."""
    turned = kinematics.global_rotations(motion.rotations, PARENTS)
    root = (motion.root + rot.Z) * mannequin.HIP_HEIGHT
    return turned, kinematics.joint_positions(turned, mannequin.OFFSETS, PARENTS, root)


def tips(shape: np.ndarray) -> dict[str, np.ndarray]:
    """(3,) each finger's tip from the wrist of the mannequin's left hand in a shape (5, 4)."""
    local = {name: q[0] for name, q in hands.joints(shape[None]).items()}
    out = {}
    for finger in hands.ORDER:
        turn, place = rot.IDENTITY, np.zeros(3)
        for i in (1, 2, 3):
            place = place + rot.rotate(turn, mannequin.OFFSETS[JOINT_INDEX[f"left_{finger}{i}"]])
            turn = rot.mul(turn, local[f"{finger}{i}"])
        out[finger] = place + rot.rotate(turn, np.array(mannequin.FINGERTIPS[finger]))
    return out


@pytest.mark.parametrize("shape", [hands.PINCH, hands.LETTERS["F"]], ids=["pinch", "ring of F"])
def test_thumb_and_index_finger_meet_in_a_pinch(shape: np.ndarray) -> None:
    at = tips(shape)
    assert np.linalg.norm(at["thumb"] - at["index"]) < 0.1 * mannequin.HAND
    assert np.linalg.norm(at["thumb"] - at["pinky"]) > 0.6 * mannequin.HAND


def test_letters_differ_from_each_other() -> None:
    assert len(hands.LETTERS) >= 12
    at = {name: np.array(list(tips(shape).values())) for name, shape in hands.LETTERS.items()}
    for one, other in itertools.combinations(at, 2):
        apart = np.linalg.norm(at[one] - at[other], axis=-1)
        assert apart.max() > 0.15 * mannequin.HAND, (one, other)


def test_fingers_bend_only_to_the_palm() -> None:
    for name, shape in hands.LETTERS.items():
        assert shape[1:, 1:].min() >= 0, name
        assert shape[1:, 1:].max() <= 1.8, name


def test_a_curl_that_closes_makes_a_fist_and_one_that_opens_a_flat_hand() -> None:
    closed, opened = (tips(hands.from_curl(c[None], np.zeros(1))[0]) for c in (hands.FIST, hands.OPEN))
    for finger in hands.ORDER[1:]:
        assert np.linalg.norm(closed[finger]) < 1.25 * mannequin.HAND
        assert np.linalg.norm(opened[finger]) > 1.4 * mannequin.HAND


def test_spelling_shows_the_letters_that_it_says() -> None:
    motion = moved("spell", 1, frames=121, fps=30, side=1.0, rate=1.0)
    said = [(a, b, words) for a, b, words in motion.events if "letter" in words and b - a > 0.9]
    assert len({words for *_, words in said}) >= 3
    for start, end, words in said:
        frame = round(30 * (0.45 * start + 0.55 * end))
        letter = words.split("letter ")[1][0]
        for name, wanted in hands.joints(hands.LETTERS[letter][None]).items():
            shown = motion.rotations[frame, JOINT_INDEX[f"left_{name}"]]
            assert rot.angle(rot.mul(rot.inverse(wanted[0]), shown)) < 0.35, (letter, name)


@pytest.mark.parametrize("name", SHAPED)
def test_palms_meet_in_every_clap_on_any_body(name: str) -> None:
    baked = SHAPED[name]
    motion = moved("clap", 2, frames=97, fps=32, rate=2.0)
    pose = retarget(motion, baked, (0.5, 1.0), 0.8)
    left, right = palms(baked, pose.rotations, pose.positions)
    apart = np.linalg.norm(left - right, axis=-1)[16:-24]
    claps = (apart[1:-1] <= apart[:-2]) & (apart[1:-1] < apart[2:])
    assert claps.sum() >= 3
    assert apart[1:-1][claps].max() < 0.03
    assert apart.max() > 0.1


@pytest.mark.parametrize("name", SHAPED)
def test_a_hand_at_the_chin_is_at_the_chin_of_any_body(name: str) -> None:
    baked = SHAPED[name]
    motion = moved("listen", 3, side=1.0)
    pose = retarget(motion, baked, (0.0, 0.0), 0.0)
    assert motion.near is not None
    there = motion.near[:, 0, 3] > 0.99
    assert there.mean() > 0.3
    left, _ = palms(baked, pose.rotations, pose.positions)
    head = JOINT_INDEX["head"]
    turns = turns_of(baked.rig, pose)
    chin = pose.positions[:, head] + rot.rotate(turns[:, head], landmarks(baked)["chin"])
    away = np.linalg.norm(left - chin, axis=-1)[there]
    size = hand_size(t_pose_offsets(baked.rig))
    assert away.max() < 0.085 * size
    assert np.ptp(away) < 0.04 * size


def palms(baked: BakedCharacter, rotations: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3) the middles of both palms' skin, of bodies with the mannequin's hands."""
    turns = rot.mul(rotations[:, :55], rot.inverse(baked.rig.to_t_pose[:55]))
    bones = t_pose_offsets(baked.rig)
    out = []
    for side in ("left", "right"):
        wrist = JOINT_INDEX[f"{side}_wrist"]
        inside = 0.62 * bones[JOINT_INDEX[f"{side}_middle1"]] - 0.026 * baked.hip_height * rot.Z
        out.append(places[:, wrist] + rot.rotate(turns[:, wrist], inside))
    return out[0], out[1]


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_cup_is_upright_on_the_way_and_tilts_at_the_lips(side: float) -> None:
    motion = moved("drink", 1, side=side, rate=0.4)
    turns, places = turns_and_places(motion)
    hand = 0 if side > 0 else 1
    wrist = JOINT_INDEX[f"{('left', 'right')[hand]}_wrist"]
    axis = rot.rotate(turns[:, wrist], things.CUP_AXIS * mirror(hand))
    tilt = np.arccos(np.clip(axis[:, 2], -1, 1))
    assert motion.near is not None
    at_lips = motion.near[:, hand, 1]
    assert tilt[at_lips < 0.01].max() < 0.3
    assert tilt[at_lips > 0.99].max() > 0.5
    rim = palm(turns, places, hand) + rot.rotate(turns[:, wrist], things.rim() * mirror(hand))
    head = JOINT_INDEX["head"]
    mouth = places[:, head] + rot.rotate(turns[:, head], mannequin.MOUTH)
    assert np.linalg.norm(rim - mouth, axis=-1)[at_lips > 0.99].max() < 0.015


@pytest.mark.parametrize("family", OWN)
def test_eyes_blink_and_the_face_is_never_still(family: str) -> None:
    face = moved(family, 4, frames=65).expression
    assert face[:, FACE_UNITS.index("eyeBlinkLeft")].max() > 0.6
    assert (face.std(axis=0) > 0.005).sum() >= 8


def eye_yaw(motion: Motion) -> np.ndarray:
    """(T,) shares that the eyes are turned to the left."""
    unit = motion.expression[:, FACE_UNITS.index("eyeLookOutLeft")]
    return unit - motion.expression[:, FACE_UNITS.index("eyeLookInLeft")]


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_gaze_leads_the_head_and_the_head_leads_the_hand(side: float) -> None:
    motion = moved("point", 1, frames=151, fps=60, side=side, across=0.9, height=0.1)
    turns, places = turns_and_places(motion)
    head = turns[:, JOINT_INDEX["head"]]
    ahead = rot.rotate(head, -rot.Y)
    yaw = side * np.arctan2(ahead[:, 0], -ahead[:, 1])
    wrist = places[:, JOINT_INDEX["left_wrist" if side > 0 else "right_wrist"]]
    eyes = side * eye_yaw(motion)
    onset = [half_way(eyes[:90]), half_way(yaw[:90]), half_way(side * wrist[:90, 0])]
    assert 0.05 < (onset[1] - onset[0]) / 60 < 0.45
    assert onset[2] > onset[1]


def half_way(curve: np.ndarray) -> int:
    """First index past the middle of a curve's way from its start to its peak."""
    return int(np.argmax(curve > 0.5 * (curve[0] + curve.max())))


def test_eyes_stay_on_their_goal_while_the_head_nods() -> None:
    t = np.arange(0, 2, 1 / 60)
    nod = rot.about_x(0.1 * np.sin(2 * np.pi * 2 * t))
    seen = gaze.in_head(np.zeros((len(t), 2)), nod)
    back = rot.rotate(nod, gaze.direction(seen))
    np.testing.assert_allclose(back, np.broadcast_to(-rot.Y, back.shape), atol=1e-9)


def test_eyes_give_up_a_goal_behind_the_head() -> None:
    behind = gaze.in_head(np.array([[np.pi - 0.3, 0.0]]), rot.IDENTITY[None])
    np.testing.assert_allclose(behind, 0, atol=1e-9)


def test_one_who_reaches_looks_there_before_the_hand_sets_out() -> None:
    motion = moved("reach", 2, frames=121, fps=60, side=1.0, across=0.8, height=0.6)
    _, places = turns_and_places(motion)
    wrist = places[:, JOINT_INDEX["left_wrist"]]
    on_the_way = half_way(wrist[:90, 0])
    looks = half_way(eye_yaw(motion)[:90])
    assert 0.1 < (on_the_way - looks) / 60 < 0.8


def test_feet_stay_planted_while_sitting_down_and_lifting() -> None:
    for family in ("sit", "lift", "drink", "clap"):
        assert moved(family, 1).contacts.all(), family


def test_the_weight_is_over_the_feet_until_the_seat_carries_it() -> None:
    motion = moved("sit", 2, frames=97, rate=0.25)
    _, places = turns_and_places(motion)
    height = places[:, 0, 2] / mannequin.HIP_HEIGHT
    trunk = places[:, [JOINT_INDEX[n] for n in ("pelvis", "spine2", "neck", "head")]].mean(axis=1)
    ankles = places[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]].mean(axis=1)
    behind = (trunk - ankles)[:, 1]
    assert height.min() < things.SEAT_PELVIS + 0.02
    carried = height > things.SEAT_PELVIS + 0.12
    assert behind[carried].max() < 0.17  # the heels are about 5 cm behind the ankles, the thighs counterweigh


@pytest.mark.parametrize("family", ["sit", "lift", "drink", "phone"])
def test_what_is_held_is_told(family: str) -> None:
    (held,) = moved(family, 3).held
    assert held.kind == {"sit": "stool", "lift": "box", "drink": "cup", "phone": "phone"}[family]
    places = {HELD_PLACES[int(k)] for k in held.place}
    if family == "lift":
        assert places == {"ground", "both_hands"}
    else:
        assert len(places) == 1


def test_a_family_goes_on_for_as_long_as_it_is_asked() -> None:
    for family in OWN:
        short, long = (
            FAMILIES[family](
                np.arange(0, length, 1 / 30), length, phrase(family, 1).params, np.random.default_rng(1)
            )
            for length in (2.0, 9.0)
        )
        assert len(short.t) == 60
        last = long.joints[-90:]
        moving = np.linalg.norm(np.diff(rot.log(rot.mul(rot.inverse(last[:1]), last)), axis=0), axis=-1)
        assert moving.max() > 0.005, family
