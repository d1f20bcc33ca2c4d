"""The light of an environment: a sky from an HDRI, a key light for shape and contact shadows, and lamps.

The 1K HDRIs hold lamps and suns that are thousands of times brighter than the rest; found by chance at a
few samples a pixel they are noise. So the sky that lights the scene is cut at a radiance, and what was
cut comes back as a key light of the sun's colour and direction, which Cycles samples at every hit.
Each HDRI is scaled to the same irradiance, so that a character is well lit in all of them. By day and at
dusk the key is a sun; at night and on a stage it is a lamp over the stage, and the rest is left to the
lamps of the place. All of them are soft and few, and none is hit by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import bpy
import numpy as np
from mathutils import Vector

from motionpair.catalog import INDOOR
from motionpair.errors import InputError
from motionpair.specs import Environment, Style
from render.engines.blender.shader import Field
from render.engines.blender.skies import SkyShader, paint

Colour = tuple[float, float, float]
Hour = Literal["day", "dusk", "night"]


@dataclass(frozen=True)
class _Light:
    """What is known of one HDRI.

    longitude: of its brightest region, share of the picture's width (measured; a test holds it).
    elevation: radians, of our key light; low suns are lifted, so that faces and the ground get light.
    cut: radiance at which the sky is cut. irradiance: of the cut sky on level ground, over π, Rec.709
    luminance (measured; a test holds it).
    key: colour of the key light. balance: its irradiance, over π, at strength 1, against the sky's.
    angle: radians, the key's apparent diameter. level: of the sky's light, 1 = day. backdrop: what the camera
    sees of the painted sky, against what it sees by day. fill: share of the sky's irradiance that comes
    evenly from everywhere instead, where an HDRI is a few lamps in the dark. tint: of the sky's light.
    """

    longitude: float
    elevation: float
    cut: float
    irradiance: float
    key: Colour
    balance: float
    angle: float
    hour: Hour = "day"
    level: float = 1.0
    backdrop: float = 1.0
    fill: float = 0.0
    tint: Colour = (1.0, 1.0, 1.0)


_LIGHTS: dict[str, _Light] = {
    "city": _Light(0.602, 0.66, 8.8, 1.557, (1.0, 0.96, 0.90), 1.0, 0.06),
    "courtyard": _Light(0.414, 0.60, 3.0, 0.407, (1.0, 0.93, 0.84), 1.2, 0.05),
    "forest": _Light(0.616, 0.64, 6.3, 1.296, (1.0, 0.95, 0.84), 1.1, 0.05),
    "interior": _Light(0.588, 0.60, 6.8, 0.654, (1.0, 0.90, 0.78), 0.9, 0.25, fill=0.35),
    "night": _Light(
        0.128, 0.72, 0.63, 0.139, (1.0, 0.80, 0.58), 0.82, 0.08, "night", 0.34, fill=0.5,
        tint=(0.62, 0.78, 1.25),
    ),
    "studio": _Light(0.716, 0.62, 10.0, 0.0417, (1.0, 0.98, 0.96), 1.0, 0.30, fill=0.75),
    "sunrise": _Light(0.606, 0.42, 2.2, 0.306, (1.0, 0.74, 0.44), 1.35, 0.05, "dusk", 0.72, 0.9),
    "sunset": _Light(
        0.597, 0.38, 3.1, 0.691, (1.0, 0.58, 0.28), 1.3, 0.06, "dusk", 0.55, 0.8, tint=(0.95, 0.90, 1.12)
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Setting:
    """How a kind of place takes light.

    sky: share of the sky's light that reaches the stage. key: the most that the key's `balance` may be.
    softness: radians, its least apparent diameter. elevation: radians, its least. lamp: the key is a lamp at
    any hour. night: (sky, key) at night instead of the HDRI's `level` and `balance`, where lamps stay on.
    """

    sky: float = 1.0
    key: float = 2.0
    softness: float = 0.0
    elevation: float = 0.0
    lamp: bool = False
    night: tuple[float, float] | None = None


_OUTDOORS = _Setting()
_INDOORS = _Setting(sky=0.6, key=0.9, softness=0.22, elevation=0.6)
_SETTINGS: dict[str, _Setting] = {
    "room": _Setting(sky=0.6, key=0.9, softness=0.22, elevation=0.6, night=(0.30, 0.75)),
    "gym": _Setting(sky=0.68, key=0.9, softness=0.30, elevation=0.75, night=(0.85, 0.80)),
    "corridor": _Setting(sky=0.68, key=0.85, softness=0.35, elevation=0.8, night=(0.85, 0.80)),
    "office": _Setting(sky=0.65, key=0.85, softness=0.30, elevation=0.7, night=(0.80, 0.78)),
    "stage": _Setting(sky=0.16, key=0.8, softness=0.12, elevation=0.62, lamp=True, night=(0.35, 0.8)),
}
"""How places other than the open take light, by `Environment.kind`."""

SKY_LEVEL = 0.62
"""Irradiance over π of the sky on level ground, at strength 1: what a white diffuser would reflect."""
KEY_LEVEL = 1.15
"""Irradiance over π of the key light on a surface that faces it, before a light's `balance`."""
TOON_LEVEL = 0.62
"""Share of all light in a toon picture: the view Standard cuts at 1, where AgX rolls off above 16."""
MOON_SHARE = 0.16
"""The moon's light against the key's by day: it shapes what no lamp reaches."""
MOON_ELEVATION = 0.8
"""Radians."""
MOONLIGHT: Colour = (0.50, 0.68, 1.0)
LAMP_DISTANCE = 8.0
"""Metres from the stage's middle to a key light that is a lamp."""
LAMP_REACH = 5.5
"""Metres around the stage's middle that such a lamp lights, dimmer towards the rim."""


