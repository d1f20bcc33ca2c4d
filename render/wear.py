"""How clothes fare in a pose: whether skin or other clothes come through them, and how far they stretch.

Everything is measured on skinned vertices, sampled in space and time so that a clip of 17 frames costs a
fraction of a CPU second: cheap enough for a gate that needs no pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from render.characters.baked import BakedCharacter, MeshPart
from render.characters.skinning import skin
from render.scene import Pose

SKIN_LIMIT = 0.10
"""Largest share of the skin beneath a garment that may be outside it. In pictures of the worst cases nothing
is seen up to 0.12: it is skin that hems and sleeves leave free anyway; at 0.16 a patch of thigh shows."""
CLOTH_LIMIT = 0.10
"""The same for a garment beneath another one; a fold of a top over a jacket's hem shows from 0.15 on."""
STRETCH_LIMIT = 4.0
"""Largest stretch (99th percentile of the edges). In deep squats and high kicks the crotch of shorts comes to
3.9, where no one looks; anywhere else cloth stays below 2.5, from where on its pattern smears."""
TEAR_LIMIT = 0.10
"""Metres that the worst edge may grow by: a spike or a web between limbs is longer."""

_FRAMES = 9  # of a clip
_SKIN, _CLOTH = 900, 700  # sampled vertices of what a garment covers
_DEPTH = 0.003  # metres outside that count: less is hidden by the cloth's own thickness
_REACH = {"skirt": 0.12, "dress": 0.12}  # metres that cloth may stand off what it covers
_REACH_CLOSE = 0.05  # the same for all others; what is further outside is not coming through, but elsewhere
_FEWEST = 60  # points that make a whole: of fewer, one would be a large share
_ASIDE = 0.02  # metres past the nearest facet's middle: beyond that a point is past a hem, not through cloth
_SLACK = 0.005  # metres: edges are judged as if they were this much longer, or slivers would dominate


@dataclass(frozen=True)
class GarmentFigures:
    """How one garment fares, at its worst frame.

    skin: share of the skin beneath it that is outside it. cloth: the same for other garments beneath it.
    stretch: 99th percentile over its edges of length against rest. growth: metres, the most an edge grows.
    """

    name: str
    skin: float
    cloth: float
    stretch: float
    growth: float

    @property
    def fails(self) -> tuple[str, ...]:
        """What a viewer would see: of `skin`, `cloth`, `stretch`, `tear`."""
        limits = {
            "skin": (self.skin, SKIN_LIMIT),
            "cloth": (self.cloth, CLOTH_LIMIT),
            "stretch": (self.stretch, STRETCH_LIMIT),
            "tear": (self.growth, TEAR_LIMIT),
        }
        return tuple(name for name, (figure, limit) in limits.items() if figure > limit)


WearFigures = tuple[GarmentFigures, ...]


def measure(baked: BakedCharacter, pose: Pose) -> WearFigures:
    """How every garment of a character fares in a pose of T frames, secondary motion included."""
    frames = np.unique(np.linspace(0, len(pose.rotations) - 1, _FRAMES).astype(int))
    garments = [part for part in baked.parts if part.garment >= 0]
    found = []
    posed = {part.name: skin(part, baked.rig, pose, frames=frames) for part in garments}
    body = baked.part("body")
    for part in garments:
        sheet = _Sheet(part)
        triangles = sheet.posed(posed[part.name])
        beneath = sheet.beneath(body.vertices, _SKIN)
        of_skin = skin(body, baked.rig, pose, beneath, frames)
        cloth = 0.0
        for other in garments:
            if other is not part:
                under = sheet.beneath(other.vertices, _CLOTH)
                cloth = max(cloth, _outside(posed[other.name][:, under], triangles, _REACH_CLOSE))
        through = _outside(of_skin, triangles, _reach(part))
        found.append(GarmentFigures(part.name, through, cloth, *_strain(part, posed[part.name])))
    return tuple(found)


