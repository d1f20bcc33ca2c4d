"""Choreography: what the performers of a pair do, and where they stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from motionpair import catalog
from motionpair.draws import DIGITS, Draws, Table
from motionpair.recipe import Recipe, Stage, Stratum
from motionpair.specs import MotionSpec, Phrase

_TURN_IN = (0.5, 1.1)
"""Radians that facing performers turn towards each other: their faces stay in sight."""
_STEP = 0.15
"""Metres that performers stand before or behind their line."""
_SLACK = 1.0
"""Seconds that a chained motion outlasts the clip: blends between phrases overlap."""
_BODY = 0.8
"""Metres that a body, arms and legs out, needs around its pelvis."""
_MOTIONS, _WINDOWS = 6, 12
"""Motions, and windows of each, that are tried for one that stays on free ground."""


def line_up(stage: Stage, count: int, draws: Draws) -> list[tuple[tuple[float, float], float]]:
    """Position and heading of each performer: one at the origin, several side by side or facing."""
    if count == 1:
        return [((0.0, 0.0), draws.between(-stage.heading, stage.heading))]
    facing = draws.chance(stage.facing_share)
    spacing = draws.between(*stage.spacing)
    places = []
    for i in range(count):
        side = i - (count - 1) / 2
        position = (round(side * spacing, DIGITS), draws.between(-_STEP, _STEP))
        turn = draws.between(-stage.heading / 2, stage.heading / 2)
        if facing and side:
            # Heading turns a character from −Y towards +X: who stands at −X turns that way.
            turn = draws.between(*_TURN_IN) * (-1 if side > 0 else 1)
        places.append((position, turn))
    return places


class MotionPool:
    """The motions of a stratum."""

    def __init__(self, recipe: Recipe, stratum: Stratum) -> None:
        self._phrases = recipe.motions.phrases
        self._speed = stratum.motion_speed
        self._window = recipe.frames / recipe.fps
        weights = {f: w for f, w in (stratum.motions or recipe.motions.families).items() if w > 0}
        self._families = Table(weights)
        self._next = {f: Table({g: w for g, w in weights.items() if g != f} or weights) for f in weights}
        self._params = {
            family: [
                (name, *recipe.motions.params.get(family, {}).get(name, (span.low, span.high)))
                for name, span in catalog.MOTION_FAMILIES[family].params.items()
            ]
            for family in weights
        }
        self._ground = _free_ground(recipe) - _BODY

    def motion(self, motion_id: str, draws: Draws) -> MotionSpec:
        """A motion that outlasts the clip and, where it can, stays on ground that is free of things.

        A performer is at its place in the clip's middle, so the way before and the way after it count.
        """
        for _ in range(_MOTIONS):
            motion = self._draw(motion_id, draws)
            # Other windows first: drawing all anew at once would leave few of the motions that walk.
            for _ in range(_WINDOWS):
                if _reach(motion, self._window) <= self._ground:
                    return motion
                motion = self._moved(motion, draws)
        return motion

    def _draw(self, motion_id: str, draws: Draws) -> MotionSpec:
        """Phrases one after another; neighbours are of different families where there are several."""
        speed = draws.between(*self._speed)
        needed = self._window * speed + _SLACK
        count = draws.whole(*self._phrases)
        phrases: list[Phrase] = []
        total = 0.0
        while len(phrases) < count or total < needed:
            table = self._next[phrases[-1].family] if phrases else self._families
            family = table.draw(draws)
            low, high = catalog.MOTION_FAMILIES[family].seconds
            seconds = round(draws.between(low, high), 2)
            params = {name: draws.between(least, most) for name, least, most in self._params[family]}
            if "speed" in params:  # metres a second: not so long that no window would fit
                seconds = round(min(seconds, max(low, 1.6 * self._ground / params["speed"])), 2)
            phrases.append(Phrase(family, seconds, params))
            total += seconds
        start = round(draws.between(0.0, total - needed), 2)
        return MotionSpec(motion_id, tuple(phrases), draws.seed(), start, speed)

    def _moved(self, motion: MotionSpec, draws: Draws) -> MotionSpec:
        """The motion with another window."""
        latest = sum(p.seconds for p in motion.phrases) - self._window * motion.speed - _SLACK
        return replace(motion, start=round(draws.between(0.0, latest), 2))


def _free_ground(recipe: Recipe) -> float:
    """Metres around the origin that every environment of the recipe keeps free."""
    least = []
    for kind, weight in recipe.places.environments.items():
        if weight > 0:
            widest = catalog.ENVIRONMENTS[kind].params["clear"]
            least.append(recipe.places.params.get(kind, {}).get("clear", (widest.low, widest.high))[0])
    return min(least)


def _reach(motion: MotionSpec, seconds: float) -> float:
    """Metres that the way leads from the place of the clip's middle, before it or after it, at most.

    A phrase with a `speed` goes that many metres a second, along an arc that turns by its `curve` radians
    a second; the chords of the arcs are summed as if they lay in one line.
    """
    shown = motion.speed * seconds
    halves = (motion.start, motion.start + shown / 2, motion.start + shown)
    return max(_way(motion.phrases, *halves[:2]), _way(motion.phrases, *halves[1:]))


def _way(phrases: Sequence[Phrase], begin: float, end: float) -> float:
    way = at = 0.0
    for phrase in phrases:
        lasts = min(at + phrase.seconds, end) - max(at, begin)
        at += phrase.seconds
        if lasts > 0 and "speed" in phrase.params:
            turned = abs(phrase.params.get("curve", 0.0)) * lasts / 2
            way += phrase.params["speed"] * lasts * (math.sin(turned) / turned if turned else 1.0)
    return way
