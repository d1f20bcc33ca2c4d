from __future__ import annotations

import dataclasses

import numpy as np
from samples import phrase, spec

from motionpair.catalog.ranges import swap_sides
from render.liveliness import mannequin_joints
from render.motion import HELD_PLACES, NEAR, Held, Motion, Touch
from render.motions import perform
from render.skeleton import FACE_UNITS, JOINT_INDEX

FPS = 16


def kick() -> Motion:
    return perform(spec(phrase("kick", 1, side=1.0)), FPS, 17)


def test_a_mirrored_motion_puts_every_joint_where_a_mirror_shows_it() -> None:
    motion = kick()
    seen, mirror = mannequin_joints(motion), mannequin_joints(motion.mirrored())
    for name in ("wrist", "ankle", "knee", "index3"):
        left, right = JOINT_INDEX[f"left_{name}"], JOINT_INDEX[f"right_{name}"]
        np.testing.assert_allclose(mirror[:, right], seen[:, left] * [-1, 1, 1], atol=1e-9)
        np.testing.assert_allclose(mirror[:, left], seen[:, right] * [-1, 1, 1], atol=1e-9)


def test_mirroring_twice_changes_nothing() -> None:
    motion = dataclasses.replace(
        kick(),
        touches=(Touch("left", "partner_right", np.ones(17)),),
        held=(Held("cup", np.full(17, HELD_PLACES.index("left_hand"))),),
    )
    again = motion.mirrored().mirrored()
    for name in ("rotations", "root", "expression", "contacts"):
        np.testing.assert_array_equal(getattr(again, name), getattr(motion, name))
    assert again.events == motion.events
    assert [(t.hand, t.what) for t in again.touches] == [("left", "partner_right")]
    np.testing.assert_array_equal(again.held[0].place, motion.held[0].place)


def test_contacts_touches_and_things_held_change_sides() -> None:
    near, kneeling = np.zeros((17, 2, len(NEAR))), np.zeros((17, 2), dtype=bool)
    near[:, 0, NEAR.index("mouth")] = 1.0
    kneeling[:, 1] = True
    motion = dataclasses.replace(
        kick(),
        near=near,
        kneeling=kneeling,
        touches=(Touch("left", "partner_right", np.ones(17)), Touch("right", "ground", np.ones(17))),
        held=(Held("cup", np.array([HELD_PLACES.index(p) for p in ("left_hand", "ground", "both_hands")])),),
    )
    mirror = motion.mirrored()
    np.testing.assert_array_equal(mirror.contacts, motion.contacts[:, [2, 3, 0, 1]])
    assert mirror.near is not None
    assert mirror.near[:, 1, NEAR.index("mouth")].all()
    assert not mirror.near[:, 0].any()
    assert mirror.kneeling is not None
    np.testing.assert_array_equal(mirror.kneeling, [[True, False]] * 17)
    assert [(t.hand, t.what) for t in mirror.touches] == [("right", "partner_left"), ("left", "ground")]
    assert [HELD_PLACES[p] for p in mirror.held[0].place] == ["right_hand", "ground", "both_hands"]


def test_a_face_that_looks_left_looks_right_in_the_mirror() -> None:
    motion = kick()
    face = np.zeros_like(motion.expression)
    for unit in ("eyeLookOutLeft", "eyeLookInRight", "jawLeft", "mouthLeft", "mouthSmileLeft", "jawOpen"):
        face[:, FACE_UNITS.index(unit)] = 0.5
    mirror = dataclasses.replace(motion, expression=face).mirrored().expression
    shown = {FACE_UNITS[i] for i in np.flatnonzero(mirror[0])}
    assert shown == {
        "eyeLookOutRight", "eyeLookInLeft", "jawRight", "mouthRight", "mouthSmileRight", "jawOpen",
    }  # fmt: skip


def test_a_mirrored_spec_performs_the_mirrored_motion_and_says_so() -> None:
    one = spec(phrase("throw", 1, side=1.0))
    plain, mirror = (perform(dataclasses.replace(one, mirrored=m), FPS, 17) for m in (False, True))
    np.testing.assert_array_equal(mirror.rotations, plain.mirrored().rotations)
    assert "left arm" in plain.events[0][2]
    assert "right arm" in mirror.events[0][2]


def test_words_swap_sides() -> None:
    assert swap_sides("waves with the left hand, steps to the right") == (
        "waves with the right hand, steps to the left"
    )
    assert swap_sides("leftover, upright") == "leftover, upright"