def _light(environment: Environment) -> _Light:
    if environment.hdri not in _LIGHTS:
        raise InputError(f"environment.hdri: expected one of {', '.join(_LIGHTS)}, got {environment.hdri!r}")
    return _LIGHTS[environment.hdri]


def _setting(environment: Environment) -> _Setting:
    return _SETTINGS.get(environment.kind, _INDOORS if environment.kind in INDOOR else _OUTDOORS)


def hour(environment: Environment) -> Hour:
    """The time of day that the environment's HDRI stands for."""
    return _light(environment).hour


def exposure(environment: Environment, style: Style) -> float:
    """The factor of all light, that of lamps included."""
    return environment.hdri_strength * (TOON_LEVEL if style == "toon" else 1.0)


def key_direction(environment: Environment) -> np.ndarray:
    """(3,) unit vector, world, from the ground towards the key light.

    Its bearing is `environment.hdri_rotation`, measured like a camera's azimuth: 0 is −Y, where a
    character at heading 0 looks, and π/2 is +X.
    """
    elevation = max(_light(environment).elevation, _setting(environment).elevation)
    bearing = environment.hdri_rotation
    level = math.cos(elevation)
    return np.array([level * math.sin(bearing), -level * math.cos(bearing), math.sin(elevation)])


def key_colour(environment: Environment) -> Colour:
    """Linear RGB of the key light, its largest channel 1; indoors half-way to white."""
    red, green, blue = _light(environment).key
    if environment.kind in INDOOR:
        return ((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2)
    return (red, green, blue)


def hdri_path(name: str) -> Path:
    """The HDRI called `name` inside the bpy wheel."""
    return Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / f"{name}.exr"


def build(environment: Environment, style: Style, scene: bpy.types.Scene) -> None:
    """Give `scene` its world and its key light."""
    light, setting = _light(environment), _setting(environment)
    exposed = exposure(environment, style)
    sky, key = light.level, min(light.balance, setting.key)
    if light.hour == "night" and setting.night is not None:
        sky, key = setting.night
    scene.world = _world(environment, light, SKY_LEVEL * exposed * sky * setting.sky, exposed)
    level = KEY_LEVEL * exposed * key
    if setting.lamp or light.hour == "night":
        towards = key_direction(environment)
        spot(scene, "key", tuple(LAMP_DISTANCE * towards), (0.0, 0.0, 0.9), key_colour(environment), level,
             LAMP_REACH, radius=0.5)  # fmt: skip
    else:
        _sun(scene, "key", key_direction(environment), key_colour(environment), level,
             max(light.angle, setting.softness))  # fmt: skip
    if light.hour == "night" and environment.kind not in INDOOR:
        _sun(scene, "moon", _moon_direction(environment), MOONLIGHT, KEY_LEVEL * exposed * MOON_SHARE, 0.06)


def _moon_direction(environment: Environment) -> np.ndarray:
    """(3,) towards the moon: from behind the characters, so that it draws edges, not faces."""
    bearing = environment.hdri_rotation + math.copysign(2.3, environment.hdri_rotation)
    level = math.cos(MOON_ELEVATION)
    return np.array([level * math.sin(bearing), -level * math.cos(bearing), math.sin(MOON_ELEVATION)])


def _sun(
    scene: bpy.types.Scene, name: str, towards: np.ndarray, colour: Colour, level: float, angle: float
) -> None:
    data = bpy.data.lights.new(name, "SUN")
    data.energy = math.pi * level
    data.angle = angle
    data.color = colour
    data.cycles.use_multiple_importance_sampling = False
    sun = bpy.data.objects.new(name, data)
    x, y, z = towards
    # A sun shines along its −Z.
    sun.rotation_mode = "XYZ"
    sun.rotation_euler = (0.0, math.acos(z), math.atan2(y, x))
    scene.collection.objects.link(sun)


def spot(
    scene: bpy.types.Scene, name: str, at: tuple[float, ...], aim: tuple[float, ...], colour: Colour,
    level: float, reach: float, radius: float = 0.12, blend: float = 0.6,
) -> None:  # fmt: skip
    """A spotlight.

    Args:
        at, aim: (x, y, z) metres, world: where it hangs and where it points.
        level: its irradiance over π at `aim`, on a surface that faces it. reach: metres, the radius of its
            circle there. radius: metres, its own, for soft shadows. blend: share of the circle that fades.
    """
    data = bpy.data.lights.new(name, "SPOT")
    towards = Vector(aim) - Vector(at)
    # A lamp of P watts gives an irradiance over π of P / (4 π² r²) at r metres, a spot as much in its cone.
    data.energy = level * 4 * math.pi**2 * towards.length_squared
    data.color = colour
    data.shadow_soft_size = radius
    data.spot_size, data.spot_blend = 2 * math.atan(reach / towards.length), blend
    data.cycles.use_multiple_importance_sampling = False
    lamp = bpy.data.objects.new(name, data)
    lamp.location = at
    lamp.rotation_mode = "QUATERNION"
    lamp.rotation_quaternion = towards.to_track_quat("-Z", "Y")
    scene.collection.objects.link(lamp)


def lamp(
    scene: bpy.types.Scene, name: str, at: tuple[float, ...], colour: Colour, level: float, radius: float
) -> None:
    """A lamp that shines evenly all around; `level`: its irradiance over π at one metre."""
    data = bpy.data.lights.new(name, "POINT")
    data.energy = level * 4 * math.pi**2
    data.color = colour
    data.shadow_soft_size = radius
    data.cycles.use_multiple_importance_sampling = False
    bulb = bpy.data.objects.new(name, data)
    bulb.location = at
    scene.collection.objects.link(bulb)


def _world(environment: Environment, light: _Light, sky: float, exposed: float) -> bpy.types.World:
    """`sky`: irradiance over π of what lights the scene. `exposed`: the factor of what the camera sees."""
    world = bpy.data.worlds.new("sky")
    shader = SkyShader(world)
    # The sky is smooth once cut: hits by chance are enough, and a map to sample it by costs 20 %.
    world.cycles.sampling_method = "NONE"
    # The texture's longitude u lies at the angle (1/2 − u) 2π from +X; the bearing b at b − π/2.
    longitude = (0.5 - light.longitude) * 2 * math.pi
    turned = shader.field(
        "ShaderNodeMapping",
        {
            "Vector": shader.direction(),
            "Rotation": (0.0, 0.0, longitude - (environment.hdri_rotation - math.pi / 2)),
        },
    )
    picture = shader.node("ShaderNodeTexEnvironment", {"Vector": turned})
    picture.image = bpy.data.images.load(str(hdri_path(environment.hdri)))
    cut = shader.vector_math("MINIMUM", Field(shader, picture.outputs["Color"]), (light.cut,) * 3)
    even = shader.vector_math(
        "MULTIPLY_ADD", cut, ((1 - light.fill) / light.irradiance,) * 3, (light.fill,) * 3
    )
    tinted = shader.vector_math("MULTIPLY", even, light.tint)
    seen_colour = paint(shader, environment.hdri, environment.hdri_rotation, light.backdrop * exposed)
    lit = shader.field("ShaderNodeBackground", {"Color": tinted, "Strength": sky})
    seen = shader.field("ShaderNodeBackground", {"Color": seen_colour, "Strength": 1.0})
    from_camera = shader.field("ShaderNodeLightPath", output="Is Camera Ray")
    shader.node("ShaderNodeOutputWorld", {"Surface": shader.mix_shaders(from_camera, lit, seen)})
    return world
