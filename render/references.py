"""The reference images of a pair that no frame of its target clip shows: moments and views of their own.

All of a pair's are frames of one scene, in the target's place and light, rendered by one call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionpair.errors import InputError
from motionpair.gate_limits import FACE_TURNED, REFERENCE_HIDES
from motionpair.specs import Camera, ExtraReference, PairSpec
from render import cameras
from render import rotations as rot
from render.engines import Frames
from render.excerpt import actor_at
from render.gates.discard import Discard
from render.motions import perform
from render.scene import Actor, CameraTrack, Pose, Prop, Scene
from render.skeleton import FACE_UNITS, JOINT_INDEX
from render.stage import Cast, StagedClip, framed, solve_camera, stage_cast

RUN_UP = 12
"""Frames before a moment outside the clip in which hair and skirts come to hang as the motion leaves them."""
FACE_FOCAL_MM = 60.0
"""Focal length of a close-up of a face: near enough that a partner is seldom in between, far enough that the
nose is not large."""
FACE_ELEVATION = (-0.1, 0.6)
"""Radians that the camera of a face looks down by, at least and at most, wherever the face looks."""
BACK_ELEVATION = (0.0, 0.5)
"""Likewise of the camera behind everybody."""
HIGHEST = 1.0
"""Radians that no camera looks down by more, however much it is lifted."""
ASIDE = (0.0, 0.3, -0.3, 0.6, -0.6, 0.9, -0.9)
"""Radians that the camera of a face goes aside by to see past somebody else: the first that does."""
TOGETHER = 0.5
"""Length of the mean of unit vectors above which performers face one way, on the whole."""
UNDERGROUND = -50.0
"""Metres: where a thing is in the pictures that lack it."""
BLINKS = [FACE_UNITS.index(f"eyeBlink{side}") for side in ("Left", "Right")]
_FRONT = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True)
class Picture:
    """A reference as rendered. rgb: (H, W, 3) uint8 sRGB. index: (H, W) uint8, i + 1 the i-th performer."""

    rgb: np.ndarray
    index: np.ndarray


@dataclass(frozen=True)
class _Still:
    """One picture: the actors at an instant (T = 1), and a camera of one frame."""

    actors: tuple[Actor, ...]
    camera: CameraTrack


def extra_references(spec: PairSpec) -> tuple[ExtraReference, ...]:
    """The pair's additional references in the order of the scene's frames: back, then face."""
    return tuple(sorted(spec.extra_references, key=lambda extra: ("back", "face").index(extra.kind)))


def stage_references(spec: PairSpec, target: StagedClip) -> Scene | None:
    """The scene whose frames are the pictures to render beside the two clips; None where there are none.

    Its frames are the reference, unless that is a frame of the target clip, then `extra_references`.
    Everything is sharp, whatever the target's f-stop.

    Args:
        spec: the pair.
        target: its target clip, staged.

    Raises:
        InputError: a reference before the start of a motion.
        Discard: a face is to be shown that looks where no camera can stand.
    """
    stills = []
    if spec.reference.kind == "out_of_clip":
        stills.append(_before_or_after(spec, target))
    elif spec.reference.kind == "other_camera":
        stills.append(_from_elsewhere(spec, target))
    for extra in extra_references(spec):
        stills.append((_from_behind if extra.kind == "back" else _face)(spec, target, extra))
    if not stills:
        return None
    actors = tuple(_in_turn(each) for each in zip(*(still.actors for still in stills), strict=True))
    camera = CameraTrack(
        np.concatenate([still.camera.position for still in stills]),
        np.concatenate([still.camera.rotation for still in stills]),
        np.concatenate([still.camera.focal for still in stills]),
        spec.width,
        spec.height,
    )
    scene = target.scene
    return Scene(actors, camera, scene.environment, scene.render, scene.fps, laid_out_for=scene.camera)


def reference_pictures(spec: PairSpec, target: Frames, stills: Frames | None) -> dict[str, Picture]:
    """The pair's references by the names of their blobs: `reference`, then those of `extra_references`.

    Args:
        spec: the pair. target: frames of the target clip. stills: frames of `stage_references`' scene, None
            where there is none.
    """
    names = [f"reference_{extra.kind}" for extra in extra_references(spec)]
    if spec.reference.kind != "in_clip":
        names.insert(0, "reference")
    pictures = {}
    if spec.reference.kind == "in_clip":
        pictures["reference"] = _picture(target, spec.reference.frame)
    if stills is not None:
        pictures |= {name: _picture(stills, t) for t, name in enumerate(names)}
    return pictures


def _picture(frames: Frames, t: int) -> Picture:
    return Picture(frames.rgb[t], frames.performers()[t])


def _before_or_after(spec: PairSpec, target: StagedClip) -> _Still:
    """A moment outside the clip: the performers are at their places, as at half-way through the clip."""
    fps, frame = spec.fps, spec.reference.frame
    starts = [p.motion.start + p.motion.speed * frame / fps for p in spec.target.performers]
    steps = [p.motion.speed / fps for p in spec.target.performers]
    if min(starts) < -1e-6:
        raise InputError(
            f"reference.frame: expected a moment after every motion's start, got {frame}, "
            f"{-min(starts):.2f} s before one"
        )
    starts = [max(start, 0.0) for start in starts]
    # A motion has no time before its first phrase. One number of frames for all: partners move together.
    run_up = min(RUN_UP, *(math.floor(s / step + 1e-6) for s, step in zip(starts, steps, strict=True)))
    motions = [
        perform(replace(p.motion, start=max(at - run_up * step, 0.0)), fps, 2 * run_up + 1)
        for p, at, step in zip(spec.target.performers, starts, steps, strict=True)
    ]
    cast = stage_cast(spec.target, motions, fps, [a.character for a in target.scene.actors])
    cast = framed([_at(actor, run_up) for actor in cast.actors])
    return _filmed(spec, cast, _held_still(spec.target.camera))


def _from_elsewhere(spec: PairSpec, target: StagedClip) -> _Still:
    cast = _cast_at(target, spec.reference.frame)
    camera = _held_still(spec.target.camera)
    azimuth = _azimuth(spec, spec.reference.frame) + spec.reference.turn
    return _filmed(
        spec, cast, replace(camera, azimuth=azimuth, elevation=camera.elevation + spec.reference.lift)
    )


def _from_behind(spec: PairSpec, target: StagedClip, extra: ExtraReference) -> _Still:
    """Everybody from behind; where they face different ways, from behind for the target's camera."""
    cast = _cast_at(target, extra.frame)
    camera = _held_still(spec.target.camera)
    front = np.mean([_facing(actor, "spine3") * (1.0, 1.0, 0.0) for actor in cast.actors], axis=0)
    azimuth = _azimuth(spec, extra.frame)
    if float(np.linalg.norm(front)) >= TOGETHER:
        azimuth = _bearing(front)
    elevation = float(np.clip(camera.elevation, *BACK_ELEVATION))
    if camera.framing == "close_up":  # the framing of a face says little of hair and shoulders
        cast = replace(cast, outlines=tuple(map(_above_the_waist, cast.actors, cast.outlines)))
    behind = replace(camera, framing="full_body", azimuth=azimuth + math.pi, elevation=elevation)
    return _filmed(spec, cast, behind)


