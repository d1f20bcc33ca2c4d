"""How a body is carried at one moment: stance, lean, where its hands are and where it faces.

Every fact holds by a margin; where a pose is between two words, no word is given. Lengths are compared with
the body's own trunk, arms and legs, so that the words fit children and adults alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motionpair.postures import Facing, HandPlace, Lean, Posture, Side, Stance
from render.characters.skinning import skin
from render.motion import HELD_PLACES, Motion
from render.scene import Actor, CameraTrack
from render.skeleton import FACE_UNITS, JOINT_INDEX

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
ALOFT, LIFTED, DOWN = 0.04, 0.09, 0.03
"""Metres above the ground: the soles of a jump, at least; the sole of a lifted foot, at least; what is on the
ground, at most."""
STRAIGHT, BENT, FOLDED = 25.0, 45.0, 85.0
"""Degrees of bend: straight knees and elbows below, bent ones above, a crouch's knees above."""
STRIDE, WIDE = 0.42, 0.5
"""Shares of the leg between feet that are one ahead of the other, or side by side but apart."""
LEANING, DEEP, BACKWARD, SIDEWAYS = 22.0, 50.0, 15.0, 15.0
"""Degrees from upright of a trunk that leans forward, far forward, back and sideways."""
SMILE = 0.6
"""Of 1: the least mean of both mouth corners' units in a plain smile."""
PACE = 0.45
"""Metres a second from which a body is on the move."""
ON_BACK, ON_SIDE = 0.75, 0.35
"""Height of the unit vector out of the chest: lying on the back above the one, on a side below the other."""
CLASP = 0.15
"""Metres between the hands of partners that touch."""


@dataclass(frozen=True)
class Body:
    """One actor's joints over time, and the directions that its words are relative to.

    joints: (T, 55, 3) metres, world. ahead, left: (T, 3) level unit vectors of hips and shoulders together.
    twist: (T,) degrees between hips and shoulders.
    """

    joints: np.ndarray
    ahead: np.ndarray
    left: np.ndarray
    twist: np.ndarray

    def at(self, name: str) -> np.ndarray:
        """(T, 3) places of a joint."""
        return self.joints[:, JOINT_INDEX[name]]


