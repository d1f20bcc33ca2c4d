"""Two who touch: a clapping game, and a dance hand in hand.

Both partners draw the same game from the same random numbers; what is a person's own (breath, sway, glances,
blinks) comes from a stream of its own for each role. Partners face each other, so that the one's left is
the other's right; `render.touch` brings their palms together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from render.arms import Side
from render.motion import Touch
from render.motions import face, hands
from render.motions.puppet import BEHIND, OUTWARD, Puppet
from render.motions.signals import drift, ease, lag, smooth, spline
from render.motions.steps import Step, walk_steps
from render.motions.track import LEFT, RIGHT, Track

What = Literal["partner_left", "partner_right"]
_OTHER: dict[Side, What] = {"left": "partner_right", "right": "partner_left"}
_SAME: dict[Side, What] = {"left": "partner_left", "right": "partner_right"}
_SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True)
class _Strike:
    """Where a hand is at a clap: wrist from the shoulder (outward, back, up), fingers, palm."""

    goal: tuple[float, float, float]
    fingers: tuple[float, float, float]
    palm: tuple[float, float, float]


_OWN = _Strike((-0.115, -0.25, -0.16), (-0.25, -0.55, 0.8), (-1.0, 0.05, 0.0))
_STRAIGHT = _Strike((-0.03, -0.385, -0.07), (0.0, -0.12, 1.0), (0.0, -1.0, -0.05))
_ACROSS = _Strike((-0.165, -0.385, -0.05), (-0.12, -0.12, 1.0), (0.1, -1.0, -0.05))
_WAITING = _Strike((-0.03, -0.24, -0.2), (-0.1, -0.4, 0.9), (-0.4, -0.9, 0.0))
_DRAWN = np.array([0.075, 0.14, -0.03])
"""From a clap to where the hand draws back to between two: outward, back, up, metres."""

GAMES = (
    ("own", "both"),
    ("own", "right", "own", "left"),
    ("own", "right", "own", "left", "own", "both", "both"),
)
"""Clapping games: what is clapped on each beat, over and over. `right` is right hand to right hand."""


def hand_clap(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Pat-a-cake: own hands, then the partner's, straight or across, on every beat."""
    game = GAMES[min(int(params["pattern"] * len(GAMES)), len(GAMES) - 1)]
    own = rng.spawn(2)[int(params["role"] >= 0.5)]
    p = Puppet(t, own)
    p.stance(0.1 + 0.025 * own.random(), own.uniform(0.1, 0.22), ahead=own.uniform(-0.06, 0.06))
    beat = params["rate"] * t
    k = np.floor(beat).astype(int)
    u = beat - k
    kinds = [game[i % len(game)] for i in range(int(k[0]), int(k[-1]) + 2)]
    now, then = k - k[0], k - k[0] + 1

    # Hands leave a clap slowly and come to the next one fast.
    away = np.sin(np.pi * u**1.25) ** 0.9
    blend = ease((u - 0.08) / 0.8)[:, None]
    struck = np.exp(-u / 0.22)
    hit = lag(struck, t, 0.05)
    keep = np.zeros(len(t))
    for side in (LEFT, RIGHT):
        keys = [_strike(kind, side) for kind in kinds]
        poses = {name: np.array([getattr(key, name) for key in keys]) for name in ("goal", "fingers", "palm")}
        goal, fingers, palm = (poses[n][now] * (1 - blend) + poses[n][then] * blend for n in poses)
        live = 1 + 0.12 * drift(t, own, hz=0.5)
        goal = goal + away[:, None] * _DRAWN * live[:, None] + 0.008 * drift(t, own, (3,), hz=0.7)
        fingers = fingers + away[:, None] * np.array([0.1, -0.35, -0.15]) - hit[:, None] * [0.0, -0.06, 0.0]
        p.arm_reach(side, smooth(goal, t, 0.012), fingers, palm, swivel=0.12 + 0.12 * away)
        p.hand(side, hands.PALM)
        p.curl[:, side] += 0.05 * hit[:, None]
        p.shape[:, side, 1:, 1] += 0.1 * away[:, None] - 0.05 * hit[:, None]
        p.shrug[:, side] += 0.03
    first = int(k[0])
    for i, kind in enumerate(kinds):
        if kind == "own":
            keep = np.maximum(keep, _near(beat, first + i, 0.0, 0.42))
    if keep.any():
        p.keep_palm(RIGHT, "other_hand", (0.002, 0.004, -0.008), keep)

    side_of = {"own": 0.0, "both": 0.0, "right": 1.0, "left": -1.0}
    lead = np.array([side_of[kind] for kind in kinds])
    twist = smooth(lead[now] * (1 - blend[:, 0]) + lead[then] * blend[:, 0], t, 0.04)
    out = np.array([0.0 if kind == "own" else 1.0 for kind in kinds])
    lean = smooth(out[now] * (1 - blend[:, 0]) + out[then] * blend[:, 0], t, 0.05)
    bob = np.sin(np.pi * beat + 0.4)
    p.sway[:, 0] += 0.016 * bob + 0.014 * lag(twist, t, 0.1)
    p.sway[:, 1] -= 0.012 * lean
    p.sway[:, 2] -= 0.004 + 0.011 * hit
    p.pelvis[:, 1] -= 0.03 * bob
    p.pelvis[:, 2] += 0.06 * lag(twist, t, 0.06)
    p.spine[:, 0] += 0.05 * lag(lean, t, 0.04) - 0.01
    p.spine[:, 1] += 0.03 * lag(bob, t, 0.1)
    p.spine[:, 2] += 0.14 * twist
    p.head[:, 0] += 0.05 * lag(hit, t, 0.08) - 0.02
    p.head[:, 1] += 0.06 * lag(bob, t, 0.16) + 0.04 * drift(t, own, hz=0.4)
    p.head[:, 2] -= 0.05 * lag(twist, t, 0.1)
    # Eyes on the partner, now and then on the hands.
    when = float(own.uniform(0.3, 1.2))
    while when < t[-1]:
        length = float(own.uniform(0.5, 1.1))
        if own.random() < 0.5:
            p.look((float(own.uniform(-0.15, 0.15)), -1.0, -0.45), when, when + length, head=0.35)
        when += length + float(own.uniform(0.6, 1.6))
    face.grin(p.face, np.clip(0.5 + 0.35 * drift(t, own, hz=0.3), 0.15, 1.0))
    face.raise_brows(p.face, 0.3 * lag(hit, t, 0.08))
    p.events.append((0.0, seconds, "plays a clapping game, palms against the partner's"))

    half = min(0.4, 0.22 * params["rate"])
    touches = []
    for hand in _SIDES:
        for what, names in ((_OTHER, ("both",)), (_SAME, (hand,))):
            weight = np.zeros(len(t))
            for i, kind in enumerate(kinds):
                if kind in names:
                    weight = np.maximum(weight, _near(beat, first + i, 0.045 * params["rate"], half))
            if weight.any():
                touches.append(Touch(hand, what[hand], weight))
    return replace(p.track(), touches=tuple(touches))