def _above_the_waist(actor: Actor, outline: np.ndarray) -> np.ndarray:
    """The points (1, N, 3) of a body that are above its pelvis."""
    return outline[:, outline[0, :, 2] >= actor.pose.positions[0, JOINT_INDEX["pelvis"], 2]]


def _face(spec: PairSpec, target: StagedClip, extra: ExtraReference) -> _Still:
    """A performer's face from where it looks to, past whoever stands in between."""
    cast = _cast_at(target, extra.frame)
    cast = replace(cast, actors=tuple(map(_awake, cast.actors)))
    only = replace(cast, faces=(cast.faces[extra.performer],))
    look = _facing(cast.actors[extra.performer], "head")
    azimuth = _azimuth(spec, extra.frame)
    if float(np.hypot(look[0], look[1])) >= TOGETHER:
        azimuth = _bearing(look)
    camera = replace(
        _held_still(spec.target.camera),
        framing="close_up",
        elevation=float(np.clip(math.asin(float(np.clip(look[2], -1.0, 1.0))), *FACE_ELEVATION)),
        focal_mm=FACE_FOCAL_MM,
    )
    turned = math.degrees(_between(look, azimuth, camera.elevation))
    if turned > FACE_TURNED:
        raise Discard(REFERENCE_HIDES, turned, f"at most {FACE_TURNED:.4g}")
    views = [_filmed(spec, only, replace(camera, azimuth=azimuth + aside), hands=False) for aside in ASIDE]
    hidden = [_hidden(view.camera, cast, extra.performer) for view in views]
    return views[hidden.index(min(hidden))]


