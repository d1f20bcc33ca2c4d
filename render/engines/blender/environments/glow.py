"""Light that is seen in the air: halos around lamps, and the beams of spotlights.

Both add light to what lies behind them and hide nothing: neither the instance index nor depth sees them.
"""

from __future__ import annotations

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Point, Solid
from render.engines.blender.shader import Field, Rgb, Shader


def halo(place: Place, at: Point, radius: float, colour: Rgb, strength: float) -> None:
    """A soft disc of light around a lamp at `at`, turned to the camera."""
    shader = Shader("halo")
    u, v, _ = surfaces.surface_uvw(shader)
    inside = (1.0 - (u * u + v * v) ** 0.5).most(0.0)
    shining = _added(shader, colour, (inside**3.0) * strength)
    centre = np.array(at)
    towards = place.eye - centre
    towards /= np.linalg.norm(towards)
    right = np.cross([0.0, 0.0, 1.0], towards)
    right /= np.linalg.norm(right)
    up = np.cross(towards, right)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    points = centre + radius * (corners[:, :1] * right + corners[:, 1:] * up)
    card = Solid()
    card.faces(points, np.array([(0, 1, 2, 3)]), corners[None], shining)
    _ethereal(place.add(card, "halo"))


def beam(
    place: Place, top: Point, foot: Point, radii: tuple[float, float], colour: Rgb, strength: float
) -> None:
    """A cone of lit haze from `top` to `foot`, fading along its way and towards its edges."""
    shader = Shader("beam")
    facing = 1.0 - shader.field("ShaderNodeLayerWeight", {"Blend": 0.5}, "Facing")
    _, v, _ = surfaces.surface_uvw(shader)
    length = float(np.linalg.norm(np.array(foot) - np.array(top)))
    way = (1.0 - v / length).most(0.0)
    shining = _added(shader, colour, (facing**2.0) * (way**1.5) * strength)
    cone = Solid()
    cone.column([top, foot], list(radii), shining, 20, caps=False)
    _ethereal(place.add(cone, "beam"))


def pool(place: Place, at: Point, radius: float, colour: Rgb, strength: float) -> None:
    """The round spot that a beam makes on the floor at `at`."""
    shader = Shader("pool")
    u, v, _ = surfaces.surface_uvw(shader)
    distance = (u * u + v * v) ** 0.5
    shining = _added(shader, colour, distance.rise(1.0, 0.55) * strength * 0.35)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    points = np.tile([at[0], at[1], 0.004], (4, 1))
    points[:, :2] += corners * radius * 1.15
    card = Solid()
    card.faces(points, np.array([(0, 1, 2, 3)]), corners[None], shining)
    _ethereal(place.add(card, "pool", fixed=True))


def _added(shader: Shader, colour: Rgb, strength: Field) -> bpy.types.Material:
    clear = shader.field("ShaderNodeBsdfTransparent")
    return shader.done(shader.field("ShaderNodeAddShader", {0: clear, 1: shader.emission(colour, strength)}))


def _ethereal(thing: bpy.types.Object) -> None:
    """Seen by the camera alone: no shadow, no bounce."""
    thing.visible_shadow = thing.visible_diffuse = thing.visible_glossy = False
