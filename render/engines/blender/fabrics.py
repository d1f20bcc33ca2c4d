"""What the fabrics of `catalog.FABRICS` look like, drawn in cloth coordinates.

Cloth coordinates (`cloth_uv`) are metres on the body, so stripes, checks and stitches have their real size
and stick to the cloth. What is finer than two pixels fades to its mean colour, or it would shimmer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from dataclasses import dataclass

import numpy as np

from motionpair.errors import InputError
from motionpair.specs import Garment
from render.engines.blender.shader import Field, Rgb, Shader, blend, linear_rgb, tinted

NO_PIXEL = 1e-4
"""Metres a pixel where no camera is known: all detail shows."""


@dataclass(frozen=True)
class View:
    """What drawing a garment depends on beside the garment.

    attributes: which vertex attributes its part has. span: metres, the least and the greatest height of the
    part in bind pose. pixel: metres a pixel at the character's distance.
    """

    attributes: Set[str] = frozenset()
    span: tuple[float, float] = (0.0, 1.0)
    pixel: float = NO_PIXEL

    def shows(self, period: float) -> float:
        """What is left of a pattern that repeats every `period` metres: 0 below 1.5 pixels, 1 from 3.5 on."""
        t = min(max((period / self.pixel - 1.5) / 2.0, 0.0), 1.0)
        return t * t * (3 - 2 * t)


class Cloth:
    """What every fabric draws on: coordinates in metres, distance to the hem, and the garment's colours."""

    def __init__(self, shader: Shader, garment: Garment, view: View) -> None:
        self.garment = garment
        self.view = view
        self.rest = shader.attribute("rest", "Vector")
        self.uv = shader.attribute("cloth_uv", "Vector")
        self.side: Field | None = None
        if "cloth_uv2" in view.attributes:
            self.side = shader.attribute("cloth_side")
            self.uv = shader.mix(self.side.above(0.0), self.uv, shader.attribute("cloth_uv2", "Vector"))
        self.u, self.v, _ = self.uv.xyz()
        self.colours = [linear_rgb(c) for c in garment.colours]

    def attribute(self, shader: Shader, name: str, absent: float) -> Field | float:
        """A vertex attribute, or `absent` where the part lacks it."""
        return shader.attribute(name) if name in self.view.attributes else absent


Pattern = Callable[[Shader, Cloth, np.random.Generator], Field]


@dataclass(frozen=True)
class Fabric:
    """How a fabric is drawn and how it lies.

    pattern: its colours. folds: how much its folds stand out; plain weave 1. gloss: 0 for cloth, 1 for
    leather. nap: how much it pales where one looks along it. woven: whether its pattern is only the yarn's,
    so that a drawing leaves it out.
    """

    pattern: Pattern
    folds: float = 1.0
    gloss: float = 0.0
    nap: float = 0.0
    woven: bool = False


def fabric_of(garment: Garment) -> Fabric:
    """The garment's fabric.

    Raises:
        InputError: it is not one of `catalog.FABRICS`.
    """
    if garment.fabric not in FABRICS:
        raise InputError(f"fabric: expected one of {', '.join(FABRICS)}, got {garment.fabric}")
    return FABRICS[garment.fabric]


def drawn(shader: Shader, ground: Cloth, seed: int) -> Field:
    """The colours of a garment, its yarn included."""
    return fabric_of(ground.garment).pattern(shader, ground, np.random.default_rng([seed, 3]))


def flat(shader: Shader, ground: Cloth, seed: int) -> Field:
    """The colours of a garment as one draws them: patterns, but no yarn."""
    if fabric_of(ground.garment).woven:
        return shader.constant(ground.colours[0])
    return drawn(shader, ground, seed)