def _strike(kind: str, side: int) -> _Strike:
    if kind == "own":
        return _OWN
    if kind == "both":
        return _STRAIGHT
    return _ACROSS if kind == ("left", "right")[side] else _WAITING


def _near(beat: np.ndarray, at: float, hold: float, half: float) -> np.ndarray:
    """1 within `hold` beats of a beat, eased to 0 at `half` more beats away."""
    away = np.abs(beat - at)
    return 1 - ease((away - hold) / half)


@dataclass(frozen=True)
class _Figure:
    """Six beats of a couple, in the leader's frame and in shares of a step.

    steps: (beat, leader's foot, where the foot lands: aside to the left, ahead towards the partner, and
    apart: away from the partner for both). centre: (6, 3) where the weight is on each beat, in the same way.
    """

    steps: tuple[tuple[int, int, tuple[float, float, float]], ...]
    centre: tuple[tuple[float, float, float], ...]
    turn: tuple[float, ...]
    words: str


_BOX = _Figure(
    steps=(
        (0, LEFT, (0.5, 0.5, 0.0)),
        (1, RIGHT, (-0.5, 0.5, 0.0)),
        (2, LEFT, (-0.5, 0.5, 0.0)),
        (3, RIGHT, (-0.5, -0.5, 0.0)),
        (4, LEFT, (0.5, -0.5, 0.0)),
        (5, RIGHT, (0.5, -0.5, 0.0)),
    ),
    centre=(
        (0.45, 0.35, 0),
        (-0.2, 0.5, 0),
        (-0.5, 0.45, 0),
        (-0.5, -0.3, 0),
        (0.1, -0.5, 0),
        (0.5, -0.4, 0),
    ),
    turn=(0.35, 0.0, -0.3, -0.4, 0.0, 0.3),
    words="steps a box with the partner",
)
_SWING = _Figure(
    steps=(
        (0, LEFT, (1.0, -0.5, 0.0)),
        (1, RIGHT, (0.62, -0.5, 0.0)),
        (2, RIGHT, (0.5, -0.5, 0.0)),
        (3, LEFT, (0.75, -0.5, 0.0)),
        (4, LEFT, (0.5, -0.5, 0.75)),
        (5, RIGHT, (0.5, -0.5, 0.12)),
    ),
    centre=(
        (0.9, -0.5, 0),
        (0.85, -0.5, 0),
        (0.55, -0.5, 0),
        (0.5, -0.5, 0),
        (0.5, -0.5, 0.5),
        (0.5, -0.5, 0.2),
    ),
    turn=(0.6, 0.5, -0.4, -0.3, 0.5, 0.0),
    words="rocks back and together with the partner",
)
_FIGURES = (_BOX, _SWING)
_BEATS = 6
_HALF_WIDTH = 0.095


