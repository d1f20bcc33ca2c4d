"""A sample of `motionpair-60k` without pixels: feet, pops, clothes, hands, touches, and every axis's shares.

Slots are spread over the strata and staged as a worker stages them: a candidate that breaks a limit of
geometry is replaced by the next one. What is left is measured clip by clip.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import axes as counted
from benchmarks.machine import describe
from motionpair.cast import members
from motionpair.planning import planner
from motionpair.recipe import Recipe, load_recipe
from motionpair.specs import PairSpec, Phrase
from pipelines.generate import rendering
from pipelines.preview import spread
from render import footing, gates, liveliness, touch, wear
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.framing import hand_side
from render.motions import perform
from render.scene import Actor
from render.stage import StagedClip, cast_of, stage_pair

SEED = 1
PLANNED = 6000
"""Slots whose plan is held against the weights: enough for rare values, at a tenth of the plan's cost."""

DENSE = 48
"""Frames a second at which motions are looked at for pops."""
HAND = 24
"""Pixels along a hand in half of a close-up's frames, of a picture 448 pixels long."""
STILL_HAND = 0.01
"""m/s, for hips 0.9 m high: a hand that moves less is dead."""
RARE = 0.001
"""An axis whose deviation has less than this chance is marked."""

Pair = tuple[PairSpec, tuple[StagedClip, StagedClip]]


def accepted(recipe: Recipe, pairs: int, store: CharacterStore, discards: Counter[str]) -> Iterator[Pair]:
    """Staged pairs that pass the geometry gate; counts the reasons of those that do not."""
    plans, waiting, k = planner(recipe, SEED), spread(recipe, pairs), 0
    while waiting and k < recipe.limits.candidates:
        specs = [plans.candidate(slot, k) for slot in waiting]
        store.ensure({c.character_id: c for spec in specs for c in cast_of(spec)}.values())
        waiting = []
        for spec in specs:
            staged = stage_pair(spec, store)
            try:
                gates.judge_geometry(spec, *staged, recipe.limits)
            except gates.Discard as discard:
                discards[discard.reason] += 1
                waiting.append(spec.slot)
                continue
            yield spec, staged
        k += 1
    for slot in waiting:
        discards[f"all candidates of slot {slot}"] += 1


@dataclass
class Figures:
    """What is measured, a number a clip or an actor. Lengths in mm."""

    slide: list[float] = field(default_factory=list)
    sunk: list[float] = field(default_factory=list)
    deep: list[float] = field(default_factory=list)
    estimated_slide: list[float] = field(default_factory=list)
    touches: list[float] = field(default_factory=list)
    motion_pops: Counter[str] = field(default_factory=Counter)
    clip_pops: Counter[str] = field(default_factory=Counter)
    balanced: list[float] = field(default_factory=list)
    still_hands: Counter[str] = field(default_factory=Counter)
    garments: Counter[str] = field(default_factory=Counter)
    worn: int = 0
    hands: list[float] = field(default_factory=list)
    clips: int = 0

    def add(self, spec: PairSpec, staged: Sequence[StagedClip]) -> None:
        """Measure a pair's clips."""
        for performer in spec.target.performers:
            frames = 1 + round((spec.frames - 1) * DENSE / spec.fps)
            alive = liveliness.of_motion(perform(performer.motion, DENSE, frames))
            self.motion_pops[_named(performer.motion.phrases)] += alive.pops
            self.balanced.append(alive.balanced_share)
            if min(alive.hand_speed) < STILL_HAND:
                self.still_hands[_named(performer.motion.phrases)] += 1
        for clip, side in zip((spec.driving, spec.target), staged, strict=True):
            self.clips += 1
            if any(motion.touches for motion in side.motions):
                cast = [a.character for a in side.scene.actors]
                poses = [a.pose for a in side.scene.actors]
                self.touches.append(touch.touch_error_mm(side.motions, cast, poses))
            for actor, performer in zip(side.scene.actors, clip.performers, strict=True):
                feet = footing.measure(actor.character, actor.pose, spec.fps)
                if clip.estimator.name == "exact":
                    self.slide.append(feet.slide_p95_mm)
                    self.sunk.append(feet.penetration_mm)
                    self.deep.append(footing.body_penetration_mm(actor.character, actor.pose))
                    gross = liveliness.of_pose(actor.pose, spec.fps, actor.character.hip_height, stands=False)
                    self.clip_pops[_named(performer.motion.phrases)] += gross.pops
                else:
                    self.estimated_slide.append(feet.slide_p95_mm)
                if clip is spec.driving and spec.driving_kind != "clip":
                    continue  # bones and grey bodies wear nothing
                for garment in wear.measure(actor.character, actor.pose):
                    self.worn += 1
                    for fault in garment.fails:
                        self.garments[f"{garment.name} {fault}, {_named(performer.motion.phrases)}"] += 1
            if clip.camera.framing == "close_up":
                self.hands.append(max(hand_side(side.scene.camera, _hands(a)) for a in side.scene.actors))

    def lines(self) -> Iterator[str]:
        """The figures with their limits."""
        slide, sunk = np.array(self.slide or [0.0]), np.array(self.sunk or [0.0])
        yield (
            f"contact slide p95, exact clips: worst {slide.max():.2f} mm a frame, "
            f"median {np.median(slide):.2f} (limit 3)"
        )
        yield (
            f"sole penetration, exact clips: worst {sunk.max():.2f} mm, "
            f"median {np.median(sunk):.2f} (limit 5)"
        )
        yield f"body in the ground, exact clips: worst {max(self.deep, default=0.0):.1f} mm"
        yield (
            f"hands that touch ground or partner: worst {max(self.touches, default=0.0):.1f} mm off over "
            f"{len(self.touches)} clips (limit 20)"
        )
        if self.estimated_slide:
            yield f"contact slide p95, through an estimator: worst {max(self.estimated_slide):.2f} mm a frame"
        yield f"velocity pops at {DENSE} frames/s: {_told(self.motion_pops)} (limit 0)"
        yield f"velocity pops of the retargeted clips: {_told(self.clip_pops)} (limit 0)"
        balanced = 100 * np.mean(self.balanced or [1.0])
        yield f"balanced while still: {balanced:.1f} % of frames, mean over motions"
        yield f"motions with a hand slower than {STILL_HAND:g} m/s: {_told(self.still_hands)} (limit 0)"
        yield f"garment failures, of {self.worn} worn: {_told(self.garments)} (limit 0)"
        if self.hands:
            seen = np.array(self.hands)
            yield (
                f"close-ups with a hand of {HAND}x{HAND} pixels in half of the frames: "
                f"{100 * (seen >= HAND).mean():.0f} % of {len(seen)}; median side {np.median(seen):.0f}, "
                f"least {seen.min():.0f}"
            )


