"""Sport: squats, jumps, punches and kicks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render import mannequin
from render import rotations as rot
from render.motions import face, hands
from render.motions.footwork import pivot
from render.motions.puppet import OUTWARD, SIDES, Puppet
from render.motions.signals import drift, hermite, keyed, lag, pulse, ramp, smooth
from render.motions.track import HEEL, LEFT, RIGHT, TOE, Track

GRAVITY = 9.81


def squat(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Squat with planted heels: hips back and down, arms forward for balance, a stronger way up than down."""
    p = Puppet(t, rng)
    depth, rate = params["depth"], params["rate"]
    p.stance(0.15 + 0.03 * rng.random(), 0.3 + 0.1 * rng.random())
    phase = (t * rate) % 1.0
    # Slower down than up: the turning point is past the middle.
    skew = phase + 0.05 * np.sin(2 * np.pi * phase) / np.pi
    down = 0.5 - 0.5 * np.cos(2 * np.pi * skew)
    low = depth * down
    sink, back = 0.47, 0.16
    p.sway[:, 2] = -0.004 - sink * low
    p.sway[:, 1] = back * low + 0.01
    p.sway[:, 0] *= 0.4
    p.pelvis[:, 0] = 0.04 + 0.62 * low
    p.spine[:, 0] = 0.02 + 0.22 * low - 0.06 * lag(down, t, 0.2)
    p.knees[:] = (0.1 + 0.12 * low)[:, None]
    p.head[:, 0] += 0.12 * low
    arms = lag(down, t, 0.07) * (0.55 + 0.45 * depth)
    for side in (LEFT, RIGHT):
        own = rng.normal(0.0, 0.05, 3)
        p.arm_angles(
            side,
            forward=-0.1 + (1.55 + 0.7 * depth) * arms + own[0],
            out=0.26 - 0.1 * arms + 0.1 * own[1],
            inward=0.25 - 0.1 * arms,
            bend=0.4 - 0.2 * lag(arms, t, 0.1) + own[2],
            twist=0.5 + 0.6 * arms,
            flex=0.25 * (lag(down, t, 0.2) - down),
        )
        p.curl[:, side] += 0.25 * lag(down, t, 0.1)[:, None]
    rising = pulse(phase, 0.5, 0.1, 0.15, 0.2)
    face.effort(p.face, 0.25 * down + 0.55 * rising * depth)
    face.exhale(p.face, 0.8 * rising)
    p.shrug += 0.03 * down[:, None]
    p.events.append(
        (
            0.0,
            seconds,
            ("does deep squats" if depth > 0.65 else "does squats")
            + ", reaching the arms forward on the way down",
        )
    )
    return p.track()


