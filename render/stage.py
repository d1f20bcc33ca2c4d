"""From a PairSpec to two scenes: characters loaded, motions performed, observed and retargeted, cameras set.

This is where the pair's meaning is kept: both clips perform the same motions. The exact clip is staged and
filmed first; the other clip's performers do what the estimator sees in that picture. A replacement pair, and
a pair whose driving clip shows bones or grey bodies, is filmed by one camera that holds the bodies of both.

Of a preference item neither clip is exact: the driving performers do the exact motion for the estimator
alone, before the driving camera, and both clips show what it saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionpair.errors import DataError, InputError, MachineError
from motionpair.specs import Camera, Character, ClipSpec, Estimator, PairSpec
from render import cameras
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.clock import Clock
from render.depth import depth_buffer
from render.estimators import observe
from render.estimators.errors import EstimateErrors, measure
from render.estimators.view import View
from render.motion import Motion
from render.motions import perform
from render.props import place_props
from render.retarget import retarget
from render.scene import Actor, CameraTrack, Scene
from render.secondary import swing
from render.touch import touch

OUTLINE_STEP = 24
"""Every how many vertices of a mesh stand for it when a camera is framed."""


@dataclass(frozen=True)
class Source:
    """What an estimator looked at to drive both clips of a preference item: of each performer of the driving
    clip, its exact motion and the view of it."""

    motions: tuple[Motion, ...]
    views: tuple[View, ...]


@dataclass(frozen=True)
class StagedClip:
    """A scene, with the points that its camera was framed by, and the motions that its actors perform.

    outlines: per actor, (T, N, 3) metres, world: body, clothes and hair. faces, hands: per actor, (T, M, 3),
    the same. motions: per actor, as the clip's estimator saw it. estimates: per actor, how far off that was;
    empty for an exact clip. source: of a preference item's driving clip, what was estimated.
    """

    scene: Scene
    outlines: tuple[np.ndarray, ...]
    faces: tuple[np.ndarray, ...]
    hands: tuple[np.ndarray, ...]
    motions: tuple[Motion, ...]
    estimates: tuple[EstimateErrors, ...] = ()
    source: Source | None = None


@dataclass(frozen=True)
class Cast:
    """A clip's actors with what a camera is framed by: `outlines`, `faces`, `hands` as of a StagedClip."""

    actors: tuple[Actor, ...]
    outlines: tuple[np.ndarray, ...]
    faces: tuple[np.ndarray, ...]
    hands: tuple[np.ndarray, ...]

    def __add__(self, other: Cast) -> Cast:
        return Cast(
            self.actors + other.actors,
            self.outlines + other.outlines,
            self.faces + other.faces,
            self.hands + other.hands,
        )


def stage_pair(
    spec: PairSpec, store: CharacterStore, clock: Clock | None = None
) -> tuple[StagedClip, StagedClip]:
    """The driving and the target clip of a pair, ready to be judged and rendered.

    Args:
        spec: the pair.
        store: where its characters are baked.
        clock: counts the cost of staging (`stage`) and of estimating the motion (`estimate`).

    Raises:
        InputError: an estimator of another name, or estimators on both clips.
        MachineError: a bake is missing or damaged.
    """
    clock = clock or Clock()
    if spec.rejected is not None:
        return _stage_item(spec, store, clock)
    clips = (spec.driving, spec.target)
    estimated = [i for i, clip in enumerate(clips) if clip.estimator.name != "exact"]
    if len(estimated) == 2:
        raise InputError("target.estimator.name: expected exact, as the driving clip is estimated")
    first = 1 - estimated[0] if estimated else 1
    casts: dict[int, Cast] = {}
    motions: dict[int, tuple[Motion, ...]] = {}
    estimates: dict[int, tuple[EstimateErrors, ...]] = {0: (), 1: ()}
    with clock.stage("stage"):
        motions[first] = tuple(perform(p.motion, spec.fps, spec.frames) for p in clips[first].performers)
        casts[first] = stage_cast(clips[first], motions[first], spec.fps, _load_all(store, clips[first]))
    motions[1 - first] = motions[first]
    if estimated:
        with clock.stage("estimate"):
            views = _views(spec, clips[first], casts[first])
            seen = _observed(clips[1 - first].estimator, motions[first], views)
        motions[1 - first] = tuple(motion for motion, _ in seen)
        estimates[1 - first] = tuple(errors for _, errors in seen)
    with clock.stage("stage"):
        other = clips[1 - first]
        casts[1 - first] = stage_cast(other, motions[1 - first], spec.fps, _load_all(store, other))
        tracks = _tracks(spec, casts[0], casts[1])
    driving, target = (
        _staged(spec, clip, casts[i], tracks[i], motions[i], estimates[i]) for i, clip in enumerate(clips)
    )
    return driving, target


def _stage_item(spec: PairSpec, store: CharacterStore, clock: Clock) -> tuple[StagedClip, StagedClip]:
    """Both clips of a preference item: the motion that its estimator saw, done by either cast."""
    with clock.stage("stage"):
        exact = tuple(perform(p.motion, spec.fps, spec.frames) for p in spec.driving.performers)
        drivers = _load_all(store, spec.driving)
        shown = stage_cast(spec.driving, exact, spec.fps, drivers)
    with clock.stage("estimate"):
        views = _views(spec, spec.driving, shown)
        seen = _observed(spec.driving.estimator, exact, views)
    motions, errors = tuple(motion for motion, _ in seen), tuple(error for _, error in seen)
    with clock.stage("stage"):
        casts = (
            stage_cast(spec.driving, motions, spec.fps, drivers),
            stage_cast(spec.target, motions, spec.fps, _load_all(store, spec.target)),
        )
        tracks = _tracks(spec, *casts)
    driving = _staged(spec, spec.driving, casts[0], tracks[0], motions, errors)
    target = _staged(spec, spec.target, casts[1], tracks[1], motions, errors)
    return replace(driving, source=Source(exact, tuple(views))), target


