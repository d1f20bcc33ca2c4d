"""Floor work: crawling on hands and knees, push-ups, rolling over.

Legs are posed here, not solved from footprints; retargeting puts what rests back on the ground.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.arms import arm_of, reach
from render.motion import Support, Touch
from render.motions import face, hands
from render.motions.puppet import OUTWARD, SIDES, Puppet
from render.motions.signals import drift, ease, lag, pulse, smooth
from render.motions.track import HEEL, LEFT, RIGHT, TOE, Track, ankle_positions
from render.skeleton import JOINT_INDEX, PARENTS

_PALM_DEPTH = 0.024
"""Metres from the mannequin's wrist to its palm's skin."""
_KNEE = 0.055
"""Metres from the mannequin's knee to its skin."""
_HIPS = mannequin.HIP * np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])


def crawl(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Crawl on hands and knees: a hand and the opposite knee step together, the hand a little ahead."""
    p = Puppet(t, rng)
    speed, curve = params["speed"], params["curve"]
    period = 1.0 / (0.72 + 0.75 * speed + rng.uniform(-0.04, 0.04))
    duty, late = 0.6, 0.08 + 0.05 * rng.random()
    pace = 2 * np.pi * (t / period)
    p.path, p.heading = _arc(t, speed, curve)

    # Trunk: nearly level, the hips swinging over the knee that carries them, the chest the other way.
    swing = np.cos(pace)
    p.sway[:, 0] = 0.028 * lag(swing, t, 0.05)
    p.sway[:, 2] = -mannequin.HIP_HEIGHT + 0.425 + 0.012 * np.cos(2 * pace + 0.6)
    p.sway[:, 1] = 0.26 + 0.012 * np.sin(2 * pace)
    pitch = 1.4 + 0.03 * np.cos(2 * pace) + 0.02 * drift(t, rng, hz=0.2)
    hips = rot.mul(rot.about_z(0.06 * lag(swing, t, 0.04) + 0.35 * curve), rot.about_x(pitch))
    p.pelvis = rot.log(rot.mul(hips, rot.about_z(0.07 * np.sin(pace))))
    p.spine[:, 0] = 0.05 + 0.03 * np.sin(2 * pace + 1.0)
    p.spine[:, 1] = 0.17 * lag(swing, t, 0.1) + 0.2 * curve
    p.spine[:, 2] = -0.12 * np.sin(pace - 0.3)
    p.steady = 0.0
    p.head[:, 0] = -0.85 + 0.07 * lag(np.cos(2 * pace), t, 0.12) + 0.14 * drift(t, rng, hz=0.3)
    p.head[:, 2] = -0.12 * lag(swing, t, 0.05) + 0.5 * curve + 0.28 * drift(t, rng, hz=0.35)
    for side in (LEFT, RIGHT):
        p.arm_angles(side, forward=1.35, out=0.1, bend=0.2)
    face.smile(p.face, 0.16 + 0.1 * drift(t, rng, hz=0.2))
    p.events.append((0.0, seconds, "crawls on hands and knees"))

    wrists, weights, knees, kneeling = [], [], [], []
    for side in (LEFT, RIGHT):
        out = OUTWARD[side]
        own = rng.uniform(-0.02, 0.02, 2)
        # A left hand steps half a period after a right one; the knee across follows it.
        phase = 0.5 * side
        at, _, u = _steps(
            t, speed, curve, period, phase, duty, np.array([out * (0.17 + own[0]), -0.275 + own[1]]), 0.095
        )
        at[:, 2] += 0.062
        wrists.append(at)
        weights.append(1 - ease(u / 0.3) * ease((1 - u) / 0.3))
        knee, planted, _ = _steps(
            t, speed, curve, period, phase + 0.5 + late, duty, np.array([out * (0.105 + own[1]), 0.26]), 0.028
        )
        knee[:, 2] += _KNEE
        knees.append(knee)
        kneeling.append(planted)
        loose = 1 - weights[side]
        p.curl[:, side] = hands.drifting(t, rng, 0.15 * hands.FLAT) + 0.25 * lag(loose, t, 0.05)[:, None]
        p.spread[:, side] = 0.16 * weights[side]
        p.shrug[:, side] += 0.1 * weights[side]
    p.planted[:] = False
    track = _posed(p, "knees")
    turns, places = _globals(track)
    ahead = rot.about_z(track.heading)
    for side in (LEFT, RIGHT):
        lifted = 1 - weights[side]
        # The hand that swings hangs from a loose wrist, fingers last.
        flat = rot.about_z(OUTWARD[side] * (0.12 - np.pi / 2))
        hand = rot.mul(rot.mul(ahead, rot.about_x(0.4 * lag(lifted, t, 0.06))), flat)
        turns = _arm_on(
            turns, places, side, wrists[side], hand, ahead, np.array([0.35 * OUTWARD[side], 1.0, 0])
        )
        turns = _leg_on(turns, places, side, knees[side], ahead)
    touches = tuple(Touch(name, "ground", weights[side]) for side, name in enumerate(SIDES))  # type: ignore[arg-type]
    return replace(_with_turns(track, turns), touches=touches, kneeling=np.stack(kneeling, axis=1))


def push_up(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Push-ups on hands and toes: slow down, a stronger way up, the hips a little late."""
    p = Puppet(t, rng)
    depth, rate = params["depth"], params["rate"]
    phase = (t * rate) % 1.0
    skew = phase + 0.06 * np.sin(2 * np.pi * phase) / np.pi
    down = 0.5 - 0.5 * np.cos(2 * np.pi * skew)
    low = depth * smooth(down, t, 0.02)
    tired = pulse(phase, 0.48, 0.12, 0.15, 0.2) * depth
    shake = 0.004 * tired * np.sin(2 * np.pi * 8.0 * t + 3 * rng.random())

    p.pitch[:] = 1.12 + 0.01 * rng.normal(size=2)
    p.toes[:] = p.pitch
    p.planted[..., HEEL] = False
    p.planted[..., TOE] = True
    half = 0.075 + 0.03 * rng.random()
    p.prints[:] = np.array([[half, 0.0, 0.0], [-half, 0.005 * rng.normal(), 0.0]])
    p.yaw[:] = np.array([0.06, -0.06])
    ankles = ankle_positions(p.prints, p.yaw, p.pitch)

    # A straight line from ankles to shoulders, whose height is the arms'.
    shoulder = 0.53 - 0.35 * low + 0.012 * np.sin(2 * np.pi * 0.3 * t) * (1 - down) + shake
    trunk = 0.52
    line = mannequin.THIGH + mannequin.SHIN - mannequin.HIP[2]
    rise = np.arcsin((shoulder - ankles[:, :, 2].mean(axis=1)) / (line + trunk))
    sag = 0.05 * lag(down, t, 0.12) - 0.03 + 0.02 * drift(t, rng, hz=0.3)
    lean = np.pi / 2 - rise
    back = rise + sag
    hip = ankles.mean(axis=1) + 0.988 * (mannequin.THIGH + mannequin.SHIN) * np.stack(
        [0 * back, -np.cos(back), np.sin(back)], axis=-1
    )
    turn = rot.mul(rot.about_x(lean - sag), rot.about_y(0.02 * drift(t, rng, hz=0.3)))
    hip -= rot.rotate(turn, mannequin.HIP * np.array([0.0, 1.0, 1.0]))
    p.sway = hip - np.array([0.0, 0.0, mannequin.HIP_HEIGHT])
    p.sway[:, 0] += 0.008 * drift(t, rng, hz=0.35)
    p.pelvis = rot.log(turn)
    p.spine = np.zeros_like(p.spine)
    p.spine[:, 0] = 1.3 * sag + 0.02 * np.sin(2 * np.pi * 0.3 * t)
    p.spine[:, 2] = 0.02 * drift(t, rng, hz=0.4)
    p.steady = 0.0
    p.head[:, 0] = -0.66 + 0.16 * lag(down, t, 0.1) + 0.05 * drift(t, rng, hz=0.4) - 0.1 * tired
    p.head[:, 2] = 0.1 * drift(t, rng, hz=0.3)
    for side in (LEFT, RIGHT):
        p.arm_angles(side, forward=1.35, out=0.2, bend=0.3)
        p.curl[:, side] = hands.drifting(t, rng, 0.1 * hands.FLAT)
        p.spread[:, side] = 0.2
    p.shrug += 0.08 - 0.1 * low[:, None]
    face.effort(p.face, 0.2 * down + 0.65 * tired)
    face.exhale(p.face, 0.8 * pulse(phase, 0.55, 0.1, 0.15, 0.2))
    p.events.append((0.0, seconds, "does deep push-ups" if depth > 0.75 else "does push-ups"))

    track = _posed(p, "toes")
    turns, places = _globals(track)
    top = places[:, JOINT_INDEX["spine3"]].mean(axis=0)
    for side in (LEFT, RIGHT):
        out = OUTWARD[side]
        wide, far = 0.235 + 0.02 * rng.random(), 0.015 * rng.normal()
        wrist = np.broadcast_to(np.array([out * wide, top[1] - 0.1 + far, 0.062]), (len(t), 3))
        hand = np.broadcast_to(rot.about_z(out * (-np.pi / 2 + 0.15)), (len(t), 4))
        flare = 0.6 + 0.25 * low
        elbow = np.stack([out * flare, np.ones(len(t)), 0 * flare], axis=-1)
        turns = _arm_on(turns, places, side, wrist, hand, np.broadcast_to(rot.IDENTITY, (len(t), 4)), elbow)
        hip_at = places[:, JOINT_INDEX["pelvis"]] + rot.rotate(turns[:, 0], _HIPS[side])
        turns = _straight_leg(turns, side, hip_at, ankles[:, side], p.yaw[:, side], p.pitch[:, side])
    one = np.ones(len(t))
    touches = tuple(Touch(name, "ground", one) for name in SIDES)  # type: ignore[arg-type]
    return replace(_with_turns(track, turns), touches=touches)


def roll(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Roll over and over, sideways: the head looks first, the upper arm and knee reach across, the trunk
    follows."""
    p = Puppet(t, rng)
    way = 1.0 if params["side"] >= 0 else -1.0
    lead, trail = (LEFT, RIGHT) if way > 0 else (RIGHT, LEFT)
    turned = 2 * np.pi * (params["rate"] * t + rng.random())
    # Slow on back and belly, quick over the sides.
    angle = turned - 0.36 * np.sin(2 * turned)
    head_end = 1.0 if rng.random() < 0.5 else -1.0
    lie = rot.mul(rot.about_z(head_end * np.pi / 2 + rng.uniform(-0.35, 0.35)), rot.about_x(-np.pi / 2))
    body = rot.mul(lie, rot.about_z(way * angle))
    p.pelvis = rot.log(body)
    p.path = (rot.rotate(lie, rot.X) * way)[None, :2] * (0.12 * angle)[:, None]
    p.sway = np.zeros((len(t), 3))
    p.sway[:, 2] = 0.12 - mannequin.HIP_HEIGHT
    p.steady = 0.0

    def keys(*values: float) -> np.ndarray:
        """A periodic curve through values at back, on the way, leading side, on the way, belly, ..., (8)."""
        return _around(angle, np.array(values))

    # Shoulders go before the hips; the head before the shoulders.
    p.spine[:, 0] = keys(0.1, 0.14, 0.1, 0.0, -0.14, -0.1, 0.02, 0.08) + 0.02 * drift(t, rng, hz=0.3)
    p.spine[:, 1] = 0.04 * drift(t, rng, hz=0.3)
    p.spine[:, 2] = way * keys(0.08, 0.34, 0.22, 0.08, 0.04, -0.12, -0.26, -0.1)
    chest = rot.mul(body, rot.exp(p.spine))
    nod = keys(0.3, 0.36, 0.2, -0.15, -0.5, -0.4, 0.05, 0.25) + 0.04 * drift(t, rng, hz=0.4)
    look = way * keys(0.2, 0.55, 0.3, 0.25, 0.5, 0.25, -0.1, 0.05)
    own = rot.mul(rot.about_x(nod), rot.about_z(look))
    p.head = rot.log(rot.mul(rot.mul(chest, own), rot.inverse(chest)))

    goals = {
        trail: [
            keys(0.04, -0.2, -0.28, -0.06, 0.14, 0.1, 0.0, 0.0),
            keys(-0.24, -0.34, -0.36, -0.26, -0.1, -0.2, -0.32, -0.28),
            keys(-0.2, -0.06, -0.04, 0.0, 0.05, 0.06, 0.0, -0.12),
        ],
        lead: [
            keys(0.06, 0.02, -0.04, 0.06, 0.14, 0.2, 0.24, 0.16),
            keys(-0.22, -0.3, -0.34, -0.24, -0.1, -0.08, -0.2, -0.26),
            keys(-0.22, -0.1, 0.02, 0.04, 0.04, -0.06, -0.14, -0.22),
        ],
    }
    for side, goal in goals.items():
        out = OUTWARD[side]
        prone = keys(0.0, 0.0, 0.2, 0.7, 1.0, 0.7, 0.2, 0.0)
        reachy = np.stack(goal, axis=-1) + 0.015 * drift(t, rng, (3,), hz=0.5)
        fingers = np.stack([-0.5 + 0.4 * prone, -0.7 + 0.1 * prone, 0.1 + 0.9 * prone], axis=-1)
        palm = np.stack([-0.6 + 0.6 * prone, 0.3 - 1.3 * prone, -0.6 + 0.5 * prone], axis=-1)
        p.arm_reach(side, lag(reachy, t, 0.03), rot.normalised(fingers), palm, swivel=0.15 + 0.4 * prone)
        flat = (1 - 0.7 * prone)[:, None]
        p.curl[:, side] = hands.drifting(t, rng, hands.RELAXED * flat + 0.05)
    face.smile(p.face, 0.3 + 0.15 * drift(t, rng, hz=0.25))
    face.effort(p.face, 0.3 * keys(0.0, 0.8, 0.3, 0.0, 0.0, 0.6, 0.3, 0.0))
    p.events.append((0.0, seconds, f"rolls over to the {SIDES[lead]}"))
    p.planted[:] = False
    track = _posed(p, "trunk")
    joints = track.joints
    # The upper leg bends and crosses over; both are long on the belly.
    legs = {
        trail: (
            keys(0.25, 0.95, 0.85, 0.3, 0.0, -0.05, 0.1, 0.2),
            keys(0.45, 1.25, 1.1, 0.5, 0.1, 0.15, 0.3, 0.4),
            keys(0.08, -0.22, -0.18, 0.0, 0.14, 0.14, 0.05, 0.08),
        ),
        lead: (
            keys(0.12, 0.1, 0.15, 0.05, 0.0, 0.35, 0.7, 0.35),
            keys(0.2, 0.15, 0.3, 0.2, 0.12, 0.7, 1.1, 0.6),
            keys(0.1, 0.05, 0.0, 0.05, 0.14, 0.2, 0.22, 0.16),
        ),
    }
    for side, (flex, knee, aside) in legs.items():
        name, out = SIDES[side], OUTWARD[side]
        flex = lag(flex, t, 0.04) + 0.03 * drift(t, rng, hz=0.4)
        hip = rot.mul(rot.about_x(-flex), rot.about_y(-out * aside))
        joints[:, JOINT_INDEX[f"{name}_hip"]] = rot.mul(hip, rot.about_z(out * 0.12))
        joints[:, JOINT_INDEX[f"{name}_knee"]] = rot.about_x(np.maximum(lag(knee, t, 0.06), 0.06))
        point = 0.45 + 0.35 * keys(0, 0, 0.2, 0.7, 1.0, 0.6, 0.2, 0.0) + 0.06 * drift(t, rng, hz=0.4)
        joints[:, JOINT_INDEX[f"{name}_ankle"]] = rot.about_x(point)
        joints[:, JOINT_INDEX[f"{name}_foot"]] = rot.about_x(0.15 * point)
    return track


def _around(angle: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Periodic cubic (Catmull-Rom) through values (K,) at even angles, at `angle` (N,) radians."""
    count = len(values)
    place = angle / (2 * np.pi) * count
    k = np.floor(place).astype(int)
    u = place - k
    a, b, c, d = (values[(k + i) % count] for i in (-1, 0, 1, 2))
    return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))


