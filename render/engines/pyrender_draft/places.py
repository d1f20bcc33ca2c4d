"""Places in drafts: a floor in squares, and walls or a ring of simple things in the place's colours."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from motionpair.catalog import ENVIRONMENTS, INDOOR
from motionpair.specs import Environment
from render.engines.pyrender_draft.colours import encoded, linear
from render.engines.pyrender_draft.light import Light
from render.engines.pyrender_draft.meshes import Mesh, Solid, box, lathe, triangles_of
from render.scene import CameraTrack

_FLOORS = ("floor", "paving", "grass", "court", "asphalt", "boards", "paper", "ground", "mats", "sand")
_WALLS = ("wall", "facade", "foliage", "surround", "second", "curtain", "backdrop")
_REACH = 60.0  # metres of floor to each side
_HEIGHT = 3.0  # metres of a room's walls


class Place:
    """An environment's stand-in. meshes: all of it. shade: (3,) linear, its floor in shadow."""

    def __init__(self, environment: Environment, light: Light, camera: CameraTrack):
        names = tuple(ENVIRONMENTS[environment.kind].colours)
        self._colours = {n: linear(c) for n, c in zip(names, environment.colours, strict=False)}
        self._light = light
        self._rng = np.random.default_rng(environment.seed)
        self._clear = float(environment.params.get("clear", 2.8))
        middle = camera.position.mean(axis=0)
        self._view = math.atan2(-middle[1], -middle[0])
        self._reach = float(np.linalg.norm(camera.position[:, :2], axis=1).max()) + 0.5
        self._bare = self._one_of(_FLOORS, 0)
        self._far = self._one_of(_WALLS, 1)
        self.meshes: list[Mesh] = [self._floor()]
        build = Place._room if environment.kind in INDOOR else _OUTSIDE.get(environment.kind, Place._houses)
        build(self)
        self.shade = self._bare * (0.8 * light.sky + 0.12 * light.key)

    def _one_of(self, names: tuple[str, ...], fallback: int) -> np.ndarray:
        """The first of the place's colours with one of these names, else the one at `fallback`."""
        found = [self._colours[n] for n in names if n in self._colours]
        every = list(self._colours.values()) or [np.array([0.3, 0.3, 0.3])]
        return found[0] if found else every[min(fallback, len(every) - 1)]

    def _floor(self) -> Mesh:
        """Squares of half a metre, barely apart, so that steps and slides show."""
        lit = self._bare * self._light.on(np.array([[0.0, 0.0, 1.0]], np.float32))[0]
        tones = np.array([[1.0, 0.86], [0.86, 1.0]])
        picture = encoded(np.kron(tones, np.ones((32, 32)))[..., None] * lit)
        corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], np.float32) * _REACH
        white = np.full((4, 3), 255, np.uint8)
        return Mesh(corners, np.array([(0, 1, 2), (0, 2, 3)]), white, corners[:, :2] / 1.0, picture)

    def _room(self) -> None:
        """Four walls and a ceiling that are seen from inside alone, and furniture along the far ones."""
        half = self._clear + 1.4
        wall = 0.92 * self._far
        corners = np.array([(-1, 1, 0), (1, 1, 0), (1, 1, 1), (-1, 1, 1)], float) * (half, half, _HEIGHT)
        front = triangles_of(np.array([(0, 1, 2, 3)]))
        for k in range(4):
            # Built on +Y and facing −Y; the first is the one that the camera looks at.
            turn = self._view - math.pi / 2 + k * math.pi / 2 + 0.2
            self._add(Solid(corners, front).turned(turn, (0.0, 0.0)), wall)
            skirting = corners * (1, 0.995, 0.045)
            self._add(Solid(skirting, front).turned(turn, (0.0, 0.0)), 0.45 * wall)
            if k == 2:
                continue
            for x in np.linspace(-half + 1.0, half - 1.0, 3):
                wide, tall = self._rng.uniform(0.5, 1.1), self._rng.choice([0.5, 0.8, 1.9])
                colour = self._any()
                if self._rng.random() < 0.3:
                    frame = box(np.array([x - 0.3, half - 0.04, 1.3]), np.array([x + 0.3, half - 0.01, 1.9]))
                    self._add(frame.turned(turn, (0.0, 0.0)), colour)
                else:
                    piece = box(
                        np.array([x - wide / 2, half - 0.45, 0]), np.array([x + wide / 2, half - 0.02, tall])
                    )
                    self._add(piece.turned(turn, (0.0, 0.0)), colour)
        top = np.array([(-1, -1, 0), (-1, 1, 0), (1, 1, 0), (1, -1, 0)], float) * half + (0, 0, _HEIGHT)
        self._add(Solid(top, front).turned(self._view - math.pi / 2 + 0.2, (0.0, 0.0)), 0.5 + 0.4 * wall)

    def _houses(self) -> None:
        for bearing, near in self._around(9, self._clear + 4.5, self._clear + 8.0):
            tall = self._rng.uniform(3.5, 9.0)
            self._stand(box(np.array([-2.6, -1.5, 0]), np.array([2.6, 1.5, tall])), bearing, near, self._far)
            for z in np.arange(1.2, tall - 0.8, 1.6):
                for x in (-1.7, 0.0, 1.7):
                    window = box(np.array([x - 0.4, -1.53, z]), np.array([x + 0.4, -1.5, z + 1.0]))
                    self._stand(window, bearing, near, np.array([0.05, 0.07, 0.10]))
        for bearing, near in self._around(4, self._clear + 0.6, self._clear + 2.0):
            self._stand(
                box(np.array([-0.5, -0.25, 0]), np.array([0.5, 0.25, 0.5])), bearing, near, self._any()
            )

    def _trees(self) -> None:
        for bearing, near in self._around(22, self._clear + 1.5, self._clear + 9.0):
            tall, wide = self._rng.uniform(2.6, 4.5), self._rng.uniform(0.9, 1.6)
            self._stand(
                lathe([(0.14, 0.0), (0.10, tall * 0.6)], 8), bearing, near, np.array([0.10, 0.06, 0.03])
            )
            crown = [(0.05, 0.42), (0.8, 0.52), (1.0, 0.68), (0.7, 0.88), (0.02, 1.0)]
            leaves = lathe([(r * wide, h * tall) for r, h in crown], 10)
            self._stand(leaves, bearing, near, self._far * self._rng.uniform(0.7, 1.3))

    def _fence(self) -> None:
        for bearing, near in self._around(26, self._clear + 3.0, self._clear + 3.2):
            post = box(np.array([-0.05, -0.05, 0]), np.array([0.05, 0.05, 3.0]))
            self._stand(post, bearing, near, np.array([0.12, 0.13, 0.14]))
            rail = box(np.array([-1.0, -0.02, 0.0]), np.array([1.0, 0.02, 0.9]))
            self._stand(rail, bearing, near, self._far)

    def _around(self, count: int, nearest: float, farthest: float) -> list[tuple[float, float]]:
        """(bearing, distance) of things around the origin; none between it and the camera."""
        spread = np.linspace(-math.pi, math.pi, count, endpoint=False)
        places = [(self._view + a, float(self._rng.uniform(nearest, farthest))) for a in spread]
        return [(b, d) for b, d in places if math.cos(b - self._view) > -0.5 or d > self._reach + 2.0]

    def _stand(self, solid: Solid, bearing: float, distance: float, colour: np.ndarray) -> None:
        """Put a thing somewhere around the origin, its −Y side inwards."""
        at = (distance * math.cos(bearing), distance * math.sin(bearing))
        self._add(solid.turned(bearing - math.pi / 2, at), colour)

    def _any(self) -> np.ndarray:
        every = list(self._colours.values())
        return every[int(self._rng.integers(len(every)))]

    def _add(self, solid: Solid, colour: np.ndarray) -> None:
        shade = encoded(colour * self._light.on(solid.normals().astype(np.float32)))
        self.meshes.append(Mesh(solid.points.astype(np.float32), solid.triangles, shade))


_OUTSIDE: dict[str, Callable[[Place], None]] = {
    "park": Place._trees,
    "court": Place._fence,
}
"""Environment kind to what stands around it; others have houses."""


def joined(meshes: list[Mesh]) -> list[Mesh]:
    """The same with those that have no picture as one."""
    plain = [m for m in meshes if m.picture is None]
    starts = np.cumsum([0, *(len(m.points) for m in plain)])
    triangles = [m.triangles + start for m, start in zip(plain, starts, strict=False)]
    if not plain:
        return meshes
    one = Mesh(
        np.concatenate([m.points for m in plain]),
        np.concatenate(triangles),
        np.concatenate([m.colours for m in plain]),
    )
    return [m for m in meshes if m.picture is not None] + [one]