def jump(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Jump on the spot again and again: crouch with arms back, push, free flight, soft landing."""
    p = Puppet(t, rng)
    p.stance(0.1 + 0.02 * rng.random(), 0.12)
    height, spread = params["height"], params["spread"]
    takeoff, landing = 0.03, 0.0
    flight = np.sqrt(2 * height / GRAVITY) + np.sqrt(2 * (height + takeoff - landing) / GRAVITY)
    rise_speed = np.sqrt(2 * GRAVITY * height)
    fall_speed = rise_speed - GRAVITY * flight
    deep = -0.15 - 0.3 * height
    push, absorb = 0.19, 0.17
    count = max(1, round(seconds / 1.45))
    period = max(seconds / count, flight + push + absorb + 0.45)
    spare = period - flight - push - absorb
    dip, recover = 0.5 * spare, 0.5 * spare

    u = np.mod(t, period)
    marks = np.cumsum([0.0, dip, push, flight, absorb, recover])
    ground = hermite(
        u,
        marks,
        [-0.012, deep, takeoff, landing, 0.8 * deep, -0.012],
        [0.0, 0.0, rise_speed, fall_speed, 0.0, 0.0],
    )
    air = np.clip(u - marks[2], 0.0, flight)
    aloft = (u > marks[2]) & (u < marks[3])
    z = np.where(aloft, takeoff + rise_speed * air - 0.5 * GRAVITY * air**2, ground)
    p.sway[:, 2] = z
    low = np.clip(-ground / 0.3, 0.0, 1.0) * ~aloft
    low = smooth(low, t, 0.02)
    p.sway[:, 1] = 0.01 + 0.11 * low
    p.sway[:, 0] *= 0.3
    p.pelvis[:, 0] = 0.03 + 0.55 * low
    tuck = np.sin(np.pi * air / flight) * aloft
    p.spine[:, 0] = 0.02 + 0.35 * low - 0.12 * smooth(aloft.astype(float), t, 0.05)
    p.head[:, 0] += 0.1 * low

    extend = pulse(u, marks[1] + 0.05, push - 0.05, 0.3 * flight, 0.6 * flight)
    point = 0.62 * extend + 0.2 * pulse(u, marks[2] + 0.55 * flight, 0.3 * flight, 0.15 * flight, 0.1)
    # The feet leave and meet the ground gently: the legs stretch on a little after take-off.
    rise = np.where(aloft, np.maximum(z - takeoff * (1 - air / flight) - landing * air / flight, 0.0), 0.0)
    feet = rise**2 / (rise + 0.03)
    for side in (LEFT, RIGHT):
        p.prints[:, side, 2] = feet + 0.05 * tuck
        p.prints[:, side, 0] += OUTWARD[side] * 0.13 * spread * tuck
        p.prints[:, side, 1] += 0.03 * tuck
        p.pitch[:, side] = point
        p.toes[:, side] = np.where(aloft, point * np.clip(np.abs(8 * air / flight - 4) - 3, 0.0, 1.0), point)
        p.planted[:, side, TOE] = ~aloft
        p.planted[:, side, HEEL] = ~aloft & (point < 0.01)

    # Upper arms: back with the crouch, up with the push, floating down, and settled after the landing.
    top, soft, rest = marks[2] + 0.45 * flight, marks[3] + 0.5 * absorb, marks[4] + 0.7 * recover
    times = [0.0, 0.85 * marks[1], marks[2], top, soft, rest, period]
    back = keyed(u, times, [0.25, -0.85, 1.2, 2.0, 0.7, 0.0, 0.25])
    fly = pulse(u, marks[1] + 0.6 * push, 0.4 * flight + 0.4 * push, 0.1 * flight, 0.55 * flight + absorb)
    for side in (LEFT, RIGHT):
        own = rng.normal(0.0, 1.0, 3)
        forward = lag(back, t, 0.02 + 0.01 * abs(own[0])) * (1 - 0.75 * spread * fly)
        trailing = lag(forward, t, 0.08)
        p.arm_angles(
            side,
            forward=forward,
            out=0.25 + (0.15 + 1.45 * spread) * (1 + 0.08 * own[1]) * fly + 0.1 * low,
            inward=0.3 - 0.3 * fly,
            bend=0.55
            + 0.05 * own[2]
            - 0.25 * fly
            + 0.25 * low
            + np.clip(0.5 * (trailing - forward), -0.2, 0.5),
            twist=0.4,
            flex=np.clip(0.5 * (forward - trailing), -0.5, 0.5),
        )
        p.curl[:, side] += (0.25 * low - 0.12 * fly)[:, None]
        p.spread[:, side] += 0.12 * fly
    p.shrug += 0.1 * fly[:, None]
    face.effort(p.face, 0.6 * pulse(u, marks[1] - 0.1, 0.15, push - 0.05, 0.2))
    face.raise_brows(p.face, 0.7 * fly)
    face.smile(p.face, 0.3 + 0.4 * fly)
    face.exhale(p.face, 0.8 * pulse(u, marks[3] - 0.02, 0.08, 0.05, 0.25))
    p.events.append(
        (0.0, seconds, "jumps with the arms flung wide" if spread > 0.5 else "jumps with swinging arms")
    )
    return p.track()


_GUARD = ((-0.07, -0.33, 0.0), (-0.09, -0.25, 0.02))
_BLOWS = {
    "jab": (LEFT, (-0.13, -0.5, 0.05), 0.35, 0.35),
    "cross": (RIGHT, (-0.14, -0.5, 0.05), 0.35, 1.0),
    "hook": (LEFT, (-0.22, -0.37, 0.04), 1.25, -1.0),
    "uppercut": (RIGHT, (-0.15, -0.37, 0.12), 0.0, 0.75),
}
"""Blow to side, fist from the shoulder in the heading's frame, swivel of the elbow, torso twist (left
positive)."""
_COMBOS = (
    ("jab", "cross"),
    ("jab", "jab", "cross"),
    ("jab", "cross", "hook"),
    ("cross", "hook", "cross"),
    ("jab", "uppercut", "hook", "cross"),
)


def box(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Box: from a guard, blows that start at the hip, with the other fist at the chin and the rear heel
    driving."""
    p = Puppet(t, rng)
    rate, power = params["rate"], params["power"]
    p.stance(0.12, 0.0, ahead=0.15)
    p.yaw[:, LEFT], p.yaw[:, RIGHT] = -0.2, -0.65
    p.heading[:] = 0.0
    starts = np.arange(-2, int(np.ceil((t[-1] + 0.5) * rate)) + 1) / rate + 0.12
    starts = starts + rng.uniform(-0.06, 0.06, len(starts)) / rate
    blows: list[str] = []
    while len(blows) < len(starts):
        blows.extend(_COMBOS[int(rng.integers(len(_COMBOS)))])
    out_time, back_time = min(0.17, 0.34 / rate), min(0.3, 0.55 / rate)

    n = len(t)
    twist, load = np.zeros(n), np.zeros(n)
    thrown = {LEFT: np.zeros(n), RIGHT: np.zeros(n)}
    goals = {s: np.tile(np.array(_GUARD[s]), (n, 1)) for s in (LEFT, RIGHT)}
    swivels = {s: np.full(n, -0.05) for s in (LEFT, RIGHT)}
    flat = {s: np.zeros(n) for s in (LEFT, RIGHT)}
    for when, blow in zip(starts, blows, strict=False):
        side, goal, swivel, turn = _BLOWS[blow]
        hit = pulse(t, when, out_time, 0.025, back_time)
        wind = pulse(t, when - 0.14, 0.12, 0.0, 0.1)
        turn_curve = pulse(t, when - 0.03, out_time + 0.01, 0.04, back_time + 0.06)
        thrown[side] += hit
        twist += turn * (turn_curve - 0.3 * wind) * 0.55 * power
        load += np.sign(turn) * OUTWARD[LEFT] * turn_curve * abs(turn)
        guard = np.array(_GUARD[side])
        path = (np.array(goal) - guard) * hit[:, None]
        if blow == "hook":
            path += np.array([0.22, 0.0, 0.0]) * (hit * (1 - hit) * 4)[:, None]
        if blow == "uppercut":
            path += np.array([0.0, 0.0, -0.2]) * (hit * (1 - hit) * 4)[:, None]
        goals[side] += path + np.array([0.01, 0.05, -0.02]) * wind[:, None]
        swivels[side] += (swivel + 0.05) * hit
        flat[side] += hit * (blow != "uppercut")
        face.exhale(p.face, 0.9 * hit)
        face.effort(p.face, 0.5 * hit)
    bounce = np.sin(2 * np.pi * 1.9 * t)
    stance_turn = -0.38
    p.pelvis[:, 2] = stance_turn + 0.5 * twist
    p.spine[:, 2] += stance_turn * 0.35 + lag(twist, t, 0.02) * 0.75
    p.pelvis[:, 0] = 0.08
    p.spine[:, 0] = 0.16 + 0.08 * np.abs(load)
    p.spine[:, 1] += 0.06 * drift(t, rng, hz=0.8)
    # The weight sits on the rear leg and goes over the front one with a rear hand's blow.
    sits = lag(drift(t, rng, hz=0.5), t, 0.1)
    p.sway[:, 1] = 0.02 - 0.06 * load + 0.015 * sits
    p.sway[:, 0] = 0.022 * drift(t, rng, hz=0.7) + 0.02 * load
    p.sway[:, 2] = -0.06 + 0.014 * bounce - 0.03 * np.abs(load)
    p.pelvis[:, 1] = -0.06 * load + 0.04 * sits
    chest_turn = p.pelvis[:, 2] + p.spine[:, 2]
    own = drift(t, rng, (2, 3), hz=1.1)
    for side in (LEFT, RIGHT):
        # Blows aim ahead of the body, so the chest's turn is taken out of them; the guard turns with the
        # chest.
        aim = rot.rotate(rot.about_z(-OUTWARD[side] * chest_turn), goals[side])
        share = np.clip(thrown[side], 0.0, 1.0)[:, None]
        goal = goals[side] * (1 - share) + aim * share
        rest = 1 - share
        goal = goal + rest * (0.012 * own[:, side] + np.array([0.0, 0.0, 0.018]) * bounce[:, None])
        goal[:, 1] += 0.03 * lag(np.abs(load), t, 0.05) * rest[:, 0]
        ahead = rot.normalised(goal - np.array([0.1, -0.05, -0.3]))
        palm = np.stack([-np.ones(n), 0.15 * np.ones(n), -1.2 * np.clip(flat[side], 0, 1) - 0.1], axis=-1)
        p.arm_reach(side, goal, ahead, palm, swivel=swivels[side])
        p.curl[:, side] = hands.drifting(t, rng, hands.FIST) - 0.08 * rest
        p.shrug[:, side] += 0.1 + 0.12 * share[:, 0]
    p.spread[:] = 0.0
    _drive(p, load, bounce)
    p.head[:, 0] += 0.16
    p.head[:, 1] += 0.05 * drift(t, rng, hz=0.9)
    p.head[:, 2] += -0.12 * lag(twist, t, 0.08)
    p.steady = 0.9
    face.add(p.face, face.both("browDown", 0.3))
    for when, blow in zip(starts, blows, strict=False):
        if 0 <= when < seconds:
            words = f"throws a {SIDES[_BLOWS[blow][0]]} {blow}"
            p.events.append((float(when), float(min(when + 1 / rate, seconds)), words))
    return p.track()


