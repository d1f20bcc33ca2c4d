"""Hands that touch: palms flat on the ground, and palms on a partner's palms, whatever the bodies.

1. Partners are brought to the distance at which their palms meet, or as near as the shorter arms need.
2. A palm on the ground is pinned where it stands; between stances the correction is carried over.
3. Two palms meet half-way between them, turned flat against each other, as far as the touch's weight says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionpair.errors import InputError
from render import kinematics
from render import rotations as rot
from render.arms import Arm, arm_of, palm_depth, reach
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.floorwork import PLANTED
from render.motion import Motion, Touch
from render.posing import t_pose_offsets, to_pose, turns_of
from render.scene import Pose
from render.skeleton import JOINT_INDEX, PARENTS
from render.stances import carried, runs

LONGEST = 0.97
"""Share of its length that an arm stretches to for a partner."""
APART = 0.26
"""Metres that partners' trunks keep between their joints, beyond the girth of both."""
_STEPS = np.arange(-40, 41) * 0.01
"""Metres that partners may step nearer than where their palms meet by themselves, or farther."""
_EVERY = 6


class _Limbs:
    """A posed body whose arms are being moved."""

    def __init__(self, motion: Motion, baked: BakedCharacter, pose: Pose):
        self.motion, self.baked, self.pose = motion, baked, pose
        self.bones = t_pose_offsets(baked.rig)
        self.turns, self.root = turns_of(baked.rig, pose), pose.positions[:, 0].copy()
        sides = ("left", "right")
        self.arms: dict[str, Arm] = {s: arm_of(s, self.bones, palm_depth(baked, s)) for s in sides}  # type: ignore[arg-type]
        self.moved = False

    def places(self) -> np.ndarray:
        """(T, 55, 3) places of the joints."""
        return kinematics.joint_positions(self.turns, self.bones, PARENTS, self.root)

    def hand(self, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Turns (T, 4) of a hand, where its palm is (T, 3), and where that faces (T, 3)."""
        arm = self.arms[side]
        turn = self.turns[:, arm.joints[2]]
        return turn, self.places()[:, arm.joints[2]] + rot.rotate(turn, arm.palm), rot.rotate(turn, -rot.Z)

    def put(self, side: str, palm: np.ndarray, turn: np.ndarray) -> None:
        """Bring a palm to places (T, 3), the hand turned as `turn` (T, 4)."""
        arm = self.arms[side]
        start = self.places()[:, arm.joints[0]]
        self.turns = reach(arm, self.turns, start, palm - rot.rotate(turn, arm.palm), turn)
        self.moved = True

    def done(self) -> Pose:
        """The pose, with the arms where they are now."""
        if not self.moved:
            return self.pose
        return to_pose(self.baked.rig, self.turns, self.root, self.pose.expression, self.pose.contacts)


def touch(motions: Sequence[Motion], cast: Sequence[BakedCharacter], poses: Sequence[Pose]) -> list[Pose]:
    """The poses of a clip's performers with their hands where the motions say that they touch.

    Args:
        motions: what the performers do.
        cast: who they are.
        poses: the retargeted motions, placed in the world. Partners are the first two.

    Raises:
        InputError: a hand that touches a partner's which does not touch it, or no partner at all.
    """
    limbs = [_Limbs(*each) for each in zip(motions, cast, poses, strict=True)]
    for body in limbs:
        for contact in body.motion.touches:
            if contact.what == "ground":
                _to_the_ground(body, contact)
    meetings = _meetings(motions)
    if meetings:
        _step_together(limbs[0], limbs[1], meetings)
        for hand, other, weight in meetings:
            _meet(limbs[0], hand, limbs[1], other, weight)
    return [body.done() for body in limbs]


Meeting = tuple[str, str, np.ndarray]
"""The first performer's hand, the second's, and the touch's weight (T,)."""


def _meetings(motions: Sequence[Motion]) -> list[Meeting]:
    """The touches of the first two performers, each of which both must have."""
    partners = [[c for c in m.touches if c.what != "ground"] for m in motions]
    if not any(partners):
        return []
    if len(partners) < 2 or any(partners[2:]):
        raise InputError("performers: expected two partners, first and second, for a motion that touches one")
    first, second = partners[:2]
    others: dict[tuple[str, str], Touch] = {(c.what.removeprefix("partner_"), c.hand): c for c in second}
    out: list[Meeting] = []
    for contact in first:
        other = others.pop((contact.hand, contact.what.removeprefix("partner_")), None)
        if other is None:
            raise InputError(f"performers: the first touches the second with the {contact.hand} hand alone")
        out.append((contact.hand, other.hand, np.minimum(contact.weight, other.weight)))
    if others:
        raise InputError("performers: the second touches the first with a hand that is not touched")
    return out


def _to_the_ground(body: _Limbs, contact: Touch) -> None:
    """Pin a palm flat to the ground while it touches; carry the correction over the frames between."""
    side, weight = contact.hand, contact.weight
    turn, palm, facing = body.hand(side)
    flat = rot.power(rot.between(facing, np.broadcast_to(-rot.Z, facing.shape)), weight)
    turn = rot.mul(flat, turn)
    stances = runs(weight >= PLANTED)
    vertices = body.baked.hand_vertices[0 if side == "left" else 1][::_EVERY]
    # The height of the palm at which the hand's lowest skin, fingers included, is on the ground.
    lift = np.zeros(len(palm))
    for _ in range(3):
        wanted = palm.copy()
        for run in stances:
            wanted[run, :2] = palm[run, :2].mean(axis=0)
            wanted[run, 2] = lift[run]
        goal = palm + carried(wanted - palm, stances)
        goal[:, 2] = np.maximum(goal[:, 2], lift)
        body.put(side, goal, turn)
        if not len(vertices):
            return
        pose = to_pose(
            body.baked.rig, body.turns, body.root, np.zeros_like(body.pose.expression), body.pose.contacts
        )
        low = skin(body.baked.part("body"), body.baked.rig, pose, vertices)[..., 2].min(axis=1)
        lift = np.maximum(body.hand(side)[1][:, 2] - low, 0.0)


def _contact_turns(one: _Limbs, hand: str, two: _Limbs, other: str) -> tuple[np.ndarray, np.ndarray]:
    """Turns (T, 4) of the two hands with their palms flat against each other, turned as little as can be."""
    (a, _, out), (b, _, back) = one.hand(hand), two.hand(other)
    normal = rot.normalised(out - back + 1e-9)
    return rot.mul(rot.between(out, normal), a), rot.mul(rot.between(back, -normal), b)


def _meet(one: _Limbs, hand: str, two: _Limbs, other: str, weight: np.ndarray) -> None:
    """Bring two palms to the point between them, as far as `weight` (T,) says."""
    (a, palm, _), (b, opposite, _) = one.hand(hand), two.hand(other)
    turned = _contact_turns(one, hand, two, other)
    point = _meeting_point(one, hand, turned[0], palm, two, other, turned[1], opposite)
    w = weight[:, None]
    one.put(hand, palm * (1 - w) + point * w, rot.slerp(a, turned[0], weight))
    two.put(other, opposite * (1 - w) + point * w, rot.slerp(b, turned[1], weight))


def _meeting_point(
    one: _Limbs,
    hand: str,
    turn: np.ndarray,
    palm: np.ndarray,
    two: _Limbs,
    other: str,
    turned: np.ndarray,
    opposite: np.ndarray,
) -> np.ndarray:
    """(T, 3) half-way between two palms, drawn to where both arms reach."""
    point = 0.5 * (palm + opposite)
    reaches = []
    for body, side, q in ((one, hand, turn), (two, other, turned)):
        arm = body.arms[side]
        reaches.append((body.places()[:, arm.joints[0]], rot.rotate(q, arm.palm), LONGEST * arm.length))
    for _ in range(6):
        for start, offset, longest in reaches:
            to = point - offset - start
            far = np.linalg.norm(to, axis=-1, keepdims=True)
            point = start + offset + to * np.minimum(1.0, longest / np.maximum(far, 1e-9))
    return point


def _step_together(one: _Limbs, two: _Limbs, meetings: Sequence[Meeting]) -> None:
    """Move both bodies along the line between them, by the same way, so that their palms meet."""
    middle = len(one.root) // 2
    along = (two.root[middle] - one.root[middle]) * np.array([1.0, 1.0, 0.0])
    distance = float(np.linalg.norm(along))
    along = along / max(distance, 1e-6)
    gaps, needs = [], []
    for hand, other, weight in meetings:
        when = weight >= PLANTED
        if not when.any():
            continue
        (_, palm, _), (_, opposite, _) = one.hand(hand), two.hand(other)
        gaps.append(((opposite - palm) @ along)[when])
        point = 0.5 * (palm + opposite)
        turned = _contact_turns(one, hand, two, other)
        for body, side, q, sign in ((one, hand, turned[0], 1.0), (two, other, turned[1], -1.0)):
            arm = body.arms[side]
            to = point - rot.rotate(q, arm.palm) - body.places()[:, arm.joints[0]]
            needs.append((to[when], sign, LONGEST * arm.length))
    if not gaps:
        return
    natural = float(np.concatenate(gaps).mean())
    nearest = distance - _girth(one, along) - _girth(two, -along) - APART
    best = (np.inf, np.inf, natural)
    for step in _STEPS:
        total = min(natural + step, nearest)
        short = max(
            float((np.linalg.norm(to - sign * 0.5 * total * along, axis=-1) - longest).max())
            for to, sign, longest in needs
        )
        best = min(best, (round(max(short, 0.0), 3), abs(total - natural), total))
    for body, sign in ((one, 1.0), (two, -1.0)):
        body.root += 0.5 * sign * best[2] * along
        body.moved = True


def _girth(body: _Limbs, front: np.ndarray) -> float:
    """Metres that the trunk reaches in direction `front` (3,) beyond the pelvis, in the middle frame."""
    rig, part = body.baked.rig, body.baked.part("body")
    trunk = [JOINT_INDEX[n] for n in ("pelvis", "spine1", "spine2", "spine3")]
    owner = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)]
    vertices = np.flatnonzero(np.isin(owner, trunk))[::_EVERY]
    if not len(vertices):
        return 0.0
    middle = len(body.root) // 2
    points = skin(part, rig, body.pose, vertices, np.array([middle]))[0]
    return float(((points - body.pose.positions[middle, 0]) @ front).max())