def _arc(t: np.ndarray, speed: float, curve: float) -> tuple[np.ndarray, np.ndarray]:
    """Path (N, 2) and heading (N,) of a way at even speed that turns evenly."""
    bend = curve if abs(curve) > 1e-4 else 1e-4
    heading = bend * t
    path = speed / bend * np.stack([1 - np.cos(heading), -np.sin(heading)], axis=-1)
    return path, heading


def _steps(
    t: np.ndarray,
    speed: float,
    curve: float,
    period: float,
    phase: float,
    duty: float,
    offset: np.ndarray,
    lift: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A hand or knee that steps along an arc: places (N, 3), planted (N,), and how far each swing is (N,).

    offset: (2,) where it stands in mid-stance, relative to the body, in the heading's frame.
    """
    cycle = t / period - phase
    k = np.floor(cycle)
    u = np.clip((cycle - k) / (1 - duty), 0.0, 1.0)

    def foothold(step: np.ndarray) -> np.ndarray:
        middle = (step + phase + (1 - duty) + duty / 2) * period
        path, heading = _arc(middle, speed, curve)
        aside = rot.rotate(rot.about_z(heading), np.append(offset, 0.0))
        return np.concatenate([path, np.zeros((len(t), 1))], axis=1) + aside

    w = ease(u)[:, None]
    at = foothold(k - 1) * (1 - w) + foothold(k) * w
    at[:, 2] = lift * np.sin(np.pi * u) ** 2
    return at, (u >= 1.0) | (u <= 0.0), u


def _posed(p: Puppet, support: Support) -> Track:
    return replace(p.track(), support=support)


def _globals(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Turns (N, 55, 4) and places (N, 55, 3) on the mannequin."""
    heading = rot.about_z(track.heading)
    local = track.joints.copy()
    local[:, 0] = rot.mul(heading, rot.exp(track.pelvis))
    root = rot.rotate(heading, track.sway)
    root[:, :2] += track.path
    root[:, 2] += mannequin.HIP_HEIGHT
    turns = kinematics.global_rotations(local, PARENTS)
    return turns, kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, root)


