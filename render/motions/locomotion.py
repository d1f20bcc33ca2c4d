"""Getting about: walking and turning on the spot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render.motions.gait import Gait, stride
from render.motions.puppet import BEHIND, OUTWARD, Puppet
from render.motions.signals import ease, lag, pulse, ramp
from render.motions.steps import Step, walk_steps
from render.motions.track import LEFT, RIGHT, Track


def walk(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Walk along an arc, already in full stride."""
    p = Puppet(t, rng)
    speed, curve, swing = params["speed"], params["curve"], params["swing"]
    step = 0.55 * np.sqrt(speed / 1.2)
    seconds_a_stride = 2 * step / speed
    cycle = t / seconds_a_stride + rng.random()
    gait = _walking(speed, curve, seconds_a_stride)
    stride(p, cycle, gait, t)

    # Phase 0: the left foot strikes; the body is lowest there, highest as it passes over a foot.
    wave = 2 * np.pi * cycle
    over = wave - 2 * np.pi * gait.passing
    bounce = 0.011 + 0.008 * speed
    p.sway[:, 2] = -0.012 - 0.012 * speed + bounce * np.cos(2 * over)
    p.sway[:, 0] = 0.024 * np.cos(over)
    p.sway[:, 1] = -0.01 * np.sin(2 * over)
    twist = (0.05 + 0.05 * speed) * np.cos(wave - 0.25)
    p.pelvis[:, 0] = 0.03 + 0.025 * speed + 0.015 * np.cos(2 * wave)
    p.pelvis[:, 1] = -0.06 * np.cos(over + 0.3) + 0.05 * curve * speed
    p.pelvis[:, 2] = -twist
    p.spine[:, 0] = 0.01 - 0.02 * np.cos(2 * wave - 0.6)
    p.spine[:, 1] = 0.065 * np.cos(over) + 0.03 * curve * speed
    p.spine[:, 2] += lag(twist, t, 0.04) * (1.2 + 0.7 * swing)
    p.head[:, 0] += 0.03 * np.cos(2 * wave - 0.9)
    p.head[:, 2] += 0.25 * curve
    p.knees[:] = 0.05
    own = rng.normal(0.0, 0.06, (2, 3))
    for side in (LEFT, RIGHT):
        # Arms swing against the leg of their side, forward arm a little more bent, hand trailing.
        beat = -np.cos(wave - np.pi * side - 0.15)
        size = swing * (0.16 + 0.24 * speed) * (1 + own[side, 0])
        forward = 0.04 + size * beat
        trailing = lag(forward, t, 0.09)
        p.arm_angles(
            side,
            forward=forward,
            out=0.2 + 0.02 * np.cos(2 * wave) + 0.3 * own[side, 1],
            inward=0.15 + 0.2 * lag(beat, t, 0.06) * swing,
            bend=0.42 + 0.3 * own[side, 2] + 0.75 * size * lag(beat, t, 0.1),
            twist=0.35,
            flex=0.5 * (forward - trailing) + 0.05,
            deviate=0.1 * lag(beat, t, 0.12),
        )
        p.curl[:, side] += 0.06 * lag(beat, t, 0.15)[:, None]
    p.shrug += 0.015 * np.cos(2 * wave)[:, None]
    way = "ahead" if abs(curve) < 0.15 else f"in a curve to the {'left' if curve > 0 else 'right'}"
    p.events.append((0.0, seconds, f"walks {way}, the arms swinging with the steps"))
    return p.track()


