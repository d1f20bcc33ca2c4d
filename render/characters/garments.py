"""Clothes for upper and lower body, cut from the base mesh's tights in the T-pose and draped on it.

Every garment is described by signed *cut fields*: distances in metres to its hems, positive inside. The
tights are clipped at their zero lines, and the same fields tell which skin the garment hides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from render.characters.basis import BODY
from render.characters.drape import hang, push_out
from render.characters.figure import Figure
from render.characters.surface import Surface

Fields = Callable[[np.ndarray], np.ndarray]
"""Points (N, 3) in the T-pose to signed distances (N, K) to the K hems, metres, positive inside."""


@dataclass(frozen=True)
class Cut:
    """A garment in the T-pose.

    surface: its cloth; values are skinning weights over the rig (V, R).
    hides: (19158,) bool, base mesh vertices so far inside the hems that they are never seen.
    attributes: per-vertex values that materials read (render.characters.baked).
    """

    surface: Surface
    hides: np.ndarray
    attributes: dict[str, np.ndarray]


def tights(figure: Figure) -> Surface:
    """The base mesh's tights in the T-pose, with skinning weights."""
    return Surface.of(figure.t_vertices, figure.basis.groups["helper-tights"], figure.weights)


def top(figure: Figure, long_sleeves: bool) -> Cut:
    """A T-shirt or a long-sleeved shirt with a crew neck."""
    joints = figure.t_joints
    shoulder, elbow, wrist = (joints[f"left_{n}"] for n in ("shoulder", "elbow", "wrist"))
    arm = elbow[0] - shoulder[0]
    sleeve_end = wrist[0] - 0.02 * arm if long_sleeves else shoulder[0] + 0.52 * arm
    gender = figure.character.phenotype["gender"]
    hem = joints["left_hip"][2] - (0.10 + 0.07 * gender) * (joints["left_hip"][2] - joints["left_knee"][2])
    neck = joints["neck"]
    lift = joints["head"][2] - neck[2]
    throat = neck + np.array([0.0, 0.0, 0.05 * lift])
    tilt = np.array([0.0, -0.5, 0.87])

    def fields(p: np.ndarray) -> np.ndarray:
        collar = (throat - p) @ tilt
        return np.stack([p[:, 2] - hem, sleeve_end - np.abs(p[:, 0]), collar], axis=1)

    surface = tights(figure)
    for k in range(3):
        surface = surface.clip(fields(surface.vertices)[:, k])
    surface = _eased(surface, 0.006)
    surface = _hang_torso(figure, surface, hem, taper=0.25 - 0.13 * gender)
    surface = _hang_sleeves(figure, surface, sleeve_end, taper=0.10 if long_sleeves else -0.02)
    surface = _off_skin(figure, surface, 0.008)
    pit = _armpit(figure)
    edge = 0.97 * shoulder[0]
    sleeve = np.abs(surface.vertices[:, 0]) - edge - 1.2 * np.maximum(pit + 0.02 - surface.vertices[:, 2], 0)
    attributes = {
        "cloth_uv": _torso_uv(figure, surface.vertices),
        "cloth_uv2": _sleeve_uv(figure, surface.vertices),
        "cloth_side": sleeve,
        "hem": _hem(surface),
    }
    # A loose hem lets one look in; the collar lies close.
    hides = (fields(figure.t_vertices) > (0.03, 0.035, 0.012)).all(axis=1)
    return Cut(surface, hides, attributes)


