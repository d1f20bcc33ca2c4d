"""Throwing: an overarm throw, each part of the body handing its speed on to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from render.motions import face, hands
from render.motions.puppet import OUTWARD, SIDES, Puppet
from render.motions.signals import drift, lag, pulse, ramp, smooth, spline
from render.motions.track import HEEL, LEFT, RIGHT, TOE, Track

Keys = Callable[[list[float], list[float]], np.ndarray]
"""From times about the release and values to a curve (N,)."""

_BALL_GRIP = np.array([0.42, 0.4, 0.42, 0.5, 0.62])


def throw(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Throw again and again: weight back, knee up, stride, then hips, chest, elbow and hand in turn."""
    p = Puppet(t, rng)
    power = params["power"]
    arm = LEFT if params["side"] >= 0 else RIGHT
    lead = 1 - arm
    out = OUTWARD[arm]
    count = max(1, round(seconds * params["rate"]))
    period = max(seconds / count, 1.5)
    pace = min(1.0, period / 2.05)
    # Seconds before (−) and after the release of each throw, as a throw of natural pace counts them.
    until = 1.12 * pace
    now = (np.mod(t, period) - until) / pace
    rest_from, rest_to = -1.12, period / pace - 1.12

    def keys(times: list[float], values: list[float]) -> np.ndarray:
        """A curve through keys, at rest (first value) between throws."""
        return spline(now, [rest_from, *times, rest_to], [values[0], *values, values[0]])

    # Feet: the rear one holds and rolls up on its ball; the lead one strides and steps back.
    p.stance(0.1, 0.0, ahead=-out * 0.12)
    p.yaw[:, lead], p.yaw[:, arm] = -out * 0.05, out * 0.55
    long = 0.19 + 0.15 * power
    home = p.prints[0, lead].copy()
    forth = home + np.array([-out * 0.02, -long, 0.0])
    off, plant, back, down = -0.74, -0.17, 0.44, 0.78
    up, away = ramp(now, off, plant), ramp(now, back, down)
    place = (up * (1 - away))[:, None]
    # The knee comes up before the foot goes forth.
    place = np.where((now < plant)[:, None], ramp(now, -0.52, plant)[:, None], place)
    p.prints[:, lead] = home * (1 - place) + forth * place
    raised = 0.1 + 0.16 * power
    p.prints[:, lead, 2] = keys([off, -0.46, -0.3, plant], [0.0, raised, 0.55 * raised, 0.0])
    p.prints[:, lead, 2] += 0.05 * np.sin(np.pi * np.clip((now - back) / (down - back), 0, 1)) ** 2
    heel = pulse(now, off - 0.12, 0.14, 0.02, 0.3) + pulse(now, back - 0.12, 0.14, 0.02, 0.16)
    p.pitch[:, lead] = 0.4 * heel * ((now < plant - 0.05) | (now > plant + 0.05))
    p.toes[:, lead] = p.pitch[:, lead]
    aloft = ((now > off) & (now < plant)) | ((now > back) & (now < down))
    p.planted[:, lead] = ~aloft[:, None]
    p.planted[:, lead, HEEL] &= p.pitch[:, lead] < 0.01
    roll = keys([-0.2, 0.04, 0.26, 0.62, 0.86], [0.0, 0.62, 0.95 * min(power, 1.1), 0.3, 0.0])
    roll = np.maximum(roll, 0.0)
    p.pitch[:, arm] = roll
    p.toes[:, arm] = roll
    p.planted[:, arm, TOE] = True
    p.planted[:, arm, HEEL] = roll < 0.01

    # Trunk: wound up away from the target, unwound from the hips up.
    hips = keys([-0.95, -0.45, -0.16, 0.06, 0.3, 0.75], [-0.1, -0.62, -0.5, 0.28, 0.42, -0.05])
    chest = keys([-0.9, -0.4, -0.12, 0.1, 0.32, 0.8], [-0.05, -0.6, -0.62, 0.42, 0.6, 0.0])
    bow = keys([-0.85, -0.35, -0.07, 0.2, 0.38, 0.85], [0.06, -0.05, -0.2, 0.32, 0.42, 0.08])
    lean = keys([-0.9, -0.42, -0.1, 0.12, 0.34, 0.8], [0.0, -0.12, -0.1, 0.14, 0.16, 0.0])
    p.sway[:, 1] = keys(
        [-0.9, -0.5, -0.3, -0.1, 0.15, 0.4, 0.78],
        [0.02, 0.1, 0.05, -0.13 - 0.1 * long, -0.5 * long - 0.06, -0.6 * long - 0.05, 0.0],
    )
    p.sway[:, 0] = out * keys([-0.85, -0.5, -0.12, 0.25, 0.8], [0.0, 0.055, 0.0, -0.055, 0.0])
    p.sway[:, 2] = keys(
        [-1.0, -0.8, -0.48, -0.12, 0.08, 0.32, 0.6, 0.85],
        [-0.012, -0.035, -0.012, -0.1 - 0.1 * long, -0.08, -0.1, -0.06, -0.012],
    )
    p.pelvis[:, 0] = 0.04 + 0.55 * np.maximum(bow, 0.0)
    p.pelvis[:, 1] = -out * 0.5 * lean
    p.pelvis[:, 2] = out * power * hips
    p.spine[:, 0] += bow * (0.6 + 0.4 * power)
    p.spine[:, 1] += -out * lean
    p.spine[:, 2] += out * power * (chest - 0.3 * hips)
    p.head[:, 0] += 0.04 + 0.25 * np.maximum(bow, 0.0)
    p.head[:, 1] += -out * 0.25 * lag(lean, t, 0.06)
    p.head[:, 2] += out * 0.1 * lag(chest, t, 0.08)
    p.steady = 0.88
    p.knees[:, lead] = 0.1
    _arms(p, arm, now, keys, power, rng)

    effort = pulse(now, -0.35, 0.3, 0.06, 0.3)
    face.effort(p.face, 0.65 * effort * min(power, 1.0))
    face.exhale(p.face, 0.9 * pulse(now, -0.06, 0.1, 0.06, 0.3))
    face.add(p.face, face.both("browDown", 0.2) | face.both("eyeSquint", 0.15))
    face.raise_brows(p.face, 0.5 * pulse(now, 0.25, 0.2, 0.2, 0.4))
    throws = np.arange(np.floor(t[0] / period), np.ceil(t[-1] / period) + 1)
    for start in throws * period:
        if 0 <= start < seconds:
            end = min(start + until + 0.5 * pace, seconds)
            p.events.append((float(start), float(end), f"throws overarm with the {SIDES[arm]} arm"))
    return p.track()


