"""Bodies on the ground: knees, toes and trunks that rest on it, whatever the body's proportions.

Feet have `render.retarget`, palms `render.touch`; this is the rest. What counts as the body's surface is its
skin, clothes and shoes: sampled vertices, skinned, so that what is measured is what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.arms import arm_of, descendants, palm_depth
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.legs import settle
from render.motion import Motion
from render.posing import t_pose_offsets, to_pose
from render.skeleton import JOINT_INDEX, PARENTS
from render.stances import runs

SIDES = ("left", "right")
PLANTED = 0.99
"""Weight from which a hand that touches is planted."""
SAMPLES = 2600
"""Vertices that stand for a body's surface, about."""

_ROUNDS = 5
_SMOOTH = 0.05
"""Seconds over which small corrections are blurred, so that one vertex after another gives one curve."""
_CLEAR = 0.012
"""Metres that a chest stays off the ground at the bottom of a push-up."""
_GRIP = 0.012
"""Metres above the lowest point within which skin holds a lying body against sliding."""
_SINK = 0.001
"""Metres that flesh may be pressed into the ground by."""
_ARM = 0.975
"""Share of its length that an arm which carries the body stretches to."""
_FORWARD = 3.0
"""Metres to the front that a limb which points into the ground is led by, for each metre of its depth."""
_MOST = 0.9
"""Radians: the most that a limb is turned out of the ground."""


@dataclass(frozen=True)
class Surface:
    """Sampled vertices of a body: (part, indices) each, and which rig joint owns each vertex, in order."""

    chosen: tuple[tuple[int, np.ndarray], ...]
    owner: np.ndarray

    def of(self, joints: set[int]) -> np.ndarray:
        """(N,) bool: the vertices that these joints own."""
        return np.isin(self.owner, list(joints))


