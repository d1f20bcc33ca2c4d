"""From a PairSpec to two scenes: characters loaded, motions performed, observed and retargeted, cameras set.

This is where the pair's meaning is kept: both clips perform the same motions; the clip that the
estimator's error belongs to is observed through it; a replacement pair is filmed by one camera that
holds the bodies of both clips.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def stage_pair(spec: PairSpec, store: CharacterStore) -> tuple[Scene, Scene]:
    """The driving and the target scene of a pair, ready to be judged and rendered."""
    casts = [_actors(spec, clip, store) for clip in (spec.driving, spec.target)]
    outlines = [[_outline(actor) for actor in actors] for actors in casts]
    focuses = [[_focus(actor) for actor in actors] for actors in casts]
    if spec.mode == "replacement":
        both = [*outlines[0], *outlines[1]], [*focuses[0], *focuses[1]]
        tracks = [_camera(spec, spec.target, *both)] * 2
    else:
        tracks = [
            _camera(spec, clip, outline, focus)
            for clip, outline, focus in zip((spec.driving, spec.target), outlines, focuses, strict=True)
        ]
    driving, target = (
        Scene(tuple(actors), track, clip.environment, clip.render, spec.fps)
        for actors, track, clip in zip(casts, tracks, (spec.driving, spec.target), strict=True)
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
