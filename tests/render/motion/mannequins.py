"""Bodies to put motions on, without baking any: boxes for shoes, a barrel for a trunk, a rig in A-pose."""

from __future__ import annotations

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.characters.baked import BakedCharacter, MeshPart, Rig
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
    legs: float = 1.0, feet: float = 1.0, width: float = 1.0, girth: float = 0.13, heel: float = 0.0
) -> BakedCharacter:
    """A body whose parts are the mannequin's times a factor.

    legs: thigh and shin; feet: foot length; width: hips and shoulders; girth: the trunk's radius in metres;
    heel: metres that a shoe's heel is higher than its toe end.
    """
    offsets = mannequin.OFFSETS.copy()
    for side in ("left", "right"):
        for joint in ("knee", "ankle"):
            offsets[JOINT_INDEX[f"{side}_{joint}"]] *= legs
        offsets[JOINT_INDEX[f"{side}_foot"], 1] *= feet
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
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            tails[parent] = heads[joint]
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
    return BakedCharacter(
        character_json="{}", rig=rig, parts=(_trunk(rig, girth), shoes), strands=np.zeros((0, 2, 3),
        np.float32), strand_radius=0.0, hip_height=hip_height, height=2 * hip_height,
        hand_vertices=(np.zeros(0, np.int32),) * 2, face_vertices=np.zeros(0, np.int32), sole_part="shoes",
        soles=soles,
    )  # fmt: skip


def _part(name: str, role: str, points: list[np.ndarray], bones: list[list[tuple[int, float]]]) -> MeshPart:
    joints = np.zeros((len(points), 8), np.uint8)
    weights = np.zeros((len(points), 8), np.float32)
    for row, owners in enumerate(bones):
        for column, (joint, weight) in enumerate(owners):
            joints[row, column], weights[row, column] = joint, weight
    return MeshPart(
        name=name, role=role, vertices=np.array(points, np.float32), faces=np.zeros((0, 4), np.int32),
        bones=joints, weights=weights, unit_vertices=np.zeros(0, np.int32), unit_deltas=np.zeros((52, 0, 3),
        np.float16),
    )  # type: ignore[arg-type]  # fmt: skip


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


def _trunk(rig: Rig, girth: float) -> MeshPart:
    points, bones = [], []
    for name in ("pelvis", "spine1", "spine2", "spine3"):
        joint = JOINT_INDEX[name]
        for height in (-0.05, 0.0, 0.05, 0.1):
            for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
                ring = np.array([np.cos(angle), 0.8 * np.sin(angle), 0.0]) * girth
                points.append(rig.heads[joint] + ring + np.array([0.0, 0.0, height]))
                bones.append([(joint, 1.0)])
    return _part("body", "skin", points, bones)


BODIES = {
    "average": body(),
    "child": body(legs=0.72, feet=0.75, width=0.75, girth=0.1),
    "tall": body(legs=1.2, feet=1.15),
    "heavy": body(legs=0.95, width=1.25, girth=0.23),
    "raised heels": body(heel=0.03),
}
