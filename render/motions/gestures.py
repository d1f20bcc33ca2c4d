"""Gestures of hands and face: waving, talking, counting on the fingers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from render import mannequin
from render import rotations as rot
from render.motions import face, hands
from render.motions.puppet import OUTWARD, SIDES, Puppet, side_of
from render.motions.signals import drift, keyed, lag, pulse, ramp, smooth
from render.motions.track import LEFT, RIGHT, Track

_FORWARD, _UP = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Shape:
    """A hand held somewhere: wrist from the shoulder (outward, back, up), fingers' and palm's directions,
    curls."""

    goal: tuple[float, float, float]
    fingers: tuple[float, float, float]
    palm: tuple[float, float, float]
    curl: np.ndarray
    swivel: float = 0.0


READY = Shape((-0.03, -0.29, -0.19), (-0.55, -0.8, 0.15), (-0.5, 0.1, -0.8), hands.RELAXED, 0.15)
TALKING = (
    Shape((0.1, -0.38, -0.08), (0.35, -0.9, 0.25), (0.0, -0.2, 1.0), hands.FLAT, 0.1),  # offer
    Shape((0.22, -0.33, -0.02), (0.1, -0.9, 0.45), (-1.0, 0.0, 0.1), hands.OPEN, 0.35),  # this big
    Shape((0.0, -0.4, 0.02), (-0.1, -0.9, 0.5), (-1.0, 0.1, 0.0), hands.FLAT, 0.1),  # chop
    Shape((-0.1, -0.34, 0.0), (-0.9, -0.4, 0.25), (-0.1, 0.9, -0.35), hands.FLAT, 0.45),  # to the chest
    Shape((0.05, -0.38, 0.12), (-0.1, -0.45, 0.9), (-0.75, -0.6, 0.0), hands.POINT, 0.1),  # one thing
    Shape((0.26, -0.25, -0.04), (0.65, -0.6, 0.4), (0.1, -0.2, 1.0), hands.OPEN, 0.2),  # who knows
    Shape((0.3, -0.32, 0.14), (0.45, -0.5, 0.75), (-0.35, -0.9, 0.2), hands.OPEN, 0.3),  # all around
    Shape((0.03, -0.38, -0.14), (-0.25, -0.95, -0.05), (-0.1, -0.1, -1.0), hands.FLAT, 0.3),  # calm down
)


def wave(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Raise a hand, wave from the elbow with wrist and fingers trailing, lower it."""
    p = Puppet(t, rng)
    side, reach = side_of(params), params["reach"]
    outward = OUTWARD[side]
    up = ramp(t, 0.02, 0.5) * (1 - ramp(t, seconds - 0.45, seconds + 0.1))
    beat = 2 * np.pi * params["rate"] * (t - 0.3)
    size = (0.36 + 0.12 * (1 - reach)) * (1 + 0.15 * drift(t, rng, hz=0.5)) * (0.35 + 0.65 * up)
    angle = size * np.sin(beat)
    upper = rot.normalised(np.array([0.5, -0.5, -0.68]) * (1 - reach) + np.array([0.55, -0.5, -0.02]) * reach)
    tilt = 0.16 + angle - 0.3 * reach
    forearm = np.stack([np.sin(tilt), np.full(len(t), -0.28), np.cos(tilt)], axis=-1)
    goal = upper * mannequin.UPPER_ARM + rot.normalised(forearm) * mannequin.FOREARM
    goal[:, 2] += 0.012 * np.sin(beat * 2 + 0.5)
    late = lag(angle, t, 0.07)
    wrist = tilt + 1.5 * (late - angle) + 0.25 * late - 0.12
    fingers = np.stack([np.sin(wrist), np.full(len(t), -0.12), np.cos(wrist)], axis=-1)
    p.arm_reach(side, goal, fingers, _FORWARD, swivel=0.25, weight=up)
    p.curl[:, side] += (hands.OPEN + 0.05 + 0.1 * lag(np.sin(beat), t, 0.12)[:, None] - p.curl[:, side]) * up[
        :, None
    ]
    p.spread[:, side] += 0.1 * up

    # The body answers: weight to the other foot, ribs open on the waving side, the other arm swings along.
    lean = lag(up, t, 0.12)
    rock = np.sin(beat / 2 + 0.4) * (0.6 + 0.4 * up)
    p.sway[:, 0] += -outward * 0.028 * lean + 0.022 * rock
    p.sway[:, 2] += -0.003 * np.sin(beat / 2) ** 2 - 0.008 * pulse(t, -0.12, 0.15, 0.0, 0.25)
    p.pelvis[:, 1] += outward * 0.05 * lean - 0.05 * rock
    p.pelvis[:, 2] += 0.05 * rock
    p.spine[:, 1] += -outward * 0.06 * lean + 0.06 * lag(rock, t, 0.12)
    p.spine[:, 2] += 0.06 * lag(rock, t, 0.15)
    p.shrug[:, side] += 0.06 * up
    p.head[:, 1] += outward * 0.1 * lean + 0.035 * lag(rock, t, 0.2)
    p.head[:, 0] += 0.05 * pulse(t, 0.25, 0.15, 0.05, 0.3)
    other = 1 - side
    loose = lag(rock, t, 0.16)
    p.arm_angles(
        other,
        forward=0.2 + 0.22 * loose * outward,
        out=0.27 + 0.07 * loose,
        inward=0.3 + 0.18 * lag(rock, t, 0.25),
        bend=0.55 + 0.28 * lag(rock, t, 0.24) * outward,
        twist=0.35,
        flex=0.15 * lag(rock, t, 0.34),
    )
    face.smile(p.face, 0.25 + 0.55 * ramp(t, 0.1, 0.5))
    face.raise_brows(p.face, 0.8 * pulse(t, 0.1, 0.18, 0.15, 0.3))
    p.events.append((0.0, seconds, f"waves with the {SIDES[side]} hand"))
    return p.track()


