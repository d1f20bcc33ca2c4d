"""Each cause of an estimate's errors, one at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mannequins import BODIES
from samples import phrase, spec
from views import view_of

from render import estimators
from render import rotations as rot
from render.estimators import EXACT, WEAK, ErrorModel, View, estimate, see
from render.estimators import hands as fingers
from render.estimators.errors import EstimateErrors, measure
from render.estimators.points import LIMBS, body_of
from render.motion import Motion
from render.motions import perform
from render.skeleton import JOINT_INDEX, LEFT_HAND_JOINTS

FRAMES = 33
LEFT_FINGERS = [JOINT_INDEX[name] for name in LEFT_HAND_JOINTS]


def motion_of(family: str, seed: int = 0) -> Motion:
    return perform(spec(phrase(family, seed, seconds=3.0)), 16, FRAMES)


@pytest.fixture(scope="module")
def disco() -> tuple[Motion, View]:
    motion = motion_of("disco")
    return motion, view_of(motion)


@pytest.fixture(scope="module")
def clap() -> tuple[Motion, View]:
    motion = motion_of("clap")
    return motion, view_of(motion, azimuth=0.0)


def errors(case: tuple[Motion, View], model: ErrorModel, seed: int = 1) -> EstimateErrors:
    return measure(case[0], estimate(case[0], model, seed, case[1]), case[1])


BODY = ("noise", "depth", "tilt_degrees", "jitter", "cell")
ALONE = {"noise": 0.4, "depth": 0.15, "tilt_degrees": 5.0, "jitter": 0.2, "cell": 2.0, "flip": 0.3,
         "drop": 0.3, "smoothing": 0.15, "hand_noise": 1.5, "hand_depth": 0.3, "twist_degrees": 15.0,
         "missed": 0.5, "fingers_small": 1.0, "fingers_fast": 1.0, "root_depth": 0.03}  # fmt: skip


@pytest.mark.parametrize("cause", ALONE)
def test_each_cause_errs_alone_and_more_with_severity(disco: tuple[Motion, View], cause: str) -> None:
    motion, view = disco
    seen = [estimate(motion, replace(EXACT, **{cause: share * ALONE[cause]}), 1, view) for share in (0.5, 1)]
    away = [
        rot.angle(rot.mul(rot.inverse(motion.rotations), e.rotations)).mean()
        + np.abs(e.root - motion.root).mean()
        for e in seen
    ]
    assert 1e-5 < away[0] < away[1]


@pytest.mark.parametrize("cause", BODY)
def test_a_cause_taken_away_makes_the_body_better(disco: tuple[Motion, View], cause: str) -> None:
    whole = np.mean([errors(disco, WEAK, s).body_mm for s in range(3)])
    less = np.mean([errors(disco, replace(WEAK, **{cause: 0.0}), s).body_mm for s in range(3)])
    assert less <= whole * (1.02 if cause in ("jitter", "cell") else 0.99)


def test_smaller_in_the_picture_means_larger_errors_in_space() -> None:
    motion = motion_of("wave")
    near, far = ((motion, view_of(motion, distance=d)) for d in (1.0, 3.0))
    for seed in range(2):
        assert errors(far, WEAK, seed).fingertip_mm > errors(near, WEAK, seed).fingertip_mm
    model = ErrorModel(cell=0.5, heatmap_rows=1e6)  # no finer than the picture itself
    assert errors(far, model).body_mm > 1.5 * errors(near, model).body_mm


def test_the_size_that_a_clip_is_rendered_at_changes_nothing() -> None:
    motion = motion_of("wave")
    large, small = (errors((motion, view_of(motion, height=h)), WEAK) for h in (896, 224))
    assert small.body_mm == pytest.approx(large.body_mm, rel=0.05)
    assert small.body_px == pytest.approx(large.body_px, rel=0.05)


def test_hidden_hands_relax() -> None:
    motion = motion_of("count")
    model = ErrorModel(fingers_hidden=1.0)
    front, back = (see(motion, model, 1, view_of(motion, azimuth=a)).rest for a in (0.0, np.pi))
    assert back.max() > 0.5 > front.mean()


def test_fingers_at_rest_are_a_rest_hand(disco: tuple[Motion, View]) -> None:
    motion, view = disco
    seen = estimate(motion, ErrorModel(missed=1.0), 1, view)
    gap = rot.angle(rot.mul(rot.inverse(seen.rotations[:, LEFT_FINGERS]), fingers.REST[0]))
    assert gap.max() < 1e-3


def test_hands_apart_and_in_view_never_swap() -> None:
    motion = motion_of("wave")
    seen = see(motion, replace(WEAK, swap=1.0), 1, view_of(motion, azimuth=0.0))
    assert seen.swapped.max() == 0.0


def test_hands_together_swap_in_runs(clap: tuple[Motion, View]) -> None:
    motion, view = clap
    shares = []
    for seed in range(6):
        swapped = see(motion, ErrorModel(swap=0.5), seed, view).swapped > 0.5
        shares.append(swapped.mean())
        # Shorter than half of the clip, and longer on the whole than one frame.
        assert np.count_nonzero(np.diff(swapped.astype(int)) > 0) <= 8
    assert 0.02 < np.mean(shares) < 0.5
    assert not see(motion, ErrorModel(), 1, view).swapped.any()


def test_swapped_hands_have_each_others_shape(clap: tuple[Motion, View]) -> None:
    motion, view = clap
    held = replace(motion, rotations=motion.rotations.copy())
    held.rotations[:, LEFT_FINGERS] = fingers.REST[0]
    right = [j + 15 for j in LEFT_FINGERS]
    seen = see(held, ErrorModel(swap=1.0), 1, view).swapped
    assert seen.max() == 1.0
    frame = int(np.argmax(seen))
    estimated = estimate(held, ErrorModel(swap=1.0), 1, view)
    gap = rot.mul(
        rot.inverse(rot.mirrored(held.rotations[frame, right])), estimated.rotations[frame, LEFT_FINGERS]
    )
    assert np.degrees(rot.angle(gap)).max() < 1.0


def test_missing_joints_are_filled_in_between(disco: tuple[Motion, View]) -> None:
    motion, view = disco
    seen = see(motion, ErrorModel(drop=0.3), 1, view)
    wrist = JOINT_INDEX["right_wrist"]
    way = seen.points[:, wrist] - seen.points[:, 0]
    inner = np.flatnonzero(seen.dropped[1:-1, wrist]) + 1
    assert len(inner)
    missing = [t for t in inner if seen.dropped[t - 1, wrist] and seen.dropped[t + 1, wrist]]
    for t in missing:  # in the midst of a gap the way is straight
        np.testing.assert_allclose(way[t + 1] - way[t], way[t] - way[t - 1], atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(
    family=st.sampled_from(["disco", "squat", "crawl", "box", "clap"]),
    seed=st.integers(0, 10**6),
    body=st.sampled_from(sorted(BODIES)),
    azimuth=st.floats(-3.1, 3.1),
    framing=st.sampled_from(["full_body", "close_up"]),
)
def test_an_estimate_is_a_possible_motion(
    family: str, seed: int, body: str, azimuth: float, framing: str
) -> None:
    motion = motion_of(family)
    view = view_of(motion, BODIES[body], framing, azimuth)
    worse = replace(WEAK, noise=0.6, depth=0.3, flip=0.1, drop_hidden=0.5, swap=0.5)
    seen = estimate(motion, worse, seed, view)
    assert np.isfinite(seen.rotations).all()
    assert np.isfinite(seen.root).all()
    np.testing.assert_allclose(np.linalg.norm(seen.rotations, axis=-1), 1.0, atol=1e-9)
    assert (np.sum(seen.rotations[1:] * seen.rotations[:-1], axis=-1) >= 0).all()
    assert np.linalg.norm(seen.root - motion.root, axis=-1).max() < 0.25
    np.testing.assert_allclose(seen.root[FRAMES // 2, :2], motion.root[FRAMES // 2, :2], atol=1e-9)
    who = body_of(view.character, view.position, view.heading)
    turns = who.turns(seen)
    for (start, hinge, end), axis in zip(LIMBS, (-rot.Z, rot.X, rot.Z, rot.X), strict=True):
        # How far the lower bone is on the side that the limb bends to, as in the exact motion or forward.
        ahead = [bent(who.offsets, q, start, hinge, end, axis) for q in (who.turns(motion), turns)]
        assert (ahead[1] >= np.minimum(ahead[0], 0.0) - 0.05).all()


def bent(
    offsets: np.ndarray, turns: np.ndarray, start: int, hinge: int, end: int, axis: np.ndarray
) -> np.ndarray:
    upper = rot.normalised(rot.rotate(turns[:, start], offsets[hinge]))
    lower = rot.normalised(rot.rotate(turns[:, hinge], offsets[end]))
    return np.sum(lower * rot.cross(rot.rotate(turns[:, start], axis), upper), axis=-1)


def test_estimators_are_not_swayed_by_who_else_is_there(disco: tuple[Motion, View]) -> None:
    motion, view = disco
    moved = replace(view, index=np.where(view.index > 0, 2, 0).astype(np.uint8), ordinal=1)
    one, other = (estimators.estimate(motion, WEAK, 4, v) for v in (view, moved))
    np.testing.assert_array_equal(one.rotations, other.rotations)