def surface(baked: BakedCharacter) -> Surface:
    """An even choice of the vertices that can touch the ground; skirts hang as they like."""
    parts = [
        (i, part)
        for i, part in enumerate(baked.parts)
        if part.role in ("skin", "cloth", "shoe", "accessory") and part.name not in ("skirt", "dress")
    ]
    step = max(sum(len(part.vertices) for _, part in parts) // SAMPLES, 1)
    chosen, owner = [], []
    for i, part in parts:
        vertices = np.arange(0, len(part.vertices), step)
        chosen.append((i, vertices))
        strongest = np.argmax(part.weights[vertices], axis=1)
        owner.append(part.bones[vertices, strongest])
    return Surface(tuple(chosen), np.concatenate(owner) if owner else np.zeros(0, np.uint8))


class Body:
    """A character that is being put on the ground: its turns (T, 55, 4) and its pelvis's places (T, 3)."""

    def __init__(self, motion: Motion, baked: BakedCharacter, turns: np.ndarray, root: np.ndarray):
        self.motion, self.baked = motion, baked
        self.turns, self.root = turns.copy(), root.copy()
        self.bones = t_pose_offsets(baked.rig)
        self.surface = surface(baked)
        self.dt = 1.0 / motion.fps

    def joints(self) -> np.ndarray:
        """(T, 55, 3) places of the canonical joints."""
        return kinematics.joint_positions(self.turns, self.bones, PARENTS, self.root)

    def points(self, chosen: np.ndarray | None = None) -> np.ndarray:
        """(T, N, 3) places of the surface's vertices, or of those in `chosen` (N,) bool."""
        pose = to_pose(
            self.baked.rig, self.turns, self.root, np.zeros_like(self.motion.expression), self.motion.contacts
        )
        out, first = [], 0
        for i, vertices in self.surface.chosen:
            last = first + len(vertices)
            mine = vertices if chosen is None else vertices[chosen[first:last]]
            out.append(skin(self.baked.parts[i], self.baked.rig, pose, mine))
            first = last
        return np.concatenate(out, axis=1).astype(float)

    def owned(self, *names: str) -> np.ndarray:
        """(N,) bool: vertices of these joints and of their twist helpers."""
        rig = self.baked.rig
        joints = {JOINT_INDEX[n] for n in names}
        helpers = {i for i in range(len(PARENTS), len(rig.names)) if int(rig.parents[i]) in joints}
        return self.surface.of(joints | helpers)

    def below(self, name: str) -> np.ndarray:
        """(N,) bool: vertices of a joint and of all below it."""
        rig = self.baked.rig
        joints = set(descendants(JOINT_INDEX[name]))
        helpers = {i for i in range(len(PARENTS), len(rig.names)) if int(rig.parents[i]) in joints}
        return self.surface.of(joints | helpers)

    def near(self, name: str, share: float, *others: str) -> np.ndarray:
        """(N,) bool: vertices of a joint, and of others, within `share` of the hips' height of the joint."""
        away = np.linalg.norm(self.points()[0] - self.joints()[0, JOINT_INDEX[name]], axis=-1)
        return self.owned(name, *others) & (away < share * self.baked.hip_height)

    def turn(self, joint: str, vector: np.ndarray, only: list[int] | None = None) -> None:
        """Turn a joint and all below it (or `only` those) by world rotation vectors (T, 3)."""
        chosen = descendants(JOINT_INDEX[joint]) if only is None else only
        self.turns[:, chosen] = rot.mul(rot.exp(vector)[:, None], self.turns[:, chosen])


def blur(x: np.ndarray, dt: float, seconds: float = _SMOOTH) -> np.ndarray:
    """Gaussian over time of (T, ...), edges held."""
    reach = max(int(np.ceil(3 * seconds / dt)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * dt / seconds) ** 2)
    flat = x.reshape(len(x), -1)
    padded = np.pad(flat, ((reach, reach), (0, 0)), mode="edge")
    out = [np.convolve(c, kernel / kernel.sum(), mode="valid") for c in padded.T]
    return np.stack(out, axis=1).reshape(x.shape)


_LIMBS = (
    ("hip", "pelvis"),
    ("knee", "pelvis"),
    ("shoulder", "spine3"),
    ("elbow", "spine3"),
    ("wrist", "spine3"),
)
"""Joints that limbs are turned about, out of the ground, and the part of the trunk that they hang on."""


def lie_down(body: Body) -> None:
    """Rest pelvis and chest on the ground, roll without slipping, keep head and limbs out of the ground."""
    hips = body.owned("pelvis", "spine1") | body.near("left_hip", 0.16) | body.near("right_hip", 0.16)
    chest = body.owned("spine2", "spine3", "left_collar", "right_collar")
    chest |= body.near("left_shoulder", 0.1) | body.near("right_shoulder", 0.1)
    for _ in range(2 * _ROUNDS):
        _tip(body, hips, chest)
    _keep_out(body, "neck", body.below("head"), "spine3")
    for side in SIDES:
        for joint, trunk in _LIMBS:
            _keep_out(body, f"{side}_{joint}", body.below(f"{side}_{joint}"), trunk)
    for _ in range(2):
        body.root[:, 2] -= blur(_lowest(body, hips | chest)[:, 2], body.dt, 0.02)
    body.root[:, 2] += settle(np.maximum(-_SINK - body.points()[..., 2].min(axis=1), 0.0), body.dt, 0.03)
    _roll_without_slip(body, hips | chest)


def _tip(body: Body, hips: np.ndarray, chest: np.ndarray) -> None:
    """Tip the body about the level axis across it, and move it up or down, until hips and chest rest."""
    rows = np.arange(len(body.root))
    points = body.points()
    low, high = (mine[rows, np.argmin(mine[..., 2], axis=1)] for mine in (points[:, hips], points[:, chest]))
    along = high - low
    flat = along * np.array([1.0, 1.0, 0.0])
    across = rot.normalised(rot.cross(flat, np.broadcast_to(rot.Z, flat.shape)))
    # Contiguous: on a view with gaps numpy's arctan2 rounds by where its result happens to lie in memory.
    slope = np.arctan2(np.ascontiguousarray(along[:, 2]), np.linalg.norm(flat, axis=-1))
    body.turn("pelvis", blur(-across * slope[:, None] * 0.5, body.dt))
    body.root[:, 2] -= blur(0.5 * (low + high)[:, 2], body.dt, 0.02)


def _lowest(body: Body, vertices: np.ndarray) -> np.ndarray:
    """(T, 3) the lowest of some vertices."""
    points = body.points(vertices)
    return points[np.arange(len(points)), np.argmin(points[..., 2], axis=1)]


def _roll_without_slip(body: Body, trunk: np.ndarray) -> None:
    """Replace the way over the ground by the one on which the skin that rests does not slide."""
    points = body.points(trunk)
    middle = len(points) // 2
    start = body.root[middle, :2].copy()
    steps = np.diff(points, axis=0)
    height = 0.5 * (points[1:, :, 2] + points[:-1, :, 2])
    weight = np.exp(-(height - height.min(axis=1, keepdims=True)) / _GRIP)
    slip = np.sum(steps * weight[..., None], axis=1) / weight.sum(axis=1, keepdims=True)
    body.root[1:, :2] -= np.cumsum(slip[:, :2], axis=0)
    body.root[:, :2] += start - body.root[middle, :2]


def _keep_out(body: Body, joint: str, vertices: np.ndarray, trunk: str) -> None:
    """Turn a limb up about its joint, just so far that its vertices are not below the ground.

    A limb that points straight down goes to the front of the `trunk` joint.
    """
    if not vertices.any():
        return
    for _ in range(4):
        at = body.joints()[:, JOINT_INDEX[joint]]
        lowest = _lowest(body, vertices)
        depth = np.maximum(-lowest[:, 2], 0.0)
        if depth.max() < 1e-3:
            return
        lever = lowest - at
        length = np.linalg.norm(lever, axis=-1)
        front = rot.rotate(body.turns[:, JOINT_INDEX[trunk]], -rot.Y)
        level = (lever + _FORWARD * depth[:, None] * front) * np.array([1.0, 1.0, 0.0])
        rise = np.arcsin(np.clip(-at[:, 2] / length, -0.98, 0.98))
        wanted = rot.normalised(level + 1e-9) * np.cos(rise)[:, None] + rot.Z * np.sin(rise)[:, None]
        vector = rot.log(rot.between(lever, wanted)) * (depth > 0)[:, None]
        angle = np.linalg.norm(vector, axis=-1)
        eased = settle(np.minimum(angle, _MOST), body.dt, 0.04)
        axis = blur(vector, body.dt, 0.05)
        body.turn(joint, rot.normalised(axis + 1e-12) * eased[:, None])


def kneel(body: Body, bend: np.ndarray) -> None:
    """Rest knees and feet on the ground, and carry the shoulders as high as the arms are long.

    bend: (T, 2, 3) corrections of the knees' places over the ground, from planting them.
    """
    wanted = _shoulder_height(body)
    knees = body.joints()[:, [JOINT_INDEX[f"{s}_knee"] for s in SIDES]]
    goal = knees + bend
    lift = knees[..., 2] - _held_low(knees[..., 2], body.motion.kneeling)
    skins = [body.near(f"{s}_knee", 0.12, f"{s}_hip") for s in SIDES]
    radius = np.stack(
        [blur(knees[:, i, 2] - low, body.dt) for i, low in enumerate(_lows(body, skins))], axis=1
    )
    for _ in range(_ROUNDS):
        goal[..., 2] = radius + np.maximum(lift, 0.0)
        _pitch_to(body, wanted)
        wanted = wanted - _too_high(body)
        _hips_over(body, goal)
        _thighs_to(body, goal)
        for i, low in enumerate(_lows(body, skins)):
            error = low - np.maximum(lift[:, i], 0.0)
            radius[:, i] -= blur(error, body.dt, 0.03)
    for side in SIDES:
        _rest_shin(body, side)


def _held_low(height: np.ndarray, planted: np.ndarray | None) -> np.ndarray:
    """(2,) the knees' mean height while planted, or their lowest."""
    if planted is None:
        return height.min(axis=0)
    return np.array([h[p].mean() if p.any() else h.min() for h, p in zip(height.T, planted.T, strict=True)])


def _lows(body: Body, groups: list[np.ndarray]) -> list[np.ndarray]:
    """(T,) lowest point of each group of vertices; of an empty one, the ground."""
    return [_lowest(body, g)[:, 2] if g.any() else np.zeros(len(body.root)) for g in groups]


def _shoulder_height(body: Body) -> np.ndarray:
    """(T,) how high the shoulders' middle is to be: over the wrists as far as on the mannequin, in arms'
    lengths."""
    motion = body.motion
    turns = kinematics.global_rotations(motion.rotations, PARENTS)
    root = (motion.root + rot.Z) * mannequin.HIP_HEIGHT
    places = kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, root)
    shoulders, wrists = ([JOINT_INDEX[f"{s}_{n}"] for s in SIDES] for n in ("shoulder", "wrist"))
    above = places[:, shoulders, 2].mean(axis=1) - places[:, wrists, 2].min(axis=1)
    share = above / (mannequin.UPPER_ARM + mannequin.FOREARM)
    arm = sum(np.linalg.norm(body.bones[JOINT_INDEX[f"left_{n}"]]) for n in ("elbow", "wrist"))
    return share * arm + places[:, wrists, 2].min(axis=1) * body.baked.hip_height / mannequin.HIP_HEIGHT


