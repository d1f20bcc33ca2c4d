"""From a PairSpec to two scenes: characters loaded, motions performed, observed and retargeted, cameras set.

This is where the pair's meaning is kept: both clips perform the same motions; the clip that the
estimator's error belongs to is observed through it; a replacement pair is filmed by one camera that
holds the bodies of both clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionpair.specs import Character, ClipSpec, PairSpec
from render import cameras
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.estimators import observe
from render.motions import perform
from render.retarget import retarget
from render.scene import Actor, CameraTrack, Scene

OUTLINE_STEP = 24
"""Every how many vertices of a mesh stand for it when a camera is framed."""


@dataclass(frozen=True)
class StagedClip:
    """A scene, with the points that its camera was framed by.

    outlines: per actor, (T, N, 3) metres, world: body, clothes and hair. focuses: per actor, (T, M, 3):
    face and hands.
    """

    scene: Scene
    outlines: tuple[np.ndarray, ...]
    focuses: tuple[np.ndarray, ...]


def stage_pair(spec: PairSpec, store: CharacterStore) -> tuple[StagedClip, StagedClip]:
    """The driving and the target clip of a pair, ready to be judged and rendered."""
    clips = (spec.driving, spec.target)
    casts = [_actors(spec, clip, store) for clip in clips]
    outlines = [tuple(_outline(actor) for actor in actors) for actors in casts]
    focuses = [tuple(_focus(actor) for actor in actors) for actors in casts]
    if spec.mode == "replacement":
        shared = _camera(spec, spec.target, outlines[0] + outlines[1], focuses[0] + focuses[1])
        tracks = [shared, shared]
    else:
        tracks = [_camera(spec, *of) for of in zip(clips, outlines, focuses, strict=True)]
    driving, target = (
        StagedClip(
            Scene(tuple(casts[i]), tracks[i], clip.environment, clip.render, spec.fps),
            outlines[i],
            focuses[i],
        )
        for i, clip in enumerate(clips)
    )
    return driving, target


def cast_of(spec: PairSpec) -> list[Character]:
    """Every character of a pair, driving first."""
    return [p.character for clip in (spec.driving, spec.target) for p in clip.performers]


def _actors(spec: PairSpec, clip: ClipSpec, store: CharacterStore) -> list[Actor]:
    actors = []
    for performer in clip.performers:
        motion = observe(perform(performer.motion, spec.fps, spec.frames), clip.estimator)
        baked = store.load(performer.character)
        pose = retarget(motion, baked, performer.position, performer.heading)
        actors.append(Actor(baked, pose, performer.slot))
    return actors


def _outline(actor: Actor) -> np.ndarray:
    """(T, N, 3) points that stand for all an actor shows: body, clothes, hair."""
    character = actor.character
    points = [
        skin(part, character.rig, actor.pose, np.arange(0, len(part.vertices), OUTLINE_STEP))
        for part in character.parts
        if part.role in ("skin", "cloth", "shoe", "hair")
    ]
    return np.concatenate(points, axis=1)


def _focus(actor: Actor) -> np.ndarray:
    """(T, M, 3) points that a close-up is about: face and hands."""
    character: BakedCharacter = actor.character
    vertices = np.concatenate(
        [s[::OUTLINE_STEP] for s in (character.face_vertices, *character.hand_vertices)]
    )
    return skin(character.part("body"), character.rig, actor.pose, vertices)


def _camera(
    spec: PairSpec, clip: ClipSpec, outlines: Sequence[np.ndarray], focuses: Sequence[np.ndarray]
) -> CameraTrack:
    focus = np.concatenate(focuses, axis=1)
    return cameras.solve(clip.camera, outlines, focus, spec.width, spec.height, spec.frames, spec.fps)
