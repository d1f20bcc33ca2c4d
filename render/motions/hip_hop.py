"""Hip-hop: low and heavy on the beat, loose shoulders, and hits that stop dead."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render import rotations as rot
from render.motions import face, hands
from render.motions.footwork import Landing, dance_feet, weight
from render.motions.puppet import OUTWARD, Puppet
from render.motions.signals import drift, ease, lag, smooth
from render.motions.track import LEFT, RIGHT, Track

FIGURES = (
    "two-steps with a bounce",
    "runs on the spot",
    "rolls the body and waves the arms",
    "hits sharp poses of both arms on the beat",
)
"""Words for each figure of four beats."""

_BEATS = 4
_WIDE, _BALL_AHEAD = 0.13, -0.085
_FIGURES = len(FIGURES)

_POSES = np.array(
    [
        # Left arm, right arm: wrist from the shoulder (outward, back, up), the elbow's swivel, and where the
        # fingers point.
        [[-0.16, -0.3, -0.1, 0.9, -0.9, -0.3, 0.2], [-0.12, -0.26, -0.2, 0.6, -0.9, -0.4, 0.0]],
        [[0.3, -0.12, 0.34, 0.4, 0.5, -0.2, 0.9], [0.2, -0.02, -0.42, 0.5, 0.2, -0.1, -0.95]],
        [[0.1, -0.3, 0.16, 0.9, -0.7, -0.4, 0.5], [0.34, 0.0, -0.3, 0.7, 0.7, -0.1, -0.6]],
        [[0.34, -0.24, -0.06, 1.0, -0.3, -0.9, 0.1], [0.34, -0.24, -0.06, 1.0, -0.3, -0.9, 0.1]],
        [[-0.18, -0.22, 0.2, 1.1, -0.9, 0.0, 0.4], [0.4, -0.1, 0.16, 0.5, 0.95, -0.1, 0.3]],
        [[0.14, -0.36, -0.26, 0.5, 0.0, -0.8, -0.5], [-0.1, -0.2, 0.14, 0.9, -0.6, -0.3, 0.7]],
    ]
)
"""(poses, 2, 7)."""


def hip_hop(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Dance: knees drop on the beat, chest and shoulders bounce after them, the arms are thrown and
    caught."""
    p = Puppet(t, rng)
    tempo, groove, style = params["tempo"] / 60, params["groove"], params["style"]
    beat = t * tempo
    first, last = int(np.floor(beat[0] / _BEATS)) - 1, int(np.ceil(beat[-1] / _BEATS)) + 1
    likely = np.array([1.2 - 0.4 * style, 0.5 + 0.5 * style, 0.8, 0.5 + 0.6 * style])
    figures: list[int] = []
    for _ in range(last - first + 1):
        chances = likely.copy()
        if figures:
            chances[figures[-1]] *= 0.15
        figures.append(int(rng.choice(_FIGURES, p=chances / chances.sum())))
    shares = _shares(beat, figures, first)
    step, run, roll, hit = shares.T

    landings = _landings(figures, first, groove)
    dance_feet(p, beat, landings, lambda when: np.zeros_like(when))
    over = weight(beat, t, [one for one in landings if one.push > 0 or one.lift > 0.01], late=0.1)

    # The drop comes sharply on the beat and is let up slowly; the run is up between the beats.
    u = np.mod(beat + 0.35, 1.0)
    drop = smooth(ease(u / 0.35) * (1 - ease((u - 0.35) / 0.65)), t, 0.025)
    half = np.sin(np.pi * beat)
    bounce = 0.035 + 0.03 * groove
    pose, snap, lean = _hits(beat, t, rng)
    turn_in = lag(np.cos(np.pi * beat), t, 0.06)
    p.sway[:, 0] = 0.85 * over[:, 0] + hit * 0.05 * lean
    p.sway[:, 1] = 0.03 + 0.035 * groove * drop * (1 - run) + roll * 0.04 * np.sin(np.pi * beat)
    p.sway[:, 2] = -0.06 - 0.02 * groove - bounce * drop * (1 - 0.35 * roll)
    p.sway[:, 2] += 0.028 * run * (1 - drop)
    p.pelvis[:, 0] = 0.12 + 0.1 * groove * drop - roll * 0.22 * groove * np.sin(np.pi * beat + 0.5)
    p.pelvis[:, 1] = -groove * (0.1 * step * lag(half, t, 0.05) + 0.06 * hit * lean)
    p.pelvis[:, 2] = groove * (0.16 * step * turn_in - 0.14 * run * half + 0.12 * hit * lean)
    # The wave of the body: pelvis first, belly, chest, and the head last.
    p.spine[:, 0] = 0.12 + 0.13 * groove * lag(drop, t, 0.07) * (1 - roll) - 0.16 * hit * snap
    p.spine[:, 0] += roll * 0.4 * groove * np.sin(np.pi * beat - 0.7)
    p.spine[:, 1] = groove * (0.12 * step * lag(half, t, 0.1) + 0.12 * hit * lag(lean, t, 0.04))
    p.spine[:, 2] += groove * (-0.3 * step * turn_in + 0.22 * run * half - 0.3 * hit * lag(lean, t, 0.03))
    seesaw = lag(half, t, 0.08)
    p.shrug += (0.04 + 0.12 * groove * lag(drop, t, 0.05))[:, None]
    p.shrug += (0.1 * groove * (step + 0.6 * roll))[:, None] * np.stack([seesaw, -seesaw], axis=-1)
    p.head[:, 0] += 0.04 + 0.15 * groove * lag(drop, t, 0.09) + roll * 0.22 * np.sin(np.pi * beat - 1.6)
    p.head[:, 1] += 0.1 * groove * step * lag(half, t, 0.14) + 0.14 * hit * lag(lean, t, 0.06)
    p.head[:, 2] += 0.1 * drift(t, rng, hz=0.4) + 0.3 * hit * lag(lean, t, 0.05)
    p.steady = 0.7
    p.knees[:] = 0.2
    _arms(p, beat, shares, pose, drop, groove, rng)
    face.smile(p.face, 0.3 + 0.25 * drift(t, rng, hz=0.25))
    face.add(p.face, face.both("browDown", 0.3), lag(drop, t, 0.05) * (0.4 + 0.6 * hit))
    face.add(p.face, {"mouthPucker": 0.25, "jawForward": 0.3}, 0.5 * step + 0.8 * hit)
    face.raise_brows(p.face, 0.35 * roll * (0.5 + 0.5 * np.sin(np.pi * beat)))
    face.exhale(p.face, 0.35 * lag(snap, t, 0.06) * hit)
    for k, figure in enumerate(figures, start=first):
        start, end = k * _BEATS / tempo, (k + 1) * _BEATS / tempo
        if end > 0 and start < seconds:
            p.events.append((max(start, 0.0), min(end, seconds), FIGURES[figure]))
    return p.track()


