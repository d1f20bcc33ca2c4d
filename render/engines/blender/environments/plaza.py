"""The plaza: paving, house fronts all around, and street furniture between."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import furniture, plants, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Shader, Value, linear_rgb


def paving(place: Place, pattern: float, size: float, wear: float, angle: float) -> bpy.types.Material:
    """Paving stones with joints: bricks in running bond, square tiles, or large slabs."""
    stone, joint = place.colours["paving"], place.colours["joints"]
    shader = Shader("paving")
    x, y = surfaces.world_xy(shader, angle)
    if pattern < 0.35:
        length, width, gap, offset = size, size * 0.5, 0.012, 0.5
    elif pattern < 0.7:
        length, width, gap, offset = size * 1.2, size * 1.2, 0.012, 0.0
    else:
        length, width, gap, offset = size * 2.4, size * 1.6, 0.016, 0.37
    tones = (surfaces.shade(stone, 0.74), surfaces.shade(stone, 1.22), joint)
    flat = shader.vector(x, y, 0.0)
    colour, joints = surfaces.bricks(shader, flat, length, width, gap, tones, offset)
    grain = shader.noise(flat, 38.0, 2.0)
    stains = shader.noise(flat, 0.55, 3.0)
    tone: Value = shader.mix(grain.rise(0.3, 0.7) * 0.35, colour, surfaces.shade(stone, 0.55))
    tone = shader.mix(stains.rise(0.48, 0.75) * (0.55 * wear), tone, surfaces.shade(joint, 0.7))
    # Courses of darker stone cross the square and give the eye a measure of distance.
    course = 4.8 if pattern >= 0.7 else 3.6
    across = ((x / course + 0.5).fract() - 0.5) * course
    along = ((y / course + 0.5).fract() - 0.5) * course
    band = (0.16 - abs(across).least(abs(along))).above(0.0) * (1.0 - joints)
    tone = shader.mix(
        band * 0.75, tone, surfaces.blend(surfaces.shade(stone, 0.4), place.colours["accent"], 0.2)
    )
    relief = shader.bump(joints * -1.0, 0.012, 0.8)
    return surfaces.finished(shader, tone, stone, relief, gloss=0.015, roughness=0.45)


def buildings(place: Place, storeys: float, radius: float = 15.0) -> None:
    """A ring of house fronts, each with its own colour, height and windows."""
    rng = place.rng
    trims = ((0.62, 0.60, 0.55), (0.30, 0.30, 0.30), (0.75, 0.73, 0.70))
    count = 9
    fronts = []
    for i in range(3):
        wall = place.colours["facade"]
        if i:
            other = linear_rgb(str(rng.choice(["#cfc6b4", "#a5654c", "#b8b2a8", "#8d9aa0", "#d7b98c"])))
            wall = surfaces.blend(wall, other, 0.75)
        fronts.append(
            surfaces.facade(
                f"front {i}", wall, trims[i], float(rng.uniform(2.9, 3.4)), float(rng.uniform(1.7, 2.5)),
                brick=bool(rng.random() < 0.4), lit=0.55 if place.night else 0.04,
            )
        )  # fmt: skip
    awning = surfaces.fabric("awning", place.colours["accent"], (0.8, 0.78, 0.74), 0.5)
    roof = surfaces.plain("roof", linear_rgb("#5a4a42"), 0.8)
    for i in range(count):
        angle = (i + 0.5 + rng.uniform(-0.15, 0.15)) / count * 2 * math.pi
        distance = radius * rng.uniform(0.92, 1.2)
        width = 2 * distance * math.tan(math.pi / count) * 1.08
        height = 3.1 * max(1.0, storeys + rng.uniform(-0.8, 0.9))
        material = fronts[int(rng.integers(3))]
        solid = Solid()
        solid.box((0, 2.5, height / 2), (width, 5.0, height), material)
        solid.box((0, 2.4, height + 0.1), (width + 0.3, 5.4, 0.22), roof)
        if rng.random() < 0.65:
            for x in np.arange(-width / 2 + 1.4, width / 2 - 1.0, 3.4):
                slope = np.array([[(x, 0, 2.75), (x + 2.2, 0, 2.75)], [(x, -1.1, 2.3), (x + 2.2, -1.1, 2.3)],
                                  [(x, -1.1, 2.08), (x + 2.2, -1.1, 2.08)]])  # fmt: skip
                solid.sheet(slope, awning, smooth=False)
        x, y = place.around(angle, distance)
        place.add(solid, "building", (x, y), place.view + angle - math.pi / 2)


def build_plaza(place: Place) -> None:
    """Build the square around the stage."""
    rng, params = place.rng, place.params
    place.ground(
        paving(place, params["pattern"], params["tile"], params["wear"], float(rng.uniform(0, 3.14)))
    )
    buildings(place, params["storeys"])
    slats = surfaces.wood("slats", linear_rgb("#9a6b45"))
    iron = surfaces.plain("iron", (0.03, 0.035, 0.035), 0.5)
    stone = surfaces.plaster("stone", surfaces.blend(place.colours["paving"], (0.6, 0.58, 0.55), 0.5))
    accent = surfaces.plain("paint", place.colours["accent"], 0.45)
    globe = surfaces.glowing("globe", (1.0, 0.82, 0.6), 4.0 if place.night else 0.9)
    leaf = surfaces.leaves("leaf", linear_rgb("#4f7a35"))
    flower = surfaces.leaves("flower", place.colours["accent"], 0.3)
    bark = plants.bark_material()
    tree = plants.tree(rng, leaf, bark, 4.6)
    ring = place.clear + 1.4
    spots = 11
    for i in range(spots):
        angle = (i + rng.uniform(-0.25, 0.25)) / spots * 2 * math.pi
        distance = ring + rng.uniform(0.6, 2.6)
        at = place.around(angle, distance)
        turned = place.view + angle - math.pi / 2
        if rng.random() < 0.25 + 0.45 * params["greenery"]:
            if rng.random() < 0.5:
                far = place.around(angle, distance + rng.uniform(1.5, 4.0))
                place.add(tree, "tree", far, float(rng.uniform(0, 6.28)), float(rng.uniform(0.8, 1.15)))
            else:
                place.add(furniture.planter(stone, leaf, flower, rng), "planter", at, turned)
        else:
            which = int(rng.integers(4))
            if which == 0:
                place.add(furniture.bench(slats, iron), "bench", at, turned)
            elif which == 1:
                place.add(furniture.lamp_post(iron, globe), "lamp post", at, float(rng.uniform(0, 6.28)))
            elif which == 2:
                place.add(furniture.litter_bin(iron, accent), "bin", at)
            else:
                for k in range(3):
                    post = place.around(angle + (k - 1) * 0.2, distance)
                    place.add(furniture.bollard(iron, accent), "bollard", post)
