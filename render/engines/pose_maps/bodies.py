"""Bare bodies: skin, eyes and mouth in one grey, as clay in soft light."""

from __future__ import annotations

import numpy as np

from render.characters.baked import MeshPart
from render.characters.skinning import skin
from render.engines.pyrender_canvas.meshes import Mesh, Normals, triangles_of
from render.engines.pyrender_draft.colours import encoded
from render.scene import Actor, CameraTrack

_CLAY = 0.6
"""Linear albedo."""
_KEY = np.array([-0.50, 0.58, 0.64])
"""Towards the key light, in camera space (right, up, backwards): over the camera's left shoulder."""
_WRAP = 0.3
"""How far a soft light reaches around a form, as a share of its cosine."""


class Body:
    """One actor's body, skinned for all frames of its clip, ready to be drawn frame by frame."""

    def __init__(self, actor: Actor, camera: CameraTrack):
        character = actor.character
        parts: list[MeshPart] = [character.bare_body()]
        parts += [part for part in character.parts if part.role in ("eye", "teeth", "tongue")]
        self._points = np.concatenate([skin(part, character.rig, actor.pose) for part in parts], axis=1)
        starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
        triangles = [triangles_of(part.faces) + start for part, start in zip(parts, starts, strict=False)]
        self._triangles = np.concatenate(triangles)
        self._normals = Normals(self._triangles, self._points.shape[1])
        self._camera = camera

    def mesh(self, t: int) -> Mesh:
        """The body in frame t."""
        points = self._points[t]
        # To camera space, so that light falls on every clip alike.
        seen = self._normals.of(points) @ np.ascontiguousarray(self._camera.rotation[t], np.float32)
        key = np.clip((seen @ _KEY.astype(np.float32) + _WRAP) / (1 + _WRAP), 0.0, 1.0)
        above, ahead = 0.5 + 0.5 * seen[:, 1], np.clip(seen[:, 2], 0.0, 1.0)
        light = _CLAY * (0.75 * key + 0.10 * above + 0.15 * ahead)
        grey = encoded(light)
        return Mesh(points, self._triangles, np.repeat(grey[:, None], 3, axis=1))
