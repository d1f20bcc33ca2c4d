"""The beach: rippled sand, surf and sea to the horizon, palms, parasols, huts, dunes and a headland.

In the shore's axes X runs to the sea.
"""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import glow, seaside, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid, blob, turn
from render.engines.blender.shader import Field, Rgb, Shader, Value, linear_rgb

WATERLINE = 2.4
"""Metres from the free ground to the water."""
FAR = 420.0
"""Metres to the horizon."""
_SEEN_SKY: dict[str, Rgb] = {
    "day": (0.62, 0.76, 0.86),
    "dusk": (0.98, 0.56, 0.40),
    "night": (0.045, 0.055, 0.10),
}
"""The colour of the sky that the sea mirrors aslant, by the hour."""


def shore_and_sea(place: Place, bearing: float) -> bpy.types.Material:
    """Dry sand with ripples and footprints, wet sand, foam, and water that deepens with the distance."""
    sand, sea, params = surfaces.shade(place.colours["sand"], 0.82), place.colours["sea"], place.params
    shader = Shader("beach")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    line = place.clear + WATERLINE
    swash = (
        (y * 0.33).sin() * 0.35 + (y * 0.9 + 1.0).sin() * 0.12 + (shader.noise(flat, 0.9, 2.0) - 0.5) * 0.5
    )
    out = x - line - swash
    fine, broad = shader.noise(flat, 75.0, 2.0), shader.noise(flat, 0.9, 3.0)
    ripple = (x * 7.0 + (broad - 0.5) * 9.0 + (y * 0.8).sin() * 1.2).sin()
    prints = shader.field("ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 2.6}, "Distance")
    dents = prints.rise(0.22, 0.05) * broad.rise(0.42, 0.62)
    tone: Value = shader.mix(fine.rise(0.3, 0.72), surfaces.shade(sand, 0.78), surfaces.shade(sand, 1.12))
    tone = shader.mix(ripple.rise(-0.2, 1.0) * (0.28 * params["ripples"]), tone, surfaces.shade(sand, 0.62))
    tone = shader.mix(dents * 0.55, tone, surfaces.shade(sand, 0.48))
    shells = shader.field("ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 7.0}, "Distance")
    tone = shader.mix((0.07 - shells).above(0.0) * (broad - 0.55).above(0.0), tone, (0.80, 0.76, 0.70))
    wet = out.rise(-1.6, -1.0)
    tone = shader.mix(
        wet * 0.75, tone, surfaces.blend(surfaces.shade(sand, 0.40), _SEEN_SKY[place.hour], 0.18)
    )
    # Water: clear and pale over the sand, then the sea's colour, then mirrored sky towards the horizon.
    shallow = surfaces.blend(surfaces.blend(sea, (0.35, 0.75, 0.70), 0.4), sand, 0.25)
    dim = {"day": 1.0, "dusk": 0.75, "night": 0.8}[place.hour]
    water: Value = shader.mix(out.rise(0.0, 9.0), shallow, sea)
    water = shader.mix(out.rise(10.0, 90.0), water, surfaces.shade(sea, 0.55))
    depth = (out + 2.0).most(0.5)
    swell = shader.noise(shader.vector(x * 0.55, y * 0.16, 0.0), 1.0, 2.0)
    chop = shader.noise(shader.vector(x * 2.4, y * 0.8, 5.0), 1.0, 2.0)
    far = out.rise(12.0, 160.0)
    crest = (swell * 0.65 + chop * 0.35).rise(0.42, 0.68)
    water = shader.mix(crest * (0.55 - far * 0.3), water, surfaces.blend(sea, _SEEN_SKY[place.hour], 0.6))
    grazing = shader.field("ShaderNodeLayerWeight", {"Blend": 0.5}, "Facing") ** 6.0
    water = shader.mix(grazing * 0.6, water, _SEEN_SKY[place.hour])
    glitter = shader.noise(shader.vector(x * 3.0, y * 1.1, 9.0), 1.0, 1.0)
    sparkle = (glitter - 0.66 - depth * 0.0004).above(0.0) * out.rise(3.0, 20.0) * (1.0 - far)
    foam_noise = shader.noise(shader.vector(x * 1.2, y * 0.7, 2.0), 2.4, 3.0)
    lace: Field = (0.30 - abs(out - 0.15)).most(0.16 - abs(out - 1.5)).most(0.10 - abs(out - 3.2))
    foam = (lace + (foam_noise - 0.5) * 0.9).rise(0.02, 0.14)
    water = shader.mix(foam * (1.0 - out.rise(3.6, 4.2)), water, (0.86, 0.88, 0.88))
    on_sea = out.rise(-0.02, 0.02)
    tone = shader.mix(on_sea, tone, water)
    tone = shader.mix(
        (lace + (foam_noise - 0.5) * 0.9).rise(0.05, 0.16) * out.rise(-0.5, -0.1), tone, (0.86, 0.88, 0.88)
    )
    relief = shader.bump(
        ripple * (0.5 * params["ripples"]) * (1.0 - wet) - dents * 1.6 + fine * 0.15 + crest * on_sea,
        0.016,
        0.8,
    )
    dry = shader.field("ShaderNodeBsdfDiffuse", {"Color": tone, "Normal": relief})
    # Much of what one sees on water is sky; painted, because mirrored it would be noise.
    glow_of_sky = on_sea * (0.30 * dim + grazing * 0.25)
    lit = shader.mix_shaders(
        glow_of_sky, dry, shader.emission(water, {"day": 0.9, "dusk": 0.6, "night": 0.10}[place.hour])
    )
    lit = shader.mix_shaders(sparkle * 0.8, lit, shader.emission(_SEEN_SKY[place.hour], 1.8))
    return surfaces.seen_by_camera(shader, lit, sand)


def _breaker(place: Place, bearing: float, distance: float, height: float, phase: float) -> None:
    """A wave that runs along the shore, foam on its crest and its foot."""
    shader = Shader("breaker")
    u, v, _ = surfaces.surface_uvw(shader)
    sea = place.colours["sea"]
    noise = shader.noise(shader.vector(u * 0.6, v * 2.0, phase), 1.6, 4.0)
    body = shader.mix((v * (1.0 / (height * 1.5))).clamped(), surfaces.shade(sea, 0.8),
                      surfaces.blend(surfaces.shade(sea, 1.5), (0.4, 0.8, 0.75), 0.35))  # fmt: skip
    crest = (v - height * 1.15 + (noise - 0.5) * height * 1.6).rise(-0.02, 0.06)
    foot = (noise * 0.34 - v + 0.02).rise(-0.02, 0.03)
    tone = shader.mix(crest.most(foot).clamped(), body, (0.88, 0.90, 0.90))
    front = shader.field("ShaderNodeBsdfDiffuse", {"Color": tone})
    front = shader.mix_shaders(0.22, front, shader.emission(tone, 0.7 if place.hour == "day" else 0.3))
    material = surfaces.seen_by_camera(shader, front, sea)
    along = np.linspace(-70, 70, 141)
    wave = 0.62 + 0.38 * np.sin(along * 0.11 + phase) * np.cos(along * 0.043 + 2 * phase)
    tall = height * wave
    sway = 0.8 * np.sin(along * 0.07 + phase) + 0.25 * np.sin(along * 0.31)
    rows = [(0.0, 0.0), (0.22, 0.35), (0.30, 0.75), (0.20, 1.0), (0.6, 0.95), (1.8, 0.35), (2.8, 0.0)]
    grid = np.array(
        [np.stack([distance + sway + dx * (0.5 + height), along, dz * tall], -1) for dx, dz in rows]
    )
    solid = Solid()
    solid.sheet(grid, material)
    place.let_light_through(place.add(solid, "breaker", angle=bearing, fixed=True))


def build_beach(place: Place) -> None:
    """Build the beach around the stage; the sea is more or less where the camera looks."""
    rng, params, clear = place.rng, place.params, place.clear
    bearing = place.view + params["shore"]
    place.ground(shore_and_sea(place, bearing), FAR)
    line = clear + WATERLINE
    for k, distance in enumerate((2.6, 7.5, 15.0)):
        _breaker(
            place,
            bearing,
            line + distance,
            params["surf"] * (0.34, 0.55, 0.6)[k],
            1.3 * k + float(rng.uniform(0, 6)),
        )
    _horizon(place, bearing)
    trunk = surfaces.bark("palm trunk", (0.20, 0.14, 0.09))
    leaf = surfaces.leaves("palm leaf", linear_rgb("#4f7d34"), 0.5)
    palms = [seaside.palm(rng, trunk, leaf, float(rng.uniform(4.2, 6.2))) for _ in range(2)]
    tint, second = place.colours["parasol"], place.colours["huts"]
    white = surfaces.plain("white", (0.78, 0.77, 0.74), 0.5)
    cloths = [surfaces.fabric("parasol", tint), surfaces.fabric("parasol", (0.80, 0.78, 0.72))]
    towels = [surfaces.fabric("towel", c, (0.8, 0.78, 0.72), 0.16) for c in (second, tint)]
    pole = surfaces.plain("pole", (0.6, 0.58, 0.54), 0.5)
    door = surfaces.plain("door", surfaces.shade(tint, 0.7), 0.5)
    roof = surfaces.plain("roof", surfaces.shade(second, 0.3), 0.7)
    boards = [seaside.planks(c) for c in (second, tint, (0.72, 0.70, 0.66))]
    spots = 17
    for i in range(spots):
        angle = (i - spots // 2) / spots * 2 * math.pi + float(rng.uniform(-0.1, 0.1))
        towards_sea = math.cos(angle - params["shore"])
        near = clear + 1.6 + float(rng.uniform(0.0, 1.6))
        at, turned = place.around(angle, near), place.view + angle - math.pi / 2
        if near * towards_sea > line - 1.6:
            continue
        if rng.random() < 0.15 + params["parasols"] * 0.65:
            if towards_sea < 0.35 and rng.random() < 0.6:
                far = place.around(angle, near + 1.2)
                place.add(
                    seaside.hut(boards[int(rng.integers(3))], white, roof, door),
                    "hut",
                    far,
                    turned + float(rng.uniform(-0.2, 0.2)),
                )
            else:
                place.add(
                    seaside.parasol(cloths, pole, towels[int(rng.integers(2))]),
                    "parasol",
                    at,
                    float(rng.uniform(0, 6.28)),
                )
        elif rng.random() < params["palms"] * 0.8:
            far = place.around(angle, near + float(rng.uniform(0.5, 3.0)))
            place.add(
                palms[int(rng.integers(2))],
                "palm",
                far,
                float(rng.uniform(0, 6.28)),
                float(rng.uniform(0.85, 1.15)),
            )
    _dunes(place, bearing, clear)
    _rocks(place, bearing)
    if place.hour != "day":
        _torches(place, pole)


def _horizon(place: Place, bearing: float) -> None:
    """A headland and islands in the haze, and sails."""
    rng = place.rng
    haze = {"day": (0.52, 0.64, 0.74), "dusk": (0.55, 0.34, 0.40), "night": (0.018, 0.022, 0.042)}[place.hour]
    sail = surfaces.glowing(
        "sail",
        {"day": (0.90, 0.90, 0.88), "dusk": (0.95, 0.62, 0.48), "night": (0.10, 0.10, 0.14)}[place.hour],
        0.9,
    )
    solid = Solid()
    for k in range(3):
        green = surfaces.blend(linear_rgb("#4a6a48"), haze, 0.45 + 0.2 * k)
        dim = {"day": 0.9, "dusk": 0.6, "night": 0.5}[place.hour]
        shade = surfaces.glowing(
            f"headland {k}", surfaces.blend(green, haze, 0.2) if place.hour == "day" else haze, dim
        )
        middle, width, tall = (
            (-1, 1)[k % 2] * rng.uniform(0.35, 0.9),
            rng.uniform(0.25, 0.5),
            rng.uniform(10, 22) / (1 + 0.4 * k),
        )
        distance = 200.0 + 60.0 * k
        angle = np.linspace(middle - width, middle + width, 60)
        ridge = np.sin(np.linspace(0, np.pi, 60)) ** 0.7 * (
            0.7 + 0.2 * np.sin(angle * 23 + k) + 0.1 * np.sin(angle * 61)
        )
        rows = [
            np.stack([distance * np.cos(angle), distance * np.sin(angle), h * tall * ridge], -1)
            for h in (0.0, 1.0)
        ]
        solid.sheet(np.array(rows), shade)
    for _ in range(int(rng.integers(2, 6))):
        side, distance = rng.uniform(-0.7, 0.7), rng.uniform(55, 150)
        x, y, size = distance * math.cos(side), distance * math.sin(side), rng.uniform(3.0, 6.0)
        triangle = np.array([(x, y, 0.8), (x, y + size * 0.45, 0.8), (x, y, size)])
        uv = np.zeros((1, 3, 2))
        solid.faces(triangle, np.array([(0, 1, 2)]), uv, sail)
        jib = np.array([(x, y - 0.2, 0.8), (x, y - size * 0.3, 0.8), (x, y - 0.2, size * 0.85)])
        solid.faces(jib, np.array([(0, 1, 2)]), uv, sail)
        solid.box((x, y + size * 0.1, 0.4), (0.7, size * 0.55, 0.7), sail)
    place.let_light_through(place.add(solid, "horizon", angle=bearing, fixed=True))


def _rocks(place: Place, bearing: float) -> None:
    """Rocks in the surf at both sides of the view, and a boat drawn up on the sand."""
    rng = place.rng
    shader = Shader("rock")
    position = shader.field("ShaderNodeNewGeometry", output="Position")
    rough = shader.noise(position, 3.0, 4.0)
    _, _, height = position.xyz()
    tone = shader.mix(rough.rise(0.35, 0.7), (0.07, 0.065, 0.06), (0.24, 0.22, 0.20))
    tone = shader.mix(height.rise(0.35, 0.1), tone, (0.025, 0.03, 0.028))
    stone = surfaces.finished(shader, tone, (0.14, 0.13, 0.12), shader.bump(rough, 0.08, 0.8))
    line = place.clear + WATERLINE
    for side in (-1, 1):
        for _ in range(int(rng.integers(2, 6))):
            solid = Solid()
            for _ in range(int(rng.integers(1, 4))):
                size = float(rng.uniform(0.25, 0.95))
                centre = (float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.8, 0.8)), 0.1 * size)
                radii = (size, size * float(rng.uniform(0.7, 1.2)), size * float(rng.uniform(0.5, 0.9)))
                solid.sheet(blob(centre, radii, rng, 0.22, 9), stone, smooth=False)
            x, y = turn(np.array([line + rng.uniform(-0.2, 6.0), side * rng.uniform(2.5, 11.0)]), bearing)
            place.add(solid, "rocks", (float(x), float(y)), bearing)
    boat = seaside.boat(
        surfaces.plain("hull", place.colours["huts"], 0.4), surfaces.wood("thwart", linear_rgb("#9a6b45"))
    )
    x, y = turn(np.array([place.clear + 0.9, (-1, 1)[int(rng.integers(2))] * rng.uniform(2.4, 4.2)]), bearing)
    if math.hypot(x, y) > place.clear + 2.0:
        place.add(boat, "boat", (float(x), float(y)), bearing + float(rng.uniform(0.9, 2.2)))


def _dunes(place: Place, bearing: float, clear: float) -> None:
    """Mounds of sand with tufts of grass on the land's side."""
    rng = place.rng
    sand = place.colours["sand"]
    shader = Shader("dune")
    position = shader.field("ShaderNodeNewGeometry", output="Position")
    fine, broad = shader.noise(position, 60.0, 2.0), shader.noise(position, 1.2, 3.0)
    tone = shader.mix(fine.rise(0.3, 0.7), surfaces.shade(sand, 0.75), surfaces.shade(sand, 1.1))
    tone = shader.mix(broad.rise(0.45, 0.7) * 0.3, tone, surfaces.shade(sand, 0.55))
    dune = surfaces.finished(shader, tone, sand)
    grass = surfaces.leaves("marram", linear_rgb("#8a9a4f"), 0.5)
    for i in range(13):
        angle = math.pi + (i - 6) * 0.26 + float(rng.uniform(-0.08, 0.08))
        distance = clear + float(rng.uniform(6.5, 10.0))
        wide, tall = float(rng.uniform(2.2, 3.6)), float(rng.uniform(0.8, 2.0))
        solid = Solid()
        solid.sheet(blob((0, 0, -0.25 * tall), (wide * 1.3, wide, tall), rng, 0.05, 12), dune)
        count = 260
        spread = rng.normal(0, 0.45, (count, 2)) * wide * 0.6
        foot = (
            np.maximum(1 - (spread[:, 0] / (wide * 1.3)) ** 2 - (spread[:, 1] / wide) ** 2, 0.0) ** 0.5 * tall
            - 0.25 * tall
        )
        bottom = np.concatenate([spread, foot[:, None]], axis=1)
        lean = rng.normal(0, 0.16, (count, 2))
        tip = bottom + np.concatenate([lean, rng.uniform(0.35, 0.75, (count, 1))], axis=1)
        across = np.concatenate([rng.normal(0, 0.014, (count, 2)), np.zeros((count, 1))], axis=1)
        vertices = np.stack([bottom - across, bottom + across, tip], 1).reshape(-1, 3)
        uv = np.broadcast_to(np.array([(0, 0), (1, 0), (0.5, 1)], float), (count, 3, 2))
        solid.faces(vertices, np.arange(count * 3).reshape(-1, 3), uv, grass, part=rng.random(count))
        x, y = turn(np.array([distance * math.cos(angle), distance * math.sin(angle)]), bearing)
        place.add(solid, "dune", (float(x), float(y)), bearing + angle)


def _torches(place: Place, pole: bpy.types.Material) -> None:
    """Torches in the sand after dark."""
    flame = surfaces.glowing("flame", (1.0, 0.55, 0.18), 7.0)
    for angle in (-0.62, 0.55, -1.15, 1.2):
        reach = place.clear + 1.1
        x, y = place.around(angle, reach)
        solid = Solid()
        solid.column([(0, 0, 0), (0, 0, 1.35)], [0.025, 0.03], pole, 7)
        solid.lathe((0, 0, 1.35), [(0.03, 0), (0.08, 0.12), (0.07, 0.14)], pole)
        solid.lathe((0, 0, 1.48), [(0.04, 0), (0.065, 0.08), (0.03, 0.2), (0.005, 0.3)], flame)
        place.add(solid, "torch", (x, y))
        glow.halo(place, (x, y, 1.6), 0.55, (1.0, 0.50, 0.18), 1.0)
        if place.night:
            place.lamp("torch", (x, y, 1.75), (1.0, 0.52, 0.20), 1.5, 0.15)
