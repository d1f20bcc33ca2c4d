"""From a PairSpec to two scenes: characters loaded, motions performed, observed and retargeted, cameras set.

This is where the pair's meaning is kept: both clips perform the same motions. The exact clip is staged and
filmed first; the other clip's performers do what the estimator sees in that picture. A replacement pair, and
a pair whose driving clip shows bones or grey bodies, is filmed by one camera that holds the bodies of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionpair.errors import DataError, InputError, MachineError
from motionpair.specs import Camera, Character, ClipSpec, PairSpec
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
class StagedClip:
    """A scene, with the points that its camera was framed by, and the motions that its actors perform.

    outlines: per actor, (T, N, 3) metres, world: body, clothes and hair. faces, hands: per actor, (T, M, 3),
    the same. motions: per actor, as the clip's estimator saw it. estimates: per actor, how far off that was;
    empty for an exact clip.
    """

    scene: Scene
    outlines: tuple[np.ndarray, ...]
    faces: tuple[np.ndarray, ...]
    hands: tuple[np.ndarray, ...]
    motions: tuple[Motion, ...]
    estimates: tuple[EstimateErrors, ...] = ()


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
            seen = _estimate(spec, clips[first], clips[1 - first], motions[first], casts[first])
        motions[1 - first] = tuple(motion for motion, _ in seen)
        estimates[1 - first] = tuple(errors for _, errors in seen)
    with clock.stage("stage"):
        other = clips[1 - first]
        casts[1 - first] = stage_cast(other, motions[1 - first], spec.fps, _load_all(store, other))
        if spec.mode == "replacement" or spec.driving_kind != "clip":
            tracks = [solve_camera(spec, spec.target.camera, casts[0] + casts[1])] * 2
        else:
            tracks = [solve_camera(spec, clip.camera, casts[i]) for i, clip in enumerate(clips)]
    driving, target = (
        StagedClip(
            Scene(casts[i].actors, tracks[i], clip.environment, clip.render, spec.fps),
            casts[i].outlines,
            casts[i].faces,
            casts[i].hands,
            motions[i],
            estimates[i],
        )
        for i, clip in enumerate(clips)
    )
    return driving, target


def _estimate(
    spec: PairSpec, exact: ClipSpec, estimated: ClipSpec, motions: Sequence[Motion], cast: Cast
) -> list[tuple[Motion, EstimateErrors]]:
    """What the estimator sees of each performer of the exact clip, and how far off it is.

    The performers of a clip share its estimator but not its errors: each has a seed of its own.
    """
    camera = solve_camera(spec, exact.camera, cast)
    depth, index = depth_buffer(cast.actors, camera)
    seen = []
    for i, (performer, motion, actor) in enumerate(zip(exact.performers, motions, cast.actors, strict=True)):
        view = View(
            actor.character, actor.pose, performer.position, performer.heading, camera, depth, index, i
        )
        estimator = replace(estimated.estimator, seed=estimated.estimator.seed + i)
        estimate = observe(motion, estimator, view)
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
