"""Hands at the level of rotations: limits of fingers, hands that are confused, hands at rest."""

from __future__ import annotations

import numpy as np

from render import rotations as rot
from render.estimators.keypoints import Seen
from render.motions import hands
from render.skeleton import JOINT_INDEX, LEFT_HAND_JOINTS, RIGHT_HAND_JOINTS

_FINGERS = (
    np.array([JOINT_INDEX[n] for n in LEFT_HAND_JOINTS]),
    np.array([JOINT_INDEX[n] for n in RIGHT_HAND_JOINTS]),
)
_WRISTS = (JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"])
_MOST = {"finger": 0.9, "wrist": 1.1}
"""Radians that an estimate may turn a finger joint, and a wrist, away from what it is."""
_BACKWARD, _SIDEWAYS = 0.2, 0.12
"""Radians that a finger's outer joints bend backward or sideways by, at most."""
_WRIST_AT_REST = 0.6
"""How far the wrist of a hand that was not found goes to straight."""


def _rest() -> np.ndarray:
    left = hands.fingers(hands.RELAXED[None], np.array([0.05]))
    return np.stack([left[name.removeprefix("left_")][0] for name in LEFT_HAND_JOINTS])


REST = np.stack([_rest(), rot.mirrored(_rest())])
"""(2, 15, 4) local rotations of the left and right fingers at rest."""


def settle(exact: np.ndarray, estimated: np.ndarray, seen: Seen) -> np.ndarray:
    """Local rotations (T, 55, 4) with hands that are possible, confused where they were, or at rest.

    exact, estimated: (T, 55, 4) local rotations.
    """
    out = estimated.copy()
    for side in (0, 1):
        for joints, most in ((_FINGERS[side], _MOST["finger"]), (_WRISTS[side : side + 1], _MOST["wrist"])):
            chosen = np.asarray(joints)
            away = rot.log(rot.mul(rot.inverse(exact[:, chosen]), estimated[:, chosen]))
            size = np.linalg.norm(away, axis=-1, keepdims=True)
            away *= np.minimum(1.0, most / np.maximum(size, 1e-9))
            out[:, chosen] = rot.mul(exact[:, chosen], rot.exp(away))
        _straighten(exact, out, side)
    if seen.swapped.any():
        _swap(out, seen.swapped)
    for side in (0, 1):
        fingers, wrist = _FINGERS[side], _WRISTS[side]
        share = np.repeat(seen.rest[:, side, None], len(fingers), axis=1)
        target = np.broadcast_to(REST[side], out[:, fingers].shape)
        out[:, fingers] = rot.nlerp(out[:, fingers], target, share)
        swing, twist = rot.swing_twist(out[:, wrist], rot.X)
        out[:, wrist] = rot.mul(rot.power(swing, 1 - _WRIST_AT_REST * seen.missed[:, side]), twist)
    return out


def _straighten(exact: np.ndarray, out: np.ndarray, side: int) -> None:
    """Bend the outer joints of the four fingers forward and hardly sideways, in place: they are hinges."""
    names = (LEFT_HAND_JOINTS, RIGHT_HAND_JOINTS)[side]
    outer = [JOINT_INDEX[n] for n in names if n[-1] != "1" and "thumb" not in n]
    axis = rot.Y if side == 0 else -rot.Y
    swing, twist = rot.swing_twist(out[:, outer], axis)
    _, before = rot.swing_twist(exact[:, outer], axis)
    angle, lowest = (np.sum(rot.log(q) * axis, axis=-1) for q in (twist, before))
    angle = np.maximum(angle, np.minimum(lowest, -_BACKWARD))
    aside = rot.log(swing)
    size = np.linalg.norm(aside, axis=-1, keepdims=True)
    aside *= np.minimum(1.0, _SIDEWAYS / np.maximum(size, 1e-9))
    out[:, outer] = rot.mul(rot.exp(aside), rot.from_axis_angle(axis, angle))


def _swap(out: np.ndarray, swapped: np.ndarray) -> None:
    """Exchange the shapes of the two hands, wrists included, as a mirror would show them; in place."""
    left, right = (np.append(_FINGERS[s], _WRISTS[s]) for s in (0, 1))
    own, other = out[:, left], out[:, right]
    share = np.repeat(swapped[:, None], len(left), axis=1)
    out[:, left] = rot.nlerp(own, rot.mirrored(other), share)
    out[:, right] = rot.nlerp(other, rot.mirrored(own), share)
