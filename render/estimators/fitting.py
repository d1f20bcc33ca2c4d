"""From estimated points back to rotations: a body fitted to them, bone by bone from the pelvis outward.

Each joint's turn is the maximum a posteriori solution of Wahba's problem (Wahba 1965, "A least squares
estimate of satellite attitude"; solved by a singular value decomposition: Markley 1988): the turn that
brings the bones below it to where they were seen, weighed against a prior that it turned as the joint above
it did. Bones keep their lengths; a joint aims at where its child was seen from where it is itself.
"""

from __future__ import annotations

import numpy as np

from render import kinematics
from render import rotations as rot
from render.estimators.keypoints import Seen
from render.estimators.points import CHILDREN, HANDS, LIMBS, POINT_PARENTS, WRISTS, Body
from render.skeleton import BODY_JOINTS, FACE_JOINTS, JOINT_INDEX, JOINTS

_PRIOR = 0.4
"""Radians: deviation of a joint's turn against its parent's, as the body prior expects it."""
_FINEST = 5e-4
"""Metres: no point is trusted to less."""
_SIDEWAYS = 0.1
"""Sine of the angle that an elbow or knee may bend sideways by, beyond what the exact motion does."""
_HEAD = JOINT_INDEX["head"]
_HINGES = {
    limb[0]: (limb[1], limb[2], axis) for limb, axis in zip(LIMBS, (-rot.Z, rot.X, rot.Z, rot.X), strict=True)
}
"""Start of each limb to its hinge, its end, and the axis that it bends about, in the start's frame."""
_FOREARMS = (JOINT_INDEX["left_elbow"], JOINT_INDEX["right_elbow"])
_MOST_TURN = 1.2
"""Radians that a limb is turned by, at most, to bring its bend to where it was seen."""
_FOLDED = -0.85
"""Cosine of the angle between a limb's two bones when it is folded as far as it goes."""
_AGAINST = {
    **{JOINT_INDEX[f"{side}_foot"]: JOINT_INDEX[f"{side}_ankle"] for side in ("left", "right")},
    **dict.fromkeys(CHILDREN[_HEAD], _HEAD),
    **{child: wrist for wrist, hand in zip(WRISTS, HANDS, strict=True) for child in hand},
}
"""Points that were seen against another rather than in the world: small bones far out."""


