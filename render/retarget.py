"""Retargeting: a canonical motion onto a character's own bones, with its feet on the ground.

1. Rotations are the motion's; the root is scaled by hip height; joints follow by forward kinematics.
2. Each stance gets one footprint, the mean of where the foot would stand. Through heel strike, flat foot
   and toe-off the sole is pinned to it; between stances the correction is carried over smoothly, so
   nothing pops.
3. The pelvis sinks where a leg could not reach its foot; then both legs are solved exactly.
4. Bodies on hands and knees, on their toes or lying are put on the ground by `render.floorwork` instead.
5. Arms move out of a trunk that is wider than the mannequin's (`render.elbow_room`), and hands come to the
   face, to each other and to loads as closely as the motion has them (`render.near`).
"""

from __future__ import annotations

import numpy as np

from render import floorwork, kinematics
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.elbow_room import make_room
from render.footing import Foot, feet
from render.legs import aloft, required_drop, settle, within_reach
from render.motion import Motion
from render.near import keep_near
from render.posing import t_pose_offsets, to_pose
from render.scene import Pose
from render.skeleton import JOINT_INDEX, PARENTS
from render.stances import carried, runs

_HEEL, _TOE = 0, 1
_PIVOT = 0.3
"""Radians of yaw within a stance from which the foot pivots; less is noise, and is held."""
_SIDES = ("left", "right")


def retarget(motion: Motion, baked: BakedCharacter, position: tuple[float, float], heading: float) -> Pose:
    """Put a motion on a character that stands at `position` (metres) and faces `heading` (radians, 0 is −Y).

    Planted feet stay planted on z = 0 whatever the body's proportions; contacts and expression are the
    motion's.
    """
    rig = baked.rig
    facing = rot.about_z(heading)
    turns = kinematics.global_rotations(motion.rotations, PARENTS)
    turns = rot.mul(facing, turns)
    root = rot.rotate(facing, motion.root * baked.hip_height)
    root += np.array([position[0], position[1], baked.hip_height])

    bones = t_pose_offsets(rig)
    places = kinematics.joint_positions(turns, bones, PARENTS, root)
    turns = make_room(baked, turns, places, motion.fps, motion.near)
    if motion.support != "feet":
        turns, root = _on_the_ground(motion, baked, turns, root)
        return to_pose(rig, turns, root, motion.expression, motion.contacts)
    ankles, foot_turns, toe_turns = _plant(motion, feet(baked), turns, places)
    ankles, drop = _reach(bones, turns, root, ankles, motion)
    root = root - drop
    turns = _bend_legs(bones, turns, root, ankles, foot_turns, toe_turns)
    ground = np.array([position[0], position[1], 0.0])
    turns = keep_near(motion, baked, bones, turns, root, ground, facing)

    return to_pose(rig, turns, root, motion.expression, motion.contacts)


