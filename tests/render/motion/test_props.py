"""Things in hands, on the ground and under a sitter: where they are, and that they never jump."""

from __future__ import annotations

import numpy as np
import pytest
from mannequins import BODIES, body
from samples import phrase, spec

from motionpair.catalog import PROPS
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.motion import HELD_PLACES, Motion
from render.motions import perform, things
from render.near import hand_size, landmarks
from render.posing import t_pose_offsets, turns_of
from render.props import place_props
from render.retarget import retarget
from render.scene import Pose, Prop
from render.skeleton import JOINT_INDEX

FPS = 16
SHAPED = {
    "short arms, large head": body(arms=0.88, head=1.3),
    **{name: BODIES[name] for name in ("average", "child", "tall", "heavy")},
}
PLACE, HEADING = (0.7, -1.2), 2.1


def performed(
    family: str, baked: BakedCharacter, seed: int = 1, **params: float
) -> tuple[Motion, Pose, Prop]:
    """A body somewhere that does a family, and the thing that it handles."""
    motion = perform(spec(phrase(family, seed, seconds=6.0, **params), seed=seed), FPS, 81)
    pose = retarget(motion, baked, PLACE, HEADING)
    (prop,) = place_props(motion, baked, pose)
    return motion, pose, prop


def wrists(pose: Pose) -> np.ndarray:
    return pose.positions[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]]


def top(prop: Prop) -> np.ndarray:
    """(T, 3) the middle of a thing's upper end."""
    return prop.positions + rot.rotate(prop.rotations, prop.size[2] * rot.Z)


@pytest.mark.parametrize(
    ("family", "kind"), [("drink", "cup"), ("phone", "phone"), ("lift", "box"), ("sit", "stool")]
)
def test_a_thing_is_sized_for_the_body_and_posed_in_every_frame(family: str, kind: str) -> None:
    small, large = (performed(family, SHAPED[name])[2] for name in ("child", "tall"))
    for prop in (small, large):
        assert prop.kind == kind in PROPS
        assert prop.rotations.shape == (81, 4)
        assert prop.positions.shape == (81, 3)
        np.testing.assert_allclose(np.linalg.norm(prop.rotations, axis=-1), 1, atol=1e-9)
        assert len(prop.colour) == 7
        assert prop.colour.startswith("#")
    if kind == "stool":
        assert large.size[2] > 1.2 * small.size[2]


def test_the_same_body_has_the_same_thing() -> None:
    one, again = (performed("drink", BODIES["average"])[2] for _ in range(2))
    assert (one.colour, one.size) == (again.colour, again.size)
    np.testing.assert_array_equal(one.positions, again.positions)


def test_a_motion_that_handles_nothing_has_no_things() -> None:
    motion = perform(spec(phrase("wave", 1), seed=1), FPS, 17)
    pose = retarget(motion, BODIES["average"], PLACE, HEADING)
    assert place_props(motion, BODIES["average"], pose) == ()


@pytest.mark.parametrize("name", SHAPED)
def test_the_cup_reaches_the_mouth_of_any_body(name: str) -> None:
    baked = SHAPED[name]
    motion, pose, cup = performed("drink", baked, rate=0.4)
    head = JOINT_INDEX["head"]
    turns = turns_of(baked.rig, pose)
    mouth = pose.positions[:, head] + rot.rotate(turns[:, head], landmarks(baked)["mouth"])
    axis = rot.rotate(cup.rotations, rot.Z)
    to = mouth - top(cup)
    along = np.sum(to * axis, axis=-1)
    around = np.linalg.norm(to - along[:, None] * axis, axis=-1)
    rim = np.hypot(along, around - cup.size[0] / 2)
    assert motion.near is not None
    at_lips = motion.near[:, :, 1].max(axis=1) > 0.99
    assert at_lips.sum() >= 8
    assert rim[at_lips].max() < 0.02
    assert axis[:, 2].min() < 0.86
    assert axis[motion.near[:, :, 1].max(axis=1) < 0.01, 2].min() > 0.95


