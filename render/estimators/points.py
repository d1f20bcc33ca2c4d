"""The points of a body that an estimator sees: the 55 joints and the ten fingertips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.motion import Motion
from render.posing import t_pose_offsets
from render.skeleton import JOINT_INDEX, JOINTS, LEFT_HAND_JOINTS, PARENTS, RIGHT_HAND_JOINTS

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
TIPS = tuple(f"{side}_{finger}_tip" for side in ("left", "right") for finger in FINGERS)
POINTS = JOINTS + TIPS
POINT_PARENTS = PARENTS + tuple(JOINT_INDEX[tip.replace("_tip", "3")] for tip in TIPS)
"""Index of each point's parent; −1 for the pelvis."""
CHILDREN: tuple[tuple[int, ...], ...] = tuple(
    tuple(c for c, p in enumerate(POINT_PARENTS) if p == j) for j in range(len(POINTS))
)
WRISTS = (JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"])
HANDS = (
    tuple(JOINT_INDEX[n] for n in LEFT_HAND_JOINTS) + tuple(range(len(JOINTS), len(JOINTS) + 5)),
    tuple(JOINT_INDEX[n] for n in RIGHT_HAND_JOINTS) + tuple(range(len(JOINTS) + 5, len(POINTS))),
)
"""The points of the left and of the right hand beyond the wrist."""
LIMBS = tuple(
    tuple(JOINT_INDEX[f"{side}_{n}"] for n in names)
    for side in ("left", "right")
    for names in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
)
"""(start, hinge, end) of arms and legs."""

_BODY_SIGMAS = {
    "pelvis": 0.06, "spine1": 0.06, "spine2": 0.06, "spine3": 0.06, "neck": 0.06, "collar": 0.079,
    "head": 0.035, "jaw": 0.026, "eye": 0.025, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062,
    "hip": 0.107, "knee": 0.087, "ankle": 0.089, "foot": 0.068,
}  # fmt: skip
_HAND_SIGMAS = {"1": 0.026, "2": 0.024, "3": 0.024, "tip": 0.033}


def _sigma(name: str) -> float:
    part = name.split("_", 1)[1] if name.startswith(("left", "right")) else name
    if part.startswith(FINGERS):
        return _HAND_SIGMAS[part[-1] if part[-1].isdigit() else "tip"]
    return _BODY_SIGMAS["eye" if part.startswith("eye") else part]


SIGMAS = np.array([_sigma(name) for name in POINTS])
"""(65,) how widely people who annotate a keypoint differ, in square roots of its owner's area: COCO's OKS
constants, and COCO-WholeBody's for toes and fingers; points that neither has take a neighbour's."""

_FLESH = {
    "pelvis": 0.2, "spine1": 0.22, "spine2": 0.22, "spine3": 0.2, "neck": 0.14, "collar": 0.16,
    "head": 0.16, "jaw": 0.12, "eye": 0.06, "shoulder": 0.14, "elbow": 0.13, "wrist": 0.12,
    "hip": 0.2, "knee": 0.13, "ankle": 0.13, "foot": 0.1,
}  # fmt: skip


def _flesh(name: str) -> float:
    part = name.split("_", 1)[1] if name.startswith(("left", "right")) else name
    if part.startswith(FINGERS):
        return 0.07
    return _FLESH["eye" if part.startswith("eye") else part]


FLESH = np.array([_flesh(name) for name in POINTS])
"""(65,) metres of the body's own flesh and clothes that may lie in front of a point that is seen, for hips
0.9 m high."""


@dataclass(frozen=True)
class Body:
    """A body's bones.

    offsets: (65, 3) metres from each point's parent to it, T-pose. hip_height: metres. position, heading:
    where it stands, as in `specs.Performer`.
    """

    offsets: np.ndarray
    hip_height: float
    position: tuple[float, float]
    heading: float

    @property
    def lengths(self) -> np.ndarray:
        """(65,) metres of the bone that ends at each point."""
        return np.linalg.norm(self.offsets, axis=-1)

    @property
    def facing(self) -> np.ndarray:
        """(4,) the turn from the motion's frame to the world's."""
        return rot.about_z(self.heading)

    def turns(self, motion: Motion) -> np.ndarray:
        """(T, 55, 4) global rotations in the world."""
        return rot.mul(self.facing, kinematics.global_rotations(motion.rotations, PARENTS))

    def root(self, motion: Motion) -> np.ndarray:
        """(T, 3) metres, world: the pelvis, as plain retargeting has it."""
        root = rot.rotate(self.facing, motion.root * self.hip_height)
        return root + np.array([*self.position, self.hip_height])

    def places(self, turns: np.ndarray, root: np.ndarray) -> np.ndarray:
        """(T, 65, 3) metres, world: all points, by forward kinematics."""
        above = np.maximum(np.array(POINT_PARENTS), 0)
        steps = rot.rotate(turns[:, above], self.offsets)
        out = np.empty((len(turns), len(POINTS), 3))
        for point, parent in enumerate(POINT_PARENTS):
            out[:, point] = root if parent < 0 else out[:, parent] + steps[:, point]
        return out


def body_of(baked: BakedCharacter, position: tuple[float, float], heading: float) -> Body:
    """The bones of a character that stands at a place; fingertips are the mannequin's, to its hands' size."""
    joints = t_pose_offsets(baked.rig)
    tips = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        size = np.linalg.norm(joints[JOINT_INDEX[f"{side}_middle1"]]) / mannequin.HAND
        tips += [size * np.array(mannequin.FINGERTIPS[f]) * [sign, 1.0, 1.0] for f in FINGERS]
    return Body(np.concatenate([joints, tips]), baked.hip_height, position, heading)
