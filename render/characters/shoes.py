"""Footwear: an upper or a shaft cut from the tights, a sole around the foot's outline, and laces."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import ConvexHull, cKDTree

from render.characters import trims
from render.characters.drape import hang
from render.characters.figure import Figure
from render.characters.garments import Cut, ramp, tights
from render.characters.surface import Surface, joined

_RING = 48  # points around a sole
_ADULT_FOOT = 0.25  # metres; the sizes below are for this foot, and scale with it
_SOLE, _WALL, _UPPER = 0.024, 0.012, 0.005  # sole's thickness, its wall above the foot, leather off the skin
_TOE_SPRING = 0.010
_LACES = 4
_SHAFT = 0.52  # of the shin, from the ankle up: a boot's shaft
_LEATHER = 0.008  # metres a boot's leather is off the skin
_CUFF = [(-0.012, -0.001), (-0.011, 0.002), (0.0, 0.003), (0.004, 0.001), (0.003, -0.003)]


def shoes(figure: Figure) -> Cut:
    """A pair of low laced shoes in the T-pose; the soles reach below the bare feet."""
    return _pair(figure, shaft=0.0)


def boots(figure: Figure) -> Cut:
    """A pair of boots to the middle of the shins in the T-pose."""
    return _pair(figure, shaft=_SHAFT)


def boot_top(figure: Figure) -> float:
    """Height at which boots end in the T-pose, metres."""
    ankle, knee = figure.t_joints["left_ankle"][2], figure.t_joints["left_knee"][2]
    return float(ankle + _SHAFT * (knee - ankle))


def _pair(figure: Figure, shaft: float) -> Cut:
    sides = [_shoe(figure, side, sign, shaft) for side, sign in (("left", 1.0), ("right", -1.0))]
    surface = joined([piece for pieces in sides for piece, _, _ in pieces])
    sole = np.concatenate([np.full(len(p.vertices), s) for pieces in sides for p, s, _ in pieces])
    lace = np.concatenate([np.full(len(p.vertices), s) for pieces in sides for p, _, s in pieces])

    def covers(p: np.ndarray) -> np.ndarray:
        return np.max([_opening(figure, side, p, shaft) for side in ("left", "right")], axis=0) - 0.012

    return Cut(surface, covers(figure.t_vertices) > 0, {"sole": sole, "lace": lace}, covers)


def soles(shoe: Surface, sole: np.ndarray) -> tuple[np.ndarray, ...]:
    """Vertices of the soles' flat undersides: left heel, left toe, right heel, right toe."""
    v = shoe.vertices
    found = []
    for sign in (1.0, -1.0):
        own = (sole > 0.5) & (v[:, 0] * sign > 0)
        bottom = own & (v[:, 2] < v[own, 2].min() + 0.002)
        back, front = v[own, 1].max(), v[own, 1].min()
        share = (v[:, 1] - front) / (back - front)
        found += [np.flatnonzero(bottom & (share > 0.68)), np.flatnonzero(bottom & (share < 0.42))]
    return tuple(np.asarray(f, np.int32) for f in found)


def _opening(figure: Figure, side: str, p: np.ndarray, shaft: float) -> np.ndarray:
    """Metres below the opening, which is lower at a shoe's heel than at its instep, and level in a boot.

    shaft: share of the shin that it reaches up from the ankle.
    """
    ankle, knee = figure.t_joints[f"{side}_ankle"], figure.t_joints[f"{side}_knee"]
    if shaft:
        return np.where(p[:, 0] * ankle[0] > 0, ankle[2] + shaft * (knee[2] - ankle[2]) - p[:, 2], -1.0)
    lower = ankle[2] + 0.004 - 0.12 * (p[:, 1] - ankle[1]) - p[:, 2]
    near = 0.1 - np.abs(p[:, 0] - ankle[0])
    return np.minimum(lower, near)


def _shoe(figure: Figure, side: str, sign: float, shaft: float) -> list[tuple[Surface, float, float]]:
    """Pieces of one shoe with their sole and lace marks."""
    surface = tights(figure)
    beside = (surface.vertices[surface.faces, 0] * sign > 0).all(axis=1)
    own = Surface.of(surface.vertices, surface.faces[beside], surface.values)
    upper = own.clip(_opening(figure, side, own.vertices, shaft))
    ankle = figure.t_joints[f"{side}_ankle"]
    foot = upper.vertices[:, 2] < ankle[2]
    length = float(np.ptp(upper.vertices[foot, 1]))
    scale = length / _ADULT_FOOT
    floor = float(upper.vertices[:, 2].min())
    step = upper.smoothing()
    v = upper.vertices
    for _ in range(6):
        v = step @ v
    v = v + (_LEATHER if shaft else _UPPER) * scale * upper.moved(v).normals()
    if shaft:
        v = _shaft(v, ankle, boot_top(figure))
    front = float(v[:, 1].min())
    # A toe box: round, and higher than the toes.
    share = 1 - np.clip((v[:, 1] - front) / (0.30 * length), 0, 1)
    above = v[:, 2] > floor + 0.012 * scale
    v[:, 2] += np.where(above, 0.012 * scale * np.sin(np.pi * np.clip(share, 0, 0.75)), 0)
    v[:, 2] = np.maximum(v[:, 2], floor + 0.001 * scale)
    upper = upper.moved(v)
    outline = _outline(v[v[:, 2] < floor + 0.035 * scale, :2], 0.003 * scale)
    sole = _sole(outline, floor, scale)
    nearest = cKDTree(v)
    pieces = [(upper, 0.0, 0.0), (_weighted(sole, upper, nearest), 1.0, 0.0)]
    if shaft:
        ring = max(trims.rings(upper), key=lambda r: float(v[r, 2].mean()))
        cuff, _ = trims.band(trims.edge(upper, ring, 32), _CUFF)
        return [*pieces, (cuff, 0.0, 0.0)]
    laces = [_weighted(lace, upper, nearest) for lace in _laces(upper, length)]
    return pieces + [(lace, 0.0, 1.0) for lace in laces]


