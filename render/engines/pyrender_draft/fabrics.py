"""Fabrics of drafts: a small picture that repeats over the cloth, coarser than the real one."""

from __future__ import annotations

import numpy as np

from motionpair.specs import Garment
from render.engines.pyrender_draft.colours import encoded, linear

SIDE = 32
"""Pixels along a picture."""
TILES = {
    "stripes": 0.10, "plaid": 0.16, "dots": 0.11, "floral": 0.18, "camouflage": 0.34,
    "herringbone": 0.08, "colour_block": 0.9, "corduroy": 0.04, "knit": 0.05,
}  # fmt: skip
"""Fabric to the metres of cloth that one picture covers; fabrics without a pattern have none."""


def picture(garment: Garment, seed: int) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 sRGB: the garment's fabric in its colours."""
    colours = [linear(c) for c in garment.colours]
    first, second, third = (colours[min(k, len(colours) - 1)] for k in range(3))
    v, u = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    shown = np.broadcast_to(first, (SIDE, SIDE, 3)).copy()
    rng = np.random.default_rng(seed)
    if garment.fabric == "stripes":
        shown[v < 0.4] = second
    elif garment.fabric == "plaid":
        across, along = (u < 0.4)[..., None], (v < 0.4)[..., None]
        shown = shown + 0.5 * across * (second - shown)
        shown = shown + 0.5 * along * (second - shown)
        shown[(abs(u - 0.7) < 0.05) | (abs(v - 0.7) < 0.05)] = third
    elif garment.fabric == "dots":
        for x, y in ((0.25, 0.25), (0.75, 0.75)):
            shown[(u - x) ** 2 + (v - y) ** 2 < 0.16**2] = second
    elif garment.fabric in ("floral", "camouflage"):
        size = 0.12 if garment.fabric == "floral" else 0.22
        for k, (x, y) in enumerate(rng.random((9, 2))):
            du, dv = (abs(a - b) for a, b in ((u, x), (v, y)))
            away = np.minimum(du, 1 - du) ** 2 + np.minimum(dv, 1 - dv) ** 2
            shown[away < (size * rng.uniform(0.6, 1.1)) ** 2] = (second, third)[k % 2]
    elif garment.fabric == "herringbone":
        shown[((u * 4 + abs(v - 0.5) * 8) % 1.0) < 0.5] = second
    elif garment.fabric == "colour_block":
        shown[v < 0.66] = second
        shown[v < 0.33] = third
    elif garment.fabric in ("corduroy", "knit"):
        shown = shown * (0.8 + 0.2 * np.cos(2 * np.pi * u))[..., None]
    elif garment.fabric == "denim":
        shown = shown * rng.uniform(0.85, 1.1, (SIDE, SIDE, 1))
    return encoded(shown)
