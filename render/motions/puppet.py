"""The puppet: a body to animate, already alive. It stands, breathes, shifts its weight, blinks and looks.

A motion family takes a puppet and changes its controls. Arms are authored as left arms, in the chest's
frame seen from the arm: x outward, y back, z up; the right arm is the mirror image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from render import kinematics, mannequin
from render import rotations as rot
from render.legs import settle
from render.motion import NEAR
from render.motions import contact, face, gaze, hands
from render.motions.signals import drift, lag, smooth
from render.motions.track import HEEL, LEFT, RIGHT, Track
from render.skeleton import JOINT_INDEX, JOINTS

SIDES = ("left", "right")
OUTWARD = np.array([1.0, -1.0])
BEHIND = 0.04
"""Metres that the ankles stand behind the hips: the weight is over the middle of the foot."""
HANG = rot.about_y(np.pi / 2)
"""From the T-pose to an arm that hangs straight down."""

_COLLAR_FROM, _COLLAR_SHARE = 0.6, 0.22
"""Radians of arm elevation from which the collarbone helps, and its share."""
_PRONATION, _ELBOW_TWIST = 1.35, 0.4
_WRIST_FLEX, _WRIST_DEVIATION = 1.0, 0.45
_SLOW_FROM, _LONGEST = 0.86, 0.985


class Puppet:
    """Controls of one body over t (N,) seconds; see `Track` for those of the same name.

    spine, head: (N, 3) rotation vectors; the spine's is relative to the pelvis, spread over three joints;
        the head's is where the head looks relative to the heading, of which `steady` is kept against the
        chest's own rotation.
    shrug: (N, 2) collarbones up, radians.
    arms: (N, 2, 3, 4) shoulder, elbow and wrist, each relative to the one above, the shoulder to the chest.
    curl: (N, 2, 5), spread: (N, 2): see `hands.fingers`. shape: (N, 2, 5, 4), which counts by shaped (N, 2).
    wander: (N, 2) small jumps of the eyes, yaw and pitch.
    """

    def __init__(self, t: np.ndarray, rng: np.random.Generator):
        n = len(t)
        self.t = t
        self.path, self.heading = np.zeros((n, 2)), np.zeros(n)
        self.sway, self.pelvis = np.zeros((n, 3)), np.zeros((n, 3))
        self.spine, self.head, self.shrug = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 2))
        self.steady = 0.75
        self.arms = np.zeros((n, 2, 3, 4))
        self.curl, self.spread = np.zeros((n, 2, 5)), np.zeros((n, 2))
        self.shape, self.shaped = np.zeros((n, 2, 5, 4)), np.zeros((n, 2))
        self.near = np.zeros((n, 2, len(NEAR)))
        self.prints, self.yaw = np.zeros((n, 2, 3)), np.zeros((n, 2))
        self.pitch, self.toes = np.zeros((n, 2)), np.zeros((n, 2))
        self.planted = np.ones((n, 2, 2), dtype=bool)
        self.knees = np.full((n, 2), 0.06)
        self.face, self.wander = face.alive(t, rng), gaze.wandering(t, rng)
        self._looks: list[tuple[np.ndarray | int, float, float, float]] = []
        self._contacts: list[contact.Contact] = []
        self.events: list[tuple[float, float, str]] = []
        self._stand(rng)

    def _stand(self, rng: np.random.Generator) -> None:
        t = self.t
        self.stance(0.095 + 0.02 * rng.random(), rng.uniform(0.1, 0.2), ahead=rng.uniform(-0.03, 0.03))
        weight = drift(t, rng, hz=0.22)
        self.sway[:, 0] = 0.016 * weight
        self.sway[:, 2] = -0.003 - 0.0015 * weight**2
        self.pelvis[:, 1] = -0.035 * weight
        self.spine[:, 1] = 0.03 * lag(weight, t, 0.2)
        self.spine[:, 2] = 0.03 * drift(t, rng, hz=0.3)
        breath = np.sin(2 * np.pi * (0.3 * t + rng.random()))
        self.spine[:, 0] = 0.03 - 0.014 * breath
        self.shrug += (0.02 + 0.014 * breath)[:, None]
        self.head += 0.035 * drift(t, rng, (3,), hz=0.35) * np.array([1.0, 0.5, 1.4])
        for side in (LEFT, RIGHT):
            swing = drift(t, rng, (3,), hz=0.45)
            self.arm_angles(
                side,
                forward=0.06 + 0.05 * swing[:, 0],
                out=0.23 + 0.03 * swing[:, 1],
                inward=0.12 + 0.05 * swing[:, 2],
                bend=0.32 + 0.07 * lag(swing[:, 0], t, 0.25),
                twist=0.3,
                flex=0.08 * lag(swing[:, 0], t, 0.4),
            )
            self.curl[:, side] = hands.relaxed(t, rng)
        self.spread += 0.05

    # Legs

    def stance(self, half_width: float, toe_out: float, ahead: float = 0.0) -> None:
        """Stand with the ankles `half_width` beside the path; the left foot `ahead`, the right as far
        back."""
        for side in (LEFT, RIGHT):
            self.prints[:, side] = (OUTWARD[side] * half_width, BEHIND - OUTWARD[side] * ahead, 0.0)
            self.yaw[:, side] = OUTWARD[side] * toe_out

    def lift_heels(self, side: int, pitch: np.ndarray) -> None:
        """Raise a planted foot's heel by `pitch` (N,) ≥ 0 about the ball; the toes stay flat."""
        self.pitch[:, side] = pitch
        self.toes[:, side] = pitch
        self.planted[:, side, HEEL] &= pitch < 0.01

    def over_toes(self, amount: np.ndarray) -> None:
        """Bring the weight over the balls of the feet by shares (N,), before the heels leave the ground."""
        early = settle(amount, float(self.t[1] - self.t[0]), 0.1)
        self.sway[:, 1] -= 0.1 * early

    def tell(self, words: str, start: float, end: float, seconds: float) -> None:
        """An event of a phrase of `seconds`, as far as it is within the phrase."""
        start, end = max(float(start), 0.0), min(float(end), seconds)
        if end > start:
            self.events.append((start, end, words))

    # Eyes

    def look(self, goal: ArrayLike, start: float, end: float, head: float = 0.6) -> None:
        """Look towards `goal`, (3,) or (N, 3) from between the eyes in the heading's frame, from one time to
        another: the eyes jump there, the head follows by its share."""
        wanted = np.broadcast_to(np.asarray(goal, dtype=float), (len(self.t), 3))
        self._looks.append((wanted, start, end, head))

    def look_at_hand(self, side: int, start: float, end: float, head: float = 0.6) -> None:
        """Look where a hand is, whatever it does."""
        self._looks.append((side, start, end, head))

    def glance(self, left: np.ndarray | float, up: np.ndarray | float = 0.0) -> None:
        """Turn the eyes, beyond their own small jumps, by shares (N,) of as far as they go."""
        left, up = (np.broadcast_to(np.asarray(a, dtype=float), (len(self.t),)) for a in (left, up))
        face.add(self.face, {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, np.maximum(left, 0.0))
        face.add(self.face, {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0}, np.maximum(-left, 0.0))
        face.add(self.face, face.both("eyeLookUp", 1.0), np.maximum(up, 0.0))
        face.add(self.face, face.both("eyeLookDown", 1.0), np.maximum(-up, 0.0))

    # Arms

    def arm_angles(
        self,
        side: int,
        forward: np.ndarray | float,
        out: np.ndarray | float,
        inward: np.ndarray | float = 0.0,
        bend: np.ndarray | float = 0.2,
        twist: np.ndarray | float = 0.0,
        flex: np.ndarray | float = 0.0,
        deviate: np.ndarray | float = 0.0,
        weight: np.ndarray | float = 1.0,
    ) -> None:
        """Pose an arm by angles, from hanging with the palm to the thigh.

        forward, out: swing of the upper arm. inward: turn of the upper arm that brings a bent forearm to
            the belly.
        bend: elbow. twist: of the hand, palm down positive. flex: wrist to the palm; deviate: to the thumb.
        weight: (N,) share of this pose against the present one.
        """
        n = len(self.t)
        forward, out, inward, bend, twist, flex, deviate = (
            np.broadcast_to(np.asarray(a, dtype=float), (n,))
            for a in (forward, out, inward, bend, twist, flex, deviate)
        )
        swing = rot.exp(np.stack([-forward, -out, np.zeros(n)], axis=-1))
        shoulder = rot.mul(rot.mul(swing, rot.about_z(-inward)), HANG)
        hand = rot.exp(np.stack([np.zeros(n), flex, -deviate], axis=-1))
        self._set_arm(side, shoulder, np.maximum(bend, 0.05), twist, hand, weight)

    def arm_reach(
        self,
        side: int,
        goal: ArrayLike,
        fingers: ArrayLike | None = None,
        palm: ArrayLike | None = None,
        swivel: np.ndarray | float = 0.0,
        weight: np.ndarray | float = 1.0,
        elbow: ArrayLike = (0.35, 0.45, -1.0),
    ) -> None:
        """Pose an arm by where the wrist is: `goal` (N, 3) metres from the shoulder.

        fingers, palm: (3,) or (N, 3) wanted directions of the hand, met within the limits of forearm and
        wrist; without them the hand stays in line with the forearm. swivel: turns the elbow outward and up.
        elbow: (3,) or (N, 3) where it points without; never along the way to the wrist.
        """
        n = len(self.t)
        wrist = np.broadcast_to(np.asarray(goal, dtype=float), (n, 3))
        along = rot.normalised(wrist)
        down = np.broadcast_to(np.asarray(elbow, dtype=float), (n, 3))
        pole = rot.normalised(down - along * np.sum(down * along, axis=-1, keepdims=True))
        turn = rot.from_axis_angle(along, np.broadcast_to(np.asarray(swivel, dtype=float), (n,)))
        hinge = rot.cross(rot.rotate(turn, pole), along)
        longest = mannequin.UPPER_ARM + mannequin.FOREARM
        far = np.linalg.norm(wrist, axis=-1, keepdims=True) / longest
        # Towards its full length an arm stretches less and less: the elbow neither locks nor snaps.
        over, room = np.maximum(far - _SLOW_FROM, 0.0), _LONGEST - _SLOW_FROM
        wrist = wrist * np.where(over > 0, (_SLOW_FROM + room * (1 - np.exp(-over / room))) / far, 1.0)
        middle, end, axis = kinematics.two_bone(
            np.zeros((n, 3)), wrist, mannequin.UPPER_ARM, mannequin.FOREARM, hinge
        )
        shoulder = kinematics.limb_frame(rot.normalised(middle), axis, rot.X, -rot.Z)
        forearm = kinematics.limb_frame(rot.normalised(end - middle), axis, rot.X, -rot.Z)
        bend = rot.log(rot.mul(rot.inverse(shoulder), forearm))[:, 2] * -1.0
        twist, hand = np.zeros(n), np.broadcast_to(rot.IDENTITY, (n, 4))
        if fingers is not None and palm is not None:
            ahead, inner = (np.broadcast_to(np.asarray(v, dtype=float), (n, 3)) for v in (fingers, palm))
            wanted = rot.mul(rot.inverse(forearm), rot.from_axes(ahead, -inner))
            # q = twist · swing: the forearm twists first, the wrist swings in the twisted frame.
            swing, around = rot.swing_twist(rot.inverse(wanted), rot.X)
            twist = -rot.log(around)[:, 0]
            twist = smooth(np.clip(np.unwrap(twist), -_PRONATION, _PRONATION), self.t, 0.035)
            hand = rot.exp(smooth(rot.log(rot.inverse(swing)), self.t, 0.03))
        self._set_arm(side, shoulder, bend, twist, hand, weight)

    def _set_arm(
        self,
        side: int,
        shoulder: np.ndarray,
        bend: np.ndarray,
        twist: np.ndarray,
        hand: np.ndarray,
        weight: np.ndarray | float,
    ) -> None:
        swing = rot.log(hand)
        swing[:, 1] = np.clip(swing[:, 1], -_WRIST_FLEX, _WRIST_FLEX)
        swing[:, 2] = np.clip(swing[:, 2], -_WRIST_DEVIATION, _WRIST_DEVIATION)
        elbow = rot.mul(rot.about_z(-bend), rot.about_x(_ELBOW_TWIST * twist))
        wrist = rot.mul(rot.about_x((1 - _ELBOW_TWIST) * twist), rot.exp(swing))
        arm = np.stack([shoulder, elbow, wrist], axis=1)
        if side == RIGHT:
            arm = rot.mirrored(arm)
        if np.isscalar(weight) and weight == 1.0:
            self.arms[:, side] = arm
        else:
            weight = np.broadcast_to(np.asarray(weight, dtype=float), len(self.t))
            self.arms[:, side] = rot.nlerp(self.arms[:, side], arm, weight[:, None])

    # Hands

    def hand(self, side: int, shape: np.ndarray, weight: np.ndarray | float = 1.0) -> None:
        """Shape a hand, (5, 4) or (N, 5, 4) as in `hands`, by a share (N,) against how it is so far."""
        n = len(self.t)
        w = np.broadcast_to(np.asarray(weight, dtype=float), (n,))
        total = self.shaped[:, side] + w - self.shaped[:, side] * w
        share = np.where(total > 1e-9, w / np.maximum(total, 1e-9), 0.0)[:, None, None]
        self.shape[:, side] += (np.broadcast_to(shape, (n, 5, 4)) - self.shape[:, side]) * share
        self.shaped[:, side] = total

    def keep_palm(
        self,
        side: int,
        what: str,
        offset: ArrayLike,
        weight: np.ndarray | float = 1.0,
        grip: ArrayLike = (0.0, 0.0, 0.0),
    ) -> None:
        """Bring a palm to `offset` (3,) or (N, 3) metres from one of `motion.NEAR`, by a share (N,), and keep
        it so on every body; `grip` (3,) is a point of the hand other than the palm (`contact.Contact`).

        Offsets are seen as arms are: outward, back, up. From mouth, ear and chin they turn with the head;
        from the others they are in the heading's frame; from `held`, a thing in the other
        hand, they are from that hand's palm in its own frame, and only this hand comes to it.
        """
        n = len(self.t)
        share = np.broadcast_to(np.asarray(weight, dtype=float), (n,))
        seen = np.array([OUTWARD[side] if what != "held" else 1.0, 1.0, 1.0])
        away = np.broadcast_to(np.asarray(offset, dtype=float), (n, 3)) * seen
        self._contacts.append(contact.Contact(side, what, away, share, np.asarray(grip, dtype=float)))
        what = "other_hand" if what == "held" else what
        for hand in (LEFT, RIGHT) if what == "other_hand" else (side,):
            kept = self.near[:, hand, NEAR.index(what)]
            np.maximum(kept, share, out=kept)

    # To a track

    def track(self) -> Track:
        """The controls as a track, with the secondary motion that every body has: lagging spine and head,
        collarbones that follow the arms, fingers and eyes."""
        t, n = self.t, len(self.t)
        joints = np.broadcast_to(rot.IDENTITY, (n, len(JOINTS), 4)).copy()
        third = self.spine / 3
        chest = rot.exp(self.pelvis)
        for k, name in enumerate(("spine1", "spine2", "spine3")):
            joints[:, JOINT_INDEX[name]] = rot.exp(third if k == 0 else lag(third, t, 0.03 * k))
            chest = rot.mul(chest, joints[:, JOINT_INDEX[name]])
        loose = rot.power(chest, 1 - self.steady)
        looks = [gaze.Look(self._goal(at, chest), *rest) for at, *rest in self._looks]
        eyes, turn = gaze.follow(looks, t, gaze.eyes_ahead(self.head, t), self.wander)
        facing = rot.mul(rot.exp(lag(self.head + turn, t, 0.05)), loose)
        face.aim(self.face, gaze.in_head(eyes, facing))
        half = rot.power(rot.mul(rot.inverse(chest), facing), 0.5)
        joints[:, JOINT_INDEX["neck"]] = half
        joints[:, JOINT_INDEX["head"]] = half
        for side, name in enumerate(SIDES):
            collar = self._collar(side)
            joints[:, JOINT_INDEX[f"{name}_collar"]] = collar
            joints[:, JOINT_INDEX[f"{name}_shoulder"]] = rot.mul(rot.inverse(collar), self.arms[:, side, 0])
            joints[:, JOINT_INDEX[f"{name}_elbow"]] = self.arms[:, side, 1]
            joints[:, JOINT_INDEX[f"{name}_wrist"]] = self.arms[:, side, 2]
            shape = hands.from_curl(self.curl[:, side], self.spread[:, side])
            shape += (self.shape[:, side] - shape) * self.shaped[:, side, None, None]
            for joint, q in hands.joints(shape).items():
                joints[:, JOINT_INDEX[f"{name}_{joint}"]] = q if side == LEFT else rot.mirrored(q)
        joints[:, JOINT_INDEX["jaw"]] = rot.IDENTITY
        track = Track(
            t=t, path=self.path, heading=self.heading, sway=self.sway, pelvis=self.pelvis, joints=joints,
            prints=self.prints, yaw=self.yaw, pitch=self.pitch, toes=self.toes, planted=self.planted,
            knees=self.knees, face=np.clip(self.face, 0.0, 1.0), near=self.near,
            events=tuple(self.events),
        )  # fmt: skip
        return replace(track, joints=contact.brought(self._contacts, track)) if self._contacts else track

    def _goal(self, at: np.ndarray | int, chest: np.ndarray) -> np.ndarray:
        """(N, 2) the angles of a look's goal: a direction, or a hand's place."""
        if isinstance(at, np.ndarray):
            return gaze.angles(at)
        turn = rot.mul(chest, self.arms[:, at, 0])
        place = rot.rotate(chest, mannequin.SHOULDERS[at] - mannequin.EYES)
        for part, joint in ((1, "elbow"), (2, "wrist")):
            place = place + rot.rotate(turn, mannequin.OFFSETS[JOINT_INDEX[f"{SIDES[at]}_{joint}"]])
            turn = rot.mul(turn, self.arms[:, at, part])
        knuckles = 1.3 * mannequin.OFFSETS[JOINT_INDEX[f"{SIDES[at]}_middle1"]]
        return gaze.angles(smooth(place + rot.rotate(turn, knuckles), self.t, 0.05))

    def _collar(self, side: int) -> np.ndarray:
        arm = self.arms[:, side, 0]
        bone = rot.rotate(arm, rot.X * OUTWARD[side])
        elevation = np.arccos(np.clip(-bone[:, 2], -1.0, 1.0))
        help_ = _COLLAR_SHARE * np.logaddexp(0.0, (elevation - _COLLAR_FROM) * 6) / 6
        flat = np.stack([bone[:, 0], bone[:, 1], np.zeros(len(bone))], axis=-1)
        flat /= np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 0.3)
        forward = -0.25 * help_ * flat[:, 1] * OUTWARD[side]
        up = -(help_ + self.shrug[:, side]) * OUTWARD[side]
        vector = np.stack([np.zeros_like(up), up, -forward], axis=-1)
        return rot.exp(smooth(vector, self.t, 0.02))


def side_of(params: Mapping[str, float]) -> int:
    """LEFT or RIGHT, by a family's parameter `side`."""
    return LEFT if params["side"] >= 0 else RIGHT
