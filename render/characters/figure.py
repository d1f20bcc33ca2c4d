"""A character's undressed figure: the rest body in its look's proportions, on the canonical rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from motionpair.specs import Character
from render.characters import rig as rigs
from render.characters.baked import Rig
from render.characters.basis import BODY, LEFT_EYE, RIGHT_EYE, AnnyBasis

_HEAD_SCALE = {"realistic": 1.0, "animation_3d": 1.25, "animation_2d": 1.18}
_EYE_SCALE = {"realistic": 1.0, "animation_3d": 1.35, "animation_2d": 1.4}
_EYE_REACH = 1.7  # eye radii within which the lids scale with the eye; beyond it fades out


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
    vertices, units, rig = _stylise(rest.vertices, weights, units, rig, character.look)
    eyes, radius = _eyes(vertices)
    figure = Figure(character, basis, rig, vertices, weights, units, eyes, radius)
    return figure.raised(-vertices[BODY, 2].min())


def _stylise(
    vertices: np.ndarray, weights: np.ndarray, units: np.ndarray, rig: Rig, look: str
) -> tuple[np.ndarray, np.ndarray, Rig]:
    """Scale the head about its joint and the eyes about their centres: vertices, units and joints alike."""
    head_scale, eye_scale = _HEAD_SCALE[look], _EYE_SCALE[look]
    if head_scale == eye_scale == 1.0:
        return vertices, units, rig
    family = [rig.names.index(n) for n in ("head", "jaw", "left_eye_smplhf", "right_eye_smplhf")]
    of_head = weights[:, family].sum(axis=1)
    pivot = rig.heads[family[0]]
    growth = 1 + (head_scale - 1) * of_head
    vertices = pivot + (vertices - pivot) * growth[:, None]
    units = units * growth[:, None]
    heads, tails = rig.heads.copy(), rig.tails.copy()
    for ends in (heads, tails):
        ends[family] = pivot + (ends[family] - pivot) * head_scale
    centres, radius = _eyes(vertices)
    for centre, joint in zip(centres, family[2:], strict=True):
        # A larger eyeball sits deeper, so that it does not bulge.
        sink = np.array([0.0, 0.6 * radius * (eye_scale - 1), 0.0])
        distance = np.linalg.norm(vertices - centre, axis=1) / radius
        near = _smooth(2 * _EYE_REACH, _EYE_REACH, distance) * of_head
        growth = 1 + (eye_scale - 1) * near
        vertices = centre + (vertices - centre) * growth[:, None] + near[:, None] * sink
        units = units * growth[:, None]
        for ends in (heads, tails):
            ends[joint] += sink
    return vertices, units, replace(rig, heads=heads, tails=tails)


def _eyes(vertices: np.ndarray) -> tuple[np.ndarray, float]:
    """(2, 3) centres and the radius of the eyeballs."""
    centres = np.array([vertices[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE)])
    return centres, float(np.linalg.norm(vertices[LEFT_EYE] - centres[0], axis=1).mean())


def _face_size(vertices: np.ndarray) -> float:
    """Distance between the eyes: what a face's units scale with."""
    centres, _ = _eyes(vertices)
    return float(np.linalg.norm(centres[0] - centres[1]))


def _at_most(weights: np.ndarray, count: int) -> np.ndarray:
    """Keep each row's `count` largest weights, and make rows sum to 1 again."""
    kept = weights.copy()
    smallest = np.argsort(-kept, axis=1, kind="stable")[:, count:]
    np.put_along_axis(kept, smallest, 0.0, axis=1)
    return kept / kept.sum(axis=1, keepdims=True)


def _smooth(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Smoothstep from 0 at `low` to 1 at `high`; low may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
