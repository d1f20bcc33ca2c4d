"""How clothes fare over the motion library: every garment with every family, on bodies of all builds.

Prints the worst cases of each figure of `render.wear`, and a table of each garment's worst over all.
Run `python -m benchmarks.garments --all` for every body in every outfit; without it bodies take turns.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motionpair.catalog import GARMENT_KINDS, MOTION_FAMILIES
from motionpair.specs import PHENOTYPE_AXES, Character, Garment, Hair, MotionSpec, Phrase
from pipelines.generate import rendering
from render import wear
from render.characters.store import CharacterStore
from render.motions import perform
from render.retarget import retarget
from render.secondary import swing

FPS, FRAMES = 16, 33
"""Two seconds of motion: a whole cycle of most families."""
_SHOWN = 12
_ADULT = dict.fromkeys(PHENOTYPE_AXES, 0.5) | {"age": 0.68, "african": 0.0, "asian": 0.0, "caucasian": 1.0}
BODIES: dict[str, dict[str, float]] = {
    "average woman": {"gender": 0.05, "weight": 0.45},
    "athletic man": {"gender": 0.95, "muscle": 0.85, "weight": 0.55},
    "child": {"gender": 0.3, "age": 0.36},
    "thin woman": {"gender": 0.0, "weight": 0.15, "height": 0.9, "proportions": 0.9},
    "heavy man": {"gender": 1.0, "weight": 0.9, "muscle": 0.35, "age": 0.75},
    "heavy woman": {"gender": 0.0, "weight": 0.9, "muscle": 0.3, "cupsize": 0.65},
    "old man": {"gender": 0.95, "age": 1.0, "weight": 0.6, "muscle": 0.3, "height": 0.15},
}
"""The ends of what recipes draw: age, build and sex."""
OUTFITS: tuple[tuple[str, ...], ...] = (
    ("tee", "trousers", "shoes"),
    ("tank", "shorts", "shoes"),
    ("polo", "jacket", "trousers", "boots"),
    ("shirt", "skirt", "shoes"),
    ("sweater", "skirt", "boots"),
    ("shirt", "jacket", "shorts", "boots"),
    ("dress", "shoes"),
    ("dress", "jacket", "boots"),
)


class Case(NamedTuple):
    """A garment on a body in a motion."""

    body: str
    outfit: tuple[str, ...]
    family: str
    figures: wear.GarmentFigures


def character(body: str, outfit: tuple[str, ...], seed: int = 1) -> Character:
    """Someone of BODIES in plain clothes; hair is left out, for it is none of ours."""
    garments = tuple(Garment(kind, "plain", ("#406080",)) for kind in outfit)
    hair = Hair("bald", "#332211")
    return Character(body, "realistic", _ADULT | BODIES[body], "#c89878", "#557799", hair, garments, seed)


def motion(family: str, seed: int) -> MotionSpec:
    """A phrase of a family, its parameters drawn by seed."""
    rng = np.random.default_rng([seed, len(family)])
    params = {n: float(rng.uniform(r.low, r.high)) for n, r in MOTION_FAMILIES[family].params.items()}
    return MotionSpec("garments", (Phrase(family, FRAMES / FPS, params),), seed)


def cases(every: bool) -> Iterator[tuple[Character, str]]:
    """Characters and the families that they perform."""
    turn = cycle(BODIES)
    for outfit in OUTFITS:
        for family in MOTION_FAMILIES:
            for body in BODIES if every else (next(turn),):
                yield character(body, outfit), family


def main() -> None:
    store = CharacterStore(rendering(Path(tempfile.gettempdir()), None).cache)
    wanted = list(cases("--all" in sys.argv))
    store.ensure(c for c, _ in wanted)
    found: list[Case] = []
    spent = 0.0
    for seed, (who, family) in enumerate(wanted):
        baked = store.load(who)
        pose = swing(baked, retarget(perform(motion(family, seed), FPS, FRAMES), baked, (0.0, 0.0), 0.0), FPS)
        start = time.process_time()
        figures = wear.measure(baked, pose)
        spent += time.process_time() - start
        outfit = tuple(g.kind for g in who.garments)
        found += [Case(who.character_id, outfit, family, one) for one in figures]
    failures = sum(bool(case.figures.fails) for case in found)
    print(f"{len(wanted)} clips of {FRAMES} frames, {len(found)} garments: {failures} over a limit")
    print(f"measuring: {spent / len(wanted):.3f} CPU s a clip; limit 0.3")
    limits = {
        "skin": wear.SKIN_LIMIT,
        "cloth": wear.CLOTH_LIMIT,
        "stretch": wear.STRETCH_LIMIT,
        "growth": wear.TEAR_LIMIT,
    }
    for figure, limit in limits.items():
        print(f"\nworst by {figure} (limit {limit})")
        for case in sorted(found, key=lambda c: -getattr(c.figures, figure))[:_SHOWN]:
            value = getattr(case.figures, figure)
            what = f"{case.figures.name:9s} {case.family:14s} {case.body:14s}"
            print(f"  {value:6.3f}  {what} {' '.join(case.outfit)}")
    print("\nworst of each garment: " + ", ".join(limits))
    for kind in GARMENT_KINDS:
        own = [case.figures for case in found if case.figures.name == kind]
        if own:
            worst = "  ".join(f"{max(getattr(f, name) for f in own):6.3f}" for name in limits)
            print(f"  {kind:9s} {worst}")


if __name__ == "__main__":
    main()