def show_axes(planned: counted.Axes, shown: counted.Axes) -> None:
    """Every axis: share drawn against weight, in the plan and in the sample."""
    marked = 0
    for name, axis in planned.items():
        gap, value = axis.deviation()
        chance = axis.chance()
        marked += chance < RARE
        mark = "  <- off" if chance < RARE else ""
        print(
            f"{name}: {axis.total} draws, chi-square {axis.chi_square()[0]:.1f}, chance {chance:.3f}, "
            f"largest deviation {gap:.1f} points ({value}){mark}"
        )
        sampled = shown.get(name, counted.Axis())
        for v in axis.values:
            weight = 100 * axis.expected.get(v, 0.0) / axis.total
            drawn = 100 * axis.seen.get(v, 0) / axis.total
            there = f"{100 * sampled.seen.get(v, 0) / sampled.total:6.1f} %" if sampled.total else "      -"
            print(f"    {v:24s} weight {weight:5.1f} %   plan {drawn:5.1f} %   sample {there}")
    print(f"axes off their weights (chance below {RARE:g}): {marked} of {len(planned)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--recipe", default="motionpair-60k")
    parser.add_argument("--axes", action="store_true", help="the axes alone, without a scene")
    asked, _ = parser.parse_known_args()
    recipe = load_recipe(asked.recipe)
    before = time.process_time()
    plans = planner(recipe, SEED)
    specs = [plans.candidate(slot, 0) for slot in range(min(PLANNED, recipe.pairs))]
    planned = counted.of_pairs(recipe, specs)
    planned |= counted.of_characters(recipe, [m.character for m in members(recipe, SEED)])
    print(f"{len(specs)} slots planned and counted in {time.process_time() - before:.1f} CPU s")
    shown: counted.Axes = {}
    if not asked.axes:
        shown = _measured(recipe, asked.pairs)
    show_axes(planned, shown)


def _measured(recipe: Recipe, pairs: int) -> counted.Axes:
    """Print the figures of a sample; returns its axes."""
    store = CharacterStore(rendering(Path(), None).cache)
    before = time.process_time()
    figures, kept = Figures(), []
    discards: Counter[str] = Counter()
    for spec, staged in accepted(recipe, pairs, store, discards):
        figures.add(spec, staged)
        kept.append(spec)
    seconds = time.process_time() - before
    print(
        f"{figures.clips} clips of {recipe.frames} frames staged and measured in {seconds:.0f} CPU s; "
        f"discarded candidates: {_told(discards)}"
    )
    for line in figures.lines():
        print(line)
    people = [who for spec in kept for who in cast_of(spec)]
    return counted.of_pairs(recipe, kept) | counted.of_characters(recipe, people)


def _hands(actor: Actor) -> list[np.ndarray]:
    """Of each hand, (T, N, 3) some points of its skin, metres, world."""
    body = actor.character.part("body")
    return [skin(body, actor.character.rig, actor.pose, v[::6]) for v in actor.character.hand_vertices]


def _named(phrases: Sequence[Phrase]) -> str:
    return "+".join(phrase.family for phrase in phrases)


def _told(counts: Counter[str]) -> str:
    """`0`, or the total and its most frequent causes."""
    total = sum(counts.values())
    worst = ", ".join(f"{n} {name}" for name, n in counts.most_common(6) if n)
    return f"{total} ({worst})" if total else "0"


if __name__ == "__main__":
    print(describe())
    main()
