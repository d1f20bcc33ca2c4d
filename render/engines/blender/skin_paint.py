"""Skin tones painted on the body's vertices, once a character.

From the masks that were baked on the mesh (`baked.ATTRIBUTES`): tone with mottling, blush, eyelids, lips,
nails, stubble and the hair's tint on the scalp. All of it is wider than the mesh's faces, and a colour read
from a vertex costs a renderer next to nothing.
"""

from __future__ import annotations

import numpy as np

from motionpair.specs import Character
from render.characters.baked import MeshPart
from render.engines.blender.shader import Rgb, blend, linear_rgb, luminance, skin_albedo, tinted

PAINT = "paint"
"""Name of the attribute that holds the paint."""

BRIEFS: Rgb = (0.020, 0.020, 0.024)
"""Colour of the shorts under skirts and dresses, linear."""

_LIP_TINT: Rgb = (0.80, 0.46, 0.47)
_BLUSH_TINT: Rgb = (1.06, 0.70, 0.66)
_LATTICE = 16


def paint(character: Character, part: MeshPart, smooth: bool = False) -> np.ndarray:
    """(V, 4) float32: linear base colour and roughness. Masks that the part lacks are left out.

    `smooth` skin has no mottling, and clearer blush and lips.
    """
    rng = np.random.default_rng([character.seed, 1])
    tone = skin_albedo(character.skin)
    light = luminance(tone)
    age, gender = character.phenotype["age"], character.phenotype["gender"]
    hair = linear_rgb(character.hair.colour)
    masks = part.attributes
    none = np.zeros(len(part.vertices))

    old = 0.0 if smooth else float(np.clip((age - 0.72) / 0.25, 0.0, 1.0))
    mottling = (2.0 * _noise(part.vertices, 28.0, rng) + _noise(part.vertices, 56.0, rng)) / 3.0
    blotches = _rise(_noise(part.vertices, 11.0, rng), 0.50, 0.95)
    share = _rise(mottling, 0.10, 0.90) * (0.25 if smooth else 1.0) + (0.75 if smooth else 0.0)
    colour = _mix(share, np.array(tinted(tone, (0.93, 0.86, 0.85))), tinted(tone, (1.05, 1.04, 1.03)))
    if not smooth:
        # Old skin is blotched, drier and duller, with brown spots.
        colour = _tint(blotches * (0.35 + 0.45 * old), colour, (1.02, 0.86, 0.83))
        spots = _rise(_noise(part.vertices, 75.0, rng), 0.80, 0.92) * old
        colour = _tint(spots * 0.55, colour, (0.72, 0.58, 0.48))
    roughness = 0.44 + mottling * 0.12 + 0.06 * old if not smooth else np.full(len(none), 0.46)

    flush = float(rng.uniform(0.45, 0.85)) * (0.45 + 0.55 * min(light / 0.4, 1.0)) * (1.25 if smooth else 1.0)
    colour = _tint(masks.get("blush", none) * flush, colour, _BLUSH_TINT)
    colour = _tint(masks.get("eyelid", none) * (0.2 if smooth else 0.5), colour, (0.72, 0.56, 0.53))
    nail = masks.get("nail", none)
    colour = _mix(nail * 0.6, colour, blend(tone, (0.85, 0.62, 0.58), 0.4))
    roughness = roughness - nail * 0.25
    shadow = blend(tinted(hair, (0.6, 0.6, 0.6)), tinted(tone, (0.25, 0.22, 0.22)), 0.4)
    shaved = 0.0
    if gender > 0.6 and age > 0.55 and not smooth:
        shaved = float(rng.choice([0.08, 0.20, 0.30]))
    colour = _mix(masks.get("beard", none) * shaved * 0.7, colour, shadow)
    style = character.hair.beard
    if style != "none":
        cover = 0.55 if style == "stubble" else 0.88
        colour = _mix(
            _rise(masks.get("whiskers", none), 0.15, 0.6) * cover, colour, tinted(hair, (0.75, 0.72, 0.70))
        )
    cover = {"bald": 0.14, "buzz": 0.85}.get(character.hair.style, 0.75)
    colour = _mix(masks.get("scalp", none) * cover * 0.78, colour, tinted(hair, (0.6, 0.55, 0.5)))
    made_up = gender < 0.45 and age > 0.5 and rng.random() < 0.5
    lip = _rise(masks.get("lip", none), 0.25, 0.70)
    lip_colour = _lipstick(rng, tone) if made_up else tinted(tone, _LIP_TINT)
    colour = _mix(lip * (0.9 if made_up else 0.75), colour, lip_colour)
    roughness = roughness - lip * (0.16 if made_up else 0.08)
    colour = _mix(_rise(masks.get("mouth", none), 0.3, 0.7), colour, (0.16, 0.035, 0.035))
    briefs = _rise(masks.get("briefs", none), 0.3, 0.7)
    colour = _mix(briefs, colour, BRIEFS)
    roughness = roughness + briefs * (0.8 - roughness)
    return np.concatenate([colour, roughness[:, None]], axis=1).astype(np.float32)


def freckled(character: Character) -> bool:
    """Whether a character has freckles: some of the young with light skin."""
    rng = np.random.default_rng([character.seed, 7])
    light = luminance(skin_albedo(character.skin))
    return bool(light > 0.2 and character.phenotype["age"] < 0.8 and rng.random() < 0.3)


def _lipstick(rng: np.random.Generator, tone: Rgb) -> Rgb:
    shades = ((0.42, 0.06, 0.09), (0.50, 0.14, 0.16), (0.38, 0.10, 0.14), (0.55, 0.20, 0.18))
    shade = shades[int(rng.integers(len(shades)))]
    depth = min(1.0, 0.25 + luminance(tone))
    return blend(tinted(tone, _LIP_TINT), tinted(shade, (depth, depth, depth)), 0.6)


def _mix(share: np.ndarray, a: np.ndarray, b: Rgb) -> np.ndarray:
    """(V, 3): colours `a` to `b` by `share` (V,)."""
    return a + (np.array(b) - a) * share[:, None]


def _tint(share: np.ndarray, colour: np.ndarray, tint: Rgb) -> np.ndarray:
    """(V, 3): colours multiplied by `tint`, by `share` (V,)."""
    return colour * (1.0 + (np.array(tint) - 1.0) * share[:, None])


def _rise(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Smoothstep from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _noise(points: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """(V,) smooth value noise in [0, 1] of points (V, 3), `scale` cells a metre, repeated every 16 cells."""
    lattice = rng.random((_LATTICE,) * 3)
    cell, place = np.divmod(np.asarray(points, float) * scale, 1.0)
    weight = place * place * (3.0 - 2.0 * place)
    out = np.zeros(len(points))
    for corner in np.ndindex(2, 2, 2):
        i, j, k = ((cell.astype(int) + corner) % _LATTICE).T
        out += lattice[i, j, k] * np.where(corner, weight, 1.0 - weight).prod(axis=1)
    return out
