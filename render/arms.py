"""Arms that reach: shoulder and elbow for a wrist that must be somewhere, and the palms of hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from render import kinematics
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.skeleton import JOINT_INDEX, JOINTS, PARENTS

Side = Literal["left", "right"]

_FOREARM_TWIST = 0.4
"""Share of the hand's turn about the forearm that the elbow joint takes; the wrist takes the rest."""
_PALM_ALONG = 0.62
"""Where the palm's middle is, of the way from the wrist to the middle finger's root."""


@dataclass(frozen=True)
class Arm:
    """One arm of a body, in the T-pose: palm down, fingers outward.

    upper, fore: metres. palm: (3,) metres from the wrist to the middle of the palm's skin. bone, hinge: (3,)
    the arm's direction, and the axis that the elbow bends about.
    """

    side: Side
    upper: float
    fore: float
    palm: np.ndarray
    bone: np.ndarray
    hinge: np.ndarray

    @property
    def length(self) -> float:
        """Metres from shoulder to wrist of the straight arm."""
        return self.upper + self.fore

    @property
    def joints(self) -> tuple[int, int, int]:
        """Shoulder, elbow and wrist."""
        shoulder, elbow, wrist = (JOINT_INDEX[f"{self.side}_{n}"] for n in ("shoulder", "elbow", "wrist"))
        return shoulder, elbow, wrist


def arm_of(side: Side, bones: np.ndarray, depth: float) -> Arm:
    """The arm of a skeleton with T-pose `bones` (55, 3), whose palm's skin is `depth` below the wrist."""
    outward = rot.X if side == "left" else -rot.X
    elbow, wrist, knuckle = (bones[JOINT_INDEX[f"{side}_{n}"]] for n in ("elbow", "wrist", "middle1"))
    return Arm(
        side=side,
        upper=float(np.linalg.norm(elbow)),
        fore=float(np.linalg.norm(wrist)),
        palm=_PALM_ALONG * knuckle - depth * rot.Z,
        bone=outward,
        hinge=-rot.Z if side == "left" else rot.Z,
    )


def palm_depth(baked: BakedCharacter, side: Side) -> float:
    """Metres from the wrist joint's height down to the palm's skin, hand flat, palm down."""
    rig, part = baked.rig, baked.part("body")
    wrist = JOINT_INDEX[f"{side}_wrist"]
    owner = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)]
    mine = part.vertices[owner == wrist].astype(float)
    if len(mine) < 8:
        return 0.026 * baked.hip_height
    return float(-np.percentile(rot.rotate(rig.to_t_pose[wrist], mine - rig.heads[wrist])[:, 2], 8))


def reach(arm: Arm, turns: np.ndarray, start: np.ndarray, wrist: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """Turns (T, 55, 4) with an arm whose wrist is at `wrist` (T, 3) and whose hand is turned as `hand`.

    The elbow keeps the side that it is on. start: (T, 3) the shoulder's places. Fingers follow the hand.
    A wrist out of reach is approached.
    """
    shoulder, elbow, hand_joint = arm.joints
    hinge = rot.rotate(turns[:, shoulder], arm.hinge)
    middle, end, axis = kinematics.two_bone(start, wrist, arm.upper, arm.fore, hinge)
    out = turns.copy()
    out[:, shoulder] = kinematics.limb_frame(rot.normalised(middle - start), axis, arm.bone, arm.hinge)
    forearm = kinematics.limb_frame(rot.normalised(end - middle), axis, arm.bone, arm.hinge)
    _, twist = rot.swing_twist(rot.inverse(rot.mul(rot.inverse(forearm), hand)), rot.X)
    # Contiguous: on a view with gaps numpy's arctan2 rounds by where its result happens to lie in memory.
    cosine, sine = np.ascontiguousarray(twist[:, :2].T)
    angle = np.unwrap(-2.0 * np.arctan2(sine, cosine), period=2 * np.pi)
    angle -= 2 * np.pi * np.round(angle.mean() / (2 * np.pi))
    out[:, elbow] = rot.mul(forearm, rot.about_x(_FOREARM_TWIST * angle))
    fingers = descendants(hand_joint)
    out[:, fingers] = rot.mul(rot.mul(hand, rot.inverse(turns[:, hand_joint]))[:, None], turns[:, fingers])
    return out


def descendants(joint: int) -> list[int]:
    """A joint and all below it."""
    below = [joint]
    for child in range(joint + 1, len(JOINTS)):
        if PARENTS[child] in below:
            below.append(child)
    return below
