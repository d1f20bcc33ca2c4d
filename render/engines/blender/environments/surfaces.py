"""Procedural materials of grounds, buildings, furniture and plants.

All of them are functions of world position or of the corner attribute `uvw` (`shapes`): nothing is
loaded. Three things keep them cheap: they are Lambert surfaces with at most one lobe of gloss (a Principled
BSDF doubles the cost of a frame), with relief only where it is coarser than a pixel (a bump evaluates its
height three times), and only rays from the camera see the pattern, where light that bounces
sees its mean colour.
"""

from __future__ import annotations

import math

import bpy

from render.engines.blender.shader import Field, Rgb, Shader, Value


def shade(colour: Rgb, factor: float) -> Rgb:
    """A linear colour made darker (below 1) or lighter."""
    r, g, b = (min(c * factor, 0.95) for c in colour)
    return r, g, b


def blend(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Linear colours `a` to `b` by `share`."""
    r, g, c = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return r, g, c


def world_xy(
    shader: Shader, angle: float = 0.0, origin: tuple[float, float] = (0.0, 0.0)
) -> tuple[Field, Field]:
    """World x and y in metres, from `origin`, in axes turned by `angle`."""
    x, y, _ = shader.field("ShaderNodeNewGeometry", output="Position").xyz()
    x, y = x - origin[0], y - origin[1]
    c, s = math.cos(angle), math.sin(angle)
    return x * c + y * s, y * c - x * s


def surface_uvw(shader: Shader) -> tuple[Field, Field, Field]:
    """u and v in metres along the surface, and the part's own number in [0, 1)."""
    return shader.attribute("uvw", "Vector").xyz()


def finished(
    shader: Shader,
    colour: Value,
    mean: Rgb,
    normal: Field | None = None,
    gloss: Field | float = 0.0,
    roughness: float = 0.3,
) -> bpy.types.Material:
    """The material of a matt or glossy surface.

    Args:
        colour: what the camera sees. mean: what bounced light sees, linear. normal: bent by a bump, or None.
        gloss: reflectance of a coat when looked at squarely, 0 for none; it grows towards grazing angles
            with the fifth power of the cosine (Schlick 1994). roughness: of the coat.
    """
    bent: dict[str | int, Value] = {} if normal is None else {"Normal": normal}
    surface = shader.field("ShaderNodeBsdfDiffuse", {"Color": colour, **bent})
    if isinstance(gloss, Field) or gloss > 0:
        grazing = shader.field("ShaderNodeLayerWeight", {"Blend": 0.5, **bent}, "Facing") ** 5.0
        coat = _coat(shader, (1.0, 1.0, 1.0), roughness, bent)
        surface = shader.mix_shaders((grazing * 6.0 + 1.0) * gloss, surface, coat)
    return seen_by_camera(shader, surface, mean)


def _coat(shader: Shader, colour: Rgb, roughness: float, bent: dict[str | int, Value]) -> Field:
    inputs: dict[str | int, Value] = {"Color": colour, "Roughness": roughness, **bent}
    return shader.field("ShaderNodeBsdfAnisotropic", inputs, distribution="GGX")


def seen_by_camera(shader: Shader, surface: Field, mean: Rgb) -> bpy.types.Material:
    """`surface` for the camera, an even Lambert surface of colour `mean` for bounced light."""
    from_camera = shader.field("ShaderNodeLightPath", output="Is Camera Ray")
    bounced = shader.field("ShaderNodeBsdfDiffuse", {"Color": mean})
    return _unsampled(shader.done(shader.mix_shaders(from_camera, bounced, surface)))


def _unsampled(material: bpy.types.Material) -> bpy.types.Material:
    """Keep Cycles from aiming shadow rays at what glows: all of them go to the key light, which matters."""
    material.cycles.emission_sampling = "NONE"
    return material


def plain(name: str, colour: Rgb, roughness: float = 0.6, gloss: float = 0.04) -> bpy.types.Material:
    """One even colour: painted metal, plastic, enamel."""
    return finished(Shader(name), colour, colour, gloss=gloss, roughness=roughness)


def glowing(name: str, colour: Rgb, strength: float) -> bpy.types.Material:
    """A lamp's shade, or a light panel's front."""
    shader = Shader(name)
    return _unsampled(shader.done(shader.emission(colour, strength)))


def picture(shader: Shader, colour: Value, strength: float) -> bpy.types.Material:
    """A view that shines by itself, such as what a window shows."""
    return _unsampled(shader.done(shader.emission(colour, strength)))


def bricks(
    shader: Shader,
    vector: Value,
    length: float,
    width: float,
    joint: float,
    colours: tuple[Rgb, Rgb, Rgb],
    offset: float = 0.5,
) -> tuple[Field, Field]:
    """Rows of stones: their colour (stone, other stone, joint) and 1 in the joints, 0 on the stones."""
    node = shader.node(
        "ShaderNodeTexBrick",
        {
            "Vector": vector,
            "Color1": colours[0],
            "Color2": colours[1],
            "Mortar": colours[2],
            "Scale": 1.0,
            "Mortar Size": joint / 2,
            "Mortar Smooth": 0.2,
            "Bias": 0.0,
            "Brick Width": length,
            "Row Height": width,
        },
        offset=offset,
        offset_frequency=2,
        squash=1.0,
    )
    return Field(shader, node.outputs["Color"]), Field(shader, node.outputs["Fac"])


def plaster(name: str, colour: Rgb) -> bpy.types.Material:
    """A painted or rendered wall: slightly cloudy."""
    shader = Shader(name)
    position = shader.field("ShaderNodeNewGeometry", output="Position")
    clouds = shader.noise(position, 0.9, 2.0)
    colour_field = shader.mix(clouds.rise(0.3, 0.7), shade(colour, 0.86), shade(colour, 1.06))
    return finished(shader, colour_field, colour)


def wood(name: str, colour: Rgb, scale: float = 1.0) -> bpy.types.Material:
    """Wood with grain along v, a shade of its own for each part."""
    shader = Shader(name)
    u, v, part = surface_uvw(shader)
    grain = shader.noise(shader.vector(u * (26 / scale), v * (2.2 / scale), part * 40.0), 1.0, 2.0, 0.4)
    tone = shader.mix(grain.rise(0.3, 0.72), shade(colour, 0.62), shade(colour, 1.12))
    tone = shader.mix(part * 0.35, tone, shade(colour, 0.55))
    return finished(shader, tone, shade(colour, 0.8), gloss=0.04, roughness=0.4)


def fabric(name: str, colour: Rgb, second: Rgb | None = None, stripe: float = 0.12) -> bpy.types.Material:
    """Upholstery: slightly cloudy, with stripes of a second colour if there is one."""
    shader = Shader(name)
    u, v, _ = surface_uvw(shader)
    cloudy = shader.noise(shader.vector(u, v, 0.0), 9.0, 2.0)
    base: Value = shader.mix(cloudy.rise(0.25, 0.75), shade(colour, 0.8), shade(colour, 1.1))
    if second is not None:
        base = shader.mix((u / stripe).fract().above(0.6), base, second)
    return finished(shader, base, colour)


def leaves(name: str, colour: Rgb, spread: float = 0.5) -> bpy.types.Material:
    """Foliage: every leaf its own shade, light shining through."""
    shader = Shader(name)
    _, _, part = surface_uvw(shader)
    yellow = (min(colour[0] * 1.5 + 0.02, 0.9), min(colour[1] * 1.25 + 0.02, 0.9), colour[2] * 0.8)
    colour = shade(colour, 1.8)
    tone = shader.mix(part.rise(0.0, 0.55), shade(colour, 1 - 0.7 * spread), colour)
    tone = shader.mix(part.rise(0.6, 1.0) * spread, tone, yellow)
    solid = shader.field("ShaderNodeBsdfDiffuse", {"Color": tone})
    through = shader.field("ShaderNodeBsdfTranslucent", {"Color": tone})
    return seen_by_camera(shader, shader.mix_shaders(0.4, solid, through), shade(colour, 0.8))


def bark(name: str, colour: Rgb) -> bpy.types.Material:
    """Bark: furrows along the trunk."""
    shader = Shader(name)
    u, v, _ = surface_uvw(shader)
    furrows = shader.noise(shader.vector(u * 16.0, v * 3.0, 0.0), 1.0, 3.0, 0.6)
    tone = shader.mix(furrows.rise(0.35, 0.65), shade(colour, 0.45), shade(colour, 1.15))
    return finished(shader, tone, shade(colour, 0.8), shader.bump(furrows, 0.03, 0.7))


def facade(
    name: str, wall: Rgb, trim: Rgb, storey: float, bay: float, brick: bool, lit: float
) -> bpy.types.Material:
    """A house front: bays of framed windows with sills, a plinth and bands between the storeys.

    Args:
        wall, trim: linear colours. storey: metres from floor to floor. bay: metres from window to window.
        brick: bricks instead of render. lit: share of the windows with light behind them.
    """
    shader = Shader(name)
    u, v, part = surface_uvw(shader)
    bay_u, floor_v = u / bay + 100.5, v / storey
    x, y = (bay_u.fract() - 0.5) * bay, (floor_v.fract() - 0.52) * storey
    half_w, half_h = bay * 0.24, storey * 0.29
    across, down = half_w - abs(x), half_h - abs(y)
    inside = across.least(down)
    opening, glass = inside.above(-0.09), inside.above(0.0)
    bars = (0.022 - abs(x)).most(0.022 - abs(y - half_h * 0.35)).above(0.0)
    glass = glass * (1.0 - bars)
    if brick:
        tone, joints = bricks(
            shader, shader.vector(u, v, 0.0), 0.24, 0.08, 0.012, (shade(wall, 0.6), shade(wall, 0.95), trim)
        )
    else:
        clouds = shader.noise(shader.vector(u, v, part * 10.0), 0.8, 3.0)
        tone = shader.mix(clouds.rise(0.3, 0.7), shade(wall, 0.62), shade(wall, 0.82))
        joints = clouds * 0.0
    band = (0.08 - abs((floor_v - 0.02).fract() - 0.02) * storey).above(0.0)
    plinth = 1.0 - v.above(0.45)
    tone = shader.mix(band, tone, trim)
    tone = shader.mix(plinth, tone, shade(wall, 0.45))
    tone = shader.mix(opening, tone, trim)
    # Each window has curtains or a lamp of its own behind the glass.
    cell = shader.field(
        "ShaderNodeTexWhiteNoise",
        {"Vector": shader.vector(shader.math("FLOOR", bay_u), shader.math("FLOOR", floor_v), part)},
        noise_dimensions="3D",
    )
    curtain = abs(x).rise(half_w * 0.35, half_w * 0.55) * cell.above(0.45)
    # Panes mirror a bright sky aslant; painted, because a real mirror is noisy at a few samples.
    sheen = (x * 0.7 + y + cell * 0.8).rise(-0.5, 0.9)
    pane = shader.mix(sheen, (0.03, 0.04, 0.05), (0.26, 0.34, 0.42))
    pane = shader.mix(curtain, pane, (0.42, 0.40, 0.37))
    tone = shader.mix(glass, tone, pane)
    relief = shader.bump(joints * -0.25 - opening * 1.0 + glass * -1.0, 0.05, 0.8)
    lamp = shader.emission((1.0, 0.66, 0.32), 1.3)
    front = shader.field("ShaderNodeBsdfDiffuse", {"Color": tone, "Normal": relief})
    surface = shader.mix_shaders(glass * (1.0 - cell.above(lit)) * 0.8, front, lamp)
    return seen_by_camera(shader, surface, shade(wall, 0.8))
