"""Proportions of the drawn looks: a larger head, larger eyes, a smaller nose, a narrower chin.

A look's face is a smooth warp of space about the eyes, applied to the whole base mesh, to its face units and
to the joints of the head alike: lids still close on the eyeballs, lips still meet on the teeth. Lengths are
in units of half the distance between the eyes, X left, −Y ahead, Z up from the middle between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionpair.specs import Look
from render.characters.baked import Rig
from render.characters.basis import LEFT_EYE, RIGHT_EYE
from render.skeleton import FACE_UNITS

_HEAD_JOINTS = ("head", "jaw", "left_eye_smplhf", "right_eye_smplhf")
_EYE_REACH = 1.12
"""Eye radii within which the lids grow with the eye; beyond it the growth fades out."""
_EYE_FADE = 0.9
"""Eye radii over which it falls to half."""
_NOSE = (0.0, -0.75, -0.85)
_CHEEK = (0.95, -0.2, -1.35)


@dataclass(frozen=True)
class Proportions:
    """How a look's face differs from the body model's.

    head: scale of the head about its joint. eyes: scale of the eyeballs, beyond the head's. open, smile: how
    much of the face units eyeWide and mouthSmile the face shows at rest. apart: how far each eye moves
    outwards. nose: its scale. jaw: how much narrower the chin is than the temples. chin: how much shorter the
    face is below the nose. cheeks: how far they come forward. crown: how much rounder the skull is above.
    liveliness: scale of what brows and mouth do.
    """

    head: float
    eyes: float
    open: float
    smile: float
    apart: float
    nose: float
    jaw: float
    chin: float
    cheeks: float
    crown: float
    liveliness: float


PROPORTIONS: dict[Look, Proportions | None] = {
    "realistic": None,
    "animation_3d": Proportions(1.42, 1.55, 0.25, 0.36, 0.09, 0.74, 0.09, 0.10, 0.11, 0.05, 1.2),
    "animation_2d": Proportions(1.34, 1.72, 0.45, 0.30, 0.13, 0.62, 0.16, 0.08, 0.06, 0.05, 1.35),
}


def stylise(
    vertices: np.ndarray, weights: np.ndarray, units: np.ndarray, rig: Rig, look: Look
) -> tuple[np.ndarray, np.ndarray, Rig]:
    """The base mesh (19158, 3), its face units (52, 19158, 3) and the rig in a look's proportions."""
    shape = PROPORTIONS[look]
    if shape is None:
        return vertices, units, rig
    family = [rig.names.index(n) for n in _HEAD_JOINTS]
    of_head = weights[:, family].sum(axis=1)
    pivot = rig.heads[family[0]]
    vertices, units = _rested(vertices, units, shape)
    scaled = pivot + (vertices - pivot) * (1 + (shape.head - 1) * of_head)[:, None]
    centres, radius = eyeballs(scaled)
    warp = _Warp(shape, pivot, centres, radius)
    shown = warp(vertices, of_head)
    moved = np.zeros_like(units)
    for unit in range(len(units)):
        rows = np.flatnonzero(np.any(units[unit] != 0, axis=1))
        lively = 1.0 if FACE_UNITS[unit].startswith("eye") else shape.liveliness
        moved[unit, rows] = lively * (warp(vertices[rows] + units[unit, rows], of_head[rows]) - shown[rows])
    heads, tails = rig.heads.copy(), rig.tails.copy()
    for ends in (heads, tails):
        ends[family] = warp(ends[family], np.ones(len(family)))
    heads[family[0]] = pivot
    for joint, ball in zip(family[2:], (LEFT_EYE, RIGHT_EYE), strict=True):
        # The eye turns about its ball's middle, wherever the warp has put that.
        shift = shown[ball].mean(axis=0) - heads[joint]
        heads[joint] += shift
        tails[joint] += shift
    return shown, moved, replace(rig, heads=heads, tails=tails)


def eyeballs(vertices: np.ndarray) -> tuple[np.ndarray, float]:
    """(2, 3) centres and the radius of the eyeballs of the base mesh."""
    centres = np.array([vertices[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE)])
    return centres, float(np.linalg.norm(vertices[LEFT_EYE] - centres[0], axis=1).mean())


