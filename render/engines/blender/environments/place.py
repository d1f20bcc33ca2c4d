"""What every environment is built with: its numbers, its colours, and where the camera is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np

from motionpair.catalog import ENVIRONMENTS
from motionpair.errors import InputError
from motionpair.specs import Environment, Style
from render.engines.blender import lights
from render.engines.blender.environments.shapes import Point, Solid, turn
from render.engines.blender.lights import key_direction
from render.engines.blender.shader import Rgb, linear_rgb
from render.scene import CameraTrack

ELBOW_ROOM = 0.45
"""Metres kept free around the camera."""
LAMPS = 3
"""Lamps of a place that cast light; the others only glow."""
LIT_WINDOWS = {"day": 0.04, "dusk": 0.35, "night": 0.55}
"""Share of a house's windows with light behind them, by the hour."""


@dataclass(frozen=True)
class Thing:
    """An object that may stand in the camera's way.

    wall: of a wall, or of what hangs on it: its inward normal (2,) and distance from the origin. Such
    things vanish when the camera looks through from behind.
    """

    object: bpy.types.Object
    wall: tuple[float, float, float] | None = None


class Place:
    """An environment under construction.

    Attributes:
        params: the environment's numbers by name. colours: linear RGB by name.
        rng: all of its randomness. clear: metres around the origin that stay free of things.
        view: radians, the bearing that the camera looks towards, as an angle from +X.
        eye: (3,) metres, world, where the camera is on the whole.
        hour: day, dusk or night. lit: share of the windows with light behind them.
    """

    def __init__(
        self,
        environment: Environment,
        camera: CameraTrack,
        scene: bpy.types.Scene,
        style: Style = "realistic",
    ) -> None:
        kind = ENVIRONMENTS[environment.kind]
        for name in kind.params:
            if name not in environment.params:
                raise InputError(f"environment.params.{name}: missing; {kind.params[name].meaning}")
        if len(environment.colours) != len(kind.colours):
            raise InputError(
                f"environment.colours: a {environment.kind} takes {len(kind.colours)} colours "
                f"({', '.join(kind.colours)}), got {len(environment.colours)}"
            )
        self.environment = environment
        self.params = dict(environment.params)
        self.colours: dict[str, Rgb] = {
            name: linear_rgb(colour) for name, colour in zip(kind.colours, environment.colours, strict=True)
        }
        self.rng = np.random.default_rng(environment.seed)
        self.clear = self.params["clear"]
        self.hour = lights.hour(environment)
        self.night = self.hour == "night"
        self.lit = LIT_WINDOWS[self.hour]
        self.eye = camera.position.mean(axis=0)
        self.view = math.atan2(-self.eye[1], -self.eye[0])
        self._exposure = lights.exposure(environment, style)
        self._camera = camera.position[:, :2]
        self._scene = scene
        self._things: list[Thing] = []
        self._lamps = 0

    def add(
        self,
        solid: Solid | bpy.types.Mesh,
        name: str,
        at: tuple[float, float] = (0.0, 0.0),
        angle: float = 0.0,
        scale: float = 1.0,
        wall: tuple[float, float, float] | None = None,
        fixed: bool = False,
    ) -> bpy.types.Object:
        """Put a thing into the scene, turned about Z by `angle` and moved to `at`.

        `fixed` things (grounds) never vanish; others do when they stand between camera and stage.
        """
        mesh = solid.mesh(name) if isinstance(solid, Solid) else solid
        thing = bpy.data.objects.new(name, mesh)
        thing.location = (at[0], at[1], 0.0)
        thing.rotation_euler = (0.0, 0.0, angle)
        thing.scale = (scale, scale, scale)
        self._scene.collection.objects.link(thing)
        if not fixed:
            self._things.append(Thing(thing, wall))
        return thing

    def ground(self, material: bpy.types.Material, size: float = 60.0) -> None:
        """The floor: one square at z = 0, `size` metres to each side."""
        solid = Solid()
        square = np.array([(-size, -size, 0), (size, -size, 0), (size, size, 0), (-size, size, 0)], float)
        solid.faces(square, np.array([(0, 1, 2, 3)]), square[None, :, :2], material)
        self.add(solid, "ground", fixed=True)

    def lamp(self, name: str, at: Point, colour: Rgb, level: float, radius: float = 0.2) -> None:
        """A lamp that shines all around; `level`: irradiance over π at one metre, at strength 1.

        A place has LAMPS of them: more would share the few samples and be seen as noise.
        """
        if self._lamps == LAMPS:
            return
        self._lamps += 1
        lights.lamp(self._scene, name, at, colour, level * self._exposure, radius)

    def spot(
        self, name: str, at: Point, aim: Point, colour: Rgb, level: float, reach: float, blend: float = 0.6
    ) -> None:
        """A spotlight at `at` that points at `aim`; `level`: irradiance over π there, at strength 1."""
        lights.spot(self._scene, name, at, aim, colour, level * self._exposure, reach, blend=blend)

    def point(self, ahead: float, aside: float, height: float = 0.0) -> Point:
        """The world point `ahead` metres from the origin along the view, `aside` to its left, `height` up."""
        c, s = math.cos(self.view), math.sin(self.view)
        return c * ahead - s * aside, s * ahead + c * aside, height

    def around(self, angle: float, distance: float) -> tuple[float, float]:
        """The point at `angle` from where the camera looks, `distance` metres from the origin."""
        bearing = self.view + angle
        return distance * math.cos(bearing), distance * math.sin(bearing)

    @staticmethod
    def let_light_through(thing: bpy.types.Object) -> None:
        """Sky and key light shine as if a wall or ceiling were not there: light without noise."""
        thing.visible_shadow = False
        thing.visible_diffuse = False

    def clear_view(self) -> None:
        """Remove what stands between camera and stage in any frame; let the key light reach the stage."""
        for thing in self._things:
            thing.object.hide_render = self._hidden_from(thing, self._camera)
            if self._shades_the_stage(thing.object):
                thing.object.visible_shadow = False

    def clear_views(self, camera: CameraTrack) -> None:
        """As `clear_view` for single pictures: frame t lacks what is in the way of `camera` at t alone."""
        for thing in self._things:
            for t, eye in enumerate(camera.position[:, :2]):
                thing.object.hide_render = self._hidden_from(thing, eye[None])
                thing.object.keyframe_insert("hide_render", frame=t + 1)
            if self._shades_the_stage(thing.object):
                thing.object.visible_shadow = False

    def _hidden_from(self, thing: Thing, eyes: np.ndarray) -> bool:
        """Whether a thing stands between the stage and a camera that is at `eyes` (N, 2)."""
        if thing.wall is None:
            return self._in_the_way(thing.object, eyes)
        nx, ny, distance = thing.wall
        inside = eyes @ np.array([nx, ny]) + distance
        return bool(inside.min() < ELBOW_ROOM * 0.6)

    def _shades_the_stage(self, thing: bpy.types.Object) -> bool:
        """Whether the key light would reach the stage's middle through the thing's bounding box, or nearly.

        Houses and trees are good backgrounds but bad lampshades: the characters stay in the light.
        """
        corners = np.array(thing.bound_box) * thing.scale[0]
        across = turn(corners, thing.rotation_euler[2])[:, :2] + np.array(thing.location[:2])
        light = key_direction(self.environment)
        level = light[:2] / np.linalg.norm(light[:2])
        along, lateral = across @ level, across @ np.array([-level[1], level[0]])
        if along.max() <= 0 or lateral.min() > self.clear or lateral.max() < -self.clear:
            return False
        # The stage reaches `clear` towards the thing, and the shadow falls by the light's slope.
        slope = light[2] / np.linalg.norm(light[:2])
        return bool(corners[:, 2].max() > slope * (max(along.min(), 0.0) - self.clear))

    def _in_the_way(self, thing: bpy.types.Object, eyes: np.ndarray) -> bool:
        corners = np.array(thing.bound_box)
        angle, scale = thing.rotation_euler[2], thing.scale[0]
        low, high = corners.min(axis=0)[:2] * scale, corners.max(axis=0)[:2] * scale
        # Sample the footprint: a long bench blocks the view along its whole length, not within a circle.
        steps = np.linspace(0, 1, 9)
        u, v = np.meshgrid(low[0] + steps * (high[0] - low[0]), low[1] + steps * (high[1] - low[1]))
        c, s = math.cos(angle), math.sin(angle)
        points = np.stack([c * u - s * v, s * u + c * v], -1).reshape(-1, 2) + np.array(thing.location[:2])
        for camera in eyes[:: max(1, len(eyes) // 8)]:
            reach = float(np.linalg.norm(camera))
            along = np.clip((points - camera) @ -camera / max(reach, 1e-6) ** 2, 0.0, 1.0)
            lateral = np.linalg.norm(points - camera * (1 - along)[:, None], axis=1)
            if np.any((along < 1.0) & (lateral < ELBOW_ROOM + 0.8 * self.clear * along)):
                return True
        return False
