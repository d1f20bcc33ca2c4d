"""The rooftop: a deck or gravel roof behind a parapet, vents and tanks, strings of lights, a city around."""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import furniture, glow, surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid, turn
from render.engines.blender.environments.skyline import build_skyline
from render.engines.blender.shader import Rgb, Shader, Value, linear_rgb

DEPTH = 2.3
"""Metres from the free ground to the parapet."""
NEAR_SIDE = 16.0
"""Metres that the roof reaches behind the stage, under a camera that stands far off."""
PARAPET = 1.0
"""Metres, height of the parapet."""


def roofing(place: Place, bearing: float) -> bpy.types.Material:
    """Planks, slabs, or gravel with a walkway of slabs."""
    ground = place.colours["floor"]
    kind = place.params["deck"]
    shader = Shader("roofing")
    x, y = surfaces.world_xy(shader, bearing)
    flat = shader.vector(x, y, 0.0)
    dirt = shader.noise(flat, 0.8, 4.0)
    if kind < 0.4:
        tones = (surfaces.shade(ground, 0.75), surfaces.shade(ground, 1.2), surfaces.shade(ground, 0.15))
        colour, joints = surfaces.bricks(shader, flat, 2.2, 0.14, 0.012, tones, 0.37)
        grain = shader.noise(shader.vector(x * 2.0, y * 40.0, 0.0), 1.0, 2.0, 0.5)
        tone: Value = shader.mix(grain.rise(0.35, 0.75) * 0.5, colour, surfaces.shade(ground, 0.5))
    else:
        tones = (surfaces.shade(ground, 0.8), surfaces.shade(ground, 1.15), surfaces.shade(ground, 0.35))
        tone, joints = surfaces.bricks(shader, flat, 0.8, 0.8, 0.018, tones, 0.0)
        fine = shader.noise(flat, 42.0, 2.0)
        tone = shader.mix(fine.rise(0.3, 0.7) * 0.3, tone, surfaces.shade(ground, 0.6))
        if kind >= 0.75:
            stones = shader.field("ShaderNodeTexVoronoi", {"Vector": flat, "Scale": 24.0}, "Color").xyz()[0]
            gravel = shader.mix(
                stones, surfaces.shade(ground, 0.45), surfaces.blend(ground, (0.6, 0.58, 0.55), 0.5)
            )
            walkway = (1.2 - abs(y - 0.4)).most(1.2 - abs(x)).above(0.0)
            tone = shader.mix(walkway, gravel, tone)
            joints = joints * walkway
    tone = shader.mix(dirt.rise(0.5, 0.75) * 0.4, tone, surfaces.shade(ground, 0.4))
    return surfaces.finished(
        shader, tone, ground, shader.bump(joints * -1.0, 0.012, 0.7), gloss=0.015, roughness=0.4
    )


