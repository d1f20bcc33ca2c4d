"""The two gates: each limit turns down what breaks it, by its own reason, and a sound pair passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from mannequins import BODIES
from rendered_dataset import RECIPE, SEED
from samples import phrase

from motionpair.planning import candidate
from motionpair.recipe import load_recipe
from motionpair.specs import Character, PairSpec, Phrase
from render import gates
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.engines import Frames
from render.scene import Pose
from render.stage import StagedClip, stage_pair

RECIPE_OF_ALL = load_recipe(RECIPE)
LIMITS = RECIPE_OF_ALL.limits
MOVING = ("rotations", "positions", "contacts")
"""What of a pose a still body keeps."""
Staged = tuple[PairSpec, StagedClip, StagedClip]


class Mannequins:
    """Stands in for the store of baked characters: boxes and barrels, two kinds of body."""

    def load(self, character: Character) -> BakedCharacter:
        kind = "average" if int(character.character_id[1:]) % 2 else "tall"
        return BODIES[kind]


def pair(stratum: str) -> PairSpec:
    """A planned pair in which everybody boxes, hands in sight."""
    specs = (candidate(RECIPE_OF_ALL, SEED, slot, 0) for slot in range(RECIPE_OF_ALL.pairs))
    spec = next(s for s in specs if s.stratum == stratum)
    boxing = (Phrase("box", 3.0, {"rate": 2.0, "power": 1.0}),)
    clips = {}
    for side in ("driving", "target"):
        clip = getattr(spec, side)
        performers = tuple(
            replace(p, motion=replace(p.motion, phrases=boxing, start=1.0)) for p in clip.performers
        )
        clips[side] = replace(clip, performers=performers, estimator=replace(clip.estimator, name="exact"))
    return replace(spec, **clips)


def staged(stratum: str = "single-animation") -> Staged:
    spec = pair(stratum)
    return spec, *stage_pair(spec, Mannequins())  # type: ignore[arg-type]


def posed(clip: StagedClip, change: Callable[[Pose], Pose]) -> StagedClip:
    """The clip with each actor's pose changed."""
    actors = tuple(replace(a, pose=change(a.pose)) for a in clip.scene.actors)
    return replace(clip, scene=replace(clip.scene, actors=actors))


def moved(clip: StagedClip, by: np.ndarray) -> StagedClip:
    """The clip with its actors moved by (3,) or (T, 1, 3) metres."""
    return posed(clip, lambda pose: replace(pose, positions=pose.positions + by))


def cast_twice(s: Staged) -> Staged:
    driving = replace(s[0].driving, performers=s[0].target.performers)
    return replace(s[0], driving=driving), s[1], s[2]


def dressed_alike(s: Staged) -> Staged:
    """Driving and target keep their shapes and have the same colours."""
    (of,), (model,) = s[0].driving.performers, s[0].target.performers
    own, other = of.character, model.character
    hair = replace(own.hair, colour=other.hair.colour)
    character = replace(own, skin=other.skin, hair=hair, garments=other.garments)
    driving = replace(s[0].driving, performers=(replace(of, character=character),))
    return replace(s[0], driving=driving), s[1], s[2]


def sliding(s: Staged) -> Staged:
    way = np.arange(s[0].frames)[:, None, None] * np.array([0.02, 0, 0])
    return s[0], s[1], moved(s[2], way)


def out_of_the_picture(s: Staged) -> Staged:
    aside = 2.0 * s[2].scene.camera.rotation[0, :, 0]
    camera = replace(s[2].scene.camera, position=s[2].scene.camera.position + aside)
    return s[0], s[1], replace(s[2], scene=replace(s[2].scene, camera=camera))


def frozen(s: Staged) -> Staged:
    def hold(pose: Pose) -> Pose:
        still = {name: np.repeat(getattr(pose, name)[:1], len(pose.positions), axis=0) for name in MOVING}
        return replace(pose, **still)

    return s[0], s[1], posed(s[2], hold)


def turned_round(s: Staged) -> Staged:
    def lie(pose: Pose) -> Pose:  # limbs point elsewhere; what the soles do is told by the rotations' feet
        turn, centre = rot.about_x(np.pi / 2), pose.positions[:, :1]
        places = rot.rotate(turn, pose.positions - centre) + centre
        feet = [j for j in range(places.shape[1]) if j in (7, 8, 10, 11)]
        places[:, feet] = pose.positions[:, feet]
        return replace(pose, positions=places)

    return s[0], posed(s[1], lie), s[2]