class _Sheet:
    """A garment as triangle-like facets: their centres and normals tell inside from outside."""

    def __init__(self, part: MeshPart) -> None:
        self._part = part
        # A collar's stand faces the neck, and a cuff's end the wrist: they say nothing of inside and outside.
        collar = part.attributes.get("collar", np.zeros(len(part.vertices))) > 0.5
        self._faces = part.faces[~collar[part.faces[:, 0]]]
        self._trim = np.flatnonzero(collar)
        self._last = np.where(self._faces[:, 3] < 0, self._faces[:, 0], self._faces[:, 3])
        self._triangle = self._faces[:, 3] < 0

    def posed(self, vertices: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per frame of (T, V, 3): the facets' centres (F, 3) and unit normals (F, 3)."""
        return [self._facets(v) for v in vertices]

    def beneath(self, points: np.ndarray, most: int) -> np.ndarray:
        """At most `most` of the points (N, 3), bind pose, that lie under this garment, within its hems.

        None where more of them lie on it: then they are a garment worn over it.
        """
        centres, normals = self._facets(self._part.vertices)
        distance, nearest = cKDTree(centres).query(points, distance_upper_bound=_reach(self._part))
        near = np.flatnonzero(np.isfinite(distance))
        offset = points[near] - centres[nearest[near]]
        height = (offset * normals[nearest[near]]).sum(axis=1)
        aside = np.sqrt(np.maximum(distance[near] ** 2 - height**2, 0))
        within = aside < 0.7 * self._size()
        found = near[(height < 0) & within]
        if len(found) < ((height >= 0) & within).sum():
            return found[:0]
        if len(self._trim):
            to_trim, _ = cKDTree(self._part.vertices[self._trim]).query(points[found])
            found = found[to_trim > distance[found]]
        return found[:: max(1, -(-len(found) // most))]

    def _size(self) -> float:
        """Metres, about the width of a facet."""
        v, f = self._part.vertices, self._faces
        return float(np.quantile(np.linalg.norm(v[f[:, 2]] - v[f[:, 0]], axis=1), 0.8))

    def _facets(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        f, last = self._faces, self._last
        a, b, c, d = v[f[:, 0]], v[f[:, 1]], v[f[:, 2]], v[last]
        cross = np.cross(c - a, np.where(self._triangle[:, None], a, d) - b)
        centres = np.where(self._triangle[:, None], (a + b + c) / 3, (a + b + c + d) / 4)
        return centres, cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-12)


def _reach(part: MeshPart) -> float:
    return _REACH.get(part.name, _REACH_CLOSE)


def _outside(points: np.ndarray, facets: list[tuple[np.ndarray, np.ndarray]], reach: float) -> float:
    """Share of points (T, N, 3) outside the facets by at most `reach` metres, in the worst frame."""
    if not points.shape[1]:
        return 0.0
    worst = 0.0
    for p, (centres, normals) in zip(points, facets, strict=True):
        distance, nearest = cKDTree(centres).query(p, k=3)
        height = np.einsum("nkj,nkj->nk", p[:, None] - centres[nearest], normals[nearest])
        # Outside of all the nearest facets: on a fold, the one beside it still covers.
        aside = np.sqrt(np.maximum(distance[:, 0] ** 2 - height[:, 0] ** 2, 0))
        out = (height > _DEPTH).all(axis=1) & (distance[:, 0] < reach) & (aside < _ASIDE)
        worst = max(worst, float(out.sum()) / max(len(out), _FEWEST))
    return worst


def _strain(part: MeshPart, posed: np.ndarray) -> tuple[float, float]:
    """99th percentile of the edges' stretch, and the largest growth in metres, over frames (T, V, 3)."""
    f = part.faces
    last = np.where(f[:, 3] < 0, f[:, 0], f[:, 3])
    a, b = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], np.stack([f[:, 2], last], axis=1)]).T
    rest = np.linalg.norm(part.vertices[a] - part.vertices[b], axis=1)
    length = np.linalg.norm(posed[:, a] - posed[:, b], axis=2)
    ratio = (length + _SLACK) / (rest + _SLACK)
    return float(np.quantile(ratio, 0.99, axis=1).max()), float((length - rest).max())