class Plant:
    """The machinery of a roof, in its materials: things around their own middle, their front towards −Y."""

    def __init__(self, place: Place) -> None:
        self.rng = place.rng
        accent = place.colours["accent"]
        self.zinc = surfaces.plain("zinc", (0.46, 0.48, 0.49), 0.35, 0.06)
        self.dark = surfaces.plain("dark", (0.03, 0.03, 0.032), 0.6)
        self.paint = surfaces.plain("paint", accent, 0.45)
        self.white = surfaces.plain("white", (0.70, 0.70, 0.68), 0.45)
        self.brick = surfaces.plaster("brick", place.colours["parapet"])
        self.wood = surfaces.wood("staves", linear_rgb("#8a5a36"))
        self.cloth = surfaces.fabric("canvas", accent, (0.80, 0.78, 0.73), 0.14)

    def any(self) -> tuple[str, Solid]:
        """One of them."""
        makers = (self.cooler, self.vents, self.tank, self.hut, self.aerial, self.deckchairs)
        maker = makers[int(self.rng.integers(len(makers)))]
        return maker.__name__, maker()

    def cooler(self) -> Solid:
        """An air conditioner with two fans, on feet."""
        solid = Solid()
        solid.box((0, 0, 0.62), (1.5, 0.7, 0.95), self.white)
        for x in (-0.36, 0.36):
            solid.column([(x, -0.35, 0.66), (x, -0.37, 0.66)], [0.3, 0.3], self.dark, 20)
            for radius in (0.1, 0.2, 0.29):
                ring = [
                    (x + radius * math.cos(a), -0.385, 0.66 + radius * math.sin(a))
                    for a in np.linspace(0, 2 * math.pi, 17)
                ]
                solid.column(ring, [0.009] * 17, self.zinc, 4, caps=False)
            for a in np.arange(0, math.pi, math.pi / 3):
                dx, dz = 0.29 * math.cos(a), 0.29 * math.sin(a)
                solid.column(
                    [(x - dx, -0.385, 0.66 - dz), (x + dx, -0.385, 0.66 + dz)], [0.008] * 2, self.zinc, 4
                )
        for x in (-0.6, 0.6):
            solid.box((x, 0, 0.07), (0.1, 0.7, 0.14), self.dark)
        solid.column([(0.75, 0.2, 0.4), (1.0, 0.2, 0.35), (1.0, 0.2, 0.02)], [0.05] * 3, self.dark, 7)
        return solid

    def vents(self) -> Solid:
        """A chimney and mushroom vents in a row, with a duct."""
        solid = Solid()
        solid.box((0, 0.1, 0.22), (1.9, 0.5, 0.44), self.zinc)
        for k, x in enumerate((-0.65, 0.0, 0.65)):
            tall = 0.5 + 0.25 * (k % 2)
            solid.lathe(
                (x, 0.1, 0.4),
                [(0.12, 0), (0.12, tall), (0.27, tall), (0.22, tall + 0.14), (0.02, tall + 0.2)],
                self.zinc,
            )
        for x in np.arange(-0.85, 0.95, 0.28):
            solid.box((float(x), 0.1, 0.22), (0.025, 0.53, 0.47), self.dark)
        return solid

    def tank(self) -> Solid:
        """A water tank of staves on legs, under a pointed roof."""
        solid = Solid()
        for x in (-0.6, 0.6):
            for y in (-0.6, 0.6):
                solid.column([(x * 1.1, y * 1.1, 0), (x, y, 1.4)], [0.06, 0.06], self.dark, 6)
        for y in (-0.63, 0.63):
            solid.column([(-0.65, y, 0.2), (0.62, y, 1.3)], [0.025, 0.025], self.dark, 5)
            solid.column([(0.65, y, 0.2), (-0.62, y, 1.3)], [0.025, 0.025], self.dark, 5)
        solid.lathe((0, 0, 1.4), [(0.9, 0), (0.95, 0.05), (0.88, 1.7)], self.wood)
        for z in (0.15, 0.6, 1.05, 1.5):
            solid.lathe((0, 0, 1.4 + z), [(0.96 - 0.045 * z, 0), (0.955 - 0.045 * z, 0.04)], self.dark)
        solid.lathe((0, 0, 3.1), [(1.0, 0), (0.05, 0.6), (0.02, 0.75)], self.paint)
        return solid

    def hut(self) -> Solid:
        """The head of the stairs, with a door and a lamp over it."""
        solid = Solid()
        solid.box((0, 0.3, 1.2), (2.1, 1.6, 2.4), self.brick)
        solid.box((0, 0.3, 2.45), (2.4, 1.9, 0.12), self.dark)
        solid.box((0.2, -0.51, 1.0), (0.95, 0.05, 2.0), self.paint)
        solid.box((0.2, -0.53, 1.45), (0.5, 0.03, 0.5), self.dark)
        solid.box((0.2, -0.58, 2.15), (0.24, 0.16, 0.12), self.zinc)
        solid.column([(-0.1, -0.55, 1.0), (-0.1, -0.6, 1.0)], [0.03, 0.03], self.zinc, 8)
        return solid

    def aerial(self) -> Solid:
        """A mast with aerials, and a dish."""
        solid = Solid()
        solid.column([(0, 0, 0), (0, 0, 3.4)], [0.035, 0.02], self.zinc, 7)
        for z, wide in ((3.2, 0.9), (2.9, 1.1), (2.5, 0.7)):
            solid.column([(-wide / 2, 0, z), (wide / 2, 0, z)], [0.012, 0.012], self.zinc, 5)
            for x in np.linspace(-wide / 2, wide / 2, 6):
                solid.column([(float(x), -0.22, z), (float(x), 0.22, z)], [0.007, 0.007], self.zinc, 4)
        angle = np.linspace(0, 2 * np.pi, 19)
        rings = [
            np.stack([r * np.cos(angle), np.full(19, -0.32 + 0.35 * r * r), 1.45 + r * np.sin(angle)], -1)
            for r in (0.02, 0.25, 0.42)
        ]
        solid.sheet(np.array(rings), self.white)
        solid.column([(0, -0.3, 1.45), (0, 0, 1.3)], [0.02, 0.02], self.dark, 5)
        solid.column([(0, -0.3, 1.2), (0, -0.62, 1.42)], [0.012, 0.012], self.dark, 5)
        solid.box((0, 0, 0.08), (0.8, 0.8, 0.16), self.brick)
        return solid

    def deckchairs(self) -> Solid:
        """Two deck chairs with a low table between them."""
        solid = Solid()
        for x in (-0.75, 0.75):
            t = np.linspace(0, 1, 9)
            depth, height = 0.55 - 1.1 * t, 1.0 - 0.85 * t + 0.25 * t * t - 0.12 * np.sin(np.pi * t)
            grid = np.stack(
                [np.stack([np.full(9, x + dx), depth, height], -1) for dx in (-0.28, 0.28)], axis=1
            )
            solid.sheet(grid, self.cloth)
            for dx in (-0.3, 0.3):
                solid.column([(x + dx, 0.58, 1.03), (x + dx, -0.55, 0.04)], [0.022, 0.022], self.wood, 6)
                solid.column([(x + dx, 0.5, 0.04), (x + dx, -0.56, 0.40)], [0.022, 0.022], self.wood, 6)
        solid.lathe((0, 0, 0), [(0.2, 0), (0.03, 0.03), (0.03, 0.42), (0.26, 0.43), (0.26, 0.46)], self.paint)
        return solid