@pytest.mark.parametrize("stratum", ["single-animation", "single-animation-close-up", "multi-replacement"])
def test_a_sound_pair_passes_the_geometry_gate_with_its_figures(stratum: str) -> None:
    figures = gates.judge_geometry(*staged(stratum), LIMITS)
    assert figures["motion_energy"] > LIMITS.motion_energy
    assert all(figures[f"{side}_in_frame_share"] == 1 for side in ("driving", "target"))
    assert all(figures[f"{side}_contact_slide_p95_mm"] < 3 for side in ("driving", "target"))


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("identity shape", cast_twice),
        ("identity colours", dressed_alike),
        ("contact slide", sliding),
        ("sole penetration", lambda s: (s[0], moved(s[1], np.array([0, 0, -0.05])), s[2])),
        ("out of the picture", out_of_the_picture),
        ("too still", frozen),
        ("clips disagree", turned_round),
    ],
)
def test_geometry_that_breaks_a_limit_is_discarded(reason: str, spoil: Callable[[Staged], Staged]) -> None:
    with pytest.raises(gates.Discard) as discard:
        gates.judge_geometry(*spoil(staged()), LIMITS)
    assert discard.value.reason == reason
    assert str(discard.value).startswith(f"{reason}: ")
    assert ", accepted: at " in str(discard.value)


def test_performers_who_run_into_each_other_are_discarded() -> None:
    spec, driving, target = staged("multi-animation")
    first, second = target.scene.actors
    there = (first.pose.positions[0, 0] - second.pose.positions[0, 0]) * [1, 1, 0]
    close = replace(second, pose=replace(second.pose, positions=second.pose.positions + there))
    target = replace(target, scene=replace(target.scene, actors=(first, close)))
    with pytest.raises(gates.Discard, match="performers collide"):
        gates.judge_geometry(spec, driving, target, LIMITS)


def duet(family: str) -> Staged:
    """Two who touch, in both clips."""
    spec = pair("multi-animation")
    clips = {}
    for side in ("driving", "target"):
        clip = getattr(spec, side)
        both = []
        for role, performer in enumerate(clip.performers):
            dance = replace(performer.motion, phrases=(phrase(family, 0, role=role),), seed=1, start=0.5)
            place, heading = (role - 0.5) * 0.9, (0.5 - role) * np.pi
            both.append(replace(performer, motion=dance, position=(place, 0.0), heading=heading))
        clips[side] = replace(clip, performers=tuple(both))
    spec = replace(spec, **clips)
    return spec, *stage_pair(spec, Mannequins())  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["hand_clap", "partner_dance"])
def test_performers_who_touch_pass_the_gate(family: str) -> None:
    spec, driving, target = duet(family)
    gates.judge_geometry(spec, driving, target, LIMITS)
    assert gates.overlap(target.scene, touching=True) == 0


def test_hands_that_are_said_to_touch_and_do_not_are_discarded() -> None:
    spec, driving, target = duet("partner_dance")
    first, second = target.scene.actors
    aside = second.pose.positions + np.array([0.05, 0.0, 0.0])
    away = replace(second, pose=replace(second.pose, positions=aside))
    target = replace(target, scene=replace(target.scene, actors=(first, away)))
    with pytest.raises(gates.Discard, match=r"hands miss: 50\.?\d*, accepted: at most 20"):
        gates.judge_geometry(spec, driving, target, LIMITS)


def test_bodies_that_reach_into_each_other_are_measured() -> None:
    _, _, target = duet("partner_dance")
    first, second = target.scene.actors
    between = second.pose.positions[2, 0] - first.pose.positions[2, 0]
    deep = []
    for gap in (0.8, 0.2, 0.1):
        shift = between * (gap / np.linalg.norm(between) - 1)
        near = replace(second, pose=replace(second.pose, positions=second.pose.positions + shift))
        deep.append(gates.overlap(replace(target.scene, actors=(first, near)), touching=True))
    assert deep[0] == 0
    assert deep[2] > deep[1] > 0
    assert gates.clearance(target.scene) < gates.clearance(target.scene, touching=True)


def test_a_body_that_sinks_into_the_ground_is_discarded() -> None:
    spec, driving, target = staged()
    rolling = (phrase("roll", 0),)
    clips = {
        side: replace(
            getattr(spec, side),
            performers=tuple(
                replace(p, motion=replace(p.motion, phrases=rolling)) for p in getattr(spec, side).performers
            ),
        )
        for side in ("driving", "target")
    }
    spec = replace(spec, **clips)
    driving, target = stage_pair(spec, Mannequins())  # type: ignore[arg-type]
    gates.judge_geometry(spec, driving, target, LIMITS)
    deep = replace(LIMITS, penetration_mm=1000.0)
    with pytest.raises(gates.Discard, match="body penetration"):
        gates.judge_geometry(spec, moved(driving, np.array([0.0, 0.0, -0.04])), target, deep)


def test_hands_that_are_too_small_in_a_close_up_are_discarded() -> None:
    spec, driving, target = staged("single-animation-close-up")
    with pytest.raises(gates.Discard, match="hands too small"):
        gates.judge_geometry(spec, driving, target, replace(LIMITS, hand_side=400.0))


def test_an_estimators_error_may_slide_a_foot() -> None:
    spec, driving, target = sliding(staged())
    estimated = replace(spec.target, estimator=replace(spec.target.estimator, name="accurate"))
    figures = gates.judge_geometry(replace(spec, target=estimated), driving, target, LIMITS)
    assert figures["target_contact_slide_p95_mm"] > LIMITS.contact_slide_mm


