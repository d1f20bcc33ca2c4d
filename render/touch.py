"""Hands that touch: palms flat on the ground, and palms on a partner's palms, whatever the bodies.

1. A palm on the ground is pinned where it stands; between stances the correction is carried over.
2. The taller of two partners leans down a little, and they look at each other; then they are brought to the
   distance at which their palms meet and no arm is stretched or folded.
3. Two palms meet between them, turned flat against each other, as far as the touch's weight says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionpair.errors import InputError
from render import kinematics
from render import rotations as rot
from render.arms import Arm, arm_of, descendants, palm_depth, reach
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
_STEPS = np.arange(-30, 41, 2) * 0.01
"""Metres that partners may step nearer than where their palms meet by themselves, or farther."""
_HEIGHTS = np.arange(-30, 33, 3) * 0.01
"""Metres that palms may meet above half-way between them."""
_EASY = (0.62, 0.93)
"""Shares of an arm's length between which it is neither folded nor stretched."""
_ALIKE = 0.12
"""Metres that heads may differ in height before the taller leans down."""
_LEAN, _MOST_LEAN = 0.7, 0.35
"""Radians that it leans by, for each share of its height that the other is smaller; and at most."""
_FACES = 0.6
"""Metres between faces, at least, for the direction of a look."""
_SEEN = 0.2
"""Weight below which a touch is not seen to come."""
_ROUNDS = 6
_EVERY = 2


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

    def pitch(self, joint: str, front: np.ndarray, angle: float) -> None:
        """Turn a joint and all below it by an angle from up towards `front` (3,), level."""
        below = descendants(JOINT_INDEX[joint])
        turn = rot.from_axis_angle(np.cross(rot.Z, front), angle)
        self.turns[:, below] = rot.mul(turn, self.turns[:, below])
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
        one, two = limbs[:2]
        _bow(one, two)
        height = _step_together(one, two, meetings)
        for hand, other, weight in meetings:
            _meet(one, hand, two, other, weight, height)
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


def _meet(one: _Limbs, hand: str, two: _Limbs, other: str, weight: np.ndarray, height: float) -> None:
    """Bring two palms to a point between them, as far as `weight` (T,) says."""
    (a, palm, _), (b, opposite, _) = one.hand(hand), two.hand(other)
    turned = _contact_turns(one, hand, two, other)
    ends = ((one, hand, turned[0]), (two, other, turned[1]))
    point = _meeting_point(ends, (palm, opposite), height)
    w = weight[:, None]
    one.put(hand, palm * (1 - w) + point * w, rot.slerp(a, turned[0], weight))
    two.put(other, opposite * (1 - w) + point * w, rot.slerp(b, turned[1], weight))


def _meeting_point(
    ends: Sequence[tuple[_Limbs, str, np.ndarray]], palms: Sequence[np.ndarray], height: float
) -> np.ndarray:
    """(T, 3) `height` above half-way between two palms, drawn to where both arms reach.

    ends: of both, the body, which of its hands, and how that is turned (T, 4).
    """
    point = 0.5 * (palms[0] + palms[1]) + height * rot.Z
    for _ in range(_ROUNDS):
        for body, side, turn in ends:
            arm = body.arms[side]
            start = body.places()[:, arm.joints[0]] + rot.rotate(turn, arm.palm)
            far = np.linalg.norm(point - start, axis=-1, keepdims=True)
            point = start + (point - start) * np.minimum(1.0, LONGEST * arm.length / np.maximum(far, 1e-9))
    return point


def _along(one: _Limbs, two: _Limbs) -> tuple[np.ndarray, float]:
    """The level direction (3,) from one body to the other in the middle frame, and how far that is."""
    middle = len(one.root) // 2
    away = (two.root[middle] - one.root[middle]) * np.array([1.0, 1.0, 0.0])
    distance = float(np.linalg.norm(away))
    return away / max(distance, 1e-6), distance


