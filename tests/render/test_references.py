"""References: other moments and views of a pair's target, in one scene of its place; nothing is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from mannequins import BODIES
from rendered_dataset import RECIPE, SEED
from samples import phrase

from motionpair.errors import InputError
from motionpair.planning import candidate
from motionpair.recipe import load_recipe
from motionpair.specs import Camera, Character, ExtraReference, PairSpec, Performer, Reference
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.engines import Frames
from render.gates import Discard
from render.references import reference_pictures, stage_references
from render.scene import Scene
from render.skeleton import FACE_UNITS, JOINT_INDEX
from render.stage import OUTLINE_STEP, StagedClip, stage_pair

RECIPE_OF_ALL = load_recipe(RECIPE)
CHEST, HEAD = JOINT_INDEX["spine3"], JOINT_INDEX["head"]
BACK, FACE = ExtraReference("back", 3, 0), ExtraReference("face", 1, 0)


class Mannequins:
    """Stands in for the store of baked characters."""

    def load(self, character: Character) -> BakedCharacter:
        kind = "average" if int(character.character_id[1:]) % 2 else "tall"
        body = BODIES[kind]
        # One vertex in many stands for a part when a camera is framed: here, every one.
        left, right = (np.repeat(of, OUTLINE_STEP) for of in body.hand_vertices)
        face = np.repeat(body.face_vertices, OUTLINE_STEP)
        return replace(body, hand_vertices=(left, right), face_vertices=face)


def pair(
    reference: Reference,
    extra: Sequence[ExtraReference] = (),
    *,
    people: int = 1,
    family: str = "walk",
    headings: Sequence[float] = (0.0, 0.0),
    framing: str = "full_body",
    start: float = 2.0,
    kind: str = "static",
    move: float = 0.0,
) -> PairSpec:
    """A planned pair of `people` performers; all do one motion, exactly."""
    specs = (candidate(RECIPE_OF_ALL, SEED, slot, 0) for slot in range(RECIPE_OF_ALL.pairs))
    stratum = {1: "single-animation", 2: "multi-animation"}[people]
    spec = next(s for s in specs if s.stratum == stratum)
    camera = Camera(kind, framing, 0.4, 0.1, 50.0, 0.05, move, 0.0, 7, f_stop=2.0)  # type: ignore[arg-type]

    def doing(performers: tuple[Performer, ...]) -> tuple[Performer, ...]:
        phrases = (phrase(family, 3, seconds=20.0),)
        return tuple(
            replace(
                p,
                motion=replace(p.motion, phrases=phrases, start=start, speed=1.0, mirrored=False),
                position=(1.2 * i - 0.6 * (people - 1), 0.0),
                heading=headings[i],
            )
            for i, p in enumerate(performers)
        )

    clips = {
        side: replace(
            (clip := getattr(spec, side)),
            performers=doing(clip.performers),
            camera=camera,
            estimator=replace(clip.estimator, name="exact"),
        )
        for side in ("driving", "target")
    }
    return replace(spec, **clips, reference=reference, extra_references=tuple(extra))


def staged(spec: PairSpec) -> tuple[StagedClip, Scene]:
    """The target clip, and the scene of the references."""
    _, target = stage_pair(spec, Mannequins())  # type: ignore[arg-type]
    scene = stage_references(spec, target)
    assert scene is not None
    return target, scene


def towards(scene: Scene, t: int, joint: int, performer: int = 0) -> float:
    """Cosine, seen from above, between where a joint's front looks and where the camera is from it."""
    pose = scene.actors[performer].pose
    front = rot.rotate(pose.rotations[t, joint], np.array([0.0, -1.0, 0.0]))[:2]
    way = (scene.camera.position[t] - pose.positions[t, joint])[:2]
    return float(front @ way / np.linalg.norm(front) / np.linalg.norm(way))


def test_a_frame_of_the_clip_without_more_needs_no_scene() -> None:
    spec = pair(Reference("in_clip", 2))
    _, target = stage_pair(spec, Mannequins())  # type: ignore[arg-type]
    assert stage_references(spec, target) is None


def test_all_are_frames_of_one_scene_in_the_targets_place() -> None:
    target, scene = staged(pair(Reference("other_camera", 2, 0.5, 0.1), [FACE, BACK]))
    assert scene.frames == 3
    assert all(len(a.pose.positions) == 3 for a in scene.actors)
    assert [a.slot for a in scene.actors] == [a.slot for a in target.scene.actors]
    assert scene.environment == target.scene.environment
    assert scene.render == target.scene.render
    assert scene.laid_out_for is target.scene.camera
    assert (target.scene.camera.f_stop, scene.camera.f_stop) == (2.0, 0.0)
    for t, frame in enumerate((2, BACK.frame, FACE.frame)):
        for shown, actor in zip(scene.actors, target.scene.actors, strict=True):
            assert np.array_equal(shown.pose.positions[t], actor.pose.positions[frame])