def body_of(actor: Actor) -> Body:
    """An actor's joints and directions."""
    joints = np.array(actor.pose.positions[:, : len(JOINT_INDEX)], dtype=float)
    lines = []
    for name in ("hip", "shoulder"):
        line = joints[:, JOINT_INDEX[f"left_{name}"]] - joints[:, JOINT_INDEX[f"right_{name}"]]
        lines.append(unit(line * (1.0, 1.0, 0.0)))
    left = unit(lines[0] + lines[1])
    ahead = np.stack([left[:, 1], -left[:, 0], np.zeros(len(left))], axis=1)
    return Body(joints, ahead, left, _degrees(lines[0], lines[1]))


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1."""
    return v / np.maximum(np.sqrt((v * v).sum(axis=-1, keepdims=True)), 1e-9)


def _degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    cosine = (unit(a) * unit(b)).sum(axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def posture_at(
    actor: Actor,
    motion: Motion,
    body: Body,
    camera: CameraTrack,
    t: int,
    others: Sequence[Actor],
    fps: int,
) -> Posture:
    """An actor's posture in frame t.

    Args:
        actor, motion, body: whose. camera: what is outside its picture is not told. t: the frame. others: who
            else is in the clip, whose hands may be touched. fps: frames a second.
    """
    stance, side = _stance(actor, motion, body, t, fps)
    # What a close-up leaves out is not told.
    if not all(_inside(body, camera, t, f"{name}_ankle") for name in SIDES):
        stance, side = "unclear", ""
    lean = _lean(body, t) if stance in ("upright", "standing", "feet_apart", "bent_knees", "one_foot") else ""
    held = [""] * 2
    for thing in motion.held:
        place = HELD_PLACES[int(thing.place[t])]
        for k, name in enumerate(SIDES):
            if place in (f"{name}_hand", "both_hands"):
                held[k] = thing.kind
    hands: list[HandPlace] = ["", ""]
    for k, name in enumerate(SIDES):
        if _inside(body, camera, t, f"{name}_middle1"):
            hands[k] = _hand(actor, motion, body, t, k, others)
            # On the thighs of one who sits, whose arms are as straight as if they hung.
            if hands[k] == "hanging" and _seated(actor, body, t):
                hands[k] = ""
        else:
            held[k] = ""
    facing = _facing(body, camera, t) if motion.support != "trunk" else ""
    smile = [FACE_UNITS.index(f"mouthSmile{name}") for name in ("Left", "Right")]
    return Posture(
        stance=stance,
        side=side,
        lean=lean,
        hands=(hands[0], hands[1]),
        holding=(held[0], held[1]),
        facing=facing,
        smiling=bool(actor.pose.expression[t, smile].mean() > SMILE)
        and facing in ("camera", "half_left", "half_right"),
    )


def _inside(body: Body, camera: CameraTrack, t: int, joint: str) -> bool:
    """Whether a joint is inside the picture, a fiftieth of its size from its border."""
    view = CameraTrack(
        camera.position[t : t + 1],
        camera.rotation[t : t + 1],
        camera.focal[t : t + 1],
        camera.width,
        camera.height,
    )
    pixels, depth = view.project(np.array(body.at(joint)[t : t + 1])[:, None])
    x, y = float(pixels[0, 0, 0]) / camera.width, float(pixels[0, 0, 1]) / camera.height
    return float(depth[0, 0]) > 0 and 0.02 < x < 0.98 and 0.02 < y < 0.98


def _stance(actor: Actor, motion: Motion, body: Body, t: int, fps: int) -> tuple[Stance, Side]:
    if motion.support == "trunk":
        return _lying(body, t)
    elbows = [_bend(body, t, ("shoulder", "elbow", "wrist"), side) for side in SIDES]
    if motion.support == "toes":
        if max(elbows) < 35:
            return "plank", ""
        return ("low_plank" if min(elbows) > 70 else "push_up"), ""
    if motion.support == "knees":
        return "all_fours", ""
    knees = [_bend(body, t, ("hip", "knee", "ankle"), side) for side in SIDES]
    if _seated(actor, body, t):
        return "sitting", ""
    soles = _soles(actor, t)
    if min(soles) > ALOFT:
        return "airborne", ""
    for low, high, name in ((1, 0, "left"), (0, 1, "right")):
        if soles[high] > LIFTED and soles[low] < DOWN:
            return "one_foot", name  # type: ignore[return-value]
    return _on_feet(body, knees, soles, t, fps)


def _on_feet(
    body: Body, knees: Sequence[float], soles: Sequence[float], t: int, fps: int
) -> tuple[Stance, Side]:
    reach = max(round(0.3 * fps), 1)
    near = slice(max(t - reach, 0), t + reach + 1)
    ways = body.joints[near, 0, :2]
    moving = float(np.sqrt(((ways[-1] - ways[0]) ** 2).sum())) * fps / max(len(ways) - 1, 1) > PACE
    feet = body.at("left_ankle")[t] - body.at("right_ankle")[t]
    leg = _length(body, t, "left", ("hip", "knee", "ankle"))
    ahead, aside = float((feet * body.ahead[t]).sum()), float((feet * body.left[t]).sum())
    if abs(ahead) > STRIDE * leg and abs(ahead) > abs(aside):
        return "stride", "left" if ahead > 0 else "right"
    if moving:
        return "moving", ""
    if max(soles) > DOWN:
        return "unclear", ""
    if min(knees) > FOLDED:
        return "crouching", ""
    if min(knees) > BENT:
        return "bent_knees", ""
    if aside > WIDE * leg and abs(ahead) < 0.5 * aside:
        return "feet_apart", ""
    return ("upright" if max(knees) < STRAIGHT and _upright(body, t) else "standing"), ""


def _lying(body: Body, t: int) -> tuple[Stance, Side]:
    up = body.at("neck")[t] - body.at("pelvis")[t]
    line = body.at("left_shoulder")[t] - body.at("right_shoulder")[t]
    line = line + body.at("left_hip")[t] - body.at("right_hip")[t]
    out = float(unit(np.cross(line, up))[2])
    if out > ON_BACK:
        return "on_back", ""
    if out < -ON_BACK:
        return "on_belly", ""
    if abs(out) < ON_SIDE:
        return "on_side", "left" if line[2] < 0 else "right"
    return "unclear", ""


def _seated(actor: Actor, body: Body, t: int) -> bool:
    """Whether it sits on a stool: the pelvis just above one, and both thighs nearer to level than upright."""
    for prop in actor.props:
        if prop.kind != "stool":
            continue
        over = body.at("pelvis")[t] - prop.positions[t] - np.array([0.0, 0.0, prop.size[2]])
        thighs = [body.at(f"{s}_knee")[t] - body.at(f"{s}_hip")[t] for s in SIDES]
        level = min(float(_degrees(v, np.array([0.0, 0.0, -1.0]))) for v in thighs)
        if math.hypot(over[0], over[1]) < 0.25 and over[2] < 0.18 and level > 60:
            return True
    return False


def _soles(actor: Actor, t: int) -> list[float]:
    """Metres above the ground of the lowest vertex of each foot's sole."""
    character = actor.character
    part, heights = character.part(character.sole_part), []
    for k in (0, 2):
        vertices = np.concatenate([character.soles[k], character.soles[k + 1]])
        points = skin(part, character.rig, actor.pose, vertices, slice(t, t + 1))
        heights.append(float(points[0, :, 2].min()))
    return heights


