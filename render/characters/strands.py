"""Strands of hair, grown from the scalp point by point: combed, pulled down, kept out of head and clothes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from render.characters.scalp import Scalp
from render.characters.surface import Surface

if TYPE_CHECKING:
    from render.characters.hair import Style

_A_LOCK = 16  # strands of a lock of curly hair
_STEPS = 30  # of growing a hanging strand, before it is cut and thinned to the style's points
_DOWN = np.array([0.0, 0.0, -1.0])
_BACK = np.array([0.0, 1.0, 0.0])


def grow(scalp: Scalp, style: Style, clothes: list[Surface], rng: np.random.Generator) -> np.ndarray:
    """(S, P, 3) float32 metres, bind pose."""
    start, normals = roots(scalp, style.strands, rng)
    parting = float(rng.choice((-1.0, 1.0))) * 0.018 * scalp.size
    if style.fall == "hang":
        grown = _hanging(scalp, style, start, normals, parting, clothes, rng)
    else:
        grown = _standing(scalp, style, start, normals, parting, rng)
    if style.curl:
        grown = _curled(scalp, style, grown, rng)
    return grown.astype(np.float32)


def grow_locks(scalp: Scalp, style: Style, clothes: list[Surface], rng: np.random.Generator) -> np.ndarray:
    """(S, P, 3) float32 metres: curly hair, in which strands wind together, a lock around each guide."""
    guides = replace(style, strands=style.strands // _A_LOCK)
    start, normals = roots(scalp, guides.strands, rng)
    lines = _hanging(scalp, guides, start, normals, 0.0, clothes, rng)
    count, points, _ = lines.shape
    length = np.linalg.norm(np.diff(lines, axis=1), axis=2).sum(axis=1)
    pitch = 2.9 * style.curl * scalp.size * rng.uniform(0.8, 1.25, count)
    hand = rng.choice((-1.0, 1.0), count)
    turn = hand * 2 * np.pi * length / pitch
    begin = rng.uniform(0, 2 * np.pi, count)
    t = np.linspace(0, 1, points)
    along = unit(np.gradient(lines, axis=1))
    across = unit(np.cross(along, np.array([0.35, 1.0, 0.2])))
    other = np.cross(along, across)
    out = np.empty((count, _A_LOCK, points, 3))
    for k in range(_A_LOCK):
        phase = begin + rng.normal(0, 0.5, count)
        wide = style.curl * scalp.size * rng.uniform(0.6, 1.15, count)[:, None] * np.minimum(1, 5 * t)
        angle = phase[:, None] + turn[:, None] * t
        aside = rng.normal(0, 0.0022 * scalp.size, (count, 1, 3)) * (0.4 + t[:, None])
        out[:, k] = (
            lines
            + aside
            + wide[..., None] * (np.cos(angle)[..., None] * across + np.sin(angle)[..., None] * other)
        )
    return out.reshape(-1, points, 3).astype(np.float32)


def wisps(scalp: Scalp, style: Style, clothes: list[Surface], rng: np.random.Generator) -> np.ndarray:
    """(S, P, 3) metres: what escapes from tied hair: strands that frame the face, and fluff at its edge."""
    start, normals = roots(scalp, 5 * style.strands, rng)
    azimuth, elevation = scalp.angles(start)
    edge = scalp.inside(start) < 0.016 * scalp.size
    temple = edge & (np.abs(np.abs(azimuth) - 50) < 9) & (elevation > 8)
    temple &= rng.random(len(start)) < 0.22
    loose = replace(style, strands=int(temple.sum()), length=0.30, cut=0.075, lift=0.010)
    framing = _hanging(scalp, loose, start[temple], normals[temple], 0.0, clothes, rng)
    fluff = edge & ~temple & (rng.random(len(start)) < 0.10)
    short = replace(style, strands=int(fluff.sum()), length=0.022, sides=0.9, fringe=0.8, lift=0.006)
    short = replace(short, fall="lie")
    down = _standing(scalp, short, start[fluff], normals[fluff], 0.0, rng)
    return np.concatenate([framing, down])


def roots(scalp: Scalp, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`count` places on the scalp, spread evenly by area, and the skin's normals there."""
    return spread(scalp.hairy, count, rng)


