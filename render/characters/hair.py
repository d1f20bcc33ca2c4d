"""Hair: strands for the realistic look, and a shell with the same silhouette for flat looks and underneath.

Places on the head are (azimuth, elevation) about the head's middle: azimuth 0 at the nose, growing to the left
ear, elevation 90° at the crown. A style says how long hair grows where, and how it falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from render.characters.baked import MeshPart
from render.characters.figure import Figure
from render.characters.surface import Surface
from render.skeleton import FACE_UNITS, JOINT_INDEX

_HAIRLINE = np.array(
    [
        (0, 44),
        (22, 45),
        (42, 38),
        (56, 22),
        (70, 2),
        (80, -12),
        (90, 4),
        (104, 2),
        (125, -22),
        (150, -36),
        (180, -40),
    ],
    float,
)
"""Elevation of the hairline over azimuth, degrees: forehead, temple, sideburn, over the ear, nape."""


@dataclass(frozen=True)
class Style:
    """How a head of hair grows. Lengths in metres, for an adult's head.

    length: at the crown; sides: as a share of it, low at the sides and back. strands, points: how many, and of
    how many points. lift: how far hair stands off the scalp. weight: pull of gravity, 0 stands, 1 hangs.
    curl: radius of curls. fringe: share of the length over the forehead. end: for hanging hair, the height
    where it is cut, in head heights below the eyes. radius: of a strand at the root.
    """

    length: float
    sides: float
    strands: int
    points: int
    lift: float
    weight: float
    curl: float
    fringe: float
    end: float | None
    radius: float


STYLES: dict[str, Style] = {
    "buzz": Style(0.008, 1.0, 6000, 3, 0.004, 0.0, 0.0, 1.0, None, 0.00035),
    "short": Style(0.055, 0.45, 5200, 7, 0.012, 0.35, 0.002, 0.9, None, 0.0005),
    "afro": Style(0.085, 0.8, 4200, 12, 0.045, 0.0, 0.006, 0.75, None, 0.0005),
    "bob": Style(0.26, 1.0, 4200, 12, 0.014, 1.0, 0.001, 0.28, 0.52, 0.0006),
    "long": Style(0.50, 1.0, 4200, 16, 0.014, 1.0, 0.002, 0.95, 1.75, 0.0006),
}


@dataclass(frozen=True)
class _Scalp:
    """The head's skin as hair needs it, in bind pose."""

    figure: Figure

    @cached_property
    def size(self) -> float:
        """This head against an adult's: lengths scale with it."""
        return float(np.linalg.norm(self.figure.eyes[0] - self.figure.eyes[1])) / 0.062

    @cached_property
    def surface(self) -> Surface:
        """The head's skin, ears included, neck too; values are the field of `inside`."""
        of_head = self.figure.weight_of("head", "neck") > 0.2
        faces = self.figure.basis.groups["body"]
        faces = faces[of_head[faces].all(axis=1)]
        return Surface.of(self.figure.vertices, faces, self.inside(self.figure.vertices)[:, None])

    @cached_property
    def middle(self) -> np.ndarray:
        """The head's middle, behind and above the eyes."""
        return self.figure.eyes.mean(axis=0) + self.size * np.array([0.0, 0.082, 0.018])

    def angles(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth and elevation of points, degrees."""
        d = points - self.middle
        return np.degrees(np.arctan2(d[:, 0], -d[:, 1])), np.degrees(
            np.arctan2(d[:, 2], np.hypot(d[:, 0], d[:, 1]))
        )

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Metres inside the hairline (about)."""
        azimuth, elevation = self.angles(points)
        line = np.interp(np.abs(azimuth), _HAIRLINE[:, 0], _HAIRLINE[:, 1])
        return np.radians(elevation - line) * 0.095 * self.size


def scalp_mask(figure: Figure) -> np.ndarray:
    """(19158,) 1 where hair grows, fading over the hairline."""
    scalp = _Scalp(figure)
    inside = scalp.inside(figure.vertices)
    of_head = figure.weight_of("head", "neck")
    return np.clip(0.5 + inside / (0.012 * scalp.size), 0, 1) * np.clip(2 * of_head, 0, 1)


def grow(figure: Figure) -> tuple[np.ndarray, float, list[MeshPart]]:
    """Strands (S, P, 3) in bind pose, their radius at the root in metres, and the shell part, if any hair."""
    style = STYLES.get(figure.character.hair.style)
    if style is None:
        return np.zeros((0, 2, 3), np.float32), 0.0, []
    scalp = _Scalp(figure)
    shell = _shell(scalp, style, share=1.0 if figure.character.look == "animation_2d" else 0.3)
    if figure.character.look == "animation_2d":
        return np.zeros((0, 2, 3), np.float32), 0.0, [shell]
    rng = np.random.default_rng([figure.character.seed, 0x4A1])
    return _strands(scalp, style, rng), style.radius * scalp.size, [shell]


def _roots(scalp: _Scalp, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`count` places on the scalp, spread evenly by area, and the skin's normals there."""
    hairy = scalp.surface.clip(scalp.surface.values[:, 0])
    v, f, n = hairy.vertices, hairy.faces, hairy.normals()
    triangles = np.concatenate([f[:, [0, 1, 2]], f[f[:, 3] >= 0][:, [0, 2, 3]]])
    a, b, c = (v[triangles[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    # One stratified draw: sorted offsets keep strands from clumping.
    at = (np.arange(count) + rng.random(count)) / count * area.sum()
    chosen = np.minimum(np.searchsorted(np.cumsum(area), at), len(area) - 1)
    r = np.sqrt(rng.random((count, 1)))
    s = rng.random((count, 1))
    shares = np.concatenate([1 - r, r * (1 - s), r * s], axis=1)
    corners = triangles[chosen]
    roots = np.einsum("nk,nkj->nj", shares, v[corners])
    normals = np.einsum("nk,nkj->nj", shares, n[corners])
    return roots, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _strands(scalp: _Scalp, style: Style, rng: np.random.Generator) -> np.ndarray:
    size = scalp.size
    roots, normals = _roots(scalp, style.strands, rng)
    azimuth, elevation = scalp.angles(roots)
    side = rng.choice((-1.0, 1.0)) * 18.0  # the parting's azimuth
    count, points = style.strands, style.points
    crown = np.clip((elevation - 10) / 50, 0, 1)
    length = style.length * size * (style.sides + (1 - style.sides) * crown)
    front = np.clip(1 - np.abs(azimuth) / 50, 0, 1) * np.clip((60 - elevation) / 25, 0, 1)
    length *= 1 + (style.fringe - 1) * front
    length *= rng.uniform(0.82, 1.08, count)
    flow = _flow(azimuth, elevation, normals, side, style)
    jitter = rng.normal(0, 0.16, (count, 3))
    skin = scalp.surface
    tree, skin_normals = cKDTree(skin.vertices), skin.normals()
    layer = style.lift * size * rng.uniform(0.25, 1.0, count) * (0.35 + 0.65 * crown)
    out = np.empty((count, points, 3))
    out[:, 0] = roots - 0.001 * normals
    step = length / (points - 1)
    down = np.array([0.0, 0.0, -1.0])
    phase, spin = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.7, 1.3, count)
    for k in range(1, points):
        t = (k - 0.5) / (points - 1)
        stand = normals * ((1 - t) ** 2 * 0.9 if style.weight else 1.0)
        direction = stand + flow * (0.6 + 0.6 * t) * (style.weight > 0) + jitter * (0.5 + t)
        direction += down * style.weight * 2.2 * t
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        out[:, k] = _off_head(
            out[:, k - 1] + direction * step[:, None], skin, tree, skin_normals, layer * min(1, 2.5 * t)
        )
    if style.curl:
        turns = np.linspace(0, 1, points)[None, :] * (length / (0.02 * size))[:, None] * spin[:, None]
        swing = phase[:, None] + 2 * np.pi * turns
        across = np.cross(normals, down + 0.3 * jitter)
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
        other = np.cross(normals, across)
        grow_in = np.minimum(1, np.arange(points) / 2)[None, :, None] * style.curl * size
        out += grow_in * (
            np.cos(swing)[..., None] * across[:, None] + np.sin(swing)[..., None] * other[:, None]
        )
        out[:, 0] = roots - 0.001 * normals
    return out.astype(np.float32)


def _flow(
    azimuth: np.ndarray, elevation: np.ndarray, normals: np.ndarray, parting: float, style: Style
) -> np.ndarray:
    """Which way hair is combed along the skin: away from the parting, down the sides and back, forward in front."""
    sideways = np.where(azimuth > parting, 1.0, -1.0)[:, None] * np.array([1.0, 0.0, 0.0])
    back = np.array([0.0, 1.0, 0.0])
    down = np.array([0.0, 0.0, -1.0])
    behind = np.clip((np.abs(azimuth) - 60) / 60, 0, 1)[:, None]
    top = np.clip((elevation - 25) / 40, 0, 1)[:, None]
    ahead = np.array([0.0, -1.0, 0.0]) * (0.35 if style.end is None else -0.1)
    wanted = (
        top * (1 - behind) * (0.8 * sideways + ahead)
        + (1 - top) * (down + 0.25 * back)
        + behind * (down + 0.4 * back)
    )
    along = wanted - normals * np.einsum("nj,nj->n", wanted, normals)[:, None]
    return along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)


def _off_head(
    points: np.ndarray, skin: Surface, tree: cKDTree, normals: np.ndarray, layer: np.ndarray
) -> np.ndarray:
    """Points pushed out of the skin until they float `layer` metres above it."""
    distance, nearest = tree.query(points, k=3)
    share = 1 / (distance + 1e-4)
    share /= share.sum(axis=1, keepdims=True)
    normal = np.einsum("nk,nkj->nj", share, normals[nearest])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    height = np.einsum("nk,nkj,nj->n", share, points[:, None] - skin.vertices[nearest], normal)
    return points + np.clip(layer - height, 0, 0.06)[:, None] * normal


def _shell(scalp: _Scalp, style: Style, share: float) -> MeshPart:
    """The silhouette of the style as a surface over the scalp; `share` of the hair's depth."""
    hairy = scalp.surface.clip(scalp.surface.values[:, 0])
    v, normals = hairy.vertices, hairy.normals()
    azimuth, elevation = scalp.angles(v)
    depth = style.lift * scalp.size * (0.4 + 0.6 * np.clip((elevation + 10) / 60, 0, 1))
    depth *= np.clip(hairy.values[:, 0] / (0.02 * scalp.size), 0, 1)
    v = v + normals * (0.0015 + share * depth)[:, None]
    bones = np.zeros((len(v), 8), np.uint8)
    bones[:, 0] = JOINT_INDEX["head"]
    weights = np.zeros((len(v), 8), np.float32)
    weights[:, 0] = 1
    vertices = v.astype(np.float32)
    return MeshPart(
        name="hair",
        role="hair",
        vertices=vertices,
        faces=hairy.faces.astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=np.zeros(0, np.int32),
        unit_deltas=np.zeros((len(FACE_UNITS), 0, 3), np.float16),
        attributes={
            "rest": vertices,
            "strand_uv": np.stack(
                [np.radians(azimuth) * 0.095, np.radians(elevation) * 0.095], axis=1
            ).astype(np.float32),
        },
    )
