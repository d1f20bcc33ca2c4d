"""Choreography: how the performers of a pair stand to each other, and what they do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from motionpair import catalog
from motionpair.draws import DIGITS, Draws, Table
from motionpair.recipe import Recipe, Stage, Stratum
from motionpair.recipe_checks import DUETS, PAIRED, WALKERS
from motionpair.specs import MotionSpec, Phrase

Spot = tuple[tuple[float, float], float]
"""A performer's position, metres, and heading, radians."""

_TURN_IN = (0.5, 1.1)
"""Radians that facing performers turn towards each other: their faces stay in sight."""
_STEP = 0.15
"""Metres that performers stand before or behind their line."""
_LANE = (0.75, 0.95)
"""Metres between the ways of performers who pass each other."""
_ARMS = 0.9
"""Metres between two who touch; staging brings them to where both reach (`render.touch`)."""
_AWAY = 0.5
"""Radians, either way, that a duet's line is turned from square to the camera's."""
_SLACK = 1.0
"""Seconds that a chained motion outlasts the clip: blends between phrases overlap."""
_BODY = 0.8
"""Metres that a body, arms and legs out, needs around its pelvis."""
_MOTIONS, _WINDOWS = 6, 12
"""Motions, and windows of each, that are tried for one that stays on free ground."""
_LEAD = 0.5
"""Seconds of a motion, at least, that went on before a clip that begins in its middle: more than the five
frames of history that a model continues from."""
BEFORE, AFTER = 0, 1


@dataclass(frozen=True)
class Choreography:
    """What the performers of a clip do, and where they are half-way through it."""

    formation: str
    motions: tuple[MotionSpec, ...]
    spots: tuple[Spot, ...]


class Choreographer:
    """Choreographs the pairs of a stratum.

    A clip that continues begins in the middle of its performers' motions, as the later part of a long take
    does. The others begin where the motions do, with nothing before: gestures come up from rest, and gaits
    and dances are in full swing, as when a take begins with a cut.
    """

    def __init__(self, recipe: Recipe, stratum: Stratum) -> None:
        self._stage = recipe.stage
        self._continues = recipe.motions.continues
        formations = stratum.formations or recipe.stage.formations
        self._formations = Table(formations) if stratum.performers[1] > 1 else None
        self._of_many = Table({f: w for f, w in formations.items() if f not in PAIRED})
        families = {f: w for f, w in (stratum.motions or recipe.motions.families).items() if w > 0}
        self._alone = _Pool(recipe, stratum, {f: w for f, w in families.items() if f not in DUETS})
        self._duets = _Pool(recipe, stratum, {f: w for f, w in families.items() if f in DUETS})
        self._walks = _Pool(recipe, stratum, {f: w for f, w in families.items() if f in WALKERS})

    def formation(self, count: int, draws: Draws) -> str:
        """How `count` performers stand to each other."""
        if count == 1 or self._formations is None:
            return "alone"
        return (self._formations if count == 2 else self._of_many).draw(draws)

    def draw(self, formation: str, motion_ids: Sequence[str], draws: Draws) -> Choreography:
        """A choreography for as many performers as there are ids."""
        count = len(motion_ids)
        spots = line_up(self._stage, formation, count, draws)
        continues = draws.chance(self._continues)
        if formation == "duet":
            led = self._duets.motion(motion_ids[0], continues, draws)
            motions = [_in_role(led, name, role) for role, name in enumerate(motion_ids)]
        elif formation == "mirrored":
            led = self._alone.motion(motion_ids[0], continues, draws)
            motions = [
                replace(led, motion_id=name, mirrored=led.mirrored != bool(i % 2))
                for i, name in enumerate(motion_ids)
            ]
        elif formation == "passing":
            motions = [self._walks.passing(name, continues, draws) for name in motion_ids]
        else:
            motions = [self._alone.motion(name, continues, draws) for name in motion_ids]
        return Choreography(formation, tuple(motions), tuple(spots))


