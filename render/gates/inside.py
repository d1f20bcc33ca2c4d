"""How deep a body's limbs are inside the rest of it, told by its skin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from render.characters.baked import BakedCharacter, MeshPart
from render.characters.skinning import skin
from render.scene import Actor
from render.skeleton import JOINT_INDEX, LEFT_HAND_JOINTS, RIGHT_HAND_JOINTS

LOOKED_AT = 9
"""Frames of a clip, at most, that are looked at."""
LIMB_POINTS = 120
"""Points of a limb, at most, that are looked for inside the rest of the body."""
DEEPEST = 5
"""The depth of a limb is that of its fifth deepest point: a fingertip alone cuts nothing."""
ASIDE, SLANT = 0.02, 0.3
"""Metres that a point may be beside the middle of the facet that it is under, and how much more each metre
deeper: facets of the trunk are 20 to 30 mm wide, and skin is curved."""

_SIDES = ("left", "right")
_HANDS = {"left": ("left_wrist", *LEFT_HAND_JOINTS), "right": ("right_wrist", *RIGHT_HAND_JOINTS)}
_LEGS = {side: tuple(f"{side}_{j}" for j in ("hip", "knee", "ankle", "foot")) for side in _SIDES}


def self_overlap(actor: Actor) -> float:
    """How deep a body's forearms, hands and shins are inside the rest of it, metres; 0 where they are not.

    Points of forearm and hand are looked for under the skin and close clothes of trunk, head, legs and the
    other arm (its hand aside: hands may clasp), points of shin and foot under those of the other leg. A point
    is inside where its three nearest facets all face away from it, as deep as the least of its heights below
    them. The body is as deep as its deepest limb in any of at most LOOKED_AT frames. What touches is about 0
    deep, and cloth on cloth a few millimetres.
    """
    frames = np.unique(np.linspace(0, len(actor.pose.positions) - 1, LOOKED_AT).astype(int))
    limbs = list(_limbs(actor.character))
    if not limbs:
        return 0.0
    needed = np.unique(np.concatenate([np.append(points, facets) for points, facets in limbs]))
    posed = _posed(actor, needed, frames)
    within = [(np.searchsorted(needed, p), np.searchsorted(needed, f)) for p, f in limbs]
    return max(_depth(places[p], places[f]) for places in posed for p, f in within)


def _posed(actor: Actor, needed: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """(T, N, 3) metres: where the vertices `needed`, counted through all worn parts, are in some frames."""
    first, posed = 0, []
    for part in _worn(actor.character):
        mine = needed[(needed >= first) & (needed < first + len(part.vertices))] - first
        posed.append(skin(part, actor.character.rig, actor.pose, mine, frames))
        first += len(part.vertices)
    return np.concatenate(posed, axis=1).astype(float)


def _worn(character: BakedCharacter) -> list[MeshPart]:
    """The skin that shows, and the clothes and shoes that hide the rest of it."""
    return [part for part in character.parts if part.name == "body" or part.role in ("cloth", "shoe")]


def _depth(points: np.ndarray, facets: np.ndarray) -> float:
    """Metres that the fifth deepest of points (N, 3) is under facets (F, 4, 3); 0 where it is not."""
    centres = facets.mean(axis=1)
    distances, nearest = cKDTree(centres).query(points, k=3)
    corners = facets[nearest]
    normals = np.cross(corners[:, :, 2] - corners[:, :, 0], corners[:, :, 3] - corners[:, :, 1])
    lengths = np.sqrt((normals * normals).sum(axis=-1))
    heights = ((points[:, None] - centres[nearest]) * normals).sum(axis=-1) / np.maximum(lengths, 1e-12)
    depths = -heights.max(axis=1)
    # The skin has holes where limbs were left out: what is beside a facet, not under it, is out in the open.
    aside = np.sqrt(np.maximum(distances[:, 0] ** 2 - heights[:, 0] ** 2, 0.0))
    depths = np.sort(np.where(aside <= ASIDE + SLANT * depths, depths, 0.0))
    return max(float(depths[-min(DEEPEST, len(depths))]), 0.0)


def _limbs(character: BakedCharacter) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each limb: its points (N,), and the corners (F, 4) of what it could be in; vertices are counted
    through all worn parts."""
    rig, owners_of, corners_of, first = character.rig, [], [], 0
    loose = [joint for swing in rig.swings for joint in swing.joints.ravel()]
    for part in _worn(character):
        owners = part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)].astype(int)
        # What swings is no body, and what is inside the mouth no surface of one. The skin of a twist helper
        # belongs to the bone that it helps.
        inner = part.attributes.get("mouth", np.zeros(len(owners))) > 0.5
        nobody = inner | np.isin(owners, loose)
        owners = np.where(owners < len(JOINT_INDEX), owners, rig.parents[owners])
        owners_of.append(np.where(nobody, -1, owners))
        corners_of.append(np.where(part.faces < 0, part.faces[:, :1], part.faces) + first)
        first += len(part.vertices)
    owners, corners = np.concatenate(owners_of), np.concatenate(corners_of)
    for side, other in (_SIDES, _SIDES[::-1]):
        own = (f"{side}_collar", f"{side}_shoulder", f"{side}_elbow", *_HANDS[side])
        for limb, not_in in (
            ((f"{side}_elbow", *_HANDS[side]), (*own, *_HANDS[other])),
            (_LEGS[side][1:], None),
        ):
            points = np.flatnonzero(_owned(owners, limb))
            there = _owned(owners, _LEGS[other]) if not_in is None else ~_owned(owners, not_in)
            facets = corners[(there & (owners >= 0))[corners].all(axis=1)]
            if len(points) and len(facets) >= 3:
                yield points[:: -(-len(points) // LIMB_POINTS)], facets


def _owned(owners: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.isin(owners, [JOINT_INDEX[name] for name in names])