def _on_the_ground(
    motion: Motion, baked: BakedCharacter, turns: np.ndarray, root: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turns and pelvis of a body that its knees, toes or trunk carry."""
    body = floorwork.Body(motion, baked, turns, root)
    if motion.support == "trunk":
        floorwork.lie_down(body)
    elif motion.support == "knees":
        floorwork.kneel(body, _planted_knees(motion, body.joints()))
    else:
        ankles, foot_turns, toe_turns = _plant(motion, feet(baked), turns, body.joints())
        floorwork.plank(body, ankles)
        return _bend_legs(body.bones, body.turns, body.root, ankles, foot_turns, toe_turns), body.root
    return body.turns, body.root


def _planted_knees(motion: Motion, places: np.ndarray) -> np.ndarray:
    """(T, 2, 3) corrections over the ground that keep planted knees where they are on the mean."""
    out = np.zeros((motion.frames, 2, 3))
    if motion.kneeling is None:
        return out
    for side, name in enumerate(_SIDES):
        knee = places[:, JOINT_INDEX[f"{name}_knee"]] * np.array([1.0, 1.0, 0.0])
        stances = runs(motion.kneeling[:, side])
        wanted = knee.copy()
        for run in stances:
            wanted[run] = knee[run].mean(axis=0)
        out[:, side] = carried(wanted - knee, stances)
    return out


def _plant(
    motion: Motion, soles: tuple[Foot, Foot], turns: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ankles (T, 2, 3) and rotations of feet and toes (T, 2, 4) that keep planted soles where they stand."""
    ankles, foot_turns, toe_turns = [], [], []
    for side, name in enumerate(_SIDES):
        ankle, toe = JOINT_INDEX[f"{name}_ankle"], JOINT_INDEX[f"{name}_foot"]
        planted = motion.contacts[:, 2 * side : 2 * side + 2]
        where, foot, toes = _plant_foot(
            soles[side], planted, places[:, ankle], turns[:, ankle], turns[:, toe], motion.fps
        )
        ankles.append(where)
        foot_turns.append(foot)
        toe_turns.append(toes)
    return np.stack(ankles, axis=1), np.stack(foot_turns, axis=1), np.stack(toe_turns, axis=1)


def _plant_foot(
    sole: Foot, planted: np.ndarray, ankle: np.ndarray, foot: np.ndarray, toes: np.ndarray, fps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    standing = planted.any(axis=1)
    local_toes = rot.mul(rot.inverse(foot), toes)
    forward = rot.rotate(foot, -rot.Y)
    yaw = np.unwrap(np.arctan2(forward[:, 0], -forward[:, 1]))
    pitch = np.arcsin(np.clip(-forward[:, 2], -1.0, 1.0))
    stances = runs(standing)

    # Rotations: in a stance one yaw, unless the foot pivots on its ball; no roll, the pitch that its contacts
    # allow, toes flat where they stand.
    wanted = foot.copy()
    for run in stances:
        flat = planted[run].all(axis=1)
        held = np.full(len(flat), yaw[run][flat].mean() if flat.any() else yaw[run].mean())
        if np.ptp(yaw[run]) > _PIVOT:
            held = yaw[run]
        heel, toe = planted[run, _HEEL], planted[run, _TOE]
        lean = np.where(
            heel & toe, 0.0, np.where(toe, np.maximum(pitch[run], 0.0), np.minimum(pitch[run], 0.0))
        )
        wanted[run] = rot.mul(rot.about_z(held), rot.about_x(lean))
    turn = rot.log(rot.mul(wanted, rot.inverse(foot)))
    foot = rot.normalised(rot.mul(rot.exp(carried(turn, stances)), foot))
    level = rot.mul(foot, rot.about_x(-np.arcsin(np.clip(-rot.rotate(foot, -rot.Y)[:, 2], -1.0, 1.0))))
    toes = np.where(planted[:, _TOE, None], level, rot.mul(foot, local_toes))

    # Places: one footprint a stance; the sole that stands is pinned to it, the lowest vertex on the ground.
    heels, tips = sole.soles(foot, toes)
    lowest = np.minimum(heels[..., 2].min(axis=1), tips[..., 2].min(axis=1))
    solved = ankle.copy()
    for run in stances:
        centres = np.where(planted[run, _TOE, None], tips[run].mean(axis=1), heels[run].mean(axis=1))
        level_foot = level[run]
        flat_heels, flat_tips = sole.soles(level_foot, level_foot)
        flat = np.where(planted[run, _TOE, None], flat_tips.mean(axis=1), flat_heels.mean(axis=1))
        # The ball's place in the flat footprint, as each frame would have it: what a pivot turns about.
        ball = flat_tips.mean(axis=1)
        footprint = np.mean((ankle[run] + centres - flat + ball)[:, :2], axis=0)
        solved[run, :2] = footprint + (flat - centres - ball)[:, :2]
        solved[run, 2] = -lowest[run]
    out = ankle + carried(solved - ankle, stances)
    out[:, 2] = np.maximum(out[:, 2], -lowest)
    return out, foot, toes


def _hips(bones: np.ndarray, turns: np.ndarray, root: np.ndarray) -> np.ndarray:
    """(T, 2, 3) the hip joints."""
    pelvis = turns[:, JOINT_INDEX["pelvis"], None]
    return root[:, None] + rot.rotate(pelvis, bones[[JOINT_INDEX[f"{s}_hip"] for s in _SIDES]])


def _lengths(bones: np.ndarray, joint: str) -> np.ndarray:
    return np.linalg.norm(bones[[JOINT_INDEX[f"{s}_{joint}"] for s in _SIDES]], axis=-1)


def _reach(
    bones: np.ndarray, turns: np.ndarray, root: np.ndarray, ankles: np.ndarray, motion: Motion
) -> tuple[np.ndarray, np.ndarray]:
    """Ankles (T, 2, 3) that the legs can reach once the pelvis has sunk by a way down (T, 3)."""
    lengths = _lengths(bones, "knee") + _lengths(bones, "ankle")
    hips = _hips(bones, turns, root)
    free = aloft(motion.contacts.reshape(-1, 2, 2), 1.0 / motion.fps)
    ankles = within_reach(hips, ankles, lengths, free)
    drop = settle(required_drop(hips, ankles, lengths).max(axis=1), 1.0 / motion.fps)
    return ankles, drop[:, None] * rot.Z


def _bend_legs(
    bones: np.ndarray,
    turns: np.ndarray,
    root: np.ndarray,
    ankles: np.ndarray,
    foot_turns: np.ndarray,
    toe_turns: np.ndarray,
) -> np.ndarray:
    """The rotations with legs that end at `ankles`; each knee keeps the side that it pointed to."""
    out = turns.copy()
    names = ("hip", "knee", "ankle", "foot")
    hip, knee, ankle, toe = ([JOINT_INDEX[f"{s}_{n}"] for s in _SIDES] for n in names)
    hips = _hips(bones, turns, root)
    hinge = rot.rotate(turns[:, hip], rot.X)
    knees, ends, axis = kinematics.two_bone(
        hips, ankles, _lengths(bones, "knee"), _lengths(bones, "ankle"), hinge
    )
    out[:, hip] = kinematics.limb_frame(rot.normalised(knees - hips), axis, -rot.Z, rot.X)
    out[:, knee] = kinematics.limb_frame(rot.normalised(ends - knees), axis, -rot.Z, rot.X)
    out[:, ankle], out[:, toe] = foot_turns, toe_turns
    return out
