"""How cloth lies on a body in the T-pose: it hangs from what is widest above it, and stays off the skin."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import LinearNDInterpolator, RegularGridInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

_ANGLES = 72


def hang(
    points: np.ndarray,
    along: np.ndarray,
    across: np.ndarray,
    start: float,
    end: float,
    taper: float,
    ease: float = 0.0,
) -> np.ndarray:
    """Radii of a tube of cloth that hangs from the wide places above it.

    Args:
        points: (V, 2) places across the tube's axis, metres.
        along: (V,) place along the axis, growing the way the cloth hangs.
        across: (V,) bool, the points that shape the tube (the rest are only asked about).
        start, end: where on the axis the cloth begins to hang, and where it ends.
        taper: metres of radius that the cloth may lose a metre below its widest place; negative: flare.
        ease: metres added to the radius at the end, growing from the start.

    Returns:
        (V,) radii, metres; at least the points' own within the hanging part.
    """
    angle, radius = np.arctan2(points[:, 1], points[:, 0]), np.hypot(points[:, 0], points[:, 1])
    a, s, r = angle[across], along[across], radius[across]
    scale = float(np.median(r))  # angles count as lengths on the tube
    wrapped = [np.stack([(a + turn) * scale, s], axis=1) for turn in (-2 * np.pi, 0, 2 * np.pi)]
    profile = LinearNDInterpolator(np.concatenate(wrapped), np.tile(r, 3))
    grid_a = np.linspace(-np.pi, np.pi, _ANGLES + 1)
    levels = max(8, round((end - start) / 0.02))
    grid_s = np.linspace(start, end, levels)
    mesh = np.meshgrid(grid_a * scale, grid_s, indexing="ij")
    radii = profile(mesh[0], mesh[1])
    known = np.where(np.isfinite(radii), radii, -np.inf)
    step = (end - start) / (levels - 1)
    hung = known.copy()
    for k in range(1, levels):
        hung[:, k] = np.maximum(known[:, k], hung[:, k - 1] - taper * step)
    hung = np.where(np.isfinite(hung), hung, scale)
    hung = gaussian_filter(hung, (2.0, 1.0), mode=("wrap", "nearest"))
    hung = np.maximum(hung, np.where(np.isfinite(known), known, 0)) + ease * np.linspace(0, 1, levels)
    hung[-1] = hung[0]
    lookup = RegularGridInterpolator((grid_a, grid_s), hung)
    return lookup(np.stack([angle, np.clip(along, start, end)], axis=1))


def push_out(
    points: np.ndarray, skin: np.ndarray, normals: np.ndarray, clearance: np.ndarray | float, rounds: int = 3
) -> np.ndarray:
    """Points (V, 3) moved along the skin's normals until each is `clearance` metres off the nearest skin.

    Args:
        points: the cloth. skin, normals: (N, 3) what must stay under it. clearance: metres, one or (V,).
        rounds: how often to look again, since a moved point may come near other skin.
    """
    tree = cKDTree(skin)
    out = points.copy()
    for _ in range(rounds):
        distance, nearest = tree.query(out, k=4)
        weight = 1 / (distance + 1e-4)
        weight /= weight.sum(axis=1, keepdims=True)
        normal = np.einsum("vk,vkj->vj", weight, normals[nearest])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        height = np.einsum("vk,vkj,vj->v", weight, out[:, None] - skin[nearest], normal)
        lift = np.clip(clearance - height, 0, 0.05)
        out = out + lift[:, None] * normal
    return out
