"""What the camera sees of the sky: painted, because the HDRIs show roofs and blurred houses above ours.

All of them are functions of the direction of sight, so they are sharp at any focal length and without noise.
"""

from __future__ import annotations

import math

import bpy

from render.engines.blender.shader import Field, Rgb, Shader, Value


class SkyShader(Shader):
    """A world's node tree, written as materials are."""

    def __init__(self, world: bpy.types.World) -> None:
        world.use_nodes = True
        self._tree = world.node_tree
        self._tree.nodes.clear()
        self._attributes = {}

    def gradient(self, height: Field, stops: tuple[tuple[float, Rgb], ...]) -> Field:
        """A colour by height: the sine of the elevation, from 0 at the horizon to 1 overhead."""
        node = self.node("ShaderNodeValToRGB", {"Fac": height})
        for i, (place, colour) in enumerate(stops):
            elements = node.color_ramp.elements
            stop = elements[i] if i < 2 else elements.new(place)
            stop.position, stop.color = place, (*colour, 1.0)
        return Field(self, node.outputs["Color"])

    def direction(self) -> Field:
        """The unit vector of sight, world."""
        return self.field("ShaderNodeTexCoord", output="Generated")

    def clouds(self, x: Field, y: Field, z: Field, scale: float, offset: float) -> Field:
        """Noise on a flat ceiling of cloud, which perspective flattens towards the horizon."""
        lift = z.most(0.0) + 0.14
        return self.noise(self.vector(x / lift, y / lift, offset), scale, 5.0, 0.25)


_DAY: tuple[tuple[float, Rgb], ...] = (
    (0.0, (0.60, 0.72, 0.84)),
    (0.12, (0.36, 0.57, 0.86)),
    (0.55, (0.11, 0.28, 0.68)),
)
_HAZE: tuple[tuple[float, Rgb], ...] = (
    (0.0, (0.80, 0.80, 0.76)),
    (0.16, (0.66, 0.73, 0.78)),
    (0.6, (0.34, 0.49, 0.68)),
)
_SUNSET: tuple[tuple[float, Rgb], ...] = (
    (0.0, (1.00, 0.42, 0.16)),
    (0.10, (0.92, 0.40, 0.26)),
    (0.24, (0.52, 0.28, 0.38)),
    (0.6, (0.12, 0.14, 0.34)),
)
_SUNRISE: tuple[tuple[float, Rgb], ...] = (
    (0.0, (1.00, 0.66, 0.34)),
    (0.10, (0.98, 0.62, 0.46)),
    (0.26, (0.62, 0.56, 0.68)),
    (0.6, (0.24, 0.36, 0.62)),
)
_NIGHT: tuple[tuple[float, Rgb], ...] = (
    (0.0, (0.060, 0.058, 0.085)),
    (0.08, (0.030, 0.038, 0.078)),
    (0.3, (0.012, 0.018, 0.050)),
    (0.7, (0.005, 0.008, 0.026)),
)


def paint(shader: SkyShader, name: str, bearing: float, strength: float) -> Field:
    """The colour of the sky that goes with the HDRI `name`, times `strength`.

    Args:
        bearing: of the sun or moon, as an azimuth: 0 is −Y, π/2 is +X.
    """
    x, y, z = shader.direction().xyz()
    colour = _PAINTERS[name](shader, x, y, z, bearing)
    return shader.scaled(colour, strength)


def _fair(shader: SkyShader, x: Field, y: Field, z: Field, bearing: float) -> Field:
    """Blue, with heaps of white cloud whose undersides are grey."""
    sky = shader.gradient(z, _DAY)
    heaps = shader.clouds(x, y, z, 0.85, 3.0)
    lit = shader.clouds(x + 0.05 * math.sin(bearing), y - 0.05 * math.cos(bearing), z, 0.85, 3.0)
    cover = heaps.rise(0.50, 0.62) * z.rise(0.0, 0.10)
    tone = shader.mix((heaps - lit).rise(-0.03, 0.05), (0.62, 0.66, 0.72), (0.96, 0.95, 0.93))
    return shader.mix(cover * 0.92, sky, tone)


