"""Bare bodies in one grey, as clay in soft light: mannequins, whose trunk is as smooth as their limbs.

What such a clip tells is motion and build. What clothes cover of real bodies is smoothed away.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from render.characters.baked import BakedCharacter, MeshPart
from render.characters.skinning import skin
from render.engines.pyrender_canvas.meshes import Mesh, Normals, triangles_of
from render.engines.pyrender_draft.colours import encoded
from render.scene import Actor, CameraTrack

_CLAY = 0.6
"""Linear albedo."""
_KEY = (-0.50, 0.58, 0.64)
"""Towards the key light, in camera space (right, up, backwards): over the camera's left shoulder."""
_WRAP = 0.2
"""How far a soft light reaches around a form, as a share of its cosine."""


_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip", "left_collar", "right_collar")
_SMOOTHED = 0.025
"""Metres: forms of the trunk below this size go."""


class Body:
    """One actor's body, skinned for all frames of its clip, ready to be drawn frame by frame."""

    def __init__(self, actor: Actor, camera: CameraTrack):
        character = actor.character
        parts: list[MeshPart] = [_mannequin(character)]
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
        # To camera space, so that light falls on every clip alike. Sums, not a matrix product: one of so
        # many rows is shared out to threads, and rounds by how many there are.
        normals, axes = self._normals.of(points), self._camera.rotation[t].astype(np.float32)
        right, up, back = (sum(normals[:, k] * axes[k, i] for k in range(3)) for i in range(3))
        towards = _KEY[0] * right + _KEY[1] * up + _KEY[2] * back
        key = np.clip((towards + _WRAP) / (1 + _WRAP), 0.0, 1.0)
        above, ahead = 0.5 + 0.5 * up, np.clip(back, 0.0, 1.0)
        light = _CLAY * (0.05 + 0.82 * key + 0.06 * above + 0.09 * ahead)
        grey = encoded(light)
        return Mesh(points, self._triangles, np.repeat(grey[:, None], 3, axis=1))


def _mannequin(character: BakedCharacter) -> MeshPart:
    """The bare body with a smooth trunk: one implicit step of diffusion over the surface (Desbrun et al.,
    "Implicit Fairing of Irregular Meshes using Diffusion and Curvature Flow", 1999, equation 7), over
    _SMOOTHED² / 2, as much slower towards head and limbs as their joints move the skin. Every edge weighs 1,
    as in a mesh of equilateral triangles (where cotangents add up to 2 / √3), and vertices their own area, so
    that dense and coarse meshes are smoothed alike.
    """
    bare = character.bare_body()
    of_trunk = np.array([name in _TRUNK for name in character.rig.names])
    share = (bare.weights * of_trunk[bare.bones]).sum(axis=1).astype(np.float64)
    free, held = np.flatnonzero(share > 0.001), np.flatnonzero(share <= 0.001)
    points = bare.vertices.astype(np.float64)
    triangles = triangles_of(bare.faces)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    count = len(points)
    joined = sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    degree = np.bincount(edges[:, 0], minlength=count)
    a, b, c = (points[triangles[:, k]] for k in range(3))
    third = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    area = np.bincount(triangles.ravel(), np.repeat(third, 3), minlength=count)
    mass = area[free] / (share[free] * 0.5 * _SMOOTHED**2)
    rows = joined[free]
    system = sparse.diags(mass + degree[free]) - rows[:, free]
    known = mass[:, None] * points[free] + rows[:, held] @ points[held]
    if len(free):
        points[free] = linalg.splu(system.tocsc()).solve(known)
    return replace(bare, vertices=points.astype(np.float32))
