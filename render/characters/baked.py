"""A baked character: everything a renderer needs of one cast member, as plain arrays.

Made once from a `motionpair.specs.Character` (render.characters.bake, which needs torch and anny), kept
as an uncompressed-pickle-free `.npz`, and loaded by render workers, which need numpy alone.

The rig is the 55 canonical joints of `render.skeleton`, in that order, then twist helpers, then the joints
of what hangs loose and swings (`Swing`). The bind pose is the body model's A-pose, feet on z = 0 (the lowest
sole vertex), pelvis above the origin, facing −Y.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

Role = Literal["skin", "eye", "lash", "teeth", "tongue", "cloth", "shoe", "hair", "accessory"]

ATTRIBUTES: dict[str, str] = {
    "rest": "every part: (V, 3) metres, the vertex in bind pose",
    "cloth_uv": "cloth, accessory: (V, 2) metres on the cloth, around the body and up it: weaves keep size",
    "cloth_uv2": "cloth, accessory: (V, 2) metres, the same on the sleeves, which are cut from other cloth",
    "cloth_side": "cloth, accessory: (V,) metres from the seam between the two, positive on the sleeves",
    "hem": "cloth, accessory: (V,) metres to the nearest edge, at most 0.06",
    "collar": "cloth: (V,) in [0, 1], on collars, cuffs and ribbed bands",
    "button": "cloth: (V,) in [0, 1], on buttons",
    "zip": "cloth: (V,) in [0, 1], on a zip",
    "placket": "cloth: (V,) metres from the middle of the buttoned front, at most 0.06",
    "sole": "shoe: (V,) in [0, 1], on the sole",
    "lace": "shoe: (V,) in [0, 1], on the laces",
    "trim": "accessory: (V,) in [0, 1], on a hat's ribbon, a cap's visor and button",
    "strand_uv": "hair: (V, 2) metres around the head and up it from the ears' height",
    "uv": "skin: (V, 2) texture coordinates of the body model",
    "brow": "skin: (V,) metres to the nearer brow's centre line",
    "brow_along": "skin: (V,) in [0, 1], along the brow from nose to temple",
    "lip": "skin: (V,) in [0, 1], on the lips",
    "eyelid": "skin: (V,) in [0, 1], on the eyelids",
    "mouth": "skin: (V,) in [0, 1], inside the mouth",
    "ear": "skin: (V,) in [0, 1], on the ears",
    "nail": "skin: (V,) in [0, 1], on finger- and toenails",
    "blush": "skin: (V,) in [0, 1], where blood shows",
    "beard": "skin: (V,) in [0, 1], where a beard would grow",
    "whiskers": "skin: (V,) in [0, 1], where the character's own beard grows, stubble included",
    "briefs": "skin: (V,) in [0, 1], on the shorts that are worn under skirts and dresses",
    "scalp": "skin: (V,) in [0, 1], where hair grows on the head",
    "eye": "eye: (V, 3) from the eyeball's centre, in eye radii, at rest gaze: −Y ahead, X left, Z up",
}
"""Attribute to the roles that have it, its shape and its meaning. Materials leave out what a part lacks."""


@dataclass(frozen=True)
class Swing:
    """A loose sheet of cloth or hair: columns of joints that hang from a pinned edge, and swing.

    Each joint stands at a place of the sheet and is a child of `anchor`: rigid with it until
    `render.secondary.swing` moves it.

    name: `skirt`, `hem`, `hair` or `tail`.
    anchor: the rig joint that carries the pinned edge.
    joints: (C, N) int32 rig joints: columns around the body, rows from the pinned edge down.
    pins: (C, 3) metres, bind pose: the pinned edge above each column.
    closed: whether the last column is next to the first.
    pace: radians a second: how fast the free edge swings to and fro.
    sag: share, 0 to 1, of a tilt of the anchor that gravity takes back.
    lies_on: the joint whose turns the lowest row shares, by `lies`, 0 to 1: hair that lies on the back.
    block_joints, block_ends, block_radii: (K,) rig joints, (K, 2, 3) and (K, 2) metres, bind pose: tapered
        capsules that the sheet stays out of.
    """

    name: str
    anchor: int
    joints: np.ndarray
    pins: np.ndarray
    closed: bool
    pace: float
    sag: float
    lies_on: int
    lies: float
    block_joints: np.ndarray
    block_ends: np.ndarray
    block_radii: np.ndarray


@dataclass(frozen=True)
class Rig:
    """A bind-pose skeleton.

    names: R joint names, the 55 canonical ones first.
    parents: (R,) int, −1 for the pelvis.
    heads: (R, 3) metres, bind pose, character space.
    tails: (R, 3) metres: where the bone points.
    to_t_pose: (R, 4) wxyz. Global rotation that takes each bone from bind pose to the canonical T-pose.
    twist_of: for each joint after the 55th, (name of its source joint, share of that joint's twist). In the
        canonical frames (every joint's frame is the world's in the T-pose) a helper's global rotation is
        G[helper] = G[parent] · twist(L[source])^share, where L[source] is the source's local rotation and
        twist() its turn about the helper's axis: tails − heads in the T-pose. A source that is the parent
        itself has a negative share: the helper takes back a part of the parent's twist. A joint that
        swings has its anchor as parent and source, and share 0: it starts rigid with the anchor.
    swings: what hangs loose.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    to_t_pose: np.ndarray
    twist_of: Mapping[str, tuple[str, float]]
    swings: tuple[Swing, ...] = ()


@dataclass(frozen=True)
class MeshPart:
    """One mesh of a character, in bind pose.

    vertices: (V, 3) float32 metres. faces: (F, 4) int32, a triangle repeats −1 in its last column.
    bones: (V, 8) uint8 rig joints; weights: (V, 8) float32, rows sum to 1.
    unit_vertices: (N,) int32 vertices that face units move; unit_deltas: (52, N, 3) float16 metres.
    attributes: float32 per-vertex values that materials read; ATTRIBUTES says which part has which.
    garment: index into the character's garments, −1 for none.
    """

    name: str
    role: Role
    vertices: np.ndarray
    faces: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    unit_vertices: np.ndarray
    unit_deltas: np.ndarray
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)
    garment: int = -1


