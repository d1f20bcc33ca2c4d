"""What hands say by themselves: letters, pinches, an air piano, fists that open and close."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render.motions import face, hands
from render.motions.puppet import OUTWARD, SIDES, Puppet, side_of
from render.motions.signals import column, cycles, drift, keyed, lag, pulse, ramp, smooth
from render.motions.track import LEFT, RIGHT, Track

_FORWARD = np.array([0.0, -1.0, 0.0])


def spell(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Spell with one hand beside the face: each letter formed, pushed a little ahead, held, and left for the
    next; the mouth says it along."""
    p = Puppet(t, rng)
    side, rate = side_of(params), params["rate"]
    outward = OUTWARD[side]
    up = ramp(t, -0.35, 0.15) * (1 - ramp(t, seconds - 0.1, seconds + 0.35))
    names = sorted(hands.LETTERS)
    first = int(np.floor(t[0] * rate)) - 1
    count = int(np.ceil(t[-1] * rate)) + 2 - first
    word = [names[i] for i in _deal(count, len(names), rng)]
    knots, shapes, push = [], [], np.zeros(len(t))
    change = min(0.2, 0.34 / rate)
    glide = np.zeros(len(t))
    for k, letter in enumerate(word):
        at = (first + k) / rate
        knots += [at + change, at + 1 / rate - 0.01]
        shapes += [hands.LETTERS[letter]] * 2
        push += pulse(t, at + 0.6 * change, 0.14, 0.04, min(0.4, 0.6 / rate))
        glide += ramp(t, at, at + change + 0.05)
        _mouth(p, letter, at + 0.5 * change)
        if at + change < seconds and at + 1 / rate > 0:
            end = min(at + 1 / rate, seconds)
            p.events.append((max(at, 0.0), end, f"shows the letter {letter} with the {SIDES[side]} hand"))
    p.hand(side, keyed(t, knots, np.array(shapes)), up)
    # Fingers do not arrive together: the little finger is last.
    for finger in range(5):
        p.shape[:, side, finger] = lag(p.shape[:, side, finger], t, 0.018 * (1 + finger))
    pushed = lag(push, t, 0.04)
    creep = 0.03 * np.sin(2 * np.pi * 0.13 * rate * t + rng.uniform(0, 6))
    goal = np.array([0.0, -0.25, 0.045]) + 0.014 * drift(t, rng, (3,), hz=0.5)
    goal += column(pushed) * np.array([0.0, -0.05, -0.018]) + column(creep) * np.array([1.0, 0.0, 0.2])
    tilt = 0.08 + 0.1 * drift(t, rng, hz=0.5)
    fingers = np.stack([tilt, -0.08 - 0.2 * lag(push, t, 0.1), np.ones(len(t))], axis=-1)
    palm = _FORWARD + np.array([-0.12, 0.0, 0.08])
    p.arm_reach(side, goal, fingers, palm, swivel=0.28, weight=up)

    other = 1 - side
    rest = np.array([-0.07, -0.25, -0.2]) + 0.026 * drift(t, rng, (3,), hz=0.6)
    rest += column(lag(push, t, 0.12)) * np.array([0.015, -0.02, -0.035])
    p.arm_reach(other, rest, (-0.75, -0.6, 0.1), (-0.2, 0.5, -0.85), swivel=0.2, weight=up)
    rock = lag(np.sin(np.pi * rate * t), t, 0.1)
    p.sway[:, 0] += 0.016 * rock * up
    p.spine[:, 1] += 0.03 * lag(rock, t, 0.1) * up
    p.spine[:, 2] += 0.05 * outward + 0.04 * drift(t, rng, hz=0.35)
    p.head[:, 0] += 0.07 * lag(push, t, 0.1)
    p.head[:, 1] += -outward * 0.06 + 0.05 * drift(t, rng, hz=0.4)
    p.head[:, 2] += 0.08 * outward
    face.raise_brows(p.face, 0.5 * lag(push, t, 0.05) * up)
    face.smile(p.face, 0.25 + 0.2 * drift(t, rng, hz=0.25))
    p.look_at_hand(side, 0.35 * seconds, 0.35 * seconds + 0.7, head=0.35)
    return p.track()


