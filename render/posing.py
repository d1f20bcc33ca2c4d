"""Between canonical turns and a rig's pose: bone lengths of the T-pose, twist helpers, places of the joints.

Turns are global rotations (T, 55, 4) of the canonical joints against the T-pose.
"""

from __future__ import annotations

import numpy as np

from render import kinematics
from render import rotations as rot
from render.characters.baked import Rig
from render.scene import Pose
from render.skeleton import JOINTS, PARENTS


def t_pose_offsets(rig: Rig) -> np.ndarray:
    """(55, 3) metres from each canonical joint's parent to it, in the T-pose."""
    parents = np.array(PARENTS)
    above = np.maximum(parents, 0)
    offsets = rig.heads[: len(JOINTS)] - rig.heads[above]
    return rot.rotate(rig.to_t_pose[above], offsets) * (parents >= 0)[:, None]


def to_pose(
    rig: Rig, turns: np.ndarray, root: np.ndarray, expression: np.ndarray, contacts: np.ndarray
) -> Pose:
    """The rig's pose from turns (T, 55, 4) and the pelvis's places (T, 3) in the world."""
    every = _with_twists(rig, turns)
    rotations = rot.continuous(rot.normalised(rot.mul(every, rig.to_t_pose)))
    offsets = rig.heads - rig.heads[np.maximum(rig.parents, 0)]
    positions = kinematics.joint_positions(rotations, offsets, rig.parents, root)
    return Pose(rotations, positions, expression, contacts)


def turns_of(rig: Rig, pose: Pose) -> np.ndarray:
    """The turns (T, 55, 4) that a pose was made from."""
    count = len(JOINTS)
    return rot.mul(pose.rotations[:, :count], rot.inverse(rig.to_t_pose[:count]))


def _with_twists(rig: Rig, turns: np.ndarray) -> np.ndarray:
    """(T, R, 4) global rotations with the twist helpers' behind the canonical 55: see `Rig.twist_of`."""
    local = kinematics.local_rotations(turns, PARENTS)
    out = [turns]
    for helper in range(len(JOINTS), len(rig.names)):
        source, share = rig.twist_of[rig.names[helper]]
        axis = rot.normalised(rot.rotate(rig.to_t_pose[helper], rig.tails[helper] - rig.heads[helper]))
        _, twist = rot.swing_twist(local[:, JOINTS.index(source)], axis)
        out.append(rot.mul(turns[:, rig.parents[helper]], rot.power(twist, share))[:, None])
    return np.concatenate(out, axis=1)
