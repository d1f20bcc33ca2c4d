"""What is sewn onto cloth: bands, collars, buttons and zips, built along a garment's open edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from render.characters.drape import push_out
from render.characters.figure import Figure
from render.characters.garments import HEM_REACH, nearby
from render.characters.surface import Surface, joined

_BUTTON_SIDES = 10


@dataclass(frozen=True)
class Garment:
    """Cloth with what materials read of it (V, ...)."""

    surface: Surface
    attributes: dict[str, np.ndarray]

    def with_trim(self, trim: Surface, uv: np.ndarray, **marks: float) -> Garment:
        """The garment with a piece sewn on: plain cloth, but for the attributes that `marks` names."""
        count, own = len(trim.vertices), len(self.surface.vertices)
        plain = {
            "cloth_uv": uv,
            "cloth_uv2": uv,
            "cloth_side": np.full(count, -HEM_REACH),
            "hem": np.full(count, HEM_REACH),
            "placket": np.full(count, HEM_REACH),
        }
        names = set(self.attributes) | set(marks)
        joint = {
            name: np.concatenate(
                [
                    self.attributes.get(name, np.zeros(own)),
                    np.full(count, marks[name]) if name in marks else plain.get(name, np.zeros(count)),
                ]
            )
            for name in sorted(names)
        }
        return Garment(joined([self.surface, trim]), joint)


@dataclass(frozen=True)
class Edge:
    """An open edge of cloth, evenly sampled: (N, 3) places, outward normals, and directions away from the
    cloth; (N, R) weights. closed: whether it is a ring."""

    places: np.ndarray
    normals: np.ndarray
    away: np.ndarray
    weights: np.ndarray
    closed: bool

    @property
    def length(self) -> float:
        """Metres along it."""
        ends = np.concatenate([self.places, self.places[:1]]) if self.closed else self.places
        return float(np.linalg.norm(np.diff(ends, axis=0), axis=1).sum())

    def falling(self) -> Edge:
        """The same edge, its strip hanging straight down."""
        return replace(self, away=np.tile([0.0, 0.0, -1.0], (len(self.places), 1)))

    def sampled(self, shares: np.ndarray) -> Edge:
        """The part of a ring at shares of its length (0 to 1), as an open edge."""

        def at(rows: np.ndarray) -> np.ndarray:
            ends = np.concatenate([rows, rows[:1]])
            base = np.linspace(0, 1, len(ends))
            return np.stack([np.interp(shares, base, ends[:, k]) for k in range(ends.shape[1])], axis=1)

        return Edge(at(self.places), _unit(at(self.normals)), _unit(at(self.away)), at(self.weights), False)

    def along(self) -> np.ndarray:
        """(N,) metres from its first point."""
        return np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(self.places, axis=0), axis=1))])


SHORTEST = 0.06
"""Metres around the narrowest opening of any garment, a child's cuff, and then some less."""


def rings(surface: Surface) -> list[np.ndarray]:
    """The closed borders of a surface as vertices in order, the cloth on the left seen from outside.

    Borders shorter than SHORTEST are left out: where a cut touches a vertex, cloth may be left that hangs
    together there alone, with a border of its own.
    """
    sides = surface.directed()
    own = {(int(a), int(b)) for a, b in sides}
    following: dict[int, list[int]] = {}
    for a, b in sorted(own):
        if (b, a) not in own:
            following.setdefault(a, []).append(b)
    found = []
    while following:
        first = min(following)
        ring, at = [first], _step(following, first)
        while at != first and at in following:
            ring.append(at)
            at = _step(following, at)
        places = surface.vertices[ring]
        if np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1).sum() >= SHORTEST:
            found.append(np.array(ring))
    return found


def _step(following: dict[int, list[int]], at: int) -> int:
    """The next vertex of a border, taken off those that are left."""
    after = following[at].pop()
    if not following[at]:
        del following[at]
    return after