def _rested(vertices: np.ndarray, units: np.ndarray, shape: Proportions) -> tuple[np.ndarray, np.ndarray]:
    """The face at rest: a hint of a smile, and open lids; a blink closes them from there."""
    units, shown = units.copy(), vertices.copy()
    for side in ("Left", "Right"):
        wide, blink, smile = (FACE_UNITS.index(n + side) for n in ("eyeWide", "eyeBlink", "mouthSmile"))
        opened, smiled = shape.open * units[wide], shape.smile * units[smile]
        shown += opened + smiled
        units[blink] -= opened
        units[wide] -= opened
        units[smile] -= smiled
    return shown, units


@dataclass(frozen=True)
class _Warp:
    """From the body model's space to the look's, for points that hang on the head by a share in [0, 1].

    pivot: the head's joint. centres, radius: the eyeballs of the scaled head, metres.
    """

    shape: Proportions
    pivot: np.ndarray
    centres: np.ndarray
    radius: float

    def __call__(self, points: np.ndarray, of_head: np.ndarray) -> np.ndarray:
        shape = self.shape
        scaled = self.pivot + (points - self.pivot) * (1 + (shape.head - 1) * of_head)[:, None]
        middle = self.centres.mean(axis=0)
        half = float(np.linalg.norm(self.centres[0] - self.centres[1])) / 2
        local = (scaled - middle) / half
        eyes = (self.centres - middle) / half
        radius = self.radius / half
        ball = np.min([np.linalg.norm(local - eye, axis=1) for eye in eyes], axis=0) / radius
        # An eyeball stays a ball: the face's features flow around it.
        moved = _rise(1.05, 2.2, ball)[:, None] * self._features(local) + self._eyes(local, eyes, radius)
        return scaled + of_head[:, None] * half * moved

    def _features(self, local: np.ndarray) -> np.ndarray:
        """What nose, cheeks, jaw and crown add."""
        shape = self.shape
        x, y, z = local.T
        out = np.zeros_like(local)
        nose = _bell(local, _NOSE, (0.62, 0.9, 0.75))
        out += nose[:, None] * (shape.nose - 1) * (local - np.array([0.0, -0.25, -0.62]))
        for side in (1.0, -1.0):
            place = (_CHEEK[0] * side, *_CHEEK[1:])
            out += (
                _bell(local, place, (0.75, 0.9, 0.75))[:, None]
                * shape.cheeks
                * np.array([0.3 * side, -0.8, 0.1])
            )
        low = _rise(-0.9, -2.9, z) * _rise(3.2, 1.2, y)
        out[:, 0] -= shape.jaw * low * x
        out[:, 2] += shape.chin * low * (-0.9 - z)
        high = _rise(0.2, 2.4, z)
        out += shape.crown * high[:, None] * (local - np.array([0.0, 1.4, 0.0])) * np.array([0.6, 0.6, 1.0])
        return out

    def _eyes(self, local: np.ndarray, eyes: np.ndarray, radius: float) -> np.ndarray:
        """What the growing eyes add."""
        grow = self.shape.eyes - 1
        added = np.zeros_like(local)
        for centre, side in zip(eyes, (1.0, -1.0), strict=True):
            away = local - centre
            distance = np.linalg.norm(away, axis=1) / radius
            near = 1 / (1 + (np.maximum(distance - _EYE_REACH, 0) / _EYE_FADE) ** 2) * _rise(6, 3, distance)
            # Each eye keeps to its own side of the nose; a larger ball sits deeper, or it would bulge.
            inwards = _rise(-0.35, 0.45, local[:, 0] * side)
            own = np.stack([_rise(0.0, 0.42, local[:, 0] * side), inwards, inwards], axis=1)
            shift = np.array([self.shape.apart * side, 0.62 * radius * grow, 0.0])
            added += near[:, None] * own * (grow * away + shift)
        return added


def _bell(points: np.ndarray, centre: Sequence[float], reach: Sequence[float]) -> np.ndarray:
    """A Gaussian in [0, 1] around `centre`, `reach` wide along each axis."""
    away = (points - np.asarray(centre)) / np.asarray(reach)
    return np.exp(-np.sum(away * away, axis=1))


def _rise(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Smoothstep from 0 at `low` to 1 at `high`; low may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
