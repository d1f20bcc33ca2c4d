"""Daily actions of the whole body: sitting down and rising, lifting a box, stretching, bowing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from render import mannequin
from render.motion import HELD_PLACES, Held
from render.motions import face, hands
from render.motions.puppet import OUTWARD, SIDES, Puppet, side_of
from render.motions.signals import cycles, drift, lag, pulse, ramp
from render.motions.things import BOX, BOX_GRIP, SEAT, SEAT_PELVIS
from render.motions.track import LEFT, RIGHT, Track

_DOWN = np.array([0.0, -0.55, -1.0])


def sit(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Look back for the stool, sit down with the trunk ahead as a counterweight, sit, lean and rise."""
    p = Puppet(t, rng)
    period, lean = 1.0 / params["rate"], params["lean"]
    p.stance(0.125, 0.22, ahead=0.0)
    side = int(rng.integers(2))
    low, back, fold, rest, push = (np.zeros(len(t)) for _ in range(5))
    for k in cycles(t, period):
        at = k * period
        go, seated, rise, up = (at + share * period for share in (0.08, 0.34, 0.66, 0.92))
        low += ramp(t, go, seated) * (1 - ramp(t, rise + 0.12 * period, up))
        # Back before down, and ahead before up: the weight stays over the feet as long as they carry it.
        back += ramp(t, go, go + 0.8 * (seated - go)) * (1 - ramp(t, rise + 0.06 * period, up - 0.02))
        fold += pulse(t, go, 0.75 * (seated - go), 0.0, 0.14 * period)
        fold += pulse(t, rise - 0.06 * period, 0.15 * period, 0.0, up - rise - 0.06 * period)
        rest += pulse(t, seated + 0.02, 0.3, rise - seated - 0.35, 0.25)
        push += pulse(t, rise - 0.02 * period, 0.12 * period, 0.04, 0.2)
        # A look over the shoulder to where the stool is; a glance around when seated.
        p.look((1.2 * OUTWARD[side], 0.5, -0.75), at - 0.03 * period, go + 0.35 * (seated - go), head=0.62)
        aside = float(rng.uniform(-0.6, 0.6))
        p.look((aside, -1.0, float(rng.uniform(-0.15, 0.1))), seated + 0.1 * period, rise - 0.1 * period)
        face.exhale(p.face, 0.6 * pulse(t, seated - 0.05, 0.15, 0.1, 0.3))
        face.smile(p.face, 0.4 * pulse(t, seated + 0.35, 0.3, 0.5, 0.4))
        face.effort(p.face, 0.45 * pulse(t, rise + 0.02, 0.2, 0.05, 0.3))
        p.sway[:, 2] -= 0.006 * pulse(t, seated - 0.03, 0.07, 0.0, 0.2)
        p.head[:, 0] += 0.1 * pulse(t, seated - 0.02, 0.12, 0.0, 0.3)
        p.tell("sits down on the stool", go, seated, seconds)
        p.tell("sits with both hands on the thighs", seated + 0.1, rise, seconds)
        p.tell("rises from the stool", rise, up, seconds)
        p.tell("stands before the stool", up, go + period, seconds)
    seat = (SEAT_PELVIS - 1) * mannequin.HIP_HEIGHT
    p.sway[:, 0] *= 1 - 0.8 * low
    p.sway[:, 2] = p.sway[:, 2] * (1 - 0.7 * low) + seat * low
    p.sway[:, 1] += (SEAT[1] * mannequin.HIP_HEIGHT - 0.02) * back
    p.pelvis[:, 0] += (0.34 + 0.3 * lean) * fold - 0.1 * rest
    p.pelvis[:, 1] *= 1 - 0.6 * low
    p.spine[:, 0] += (0.28 + 0.3 * lean) * lag(fold, t, 0.06) + 0.1 * rest
    p.spine[:, 2] += OUTWARD[side] * 0.14 * pulse(t, -0.1, 0.3, 0.1, 0.5)
    p.spine[:, 1] += 0.05 * lag(drift(t, rng, hz=0.4), t, 0.1) * rest
    p.head[:, 0] -= 0.3 * lag(fold, t, 0.05)
    p.knees += 0.1 * low[:, None]
    glide = drift(t, rng, (2, 3), hz=0.65)
    for hand in (LEFT, RIGHT):
        late = 0.08 if hand == side else 0.0
        air = lag(fold, t, 0.1 + late)
        p.arm_angles(
            hand,
            forward=0.1 + (1.0 + 0.3 * lean) * air + 0.1 * glide[:, hand, 0],
            out=0.2 + 0.1 * air,
            inward=0.25 + 0.2 * air,
            bend=0.35 + 0.55 * lag(air, t, 0.08) + 0.1 * lag(glide[:, hand, 0], t, 0.2),
            twist=0.4,
        )
        # Hands find the thighs as the weight arrives, move there a little, and push off.
        there = ramp(lag(low, t, 0.06 + late), 0.55, 0.95)
        goal = np.array([-0.02, -0.19, -0.38]) + np.zeros((len(t), 3))
        p.arm_reach(hand, goal, (-0.25, -0.85, -0.3), (0.1, 0.25, -1.0), swivel=0.35, weight=there)
        slide = glide[:, hand] * np.array([0.014, 0.04, 0.0]) + np.array([0.0, -0.02, 0.006])
        slide[:, 1] -= 0.03 * push
        p.keep_palm(hand, "thigh", slide, there)
        p.curl[:, hand] += 0.12 * (there * (1 + 0.4 * glide[:, hand, 2]))[:, None]
        p.shrug[:, hand] += 0.05 * push - 0.03 * rest
    stool = Held("stool", np.full(len(t), HELD_PLACES.index("ground")))
    return replace(p.track(), held=(stool,))