def _streaks(shader: SkyShader, x: Field, y: Field, z: Field, bearing: float) -> Field:
    """Blue, with thin streaks of high cloud."""
    sky = shader.gradient(z, _DAY)
    c, s = math.cos(bearing + 0.6), math.sin(bearing + 0.6)
    veil = shader.clouds((x * c + y * s) * 0.35, (y * c - x * s) * 1.5, z, 1.1, 8.0)
    return shader.mix(veil.rise(0.46, 0.78) * 0.8, sky, (0.90, 0.91, 0.92))


def _hazy(shader: SkyShader, x: Field, y: Field, z: Field, bearing: float) -> Field:
    """Pale and milky, with broad soft clouds."""
    sky = shader.gradient(z, _HAZE)
    return shader.mix(shader.clouds(x, y, z, 0.5, 1.0).rise(0.4, 0.75) * 0.6, sky, (0.86, 0.86, 0.85))


def _low_sun(
    shader: SkyShader, x: Field, y: Field, z: Field, bearing: float, stops: tuple[tuple[float, Rgb], ...],
    glow: Rgb, cloud: tuple[Rgb, Rgb],
) -> Field:  # fmt: skip
    sky: Value = shader.gradient(z, stops)
    # Warmest around the sun, pale and rosy opposite to it.
    towards = (x * math.sin(bearing) - y * math.cos(bearing)) * 0.5 + 0.5
    near = (towards**3.0) * (1.0 - z.rise(0.0, 0.45))
    sky = shader.mix(near * 0.8, sky, glow)
    c, s = math.cos(bearing), math.sin(bearing)
    bands = shader.clouds((x * c + y * s) * 0.5, (y * c - x * s) * 1.4, z, 0.95, 5.0)
    under = shader.mix(bands.rise(0.56, 0.72), cloud[0], cloud[1])
    return shader.mix(bands.rise(0.46, 0.60) * z.rise(0.01, 0.12) * 0.85, sky, under)


def _sunset(shader: SkyShader, x: Field, y: Field, z: Field, bearing: float) -> Field:
    """Orange at the horizon through rose to violet, the clouds lit from below."""
    return _low_sun(
        shader, x, y, z, bearing, _SUNSET, (1.0, 0.50, 0.16), ((0.95, 0.42, 0.30), (0.36, 0.20, 0.32))
    )


def _sunrise(shader: SkyShader, x: Field, y: Field, z: Field, bearing: float) -> Field:
    """Gold and peach at the horizon under a pale blue."""
    return _low_sun(
        shader, x, y, z, bearing, _SUNRISE, (1.0, 0.78, 0.46), ((1.0, 0.76, 0.58), (0.62, 0.52, 0.62))
    )


def _night(shader: SkyShader, x: Field, y: Field, z: Field, bearing: float) -> Field:
    """Deep blue with stars, thin cloud, and a town's glow along the horizon."""
    sky: Value = shader.gradient(z, _NIGHT)
    veil = shader.clouds(x, y, z, 0.8, 2.0)
    sky = shader.mix(veil.rise(0.5, 0.8) * 0.5, sky, (0.035, 0.042, 0.075))
    cells = shader.node("ShaderNodeTexVoronoi", {"Vector": shader.direction(), "Scale": 46.0})
    brightness = Field(shader, cells.outputs["Color"]).xyz()[0]
    star = (0.085 - Field(shader, cells.outputs["Distance"])).rise(0.0, 0.05) * brightness.rise(0.3, 1.0)
    star = star * z.rise(0.02, 0.16) * (1.0 - veil.rise(0.5, 0.7))
    return shader.mix(star, sky, (0.85, 0.88, 1.0))


_PAINTERS = {
    "city": _fair,
    "courtyard": _streaks,
    "forest": _hazy,
    "interior": _streaks,
    "night": _night,
    "studio": _hazy,
    "sunrise": _sunrise,
    "sunset": _sunset,
}
