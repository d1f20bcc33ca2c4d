"""Room for the arms: moves forearms and hands out of a body that is wider than the mannequin's.

The trunk and the head are a few ellipsoids, fitted to the character's own vertices, clothes included. Where
a point of an arm is inside one, the whole arm turns about the shoulder, just far enough, and smoothly over
time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.skeleton import JOINT_INDEX, JOINTS, PARENTS

_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "head")
_OWNERS = {"pelvis": ("pelvis", "left_hip", "right_hip", "left_thigh_twist", "right_thigh_twist")}
_ARM_RADIUS = 0.042
"""Of hip height: the arm's own thickness, with a little air."""
_ROUNDS = 4
_MOST = 0.7
"""Radians: the most that an arm is turned."""
_SMOOTH = 0.07


@dataclass(frozen=True)
class _Ellipsoid:
    """Part of the trunk that turns with `joint`: centre from the joint and half axes, T-pose, metres."""

    joint: int
    centre: np.ndarray
    axes: np.ndarray


def make_room(baked: BakedCharacter, turns: np.ndarray, places: np.ndarray, fps: int) -> np.ndarray:
    """Global rotations (T, 55, 4) with arms turned out of the trunk.

    turns, places: global rotations against the T-pose, and joints (T, 55, 3) in metres.
    """
    trunk = _trunk(baked)
    radius = _ARM_RADIUS * baked.hip_height
    out = turns
    for side in ("left", "right"):
        shoulder = JOINT_INDEX[f"{side}_shoulder"]
        elbow, wrist, hand = (places[:, JOINT_INDEX[f"{side}_{n}"]] for n in ("elbow", "wrist", "middle1"))
        points = np.stack([elbow, 0.5 * (elbow + wrist), wrist, hand, hand + 0.8 * (hand - wrist)], axis=1)
        arms = points - places[:, shoulder, None]
        vector = _blur(_push(trunk, turns, places, places[:, shoulder], arms, radius), 1.0 / fps)
        if not np.abs(vector).max() > 1e-4:
            continue
        out = out.copy() if out is turns else out
        below = _descendants(shoulder)
        out[:, below] = rot.mul(rot.exp(vector)[:, None], out[:, below])
    return out


def _push(
    trunk: list[_Ellipsoid],
    turns: np.ndarray,
    places: np.ndarray,
    pivot: np.ndarray,
    arms: np.ndarray,
    radius: float,
) -> np.ndarray:
    """(T, 3) rotation vectors about the shoulder that take the points (T, N, 3), relative to it, outside."""
    frames = np.arange(len(arms))
    total = np.broadcast_to(rot.IDENTITY, (len(arms), 4))
    for _ in range(_ROUNDS):
        now = rot.rotate(total[:, None], arms)
        deepest = np.zeros(len(arms))
        lever, normal = np.zeros((len(arms), 3)), np.zeros((len(arms), 3))
        for part in trunk:
            turn = turns[:, part.joint]
            local = (
                rot.rotate(rot.inverse(turn)[:, None], now + (pivot - places[:, part.joint])[:, None])
                - part.centre
            )
            axes = part.axes + radius
            share = np.linalg.norm(local / axes, axis=-1)
            depth = (1 - share) / np.maximum(share, 0.2) * np.linalg.norm(local, axis=-1)
            which = np.argmax(depth, axis=1)
            deeper = depth[frames, which] > deepest
            outward = rot.normalised(local[frames, which] / axes**2 + 1e-9)
            deepest = np.where(deeper, depth[frames, which], deepest)
            lever = np.where(deeper[:, None], now[frames, which], lever)
            normal = np.where(deeper[:, None], rot.rotate(turn, outward), normal)
        if not deepest.any():
            break
        square = np.maximum(np.sum(lever**2, axis=-1, keepdims=True), 1e-6)
        step = rot.cross(lever, normal) / square * deepest[:, None]
        total = rot.mul(rot.exp(step), total)
    vector = rot.log(total)
    size = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector * np.minimum(1.0, _MOST / np.maximum(size, 1e-9))


def _trunk(baked: BakedCharacter) -> list[_Ellipsoid]:
    """Ellipsoids around the vertices that trunk and head joints own."""
    rig = baked.rig
    index = {name: i for i, name in enumerate(rig.names)}
    shoulder = abs(float(rig.heads[index["left_shoulder"], 0]))
    owned: dict[str, list[np.ndarray]] = {name: [] for name in _TRUNK}
    for part in baked.parts:
        if part.role not in ("skin", "cloth"):
            continue
        owner = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)]
        for name in _TRUNK:
            joints = [index[n] for n in _OWNERS.get(name, (name,)) if n in index]
            mine = part.vertices[np.isin(owner, joints)].astype(float)
            owned[name].append(rot.rotate(rig.to_t_pose[index[name]], mine - rig.heads[index[name]]))
    out = []
    for name, lists in owned.items():
        points = np.concatenate(lists) if lists else np.zeros((0, 3))
        if name == "pelvis":
            points = points[points[:, 2] > -0.16 * baked.hip_height]
        if len(points) < 8:
            continue
        low, high = np.percentile(points, [3, 97], axis=0)
        half = 0.5 * (high - low)
        if name == "spine3":  # its vertices reach into the shoulders
            half[0] = min(half[0], 0.95 * shoulder)
        # A band of the trunk, not a ball: tall enough that neighbours overlap.
        half[2] = max(half[2] * 1.25, 0.06 * baked.hip_height)
        out.append(_Ellipsoid(index[name], 0.5 * (low + high), half))
    return out


def _descendants(joint: int) -> list[int]:
    below = [joint]
    for child in range(joint + 1, len(JOINTS)):
        if PARENTS[child] in below:
            below.append(child)
    return below


def _blur(x: np.ndarray, dt: float) -> np.ndarray:
    """Gaussian over time of (T, 3), edges held."""
    reach = max(int(np.ceil(3 * _SMOOTH / dt)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * dt / _SMOOTH) ** 2)
    padded = np.pad(x, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(c, kernel / kernel.sum(), mode="valid") for c in padded.T], axis=1)