def lift(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Squat to a box, test its weight, lift it with the legs, hold it, and put it down the same way."""
    p = Puppet(t, rng)
    period = seconds / max(1, round(seconds / 4.6))
    weight, height = params["weight"], params["height"]
    p.stance(0.16, 0.3, ahead=0.035)
    n = len(t)
    squat, carry, strain, grip, load, high = (np.zeros(n) for _ in range(6))
    place = np.full(n, HELD_PLACES.index("ground"))
    for k in cycles(t, period):
        at = k * period
        down, took, top, again, left, end = (at + s * period for s in (0.16, 0.25, 0.5, 0.66, 0.84, 0.98))
        squat += ramp(t, at, down) * (1 - ramp(t, took, took + 0.8 * (top - took)))
        squat += ramp(t, again, left - 0.06 * period) * (1 - ramp(t, left, end))
        carry += ramp(t, took, top) * (1 - ramp(t, again, left - 0.04 * period))
        grip += ramp(t, down - 0.08, down + 0.1) * (1 - ramp(t, left, left + 0.25))
        load += ramp(t, at + 0.03 * period, down) * (1 - ramp(t, took, took + 0.5 * (top - took)))
        load += ramp(t, again + 0.25 * (left - again), left - 0.05 * period) * (1 - ramp(t, left, end - 0.1))
        strain += pulse(t, down, 0.25, took - down, 0.7 * (top - took)) + 0.7 * pulse(t, again, 0.3, 0.2, 0.4)
        high += ramp(t, took + 0.35 * (top - took), top + 0.1) * (1 - ramp(t, again - 0.05, again + 0.3))
        place[(t >= took) & (t < left)] = HELD_PLACES.index("both_hands")
        p.look((0.0, -0.62, -1.0), at - 0.25, took + 0.4 * (top - took), head=0.45)
        p.look((float(rng.uniform(-0.5, 0.5)), -1.0, 0.0), top - 0.1, again - 0.25)
        p.look((0.0, -0.62, -1.0), again - 0.2, left + 0.2, head=0.45)
        face.exhale(p.face, (0.3 + 0.6 * weight) * pulse(t, top - 0.1, 0.2, 0.1, 0.35))
        face.smile(p.face, (0.6 - 0.3 * weight) * pulse(t, left + 0.3, 0.3, 0.4, 0.5))
        p.tell("squats down to a box on the ground", at, took, seconds)
        p.tell("lifts the box from the ground with both hands", took, top, seconds)
        p.tell("holds the box in both hands", top, again, seconds)
        p.tell("puts the box down", again, left, seconds)
        p.tell("stands up, leaving the box on the ground", left, at + period, seconds)
    strain = np.minimum(strain, 1.0) * weight
    legs = lag(squat, t, 0.04)
    p.sway[:, 2] -= 0.44 * legs + 0.02 * strain
    p.sway[:, 1] += 0.13 * legs + (0.015 + 0.03 * weight) * lag(carry, t, 0.1)
    # The legs lead up, the back follows; a heavy box is leaned against.
    bent = lag(squat, t, 0.16)
    p.pelvis[:, 0] += 0.68 * bent - 0.05 * weight * carry
    p.spine[:, 0] += 0.78 * lag(bent, t, 0.05) - (0.03 + 0.1 * weight) * lag(carry, t, 0.12)
    rock = drift(t, rng, hz=0.55)
    p.sway[:, 0] += 0.018 * rock * (0.4 + 0.6 * carry)
    p.spine[:, 1] += 0.04 * rock * carry
    p.spine[:, 2] += 0.05 * drift(t, rng, hz=0.4)
    p.head[:, 0] -= 0.35 * lag(bent, t, 0.05) - 0.1 * carry
    p.knees += 0.22 * legs[:, None]
    reach = lag(squat, t, 0.02)
    middle = 0.5 * BOX[0]
    bob = lag(strain, t, 0.05) * drift(t, rng, hz=2.2) * 0.006
    for hand in (LEFT, RIGHT):
        swing = lag(squat, t, 0.05 + 0.03 * hand)
        p.arm_angles(
            hand, forward=0.15 + 0.8 * swing, out=0.28, inward=0.2, bend=0.4 + 0.3 * swing, twist=0.2
        )
        level = np.array([0.0, 0.0, 1.0]) * (0.3 * height * high)[:, None]
        goal = np.array([middle - 0.17, -0.33, -0.38]) + level + np.array([0.0, 0.0, 1.0]) * bob[:, None]
        # While the trunk is bent, arms that hang point ahead of it.
        goal += (np.array([middle - 0.17, -0.38, -0.1]) - goal) * bent[:, None]
        fingers = _DOWN * (1 - 0.5 * carry)[:, None] + np.array([0.0, -0.5, 0.2]) * carry[:, None]
        p.arm_reach(
            hand, goal, fingers, (-1.0, 0.0, 0.1), swivel=0.3 + 0.3 * bent, weight=np.maximum(carry, grip)
        )
        p.hand(hand, hands.PALM, np.maximum(grip, 0.8 * reach))
        p.keep_palm(hand, "load", (middle, 0.0, BOX_GRIP), load)
        p.shrug[:, hand] += 0.08 * strain
    p.keep_palm(LEFT, "other_hand", (BOX[0], 0.0, 0.0), grip)
    face.effort(p.face, 0.95 * strain)
    return replace(p.track(), held=(Held("box", place),))


def stretch(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Clasp the hands, push them up with a yawn, onto the toes, lean to a side, and let go."""
    p = Puppet(t, rng)
    side, reach = side_of(params), params["reach"]
    outward = OUTWARD[side]
    period = seconds / max(1, round(seconds / 3.8))
    join, up, bend, loose, toes = (np.zeros(len(t)) for _ in range(5))
    for k in cycles(t, period):
        at = k * period
        join += ramp(t, at + 0.02, at + 0.16 * period) * (1 - ramp(t, at + 0.74 * period, at + 0.8 * period))
        up += ramp(t, at + 0.12 * period, at + 0.34 * period) * (
            1 - ramp(t, at + 0.72 * period, at + 0.92 * period)
        )
        bend += pulse(t, at + 0.4 * period, 0.16 * period, 0.06 * period, 0.16 * period)
        toes += pulse(t, at + 0.24 * period, 0.12 * period, 0.04 * period, 0.1 * period)
        loose += pulse(t, at + 0.8 * period, 0.1 * period, 0.0, 0.2 * period)
        yawn = pulse(t, at + 0.26 * period, 0.14 * period, 0.14 * period, 0.16 * period)
        face.add(p.face, {"jawOpen": 0.75, **face.both("eyeBlink", 0.9), "mouthFunnel": 0.2}, yawn)
        face.add(p.face, {"browInnerUp": 0.6, **face.both("noseSneer", 0.4)}, yawn)
        face.exhale(p.face, 0.7 * pulse(t, at + 0.76 * period, 0.15, 0.1, 0.35))
        face.smile(p.face, 0.5 * pulse(t, at + 0.84 * period, 0.2, 0.2, 0.4))
        p.look((0.1 * outward, -0.8, 0.7), at + 0.2 * period, at + 0.4 * period, head=0.7)
        p.tell("clasps the hands and pushes them up over the head", at, at + 0.4 * period, seconds)
        over = f"stretches and leans to the {SIDES[side]} with the clasped hands over the head"
        p.tell(over, at + 0.4 * period, at + 0.74 * period, seconds)
        p.tell("lets go and lowers the arms", at + 0.76 * period, at + period, seconds)
        p.look((-outward * 0.6, -1.0, 0.1), at + 0.42 * period, at + 0.62 * period, head=0.5)
    p.sway[:, 2] += 0.012 * up - 0.02 * loose
    p.sway[:, 0] -= outward * 0.055 * reach * bend
    p.pelvis[:, 1] -= outward * 0.06 * bend
    p.spine[:, 0] -= 0.2 * reach * lag(up, t, 0.05) - 0.22 * lag(loose, t, 0.08)
    p.spine[:, 1] += outward * 0.52 * reach * lag(bend, t, 0.06)
    p.spine[:, 2] += 0.1 * outward * bend
    p.head[:, 0] -= 0.1 * lag(up, t, 0.12) - 0.18 * loose
    p.head[:, 1] += outward * 0.12 * lag(bend, t, 0.2)
    for foot in (LEFT, RIGHT):
        p.lift_heels(foot, 0.32 * reach * toes)
    p.sway[:, 2] += 0.04 * reach * toes
    p.over_toes(1.1 * toes)
    wobble = drift(t, rng, (2, 3), hz=0.7)
    for hand in (LEFT, RIGHT):
        p.arm_angles(
            hand,
            forward=0.1 + 0.18 * loose + 0.12 * wobble[:, hand, 0],
            out=0.24 + 0.12 * loose,
            inward=0.2,
            bend=0.35 + 0.2 * lag(loose, t, 0.1) + 0.1 * wobble[:, hand, 1],
            twist=0.35,
        )
        before = np.array([-0.11, -0.27, -0.15])
        above = np.array([-0.12, -0.06, 0.3 + 0.14 * reach])
        arc = np.array([0.0, -0.16, 0.0])
        goal = before + (above - before) * up[:, None] + arc * (up * (1 - up) * 2)[:, None]
        fingers = np.array([-0.7, -0.5, 0.5]) * (1 - up)[:, None] + np.array([-0.35, 0.1, 1.0]) * up[:, None]
        palm = np.array([-1.0, 0.3, -0.1]) * (1 - up)[:, None] + np.array([-1.0, -0.1, -0.2]) * up[:, None]
        shown = np.maximum(join, up)
        side_on = np.array([0.5, 0.2, -0.9]) * (1 - up)[:, None] + np.array([1.0, -0.35, -0.2]) * up[:, None]
        p.arm_reach(hand, goal + 0.006 * wobble[:, hand], fingers, palm, weight=shown, elbow=side_on)
        p.hand(hand, _CLASPED, join)
        p.shrug[:, hand] += 0.16 * up
    p.keep_palm(LEFT, "other_hand", (0.012, 0.0, 0.0), join)
    return p.track()


_CLASPED = np.array([(0.5, 0.25, 0.3, 0.3), *[(0.0, 0.55, 0.75, 0.35)] * 4])


def bow(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Straighten, bow from the hips with the head last, stay a moment, rise with the head last, smile."""
    p = Puppet(t, rng)
    depth, across = params["depth"], params["arms"] >= 0.5
    period = seconds / max(1, round(seconds / 2.9))
    p.stance(0.07, 0.16, ahead=0.0)
    tall, down, offer = (np.zeros(len(t)) for _ in range(3))
    for k in cycles(t, period):
        at = k * period
        tall += pulse(t, at - 0.02 * period, 0.12 * period, 0.02 * period, 0.14 * period)
        down += ramp(t, at + 0.13 * period, at + 0.44 * period) * (
            1 - ramp(t, at + 0.6 * period, at + 0.93 * period)
        )
        offer += ramp(t, at - 0.08 * period, at + 0.2 * period) * (
            1 - ramp(t, at + 0.7 * period, at + 0.95 * period)
        )
        p.look((0.0, -1.0, -1.4), at + 0.12 * period, at + 0.66 * period, head=0.2)
        face.add(p.face, face.both("eyeBlink", 0.7), pulse(t, at + 0.3 * period, 0.2, 0.16 * period, 0.2))
        face.smile(p.face, 0.75 * pulse(t, at + 0.76 * period, 0.25, 0.2 * period, 0.5))
        face.raise_brows(p.face, 0.5 * pulse(t, at + 0.88 * period, 0.15, 0.1, 0.25))
    late = lag(down, t, 0.1)
    p.pelvis[:, 0] += 0.62 * depth * down - 0.05 * tall
    p.spine[:, 0] += 0.42 * depth * late - 0.08 * tall
    p.head[:, 0] += 0.3 * depth * lag(down, t, 0.22) - 0.06 * tall
    p.sway[:, 1] += 0.13 * depth * down - 0.012 * tall
    p.sway[:, 2] += 0.006 * tall - 0.02 * depth * down
    p.shrug -= 0.03 * tall[:, None]
    turn = drift(t, rng, hz=0.4)
    p.spine[:, 2] += 0.05 * turn
    front = LEFT if rng.random() < 0.5 else RIGHT
    glide = drift(t, rng, (2, 3), hz=0.6)
    for hand in (LEFT, RIGHT):
        swing = lag(down, t, 0.18 + 0.05 * (hand == front))
        p.arm_angles(
            hand,
            forward=0.06 + 0.34 * depth * swing + 0.12 * glide[:, hand, 0] - 0.12 * tall,
            out=0.17 + 0.04 * glide[:, hand, 1] + 0.1 * tall,
            inward=0.15,
            bend=0.26 + 0.28 * lag(swing, t, 0.12) + 0.12 * glide[:, hand, 2],
            twist=0.3,
            flex=0.15 * lag(swing, t, 0.25),
        )
        p.hand(hand, hands.PALM, 0.6 * offer)
    if across:
        goal = np.array([-0.12, -0.2, -0.23]) + 0.012 * glide[:, front]
        goal[:, 1] -= 0.03 * down
        wide = np.array([0.26, -0.2, 0.02]) * (offer * (1 - offer) * 2.4)[:, None]
        p.arm_reach(front, goal + wide, (-0.95, -0.15, 0.1), (0.0, 1.0, -0.1), swivel=0.35, weight=offer)
        p.arm_angles(
            1 - front,
            forward=-0.35 + 0.05 * glide[:, 1 - front, 0] + 0.5 * lag(down, t, 0.15),
            out=0.3 + 0.25 * lag(down, t, 0.2),
            inward=-0.35,
            bend=0.55 + 0.1 * glide[:, 1 - front, 1],
            twist=0.1,
            weight=offer,
        )
    arms = f"the {SIDES[front]} arm across the body" if across else "the arms at the sides"
    for k in cycles(t, period):
        at = k * period
        p.tell("draws up tall", at - 0.07 * period, at + 0.13 * period, seconds)
        p.tell(f"bows with {arms}", at + 0.13 * period, at + 0.6 * period, seconds)
        p.tell("straightens up", at + 0.6 * period, at + 0.93 * period, seconds)
    return p.track()


FAMILIES = {"sit": sit, "lift": lift, "stretch": stretch, "bow": bow}
"""Name in the catalogue to the function that performs it."""