def _with_turns(track: Track, turns: np.ndarray) -> Track:
    return replace(track, joints=kinematics.local_rotations(turns, PARENTS))


def _arm_on(
    turns: np.ndarray,
    places: np.ndarray,
    side: int,
    wrist: np.ndarray,
    hand: np.ndarray,
    ahead: np.ndarray,
    elbow: np.ndarray,
) -> np.ndarray:
    """Turns with an arm that stands on the ground; `elbow` is where it points, in the heading's frame."""
    arm = arm_of(SIDES[side], mannequin.OFFSETS, _PALM_DEPTH)  # type: ignore[arg-type]
    start = places[:, arm.joints[0]]
    along = rot.normalised(wrist - start)
    points = rot.rotate(ahead, rot.normalised(elbow))
    axis = rot.normalised(rot.cross(points, along))
    turns = turns.copy()
    turns[:, arm.joints[0]] = kinematics.limb_frame(along, axis, arm.bone, arm.hinge)
    return reach(arm, turns, start, wrist, hand)


def _leg_on(
    turns: np.ndarray, places: np.ndarray, side: int, knee: np.ndarray, ahead: np.ndarray
) -> np.ndarray:
    """Turns with a thigh that points to its knee; shin and back of the foot trail on the ground."""
    hip, bend, ankle, toe = (JOINT_INDEX[f"{SIDES[side]}_{n}"] for n in ("hip", "knee", "ankle", "foot"))
    down = rot.normalised(knee - places[:, hip])
    across = rot.rotate(ahead, rot.X)
    across = rot.normalised(across - down * np.sum(across * down, axis=-1, keepdims=True))
    turns = turns.copy()
    turns[:, hip] = kinematics.limb_frame(down, across, -rot.Z, rot.X)
    rise = (0.105 - knee[:, 2]) / mannequin.SHIN
    inward = rot.mul(ahead, rot.about_z(OUTWARD[side] * 0.1))
    turns[:, bend] = rot.mul(inward, rot.about_x(np.pi / 2 + rise))
    turns[:, ankle] = rot.mul(inward, rot.about_x(np.pi / 2 + 1.1))
    turns[:, toe] = turns[:, ankle]
    return turns


def _straight_leg(
    turns: np.ndarray, side: int, hip_at: np.ndarray, ankle_at: np.ndarray, yaw: np.ndarray, pitch: np.ndarray
) -> np.ndarray:
    """Turns with a leg from hip to ankle, all but straight, its foot on the toes."""
    hip, knee, ankle, toe = (JOINT_INDEX[f"{SIDES[side]}_{n}"] for n in ("hip", "knee", "ankle", "foot"))
    hinge = np.broadcast_to(rot.X, hip_at.shape)
    knees, ends, axis = kinematics.two_bone(hip_at, ankle_at, mannequin.THIGH, mannequin.SHIN, hinge)
    turns = turns.copy()
    turns[:, hip] = kinematics.limb_frame(rot.normalised(knees - hip_at), axis, -rot.Z, rot.X)
    turns[:, knee] = kinematics.limb_frame(rot.normalised(ends - knees), axis, -rot.Z, rot.X)
    turns[:, ankle] = rot.mul(rot.about_z(yaw), rot.about_x(pitch))
    turns[:, toe] = rot.about_z(yaw)
    return turns


FAMILIES = {"crawl": crawl, "push_up": push_up, "roll": roll}
"""Name in the catalogue to the function that performs it."""
