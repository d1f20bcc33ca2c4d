"""The plaza: paving, house fronts all around, and street furniture between."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import furniture, plants, shops, surfaces
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


def buildings(
    place: Place, storeys: float, radius: float = 15.0, trades: list[shops.Trade] | None = None
) -> None:
    """A ring of house fronts of several colours, heights and windows, with shops if there are `trades`."""
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
                brick=bool(rng.random() < 0.4), lit=place.lit,
            )
        )  # fmt: skip
    plinths = [surfaces.plaster("plinth", surfaces.shade(trim, 0.7)) for trim in trims]
    awning = surfaces.fabric("awning", place.colours["accent"], (0.8, 0.78, 0.74), 0.5)
    roof = surfaces.plain("roof", linear_rgb("#5a4a42"), 0.8)
    for i in range(count):
        angle = (i + 0.5 + rng.uniform(-0.15, 0.15)) / count * 2 * math.pi
        distance = radius * rng.uniform(0.92, 1.2)
        width = 2 * distance * math.tan(math.pi / count) * 1.08
        height = 3.1 * max(1.0, storeys + rng.uniform(-0.8, 0.9))
        which = int(rng.integers(3))
        if trades:
            above = max(1, round(height / 3.1) - 1)
            trade = trades[int(rng.integers(len(trades)))]
            solid = shops.house(width, above, 3.1, fronts[which], plinths[which], roof, trade, rng)
        else:
            solid = _house(width, height, fronts[which], roof, awning, rng)
        x, y = place.around(angle, distance)
        place.add(solid, "building", (x, y), place.view + angle - math.pi / 2)


def _house(
    width: float, height: float, front: bpy.types.Material, roof: bpy.types.Material,
    awning: bpy.types.Material, rng: np.random.Generator,
) -> Solid:  # fmt: skip
    """A house without a shop, some of them with awnings over the windows."""
    solid = Solid()
    solid.box((0, 2.5, height / 2), (width, 5.0, height), front)
    solid.box((0, 2.4, height + 0.1), (width + 0.3, 5.4, 0.22), roof)
    if rng.random() < 0.65:
        for x in np.arange(-width / 2 + 1.4, width / 2 - 1.0, 3.4):
            slope = np.array([[(x, 0, 2.75), (x + 2.2, 0, 2.75)], [(x, -1.1, 2.3), (x + 2.2, -1.1, 2.3)],
                              [(x, -1.1, 2.08), (x + 2.2, -1.1, 2.08)]])  # fmt: skip
            solid.sheet(slope, awning, smooth=False)
    return solid


def build_plaza(place: Place) -> None:
    """Build the square around the stage."""
    rng, params = place.rng, place.params
    place.ground(
        paving(place, params["pattern"], params["tile"], params["wear"], float(rng.uniform(0, 3.14)))
    )
    buildings(place, params["storeys"], trades=shops.trades(place))
    slats = surfaces.wood("slats", linear_rgb("#9a6b45"))
    iron = surfaces.plain("iron", (0.03, 0.035, 0.035), 0.5)
    stone = surfaces.plaster("stone", surfaces.blend(place.colours["paving"], (0.6, 0.58, 0.55), 0.5))
    accent = surfaces.plain("paint", place.colours["accent"], 0.45)
    leaf = surfaces.leaves("leaf", linear_rgb("#4f7a35"))
    flower = surfaces.leaves("flower", place.colours["accent"], 0.3)
    bark = plants.bark_material()
    tree = plants.tree(rng, leaf, bark, 4.6)
    cloth = [
        surfaces.fabric("canvas", place.colours["accent"]),
        surfaces.fabric("canvas", (0.80, 0.78, 0.72)),
    ]
    ring = place.clear + 1.4
    spots = 13
    centrepiece = float(rng.uniform(-0.5, 0.5))
    _fountain(place, stone, place.around(centrepiece, ring + 4.0))
    for i in range(spots):
        angle = (i - spots // 2 + rng.uniform(-0.25, 0.25)) / spots * 2 * math.pi
        distance = ring + rng.uniform(0.4, 2.4)
        at = place.around(angle, distance)
        turned = place.view + angle - math.pi / 2
        if rng.random() < 0.15 + 0.45 * params["greenery"]:
            if rng.random() < 0.5:
                far = place.around(angle, distance + rng.uniform(1.5, 4.0))
                place.add(tree, "tree", far, float(rng.uniform(0, 6.28)), float(rng.uniform(0.8, 1.15)))
            else:
                place.add(furniture.planter(stone, leaf, flower, rng), "planter", at, turned)
            continue
        which = int(rng.integers(6))
        if which == 0:
            place.add(furniture.bench(slats, iron), "bench", at, turned)
        elif which == 1 or (which == 2 and abs(angle) < 0.8):
            far = place.around(angle, distance + 1.6)
            furniture.globe_lamp(place, iron, far, turned + float(rng.uniform(-0.5, 0.5)))
        elif which == 2:
            place.add(furniture.litter_bin(iron, accent), "bin", at)
        elif which == 3:
            table = furniture.cafe(cloth, iron, accent, float(rng.uniform(0, 6.28)))
            place.add(table, "cafe table", place.around(angle, distance + 0.9))
        elif which == 4:
            _stall(place, slats, place.around(angle, distance + 0.8), turned)
        else:
            for k in range(3):
                post = place.around(angle + (k - 1) * 0.2, distance)
                place.add(furniture.bollard(iron, accent), "bollard", post)


def _fountain(place: Place, stone: bpy.types.Material, at: tuple[float, float]) -> None:
    shader = Shader("water")
    x, y = surfaces.world_xy(shader)
    ripples = shader.noise(shader.vector(x, y, 0.0), 5.0, 2.0)
    deep: tuple[float, float, float] = (0.03, 0.07, 0.10) if place.night else (0.10, 0.26, 0.32)
    pale: tuple[float, float, float] = (0.08, 0.14, 0.18) if place.night else (0.50, 0.68, 0.74)
    tone = shader.mix(ripples.rise(0.4, 0.66), deep, pale)
    water = surfaces.finished(shader, tone, deep, gloss=0.06, roughness=0.15)
    spray = surfaces.plain("spray", (0.62, 0.72, 0.76), 0.3, 0.05)
    place.add(furniture.fountain(stone, water, spray), "fountain", at)


def _stall(place: Place, timber: bpy.types.Material, at: tuple[float, float], turned: float) -> None:
    fruits = ("#c8402f", "#e0922f", "#6f9a3a", "#d9c23f", "#7a3550", "#a8b84a")
    goods = [surfaces.plain("fruit", linear_rgb(c), 0.4) for c in place.rng.permutation(fruits)]
    roof = surfaces.fabric("stall roof", place.colours["accent"], (0.80, 0.78, 0.74), 0.4)
    place.add(furniture.stall(roof, timber, goods, place.rng), "stall", at, turned)
