"""Room for the arms: moves forearms and hands out of a body that is wider than the mannequin's.

The trunk and the head are a few ellipsoids, the thighs are barrels, fitted to the character's own vertices,
clothes included. Where a point of an arm is inside one, the whole arm turns about the shoulder, just far
enough, and smoothly over time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import rotations as rot
from render.arms import descendants
from render.characters.baked import BakedCharacter
from render.floorwork import blur
from render.legs import settle
from render.motion import NEAR
from render.skeleton import JOINT_INDEX

_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "head")
_OWNERS = {"pelvis": ("pelvis", "left_hip", "right_hip", "left_thigh_twist", "right_thigh_twist")}
_ARM_RADIUS = 0.042
"""Of hip height: the arm's own thickness, with a little air."""
_THIGH_AT = (0.25, 0.45, 0.65, 0.85)
"""Shares of a thigh's length at which its radius is known; above the first it is the trunk's."""
_HAND_SHARE = 0.6
"""Share of an arm's thickness that hands keep off the thighs: they may rest on them."""
_ROUNDS = 5
_MOST = 0.7
"""Radians: the most that an arm is turned."""
_SMOOTH = 0.05
_STRETCH = 2.0
"""The most that what was blurred is stretched, to be as long as it was."""


@dataclass(frozen=True)
class _Ellipsoid:
    """Part of the trunk that turns with `joint`: centre from the joint and half axes, T-pose, metres."""

    joint: int
    centre: np.ndarray
    axes: np.ndarray

    def inside(self, local: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        """How deep points (T, N, 3), from the joint, are in it (T, N), and the way out (T, N, 3)."""
        local, axes = local - self.centre, self.axes + radius
        share = np.linalg.norm(local / axes, axis=-1)
        depth = (1 - share) / np.maximum(share, 0.2) * np.linalg.norm(local, axis=-1)
        return depth, rot.normalised(local / axes**2 + 1e-9)


@dataclass(frozen=True)
class _Barrel:
    """A thigh that hangs from `joint`: its length, and its radii at THIGH_AT, metres."""

    joint: int
    length: float
    radii: np.ndarray

    def inside(self, local: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        """How deep points (T, N, 3), from the joint, are in it (T, N), and the way out (T, N, 3)."""
        share = -local[..., 2] / self.length
        flat = local * np.array([1.0, 1.0, 0.0])
        thick = np.interp(share, _THIGH_AT, self.radii) + _HAND_SHARE * radius
        depth = np.where((share > _THIGH_AT[0]) & (share < 1.0), thick - np.linalg.norm(flat, axis=-1), -1.0)
        return depth, rot.normalised(flat + 1e-9)


def make_room(
    baked: BakedCharacter, turns: np.ndarray, places: np.ndarray, fps: int, near: np.ndarray | None = None
) -> np.ndarray:
    """Global rotations (T, 55, 4) with arms turned out of the trunk.

    turns, places: global rotations against the T-pose, and joints (T, 55, 3) in metres. near: as a motion's;
    hands that are going to be put on a thigh or a load (`render.near`) are not kept off the thighs.
    """
    trunk: list[_Ellipsoid | _Barrel] = [*_trunk(baked), *_thighs(baked)]
    radius = _ARM_RADIUS * baked.hip_height
    out = turns
    placed = [NEAR.index("load"), NEAR.index("thigh")]
    for number, side in enumerate(("left", "right")):
        free = np.ones(len(turns)) if near is None else 1.0 - near[:, number, placed].max(axis=-1)
        shoulder = JOINT_INDEX[f"{side}_shoulder"]
        elbow, wrist, hand = (places[:, JOINT_INDEX[f"{side}_{n}"]] for n in ("elbow", "wrist", "middle1"))
        points = np.stack([elbow, 0.5 * (elbow + wrist), wrist, hand, hand + 0.8 * (hand - wrist)], axis=1)
        arms = points - places[:, shoulder, None]
        vector = _push(trunk, turns, places, places[:, shoulder], arms, radius, free)
        if not np.abs(vector).max() > 1e-4:
            continue
        vector = _eased(vector, 1.0 / fps)
        out = out.copy() if out is turns else out
        below = descendants(shoulder)
        out[:, below] = rot.mul(rot.exp(vector)[:, None], out[:, below])
    return out


def _push(
    trunk: list[_Ellipsoid | _Barrel],
    turns: np.ndarray,
    places: np.ndarray,
    pivot: np.ndarray,
    arms: np.ndarray,
    radius: float,
    free: np.ndarray,
) -> np.ndarray:
    """(T, 3) rotation vectors about the shoulder that take the points (T, N, 3), relative to it, outside.

    free: (T,) how much thighs count.
    """
    frames = np.arange(len(arms))
    total = np.broadcast_to(rot.IDENTITY, (len(arms), 4))
    for _ in range(_ROUNDS):
        now = rot.rotate(total[:, None], arms)
        deepest = np.zeros(len(arms))
        lever, normal = np.zeros((len(arms), 3)), np.zeros((len(arms), 3))
        for part in trunk:
            turn = turns[:, part.joint]
            local = rot.rotate(rot.inverse(turn)[:, None], now + (pivot - places[:, part.joint])[:, None])
            depth, outward = part.inside(local, radius)
            if isinstance(part, _Barrel):
                depth = depth * free[:, None]
            which = np.argmax(depth, axis=1)
            deeper = depth[frames, which] > deepest
            deepest = np.where(deeper, depth[frames, which], deepest)
            lever = np.where(deeper[:, None], now[frames, which], lever)
            normal = np.where(deeper[:, None], rot.rotate(turn, outward[frames, which]), normal)
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


def _thighs(baked: BakedCharacter) -> list[_Barrel]:
    """Barrels around the vertices that hips and thigh twists own, but a skirt's, which gives way."""
    rig, out = baked.rig, []
    for side in ("left", "right"):
        hip, knee = JOINT_INDEX[f"{side}_hip"], JOINT_INDEX[f"{side}_knee"]
        mine = [hip, *(j for j, name in enumerate(rig.names) if name == f"{side}_thigh_twist")]
        points = []
        for part in baked.parts:
            if part.role in ("skin", "cloth") and part.name not in ("skirt", "dress"):
                owner = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)]
                points.append(part.vertices[np.isin(owner, mine)].astype(float))
        local = rot.rotate(rig.to_t_pose[hip], np.concatenate(points) - rig.heads[hip])
        length = float(np.linalg.norm(rig.heads[knee] - rig.heads[hip]))
        share, away = -local[:, 2] / length, np.linalg.norm(local[:, :2], axis=-1)
        near = [away[np.abs(share - at) < 0.12] for at in _THIGH_AT]
        if all(len(ring) >= 6 for ring in near):
            out.append(_Barrel(hip, length, np.array([np.percentile(ring, 60) for ring in near])))
    return out


def _eased(vector: np.ndarray, dt: float) -> np.ndarray:
    """Rotation vectors (T, 3) that change smoothly, and are no shorter than they were but where their sense
    reverses: there they pass through zero instead of flipping."""
    size = settle(np.linalg.norm(vector, axis=-1), dt, _SMOOTH)
    soft = blur(vector, dt, _SMOOTH)
    length = np.maximum(np.linalg.norm(soft, axis=-1), 1e-9)
    return soft * np.minimum(size / length, _STRETCH)[:, None]
