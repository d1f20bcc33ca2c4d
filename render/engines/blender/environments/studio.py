"""The photo studio: a paper sweep behind the stage, light panels on stands, flats and apple boxes."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Rgb, Shader, Value

HALF_WIDTH = 5.2
"""Metres, half the width of the paper."""
TOP = 4.6
"""Metres, height of the paper's top."""


def paper(place: Place, on_floor: bool) -> bpy.types.Material:
    """The backdrop: one colour, two halves, or painted blocks, over floor and wall without a seam."""
    first, second = place.colours["paper"], place.colours["second"]
    pattern = place.params["stripes"]
    shader = Shader("paper")
    across, up, _ = surfaces.surface_uvw(shader)
    if on_floor:
        x, y = surfaces.world_xy(shader, place.view)
        across, up = y * -1.0, x - _distance(place)
    second, third = place.colours["second"], place.colours["props"]
    # A pool of light behind the stage, a gel's colour from one side, darkness towards the borders.
    pool = (1.0 - ((across / 4.6) ** 2.0 + ((up - 1.0) / 4.2) ** 2.0) ** 0.5).clamped()
    tone: Value = shader.mix(pool, surfaces.shade(first, 0.52), surfaces.shade(first, 1.06))
    side = 1.0 if place.environment.seed % 2 else -1.0
    if pattern < 0.4:
        gel = (across * (side / 5.0) + 0.25).rise(0.0, 1.1) * (up / 2.4 + 0.6).clamped()
        tone = shader.mix(gel * 0.85, tone, surfaces.shade(second, 0.9))
        bars = ((across * 0.8 - up * 0.5) * 1.7).fract()
        window = (0.5 - abs(bars - 0.5) - 0.16).rise(0.0, 0.05) * (2.1 - abs(across - side * -0.9)).rise(
            0.0, 0.1
        )
        window = window * (1.35 - abs(up - 1.7)).rise(0.0, 0.1)
        tone = shader.mix(window * 0.35, tone, surfaces.blend(first, (1.0, 0.93, 0.80), 0.7))
    elif pattern < 0.7:
        edge = across * (0.5 * side) + up - 1.1
        tone = shader.mix(edge.rise(-0.006, 0.006), tone, second)
        tone = shader.mix((0.16 - abs(edge - 0.42)).rise(-0.006, 0.006), tone, third)
        sun = 0.95 - ((across + side * 1.7) ** 2.0 + (up - 2.5) ** 2.0) ** 0.5
        tone = shader.mix(sun.rise(-0.006, 0.006), tone, surfaces.blend(third, first, 0.3))
    else:
        for i, (middle, low, width, height) in enumerate(_shapes(place)):
            x, y = across - middle, up - low
            kind = i % 3
            if kind == 0:  # an arch
                rounded = width / 2 - ((x * x) + (y.most(0.0) ** 2.0)) ** 0.5
                inside = rounded.least(y + height)
                inside = inside.least(inside * -1.0 + width * 0.36)
            elif kind == 1:  # a disc
                inside = width * 0.42 - (x * x + y * y) ** 0.5
            else:  # a leaning bar
                inside = (0.16 - abs(x * 0.8 - y * 0.6)).least(height - abs(x * 0.6 + y * 0.8))
            colour = (second, third, surfaces.shade(first, 0.5))[(i + kind) % 3]
            tone = shader.mix(inside.rise(-0.006, 0.006), tone, colour)
    texture = shader.noise(shader.vector(across, up, 0.0), 2.2, 4.0)
    fibres = shader.noise(shader.vector(across, up, 0.0), 70.0, 1.0)
    mottled = shader.mix(texture.rise(0.3, 0.7) * 0.12, tone, surfaces.shade(first, 0.1))
    return surfaces.finished(
        shader, mottled, first, shader.bump(fibres, 0.003, 0.5), gloss=0.015, roughness=0.4
    )


def _distance(place: Place) -> float:
    """From the stage's middle to where the paper begins to rise."""
    return place.clear + 0.4


