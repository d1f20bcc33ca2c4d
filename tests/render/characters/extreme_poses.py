"""Extreme poses, written independently of the motion library: what clothes must survive."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from render.characters.baked import BakedCharacter, MeshPart
from render.scene import Pose
from render.skeleton import JOINTS

Angles = dict[str, tuple[float, float, float]]

POSES: dict[str, Angles] = {
    "t_pose": {},
    "arms down": {"left_shoulder": (0, 75, 0), "right_shoulder": (0, -75, 0)},
    "arms up": {"left_shoulder": (0, -75, 0), "right_shoulder": (0, 75, 0)},
    "arms ahead": {"left_shoulder": (0, 0, -85), "right_shoulder": (0, 0, 85)},
    "squat": {
        "left_hip": (-105, 0, 0), "right_hip": (-105, 0, 0), "left_knee": (120, 0, 0), "spine1": (25, 0, 0),
        "right_knee": (120, 0, 0), "left_ankle": (-30, 0, 0), "right_ankle": (-30, 0, 0),
    },
    "high kick": {"left_hip": (-100, 0, 0), "right_hip": (8, 0, 0), "spine1": (-12, 0, 0)},
    "stride": {"left_hip": (-32, 0, 0), "right_hip": (22, 0, 0), "right_knee": (25, 0, 0)},
    "bow and wring": {
        "spine1": (35, 0, 0), "spine2": (25, 0, 10), "spine3": (15, 0, 15), "left_wrist": (70, 0, 0),
    },
}  # fmt: skip
"""Local rotation vectors in degrees, canonical frames."""


def pose(baked: BakedCharacter, angles: Angles) -> Pose:
    """The character in one frame of a pose, pelvis at hip height."""
    rig = baked.rig
    local = {name: Rotation.from_rotvec(np.radians(a)) for name, a in angles.items()}
    to_t = [Rotation.from_quat(q[[1, 2, 3, 0]]) for q in rig.to_t_pose]
    turns: list[Rotation] = []
    places = np.zeros((len(rig.names), 3))
    places[0] = (0, 0, baked.hip_height)
    for j, (name, parent) in enumerate(zip(rig.names, rig.parents, strict=True)):
        above = turns[parent] if parent >= 0 else Rotation.identity()
        if j < len(JOINTS):
            turns.append(above * local.get(name, Rotation.identity()))
        else:
            source, share = rig.twist_of[name]
            axis = to_t[j].apply(rig.tails[j] - rig.heads[j])
            axis /= np.linalg.norm(axis)
            x, y, z, w = local.get(source, Rotation.identity()).as_quat()
            turns.append(
                above * Rotation.from_rotvec(axis * share * 2 * np.arctan2(np.dot(axis, (x, y, z)), w))
            )
        if parent >= 0:
            places[j] = places[parent] + (turns[parent] * to_t[parent]).apply(
                rig.heads[j] - rig.heads[parent]
            )
    quaternions = np.array([(turn * t).as_quat()[[3, 0, 1, 2]] for turn, t in zip(turns, to_t, strict=True)])
    return Pose(quaternions[None], places[None], np.zeros((1, 52)), np.zeros((1, 4), bool))


def edges(part: MeshPart) -> np.ndarray:
    """(E, 2) undirected edges of a part, one entry a face side."""
    sides = []
    for face in part.faces:
        ring = [int(i) for i in face if i >= 0]
        sides += [(min(a, b), max(a, b)) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    return np.array(sides)