def line_up(stage: Stage, formation: str, count: int, draws: Draws) -> list[Spot]:
    """Position and heading of each performer; a heading turns a character from −Y towards +X."""
    if formation == "alone":
        return [((0.0, 0.0), draws.between(-stage.heading, stage.heading))]
    sides = [i - (count - 1) / 2 for i in range(count)]
    if formation == "duet":
        turn = draws.between(-_AWAY, _AWAY)
        return [
            (
                (round(side * _ARMS * math.cos(turn), DIGITS), round(side * _ARMS * math.sin(turn), DIGITS)),
                round(turn - math.copysign(math.pi / 2, side), DIGITS),
            )
            for side in sides
        ]
    if formation == "passing":
        lane, first = draws.between(*_LANE), draws.one_of((-1, 1))
        return [
            (
                (draws.between(-2 * _STEP, 2 * _STEP), round(side * lane, DIGITS)),
                round(first * (-1) ** i * math.pi / 2 + draws.between(-_STEP, _STEP), DIGITS),
            )
            for i, side in enumerate(sides)
        ]
    spacing = draws.between(*stage.spacing)
    turned = draws.between(-stage.heading / 2, stage.heading / 2)
    spots = []
    for i, side in enumerate(sides):
        position = (round(side * spacing, DIGITS), draws.between(-_STEP, _STEP))
        heading = draws.between(-stage.heading / 2, stage.heading / 2)
        if formation == "facing" and side:
            heading = draws.between(*_TURN_IN) * (-1 if side > 0 else 1)
        elif formation == "mirrored":
            heading = turned * (-1) ** i
        spots.append((position, heading))
    return spots


def _in_role(led: MotionSpec, motion_id: str, role: int) -> MotionSpec:
    """The motion as the first (0) or the second (1) of a duet does it."""
    phrases = tuple(replace(p, params={**p.params, "role": float(role)}) for p in led.phrases)
    return replace(led, motion_id=motion_id, phrases=phrases)


