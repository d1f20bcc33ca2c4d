"""Spinning: whole turns on the ball of one foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from render.motions import face, hands
from render.motions.footwork import BALL, turned
from render.motions.puppet import BEHIND, OUTWARD, SIDES, Puppet
from render.motions.signals import drift, ease, lag, pulse, ramp, smooth, spline
from render.motions.track import HEEL, LEFT, RIGHT, TOE, Track

_HALF_WIDTH, _TOE_OUT = 0.1, 0.16
_PUSH, _SETTLE = 0.62, 0.75
"""Seconds of wind-up before the turn begins, and of balance after it ends."""


@dataclass(frozen=True)
class _Turn:
    """One spin: from standing at `centre` facing `facing`, from `start` for `lasts` seconds by `angle`."""

    start: float
    lasts: float
    centre: np.ndarray
    facing: float
    angle: float

    def heading(self, t: np.ndarray) -> np.ndarray:
        """Where the body faces: quick away from the push, slower and slower towards the end."""
        u = np.clip((t - self.start) / self.lasts, 0.0, 1.0)
        u = u + 0.13 * np.sin(np.pi * u) ** 2
        return self.facing + self.angle * (0.5 * ease(u) + 0.5 * u * u * (3 - 2 * u))


def spin(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Spin again and again: wind up, push off with one foot, turn on the other's ball, step out of it."""
    p = Puppet(t, rng)
    turns, arms = params["turns"], params["arms"]
    foot = LEFT if params["side"] >= 0 else RIGHT
    way = OUTWARD[foot]
    lasts = 0.3 + 0.55 * turns
    count = max(1, round(seconds / (lasts + _PUSH + _SETTLE)))
    period = max(seconds / count, lasts + _PUSH + 0.55)
    start = 0.5 * (period - lasts - _PUSH - 0.55) + _PUSH
    spins = _spins(t, period, start, lasts, foot, 2 * np.pi * turns * way)

    _feet_and_way(p, spins, foot)
    now = np.mod(t, period) - start
    whirl = ramp(now, -0.06, 0.16) * (1 - ramp(now, lasts - 0.2, lasts + 0.1))
    wind = pulse(now, -_PUSH, 0.4, 0.06, 0.2)
    push = pulse(now, -0.22, 0.18, 0.02, 0.25)
    over = pulse(now, lasts - 0.16, 0.2, 0.05, 0.42)
    p.sway[:, 0] = way * (-0.03 * wind + 0.035 * push + 0.012 * whirl)
    p.sway[:, 0] += 0.012 * whirl * np.sin(2 * np.pi * 2.1 * now)
    p.sway[:, 1] = 0.012 - 0.02 * whirl
    p.sway[:, 2] = -0.012 - 0.075 * wind - 0.04 * push + 0.03 * whirl - 0.06 * over
    p.pelvis[:, 0] = 0.04 + 0.1 * wind + 0.05 * over
    p.pelvis[:, 1] = -way * (0.03 * push - 0.05 * whirl + 0.04 * over)
    p.pelvis[:, 2] = way * (-0.3 * wind + 0.12 * push)
    # The shoulders wind up, lead away, and swing on when the hips have stopped.
    p.spine[:, 0] += 0.08 * wind - 0.08 * whirl + 0.06 * lag(over, t, 0.08)
    p.spine[:, 2] += way * (-0.5 * wind + 0.35 * push + 0.42 * over - 0.16 * lag(over, t, 0.3))
    p.spine[:, 1] += -way * (0.05 * wind + 0.05 * whirl - 0.08 * lag(over, t, 0.12))
    _spot(p, spins, way)
    _arms(p, foot, wind, whirl, push, over, arms, rng)
    p.knees[:] = 0.08
    p.knees[:, 1 - foot] += 0.75 * whirl
    face.effort(p.face, 0.35 * push)
    face.raise_brows(p.face, 0.4 * whirl)
    face.smile(p.face, 0.15 + 0.25 * whirl + 0.6 * pulse(now, lasts - 0.1, 0.3, 0.3, 0.5))
    face.exhale(p.face, 0.5 * pulse(now, lasts, 0.15, 0.1, 0.3))
    held = " with the arms out wide" if arms > 0.7 else " with the arms held in" if arms < 0.3 else ""
    for one in spins:
        if 0 <= one.start < seconds:
            end = min(one.start + lasts, seconds)
            p.events.append((one.start, end, f"spins to the {SIDES[foot]}" + held))
    return p.track()


