"""Places in drafts: a floor in squares, and tools to put simple things around it in the place's colours."""

from __future__ import annotations

import math

import numpy as np

from motionpair.catalog import ENVIRONMENTS
from motionpair.specs import Environment
from render.engines.pyrender_canvas.meshes import Mesh, triangles_of
from render.engines.pyrender_draft.colours import encoded, linear
from render.engines.pyrender_draft.light import Light
from render.engines.pyrender_draft.meshes import Solid
from render.scene import CameraTrack

REACH = 60.0
"""Metres of floor to each side."""
_FLOORS = ("floor", "paving", "grass", "court", "road", "sand", "paper")


class Place:
    """An environment's stand-in, under construction.

    Attributes:
        colours: linear RGB by name. meshes: all that stands still. shade: (3,) linear, the floor in shadow.
        rng: all of its randomness. clear: metres around the origin that stay free of things.
        view: radians, the bearing that the camera looks towards, as an angle from +X.
    """

    def __init__(self, environment: Environment, light: Light, camera: CameraTrack):
        names = tuple(ENVIRONMENTS[environment.kind].colours)
        self.colours = {n: linear(c) for n, c in zip(names, environment.colours, strict=True)}
        self.params = environment.params
        self.rng = np.random.default_rng(environment.seed)
        self.clear = float(environment.params["clear"])
        middle = camera.position.mean(axis=0)
        self.view = math.atan2(-middle[1], -middle[0])
        self._light = light
        self._reach = float(np.linalg.norm(camera.position[:, :2], axis=1).max()) + 0.5
        self._bare = self.colours[next(n for n in _FLOORS if n in self.colours)]
        self.meshes: list[Mesh] = [self._floor()]
        self.shade = self._bare * (0.8 * light.sky + 0.12 * light.key)

    def any_colour(self) -> np.ndarray:
        """One of the place's colours, linear."""
        every = list(self.colours.values())
        return every[int(self.rng.integers(len(every)))]

    def add(self, solid: Solid, colour: np.ndarray, glow: float = 0.0) -> None:
        """Put a thing where it is; `glow`: the share of its colour that needs no light."""
        lit = (1 - glow) * self._light.on(solid.normals().astype(np.float32)) + glow
        self.meshes.append(Mesh(solid.points.astype(np.float32), solid.triangles, encoded(colour * lit)))

    def stand(
        self, solid: Solid, bearing: float, distance: float, colour: np.ndarray, glow: float = 0.0
    ) -> None:
        """Put a thing around the origin, its −Y side inwards, `bearing` from where the camera looks."""
        angle = self.view + bearing
        at = (distance * math.cos(angle), distance * math.sin(angle))
        self.add(solid.turned(angle - math.pi / 2, at), colour, glow)

    def around(self, count: int, nearest: float, farthest: float) -> list[tuple[float, float]]:
        """(bearing, distance) of things around the stage; none between it and the camera.

        Distances are metres from the stage's edge.
        """
        spread = np.linspace(-math.pi, math.pi, count, endpoint=False)
        places = [(float(a), self.clear + float(self.rng.uniform(nearest, farthest))) for a in spread]
        return [(b, d) for b, d in places if math.cos(b) > -0.5 or d > self._reach + 2.0]

    def wall(
        self, side: int, turned: float, half: tuple[float, float], low: float, high: float, colour: np.ndarray
    ) -> None:
        """A stretch of one of four walls, seen from inside alone: `side` 0 is ahead of the camera.

        half: metres from the middle to the walls at the sides, and to those ahead and behind. low, high:
        metres above the floor.
        """
        across, away = half if side % 2 == 0 else half[::-1]
        corners = np.array(
            [(-across, away, low), (across, away, low), (across, away, high), (-across, away, high)]
        )
        front = triangles_of(np.array([(0, 1, 2, 3)]))
        self.add(Solid(corners, front).turned(self.facing(side, turned), (0.0, 0.0)), colour)

    def facing(self, side: int, turned: float) -> float:
        """Radians by which a thing built against +Y is turned to stand against wall `side`."""
        return self.view - math.pi / 2 + side * math.pi / 2 + turned

    def sheet(self, corners: np.ndarray, colour: np.ndarray, glow: float = 0.0) -> None:
        """A level sheet (4, 3), built around +Y ahead of the camera and seen from above."""
        level = Solid(np.asarray(corners, float), triangles_of(np.array([(0, 1, 2, 3)])))
        self.add(level.turned(self.view - math.pi / 2, (0.0, 0.0)), colour, glow)

    def _floor(self) -> Mesh:
        """Squares of half a metre, barely apart, so that steps and slides show."""
        lit = self._bare * self._light.on(np.array([[0.0, 0.0, 1.0]], np.float32))[0]
        tones = np.array([[1.0, 0.86], [0.86, 1.0]])
        picture = encoded(np.kron(tones, np.ones((32, 32)))[..., None] * lit)
        corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], np.float32) * REACH
        white = np.full((4, 3), 255, np.uint8)
        return Mesh(corners, np.array([(0, 1, 2), (0, 2, 3)]), white, corners[:, :2].copy(), picture)


def joined(meshes: list[Mesh]) -> list[Mesh]:
    """The same with those that have no picture as one."""
    plain = [m for m in meshes if m.picture is None]
    if not plain:
        return meshes
    starts = np.cumsum([0, *(len(m.points) for m in plain)])
    one = Mesh(
        np.concatenate([m.points for m in plain]),
        np.concatenate([m.triangles + start for m, start in zip(plain, starts, strict=False)]),
        np.concatenate([m.colours for m in plain]),
    )
    return [m for m in meshes if m.picture is not None] + [one]