def _bend(body: Body, t: int, chain: tuple[str, str, str], side: str) -> float:
    """Degrees that a limb bends at its middle joint; 0 is straight."""
    a, b, c = (body.at(f"{side}_{name}")[t] for name in chain)
    return float(_degrees(b - a, c - b))


def _length(body: Body, t: int, side: str, chain: tuple[str, str, str]) -> float:
    a, b, c = (body.at(f"{side}_{name}")[t] for name in chain)
    return float(np.sqrt(((b - a) ** 2).sum()) + np.sqrt(((c - b) ** 2).sum()))


def _tilts(body: Body, t: int) -> tuple[float, float]:
    """Degrees that the trunk leans forward, and to its left."""
    trunk = body.at("neck")[t] - body.at("pelvis")[t]
    fore, side = float((trunk * body.ahead[t]).sum()), float((trunk * body.left[t]).sum())
    return math.degrees(math.atan2(fore, trunk[2])), math.degrees(math.atan2(side, trunk[2]))


def _upright(body: Body, t: int) -> bool:
    return max(map(abs, _tilts(body, t))) < BACKWARD


def _lean(body: Body, t: int) -> Lean:
    fore, side = _tilts(body, t)
    if fore > DEEP:
        return "deep"
    if fore > LEANING:
        return "forward"
    if fore < -BACKWARD:
        return "back"
    if abs(side) > SIDEWAYS and abs(side) > abs(fore):
        return "left" if side > 0 else "right"
    return ""


def _hand(actor: Actor, motion: Motion, body: Body, t: int, k: int, others: Sequence[Actor]) -> HandPlace:
    """Where the left (0) or the right (1) hand is."""
    side = SIDES[k]
    for touching in motion.touches:
        if touching.hand != side or touching.weight[t] < 0.95:
            continue
        if touching.what == "ground" and _lowest(actor, k, t) < DOWN:
            return "ground"
        if touching.what != "ground" and _clasped(body, side, touching.what.split("_")[1], t, others):
            return "partner"
    if motion.support != "feet":
        return ""
    return hand_place(body.joints[t], body.ahead[t], body.left[t], side)