def _between(look: np.ndarray, azimuth: float, elevation: float) -> float:
    """Radians between a unit direction and the way to a camera that stands at a bearing and height."""
    level = math.cos(elevation)
    way = (level * math.sin(azimuth), -level * math.cos(azimuth), math.sin(elevation))
    return math.acos(max(-1.0, min(1.0, sum(float(a) * b for a, b in zip(look, way, strict=True)))))


def _awake(actor: Actor) -> Actor:
    """The actor with its eyes open: a face is shown to be known again by, and a blink hides the eyes."""
    expression = actor.pose.expression.copy()
    expression[:, BLINKS] = 0.0
    return replace(actor, pose=replace(actor.pose, expression=expression))


def _hidden(camera: CameraTrack, cast: Cast, performer: int) -> int:
    """How many points of the other performers lie before a performer's face in the picture."""
    face, far = camera.project(cast.faces[performer])
    low, high = face.min(axis=(0, 1)), face.max(axis=(0, 1))
    count = 0
    for i, outline in enumerate(cast.outlines):
        if i != performer:
            pixels, depth = camera.project(outline)
            within = ((pixels >= low) & (pixels <= high)).all(axis=-1)
            count += int(np.count_nonzero(within & (depth > 0) & (depth < far.max())))
            # One that the camera stands in or against covers the face as well.
            away = np.linalg.norm(outline - camera.position[:, None], axis=-1)
            count += int(np.count_nonzero(away < cameras.NEAREST))
    return count


def _filmed(spec: PairSpec, cast: Cast, camera: Camera, hands: bool = True) -> _Still:
    """A cast at one instant, seen by a camera that holds it."""
    return _Still(cast.actors, solve_camera(spec, camera, cast, hands))


def _held_still(camera: Camera) -> Camera:
    return replace(camera, kind="static", move=0.0, shake=0.0, f_stop=0.0)


def _azimuth(spec: PairSpec, frame: int) -> float:
    """Where the target's camera stands at a frame, radians; one that orbits goes round."""
    camera = spec.target.camera
    turned = camera.move * (frame - (spec.frames - 1) / 2) / spec.fps if camera.kind == "orbit" else 0.0
    return camera.azimuth + turned


def _facing(actor: Actor, joint: str) -> np.ndarray:
    """(3,) unit vector, world: where a joint's front is at the actor's only instant."""
    return rot.rotate(actor.pose.rotations[0, JOINT_INDEX[joint]], _FRONT)


def _bearing(direction: np.ndarray) -> float:
    """Azimuth of a direction, as of a camera: from −Y towards +X."""
    return math.atan2(float(direction[0]), -float(direction[1]))


def _cast_at(target: StagedClip, frame: int) -> Cast:
    at = slice(frame, frame + 1)
    return Cast(
        tuple(_at(actor, frame) for actor in target.scene.actors),
        tuple(points[at] for points in target.outlines),
        tuple(points[at] for points in target.faces),
        tuple(points[at] for points in target.hands),
    )


def _at(actor: Actor, frame: int) -> Actor:
    """An actor at one instant."""
    return actor_at(actor, np.array([frame]))


def _in_turn(actors: Sequence[Actor]) -> Actor:
    """One actor whose frames are the only ones of several, all of one character."""
    first = actors[0]
    poses = [actor.pose for actor in actors]
    pose = Pose(
        rot.continuous(np.concatenate([p.rotations for p in poses])),
        *(
            np.concatenate([getattr(p, name) for p in poses])
            for name in ("positions", "expression", "contacts")
        ),
    )
    kinds = dict.fromkeys((p.kind, p.size, p.colour) for actor in actors for p in actor.props)
    props = tuple(_thing_in_turn([_thing(actor, *kind) for actor in actors]) for kind in kinds)
    return replace(first, pose=pose, props=props)


def _thing(actor: Actor, kind: str, size: tuple[float, float, float], colour: str) -> Prop:
    """What the actor holds, or the same thing out of every picture where it holds none."""
    for prop in actor.props:
        if (prop.kind, prop.size, prop.colour) == (kind, size, colour):
            return prop
    return Prop(kind, size, colour, np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([[0.0, 0.0, UNDERGROUND]]))


def _thing_in_turn(props: Sequence[Prop]) -> Prop:
    return replace(
        props[0],
        rotations=np.concatenate([p.rotations for p in props]),
        positions=np.concatenate([p.positions for p in props]),
    )