def _too_high(body: Body) -> np.ndarray:
    """(T,) how far the shoulders' middle must sink so that planted palms are within reach, eased."""
    places = body.joints()
    need = np.zeros(len(places))
    for contact in body.motion.touches:
        if contact.what != "ground":
            continue
        arm = arm_of(contact.hand, body.bones, palm_depth(body.baked, contact.hand))
        shoulder, _, wrist = arm.joints
        hand = body.turns[:, wrist]
        flat = rot.mul(
            rot.between(rot.rotate(hand, -rot.Z), np.broadcast_to(-rot.Z, places[:, 0].shape)), hand
        )
        palm = places[:, wrist] + rot.rotate(hand, arm.palm)
        for run in runs(contact.weight >= PLANTED):
            goal = palm[run].mean(axis=0) * np.array([1.0, 1.0, 0.0]) - rot.rotate(flat[run], arm.palm)
            aside = np.sum((goal - places[run, shoulder])[:, :2] ** 2, axis=-1)
            above = np.sqrt(np.maximum((_ARM * arm.length) ** 2 - aside, (0.3 * arm.length) ** 2))
            need[run] = np.maximum(need[run], places[run, shoulder, 2] - goal[:, 2] - above)
    return settle(np.maximum(need, 0.0), body.dt, 0.05)


