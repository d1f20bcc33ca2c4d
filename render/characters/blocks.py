"""What loose cloth and hair stay out of: tapered capsules, fitted to a figure's own limbs and trunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.characters.basis import BODY
from render.characters.figure import Figure

_BAND = 0.07  # of a limb's length: the slice that a radius is measured on
_SIDES = ("left", "right")
_THICK = 90  # percentile of the distances from a slice's middle that counts as its radius


@dataclass(frozen=True)
class Blocks:
    """Capsules in bind pose: rig joints (K,), ends (K, 2, 3) and radii (K, 2), metres."""

    joints: np.ndarray
    ends: np.ndarray
    radii: np.ndarray


def legs(figure: Figure) -> Blocks:
    """Both legs to the ankles, and the hips across."""
    found: list[tuple[int, np.ndarray, np.ndarray]] = []
    for side in _SIDES:
        hip, knee, ankle = (_place(figure, f"{side}_{n}") for n in ("hip", "knee", "ankle"))
        thigh = figure.weight_of(f"{side}_hip", f"{side}_thigh_twist")
        shin = figure.weight_of(f"{side}_knee", f"{side}_shin_twist")
        found += _limb(figure, f"{side}_hip", thigh, hip, knee, (0.07, 0.5, 0.98))
        found += _limb(figure, f"{side}_knee", shin, knee, ankle, (0.02, 0.4, 0.9))
    hips = 0.5 * (_place(figure, "left_hip") + _place(figure, "right_hip"))
    of_hips = figure.weight_of(
        "pelvis", "spine1", *(f"{s}_{n}" for s in _SIDES for n in ("hip", "thigh_twist"))
    )
    trunk_skin = figure.vertices[BODY][of_hips[BODY] > 0.5]
    found.append(_across(figure, "pelvis", float(hips[2]) + 0.01, 0.05, trunk_skin))
    return _blocks(found)


def trunk(figure: Figure, clothes: list[np.ndarray]) -> Blocks:
    """Neck, shoulders, chest and upper arms under their clothes (each (V, 3) metres, bind pose)."""
    found: list[tuple[int, np.ndarray, np.ndarray]] = []
    neck, head = _place(figure, "neck"), _place(figure, "head")
    of_neck = figure.weight_of("neck", "head", "spine3")
    found += _limb(figure, "neck", of_neck, neck, head, (0.2, 0.9), reach=0.09)
    worn = np.concatenate([figure.vertices[BODY], *clothes])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, elbow = (_place(figure, f"{side}_{n}") for n in ("shoulder", "elbow"))
        base = neck + (0.35 * (shoulder - neck)) * (1, 1, 0)
        found.append(_under(figure, f"{side}_collar", worn, base, shoulder))
        arm = worn[(worn[:, 0] * sign > shoulder[0] * sign - 0.02)]
        found += _sections(
            figure, f"{side}_shoulder", arm, shoulder, shoulder + 0.8 * (elbow - shoulder), (0.1, 0.9), 0.11
        )
    spine = _place(figure, "spine3")
    for height, joint in ((spine[2] + 0.02, "spine3"), (spine[2] - 0.09, "spine2")):
        found.append(_across(figure, joint, float(height), 0.03, worn))
    return _blocks(found)


def _place(figure: Figure, joint: str) -> np.ndarray:
    return figure.rig.heads[figure.rig.names.index(joint)]


def _limb(
    figure: Figure,
    joint: str,
    weight: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    stations: tuple[float, ...],
    reach: float = 0.16,
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Capsules between slices of the body's own skin, at shares of the way from start to end."""
    return _sections(figure, joint, figure.vertices[BODY][weight[BODY] > 0.35], start, end, stations, reach)


def _sections(
    figure: Figure,
    joint: str,
    points: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    stations: tuple[float, ...],
    reach: float,
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    axis = end - start
    along = (points - start) @ axis / (axis @ axis)
    aside = points - start - along[:, None] * axis
    near = np.linalg.norm(aside, axis=1) < reach * 1.6
    middles, radii = [], []
    for t in stations:
        band = aside[near & (np.abs(along - t) < _BAND)]
        if len(band) < 4:
            band = aside[near][np.argsort(np.abs(along[near] - t))[:12]]
        middle = 0.5 * (band.max(axis=0) + band.min(axis=0))
        middle -= axis * (middle @ axis) / (axis @ axis)
        middles.append(start + t * axis + middle)
        radii.append(float(np.percentile(np.linalg.norm(band - middle, axis=1), _THICK)))
    number = figure.rig.names.index(joint)
    return [
        (number, np.stack([middles[k], middles[k + 1]]), np.array([radii[k], radii[k + 1]]))
        for k in range(len(stations) - 1)
    ]


def _across(
    figure: Figure, joint: str, height: float, band: float, points: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray]:
    """A capsule from side to side through the trunk at a height, as deep as the trunk is there."""
    width = abs(_place(figure, "left_shoulder")[0]) if "spine" in joint else 10.0
    slab = points[(np.abs(points[:, 2] - height) < band) & (np.abs(points[:, 0]) < width)]
    low, high = np.percentile(slab, [2, 98], axis=0)
    depth = 0.5 * float(high[1] - low[1])
    half = max(0.5 * float(high[0] - low[0]) - depth, 0.01)
    middle = 0.5 * (low + high)
    ends = np.array([[half, middle[1], height], [-half, middle[1], height]])
    return figure.rig.names.index(joint), ends, np.array([depth, depth])


def _under(
    figure: Figure, joint: str, points: np.ndarray, start: np.ndarray, end: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray]:
    """A capsule whose upper side is the shoulder's line from start to end."""
    radius = 0.05 * float(np.linalg.norm(figure.eyes[0] - figure.eyes[1])) / 0.062
    tops = []
    for place in (start, end):
        near = points[np.hypot(points[:, 0] - place[0], points[:, 1] - place[1]) < 0.02]
        near = near[near[:, 2] < place[2] + 0.12]
        top = float(near[:, 2].max()) if len(near) else float(place[2])
        tops.append(np.array([place[0], place[1], top - radius]))
    return figure.rig.names.index(joint), np.stack(tops), np.array([radius, radius])


def _blocks(found: list[tuple[int, np.ndarray, np.ndarray]]) -> Blocks:
    joints, ends, radii = zip(*found, strict=True)
    return Blocks(np.array(joints, np.int32), np.array(ends), np.array(radii))
