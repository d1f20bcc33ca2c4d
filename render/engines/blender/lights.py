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
    from everywhere instead, where an HDRI is a few lamps in the dark. clear_sky: the camera sees a blue sky
    in place of the HDRI's, which shows a roof or blurred houses above ours.
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
    clear_sky: bool = False


_LIGHTS: dict[str, _Light] = {
    "city": _Light(0.602, 0.66, 8.8, 1.557, (1.0, 0.96, 0.90), 1.0, 0.06, clear_sky=True),
    "courtyard": _Light(0.414, 0.60, 3.0, 0.407, (1.0, 0.93, 0.84), 1.2, 0.05, clear_sky=True),
    "forest": _Light(0.616, 0.64, 6.3, 1.296, (1.0, 0.95, 0.84), 1.1, 0.05, backdrop=0.8),
    "interior": _Light(0.588, 0.60, 6.8, 0.654, (1.0, 0.90, 0.78), 0.9, 0.25, fill=0.35),
    "night": _Light(0.128, 0.66, 0.63, 0.139, (0.72, 0.82, 1.0), 1.3, 0.08, level=0.5, backdrop=0.10),
    "studio": _Light(0.716, 0.62, 10.0, 0.0417, (1.0, 0.98, 0.96), 1.0, 0.30, fill=0.75),
    "sunrise": _Light(0.606, 0.55, 2.2, 0.306, (1.0, 0.86, 0.66), 1.4, 0.04),
    "sunset": _Light(0.597, 0.52, 3.1, 0.691, (1.0, 0.80, 0.62), 1.4, 0.05),
}

SKY_LEVEL = 0.62
"""Irradiance over π of the sky on level ground, at strength 1: what a white diffuser would reflect."""
KEY_LEVEL = 1.15
"""Irradiance over π of the key light on a surface that faces it, before a light's `balance`."""
INDOOR_SOFTNESS = 0.22
"""Radians, the least apparent diameter of the key indoors: a lamp or window, not the sun."""
INDOOR_SKY = 0.6
"""Share of the sky's light that is left indoors, where the key has to give the shape."""
TOON_LEVEL = 0.62
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
    elevation = max(light.elevation, 0.6) if environment.kind in INDOOR else light.elevation
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
    lit.inputs["Strength"].default_value = sky
    links.new(even.outputs["Vector"], lit.inputs["Color"])
    if light.clear_sky:
        seen.inputs["Strength"].default_value = level
        links.new(_clear_sky(nodes, links, coordinates), seen.inputs["Color"])
    else:
        seen.inputs["Strength"].default_value = sky * light.backdrop
        links.new(even.outputs["Vector"], seen.inputs["Color"])
    path = nodes.new("ShaderNodeLightPath")
    mix = nodes.new("ShaderNodeMixShader")
    output = nodes.new("ShaderNodeOutputWorld")
    links.new(path.outputs["Is Camera Ray"], mix.inputs["Fac"])
    links.new(lit.outputs["Background"], mix.inputs[1])
    links.new(seen.outputs["Background"], mix.inputs[2])
    links.new(mix.outputs["Shader"], output.inputs["Surface"])
    return world


def _clear_sky(
    nodes: bpy.types.Nodes, links: bpy.types.NodeLinks, coordinates: bpy.types.Node
) -> bpy.types.NodeSocket:
    """A blue sky, paler towards the horizon, with streaks of cloud."""
    split = nodes.new("ShaderNodeSeparateXYZ")
    links.new(coordinates.outputs["Generated"], split.inputs["Vector"])
    ramp = nodes.new("ShaderNodeValToRGB")
    links.new(split.outputs["Z"], ramp.inputs["Fac"])
    stops = ((0.0, (0.72, 0.78, 0.82)), (0.12, (0.52, 0.68, 0.86)), (0.6, (0.20, 0.38, 0.72)))
    for i, (place, colour) in enumerate(stops):
        stop = ramp.color_ramp.elements[i] if i < 2 else ramp.color_ramp.elements.new(place)
        stop.position, stop.color = place, (*colour, 1.0)
    stretch = nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = (1.6, 1.6, 6.0)
    links.new(coordinates.outputs["Generated"], stretch.inputs["Vector"])
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 1.7, 5.0
    links.new(stretch.outputs["Vector"], noise.inputs["Vector"])
    veil = nodes.new("ShaderNodeMapRange")
    veil.inputs["From Min"].default_value, veil.inputs["From Max"].default_value = 0.48, 0.78
    veil.inputs["To Max"].default_value = 0.75
    links.new(noise.outputs["Fac"], veil.inputs["Value"])
    mix = nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    links.new(veil.outputs["Result"], mix.inputs["Factor"])
    links.new(ramp.outputs["Color"], mix.inputs[6])
    mix.inputs[7].default_value = (0.88, 0.89, 0.90, 1.0)
    return mix.outputs[2]
