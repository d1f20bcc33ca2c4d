"""Disco: five figures of four beats, chosen by chance, with hips, chest, arms and head on the pulse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render import rotations as rot
from render.motions import face, hands
from render.motions.puppet import BEHIND, OUTWARD, Puppet
from render.motions.signals import drift, ease, lag, smooth, spline
from render.motions.steps import Step, walk_steps
from render.motions.track import HEEL, LEFT, RIGHT, Track

FIGURES = (
    "steps from side to side",
    "bounces and pumps the arms",
    "sways the hips with both arms raised",
    "marches on the spot and rolls the forearms around each other",
    "points up high and down across the body with the right hand, the left on the hip",
)
"""Words for each figure."""

_BEATS = 4
"""Beats a figure."""
_HALF_WIDTH, _TOE_OUT = 0.1, 0.22


def disco(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Dance: the body drops on the beat, hips lead, chest and arms follow, hands come last."""
    p = Puppet(t, rng)
    tempo, groove, style = params["tempo"] / 60, params["groove"], params["style"]
    beat = t * tempo
    first, last = int(np.floor(beat[0] / _BEATS)) - 1, int(np.ceil(beat[-1] / _BEATS)) + 1
    likely = np.array([1.25 - style, 0.35 + 0.6 * style, 0.35 + 0.6 * style, 1.1 - style, 0.4 + 0.4 * style])
    figures: list[int] = []
    for _ in range(last - first + 1):
        chances = likely.copy()
        if figures:
            chances[figures[-1]] *= 0.15
        figures.append(int(rng.choice(len(FIGURES), p=chances / chances.sum())))
    weights = _weights(beat, figures, first)
    p.stance(_HALF_WIDTH, _TOE_OUT)
    weight = _footwork(p, beat, tempo, figures, first, groove)

    drop = 0.5 - 0.5 * np.cos(2 * np.pi * (beat + 0.5))
    pulse = smooth(drop**1.5, t, 0.02)
    half = np.sin(np.pi * beat)
    sway = weights @ np.array([0.0, 0.35, 1.0, 0.4, 0.9])
    # Hips go away from the hand that points, and are tossed on its way.
    toss = weights[:, 4] * _pointing(beat)
    p.sway[:, 0] = weight + 0.055 * groove * half * sway * (1 - weights[:, 4]) + 0.05 * groove * toss
    p.sway[:, 2] = -0.01 - groove * (0.026 + 0.022 * weights[:, 1]) * (1 - pulse)
    p.sway[:, 1] = 0.015 * groove * np.sin(2 * np.pi * beat)
    hips = lag(half, t, 0.02)
    p.pelvis[:, 0] = 0.05 + 0.05 * groove * np.cos(2 * np.pi * beat)
    p.pelvis[:, 1] = -groove * (hips * (0.06 + 0.1 * sway) * (1 - weights[:, 4]) + 0.13 * toss)
    p.pelvis[:, 2] = groove * 0.14 * np.sin(np.pi * beat + 0.6)
    p.spine[:, 0] = 0.04 - 0.07 * groove * lag(np.cos(2 * np.pi * beat), t, 0.08)
    p.spine[:, 1] = groove * lag(half, t, 0.1) * (0.1 + 0.1 * sway) * (1 - weights[:, 4])
    p.spine[:, 1] += 0.14 * groove * lag(toss, t, 0.05)
    p.spine[:, 2] += -groove * 0.22 * lag(np.sin(np.pi * beat + 0.6), t, 0.06)
    p.spine[:, 2] += -0.25 * groove * lag(toss, t, 0.05)
    p.shrug += 0.05 * groove * lag(pulse, t, 0.06)[:, None] + 0.03
    p.head[:, 0] += 0.1 * groove * lag(np.cos(2 * np.pi * beat), t, 0.07)
    p.head[:, 1] += 0.1 * groove * lag(half, t, 0.14)
    p.head[:, 2] += 0.12 * drift(t, rng, hz=0.4) - 0.35 * lag(toss, t, 0.07)
    p.head[:, 0] -= 0.12 * lag(toss, t, 0.07)
    p.glance(-0.3 * toss, 0.15 * toss)
    p.steady = 0.7
    _arms(p, beat, weights, groove, rng)
    face.smile(p.face, 0.6 + 0.25 * drift(t, rng, hz=0.25))
    face.raise_brows(p.face, 0.25 * lag(pulse, t, 0.05))
    face.add(p.face, {"jawOpen": 0.08})
    for k, figure in enumerate(figures, start=first):
        start, end = k * _BEATS / tempo, (k + 1) * _BEATS / tempo
        if end > 0 and start < seconds:
            p.events.append((max(start, 0.0), min(end, seconds), FIGURES[figure]))
    return p.track()


