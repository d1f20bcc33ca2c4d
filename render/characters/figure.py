"""A character's undressed figure: the rest body in its look's proportions, on the canonical rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from motionpair.specs import Character
from render.characters import rig as rigs
from render.characters.baked import Rig
from render.characters.basis import BODY, AnnyBasis
from render.characters.stylise import eyeballs, stylise


@dataclass(frozen=True)
class Figure:
    """Body, helpers and rig of one character in bind pose, before clothes.

    vertices: (19158, 3) metres, the whole base mesh. weights: (19158, R) over the rig's joints.
    units: (52, 19158, 3) metres, face units at this face's size. groups: base mesh faces by group.
    eyes: (2, 3) metres, centres of the left and right eyeball; eye_radius: metres.
    """

    character: Character
    basis: AnnyBasis
    rig: Rig
    vertices: np.ndarray
    weights: np.ndarray
    units: np.ndarray
    eyes: np.ndarray
    eye_radius: float

    @cached_property
    def blended(self) -> np.ndarray:
        """(19158, 3, 4) each vertex's transform from bind pose to T-pose."""
        return rigs.blended(self.rig, self.weights)

    @cached_property
    def t_vertices(self) -> np.ndarray:
        """(19158, 3) metres: the base mesh in the canonical T-pose."""
        return np.einsum("vij,vj->vi", self.blended[:, :, :3], self.vertices) + self.blended[:, :, 3]

    @cached_property
    def t_joints(self) -> dict[str, np.ndarray]:
        """Joint places in the canonical T-pose by name."""
        return dict(zip(self.rig.names, rigs.t_pose_places(self.rig), strict=True))

    def weight_of(self, *joints: str) -> np.ndarray:
        """(19158,) summed weights of joints."""
        return self.weights[:, [self.rig.names.index(name) for name in joints]].sum(axis=1)

    def raised(self, height: float) -> Figure:
        """The figure moved: pelvis above the origin, and up by `height` metres."""
        pelvis = self.rig.heads[0]
        shift = np.array([-pelvis[0], -pelvis[1], height])
        rig = replace(self.rig, heads=self.rig.heads + shift, tails=self.rig.tails + shift)
        return replace(self, rig=rig, vertices=self.vertices + shift, eyes=self.eyes + shift)


def build(basis: AnnyBasis, character: Character) -> Figure:
    """The figure of a character, its body's lowest sole vertex on z = 0."""
    rest = basis.rest(character.phenotype)
    weights = _at_most(basis.weights @ rigs.owners(basis.bones, basis.parents), 8)
    # Face units are made for the average adult's face; a smaller face moves less.
    units = basis.units * (_face_size(rest.vertices) / _face_size(basis.average.vertices))
    rig = rigs.build(rest, basis.bones)
    vertices, units, rig = stylise(rest.vertices, weights, units, rig, character.look)
    eyes, radius = eyeballs(vertices)
    figure = Figure(character, basis, rig, vertices, weights, units, eyes, radius)
    return figure.raised(-vertices[BODY, 2].min())


def _face_size(vertices: np.ndarray) -> float:
    """Distance between the eyes: what a face's units scale with."""
    centres, _ = eyeballs(vertices)
    return float(np.linalg.norm(centres[0] - centres[1]))


def _at_most(weights: np.ndarray, count: int) -> np.ndarray:
    """Keep each row's `count` largest weights, and make rows sum to 1 again."""
    kept = weights.copy()
    smallest = np.argsort(-kept, axis=1, kind="stable")[:, count:]
    np.put_along_axis(kept, smallest, 0.0, axis=1)
    return kept / kept.sum(axis=1, keepdims=True)