def _spins(t: np.ndarray, period: float, start: float, lasts: float, foot: int, angle: float) -> list[_Turn]:
    """Every spin that the instants see, each from where the one before has ended."""
    first, last = int(np.floor(t[0] / period)) - 1, int(np.ceil(t[-1] / period)) + 1
    centre, facing = np.zeros(2), 0.0
    out = []
    for k in range(first, last):
        one = _Turn(k * period + start, lasts, centre, facing, angle)
        out.append(one)
        pivot = centre + turned(_ball(foot), facing)
        facing += angle
        centre = pivot - turned(_ball(foot), facing)
    return out


def _ball(foot: int) -> np.ndarray:
    """(2,) the ball of a standing foot, from between the feet."""
    toe_out = OUTWARD[foot] * _TOE_OUT
    return np.array([OUTWARD[foot] * _HALF_WIDTH, BEHIND]) + turned(BALL, toe_out)


def _feet_and_way(p: Puppet, spins: list[_Turn], foot: int) -> None:
    t, free = p.t, 1 - foot
    out = OUTWARD[free]
    ball = _ball(foot)
    for k, one in enumerate(spins):
        mine = np.flatnonzero(t >= one.start - _PUSH - 0.2) if k else np.arange(len(t))
        now = t[mine] - one.start
        facing = one.heading(t[mine])
        p.heading[mine] = facing
        pivot = one.centre + turned(ball, one.facing)
        after = pivot - turned(ball, one.facing + one.angle)
        # The weight goes over the ball before the push, and back between the feet after the turn.
        there = ramp(now, -0.3, 0.02)[:, None]
        gone = ramp(now, one.lasts - 0.12, one.lasts + 0.35)[:, None]
        stood = pivot - turned(np.array([0.0, -0.03]), facing)
        way = one.centre * (1 - there) + stood * there
        p.path[mine] = way * (1 - gone) + after * gone

        yaw = facing + OUTWARD[foot] * _TOE_OUT
        p.prints[mine, foot, :2] = pivot - turned(BALL, yaw)
        p.yaw[mine, foot] = yaw
        heel = 0.5 * ramp(now, -0.16, 0.06) * (1 - ramp(now, one.lasts - 0.04, one.lasts + 0.22))
        p.pitch[mine, foot] = heel
        p.toes[mine, foot] = heel
        p.planted[mine, foot, TOE] = True
        p.planted[mine, foot, HEEL] = heel < 0.01

        # The free foot pushes, is drawn to the other knee, and opens the stance again.
        off, land = 0.0, one.lasts + 0.02
        stance = np.array([out * _HALF_WIDTH, BEHIND])
        near = stood + turned(np.array([out * 0.05, 0.0]), facing)
        left = one.centre + turned(stance, one.facing)
        met = after + turned(stance, one.facing + one.angle)
        drawn = ramp(now, off, off + 0.26)[:, None]
        opened = ramp(now, land - 0.26, land)[:, None]
        p.prints[mine, free, :2] = (left * (1 - drawn) + near * drawn) * (1 - opened) + met * opened
        lift = ramp(now, off, off + 0.32) * (1 - ramp(now, land - 0.34, land))
        p.prints[mine, free, 2] = 0.27 * lift
        p.yaw[mine, free] = facing + out * (_TOE_OUT + 0.35 * lift)
        p.pitch[mine, free] = 0.55 * pulse(now, -0.2, 0.2, 0.02, 0.2) + 0.75 * lift
        p.toes[mine, free] = np.where(now < 0.0, p.pitch[mine, free], 0.1 * lift)
        p.toes[mine, free] += np.where(now >= 0.0, 0.55 * (1 - ramp(now, 0.0, 0.12)) * (now < 0.2), 0.0)
        down = (now <= off) | (now >= land)
        p.planted[mine, free, TOE] = down
        p.planted[mine, free, HEEL] = down & (p.pitch[mine, free] < 0.01)
    p.pitch[:, free] = np.where(p.planted[:, free].all(axis=1), 0.0, p.pitch[:, free])


