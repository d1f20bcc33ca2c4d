"""The gate on geometry: each limit turns down what breaks it, by its own reason, and a sound pair passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from character_cast import MAN
from samples import phrase
from staged_pairs import LIMITS, Mannequins, Staged, pair, posed, staged

from render import gates, kinematics
from render import rotations as rot
from render.characters.store import CharacterStore
from render.estimators.errors import EstimateErrors
from render.posing import to_pose
from render.scene import Actor, Pose
from render.skeleton import FACE_UNITS, JOINT_INDEX, JOINTS, PARENTS
from render.stage import StagedClip, stage_pair

MOVING = ("rotations", "positions", "contacts")
"""What of a pose a still body keeps."""


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


def lie(pose: Pose) -> Pose:
    """The pose with limbs that point elsewhere; what the soles do is told by the rotations' feet."""
    turn, centre = rot.about_x(np.pi / 2), pose.positions[:, :1]
    places = rot.rotate(turn, pose.positions - centre) + centre
    feet = [j for j in range(places.shape[1]) if j in (7, 8, 10, 11)]
    places[:, feet] = pose.positions[:, feet]
    return replace(pose, positions=places)


def turned_round(s: Staged) -> Staged:
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


@pytest.mark.parametrize("figure", [np.nan, -np.inf])
def test_a_figure_that_is_no_number_never_passes(figure: float) -> None:
    spec, driving, target = staged()
    broken = posed(target, lambda pose: replace(pose, positions=pose.positions * figure))
    with pytest.raises(gates.Discard), np.errstate(all="ignore"):
        gates.judge_geometry(spec, driving, broken, LIMITS)


def test_performers_who_reach_into_each_other_are_discarded() -> None:
    spec, driving, target = duet("partner_dance")
    first, second = target.scene.actors
    between = second.pose.positions[:, :1] - first.pose.positions[:, :1]
    near = replace(second, pose=replace(second.pose, positions=second.pose.positions - 0.7 * between))
    target = replace(target, scene=replace(target.scene, actors=(first, near)))
    loose = replace(LIMITS, touch_error_mm=1000.0, clearance=0.0, in_frame_share=0.0, agreement_degrees=180.0)
    with pytest.raises(gates.Discard, match="performers overlap"):
        gates.judge_geometry(spec, driving, target, loose)


def test_hands_outside_the_picture_are_discarded() -> None:
    spec, driving, target = staged("single-animation-close-up")
    camera = target.scene.camera
    narrow = replace(target, scene=replace(target.scene, camera=replace(camera, focal=3 * camera.focal)))
    loose = replace(LIMITS, in_frame_share=0.0, hand_side=0.0)
    figures = gates.judge_geometry(spec, driving, target, loose)
    assert figures["target_hands_in_frame_share"] > LIMITS.hands_in_frame_share
    with pytest.raises(gates.Discard, match="hands out of the picture: 0"):
        gates.judge_geometry(spec, driving, narrow, loose)


def test_limbs_may_differ_by_what_the_estimator_got_wrong() -> None:
    spec, driving, target = turned_round(staged())
    angle = gates.limb_disagreement(driving.scene, target.scene)
    within, short = (EstimateErrors(0.0, 0.0, 0.0, 0.0, angle + more) for more in (1.0, -1.0))
    strict = replace(LIMITS, agreement_degrees=0.0)
    loose = replace(strict, penetration_mm=1e3, contact_slide_mm=1e3, body_penetration_mm=1e3,
                    in_frame_share=0.0)  # fmt: skip
    figures = gates.judge_geometry(spec, replace(driving, estimates=(within,)), target, loose)
    assert figures["limb_estimate_degrees"] == pytest.approx(angle + 1)
    with pytest.raises(gates.Discard, match="clips disagree"):
        gates.judge_geometry(spec, replace(driving, estimates=(short,)), target, loose)


def test_the_performer_who_differs_most_counts() -> None:
    _, driving, target = staged("multi-animation")
    one, *others = driving.scene.actors
    lying = posed(replace(driving, scene=replace(driving.scene, actors=(one,))), lie)
    mixed = replace(driving, scene=replace(driving.scene, actors=(*lying.scene.actors, *others)))
    alone = gates.limb_disagreement(lying.scene, replace(target.scene, actors=target.scene.actors[:1]))
    assert gates.limb_disagreement(mixed.scene, target.scene) == pytest.approx(alone)


ACROSS = {"left_shoulder": rot.mul(rot.about_z(np.radians(-175)), rot.about_y(np.radians(40)))}
"""An arm that goes through the trunk."""


def man(store: CharacterStore, turns: Mapping[str, np.ndarray]) -> Actor:
    """A man in T-pose for one frame, some joints turned."""
    baked = store.load(MAN)
    local = np.tile(rot.IDENTITY, (1, len(JOINTS), 1))
    for name, turn in turns.items():
        local[0, JOINT_INDEX[name]] = turn
    root = np.array([[0.0, 0.0, baked.hip_height]])
    still = np.zeros((1, len(FACE_UNITS))), np.zeros((1, 4), bool)
    return Actor(baked, to_pose(baked.rig, kinematics.global_rotations(local, PARENTS), root, *still), 1)


def test_limbs_inside_their_own_body_are_measured_and_touching_is_no_cut(
    character_store: CharacterStore,
) -> None:
    shin = {"left_hip": rot.about_y(np.radians(12))}
    for turns, low, high in (
        ({}, 0.0, 0.001),
        ({"left_shoulder": rot.about_z(np.radians(-85)), "right_shoulder": rot.about_z(1.48)}, 0.0, 0.001),
        ({"left_shoulder": rot.about_y(np.radians(75))}, 0.0, 0.02),
        (ACROSS, 0.045, 0.2),
        (shin, 0.02, 0.2),
    ):
        assert low <= gates.self_overlap(man(character_store, turns)) <= high, turns


def test_a_body_that_cuts_itself_is_discarded(character_store: CharacterStore) -> None:
    spec, driving, target = staged()
    actor = man(character_store, ACROSS)
    frames = np.zeros(spec.frames, int)
    held = replace(actor, pose=replace(
        actor.pose,
        **{n: getattr(actor.pose, n)[frames] for n in ("rotations", "positions", "expression", "contacts")},
    ))  # fmt: skip
    target = replace(target, scene=replace(target.scene, actors=(held,)))
    loose = replace(LIMITS, motion_energy=0.0, agreement_degrees=180.0, body_penetration_mm=1e3,
                    penetration_mm=1e3)  # fmt: skip
    depth = 1e3 * gates.self_overlap(held)
    whole = replace(loose, self_overlap_mm=depth + 1, cloth_poke_share=1.0, cloth_stretch=100.0)
    gates.judge_geometry(spec, driving, target, whole)
    with pytest.raises(gates.Discard, match="body cuts itself"):
        gates.judge_geometry(spec, driving, target, replace(loose, self_overlap_mm=depth - 1))
