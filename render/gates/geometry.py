"""The gate on geometry: what can be judged of a staged pair before a frame is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from motionpair.cast import identity_distance
from motionpair.gate_limits import SIDES
from motionpair.recipe import Limits
from motionpair.specs import ClipSpec, PairSpec
from render import footing, touch, wear
from render.characters.skinning import skin
from render.framing import hand_side
from render.gates import bodies
from render.gates.discard import Judge
from render.gates.inside import self_overlap
from render.scene import Actor, CameraTrack
from render.stage import StagedClip

FARTHEST = 10.0
"""Metres that performers' distance is told up to; so far apart is also whoever is alone."""
HAND_STEP = 6
"""Every how many vertices of a hand are looked at."""


def judge_geometry(
    spec: PairSpec, driving: StagedClip, target: StagedClip, limits: Limits
) -> dict[str, float]:
    """Measure a staged pair and hold it against the limits that need no pixels (`motionpair.gate_limits`).

    What is cheap comes first, so that most discards cost little.

    Returns:
        The figures, named as the row's columns.

    Raises:
        Discard: identities too alike, a motion too still, limbs that point elsewhere in the two clips by more
            than the estimator's error explains, feet sliding or sunk, bodies in the ground, in each other, in
            themselves or out of the picture, hands that miss what they touch, are outside the picture or too
            small in a close-up, clothes that tear.
    """
    judge = Judge(spec, limits)
    judge.hold(**_identity(spec))
    judge.hold(motion_energy=bodies.motion_energy(target.scene))
    judge.hold(**_agreement(driving, target))
    clips = list(zip(SIDES, (spec.driving, spec.target), (driving, target), strict=True))
    for side, clip, staged in clips:
        hands = [_hands(actor) for actor in staged.scene.actors]
        figures = _on_the_ground(spec, staged) | _in_the_picture(clip, staged, hands) | _apart(staged)
        judge.hold(**{f"{side}_{name}": value for name, value in figures.items()})
    for side, _, staged in clips:
        cut = 1e3 * max(self_overlap(actor) for actor in staged.scene.actors)
        judge.hold(**{f"{side}_self_overlap_mm": cut})
    for side, _, staged in clips:
        poke, stretch = _wear(staged)
        judge.hold(**{f"{side}_cloth_poke_share": poke, f"{side}_cloth_stretch": stretch})
    return judge.figures


def _identity(spec: PairSpec) -> dict[str, float]:
    cast = [p.character for clip in (spec.driving, spec.target) for p in clip.performers]
    distances = np.array([identity_distance(a, b) for a, b in combinations(cast, 2)])
    shape, colour = distances.min(axis=0)
    return {"identity_shape_distance": float(shape), "identity_colour_distance": float(colour)}


def _agreement(driving: StagedClip, target: StagedClip) -> dict[str, float]:
    """The performer whose limbs differ most beyond what its estimator got wrong: by how much, and that."""
    angles = bodies.limb_angles(driving.scene, target.scene)
    estimates = [e.limb_degrees for e in driving.estimates or target.estimates] or [0.0] * len(angles)
    if driving.source is not None:  # one estimate drives both clips of a preference item
        estimates = [0.0] * len(angles)
    worst = int(np.argmax(np.subtract(angles, estimates)))
    return {"limb_estimate_degrees": estimates[worst], "limb_disagreement_degrees": angles[worst]}


def _on_the_ground(spec: PairSpec, staged: StagedClip) -> dict[str, float]:
    actors = staged.scene.actors
    feet = [footing.measure(a.character, a.pose, spec.fps) for a in actors]
    cast, poses = [a.character for a in actors], [a.pose for a in actors]
    return {
        "contact_slide_p95_mm": max(f.slide_p95_mm for f in feet),
        "sole_penetration_mm": max(f.penetration_mm for f in feet),
        "body_penetration_mm": max(
            footing.body_penetration_mm(*each) for each in zip(cast, poses, strict=True)
        ),
        "touch_error_mm": touch.touch_error_mm(staged.motions, cast, poses),
    }


def _in_the_picture(
    clip: ClipSpec, staged: StagedClip, hands: Sequence[Sequence[np.ndarray]]
) -> dict[str, float]:
    camera = staged.scene.camera
    points = staged.faces if clip.camera.framing == "close_up" else staged.outlines
    return {
        "in_frame_share": min(float(_inside(camera, p).mean()) for p in points),
        "hands_in_frame_share": min(_hands_inside(camera, each) for each in hands),
        "hand_side_px": max(hand_side(camera, each) for each in hands),
    }


def _inside(camera: CameraTrack, points: np.ndarray) -> np.ndarray:
    """(T, N): which points (T, N, 3) are in front of the camera and inside its picture."""
    pixels, depth = camera.project(points)
    return ((pixels >= 0) & (pixels <= (camera.width, camera.height))).all(axis=-1) & (depth > 0)


def _hands_inside(camera: CameraTrack, hands: Sequence[np.ndarray]) -> float:
    """Share of the frames in which at least half of one hand is inside the picture."""
    shares = np.array([_inside(camera, points).mean(axis=1) for points in hands])
    return float((shares.max(axis=0) >= 0.5).mean())


def _apart(staged: StagedClip) -> dict[str, float]:
    touching = any(contact.what != "ground" for motion in staged.motions for contact in motion.touches)
    return {
        "clearance_m": min(bodies.clearance(staged.scene, touching), FARTHEST),
        "overlap_mm": 1e3 * bodies.overlap(staged.scene, touching),
    }


def _hands(actor: Actor) -> list[np.ndarray]:
    """Of each hand, (T, N, 3) some points of its skin, metres, world."""
    character = actor.character
    return [
        skin(character.part("body"), character.rig, actor.pose, vertices[::HAND_STEP])
        for vertices in character.hand_vertices
    ]


def _wear(staged: StagedClip) -> tuple[float, float]:
    """The largest share that pokes through a garment, and the largest stretch of one; 0 without any."""
    worn = [g for actor in staged.scene.actors for g in wear.measure(actor.character, actor.pose)]
    poke = max((max(g.skin, g.cloth) for g in worn), default=0.0)
    return float(poke), float(max((g.stretch for g in worn), default=0.0))
