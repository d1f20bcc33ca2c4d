"""The rejected clip of a preference item: the target again, with hands as weak estimators leave them.

SCAIL-2, section 3.4 and appendix B: r = G(P(y), R), r⁻ = G(P″(G(P′(y), R)), R), with P accurate, P′ and P″
weak. P′ looks at the exact motion y in the picture that P saw it in; each further round looks at R, in the
target's picture, doing what the last one saw. Of every round the joints of the region alone are kept, as
turns against their parents, and put on the target's own pose: the rest of the body is the target's to the
last bit, so what differs between the two clips is known exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionpair.specs import ClipSpec, Estimator, PairSpec, Region, Rejected
from render import kinematics
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.depth import depth_buffer
from render.estimators import ESTIMATORS, estimate
from render.estimators.ladder import OF_HANDS, weak_in
from render.estimators.points import HANDS, WRISTS, body_of
from render.estimators.view import View
from render.motion import Motion
from render.posing import to_pose, turns_of
from render.scene import Actor, CameraTrack, Pose
from render.skeleton import BODY_JOINTS, JOINTS, PARENTS
from render.stage import StagedClip, framed

REGIONS: Mapping[Region, tuple[int, ...]] = {
    "hands": (*WRISTS, *(j for hand in HANDS for j in hand if j < len(JOINTS)))
}
"""The joints of each region, whose turns the rounds change."""
GAP_MM = 10.0
"""Millimetres that five fingertips are off on the mean where a frame counts as one with a gap."""
_LONG_SIDE = 896
_TIPS = tuple(tuple(hand[15:]) for hand in HANDS)
_STRIDE = 1000
"""Seeds of a round are this far from the next round's; performers take those between."""


@dataclass(frozen=True)
class Gap:
    """How far a rejected clip's hands are from the target's, over all performers; see the row's columns."""

    fingertip_mm: float
    fingertip_px: float
    fingertip_most_mm: float
    gap_share: float
    body_mm: float

    def figures(self) -> dict[str, float]:
        """The figures, named as the row's columns."""
        return {f"rejected_{name}": value for name, value in vars(self).items()}


def stage_rejected(spec: PairSpec, driving: StagedClip, target: StagedClip) -> StagedClip:
    """The rejected clip of a preference item, ready to be judged and rendered.

    Args:
        spec: the item.
        driving, target: its clips, as `stage_pair` gives them.

    Raises:
        ValueError: no item, or clips of another pair.
    """
    rejected, seen = spec.rejected, driving.source
    if rejected is None or seen is None:
        raise ValueError(f"{spec.pair_id}: expected a preference item and its clips as staged")
    scene = target.scene
    actors, motions = scene.actors, list(seen.motions)
    views: Sequence[View] = seen.views
    for number in range(rejected.rounds):
        if number:
            views = _views(spec.target, actors, scene.camera)
        for i, view in enumerate(views):
            motions[i] = _round(
                rejected, spec.target.estimator, number, i, motions[i], view, target.motions[i]
            )
        actors = tuple(
            replace(actor, pose=_posed(actor, exact, worse, rejected.region))
            for actor, exact, worse in zip(scene.actors, target.motions, motions, strict=True)
        )
    cast = framed(actors)
    return StagedClip(replace(scene, actors=actors), cast.outlines, cast.faces, cast.hands, tuple(motions))


def _round(
    rejected: Rejected,
    accurate: Estimator,
    number: int,
    performer: int,
    motion: Motion,
    view: View,
    body: Motion,
) -> Motion:
    """What a weak estimator makes of the region of a motion in a view; all else moves as in `body`.

    P′ has P's draws: it errs where that did, by more, and without a cause it is P.
    """
    if number == 0:
        seed, model = accurate.seed, ESTIMATORS[accurate.name]
    else:
        seed, model = rejected.seed + _STRIDE * number, OF_HANDS
    found = estimate(motion, weak_in(rejected.causes, model), seed + performer, view)
    rotations = body.rotations.copy()
    joints = list(REGIONS[rejected.region])
    rotations[:, joints] = found.rotations[:, joints]
    return replace(body, rotations=rotations)