def _drive(p: Puppet, load: np.ndarray, bounce: np.ndarray) -> None:
    """Feet that drive the blows: a foot rolls up on its ball and turns in with the hip above it."""
    for side, way in ((RIGHT, 1.0), (LEFT, -1.0)):
        push = smooth(np.clip(way * load, 0.0, 1.0), p.t, 0.02)
        pivot(p, side, way * 0.6 * push)
        rest = 0.26 + 0.04 * bounce if side == RIGHT else 0.0
        p.lift_heels(side, rest + 0.25 * push)


def kick(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Front kicks with one leg: weight over, knee up, snap, back to the chamber, and down where the foot
    was."""
    p = Puppet(t, rng)
    leg = LEFT if params["side"] >= 0 else RIGHT
    stand = 1 - leg
    out = OUTWARD[leg]
    p.stance(0.095, 0.15, ahead=out * -0.1)
    p.yaw[:, stand] = OUTWARD[stand] * 0.35
    target = params["height"] * mannequin.HIP_HEIGHT
    count = max(1, round(seconds / 1.3))
    period = max(seconds / count, 1.1)
    u = np.mod(t + 0.15, period) / period
    lift_off, chamber, snap, held, recoil, land = 0.17, 0.37, 0.49, 0.53, 0.65, 0.84

    home = p.prints[0, leg].copy()
    knee_up = np.array([out * 0.08, -0.22, 0.36])
    strike = np.array([out * 0.03, -0.52 - 0.1 * min(target, 0.8), target - 0.1])
    strike[1] = -np.sqrt(max(0.74**2 - (mannequin.HIP_HEIGHT - target) ** 2, 0.09)) - 0.03
    away = keyed(
        u, [0.0, lift_off, chamber, snap, held, recoil, land, 1.0],
        [home, home, knee_up, strike, strike, knee_up, home, home],
    )  # fmt: skip
    p.prints[:, leg] = smooth(away, t, 0.018)
    up = ramp(u, lift_off - 0.03, chamber) * (1 - ramp(u, recoil, land))
    kick_out = ramp(u, chamber, snap) * (1 - ramp(u, held, recoil))
    heel = pulse(u, lift_off - 0.08, 0.1, 0.06, 0.16)
    p.pitch[:, leg] = 0.5 * heel + 0.55 * up * (1 - kick_out) - 0.75 * kick_out
    p.toes[:, leg] = 0.5 * heel * (1 - ramp(u, lift_off, lift_off + 0.07)) + 0.35 * kick_out
    down = (u <= lift_off) | (u >= land)
    p.prints[down, leg] = home
    p.pitch[:, leg] = np.where(u >= land, 0.0, p.pitch[:, leg])
    p.planted[:, leg, TOE] = down
    p.planted[:, leg, HEEL] = down & (p.pitch[:, leg] < 0.01)

    # The weight is over the standing foot before the other leaves.
    weight = ramp(u, 0.0, lift_off) * (1 - ramp(u, land - 0.02, 1.0))
    weight = smooth(weight, t, 0.03)
    p.sway[:, 0] = -out * 0.075 * weight
    p.sway[:, 1] = 0.02 * weight - 0.05 * kick_out + p.prints[:, stand, 1] * 0.6 * weight
    p.sway[:, 2] = -0.012 - 0.02 * weight + 0.015 * kick_out
    p.pelvis[:, 0] = 0.04 - 0.16 * up - 0.2 * kick_out
    p.pelvis[:, 1] = -out * (-0.05 * weight + 0.1 * up)
    p.pelvis[:, 2] = -out * (0.1 * up + 0.32 * kick_out) + out * 0.08 * pulse(u, 0.0, 0.12, 0.03, 0.12)
    p.spine[:, 0] = 0.12 + 0.1 * up - 0.05 * kick_out
    p.spine[:, 2] += out * lag(0.1 * up + 0.38 * kick_out, t, 0.03)
    p.spine[:, 1] += out * 0.06 * lag(up, t, 0.08)
    p.head[:, 0] += 0.06
    p.steady = 0.88
    for side in (LEFT, RIGHT):
        same = side == leg
        # The arm of the kicking side swings down and back against the leg; the other guards the chin.
        guard = np.array([-0.04, -0.3, -0.05]) if same else np.array([-0.07, -0.27, 0.0])
        fling = np.array([0.24, 0.08, -0.4]) if same else np.array([-0.05, -0.33, 0.03])
        w = lag(np.clip(0.35 * up + 0.8 * kick_out, 0, 1), t, 0.05)[:, None]
        goal = guard * (1 - w) + fling * w + 0.012 * drift(t, rng, (3,), hz=1.0)
        goal += np.array([0.02, 0.0, 0.05]) * lag(up, t, 0.1)[:, None] * (0.0 if same else 1.0)
        goal[:, 2] += 0.03 * np.sin(2 * np.pi * (u + 0.2 * side)) * (1 - w[:, 0])
        p.arm_reach(side, goal, swivel=0.15 + 0.2 * w[:, 0])
        p.curl[:, side] = hands.drifting(t, rng, hands.FIST) - 0.12
        p.shrug[:, side] += 0.06
    face.effort(p.face, 0.2 * up + 0.7 * kick_out)
    face.exhale(p.face, 0.9 * kick_out)
    p.events.append((0.0, seconds, f"kicks to the front with the {SIDES[leg]} leg, the hands in fists"))
    return p.track()


FAMILIES = {"squat": squat, "jump": jump, "box": box, "kick": kick}
"""Name in the catalogue to the function that performs it."""