def _spot(p: Puppet, spins: list[_Turn], way: float) -> None:
    """The head stays with what it looks at while the body turns away, then whips round ahead of it."""
    lead = np.zeros(len(p.t))
    for one in spins:
        turned = way * (one.heading(p.t) - one.facing)
        left = way * one.angle - turned
        around = np.mod(turned, 2 * np.pi)
        knots = [0.0, 1.1, 1.7, 3.9, 4.6, 2 * np.pi]
        offset = spline(around, knots, [0.0, -0.95, -1.05, 0.9, 1.0, 0.0])
        # No whip for what is left of a turn that ends before it.
        offset = offset * ramp(left, 0.0, 0.5)
        lead += np.where((turned > 0) & (left > 0), offset, 0.0)
    lead = smooth(lead, p.t, 0.03)
    p.head[:, 2] += way * lead
    p.glance(way * 0.35 * lead)
    p.steady = 0.8


def _arms(
    p: Puppet, foot: int, wind: np.ndarray, whirl: np.ndarray, push: np.ndarray, over: np.ndarray,
    arms: float, rng: np.random.Generator,
) -> None:  # fmt: skip
    t = p.t
    own = rng.normal(0.0, 1.0, (2, 3))
    late = lag(whirl, t, 0.07)
    for side in (LEFT, RIGHT):
        leads = side == foot
        rest = np.array([0.17, -0.06, -0.44])
        # Wound up: the leading arm curves across in front, the other is held out and back.
        ready = np.array([-0.08, -0.36, -0.08]) if leads else np.array([0.38, 0.14, -0.1])
        held_in = np.array([-0.1, -0.3, -0.16]) if leads else np.array([-0.13, -0.27, -0.1])
        wide = np.array([0.45, -0.1, -0.02 + 0.03 * own[side, 0]])
        turning = held_in * (1 - arms) + wide * arms + 0.015 * own[side]
        open_ = np.array([0.42, -0.12, -0.16])
        w, h = lag(wind, t, 0.03)[:, None], late[:, None]
        goal = rest + (ready - rest) * np.clip(w + 0.5 * push[:, None], 0, 1)
        goal = goal * (1 - h) + turning * h
        end = lag(over, t, 0.04)[:, None]
        goal = goal * (1 - 0.85 * end) + open_ * 0.85 * end
        goal += (0.012 + 0.02 * (1 - h) * (1 - end)) * drift(t, rng, (3,), hz=0.75)
        fingers = np.stack(
            [0.35 + 0.4 * arms * late, -0.6 + 0.25 * late * arms, -0.45 * (1 - late) + 0.1 * late], axis=-1
        )
        palm = np.stack([-0.8 + 0.5 * arms * late, -0.1 - 0.2 * late, -0.3 - 0.5 * arms * late], axis=-1)
        p.arm_reach(side, goal, lag(fingers, t, 0.06), palm, swivel=0.3 + 0.25 * late + 0.2 * end[:, 0])
        shape = (
            hands.RELAXED * (1 - 0.6 * h)
            + hands.OPEN * (0.6 * h * arms)
            + hands.FIST * (0.45 * h * (1 - arms))
        )
        p.curl[:, side] = hands.drifting(t, rng, lag(shape, t, 0.06))
        p.curl[:, side] += 0.15 * lag(over, t, 0.12)[:, None]
        p.spread[:, side] += 0.08 * arms * late
    p.shrug += 0.05 * whirl[:, None] + 0.04 * lag(over, t, 0.1)[:, None]


FAMILIES = {"spin": spin}
"""Name in the catalogue to the function that performs it."""
