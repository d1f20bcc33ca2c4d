"""Bodies of other proportions: bones of stored poses made longer or shorter, part by part.

Pure numpy, so that a loader can draw a pose-driven clip anew from its annotations. What SCAIL calls its
figure pool: the motion of one body on the skeleton of another (arXiv 2512.05905, figure "3D-Consistent Pose
Representation").
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from motionpair.catalog import SKELETON_PARTS
from motionpair.errors import InputError

PARENTS = (
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15,
    *(p for i in range(10) for p in (20 + i // 5, 25 + 3 * i, 26 + 3 * i)),  # ten fingers
)  # fmt: skip
"""Index of each canonical joint's parent (SMPL-X order), −1 for the pelvis; parents precede children."""

_PART_OF = {
    **dict.fromkeys((3, 6, 9, 12, 13, 14), "torso"),  # spine, neck's foot, collars
    **dict.fromkeys((16, 17), "shoulders"),
    **dict.fromkeys((1, 2), "hips"),
    **dict.fromkeys((18, 19, 20, 21), "arms"),
    **dict.fromkeys((4, 5, 7, 8, 10, 11), "legs"),  # to the ball of the foot
    **dict.fromkeys((15, 22, 23, 24), "head"),
    **dict.fromkeys(range(25, 55), "hands"),
}
PARTS = tuple(_PART_OF.get(joint, "") for joint in range(len(PARENTS)))
"""The part (`catalog.SKELETON_PARTS`) of the bone that ends at each joint; empty for the pelvis."""
assert set(PARTS) == {"", *SKELETON_PARTS}


def scaled(joints3d: np.ndarray, factors: Mapping[str, float]) -> np.ndarray:
    """Poses with longer or shorter bones; every bone keeps its direction.

    From the pelvis outwards, each joint is put at its parent's new place plus `factor` times its old offset
    from the parent: what is attached moves along, hands with wrists, the head with the neck. Then, for each
    performer alone:

    - The pelvis's path over the ground is scaled with the legs about the middle of the box around it. Steps
      then are as much longer as legs are, and a planted foot that hips and legs scale alike stays planted;
      other hips let it slide by the difference times what the pelvis turns, a few centimetres. The middle,
      not the first frame, so that whoever walks through the picture still does so, and whoever stands
      before somebody keeps their place.
    - In every frame the body is raised or lowered until its lowest joint is as high as it was: feet, or
      whatever else rests on the ground, stay on it, and jumps keep their height.

    Args:
        joints3d: (T, K, 55, 3) metres, world, Z up; any float type. Left as it is.
        factors: part (`catalog.SKELETON_PARTS`) to factor above 0; parts that are not named keep theirs. They
            hold for every performer.

    Returns:
        (T, K, 55, 3) of the same type; a plain copy where every factor is 1.

    Raises:
        InputError: joints of another shape, an unknown part, or a factor that is not above 0 and finite.
    """
    if joints3d.ndim != 4 or joints3d.shape[2:] != (len(PARENTS), 3):
        raise InputError(f"joints3d: expected (T, K, {len(PARENTS)}, 3), got {joints3d.shape}")
    for part, factor in factors.items():
        if part not in SKELETON_PARTS:
            raise InputError(f"skeleton.{part}: no such part; accepted: {', '.join(SKELETON_PARTS)}")
        if not (math.isfinite(factor) and factor > 0):
            raise InputError(f"skeleton.{part}: expected a number above 0, got {factor}")
    if all(factor == 1 for factor in factors.values()) or not joints3d.size:
        return joints3d.copy()
    old = np.ascontiguousarray(joints3d, np.float64)
    new = np.empty_like(old)
    new[:, :, 0] = _path(old[:, :, 0], factors.get("legs", 1.0))
    for joint, parent in enumerate(PARENTS[1:], start=1):
        factor = factors.get(PARTS[joint], 1.0)
        new[:, :, joint] = new[:, :, parent] + factor * (old[:, :, joint] - old[:, :, parent])
    lift = old[..., 2].min(axis=2) - new[..., 2].min(axis=2)
    new[..., 2] += lift[:, :, None]
    return new.astype(joints3d.dtype)


def _path(pelvis: np.ndarray, factor: float) -> np.ndarray:
    """The pelvis's places (T, K, 3), in plan scaled about the middle of the box around them."""
    path = pelvis.copy()
    plan = pelvis[..., :2]
    middle = 0.5 * (plan.min(axis=0) + plan.max(axis=0))
    path[..., :2] = middle + factor * (plan - middle)
    return path
