"""Paces of a purpose: sneaking, marching, climbing with high steps, stepping sideways."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render.motions import face, hands
from render.motions.gait import Gait, stride, swung_through
from render.motions.puppet import BEHIND, OUTWARD, SIDES, Puppet
from render.motions.signals import drift, ease, lag, pulse, smooth
from render.motions.steps import Step, walk_steps
from render.motions.track import LEFT, RIGHT, Track


def sneak(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Sneak: crouched, each knee comes up high, waits, and the foot feels for the ground toes first."""
    p = Puppet(t, rng)
    speed, curve, crouch = params["speed"], params["curve"], params["crouch"]
    length = 0.36 + 0.3 * (speed - 0.3)
    span = 2 * length / speed
    stance, before = 0.66, 0.5
    lift = 0.1 + 0.1 * crouch
    gait = Gait(
        span, speed, curve, stance, before, beside=0.07, toe_out=0.12,
        heel=(0.13, 0.5), toe=(0.0, stance),
        pitch=(
            [0.0, 0.13, 0.5, stance, 0.76, 0.88, 1.0],
            [0.32, 0.0, 0.0, 0.5, 0.55, 0.25, 0.32],
        ),
        swing=swung_through(
            speed, span, stance, before,
            ahead=(-0.1, 0.14, 0.21), lift=(0.6 * lift, lift, 0.45 * lift), knots=(0.3, 0.62, 0.86),
        ),
    )  # fmt: skip
    # Time hesitates while a knee is up, and hurries on as the weight goes over.
    first = rng.random()
    even = t / span + first
    waits = 0.055 * span / (2 * np.pi)
    phase = 4 * np.pi * (even - stance - 0.12)
    time = t - 2 * waits * np.sin(phase)
    cycle = time / span + first
    stride(p, cycle, gait, time)

    wave = 2 * np.pi * cycle
    over = wave - 2 * np.pi * gait.passing
    p.sway[:, 2] = -0.05 - 0.13 * crouch + 0.018 * np.cos(2 * over - 0.4)
    p.sway[:, 0] = 0.045 * np.cos(over - 0.2)
    p.sway[:, 1] = 0.03 + 0.03 * crouch + 0.02 * np.sin(2 * over)
    p.pelvis[:, 0] = 0.16 + 0.2 * crouch
    p.pelvis[:, 1] = -0.06 * np.cos(over)
    p.pelvis[:, 2] = -0.12 * np.cos(wave - 0.2)
    p.spine[:, 0] = 0.16 + 0.28 * crouch + 0.05 * lag(np.cos(2 * over), t, 0.15)
    p.spine[:, 1] = 0.09 * np.cos(over - 0.4)
    p.spine[:, 2] += 0.3 * lag(np.cos(wave - 0.2), t, 0.1)
    p.knees[:] = 0.12
    # The head stays level and looks about: the eyes first, then the face.
    watch = np.tanh(2.5 * drift(t, rng, hz=0.32))
    p.head[:, 2] += 0.5 * lag(smooth(watch, t, 0.08), t, 0.15) + 0.2 * curve
    p.head[:, 0] += 0.05 + 0.04 * np.cos(2 * wave - 0.5)
    p.steady = 0.93
    p.glance(0.5 * smooth(watch, t, 0.05), -0.12)
    own = rng.normal(0.0, 1.0, (2, 3))
    for side in (LEFT, RIGHT):
        beat = -np.cos(wave - np.pi * side - 0.5)
        # Hands up before the chest, as if to push the air aside; one reaches as the other draws back.
        goal = np.stack(
            [
                0.06 + 0.03 * own[side, 0] + 0.05 * lag(beat, t, 0.2),
                -0.25 - 0.09 * beat,
                -0.2 - 0.04 * own[side, 1] + 0.09 * lag(beat, t, 0.15) - 0.03 * crouch,
            ],
            axis=-1,
        )
        goal += 0.01 * drift(t, rng, (3,), hz=0.7)
        fingers = np.stack([-0.15 + 0 * t, -0.8 + 0 * t, 0.25 - 0.4 * lag(beat, t, 0.25)], axis=-1)
        palm = np.array([-0.15, -0.45, -0.85])
        p.arm_reach(side, goal, fingers, palm, swivel=0.35 + 0.12 * lag(beat, t, 0.2))
        p.curl[:, side] = hands.drifting(t, rng, hands.RELAXED * 0.9)
        p.curl[:, side] += 0.12 * lag(beat, t, 0.3)[:, None] * np.array([0.3, 0.6, 0.9, 1.1, 1.3])
    p.spread += 0.12
    p.shrug += 0.1 + 0.06 * crouch + 0.03 * lag(np.cos(2 * over), t, 0.1)[:, None]
    face.raise_brows(p.face, 0.35 + 0.15 * drift(t, rng, hz=0.4))
    face.add(p.face, face.both("mouthPress", 0.3) | {"mouthPucker": 0.15})
    way = "ahead" if abs(curve) < 0.15 else f"in a curve to the {SIDES[int(curve < 0)]}"
    p.events.append((0.0, seconds, f"sneaks {way} with bent arms, the hands held out in front"))
    return p.track()