@dataclass(frozen=True)
class BakedCharacter:
    """A cast member as arrays.

    character_json: canonical JSON of the Character that it was baked from.
    hip_height: metres from the ground to the pelvis joint in the T-pose; root motion scales with it.
    height: metres, ground to crown.
    hand_vertices: (left, right) vertex indices of part `body`; face_vertices: likewise.
    soles: for each of skeleton.CONTACT_POINTS, (N_i,) indices into the part `sole_part`.
    strands: (S, P, 3) float32 hair strands in bind pose; S = 0 without strands.
    sway: (S, P, 2) float32: where on the sheet of the rig's `hair` or `tail` Swing each point lies: column
        and row, 0 at the pinned edge, where hair is rigid with the head. None: all of it is.
    strand_roots: (S,) int32: the vertex of part `body` that a strand of beard moves with, −1 for hair of the
        head. None: there is no beard of strands.
    covered: what clothes hide of the body, and `parts` lack. Its faces count the vertices of part `body`
        first, then its own. None: nothing is hidden.
    """

    character_json: str
    rig: Rig
    parts: tuple[MeshPart, ...]
    strands: np.ndarray
    strand_radius: float
    hip_height: float
    height: float
    hand_vertices: tuple[np.ndarray, np.ndarray]
    face_vertices: np.ndarray
    sole_part: str
    soles: tuple[np.ndarray, ...]
    sway: np.ndarray | None = None
    strand_roots: np.ndarray | None = None
    covered: MeshPart | None = None

    def part(self, name: str) -> MeshPart:
        """The part called `name`."""
        return next(p for p in self.parts if p.name == name)

    def bare_body(self) -> MeshPart:
        """The whole skin, as without clothes; its first vertices are those of part `body`. Without
        attributes."""
        body, hidden = self.part("body"), self.covered
        if hidden is None:
            return replace(body, attributes={})
        return MeshPart(
            name="bare body",
            role="skin",
            vertices=np.concatenate([body.vertices, hidden.vertices]),
            faces=np.concatenate([body.faces, hidden.faces]),
            bones=np.concatenate([body.bones, hidden.bones]),
            weights=np.concatenate([body.weights, hidden.weights]),
            unit_vertices=np.concatenate([body.unit_vertices, hidden.unit_vertices + len(body.vertices)]),
            unit_deltas=np.concatenate([body.unit_deltas, hidden.unit_deltas], axis=1),
        )
