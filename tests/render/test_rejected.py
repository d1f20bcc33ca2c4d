"""The rejected clip: worse in the hands, the same elsewhere; each cause does what it says; rounds add up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from mannequins import BODIES
from samples import phrase
from samples import spec as motion_spec

from motionpair import fields
from motionpair.planning import candidate
from motionpair.recipe import Recipe, load_recipe
from motionpair.specs import CAUSES, Cause, Character, PairSpec
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.estimators import ACCURATE
from render.estimators.hands import REST
from render.estimators.ladder import OF_HANDS, SET_BY, WEAK_HANDS, weak_in
from render.rejected import REGIONS, measure_gap, stage_rejected
from render.skeleton import BODY_JOINTS, JOINTS, LEFT_HAND_JOINTS
from render.stage import StagedClip, stage_pair

HANDS = list(REGIONS["hands"])
REST_OF_BODY = [j for j in range(len(JOINTS)) if j not in HANDS]
LEFT = [JOINTS.index(name) for name in LEFT_HAND_JOINTS]
WRIST = JOINTS.index("left_wrist")
SLOTS = range(4)
FRAMES = 17


class Mannequins:
    """Stands in for the store of baked characters."""

    def load(self, character: Character) -> BakedCharacter:
        some = np.arange(12, dtype=np.int32)
        return replace(BODIES["average"], hand_vertices=(some[:3], some[3:6]), face_vertices=some[6:])


@cache
def staged(slot: int) -> tuple[PairSpec, StagedClip, StagedClip]:
    spec = in_full(candidate(recipe(), 0, slot, 0))
    return spec, *stage_pair(spec, Mannequins())  # type: ignore[arg-type]


def in_full(spec: PairSpec) -> PairSpec:
    """The item filmed so that all of a mannequin shows, whose few points say little of its hands and face."""
    clips = {
        side: replace(clip := getattr(spec, side), camera=replace(clip.camera, framing="full_body"))
        for side in ("driving", "target")
    }
    return replace(spec, **clips)


@cache
def recipe() -> Recipe:
    return fields.from_plain(Recipe, fields.to_plain(load_recipe("preferences-demo")) | {"frames": FRAMES})


def rejected(slot: int, rounds: int, causes: tuple[Cause, ...] = CAUSES) -> StagedClip:
    spec, driving, target = staged(slot)
    assert spec.rejected is not None
    return stage_rejected(
        replace(spec, rejected=replace(spec.rejected, rounds=rounds, causes=causes)), driving, target
    )


def fingers(clip: StagedClip) -> np.ndarray:
    return clip.motions[0].rotations[:, LEFT]


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Radians between unit quaternions."""
    cosine = np.abs(np.sum(one * other, axis=-1))
    return 2 * np.arccos(np.clip(cosine, 0.0, 1.0))


def gap(slot: int, rounds: int, causes: tuple[Cause, ...] = CAUSES) -> float:
    spec, _, target = staged(slot)
    return measure_gap(spec, target, rejected(slot, rounds, causes)).fingertip_mm


def test_both_clips_do_what_one_estimator_saw_and_not_the_exact_motion() -> None:
    _, driving, target = staged(0)
    assert driving.source is not None
    exact = driving.source.motions[0]
    assert driving.motions == target.motions
    assert not np.allclose(driving.motions[0].rotations, exact.rotations, atol=1e-3)
    assert driving.estimates == target.estimates
    assert driving.estimates[0].fingertip_mm > 0


def test_all_but_the_region_is_the_targets_to_the_last_bit() -> None:
    spec, _, target = staged(0)
    worse = rejected(0, 2)
    one, other = target.scene.actors[0].pose, worse.scene.actors[0].pose
    assert worse.scene.camera is target.scene.camera
    assert worse.scene.render == target.scene.render
    assert np.array_equal(one.rotations[:, REST_OF_BODY], other.rotations[:, REST_OF_BODY])
    assert np.array_equal(one.positions[:, : len(BODY_JOINTS)], other.positions[:, : len(BODY_JOINTS)])
    assert np.array_equal(one.expression, other.expression)
    assert (apart(one.rotations, other.rotations)[:, HANDS] > 1e-3).any(axis=0).mean() > 0.9
    figures = measure_gap(spec, target, worse)
    assert figures.body_mm == 0
    assert figures.fingertip_most_mm >= figures.fingertip_mm > 15
    assert figures.fingertip_px > 0
    assert figures.gap_share > 0.5


