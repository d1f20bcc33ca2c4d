"""From a PairSpec to two scenes: characters loaded, motions performed, observed and retargeted, cameras set.

This is where the pair's meaning is kept: both clips perform the same motions; the clip that the
estimator's error belongs to is observed through it; a replacement pair is filmed by one camera that
holds the bodies of both clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionpair.errors import DataError, MachineError
from motionpair.specs import Character, ClipSpec, PairSpec
from render import cameras
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.estimators import observe
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
    the same. motions: per actor, as the clip's estimator saw it.
    """

    scene: Scene
    outlines: tuple[np.ndarray, ...]
    faces: tuple[np.ndarray, ...]
    hands: tuple[np.ndarray, ...]
    motions: tuple[Motion, ...]


def stage_pair(spec: PairSpec, store: CharacterStore) -> tuple[StagedClip, StagedClip]:
    """The driving and the target clip of a pair, ready to be judged and rendered."""
    clips = (spec.driving, spec.target)
    motions = [
        tuple(observe(perform(p.motion, spec.fps, spec.frames), clip.estimator) for p in clip.performers)
        for clip in clips
    ]
    casts = [_actors(spec, *each, store) for each in zip(clips, motions, strict=True)]
    outlines = [tuple(_outline(actor) for actor in actors) for actors in casts]
    faces = [tuple(_points(a, a.character.face_vertices) for a in actors) for actors in casts]
    hands = [tuple(_points(a, np.concatenate(a.character.hand_vertices)) for a in actors) for actors in casts]
    if spec.mode == "replacement":
        both = (of[0] + of[1] for of in (outlines, faces, hands))
        shared = _camera(spec, spec.target, *both)
        tracks = [shared, shared]
    else:
        tracks = [_camera(spec, *of) for of in zip(clips, outlines, faces, hands, strict=True)]
    driving, target = (
        StagedClip(
            Scene(tuple(casts[i]), tracks[i], clip.environment, clip.render, spec.fps),
            outlines[i],
            faces[i],
            hands[i],
            motions[i],
        )
        for i, clip in enumerate(clips)
    )
    return driving, target


def cast_of(spec: PairSpec) -> list[Character]:
    """Every character of a pair, driving first."""
    return [p.character for clip in (spec.driving, spec.target) for p in clip.performers]


def _actors(spec: PairSpec, clip: ClipSpec, motions: Sequence[Motion], store: CharacterStore) -> list[Actor]:
    """The clip's performers: retargeted one by one, hands brought together, then what swings and is held."""
    cast = [_load(store, p.character) for p in clip.performers]
    poses = [
        retarget(motion, baked, p.position, p.heading)
        for motion, baked, p in zip(motions, cast, clip.performers, strict=True)
    ]
    poses = touch(motions, cast, poses)
    actors = []
    for performer, motion, baked, pose in zip(clip.performers, motions, cast, poses, strict=True):
        moving = swing(baked, pose, spec.fps / performer.motion.speed)
        actors.append(Actor(baked, moving, performer.slot, place_props(motion, baked, moving)))
    return actors


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


def _camera(
    spec: PairSpec,
    clip: ClipSpec,
    outlines: Sequence[np.ndarray],
    faces: Sequence[np.ndarray],
    hands: Sequence[np.ndarray],
) -> CameraTrack:
    return cameras.solve(
        clip.camera,
        outlines,
        np.concatenate(faces, axis=1),
        spec.width,
        spec.height,
        spec.frames,
        spec.fps,
        hands=np.concatenate(hands, axis=1),
    )
