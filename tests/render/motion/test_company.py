"""Hands that meet: partners of every size clap and dance, and stand as far apart as their arms want."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mannequins import BODIES
from samples import phrase, spec

from motionpair.errors import InputError
from render import footing
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.motion import Motion, Touch
from render.motions import perform
from render.retarget import retarget
from render.scene import Pose
from render.skeleton import JOINT_INDEX
from render.touch import touch, touch_error_mm

FPS, FRAMES = 16, 33
DUETS = ("hand_clap", "partner_dance")
COUPLES = (("average", "average"), ("child", "tall"), ("heavy", "child"), ("tall", "heavy"))
APART = 0.9


def perform_both(family: str, seed: int, **params: float) -> list[Motion]:
    return [
        perform(spec(phrase(family, seed, **(params | {"role": role})), seed=seed, start=0.4), FPS, FRAMES)
        for role in (0.0, 1.0)
    ]


def stand(motions: list[Motion], couple: tuple[str, str]) -> tuple[list[BakedCharacter], list[Pose]]:
    """Both at APART from each other, face to face."""
    cast = [BODIES[who] for who in couple]
    places = (((-APART / 2, 0.0), np.pi / 2), ((APART / 2, 0.0), -np.pi / 2))
    return cast, [retarget(m, b, *place) for m, b, place in zip(motions, cast, places, strict=True)]


@pytest.mark.parametrize("couple", COUPLES, ids="+".join)
@pytest.mark.parametrize("family", DUETS)
def test_palms_meet_on_all_bodies(family: str, couple: tuple[str, str]) -> None:
    for seed in range(3):
        motions = perform_both(family, seed)
        cast, poses = stand(motions, couple)
        together = touch(motions, cast, poses)
        assert touch_error_mm(motions, cast, poses) > 20  # or there is nothing to do
        assert touch_error_mm(motions, cast, together) < 10


@pytest.mark.parametrize("couple", COUPLES, ids="+".join)
@pytest.mark.parametrize("family", DUETS)
def test_feet_stay_planted_and_no_joint_pops(family: str, couple: tuple[str, str]) -> None:
    motions = perform_both(family, 1)
    cast, poses = stand(motions, couple)
    for motion, body, before, after in zip(motions, cast, poses, touch(motions, cast, poses), strict=True):
        figures = footing.measure(body, after, FPS)
        assert figures.slide_p95_mm < 2
        assert figures.penetration_mm < 3
        np.testing.assert_array_equal(after.contacts, motion.contacts)
        jerks = [np.abs(np.diff(pose.positions[:, :22], n=3, axis=0)).max() for pose in (before, after)]
        assert jerks[1] < 1.6 * jerks[0] + 0.02


@pytest.mark.parametrize("couple", COUPLES, ids="+".join)
def test_partners_step_to_where_no_arm_is_stretched_or_folded(couple: tuple[str, str]) -> None:
    motions = perform_both("partner_dance", 2)
    cast, poses = stand(motions, couple)
    for pose in touch(motions, cast, poses):
        for side in ("left", "right"):
            shoulder, elbow, wrist = (
                pose.positions[:, JOINT_INDEX[f"{side}_{n}"]] for n in ("shoulder", "elbow", "wrist")
            )
            length = np.linalg.norm(elbow - shoulder, axis=-1) + np.linalg.norm(wrist - elbow, axis=-1)
            share = np.linalg.norm(wrist - shoulder, axis=-1) / length
            assert share.max() < 0.985
            assert share.min() > 0.3
    middle = poses[0].positions[:, 0] + poses[1].positions[:, 0]
    after = sum(p.positions[:, 0] for p in touch(motions, cast, poses))
    np.testing.assert_allclose(after, middle, atol=1e-6)  # both step, by the same way


def test_the_taller_leans_down_and_both_look_at_each_other() -> None:
    motions = perform_both("hand_clap", 0)
    cast, poses = stand(motions, ("child", "tall"))
    small, tall = touch(motions, cast, poses)
    head = JOINT_INDEX["head"]
    assert tall.positions[:, head, 2].mean() < poses[1].positions[:, head, 2].mean() - 0.01

    def looks_up(pose: Pose, body: BakedCharacter) -> float:
        turn = rot.mul(pose.rotations[:, head], rot.inverse(body.rig.to_t_pose[head]))
        return float(rot.rotate(turn, -rot.Y)[:, 2].mean())

    assert looks_up(small, cast[0]) > looks_up(poses[0], cast[0]) + 0.15
    assert looks_up(tall, cast[1]) < looks_up(poses[1], cast[1]) - 0.15


def test_partners_dance_the_same_steps_seen_from_across() -> None:
    lead, follow = perform_both("partner_dance", 3, tempo=90.0, groove=1.0)
    # Along the line between them one's way ahead is the other's way back, but where both step apart.
    across = np.corrcoef(lead.root[:, 0], -follow.root[:, 0])[0, 1]
    assert across > 0.9
    np.testing.assert_allclose(lead.contacts.mean(), follow.contacts.mean(), atol=0.1)


@pytest.mark.parametrize("family", DUETS)
def test_partners_are_not_each_others_copy(family: str) -> None:
    one, other = perform_both(family, 4)
    assert np.abs(one.expression - other.expression).max() > 0.05
    assert [t.hand for t in one.touches if t.what == "partner_left"] or family == "partner_dance"
    for a in one.touches:
        twin = next(
            b for b in other.touches if (b.what, a.what) == (f"partner_{a.hand}", f"partner_{b.hand}")
        )
        np.testing.assert_array_equal(a.weight, twin.weight)


@pytest.mark.parametrize("pattern", [0.1, 0.5, 0.9])
def test_every_clapping_game_claps_on_the_beat(pattern: float) -> None:
    motion = perform_both("hand_clap", 0, pattern=pattern, rate=2.0)[0]
    claps = np.max([t.weight for t in motion.touches], axis=0) > 0.99
    starts = np.flatnonzero(claps[1:] & ~claps[:-1])
    assert 1 <= len(starts) <= 4  # every other beat of two seconds at two beats a second, or less


def test_a_touch_that_is_not_returned_is_refused() -> None:
    motions = perform_both("partner_dance", 0)
    cast, poses = stand(motions, ("average", "tall"))
    with pytest.raises(InputError, match="two partners"):
        touch(motions[:1], cast[:1], poses[:1])
    aloof = replace(motions[1], touches=(Touch("left", "partner_left", np.ones(FRAMES)),))
    with pytest.raises(InputError, match="the first touches the second with the left hand alone"):
        touch([motions[0], aloof], cast, poses)


def test_without_touches_poses_are_left_as_they_are() -> None:
    motion = perform(spec(phrase("walk", 0)), FPS, 17)
    pose = retarget(motion, BODIES["tall"], (0.0, 0.0), 0.0)
    assert touch([motion], [BODIES["tall"]], [pose])[0] is pose