def _plain(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    colour = ground.colours[0]
    heather = shader.noise(ground.rest, 160.0, detail=0.0)
    return shader.mix(heather.rise(0.3, 0.7), tinted(colour, (0.96,) * 3), tinted(colour, (1.03,) * 3))


def _stripes(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    period = float(rng.uniform(0.028, 0.060))
    share = float(rng.choice([0.35, 0.5]))
    place = (ground.v / period).fract()
    stripe = _band(place, share, 0.02)
    return shader.mix(stripe, ground.colours[0], ground.colours[1])


def _plaid(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    period = float(rng.uniform(0.055, 0.085))
    field, broad, thin = ground.colours
    across, along = (ground.u / period).fract(), (ground.v / period).fract()
    twill = ((ground.u + ground.v) * (2 * math.pi / 0.004)).sin() * (0.18 * ground.view.shows(0.004))
    colour: Field | Rgb = field
    for place, over in ((across, 0.55 - twill), (along, 0.55 + twill)):
        colour = shader.mix(_band(place, 0.46, 0.015) * over, colour, broad)
    for place in (across, along):
        line = _band((place + 0.27).fract(), 0.05, 0.012)
        colour = shader.mix(line * 0.5, colour, thin)
    assert isinstance(colour, Field)
    return colour


def _dots(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    period = float(rng.uniform(0.030, 0.048))
    radius = float(rng.uniform(0.20, 0.30))
    row = ground.v / period
    shift = (row * 0.5).fract().above(0.5) * 0.5
    x = (ground.u / period + shift).fract() - 0.5
    y = row.fract() - 0.5
    distance = (x * x + y * y) ** 0.5
    return shader.mix(distance.rise(radius + 0.03, radius - 0.03), ground.colours[0], ground.colours[1])


def _denim(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    indigo = ground.colours[0]
    worn = blend(indigo, (0.55, 0.60, 0.68), float(rng.uniform(0.25, 0.5)))
    _, forward, _ = ground.rest.xyz()
    fade = (shader.noise(ground.rest, 16.0, detail=0.0) * 0.5 - forward * 2.2).rise(0.15, 0.65)
    slub = shader.noise(shader.vector_math("MULTIPLY", ground.uv, (500.0, 60.0, 0.0)), 1.0, detail=0.0)
    twill = ((ground.u + ground.v * 0.8) * (2 * math.pi / 0.0045)).sin() * 0.5 + 0.5
    colour = shader.mix(fade * 0.45, tinted(indigo, (0.8, 0.82, 0.86)), worn)
    shown = twill * (0.18 * ground.view.shows(0.0045)) + slub.rise(0.45, 0.7) * 0.22
    colour = shader.mix(shown, colour, worn)
    hem = ground.attribute(shader, "hem", 1.0)
    if not isinstance(hem, Field):
        return colour
    stitch = (1.0 - abs(hem - 0.013).rise(0.0004, 0.0012)) * (ground.u * (2 * math.pi / 0.008)).sin().above(
        -0.4
    )
    return shader.mix(stitch * 0.8, colour, (0.50, 0.24, 0.06))


def _knit(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Stockinette: columns of V-shaped stitches."""
    width, rise = 0.0085, 0.0065
    column = (ground.u / width).fract()
    lean = abs(column - 0.5)
    stitch = ((ground.v / rise + lean * 1.3) * (2 * math.pi)).sin() * 0.5 + 0.5
    valley = lean.rise(0.5, 0.36) * lean.rise(0.0, 0.10)
    shows = ground.view.shows(width)
    height = (valley * (0.55 + 0.45 * stitch)) * shows + 0.45 * (1.0 - shows)
    colour = ground.colours[0]
    wool = shader.noise(ground.rest, 220.0, detail=0.0)
    return shader.mix(
        (height * 0.7 + wool * 0.5).clamped(),
        tinted(colour, (0.62, 0.60, 0.60)),
        tinted(colour, (1.06, 1.06, 1.05)),
    )


def _floral(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Scattered five-petalled flowers with leaves, and small buds between them."""
    ground_colour, petal, leaf = ground.colours
    period = float(rng.uniform(0.058, 0.080))
    shown: Field | Rgb = ground_colour
    x, y, chance = _scattered(shader, ground, period, 0.0, 0.16)
    angle = shader.math("ARCTAN2", y, x)
    distance = (x * x + y * y) ** 0.5
    for side in (1.0, -1.0):
        # A leaf on each side: a lens between two circles, turned with its flower.
        turned = angle - chance * (2 * math.pi) - side * 1.25
        along, off = distance * shader.math("COSINE", turned), distance * turned.sin()
        lens = abs(off) + (along - 0.27) * (along - 0.27) * 2.2
        shown = shader.mix(lens.rise(0.085, 0.06) * along.above(0.0), shown, leaf)
    petals = abs(shader.math("COSINE", (angle + chance * 6.0) * 2.5)) * 0.13 + 0.15
    shown = shader.mix((distance - petals).rise(0.015, -0.01), shown, petal)
    heart = tinted(leaf, (0.6, 0.6, 0.6))
    shown = shader.mix(
        (distance - petals * 0.55).rise(0.03, -0.05) * 0.45, shown, tinted(petal, (0.65, 0.55, 0.6))
    )
    shown = shader.mix(distance.rise(0.085, 0.06), shown, heart)
    bud_x, bud_y, _ = _scattered(shader, ground, period * 0.72, 17.3, 0.2)
    bud = (bud_x * bud_x + bud_y * bud_y) ** 0.5
    return shader.mix(
        bud.rise(0.10, 0.075) * distance.rise(0.34, 0.40), shown, blend(petal, ground_colour, 0.35)
    )


def _corduroy(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Soft ribs along the cloth, worn paler here and there."""
    period = float(rng.uniform(0.0090, 0.0115))
    colour = ground.colours[0]
    rib = (ground.u * (2 * math.pi / period)).sin() * (0.5 * ground.view.shows(period)) + 0.5
    worn = shader.noise(ground.rest, 14.0, detail=1.0).rise(0.40, 0.75)
    shown = shader.mix(rib, tinted(colour, (0.52, 0.50, 0.50)), tinted(colour, (1.12, 1.11, 1.10)))
    return shader.mix(worn * 0.10, shown, blend(colour, (0.7, 0.68, 0.64), 0.35))


def _leather(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Deeper in its grain's hollows, paler where it is rubbed."""
    colour = ground.colours[0]
    cloudy = shader.noise(ground.rest, 22.0, detail=2.0)
    shown = shader.mix(
        cloudy.rise(0.3, 0.75), tinted(colour, (0.78, 0.76, 0.74)), tinted(colour, (1.15, 1.12, 1.1))
    )
    hem = ground.attribute(shader, "hem", 1.0)
    if not isinstance(hem, Field):
        return shown
    return shader.mix(hem.rise(0.006, 0.0) * 0.4, shown, blend(colour, (0.5, 0.42, 0.36), 0.5))


def _camouflage(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Patches of three colours, as large as a hand, with smaller dark ones."""
    offset = [float(v) for v in rng.uniform(0, 50, 3)]
    place = shader.vector_math("ADD", shader.vector_math("MULTIPLY", ground.rest, (1.0, 1.0, 0.7)), offset)
    broad = shader.noise(place, 8.0, detail=1.5, distortion=0.7)
    second = shader.noise(shader.vector_math("ADD", place, (7.3, 2.1, 9.4)), 9.5, detail=1.5, distortion=0.7)
    small = shader.noise(shader.vector_math("ADD", place, (3.7, 8.8, 1.2)), 13.0, detail=1.0, distortion=0.9)
    base, middle, dark = sorted(ground.colours, key=lambda c: -sum(c))
    shown = shader.mix(broad.rise(0.495, 0.51), base, middle)
    shown = shader.mix(second.rise(0.565, 0.58), shown, dark)
    return shader.mix(small.rise(0.665, 0.68), shown, blend(dark, (0.01, 0.01, 0.01), 0.6))


def _herringbone(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """A twill whose lean changes from column to column."""
    column, period = 0.030, 0.0125
    place = (ground.u / column).fract() * 2.0
    zigzag = abs(place - 1.0) * (column / 2)
    line = ((ground.v + zigzag * 1.6) / period).fract()
    shows = ground.view.shows(period)
    stripe = _band(line, 0.46, 0.06) * shows + 0.46 * (1.0 - shows)
    wool = shader.noise(ground.rest, 200.0, detail=0.0).rise(0.3, 0.7) * 0.16
    return shader.mix((stripe - wool).clamped(), ground.colours[0], ground.colours[1])


def _colour_block(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Fields of plain colours: a yoke, a band and what is below it; sleeves of the band's colour."""
    first, second, third = ground.colours
    low, high = ground.view.span
    _, _, z = ground.rest.xyz()
    place = (z - low) / max(high - low, 1e-3)
    edge, width = float(rng.uniform(0.50, 0.62)), float(rng.uniform(0.10, 0.18))
    shown = shader.mix(place.rise(edge - 0.002, edge + 0.002), third, first)
    shown = shader.mix(
        place.rise(edge - width, edge - width + 0.004) * place.rise(edge + 0.002, edge - 0.002), shown, second
    )
    return shown if ground.side is None else shader.mix(ground.side.above(0.0), shown, second)


def _scattered(
    shader: Shader, ground: Cloth, period: float, offset: float, play: float
) -> tuple[Field, Field, Field]:
    """From the nearest of scattered points: x and y in periods, and a number in [0, 1) of the point's own."""
    row = ground.v / period + offset
    row_floor = shader.math("FLOOR", row)
    column = ground.u / period + (row_floor * 0.5).fract() + offset
    column_floor = shader.math("FLOOR", column)
    cell = shader.vector(column_floor, row_floor, offset)
    noise = shader.node("ShaderNodeTexWhiteNoise", {"Vector": cell}, noise_dimensions="3D")
    chance = Field(shader, noise.outputs["Value"])
    across, up, _ = Field(shader, noise.outputs["Color"]).xyz()
    x = column - column_floor - 0.5 - (across - 0.5) * play
    y = row - row_floor - 0.5 - (up - 0.5) * play
    return x, y, chance


def _band(place: Field, share: float, soft: float) -> Field:
    """1 on the first `share` of a period, with soft edges, for a place in [0, 1)."""
    return place.rise(0.0, soft) * place.rise(share + soft, share)


FABRICS: dict[str, Fabric] = {
    "plain": Fabric(_plain, woven=True),
    "stripes": Fabric(_stripes),
    "plaid": Fabric(_plaid),
    "dots": Fabric(_dots),
    "denim": Fabric(_denim, folds=1.2, woven=True),
    "knit": Fabric(_knit, folds=0.7, nap=0.25, woven=True),
    "floral": Fabric(_floral),
    "corduroy": Fabric(_corduroy, folds=0.8, nap=0.45, woven=True),
    "leather": Fabric(_leather, folds=0.7, gloss=1.0, woven=True),
    "camouflage": Fabric(_camouflage),
    "herringbone": Fabric(_herringbone, folds=0.7, nap=0.15),
    "colour_block": Fabric(_colour_block),
}
"""Fabric name to how it is drawn; the names are those of `catalog.FABRICS`."""
