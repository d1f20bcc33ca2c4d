"""What hands do to the air and to each other: reaching, pointing, clapping."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render import rotations as rot
from render.motions import face, hands
from render.motions.puppet import OUTWARD, SIDES, Puppet, side_of
from render.motions.signals import column, cycles, drift, lag, pulse, ramp, smooth
from render.motions.track import LEFT, RIGHT, Track

_UP = np.array([0.0, 0.0, 1.0])


def reach(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Look, draw back, reach with the whole body behind the hand, take hold, and bring it in."""
    p = Puppet(t, rng)
    side, other, outward = side_of(params), 1 - side_of(params), OUTWARD[side_of(params)]
    height, across = params["height"], params["across"]
    period = seconds / max(1, round(seconds / 2.3))
    low, high = max(0.0, 1 - 2 * height), max(0.0, 2 * height - 1)
    n = len(t)
    draw, out, take, home = (np.zeros(n) for _ in range(4))
    lift = -0.95 + 2.05 * height
    aim = np.array([np.sin(across) * np.cos(lift), -np.cos(across) * np.cos(lift), np.sin(lift)])
    for k in cycles(t, period):
        at = k * period
        set_out, there, leave, back = (at + s * period for s in (0.16, 0.44, 0.58, 0.88))
        draw += pulse(t, at + 0.04 * period, 0.12 * period, 0.0, 0.16 * period)
        out += ramp(t, set_out, there) * (1 - ramp(t, leave, back))
        take += ramp(t, there - 0.02, there + 0.12) * (1 - ramp(t, back - 0.02, back + 0.2))
        home += pulse(t, leave + 0.05 * period, 0.2 * period, 0.1 * period, 0.16 * period)
        p.look(
            aim * np.array([outward, 1.0, 1.0]) + np.array([0.0, 0.0, -0.2]), at + 0.02 * period, leave + 0.05
        )
        p.look_at_hand(side, leave + 0.1, back, head=0.5)
        face.effort(p.face, (0.25 + 0.35 * high) * pulse(t, there - 0.2, 0.2, 0.08, 0.25))
        face.smile(p.face, 0.55 * pulse(t, leave + 0.1, 0.25, 0.2, 0.4))
        words = "high up" if height > 0.75 else "down low" if height < 0.25 else "out"
        p.tell(f"draws the {SIDES[side]} hand in", back - period, set_out, seconds)
        p.tell(f"reaches {words} with the {SIDES[side]} hand", set_out, leave, seconds)
        p.tell(f"takes the {SIDES[side]} hand back", leave, back, seconds)
    late = lag(out, t, 0.06)
    away = draw - 0.3 * home
    # The whole body goes along: weight over the foot on that side, knees for what is low, toes for what is
    # high.
    p.sway[:, 0] += outward * (0.035 + 0.035 * np.sin(across)) * late - outward * 0.025 * away
    p.sway[:, 1] += -0.06 * np.cos(across) * (1 - low) * late + 0.07 * low * late + 0.02 * draw
    p.sway[:, 2] -= 0.2 * low * late + 0.012 * draw
    for foot in (LEFT, RIGHT):
        tip = 0.36 * max(0.0, high - 0.25) * smooth(late, t, 0.05)
        p.lift_heels(foot, tip * (1.0 if foot == other else 0.75))
    p.sway[:, 2] += 0.075 * max(0.0, high - 0.25) * late
    if high > 0.25:
        p.over_toes(0.75 * late)
    p.pelvis[:, 2] += outward * (-0.16 * np.cos(across) + 0.22 * across) * late + outward * 0.1 * draw
    p.pelvis[:, 0] += (0.08 + 0.42 * low - 0.05 * high) * late
    p.spine[:, 2] += outward * (-0.22 + 0.3 * across) * lag(out, t, 0.1) + outward * 0.16 * lag(draw, t, 0.05)
    p.spine[:, 0] += (0.14 + 0.5 * low - 0.18 * high) * lag(out, t, 0.09) - 0.07 * draw
    p.spine[:, 1] -= outward * 0.2 * high * lag(out, t, 0.08)
    p.shrug[:, side] += (0.06 + 0.2 * high) * out
    p.knees += 0.12 * low * column(late)

    ready = np.array([0.04, -0.2, -0.28])
    drawn = np.array([0.1, -0.08, -0.2])
    brought = np.array([-0.08, -0.27, -0.14])
    goal = ready + (drawn - ready) * column(draw)
    goal += (aim * 0.515 - goal) * column(out) + (brought - goal) * column(home * (1 - out))
    goal += 0.06 * _UP * column(out * (1 - out) * 4) * (0.6 if low == 0 else -0.2)
    ahead = rot.normalised(aim + np.array([-0.25, -0.2, 0.1]))
    fingers = ahead * column(out) + np.array([-0.4, -0.8, 0.25]) * column(1 - out)
    palm = np.array([-0.7, 0.1, -0.6 - 0.3 * high]) * column(1 - 0.5 * home) + np.array(
        [-0.2, 0.5, 0.5]
    ) * column(0.5 * home)
    p.arm_reach(
        side,
        goal,
        lag(fingers, t, 0.05),
        lag(palm, t, 0.06),
        swivel=0.25,
        weight=0.25 + 0.75 * _one(out, home),
    )
    wide = np.array([0.02, 0.06, 0.08, 0.1, 0.14])
    p.curl[:, side] += (wide - p.curl[:, side]) * column(out * (1 - take))
    p.spread[:, side] += 0.16 * out * (1 - take)
    p.hand(side, hands.CUP_GRIP, take)
    # The other arm goes back and out, a counterweight.
    swing = lag(out, t, 0.1)
    p.arm_angles(
        other,
        forward=0.12
        - 0.4 * swing * (1 - low)
        + 0.35 * low * swing
        + 0.2 * draw
        + 0.08 * drift(t, rng, hz=0.5),
        out=0.25 + 0.3 * swing,
        inward=0.2,
        bend=0.45 + 0.4 * lag(swing, t, 0.12) + 0.1 * drift(t, rng, hz=0.6),
        twist=0.35,
        flex=0.2 * lag(swing, t, 0.2),
    )
    return p.track()