def test_the_target_has_no_gap_to_itself() -> None:
    spec, _, target = staged(1)
    assert set(vars(measure_gap(spec, target, target)).values()) == {0.0}


def test_equal_specs_give_equal_clips() -> None:
    one, other = (rejected(1, 2).scene.actors[0].pose for _ in range(2))
    assert np.array_equal(one.rotations, other.rotations)


def test_rounds_worsen_the_gap_on_average() -> None:
    means = [np.mean([gap(slot, rounds) for slot in SLOTS]) for rounds in (1, 2, 3)]
    assert means[0] < means[1] < means[2]
    assert means[2] > 1.2 * means[0]


def test_an_item_of_more_rounds_goes_on_where_one_of_fewer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first round of three is the only round of one."""
    seen = []
    from render import rejected as module

    plain = module._round
    monkeypatch.setattr(module, "_round", lambda *a: seen.append(plain(*a)) or seen[-1])
    rejected(2, 1)
    rejected(2, 3)
    assert len(seen) == 4
    assert np.array_equal(seen[0].rotations, seen[1].rotations)


def test_each_cause_sets_its_own_parameters_and_no_other() -> None:
    every = [name for names in SET_BY.values() for name in names]
    assert len(set(every)) == len(every)
    for cause, names in SET_BY.items():
        model = weak_in((cause,))
        changed = {n for n in vars(model) if getattr(model, n) != getattr(ACCURATE, n)}
        assert changed
        assert changed <= set(names)
        assert all(getattr(model, name) == getattr(WEAK_HANDS, name) for name in names)
    assert weak_in(()) == ACCURATE
    assert OF_HANDS.tilt_degrees == OF_HANDS.depth == 0


def test_one_round_without_a_cause_that_strikes_is_the_target() -> None:
    """P′ has P's draws: where the confusion of hands never happens, a switch of it alone changes nothing."""
    assert gap(0, 1, ("swap",)) < 0.5


def test_fingers_alone_go_to_rest() -> None:
    nearer = []
    for slot in SLOTS:
        target, worse = fingers(staged(slot)[2]), fingers(rejected(slot, 1, ("fingers",)))
        nearer.append(apart(target, REST[0]).mean() - apart(worse, REST[0]).mean())
    assert np.mean(nearer) > 0.03
    assert min(nearer) > -0.01


def test_jitter_alone_shakes_fingers() -> None:
    def shake(motion: np.ndarray) -> float:
        """Mean change of what joints turn by from frame to frame."""
        steps = rot.mul(rot.inverse(motion[:-1]), motion[1:])
        return float(apart(steps[:-1], steps[1:]).mean())

    ratios = [shake(fingers(rejected(s, 1, ("jitter",)))) / shake(fingers(staged(s)[2])) for s in SLOTS]
    assert min(ratios) > 1.3


def test_missed_hands_alone_are_at_rest_in_some_frames_and_as_ever_in_others() -> None:
    off = []
    for slot in range(8):
        target, worse = fingers(staged(slot)[2]), fingers(rejected(slot, 1, ("missed",)))
        off.append(apart(target, worse).mean(axis=1))
    frames = np.concatenate(off)
    assert np.median(frames) < 0.1
    assert frames.max() > 0.25


def test_swapped_hands_alone_exchange_their_shapes_where_hands_meet() -> None:
    """Who claps has its hands near each other; the frames that confuse them show the other one's wrist."""
    spec, _, _ = staged(0)
    off = []
    for seed in range(6):
        clapping = replace(motion_spec(phrase("clap", seed, 4.0)), start=0.5)
        clips = {
            side: replace(
                clip := getattr(spec, side),
                performers=(replace(clip.performers[0], motion=clapping),),
                estimator=replace(clip.estimator, seed=seed),
            )
            for side in ("driving", "target")
        }
        assert spec.rejected is not None
        item = replace(spec, **clips, rejected=replace(spec.rejected, rounds=1, causes=("swap",)))
        driving, target = stage_pair(item, Mannequins())  # type: ignore[arg-type]
        worse = stage_rejected(item, driving, target)
        off.append(apart(target.motions[0].rotations, worse.motions[0].rotations)[:, WRIST])
    frames = np.concatenate(off)
    assert np.median(frames) < 0.01
    assert frames.max() > 0.1
