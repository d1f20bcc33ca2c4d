"""A flared skirt: rings that hang from the hips, moving with the thighs beneath them."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from render.characters.basis import BODY
from render.characters.drape import hang
from render.characters.figure import Figure
from render.characters.garments import Cut, tights, waist_height
from render.characters.surface import Surface
from render.skeleton import JOINT_INDEX

_AROUND, _DOWN = 72, 18
_FOLDS = 9


def skirt(figure: Figure) -> Cut:
    """A skirt from the waist to above the knees, in the T-pose."""
    joints = figure.t_joints
    hip, knee = joints["left_hip"], joints["left_knee"]
    waist = waist_height(figure)
    hem = knee[2] + 0.10 * (hip[2] - knee[2])
    v = figure.t_vertices[BODY]
    arms = figure.weight_of(*(n for n in figure.rig.names if any(w in n for w in _ARM_WORDS)))[BODY]
    body = v[(arms < 0.1) & (v[:, 2] < waist + 0.05) & (v[:, 2] > hem - 0.05)]
    middle = np.array([0.0, joints["pelvis"][1]])
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    level = np.linspace(0, 1, _DOWN)
    grid_angle, grid_level = np.meshgrid(angle, level)
    height = waist + grid_level * (hem - waist)
    turn = np.stack([np.cos(grid_angle), np.sin(grid_angle)], axis=-1).reshape(-1, 2)
    points = np.concatenate([body[:, :2] - middle, turn])
    along = -np.concatenate([body[:, 2], height.ravel()])
    known = np.arange(len(points)) < len(body)
    radii = hang(points, along, known, -waist, -hem, taper=-0.02)[len(body) :].reshape(_DOWN, _AROUND)
    drop = waist - height
    # Folds open towards the hem.
    folds = 0.5 + 0.5 * np.cos(_FOLDS * grid_angle + 0.7 * np.sin(2 * grid_angle))
    # More room at the sides than in front: there the cloth would stand off a raised thigh.
    flare = 0.02 + 0.12 * np.abs(np.cos(grid_angle)) ** 1.5
    radii = radii + 0.008 + 0.012 * np.clip(drop / 0.15, 0, 1) + drop * (flare + 0.04 * folds)
    ring = middle + turn.reshape(_DOWN, _AROUND, 2) * radii[..., None]
    vertices = np.concatenate([ring, height[..., None]], axis=-1).reshape(-1, 3)
    k = np.arange(_AROUND)
    following = (k + 1) % _AROUND
    faces = np.concatenate(
        [
            np.stack([a + k, b + k, b + following, a + following], axis=1)
            for a, b in ((i * _AROUND, (i + 1) * _AROUND) for i in range(_DOWN - 1))
        ]
    )
    weights = _weights(figure, vertices, hip)
    surface = Surface(vertices, faces, weights)
    radius = float(np.median(radii))
    panel = np.arctan2(np.cos(grid_angle), np.abs(np.sin(grid_angle)))
    uv = np.stack([radius * panel.ravel(), vertices[:, 2]], axis=1)
    attributes = {
        "cloth_uv": uv,
        "cloth_uv2": uv,
        "cloth_side": np.full(len(uv), -1.0),
        "hem": np.minimum(np.minimum(vertices[:, 2] - hem, waist - vertices[:, 2]), 0.06),
    }
    v = figure.t_vertices
    hides = (v[:, 2] > hip[2] - 0.03) & (v[:, 2] < waist - 0.03) & (np.abs(v[:, 0]) < 2.2 * hip[0] + 0.1)
    return Cut(surface, hides, attributes)


_ARM_WORDS = ("shoulder", "elbow", "wrist", "arm", "index", "middle", "ring", "pinky", "thumb")


def _weights(figure: Figure, v: np.ndarray, hip: np.ndarray) -> np.ndarray:
    """Above the hips as the body under it, like other garments there; below, each side follows its thigh.

    The change from one thigh to the other is narrow: the cloth spans the gap between the legs, and neither
    leg comes through.
    """
    suit = tights(figure)
    distance, nearest = cKDTree(suit.vertices).query(v, k=8)
    share = 1 / (distance + 0.01)
    share /= share.sum(axis=1, keepdims=True)
    body = np.einsum("vk,vkr->vr", share, suit.values[nearest])
    side = np.clip(0.5 + 0.5 * v[:, 0] / (0.4 * hip[0]), 0, 1)
    left = side * side * (3 - 2 * side)
    legs = np.zeros_like(body)
    legs[:, JOINT_INDEX["left_hip"]], legs[:, JOINT_INDEX["right_hip"]] = left, 1 - left
    fall = np.clip((hip[2] + 0.01 - v[:, 2]) / 0.09, 0, 1)[:, None]
    return body + fall * (legs - body)
