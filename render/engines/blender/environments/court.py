"""The sports court: a painted basketball half-court, hoop, fence, banners and trees."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import furniture, plants, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.plaza import buildings
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Field, Shader, Value, linear_rgb

HOOP = 5.6
"""Metres from the stage's middle to the basket; the free-throw line then runs just behind the stage."""
HALF_WIDTH, BACK, LINE = 7.0, 1.6, 0.06
"""Metres: half the court's width, from basket to base line, and the width of a line."""


def floor(place: Place, bearing: float) -> bpy.types.Material:
    """The court's paint. In the court's axes the basket stands at x = HOOP, y = 0."""
    court, surround, line = (place.colours[n] for n in ("court", "surround", "lines"))
    shader = Shader("court")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    to_hoop = x - HOOP
    base = HOOP + BACK
    side = abs(y)

    def ring(distance: Field, radius: float) -> Field:
        return LINE / 2 - abs(distance - radius)

    def length(a: Field, b: Field) -> Field:
        return (a * a + b * b) ** 0.5

    outside = (x - base).most(side - HALF_WIDTH).most(-9.0 - x)
    arc = ring(length(to_hoop, y), 6.25).least(to_hoop * -1.0 + 1.575)
    straights = (LINE / 2 - abs(side - 6.05)).least(to_hoop + 1.575).least(base - x)
    key_box = (abs(x - (base - 2.9)) - 2.9).most(side - 2.45)
    free_throw = ring(length(x - (base - 5.8), y), 1.8)
    centre = ring(length(x + 6.4, y), 1.8)
    half_way = LINE / 2 - abs(x + 6.4)
    lines = (LINE / 2 - abs(outside)).most(arc).most(straights).most(free_throw)
    lines = lines.most(LINE / 2 - abs(key_box)).most(centre).most(half_way.least(-outside))
    grain, scuffs = shader.noise(flat, 90.0, 1.0), shader.noise(flat, 1.3, 4.0)
    tone: Value = shader.mix(outside.above(0.0), court, surround)
    tone = shader.mix((-key_box).above(0.0), tone, surfaces.blend(court, place.colours["accent"], 0.75))
    worn = place.params["wear"] * 0.75
    painted = lines.above(0.0) * (1.0 - scuffs.rise(0.52, 0.62) * worn)
    tone = shader.mix(painted, tone, line)
    tone = shader.mix(grain.rise(0.3, 0.7) * 0.3, tone, surfaces.shade(court, 0.5))
    tone = shader.mix(
        scuffs.rise(0.5, 0.8) * (0.35 * worn + 0.1), tone, surfaces.blend(court, (0.3, 0.3, 0.3), 0.6)
    )
    return surfaces.finished(shader, tone, court, gloss=0.02, roughness=0.4)


def hoop(post: bpy.types.Material, board: bpy.types.Material, rim: bpy.types.Material) -> Solid:
    """A basket on a post, at the origin, thrown at from −X."""
    solid = Solid()
    solid.column(
        [(1.5, 0, 0), (1.5, 0, 2.6), (1.2, 0, 3.2), (0.42, 0, 3.35)], [0.09, 0.09, 0.08, 0.06], post, 8
    )
    solid.box((0.38, 0, 3.42), (0.05, 1.8, 1.05), board)
    for y, z, width, height in ((0, 3.92, 1.86, 0.06), (0, 2.92, 1.86, 0.06), (-0.9, 3.42, 0.06, 1.05),
                                (0.9, 3.42, 0.06, 1.05), (0, 3.56, 0.6, 0.05), (0, 3.1, 0.6, 0.05),
                                (-0.29, 3.33, 0.05, 0.45), (0.29, 3.33, 0.05, 0.45)):  # fmt: skip
        solid.box((0.345, y, z), (0.03, width, height), rim)
    angle = np.linspace(0, 2 * np.pi, 25)
    circle = np.stack([0.225 * np.cos(angle), 0.225 * np.sin(angle), np.full(25, 3.05)], -1)
    solid.column(circle, [0.018] * 25, rim, 6, caps=False)
    net = surfaces.plain("net", (0.75, 0.75, 0.72), 0.9, 0.0)
    for a in angle[:-1:2]:
        for twist in (0.35, -0.35):
            lower = (0.12 * math.cos(a + twist), 0.12 * math.sin(a + twist), 2.65)
            solid.column(
                [(0.225 * math.cos(a), 0.225 * math.sin(a), 3.04), lower], [0.007, 0.007], net, 4, False
            )
    return solid


