"""Strands of hair in drafts: some of them, as wide ribbons that face the camera."""

from __future__ import annotations

import numpy as np

from render.characters.strand_pose import StrandPose
from render.engines.pyrender_canvas.meshes import Mesh, both_sides
from render.engines.pyrender_draft.colours import encoded
from render.engines.pyrender_draft.light import Light
from render.scene import Actor

SHOWN = 700
"""Strands that stand for all, at most."""
_POINTS = 8  # of a ribbon, at most
_COVER = 0.9  # of the width that would cover what all strands cover


class Strands:
    """An actor's hair, ready to be drawn frame by frame."""

    def __init__(self, actor: Actor, colour: np.ndarray):
        baked = actor.character
        every = max(1, -(-len(baked.strands) // SHOWN))
        points = baked.strands.shape[1]
        kept = np.unique(np.linspace(0, points - 1, min(points, _POINTS)).round().astype(int))
        count, length = baked.strands[::every][:, kept].shape[:2]
        self._half = (
            baked.strand_radius * min(every, 8) * _COVER * np.linspace(1.0, 0.5, length)[None, :, None]
        )
        self._strands = StrandPose(baked, actor.pose, slice(None, None, every), kept)
        tone = np.random.default_rng(0).uniform(0.75, 1.25, (count, 1, 1))
        root = np.linspace(0.7, 1.1, length)[None, :, None]
        self._albedo = np.repeat((colour * tone * root)[:, :, None], 2, axis=2).reshape(-1, 3)
        corner = 2 * (np.arange(count)[:, None] * length + np.arange(length - 1)[None]).reshape(-1, 1)
        quads = np.concatenate([corner + np.array(c) for c in ((0, 1, 3), (0, 3, 2))])
        self._triangles = both_sides(quads)

    def mesh(self, t: int, eye: np.ndarray, light: Light) -> Mesh:
        """The ribbons in frame t, seen from `eye` (3,) metres, world."""
        points = self._strands.at(t)
        along = np.gradient(points, axis=1)
        across = np.cross(along, points - eye)
        across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
        ribbon = np.stack([points - across * self._half, points + across * self._half], axis=2)
        out = points - points.mean(axis=(0, 1))
        normal = out / np.maximum(np.linalg.norm(out, axis=2, keepdims=True), 1e-9)
        lit = light.on(np.repeat(normal[:, :, None], 2, axis=2).reshape(-1, 3))
        return Mesh(ribbon.reshape(-1, 3).astype(np.float32), self._triangles, encoded(self._albedo * lit))
