"""What is observed of a staged clip holds on its geometry, and a mirror swaps left and right."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from mannequins import BODIES
from samples import phrase, spec

from motionpair.catalog import MOTION_FAMILIES
from motionpair.planning import candidate
from motionpair.postures import Observed, Posture
from motionpair.recipe import load_recipe
from motionpair.specs import MotionSpec
from render import rotations as rot
from render.carriage import body_of, hand_place, posture_at
from render.characters.skinning import skin
from render.motion import Motion
from render.motions import FAMILIES, perform
from render.observations import observe_performers
from render.props import place_props
from render.retarget import retarget
from render.scene import Actor, CameraTrack, Scene
from render.skeleton import CONTACT_POINTS, FACE_UNITS, JOINT_INDEX, JOINTS
from render.stage import StagedClip
from render.touch import touch

FPS, FRAMES = 16, 33
ALONE = sorted(f for f in FAMILIES if not MOTION_FAMILIES[f].duet)
TARGET = candidate(load_recipe("demo"), 0, 0, 0).target
FRONT = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""A camera that looks along +Y: its right is +X."""
OTHER = {"left": "right", "right": "left", "half_left": "half_right", "half_right": "half_left"}


def staged(
    *motions: Motion,
    heading: float = 0.0,
    spots: tuple[tuple[float, float], ...] = ((0.0, 0.0),),
    focal: float = 300.0,
    tilt: float = 0.0,
) -> StagedClip:
    """Mannequins that perform motions before a camera 5 m in front of them, tilted down by `tilt`."""
    body = BODIES["average"]
    cast = [body] * len(motions)
    turns = [heading] if len(motions) == 1 else [math.pi / 2, -math.pi / 2]
    poses = [retarget(m, body, at, turn) for m, at, turn in zip(motions, spots, turns, strict=True)]
    poses = touch(motions, cast, poses)
    actors = tuple(
        Actor(body, pose, slot, place_props(motion, body, pose))
        for slot, (motion, pose) in enumerate(zip(motions, poses, strict=True), start=1)
    )
    frames = motions[0].frames
    down = np.array([[1, 0, 0], [0, math.cos(tilt), math.sin(tilt)], [0, -math.sin(tilt), math.cos(tilt)]])
    camera = CameraTrack(
        np.tile([0.0, -5.0, 1.0], (frames, 1)), np.tile(FRONT @ down, (frames, 1, 1)),
        np.full(frames, focal), 512, 512,
    )  # fmt: skip
    scene = Scene(actors, camera, TARGET.environment, TARGET.render, FPS)
    return StagedClip(scene, (), (), (), motions)


def observed(motion: Motion | MotionSpec, **view: float) -> Observed:
    if isinstance(motion, MotionSpec):
        motion = perform(motion, FPS, FRAMES)
    (facts,) = observe_performers(staged(motion, **view))  # type: ignore[arg-type]
    return facts


def posed(**turns: np.ndarray) -> Motion:
    """The T-pose, standing, with joints turned."""
    rotations = np.tile(rot.IDENTITY, (FRAMES, len(JOINTS), 1))
    for name, turn in turns.items():
        rotations[:, JOINT_INDEX[name]] = turn
    return Motion(
        FPS, rotations, np.zeros((FRAMES, 3)), np.zeros((FRAMES, len(FACE_UNITS))),
        np.ones((FRAMES, len(CONTACT_POINTS)), bool),
    )  # fmt: skip


def arms(left: np.ndarray, right: np.ndarray) -> Motion:
    return posed(left_shoulder=left, right_shoulder=right)


DOWN, UP, AHEAD = 1.45, -1.3, -1.5


@pytest.mark.parametrize(
    ("motion", "hands"),
    [
        (posed(), ("aside", "aside")),
        (arms(rot.about_y(DOWN), rot.about_y(-DOWN)), ("hanging", "hanging")),
        (arms(rot.about_y(UP), rot.about_y(-DOWN)), ("overhead", "hanging")),
        (arms(rot.about_z(AHEAD), rot.about_y(0.0)), ("front", "aside")),
        (arms(rot.about_y(-0.45), rot.about_z(-AHEAD)), ("raised", "front")),
    ],
)
def test_hands_of_poses_made_by_hand_are_where_they_are_put(motion: Motion, hands: tuple[str, str]) -> None:
    facts = observed(motion)
    assert facts.first.hands == facts.last.hands == hands
    assert facts.first.stance == "upright"
    assert facts.first.facing == "camera"
    assert (facts.turned, facts.travelled, facts.way, facts.raises) == (0.0, 0.0, "", (False, False))


