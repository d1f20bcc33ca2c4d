"""Liveliness in figures: joints that pop, balance when still, and hands that are never dead.

Everything is measured on joints alone, so that a canonical motion (on the mannequin) and a character's pose
are judged by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.motion import Motion
from render.scene import Pose
from render.skeleton import BODY_JOINTS, CONTACT_POINTS, JOINT_INDEX, JOINTS, PARENTS

JUMP_LIMIT = 30.0
"""rad/s: no joint's angular velocity changes by more from one frame to the next. The hardest hits of the
library, seen at 16 frames a second, stay below."""
LONE_ACCELERATION = 450.0
"""rad/s²: no joint accelerates by more where the movement around does not announce it; see `pops`."""
AROUND = 0.2
"""Seconds before and after a change of velocity in which movement announces it."""
STILL_SPEED = 0.1
"""m/s, for a body whose hips are 0.9 m high: below it, over the ground, the centre of mass is still."""
STILL_FOR = 0.25
"""Seconds that it must stay so: a body that only turns round at the end of a swing is not still."""
BALANCE_MARGIN = 0.01
"""Metres outside the polygon that still count as over it: joints stand for soles."""

MASSES: dict[str, tuple[float, float]] = {
    "head": (0.0694, 0.5),
    "trunk": (0.4346, 0.4486),
    "upper_arm": (0.0271, 0.5772),
    "forearm": (0.0162, 0.4574),
    "hand": (0.0061, 0.7900),
    "thigh": (0.1416, 0.4095),
    "shank": (0.0433, 0.4459),
    "foot": (0.0137, 0.4415),
}
"""Segment to its share of the body's mass and the share of its length, from its first end, at which its
centre of mass lies: men's values of P. de Leva, Adjustments to Zatsiorsky-Seluyanov's segment inertia
parameters, Journal of Biomechanics 29 (1996), table 4. The head's centre is taken half-way between its joint
and the eyes."""

_LIMBS = {
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "hand": ("wrist", "middle1"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
}


@dataclass(frozen=True)
class Liveliness:
    """How alive a performance is.

    pops: changes of a joint's angular velocity, over joints and frames, that no movement explains.
    worst_jump: rad/s, the largest change of any joint's angular velocity; worst_joint: whose.
    still_share: share of frames in which the body stands still. balanced_share: share of those with the
    centre of mass over the support polygon; 1 without any.
    hand_speed: (left, right) m/s, mean speed of the wrist against the pelvis, for hips 0.9 m high.
    finger_speed: (left, right) rad/s, mean angular speed of the finger joints.
    """

    pops: int
    worst_jump: float
    worst_joint: str
    still_share: float
    balanced_share: float
    hand_speed: tuple[float, float]
    finger_speed: tuple[float, float]


def of_motion(motion: Motion) -> Liveliness:
    """Measure a canonical motion on the mannequin."""
    places = mannequin_joints(motion)
    stands = motion.support == "feet" and all(held.kind != "stool" for held in motion.held)
    return _measure(motion.rotations, places, motion.contacts, motion.fps, mannequin.HIP_HEIGHT, stands)


def of_pose(pose: Pose, fps: int, hip_height: float, stands: bool = True) -> Liveliness:
    """Measure a character's pose.

    hip_height: metres, the character's. stands: False for who sits, kneels or lies: then the feet are not
    what carries it, and balance is not judged.
    """
    turns = pose.rotations[:, : len(JOINTS)]
    # A joint's rest frame changes its rotations by constants, which speeds do not see.
    local = kinematics.local_rotations(turns, PARENTS)
    return _measure(local, pose.positions[:, : len(JOINTS)], pose.contacts, fps, hip_height, stands)


def mannequin_joints(motion: Motion) -> np.ndarray:
    """(T, 55, 3) metres: the joints of the mannequin that performs a motion."""
    turns = kinematics.global_rotations(motion.rotations, PARENTS)
    root = (motion.root + rot.Z) * mannequin.HIP_HEIGHT
    return kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, root)


def pops(local: np.ndarray, fps: int) -> tuple[np.ndarray, np.ndarray]:
    """Pops and velocity jumps of joints, from local rotations (T, J, 4).

    A joint pops at a frame where its angular velocity jumps by more than `JUMP_LIMIT`, or by more than what
    `LONE_ACCELERATION` allows in a frame plus the greatest speed that the joint has within `AROUND` seconds,
    the two steps of the jump itself left out: quick movement rises and falls over several frames, a pop comes
    out of nothing. Measure at 48 frames a second or more: at 16, only gross pops can be told from quickness.

    Returns:
        (T − 2, J) bool, and (T − 2, J) rad/s: the change of angular velocity about each inner frame.
    """
    velocity = rot.log(rot.mul(rot.inverse(local[:-1]), local[1:])) * fps
    jump = np.linalg.norm(np.diff(velocity, axis=0), axis=-1)
    if not len(jump):
        return np.zeros(jump.shape, dtype=bool), jump
    speed = np.linalg.norm(velocity, axis=-1)
    reach = max(round(AROUND * fps), 2)
    around = np.zeros_like(jump)
    for step in range(2, min(reach, len(jump)) + 1):
        around[step - 1 :] = np.maximum(around[step - 1 :], speed[: len(jump) - step + 1])
        around[: len(jump) - step + 1] = np.maximum(around[: len(jump) - step + 1], speed[step:])
    lone = jump > LONE_ACCELERATION / fps + around
    # Near the ends, what announces a movement may lie outside.
    lone[: reach - 1] = lone[len(lone) - reach + 1 :] = False
    return (jump > JUMP_LIMIT) | lone, jump


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """(T, 3) from joints (T, 55, 3)."""

    def at(name: str) -> np.ndarray:
        return joints[:, JOINT_INDEX[name]]

    def middle(name: str) -> np.ndarray:
        return 0.5 * (at(f"left_{name}") + at(f"right_{name}"))

    total = np.zeros((len(joints), 3))
    share, where = MASSES["head"]
    total += share * (at("head") + where * (middle("eye_smplhf") - at("head")))
    share, where = MASSES["trunk"]
    top = middle("collar")
    total += share * (top + where * (middle("hip") - top))
    for side in ("left", "right"):
        for name, (first, second) in _LIMBS.items():
            share, where = MASSES[name]
            start, end = at(f"{side}_{first}"), at(f"{side}_{second}")
            total += share * (start + where * (end - start))
        heel, toe = _sole(joints, side)[:2]
        share, where = MASSES["foot"]
        total += share * (heel + where * (toe - heel))
    return total


def over_support(joints: np.ndarray, contacts: np.ndarray, centre: np.ndarray, margin: float) -> np.ndarray:
    """(T,) bool: the centre (T, 3) is over the convex hull of the planted soles, or at most `margin` metres
    off; never without a planted sole.
    """
    corners, planted = [], []
    for side in ("left", "right"):
        heel, toe, ball, across = _sole(joints, side)
        heel_down, toe_down = (
            contacts[:, CONTACT_POINTS.index(f"{side}_{part}")] for part in ("heel", "toe")
        )
        for place, down in ((heel, heel_down), (ball, toe_down), (toe, toe_down)):
            for way in (-1.0, 1.0):
                corners.append((place + way * across)[:, :2])
                planted.append(down)
    points, down = np.stack(corners, axis=1), np.stack(planted, axis=1)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    # Inside a convex hull: no direction in which the point is farther than every corner.
    reach = np.where(down[..., None], points @ ways.T, -np.inf).max(axis=1)
    return np.all(centre[:, :2] @ ways.T <= reach + margin, axis=1)


def _sole(joints: np.ndarray, side: str) -> tuple[np.ndarray, ...]:
    """Heel, toe tip and ball (T, 3) of a foot, and half its width across it, from its two joints and its own
    length: on the mannequin the heel is 0.36 of the way from ankle to ball behind the ankle, the toes 0.5."""
    ankle, ball = joints[:, JOINT_INDEX[f"{side}_ankle"]], joints[:, JOINT_INDEX[f"{side}_foot"]]
    ahead = ball - ankle
    flat = ahead * np.array([1.0, 1.0, 0.0])
    across = 0.3 * np.stack([-flat[:, 1], flat[:, 0], flat[:, 2]], axis=-1)
    return ankle - 0.36 * flat, ball + 0.5 * flat, ball, across


def _measure(
    local: np.ndarray, joints: np.ndarray, contacts: np.ndarray, fps: int, hip_height: float, stands: bool
) -> Liveliness:
    popped, jump = pops(local, fps)
    worst = int(np.argmax(jump.max(axis=0))) if len(jump) else 0
    size = mannequin.HIP_HEIGHT / hip_height
    centre = centre_of_mass(joints)
    still = _still(centre * size, contacts, fps) if stands else np.zeros(len(joints), dtype=bool)
    over = over_support(joints, contacts, centre, BALANCE_MARGIN)
    return Liveliness(
        pops=int(popped.sum()),
        worst_jump=float(jump.max(initial=0.0)),
        worst_joint=JOINTS[worst],
        still_share=float(still.mean()),
        balanced_share=float(over[still].mean()) if still.any() else 1.0,
        hand_speed=_both(lambda side: _hand_speed(joints, side, fps) * size),
        finger_speed=_both(lambda side: _finger_speed(local, side, fps)),
    )


def _still(centre: np.ndarray, contacts: np.ndarray, fps: int) -> np.ndarray:
    """(T,) bool: standing on something with a centre of mass that stays where it is, and for a while."""
    if len(centre) < 2:
        return np.zeros(len(centre), dtype=bool)
    speed = np.linalg.norm(np.gradient(centre[:, :2], 1 / fps, axis=0), axis=-1)
    slow = (speed < STILL_SPEED) & contacts.any(axis=1)
    wait = max(round(STILL_FOR * fps), 1)
    padded = np.pad(slow, wait, constant_values=True)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * wait + 1)
    return windows.all(axis=1) & slow


def _both(figure: Callable[[str], float]) -> tuple[float, float]:
    return figure("left"), figure("right")


def _hand_speed(joints: np.ndarray, side: str, fps: int) -> float:
    way = joints[:, JOINT_INDEX[f"{side}_wrist"]] - joints[:, 0]
    steps = np.linalg.norm(np.diff(way, axis=0), axis=-1)
    return float(steps.mean() * fps) if len(steps) else 0.0


def _finger_speed(local: np.ndarray, side: str, fps: int) -> float:
    fingers = [
        i for i, name in enumerate(JOINTS) if name.startswith(f"{side}_") and i >= len(BODY_JOINTS) + 3
    ]
    turns = rot.angle(rot.mul(rot.inverse(local[:-1, fingers]), local[1:, fingers]))
    return float(turns.mean() * fps) if turns.size else 0.0
