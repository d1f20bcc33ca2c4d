"""Hair tied at the back of the head: a ponytail that hangs, or a bun wound on the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.characters import blocks
from render.characters.blocks import Blocks
from render.characters.scalp import Scalp
from render.characters.strands import Obstacle, roots, torso, unit
from render.characters.surface import Surface

ON_SCALP = 10
"""Points of a strand before it reaches the tie."""
_TIE = {"ponytail": 24.0, "bun": 40.0}
"""Elevation of the tie at the back of the head, degrees."""
_TAIL = 0.27  # metres from the tie to the tail's tip
_LINKS = 4  # of the chain that the tail swings by
_BUN = (0.020, 0.0145)  # metres: a bun is a ring of hair: the ring's radius and the hair's


@dataclass(frozen=True)
class Tie:
    """Where hair is tied, bind pose: place (3,), the direction (3,) off the head, and, of a tail, its middle
    line (N, 3) from the tie to the tip; and the body that it hangs against."""

    place: np.ndarray
    outward: np.ndarray
    line: np.ndarray | None
    body: Blocks

    @property
    def chain(self) -> np.ndarray:
        """(links + 1, 3) places of the joints that the tail swings by, the tie first."""
        assert self.line is not None
        at = np.linspace(0, len(self.line) - 1, _LINKS + 1)
        return np.stack([np.interp(at, np.arange(len(self.line)), self.line[:, k]) for k in range(3)], axis=1)


def tie(scalp: Scalp, style: str, clothes: list[Surface]) -> Tie:
    """The tie of a `ponytail` or a `bun`."""
    elevation = np.array([_TIE[style]])
    behind = np.array([180.0])
    place = scalp.place(behind, elevation, scalp.skull(behind, elevation) + 0.008 * scalp.size)[0]
    outward = unit(place - scalp.middle)
    figure = blocks.trunk(scalp.figure, [c.vertices for c in clothes])
    if style == "bun":
        return Tie(place, outward, None, figure)
    body = Obstacle(torso(scalp, clothes))
    head = Obstacle(scalp.head)
    step = _TAIL * scalp.size / 24
    line = [place]
    direction = unit(outward + np.array([0.0, 0.0, 0.10]))
    for _ in range(24):
        direction = unit(direction + np.array([0.0, 0.0, -0.38]))
        there = line[-1] + step * direction
        there = head.pushed(there[None], 0.016 * scalp.size)
        there = body.pushed(there, 0.022 * scalp.size)[0]
        direction = unit(there - line[-1])
        line.append(there)
    return Tie(place, outward, np.array(line), figure)


def gather(
    scalp: Scalp, count: int, points: int, lift: float, tied: Tie, rng: np.random.Generator
) -> np.ndarray:
    """(count, points, 3) metres: strands combed to the tie, and on into the tail or around the bun."""
    start, _ = roots(scalp, count, rng)
    azimuth, elevation = scalp.angles(start)
    # Locks: ridges that run to the tie, flat at the hairline, fuller on top.
    place = np.radians(azimuth) * np.cos(np.radians(0.7 * elevation))
    ridge = sum(np.sin(k * place + rng.uniform(0, 6.3)) for k in (7.0, 13.0, 23.0)) / 3
    crown = np.clip((elevation - 20) / 50, 0, 1)
    layer = lift * scalp.size * (0.1 + 0.9 * rng.random(count)) * (0.8 + 0.45 * ridge) * (0.7 + 0.9 * crown)
    combed = _combed(scalp, start, tied.place, layer)
    beyond = points - ON_SCALP
    if tied.line is not None:
        return np.concatenate([combed, _tail(scalp, tied, count, beyond, rng)], axis=1)
    return np.concatenate([combed, _bun(scalp, tied, start, beyond, rng)], axis=1)


def bun_surface(scalp: Scalp, tied: Tie, share: float) -> Surface:
    """A bun as a wound ball, of a share of its size."""
    across, rows = 40, 14
    ring, thick = (r * scalp.size * share for r in _BUN)
    turn = np.linspace(0, 2 * np.pi, across, endpoint=False)
    out = []
    for t in np.linspace(0, 1, rows):
        angle = np.pi * (t - 0.35) / 0.8  # over the ring's section, from beneath to the dimple on top
        grooves = 1 + 0.09 * np.cos(3 * turn + 9 * t)
        radius = ring * (1 - 0.9 * t**3) + thick * np.cos(angle) * grooves
        height = thick * (0.75 + np.sin(angle) * grooves)
        out.append(_around(tied, turn, radius, height))
    return _rings(np.array(out))


def tail_surface(scalp: Scalp, tied: Tie, share: float) -> Surface:
    """A tail as a ridged tube that ends in a point, of a share of its thickness."""
    assert tied.line is not None
    across = 20
    turn = np.linspace(0, 2 * np.pi, across, endpoint=False)
    rows = []
    count = len(tied.line)
    for k, place in enumerate(tied.line):
        t = k / (count - 1)
        ridges = 1 + 0.12 * np.cos(5 * turn + 2.0 * t)
        radius = share * _thickness(np.array(t), scalp.size) * ridges
        rows.append(place + radius[:, None] * _disc(tied.line, k, turn))
    return _rings(np.array(rows))


def _combed(scalp: Scalp, start: np.ndarray, end: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """(S, ON_SCALP, 3) from roots over the skull to the tie, above the ears."""
    a, b = unit(start - scalp.middle), unit(end - scalp.middle)
    angle = np.arccos(np.clip(a @ b, -1, 1))[:, None]
    out = np.empty((len(start), ON_SCALP, 3))
    for k, t in enumerate(np.linspace(0, 1, ON_SCALP)):
        d = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.maximum(np.sin(angle), 1e-6)
        azimuth, elevation = scalp.angles(scalp.middle + d)
        by_ear = np.exp(-(((np.abs(azimuth) - 97) / 20) ** 2)) * np.sin(np.pi * t) ** 0.5
        elevation = elevation + np.maximum(12 - elevation, 0) * by_ear
        height = layer * np.sin(np.pi * min(0.5, 1.6 * t)) * (1 - 0.35 * t)
        out[:, k] = scalp.place(azimuth, elevation, scalp.skull(azimuth, elevation) + 0.001 + height)
    out[:, 0] = start
    # All meet at the tie, each a little beside the others.
    gather = np.linspace(0, 1, ON_SCALP)[None, :, None] ** 6
    beside = unit(out[:, -3] - end) * 0.007 * scalp.size
    return out + gather * ((end + beside)[:, None] - out)


def _thickness(t: np.ndarray, size: float) -> np.ndarray:
    """Metres: a tail's radius along it."""
    full = 0.008 + 0.0165 * np.clip(t / 0.3, 0, 1) ** 0.7
    return size * full * (1 - 0.12 * np.clip(t, 0, 1)) * (1 - 0.8 * np.clip((t - 0.72) / 0.28, 0, 1) ** 2)