def blob(spec: PairSpec, colour: tuple[int, int, int]) -> Frames:
    """A grey place with an upright block for each performer."""
    shape = (spec.frames, spec.height, spec.width)
    index, rgb = np.zeros(shape, np.uint8), np.full((*shape, 3), 120, np.uint8)
    count = len(spec.target.performers)
    for i in range(count):
        middle = spec.width * (2 * i + 1) // (2 * count)
        index[:, 20:80, middle - 8 : middle + 8] = i + 1
    rgb[index > 0] = colour
    return Frames(rgb, index, np.ones(shape, np.float32))


def seen(spec: PairSpec) -> list[np.ndarray]:
    return [np.ones((spec.frames, len(spec.target.performers), 55), bool) for _ in range(2)]


def test_a_sound_pair_passes_the_pixel_gate_with_its_figures() -> None:
    spec = pair("single-animation")
    frames = blob(spec, (200, 60, 60)), blob(spec, (60, 60, 200))
    figures = gates.judge_pixels(spec, *frames, seen(spec), LIMITS)
    share = 60 * 16 / (spec.width * spec.height)
    assert figures["driving_mask_share"] == pytest.approx(share)
    assert figures["pair_difference"] == pytest.approx(280 / 3)
    luma = np.dot(gates.LUMA, [200, 60, 60]) * share + 120 * (1 - share)
    assert figures["driving_mean_luma"] == pytest.approx(luma, rel=1e-4)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("performer too small", lambda f: replace(f, index=np.where(f.index == 2, 0, f.index))),
        ("too dark", lambda f: replace(f, rgb=f.rgb // 10)),
        ("too bright", lambda f: replace(f, rgb=np.full_like(f.rgb, 245))),
    ],
)
def test_pixels_that_break_a_limit_are_discarded(
    reason: str, spoil: Callable[[Frames], Frames], side: int
) -> None:
    spec = pair("multi-animation")
    frames = [blob(spec, (200, 60, 60)), blob(spec, (60, 60, 200))]
    frames[side] = spoil(frames[side])
    with pytest.raises(gates.Discard) as discard:
        gates.judge_pixels(spec, frames[0], frames[1], seen(spec), LIMITS)
    assert discard.value.reason == reason


def test_one_dark_frame_is_enough_to_be_discarded() -> None:
    spec = pair("single-animation")
    driving = blob(spec, (200, 60, 60))
    driving.rgb[3] = 5
    with pytest.raises(gates.Discard, match="too dark"):
        gates.judge_pixels(spec, driving, blob(spec, (60, 60, 200)), seen(spec), LIMITS)


def test_a_hidden_performer_is_discarded() -> None:
    spec = pair("multi-animation")
    visible = seen(spec)
    visible[1][:, 1] = False
    with pytest.raises(gates.Discard, match=r"performer hidden: 0, accepted: at least 0\.15"):
        gates.judge_pixels(spec, blob(spec, (200, 60, 60)), blob(spec, (60, 60, 200)), visible, LIMITS)


def test_a_reference_without_a_performer_is_discarded() -> None:
    spec = pair("single-animation")
    target = blob(spec, (60, 60, 200))
    target.index[spec.reference.frame] = 0
    with pytest.raises(gates.Discard, match="reference lacks a performer"):
        gates.judge_pixels(spec, blob(spec, (200, 60, 60)), target, seen(spec), LIMITS)


def test_clips_that_show_nearly_the_same_are_discarded() -> None:
    spec = pair("single-animation")
    with pytest.raises(gates.Discard, match="driving too like target"):
        gates.judge_pixels(spec, blob(spec, (200, 60, 60)), blob(spec, (203, 62, 60)), seen(spec), LIMITS)


@pytest.mark.parametrize("figure", [np.nan, -np.inf])
def test_a_figure_that_is_no_number_never_passes(figure: float) -> None:
    spec, driving, target = staged()
    broken = posed(target, lambda pose: replace(pose, positions=pose.positions * figure))
    with pytest.raises(gates.Discard), np.errstate(all="ignore"):
        gates.judge_geometry(spec, driving, broken, LIMITS)


def test_mean_luma_is_the_same_wherever_the_pixels_lie_in_memory() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 256, (2, 31, 45, 3), dtype=np.uint8)
    expected = [float((frame.astype(float) @ np.array([0.2126, 0.7152, 0.0722])).mean()) for frame in rgb]
    np.testing.assert_allclose(gates.mean_luma(rgb), expected)
    for shift in range(8):
        room = np.zeros(rgb.size + 8, np.uint8)
        moved = room[shift : shift + rgb.size].reshape(rgb.shape)
        moved[:] = rgb
        np.testing.assert_array_equal(gates.mean_luma(moved), gates.mean_luma(rgb))
