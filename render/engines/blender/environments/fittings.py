"""What furnishes a room: windows, sofas, shelves, tables, lamps, plants and pictures.

Everything is built along a wall: X along it, the wall at y = 0, the room towards −Y.
"""

from __future__ import annotations

import math

import bpy
import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Rgb, Shader, linear_rgb


class Fittings:
    """The furniture of one room, in the room's materials.

    Args:
        wood, textiles, rug: the names of the place's colours that furniture, upholstery and pots take.
    """

    def __init__(
        self, place: Place, wood: str = "furniture", textiles: str = "textiles", rug: str = "rug"
    ) -> None:
        cloth, third = place.colours[textiles], place.colours[rug]
        self._rng = place.rng
        self.wood = surfaces.wood("furniture", place.colours[wood])
        self.textile = surfaces.fabric("textile", cloth)
        second = surfaces.blend(third, (0.8, 0.78, 0.74), 0.4)
        self.cushion = surfaces.fabric("cushion", second, cloth, 0.09)
        self.curtain = surfaces.fabric("curtain", surfaces.blend(cloth, (0.8, 0.78, 0.72), 0.45))
        self.white = surfaces.plain("white", (0.78, 0.77, 0.75), 0.4)
        self.metal = surfaces.plain("metal", (0.12, 0.11, 0.10), 0.3, 0.08)
        self.pot = surfaces.plain("pot", surfaces.shade(third, 0.8), 0.5)
        self.leaf = surfaces.leaves("leaf", linear_rgb("#3f7040"), 0.5)
        self.shade = surfaces.glowing(
            "shade", (1.0, 0.80, 0.55), {"day": 1.0, "dusk": 2.0, "night": 2.6}[place.hour]
        )
        self.outside = _outside(place)
        spines = ("#8c2f2b", "#2f4a6b", "#d8cfb8", "#3f5f45", "#c98a3a", "#5a4a6a", "#26282b", "#b7b0a2")
        self.books = [surfaces.plain("book", linear_rgb(c), 0.7, 0.0) for c in spines]

    def window(self, x: float) -> Solid:
        """A window with frame, bars, sill, and curtains at its sides."""
        solid = Solid()
        width, low, high = 1.15, 0.85, 2.45
        middle, tall = (low + high) / 2, high - low
        solid.faces(
            np.array([(x - width / 2, -0.005, low), (x + width / 2, -0.005, low),
                      (x + width / 2, -0.005, high), (x - width / 2, -0.005, high)]),
            np.array([(0, 1, 2, 3)]), np.array([[(0, 0), (1, 0), (1, 1), (0, 1)]], float), self.outside,
        )  # fmt: skip
        for z in (low, high):
            solid.box((x, -0.03, z), (width + 0.16, 0.07, 0.08), self.white)
        for dx in (-width / 2, width / 2):
            solid.box((x + dx, -0.03, middle), (0.08, 0.07, tall), self.white)
        solid.box((x, -0.02, middle), (0.045, 0.04, tall), self.white)
        solid.box((x, -0.02, low + tall * 0.68), (width, 0.04, 0.045), self.white)
        solid.box((x, -0.09, low - 0.05), (width + 0.3, 0.2, 0.04), self.white)
        solid.column(
            [(x - 1.0, -0.14, high + 0.2), (x + 1.0, -0.14, high + 0.2)], [0.015, 0.015], self.metal, 6
        )
        for side in (-1, 1):
            t = np.linspace(0, 1, 25)
            across = x + side * (width / 2 - 0.06 + 0.36 * t)
            fold = -0.14 + 0.045 * np.sin(t * 22)
            grid = np.stack([np.stack([across, fold, np.full_like(t, z)], -1) for z in (high + 0.18, 0.06)])
            solid.sheet(grid, self.curtain)
        return solid

    def sofa(self, x: float) -> Solid:
        """A sofa with two seats, arms and cushions."""
        solid = Solid()
        width, y = 1.75, -0.52
        solid.box((x, y, 0.2), (width, 0.8, 0.24), self.textile)
        solid.box((x, y + 0.34, 0.52), (width, 0.2, 0.56), self.textile)
        for side in (-1, 1):
            solid.box((x + side * (width / 2 - 0.08), y, 0.36), (0.18, 0.84, 0.5), self.textile)
            solid.box((x + side * 0.37, y - 0.06, 0.39), (0.70, 0.62, 0.16), self.textile)
            solid.sheet(_pillow((x + side * 0.5, y + 0.16, 0.62), 0.21, side * 0.35), self.cushion)
            for leg in (-0.34, 0.34):
                solid.box((x + side * (width / 2 - 0.1), y + leg, 0.04), (0.06, 0.06, 0.08), self.wood)
        return solid

    def picture(self, x: float, rng: np.random.Generator) -> Solid:
        """One framed picture, or three."""
        solid = Solid()
        spots = (
            [(0.0, 0.55, 0.7)]
            if rng.random() < 0.5
            else [(-0.45, 0.32, 0.42), (0.0, 0.36, 0.5), (0.45, 0.32, 0.42)]
        )
        for dx, width, height in spots:
            z = 1.62 + rng.uniform(-0.05, 0.08)
            solid.box((x + dx, -0.02, z), (width + 0.07, 0.035, height + 0.07), self.wood)
            solid.box((x + dx, -0.036, z), (width, 0.02, height), self.white)
            art = _painting(rng, width, height)
            solid.box((x + dx, -0.045, z), (width * 0.8, 0.015, height * 0.82), art)
        return solid

    def tall(self, x: float, rng: np.random.Generator) -> Solid:
        """A shelf of books, a dresser with a lamp, a floor lamp with an armchair, or a plant."""
        makers = (self.shelf, self._dresser, self._armchair, self.plant, self.shelf)
        return makers[int(rng.integers(len(makers)))](x, rng)

    def low(self, x: float, rng: np.random.Generator) -> Solid:
        """What fits under a window: a chest, or a bench with cushions."""
        solid = Solid()
        solid.box((x, -0.25, 0.25), (1.1, 0.42, 0.44), self.wood)
        for side in (-1, 1):
            solid.box((x + side * 0.27, -0.465, 0.25), (0.48, 0.02, 0.34), self.wood)
            solid.lathe((x + side * 0.06, -0.48, 0.26), [(0.015, 0.0), (0.015, 0.03)], self.metal)
        if rng.random() < 0.6:
            self._books(solid, x - 0.4, x + 0.1, 0.47, -0.25, rng)
        else:
            solid.sheet(_pillow((x + 0.1, -0.25, 0.56), 0.2, 0.2), self.cushion)
        return solid

    def _books(
        self, solid: Solid, left: float, right: float, z: float, y: float, rng: np.random.Generator
    ) -> None:
        x = left
        while x < right:
            thick, tall = rng.uniform(0.025, 0.06), rng.uniform(0.19, 0.29)
            book = self.books[int(rng.integers(len(self.books)))]
            solid.box((x + thick / 2, y, z + tall / 2), (thick * 0.94, 0.18, tall), book)
            x += thick
            if rng.random() < 0.06:
                x += 0.12

    def shelf(self, x: float, rng: np.random.Generator) -> Solid:
        """A shelf of books and vases."""
        solid = Solid()
        width, height, y = 1.1, float(rng.uniform(1.8, 2.1)), -0.17
        for side in (-1, 1):
            solid.box((x + side * width / 2, y, height / 2), (0.03, 0.3, height), self.wood)
        solid.box((x, -0.03, height / 2), (width, 0.02, height), self.wood)
        levels = 5
        for i in range(levels + 1):
            z = 0.06 + i * (height - 0.08) / levels
            solid.box((x, y, z), (width, 0.3, 0.03), self.wood)
            if i == levels:
                break
            if rng.random() < 0.75:
                end = x + width / 2 - rng.uniform(0.05, 0.5)
                self._books(solid, x - width / 2 + 0.03, end, z + 0.015, y - 0.04, rng)
            else:
                vase = [(0.05, 0), (0.09, 0.08), (0.07, 0.17), (0.035, 0.22), (0.045, 0.25)]
                solid.lathe((x + rng.uniform(-0.3, 0.3), y - 0.04, z + 0.015), vase, self.pot)
        return solid

    def _dresser(self, x: float, rng: np.random.Generator) -> Solid:
        solid = Solid()
        solid.box((x, -0.26, 0.44), (1.15, 0.46, 0.76), self.wood)
        for row in range(3):
            for side in (-1, 1):
                z = 0.2 + row * 0.24
                solid.box((x + side * 0.28, -0.495, z), (0.52, 0.02, 0.21), self.wood)
                solid.lathe((x + side * 0.28, -0.52, z), [(0.018, -0.015), (0.018, 0.015)], self.metal)
        self._lamp(solid, x - 0.32, -0.25, 0.82)
        self._books(solid, x + 0.0, x + 0.34, 0.82, -0.22, rng)
        return solid

    def _lamp(self, solid: Solid, x: float, y: float, z: float) -> None:
        solid.lathe((x, y, z), [(0.07, 0), (0.09, 0.06), (0.04, 0.2), (0.012, 0.24), (0.012, 0.34)], self.pot)
        solid.lathe((x, y, z + 0.3), [(0.17, 0.0), (0.11, 0.22)], self.shade)

    def _armchair(self, x: float, rng: np.random.Generator) -> Solid:
        solid = Solid()
        y = -0.5
        solid.box((x - 0.15, y, 0.28), (0.7, 0.68, 0.22), self.textile)
        solid.box((x - 0.15, y + 0.32, 0.6), (0.7, 0.16, 0.6), self.textile)
        for side in (-1, 1):
            solid.box((x - 0.15 + side * 0.36, y, 0.4), (0.12, 0.7, 0.4), self.textile)
            for leg in (-0.28, 0.28):
                solid.box((x - 0.15 + side * 0.32, y + leg, 0.09), (0.04, 0.04, 0.18), self.wood)
        solid.sheet(_pillow((x - 0.15, y + 0.14, 0.55), 0.19, float(rng.uniform(-0.3, 0.3))), self.cushion)
        lamp_x = x + 0.48
        solid.lathe((lamp_x, -0.28, 0), [(0.15, 0), (0.15, 0.02), (0.014, 0.04), (0.012, 1.5)], self.metal)
        solid.lathe((lamp_x, -0.28, 1.42), [(0.2, 0.0), (0.14, 0.26)], self.shade)
        return solid

    def plant(self, x: float, rng: np.random.Generator) -> Solid:
        """A tall plant in a pot."""
        solid = Solid()
        y = -0.36
        solid.lathe((x, y, 0), [(0.14, 0), (0.2, 0.32), (0.21, 0.36), (0.18, 0.36)], self.pot)
        for k in range(9):
            a = k * 2.4 + rng.uniform(-0.3, 0.3)
            reach, tall = rng.uniform(0.1, 0.32), rng.uniform(0.6, 1.3)
            # Leaves on the wall's side stay in front of the wall.
            tip = (x + reach * math.cos(a), min(y + reach * math.sin(a), -0.1), 0.34 + tall)
            solid.column([(x, y, 0.3), ((x + tip[0]) / 2, (y + tip[1]) / 2, 0.34 + tall * 0.6), tip],
                         [0.008, 0.006, 0.003], self.leaf, 4, False)  # fmt: skip
            points = np.array(tip) + rng.normal(0, 0.07, (14, 3)) * (1, 0.6, 1.4)
            points[:, 1] = np.minimum(points[:, 1], -0.05)
            solid.cards(points, rng.normal(size=(14, 3)), rng.uniform(0.12, 0.24, 14), self.leaf, rng)
        return solid