def build_rooftop(place: Place) -> None:
    """Build the roof around the stage."""
    rng, params = place.rng, place.params
    bearing = place.view + float(rng.uniform(-0.5, 0.5))
    half = place.clear + DEPTH
    solid = Solid()
    corners = np.array(
        [
            (-NEAR_SIDE, -NEAR_SIDE, 0),
            (half, -NEAR_SIDE, 0),
            (half, NEAR_SIDE, 0),
            (-NEAR_SIDE, NEAR_SIDE, 0),
        ],
        float,
    )
    solid.faces(corners, np.array([(0, 1, 2, 3)]), corners[None, :, :2], roofing(place, bearing))
    place.add(solid, "ground", angle=bearing, fixed=True)
    _parapet(place, bearing, half)
    build_skyline(place, place.colours["skyline"], params["towers"])
    plant = Plant(place)
    for i in range(15):
        angle = (i - 7) / 15 * 2 * math.pi + float(rng.uniform(-0.12, 0.12))
        if rng.random() < params["vents"] * 0.85:
            name, piece = plant.any()
            # The corners of the roof are further off: the far edge limits, the sides are open.
            ahead = math.cos(place.view + angle - bearing)
            edge = (half - 1.3) / ahead if ahead > 0.2 else place.clear + 4.0
            distance = min(place.clear + 0.75 + float(rng.uniform(0.3, 2.5)), max(edge, place.clear + 0.95))
            if name in ("hut", "tank"):
                distance = max(distance, place.clear + 1.6)
            place.add(piece, name, place.around(angle, distance), place.view + angle - math.pi / 2)
    _lights(place, bearing, half)


