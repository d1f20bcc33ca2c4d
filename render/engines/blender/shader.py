"""Shader graphs written as expressions.

A `Shader` owns one material's node tree; a `Field` is an output socket in it, with arithmetic. So a
material reads as the formula that it is: `mask = (1 - distance / width).clamped()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union

import bpy

Rgb = tuple[float, float, float]
Value = Union["Field", float, Sequence[float]]


def linear_rgb(colour: str) -> Rgb:
    """A `#rrggbb` sRGB colour as linear Rec. 709 (IEC 61966-2-1)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return r, g, b


def skin_albedo(colour: str) -> Rgb:
    """What share of light the skin that looks like `colour` sends back, linear Rec. 709.

    A picked skin colour is skin in good light, brighter than its albedo: the palest real skin reflects about
    0.65, 0.46 and 0.35 of red, green and blue. Taken as it is, it turns to chalk under a strong key light.
    """
    tone = linear_rgb(colour)
    light = luminance(tone)
    r, g, b = (c ** (1 + 0.4 * light) / (1 + 0.45 * light) for c in tone)
    return r, g, b


def luminance(colour: Rgb) -> float:
    """Relative luminance of a linear Rec. 709 colour."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def tinted(colour: Rgb, tint: Rgb) -> Rgb:
    """A colour times a tint, channel by channel."""
    return colour[0] * tint[0], colour[1] * tint[1], colour[2] * tint[2]


def blend(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Colour `a` to `b` by `share`."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


class Field:
    """A value that varies over a surface: an output socket, with scalar arithmetic."""

    def __init__(self, shader: Shader, socket: bpy.types.NodeSocket) -> None:
        self.shader = shader
        self.socket = socket

    def _math(self, operation: str, *operands: Value) -> Field:
        return self.shader.math(operation, *operands)

    def __add__(self, other: Value) -> Field:
        return self._math("ADD", self, other)

    def __radd__(self, other: Value) -> Field:
        return self._math("ADD", other, self)

    def __sub__(self, other: Value) -> Field:
        return self._math("SUBTRACT", self, other)

    def __rsub__(self, other: Value) -> Field:
        return self._math("SUBTRACT", other, self)

    def __mul__(self, other: Value) -> Field:
        return self._math("MULTIPLY", self, other)

    def __rmul__(self, other: Value) -> Field:
        return self._math("MULTIPLY", other, self)

    def __truediv__(self, other: Value) -> Field:
        return self._math("DIVIDE", self, other)

    def __pow__(self, other: Value) -> Field:
        return self._math("POWER", self, other)

    def __neg__(self) -> Field:
        return self._math("MULTIPLY", self, -1.0)

    def __abs__(self) -> Field:
        return self._math("ABSOLUTE", self)

    def fract(self) -> Field:
        """The part after the point."""
        return self._math("FRACT", self)

    def sin(self) -> Field:
        """Sine, radians."""
        return self._math("SINE", self)

    def above(self, limit: Value) -> Field:
        """1 where the value is greater than `limit`, else 0."""
        return self._math("GREATER_THAN", self, limit)

    def least(self, other: Value) -> Field:
        """The smaller of two values."""
        return self._math("MINIMUM", self, other)

    def most(self, other: Value) -> Field:
        """The greater of two values."""
        return self._math("MAXIMUM", self, other)

    def clamped(self) -> Field:
        """Clamped to [0, 1]."""
        return self.shader.math("ADD", self, 0.0, clamp=True)

    def rise(self, low: Value, high: Value) -> Field:
        """Smoothstep: 0 at or below `low`, 1 at or above `high`; `low` > `high` falls instead."""
        node = self.shader.node(
            "ShaderNodeMapRange",
            {"Value": self, "From Min": low, "From Max": high},
            interpolation_type="SMOOTHSTEP",
        )
        return Field(self.shader, node.outputs[0])

    def xyz(self) -> tuple[Field, Field, Field]:
        """The components of a vector."""
        out = self.shader.node("ShaderNodeSeparateXYZ", {0: self}).outputs
        return Field(self.shader, out[0]), Field(self.shader, out[1]), Field(self.shader, out[2])


class Shader:
    """One material under construction."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self._tree = self.material.node_tree
        self._tree.nodes.clear()
        self._attributes: dict[tuple[str, str], bpy.types.Node] = {}

    def node(
        self, kind: str, inputs: Mapping[str | int, Value] | None = None, **properties: object
    ) -> bpy.types.Node:
        """Add a node; inputs are fields to link or constants to set."""
        node = self._tree.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        for key, value in (inputs or {}).items():
            self._feed(node.inputs[key], value)
        return node

    def _feed(self, socket: bpy.types.NodeSocket, value: Value) -> None:
        if isinstance(value, Field):
            self._tree.links.new(value.socket, socket)
        elif isinstance(value, (int, float)):
            socket.default_value = value
        elif len(value) == 3 and socket.type == "RGBA":
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = tuple(value)

    def field(
        self,
        kind: str,
        inputs: Mapping[str | int, Value] | None = None,
        output: str | int = 0,
        **properties: object,
    ) -> Field:
        """Add a node and take one of its outputs."""
        return Field(self, self.node(kind, inputs, **properties).outputs[output])

    def math(self, operation: str, *operands: Value, clamp: bool = False) -> Field:
        """Scalar arithmetic, by Blender's operation names."""
        return self.field("ShaderNodeMath", dict(enumerate(operands)), operation=operation, use_clamp=clamp)

    def vector_math(self, operation: str, *operands: Value, scalar: bool = False) -> Field:
        """Vector arithmetic; `scalar` takes the scalar output (dot product, length)."""
        node = self.node("ShaderNodeVectorMath", dict(enumerate(operands)), operation=operation)
        return Field(self, node.outputs["Value" if scalar else "Vector"])

    def scaled(self, vector: Value, factor: Value) -> Field:
        """A vector times a number."""
        node = self.node("ShaderNodeVectorMath", {0: vector, "Scale": factor}, operation="SCALE")
        return Field(self, node.outputs["Vector"])

    def vector(self, x: Value, y: Value, z: Value) -> Field:
        """A vector of three numbers."""
        return self.field("ShaderNodeCombineXYZ", {0: x, 1: y, 2: z})

    def mix(self, factor: Value, a: Value, b: Value, blend: str = "MIX") -> Field:
        """Colours `a` to `b` by `factor`."""
        node = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend)
        for socket, value in ((node.inputs[0], factor), (node.inputs[6], a), (node.inputs[7], b)):
            self._feed(socket, value)
        return Field(self, node.outputs[2])

    def constant(self, colour: Rgb) -> Field:
        """A colour that is the same everywhere."""
        node = self.node("ShaderNodeRGB")
        node.outputs[0].default_value = (*colour, 1.0)
        return Field(self, node.outputs[0])

    def attribute(self, name: str, output: str = "Fac", kind: str = "GEOMETRY") -> Field:
        """A vertex attribute, as a number (`Fac`) or a vector (`Vector`); kind OBJECT: a custom property."""
        node = self._attributes.get((name, kind))
        if node is None:
            node = self.node("ShaderNodeAttribute", attribute_name=name, attribute_type=kind)
            self._attributes[name, kind] = node
        return Field(self, node.outputs[output])

    def noise(self, vector: Value, scale: float, detail: float = 1.0, distortion: float = 0.0) -> Field:
        """Perlin noise around 0.5."""
        inputs: dict[str | int, Value] = {
            "Vector": vector,
            "Scale": scale,
            "Detail": detail,
            "Distortion": distortion,
        }
        return self.field("ShaderNodeTexNoise", inputs)

    def bump(
        self, height: Value, distance: float, strength: Value = 1.0, normal: Field | None = None
    ) -> Field:
        """A normal bent by `height` (in units of `distance` metres)."""
        inputs: dict[str | int, Value] = {"Height": height, "Distance": distance, "Strength": strength}
        if normal is not None:
            inputs["Normal"] = normal
        return self.field("ShaderNodeBump", inputs)

    def principled(self, **inputs: Value) -> Field:
        """A Principled BSDF with plain GGX; keywords are its inputs with underscores for spaces."""
        named: dict[str | int, Value] = {name.replace("_", " "): value for name, value in inputs.items()}
        return self.field("ShaderNodeBsdfPrincipled", named, distribution="GGX")

    def diffuse(self, colour: Value, normal: Field | None = None) -> Field:
        """A matt surface."""
        inputs: dict[str | int, Value] = {"Color": colour}
        if normal is not None:
            inputs["Normal"] = normal
        return self.field("ShaderNodeBsdfDiffuse", inputs)

    def emission(self, colour: Value, strength: Value = 1.0) -> Field:
        """Light of its own: a colour that no lamp changes."""
        return self.field("ShaderNodeEmission", {"Color": colour, "Strength": strength})

    def mix_shaders(self, factor: Value, a: Field, b: Field) -> Field:
        """Surfaces `a` to `b` by `factor`."""
        return self.field("ShaderNodeMixShader", {0: factor, 1: a, 2: b})

    def done(self, surface: Field) -> bpy.types.Material:
        """Make `surface` what the material shows.

        What glows is seen and bounced off as any surface is, but no light samples are spent on it: a clip
        has few, and they belong to the key light.
        """
        self.node("ShaderNodeOutputMaterial", {"Surface": surface})
        self.material.cycles.emission_sampling = "NONE"
        return self.material