def _shaft(v: np.ndarray, ankle: np.ndarray, top: float) -> np.ndarray:
    """A boot's upper whose shaft rises straight from its widest places, like a tube of stiff leather."""
    v = v.copy()
    points = v[:, :2] - ankle[:2]
    own = v[:, 2] > ankle[2] - 0.01
    radii = hang(points, v[:, 2], own, ankle[2] + 0.01, top, taper=0.02)
    share = ramp(ankle[2] + 0.02, ankle[2] + 0.09, v[:, 2])
    radius = np.hypot(*points.T)
    grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
    v[:, :2] = ankle[:2] + points * grow[:, None]
    return v


def _outline(points: np.ndarray, margin: float) -> np.ndarray:
    """(_RING, 2) a smooth closed line around points, `margin` outside them, counter-clockwise."""
    hull = points[ConvexHull(points).vertices]
    closed = np.concatenate([hull, hull[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, length[-1], _RING, endpoint=False)
    ring = np.stack([np.interp(at, length, closed[:, k]) for k in range(2)], axis=1)
    ring = gaussian_filter1d(ring, 1.2, axis=0, mode="wrap")
    tangent = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    return ring + (margin + 0.002) * outward / np.linalg.norm(outward, axis=1, keepdims=True)


def _sole(outline: np.ndarray, floor: float, scale: float) -> Surface:
    """Rings from the wall's inner edge over the side down to the underside, closed with a fan of quads."""
    middle = outline.mean(axis=0)
    front, back = outline[:, 1].min(), outline[:, 1].max()
    share = (outline[:, 1] - front) / (back - front)
    spring = _TOE_SPRING * scale * np.clip(1 - share / 0.22, 0, 1) ** 2
    rings = []
    for inset, height, lifted in (
        (0.010, _WALL - 0.003, 0.4),
        (0.001, _WALL, 0.4),
        (-0.002, _WALL - 0.004, 0.4),
        (-0.003, -_SOLE * 0.45, 0.8),
        (-0.001, -_SOLE + 0.003, 1.0),
        (0.003, -_SOLE, 1.0),
        (0.030, -_SOLE, 1.0),
    ):
        inward = middle - outline
        ring = outline + inset * scale * inward / np.linalg.norm(inward, axis=1, keepdims=True)
        rings.append(np.column_stack([ring, floor + height * scale + lifted * spring]))
    spine = np.column_stack([np.full(_RING, middle[0]), outline[:, 1], rings[-1][:, 2]])
    spine[:, 1] = np.clip(spine[:, 1], front + 0.035 * scale, back - 0.035 * scale)
    rings.append(spine)
    vertices = np.concatenate(rings)
    k = np.arange(_RING)
    following = (k + 1) % _RING
    faces = []
    for ring_number in range(len(rings) - 1):
        a, b = ring_number * _RING, (ring_number + 1) * _RING
        faces.append(np.stack([a + k, b + k, b + following, a + following], axis=1))
    return Surface(vertices, np.concatenate(faces), np.zeros((len(vertices), 1)))


def _laces(upper: Surface, length: float) -> list[Surface]:
    """Flat bands across the instep."""
    up = upper.normals()[:, 2] > 0.25
    height = LinearNDInterpolator(upper.vertices[up, :2], upper.vertices[up, 2])
    front = upper.vertices[:, 1].min()
    middle = float(np.median(upper.vertices[up, 0]))
    across = np.linspace(-1, 1, 9)
    bands = []
    for k in range(_LACES):
        y = front + length * (0.40 + 0.075 * k)
        x = middle + 0.085 * length * across
        for slant in (1, -1) if k < _LACES - 1 else (1,):
            line = np.stack([x, y + slant * 0.012 * across * (k < _LACES - 1)], axis=1)
            z = height(line)
            if not np.isfinite(z).all():
                continue
            core = np.column_stack([line, z + 0.0015])
            half = 0.0028 * length / _ADULT_FOOT
            thick = 0.0022 * length / _ADULT_FOOT
            corners = [(-half, -0.002), (-half, thick * 0.6), (0, thick), (half, thick * 0.6), (half, -0.002)]
            vertices = np.concatenate([core + np.array([0.0, dy, dz]) for dy, dz in corners])
            n = len(across)
            i = np.arange(n - 1)
            faces = [
                np.stack([c * n + i, c * n + i + 1, (c + 1) * n + i + 1, (c + 1) * n + i], axis=1)[:, ::-1]
                for c in range(len(corners) - 1)
            ]
            bands.append(Surface(vertices, np.concatenate(faces), np.zeros((len(vertices), 1))))
    return bands


def _weighted(piece: Surface, upper: Surface, tree: cKDTree) -> Surface:
    """A piece that moves as the upper next to it does."""
    distance, nearest = tree.query(piece.vertices, k=6)
    share = 1 / (distance + 0.004)
    share /= share.sum(axis=1, keepdims=True)
    return Surface(piece.vertices, piece.faces, np.einsum("vk,vkr->vr", share, upper.values[nearest]))
