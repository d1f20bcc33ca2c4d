"""From the body model's 163 bones to the canonical rig: 55 joints and twist helpers.

Names, order and parents are `render.skeleton`'s. A twist helper turns with its parent joint and takes a share
of a source joint's turn about the limb, so that a turned wrist wrings the whole forearm, not the cuff.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from render.characters.baked import Rig
from render.characters.basis import RestBody
from render.skeleton import JOINT_INDEX, JOINTS, PARENTS

_SIDES = (("left", "L", 1.0), ("right", "R", -1.0))

# Joint to (bone, end) that gives its place. Fingers and sides are filled in below.
_PLACES: dict[str, tuple[str, str]] = {
    "pelvis": ("spine05", "head"),
    "spine1": ("spine04", "head"),
    "spine2": ("spine02", "head"),
    "spine3": ("spine01", "head"),
    "neck": ("neck01", "head"),
    "head": ("head", "head"),
    "jaw": ("jaw", "head"),
}
# Bone to the joints that take over its weight.
_OWNERS: dict[str, dict[str, float]] = {
    "root": {"pelvis": 1.0},
    "spine05": {"pelvis": 0.5, "spine1": 0.5},
    "spine04": {"spine1": 1.0},
    "spine03": {"spine1": 0.5, "spine2": 0.5},
    "spine02": {"spine2": 1.0},
    "spine01": {"spine3": 1.0},
    "neck01": {"neck": 1.0},
    "neck02": {"neck": 1.0},
    "neck03": {"neck": 0.5, "head": 0.5},
    "head": {"head": 1.0},
    "jaw": {"jaw": 1.0},
}
_TWISTS: list[tuple[str, str, str, float]] = []  # name, parent, source, share
_FINGERS = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}

for _side, _s, _ in _SIDES:
    _PLACES |= {
        f"{_side}_hip": (f"upperleg01.{_s}", "head"),
        f"{_side}_knee": (f"lowerleg01.{_s}", "head"),
        f"{_side}_ankle": (f"foot.{_s}", "head"),
        f"{_side}_foot": (f"toe2-1.{_s}", "head"),
        f"{_side}_collar": (f"clavicle.{_s}", "head"),
        f"{_side}_shoulder": (f"upperarm01.{_s}", "head"),
        f"{_side}_elbow": (f"lowerarm01.{_s}", "head"),
        f"{_side}_wrist": (f"wrist.{_s}", "head"),
        f"{_side}_eye_smplhf": (f"eye.{_s}", "head"),
    }
    _OWNERS |= {
        f"pelvis.{_s}": {"pelvis": 1.0},
        f"upperleg01.{_s}": {f"{_side}_thigh_twist": 1.0},
        f"upperleg02.{_s}": {f"{_side}_hip": 1.0},
        f"lowerleg01.{_s}": {f"{_side}_knee": 1.0},
        f"lowerleg02.{_s}": {f"{_side}_shin_twist": 1.0},
        f"foot.{_s}": {f"{_side}_ankle": 1.0},
        f"breast.{_s}": {"spine2": 0.5, "spine3": 0.5},
        f"clavicle.{_s}": {f"{_side}_collar": 1.0},
        f"shoulder01.{_s}": {f"{_side}_collar": 0.7, f"{_side}_upper_arm_twist": 0.3},
        f"upperarm01.{_s}": {f"{_side}_upper_arm_twist": 1.0},
        f"upperarm02.{_s}": {f"{_side}_shoulder": 1.0},
        f"lowerarm01.{_s}": {f"{_side}_elbow": 1.0},
        f"lowerarm02.{_s}": {f"{_side}_forearm_twist": 1.0},
        f"wrist.{_s}": {f"{_side}_wrist": 1.0},
        f"eye.{_s}": {f"{_side}_eye_smplhf": 1.0},
    }
    for _toe in range(1, 6):
        for _i in (1, 2, 3):
            _OWNERS[f"toe{_toe}-{_i}.{_s}"] = {f"{_side}_foot": 1.0}
    for _metacarpal in range(1, 5):
        _OWNERS[f"metacarpal{_metacarpal}.{_s}"] = {f"{_side}_wrist": 1.0}
    for _finger, _n in _FINGERS.items():
        for _i in (1, 2, 3):
            _PLACES[f"{_side}_{_finger}{_i}"] = (f"finger{_n}-{_i}.{_s}", "head")
            _OWNERS[f"finger{_n}-{_i}.{_s}"] = {f"{_side}_{_finger}{_i}": 1.0}
    _TWISTS += [
        (f"{_side}_upper_arm_twist", f"{_side}_shoulder", f"{_side}_shoulder", -0.5),
        (f"{_side}_forearm_twist", f"{_side}_elbow", f"{_side}_wrist", 0.5),
        (f"{_side}_thigh_twist", f"{_side}_hip", f"{_side}_hip", -0.5),
        (f"{_side}_shin_twist", f"{_side}_knee", f"{_side}_ankle", 0.5),
    ]

# The bone at whose head a twist helper's head is.
_TWIST_HEADS = {
    "upper_arm": "upperarm01",
    "forearm": "lowerarm02",
    "thigh": "upperleg01",
    "shin": "lowerleg02",
}

RIG_NAMES = JOINTS + tuple(t[0] for t in _TWISTS)
"""The rig's joint names: the canonical 55, then the twist helpers."""