def _bow(one: _Limbs, two: _Limbs) -> None:
    """Lean the taller of two towards the smaller, and turn both faces to each other."""
    along, distance = _along(one, two)
    head = JOINT_INDEX["head"]
    tops = [float(body.places()[:, head, 2].mean()) for body in (one, two)]
    for i, (body, front) in enumerate(((one, along), (two, -along))):
        lean = np.clip(_LEAN * (tops[i] - tops[1 - i] - _ALIKE) / tops[i], 0.0, _MOST_LEAN)
        for joint in ("spine1", "spine2", "spine3"):
            body.pitch(joint, front, float(lean) / 3)
    tops = [float(body.places()[:, head, 2].mean()) for body in (one, two)]
    for i, (body, front) in enumerate(((one, along), (two, -along))):
        look = np.clip(0.8 * np.arctan2(tops[i] - tops[1 - i], max(distance, _FACES)), -0.5, 0.6)
        for joint in ("neck", "head"):
            body.pitch(joint, front, float(look) / 2)


def _step_together(one: _Limbs, two: _Limbs, meetings: Sequence[Meeting]) -> float:
    """Move both bodies along the line between them, by the same way, so that their palms can meet.

    Returns:
        How much higher than half-way between the palms they meet: where both arms are neither stretched nor
        folded.
    """
    along, distance = _along(one, two)
    gaps, arms = [], []
    for hand, other, weight in meetings:
        # A short clip may miss the clap itself: then what counts is how near it comes.
        when = weight >= min(PLANTED, float(weight.max()))
        if weight.max() < _SEEN:
            continue
        palms = [body.hand(side)[1] for body, side in ((one, hand), (two, other))]
        gaps.append(((palms[1] - palms[0]) @ along)[when])
        turned = _contact_turns(one, hand, two, other)
        for body, side, q, sign in ((one, hand, turned[0], 1.0), (two, other, turned[1], -1.0)):
            arm = body.arms[side]
            start = body.places()[:, arm.joints[0]] + rot.rotate(q, arm.palm)
            arms.append(((0.5 * (palms[0] + palms[1]) - start)[when], 0.5 * sign * along, arm.length))
    if not gaps:
        return 0.0
    natural = float(np.concatenate(gaps).mean())
    nearest = distance - _girth(one, along) - _girth(two, -along) - APART
    best = (np.inf, 0.0, 0.0)
    for step in _STEPS:
        total = min(natural + step, nearest)
        for height in _HEIGHTS:
            cost = 0.2 * abs(total - natural) + 0.1 * abs(height)
            for to, way, length in arms:
                share = np.linalg.norm(to - total * way + height * rot.Z, axis=-1) / length
                cost += float(10 * np.maximum(share - _EASY[1], 0.0).max())
                cost += float(2 * np.maximum(_EASY[0] - share, 0.0).max())
            best = min(best, (cost, total, float(height)))
    for body, sign in ((one, 1.0), (two, -1.0)):
        body.root += 0.5 * sign * best[1] * along
        body.moved = True
    return best[2]


def touch_error_mm(motions: Sequence[Motion], cast: Sequence[BakedCharacter], poses: Sequence[Pose]) -> float:
    """How far hands that touch are from what they touch, at the worst frame, millimetres; 0 without any.

    Two palms: the way between their middles. A palm on the ground: the height of the hand's lowest skin above
    it, or its depth below.
    """
    limbs = [_Limbs(*each) for each in zip(motions, cast, poses, strict=True)]
    worst = 0.0
    for hand, other, weight in _meetings(motions):
        gap = np.linalg.norm(limbs[0].hand(hand)[1] - limbs[1].hand(other)[1], axis=-1)
        worst = max(worst, float(gap[weight >= PLANTED].max(initial=0.0)))
    for body in limbs:
        for contact in body.motion.touches:
            planted = np.flatnonzero(contact.weight >= PLANTED)
            vertices = body.baked.hand_vertices[0 if contact.hand == "left" else 1][::_EVERY]
            if contact.what != "ground" or not len(planted) or not len(vertices):
                continue
            low = skin(body.baked.part("body"), body.baked.rig, body.pose, vertices, planted)[..., 2]
            worst = max(worst, float(np.abs(low.min(axis=1)).max()))
    return 1e3 * worst


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
