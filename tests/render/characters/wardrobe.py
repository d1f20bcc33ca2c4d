"""Characters who, with CAST, wear every garment that is cut from cloth, on bodies of all builds."""

from __future__ import annotations

from character_cast import dressed_in

OLD = dressed_in("old", "realistic", ("sweater", "trousers", "boots"), 5, gender=0.0, age=1.0, weight=0.9)
ATHLETE = dressed_in(
    "athlete", "realistic", ("polo", "jacket", "trousers", "boots"), 6, gender=1.0, muscle=0.85
)
THIN = dressed_in("thin", "animation_3d", ("dress", "jacket", "shoes"), 7, gender=0.0, weight=0.15)
YOUNG = dressed_in("young", "realistic", ("tank", "shorts", "boots"), 8, gender=0.8, age=0.36)
DANCER = dressed_in("dancer", "animation_2d", ("polo", "skirt", "boots"), 10, gender=0.05, weight=0.6)
CLERK = dressed_in("clerk", "realistic", ("shirt", "trousers", "shoes"), 9, gender=0.9, weight=0.7)
STOUT = dressed_in(
    "stout", "realistic", ("tee", "shorts", "shoes"), 11,
    gender=0.15, weight=0.9, height=0.15, proportions=0.3, muscle=0.3, age=0.62,
)  # fmt: skip
"""Whose thighs meet as low as others' shorts end."""
DRESSED = (OLD, ATHLETE, THIN, YOUNG, DANCER, CLERK, STOUT)