def _pillow(centre: tuple[float, float, float], half: float, roll: float) -> np.ndarray:
    """A plump square cushion that leans back, as a grid of points."""
    u, v = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
    plump = ((1 - u**4) * (1 - v**4)) ** 0.5 * 0.09
    c, s = math.cos(roll), math.sin(roll)
    x, z = half * (c * u - s * v), half * (s * u + c * v)
    y = -plump + 0.35 * z
    return np.stack([x, y, z], -1) + np.array(centre)


def _painting(rng: np.random.Generator, width: float, height: float) -> bpy.types.Material:
    """An abstract painting: bands of colour with soft or hard edges, and a disc."""
    hues = ["#c2492f", "#2f5f7a", "#e0b04a", "#25303a", "#e9e0d0", "#5d7f5f", "#8f5a7a", "#d98a6a"]
    chosen: list[Rgb] = [linear_rgb(str(c)) for c in rng.choice(hues, 4, replace=False)]
    shader = Shader("painting")
    u, v, _ = surfaces.surface_uvw(shader)
    wave = (u * (6 / width) + float(rng.uniform(0, 6))).sin() * float(rng.uniform(0, 0.12)) * height
    tone = shader.mix((v + wave - height * 0.3).rise(-0.01, 0.01), chosen[0], chosen[1])
    tone = shader.mix((v - wave - height * 0.55).rise(-0.01, 0.01), tone, chosen[2])
    x, z = u - float(rng.uniform(-0.15, 0.15)) * width, v - height * float(rng.uniform(0.4, 0.6))
    disc = width * float(rng.uniform(0.12, 0.22)) - (x * x + z * z) ** 0.5
    tone = shader.mix(disc.rise(-0.004, 0.004), tone, chosen[3])
    return surfaces.finished(shader, tone, chosen[0])