_LEGS = tuple(JOINT_INDEX[f"{s}_{n}"] for s in SIDES for n in ("hip", "knee", "ankle", "foot"))
_UPPER = [j for j in range(len(PARENTS)) if j not in _LEGS]


def _pitch_to(body: Body, wanted: np.ndarray) -> None:
    """Pitch the trunk about the pelvis until the shoulders' middle is at height `wanted` (T,)."""
    places = body.joints()
    middle = places[:, [JOINT_INDEX[f"{s}_shoulder"] for s in SIDES]].mean(axis=1)
    lever = middle - places[:, 0]
    flat = lever * np.array([1.0, 1.0, 0.0])
    length = np.linalg.norm(lever, axis=-1)
    rise = np.clip((wanted - places[:, 0, 2]) / length, -0.95, 0.95)
    angle = np.arcsin(rise) - np.arcsin(np.clip(lever[:, 2] / length, -1, 1))
    across = rot.normalised(rot.cross(flat, np.broadcast_to(rot.Z, flat.shape)))
    body.turn("pelvis", across * angle[:, None], _UPPER)


def _hips_over(body: Body, knees: np.ndarray) -> None:
    """Move the pelvis up or down, and roll it, so that each hip is a thigh's length from its knee."""
    hips = body.joints()[:, [JOINT_INDEX[f"{s}_hip"] for s in SIDES]]
    thigh = np.array([np.linalg.norm(body.bones[JOINT_INDEX[f"{s}_knee"]]) for s in SIDES])
    away = np.sum((hips - knees)[..., :2] ** 2, axis=-1)
    needed = knees[..., 2] + np.sqrt(np.maximum(thigh**2 - away, (0.5 * thigh) ** 2))
    off = needed - hips[..., 2]
    body.root[:, 2] += off.mean(axis=1)
    across = hips[:, 0] - hips[:, 1]
    width = np.linalg.norm(across, axis=-1)
    axis = rot.normalised(rot.cross(across, np.broadcast_to(rot.Z, across.shape)))
    roll = np.clip((off[:, 0] - off[:, 1]) / width, -0.3, 0.3)
    body.turn("pelvis", axis * roll[:, None], [0])