def _walking(speed: float, curve: float, seconds: float) -> Gait:
    strike, push, stance = 0.16 + 0.12 * speed, 0.5 + 0.3 * speed, 0.62

    def swing(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # Minimum jerk, but moving ahead already as the toes leave and still as the heel strikes.
        way = ease(v) + 0.35 * v * (1 - v) ** 3 * (1 + 3 * v) - 0.28 * v**3 * (1 - v) * (4 - 3 * v)
        return way, (0.02 + 0.022 * speed) * np.sin(np.pi * v**0.75) ** 2

    return Gait(
        seconds, speed, curve, stance, before=0.43, beside=0.075, toe_out=0.1,
        heel=(0.0, 0.36), toe=(0.085, stance),
        pitch=(
            [0.0, 0.085, 0.36, stance, 0.67, 0.85, 0.96, 1.0],
            [-strike, 0.0, 0.0, push, push * 1.1, -0.02, -strike, -strike],
        ),
        swing=swing,
    )  # fmt: skip


def turn(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Turn on the spot in small steps: eyes first, then head, chest, hips; the inner foot opens the turn."""
    p = Puppet(t, rng)
    angle = params["angle"]
    way = 1.0 if angle >= 0 else -1.0
    first = LEFT if angle >= 0 else RIGHT
    pace = _turning_steps(p, seconds, params, first, rng)
    p.heading[:] = _facing(t, seconds, angle)
    beat = np.pi * (t - _TURN_START) / pace
    # The weight is over the foot that stands.
    stand = -OUTWARD[first] * np.sin(beat + 0.35)
    lead = 0.35 * way * ramp(t, -0.05, 0.3 * seconds) * (1 - ramp(t, 0.6 * seconds, 0.95 * seconds))
    p.sway[:, 0] = 0.03 * stand
    p.sway[:, 2] = -0.016 - 0.01 * np.cos(2 * beat)
    p.pelvis[:, 0] = 0.03
    p.pelvis[:, 1] = -0.06 * stand
    p.spine[:, 2] = 0.4 * lead + 0.12 * OUTWARD[first] * np.cos(beat)
    p.spine[:, 1] = 0.07 * lag(stand, t, 0.06)
    p.head[:, 2] += lead + 0.25 * angle / seconds
    # The eyes go first.
    p.glance(0.55 * way * pulse(t, -0.15, 0.14, 0.2, 0.35))
    own = rng.normal(0.0, 0.04, (2, 2))
    for side in (LEFT, RIGHT):
        swing = OUTWARD[side] * OUTWARD[first] * np.cos(beat + 0.2)
        p.arm_angles(
            side,
            forward=0.08 + 0.3 * swing + own[side, 0],
            out=0.24 + 0.5 * np.abs(lead) + 0.05 * np.sin(beat) ** 2,
            inward=0.25 + 0.25 * lag(swing, t, 0.07),
            bend=0.5 + 0.22 * lag(swing, t, 0.1) + own[side, 1],
            twist=0.4,
            flex=0.12 * lag(swing, t, 0.15),
        )
    far = "around" if abs(angle) > 2.2 else "a little" if abs(angle) < 0.7 else "part of the way"
    p.events.append((0.0, seconds, f"turns {far} to the {'left' if angle >= 0 else 'right'}"))
    return p.track()


_TURN_START = 0.08
"""Seconds into a turn that its first step begins."""


def _facing(t: np.ndarray | float, seconds: float, angle: float) -> np.ndarray:
    """Heading at t: eased at both ends of the phrase, with an even middle."""
    u = np.clip(np.asarray(t) / seconds, 0.0, 1.0)
    return angle * (0.55 * u * u * (3 - 2 * u) + 0.45 * ease(u))


def _turning_steps(
    p: Puppet, seconds: float, params: Mapping[str, float], first: int, rng: np.random.Generator
) -> float:
    """Feet that step under the turning body, in place before and after; returns seconds from step to step."""
    width, toe_out = 0.1 + 0.02 * rng.random(), 0.12
    wanted = 0.36 + 0.05 * rng.random()
    pace = (seconds - 0.15) / max(2, round((seconds - 0.15) / wanted))

    def place(side: int, when: float) -> tuple[tuple[float, float], float]:
        facing = float(_facing(when, seconds, params["angle"]))
        x, y = np.array([np.cos(facing), np.sin(facing)]) * OUTWARD[side] * width
        return (
            float(x) - BEHIND * float(np.sin(facing)),
            float(y) + BEHIND * float(np.cos(facing)),
        ), facing + OUTWARD[side] * toe_out

    begin = int(np.floor((p.t[0] - _TURN_START) / pace)) - 1
    end = int(np.ceil((p.t[-1] - _TURN_START) / pace)) + 1
    for side in (LEFT, RIGHT):
        p.prints[:, side, :2], p.yaw[:, side] = place(side, _TURN_START + begin * pace)
    steps = []
    for k in range(begin, end):
        side = first if k % 2 == 0 else 1 - first
        start = _TURN_START + k * pace
        # The foot lands where the body will face half a step later.
        where, yaw = place(side, start + 1.3 * pace)
        steps.append(Step(side, start, start + 0.8 * pace, where, yaw, 0.065 * params["lift"], heel=0.45))
    walk_steps(p, steps)
    return pace


FAMILIES = {"walk": walk, "turn": turn}
"""Name in the catalogue to the function that performs it."""
