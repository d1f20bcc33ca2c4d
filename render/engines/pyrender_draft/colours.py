"""Colours of drafts: linear Rec. 709 while light is added up, sRGB bytes in the picture."""

from __future__ import annotations

import numpy as np


def linear(colour: str) -> np.ndarray:
    """(3,) linear Rec. 709 of `#rrggbb` (IEC 61966-2-1)."""
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Linear light (..., 3), 1 a white sheet in good light, to uint8 sRGB; bright light rolls off."""
    rolled = np.where(light < 0.7, light, 0.7 + 0.3 * -np.expm1(-(light - 0.7) / 0.3))
    at = np.clip(rolled, 0.0, 1.0) * (len(_CURVE) - 1)
    return _CURVE[(at + 0.5).astype(np.int32)]


def _curve() -> np.ndarray:
    level = np.linspace(0.0, 1.0, 4096)
    srgb = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return (srgb * 255 + 0.5).astype(np.uint8)


_CURVE = _curve()
