"""Running: a bouncing gait with flight between the steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render.motions import face, hands
from render.motions.gait import Gait, stride, swung_through
from render.motions.puppet import Puppet
from render.motions.signals import drift, lag
from render.motions.track import LEFT, RIGHT, Track

GRAVITY = 9.81


def run(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Run along an arc: each step is a spring that loads and throws the body into free fall."""
    p = Puppet(t, rng)
    speed, curve, lift = params["speed"], params["curve"], params["lift"]
    hurry = (speed - 1.9) / 1.3
    gait = _gait(speed, curve, lift, hurry)
    cycle = t / gait.seconds + rng.random()
    stride(p, cycle, gait, t)

    wave = 2 * np.pi * cycle
    over = wave - 2 * np.pi * gait.passing
    height, load = _bounce(cycle, gait)
    p.sway[:, 2] = -0.066 - 0.015 * hurry + height
    p.sway[:, 0] = 0.014 * np.cos(over)
    p.sway[:, 1] = -0.012 * np.sin(2 * over)
    twist = (0.16 + 0.1 * hurry) * np.cos(wave - 0.35)
    lean = 0.13 + 0.08 * hurry
    p.pelvis[:, 0] = lean + 0.04 * np.cos(2 * wave - 0.5)
    p.pelvis[:, 1] = -0.07 * np.cos(over) + 0.06 * curve * speed
    p.pelvis[:, 2] = -twist
    p.spine[:, 0] = 0.07 + 0.06 * lag(load, t, 0.05)
    p.spine[:, 1] = 0.08 * np.cos(over - 0.3) + 0.03 * curve * speed
    p.spine[:, 2] += lag(twist, t, 0.03) * 2.1
    p.steady = 0.85
    # The head nods a moment after each landing; the eyes are on the way.
    p.head[:, 0] += 0.05 * lag(load, t, 0.08) - 0.02
    p.head[:, 2] += 0.3 * curve
    p.knees[:] = 0.04
    own = rng.normal(0.0, 1.0, (2, 4))
    for side in (LEFT, RIGHT):
        beat = -np.cos(wave - np.pi * side - 0.3)
        size = (0.5 + 0.22 * hurry) * (1 + 0.08 * own[side, 0])
        forward = -0.12 + size * beat
        trailing = lag(forward, t, 0.06)
        p.arm_angles(
            side,
            forward=forward,
            out=0.27 + 0.05 * own[side, 1] - 0.05 * beat,
            # Forearms come in across the belly as they come forward.
            inward=0.35 + 0.25 * lag(beat, t, 0.03),
            bend=1.5 + 0.1 * own[side, 2] + 0.28 * lag(beat, t, 0.05) - 0.08 * load,
            twist=0.15,
            flex=0.35 * (forward - trailing) + 0.1,
            deviate=0.12 * lag(load, t, 0.05),
        )
        p.curl[:, side] = hands.drifting(t, rng, 0.55 * hands.FIST + 0.45 * hands.RELAXED)
        p.curl[:, side] += 0.06 * own[side, 3] + 0.05 * lag(load, t, 0.08)[:, None]
    p.shrug += 0.06 + 0.05 * lag(load, t, 0.04)[:, None]
    # Breath goes with the steps: out over one stride, in over the next.
    breath = np.sin(np.pi * cycle)
    face.exhale(p.face, 0.55 * np.clip(breath, 0, 1) * (0.6 + 0.4 * hurry))
    face.add(p.face, {"jawOpen": 0.14}, np.clip(-breath, 0, 1))
    face.effort(p.face, 0.2 + 0.25 * hurry + 0.06 * drift(t, rng, hz=0.3))
    way = "ahead" if abs(curve) < 0.15 else f"in a curve to the {'left' if curve > 0 else 'right'}"
    p.events.append((0.0, seconds, f"runs {way}, the bent arms pumping and the fingers curled"))
    return p.track()


def _gait(speed: float, curve: float, lift: float, hurry: float) -> Gait:
    seconds, stance, before = 0.73 - 0.07 * hurry, 0.385 - 0.075 * hurry, 0.39
    reach = 0.3 + 0.1 * hurry
    swing = swung_through(
        speed, seconds, stance, before,
        # The heel comes up behind, the knee drives through, the foot reaches and is drawn back down.
        ahead=(-0.36 - 0.1 * hurry, -0.1, reach - 0.04, reach),
        lift=(0.17 * lift + 0.06 * hurry, 0.25 * lift + 0.06 * hurry, 0.15 * lift + 0.03, 0.06 + 0.02 * lift),
        knots=(0.24, 0.5, 0.76, 0.9),
    )  # fmt: skip
    rise = 0.55 * stance
    return Gait(
        seconds, speed, curve, stance, before, beside=0.05, toe_out=0.06,
        heel=(0.0, rise), toe=(0.05, stance),
        pitch=(
            [0.0, 0.05, rise, stance, stance + 0.13, 0.6, 0.78, 0.93, 1.0],
            [-0.1, 0.0, 0.0, 0.75 + 0.2 * hurry, 1.25, 0.95, 0.2, -0.14, -0.1],
        ),
        swing=swing,
    )  # fmt: skip


def _bounce(cycle: np.ndarray, gait: Gait) -> tuple[np.ndarray, np.ndarray]:
    """The body's height (N,), metres: free fall in flight, a spring on the ground; and the spring's load."""
    share = 2 * gait.stance
    u = np.mod(2 * cycle, 1.0)
    step = gait.seconds / 2
    flight, ground = (1 - share) * step, share * step
    speed = 0.5 * GRAVITY * flight
    s = np.clip(u / share, 0.0, 1.0)
    load = np.sin(np.pi * s)
    air = np.clip(u - share, 0.0, 1.0) * step
    return speed * air - 0.5 * GRAVITY * air**2 - speed * ground / np.pi * load, load


FAMILIES = {"run": run}
"""Name in the catalogue to the function that performs it."""