def fit(body: Body, turns: np.ndarray, seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """Fit a body to what was seen of it.

    Returns:
        Changes (T, 55, 4), in the world, of the exact global rotations `turns` (T, 55, 4); and the pelvis's
        place (T, 3), by which the whole body lies best on the points that show.
    """
    frames = len(turns)
    change = np.empty((frames, len(JOINTS), 4))
    places = np.empty_like(seen.points)
    places[:, 0] = seen.points[:, 0]
    aim: dict[int, np.ndarray] = {}
    for joint in range(len(JOINTS)):
        parent = POINT_PARENTS[joint]
        before = seen.tilt if parent < 0 else change[:, parent]
        children = CHILDREN[joint]
        if not children:
            change[:, joint] = before
            continue
        now = rot.mul(before, turns[:, joint])
        bones = rot.rotate(now[:, None], body.offsets[list(children)])
        if joint in aim:
            wanted = aim[joint][:, None]
        else:
            wanted = np.stack([_wanted(c, joint, seen, places) for c in children], axis=1)
        if joint in _HINGES:
            wanted[:, 0] += _towards_end(
                joint, body, rot.rotate(now, _HINGES[joint][2]), seen, places[:, joint]
            )
        turn = _wahba(bones, wanted, seen.precision[:, list(children)])
        change[:, joint] = rot.mul(turn, before)
        if joint in _HINGES:
            hinge = _HINGES[joint][0]
            turned, aim[hinge], free = _bend(joint, body, turns, change[:, joint], seen, places[:, joint])
            change[:, joint] = turned
            _twist(change, turns, body, joint, hinge, free * seen.twist[:, joint])
        elif joint in aim and joint in _FOREARMS:
            _twist(change, turns, body, joint, children[0], seen.twist[:, joint])
        places[:, list(children)] = places[:, joint, None] + rot.rotate(
            rot.mul(change[:, joint], turns[:, joint])[:, None], body.offsets[list(children)]
        )
    shown = slice(0, len(BODY_JOINTS) + len(FACE_JOINTS))
    trust = (0.02 + seen.clear[:, shown]) / np.maximum(seen.precision[:, shown], _FINEST) ** 2
    off = (seen.points - places)[:, shown] * trust[..., None]
    return change, places[:, 0] + off.sum(axis=1) / trust.sum(axis=1)[:, None]


def _wanted(child: int, joint: int, seen: Seen, places: np.ndarray) -> np.ndarray:
    """(T, 3) from where a joint is to where its child was seen."""
    if child in _AGAINST:
        base = _AGAINST[child]
        return seen.points[:, child] - seen.points[:, base] + places[:, base] - places[:, joint]
    return seen.points[:, child] - places[:, joint]


def _towards_end(joint: int, body: Body, axis: np.ndarray, seen: Seen, place: np.ndarray) -> np.ndarray:
    """(T, 3) metres: how an elbow or knee that does not show moves to bring an end that does to its place.

    axis: (T, 3) what the limb bends about; place: (T, 3) where it starts.
    """
    hinge, end, _ = _HINGES[joint]
    middle, tip = seen.points[:, hinge], seen.points[:, end]
    upper, lower = body.lengths[hinge], body.lengths[end]
    along = rot.normalised(tip - place)
    # To the side of the line from start to end that the hinge was seen on; a straight limb's is its own.
    aside = middle - place - 1e-4 * rot.cross(axis, along)
    aside = aside - along * np.sum(aside * along, axis=-1, keepdims=True)
    solved, _, _ = kinematics.two_bone(place, tip, upper, lower, rot.cross(aside, along))
    wrong = np.abs(np.linalg.norm(tip - middle, axis=-1) - lower)
    wrong += np.abs(np.linalg.norm(middle - place, axis=-1) - upper)
    share = seen.clear[:, end] * (1 - seen.clear[:, hinge]) * wrong / (wrong + 1e-3)
    return share[:, None] * (solved - middle)


def _wahba(bones: np.ndarray, wanted: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """(T, 4) turns that bring bones (T, C, 3) to `wanted` (T, C, 3), which are good to `precision` (T, C).

    Minimises the sum of |wanted − R bone|² / (2 precision²) plus angle(R)² / (2 _PRIOR²), the latter by its
    equal to second order, (3 − trace R) / (2 _PRIOR²).
    """
    trust = 1.0 / np.maximum(precision, _FINEST) ** 2
    profile = np.zeros((len(bones), 3, 3))
    for k in range(bones.shape[1]):
        profile += trust[:, k, None, None] * wanted[:, k, :, None] * bones[:, k, None, :]
    profile += np.eye(3) / (2 * _PRIOR**2)
    left, _, right = np.linalg.svd(profile)
    handed = np.linalg.det(left) * np.linalg.det(right)
    left[:, :, 2] *= handed[:, None]
    return rot.from_matrix(np.ascontiguousarray(left @ right))


def _bend(
    joint: int, body: Body, turns: np.ndarray, change: np.ndarray, seen: Seen, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn a limb about its upper bone so that it bends in the plane that it was seen to bend in.

    Returns:
        The upper bone's change (T, 4); the lower bone (T, 3) as seen, but bent forward and hardly sideways;
        and the share (T,) of the upper bone's turn that is free because the limb is straight.
    """
    hinge, end, axis = _HINGES[joint]
    lower = rot.rotate(turns[:, hinge], body.offsets[end])
    upper = rot.rotate(turns[:, joint], body.offsets[hinge])
    exact = _in_limb(rot.normalised(lower), upper, rot.rotate(turns[:, joint], axis))

    now = rot.mul(change, turns[:, joint])
    upper = rot.rotate(now, body.offsets[hinge])
    wanted = seen.points[:, end] - place - upper
    long = body.lengths[end]
    wanted = long * rot.normalised(wanted)
    ahead, aside, along = _in_limb(wanted / long, upper, rot.rotate(now, axis))
    vague = 3 * seen.precision[:, end] / long
    bent = ahead**2 + aside**2
    sure = bent / (bent + vague**2 + 1e-9)
    angle = np.arctan2(aside, ahead) - np.arctan2(exact[1], exact[0])
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    angle = sure * np.clip(angle, -_MOST_TURN, _MOST_TURN)
    turn = rot.from_axis_angle(rot.normalised(upper), angle)
    change = rot.mul(turn, change)

    frame = _frame(upper, rot.rotate(rot.mul(change, turns[:, joint]), axis))
    ahead, aside, along = (np.sum(wanted / long * v, axis=-1) for v in frame)
    ahead = np.maximum(ahead, np.minimum(exact[0], 0.0))
    most = np.maximum(np.abs(exact[1]), _SIDEWAYS)
    aside = np.clip(aside, -most, most)
    along = np.maximum(along, np.minimum(exact[2], _FOLDED))
    bone = sum(v[:, None] * w for v, w in zip((ahead, aside, along), frame, strict=True))
    return change, long * rot.normalised(np.asarray(bone)), 1 - sure


def _frame(upper: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the lower bone goes when the limb bends, the axis, and the upper bone's way; (T, 3) each."""
    along = rot.normalised(upper)
    axis = rot.normalised(axis - along * np.sum(axis * along, axis=-1, keepdims=True))
    return rot.cross(axis, along), axis, along


def _in_limb(lower: np.ndarray, upper: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, ...]:
    """Components (T,) of the lower bone's direction along `_frame`, in contiguous arrays."""
    return tuple(np.ascontiguousarray(np.sum(lower * v, axis=-1)) for v in _frame(upper, axis))


def _twist(
    change: np.ndarray, turns: np.ndarray, body: Body, joint: int, end: int, angle: np.ndarray
) -> None:
    """Turn a joint by an angle (T,) about the bone that ends at `end`, in place."""
    bone = rot.rotate(rot.mul(change[:, joint], turns[:, joint]), body.offsets[end])
    change[:, joint] = rot.mul(rot.from_axis_angle(rot.normalised(bone), angle), change[:, joint])