def bottom(figure: Figure, long_legs: bool) -> Cut:
    """Trousers to the ankle, or shorts to above the knee."""
    joints = figure.t_joints
    hip, knee, ankle = (joints[f"left_{n}"] for n in ("hip", "knee", "ankle"))
    hem = ankle[2] - 0.02 if long_legs else knee[2] + 0.18 * (hip[2] - knee[2])
    waist = waist_height(figure)

    def fields(p: np.ndarray) -> np.ndarray:
        return np.stack([p[:, 2] - hem, waist - p[:, 2]], axis=1)

    surface = tights(figure)
    for k in range(2):
        surface = surface.clip(fields(surface.vertices)[:, k])
    surface = _eased(surface, 0.004)
    crotch = _crotch(figure)
    vertices = surface.vertices.copy()
    for side in (1.0, -1.0):
        axis = hip * (side, 1, 1)
        own = (vertices[:, 0] * side > 0) & (vertices[:, 2] < crotch + 0.02)
        points = vertices[:, :2] - axis[:2]
        radii = hang(
            points, -vertices[:, 2], own, -crotch, -hem, taper=0.05 if long_legs else -0.03, ease=0.004
        )
        share = _ramp(crotch, crotch - 0.08, vertices[:, 2]) * own
        radius = np.hypot(*points.T)
        grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
        vertices[:, :2] = axis[:2] + points * grow[:, None]
        # Each leg keeps to its own side of the middle.
        near = own & (vertices[:, 2] < crotch - 0.01)
        vertices[near, 0] = side * np.maximum(vertices[near, 0] * side, 0.004)
    surface = _off_skin(figure, surface.moved(vertices), 0.005)
    uv = _leg_uv(figure, surface.vertices, crotch)
    attributes = {
        "cloth_uv": uv,
        "cloth_uv2": uv,
        "cloth_side": np.full(len(uv), -1.0),
        "hem": _hem(surface),
    }
    return Cut(surface, (fields(figure.t_vertices) > (0.04, 0.03)).all(axis=1), attributes)


def waist_height(figure: Figure) -> float:
    """Height of a waistband in the T-pose, metres."""
    joints = figure.t_joints
    return float(0.55 * joints["pelvis"][2] + 0.45 * joints["spine1"][2])


def over(outer: Cut, inner: Cut, gap: float) -> Cut:
    """The outer garment pushed off the inner one by `gap` metres where they overlap."""
    s = outer.surface
    vertices = push_out(s.vertices, inner.surface.vertices, inner.surface.normals(), gap, rounds=2)
    # Only where the inner garment is: its own hems bound it.
    low, high = inner.surface.vertices[:, 2].min(), inner.surface.vertices[:, 2].max()
    share = _ramp(high + 0.02, high - 0.02, s.vertices[:, 2]) * _ramp(low - 0.02, low, s.vertices[:, 2])
    moved = s.vertices + share[:, None] * (vertices - s.vertices)
    return replace(outer, surface=s.moved(moved))


def under(inner: Cut, outer: Cut) -> Cut:
    """The inner garment moving as the outer one does where that covers it, so that it stays beneath."""
    s, o = inner.surface, outer.surface
    distance, nearest = cKDTree(o.vertices).query(s.vertices, k=6)
    share = 1 / (distance + 0.01)
    share /= share.sum(axis=1, keepdims=True)
    weights = np.einsum("vk,vkr->vr", share, o.values[nearest])
    inside = s.vertices[:, 2] - o.vertices[:, 2].min()
    alike = (_ramp(-0.05, 0.01, inside) * _ramp(0.05, 0.03, distance[:, 0]))[:, None]
    return replace(inner, surface=replace(s, values=s.values + alike * (weights - s.values)))


def _eased(surface: Surface, ease: float) -> Surface:
    """Smoothed (weights too, so that cloth bends softly) and moved `ease` metres off along the normal."""
    step, border = surface.smoothing(), surface.smoothing(pin_boundary=False)
    vertices, weights = surface.vertices, surface.values
    for _ in range(3):
        vertices = step @ vertices
        weights = border @ weights
    surface = Surface(vertices, surface.faces, weights)
    return surface.moved(vertices + ease * surface.normals())


def _hang_torso(figure: Figure, surface: Surface, hem: float, taper: float) -> Surface:
    """The shirt falls from chest, shoulder blades and belly, not into the waist."""
    pit = _armpit(figure)
    v = surface.vertices.copy()
    middle = np.array([0.0, float(np.mean([figure.t_joints[n][1] for n in ("pelvis", "spine2", "spine3")]))])
    points = v[:, :2] - middle
    below = v[:, 2] < pit + 0.03
    radii = hang(points, -v[:, 2], below, -pit, -hem, taper=taper, ease=0.010)
    radius = np.hypot(*points.T)
    share = _ramp(pit, pit - 0.07, v[:, 2])
    grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
    v[:, :2] = middle + points * grow[:, None]
    return surface.moved(v)


