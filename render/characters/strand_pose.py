"""Where strands are in every frame: rigid with the head, swinging with the sheet they lie on, or of a beard,
moving with the skin."""

from __future__ import annotations

import numpy as np

from render.characters import loose
from render.characters.baked import BakedCharacter, MeshPart
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
        self._rest = rest.reshape(-1, 3).astype(np.float32)
        self._shape = rest.shape
        joints = np.zeros((*rest.shape[:2], 1), int) + JOINT_INDEX["head"]
        weights = np.ones(joints.shape)
        if baked.sway is not None:
            swing = next(s for s in baked.rig.swings if s.name in ("hair", "tail"))
            hung, shares = loose.shares(swing, baked.sway[chosen][:, points])
            joints = np.concatenate([joints, hung], axis=-1)
            weights = np.concatenate([1 - shares.sum(axis=-1, keepdims=True), shares], axis=-1)
        self._bearded = np.zeros(0, int)
        if baked.strand_roots is not None:
            roots = baked.strand_roots[chosen]
            self._bearded = np.flatnonzero(roots >= 0)
            skin = baked.part("body")
            own = roots[self._bearded]
            joints = np.pad(joints, ((0, 0), (0, 0), (0, 8 - joints.shape[-1])))
            weights = np.pad(weights, ((0, 0), (0, 0), (0, 8 - weights.shape[-1])))
            joints[self._bearded] = skin.bones[own][:, None]
            weights[self._bearded] = skin.weights[own][:, None]
            self._moved = _expression(skin, own, pose.expression)
        self._joints = joints.reshape(-1, joints.shape[-1])
        self._weights = weights.reshape(-1, weights.shape[-1]).astype(np.float32)
        self._transforms = joint_transforms(baked.rig, pose.rotations, pose.positions)

    def at(self, t: int) -> np.ndarray:
        """(S, P, 3) float32 metres, world: the strands in frame t."""
        joints = self._transforms[t]
        rest = self._rest
        if len(self._bearded):
            rest = rest.reshape(self._shape).copy()
            rest[self._bearded] += self._moved[t][:, None]
            rest = rest.reshape(-1, 3)
        out = np.zeros((len(rest), 3), np.float32)
        for k in range(self._joints.shape[1]):
            used = np.flatnonzero(self._weights[:, k])
            turn = joints[self._joints[used, k]]
            moved = np.einsum("nij,nj->ni", turn[:, :, :3], rest[used]) + turn[:, :, 3]
            out[used] += self._weights[used, k, None] * moved
        return out.reshape(self._shape)


def _expression(skin: MeshPart, vertices: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """(T, N, 3) metres by which face units move some of the skin's vertices."""
    place = np.full(len(skin.vertices), -1)
    place[skin.unit_vertices] = np.arange(len(skin.unit_vertices))
    at = place[vertices]
    deltas = skin.unit_deltas[:, np.maximum(at, 0)].astype(np.float32) * (at >= 0)[:, None]
    return np.einsum("tu,unj->tnj", expression.astype(np.float32), deltas)