_CHILD_FOR_TAIL = {
    "pelvis": "spine1", "spine1": "spine2", "spine2": "spine3", "spine3": "neck", "neck": "head",
    **{f"{s}_{a}": f"{s}_{b}" for s in ("left", "right") for a, b in (
        ("hip", "knee"), ("knee", "ankle"), ("ankle", "foot"), ("collar", "shoulder"), ("shoulder", "elbow"),
        ("elbow", "wrist"), ("wrist", "middle1"))},
    **{f"{s}_{f}{i}": f"{s}_{f}{i + 1}" for s in ("left", "right") for f in _FINGERS for i in (1, 2)},
}  # fmt: skip


def owners(bones: Sequence[str], parents: Sequence[int]) -> np.ndarray:
    """(163, R) shares: how each model bone's weight is dealt to the rig's joints; rows sum to 1.

    Face muscles follow the jaw where they hang from it, else the head: face units move the face.
    """
    matrix = np.zeros((len(bones), len(RIG_NAMES)))
    index = {name: i for i, name in enumerate(RIG_NAMES)}
    for row in range(len(bones)):
        ancestor = row
        while bones[ancestor] not in _OWNERS:
            ancestor = parents[ancestor]
        for joint, share in _OWNERS[bones[ancestor]].items():
            matrix[row, index[joint]] = share
    return matrix


def build(rest: RestBody, bones: Sequence[str]) -> Rig:
    """The canonical rig of a rest body, in the body's own space (not yet moved onto the ground)."""
    bone = {name: i for i, name in enumerate(bones)}
    heads = [rest.heads[bone[b]] if end == "head" else rest.tails[bone[b]] for b, end in _bone_places()]
    places = dict(zip(JOINTS, heads, strict=True))
    tails = []
    for name, (b, _) in zip(JOINTS, _bone_places(), strict=True):
        tails.append(places[_CHILD_FOR_TAIL[name]] if name in _CHILD_FOR_TAIL else rest.tails[bone[b]])
    parents = list(PARENTS)
    for name, parent, _, _ in _TWISTS:
        side, segment = name.split("_", 1)
        letter = "L" if side == "left" else "R"
        heads.append(rest.heads[bone[f"{_TWIST_HEADS[segment.removesuffix('_twist')]}.{letter}"]])
        tails.append(places[_CHILD_FOR_TAIL[parent]])
        parents.append(JOINT_INDEX[parent])
    rig_heads, rig_tails = np.array(heads), np.array(tails)
    return Rig(
        names=RIG_NAMES,
        parents=np.array(parents, np.int32),
        heads=rig_heads,
        tails=rig_tails,
        to_t_pose=_to_t_pose(rig_heads, rig_tails),
        twist_of={name: (source, share) for name, _, source, share in _TWISTS},
    )


def t_pose_places(rig: Rig) -> np.ndarray:
    """(R, 3) the joints' places in the canonical T-pose, pelvis where it is in the bind pose."""
    turns = matrices(rig.to_t_pose)
    places = rig.heads.astype(np.float64).copy()
    for j, parent in enumerate(rig.parents):
        if parent >= 0:
            places[j] = places[parent] + turns[parent] @ (rig.heads[j] - rig.heads[parent])
    return places


def blended(rig: Rig, weights: np.ndarray) -> np.ndarray:
    """(V, 3, 4) bind pose → T-pose transform of each vertex under weights (V, R): linear blend skinning."""
    turns, places = matrices(rig.to_t_pose), t_pose_places(rig)
    offsets = places - np.einsum("rij,rj->ri", turns, rig.heads)
    transforms = np.concatenate([turns, offsets[:, :, None]], axis=2)
    return np.einsum("vr,rij->vij", weights, transforms)