def partner_dance(
    t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator
) -> Track:
    """Dance hand in hand: box steps and rock steps, rising and falling; the one leads, the other mirrors."""
    tempo, groove = params["tempo"] / 60, params["groove"]
    follows = params["role"] >= 0.5
    own = rng.spawn(2)[int(follows)]
    p = Puppet(t, own)
    # Both know the lead by heart, the follower a trifle late.
    beat = t * tempo - (0.035 * tempo if follows else 0.0)
    first, last = int(np.floor(beat[0] / _BEATS)) - 1, int(np.ceil(beat[-1] / _BEATS)) + 1
    figures = [_FIGURES[int(i)] for i in (rng.random(last - first + 1) < 0.5)]
    size = np.array([0.26, 0.2, 0.17]) * (0.55 + 0.45 * groove)
    p.stance(_HALF_WIDTH, 0.1)
    steps, times, places, turns = _footwork(p, beat, figures, first, size, follows, tempo)
    walk_steps(p, steps)
    centre = smooth(spline(beat, times, places), t, 0.07)
    turn = smooth(spline(beat, times, turns), t, 0.09)

    wave = 2 * np.pi * beat
    fall = np.exp(-0.5 * ((beat - np.round(beat)) / 0.2) ** 2)
    rise = 0.5 - 0.5 * np.cos(2 * np.pi * beat / 3 - 0.6)
    p.sway[:, :2] = centre[:, :2] + 0.006 * drift(t, own, (2,), hz=0.4)
    p.sway[:, 2] = -0.016 - groove * (0.02 * lag(fall, t, 0.04) - 0.01 * rise)
    speed = np.gradient(centre[:, 0], t)
    p.pelvis[:, 0] = 0.02
    p.pelvis[:, 1] = -0.1 * groove * np.sin(np.pi * beat + 0.3) - 0.1 * speed
    p.pelvis[:, 2] = 0.16 * groove * turn
    p.spine[:, 0] = 0.02 + 0.025 * np.cos(wave)
    p.spine[:, 1] = 0.09 * groove * lag(np.sin(np.pi * beat + 0.3), t, 0.08) + 0.16 * speed
    p.spine[:, 2] += 0.22 * groove * lag(turn, t, 0.07)
    p.shrug += 0.03 + 0.02 * lag(fall, t, 0.08)[:, None]
    p.head[:, 0] += -0.03 + 0.04 * lag(fall, t, 0.1)
    p.head[:, 1] += 0.07 * lag(np.sin(np.pi * beat), t, 0.14) + 0.05 * drift(t, own, hz=0.35)
    p.head[:, 2] += 0.12 * lag(turn, t, 0.1) + 0.06 * drift(t, own, hz=0.4)
    p.steady = 0.8

    # Hands between the two, the leader's below: they give on every beat, and stretch when both go apart.
    marks, shares = np.array(_aparts(figures, first)).T
    apart = smooth(spline(beat, marks, shares), t, 0.07)
    pump = lag(fall, t, 0.05)
    for side in (LEFT, RIGHT):
        o = OUTWARD[side]
        goal = np.stack(
            [
                0.05 - 0.05 * apart + 0.02 * o * lag(turn, t, 0.1),
                -0.33 - 0.07 * apart + 0.012 * np.cos(wave),
                -0.25 + 0.05 * apart - 0.03 * groove * pump + 0.05 * groove * rise + 0.03 * o * turn,
            ],
            axis=-1,
        )
        goal = goal + 0.008 * drift(t, own, (3,), hz=0.6)
        if follows:
            fingers, palm = np.array([-0.25, -0.95, 0.05]), np.array([-0.1, 0.1, -1.0])
            curl = np.array([0.15, 0.3, 0.32, 0.34, 0.36])
        else:
            fingers, palm = np.array([-0.35, -0.9, 0.15]), np.array([-0.15, -0.15, 1.0])
            curl = np.array([0.1, 0.28, 0.3, 0.32, 0.34])
        bent = fingers + 0.12 * (lag(pump, t, 0.06) - pump)[:, None] * np.array([0.0, 0.0, 1.0])
        p.arm_reach(side, lag(goal, t, 0.03), bent, palm, swivel=0.22 + 0.1 * rise)
        p.curl[:, side] = hands.drifting(t, own, curl) + 0.04 * lag(pump, t, 0.1)[:, None]
        p.spread[:, side] = 0.03
    face.smile(p.face, 0.5 + 0.25 * drift(t, own, hz=0.25))
    face.raise_brows(p.face, 0.2 * pump)
    when = float(own.uniform(0.5, 1.5))
    while when < t[-1]:
        length = float(own.uniform(0.4, 0.8))
        if own.random() < 0.4:
            p.look((float(own.uniform(-0.3, 0.3)), -1.0, -0.6), when, when + length, head=0.4)
        when += length + float(own.uniform(0.8, 2.0))
    for i, figure in enumerate(figures, start=first):
        start, end = i * _BEATS / tempo, (i + 1) * _BEATS / tempo
        if end > 0 and start < seconds:
            p.events.append((max(start, 0.0), min(end, seconds), figure.words))
    one = np.ones(len(t))
    touches = tuple(Touch(hand, _OTHER[hand], one) for hand in _SIDES)
    return replace(p.track(), touches=touches)