def _one(*shares: np.ndarray) -> np.ndarray:
    """(N,) 1 where any share is."""
    none = np.ones_like(shares[0])
    for share in shares:
        none = none * (1 - np.clip(share, 0.0, 1.0))
    return 1 - none


def point(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Look there, cock the hand, shoot the arm out past the mark, settle, insist, and look back."""
    p = Puppet(t, rng)
    side, other, outward = side_of(params), 1 - side_of(params), OUTWARD[side_of(params)]
    lift, across = params["height"], params["across"]
    period = seconds / max(1, round(seconds / 2.4))
    n = len(t)
    cock, out, over, beat, shape, glance = (np.zeros(n) for _ in range(6))
    aim = np.array([np.sin(across) * np.cos(lift), -np.cos(across) * np.cos(lift), np.sin(lift)])
    for k in cycles(t, period):
        at = k * period
        go, there, leave, back = (at + s * period for s in (0.17, 0.33, 0.74, 0.98))
        cock += pulse(t, at - 0.02 * period, 0.17 * period, 0.0, 0.1 * period)
        out += ramp(t, go, there) * (1 - ramp(t, leave, back))
        over += pulse(t, there - 0.06 * period, 0.07 * period, 0.0, 0.12 * period)
        shape += ramp(t, at, go + 0.1) * (1 - ramp(t, leave + 0.05, back))
        for nudge in (0.45, 0.6):
            beat += pulse(t, at + nudge * period, 0.09, 0.0, 0.18)
        p.look(aim * np.array([outward, 1.0, 1.0]), at + 0.01 * period, at + 0.52 * period, head=0.75)
        glance += pulse(t, at + 0.52 * period, 0.2, 0.1, 0.3)
        face.raise_brows(p.face, 0.95 * pulse(t, at + 0.1 * period, 0.16, 0.3 * period, 0.3))
        for viseme, after in (("oh", 0.3), ("eh", 0.38), ("ah", 0.47), ("mm", 0.55), ("ee", 0.62)):
            face.add(p.face, face.VISEMES[viseme], pulse(t, at + after * period, 0.09, 0.05, 0.12))
        face.smile(p.face, 0.6 * pulse(t, at + 0.58 * period, 0.25, 0.15 * period, 0.4))
        p.tell(f"gets the {SIDES[side]} hand ready to point", back - period, go, seconds)
        p.tell(f"points with the {SIDES[side]} hand", go, leave, seconds)
        p.tell(f"lowers the {SIDES[side]} arm", leave, back, seconds)
    late = lag(out, t, 0.07)
    p.sway[:, 0] += outward * 0.03 * late - outward * 0.022 * cock + 0.012 * drift(t, rng, hz=0.4)
    p.sway[:, 1] += 0.02 * cock - 0.035 * np.cos(across) * late
    p.pelvis[:, 2] += outward * (0.28 * across - 0.1) * late + outward * 0.09 * cock
    p.spine[:, 2] += outward * (0.35 * across - 0.16) * lag(out, t, 0.09) + outward * 0.16 * lag(
        cock, t, 0.05
    )
    p.spine[:, 0] += 0.08 * lag(out, t, 0.1) - 0.06 * cock + 0.04 * lag(beat, t, 0.06)
    p.head[:, 0] += 0.1 * lag(beat, t, 0.08)
    p.head[:, 1] += outward * 0.08 * lag(glance, t, 0.1)
    p.shrug[:, side] += 0.07 * out + 0.05 * cock
    rest = np.array([0.0, -0.24, -0.2])
    cocked = np.array([0.02, -0.16, 0.02])
    goal = rest + (cocked - rest) * column(cock)
    goal += (aim * (0.475 + 0.03 * over + 0.022 * lag(beat, t, 0.04))[:, None] - goal) * column(out)
    goal[:, 2] += 0.02 * over - 0.02 * beat * out
    fingers = aim * column(out) + np.array([-0.15, -0.6, 0.75]) * column(1 - out)
    fingers = fingers + 0.35 * _UP * column(over) - 0.1 * _UP * column(lag(beat, t, 0.05))
    palm = np.array([-0.75, 0.0, -0.6])
    p.arm_reach(side, goal, rot.normalised(fingers), palm, swivel=0.2, weight=0.35 + 0.65 * _one(out, cock))
    p.hand(side, hands.POINTING, shape)
    # The other hand waits at the chest and answers the thrust.
    balance, fidget = lag(out, t, 0.14), drift(t, rng, (3,), hz=0.65)
    waits = np.array([-0.09, -0.2, -0.14]) + 0.018 * fidget
    waits += column(balance) * np.array([0.05, 0.04, -0.05]) + column(lag(beat, t, 0.08)) * np.array(
        [0.02, -0.02, -0.035]
    )
    p.arm_reach(other, waits, (-0.75, -0.35, 0.45), (-0.3, 0.85, -0.3), swivel=0.3)
    p.curl[:, other] += 0.15 + 0.08 * fidget[:, :1]
    return p.track()


def clap(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Clap: one hand strikes, the other receives; fingers splay at the impact, the body bobs along."""
    p = Puppet(t, rng)
    rate, height = params["rate"], params["height"]
    n = len(t)
    striker = int(rng.integers(2))
    up = ramp(t, -0.3, 0.2) * (1 - ramp(t, seconds - 0.15, seconds + 0.3))
    phase = rate * t
    # Closing is quicker than opening.
    warped = 2 * np.pi * (phase + 0.07 * np.sin(2 * np.pi * phase))
    gap = 0.5 * (1 - np.cos(warped))
    vigour = 1 + 0.2 * drift(t, rng, hz=0.5)
    apart = (0.2 - 0.028 * (rate - 1.6)) * vigour * gap
    hit = np.maximum(np.cos(warped), 0.0) ** 6
    late_hit = lag(hit, t, 0.06)
    bob = np.sin(np.pi * phase + 0.3)
    level = -0.15 + 0.2 * height + 0.02 * drift(t, rng, hz=0.4)
    for side in (LEFT, RIGHT):
        strikes = side == striker
        goal = np.stack([np.full(n, -0.11), -0.27 - 0.02 * gap, level], axis=-1)
        goal[:, 0] += apart * (0.72 if strikes else 0.28)
        goal[:, 2] += (0.035 if strikes else -0.02) * gap - 0.012 * late_hit
        tilt = 0.25 if strikes else -0.1
        opened = 0.3 * gap if strikes else 0.12 * gap
        fingers = np.stack([-0.3 + opened, np.full(n, -0.62 - tilt), 0.75 - 0.25 * late_hit], axis=-1)
        palm = np.stack([np.full(n, -1.0), np.full(n, 0.1 - tilt), np.full(n, -tilt)], axis=-1)
        p.arm_reach(side, goal, fingers, palm, swivel=0.3 + 0.12 * gap, weight=up)
        p.hand(side, hands.PALM, up)
        p.curl[:, side] += 0.05 * column(late_hit)
        p.shape[:, side, 1:, 1] += 0.16 * column(gap * up) - 0.1 * column(late_hit * up)
        p.shape[:, side, 0, 1] -= 0.25 * gap * up
        p.shrug[:, side] += 0.04 * up
    closing = np.stack([0.001 + apart, np.full(n, 0.004), np.full(n, -0.01)], axis=-1)
    p.keep_palm(striker, "other_hand", closing, up)
    p.sway[:, 0] += 0.022 * bob * up
    p.sway[:, 2] -= 0.008 * late_hit * up
    p.pelvis[:, 1] -= 0.04 * bob * up
    p.spine[:, 1] += 0.045 * lag(bob, t, 0.1) * up
    p.spine[:, 0] += 0.03 * late_hit * up - 0.02 * up
    p.spine[:, 2] += 0.06 * drift(t, rng, hz=0.4)
    p.head[:, 0] += 0.09 * lag(hit, t, 0.1) * up - 0.04 * up
    p.head[:, 1] += 0.06 * lag(bob, t, 0.18)
    glad = 0.55 + 0.35 * drift(t, rng, hz=0.3)
    face.grin(p.face, np.clip(glad, 0.15, 1.0) * up)
    face.raise_brows(p.face, 0.35 * lag(hit, t, 0.08) * up)
    p.look((float(rng.uniform(-0.35, 0.35)), -1.0, 0.02), 0.4, 0.4 + 0.45 * seconds, head=0.5)
    p.events.append((0.0, seconds, "claps both hands together"))
    return p.track()


FAMILIES = {"reach": reach, "point": point, "clap": clap}
"""Name in the catalogue to the function that performs it."""