def _shapes(place: Place) -> list[tuple[float, ...]]:
    """Middle, height above the floor's edge, width and height of each painted shape."""
    # A generator of its own: floor and wall ask for the same shapes.
    rng = np.random.default_rng([place.environment.seed, 1])
    middles = np.linspace(-3.6, 3.6, 8) + rng.uniform(-0.25, 0.25, 8)
    order = rng.permutation(8)
    return [
        (float(middles[k]), *(float(v) for v in rng.uniform((1.5, 1.0, 0.5), (3.0, 2.2, 1.3)))) for k in order
    ]


def _arch(half: float, height: float, thick: float) -> np.ndarray:
    """A round arch along X on two legs, as a grid of points: `half` its span, `thick` its radius."""
    angle = np.linspace(0, math.pi, 15)
    outward = np.stack([np.cos(angle), 0 * angle, np.sin(angle)], -1)
    line = half * outward + (0.0, 0.0, height)
    line = np.vstack([[(half, 0, 0)], line, [(-half, 0, 0)]])
    outward = np.vstack([outward[:1], outward, outward[-1:]])
    around = np.linspace(0, 2 * math.pi, 15)[None, :, None]
    return line[:, None] + thick * (
        np.cos(around) * outward[:, None] + np.sin(around) * np.array([0.0, 1.0, 0.0])
    )


def softbox(
    frame: bpy.types.Material, cloth: bpy.types.Material, glow: bpy.types.Material, height: float
) -> Solid:
    """A softbox on a tripod, shining towards −Y and down."""
    solid = Solid()
    for k in range(3):
        a = k * 2 * math.pi / 3 + 0.4
        solid.column([(0.45 * math.cos(a), 0.45 * math.sin(a), 0.02), (0, 0, 0.7)], [0.012, 0.012], frame, 6)
    solid.column([(0, 0, 0.3), (0, 0, height)], [0.018, 0.014], frame, 6)
    # The box's mouth (y = −0.35) is wider than its back, and tilted down.
    tilt, half = 0.45, 0.55
    ring = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)], float)
    back = np.stack([ring[:, 0] * 0.12, np.zeros(5), ring[:, 1] * 0.12], -1)
    mouth = np.stack([ring[:, 0] * half, np.full(5, -0.42), ring[:, 1] * half * 0.8], -1)
    c, s = math.cos(tilt), math.sin(tilt)
    turned = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    both = np.stack([back, mouth]) @ turned.T + np.array([0, 0, height])
    solid.sheet(both, cloth, smooth=False)
    face = both[1]
    solid.sheet(np.stack([face[[0, 1]], face[[3, 2]]]), glow, smooth=False)
    return solid


def build_studio(place: Place) -> None:
    """Build the studio; the paper hangs where the camera looks."""
    rng, params = place.rng, place.params
    place.ground(paper(place, on_floor=True))
    start, radius = _distance(place), params["sweep"]
    curve = np.linspace(0, np.pi / 2, 12)
    along = np.concatenate([start + radius * np.sin(curve), [start + radius]])
    height = np.concatenate([radius * (1 - np.cos(curve)), [TOP]])
    # The sheet's v runs from the floor's edge upwards, as the floor's pattern does towards it.
    grid = np.empty((len(along), 2, 3))
    grid[:, 0], grid[:, 1] = (
        np.stack([along, np.full_like(along, y), height], -1) for y in (HALF_WIDTH, -HALF_WIDTH)
    )
    sheet = Solid()
    material = paper(place, on_floor=False)
    sheet.sheet(grid, material, first_u=-HALF_WIDTH)
    iron = surfaces.plain("iron", (0.02, 0.02, 0.022), 0.4)
    sheet.column(
        [(along[-1], -HALF_WIDTH - 0.2, TOP), (along[-1], HALF_WIDTH + 0.2, TOP)], [0.06, 0.06], iron, 8
    )
    place.add(sheet, "paper", angle=place.view)
    _hall(place, start + radius + 1.6, iron)
    cloth = surfaces.plain("cloth", (0.015, 0.015, 0.016), 0.7)
    glow = surfaces.glowing("glow", (1.0, 0.97, 0.92), 2.2)
    for side in (-1, 1):
        for angle in (0.75, 1.25):
            if rng.random() < 0.35 + 0.65 * params["panels"]:
                at = place.around(side * angle, place.clear + rng.uniform(0.7, 1.3))
                box = softbox(iron, cloth, glow, float(rng.uniform(1.9, 2.5)))
                turned = place.view + side * angle - math.pi / 2
                place.add(box, "softbox", at, turned)
    _boxes(place)