def _outside(place: Place) -> bpy.types.Material:
    """What windows show: sky over a row of roofs and trees, bright by day."""
    shader = Shader("outside")
    _, v, _ = surfaces.surface_uvw(shader)
    x, y, _ = shader.field("ShaderNodeNewGeometry", output="Position").xyz()
    along = x + y
    looks: dict[str, tuple[Rgb, Rgb, Rgb, Rgb]] = {
        "day": ((0.35, 0.55, 0.95), (0.95, 0.95, 0.92), (0.16, 0.22, 0.14), (0.55, 0.40, 0.32)),
        "dusk": ((0.34, 0.30, 0.52), (1.0, 0.52, 0.26), (0.06, 0.06, 0.06), (0.20, 0.12, 0.10)),
        "night": ((0.02, 0.03, 0.08), (0.06, 0.06, 0.10), (0.012, 0.014, 0.02), (0.05, 0.045, 0.04)),
    }
    top, low, land, wall = looks[place.hour]
    sky = shader.mix(v, low, top)
    treetops = shader.noise(shader.vector(along * 2.2, 0.0, 0.0), 1.0, 4.0) * 0.35 + 0.12
    tone = shader.mix((treetops - v).rise(-0.006, 0.006), sky, land)
    roofs = (along * 0.9).fract()
    house = (0.30 - abs(roofs - 0.5) * 0.5 - v).above(0.0) * (0.28 - abs(roofs - 0.5)).above(0.0)
    tone = shader.mix(house, tone, wall)
    if place.hour != "day":
        lamp = (0.035 - abs(roofs - 0.5)).least(0.05 - abs(v - 0.13)).above(0.0)
        tone = shader.mix(lamp, tone, (1.0, 0.70, 0.36))
    return surfaces.picture(shader, tone, 1.25)