def hand_place(joints: np.ndarray, ahead: np.ndarray, left: np.ndarray, side: str) -> HandPlace:
    """Where a hand of an upright body is (`postures.HandPlace`), free of things, ground and partners.

    Args:
        joints: (55, 3) metres. ahead, left: (3,) level unit vectors. side: `left` or `right`.
    """

    def joint(name: str) -> np.ndarray:
        return np.asarray(joints[JOINT_INDEX[name]])

    shoulder, elbow, wrist = (joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    palm = (wrist + joint(f"{side}_middle1")) / 2
    pelvis, neck, head = joint("pelvis"), joint("neck"), joint("head")
    trunk = float(np.sqrt(((neck - pelvis) ** 2).sum()))
    arm = float(np.sqrt(((elbow - shoulder) ** 2).sum()) + np.sqrt(((wrist - elbow) ** 2).sum()))
    eyes = (joint("left_eye_smplhf") + joint("right_eye_smplhf")) / 2
    outward = left if side == "left" else -left
    d = palm - shoulder
    out, fore, up = float((d * outward).sum()), float((d * ahead).sum()), float(d[2])
    # The mouth is about an eighth of the trunk's length under the eyes.
    mouth = eyes - np.array([0.0, 0.0, 0.12 * trunk])
    off = min(float(np.sqrt(((p - q) ** 2).sum())) for p in (palm, wrist) for q in (eyes, mouth))
    middle = float(((palm - (pelvis + neck) / 2) * left).sum())
    half = abs(float(((joint("left_shoulder") - joint("right_shoulder")) * left).sum())) / 2
    lying = float(neck[2] - pelvis[2]) < 0.8 * trunk  # bent: the words below are of an upright trunk
    if palm[2] > head[2] + 0.4 * trunk:
        return "overhead"
    if off < 0.26 * trunk:
        return "face"
    if wrist[2] > shoulder[2] + 0.12 * trunk and up > 0.15 * trunk:
        return "raised"
    if lying:
        return ""
    if out > 0.75 * arm and abs(up) < 0.3 * arm and abs(fore) < 0.45 * arm:
        return "aside"
    if fore > 0.85 * arm and abs(up) < 0.3 * arm:
        return "front"
    straight = float(_degrees(elbow - shoulder, wrist - elbow)) < 50
    if straight and up < -0.88 * arm and math.hypot(out, fore) < 0.5 * arm:
        return "hanging"
    over = palm - pelvis
    back = float((over * ahead).sum())
    if back < -0.22 * trunk and abs(middle) < 0.8 * half and 0 < over[2] < 0.8 * trunk:
        return "behind"
    chest = 0.4 * trunk < over[2] < 0.82 * trunk
    if chest and abs(middle) < half and 0.2 * arm < fore < 0.75 * arm:
        return "chest"
    if abs(over[2]) < 0.18 * trunk and abs(back) < 0.35 * trunk and abs(middle) < 2 * half:
        return "hip"
    return ""


def _lowest(actor: Actor, k: int, t: int) -> float:
    character = actor.character
    body = character.part("body")
    points = skin(body, character.rig, actor.pose, character.hand_vertices[k], slice(t, t + 1))
    return float(points[0, :, 2].min())


def _clasped(body: Body, side: str, other: str, t: int, others: Sequence[Actor]) -> bool:
    def palm(joints: np.ndarray, name: str) -> np.ndarray:
        return np.asarray(joints[JOINT_INDEX[f"{name}_wrist"]] + joints[JOINT_INDEX[f"{name}_middle1"]]) / 2

    own = palm(body.joints[t], side)
    return any(
        float(np.sqrt(((palm(np.array(a.pose.positions[t]), other) - own) ** 2).sum())) < CLASP
        for a in others
    )


def _facing(body: Body, camera: CameraTrack, t: int) -> Facing:
    if body.twist[t] > 45:
        return ""
    to = camera.position[t] - body.joints[t, 0]
    angle = float(_degrees(body.ahead[t], to * np.array([1.0, 1.0, 0.0])))
    right = float((body.ahead[t] * camera.rotation[t, :, 0]).sum()) > 0
    if angle < 20:
        return "camera"
    if 30 < angle < 65:
        return "half_right" if right else "half_left"
    if 75 < angle < 105:
        return "right" if right else "left"
    return "away" if angle > 150 else ""