def matrices(quaternions: np.ndarray) -> np.ndarray:
    """Unit quaternions (N, 4) wxyz to rotation matrices (N, 3, 3)."""
    w, x, y, z = np.asarray(quaternions, np.float64).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _bone_places() -> list[tuple[str, str]]:
    return [_PLACES[name] for name in JOINTS]


def _to_t_pose(heads: np.ndarray, tails: np.ndarray) -> np.ndarray:
    """(R, 4) wxyz: arms along ±X with palms down, thumbs 45° forward, legs straight down, feet along −Y."""
    index = {name: i for i, name in enumerate(RIG_NAMES)}
    turns = np.repeat(np.eye(3)[None], len(RIG_NAMES), axis=0)
    forward, down = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, -1.0])

    def along(a: str, b: str) -> np.ndarray:
        return _unit(heads[index[b]] - heads[index[a]])

    for side, _, sign in _SIDES:
        outward = np.array([sign, 0.0, 0.0])
        upper = along(f"{side}_shoulder", f"{side}_elbow")
        lower = along(f"{side}_elbow", f"{side}_wrist")
        # The model's elbows are bent at rest, so the plane of the arm gives the hinge; bending turns forward.
        hinge, t_hinge = np.cross(upper, lower), np.cross(outward, forward)
        arm = _frame(outward, t_hinge)
        turns[index[f"{side}_shoulder"]] = arm @ _frame(upper, hinge).T
        turns[index[f"{side}_elbow"]] = arm @ _frame(lower, hinge).T
        hand = along(f"{side}_wrist", f"{side}_middle1")
        across = heads[index[f"{side}_index1"]] - heads[index[f"{side}_pinky1"]]
        wrist = arm @ _frame(hand, np.cross(hand, across)).T
        turns[index[f"{side}_wrist"]] = wrist
        for finger in _FINGERS:
            target = outward if finger != "thumb" else _unit(outward + forward - 0.35 * np.array([0, 0, 1.0]))
            for i in (1, 2, 3):
                j = index[f"{side}_{finger}{i}"]
                turns[j] = _shortest(wrist @ _unit(tails[j] - heads[j]), target) @ wrist
        turns[index[f"{side}_hip"]] = _shortest(along(f"{side}_hip", f"{side}_knee"), down)
        turns[index[f"{side}_knee"]] = _shortest(along(f"{side}_knee", f"{side}_ankle"), down)
        # The sole is flat at rest: the foot only turns about the vertical, and the leg above turns with it.
        toes = along(f"{side}_ankle", f"{side}_foot") * (1, 1, 0)
        yaw = _shortest(_unit(toes), forward)
        for name in ("ankle", "foot"):
            turns[index[f"{side}_{name}"]] = yaw
        for name in ("hip", "knee"):
            j = index[f"{side}_{name}"]
            turns[j] = yaw @ turns[j]
    for name, parent, source, share in _TWISTS:
        j, p = index[name], index[parent]
        turns[j] = turns[p]
        if source != parent:
            axis = _unit(turns[p] @ (tails[j] - heads[j]))
            relative = turns[index[source]] @ turns[p].T
            turns[j] = _about(axis, share * _twist_angle(relative, axis)) @ turns[p]
    return np.array([_quaternion(m) for m in turns])


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def _frame(direction: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """Columns: the direction, the hinge made square to it, and their cross product."""
    d = _unit(direction)
    h = _unit(hinge - d * (hinge @ d))
    return np.stack([d, h, np.cross(d, h)], axis=1)


def _shortest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes unit vector a to unit vector b."""
    axis = np.cross(a, b)
    length = np.linalg.norm(axis)
    if length < 1e-9:
        return np.eye(3)
    return _about(axis / length, np.arctan2(length, a @ b))


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def _twist_angle(rotation: np.ndarray, axis: np.ndarray) -> float:
    """Angle of the turn about `axis` in a swing-twist split."""
    w, *v = _quaternion(rotation)
    return 2 * np.arctan2(np.dot(v, axis), w)


def _quaternion(m: np.ndarray) -> np.ndarray:
    """Rotation matrix to wxyz with w ≥ 0 (Shepperd's method: the largest component first)."""
    diagonal = np.diag(m)
    squares = np.array([1 + diagonal.sum(), *(1 + 2 * diagonal - diagonal.sum())])
    i = int(np.argmax(squares))
    skew = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])
    q = np.empty(4)
    if i == 0:
        q[0], q[1:] = squares[0], skew
    else:
        q[0] = skew[i - 1]
        q[1:] = (m + m.T)[i - 1]
        q[i] = squares[i]
    q /= np.linalg.norm(q)
    return q if q[0] >= 0 else -q