def _shares(beat: np.ndarray, figures: list[int], first: int) -> np.ndarray:
    """(N, 4) share of each figure, cross-faded around its ends."""
    out = np.zeros((len(beat), _FIGURES))
    for k, figure in enumerate(figures, start=first):
        begin, end = k * _BEATS, (k + 1) * _BEATS
        out[:, figure] += ease(beat - begin + 0.55) * (1 - ease(beat - end + 0.55))
    return out / np.maximum(out.sum(axis=1, keepdims=True), 1e-6)


def _landings(figures: list[int], first: int, groove: float) -> list[Landing]:
    """Every step and slide, in order. A figure begins and ends on both feet, a little apart."""
    wide = 0.14 + 0.1 * groove
    ahead, behind = _BALL_AHEAD - 0.1 * groove, _BALL_AHEAD + 0.13 * groove
    out: list[Landing] = []

    def land(side: int, beat: float, x: float, y: float = _BALL_AHEAD, **how: float) -> None:
        out.append(Landing(side, beat, (x, y), **({"turn": 0.3, "lift": 0.05, "tip": 0.2} | how)))

    for k, figure in enumerate(figures, start=first):
        at = float(k * _BEATS)
        left, right = _WIDE * OUTWARD
        if figure == 0:
            for number, side in enumerate((RIGHT, LEFT, LEFT, RIGHT)):
                centre = (-wide, -wide, 0.0, 0.0)[number]
                apart = _WIDE + (0.05 if number % 2 == 0 else -0.04)
                land(side, at + number, centre + OUTWARD[side] * apart, lift=0.05 + 0.02 * groove)
        elif figure == 1:
            narrow = 0.75 * _WIDE
            for number in range(_BEATS):
                side = (LEFT, RIGHT)[number % 2]
                x = float(OUTWARD[side]) * narrow
                land(side, at + number, x, ahead, swing=0.6, lift=0.2 + 0.07 * groove, tip=0.3, turn=0.1)
                final = number >= _BEATS - 2
                back = _BALL_AHEAD if final else behind
                land(side, at + number + 0.94, x, back, swing=0.44, lift=0.006, tip=0.12, turn=0.1, push=0.0)
        elif figure == 2:
            land(LEFT, at, left * 1.25, turn=0.4)
            land(RIGHT, at + 1, right * 1.25, turn=0.4)
        else:
            land(RIGHT, at, right * 1.4, _BALL_AHEAD - 0.08, turn=0.35, swing=0.35)
            land(LEFT, at + 2, left * 1.4, _BALL_AHEAD - 0.05, turn=0.35, swing=0.35)
            land(RIGHT, at + 3, right * 1.2, _BALL_AHEAD + 0.03, turn=0.35, swing=0.35)
    return sorted(out, key=lambda one: one.beat)