def test_a_trunk_that_bends_is_said_to_lean_and_hands_at_the_face_are_there() -> None:
    straight = arms(rot.about_y(DOWN), rot.about_y(-DOWN)).rotations
    for angle, lean in ((0.2, ""), (0.6, "forward"), (1.1, "deep"), (-0.35, "back")):
        bent = straight.copy()
        bent[:, JOINT_INDEX["spine1"]] = rot.about_x(angle)
        assert observed(replace(posed(), rotations=bent)).first.lean == lean
    for angle, lean in ((0.4, "left"), (-0.4, "right")):
        bent = straight.copy()
        bent[:, JOINT_INDEX["spine1"]] = rot.about_y(angle)
        assert observed(replace(posed(), rotations=bent)).first.lean == lean


@pytest.mark.parametrize(
    ("heading", "facing"),
    [
        (0.0, "camera"),
        (0.8, "half_right"),
        (-0.8, "half_left"),
        (1.57, "right"),
        (-1.57, "left"),
        (3.1, "away"),
    ],
)
def test_bodies_face_where_they_are_turned(heading: float, facing: str) -> None:
    assert observed(posed(), heading=heading).first.facing == facing


def test_turns_and_ways_are_those_of_the_motion() -> None:
    turn = observed(spec(phrase("turn", 0, seconds=2.0, angle=1.5)))
    assert turn.turned == pytest.approx(math.degrees(1.5), abs=20)
    assert observed(spec(phrase("turn", 0, seconds=2.0, angle=-1.5))).turned < -60
    walk = spec(phrase("walk", 0, seconds=4.0, speed=1.0, curve=0.0))
    ahead = observed(walk)
    assert ahead.travelled == pytest.approx(2.0, abs=0.25)
    assert ahead.way == "towards"
    assert observed(walk, heading=1.57).way == "right"
    assert observed(walk, heading=-1.57).way == "left"
    assert observed(walk, heading=3.1).way == "away"
    assert observed(spec(phrase("clap", 0, seconds=4.0))).travelled == 0


def test_the_camera_is_told_as_solved_and_what_it_leaves_out_is_not() -> None:
    assert observed(posed(), tilt=0.2).looks_down == pytest.approx(0.2, abs=1e-3)
    assert observed(posed(), tilt=-0.1).looks_down == pytest.approx(-0.1, abs=1e-3)
    close = observed(posed(), focal=3000.0, tilt=-0.05)
    assert close.first == Posture("unclear", "", "", ("", ""), ("", ""), "camera", False)
    assert observed(posed()).hidden == ()


@pytest.mark.parametrize("family", ALONE)
def test_every_claim_holds_on_the_body(family: str) -> None:
    for seed in range(4):
        motion = perform(spec(phrase(family, seed), seed=seed, start=0.3 * seed), FPS, FRAMES)
        clip = staged(motion)
        (facts,) = observe_performers(clip)
        for posture, t in ((facts.first, 0), (facts.last, FRAMES - 1)):
            _holds(posture, clip, t)
        assert facts.happenings
        for happening in facts.happenings:
            assert 0 <= happening.start < happening.end <= 1
        times = [h.start for h in facts.happenings]
        assert family == "listen" or times == sorted(times)