def _weights(beat: np.ndarray, figures: list[int], first: int) -> np.ndarray:
    """(N, 5) share of each figure: 1 within its bar, cross-faded over a beat at the bar lines."""
    out = np.zeros((len(beat), len(FIGURES)))
    for k, figure in enumerate(figures, start=first):
        begin, end = k * _BEATS, (k + 1) * _BEATS
        out[:, figure] += ease(beat - begin + 0.5) * (1 - ease(beat - end + 0.5))
    return out / out.sum(axis=1, keepdims=True)


def _pointing(beat: np.ndarray) -> np.ndarray:
    """1 on even beats, when the hand points up, −1 on odd ones, when it points down."""
    u = np.mod(beat + 0.35, 2.0)
    return (
        2 * (ease(u / 0.55) - ease((u - 1) / 0.55))
        - 1
        + 2
        * 0.12
        * (
            np.sin(np.pi * np.clip((u - 0.4) / 0.5, 0, 1)) ** 2
            - np.sin(np.pi * np.clip((u - 1.4) / 0.5, 0, 1)) ** 2
        )
    )


def _footwork(
    p: Puppet, beat: np.ndarray, tempo: float, figures: list[int], first: int, groove: float
) -> np.ndarray:
    """Steps and lifted heels of the figures; returns where the weight is (N,), metres to the left."""
    reach = 0.13 + 0.1 * groove
    steps: list[Step] = []
    weight = [(first * _BEATS - 1.0, 0.0)]
    heels = np.zeros((len(beat), 2))

    def step(side: int, at: float, x: float, lift: float, heel: float) -> None:
        place, yaw = (x, BEHIND), OUTWARD[side] * _TOE_OUT
        steps.append(Step(side, (at - 0.62) / tempo, at / tempo, place, yaw, lift, heel))

    for bar, figure in enumerate(figures, start=first):
        for b in range(_BEATS):
            at = bar * _BEATS + b
            over = 0.0
            if figure == 0:
                # Right out, left to it, left out, right to it: the weight goes over and back.
                side = (RIGHT, LEFT, LEFT, RIGHT)[b]
                centre = (-reach, -reach, 0.0, 0.0)[b]
                wide = _HALF_WIDTH + (0.04 if b in (0, 2) else 0.0)
                step(side, at, centre + OUTWARD[side] * wide, 0.05 * groove + 0.02, heel=0.35)
                over = centre + OUTWARD[side] * 0.02
            elif figure == 3:
                side = (LEFT, RIGHT)[b % 2]
                step(side, at, OUTWARD[side] * _HALF_WIDTH, 0.09 + 0.06 * groove, heel=0.5)
                over = OUTWARD[side] * 0.02
            elif figure in (2, 4) and b < _BEATS - 1:
                # The last beat is left to the next figure's first step.
                rise = ease(beat - at + 1) * (1 - ease(beat - at))
                heels[:, b % 2] = np.maximum(heels[:, b % 2], 0.4 * groove * rise)
            weight.append((at, over))
    walk_steps(p, steps)
    p.pitch += heels
    p.toes += heels
    p.planted[..., HEEL] &= heels < 0.01
    times, places = np.array(weight).T
    return smooth(spline(beat, times, places), p.t, 0.06)