def _parapet(place: Place, bearing: float, half: float) -> None:
    """The parapet along the far edge and far off at both sides, with a coping and a rail."""
    wall: Rgb = place.colours["parapet"]
    shader = Shader("parapet")
    u, v, _ = surfaces.surface_uvw(shader)
    tones = (
        surfaces.shade(wall, 0.75),
        surfaces.shade(wall, 1.1),
        surfaces.blend(surfaces.shade(wall, 0.5), (0.4, 0.38, 0.36), 0.5),
    )
    colour, joints = surfaces.bricks(shader, shader.vector(u, v, 0.0), 0.24, 0.08, 0.012, tones)
    stains = shader.noise(shader.vector(u * 2.5, v * 0.5, 0.0), 1.0, 3.0).rise(0.5, 0.75) * 0.5
    tone = shader.mix(stains, colour, surfaces.shade(wall, 0.4))
    material = surfaces.finished(shader, tone, wall, shader.bump(joints * -1.0, 0.01, 0.7))
    stone = surfaces.plaster("coping", surfaces.blend(wall, (0.6, 0.58, 0.55), 0.6))
    rail = surfaces.plain("rail", (0.05, 0.05, 0.055), 0.4)
    middle, side = (half - NEAR_SIDE) / 2, NEAR_SIDE + half
    runs = (
        (half, 0.0, 2 * NEAR_SIDE, 0.0),
        (middle, NEAR_SIDE, side, math.pi / 2),
        (middle, -NEAR_SIDE, side, -math.pi / 2),
    )
    for k, (x, y, length, angle) in enumerate(runs):
        solid = Solid()
        solid.box((0, 0.13, PARAPET / 2), (length, 0.26, PARAPET), material)
        solid.box((0, 0.13, PARAPET + 0.03), (length, 0.36, 0.08), stone)
        for z in (PARAPET + 0.25, PARAPET + 0.42):
            solid.column([(-length / 2, 0.13, z), (length / 2, 0.13, z)], [0.018, 0.018], rail, 6)
        for at in np.arange(-length / 2, length / 2, 1.6):
            solid.column([(at, 0.13, PARAPET), (at, 0.13, PARAPET + 0.42)], [0.016, 0.016], rail, 6)
        out = bearing + angle
        distance = half if k == 0 else NEAR_SIDE
        inward = (-math.cos(out), -math.sin(out), distance)
        world = turn(np.array([x, y]), bearing)
        place.add(solid, "parapet", (float(world[0]), float(world[1])), out - math.pi / 2, wall=inward)


def _lights(place: Place, bearing: float, half: float) -> None:
    """Posts along the far edge with strings of bulbs between them, planters at their feet."""
    rng = place.rng
    post = surfaces.plain("post", (0.03, 0.03, 0.032), 0.5)
    bright = {"day": 1.0, "dusk": 4.0, "night": 6.0}[place.hour]
    bulb = surfaces.glowing("bulb", (1.0, 0.72, 0.40), bright)
    box, leaf = (
        surfaces.wood("planter", linear_rgb("#6f4a33")),
        surfaces.leaves("leaf", linear_rgb("#4f7a35")),
    )
    flower = surfaces.leaves("flower", place.colours["accent"], 0.3)
    spacing, height = 3.1, 2.75
    posts = np.arange(-3, 4) * spacing
    for i, aside in enumerate(posts):
        x, y = turn(np.array([half - 0.25, float(aside)]), bearing)
        if rng.random() < 0.4:
            trough = furniture.planter(box, leaf, flower, rng)
            px, py = turn(np.array([half - 0.55, float(aside) + 1.2]), bearing)
            place.add(trough, "planter", (float(px), float(py)), bearing - math.pi / 2)
        if i == len(posts) - 1 or rng.random() > 0.35 + 0.65 * place.params["lights"]:
            continue
        string = Solid()
        for end in (0.0, spacing):
            string.column([(0, end, 0), (0, end, height)], [0.03, 0.025], post, 7)
        t = np.linspace(0, 1, 11)
        line = np.stack([np.zeros(11), t * spacing, height - 0.05 - 0.45 * 4 * t * (1 - t)], -1)
        string.column(line, [0.008] * 11, post, 4, False)
        for point in line[1:-1]:
            profile = [(0.012, -0.10), (0.04, -0.07), (0.04, -0.04), (0.015, -0.01)]
            string.lathe((float(point[0]), float(point[1]), float(point[2])), profile, bulb)
            if place.hour != "day":
                dx, dy = turn(point[:2], bearing)
                at = (float(x + dx), float(y + dy), float(point[2]) - 0.06)
                glow.halo(place, at, 0.22, (1.0, 0.66, 0.32), 0.7)
        place.add(string, "lights", (float(x), float(y)), bearing)
        if place.night and abs(i - 2.5) < 2:
            middle = turn(np.array([half - 0.3, float(aside) + spacing / 2]), bearing)
            place.lamp(
                "string", (float(middle[0]), float(middle[1]), height - 0.6), (1.0, 0.66, 0.34), 2.2, 0.4
            )
