"""Forward kinematics down a joint tree, and the analytic two-bone limb."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from render import rotations as rot


def global_rotations(local: np.ndarray, parents: Sequence[int] | np.ndarray) -> np.ndarray:
    """Local rotations (..., J, 4) to global ones; parents precede children, −1 is a root."""
    out = np.array(local, dtype=float)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            out[..., joint, :] = rot.mul(out[..., parent, :], local[..., joint, :])
    return out


def local_rotations(globals_: np.ndarray, parents: Sequence[int] | np.ndarray) -> np.ndarray:
    """Global rotations (..., J, 4) to local ones: the inverse of `global_rotations`."""
    parents = np.asarray(parents)
    above = np.where((parents >= 0)[:, None], globals_[..., np.maximum(parents, 0), :], rot.IDENTITY)
    return rot.mul(rot.inverse(above), globals_)


def joint_positions(
    rotations: np.ndarray, offsets: np.ndarray, parents: Sequence[int] | np.ndarray, root: np.ndarray
) -> np.ndarray:
    """Places (..., J, 3) of joints from global rotations (..., J, 4).

    offsets: (J, 3) from parent to joint in the rest pose that the rotations are relative to.
    root: (..., 3) place of the root joint.
    """
    parents = np.asarray(parents)
    steps = rot.rotate(rotations[..., np.maximum(parents, 0), :], offsets)
    out = np.empty((*rotations.shape[:-1], 3))
    for joint, parent in enumerate(parents):
        out[..., joint, :] = root if parent < 0 else out[..., parent, :] + steps[..., joint, :]
    return out


def two_bone(
    start: np.ndarray,
    target: np.ndarray,
    upper: np.ndarray | float,
    lower: np.ndarray | float,
    hinge: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place the middle joint of a limb so that its end is at `target`, by the law of cosines.

    start, target: (..., 3). upper, lower: (...) lengths. hinge: (..., 3) wanted direction of the bending
    axis: about it the lower bone turns, by a positive angle, out of the upper bone's line; it is made
    orthogonal to start → target.

    Returns:
        (middle, end, axis), each (..., 3). `end` is the target, or where the stretched (or fully folded)
        limb ends on its way to a target out of reach. `axis` is the hinge made orthogonal.
    """
    to = target - start
    distance = np.linalg.norm(to, axis=-1)
    along = to / np.maximum(distance, 1e-9)[..., None]
    reach = np.clip(distance, np.abs(upper - lower) + 1e-6, (upper + lower) * (1 - 1e-7))
    axis = rot.normalised(hinge - along * np.sum(hinge * along, axis=-1, keepdims=True))
    ahead = (upper**2 - lower**2 + reach**2) / (2 * reach)
    aside = np.sqrt(np.maximum(upper**2 - ahead**2, 0.0))
    # A positive turn about the axis takes the upper bone to the lower one, so the middle lies on −axis ×
    # along.
    middle = start + along * ahead[..., None] - rot.cross(axis, along) * aside[..., None]
    return middle, start + along * reach[..., None], axis


def limb_frame(direction: np.ndarray, axis: np.ndarray, bone: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """Rotation (..., 4) that takes rest direction `bone` to `direction` and rest axis `hinge` to `axis`.

    `bone` and `hinge` are (3,), orthogonal; direction and axis are (..., 3), orthogonal.
    """
    rest = np.stack([bone, hinge, np.cross(bone, hinge)], axis=-1)
    posed = np.stack([direction, axis, rot.cross(direction, axis)], axis=-1)
    return rot.from_matrix(posed @ rest.T)