def spread(
    skin: Surface, count: int, rng: np.random.Generator, density: np.ndarray | float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """`count` places on a surface, spread by area times density (V,), and its normals there."""
    v, f, n = skin.vertices, skin.faces, skin.normals()
    triangles = np.concatenate([f[:, [0, 1, 2]], f[f[:, 3] >= 0][:, [0, 2, 3]]])
    a, b, c = (v[triangles[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    area *= np.broadcast_to(density, len(v))[triangles].mean(axis=1)
    at = (np.arange(count) + rng.random(count)) / count * area.sum()  # one draw a stratum: no bald spots
    chosen = np.minimum(np.searchsorted(np.cumsum(area), at), len(area) - 1)
    r, s = np.sqrt(rng.random((count, 1))), rng.random((count, 1))
    shares = np.concatenate([1 - r, r * (1 - s), r * s], axis=1)
    corners = triangles[chosen]
    normals = np.einsum("nk,nkj->nj", shares, n[corners])
    return np.einsum("nk,nkj->nj", shares, v[corners]), unit(normals)


def _standing(
    scalp: Scalp,
    style: Style,
    roots: np.ndarray,
    normals: np.ndarray,
    parting: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Hair too short or too stiff to hang."""
    azimuth, elevation = scalp.angles(roots)
    count, points, size = style.strands, style.points, scalp.size
    crown = np.clip((elevation - 5) / 50, 0, 1)
    length = style.length * size * (style.sides + (1 - style.sides) * crown)
    front = np.clip(1 - np.abs(azimuth) / 50, 0, 1) * np.clip((62 - elevation) / 25, 0, 1)
    length = length * (1 + (style.fringe - 1) * front) * rng.uniform(0.82, 1.08, count)
    # Hair shortens towards the hairline, so that it does not end in a wall.
    length *= 0.55 + 0.45 * np.clip(scalp.inside(roots) / (0.025 * size), 0, 1)
    top = np.clip((elevation - 25) / 40, 0, 1)[:, None]
    behind = np.clip((np.abs(azimuth) - 60) / 60, 0, 1)[:, None]
    sideways = np.where(roots[:, 0] - scalp.middle[0] > parting, 1.0, -1.0)[:, None] * np.array(
        [1.0, 0.0, 0.0]
    )
    combed = top * (1 - behind) * (0.7 * sideways - 0.5 * _BACK) + (1 - top + behind) * (_DOWN + 0.3 * _BACK)
    flow = unit(combed - normals * np.einsum("nj,nj->n", combed, normals)[:, None])
    jitter = rng.normal(0, 0.16, (count, 3))
    edge = np.clip(scalp.inside(roots) / (0.035 * size), 0, 1)
    layer = style.lift * size * rng.uniform(0.15, 1.0, count) * (0.3 + 0.7 * crown) * (0.25 + 0.75 * edge)
    head = Obstacle(scalp.head)
    out = np.empty((count, points, 3))
    out[:, 0] = roots - 0.001 * normals
    for k in range(1, points):
        t = (k - 0.5) / (points - 1)
        direction = normals + jitter * (0.5 + t)
        if style.fall == "lie":
            direction = (
                0.75 * (1 - t) ** 2 * normals + (0.6 + 0.6 * t) * flow + 0.7 * t * _DOWN + jitter * (0.4 + t)
            )
        step = (length / (points - 1))[:, None]
        out[:, k] = head.pushed(out[:, k - 1] + step * unit(direction), layer * min(1, 2.5 * t))
    return out


def _hanging(
    scalp: Scalp,
    style: Style,
    roots: np.ndarray,
    normals: np.ndarray,
    parting: float,
    clothes: list[Surface],
    rng: np.random.Generator,
) -> np.ndarray:
    """Hair that is combed off the parting, slides over the head and falls to where it is cut."""
    size, count = scalp.size, style.strands
    eyes = float(scalp.figure.eyes[:, 2].mean())
    azimuth, elevation = scalp.angles(roots)
    fringe = np.zeros(count, bool)
    cut = np.full(count, eyes - style.cut * size)
    if style.fringe_cut is not None:
        fringe = (np.abs(azimuth) < 46 + rng.normal(0, 3, count)) & (elevation < 78 - 0.4 * np.abs(azimuth))
        cut[fringe] = eyes - style.fringe_cut * size
    cut += rng.normal(0, 0.0045, count) * size * (1 + style.cut * 8 + 350 * style.curl)
    side = np.where(roots[:, 0] - scalp.middle[0] + rng.normal(0, 0.002, count) > parting, 1.0, -1.0)
    sideways = side[:, None] * np.array([1.0, 0.0, 0.0])
    head, below = Obstacle(scalp.head), Obstacle(torso(scalp, clothes))
    layer = size * style.lift * (0.15 + 0.85 * rng.random(count) ** 0.7)
    # Short steps at the root, so that hair bends off the parting closely.
    steps = np.linspace(0.25, 1.75, _STEPS) * style.length * size / _STEPS
    jitter = rng.normal(0, 0.05, (count, 3))
    path = np.empty((count, _STEPS + 1, 3))
    path[:, 0] = roots - 0.001 * normals
    forward = -_BACK + 0.25 * np.sin(np.radians(azimuth))[:, None] * np.array([1.0, 0.0, 0.0])
    sides = np.where(fringe[:, None], forward, sideways)
    direction = normals * 0.5
    for k in range(1, _STEPS + 1):
        here = path[:, k - 1]
        at_azimuth, at_elevation = scalp.angles(here)
        on_top = _share(20, 65, at_elevation)
        ahead = _share(0.03, -0.05, (here[:, 1] - scalp.middle[1]) / size)  # the parting ends at the crown
        at_face = _share(66, 54, np.abs(at_azimuth)) * _share(50, 35, at_elevation) * ~fringe[:, None]
        outward = unit((here - scalp.middle) * [1, 1, 0])
        combed = on_top * (ahead * sides + (1 - ahead) * (outward + 0.3 * _BACK))
        combed += at_face * (1.3 * sideways + 0.9 * _BACK)
        wanted = _DOWN * (1.1 - 0.6 * on_top) + combed + jitter
        direction = unit(0.45 * direction + 0.55 * unit(wanted))
        spread = layer * min(1.0, k / 7)
        moved = head.pushed(here + steps[k - 1] * direction, spread)
        path[:, k] = below.pushed(moved, 0.004 * size + 0.5 * layer)
        direction = unit(path[:, k] - here)
    return _cut(path, cut, style.points)


def torso(scalp: Scalp, clothes: list[Surface]) -> Surface:
    """What hair lies upon below the head: the outermost of skin and clothes at neck, shoulders and chest."""
    figure = scalp.figure
    low, high = scalp.middle[2] - 0.75 * scalp.size, scalp.middle[2] - 0.10 * scalp.size
    faces = figure.basis.groups["body"]
    near = (figure.vertices[faces, 2] > low).all(axis=1) & (figure.vertices[faces, 2] < high).all(axis=1)
    skin = Surface.of(figure.vertices, faces[near], figure.weights[:, :1])
    worn = [Surface.of(c.vertices, c.faces, c.values[:, :1]) for c in clothes if c.vertices[:, 2].max() > low]
    if not worn:
        return skin
    cloth = cKDTree(np.concatenate([c.vertices for c in worn]))
    bare = cloth.query(skin.vertices)[0] > 0.03
    uncovered = Surface.of(skin.vertices, skin.faces[bare[skin.faces].all(axis=1)], skin.values)
    offset = len(uncovered.vertices)
    faces_all, points = [uncovered.faces], [uncovered.vertices]
    for c in worn:
        faces_all.append(np.where(c.faces < 0, -1, c.faces + offset))
        points.append(c.vertices)
        offset += len(c.vertices)
    vertices = np.concatenate(points)
    return Surface(vertices, np.concatenate(faces_all), np.zeros((len(vertices), 1)))


def _cut(path: np.ndarray, cut: np.ndarray, points: int) -> np.ndarray:
    """Paths (S, K, 3) ended where they first sink below `cut` (S,), evenly thinned to `points` points."""
    length = np.concatenate(
        [np.zeros((len(path), 1)), np.cumsum(np.linalg.norm(np.diff(path, axis=1), axis=2), axis=1)], axis=1
    )
    below = path[:, :, 2] < cut[:, None]
    below[:, :3] = False
    last = np.where(below.any(axis=1), below.argmax(axis=1), path.shape[1] - 1)
    rows = np.arange(len(path))
    z1, z0 = path[rows, last, 2], path[rows, last - 1, 2]
    share = np.clip((z0 - cut) / np.maximum(z0 - z1, 1e-9), 0.05, 1)
    end = length[rows, last - 1] + share * (length[rows, last] - length[rows, last - 1])
    out = np.empty((len(path), points, 3))
    for k, t in enumerate(np.linspace(0, 1, points)):
        at = end * t
        i = np.clip((length < at[:, None]).sum(axis=1) - 1, 0, path.shape[1] - 2)
        f = ((at - length[rows, i]) / np.maximum(length[rows, i + 1] - length[rows, i], 1e-9))[:, None]
        out[:, k] = path[rows, i] * (1 - f) + path[rows, i + 1] * f
    return out


def _curled(scalp: Scalp, style: Style, grown: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Strands wound around their own line."""
    count, points, _ = grown.shape
    length = np.linalg.norm(np.diff(grown, axis=1), axis=2).sum(axis=1)
    pitch = (0.02 if style.fall == "stand" else 0.07) * scalp.size
    turns = np.linspace(0, 1, points)[None] * (length / pitch)[:, None] * rng.uniform(0.7, 1.3, (count, 1))
    swing = 2 * np.pi * (turns + rng.random((count, 1)))
    along = unit(grown[:, -1] - grown[:, 0])
    across = unit(np.cross(along, _BACK + rng.normal(0, 0.3, (count, 3))))
    other = np.cross(along, across)
    radius = np.minimum(1, np.arange(points) / 2)[None, :, None] * style.curl * scalp.size
    return grown + radius * (
        np.cos(swing)[..., None] * across[:, None] + np.sin(swing)[..., None] * other[:, None]
    )


class Obstacle:
    """A surface that points are kept out of."""

    def __init__(self, surface: Surface):
        self._points, self._normals = surface.vertices, surface.normals()
        self._tree = cKDTree(surface.vertices)

    def pushed(self, points: np.ndarray, layer: np.ndarray | float) -> np.ndarray:
        """Points (N, 3) moved out until they float `layer` metres above the nearest surface."""
        distance, nearest = self._tree.query(points, k=3)
        share = 1 / (distance + 1e-4)
        share /= share.sum(axis=1, keepdims=True)
        normal = unit(np.einsum("nk,nkj->nj", share, self._normals[nearest]))
        height = np.einsum("nk,nkj,nj->n", share, points[:, None] - self._points[nearest], normal)
        lift = np.where(distance[:, 0] < 0.08, np.clip(layer - height, 0, 0.03), 0)
        return points + lift[:, None] * normal


def _share(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """(N, 1) from 0 where x is at `low` to 1 at `high`."""
    return np.clip((x - low) / (high - low), 0, 1)[:, None]


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) scaled to length 1."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