def _arms(p: Puppet, arm: int, now: np.ndarray, keys: Keys, power: float, rng: np.random.Generator) -> None:
    t, n = p.t, len(p.t)
    # From the hands before the chest, down and back, up behind the head, over, and across the body.
    goal = np.stack(
        [
            keys([-0.95, -0.68, -0.42, -0.15, 0.0, 0.13, 0.3, 0.5],
                 [-0.06, 0.22, 0.27, 0.24, 0.1, -0.06, -0.2, -0.16]),
            keys([-0.95, -0.68, -0.42, -0.15, 0.0, 0.13, 0.3, 0.5],
                 [-0.26, 0.04, 0.16, 0.2, -0.26, -0.42, -0.3, -0.26]),
            keys([-0.95, -0.68, -0.42, -0.15, 0.0, 0.13, 0.3, 0.5],
                 [-0.14, -0.34, -0.02, 0.23, 0.34, 0.0, -0.36, -0.32]),
        ],
        axis=-1,
    )  # fmt: skip
    goal = smooth(goal, t, 0.018) + 0.014 * drift(t, rng, (3,), hz=0.9)
    swivel = keys([-0.9, -0.65, -0.4, -0.1, 0.08, 0.3, 0.6], [0.25, 0.3, 1.25, 1.35, 1.0, 0.5, 0.3])
    cocked = pulse(now, -0.5, 0.25, 0.16, 0.12)
    snap = pulse(now, -0.02, 0.1, 0.05, 0.3)
    fingers = np.stack(
        [0.1 - 0.3 * snap, -0.7 + 1.1 * cocked - 0.4 * snap, 0.35 + 0.5 * cocked - 1.2 * snap], axis=-1
    )
    palm = np.stack([-0.8 + 0.7 * cocked, -0.2 - 0.9 * cocked - 0.5 * snap, -0.3 - 0.7 * snap], axis=-1)
    p.arm_reach(arm, goal, lag(fingers, t, 0.03), lag(palm, t, 0.03), swivel=swivel)
    held = 1 - ramp(now, -0.02, 0.05) + ramp(now, 0.6, 0.95)
    grip = _BALL_GRIP * held[:, None] + hands.OPEN * (1 - held)[:, None]
    p.curl[:, arm] = hands.drifting(t, rng, lag(grip, t, 0.03))
    p.curl[:, arm] += 0.3 * (pulse(now, 0.12, 0.15, 0.15, 0.4))[:, None] * np.array([0.3, 0.7, 0.9, 1, 1])
    p.spread[:, arm] += 0.12 * (1 - np.clip(held, 0, 1))

    # The other arm points the way, then is pulled in, which turns the chest.
    other = 1 - arm
    aim = np.stack(
        [
            keys([-0.95, -0.62, -0.34, -0.04, 0.2, 0.55], [-0.06, 0.1, 0.1, 0.16, 0.24, 0.1]),
            keys([-0.95, -0.62, -0.34, -0.04, 0.2, 0.55], [-0.26, -0.34, -0.42, -0.1, 0.1, -0.12]),
            keys([-0.95, -0.62, -0.34, -0.04, 0.2, 0.55], [-0.15, -0.06, 0.08, -0.24, -0.34, -0.3]),
        ],
        axis=-1,
    )
    aim = lag(aim, t, 0.03) + 0.014 * drift(t, rng, (3,), hz=0.9)
    point = pulse(now, -0.7, 0.3, 0.12, 0.3)
    ahead = np.stack([-0.2 + 0.1 * point, -0.8 + 0 * t, 0.2 - 0.15 * point], axis=-1)
    p.arm_reach(other, aim, ahead, np.array([-0.7, 0.0, -0.5]), swivel=0.3 + 0.3 * point)
    shape = hands.RELAXED + (hands.FLAT - hands.RELAXED) * point[:, None]
    p.curl[:, other] = (
        hands.drifting(t, rng, lag(shape, t, 0.06)) + 0.25 * pulse(now, -0.1, 0.15, 0.1, 0.4)[:, None]
    )
    p.shrug += 0.03
    p.shrug[:, arm] += 0.12 * cocked + 0.05 * np.ones(n) * power


FAMILIES = {"throw": throw}
"""Name in the catalogue to the function that performs it."""