def _hits(beat: np.ndarray, t: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A pose a beat: (N, 2, 7) arms, (N,) the snap of each hit, (N,) which way the body leans, left 1."""
    first, last = int(np.floor(beat[0])) - 1, int(np.ceil(beat[-1])) + 1
    order: list[int] = []
    for _ in range(last - first + 1):
        left = [k for k in range(len(_POSES)) if not order or k != order[-1]]
        order.append(int(rng.choice(left)))
    flip = rng.random(len(order)) < 0.5
    lean = rng.choice([-1.0, 1.0], len(order)) * rng.uniform(0.5, 1.0, len(order))
    k = np.clip(np.floor(beat + 0.42).astype(int) - first, 1, len(order) - 1)
    u = np.mod(beat + 0.42, 1.0)
    poses = np.array([_POSES[o][::-1] if f else _POSES[o] for o, f in zip(order, flip, strict=True)])
    # There within two fifths of a beat, a little too far, and back: the recoil of a hit.
    w = ease(u / 0.42) + 0.13 * np.sin(np.pi * np.clip((u - 0.3) / 0.4, 0, 1)) ** 2
    arms = poses[k - 1] + (poses[k] - poses[k - 1]) * w[:, None, None]
    snap = np.sin(np.pi * np.clip((u - 0.22) / 0.5, 0, 1)) ** 2
    swung = lean[k - 1] + (lean[k] - lean[k - 1]) * ease(u / 0.5)
    return smooth(arms, t, 0.015), smooth(snap, t, 0.02), smooth(swung, t, 0.02)


def _arms(
    p: Puppet, beat: np.ndarray, shares: np.ndarray, pose: np.ndarray, drop: np.ndarray, groove: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    t, n = p.t, len(p.t)
    half = np.pi * beat
    for side in (LEFT, RIGHT):
        out = OUTWARD[side]
        # Two-step: low swings across and out; run: pumps; wave: out wide, from one hand to the other.
        swing = np.stack(
            [0.14 + 0.2 * out * np.sin(half - 0.4), -0.22 - 0.06 * drop, -0.24 + 0.1 * np.cos(half * 2)], -1
        )
        beat_arm = np.cos(half + (0.0 if side == LEFT else np.pi))
        pump = np.stack(
            [0.1 - 0.03 * beat_arm, -0.2 - 0.12 * beat_arm, -0.14 + 0.12 * beat_arm - 0.05 * drop], -1
        )
        phase = half - 0.35 - out * 0.9
        wave = np.stack([0.42 - 0.04 * np.cos(phase), -0.12 + 0 * t, 0.02 + 0.13 * np.sin(phase)], -1)
        goals = np.stack([swing, pump, wave, pose[:, side, :3]], axis=1)
        rest = np.array([0.14, -0.22, -0.28])
        size = np.array([0.75 + 0.3 * groove, 0.75 + 0.3 * groove, 1.0, 0.9 + 0.1 * groove])
        goals = rest + (goals - rest) * size[:, None]
        goal = np.sum(goals * shares[..., None], axis=1) + 0.01 * drift(t, rng, (3,), hz=0.7)
        goal = lag(goal, t, 0.03)
        late = lag(goal, t, 0.08) - goal
        # The wave runs on through the wrist: the hand is half a beat behind the arm.
        flick = shares[:, 2] * np.cos(phase - 0.5)
        fingers = shares[:, :3] @ np.array([[0.1, -0.8, -0.1], [-0.1, -0.8, 0.5], [0.95, -0.3, 0.0]])
        fingers += shares[:, 3:] * pose[:, side, 4:] + 0.75 * flick[:, None] * rot.Z + 2.5 * late
        palm = np.stack(
            [
                shares @ np.array([-0.7, -0.95, 0.0, -0.5]),
                shares @ np.array([-0.1, -0.1, -0.3, -0.3]) + 0.0 * t,
                shares @ np.array([-0.7, -0.1, -0.95, -0.7]),
            ],
            axis=-1,
        )
        swivel = shares[:, :3] @ np.array([0.5, 0.35, 0.7]) + shares[:, 3] * pose[:, side, 3]
        p.arm_reach(side, goal, rot.normalised(fingers), palm, swivel=swivel)
        gun = np.array([0.1, 0.05, 0.6, 0.85, 0.9])
        shape = np.stack(
            [hands.RELAXED * 1.3, hands.FIST * 0.8, hands.OPEN, gun if side == LEFT else hands.FIST * 0.7]
        )
        p.curl[:, side] = hands.drifting(t, rng, lag(shares @ shape, t, 0.08))
        p.curl[:, side] += 0.1 * lag(drop, t, 0.1)[:, None] * (1 - shares[:, 2:3])
        p.curl[:, side] += 0.3 * np.clip(-flick, 0, 1)[:, None] * np.linspace(0.3, 1.0, 5)
        p.spread[:, side] += 0.08 * shares[:, 2] + np.zeros(n)


FAMILIES = {"hip_hop": hip_hop}
"""Name in the catalogue to the function that performs it."""