def _hall(place: Place, half: float, iron: bpy.types.Material) -> None:
    """The studio's walls beyond the paper."""
    wall = surfaces.plaster("hall", surfaces.blend(place.colours["second"], (0.12, 0.12, 0.13), 0.7))
    half = max(half, HALF_WIDTH + 1.0)
    for k in range(4):
        angle = k * math.pi / 2
        solid = Solid()
        solid.box((0, 0.1, 2.6), (2 * half, 0.2, 5.2), wall)
        solid.box((0, -0.03, 0.08), (2 * half, 0.06, 0.16), iron)
        bearing = place.view + angle
        inward = (-math.cos(bearing), -math.sin(bearing), half)
        place.add(solid, "wall", place.around(angle, half), bearing - math.pi / 2, wall=inward)


def _boxes(place: Place) -> None:
    """Plinths, arches, cones and balls in the set's colours, apple boxes, and rolls of paper at the sides."""
    rng = place.rng
    timber = surfaces.wood("timber", (0.45, 0.28, 0.14))
    colours: list[Rgb] = [
        place.colours["props"],
        place.colours["second"],
        surfaces.shade(place.colours["paper"], 0.5),
    ]
    paints = [surfaces.plain("paint", c, 0.5) for c in colours]
    for side in (-1, 1):
        for k, off in enumerate((0.36, 0.62, 0.92)):
            solid = Solid()
            paint = paints[int(rng.integers(3))]
            which = int(rng.integers(5))
            tall = float(rng.uniform(0.35, 1.0))
            if which == 0:
                z = 0.0
                for _ in range(int(rng.integers(1, 4))):
                    size = float(rng.uniform(0.35, 0.5))
                    box = (timber, *paints)[int(rng.integers(4))]
                    solid.box((0, 0, z + 0.15), (size, size * 0.8, 0.3), box, float(rng.uniform(-0.5, 0.5)))
                    z += 0.3
            elif which == 1:
                solid.lathe((0, 0, 0), [(0.3, 0), (0.3, tall)], paint)
                globe = [(0.2 * math.sin(a), 0.2 - 0.2 * math.cos(a)) for a in np.linspace(0.05, 3.09, 11)]
                solid.lathe((0, 0, tall), globe, paints[(k + 1) % 3])
            elif which == 2:
                solid.lathe((0, 0, 0), [(0.34, 0), (0.01, 0.7 + tall)], paint)
            elif which == 3:
                solid.sheet(_arch(0.42, tall, 0.12), paint)
            else:
                for step in range(3):
                    high = 0.22 * (step + 1)
                    solid.box((0.26 * (step - 1), 0, high / 2), (0.26, 0.6, high), paint)
            at = place.around(side * (off + float(rng.uniform(-0.08, 0.08))), place.clear + 0.55 + 0.35 * k)
            place.add(solid, "boxes", at, place.view - math.pi / 2 + float(rng.uniform(-0.5, 0.5)))
        rolls = Solid()
        for k in range(3):
            rolls.column([(0.18 * k, 0, 0.0), (0.18 * k + 0.05, 0.25, 2.4)], [0.07, 0.07], paints[k], 10)
        place.add(rolls, "rolls", place.around(side * 1.15, place.clear + 1.7), place.view - math.pi / 2)
