"""Fabrics of `catalog.FABRICS`, and leather for shoes.

Cloth coordinates (`cloth_uv`) are metres on the body, so stripes, checks and stitches have their
real size and stick to the cloth.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy
import numpy as np

from motionpair.catalog import TOPS
from motionpair.errors import InputError
from motionpair.specs import Garment
from render.engines.blender.shader import Field, Rgb, Shader, blend, linear_rgb, luminance, tinted

_Pattern = Callable[[Shader, "Cloth", np.random.Generator], Field]


class Cloth:
    """What every fabric draws on: coordinates in metres, distance to the hem, and its colours."""

    def __init__(self, shader: Shader, garment: Garment) -> None:
        self.rest = shader.attribute("rest", "Vector")
        self.uv = shader.attribute("cloth_uv", "Vector")
        self.seam: Field | None = None
        if garment.kind in TOPS:
            side = shader.attribute("cloth_side")
            self.uv = shader.mix(side.above(0.0), self.uv, shader.attribute("cloth_uv2", "Vector"))
            self.seam = abs(side)
        self.u, self.v, _ = self.uv.xyz()
        self.hem = shader.attribute("hem")
        self.colours = [linear_rgb(c) for c in garment.colours]


def cloth(garment: Garment, seed: int) -> bpy.types.Material:
    """The material of a woven or knitted garment.

    Raises:
        InputError: the garment's fabric is not one of `catalog.FABRICS`.
    """
    shader = Shader(f"{garment.kind} {garment.fabric}")
    ground = Cloth(shader, garment)
    colour = _drawn(shader, ground, garment, seed)
    drape = shader.noise(shader.vector_math("MULTIPLY", ground.rest, (10.0, 10.0, 4.0)), 1.0, detail=1.0)
    seam, groove = _hem(ground)
    colour = shader.mix(seam * 0.30 + groove * 0.35, colour, (0.25, 0.25, 0.28), "MULTIPLY")
    normal = shader.bump(drape, 0.034 * _FOLDS.get(garment.fabric, 1.0), 0.8)
    return shader.done(shader.diffuse(colour, normal))


def pattern(shader: Shader, garment: Garment, seed: int) -> Field:
    """The garment's colours alone, without the yarn's own variation, in another material's shader."""
    if garment.fabric in ("plain", "knit", "denim"):
        return shader.mix(0.0, linear_rgb(garment.colours[0]), (0.0, 0.0, 0.0))
    return _drawn(shader, Cloth(shader, garment), garment, seed)


def _drawn(shader: Shader, ground: Cloth, garment: Garment, seed: int) -> Field:
    """The colour of the garment's fabric."""
    if garment.fabric not in _PATTERNS:
        raise InputError(f"fabric: expected one of {', '.join(_PATTERNS)}, got {garment.fabric}")
    return _PATTERNS[garment.fabric](shader, ground, np.random.default_rng([seed, 3]))


_FOLDS = {"knit": 0.7, "denim": 1.2}
"""How much the folds stand out, by fabric; plain weave 1."""


def _hem(ground: Cloth) -> tuple[Field, Field]:
    """The folded band along an edge, and the groove of stitching and sleeve seams, each in [0, 1]."""
    band = ground.hem.rise(0.0175, 0.0165)
    groove = abs(ground.hem - 0.0170).rise(0.0016, 0.0)
    if ground.seam is not None:
        groove = groove.most(ground.seam.rise(0.0022, 0.0) * 0.8)
    return band * 0.25, groove


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
    twill = ((ground.u + ground.v) * (2 * math.pi / 0.004)).sin() * 0.18
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
    colour = shader.mix(twill * 0.18 + slub.rise(0.45, 0.7) * 0.22, colour, worn)
    stitch = (1.0 - abs(ground.hem - 0.013).rise(0.0004, 0.0012)) * (
        ground.u * (2 * math.pi / 0.008)
    ).sin().above(-0.4)
    return shader.mix(stitch * 0.8, colour, (0.50, 0.24, 0.06))


def _knit(shader: Shader, ground: Cloth, rng: np.random.Generator) -> Field:
    """Stockinette: columns of V-shaped stitches; ribs along the hem."""
    width, rise = 0.0085, 0.0065
    column = (ground.u / width).fract()
    lean = abs(column - 0.5)
    stitch = ((ground.v / rise + lean * 1.3) * (2 * math.pi)).sin() * 0.5 + 0.5
    valley = lean.rise(0.5, 0.36) * lean.rise(0.0, 0.10)
    rib = ((ground.u / 0.009) * (2 * math.pi)).sin() * 0.5 + 0.5
    at_hem = ground.hem.rise(0.045, 0.042)
    height = (valley * (0.55 + 0.45 * stitch)) * (1.0 - at_hem) + rib * at_hem
    colour = ground.colours[0]
    wool = shader.noise(ground.rest, 220.0, detail=0.0)
    shown = shader.mix(
        (height * 0.7 + wool * 0.5).clamped(),
        tinted(colour, (0.62, 0.60, 0.60)),
        tinted(colour, (1.06, 1.06, 1.05)),
    )
    return shown


def _band(place: Field, share: float, soft: float) -> Field:
    """1 on the first `share` of a period, with soft edges, for a place in [0, 1)."""
    return place.rise(0.0, soft) * place.rise(share + soft, share)


_PATTERNS: dict[str, _Pattern] = {
    "plain": _plain,
    "stripes": _stripes,
    "plaid": _plaid,
    "dots": _dots,
    "denim": _denim,
    "knit": _knit,
}


def shoe(garment: Garment, seed: int) -> bpy.types.Material:
    """Leather, a rubber sole and laces."""
    rng = np.random.default_rng([seed, 4])
    shader = Shader("shoe")
    rest = shader.attribute("rest", "Vector")
    sole, lace = shader.attribute("sole"), shader.attribute("lace")
    colour = linear_rgb(garment.colours[0])
    grain = shader.noise(rest, 240.0, detail=0.0)
    upper = shader.mix(grain.rise(0.3, 0.7), tinted(colour, (0.86,) * 3), tinted(colour, (1.06,) * 3))
    shown = shader.mix(sole.rise(0.4, 0.6), upper, sole_colour(garment, seed))
    laces = (0.70, 0.68, 0.64) if rng.random() < 0.5 else tinted(colour, (0.35,) * 3)
    shown = shader.mix(lace.rise(0.4, 0.6), shown, laces)
    rough = (sole + lace).clamped() * 0.35 + (0.40 + grain * 0.2)
    return shader.done(shader.principled(Base_Color=shown, Roughness=rough, Specular_IOR_Level=0.4))


def sole_colour(garment: Garment, seed: int) -> Rgb:
    """Off-white or dark rubber, whichever the upper is not."""
    light = luminance(linear_rgb(garment.colours[0])) > 0.35
    rng = np.random.default_rng([seed, 5])
    return (0.62, 0.60, 0.56) if not light and rng.random() < 0.55 else (0.055, 0.05, 0.046)
