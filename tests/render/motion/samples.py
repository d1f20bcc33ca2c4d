"""Motion specs to try: one family's phrase with parameters drawn from the catalogue."""

from __future__ import annotations

import numpy as np

from motionpair.catalog import MOTION_FAMILIES
from motionpair.specs import MotionSpec, Phrase


def phrase(family: str, seed: int, seconds: float | None = None, **params: float) -> Phrase:
    """A phrase of a family; parameters not given are drawn by seed."""
    about = MOTION_FAMILIES[family]
    rng = np.random.default_rng(seed)
    drawn = {name: float(rng.uniform(r.low, r.high)) for name, r in about.params.items()}
    return Phrase(family, seconds or float(np.mean(about.seconds)), drawn | params)


def spec(*phrases: Phrase, seed: int = 0, start: float = 0.0, speed: float = 1.0) -> MotionSpec:
    """A motion of phrases."""
    return MotionSpec("motion", phrases, seed, start, speed)
