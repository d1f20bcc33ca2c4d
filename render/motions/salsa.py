"""Salsa: three steps and a pause to every four beats, hips over the standing leg, the chest against them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render.motions import face, hands
from render.motions.footwork import Facing, Landing, dance_feet, turned, weight
from render.motions.puppet import OUTWARD, Puppet
from render.motions.signals import drift, ease, lag, smooth, spline
from render.motions.track import LEFT, RIGHT, Track

FIGURES = (
    "steps forward and back",
    "steps to the sides",
    "breaks back and opens the arms",
    "turns once around to the right",
)
"""Words for each figure of eight beats."""

_BEATS = 8
_HALF_WIDTH, _BALL_AHEAD = 0.085, -0.08
_COUNTS = (0, 1, 2, 4, 5, 6)
"""Beats of a figure on which a foot lands: one two three, five six seven."""


def salsa(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Dance: the ball lands, the knee stretches, the hip settles over it; chest and arms answer."""
    p = Puppet(t, rng)
    tempo, groove, style = params["tempo"] / 60, params["groove"], params["style"]
    beat = t * tempo
    first, last = int(np.floor(beat[0] / _BEATS)) - 1, int(np.ceil(beat[-1] / _BEATS)) + 1
    likely = np.array([1.3 - 0.6 * style, 0.9, 0.5 + 0.7 * style, 0.2 + 0.8 * style])
    figures: list[int] = []
    for _ in range(last - first + 1):
        chances = likely.copy()
        if figures:
            chances[figures[-1]] *= 0.15
        figures.append(int(rng.choice(4, p=chances / chances.sum())))
    shares = _shares(beat, figures, first)

    def facing(when: np.ndarray) -> np.ndarray:
        """Full turns to the right on five, six, seven of a turning figure."""
        total = np.zeros_like(when)
        for k, figure in enumerate(figures, start=first):
            if figure == 3:
                total -= 2 * np.pi * _smooth_step((when - k * _BEATS - 3.3) / 3.1)
        return total

    landings = _landings(figures, first, groove, facing)
    dance_feet(p, beat, landings, facing)
    p.heading[:] = facing(beat)
    side = _standing(beat, landings)
    over = weight(beat, t, landings)
    p.path[:] = over - np.stack([np.zeros(len(t)), np.full(len(t), _BALL_AHEAD)], axis=-1)
    _keep_over_turns(p, shares)

    # Hips: pushed to the standing side after the step, that side up, and turned as the free leg comes by.
    hip = lag(side, t, 0.05)
    step = 2 * np.pi * beat
    p.sway[:, 0] = 0.045 * groove * hip
    p.sway[:, 1] = 0.012 + 0.012 * groove * np.sin(step)
    p.sway[:, 2] = -0.028 - 0.012 * groove * (1 + np.cos(step - 0.5)) * 0.5
    p.pelvis[:, 0] = 0.06 + 0.03 * groove * np.sin(step + 0.6)
    p.pelvis[:, 1] = -0.19 * groove * hip
    p.pelvis[:, 2] = -0.26 * groove * lag(side, t, 0.09)
    # The shoulders stay level and turn against the hips, a little later.
    opened = shares[:, 2] * smooth(_open(beat), t, 0.06)
    p.spine[:, 0] = 0.02 - 0.035 * groove * lag(np.cos(step), t, 0.08)
    p.spine[:, 1] = 0.25 * groove * lag(side, t, 0.1)
    p.spine[:, 2] += 0.48 * groove * lag(side, t, 0.14) + 0.35 * opened
    p.shrug += 0.04 + 0.07 * groove * np.stack([lag(side, t, 0.12), -lag(side, t, 0.12)], axis=-1)
    p.head[:, 0] += -0.03 + 0.03 * groove * lag(np.cos(step), t, 0.1)
    p.head[:, 1] += -0.07 * groove * lag(side, t, 0.16)
    p.head[:, 2] += 0.12 * drift(t, rng, hz=0.35) + 0.25 * opened + _look(p.heading, t)
    p.steady = 0.82
    p.knees[:] = 0.07
    _arms(p, beat, side, shares, opened, groove, rng)
    face.smile(p.face, 0.6 + 0.25 * drift(t, rng, hz=0.22) + 0.2 * shares[:, 3])
    face.raise_brows(p.face, 0.2 + 0.2 * np.abs(opened))
    face.add(p.face, {"jawOpen": 0.07}, 1 + 0.8 * np.sin(0.5 * step))
    for k, figure in enumerate(figures, start=first):
        start, end = k * _BEATS / tempo, (k + 1) * _BEATS / tempo
        if end > 0 and start < seconds:
            p.events.append((max(start, 0.0), min(end, seconds), FIGURES[figure]))
    return p.track()


def _smooth_step(u: np.ndarray) -> np.ndarray:
    u = np.clip(u, 0.0, 1.0)
    return 0.5 * ease(u) + 0.5 * u * u * (3 - 2 * u)


def _shares(beat: np.ndarray, figures: list[int], first: int) -> np.ndarray:
    """(N, 4) share of each figure, cross-faded over a beat at the figures' ends."""
    out = np.zeros((len(beat), len(FIGURES)))
    for k, figure in enumerate(figures, start=first):
        begin, end = k * _BEATS, (k + 1) * _BEATS
        out[:, figure] += ease(beat - begin + 0.5) * (1 - ease(beat - end + 0.5))
    return out / np.maximum(out.sum(axis=1, keepdims=True), 1e-6)