_SOUNDS = {
    "A": ("eh", "ee"), "B": ("mm", "ee"), "C": ("ee",), "D": ("ll", "ee"), "E": ("ee",), "F": ("eh", "ff"),
    "I": ("ah", "ee"), "L": ("eh", "ll"), "O": ("oh", "oo"), "R": ("ah", "ll"), "S": ("eh", "ee"),
    "U": ("ee", "oo"), "V": ("ff", "ee"), "W": ("oo", "mm", "oo"), "X": ("eh", "ee"), "Y": ("oo", "ah"),
}  # fmt: skip


def _mouth(p: Puppet, letter: str, at: float) -> None:
    sounds = _SOUNDS[letter]
    for i, sound in enumerate(sounds):
        amount = pulse(p.t, at + 0.13 * i, 0.09, 0.06, 0.12)
        face.add(p.face, face.VISEMES[sound], 0.95 * amount)


def _deal(count: int, kinds: int, rng: np.random.Generator) -> list[int]:
    """`count` numbers below `kinds`: whole shuffled decks, so that none repeats soon."""
    decks = [rng.permutation(kinds) for _ in range(count // kinds + 1)]
    return [int(i) for i in np.concatenate(decks)[:count]]


def pinch(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Pick small things from the air one by one, eyes first, and drop them into the other palm."""
    p = Puppet(t, rng)
    side, other, outward = side_of(params), 1 - side_of(params), OUTWARD[side_of(params)]
    period = 1.0 / params["rate"]
    n = len(t)
    up = ramp(t, -0.4, 0.1) * (1 - ramp(t, seconds - 0.05, seconds + 0.4))
    drop = np.array([-0.13, -0.3, -0.0])
    knots, places, closed = [], [], np.zeros(n)
    catch, give, picking = np.zeros(n), np.zeros(n), np.zeros(n)
    for k in cycles(t, period):
        at = k * period
        spot = np.array([rng.uniform(-0.03, 0.14), rng.uniform(-0.37, -0.3), rng.uniform(0.0, 0.15)])
        near = spot + np.array([0.02, 0.05, 0.02])
        for share, place in ((0.18, near), (0.36, spot), (0.46, spot + np.array([0.0, 0.025, 0.01])),
                             (0.78, drop), (0.94, drop + np.array([0.0, 0.0, -0.012]))):  # fmt: skip
            knots.append(at + share * period)
            places.append(place)
        closed += ramp(t, at + 0.28 * period, at + 0.37 * period) * (
            1 - ramp(t, at + 0.84 * period, at + 0.92 * period)
        )
        picking += pulse(t, at - 0.06 * period, 0.26 * period, 0.3 * period, 0.24 * period)
        catch += pulse(t, at + 0.3 * period, 0.07, 0.0, 0.25)
        give += pulse(t, at + 0.8 * period, 0.12, 0.0, 0.25)
        from_eyes = spot * np.array([outward, 1.0, 1.0]) + np.array([0.145 * outward, 0.1, -0.2])
        p.look(from_eyes, at - 0.02 * period, at + 0.56 * period, head=0.5)
        p.look_at_hand(other, at + 0.6 * period, at + 0.95 * period, head=0.4)
        face.raise_brows(p.face, 0.5 * pulse(t, at + 0.02 * period, 0.15, 0.1, 0.25))
        face.smile(p.face, 0.6 * pulse(t, at + 0.36 * period, 0.15, 0.1, 0.35))
        if at < seconds and at + period > 0:
            start, end = max(at, 0.0), min(at + 0.5 * period, seconds)
            if end > start:
                p.events.append((start, end, f"pinches thumb and fingers of the {SIDES[side]} hand together"))
    face.think(p.face, 0.4 * lag(closed, t, 0.1))
    face.add(p.face, {"tongueOut": 0.12, "jawOpen": 0.05}, lag(closed, t, 0.05) * 0.5)
    goal = keyed(t, knots, np.array(places)) + 0.006 * drift(t, rng, (3,), hz=1.1)
    goal[:, 2] += 0.012 * catch
    height = np.clip(goal[:, 2] / 0.22, 0.0, 1.0)
    # The palm is ahead where the hand picks, so that the tips show, and down where it lets go.
    picking = np.minimum(picking, 1.0)[:, None]
    fingers = np.array([-0.15, -0.5, 0.85]) * picking + np.array([-0.5, -0.8, -0.2]) * (1 - picking)
    fingers[:, 2] -= 0.25 * give
    palm = np.array([-0.6, -0.75, -0.3]) * picking + np.array([-0.45, 0.0, -1.0]) * (1 - picking)
    p.arm_reach(side, goal, lag(fingers, t, 0.05), lag(palm, t, 0.06), swivel=0.3, weight=up)
    shape = hands.PINCH_OPEN + (hands.PINCH - hands.PINCH_OPEN) * closed[:, None, None]
    shape[:, 2:, 1] += 0.12 * column(lag(catch, t, 0.08) + 0.5 * drift(t, rng, hz=0.6))
    p.hand(side, shape, up)
    bowl = np.array([-0.05, -0.29, -0.11]) + 0.024 * drift(t, rng, (3,), hz=0.65)
    bowl[:, 2] -= 0.03 * lag(give, t, 0.06) - 0.03 * lag(catch, t, 0.15)
    p.arm_reach(other, bowl, (-0.5, -0.85, 0.05), (-0.15, 0.0, 1.0), swivel=0.05, weight=up)
    p.hand(other, _BOWL, up)
    p.shape[:, other, 1:, 1] += 0.1 * column(lag(give, t, 0.1) * up)
    turn = lag(smooth(goal[:, 0], t, 0.1), t, 0.1)
    p.sway[:, 0] += outward * 0.09 * turn * up
    p.spine[:, 2] += outward * 0.5 * turn * up
    p.spine[:, 0] += 0.05 + 0.04 * lag(give, t, 0.1)
    p.shrug[:, side] += 0.1 * height * up
    p.head[:, 1] += 0.05 * drift(t, rng, hz=0.4)
    return p.track()


_BOWL = np.array([(0.6, 0.0, 0.2, 0.25), (0.0, 0.35, 0.4, 0.25), (0.0, 0.38, 0.42, 0.28),
                  (0.0, 0.42, 0.45, 0.3), (0.05, 0.5, 0.5, 0.3)])  # fmt: skip


def piano(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Play an air piano: fingers strike one by one, wrists float along the keys, the body goes with it."""
    p = Puppet(t, rng)
    rate, spread = params["rate"], params["spread"]
    n = len(t)
    up = ramp(t, -0.4, 0.12) * (1 - ramp(t, seconds - 0.05, seconds + 0.4))
    flow = drift(t, rng, hz=0.4)
    swell = smooth(0.75 + 0.25 * drift(t, rng, hz=0.45), t, 0.1)
    leader = int(rng.integers(2))
    for side in (LEFT, RIGHT):
        pace = rate if side == leader else 0.6 * rate
        struck = np.zeros((n, 5))
        knots, where = [], []
        finger, way, spot = int(rng.integers(5)), 1, 0.0
        when = float(t[0]) - float(rng.uniform(0, 1 / pace))
        while when < t[-1] + 0.6:
            # Runs of neighbouring fingers, a turn now and then, the hand shifting at the turns.
            length = float(rng.choice((1.0, 1.0, 1.0, 2.0))) / pace
            for played in {finger, (finger + 2) % 5} if rng.random() < 0.25 else {finger}:
                struck[:, played] += pulse(t, when - 0.07, 0.07, 0.03, min(0.16, 0.5 / pace))
            if not 0 <= finger + way <= 4 or rng.random() < 0.15:
                way = -way
                spot = float(rng.uniform(-1.0, 1.0))
            finger = int(np.clip(finger + way, 0, 4))
            knots.append(when)
            where.append(spot)
            when += length
        along = lag(keyed(t, knots, where), t, 0.1) * (0.035 + 0.085 * spread) + 0.014 * flow
        weight = np.minimum(struck.sum(axis=1), 1.3)
        lifted = lag(weight, t, 0.05)
        goal = np.stack(
            [-0.05 + along, -0.31 - 0.02 * swell, -0.015 + 0.026 * flow - 0.026 * lifted], axis=-1
        )
        goal[:, 2] += 0.03 * _float(t, pace / 4, side)
        rise = 0.18 + 0.2 * lag(weight, t, 0.1) - 0.3 * _float(t, pace / 4, side)
        fingers = np.stack([-0.12 - 0.6 * along, np.full(n, -1.0), rise - 0.25], axis=-1)
        p.arm_reach(side, goal, lag(fingers, t, 0.04), (0.0, -0.1, -1.0), swivel=0.45, weight=up)
        shape = np.tile(_ON_KEYS, (n, 1, 1))
        # A finger lifts before it strikes.
        lift = np.stack([_before(struck[:, f], t) for f in range(5)], axis=1)
        shape[:, 1:, 1] += 0.52 * struck[:, 1:] - 0.3 * lift[:, 1:]
        shape[:, 1:, 2] += 0.12 * struck[:, 1:]
        shape[:, 0, 0] += 0.3 * struck[:, 0] - 0.15 * lift[:, 0]
        # A finger takes its neighbours along a little.
        shape[:, 2:, 1] += 0.14 * struck[:, 1:-1]
        shape[:, 1:-1, 1] += 0.14 * struck[:, 2:]
        p.hand(side, shape, up)
        p.shrug[:, side] += 0.03 * lifted
        if side == leader:
            accent = lag(weight, t, 0.08)
    p.sway[:, 0] += 0.042 * flow * up
    p.sway[:, 1] += 0.014 * drift(t, rng, hz=0.6) * up
    p.spine[:, 1] += 0.07 * lag(flow, t, 0.15) * up
    p.spine[:, 0] += (0.06 + 0.09 * (swell - 0.75) * 3) * up + 0.02 * accent
    p.spine[:, 2] += 0.05 * drift(t, rng, hz=0.35)
    p.head[:, 0] += 0.08 + 0.07 * accent + 0.06 * flow
    p.head[:, 1] += 0.09 * lag(flow, t, 0.3)
    half = 0.5 * seconds
    p.look_at_hand(leader, -0.2, 0.45 * half, head=0.45)
    p.look_at_hand(1 - leader, 0.55 * half, 0.95 * half, head=0.45)
    p.look_at_hand(leader, 1.25 * half, 1.6 * half, head=0.45)
    dreamy = pulse(t, 0.95 * half, 0.35, 0.18 * half, 0.35)
    face.add(p.face, {**face.both("eyeBlink", 0.85), "browInnerUp": 0.7}, dreamy)
    p.head[:, 0] -= 0.2 * lag(dreamy, t, 0.15)
    face.smile(p.face, 0.3 + 0.25 * flow)
    face.add(p.face, face.both("browDown", 0.25) | {"mouthPucker": 0.15}, accent * 0.6)
    p.events.append((0.0, seconds, "plays an air piano with the fingers of both hands"))
    return p.track()


_ON_KEYS = np.array([(0.55, -0.05, 0.15, 0.2), (-0.06, 0.32, 0.55, 0.3), (-0.02, 0.34, 0.62, 0.34),
                     (0.03, 0.36, 0.6, 0.34), (0.1, 0.36, 0.5, 0.3)])  # fmt: skip


def _float(t: np.ndarray, rate: float, side: int) -> np.ndarray:
    """(N,) a wrist's float between phrases: 0 most of the time, up to 1 once in 1 / rate seconds."""
    return np.maximum(np.sin(2 * np.pi * (rate * t + 0.37 * side)), 0.0) ** 3


def _before(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """x (N,) as much earlier as a finger lifts before it strikes."""
    early = max(1, round(0.09 / float(t[1] - t[0])))
    return np.concatenate([x[early:], np.repeat(x[-1:], early)])


def fists(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Close both fists finger by finger, squeeze, and burst them open with the fingers spread."""
    p = Puppet(t, rng)
    rate, height = params["rate"], params["height"]
    period, n = 1.0 / rate, len(t)
    up = ramp(t, -0.4, 0.1) * (1 - ramp(t, seconds - 0.05, seconds + 0.4))
    leader = int(rng.integers(2))
    squeeze_all = np.zeros(n)
    burst_all = np.zeros(n)
    for side in (LEFT, RIGHT):
        late = 0.0 if side == leader else float(rng.uniform(0.04, 0.1))
        closed, squeeze, burst = np.zeros((n, 5)), np.zeros(n), np.zeros(n)
        for k in cycles(t, period):
            at = k * period + late
            for order, finger in enumerate((4, 3, 2, 1, 0)):
                begin = at + 0.045 * period * order
                shut = ramp(t, begin, begin + 0.24 * period)
                closed[:, finger] += shut * (1 - ramp(t, at + 0.66 * period, at + 0.8 * period))
            squeeze += pulse(t, at + 0.36 * period, 0.1 * period, 0.14 * period, 0.1 * period)
            burst += pulse(t, at + 0.68 * period, 0.12 * period, 0.08 * period, 0.2 * period)
        shut = closed[:, :, None]
        shape = _STAR + (hands.LETTERS["S"] - _STAR) * shut
        shape[:, 1:, 1] -= 0.14 * column(burst)
        shape[:, 1:, 1:] += 0.05 * squeeze[:, None, None]
        p.hand(side, shape, up)
        tight = closed.mean(axis=1)
        level = -0.24 + 0.3 * height + 0.02 * drift(t, rng, hz=0.4)
        goal = np.stack([-0.01 + 0.05 * burst - 0.035 * tight, -0.27 - 0.05 * burst, level], axis=-1)
        goal[:, 2] += 0.03 * lag(burst, t, 0.04) - 0.035 * lag(squeeze, t, 0.05)
        goal += 0.012 * drift(t, rng, (3,), hz=0.7) + 0.003 * column(squeeze * np.sin(2 * np.pi * 9 * t))
        turned = lag(tight, t, 0.06)
        fingers = np.stack([0.05 - 0.3 * turned, np.full(n, -0.3), 1.0 - 0.1 * turned], axis=-1)
        palm = np.stack([-0.35 - 0.5 * turned, -0.9 + 1.2 * turned, np.full(n, 0.05)], axis=-1)
        p.arm_reach(side, goal, fingers, palm, swivel=0.25 + 0.1 * burst, weight=up)
        p.shrug[:, side] += (0.05 + 0.08 * squeeze - 0.03 * burst) * up
        if side == leader:
            squeeze_all, burst_all = squeeze, burst
            p.look_at_hand(side, 0.05, 0.5 * seconds, head=0.4)
        for k in cycles(t, period):
            at = k * period
            if side == leader and at < seconds and at + period > 0:
                p.events.append(
                    (max(at, 0.0), min(at + 0.66 * period, seconds), "closes both hands to fists")
                )
    p.look_at_hand(1 - leader, 0.62 * seconds, 0.95 * seconds, head=0.4)
    late_burst = lag(burst_all, t, 0.07)
    p.sway[:, 2] -= 0.012 * lag(squeeze_all, t, 0.08) * up
    p.sway[:, 0] += 0.02 * drift(t, rng, hz=0.45)
    p.spine[:, 0] += 0.07 * squeeze_all * up - 0.07 * late_burst * up
    p.spine[:, 2] += 0.06 * drift(t, rng, hz=0.4)
    p.head[:, 0] += 0.08 * lag(squeeze_all, t, 0.06) * up - 0.08 * lag(burst_all, t, 0.1) * up
    p.head[:, 1] += 0.05 * drift(t, rng, hz=0.45)
    face.effort(p.face, 0.6 * squeeze_all * up)
    face.surprise(p.face, 0.45 * burst_all * up)
    face.smile(p.face, 0.35 * lag(burst_all, t, 0.1) * up)
    return p.track()


_STAR = np.array([(-0.05, -0.3, 0.0, 0.0), (-0.24, -0.02, 0.03, 0.02), (-0.07, -0.03, 0.03, 0.02),
                  (0.13, -0.02, 0.03, 0.02), (0.32, 0.0, 0.03, 0.02)])  # fmt: skip

FAMILIES = {"spell": spell, "pinch": pinch, "piano": piano, "fists": fists}
"""Name in the catalogue to the function that performs it."""