def edge(surface: Surface, ring: np.ndarray, count: int, smooth: float = 1.0) -> Edge:
    """A border sampled at `count` even steps, from the middle of the front towards the left."""
    points, normals = surface.vertices[ring], surface.normals()[ring]
    following = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    away = np.cross(following, normals)
    # Start in front: where the line crosses x = 0 at the smallest y, or there where it is foremost.
    cost = np.abs(points[:, 0] - np.median(points[:, 0])) + 2 * (points[:, 1] - points[:, 1].min())
    ring_values = [
        np.roll(v, -int(np.argmin(cost)), axis=0) for v in (points, normals, away, surface.values[ring])
    ]
    if ring_values[0][1, 0] < ring_values[0][-1, 0]:
        ring_values = [np.roll(v[::-1], 1, axis=0) for v in ring_values]
    closed = np.concatenate([ring_values[0], ring_values[0][:1]])
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    wanted = np.linspace(0, at[-1], count, endpoint=False)
    sampled = []
    for values in ring_values:
        ends = np.concatenate([values, values[:1]])
        rows = np.stack([np.interp(wanted, at, ends[:, k]) for k in range(ends.shape[1])], axis=1)
        sampled.append(gaussian_filter1d(rows, smooth, axis=0, mode="wrap"))
    places, normal, outward, weights = sampled
    return Edge(places, _unit(normal), _unit(outward), weights, True)


