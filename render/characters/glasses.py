"""Glasses: rims, bridge and temples, sized by the distance between the eyes and rigid with the head."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from render.characters.baked import MeshPart
from render.characters.basis import BODY
from render.characters.figure import Figure
from render.characters.hats import rigid
from render.characters.surface import Surface, joined

_EYES = 0.062  # metres between an adult's eyes
_SHAPES = ((2.0, 0.92, 0.0017), (3.2, 0.74, 0.0024), (2.5, 0.82, 0.0030))
"""Rims by the character's seed: the superellipse's exponent, height over width, and radius of the wire."""
_SECTION = 8
_AROUND = 44
_WRAP = 0.10  # metres of depth a metre, squared: how the front bends round the face
_GAP = 0.0035  # metres between rim and skin


def part(figure: Figure, garment: int) -> MeshPart:
    """The glasses of a character in bind pose, its `garment`-th piece of clothing."""
    exponent, aspect, wire = _SHAPES[figure.character.seed % len(_SHAPES)]
    half_eyes = 0.5 * float(np.linalg.norm(figure.eyes[0] - figure.eyes[1]))
    size = 2 * half_eyes / _EYES
    # Ink thickens what is drawn.
    wire *= size * (0.7 if figure.character.look == "animation_2d" else 1.0)
    half = max(0.77 * half_eyes, 1.15 * figure.eye_radius)
    centre_x = max(1.03 * half_eyes, half + 0.009 * size)
    middle = figure.eyes.mean(axis=0)
    tall = aspect * half
    centre_z = middle[2] - 0.06 * half
    skin = figure.vertices[BODY]
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / exponent) * half
    z = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / exponent) * tall
    x = x * (1 + 0.05 * z / tall)  # a little wider above
    rim = np.stack([centre_x + x, np.zeros(_AROUND), centre_z + z], axis=1)
    bend = _WRAP / size * (rim[:, 0] ** 2) * 6
    # The nose stands between the rims.
    beside = rim[:, 0] > 0.45 * half_eyes
    depth = (_front(skin, rim) - bend)[beside]
    lens_depth = float(np.min(depth)) - _GAP * size - wire
    eye_front = float(figure.eyes[:, 1].min()) - figure.eye_radius
    # Before the lashes, and not before the nose.
    level = float(np.clip(lens_depth, eye_front - 0.020 * size, eye_front - 0.007 * size))
    rim[:, 1] = level + bend
    pieces = []
    for sign in (1.0, -1.0):
        pieces.append(_tube(rim * (sign, 1, 1), wire, closed=True))
        pieces.append(_tube(_temple(figure, rim, sign, size), wire * 0.9, closed=False))
    pieces.append(_tube(_bridge(rim, tall, skin, size, centre_z), wire, closed=False))
    surface = joined(pieces)
    uv = surface.vertices[:, [0, 2]]
    plain = np.full(len(uv), -1.0)
    attributes = {"cloth_uv": uv, "cloth_uv2": uv, "cloth_side": plain, "hem": plain + 1.06}
    return rigid("glasses", surface, attributes, garment)


def _front(skin: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) how far ahead (least y) the face is behind places seen from the front."""
    face = skin[skin[:, 2] > points[:, 2].min() - 0.03]
    tree = cKDTree(face[:, [0, 2]])
    _, near = tree.query(points[:, [0, 2]], k=8)
    return np.sort(face[near, 1], axis=1)[:, 2]


def _bridge(rim: np.ndarray, tall: float, skin: np.ndarray, size: float, centre_z: float) -> np.ndarray:
    """(7, 3) from rim to rim over the nose."""
    upper = rim[rim[:, 2] > centre_z + 0.15 * tall]
    start = upper[np.argmin(upper[:, 0])]
    u = np.linspace(1, -1, 7)
    path = np.stack([start[0] * u, np.full(7, start[1]), start[2] + 0.003 * size * (1 - u * u)], axis=1)
    nose = _front(skin, path) - 0.004 * size
    path[:, 1] = np.minimum(path[:, 1] - 0.003 * size * (1 - u * u), nose)
    path[[0, -1], 1] = start[1]
    return path


