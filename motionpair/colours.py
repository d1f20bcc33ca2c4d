"""Colours as `#rrggbb`: how far two are apart, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

NAMED = {
    "black": "#121212", "charcoal": "#333538", "dark grey": "#55575b", "grey": "#85878a",
    "light grey": "#b8babc", "silver": "#d3d4d6", "white": "#f6f6f4", "cream": "#f2e8d2",
    "beige": "#d8c6a2", "tan": "#c19a6b", "brown": "#7a5230", "chestnut": "#6b3a26",
    "dark brown": "#3a271c", "maroon": "#5a1f2a", "wine red": "#7b2437", "red": "#c8232c",
    "scarlet": "#ef3a36", "coral": "#f0745a", "salmon": "#f4a38c", "rust": "#b4532a",
    "orange": "#f28a2e", "amber": "#e0a34a", "mustard": "#cfa52f", "yellow": "#f6d743",
    "pale yellow": "#f7eeb0", "olive": "#6f7036", "lime": "#a6cc3e", "sage": "#92aa72",
    "green": "#2f8f4e", "dark green": "#24523a", "mint": "#a3dfc4", "turquoise": "#25c2b4",
    "teal": "#157f82", "dark teal": "#12424b", "sky blue": "#8cc5ea", "blue": "#2a75d0",
    "steel blue": "#4a6f97", "dark blue": "#2f4a70", "navy": "#1c2a48", "ice blue": "#cfe4f0",
    "indigo": "#42379a", "purple": "#6a3f9c", "violet": "#7d50bd", "lavender": "#c8b8e4",
    "plum": "#5a2d58", "dark purple": "#33264f", "magenta": "#d23a9a", "pink": "#f08fb4",
    "pale pink": "#f6cfd8", "raspberry": "#e2426f", "mauve": "#b08aa0", "dusty pink": "#cfa4a0",
    "blue-grey": "#84929e", "slate": "#5d6a76", "grey-green": "#8ca596", "moss green": "#5a7a40",
    "terracotta": "#c07a5c", "periwinkle": "#7f86b0", "brick red": "#a04a3c",
    "taupe": "#a4968a", "dusty purple": "#5e5488", "peach": "#d9a68e", "leaf green": "#447c54",
}  # fmt: skip


@lru_cache(maxsize=4096)
def lab(colour: str) -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of an sRGB colour; IEC 61966-2-1 decoding, CIE 15:2004."""
    r, g, b = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    fx, fy, fz = (_cube_root(v) for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(a: str, b: str) -> float:
    """CIE76 ΔE between two colours: 2 is just noticeable, 20 plainly different, black to white 100."""
    return math.dist(lab(a), lab(b))


def standing_apart(colours: Sequence[str], others: Iterable[str], least: float) -> list[str]:
    """Those colours that differ by at least `least` from all others; the farthest one if none does."""
    rest = list(others)
    gaps = [min((difference(c, o) for o in rest), default=math.inf) for c in colours]
    good = [c for c, gap in zip(colours, gaps, strict=True) if gap >= least]
    return good or [colours[gaps.index(max(gaps))]]


@lru_cache(maxsize=4096)
def colour_name(colour: str) -> str:
    """The nearest of the `NAMED` colours, such as `navy`."""
    return min(NAMED, key=lambda name: difference(NAMED[name], colour))


def _linear(v: float) -> float:
    return v / 12.92 if v <= 0.04045 else float(((v + 0.055) / 1.055) ** 2.4)


def _cube_root(v: float) -> float:
    return float(v ** (1 / 3)) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116