def _thighs_to(body: Body, knees: np.ndarray) -> None:
    places = body.joints()
    for i, side in enumerate(SIDES):
        hip = JOINT_INDEX[f"{side}_hip"]
        down = rot.normalised(knees[:, i] - places[:, hip])
        axis = rot.rotate(body.turns[:, hip], rot.X)
        axis = rot.normalised(axis - down * np.sum(axis * down, axis=-1, keepdims=True))
        body.turns[:, hip] = kinematics.limb_frame(down, axis, -rot.Z, rot.X)


def _rest_shin(body: Body, side: str) -> None:
    """Turn shin and foot about the knee until the lowest of them is on the ground."""
    knee = JOINT_INDEX[f"{side}_knee"]
    away = body.below(f"{side}_knee") & ~body.near(f"{side}_knee", 0.2)
    if not away.any():
        return
    for _ in range(3):
        at = body.joints()[:, knee]
        lowest = _lowest(body, away)
        lever = lowest - at
        flat = np.linalg.norm(lever[:, :2], axis=-1)
        across = rot.normalised(rot.cross(lever, np.broadcast_to(rot.Z, lever.shape)))
        angle = np.clip(-lowest[:, 2] / flat, -_MOST, _MOST)
        body.turn(f"{side}_knee", blur(across * angle[:, None], body.dt, 0.02))


def plank(body: Body, ankles: np.ndarray) -> None:
    """Hang the straight body between planted ankles (T, 2, 3) and shoulders as high as the arms are long,
    the trunk just off the ground at the lowest."""
    wanted = _shoulder_height(body)
    trunk = body.owned("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip")
    chosen = [JOINT_INDEX[f"{s}_ankle"] for s in SIDES]
    for turn in range(_ROUNDS):
        places = body.joints()
        body.root += (ankles - places[:, chosen]).mean(axis=1)
        places = body.joints()
        shoulders = places[:, [JOINT_INDEX[f"{s}_shoulder"] for s in SIDES]].mean(axis=1)
        lever = shoulders - places[:, chosen].mean(axis=1)
        length = np.linalg.norm(lever, axis=-1)
        foot = ankles[..., 2].mean(axis=1)
        angle = np.arcsin(np.clip((wanted - foot) / length, -0.9, 0.9)) - np.arcsin(lever[:, 2] / length)
        across = rot.normalised(rot.cross(lever, np.broadcast_to(rot.Z, lever.shape)))
        body.turn("pelvis", across * angle[:, None])
        places = body.joints()
        body.root += (ankles - places[:, chosen]).mean(axis=1)
        if trunk.any():
            lowest = _lowest(body, trunk)
            reach = np.maximum(np.linalg.norm(lowest - ankles.mean(axis=1), axis=-1), 0.3)
            short = np.maximum(_CLEAR - lowest[:, 2], 0.0) / reach * length
            # The chest stops short of the ground where the belly is on it first.
            wanted = wanted + settle(short, body.dt, 0.05)
        if turn < _ROUNDS - 2:
            wanted = wanted - _too_high(body)
