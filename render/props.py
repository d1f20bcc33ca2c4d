"""Things that performers hold, lift or sit on, placed in the world by the body's own sizes.

Hands are where the motion has them on this very body (`render.near`), so things follow from the pose: a cup
and a phone sit in the hand; a box is between both palms, or on the ground where it is lifted from; a stool
stands where the sitter comes down.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from render import rotations as rot
from render.arms import palm_depth
from render.characters.baked import BakedCharacter
from render.motion import HELD_PLACES, Held, Motion
from render.motions import things
from render.motions.contact import SIDES, mirror
from render.motions.signals import ease
from render.near import hand_size
from render.posing import t_pose_offsets, turns_of
from render.scene import Pose, Prop
from render.skeleton import JOINT_INDEX

COLOURS = {
    "cup": ("#d9d4c8", "#b5483a", "#3f6f8f", "#e0b04a", "#4f7a5a", "#2f3440"),
    "phone": ("#1d1f24", "#3a3f4a", "#c9ccd2", "#7a2f3a", "#2f4a6a", "#d8c7a8"),
    "box": ("#b08a5a", "#a67c48", "#8f9aa3", "#c2a27a", "#7d8f6a", "#b56a4a"),
    "stool": ("#8a5a34", "#c9b28a", "#3a3a3e", "#a63f36", "#4f6f86", "#d6d2c8"),
}
"""What each kind may be coloured; which one, the body's own numbers say."""

_MELT = 0.35
"""Seconds over which a box that is taken or left goes from where it stood to between the palms."""
_SITTING = 1.36
"""Radians that thighs are turned from standing to sitting."""
_FLESH = 0.03
"""Metres that thighs give way under the weight that they carry."""


def place_props(motion: Motion, baked: BakedCharacter, pose: Pose) -> tuple[Prop, ...]:
    """The motion's things, sized for the body and placed over the pose's frames."""
    return tuple(_PLACERS[held.kind](held, motion, baked, pose) for held in motion.held)


def _held_in_hand(held: Held, motion: Motion, baked: BakedCharacter, pose: Pose) -> Prop:
    """A cup or a phone, fixed in the hand that holds it first."""
    place = HELD_PLACES[int(held.place[0])]
    side = SIDES.index(place.removesuffix("_hand"))
    bones = t_pose_offsets(baked.rig)
    size = hand_size(bones)
    turns, palms = _palms(baked, pose)
    if held.kind == "cup":
        whole, middle, up, ahead = things.CUP, things.CUP_MIDDLE, things.CUP_AXIS, -things.CUP_FACE
    else:
        whole, middle, up, ahead = things.PHONE, things.PHONE_MIDDLE, things.PHONE_UP, -rot.Z
    # A hand's mirror image is its frame mirrored in x; the thing itself is not.
    up, ahead = up * mirror(side), ahead * mirror(side)
    inside = rot.from_axes(rot.cross(-ahead, up), up)
    turn = rot.mul(turns[:, JOINT_INDEX[f"{SIDES[side]}_wrist"]], inside)
    centre = palms[side] + rot.rotate(
        turns[:, JOINT_INDEX[f"{SIDES[side]}_wrist"]], size * middle * mirror(side)
    )
    scaled = _scaled(whole, size)
    return Prop(
        held.kind, scaled, _colour(held.kind, baked), turn, centre - rot.rotate(turn, rot.Z) * 0.5 * scaled[2]
    )


def _box(held: Held, motion: Motion, baked: BakedCharacter, pose: Pose) -> Prop:
    size = hand_size(t_pose_offsets(baked.rig))
    _, (left, right) = _palms(baked, pose)
    ground, facing = _origin(motion, baked, pose)
    stand = ground + rot.rotate(facing, things.LOAD * baked.hip_height)
    across = left - right
    # Contiguous: on a view with gaps numpy's arctan2 rounds by where its result happens to lie in memory.
    x, y, _ = np.ascontiguousarray(across.T)
    yaw = np.unwrap(np.arctan2(y, x))
    carried = 0.5 * (left + right) - np.array([0.0, 0.0, size * things.BOX_GRIP])
    down = held.place == HELD_PLACES.index("ground")
    still_yaw = float(2 * np.arctan2(facing[3], facing[0]))
    yaw += 2 * np.pi * np.round((still_yaw - yaw[0]) / (2 * np.pi))
    hold = _blend(down, motion.fps)
    where = stand + hold[:, None] * (carried - stand)
    where[:, 2] = np.maximum(where[:, 2], 0.0)
    return Prop(
        "box",
        _scaled(things.BOX, size),
        _colour("box", baked),
        rot.about_z(still_yaw + hold * (yaw - still_yaw)),
        where,
    )


