"""Beards longer than stubble: strands that grow from the face and move with it; a shell for flat looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from render.characters import whiskers
from render.characters.baked import MeshPart
from render.characters.basis import BODY
from render.characters.body import weight_rows
from render.characters.figure import Figure
from render.characters.scalp import Scalp
from render.characters.strands import spread, unit
from render.characters.surface import Surface
from render.skeleton import FACE_UNITS


@dataclass(frozen=True)
class _Cut:
    """Metres on an adult's face: strands at the chin and at the cheeks; how many; a shell's depth."""

    chin: float
    cheek: float
    strands: int
    depth: float


_CUTS = {
    "moustache": _Cut(0.011, 0.011, 1100, 0.0035),
    "goatee": _Cut(0.019, 0.011, 1900, 0.0050),
    "full": _Cut(0.026, 0.010, 3600, 0.0060),
}


@dataclass(frozen=True)
class Beard:
    """A beard in bind pose: strands (S, P, 3) metres, and the vertices (S,) of part `body` they move with."""

    strands: np.ndarray
    roots: np.ndarray


def grow(figure: Figure, skin: MeshPart, points: int) -> Beard | None:
    """A beard of strands of `points` points, or None where there is none, or it is painted.

    Args:
        figure: the character, placed on the ground. skin: its part `body`.
    """
    kind = figure.character.hair.beard
    mask = whiskers.region(figure)
    if kind not in _CUTS:
        return None
    cut = _CUTS[kind]
    rng = np.random.default_rng([figure.character.seed, 0xBEA])
    size = Scalp(figure).size
    surface = _bearded(figure, mask)
    start, normals = spread(surface, cut.strands, rng, np.clip(surface.values[:, 0], 0, 1))
    down, ahead, low = _flow(figure, start)
    length = size * (cut.cheek + (cut.chin - cut.cheek) * low) * rng.uniform(0.75, 1.1, len(start))
    jitter = rng.normal(0, 0.20, start.shape)
    out = np.empty((len(start), points, 3))
    out[:, 0] = start - 0.0008 * size * normals
    direction = unit(0.75 * normals + 0.8 * down + jitter)
    for k in range(1, points):
        t = k / (points - 1)
        direction = unit(
            direction + (0.55 * down + 0.25 * ahead + 0.3 * jitter) * 2 / points - 0.1 * t * normals
        )
        out[:, k] = out[:, k - 1] + (length / (points - 1))[:, None] * direction
    face = np.flatnonzero(skin.vertices[:, 2] > figure.rig.heads[figure.rig.names.index("neck")][2] - 0.05)
    _, nearest = cKDTree(skin.vertices[face]).query(start)
    return Beard(out.astype(np.float32), face[nearest].astype(np.int32))


def shell(figure: Figure) -> MeshPart | None:
    """A beard as a surface off the skin that moves with it, or None."""
    kind = figure.character.hair.beard
    mask = whiskers.region(figure)
    if kind not in _CUTS:
        return None
    size = Scalp(figure).size
    surface = _bearded(figure, mask)
    _, _, low = _flow(figure, surface.vertices)
    depth = size * _CUTS[kind].depth * np.clip(surface.values[:, 0] * 1.6, 0.12, 1) * (1 + 1.3 * low)
    vertices = surface.vertices + depth[:, None] * surface.normals()
    vertices[:, 2] -= 0.8 * size * _CUTS[kind].chin * low * np.clip(surface.values[:, 0], 0, 1)
    joints = figure.weights.shape[1]
    bones, weights = weight_rows(surface.values[:, 1 : 1 + joints])
    deltas = surface.values[:, 1 + joints :].reshape(len(vertices), len(FACE_UNITS), 3)
    points = vertices.astype(np.float32)
    azimuth, elevation = Scalp(figure).angles(vertices)
    across = np.radians(np.stack([azimuth, elevation], axis=1)) * 0.095 * size
    return MeshPart(
        name="beard",
        role="hair",
        vertices=points,
        faces=surface.faces.astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=np.arange(len(points), dtype=np.int32),
        unit_deltas=deltas.transpose(1, 0, 2).astype(np.float16),
        attributes={"rest": points, "strand_uv": across.astype(np.float32)},
    )


def _bearded(figure: Figure, mask: np.ndarray) -> Surface:
    """The skin under the beard; values: the mask, skinning weights, and the face units' deltas."""
    near = mask > 0.01
    faces = figure.basis.groups["body"]
    faces = faces[near[faces].any(axis=1)]
    units = figure.units.transpose(1, 0, 2).reshape(len(figure.vertices), -1)
    whole = Surface.of(figure.vertices, faces, np.concatenate([mask[:, None], figure.weights, units], axis=1))
    return whole.clip(whole.values[:, 0] - 0.3)


def _flow(figure: Figure, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions in which a beard is combed, and ahead (N, 3); and how far below the mouth: 0 to 1 (N,)."""
    half = 0.5 * float(np.linalg.norm(figure.eyes[0] - figure.eyes[1]))
    lips = figure.vertices[BODY][figure.basis.painted("lips") > 0.5]
    below = (float(lips[:, 2].mean()) - points[:, 2]) / half
    low = np.clip(below / 1.3, 0, 1)
    above = np.clip(-below / 0.25, 0, 1)[:, None]
    side = np.clip(points[:, 0] / (0.35 * half), -1, 1)[:, None] * np.array([1.0, 0.0, 0.0])
    down = np.array([0.0, 0.0, -1.0]) + above * 1.1 * side
    middle = np.clip(1 - np.abs(points[:, 0]) / (1.2 * half), 0, 1)
    return unit(down), np.tile([0.0, -1.0, 0.0], (len(points), 1)), low * middle
