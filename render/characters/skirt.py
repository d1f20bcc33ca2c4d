"""A flared skirt: rings that hang from the hips, moving with the thighs beneath them."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from render.characters import swings
from render.characters.basis import BODY
from render.characters.drape import hang
from render.characters.figure import Figure
from render.characters.garments import Cut, Margin, hem_distance, natural_waist, tights
from render.characters.surface import Surface

_AROUND, _DOWN = 72, 18
_FOLDS = 9
_SEAM = 0.06  # metres below the seam of a dress in which its skirt leaves the bodice


def skirt(figure: Figure) -> Cut:
    """A skirt from the waist to above the knees, in the T-pose."""
    hip = figure.t_joints["left_hip"]
    waist = natural_waist(figure)
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    surface, uv = flared(figure, angle, np.full(_AROUND, waist))
    covers = _below(figure, waist)
    attributes = {
        "cloth_uv": uv,
        "cloth_uv2": uv,
        "cloth_side": np.full(len(uv), -1.0),
        "hem": hem_distance(surface),
    }
    v = figure.t_vertices
    hides = (covers(v) > 0) & (np.abs(v[:, 0]) < 2.2 * hip[0] + 0.1)
    return Cut(surface, hides, attributes, covers)


def flared(
    figure: Figure, angle: np.ndarray, top: np.ndarray, radius: np.ndarray | None = None
) -> tuple[Surface, np.ndarray]:
    """A flared cone of cloth down to above the knees, and its cloth coordinates (V, 2), metres.

    Args:
        angle: (A,) radians around the body, counter-clockwise from the left, where its columns hang.
        top: (A,) metres, the height at which each begins.
        radius: (A,) metres from the trunk's axis at which each begins; None: as far as the body needs.

    Returns:
        The surface, rows of A vertices from the top down.
    """
    joints = figure.t_joints
    hip, knee = joints["left_hip"], joints["left_knee"]
    hem = knee[2] + 0.10 * (hip[2] - knee[2])
    v = figure.t_vertices[BODY]
    arms = figure.weight_of(*(n for n in figure.rig.names if any(w in n for w in _ARM_WORDS)))[BODY]
    body = v[(arms < 0.1) & (v[:, 2] < top.max() + 0.05) & (v[:, 2] > hem - 0.05)]
    middle = np.array([0.0, joints["pelvis"][1]])
    grid_angle, level = np.meshgrid(angle, np.linspace(0, 1, _DOWN))
    height = top + level * (hem - top)
    turn = np.stack([np.cos(grid_angle), np.sin(grid_angle)], axis=-1).reshape(-1, 2)
    points = np.concatenate([body[:, :2] - middle, turn])
    along = -np.concatenate([body[:, 2], height.ravel()])
    known = np.arange(len(points)) < len(body)
    radii = hang(points, along, known, -top.max(), -hem, taper=-0.02)[len(body) :].reshape(height.shape)
    drop = np.clip(natural_waist(figure) - height, 0, None)
    # Folds open towards the hem.
    folds = 0.5 + 0.5 * np.cos(_FOLDS * grid_angle + 0.7 * np.sin(2 * grid_angle))
    # More room at the sides than in front: there the cloth would stand off a raised thigh.
    flare = 0.02 + 0.12 * np.abs(np.cos(grid_angle)) ** 1.5
    radii = radii + 0.008 + 0.012 * np.clip(drop / 0.15, 0, 1) + drop * (flare + 0.04 * folds)
    if radius is not None:
        own = np.clip((top - height) / _SEAM, 0, 1)
        radii = np.where(level == 0, radius, np.maximum(radii * own + radius * (1 - own), radii - 0.004))
    ring = middle + turn.reshape(*height.shape, 2) * radii[..., None]
    vertices = np.concatenate([ring, height[..., None]], axis=-1).reshape(-1, 3)
    around = len(angle)
    k = np.arange(around)
    following = (k + 1) % around
    faces = np.concatenate(
        [
            np.stack([a + k, b + k, b + following, a + following], axis=1)
            for a, b in ((i * around, (i + 1) * around) for i in range(_DOWN - 1))
        ]
    )
    panel = np.arctan2(np.cos(grid_angle), np.abs(np.sin(grid_angle)))
    uv = np.stack([float(np.median(radii)) * panel.ravel(), vertices[:, 2]], axis=1)
    return Surface(vertices, faces, _weights(figure, vertices)), uv


def _below(figure: Figure, waist: float) -> Margin:
    """Metres deeper than anyone sees, from the waist to the hips."""
    low = float(figure.t_joints["left_hip"][2]) - 0.03
    return lambda p: np.minimum(p[:, 2] - low, waist - 0.03 - p[:, 2])


_ARM_WORDS = ("shoulder", "elbow", "wrist", "arm", "index", "middle", "ring", "pinky", "thumb")


def _weights(figure: Figure, v: np.ndarray) -> np.ndarray:
    """Above the hips as the body under it, like other garments there; below, it hangs loose."""
    suit = tights(figure)
    distance, nearest = cKDTree(suit.vertices).query(v, k=8)
    share = 1 / (distance + 0.01)
    share /= share.sum(axis=1, keepdims=True)
    body = np.einsum("vk,vkr->vr", share, suit.values[nearest])
    return swings.freed(figure, "skirt", v, body)