def _tracks(spec: PairSpec, driving: Cast, target: Cast) -> tuple[CameraTrack, CameraTrack]:
    """The cameras of both clips: one that holds the bodies of both, or one each."""
    if spec.mode == "replacement" or spec.driving_kind != "clip":
        shared = solve_camera(spec, spec.target.camera, driving + target)
        return shared, shared
    return solve_camera(spec, spec.driving.camera, driving), solve_camera(spec, spec.target.camera, target)


def _staged(
    spec: PairSpec,
    clip: ClipSpec,
    cast: Cast,
    track: CameraTrack,
    motions: tuple[Motion, ...],
    estimates: tuple[EstimateErrors, ...],
) -> StagedClip:
    scene = Scene(cast.actors, track, clip.environment, clip.render, spec.fps)
    return StagedClip(scene, cast.outlines, cast.faces, cast.hands, motions, estimates)


def _views(spec: PairSpec, clip: ClipSpec, cast: Cast) -> list[View]:
    """What the camera of a clip sees of each performer."""
    camera = solve_camera(spec, clip.camera, cast)
    depth, index = depth_buffer(cast.actors, camera)
    return [
        View(actor.character, actor.pose, p.position, p.heading, camera, depth, index, i)
        for i, (p, actor) in enumerate(zip(clip.performers, cast.actors, strict=True))
    ]


def _observed(
    estimator: Estimator, motions: Sequence[Motion], views: Sequence[View]
) -> list[tuple[Motion, EstimateErrors]]:
    """What the estimator sees of each performer of a clip, and how far off it is.

    The performers of a clip share its estimator but not its errors: each has a seed of its own.
    """
    seen = []
    for i, (motion, view) in enumerate(zip(motions, views, strict=True)):
        estimate = observe(motion, replace(estimator, seed=estimator.seed + i), view)
        seen.append((estimate, measure(motion, estimate, view)))
    return seen


def cast_of(spec: PairSpec) -> list[Character]:
    """Every character of a pair, driving first."""
    return [p.character for clip in (spec.driving, spec.target) for p in clip.performers]


def stage_cast(
    clip: ClipSpec, motions: Sequence[Motion], fps: int, characters: Sequence[BakedCharacter]
) -> Cast:
    """A clip's performers: retargeted one by one, hands brought together, then what swings and is held."""
    poses = [
        retarget(motion, baked, p.position, p.heading)
        for motion, baked, p in zip(motions, characters, clip.performers, strict=True)
    ]
    poses = touch(motions, characters, poses)
    actors = []
    for performer, motion, baked, pose in zip(clip.performers, motions, characters, poses, strict=True):
        moving = swing(baked, pose, fps / performer.motion.speed)
        actors.append(Actor(baked, moving, performer.slot, place_props(motion, baked, moving)))
    return framed(actors)


def framed(actors: Sequence[Actor]) -> Cast:
    """Actors with the points that a camera is framed by."""
    return Cast(
        tuple(actors),
        tuple(_outline(actor) for actor in actors),
        tuple(_points(a, a.character.face_vertices) for a in actors),
        tuple(_points(a, np.concatenate(a.character.hand_vertices)) for a in actors),
    )


def solve_camera(spec: PairSpec, camera: Camera, cast: Cast, hands: bool = True) -> CameraTrack:
    """The track of a camera that films a cast; `hands`: a close-up makes room for them."""
    return cameras.solve(
        camera,
        cast.outlines,
        np.concatenate(cast.faces, axis=1),
        spec.width,
        spec.height,
        len(cast.outlines[0]),
        spec.fps,
        hands=np.concatenate(cast.hands, axis=1) if hands else None,
    )


def _load_all(store: CharacterStore, clip: ClipSpec) -> list[BakedCharacter]:
    return [_load(store, p.character) for p in clip.performers]


def _load(store: CharacterStore, character: Character) -> BakedCharacter:
    """A character's bake. One that is missing or damaged is no fault of the pair that wants it."""
    try:
        return store.load(character)
    except DataError as error:
        raise MachineError(
            f"the bake of {character.character_id} is missing or damaged; delete its file in the cache and "
            "run the same command again"
        ) from error


def _outline(actor: Actor) -> np.ndarray:
    """(T, N, 3) points that stand for all an actor shows: body, clothes, hair."""
    character = actor.character
    points = [
        skin(part, character.rig, actor.pose, np.arange(0, len(part.vertices), OUTLINE_STEP))
        for part in character.parts
        if part.role in ("skin", "cloth", "shoe", "hair")
    ]
    return np.concatenate(points, axis=1)


def _points(actor: Actor, vertices: np.ndarray) -> np.ndarray:
    """(T, N, 3) some of the body's vertices."""
    character: BakedCharacter = actor.character
    return skin(character.part("body"), character.rig, actor.pose, vertices[::OUTLINE_STEP])