def _temple(figure: Figure, rim: np.ndarray, sign: float, size: float) -> np.ndarray:
    """(N, 3) from the rim's outer end back over the ear, and down behind it."""
    v = figure.vertices[BODY]
    ear = v[(figure.basis.painted("ears") > 0.5) & (v[:, 0] * sign > 0)]
    low, high = np.percentile(ear, [4, 96], axis=0)
    # Where the ear meets the head, above its root.
    inner = float(np.percentile(np.abs(ear[:, 0]), 12))
    over = np.array(
        [inner + 0.004 * size, 0.55 * low[1] + 0.45 * high[1], high[2] - 0.10 * (high[2] - low[2])]
    )
    outer = rim[np.argmax(rim[:, 0] + 0.45 * rim[:, 2])]
    hinge = outer + np.array([0.0045, 0.0015, 0.0]) * size
    corner = hinge + np.array([0.0010, 0.007, 0.0]) * size
    behind = over + np.array([-0.002, 0.014, -0.012]) * size
    end = over + np.array([-0.006, 0.020, -0.030]) * size
    straight = corner + np.linspace(0, 1, 9)[:, None] * (over - corner)
    straight[:, 0] += 0.004 * size * np.sin(np.pi * np.linspace(0, 1, 9))
    side = v[(v[:, 0] * sign > 0.3 * inner) & (v[:, 2] > low[2]) & (v[:, 2] < high[2] + 0.03 * size)] * (
        sign,
        1,
        1,
    )
    keep = (
        figure.basis.painted("ears")[
            (v[:, 0] * sign > 0.3 * inner) & (v[:, 2] > low[2]) & (v[:, 2] < high[2] + 0.03 * size)
        ]
        < 0.3
    )
    tree = cKDTree(side[keep][:, 1:])
    _, near = tree.query(straight[:, 1:], k=4)
    straight[:, 0] = np.maximum(straight[:, 0], side[keep][near, 0].max(axis=1) + 0.0025 * size)
    path = np.concatenate([outer[None], hinge[None], straight, behind[None], end[None]])
    return path * (sign, 1, 1)


def _tube(path: np.ndarray, radius: float, closed: bool) -> Surface:
    """A wire along a path (N, 3), capped where it is open; it turns as little as it can."""
    count = len(path)
    around = np.concatenate([path[-1:], path, path[:1]])
    along = np.gradient(around, axis=0)[1:-1] if closed else np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    across = np.empty_like(path)
    first = np.cross(along[0], (0.0, 0.0, 1.0) if abs(along[0, 2]) < 0.9 else (0.0, 1.0, 0.0))
    across[0] = first / np.linalg.norm(first)
    for k in range(1, count):
        kept = across[k - 1] - along[k] * (across[k - 1] @ along[k])
        across[k] = kept / np.linalg.norm(kept)
    other = np.cross(along, across)
    turn = np.linspace(0, 2 * np.pi, _SECTION, endpoint=False)
    rings = path[:, None] + radius * (
        np.cos(turn)[None, :, None] * across[:, None] + np.sin(turn)[None, :, None] * other[:, None]
    )
    j = np.arange(_SECTION)
    following = (j + 1) % _SECTION
    faces = []
    for k in range(count if closed else count - 1):
        a, b = k * _SECTION, (k + 1) % count * _SECTION
        faces.append(np.stack([a + j, a + following, b + following, b + j], axis=1))
    points = rings.reshape(-1, 3)
    if not closed:
        ends = len(points)
        points = np.concatenate([points, path[[0, -1]]])
        last = (count - 1) * _SECTION
        flat = np.full(_SECTION, -1)
        faces.append(np.stack([following, j, np.full(_SECTION, ends), flat], axis=1))
        faces.append(np.stack([last + j, last + following, np.full(_SECTION, ends + 1), flat], axis=1))
    return Surface(points, np.concatenate(faces), np.zeros((len(points), 1)))
