"""The light of an environment: a sky from an HDRI, and a key light for shape and contact shadows.

The 1K HDRIs hold lamps and suns that are thousands of times brighter than the rest; found by chance at a
few samples a pixel they are noise. So the sky that lights the scene is cut at a radiance, and what was
cut comes back as a key light of the sun's colour and direction, which Cycles samples at every hit.
Each HDRI is scaled to the same irradiance, so that a character is well lit in all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from motionpair.catalog import INDOOR
from motionpair.errors import InputError
from motionpair.specs import Environment, Style

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class _Light:
    """What is known of one HDRI.

    longitude: of its brightest region, share of the picture's width (measured; a test holds it).
    elevation: radians, of our key light; low suns are lifted, so that faces and the ground get light.
    cut: radiance at which the sky is cut. irradiance: of the cut sky on level ground, over π, Rec.709
    luminance (measured; a test holds it).
    key: colour of the key light. balance: its irradiance, over π, at strength 1, against the sky's.
    angle: radians, the key's apparent diameter. level: of all light, 1 = day. backdrop: what the camera
    sees of the sky, against what lights the scene. fill: share of the sky's irradiance that comes evenly
    from everywhere instead, where an HDRI is a few lamps in the dark.
    """

    longitude: float
    elevation: float
    cut: float
    irradiance: float
    key: Colour
    balance: float
    angle: float
    level: float = 1.0
    backdrop: float = 1.0
    fill: float = 0.0


_LIGHTS: dict[str, _Light] = {
    "city": _Light(0.602, 0.80, 8.8, 1.557, (1.0, 0.96, 0.90), 1.0, 0.06),
    "courtyard": _Light(0.414, 0.70, 3.0, 0.407, (1.0, 0.93, 0.84), 1.2, 0.05, backdrop=0.6),
    "forest": _Light(0.616, 0.75, 6.3, 1.296, (1.0, 0.95, 0.84), 1.1, 0.05, backdrop=0.8),
    "interior": _Light(0.588, 0.75, 6.8, 0.654, (1.0, 0.90, 0.78), 0.9, 0.25, fill=0.35),
    "night": _Light(0.128, 0.85, 0.63, 0.139, (0.72, 0.82, 1.0), 1.3, 0.08, level=0.62, backdrop=0.10),
    "studio": _Light(0.716, 0.75, 10.0, 0.0417, (1.0, 0.98, 0.96), 1.0, 0.30, fill=0.75),
    "sunrise": _Light(0.606, 0.55, 2.2, 0.306, (1.0, 0.86, 0.66), 1.4, 0.04),
    "sunset": _Light(0.597, 0.52, 3.1, 0.691, (1.0, 0.80, 0.62), 1.4, 0.05),
}

SKY_LEVEL = 0.75
"""Irradiance over π of the sky on level ground, at strength 1: what a white diffuser would reflect."""
KEY_LEVEL = 1.05
"""Irradiance over π of the key light on a surface that faces it, before a light's `balance`."""
INDOOR_SOFTNESS = 0.22
"""Radians, the least apparent diameter of the key indoors: a lamp or window, not the sun."""
INDOOR_SKY = 0.6
"""Share of the sky's light that is left indoors, where the key has to give the shape."""
TOON_LEVEL = 0.6
"""Share of all light in a toon picture: the view Standard cuts at 1, where AgX rolls off above 16."""


def _light(environment: Environment) -> _Light:
    if environment.hdri not in _LIGHTS:
        raise InputError(f"environment.hdri: expected one of {', '.join(_LIGHTS)}, got {environment.hdri!r}")
    return _LIGHTS[environment.hdri]


def key_direction(environment: Environment) -> np.ndarray:
    """(3,) unit vector, world, from the ground towards the key light.

    Its bearing is `environment.hdri_rotation`, measured like a camera's azimuth: 0 is −Y, where a
    character at heading 0 looks, and π/2 is +X.
    """
    light = _light(environment)
    elevation = max(light.elevation, 0.8) if environment.kind in INDOOR else light.elevation
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
    light = _light(environment)
    level = environment.hdri_strength * light.level
    if style == "toon":
        level *= TOON_LEVEL
    scene.world = _world(environment, light, level)
    _key(environment, light, level, scene)


def _key(environment: Environment, light: _Light, level: float, scene: bpy.types.Scene) -> None:
    lamp = bpy.data.lights.new("key", "SUN")
    indoors = environment.kind in INDOOR
    lamp.energy = math.pi * KEY_LEVEL * level * (min(light.balance, 0.9) if indoors else light.balance)
    lamp.angle = max(light.angle, INDOOR_SOFTNESS) if indoors else light.angle
    lamp.color = key_colour(environment)
    lamp.cycles.use_multiple_importance_sampling = False
    sun = bpy.data.objects.new("key", lamp)
    x, y, z = key_direction(environment)
    # A sun shines along its −Z.
    sun.rotation_mode = "XYZ"
    sun.rotation_euler = (0.0, math.acos(z), math.atan2(y, x))
    scene.collection.objects.link(sun)


def _world(environment: Environment, light: _Light, level: float) -> bpy.types.World:
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    # The sky is smooth once cut: hits by chance are enough, and a map to sample it by costs 20 %.
    world.cycles.sampling_method = "NONE"
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    coordinates = nodes.new("ShaderNodeTexCoord")
    mapping = nodes.new("ShaderNodeMapping")
    picture = nodes.new("ShaderNodeTexEnvironment")
    picture.image = bpy.data.images.load(str(hdri_path(environment.hdri)))
    # The texture's longitude u lies at the angle (1/2 − u) 2π from +X; the bearing b at b − π/2.
    longitude = (0.5 - light.longitude) * 2 * math.pi
    mapping.inputs["Rotation"].default_value[2] = longitude - (environment.hdri_rotation - math.pi / 2)
    links.new(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], picture.inputs["Vector"])
    cut = nodes.new("ShaderNodeVectorMath")
    cut.operation = "MINIMUM"
    cut.inputs[1].default_value = (light.cut,) * 3
    links.new(picture.outputs["Color"], cut.inputs[0])

    sky = SKY_LEVEL * level * (INDOOR_SKY if environment.kind in INDOOR else 1.0)
    even = nodes.new("ShaderNodeVectorMath")
    even.operation = "MULTIPLY_ADD"
    links.new(cut.outputs["Vector"], even.inputs[0])
    even.inputs[1].default_value = ((1 - light.fill) / light.irradiance,) * 3
    even.inputs[2].default_value = (light.fill,) * 3
    lit = nodes.new("ShaderNodeBackground")
    seen = nodes.new("ShaderNodeBackground")
    for node, strength in ((lit, sky), (seen, sky * light.backdrop)):
        node.inputs["Strength"].default_value = strength
        links.new(even.outputs["Vector"], node.inputs["Color"])
    path = nodes.new("ShaderNodeLightPath")
    mix = nodes.new("ShaderNodeMixShader")
    output = nodes.new("ShaderNodeOutputWorld")
    links.new(path.outputs["Is Camera Ray"], mix.inputs["Fac"])
    links.new(lit.outputs["Background"], mix.inputs[1])
    links.new(seen.outputs["Background"], mix.inputs[2])
    links.new(mix.outputs["Shader"], output.inputs["Surface"])
    return world
