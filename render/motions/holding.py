"""What is done with a thing in the hand: drinking from a cup, typing on a phone and talking into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from render import rotations as rot
from render.motion import HELD_PLACES, Held
from render.motions import face, hands, things
from render.motions.puppet import OUTWARD, SIDES, Puppet, side_of
from render.motions.signals import column, cycles, drift, keyed, lag, pulse, ramp, smooth
from render.motions.track import Track

_UP = np.array([0.0, 0.0, 1.0])


def _idle_arm(p: Puppet, side: int, rng: np.random.Generator, size: float = 1.0) -> None:
    """An arm that has nothing to do but is not asleep: it hangs, swings with the weight, and fidgets."""
    t = p.t
    swing = drift(t, rng, (4,), hz=0.55) * size
    p.arm_angles(
        side,
        forward=0.16 + 0.15 * swing[:, 0],
        out=0.24 + 0.06 * swing[:, 1],
        inward=0.3 + 0.16 * lag(swing[:, 2], t, 0.1),
        bend=0.55 + 0.24 * lag(swing[:, 0] + 0.5 * swing[:, 3], t, 0.2),
        twist=0.35 + 0.2 * swing[:, 1],
        flex=0.12 * lag(swing[:, 0], t, 0.35),
    )
    p.curl[:, side] += 0.12 * column(lag(swing[:, 3], t, 0.1))


def drink(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Hold a cup, bring it to the lips, tilt cup and head, swallow, lower it, enjoy it."""
    p = Puppet(t, rng)
    side, other, outward = side_of(params), 1 - side_of(params), OUTWARD[side_of(params)]
    period = 1.0 / params["rate"]
    n = len(t)
    up, tilt, sip, gesture = (np.zeros(n) for _ in range(4))
    for k in cycles(t, period):
        at = k * period
        go, lips, pour, done, off, down = (at + s * period for s in (0.06, 0.34, 0.42, 0.6, 0.66, 0.9))
        up += ramp(t, go, lips) * (1 - ramp(t, off, down))
        tilt += ramp(t, lips - 0.03 * period, pour + 0.06 * period) * (1 - ramp(t, done, off + 0.04 * period))
        sip += pulse(t, lips - 0.04 * period, 0.08 * period, done - lips, 0.12)
        for swallow in np.arange(pour + 0.05, done + 0.1, 0.42):
            gulp = pulse(t, float(swallow), 0.1, 0.03, 0.14)
            face.add(p.face, {**face.both("mouthPress", 0.2), "jawForward": 0.2, "cheekPuff": 0.12}, gulp)
            p.head[:, 0] += 0.02 * gulp
        gesture += pulse(t, at + 0.72 * period, 0.16 * period, 0.04, 0.2 * period)
        p.look_at_hand(side, go - 0.12, pour, head=0.4)
        p.look((0.15 * outward, -1.0, 0.05), off, at + 0.98 * period, head=0.4)
        face.add(
            p.face, {"mouthRollLower": 0.6, **face.both("mouthPress", 0.45)}, pulse(t, off, 0.15, 0.12, 0.2)
        )
        face.smile(p.face, 0.75 * pulse(t, off + 0.2, 0.25, 0.12 * period, 0.4))
        face.raise_brows(p.face, 0.5 * pulse(t, off + 0.25, 0.15, 0.1, 0.3))
        p.tell(f"holds a cup in the {SIDES[side]} hand", down - period, go, seconds)
        p.tell("raises the cup to the mouth", go, lips, seconds)
        p.tell(f"drinks from the cup in the {SIDES[side]} hand", lips, done, seconds)
        p.tell("lowers the cup", off, down, seconds)
    face.add(p.face, {"jawOpen": 0.14, "mouthFunnel": 0.3, "mouthPucker": 0.18}, sip)
    face.add(p.face, face.both("eyeBlink", 0.35), tilt)
    p.head[:, 0] += 0.06 * up - 0.26 * lag(tilt, t, 0.06)
    p.spine[:, 0] -= 0.07 * lag(tilt, t, 0.1)
    p.sway[:, 0] += 0.02 * drift(t, rng, hz=0.35) - outward * 0.02 * lag(up, t, 0.15)
    p.spine[:, 2] += 0.06 * drift(t, rng, hz=0.4) - outward * 0.06 * lag(up, t, 0.1)
    p.head[:, 1] += 0.05 * lag(gesture, t, 0.1) * outward
    p.shrug[:, side] += 0.06 * up

    idle = drift(t, rng, (3,), hz=0.6)
    carried = (
        np.array([-0.02, -0.29, -0.2]) + idle * np.array([0.02, 0.015, 0.014]) - 0.03 * _UP * column(gesture)
    )
    at_lips = np.array([-0.06, -0.27, 0.1])
    swing_out = np.array([0.05, -0.05, 0.0]) * column(4 * up * (1 - up))
    goal = carried + (at_lips - carried) * column(up) + swing_out
    # The cup's axis is the thumb's side of the hand: upright on the way, tilted to the lips at the lips.
    lean = 0.62 * tilt + 0.08 * up
    fingers = np.array([-0.66, -0.75, 0.0]) + np.zeros((n, 3))
    palm = np.array([-0.75, 0.66, 0.0]) + np.zeros((n, 3))
    turn = rot.about_x(-lean)
    p.arm_reach(side, goal, rot.rotate(turn, fingers), rot.rotate(turn, palm), swivel=0.2 + 0.35 * up)
    p.keep_palm(side, "mouth", (0.0, -0.004, -0.006), ramp(up, 0.25, 0.97), grip=things.rim())
    p.hand(side, hands.CUP_GRIP)
    _idle_arm(p, other, rng, 1.15)
    free = np.array([0.08, -0.26, -0.22]) + 0.03 * idle[:, ::-1]
    p.arm_reach(other, free, (-0.2, -0.85, 0.25), (-0.3, -0.1, 0.9), swivel=0.1, weight=0.8 * gesture)
    cup = Held("cup", np.full(n, HELD_PLACES.index(f"{SIDES[side]}_hand")))
    return replace(p.track(), held=(cup,))


