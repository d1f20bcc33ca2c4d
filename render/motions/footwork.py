"""Dancers' footwork: feet that land on the beat, ball first, and pivot on their balls as the body turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from render import mannequin
from render.motions.puppet import OUTWARD, Puppet
from render.motions.signals import ease, smooth, spline
from render.motions.track import HEEL, LEFT, RIGHT, TOE

BALL = mannequin.BALL[:2]
"""From a flat foot's ankle to its ball, over the ground, for a foot that faces −Y."""


@dataclass(frozen=True)
class Landing:
    """A foot that lands on a beat.

    side: 0 left, 1 right. beat: when it lands. place: (x, y) metres of its ball, on the ground of the dance.
    turn: radians outward of where the body faces. swing: beats in the air. lift: metres. tip: radians that
    the heel is up when the ball lands; it comes down within `roll` beats. push: radians that the heel comes
    up before the toes leave; a foot that slides does not push.
    """

    side: int
    beat: float
    place: tuple[float, float]
    turn: float = 0.2
    swing: float = 0.5
    lift: float = 0.05
    tip: float = 0.28
    roll: float = 0.4
    push: float = 0.45


Facing = Callable[[np.ndarray], np.ndarray]
"""From beats (N,) to where the body faces then (N,), radians."""


def turned(place: ArrayLike, angle: ArrayLike) -> np.ndarray:
    """Places on the ground (..., 2), turned about the origin."""
    x, y = np.moveaxis(np.asarray(place, dtype=float), -1, 0)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)


def pivot(p: Puppet, side: int, turn: np.ndarray) -> None:
    """Turn a foot by `turn` (N,) radians, left positive, about its ball."""
    yaw = p.yaw[:, side].copy()
    p.yaw[:, side] = yaw + turn
    p.prints[:, side, :2] += turned(BALL, yaw) - turned(BALL, yaw + turn)


def dance_feet(p: Puppet, beat: np.ndarray, landings: Sequence[Landing], facing: Facing) -> None:
    """Put landings, in order of beats, on the puppet's feet; between them a foot stands on its ball's
    place."""
    toward = facing(beat)
    rate = np.abs(np.gradient(toward, beat))
    for side in (LEFT, RIGHT):
        mine = [one for one in landings if one.side == side]
        n = len(beat)
        ball = np.tile(np.array(mine[0].place), (n, 1))
        turn = np.full(n, mine[0].turn)
        lift, pitch, toes = np.zeros(n), np.zeros(n), np.zeros(n)
        aloft = np.zeros(n, dtype=bool)
        # On the ground the heel comes up as far as a turning body asks.
        turning = 0.3 * ease(rate / 0.9)
        for one in mine:
            off = one.beat - one.swing
            u = np.clip((beat - off) / one.swing, 0.0, 1.0)
            w = ease(u)
            ball = ball * (1 - w)[:, None] + np.array(one.place) * w[:, None]
            turn = turn * (1 - w) + one.turn * w
            lift += one.lift * np.sin(np.pi * u) ** 2
            push = ease((beat - off + 0.35) / 0.35) * (1 - ease(u / 0.8)) * one.push
            land = one.tip * ease((u - 0.5) / 0.5) * (1 - ease((beat - one.beat) / one.roll))
            pitch = np.maximum(pitch, np.maximum(push, land))
            toes = np.maximum(toes, np.maximum(push * (1 - ease(u / 0.5)), land))
            aloft |= (beat > off) & (beat < one.beat)
        pitch = np.where(aloft, pitch, np.maximum(pitch, turning))
        pitch = _agreeing(p, pitch, aloft)
        yaw = toward + OUTWARD[side] * turn
        p.prints[:, side, :2] = ball - turned(BALL, yaw)
        p.prints[:, side, 2] = lift
        p.yaw[:, side] = yaw
        p.pitch[:, side] = pitch
        p.toes[:, side] = np.where(aloft, toes, pitch)
        p.planted[:, side, TOE] = ~aloft
        p.planted[:, side, HEEL] = ~aloft & (pitch < 0.01)


def _agreeing(p: Puppet, pitch: np.ndarray, aloft: np.ndarray) -> np.ndarray:
    """The pitch without kinks, and never below 0."""
    return np.maximum(smooth(pitch, p.t, 0.012) - 0.004, 0.0)


def weight(beat: np.ndarray, t: np.ndarray, landings: Sequence[Landing], late: float = 0.12) -> np.ndarray:
    """(N, 2) where the body's weight is: over each ball as it takes over, `late` beats after it lands."""
    times = [one.beat + late for one in landings]
    places = np.array([one.place for one in landings])
    return smooth(spline(beat, times, places), t, 0.05)