def _tail(scalp: Scalp, tied: Tie, count: int, points: int, rng: np.random.Generator) -> np.ndarray:
    assert tied.line is not None
    turn = rng.uniform(0, 2 * np.pi, count)
    depth = np.sqrt(rng.random(count))
    depth[rng.random(count) < 0.07] *= 1.3
    end = rng.triangular(0.62, 0.95, 1.0, count)
    wave = rng.uniform(0, 2 * np.pi, count)
    out = np.empty((count, points, 3))
    last = len(tied.line) - 1
    for k in range(points):
        t = end * (k + 1) / points
        at = t * last
        low = np.minimum(at.astype(int), last - 1)
        share = (at - low)[:, None]
        middle = tied.line[low] * (1 - share) + tied.line[low + 1] * share
        radius = depth * _thickness(t, scalp.size)
        aside = np.stack([_disc(tied.line, int(j), np.array([angle]))[0] for j, angle in
                          zip(low, turn + 0.3 * np.sin(6 * t + wave), strict=True)])  # fmt: skip
        out[:, k] = middle + radius[:, None] * aside
    return out


def _disc(line: np.ndarray, k: int, turn: np.ndarray) -> np.ndarray:
    """(N, 3) unit directions across a line at its k-th point."""
    along = line[min(k + 1, len(line) - 1)] - line[max(k - 1, 0)]
    side = np.array([1.0, 0.0, 0.0])
    other = np.cross(along, side)
    other /= np.linalg.norm(other)
    return np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * other


def _bun(scalp: Scalp, tied: Tie, start: np.ndarray, points: int, rng: np.random.Generator) -> np.ndarray:
    """Strands wound round a ring, twisting about its section as they go."""
    count = len(start)
    ring, thick = (r * scalp.size for r in _BUN)
    side, up = _square(tied.outward)
    from_tie = start - tied.place
    arrival = np.arctan2(from_tie @ up, from_tie @ side) + rng.normal(0, 0.35, count)
    section = rng.uniform(0, 2 * np.pi, count)
    radius = thick * (0.5 + 0.5 * np.sqrt(rng.random(count)))
    wound = rng.uniform(1.0, 2.0, count) * np.pi
    out = np.empty((count, points, 3))
    for k in range(points):
        t = k / (points - 1)
        turn = arrival + t * wound
        angle = section + 1.3 * t * wound
        out[:, k] = _around(tied, turn, ring + radius * np.cos(angle), thick * 0.75 + radius * np.sin(angle))
    return out


def _around(tied: Tie, turn: np.ndarray, radius: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(N, 3) places around the tie's direction off the head."""
    side, up = _square(tied.outward)
    flat = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * up
    return tied.place + radius[:, None] * flat + height[:, None] * tied.outward


def _square(outward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = np.array([1.0, 0.0, 0.0])
    return side, np.cross(outward, side)


def _rings(grid: np.ndarray) -> Surface:
    """Rings (rows, columns, 3) as a surface that a point closes at its far end."""
    rows, columns, _ = grid.shape
    k = np.arange(columns)
    following = (k + 1) % columns
    faces = [
        np.stack(
            [r * columns + k, r * columns + following, (r + 1) * columns + following, (r + 1) * columns + k],
            axis=1,
        )
        for r in range(rows - 1)
    ]
    pole = rows * columns
    last = (rows - 1) * columns
    faces.append(np.stack([last + k, last + following, np.full(columns, pole), np.full(columns, -1)], axis=1))
    points = np.concatenate([grid.reshape(-1, 3), grid[-1].mean(axis=0)[None]])
    return Surface(points, np.concatenate(faces), np.zeros((len(points), 1)))
