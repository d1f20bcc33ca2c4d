"""The canonical skeleton: SMPL-X joint names and parents, in one world convention.

World: metres, Z up, right-handed. A character at rest faces −Y, its left is +X. The canonical rest pose
is a T-pose in which every joint's local frame equals the world frame, so that a rotation is relative to
the T-pose and to the parent, and global rotations are products down the chain.
"""

from __future__ import annotations

BODY_JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
FACE_JOINTS = ("jaw", "left_eye_smplhf", "right_eye_smplhf")
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")
LEFT_HAND_JOINTS = tuple(f"left_{f}{i}" for f in _FINGERS for i in (1, 2, 3))
RIGHT_HAND_JOINTS = tuple(f"right_{f}{i}" for f in _FINGERS for i in (1, 2, 3))

JOINTS = BODY_JOINTS + FACE_JOINTS + LEFT_HAND_JOINTS + RIGHT_HAND_JOINTS
"""The 55 joint names in SMPL-X order."""

JOINT_INDEX = {name: i for i, name in enumerate(JOINTS)}


def _parent(name: str) -> str | None:
    body = {
        "left_hip": "pelvis", "right_hip": "pelvis", "spine1": "pelvis", "left_knee": "left_hip",
        "right_knee": "right_hip", "spine2": "spine1", "left_ankle": "left_knee",
        "right_ankle": "right_knee", "spine3": "spine2", "left_foot": "left_ankle",
        "right_foot": "right_ankle", "neck": "spine3", "left_collar": "spine3", "right_collar": "spine3",
        "head": "neck", "left_shoulder": "left_collar", "right_shoulder": "right_collar",
        "left_elbow": "left_shoulder", "right_elbow": "right_shoulder", "left_wrist": "left_elbow",
        "right_wrist": "right_elbow", "jaw": "head", "left_eye_smplhf": "head", "right_eye_smplhf": "head",
    }  # fmt: skip
    if name == "pelvis":
        return None
    if name in body:
        return body[name]
    side, finger = name.split("_")
    return f"{side}_wrist" if finger.endswith("1") else f"{side}_{finger[:-1]}{int(finger[-1]) - 1}"


PARENTS = tuple(-1 if (p := _parent(n)) is None else JOINT_INDEX[p] for n in JOINTS)
"""Index of each joint's parent; −1 for the pelvis. Parents precede children."""
assert all(p < i for i, p in enumerate(PARENTS))

CONTACT_POINTS = ("left_heel", "left_toe", "right_heel", "right_toe")
"""Order of the contact flags of a motion: the parts of the soles that can be planted."""

FACE_UNITS = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft",
    "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
    "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 ARKit-named face units, in the order of a motion's expression track."""