@pytest.mark.parametrize("name", SHAPED)
def test_a_phone_at_the_ear_touches_it_and_faces_the_head(name: str) -> None:
    baked = SHAPED[name]
    motion, pose, phone = performed("phone", baked, call=1.0)
    left = HELD_PLACES[int(motion.held[0].place[0])] == "left_hand"
    head = JOINT_INDEX["head"]
    turns = turns_of(baked.rig, pose)
    ear = landmarks(baked)["ear"] * np.array([1.0 if left else -1.0, 1.0, 1.0])
    ears = pose.positions[:, head] + rot.rotate(turns[:, head], ear)
    assert np.linalg.norm(top(phone) - ears, axis=-1).max() < 0.07
    screen = rot.rotate(phone.rotations, -rot.Y)
    inward = rot.rotate(turns[:, head], -rot.X if left else rot.X)
    assert np.sum(screen * inward, axis=-1).min() > 0.6


def test_a_phone_that_is_typed_on_faces_the_eyes() -> None:
    baked = BODIES["average"]
    _, pose, phone = performed("phone", baked, seed=2, call=0.0)
    eyes = pose.positions[:, [JOINT_INDEX["left_eye_smplhf"], JOINT_INDEX["right_eye_smplhf"]]].mean(axis=1)
    screen = rot.rotate(phone.rotations, -rot.Y)
    assert np.sum(screen * rot.normalised(eyes - phone.positions), axis=-1).min() > 0.6


@pytest.mark.parametrize("name", SHAPED)
def test_the_box_stands_until_it_is_lifted_and_never_jumps(name: str) -> None:
    baked = SHAPED[name]
    motion, pose, box = performed("lift", baked, seed=2)
    down = motion.held[0].place == HELD_PLACES.index("ground")
    assert 0.1 < down.mean() < 0.7
    np.testing.assert_allclose(box.positions[down, 2], 0, atol=1e-9)
    assert np.ptp(box.positions[down], axis=0).max() < 1e-9
    assert box.positions[:, 2].min() > -0.01
    speed = np.diff(box.positions, axis=0) * FPS
    assert np.linalg.norm(np.diff(speed, axis=0), axis=-1).max() * FPS < 25
    # Both palms are on its sides all the while, one on each.
    inside = rot.rotate(rot.inverse(box.rotations)[:, None], wrists(pose) - box.positions[:, None])
    carried = ~down
    size = hand_size(t_pose_offsets(baked.rig))
    assert np.all(inside[carried, 0, 0] * inside[carried, 1, 0] < 0)
    assert np.abs(np.abs(inside[carried, :, 0]) - box.size[0] / 2).max() < 0.08 * size
    grip = 0.5 * inside[carried].sum(axis=1)
    assert np.ptp(grip[:, 2]) < 0.12


def test_the_box_is_picked_up_where_it_stands_whatever_the_window_shows() -> None:
    baked = BODIES["average"]
    whole = spec(phrase("lift", 2, seconds=6.0), seed=2)
    late = spec(phrase("lift", 2, seconds=6.0), seed=2, start=1.5)
    boxes = []
    for one in (whole, late):
        motion = perform(one, FPS, 49)
        boxes.append(place_props(motion, baked, retarget(motion, baked, PLACE, HEADING))[0])
    np.testing.assert_allclose(boxes[0].positions[24:], boxes[1].positions[:25], atol=0.02)


@pytest.mark.parametrize("name", SHAPED)
def test_a_stool_stands_still_under_the_one_who_sits(name: str) -> None:
    baked = SHAPED[name]
    _, pose, stool = performed("sit", baked, rate=0.25)
    assert np.ptp(stool.positions, axis=0).max() == 0
    np.testing.assert_allclose(stool.positions[:, 2], 0, atol=1e-12)
    pelvis = pose.positions[:, 0]
    seated = pelvis[:, 2] < (things.SEAT_PELVIS + 0.012) * baked.hip_height
    assert seated.sum() >= 8
    away = np.linalg.norm((pelvis - stool.positions)[seated, :2], axis=-1)
    assert away.max() < 0.45 * stool.size[0]
    over = pelvis[seated, 2] - stool.size[2]
    assert 0.02 * baked.hip_height < over.min() <= over.max() < 0.3 * baked.hip_height