def _landings(figures: list[int], first: int, groove: float, facing: Facing) -> list[Landing]:
    """Every step, in order: the left foot begins each figure."""
    long = 0.13 + 0.13 * groove
    out: list[Landing] = []
    for k, figure in enumerate(figures, start=first):
        for number, count in enumerate(_COUNTS):
            beat = float(k * _BEATS + count)
            side = LEFT if number % 2 == 0 else RIGHT
            out_ = OUTWARD[side]
            x, y, turn = out_ * _HALF_WIDTH, _BALL_AHEAD, 0.18
            breaks = number in (0, 3)
            if figure == 0 and breaks:
                y += -long if number == 0 else long
            if figure == 1 and breaks:
                x += out_ * long * 1.1
            if figure == 2 and breaks:
                x, y, turn = -out_ * 0.02, y + long, 0.55
            if figure == 3 and number == 0:
                y -= 0.8 * long
            at = float(facing(np.array([beat + 0.1]))[0])
            # The turn is about the middle between the balls.
            dx, dy = turned((x, y - _BALL_AHEAD), at)
            place = (float(dx), float(dy) + _BALL_AHEAD)
            lift = 0.028 + 0.02 * groove
            out.append(Landing(side, beat, place, turn, swing=0.55, lift=lift, tip=0.3, roll=0.45))
    return out


def _standing(beat: np.ndarray, landings: list[Landing]) -> np.ndarray:
    """(N,) which leg stands: 1 the left, −1 the right, eased from landing to landing."""
    times = [one.beat + 0.3 for one in landings]
    return spline(beat, times, [OUTWARD[one.side] for one in landings])


def _keep_over_turns(p: Puppet, shares: np.ndarray) -> None:
    """In a turn the body stays over the middle of its steps, so that it does not circle."""
    p.path *= (1 - 0.6 * shares[:, 3])[:, None]


def _open(beat: np.ndarray) -> np.ndarray:
    """1 opened to the left (the left foot breaks back), −1 to the right, over a figure's eight beats."""
    u = np.mod(beat, _BEATS)
    left = ease((u + 0.4) / 0.8) * (1 - ease((u - 1.3) / 0.9)) + ease((u - 7.6) / 0.8)
    right = ease((u - 3.6) / 0.8) * (1 - ease((u - 5.3) / 0.9))
    return left - right


def _look(heading: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The head goes ahead of a turning body."""
    return 0.09 * np.gradient(heading, t)


def _arms(
    p: Puppet, beat: np.ndarray, side: np.ndarray, shares: np.ndarray, opened: np.ndarray, groove: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    t, n = p.t, len(p.t)
    step = 2 * np.pi * beat
    turning = lag(shares[:, 3] * np.clip(np.abs(np.gradient(p.heading, beat)), 0, 1), t, 0.06)
    for arm in (LEFT, RIGHT):
        out = OUTWARD[arm]
        mine = out * lag(side, t, 0.08)
        # Hands at the waist draw small circles: forward as the other hip goes out.
        goal = np.stack(
            [
                0.1 + 0.03 * np.sin(step + 0.4) + 0.03 * mine,
                -0.24 + 0.12 * groove * mine,
                -0.19 + 0.1 * groove * lag(mine, t, 0.12) + 0.025 * np.cos(step + out * 0.5),
            ],
            axis=-1,
        )
        # A break back to this side opens this arm out and up.
        wide = np.clip(out * lag(opened, t, 0.05), 0.0, 1.0)[:, None]
        goal = goal * (1 - wide) + np.array([0.42, -0.12, 0.05]) * wide
        high = np.array([0.06, -0.16, 0.36]) if arm == RIGHT else np.array([-0.12, -0.27, -0.1])
        goal = goal * (1 - turning[:, None]) + high * turning[:, None]
        goal += 0.01 * drift(t, rng, (3,), hz=0.7)
        late = lag(goal, t, 0.1) - goal
        flow = wide[:, 0]
        fingers = (
            np.stack([-0.3 + 1.2 * flow, -0.85 + 0.4 * flow, 0.12 + 0.3 * turning], axis=-1) + 3.5 * late
        )
        palm = np.stack([-0.75 + 0.6 * flow, -0.05 - 0.3 * flow, -0.55 + 1.0 * flow], axis=-1)
        p.arm_reach(arm, goal, fingers, palm, swivel=0.28 + 0.15 * mine + 0.2 * turning)
        grace = np.array([0.15, 0.08, 0.2, 0.3, 0.3])
        shape = hands.RELAXED * 0.8 + (grace - hands.RELAXED * 0.8) * wide
        p.curl[:, arm] = hands.drifting(t, rng, shape)
        p.curl[:, arm] += 0.1 * lag(np.sin(step + out), t, 0.12)[:, None] * np.linspace(0.3, 1.1, 5)
        p.spread[:, arm] += 0.06 + 0.06 * wide[:, 0] + np.zeros(n)


FAMILIES = {"salsa": salsa}
"""Name in the catalogue to the function that performs it."""