def march(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """March: upright, knees high, straight arms that swing from the shoulder, heels that stamp."""
    p = Puppet(t, rng)
    speed, lift = params["speed"], params["lift"]
    length = 0.3 + 0.32 * (speed - 0.5)
    span = 2 * length / speed
    stance, before = 0.55, 0.42
    high = 0.12 + 0.2 * lift
    gait = Gait(
        span, speed, 0.0, stance, before, beside=0.065, toe_out=0.14,
        heel=(0.0, 0.4), toe=(0.04, stance),
        pitch=(
            [0.0, 0.04, 0.4, stance, 0.66, 0.78, 0.93, 1.0],
            [-0.1, 0.0, 0.0, 0.45, 0.5, 0.35, -0.06, -0.1],
        ),
        swing=swung_through(
            speed, span, stance, before,
            ahead=(-0.04, 0.16 + 0.04 * lift, 0.5 * length * 0.5 + 0.1),
            lift=(0.62 * high, high, 0.5 * high), knots=(0.3, 0.58, 0.84),
        ),
    )  # fmt: skip
    cycle = t / span + rng.random()
    stride(p, cycle, gait, t)
    wave = 2 * np.pi * cycle
    over = wave - 2 * np.pi * gait.passing
    stamp = _twice(cycle, 0.02, 0.03, 0.2)
    p.sway[:, 2] = -0.038 + 0.008 * np.cos(2 * over) - 0.012 * smooth(stamp, t, 0.02)
    p.sway[:, 0] = 0.032 * np.cos(over)
    p.sway[:, 1] = -0.008 * np.sin(2 * over)
    p.pelvis[:, 0] = -0.03 - 0.03 * lift * np.cos(2 * over)
    p.pelvis[:, 1] = -0.05 * np.cos(over)
    p.pelvis[:, 2] = -0.07 * np.cos(wave - 0.2)
    p.spine[:, 0] += -0.07 + 0.04 * lag(smooth(stamp, t, 0.02), t, 0.05)
    p.spine[:, 1] = 0.055 * np.cos(over - 0.25)
    p.spine[:, 2] += 0.16 * np.cos(wave - 0.35)
    p.head[:, 0] += -0.04 + 0.05 * lag(smooth(stamp, t, 0.02), t, 0.07)
    p.steady = 0.9
    own = rng.normal(0.0, 1.0, (2, 3))
    for side in (LEFT, RIGHT):
        # Crisp: the arm is quick through the middle and dwells at both ends.
        beat = np.tanh(1.6 * -np.cos(wave - np.pi * side - 0.1)) / np.tanh(1.6)
        forward = 0.22 + (0.55 + 0.18 * lift) * (1 + 0.05 * own[side, 0]) * beat
        trailing = lag(forward, t, 0.06)
        p.arm_angles(
            side,
            forward=forward,
            out=0.14 + 0.02 * own[side, 1],
            inward=0.1 + 0.12 * np.clip(beat, 0, 1),
            bend=0.16 + 0.14 * np.clip(lag(beat, t, 0.05), 0, 1) + 0.25 * np.abs(forward - trailing),
            twist=0.25,
            flex=0.45 * (forward - trailing),
            deviate=0.06 * lag(beat, t, 0.06),
        )
        p.curl[:, side] = hands.drifting(t, rng, 0.8 * hands.FIST)
        p.curl[:, side] += 0.04 * lag(stamp, t, 0.05)[:, None]
    p.spread[:] = 0.0
    p.shrug += -0.03 + 0.03 * lag(smooth(stamp, t, 0.02), t, 0.04)[:, None]
    face.add(p.face, face.both("browDown", 0.22) | face.both("mouthPress", 0.2) | {"mouthShrugLower": 0.12})
    face.exhale(p.face, 0.3 * lag(stamp, t, 0.05) * (np.mod(cycle, 1.0) < 0.5))
    p.events.append(
        (0.0, seconds, "marches" + (" with high knees" if lift >= 0.8 else "") + ", the stiff arms swinging")
    )
    return p.track()


def stairs(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Climb with high steps: the knee leads, the whole foot is set down, the body leans over it and
    pushes."""
    p = Puppet(t, rng)
    speed, lift = params["speed"], params["lift"]
    length = 0.1 + 0.3 * speed
    span = 2 * length / speed
    stance, before = 0.59, 0.6
    high = lift + 0.06
    gait = Gait(
        span, speed, 0.0, stance, before, beside=0.085, toe_out=0.14,
        heel=(0.03, 0.47), toe=(0.0, stance),
        pitch=(
            [0.0, 0.03, 0.47, stance, 0.7, 0.8, 0.93, 1.0],
            [0.05, 0.0, 0.0, 0.55, 0.6, 0.2, -0.04, 0.05],
        ),
        swing=swung_through(
            speed, span, stance, before,
            ahead=(-0.08, 0.14, 0.2), lift=(0.62 * high, high, 0.72 * high), knots=(0.3, 0.6, 0.84),
        ),
    )  # fmt: skip
    cycle = t / span + rng.random()
    stride(p, cycle, gait, t)
    wave = 2 * np.pi * cycle
    over = wave - 2 * np.pi * gait.passing
    # Load: weight taken on a bent knee; push: that leg stretches and the body rises.
    load = smooth(_twice(cycle, 0.0, 0.16, 0.3), t, 0.05)
    p.sway[:, 2] = -0.022 - (0.06 + 0.12 * lift) * load
    p.sway[:, 0] = 0.05 * np.cos(over + 0.2)
    p.sway[:, 1] = 0.015 - 0.05 * load + 0.02 * np.sin(2 * over)
    p.pelvis[:, 0] = 0.1 + 0.16 * load
    p.pelvis[:, 1] = -0.07 * np.cos(over + 0.2)
    p.pelvis[:, 2] = -0.1 * np.cos(wave)
    p.spine[:, 0] += 0.06 + 0.17 * lag(load, t, 0.07)
    p.spine[:, 1] = 0.1 * np.cos(over - 0.1)
    p.spine[:, 2] += 0.12 * np.cos(wave - 0.3)
    p.head[:, 0] += 0.06 * np.cos(2 * over) + 0.08
    own = rng.normal(0.0, 1.0, (2, 3))
    for side in (LEFT, RIGHT):
        beat = -np.cos(wave - np.pi * side - 0.35)
        forward = 0.12 + (0.42 + 0.5 * lift) * (1 + 0.1 * own[side, 0]) * beat
        trailing = lag(forward, t, 0.12)
        p.arm_angles(
            side,
            forward=forward,
            out=0.27 + 0.03 * own[side, 1] + 0.06 * lag(load, t, 0.1),
            inward=0.25 + 0.2 * lag(beat, t, 0.1),
            bend=0.75 + 0.1 * own[side, 2] + 0.35 * lag(beat, t, 0.12),
            twist=0.35,
            flex=0.35 * (forward - trailing),
            deviate=0.1 * lag(beat, t, 0.15),
        )
        p.curl[:, side] += 0.14 + 0.1 * lag(beat, t, 0.15)[:, None]
    p.shrug += 0.05 * lag(load, t, 0.08)[:, None]
    push = lag(load, t, 0.3)
    face.effort(p.face, 0.12 + 0.4 * push)
    face.exhale(p.face, 0.7 * push * (np.sin(wave) > 0))
    p.events.append((0.0, seconds, "climbs ahead with high steps, the arms swinging along"))
    return p.track()


def _twice(cycle: np.ndarray, start: float, rise: float, fall: float) -> np.ndarray:
    """A bump after every step, in shares of a stride."""
    u = np.mod(2 * cycle, 1.0) / 2
    return pulse(u, start, rise, 0.0, fall) + pulse(u + 0.5, start, rise, 0.0, fall)


def sidestep(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Step sideways: the lead foot reaches, the weight goes over it, the other foot closes."""
    p = Puppet(t, rng)
    speed, crouch = params["speed"], params["crouch"]
    lead = LEFT if params["side"] >= 0 else RIGHT
    way = OUTWARD[lead]
    period = 0.86 - 0.28 * (speed - 0.4)
    reach = speed * period
    beat = t / period + rng.random()
    closed = 0.085 + 0.07 * crouch
    p.stance(closed, 0.14 + 0.1 * crouch)
    first, last = int(np.floor(beat[0])) - 1, int(np.ceil(beat[-1])) + 1
    steps: list[Step] = []
    start = (first - beat[0]) * period + t[0]
    for side in (LEFT, RIGHT):
        p.prints[:, side, 0] += way * reach * first
    for k in range(first, last + 1):
        now = start + (k - first) * period
        for side, late in ((lead, 0.0), (1 - lead, 0.46)):
            x = way * reach * (k + 1) + OUTWARD[side] * closed
            lift = 0.05 + 0.02 * (side == lead) - 0.02 * crouch
            begin = now + late * period
            place = (float(x), BEHIND)
            yaw = float(OUTWARD[side]) * (0.14 + 0.1 * crouch)
            steps.append(Step(side, begin, begin + 0.42 * period, place, yaw, lift, 0.4))
    walk_steps(p, steps)
    # The path is even; the body surges over it, and leans into the reach.
    wave = 2 * np.pi * beat
    p.path[:, 0] = way * reach * (beat + 0.13)
    # Spread feet are where the body is lowest and over the pushing leg.
    wide = 0.5 - 0.5 * np.cos(wave - 0.45)
    p.sway[:, 0] = way * 0.028 * np.sin(wave - 2.2)
    p.sway[:, 2] = -0.02 - 0.13 * crouch - (0.028 + 0.1 * max(reach - 0.35, 0.0)) * wide
    p.sway[:, 1] = 0.01 + 0.09 * crouch
    p.pelvis[:, 0] = 0.05 + 0.32 * crouch
    p.pelvis[:, 1] = -way * (0.07 * np.sin(wave - 0.2) + 0.02)
    p.spine[:, 0] += 0.04 + 0.16 * crouch
    p.spine[:, 1] += way * 0.09 * lag(np.sin(wave - 0.2), t, 0.08) + way * 0.03
    p.spine[:, 2] += way * 0.08 * np.sin(wave + 0.6)
    p.head[:, 0] += 0.02 * np.cos(wave)
    p.head[:, 1] += way * 0.05 * lag(np.sin(wave), t, 0.16)
    # Glances to where it goes.
    glance = ease(1.5 * drift(t, rng, hz=0.25) + 0.4)
    p.head[:, 2] += way * 0.45 * lag(glance, t, 0.1)
    p.glance(way * 0.4 * glance, 0.0)
    p.knees[:] = 0.08 + 0.22 * crouch
    p.steady = 0.88
    own = rng.normal(0.0, 1.0, (2, 3))
    for side in (LEFT, RIGHT):
        out = OUTWARD[side] * way
        swing = np.sin(wave - 0.5 + 0.35 * out)
        # Upright: arms that lift a little from the sides with each reach; crouched: wide and ready.
        open_ = lag(wide, t, 0.08)
        p.arm_angles(
            side,
            forward=0.12 + 0.55 * crouch + 0.1 * swing + 0.05 * own[side, 0],
            out=0.24 + 0.45 * crouch + (0.22 + 0.1 * out) * open_ + 0.03 * own[side, 1],
            inward=0.3 - 0.45 * crouch + 0.15 * lag(swing, t, 0.1),
            bend=0.5 + 0.5 * crouch + 0.2 * lag(swing, t, 0.12) + 0.06 * own[side, 2],
            twist=0.45 - 0.5 * crouch,
            flex=0.2 * lag(swing, t, 0.18) - 0.15 * crouch,
            deviate=0.12 * lag(swing, t, 0.1),
        )
        shape = hands.RELAXED * (1 - crouch) + hands.OPEN * crouch
        p.curl[:, side] = hands.drifting(t, rng, shape) + 0.07 * lag(swing, t, 0.2)[:, None]
    p.spread += 0.1 * crouch
    p.shrug += 0.04 * lag(wide, t, 0.1)[:, None]
    face.add(p.face, face.both("browDown", 0.2) | face.both("eyeSquint", 0.15), crouch)
    face.exhale(p.face, 0.3 * lag(wide, t, 0.2))
    p.events.append(
        (
            0.0,
            seconds,
            f"steps sideways to the {SIDES[lead]}"
            + (", the arms held away from the body" if crouch > 0.5 else ""),
        )
    )
    return p.track()


FAMILIES = {"sneak": sneak, "march": march, "stairs": stairs, "sidestep": sidestep}
"""Name in the catalogue to the function that performs it."""