@pytest.mark.parametrize("frame", [-9, 40])
def test_out_of_clip_is_a_moment_of_the_same_motion_that_the_clip_does_not_show(frame: int) -> None:
    target, scene = staged(pair(Reference("out_of_clip", frame), family="disco"))
    shown, clip = scene.actors[0].pose, target.scene.actors[0].pose
    turns = [np.abs((shown.rotations[0] * q).sum(-1)) for q in clip.rotations]
    assert min(np.degrees(2 * np.arccos(np.clip(cos, 0, 1))).max() for cos in turns) > 5
    # It stands where it stands half-way through the clip.
    middle = clip.positions[len(clip.positions) // 2, 0, :2]
    assert np.linalg.norm(shown.positions[0, 0, :2] - middle) < 0.35


def test_out_of_clip_is_what_a_clip_that_lasts_until_then_would_show() -> None:
    spec = pair(Reference("out_of_clip", 9), family="disco")
    _, scene = staged(spec)
    later = [replace(p, motion=replace(p.motion, start=2.0 + 7 / spec.fps)) for p in spec.target.performers]
    clips = {s: replace(getattr(spec, s), performers=tuple(later)) for s in ("driving", "target")}
    _, other = stage_pair(replace(spec, **clips), Mannequins())  # type: ignore[arg-type]
    # Frame 2 of this clip is frame 9 of the other's clock, and both are placed by their middle frames.
    a, b = scene.actors[0].pose.rotations[0, :22], other.scene.actors[0].pose.rotations[2, :22]
    assert np.abs((a * b).sum(-1)).min() > 0.99


def test_out_of_clip_at_the_very_start_of_a_motion_has_no_run_up() -> None:
    _, scene = staged(pair(Reference("out_of_clip", -8), start=0.5))
    assert scene.frames == 1


def test_a_motion_shows_nothing_before_its_start() -> None:
    with pytest.raises(
        InputError, match=r"reference\.frame: expected a moment after every motion's start, got -9"
    ):
        staged(pair(Reference("out_of_clip", -9), start=0.5))


def test_another_camera_stands_further_round_and_higher_and_holds_everybody() -> None:
    spec = pair(Reference("other_camera", 2, 0.6, 0.2), people=2)
    target, scene = staged(spec)
    azimuths, heights = [], []
    for track, t in ((target.scene.camera, 2), (scene.camera, 0)):
        back = track.rotation[t, :, 2]
        azimuths.append(np.arctan2(back[0], -back[1]))
        heights.append(np.arcsin(back[2]))
    assert azimuths[1] - azimuths[0] == pytest.approx(0.6, abs=0.02)
    assert heights[1] - heights[0] == pytest.approx(0.2, abs=0.02)
    assert_held(scene, 0)


def test_another_camera_goes_on_from_where_one_that_orbits_is() -> None:
    spec = pair(Reference("other_camera", 0, 0.5), kind="orbit", move=0.4)
    target, scene = staged(spec)
    bearings = [
        np.arctan2(b[0], -b[1])
        for b in (target.scene.camera.rotation[0, :, 2], scene.camera.rotation[0, :, 2])
    ]
    assert bearings[1] - bearings[0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("heading", [0.0, 1.3, 3.1])
def test_the_back_is_seen_from_behind_whatever_way_everybody_faces(heading: float) -> None:
    spec = pair(Reference("in_clip", 0), [BACK], people=2, headings=(heading, heading + 0.3))
    _, scene = staged(spec)
    assert all(towards(scene, 0, CHEST, performer) < -0.7 for performer in (0, 1))
    assert_held(scene, 0)


def test_of_performers_who_face_each_other_the_back_is_the_other_side_of_the_clip() -> None:
    spec = pair(Reference("in_clip", 0), [BACK], people=2, headings=(np.pi / 2, -np.pi / 2), family="talk")
    target, scene = staged(spec)
    ahead, behind = (
        c.position[0, :2] / np.linalg.norm(c.position[0, :2]) for c in (target.scene.camera, scene.camera)
    )
    assert ahead @ behind < -0.95


def test_the_back_of_a_close_up_holds_all_above_the_waist() -> None:
    _, scene = staged(pair(Reference("in_clip", 0), [BACK], framing="close_up", family="talk"))
    pixels, _ = scene.camera.project(scene.actors[0].pose.positions[:, [CHEST, HEAD]])
    assert_inside(pixels, scene)
    hip, _ = scene.camera.project(scene.actors[0].pose.positions[:, [0]])
    assert hip[0, 0, 1] > 0.7 * scene.camera.height


@pytest.mark.parametrize("heading", [0.0, 2.0, -2.8])
def test_a_face_is_seen_from_where_it_looks_to(heading: float) -> None:
    _, scene = staged(pair(Reference("in_clip", 0), [FACE], headings=(heading, 0.0), family="wave"))
    assert towards(scene, 0, HEAD) > 0.8
    head = scene.actors[0].pose.positions[:, [HEAD]]
    pixels, depth = scene.camera.project(head)
    assert_inside(pixels, scene)
    assert depth[0, 0] < 2.5


def test_a_face_is_seen_past_the_one_it_looks_at() -> None:
    about = ExtraReference("face", 0, 0)
    _, scene = staged(
        pair(Reference("in_clip", 0), [about], people=2, headings=(np.pi / 2, -np.pi / 2), family="wave")
    )
    head, depth = scene.camera.project(scene.actors[0].pose.positions[:, [HEAD]])
    other, near = scene.camera.project(scene.actors[1].pose.positions[:, :22])
    before = (near > 0) & (near < depth)
    assert np.linalg.norm(other - head, axis=-1)[before].min(initial=np.inf) > 0.1 * scene.camera.width


def test_a_face_that_looks_at_the_ground_ends_its_candidate_before_a_frame_is_rendered() -> None:
    spec = pair(Reference("in_clip", 0), [FACE], family="wave")
    _, target = stage_pair(spec, Mannequins())  # type: ignore[arg-type]
    (actor,) = target.scene.actors
    turns = actor.pose.rotations.copy()
    turns[:, HEAD] = rot.mul(rot.exp(np.array([1.2, 0.0, 0.0])), turns[:, HEAD])
    actor = replace(actor, pose=replace(actor.pose, rotations=turns))
    bent = replace(target, scene=replace(target.scene, actors=(actor,)))
    with pytest.raises(Discard, match="reference hides a face"):
        stage_references(spec, bent)


def test_a_face_does_not_blink() -> None:
    spec = pair(Reference("other_camera", 1), [FACE], family="wave")
    _, target = stage_pair(spec, Mannequins())  # type: ignore[arg-type]
    (actor,) = target.scene.actors
    blinks = [FACE_UNITS.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    asleep = actor.pose.expression.copy()
    asleep[:, blinks] = 1.0
    actor = replace(actor, pose=replace(actor.pose, expression=asleep))
    scene = stage_references(spec, replace(target, scene=replace(target.scene, actors=(actor,))))
    assert scene is not None
    assert scene.actors[0].pose.expression[:, blinks].tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_things_held_are_held_in_every_picture() -> None:
    target, scene = staged(pair(Reference("out_of_clip", -5), [BACK, FACE], family="drink"))
    assert (
        [p.kind for p in scene.actors[0].props] == [p.kind for p in target.scene.actors[0].props] == ["cup"]
    )
    (cup,) = scene.actors[0].props
    wrists = scene.actors[0].pose.positions[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]]
    assert np.linalg.norm(wrists - cup.positions[:, None], axis=-1).min(axis=1).max() < 0.4


def test_pictures_go_by_their_blobs_names() -> None:
    spec = pair(Reference("in_clip", 2), [FACE, BACK])
    clip, stills = numbered(spec.frames), numbered(2)
    pictures = reference_pictures(spec, clip, stills)
    assert {n: int(p.rgb[0, 0, 0]) for n, p in pictures.items()} == {
        "reference": 2, "reference_back": 0, "reference_face": 1,
    }  # fmt: skip
    elsewhere = replace(spec, reference=Reference("out_of_clip", -3))
    pictures = reference_pictures(elsewhere, clip, numbered(3))
    assert {n: int(p.rgb[0, 0, 0]) for n, p in pictures.items()} == {
        "reference": 0, "reference_back": 1, "reference_face": 2,
    }  # fmt: skip


def numbered(frames: int) -> Frames:
    """Frames whose every value is their number."""
    number = np.arange(frames, dtype=np.uint8)[:, None, None]
    index = np.zeros((frames, 8, 8), np.uint8)
    rgb = np.broadcast_to(number[..., None], (frames, 8, 8, 3))
    return Frames(rgb, index, np.full((frames, 8, 8), 1.0, np.float32))


def assert_held(scene: Scene, t: int) -> None:
    """Everybody is in the picture; of a mannequin's few vertices, only one in many is held."""
    size = np.array([scene.camera.width, scene.camera.height])
    for actor in scene.actors:
        pixels, depth = scene.camera.project(actor.pose.positions[:, :22])
        assert (depth[t] > 0).all()
        assert ((pixels[t] >= -0.06 * size) & (pixels[t] <= 1.06 * size)).all()


def assert_inside(pixels: np.ndarray, scene: Scene) -> None:
    assert ((pixels >= 0) & (pixels <= (scene.camera.width, scene.camera.height))).all()