def _blend(down: np.ndarray, fps: int) -> np.ndarray:
    """(T,) 0 while a thing stands, 1 well after it was taken and well before it is left.

    Palms are where the box's sides are when it is taken, so that this only takes up what arms fall short by.
    """
    frames = np.arange(len(down))[:, None]
    still = np.flatnonzero(down)
    if not len(still):
        return np.ones(len(down))
    away = np.abs(frames - still).min(axis=1)
    return np.asarray(ease(away / (_MELT * fps)))


def _stool(held: Held, motion: Motion, baked: BakedCharacter, pose: Pose) -> Prop:
    ground, facing = _origin(motion, baked, pose)
    place = ground + rot.rotate(facing, things.SEAT * baked.hip_height)
    wide = things.STOOL_WIDTH * baked.hip_height / things.HIPS
    height = things.SEAT_PELVIS * baked.hip_height - _below_pelvis(baked)
    count = len(pose.positions)
    return Prop(
        "stool",
        (wide, wide, height),
        _colour("stool", baked),
        np.tile(facing, (count, 1)),
        np.tile(place, (count, 1)),
    )


def _below_pelvis(baked: BakedCharacter) -> float:
    """Metres from the pelvis joint down to the seat: the hips' own depth under it, and what lies behind the
    thighs of one who stands, near their upper end, turned as they are when sitting."""
    rig = baked.rig
    index = {name: i for i, name in enumerate(rig.names)}
    bones = t_pose_offsets(rig)
    depths = []
    for side in SIDES:
        hip, knee = (JOINT_INDEX[f"{side}_{name}"] for name in ("hip", "knee"))
        thigh = float(np.linalg.norm(bones[knee]))
        owners = [hip, *(index[name] for name in (f"{side}_thigh_twist",) if name in index)]
        for part in baked.parts:
            if part.role not in ("skin", "cloth"):
                continue
            owner = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)]
            mine = part.vertices[np.isin(owner, owners)].astype(float)
            local = rot.rotate(rig.to_t_pose[hip], mine - rig.heads[hip])
            upper = local[(local[:, 2] < -0.12 * thigh) & (local[:, 2] > -0.55 * thigh)]
            if len(upper):
                under = upper[:, 1] * np.sin(_SITTING) - upper[:, 2] * np.cos(_SITTING)
                depths.append(float(np.percentile(under, 97)) - float(bones[hip, 2]))
    return max(depths, default=0.16 * baked.hip_height) - _FLESH


def _origin(motion: Motion, baked: BakedCharacter, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """(3,) the ground under the motion's origin, and (4,) its heading, in the world."""
    pelvis = JOINT_INDEX["pelvis"]
    turn = rot.mul(turns_of(baked.rig, pose)[0, pelvis], rot.inverse(motion.rotations[0, pelvis]))
    _, facing = rot.swing_twist(turn, rot.Z)
    away = pose.positions[0, pelvis] - rot.rotate(facing, motion.root[0] * baked.hip_height)
    return away * np.array([1.0, 1.0, 0.0]), facing


def _palms(baked: BakedCharacter, pose: Pose) -> tuple[np.ndarray, list[np.ndarray]]:
    """The turns (T, 55, 4), and the middles (T, 3) of the left and the right palm's skin."""
    turns = turns_of(baked.rig, pose)
    bones = t_pose_offsets(baked.rig)
    out = []
    for side in SIDES:
        wrist = JOINT_INDEX[f"{side}_wrist"]
        depth = palm_depth(baked, side)  # type: ignore[arg-type]
        inside = 0.62 * bones[JOINT_INDEX[f"{side}_middle1"]] - depth * rot.Z
        out.append(pose.positions[:, wrist] + rot.rotate(turns[:, wrist], inside))
    return turns, out


def _scaled(size: tuple[float, float, float], share: float) -> tuple[float, float, float]:
    x, y, z = (float(share * v) for v in size)
    return x, y, z


def _colour(kind: str, baked: BakedCharacter) -> str:
    """One of the kind's colours, by the body's height to the millimetre: the same body, the same colour."""
    colours = COLOURS[kind]
    return colours[round(1000 * baked.height) % len(colours)]


_PLACERS: dict[str, Callable[[Held, Motion, BakedCharacter, Pose], Prop]] = {
    "cup": _held_in_hand,
    "phone": _held_in_hand,
    "box": _box,
    "stool": _stool,
}
