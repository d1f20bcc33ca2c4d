"""Bodies to put motions on, without baking any: boxes for shoes and hands, barrels for trunk and limbs, a rig
in A-pose."""

from __future__ import annotations

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.characters.baked import BakedCharacter, MeshPart, Rig, Role
from render.skeleton import JOINT_INDEX, JOINTS, PARENTS

_TWISTS = [
    (f"{side}_{name}_twist", f"{side}_{parent}", f"{side}_{source}", share)
    for side in ("left", "right")
    for name, parent, source, share in (
        ("upper_arm", "shoulder", "shoulder", -0.5),
        ("forearm", "elbow", "wrist", 0.5),
        ("thigh", "hip", "hip", -0.5),
        ("shin", "knee", "ankle", 0.5),
    )
]


def body(
    legs: float = 1.0,
    feet: float = 1.0,
    width: float = 1.0,
    girth: float = 0.13,
    heel: float = 0.0,
    arms: float = 1.0,
    head: float = 1.0,
) -> BakedCharacter:
    """A body whose parts are the mannequin's times a factor.

    legs: thigh and shin; feet: foot length; width: hips and shoulders; girth: the trunk's radius in metres;
    heel: metres that a shoe's heel is higher than its toe end; arms: upper arm and forearm; head: the face.
    """
    offsets = mannequin.OFFSETS.copy()
    for side in ("left", "right"):
        for joint in ("knee", "ankle"):
            offsets[JOINT_INDEX[f"{side}_{joint}"]] *= legs
        offsets[JOINT_INDEX[f"{side}_foot"], 1] *= feet
        for joint in ("elbow", "wrist"):
            offsets[JOINT_INDEX[f"{side}_{joint}"]] *= arms
        offsets[JOINT_INDEX[f"{side}_eye_smplhf"]] *= head
        for joint in ("hip", "shoulder"):
            offsets[JOINT_INDEX[f"{side}_{joint}"], 0] *= width
    ankle_height = mannequin.ANKLE_HEIGHT + heel
    hip_height = float(
        ankle_height - sum(offsets[JOINT_INDEX[f"left_{j}"], 2] for j in ("hip", "knee", "ankle"))
    )
    # The bind pose: arms 45 degrees down, toes 10 degrees out; the T-pose is its inverse.
    bind = np.tile(rot.IDENTITY, (len(JOINTS), 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        bind[JOINT_INDEX[f"{side}_shoulder"]] = rot.about_y(sign * np.pi / 4)
        bind[JOINT_INDEX[f"{side}_hip"]] = rot.about_z(sign * np.radians(10))
    turns = kinematics.global_rotations(bind, PARENTS)
    heads = kinematics.joint_positions(turns, offsets, PARENTS, np.array([0.0, 0.0, hip_height]))
    to_t_pose = rot.inverse(turns)
    tails = heads + rot.rotate(turns, np.array([0.0, 0.0, 0.1]))
    for below, parent in enumerate(PARENTS):
        if parent >= 0:
            tails[parent] = heads[below]
    rows = [(heads[i], tails[i], to_t_pose[i], p) for _, name, _, _ in _TWISTS
            for i in [JOINT_INDEX[name]] for p in [JOINT_INDEX[name]]]  # fmt: skip
    rig = Rig(
        names=JOINTS + tuple(t[0] for t in _TWISTS),
        parents=np.array([*PARENTS, *(r[3] for r in rows)]),
        heads=np.array([*heads, *(r[0] for r in rows)]),
        tails=np.array([*tails, *(r[1] for r in rows)]),
        to_t_pose=np.array([*to_t_pose, *(r[2] for r in rows)]),
        twist_of={name: (source, share) for name, _, source, share in _TWISTS},
    )
    shoes, soles = _shoes(rig, feet, ankle_height)
    flesh, hands, face = _flesh(rig, girth)
    return BakedCharacter(
        character_json="{}", rig=rig, parts=(flesh, shoes), strands=np.zeros((0, 2, 3),
        np.float32), strand_radius=0.0, hip_height=hip_height, height=2 * hip_height,
        hand_vertices=hands, face_vertices=face, sole_part="shoes",
        soles=soles,
    )  # fmt: skip


def _part(name: str, role: Role, points: list[np.ndarray], bones: list[list[tuple[int, float]]]) -> MeshPart:
    joints = np.zeros((len(points), 8), np.uint8)
    weights = np.zeros((len(points), 8), np.float32)
    for row, owners in enumerate(bones):
        for column, (joint, weight) in enumerate(owners):
            joints[row, column], weights[row, column] = joint, weight
    return MeshPart(
        name=name, role=role, vertices=np.array(points, np.float32), faces=np.zeros((0, 4), np.int32),
        bones=joints, weights=weights, unit_vertices=np.zeros(0, np.int32), unit_deltas=np.zeros((52, 0, 3),
        np.float16),
    )  # fmt: skip


def _shoes(rig: Rig, feet: float, ankle_height: float) -> tuple[MeshPart, tuple[np.ndarray, ...]]:
    points: list[np.ndarray] = []
    bones: list[list[tuple[int, float]]] = []
    soles = []
    for side in ("left", "right"):
        ankle, toe = JOINT_INDEX[f"{side}_ankle"], JOINT_INDEX[f"{side}_foot"]
        back = rot.inverse(rig.to_t_pose[ankle])
        for owners, lengths in (
            ([(ankle, 1.0)], (0.055, 0.02, -0.03)),
            ([(toe, 0.9), (ankle, 0.1)], (-0.13 * feet, -0.16 * feet, -0.2 * feet)),
        ):
            first = len(points)
            for y in lengths:
                for x in (-0.035, 0.035):
                    points.append(rig.heads[ankle] + rot.rotate(back, np.array([x, y, -ankle_height])))
                    bones.append(owners)
            soles.append(np.arange(first, len(points), dtype=np.int32))
    return _part("shoes", "shoe", points, bones), tuple(soles)


LIMBS = {"hip": (0.07, 0.5), "knee": (0.05, 0.0), "shoulder": (0.045, 0.2), "elbow": (0.038, 0.0)}
"""Joint to the radius of the limb below it, metres, and where along the bone its flesh begins."""
PALM_DEPTH = 0.024
"""Metres from a wrist to the skin of its palm and of the back of its hand."""


def _flesh(rig: Rig, girth: float) -> tuple[MeshPart, tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Trunk, limbs, hands and a face, and which of their vertices are the hands' and the face's."""
    points: list[np.ndarray] = []
    bones: list[list[tuple[int, float]]] = []
    circle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    for name in ("pelvis", "spine1", "spine2", "spine3"):
        joint = JOINT_INDEX[name]
        for height in (-0.05, 0.0, 0.05, 0.1):
            for angle in circle:
                ring = np.array([np.cos(angle), 0.8 * np.sin(angle), 0.0]) * girth
                points.append(rig.heads[joint] + ring + np.array([0.0, 0.0, height]))
                bones.append([(joint, 1.0)])
    hands = []
    for side in ("left", "right"):
        for name, (radius, start) in LIMBS.items():
            joint = JOINT_INDEX[f"{side}_{name}"]
            along = rig.tails[joint] - rig.heads[joint]
            across = rot.normalised(np.cross(along, [0.3, 1.0, 0.2]))
            around = np.cross(rot.normalised(along), across)
            for share in np.linspace(start, 1.0, 4):
                for angle in circle:
                    ring = radius * (np.cos(angle) * across + np.sin(angle) * around)
                    points.append(rig.heads[joint] + share * along + ring)
                    bones.append([(joint, 1.0)])
        wrist, first = JOINT_INDEX[f"{side}_wrist"], len(points)
        back = rot.inverse(rig.to_t_pose[wrist])
        outward = 1.0 if side == "left" else -1.0
        for x in (0.01, 0.04, 0.07, 0.1):
            for y in (-0.04, 0.0, 0.04):
                for z in (-PALM_DEPTH, PALM_DEPTH):
                    points.append(rig.heads[wrist] + rot.rotate(back, np.array([outward * x, y, z])))
                    bones.append([(wrist, 1.0)])
        hands.append(np.arange(first, len(points), dtype=np.int32))
    head, first = JOINT_INDEX["head"], len(points)
    for z in np.linspace(-0.02, 0.14, 7):
        for x in np.linspace(-0.06, 0.06, 7):
            points.append(rig.heads[head] + np.array([x, -0.09, z]))
            bones.append([(head, 1.0)])
    face = np.arange(first, len(points), dtype=np.int32)
    return _part("body", "skin", points, bones), (hands[0], hands[1]), face


BODIES = {
    "average": body(),
    "child": body(legs=0.72, feet=0.75, width=0.75, girth=0.1),
    "tall": body(legs=1.2, feet=1.15),
    "heavy": body(legs=0.95, width=1.25, girth=0.23),
    "raised heels": body(heel=0.03),
}