def band(line: Edge, profile: Sequence[tuple[float, float]]) -> tuple[Surface, np.ndarray]:
    """A strip along an edge, and its cloth coordinates (V, 2) metres.

    profile: (metres away from the cloth, metres out along the normal), from the cloth to the strip's end.
    """
    rows = [line.places + a * line.away + o * line.normals for a, o in profile]
    steps = np.hypot(*np.diff(np.array(profile), axis=0).T)
    across = np.concatenate([[0], np.cumsum(steps)])
    uv = np.stack(np.meshgrid(line.along(), across), axis=-1).reshape(-1, 2)
    return _strip(rows, line.weights, line.closed, faced=(len(rows) // 2, line.normals)), uv


def fold(line: Edge, figure: Figure, gap: float, stand: float) -> np.ndarray:
    """(N, 3) the top of a collar's stand: up along the neck from an edge, `gap` metres off the skin."""
    joints = figure.t_joints
    neck = joints["head"] - joints["neck"]
    up = _unit(line.away + 1.2 * neck / np.linalg.norm(neck))
    skin = Surface.of(figure.t_vertices, figure.basis.groups["body"], figure.weights[:, :1])
    return push_out(line.places + stand * up, skin.vertices, skin.normals(), gap, rounds=2)


def collar(
    figure: Figure,
    cloth: Surface,
    line: Edge,
    opening: float,
    stand: float,
    leaf: tuple[float, float],
    spread: float,
    gap: float,
) -> tuple[Surface, np.ndarray]:
    """A turn-down collar on a neckline, open in front, and its cloth coordinates.

    Args:
        cloth: the garment that it lies on. line: its neckline, a ring from the front's middle.
        opening: metres from the front's middle to where the collar begins on each side.
        stand: metres that it rises before it turns down. leaf: metres that it hangs at the back, and at
            its tips in front. spread: metres by which the tips stand further aside than their roots.
        gap: metres that it stands off the neck.
    """
    length = line.length
    n = len(line.places)
    s = np.linspace(opening / length, 1 - opening / length, n)
    inner = line.sampled(s)
    top = gaussian_filter1d(fold(inner, figure, gap, stand), 1.0, axis=0, mode="nearest")
    front = np.minimum(s, 1 - s) * length
    tip = np.exp(-((front / 0.05) ** 2))
    drop = leaf[0] + (leaf[1] - leaf[0]) * tip
    aside = np.where(s < 0.5, 1, -1) * (opening + spread) * tip / length
    foot = line.sampled(np.clip(s + aside, 0, 1))
    normals = cloth.normals()
    end = _laid(foot.places - np.maximum(drop - stand, 0.0)[:, None] * foot.away, cloth, normals, 0.005)
    axis = _axis(figure)
    radial = top - line.places.mean(axis=0)
    out = _unit(radial - (radial @ axis)[:, None] * axis)
    crest = top + 0.003 * out + 0.002 * axis
    turned = top + 0.008 * out - 0.002 * axis
    rows = [inner.places, 0.5 * (inner.places + top), top, crest, turned]
    for share in (0.35, 0.7):
        row = turned + share * (end - turned)
        rows.append(push_out(row, cloth.vertices, normals, 0.006, rounds=1))
    rows.append(end)
    rows.append(end - 0.002 * foot.normals)
    weights = [inner.weights] * 5
    lying = nearby(cloth, end)
    weights += [inner.weights + t * (lying - inner.weights) for t in (0.35, 0.7, 1.0, 1.0)]
    surface = _strip(rows, inner.weights, closed=False, faced=(len(rows) - 2, foot.normals))
    across = np.linspace(0, stand + leaf[0], len(rows))
    uv = np.stack(np.meshgrid(s * length, across), axis=-1).reshape(-1, 2)
    return Surface(surface.vertices, surface.faces, np.concatenate(weights)), uv


def buttons(
    cloth: Surface, places: np.ndarray, normals: np.ndarray, radius: float
) -> tuple[Surface, np.ndarray]:
    """Flat round buttons on cloth at (N, 3) places, and their cloth coordinates."""
    turn = np.linspace(0, 2 * np.pi, _BUTTON_SIDES, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    k = np.arange(_BUTTON_SIDES)
    following = (k + 1) % _BUTTON_SIDES
    n = _BUTTON_SIDES
    side = np.stack([k, following, n + following, n + k], axis=1)
    lid = np.stack([n + k, n + following, np.full(n, 2 * n), np.full(n, -1)], axis=1)
    faces = np.concatenate([side, lid])
    pieces = []
    for place, normal in zip(places, normals, strict=True):
        across = _unit(np.cross(normal, [[0.0, 0.0, 1.0]]))[0]
        upwards = np.cross(across, normal) * -1
        flat = radius * (ring[:, :1] * across + ring[:, 1:] * upwards)
        vertices = np.concatenate(
            [place + flat - 0.001 * normal, place + 0.85 * flat + 0.003 * normal, [place + 0.0032 * normal]]
        )
        own = np.repeat(nearby(cloth, place[None]), len(vertices), axis=0)
        pieces.append(Surface(vertices, faces, own))
    surface = joined(pieces)
    return surface, np.tile(np.zeros((1, 2)), (len(surface.vertices), 1))


def front(
    cloth: Surface, heights: np.ndarray, x: np.ndarray | float, middle: float
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) places on the cloth's front at x and heights, each (N,), and the normals there.

    middle: y of the trunk's axis; the front is before it.
    """
    v = cloth.vertices
    across = np.broadcast_to(x, heights.shape)
    ahead = np.flatnonzero((v[:, 1] < middle) & (np.abs(v[:, 0]) < np.abs(across).max() + 0.06))
    surface = LinearNDInterpolator(v[ahead][:, [0, 2]], v[ahead, 1])
    places = np.column_stack([across, surface(np.column_stack([across, heights])), heights])
    y = places[:, 1]
    found = np.isfinite(y)
    places = places[found]
    along = Surface(v, cloth.faces, cloth.normals())
    return places, _unit(nearby(along, places))


def _laid(points: np.ndarray, cloth: Surface, normals: np.ndarray, gap: float) -> np.ndarray:
    """Points moved along the cloth's normals until they lie `gap` metres on it, from either side."""
    for _ in range(2):
        distance, nearest = cKDTree(cloth.vertices).query(points, k=4)
        share = 1 / (distance + 1e-3)
        share /= share.sum(axis=1, keepdims=True)
        normal = _unit(np.einsum("vk,vkj->vj", share, normals[nearest]))
        height = np.einsum("vk,vkj,vj->v", share, points[:, None] - cloth.vertices[nearest], normal)
        points = points + (gap - height)[:, None] * normal
    return points


def _axis(figure: Figure) -> np.ndarray:
    """(3,) unit vector up the neck."""
    neck = figure.t_joints["head"] - figure.t_joints["neck"]
    return np.asarray(neck / np.linalg.norm(neck))


def _strip(
    rows: Sequence[np.ndarray], weights: np.ndarray, closed: bool, faced: tuple[int, np.ndarray]
) -> Surface:
    """Rows of N points joined by quads; every row has the edge's weights.

    faced: a row, and the directions (N, 3) that the strip's outer side looks there.
    """
    n = len(rows[0])
    k = np.arange(n if closed else n - 1)
    following = (k + 1) % n
    faces = [
        np.stack([i * n + k, i * n + following, (i + 1) * n + following, (i + 1) * n + k], axis=1)
        for i in range(len(rows) - 1)
    ]
    strip = Surface(np.concatenate(rows), np.concatenate(faces), np.tile(weights, (len(rows), 1)))
    row, outward = faced
    if (strip.normals()[row * n : (row + 1) * n] * outward).sum() < 0:
        strip = Surface(strip.vertices, strip.faces[:, ::-1], strip.values)
    return strip


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)