def phone(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Type on a phone with both hands, or talk into it with one and about it with the other."""
    p = Puppet(t, rng)
    side = side_of(params)
    (_call if params["call"] >= 0.5 else _type)(p, side, seconds, params["energy"], rng)
    held = Held("phone", np.full(len(t), HELD_PLACES.index(f"{SIDES[side]}_hand")))
    return replace(p.track(), held=(held,))


def _call(p: Puppet, side: int, seconds: float, energy: float, rng: np.random.Generator) -> None:
    t, other, outward = p.t, 1 - side, OUTWARD[side]
    talking = 0.5 + 0.5 * np.tanh(3 * (drift(t, rng, hz=0.22) + 0.6))
    loud = face.speak(p.face, t, rng, (0.7 + 0.3 * energy) * talking)
    beat = smooth(loud, t, 0.04) * energy
    listening = 1 - talking
    nod = lag(np.maximum(np.sin(2 * np.pi * 1.1 * t + rng.uniform(0, 6)), 0.0) * listening, t, 0.08)
    sway = drift(t, rng, hz=0.42)
    p.sway[:, 0] += 0.046 * sway
    p.sway[:, 1] += 0.016 * drift(t, rng, hz=0.65)
    p.pelvis[:, 1] -= 0.05 * sway
    p.pelvis[:, 2] += 0.12 * lag(sway, t, 0.1)
    p.spine[:, 2] += 0.15 * lag(sway, t, 0.2) * energy
    p.spine[:, 1] += 0.07 * lag(np.sin(2 * np.pi * 0.5 * t + rng.uniform(0, 6)), t, 0.1)
    p.head[:, 1] += outward * (0.05 + 0.07 * drift(t, rng, hz=0.6))
    p.head[:, 0] += 0.09 * nod + 0.08 * lag(beat, t, 0.09) - 0.02
    p.head[:, 2] += 0.14 * drift(t, rng, hz=0.3)
    when = t[0] + rng.uniform(0.2, 0.8)
    while when < t[-1]:
        stay = float(rng.uniform(0.7, 1.6))
        away = (float(rng.uniform(-0.6, 0.6)), -1.0, float(rng.uniform(-0.2, 0.25)))
        p.look(away, when, when + stay, head=0.45)
        when += stay + float(rng.uniform(0.3, 1.0))
    face.smile(p.face, 0.3 + 0.25 * drift(t, rng, hz=0.25))
    face.raise_brows(p.face, 0.5 * lag(beat, t, 0.12) + 0.25 * nod)
    idle = drift(t, rng, (3,), hz=0.5)
    goal = np.array([0.02, -0.12, 0.1]) + 0.006 * idle
    elbow = np.array([0.45, -0.9, -0.7]) + 0.08 * idle
    p.arm_reach(side, goal, (0.05, -0.1, 1.0), (-1.0, 0.15, 0.0), elbow=elbow)
    p.keep_palm(side, "ear", (0.012, -0.012, -0.006), grip=_SPEAKER)
    p.hand(side, hands.PHONE_GRIP)
    p.shrug[:, side] += 0.05
    # The free hand explains to nobody.
    when, knots, keys = float(t[0]) - 0.5, [], []
    for goal_k in rng.permutation(len(_EXPLAINING)).tolist() * 40:
        if when > t[-1] + 1:
            break
        hold = float(rng.uniform(0.25, 0.6))
        for moment in (when, when + hold):
            knots.append(moment)
            keys.append(goal_k)
        when += hold + float(rng.uniform(0.3, 0.5)) / energy**0.5
    places = np.array([_EXPLAINING[k][0] for k in keys])
    ways = np.array([_EXPLAINING[k][1] for k in keys])
    palms = np.array([_EXPLAINING[k][2] for k in keys])
    hand = keyed(t, knots, places) * (0.75 + 0.25 * energy) + 0.02 * drift(t, rng, (3,), hz=0.7)
    hand[:, 2] -= 0.06 * lag(beat, t, 0.06)
    fingers = rot.normalised(keyed(t, knots, ways))
    fingers[:, 2] -= 0.3 * lag(beat, t, 0.13)
    p.arm_reach(other, hand, lag(fingers, t, 0.05), lag(keyed(t, knots, palms), t, 0.06), swivel=0.15)
    p.curl[:, other] = hands.drifting(t, rng, hands.FLAT + 0.1) + 0.12 * column(lag(beat, t, 0.15))
    p.events.append((0.0, seconds, f"talks into the phone at the {SIDES[side]} ear"))


_SPEAKER = things.PHONE_MIDDLE + 0.42 * things.PHONE[2] * things.PHONE_UP - np.array([0.0, 0.0, 0.005])
"""From the palm to where a phone is listened to."""
_EXPLAINING = (
    ((0.03, -0.33, -0.16), (0.2, -0.9, 0.3), (-0.1, -0.1, 1.0)),
    ((0.18, -0.28, -0.1), (0.5, -0.7, 0.4), (-0.2, -0.3, 0.9)),
    ((-0.04, -0.34, -0.06), (-0.3, -0.7, 0.6), (-0.9, 0.3, 0.1)),
    ((0.08, -0.3, -0.24), (0.0, -1.0, 0.0), (-0.3, 0.0, -1.0)),
)
"""Wrists, fingers and palms of the hand that is free."""


def _type(p: Puppet, side: int, seconds: float, energy: float, rng: np.random.Generator) -> None:
    t, other, outward = p.t, 1 - side, OUTWARD[side]
    n = len(t)
    p.look_at_hand(side, float(t[0]) - 1.0, float(t[-1]) + 2.0, head=0.62)
    when = float(rng.uniform(0.9, 1.8))
    pause, amused = np.zeros(n), np.zeros(n)
    while when < t[-1]:
        stay = float(rng.uniform(0.5, 0.9))
        if rng.random() < 0.5:
            p.look((float(rng.uniform(-0.4, 0.4)), -1.0, 0.05), when, when + stay, head=0.7)
        pause += pulse(t, when - 0.1, 0.2, stay, 0.25)
        amused += pulse(t, when + 0.1, 0.3, 0.5, 0.5)
        when += stay + float(rng.uniform(1.2, 2.4))
    pause = np.minimum(pause, 1.0)
    face.think(p.face, 0.5 * (1 - pause))
    face.smile(p.face, 0.85 * amused)
    face.raise_brows(p.face, 0.45 * amused)
    idle = drift(t, rng, (3,), hz=0.62)
    sway = drift(t, rng, hz=0.45)
    p.sway[:, 0] += 0.04 * sway
    p.sway[:, 1] += 0.014 * drift(t, rng, hz=0.65)
    p.pelvis[:, 1] -= 0.045 * sway
    p.spine[:, 0] += 0.1 + 0.03 * drift(t, rng, hz=0.4)
    p.spine[:, 2] += 0.09 * energy * drift(t, rng, hz=0.45) - 0.05 * outward
    p.head[:, 0] += 0.05 * amused + 0.04 * lag(pause, t, 0.1)
    p.head[:, 1] += 0.04 * idle[:, 0] + 0.07 * amused * outward
    goal = np.array([-0.03, -0.31, -0.03]) + idle * np.array([0.028, 0.02, 0.026])
    goal[:, 2] += 0.03 * amused
    # Thumbs press the edge as the other hand types: the phone rocks.
    goal += 0.012 * drift(t, rng, (3,), hz=1.3)
    # The screen faces the eyes; its top points up and away.
    p.arm_reach(side, goal, (-0.85, -0.4, 0.3), (-0.25, 0.85, 0.42), swivel=0.25)
    p.hand(side, hands.PHONE_GRIP)
    # Both thumbs would hide the screen: the other hand's index finger types and swipes.
    tap, across, along = np.zeros(n), np.zeros(n), np.zeros(n)
    knots, keys = [float(t[0]) - 1.0], [(0.0, 0.0)]
    when = float(t[0])
    while when < t[-1] + 0.5:
        beat = float(rng.uniform(0.2, 0.34)) / energy**0.5
        knots.append(when)
        keys.append((float(rng.uniform(-0.02, 0.02)), float(rng.uniform(-0.05, 0.01))))
        tap += pulse(t, when - 0.05, 0.06, 0.02, 0.08)
        when += beat * (3.2 if rng.random() < 0.1 else 1.0)
    across, along = keyed(t, knots, keys).T
    away = 0.055 - 0.042 * np.minimum(tap, 1.0) * (1 - pause) + 0.06 * pause
    swipe = pause * np.sin(2 * np.pi * 1.3 * t)
    spot = things.PHONE_MIDDLE + np.outer(along + 0.03 * swipe, things.PHONE_UP)
    spot += np.outer(across, rot.cross(things.PHONE_UP, rot.Z)) - np.outer(away, rot.Z)
    far = np.array([0.02, -0.27, -0.07]) + 0.01 * idle[:, ::-1]
    p.arm_reach(other, far, (-0.62, -0.75, 0.15), (-0.35, -0.35, -0.85), swivel=0.3)
    p.hand(other, _TYPING)
    p.keep_palm(other, "held", spot, grip=_INDEX_TIP)
    p.curl[:, other] = hands.RELAXED
    p.events.append((0.0, seconds, f"types on the phone in the {SIDES[side]} hand"))


_INDEX_TIP = np.array([0.118, -0.026, -0.012])
"""From the palm to the tip of an index finger that is held out."""
_TYPING = np.array(
    [
        (0.5, 0.2, 0.3, 0.3),
        (0.0, 0.45, 0.35, 0.2),
        (0.0, 1.1, 1.2, 0.7),
        (0.0, 1.25, 1.3, 0.8),
        (0.0, 1.3, 1.3, 0.8),
    ]
)

FAMILIES = {"drink": drink, "phone": phone}
"""Name in the catalogue to the function that performs it."""