def fence(width: float, height: float, post: bpy.types.Material, wire: bpy.types.Material) -> Solid:
    """A panel of welded mesh between posts, along X."""
    solid = Solid()
    for x in (-width / 2, width / 2):
        solid.column([(x, 0, 0), (x, 0, height + 0.08)], [0.035, 0.035], post, 6)
    for z in np.linspace(0.08, height, 5):
        solid.box((0, 0, float(z)), (width, 0.02, 0.035), post)
    for x in np.arange(-width / 2 + 0.12, width / 2 - 0.05, 0.12):
        solid.box((float(x), 0, height / 2), (0.014, 0.012, height), wire)
    return solid


def build_court(place: Place) -> None:
    """Build the court around the stage; the basket stands where the camera looks, more or less."""
    rng, params, clear = place.rng, place.params, place.clear
    bearing = place.view + 0.9 * math.sin(params["bearing"])
    place.ground(floor(place, bearing))
    paint = surfaces.plain("paint", surfaces.blend(place.colours["accent"], (0.05, 0.05, 0.05), 0.15), 0.4)
    steel = surfaces.plain("steel", (0.10, 0.12, 0.12), 0.4)
    green = surfaces.plain("wire", surfaces.blend((0.05, 0.12, 0.08), place.colours["surround"], 0.3), 0.5)
    board = surfaces.plain("board", (0.8, 0.8, 0.8), 0.3)
    basket = (HOOP * math.cos(bearing), HOOP * math.sin(bearing))
    place.add(hoop(steel, board, paint), "hoop", basket, bearing)

    # A fence of twelve panels around the court, with a banner along the foot of every other one.
    radius = max(9.4, clear + 6.0)
    panel_width = 2 * radius * math.tan(math.pi / 12)
    mesh = fence(panel_width, params["fence"], steel, green).mesh("fence")
    banners = [
        surfaces.fabric("banner", place.colours["accent"], (0.85, 0.83, 0.8), 1.1),
        surfaces.fabric("banner", place.colours["lines"], place.colours["court"], 0.7),
        surfaces.fabric("banner", surfaces.shade(place.colours["surround"], 0.7)),
    ]
    for i in range(12):
        angle = bearing - place.view + (i + 0.5) / 12 * 2 * math.pi
        at, turned = place.around(angle, radius), place.view + angle - math.pi / 2
        place.add(mesh, "fence", at, turned)
        if rng.random() < 0.7:
            cloth = Solid()
            cloth.box((0, -0.05, 0.5), (panel_width * 0.9, 0.02, 0.95), banners[int(rng.integers(3))])
            place.add(cloth, "banner", at, turned)
    slats = surfaces.wood("slats", linear_rgb("#b5824f"))
    for _ in range(4):
        angle = rng.uniform(-1.0, 1.0) * math.pi
        at = place.around(angle, radius - 1.2)
        place.add(furniture.bench(slats, steel, 2.4), "bench", at, place.view + angle - math.pi / 2)
    _balls(place, radius)
    for angle in (-0.75, 0.75, 2.4, -2.4):
        at = place.around(angle, radius - 0.7)
        furniture.floodlight(place, steel, at, place.view + angle - math.pi / 2)
    leaf = surfaces.leaves("leaf", linear_rgb("#4b7436"), 0.6)
    tree = plants.tree(rng, leaf, plants.bark_material(), 6.4)
    for i in range(18):
        angle = (i + rng.uniform(-0.3, 0.3)) / 18 * 2 * math.pi
        at = place.around(angle, radius + rng.uniform(2.0, 5.0))
        place.add(tree, "tree", at, float(rng.uniform(0, 6.28)), float(rng.uniform(0.85, 1.3)))
    place.colours.setdefault("facade", linear_rgb(str(rng.choice(["#d8cdb8", "#b87a58", "#c3c8c9"]))))
    buildings(place, float(rng.uniform(1.5, 3.5)), radius + 10.0)


def _balls(place: Place, radius: float) -> None:
    rng = place.rng
    skin = surfaces.plain("ball", linear_rgb("#c2622d"), 0.5)
    for _ in range(3):
        ball = Solid()
        profile = [(0.12 * math.sin(a), 0.12 - 0.12 * math.cos(a)) for a in np.linspace(0.05, 3.09, 9)]
        ball.lathe((0, 0, 0), profile, skin)
        place.add(
            ball, "ball", place.around(rng.uniform(-2.0, 2.0), rng.uniform(place.clear + 0.6, radius - 1.5))
        )
