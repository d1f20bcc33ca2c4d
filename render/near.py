"""Hands near the body's own: mouth, ear, chin, thigh, the other palm, a load on the ground, on any body.

A motion is rotations, and on a body with shorter arms or a larger head the same rotations take a hand past
the mouth. Where the motion says so (`Motion.near`), palms go where they are on the mannequin, relative to
the same landmark, by offsets that are scaled by the size of the hand.
"""

from __future__ import annotations

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.arms import Arm, arm_of, palm_depth, reach
from render.characters.baked import BakedCharacter
from render.motion import NEAR, Motion
from render.motions.contact import SIDES, THIGH_SHARE, landmark, mirror, palm, within_reach
from render.motions.things import LOAD
from render.skeleton import JOINT_INDEX, PARENTS

_ON_FACE = ("mouth", "ear", "chin")


def keep_near(
    motion: Motion,
    baked: BakedCharacter,
    bones: np.ndarray,
    turns: np.ndarray,
    root: np.ndarray,
    ground: np.ndarray,
    facing: np.ndarray,
) -> np.ndarray:
    """The turns (T, 55, 4) with palms where the motion has them, relative to what they are near.

    bones: (55, 3) of the body's T-pose. root: (T, 3) the pelvis. ground, facing: (3,) and (4,) where the
    motion's origin and heading are in the world.
    """
    if motion.near is None:
        return turns
    model_turns, model_places = _on_mannequin(motion)
    marks = landmarks(baked) | {"thigh": _thigh(baked, bones)}
    size = hand_size(bones)
    depths = [palm_depth(baked, side) for side in ("left", "right")]
    arms = [arm_of("left", bones, depths[0]), arm_of("right", bones, depths[1])]
    for side, arm in enumerate(arms):
        weights = motion.near[:, side]
        if not weights[:, 1:].any():
            continue
        places = kinematics.joint_positions(turns, bones, PARENTS, root)
        own = _palm(arm.palm, turns, places, side)
        model = palm(model_turns, model_places, side)
        way = np.zeros_like(own)
        for k, what in enumerate(NEAR):
            weight = weights[:, k, None]
            if what == "other_hand" or not weight.any():
                continue
            if what == "load":
                # Across, a box is as wide as the hands that lift it are large; high and far as the body is.
                goal = ground + rot.rotate(facing, LOAD * baked.hip_height + size * (model - _load()))
            else:
                joint, at = landmark(what, side)
                there = model_places[:, joint] + rot.rotate(model_turns[:, joint], at)
                here = places[:, joint] + rot.rotate(turns[:, joint], marks[what] * mirror(side))
                goal = here + size * rot.rotate(facing, model - there)
            way += weight * (goal - own)
        turns = _shifted(arm, turns, places, way)
    weight = np.minimum(motion.near[:, 0, 0], motion.near[:, 1, 0])[:, None]
    if weight.any():
        places = kinematics.joint_positions(turns, bones, PARENTS, root)
        left, right = (_palm(arm.palm, turns, places, side) for side, arm in enumerate(arms))
        wanted = palm(model_turns, model_places, 0) - palm(model_turns, model_places, 1)
        way = 0.5 * weight * (size * rot.rotate(facing, wanted) - (left - right))
        turns = _shifted(arms[0], turns, places, way)
        turns = _shifted(arms[1], turns, places, -way)
    return turns


def landmarks(baked: BakedCharacter) -> dict[str, np.ndarray]:
    """Mouth, left ear and front of the chin, (3,) metres each from the head joint, T-pose.

    Measured on a body that tells lips and ears apart; on others the mannequin's, as much larger as its eyes
    are farther from the head joint.
    """
    rig, part, head = baked.rig, baked.part("body"), JOINT_INDEX["head"]
    if not {"lip", "ear"} <= set(part.attributes):
        eye = rig.to_t_pose[head], rig.heads[JOINT_INDEX["left_eye_smplhf"]] - rig.heads[head]
        model = mannequin.OFFSETS[JOINT_INDEX["left_eye_smplhf"]]
        share = float(np.linalg.norm(rot.rotate(*eye)) / np.linalg.norm(model))
        return {what: share * landmark(what, 0)[1] for what in _ON_FACE}
    points = rot.rotate(rig.to_t_pose[head], part.vertices.astype(float) - rig.heads[head])
    lips = points[part.attributes["lip"] > 0.5]
    mouth = np.array([0.0, lips[:, 1].min(), lips[:, 2].mean()])
    ear = points[(part.attributes["ear"] > 0.5) & (points[:, 0] > 0)]
    below = points[baked.face_vertices]
    middle = np.abs(below[:, 0]) < 0.25 * np.ptp(lips[:, 0])
    below = below[middle & (below[:, 2] < lips[:, 2].min() - 0.1 * np.ptp(lips[:, 0]))]
    chin = below[np.argmin(below[:, 1])]
    return {
        "mouth": mouth,
        "ear": np.array([np.percentile(ear[:, 0], 80), *ear[:, 1:].mean(axis=0)]),
        "chin": chin * np.array([0.0, 1.0, 1.0]),
    }


def _thigh(baked: BakedCharacter, bones: np.ndarray) -> np.ndarray:
    """(3,) from the left hip joint to the top of the thigh, clothes included, as one sits; T-pose."""
    rig, hip = baked.rig, JOINT_INDEX["left_hip"]
    length = float(np.linalg.norm(bones[JOINT_INDEX["left_knee"]]))
    owners = [hip, *(i for i, name in enumerate(rig.names) if name == "left_thigh_twist")]
    front = 0.08 * baked.hip_height
    for part in baked.parts:
        if part.role not in ("skin", "cloth"):
            continue
        owner = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)]
        mine = part.vertices[np.isin(owner, owners)].astype(float)
        local = rot.rotate(rig.to_t_pose[hip], mine - rig.heads[hip])
        around = np.abs(local[:, 2] / -length - THIGH_SHARE) < 0.15
        front = max(front if part.role == "cloth" else 0.0, -float(local[around, 1].min(initial=-front)))
    return np.array([0.0, -front, -THIGH_SHARE * length])


def hand_size(bones: np.ndarray) -> float:
    """How large the hands of a body with T-pose `bones` (55, 3) are, 1 for the mannequin's."""
    knuckles = bones[[JOINT_INDEX[f"{side}_middle1"] for side in SIDES]]
    return float(np.linalg.norm(knuckles, axis=-1).mean()) / mannequin.HAND


def _on_mannequin(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Turns and places (T, 55, ...) of the mannequin that does the motion."""
    turns = kinematics.global_rotations(motion.rotations, PARENTS)
    root = (motion.root + rot.Z) * mannequin.HIP_HEIGHT
    return turns, kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, root)


def _load() -> np.ndarray:
    return LOAD * mannequin.HIP_HEIGHT


def _palm(palm_of_arm: np.ndarray, turns: np.ndarray, places: np.ndarray, side: int) -> np.ndarray:
    wrist = JOINT_INDEX[f"{SIDES[side]}_wrist"]
    return places[:, wrist] + rot.rotate(turns[:, wrist], palm_of_arm)


def _shifted(arm: Arm, turns: np.ndarray, places: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Turns with one hand moved by `way` (T, 3), as far as the arm goes, and turned as before."""
    shoulder, _, wrist = arm.joints
    goal = within_reach(places[:, shoulder], places[:, wrist] + way, arm.length)
    return reach(arm, turns, places[:, shoulder], goal, turns[:, wrist])
