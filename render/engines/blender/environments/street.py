"""The street: rows of houses with shops, pavements behind kerbs, markings, parked cars, trees and lamps.

In the street's axes X runs along it; the stage is on the road.
"""

from __future__ import annotations

import math
from typing import Protocol

import bpy
import numpy as np

from render.engines.blender.environments import furniture, plants, shops, surfaces
from render.engines.blender.environments.cars import car
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid, turn
from render.engines.blender.shader import Rgb, Shader, Value, linear_rgb


class Put(Protocol):
    """Adds a thing at x and y of the street's axes, turned by an angle from the street's bearing."""

    def __call__(
        self, solid: Solid | bpy.types.Mesh, name: str, x: float, y: float, angle: float = 0.0
    ) -> None:
        """Add it."""


LANE = 2.3
"""Metres from the free ground to the kerb, for parked cars."""
PAVEMENT = 2.4
"""Metres from the kerb to the houses."""
KERB = 0.12
"""Metres, height of the kerb."""
AHEAD, BEHIND = 44.0, 16.0
"""Metres of houses along the street, before and behind the stage."""


def asphalt(place: Place, bearing: float, kerb: float) -> bpy.types.Material:
    """The road: aggregate, patches and cracks, a dashed line, parking bays and a zebra crossing."""
    road, line, wear = place.colours["road"], place.colours["markings"], place.params["wear"]
    shader = Shader("asphalt")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    fine, broad = shader.noise(flat, 60.0, 2.0), shader.noise(flat, 0.7, 3.0)
    tone: Value = shader.mix(fine.rise(0.3, 0.72), surfaces.shade(road, 0.6), surfaces.shade(road, 1.35))
    tone = shader.mix(broad.rise(0.42, 0.7) * 0.5, tone, surfaces.shade(road, 0.6))
    # Tyres polish two tracks a lane; where a trench was dug, the surface is newer and darker.
    tracks = (0.3 - abs(abs(abs(y) - 1.6) - 0.75)).rise(0.0, 0.3) * 0.3
    tone = shader.mix(tracks, tone, surfaces.shade(road, 1.6))
    trench = (0.5 - abs(y + 0.35 * kerb)).least(7.0 - abs(x - 6.0))
    tone = shader.mix(trench.above(0.0) * 0.5, tone, surfaces.shade(road, 0.4))
    edge = shader.field(
        "ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 0.42}, "Distance", feature="DISTANCE_TO_EDGE"
    )
    crack = (0.008 - edge + (fine - 0.5) * 0.016).above(0.0)
    tone = shader.mix(crack * (wear * 0.8), tone, surfaces.shade(road, 0.25))
    bays = kerb - 2.1
    dashes = (0.06 - abs(y)).least(1.1 - abs((x / 5.0).fract() * 5.0 - 1.5))
    sides = (0.05 - abs(abs(y) - bays)).most((0.05 - abs((x / 5.5).fract() * 5.5 - 2.7)).least(abs(y) - bays))
    zebra_at = place.clear + 2.9
    crossing = 1.6 - abs(x - zebra_at)
    stripes = (0.25 - abs((y + 0.5).fract() - 0.5)).least(crossing).least(kerb - 0.4 - abs(y))
    lines = dashes.most(sides).least(-crossing - 0.2).most(stripes).above(0.0)
    worn = 1.0 - (broad + (fine - 0.5) * 0.7).rise(0.42, 0.68) * (0.2 + 0.6 * wear)
    tone = shader.mix(lines * worn * 0.92, tone, line)
    gutter = (0.16 - abs(abs(y) - kerb + 0.16)).above(0.0)
    tone = shader.mix(gutter * 0.5, tone, surfaces.shade(road, 1.7))
    return surfaces.finished(shader, tone, road, gloss=0.015, roughness=0.45)


def slabs(place: Place, bearing: float) -> bpy.types.Material:
    """The pavement: slabs with joints, spots and stains."""
    stone = place.colours["pavement"]
    shader = Shader("pavement")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    tones = (surfaces.shade(stone, 0.8), surfaces.shade(stone, 1.12), surfaces.shade(stone, 0.4))
    colour, joints = surfaces.bricks(shader, flat, 0.8, 0.5, 0.014, tones, 0.5)
    spots = shader.noise(flat, 9.0, 3.0).rise(0.62, 0.72) * 0.35
    tone = shader.mix(spots, colour, surfaces.shade(stone, 0.45))
    return surfaces.finished(shader, tone, stone, shader.bump(joints * -1.0, 0.01, 0.7))


def _fronts(place: Place) -> list[tuple[bpy.types.Material, bpy.types.Material, float]]:
    """House fronts: the wall's material, the plinth's, and the height of a storey."""
    rng = place.rng
    others = ("#cfc6b4", "#a5654c", "#b8b2a8", "#8d9aa0", "#d7b98c", "#9c6b58", "#c9cfc4")
    fronts = []
    for i in range(4):
        wall: Rgb = place.colours["facade"]
        if i:
            wall = surfaces.blend(wall, linear_rgb(str(rng.choice(others))), 0.8)
        trim: Rgb = ((0.72, 0.70, 0.66), (0.25, 0.25, 0.25), (0.60, 0.56, 0.48), (0.78, 0.77, 0.75))[i]
        storey = float(rng.uniform(2.9, 3.3))
        front = surfaces.facade(
            f"front {i}",
            wall,
            trim,
            storey,
            float(rng.uniform(1.6, 2.2)),
            bool(rng.random() < 0.45),
            place.lit,
        )
        stone = surfaces.blend(surfaces.shade(wall, 0.75), (0.35, 0.34, 0.33), 0.4)
        fronts.append((front, surfaces.plaster(f"plinth {i}", stone), storey))
    return fronts