def _holds(posture: Posture, clip: StagedClip, t: int) -> None:
    """Plain readings of a posture's words, on the posed body."""
    actor, motion = clip.scene.actors[0], clip.motions[0]
    places = actor.pose.positions[t]

    def height(name: str) -> float:
        return float(places[JOINT_INDEX[name]][2])

    for k, side in enumerate(("left", "right")):
        hand, wrist, shoulder = posture.hands[k], height(f"{side}_wrist"), height(f"{side}_shoulder")
        body = actor.character.part("body")
        flesh = skin(body, actor.character.rig, actor.pose, actor.character.hand_vertices[k], slice(t, t + 1))
        if hand == "ground":
            assert flesh[0, :, 2].min() < 0.03
        if hand in ("raised", "overhead"):
            assert wrist > shoulder
        if hand == "overhead":
            assert height(f"{side}_middle1") > height("left_eye_smplhf")
        if hand == "hanging":
            assert wrist < height("pelvis") + 0.12
        if hand in ("hip", "chest", "front"):
            assert wrist < shoulder + 0.2
        if posture.holding[k] in ("cup", "phone"):
            (prop,) = actor.props
            assert np.linalg.norm(prop.positions[t] - places[JOINT_INDEX[f"{side}_wrist"]]) < 0.3
    if posture.stance == "sitting":
        assert "hanging" not in posture.hands
    if posture.stance == "airborne":
        assert not motion.contacts[t].any()
    if posture.stance == "one_foot":
        first = 0 if posture.side == "left" else 2
        assert not motion.contacts[t, first : first + 2].any()
    if posture.stance in ("crouching", "sitting", "all_fours", "plank", "low_plank", "push_up"):
        assert height("pelvis") < 0.8 * actor.character.hip_height
    if posture.stance in ("upright", "standing", "feet_apart"):
        assert height("pelvis") > 0.8 * actor.character.hip_height
    if posture.stance == "stride":
        feet = (
            places[JOINT_INDEX[f"{posture.side}_ankle"]] - places[JOINT_INDEX[f"{OTHER[posture.side]}_ankle"]]
        )
        line = places[JOINT_INDEX["left_hip"]] - places[JOINT_INDEX["right_hip"]]
        assert feet @ np.array([line[1], -line[0], 0.0]) > 0
    if posture.stance in ("on_back", "on_belly", "on_side"):
        assert height("head") < 0.5
        assert height("pelvis") < 0.4
    if posture.stance == "on_side":
        assert height(f"{posture.side}_shoulder") < height(f"{OTHER[posture.side]}_shoulder")


@pytest.mark.parametrize("family", ALONE)
def test_a_mirror_swaps_what_is_observed(family: str) -> None:
    motion = perform(spec(phrase(family, 3), seed=5, start=0.4), FPS, FRAMES)
    plain, mirror = observed(motion), observed(motion.mirrored())
    for one, other in ((plain.first, mirror.first), (plain.last, mirror.last)):
        swapped = replace(
            other,
            side=OTHER.get(other.side, ""),
            lean=OTHER.get(other.lean, other.lean),
            hands=other.hands[::-1],
            holding=other.holding[::-1],
            facing=OTHER.get(other.facing, other.facing),
        )
        assert one == swapped
    assert plain.raises == mirror.raises[::-1]
    assert plain.turned == pytest.approx(-mirror.turned, abs=0.2)
    assert plain.way == OTHER.get(mirror.way, mirror.way)
    for a, b in zip(plain.happenings, mirror.happenings, strict=True):
        assert (a.start, a.end) == (b.start, b.end)
        assert ("left" in a.words.split()) == ("right" in b.words.split())
        assert re.sub("left|right", "*", a.words) == re.sub("left|right", "*", b.words)


def test_hands_on_the_thighs_of_one_who_sits_do_not_hang() -> None:
    motion = perform(spec(phrase("sit", 0, seconds=9.4)), FPS, 81)
    clip = staged(motion)
    (actor,), body = clip.scene.actors, body_of(clip.scene.actors[0])
    straight = 0
    for t in range(0, 81, 4):
        posture = posture_at(actor, motion, body, clip.scene.camera, t, (), FPS)
        if posture.stance == "sitting":
            assert "hanging" not in posture.hands
            straight += hand_place(body.joints[t], body.ahead[t], body.left[t], "left") == "hanging"
    assert straight


def test_hands_of_partners_touch_where_they_are_said_to() -> None:
    motions = [
        perform(spec(phrase("partner_dance", 1, role=role, tempo=90, groove=0.8), seed=2), FPS, FRAMES)
        for role in (0.0, 1.0)
    ]
    clip = staged(*motions, spots=((-0.35, 0.0), (0.35, 0.0)))
    one, two = observe_performers(clip)
    assert "partner" in (*one.first.hands, *one.last.hands)
    assert one.across[0] < two.across[0]
    for facts in (one, two):
        assert all(word.words for word in facts.happenings)


def test_partners_are_turned_to_each_other_unless_they_stand_back_to_back() -> None:
    still = [posed(), posed()]
    for spots, turned in ((((-0.5, 0.0), (0.5, 0.0)), True), (((0.5, 0.0), (-0.5, 0.0)), False)):
        facts = observe_performers(staged(*still, spots=spots))
        assert [f.towards for f in facts] == [turned, turned]
    assert not observed(posed()).towards
