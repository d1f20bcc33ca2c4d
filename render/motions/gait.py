"""Gaits: feet that go round and round under a body on its way, whether it walks, runs or sneaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from render.motions.puppet import OUTWARD, Puppet
from render.motions.signals import ease, hermite, spline
from render.motions.track import HEEL, LEFT, RIGHT, TOE

Swing = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From the share v of the swing to (share of the way to the next footprint, metres off the ground)."""


@dataclass(frozen=True)
class Gait:
    """A foot's way through a stride, by the share u of it since the foot struck.

    seconds: of a stride (two steps). speed: metres a second; curve: radians turned a second.
    stance: share of the stride that the foot is on the ground; before: share of the stance before the body
        passes over the foot. beside: metres from the path to a foot; toe_out: radians.
    heel, toe: (from, to) shares u when each is planted. pitch: (knots over u, values), see `Track.pitch`.
    swing: see `Swing`.
    """

    seconds: float
    speed: float
    curve: float
    stance: float
    before: float
    beside: float
    toe_out: float
    heel: tuple[float, float]
    toe: tuple[float, float]
    pitch: tuple[ArrayLike, ArrayLike]
    swing: Swing

    @property
    def passing(self) -> float:
        """The share of the stride at which the body passes over the foot."""
        return self.stance * self.before


def along(t: np.ndarray, speed: float, curve: float) -> np.ndarray:
    """(N, 2) place after t seconds at `speed` along an arc that starts towards −y."""
    angle = curve * t
    # sin(a)/a and (1 − cos(a))/a, sound at a = 0
    ahead = np.sinc(angle / np.pi)
    aside = np.sin(angle / 2) * np.sinc(angle / (2 * np.pi))
    return (speed * t)[:, None] * np.stack([aside, -ahead], axis=-1)


def flowing(u: np.ndarray, knots: ArrayLike, values: ArrayLike, first: float, last: float) -> np.ndarray:
    """A cubic through values that does not rest at any of them (Catmull-Rom), with given end slopes."""
    at, v = np.asarray(knots, dtype=float), np.asarray(values, dtype=float)
    slopes = np.gradient(v, at)
    slopes[0], slopes[-1] = first, last
    return hermite(u, at, v, slopes)


def swung_through(gait_speed: float, seconds: float, stance: float, before: float, ahead: ArrayLike,
                  lift: ArrayLike, knots: ArrayLike) -> Swing:  # fmt: skip
    """A swing drawn as it looks from the body: metres ahead of it, and off the ground, at inner knots.

    The foot leaves and meets the ground at the ground's own speed, so nothing slides or jerks.
    """
    travel = gait_speed * seconds
    leave, meet = -(1 - before) * stance * travel, before * stance * travel
    slope = -travel * (1 - stance)
    at = np.concatenate([[0.0], np.asarray(knots, dtype=float), [1.0]])
    places = np.concatenate([[leave], np.asarray(ahead, dtype=float), [meet]])
    heights = np.concatenate([[0.0], np.asarray(lift, dtype=float), [0.0]])

    def swing(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        body = travel * (stance + v * (1 - stance) - before * stance)
        place = flowing(v, at, places, slope, slope)
        return (body + place) / travel, np.maximum(flowing(v, at, heights, 0.0, 0.0), 0.0)

    return swing


def stride(p: Puppet, cycle: np.ndarray, gait: Gait, time: np.ndarray) -> None:
    """Put a gait on the puppet's path, heading and feet.

    cycle: (N,) strides since the left foot struck at a whole number; time: (N,) the seconds at the gait's
    even speed at which the body would be where it is, `p.t` unless the gait hesitates.
    """
    p.heading[:] = gait.curve * time
    p.path[:] = along(time, gait.speed, gait.curve)
    for side in (LEFT, RIGHT):
        _stride_foot(p, side, cycle + 0.5 * side, gait, time)


def _stride_foot(p: Puppet, side: int, cycle: np.ndarray, gait: Gait, time: np.ndarray) -> None:
    k = np.floor(cycle)
    u = cycle - k

    def footprint(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the foot's `number`-th stance is: beside the body's place as it passes over the foot."""
        when = time + (number - cycle + gait.passing) * gait.seconds
        facing = gait.curve * when
        beside = np.stack([np.cos(facing), np.sin(facing)], axis=-1) * (OUTWARD[side] * gait.beside)
        return along(when, gait.speed, gait.curve) + beside, facing + OUTWARD[side] * gait.toe_out

    here, here_yaw = footprint(k)
    there, there_yaw = footprint(k + 1)
    v = np.clip((u - gait.stance) / (1 - gait.stance), 0.0, 1.0)
    share, lift = gait.swing(v)
    turned = ease(v)
    p.prints[:, side, :2] = here * (1 - share)[:, None] + there * share[:, None]
    p.prints[:, side, 2] = lift
    p.yaw[:, side] = here_yaw * (1 - turned) + there_yaw * turned
    pitch = spline(u, *gait.pitch)
    planted_toe = (u >= gait.toe[0]) & (u < gait.toe[1])
    # In the air the toes let go, and come up before a heel strikes or bend before the ball does.
    struck = max(float(pitch_at(gait, 0.0)), 0.0) if gait.toe[0] <= 0 else 0.12
    pushed = max(float(pitch_at(gait, gait.stance)), 0.0)
    free = pushed * (1 - ease(v / 0.45)) + struck * ease((v - 0.55) / 0.45)
    rocker = struck * (1 - ease(u / max(gait.toe[0], 1e-6)))
    toes = np.where(u >= gait.stance, free, rocker)
    p.pitch[:, side] = pitch
    p.toes[:, side] = np.where(planted_toe, np.maximum(pitch, 0.0), toes)
    p.planted[:, side, HEEL] = (u >= gait.heel[0]) & (u < gait.heel[1])
    p.planted[:, side, TOE] = planted_toe


def pitch_at(gait: Gait, u: float) -> float:
    """The foot's pitch at share u of the stride."""
    return float(spline(np.array([u]), *gait.pitch)[0])