def _hang_sleeves(figure: Figure, surface: Surface, end: float, taper: float) -> Surface:
    v = surface.vertices.copy()
    shoulder, elbow = figure.t_joints["left_shoulder"], figure.t_joints["left_elbow"]
    start = shoulder[0] + 0.25 * (elbow[0] - shoulder[0])
    for side in (1.0, -1.0):
        points = v[:, 1:] - shoulder[1:]
        along = v[:, 0] * side
        own = along > start - 0.02
        radii = hang(points, along, own, start, end, taper=taper, ease=0.002)
        radius = np.hypot(*points.T)
        share = _ramp(start, start + 0.05, along)
        grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
        v[:, 1:] = shoulder[1:] + points * grow[:, None]
    return surface.moved(v)


def _off_skin(figure: Figure, surface: Surface, clearance: float) -> Surface:
    """Pushed off the skin and smoothed in turns, the skin having the last word."""
    skin = Surface.of(figure.t_vertices, figure.basis.groups["body"], figure.weights[:, :1])
    normals = skin.normals()
    step = surface.smoothing()
    v = surface.vertices
    for _ in range(2):
        v = push_out(v, skin.vertices, normals, clearance)
        v = 0.5 * v + 0.5 * (step @ v)
    return surface.moved(push_out(v, skin.vertices, normals, clearance, rounds=1))


def _hem(surface: Surface) -> np.ndarray:
    """(V,) metres to the nearest hem, at most 0.06."""
    distance, _ = cKDTree(surface.vertices[surface.boundary()]).query(surface.vertices)
    return np.minimum(distance, 0.06)


def _armpit(figure: Figure) -> float:
    """Height of the armpits in the T-pose."""
    share = figure.weight_of("left_shoulder", "left_upper_arm_twist")
    arm = (share[BODY] > 0.5) & (figure.weight_of("left_elbow")[BODY] < 0.05)
    return float(np.quantile(figure.t_vertices[BODY, 2][arm], 0.02))


def _crotch(figure: Figure) -> float:
    """Height of the crotch in the T-pose."""
    v = figure.t_vertices[BODY]
    hip, knee = figure.t_joints["left_hip"], figure.t_joints["left_knee"]
    middle = (np.abs(v[:, 0]) < 0.012) & (v[:, 2] < hip[2] + 0.1) & (v[:, 2] > knee[2])
    return float(v[middle, 2].min())


def _torso_uv(figure: Figure, v: np.ndarray) -> np.ndarray:
    """Front and back panel: arc length from the panel's middle, and height."""
    middle = float(np.mean([figure.t_joints[n][1] for n in ("pelvis", "spine2", "spine3")]))
    return _panels(v[:, 0], v[:, 1] - middle, v[:, 2])


def _sleeve_uv(figure: Figure, v: np.ndarray) -> np.ndarray:
    """Front and back of a sleeve: arc length from its ridge down, and place along the arm."""
    shoulder = figure.t_joints["left_shoulder"]
    y, z = v[:, 1] - shoulder[1], v[:, 2] - shoulder[2]
    radius = float(np.median(np.hypot(y, z)))
    return np.stack([radius * np.arctan2(np.abs(y), z), -np.abs(v[:, 0])], axis=1)


def _leg_uv(figure: Figure, v: np.ndarray, crotch: float) -> np.ndarray:
    hip = figure.t_joints["left_hip"]
    side = np.where(v[:, 0] >= 0, 1.0, -1.0)
    legs = _panels(v[:, 0] - side * hip[0], v[:, 1] - hip[1], v[:, 2])
    legs[:, 0] += side * hip[0]
    seat = _panels(v[:, 0], v[:, 1] - hip[1], v[:, 2])
    share = _ramp(crotch + 0.06, crotch - 0.06, v[:, 2])[:, None]
    return seat + share * (legs - seat)


def _panels(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(V, 2) metres: two flat panels sewn together at the sides, each measured from its middle."""
    radius = float(np.median(np.hypot(x, y)))
    angle = np.arctan2(x, np.abs(y))
    return np.stack([radius * angle, z], axis=1)


def _ramp(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
