"""What stands around the stage in drafts, by kind of environment."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from motionpair.specs import Environment
from render.engines.pyrender_draft.light import Light
from render.engines.pyrender_draft.meshes import box, lathe
from render.engines.pyrender_draft.places import REACH, Place
from render.scene import CameraTrack

_HEIGHT = 3.0  # metres of a room's walls
_DARK = np.array([0.05, 0.07, 0.10])
_BARK = np.array([0.10, 0.06, 0.03])
_PALE = np.array([0.6, 0.58, 0.54])


def surround(environment: Environment, light: Light, camera: CameraTrack) -> Place:
    """The stand-in of an environment, complete."""
    place = Place(environment, light, camera)
    BUILDERS[environment.kind](place)
    return place


def _plaza(place: Place) -> None:
    _houses(place, 9, 4.5, 8.0, place.colours["facade"])
    for bearing, near in place.around(5, 0.6, 2.0):
        _block(place, (1.0, 0.5, 0.5), bearing, near, place.colours["accent"])


def _street(place: Place) -> None:
    bearing = float(place.params["bearing"])
    c, s = math.cos(bearing), math.sin(bearing)
    turn = np.array([[c, -s], [s, c]])
    pavement = np.array([(place.clear, -REACH), (REACH, -REACH), (REACH, REACH), (place.clear, REACH)])
    for side in (-1, 1):
        kerb = pavement * (side, 1)
        kerb = kerb[::side] @ turn.T
        place.sheet(np.column_stack([kerb, np.full(4, 0.004)]), place.colours["pavement"])
        for along in np.arange(-8.0, 30.0, 6.0):
            x, y = turn @ (side * (place.clear + 4.5), along)
            away, towards = math.hypot(x, y), math.atan2(-x, y)
            if math.cos(towards) < -0.2:
                continue
            tall = 3.2 + 2.6 * float(place.rng.integers(1, 4))
            _house(place, tall, towards, away, place.colours["facade"] * place.rng.uniform(0.8, 1.15))
            if place.rng.random() < place.params["cars"]:
                x, y = turn @ (side * (place.clear + 0.3), along)
                colour = place.any_colour()
                _block(place, (1.7, 3.6, 1.3), math.atan2(-x, y), math.hypot(x, y) + 1.0, colour)


def _park(place: Place) -> None:
    for bearing, near in place.around(22, 1.5, 9.0):
        tall, wide = place.rng.uniform(2.6, 4.5), place.rng.uniform(0.9, 1.6)
        place.stand(lathe([(0.14, 0.0), (0.10, tall * 0.6)], 8), bearing, near, _BARK)
        crown = [(0.05, 0.42), (0.8, 0.52), (1.0, 0.68), (0.7, 0.88), (0.02, 1.0)]
        leaves = lathe([(r * wide, h * tall) for r, h in crown], 10)
        place.stand(leaves, bearing, near, place.colours["foliage"] * place.rng.uniform(0.7, 1.3))


def _court(place: Place) -> None:
    tall = float(place.params["fence"])
    for bearing, near in place.around(26, 3.0, 3.2):
        _block(place, (0.1, 0.1, tall), bearing, near, np.array([0.12, 0.13, 0.14]))
        _block(place, (2.0, 0.04, 0.9), bearing, near, place.colours["surround"])


def _room(place: Place) -> None:
    _walls(place, place.colours["wall"], 0.2)
    _along_walls(place, 0.2, [(0.5, 0.5), (0.9, 0.8), (0.8, 1.9)])


def _studio(place: Place) -> None:
    paper = place.colours["paper"]
    half = place.clear + 1.8
    for side in range(4):
        place.wall(side, 0.0, (half, half), 0.0, 4.0, 0.95 * paper if side != 2 else 0.5 * paper)
    for x in (-0.8, 0.8):
        panel = box(np.array([-0.5, -0.05, 0.9]), np.array([0.5, 0.05, 2.4]))
        place.stand(panel, x, place.clear + 1.2, _PALE, glow=0.8)


def _stage(place: Place) -> None:
    half = place.clear + 2.2
    place.wall(0, 0.0, (half, half), 0.0, 5.0, place.colours["backdrop"] * 1.6)
    for x in np.linspace(-1.0, 1.0, 9):
        if abs(x) > 0.6:
            fold = box(
                np.array([x * half - 0.3, half - 0.7, 0.0]), np.array([x * half + 0.3, half - 0.3, 5.0])
            )
            place.add(fold.turned(place.facing(0, 0.0), (0.0, 0.0)), place.colours["curtain"])
    for x, name in ((-1.0, "left light"), (0.0, "right light"), (1.0, "left light")):
        beam = lathe([(0.5, 0.02), (0.1, 4.6)], 12)
        haze = 0.3 * place.colours[name] + 0.7 * place.colours["backdrop"]
        place.stand(beam, 0.55 * x, place.clear + 1.6, haze, glow=0.9)


def _gym(place: Place) -> None:
    _walls(place, place.colours["wall"], 0.1, band=(float(place.params["band"]), place.colours["accent"]))
    mats = np.array([(-1.4, -1.0, 0.004), (1.4, -1.0, 0.004), (1.4, 1.0, 0.004), (-1.4, 1.0, 0.004)])
    place.sheet(mats + np.array([0.0, place.clear, 0.0]), place.colours["mat"])
    _along_walls(place, 0.1, [(0.7, 1.9), (0.9, 1.2), (0.5, 0.6)], np.array([0.06, 0.06, 0.07]))


def _corridor(place: Place) -> None:
    turned = float(place.params["turned"])
    wide = place.clear + 0.2
    half = (wide, 14.0)
    for side in range(4):
        place.wall(side, turned, half, 0.0, _HEIGHT, 0.92 * place.colours["wall"])
    _ceiling(place, half, turned)
    for side in (1, 3):
        for along in np.arange(-5.0, 13.0, 1.6):
            # Along a side wall the place's own length is X.
            x = along if side == 1 else -along
            door = place.rng.random() > place.params["lockers"]
            colour = place.colours["doors"] if door else place.colours["lockers"]
            deep = 0.04 if door else 0.4
            piece = box(np.array([x - 0.5, wide - deep, 0.0]), np.array([x + 0.5, wide - 0.01, 2.05]))
            if along > -1.5:
                place.add(piece.turned(place.facing(side, turned), (0.0, 0.0)), colour)


def _office(place: Place) -> None:
    _walls(place, place.colours["wall"], 0.15)
    _along_walls(place, 0.15, [(1.2, 0.74), (1.2, 0.74), (0.8, 1.5)], place.colours["desks"])


def _rooftop(place: Place) -> None:
    for bearing, near in place.around(22, 0.9, 0.92):
        _block(place, (1.2, 0.3, 1.0), bearing, near, place.colours["parapet"])
    for bearing, near in place.around(26, 16.0, 34.0):
        tall = float(place.rng.uniform(3.0, 14.0))
        tone = place.colours["skyline"] * place.rng.uniform(0.7, 1.2)
        _block(place, (5.0, 4.0, tall), bearing, near, tone)


def _beach(place: Place) -> None:
    shore = float(place.params["shore"])
    near, c, s = place.clear + 4.0, math.cos(shore), math.sin(shore)
    sea = np.array([(-REACH, near), (REACH, near), (REACH, REACH), (-REACH, REACH)])
    surf = np.array([(-REACH, near - 0.5), (REACH, near - 0.5), (REACH, near), (-REACH, near)])
    for corners, colour in ((sea, place.colours["sea"]), (surf, np.array([0.8, 0.82, 0.82]))):
        turned = corners @ np.array([[c, s], [-s, c]])
        place.sheet(np.column_stack([turned, np.full(4, 0.006)]), colour)
    for bearing, away in place.around(9, 1.0, 2.6):
        if place.rng.random() < place.params["parasols"]:
            place.stand(lathe([(0.03, 0.0), (0.03, 2.1)], 6), bearing, away, _PALE)
            colour = place.colours["parasol"] if place.rng.random() < 0.6 else place.colours["huts"]
            place.stand(lathe([(1.1, 1.9), (0.05, 2.4)], 10), bearing, away, colour)


BUILDERS: dict[str, Callable[[Place], None]] = {
    "plaza": _plaza,
    "park": _park,
    "court": _court,
    "room": _room,
    "studio": _studio,
    "street": _street,
    "stage": _stage,
    "gym": _gym,
    "corridor": _corridor,
    "office": _office,
    "rooftop": _rooftop,
    "beach": _beach,
}
"""Environment kind to what builds its stand-in."""


def _walls(
    place: Place, colour: np.ndarray, turned: float, band: tuple[float, np.ndarray] | None = None
) -> None:
    """Four walls, a skirting or painted band, and a ceiling, all seen from inside alone."""
    half = (place.clear + 1.4, place.clear + 1.4)
    high, tone = band or (0.13, 0.45 * colour)
    inner = (half[0] - 0.01, half[1] - 0.01)
    for side in range(4):
        place.wall(side, turned, half, 0.0, _HEIGHT, 0.92 * colour)
        place.wall(side, turned, inner, 0.0, high, tone)
    _ceiling(place, half, turned)


def _ceiling(place: Place, half: tuple[float, float], turned: float) -> None:
    x, y = half
    top = np.array([(-x, -y), (-x, y), (x, y), (x, -y)])
    c, s = math.cos(turned), math.sin(turned)
    place.sheet(np.column_stack([top @ np.array([[c, s], [-s, c]]), np.full(4, _HEIGHT)]), _PALE, glow=0.5)


def _along_walls(
    place: Place, turned: float, sizes: list[tuple[float, float]], colour: np.ndarray | None = None
) -> None:
    """Furniture or pictures along the walls that the camera may see; sizes: (width, height), metres."""
    half = place.clear + 1.4
    for side in (0, 1, 3):
        for x in np.linspace(-half + 1.0, half - 1.0, 3):
            wide, tall = sizes[int(place.rng.integers(len(sizes)))]
            tone = place.any_colour() if colour is None or place.rng.random() < 0.25 else colour
            if place.rng.random() < 0.3:
                low, high = (x - 0.3, half - 0.04, 1.3), (x + 0.3, half - 0.015, 1.9)
            else:
                low, high = (x - wide / 2, half - 0.45, 0.0), (x + wide / 2, half - 0.015, tall)
            piece = box(np.array(low), np.array(high))
            place.add(piece.turned(place.facing(side, turned), (0.0, 0.0)), tone)


def _houses(place: Place, count: int, nearest: float, farthest: float, colour: np.ndarray) -> None:
    for bearing, near in place.around(count, nearest, farthest):
        _house(place, float(place.rng.uniform(3.5, 9.0)), bearing, near, colour)


def _house(place: Place, tall: float, bearing: float, away: float, colour: np.ndarray) -> None:
    _block(place, (5.2, 3.0, tall), bearing, away, colour)
    for z in np.arange(1.2, tall - 0.8, 1.6):
        for x in (-1.7, 0.0, 1.7):
            window = box(np.array([x - 0.4, -1.53, z]), np.array([x + 0.4, -1.5, z + 1.0]))
            place.stand(window, bearing, away, _DARK)


def _block(
    place: Place, size: tuple[float, float, float], bearing: float, away: float, colour: np.ndarray
) -> None:
    x, y, z = size
    place.stand(box(np.array([-x / 2, -y / 2, 0.0]), np.array([x / 2, y / 2, z])), bearing, away, colour)