def _arms(p: Puppet, beat: np.ndarray, weights: np.ndarray, groove: float, rng: np.random.Generator) -> None:
    t, n = p.t, len(p.t)
    whole, half = 2 * np.pi * beat, np.pi * beat
    for side in (LEFT, RIGHT):
        out = OUTWARD[side]
        swing = np.stack(
            [
                0.12 + 0.16 * out * np.sin(half + 0.3),
                -0.26 + 0.03 * np.cos(whole),
                -0.3 + 0.1 * np.cos(whole + 0.5),
            ],
            -1,
        )
        turn = 0.5 - 0.5 * out * np.cos(half)
        pump = np.stack([0.12 + 0.04 * np.cos(whole), -0.2 - 0.12 * turn, -0.02 + 0.34 * turn], -1)
        raised = np.stack(
            [0.2 + 0.13 * out * np.sin(half), -0.13 + 0.05 * np.cos(whole), 0.38 + 0.05 * np.cos(half * 2)],
            -1,
        )
        spin = whole * 1.0 + (0.0 if side == LEFT else np.pi)
        roll = np.stack([np.full(n, -0.02), -0.31 + 0.085 * np.cos(spin), -0.13 + 0.11 * np.sin(spin)], -1)
        if side == RIGHT:
            high, low = np.array([0.27, -0.18, 0.38]), np.array([-0.2, -0.33, -0.26])
            up = (0.5 + 0.5 * _pointing(beat))[:, None]
            arc = np.array([0.1, -0.2, 0.0]) * (up * (1 - up) * 4)
            point = low + (high - low) * up + arc
            pointed = np.array([0.55, -0.3, 0.8]) * up + np.array([-0.75, -0.3, -0.6]) * (1 - up)
        else:
            # The other hand is on the hip, its elbow out.
            point = np.array([0.14, 0.03, -0.35]) + 0.012 * np.stack(
                [np.cos(half), np.sin(half), 0 * half], -1
            )
            pointed = np.tile(np.array([-0.15, -0.9, -0.35]), (n, 1))
        goals = np.stack([swing, pump, raised, roll, point], axis=1)
        rest = np.array([0.12, -0.24, -0.28])
        goals = (
            rest
            + (goals - rest) * np.array([0.75 + 0.3 * groove, 0.8 + 0.2 * groove, 1.0, 1.0, 1.0])[:, None]
        )
        goal = np.sum(goals * weights[..., None], axis=1) + 0.012 * drift(t, rng, (3,), hz=0.7)
        goal = lag(goal, t, 0.04)
        late = lag(goal, t, 0.08) - goal
        fingers = weights[:, :4] @ np.array(
            [[0.1, -0.9, 0.2], [-0.1, -0.7, 0.8], [0.1, -0.2, 1.0], [-0.7, -0.6, 0.1]]
        )
        fingers += weights[:, 4:] * pointed + 3.0 * late
        palm = weights @ np.array(
            [[-0.6, 0.0, -0.8], [-0.9, -0.2, -0.1], [-0.3, -0.9, 0.1], [-0.2, 0.3, -0.9], [-0.9, 0.1, -0.4]]
        )
        swivel = weights @ np.array([0.35, 0.3, 0.3, 0.75, 0.3 if side == RIGHT else 0.9])
        p.arm_reach(side, goal, rot.normalised(fingers), palm, swivel=swivel)
        last = hands.POINT if side == RIGHT else hands.RELAXED
        shape = np.stack([hands.RELAXED, hands.FIST * 0.85, hands.OPEN, hands.FIST * 0.75, last])
        p.curl[:, side] = hands.drifting(t, rng, lag(weights @ shape, t, 0.1))
        p.curl[:, side] += 0.08 * lag(np.cos(whole), t, 0.12)[:, None]


FAMILIES = {"disco": disco}
"""Name in the catalogue to the function that performs it."""