class _Pool:
    """Motions of some families of a stratum."""

    def __init__(self, recipe: Recipe, stratum: Stratum, families: Mapping[str, float]) -> None:
        self._phrases = recipe.motions.phrases
        self._mirrored = recipe.motions.mirrored
        self._speed = stratum.motion_speed
        self._window = recipe.frames / recipe.fps
        self._families = Table(families)
        chained = {f: w for f, w in families.items() if not catalog.MOTION_FAMILIES[f].alone}
        self._next = {f: Table({g: w for g, w in chained.items() if g != f} or chained) for f in chained}
        self._params = {
            family: {
                name: recipe.motions.params.get(family, {}).get(name, (span.low, span.high))
                for name, span in catalog.MOTION_FAMILIES[family].params.items()
            }
            for family in families
        }
        self._ground = _free_ground(recipe)

    def motion(self, motion_id: str, continues: bool, draws: Draws) -> MotionSpec:
        """A motion that outlasts the clip and, where it can, stays on ground that is free of things.

        A performer is at its place in the clip's middle, so the way before and the way after it count. One
        that should begin with the clip, but whose way is too long then, begins before it.
        """
        lead = self._families.draw(draws)  # kept, so that families have their shares
        for begins in (False,) if continues else (True, False):
            for _ in range(_MOTIONS):
                motion = self._draw(motion_id, lead, begins, draws)
                # Other windows first: drawing all anew at once would leave few of the motions that walk.
                for _ in range(1 if begins else _WINDOWS):
                    if _reach(motion, self._window) <= self._ground:
                        return motion
                    if not begins:
                        motion = replace(motion, start=self._start(motion.phrases, motion.speed, draws))
        return motion

    def passing(self, motion_id: str, continues: bool, draws: Draws) -> MotionSpec:
        """A straight way through the whole clip, no longer than the free ground."""
        speed = draws.between(*self._speed)
        fastest = 2 * self._ground / (self._window * speed)
        fitting = [f for f in self._families.values if self._params[f]["speed"][0] <= fastest]
        # Where even the slowest would leave the free ground, the slowest it is.
        slowest = min(self._families.values, key=lambda f: self._params[f]["speed"][0])
        family = draws.one_of(fitting or [slowest])
        phrase = self._phrase(family, draws, self._needed(speed))
        low, high = self._params[family]["speed"]
        params = {**phrase.params, "speed": draws.between(low, max(low, min(high, fastest)))}
        if "curve" in params:
            params["curve"] = draws.between(-0.08, 0.08)
        phrases = (replace(phrase, params=params),)
        start = self._start(phrases, speed, draws) if continues else 0.0
        return MotionSpec(motion_id, phrases, draws.seed(), start, speed)

    def _draw(self, motion_id: str, lead: str, begins: bool, draws: Draws) -> MotionSpec:
        """Phrases one after another; neighbours are of different families where there are several."""
        speed = draws.between(*self._speed)
        needed = self._needed(speed)
        mirrored = draws.chance(self._mirrored)
        if lead not in self._next:
            alone = (self._phrase(lead, draws, needed),)
            start = 0.0 if begins else self._start(alone, speed, draws)
            return MotionSpec(motion_id, alone, draws.seed(), start, speed, mirrored)
        count = draws.whole(*self._phrases)
        phrases: list[Phrase] = []
        total = 0.0
        while len(phrases) < count or total < needed:
            family = self._next[phrases[-1].family].draw(draws) if phrases else lead
            phrase = self._phrase(family, draws)
            if "speed" in phrase.params:  # not so long that no window would fit
                low = catalog.MOTION_FAMILIES[family].seconds[0]
                most = max(low, (0.9 if begins else 1.6) * self._ground / phrase.params["speed"])
                phrase = replace(phrase, seconds=round(min(phrase.seconds, most), 2))
            phrases.append(phrase)
            total += phrase.seconds
        start = 0.0 if begins else self._start(phrases, speed, draws)
        return MotionSpec(motion_id, tuple(phrases), draws.seed(), start, speed, mirrored)

    def _needed(self, speed: float) -> float:
        """Seconds that the phrases must last."""
        return self._window * speed + _LEAD + _SLACK

    def _start(self, phrases: Sequence[Phrase], speed: float, draws: Draws) -> float:
        """Where a window in the middle of the motion begins."""
        latest = sum(p.seconds for p in phrases) - self._window * speed - _SLACK
        return round(draws.between(_LEAD, max(_LEAD, latest - 0.005)), 2)

    def _phrase(self, family: str, draws: Draws, least: float = 0.0) -> Phrase:
        """A phrase of the family's own length, or of up to a half more than `least` seconds."""
        low, high = catalog.MOTION_FAMILIES[family].seconds
        seconds = draws.between(max(low, least), max(high, 1.5 * least) if least else high)
        params = {name: draws.between(*span) for name, span in self._params[family].items()}
        return Phrase(family, round(seconds, 2) + (0.01 if least else 0.0), params)


def _free_ground(recipe: Recipe) -> float:
    """Metres that a performer may go from its place in every environment of the recipe, its body free."""
    least = []
    for kind, weight in recipe.places.environments.items():
        if weight > 0:
            widest = catalog.ENVIRONMENTS[kind].params["clear"]
            least.append(recipe.places.params.get(kind, {}).get("clear", (widest.low, widest.high))[0])
    return min(least) - _BODY


def frames_outside(motion: MotionSpec, frames: int, fps: int) -> tuple[int, int]:
    """Frames that the motion goes on for BEFORE and AFTER a clip: from where it starts, and to as long before
    the end of its phrases as clips keep away from it."""
    before = motion.start / motion.speed
    after = (sum(p.seconds for p in motion.phrases) - _SLACK - motion.start) / motion.speed
    return int(before * fps), int(after * fps) - (frames - 1)


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