def _views(clip: ClipSpec, actors: Sequence[Actor], camera: CameraTrack) -> list[View]:
    """What the target's camera sees of each performer."""
    depth, index = depth_buffer(actors, camera)
    return [
        View(actor.character, actor.pose, p.position, p.heading, camera, depth, index, i)
        for i, (actor, p) in enumerate(zip(actors, clip.performers, strict=True))
    ]


def _posed(actor: Actor, exact: Motion, worse: Motion, region: Region) -> Pose:
    """The actor's pose with a region's joints turned, against their parents, by what was made of them."""
    rig, pose, joints = actor.character.rig, actor.pose, list(REGIONS[region])
    turns = turns_of(rig, pose)
    local = kinematics.local_rotations(turns, PARENTS)
    change = rot.mul(rot.inverse(exact.rotations[:, joints]), worse.rotations[:, joints])
    local[:, joints] = rot.normalised(rot.mul(local[:, joints], change))
    posed = to_pose(
        rig,
        kinematics.global_rotations(local, PARENTS),
        pose.positions[:, 0],
        pose.expression,
        pose.contacts,
    )
    names = {JOINTS[j] for j in joints}
    twisted = [rig.names.index(helper) for helper, (source, _) in rig.twist_of.items() if source in names]
    turned, moved = [*joints, *twisted], [j for j in joints if PARENTS[j] in joints]
    rotations, positions = pose.rotations.copy(), pose.positions.copy()
    rotations[:, turned], positions[:, moved] = posed.rotations[:, turned], posed.positions[:, moved]
    return replace(pose, rotations=rotations, positions=positions)


def measure_gap(spec: PairSpec, target: StagedClip, rejected: StagedClip) -> Gap:
    """How far the rejected clip's hands are from the target's, on the bodies as they are posed."""
    camera = target.scene.camera
    unit = _LONG_SIDE / max(camera.width, camera.height)
    size = np.array([camera.width, camera.height])
    metres, pixels, inside, bodies = [], [], [], []
    for performer, one, other in zip(
        spec.target.performers, target.scene.actors, rejected.scene.actors, strict=True
    ):
        stand = (performer.position, performer.heading)
        good, bad = (_places(a.character, a.pose, *stand) for a in (one, other))
        (there, depth), (shifted, reached) = camera.project(good), camera.project(bad)
        seen = (there >= 0).all(axis=-1) & (there <= size).all(axis=-1) & (depth > 0) & (reached > 0)
        away, shift = (np.linalg.norm(v, axis=-1) for v in (bad - good, unit * (shifted - there)))
        metres.append(np.stack([away[:, list(tips)] for tips in _TIPS], axis=1))
        pixels.append(np.stack([shift[:, list(tips)] for tips in _TIPS], axis=1))
        inside.append(np.stack([seen[:, list(tips)] for tips in _TIPS], axis=1))
        bodies.append(float(away[:, : len(BODY_JOINTS)].max()))
    off = 1e3 * np.stack(metres)  # (K, T, 2, 5)
    shown = np.stack(inside)
    hands = off.mean(axis=-1)
    return Gap(
        fingertip_mm=float(off.mean()),
        fingertip_px=float(np.stack(pixels)[shown].mean()) if shown.any() else 0.0,
        fingertip_most_mm=float(hands.max()),
        gap_share=float((hands.max(axis=-1) >= GAP_MM).mean()),
        body_mm=1e3 * max(bodies),
    )


def _places(
    character: BakedCharacter, pose: Pose, position: tuple[float, float], heading: float
) -> np.ndarray:
    """(T, 65, 3) metres, world: the points of a posed body, fingertips included."""
    body = body_of(character, position, heading)
    return body.places(turns_of(character.rig, pose), pose.positions[:, 0])
