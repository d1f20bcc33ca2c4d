"""The park: a lawn with real blades near the stage, a path, trees, hedges and flower beds."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import furniture, plants, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Shader, Value, linear_rgb


def lawn(place: Place, bearing: float, offset: float) -> bpy.types.Material:
    """Grass of several greens, mown in stripes, and a gravel path `offset` metres off the stage."""
    grass, gravel = place.colours["grass"], place.colours["path"]
    shader = Shader("lawn")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    fine, tufts = shader.noise(flat, 60.0, 2.0), shader.noise(flat, 5.0, 2.0)
    patches = shader.noise(flat, 0.5, 2.0)
    dry = surfaces.blend(grass, linear_rgb("#b8a35a"), 0.45)
    tone: Value = shader.mix(fine.rise(0.25, 0.75), surfaces.shade(grass, 0.8), surfaces.shade(grass, 1.9))
    tone = shader.mix(tufts.rise(0.35, 0.7) * 0.5, tone, surfaces.shade(grass, 1.1))
    tone = shader.mix(patches.rise(0.45, 0.75) * 0.55, tone, dry)
    stripes = ((x / 1.5).sin() * 4.0).clamped() * 0.22
    tone = shader.mix(stripes, tone, surfaces.shade(grass, 1.7))
    # The path winds a little; its edge is ragged by the tufts.
    winding = (x * 0.31).sin() * 0.5 + offset
    edge = 0.85 - abs(y - winding) + (tufts - 0.5) * 0.25
    pebbles = shader.field("ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 42.0}, "Color")
    stones = pebbles.xyz()[0]
    track = shader.mix(stones, surfaces.shade(gravel, 0.55), surfaces.shade(gravel, 1.25))
    on_path = edge.rise(-0.03, 0.03)
    tone = shader.mix(edge.rise(-0.2, 0.0) * 0.6, tone, surfaces.shade(gravel, 0.35))
    tone = shader.mix(on_path, tone, track)
    return surfaces.finished(
        shader, tone, surfaces.shade(grass, 0.9), shader.bump(fine + stones * 0.5, 0.02, 0.7)
    )


def build_park(place: Place) -> None:
    """Build the park around the stage."""
    rng, params, clear = place.rng, place.params, place.clear
    # The path passes behind or beside the stage, never under it where blades of grass grow.
    bearing = params["path"]
    offset = clear + float(rng.uniform(0.6, 1.4))
    away = bearing + math.pi / 2 - place.view
    offset *= 1.0 if math.cos(away) > 0 else -1.0
    place.ground(lawn(place, bearing, offset))
    blade = surfaces.leaves("blade", surfaces.shade(place.colours["grass"], 1.25), 0.6)
    grown = plants.blades(rng, 9000, 0.0, clear - 0.35, 0.055 * params["blades"] + 0.012, blade)
    place.add(grown, "grass", fixed=True)

    leaf = surfaces.leaves("leaf", place.colours["foliage"], 0.6)
    dark = surfaces.leaves(
        "dark leaf", surfaces.blend(place.colours["foliage"], linear_rgb("#2c4a28"), 0.7), 0.5
    )
    petal = surfaces.leaves("petal", place.colours["flowers"], 0.35)
    bark = plants.bark_material()
    kinds = [plants.tree(rng, leaf, bark, 5.2), plants.tree(rng, dark, bark, 6.0)]
    count = int(10 + 14 * params["trees"])
    for i in range(count):
        angle = (i + rng.uniform(-0.35, 0.35)) / count * 2 * math.pi
        at = place.around(angle, clear + rng.uniform(3.0, 9.5))
        tree = kinds[int(rng.random() < 0.45)]
        place.add(tree, "tree", at, float(rng.uniform(0, 6.28)), float(rng.uniform(0.8, 1.3)))
    wall = plants.hedge(9.0, 1.4, 2.1, dark, rng, 60).mesh("hedge")
    for i in range(14):
        angle = (i + 0.5) / 14 * 2 * math.pi
        place.add(wall, "hedge", place.around(angle, clear + 12.0 + rng.uniform(-0.6, 0.6)),
                  place.view + angle - math.pi / 2)  # fmt: skip
    _beds(place, dark, petal)
    slats = surfaces.wood("slats", linear_rgb("#8a5a36"))
    iron = surfaces.plain("iron", (0.03, 0.04, 0.035), 0.5)
    for k in range(4):
        angle = rng.uniform(-0.6, 0.6) if k < 2 else rng.uniform(-3.1, 3.1)
        at = place.around(float(angle), clear + rng.uniform(1.2, 2.6))
        bench = furniture.bench(slats, iron)
        place.add(bench, "bench", at, place.view + float(angle) - math.pi / 2)
        post = place.around(float(angle) + (0.4, -0.5)[k % 2], clear + 3.4)
        furniture.globe_lamp(place, iron, post, place.view + float(angle))


def _beds(place: Place, leaf: bpy.types.Material, petal: bpy.types.Material) -> None:
    """Bushes and beds of flowers, from the stage's edge outwards."""
    rng, clear = place.rng, place.clear
    for _ in range(int(5 + 14 * place.params["flowers"])):
        solid = Solid()
        width = rng.uniform(0.35, 0.8)
        plants.bush(solid, (0, 0, 0.12), (width, width * 0.8, width * 0.55), leaf, rng, 150)
        direction = rng.normal(size=(45, 3))
        direction[:, 2] = np.abs(direction[:, 2]) + 0.3
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        points = direction * (width * 1.02, width * 0.84, width * 0.6) + (0, 0, 0.12)
        solid.cards(points, direction, rng.uniform(0.07, 0.12, len(points)), petal, rng)
        at = place.around(rng.uniform(-3.14, 3.14), clear + 0.5 + rng.uniform(0.3, 4.5))
        place.add(solid, "flower bed", at)
