"""Where strands of hair are in every frame: rigid with the head, or swinging with the sheet they lie on."""

from __future__ import annotations

import numpy as np

from render.characters import loose
from render.characters.baked import BakedCharacter
from render.characters.skinning import joint_transforms
from render.scene import Pose
from render.skeleton import JOINT_INDEX


class StrandPose:
    """A character's strands under a pose, asked for frame by frame.

    Args:
        baked: the character, with strands.
        pose: its rig over T frames.
        chosen: which strands (indices or a slice), and which of their points; all by default.
    """

    def __init__(
        self,
        baked: BakedCharacter,
        pose: Pose,
        chosen: np.ndarray | slice = slice(None),
        points: np.ndarray | slice = slice(None),
    ) -> None:
        rest = baked.strands[chosen][:, points]
        self._shape = rest.shape
        self._rest = np.concatenate([rest.reshape(-1, 3), np.ones((rest[..., 0].size, 1))], axis=1).astype(
            np.float32
        )
        joints = np.zeros((*rest.shape[:2], 1), int) + JOINT_INDEX["head"]
        weights = np.ones(joints.shape)
        if baked.sway is not None:
            swing = next(s for s in baked.rig.swings if s.name in ("hair", "tail"))
            hung, shares = loose.shares(swing, baked.sway[chosen][:, points])
            joints = np.concatenate([joints, hung], axis=-1)
            weights = np.concatenate([1 - shares.sum(axis=-1, keepdims=True), shares], axis=-1)
        self._joints = joints.reshape(-1, joints.shape[-1])
        self._weights = weights.reshape(-1, weights.shape[-1]).astype(np.float32)
        self._transforms = joint_transforms(baked.rig, pose.rotations, pose.positions)

    def at(self, t: int) -> np.ndarray:
        """(S, P, 3) float32 metres, world: the strands in frame t."""
        joints = self._transforms[t]
        out = np.zeros((len(self._rest), 3), np.float32)
        for k in range(self._joints.shape[1]):
            used = self._weights[:, k] > 0
            moved = np.einsum("nij,nj->ni", joints[self._joints[used, k]], self._rest[used])
            out[used] += self._weights[used, k, None] * moved
        return out.reshape(self._shape)