def talk(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Talk with the hands: gestures with preparation, stroke and hold, beats on stressed syllables."""
    p = Puppet(t, rng)
    energy = params["energy"]
    loud = face.speak(p.face, t, rng, 0.75 + 0.3 * energy)
    times, shapes = _gestures(t, params["rate"], rng)
    beat = smooth(loud, t, 0.04) * energy
    emphasis = keyed(t, times, rng.uniform(0.2, 1.0, len(times)))
    # One hand leads; the other comes a little later and less far.
    leader = int(rng.integers(2))
    for side in (LEFT, RIGHT):
        keys = shapes[side]
        late_by, size = (0.0, energy) if side == leader else (rng.uniform(0.05, 0.12), 0.8 * energy)
        now = t - late_by
        goal = keyed(now, times, [_scaled(s, size) for s in keys])
        late = lag(beat, t, 0.06)
        goal += 0.045 * energy * drift(t, rng, (3,), hz=0.9)
        goal[:, 2] -= 0.08 * late
        goal[:, 1] -= 0.03 * late
        fingers = keyed(now, times, [s.fingers for s in keys]) + 0.12 * drift(t, rng, (3,), hz=0.8)
        fingers[:, 2] -= 0.35 * lag(beat, t, 0.14) - 0.2
        palm = keyed(now, times, [s.palm for s in keys])
        p.arm_reach(
            side, goal, lag(rot.normalised(fingers), t, 0.05), lag(palm, t, 0.06),
            swivel=keyed(now, times, [s.swivel for s in keys]) + 0.1 * drift(t, rng, hz=0.5),
        )  # fmt: skip
        curl = lag(keyed(now, times, [s.curl for s in keys]), t, 0.08)
        p.curl[:, side] = hands.drifting(t, rng, curl) + 0.08 * lag(beat, t, 0.16)[:, None]
        p.spread[:, side] += 0.06 * emphasis
    shrugging = keyed(t, times, [float(s is TALKING[5]) for s in shapes[LEFT]])
    p.shrug += 0.14 * shrugging[:, None] + 0.03 * beat[:, None]
    face.raise_brows(p.face, 0.55 * emphasis + 0.3 * shrugging)
    face.smile(p.face, 0.15 + 0.1 * drift(t, rng, hz=0.2))
    turn = drift(t, rng, hz=0.4)
    p.sway[:, :2] += 0.02 * energy * drift(t, rng, (2,), hz=0.4)
    p.spine[:, 0] += 0.05 * lag(emphasis, t, 0.15) * energy - 0.03
    p.spine[:, 2] += 0.09 * energy * turn
    p.pelvis[:, 2] += 0.04 * energy * lag(turn, t, 0.2)
    p.head[:, 0] += 0.09 * lag(beat, t, 0.08) - 0.02
    p.head[:, 1] += 0.07 * drift(t, rng, hz=0.5) * energy
    p.head[:, 2] += 0.1 * drift(t, rng, hz=0.45)
    p.events.append(
        (
            0.0,
            seconds,
            "talks with lively gestures of the hands"
            if energy > 0.85
            else "talks with calm gestures of the hands",
        )
    )
    return p.track()


def _scaled(shape: Shape, energy: float) -> np.ndarray:
    ready = np.array(READY.goal)
    return ready + (np.array(shape.goal) - ready) * (0.62 + 0.4 * energy)


def _gestures(
    t: np.ndarray, rate: float, rng: np.random.Generator
) -> tuple[list[float], tuple[list[Shape], list[Shape]]]:
    """Times of the poses that the hands take, and each hand's pose then: a stroke is reached, and held a
    while."""
    times: list[float] = []
    shapes: tuple[list[Shape], list[Shape]] = ([], [])
    when = t[0] - rng.uniform(0.2, 0.8) / rate
    last = -1
    while not times or times[-1] < t[-1]:
        index = int(rng.integers(len(TALKING)))
        index = (index + 1) % len(TALKING) if index == last else index
        last = index
        who = rng.choice(3, p=(0.5, 0.25, 0.25))
        length = rng.uniform(0.8, 1.2) / rate
        hold = 0.28 * length
        for moment in (when, when + hold):
            times.append(float(moment))
            for side in (LEFT, RIGHT):
                active = who == 0 or who == 1 + side
                shapes[side].append(TALKING[index] if active else READY)
        when += length
    return times, shapes


def count(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Count from one to five on a raised hand, a beat of hand, head and mouth with each number."""
    p = Puppet(t, rng)
    side, rate = side_of(params), params["rate"]
    outward = OUTWARD[side]
    starts = np.arange(int(np.ceil((t[-1] + 1) * rate)) + 1) / rate + 0.1
    numbers = np.arange(len(starts)) % 5 + 1
    knots, poses = [t[0] - 1.0, float(starts[0] - 0.14)], [hands.NUMBERS[0], hands.NUMBERS[0]]
    accent = np.zeros(len(t))
    for k, (when, number) in enumerate(zip(starts, numbers, strict=True)):
        quick = min(0.16, 0.3 / rate)
        if k:
            knots.append(float(when - 1.9 * quick if number == 1 else when - quick))
            poses.append(hands.NUMBERS[numbers[k - 1]])
        if k and number == 1:  # from five to one: half-way to a fist
            knots.append(float(when - 0.9 * quick))
            poses.append(0.4 * hands.NUMBERS[5] + 0.6 * hands.NUMBERS[0])
        knots.append(float(when))
        poses.append(hands.NUMBERS[number])
        accent += pulse(t, when - 0.1, 0.13, 0.02, min(0.45, 0.65 / rate))
        viseme = ("ah", "oo", "ee", "oh", "eh")[number - 1]
        face.add(p.face, face.VISEMES[viseme], 0.95 * pulse(t, when - 0.06, 0.1, 0.08, 0.14))
        face.add(p.face, face.VISEMES["mm"], 0.5 * pulse(t, when - 0.16, 0.07, 0.0, 0.08))
    p.curl[:, side] = hands.drifting(t, rng, keyed(t, knots, poses))
    p.spread[:, side] = 0.14
    accent_late = lag(accent, t, 0.06)
    sway = np.sin(np.pi * rate * (t - 0.1))
    goal = np.array([-0.01, -0.29, 0.02]) + 0.012 * drift(t, rng, (3,), hz=0.5)
    goal += accent_late[:, None] * np.array([0.03, -0.07, -0.045]) + sway[:, None] * np.array(
        [0.03, 0.0, 0.012]
    )
    tilt = 0.12 + 0.12 * lag(sway, t, 0.1)
    fingers = np.stack([tilt, -0.1 - 0.28 * lag(accent, t, 0.1), np.ones(len(t))], axis=-1)
    up = ramp(t, -0.35, 0.12) * (1 - ramp(t, seconds - 0.1, seconds + 0.35))
    p.arm_reach(side, goal, fingers, _FORWARD + 0.15 * _UP, swivel=0.3, weight=up)

    other = 1 - side
    held = np.array(READY.goal) + np.array([0.0, -0.03, 0.02]) + 0.015 * drift(t, rng, (3,), hz=0.5)
    held += lag(accent, t, 0.1)[:, None] * np.array([0.02, -0.045, -0.075])
    held += lag(sway, t, 0.15)[:, None] * np.array([0.03, 0.0, 0.015])
    p.arm_reach(other, held, READY.fingers, READY.palm, swivel=READY.swivel, weight=up)
    p.sway[:, 0] += 0.022 * sway
    p.sway[:, 2] -= 0.004 * accent_late
    p.pelvis[:, 1] -= 0.045 * sway
    p.spine[:, 1] += 0.05 * lag(sway, t, 0.12)
    p.spine[:, 2] += 0.05 * lag(sway, t, 0.1) + 0.05 * outward
    p.head[:, 0] += 0.11 * lag(accent, t, 0.09)
    p.head[:, 1] += 0.05 * lag(sway, t, 0.15)
    p.head[:, 2] += 0.1 * outward
    face.raise_brows(p.face, 0.35 * accent_late)
    face.smile(p.face, 0.2)
    words = ("one", "two", "three", "four", "five")
    for when, number in zip(starts, numbers, strict=True):
        if when < seconds:
            end = min(float(when + 1 / rate), seconds)
            p.events.append(
                (float(when), end, f"shows {words[number - 1]} with the {SIDES[side]} hand's fingers")
            )
    return p.track()


FAMILIES = {"wave": wave, "talk": talk, "count": count}
"""Name in the catalogue to the function that performs it."""