def build_street(place: Place) -> None:
    """Build the street around the stage; the camera looks along it, aslant."""
    rng, params = place.rng, place.params
    aslant = params["bearing"]
    bearing = place.view - aslant
    kerb = place.clear + LANE
    place.ground(asphalt(place, bearing, kerb))
    _pavements(place, bearing, kerb)
    fronts, trades = _fronts(place), shops.trades(place)
    roof = surfaces.plain("roof", linear_rgb("#5a4a42"), 0.8)

    def put(solid: Solid | bpy.types.Mesh, name: str, x: float, y: float, angle: float = 0.0) -> None:
        world = turn(np.array([x, y]), bearing)
        place.add(solid, name, (float(world[0]), float(world[1])), bearing + angle)

    for side in (-1, 1):
        x = -BEHIND
        while x < AHEAD:
            width = float(rng.uniform(5.2, 8.5))
            front, plinth, storey = fronts[int(rng.integers(len(fronts)))]
            trade = trades[int(rng.integers(len(trades)))]
            storeys = max(1, round(params["storeys"] + rng.uniform(-1.0, 1.0)))
            solid = shops.house(width, storeys, storey, front, plinth, roof, trade, rng)
            put(solid, "house", x + width / 2, side * (kerb + PAVEMENT), 0.0 if side > 0 else math.pi)
            x += width
    # A house across the street's far end, so that no way leads out of the picture.
    front, plinth, storey = fronts[int(rng.integers(len(fronts)))]
    end = shops.house(3 * kerb, 3, storey, front, plinth, roof, trades[0], rng)
    put(end, "house", AHEAD + 1.0, 0.0, -math.pi / 2)
    _furnish(place, put, bearing, kerb)


def _pavements(place: Place, bearing: float, kerb: float) -> None:
    """Both pavements with their kerb stones, KERB above the road."""
    slab, stone = (
        slabs(place, bearing),
        surfaces.plaster("kerb", surfaces.shade(place.colours["pavement"], 1.15)),
    )
    solid = Solid()
    length, middle = AHEAD + BEHIND + 30.0, (AHEAD - BEHIND) / 2
    for side in (-1, 1):
        solid.box((middle, side * (kerb + 1.7), KERB / 2), (length, 3.2, KERB), slab)
        solid.box((middle, side * (kerb + 0.05), KERB / 2 + 0.003), (length, 0.16, KERB), stone)
    place.add(solid, "pavement", angle=bearing, fixed=True)


def _furnish(place: Place, put: Put, bearing: float, kerb: float) -> None:
    """Cars along the kerbs; lamps, trees, benches, bins and bollards on the pavements."""
    rng, params = place.rng, place.params
    paints = ("#b02a2a", "#2f4f7f", "#d8d8d6", "#1d1f22", "#7f868c", "#3f6b57", "#c8a23a")
    for side in (-1, 1):
        slots = np.arange(-8.0, 32.0, 5.5) + 2.75 - 2.7
        for x in slots:
            if rng.random() < params["cars"] * 0.9:
                paint = linear_rgb(str(rng.choice(paints)))
                if rng.random() < 0.3:
                    paint = place.colours["accent"]
                put(car(paint, rng, place.hour != "day"), "car", float(x), side * (kerb - 1.05),
                    0.0 if side < 0 else math.pi)  # fmt: skip
    iron = surfaces.plain("iron", (0.03, 0.035, 0.035), 0.5)
    slats = surfaces.wood("slats", linear_rgb("#8a5a36"))
    paint = surfaces.plain("paint", place.colours["accent"], 0.45)
    tree = plants.tree(rng, surfaces.leaves("leaf", linear_rgb("#55803a")), plants.bark_material(), 5.0)
    for side in (-1, 1):
        for i, x in enumerate(np.arange(-6.0, 36.0, 4.2)):
            at = (float(x + rng.uniform(-0.6, 0.6)), side * (kerb + 0.55))
            if i % 3 == (1 if side > 0 else 0):
                x_lamp, y_lamp = turn(np.array(at), bearing)
                facing = bearing + (0.0 if side > 0 else math.pi)
                furniture.street_lamp(place, iron, (float(x_lamp), float(y_lamp)), facing)
            elif rng.random() < params["greenery"] * 0.7:
                put(tree, "tree", *at, float(rng.uniform(0, 6.28)))
            elif rng.random() < 0.35:
                put(
                    furniture.bench(slats, iron),
                    "bench",
                    at[0],
                    at[1] + side * 0.7,
                    0.0 if side > 0 else math.pi,
                )
            elif rng.random() < 0.5:
                put(furniture.litter_bin(iron, paint), "bin", at[0], at[1])
            else:
                for k in range(3):
                    put(furniture.bollard(iron, paint), "bollard", at[0] + 1.2 * (k - 1), side * (kerb + 0.3))