def _aparts(figures: Sequence[_Figure], first: int) -> list[tuple[float, float]]:
    """(beat, how far apart) for each beat of the figures."""
    return [
        (float((first + i) * _BEATS + b), figure.centre[b][2])
        for i, figure in enumerate(figures)
        for b in range(_BEATS)
    ]


def _footwork(
    p: Puppet,
    beat: np.ndarray,
    figures: Sequence[_Figure],
    first: int,
    size: np.ndarray,
    follows: bool,
    tempo: float,
) -> tuple[list[Step], list[float], list[list[float]], list[float]]:
    """Steps of one partner, and the weight's places (x, y) and the trunk's turn at each beat."""
    late = 0.035 if follows else 0.0

    def placed(share: tuple[float, float, float]) -> np.ndarray:
        """(2,) in the partner's own frame: the other sees the couple's way turned round."""
        aside, ahead, apart = np.array(share) * size
        return np.array([-aside if follows else aside, (ahead if follows else -ahead) + apart])

    steps: list[Step] = []
    times, places, turns = [], [], []
    for i, figure in enumerate(figures, start=first):
        for b, foot, share in figure.steps:
            side = 1 - foot if follows else foot
            at = (i * _BEATS + b) / tempo + late
            x, y = placed(share)
            # A foot stands half a hip's width outward of the couple's mark, and swings in before it lands.
            place = (float(x + OUTWARD[side] * _HALF_WIDTH), float(y + BEHIND))
            steps.append(Step(side, at - 0.5 / tempo, at - 0.04, place, OUTWARD[side] * 0.1, 0.035, 0.4))
        for b in range(_BEATS):
            times.append(float(i * _BEATS + b))
            places.append([*placed(figure.centre[b])])
            turns.append(-figure.turn[b] if follows else figure.turn[b])
    return steps, times, places, turns


FAMILIES = {"hand_clap": hand_clap, "partner_dance": partner_dance}
"""Name in the catalogue to the function that performs it."""
