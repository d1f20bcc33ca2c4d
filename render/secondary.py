"""Secondary motion: skirts, hems and hair swing behind the body that carries them.

Each sheet (`render.characters.baked.Swing`) is a grid of points. A point is drawn by a damped spring to where
it would hang if the sheet followed its anchor at once; the cloth's lengths and the body's capsules are then
kept by projection (position-based dynamics, Müller et al. 2007). The spring is integrated implicitly, so
that it is stable at any frame rate. It starts at rest in the first frame, moving with the body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from render import rotations as rot
from render.characters.baked import BakedCharacter, Rig, Swing
from render.scene import Pose

_STEP = 1 / 60
"""Seconds: the longest step of the integration."""
_SETTLE = 40  # steps in which a sheet comes to rest in the first frame
_ROUNDS = 3  # of projections a step
_DAMPING = 0.32  # of critical, against the anchor's motion
_AIR = 0.9  # 1/s, against the air
_TAKEN = 0.9  # of a leg's push, that cloth follows without delay
_FASTEST = 5.0  # m/s against the anchor
_STRETCH, _CRUSH = 1.03, 0.78  # bounds of a column's links, of their length at rest
_SPREAD = 1.25  # bound of the links around
_CLEAR = {"skirt": 0.020, "hem": 0.012, "hair": 0.010, "tail": 0.018}
"""Metres that a sheet keeps off the body's capsules, unless it lies nearer at rest."""
_REACH = {"skirt": 1.0, "hem": 0.6, "hair": 0.45, "tail": 0.9}
"""How far a point may be from where it would hang, of its length below the pins: hair keeps off the face."""
_FLOOR = 0.015
_UPSIDE_DOWN = np.radians(110.0)
"""Tilt of the anchor beyond which gravity no longer takes back more of it."""


def swing(baked: BakedCharacter, pose: Pose, fps: float) -> Pose:
    """A pose in which what hangs loose swings.

    Args:
        baked: the character; one without loose sheets keeps its pose.
        pose: its rig over T frames, loose joints rigid with their anchors.
        fps: frames a second of the motion's own time: for slow motion, frames shown a second over speed.

    Returns:
        The pose with the loose joints' places and turns replaced; a pure function of the arguments.
    """
    rig = baked.rig
    if not rig.swings:
        return pose
    rotations, positions = np.array(pose.rotations), np.array(pose.positions)
    for sheet in rig.swings:
        places = _swung(_prepare(rig, sheet, pose), 1.0 / fps)
        turns = _turns(rig, sheet, places, pose)
        flat = sheet.joints.ravel()
        positions[:, flat] = places[:, :, 1:].reshape(len(places), -1, 3)
        rotations[:, flat] = turns.reshape(len(turns), -1, 4)
    return replace(pose, rotations=rot.continuous(rotations), positions=positions)


@dataclass(frozen=True)
class _Drive:
    """What a sheet of C columns and N + 1 rows (the pins first) is driven by, in every frame.

    goals: (T, C, N + 1, 3) where it would hang. carried: (T, C, N + 1, 3) the part of it that thighs push.
    blocks: (T, K, 2, 3) the capsules' ends; radii: (K, 2).
    outward: (T, M, K, 3) the side of each capsule that each of the M = C · N free points belongs to.
    room: (T, M, K) metres that each point keeps off each capsule.
    reach: (C, N, 1) metres that each point may be away from its goal.
    down: (C, N) lengths of the columns' links; around: (C or C − 1, N) those of the links beside.
    pace: (N,) radians a second.
    """

    goals: np.ndarray
    carried: np.ndarray
    blocks: np.ndarray
    radii: np.ndarray
    outward: np.ndarray
    room: np.ndarray
    reach: np.ndarray
    down: np.ndarray
    around: np.ndarray
    closed: bool
    pace: np.ndarray


def _prepare(rig: Rig, sheet: Swing, pose: Pose) -> _Drive:
    rest = np.concatenate([sheet.pins[:, None], rig.heads[sheet.joints]], axis=1)
    rows = sheet.joints.shape[1]
    ends = np.stack(
        [
            rot.rotate(
                pose.rotations[:, sheet.block_joints], sheet.block_ends[:, e] - rig.heads[sheet.block_joints]
            )
            + pose.positions[:, sheet.block_joints]
            for e in (0, 1)
        ],
        axis=2,
    )
    free = rest[:, 1:].reshape(-1, 3)
    nearest, radius = _nearest(free, sheet.block_ends, sheet.block_radii)
    away = free[:, None] - nearest
    distance = np.linalg.norm(away, axis=-1)
    # Only what hangs beside a capsule, not beyond its end, has a side of it to keep.
    axis = sheet.block_ends[:, 1] - sheet.block_ends[:, 0]
    beside_it = np.abs(np.sum(away * axis, axis=-1)) < 1e-6
    side = away / np.maximum(distance, 1e-6)[..., None] * beside_it[..., None]
    turns = pose.rotations[:, None, sheet.block_joints]
    clear = _CLEAR[sheet.name]
    room = np.minimum(clear, distance - radius)
    beside = np.roll(rest, -1, axis=0) - rest if sheet.closed else rest[1:] - rest[:-1]
    share = np.arange(1, rows + 1) / rows
    down = np.linalg.norm(rest[:, 1:] - rest[:, :-1], axis=-1)
    goals = _goals(rig, sheet, pose, rest)
    carried = _pushed(rig, sheet, pose, rest, goals) if sheet.closed else np.zeros_like(goals)
    return _Drive(
        goals=goals + carried,
        carried=carried,
        blocks=ends,
        radii=sheet.block_radii,
        outward=rot.rotate(turns, side[None]),
        room=room + _bend(rig, sheet, pose)[:, None] * (clear - room),
        reach=_REACH[sheet.name] * np.cumsum(down, axis=1)[..., None],
        down=down,
        around=np.linalg.norm(beside[:, 1:], axis=-1),
        closed=sheet.closed,
        pace=sheet.pace * (1 + 5.0 * (1 - share) ** 2),
    )


def _goals(rig: Rig, sheet: Swing, pose: Pose, rest: np.ndarray) -> np.ndarray:
    """(T, C, N + 1, 3) where a sheet would hang at rest in every frame."""
    turn = pose.rotations[:, sheet.anchor]
    pins = (
        rot.rotate(turn[:, None], sheet.pins - rig.heads[sheet.anchor])
        + pose.positions[:, sheet.anchor, None]
    )
    # The anchor's tilt is taken back towards the vertical: by the shortest turn, and less when it lies.
    upright = rot.between(rot.rotate(turn, -rot.Z), np.broadcast_to(-rot.Z, (len(turn), 3)))
    tilt = rot.angle(upright)
    share = sheet.sag * np.clip((_UPSIDE_DOWN * 1.4 - tilt) / (0.4 * _UPSIDE_DOWN), 0, 1)
    hang = rot.mul(rot.power(upright, share), turn)
    offsets = rest - sheet.pins[:, None]
    fallen = pins[:, :, None] + rot.rotate(hang[:, None, None], offsets)
    if sheet.lies > 0:
        fallen += _lying(rig, sheet, pose, rest, fallen)
    return fallen


def _lying(rig: Rig, sheet: Swing, pose: Pose, rest: np.ndarray, fallen: np.ndarray) -> np.ndarray:
    """(T, C, N + 1, 3) by how much the lower rows stay with the joint that they lie on."""
    other = sheet.lies_on
    lying = rot.rotate(pose.rotations[:, other, None, None], rest - rig.heads[other])
    lying = lying + pose.positions[:, other, None, None]
    weight = sheet.lies * (np.arange(rest.shape[1]) / (rest.shape[1] - 1)) ** 1.5
    return weight[:, None] * (lying - fallen)


def _pushed(rig: Rig, sheet: Swing, pose: Pose, rest: np.ndarray, fallen: np.ndarray) -> np.ndarray:
    """(T, C, N + 1, 3) by how much thighs that swing outwards take the cloth over them along.

    Cloth on a raised thigh lies closer to it than it hung: flare is for standing.
    """
    turn = pose.rotations[:, sheet.anchor]
    hips = [rig.names.index(f"{side}_hip") for side in ("left", "right")]
    centre = rest.mean(axis=0)
    rest_out = rot.normalised((rest - centre) * (1, 1, 0))
    out = rot.rotate(turn[:, None, None], rest_out)
    reach = abs(float(rig.heads[hips[0], 0]))
    total = np.zeros_like(fallen)
    down = np.arange(rest.shape[1]) / (rest.shape[1] - 1)
    for hip, sign in zip(hips, (1.0, -1.0), strict=True):
        mine = sheet.block_joints == hip
        points = rest.reshape(-1, 3)
        axes, radii = _nearest(points, sheet.block_ends[mine], sheet.block_radii[mine])
        away = points[:, None] - axes
        apart = np.linalg.norm(away, axis=-1)
        rows, best = np.arange(len(points)), np.argmin(apart - radii, axis=1)
        gap = (apart - radii)[rows, best] - _CLEAR[sheet.name]
        inward = -away[rows, best] / apart[rows, best, None]
        bend = _bend(rig, sheet, pose)[:, sheet.block_joints == hip][:, 0]
        close = bend[:, None, None] * (np.maximum(gap, 0)[:, None] * inward)
        place = (points + close).reshape(len(bend), *rest.shape)
        there = rot.rotate(pose.rotations[:, hip, None, None], place - rig.heads[hip])
        step = there + pose.positions[:, hip, None, None] - fallen
        # The thigh's front turns up as it rises: both where it was and where it is count as outwards. Into
        # the trunk nothing is taken.
        bound_for = rot.rotate(pose.rotations[:, hip, None, None], rest_out) + out
        size = np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-6)
        towards = np.clip(np.sum(step * rot.normalised(bound_for), axis=-1, keepdims=True) / size * 2.5, 0, 1)
        step = step - np.minimum(np.sum(step * out, axis=-1, keepdims=True), 0) * out
        side = np.clip(0.5 + sign * rest[..., 0] / (1.2 * reach), 0, 1)
        side = side * side * (3 - 2 * side) * np.clip(4 * down, 0, 1)
        total += (side[..., None] * towards) * step
    return total


def _bend(rig: Rig, sheet: Swing, pose: Pose) -> np.ndarray:
    """(T, K) from 0 where a capsule's joint is turned against the anchor as at rest to 1 where it is bent."""
    turns = rot.mul(rot.inverse(pose.rotations[:, sheet.anchor, None]), pose.rotations[:, sheet.block_joints])
    thigh = np.array([rig.names[j].endswith("_hip") for j in sheet.block_joints])
    return np.clip(rot.angle(turns) / 1.2, 0, 1) * thigh


def _swung(drive: _Drive, dt: float) -> np.ndarray:
    """(T, C, N + 1, 3) the sheet's places over time."""
    frames = len(drive.goals)
    steps = max(1, int(np.ceil(dt / _STEP - 1e-9)))
    out = np.empty_like(drive.goals)
    x = drive.goals[0].copy()
    v = np.zeros_like(x)
    for _ in range(_SETTLE):
        x, v = _advanced(drive, x, 0.7 * v, drive.goals[0], np.zeros_like(x), 0, 0.0, _STEP)
    out[0] = x
    if frames > 1:
        v = (drive.goals[1] - drive.goals[0]) / dt
    for t in range(frames - 1):
        motion = (drive.goals[t + 1] - drive.goals[t]) / dt
        # A leg that swings into the cloth takes it along at once; leaving, it lets it fall.
        pushed = drive.carried[t + 1] - drive.carried[t]
        pushed *= _TAKEN * (np.sum(pushed * drive.carried[t + 1], axis=-1, keepdims=True) > 0) / steps
        for k in range(steps):
            share = (k + 1) / steps
            x = x + pushed
            goal = drive.goals[t] + share * (drive.goals[t + 1] - drive.goals[t])
            x, v = _advanced(drive, x, v, goal, motion, t, share, dt / steps)
        out[t + 1] = x
    return out


def _advanced(
    drive: _Drive,
    x: np.ndarray,
    v: np.ndarray,
    goal: np.ndarray,
    motion: np.ndarray,
    t: int,
    share: float,
    h: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Places and velocities one step of h seconds later, at `share` of the way from frame t to the next."""
    w = drive.pace[:, None]
    damping = 2 * _DAMPING * w
    free = x[:, 1:]
    pull = w * w * (goal[:, 1:] - free) + damping * motion[:, 1:]
    velocity = (v[:, 1:] + h * pull) / (1 + h * (damping + _AIR) + h * h * w * w)
    against = velocity - motion[:, 1:]
    speed = np.linalg.norm(against, axis=-1, keepdims=True)
    velocity = motion[:, 1:] + against * np.minimum(1.0, _FASTEST / np.maximum(speed, 1e-9))
    away = free + h * velocity - goal[:, 1:]
    far = np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)
    moved = np.concatenate([goal[:, :1], goal[:, 1:] + away * np.minimum(1.0, drive.reach / far)], axis=1)
    later = min(t + 1, len(drive.blocks) - 1)
    blocks = drive.blocks[t] + share * (drive.blocks[later] - drive.blocks[t])
    outward = drive.outward[t] + share * (drive.outward[later] - drive.outward[t])
    room = drive.room[t] + share * (drive.room[later] - drive.room[t])
    for _ in range(_ROUNDS):
        _keep_lengths(drive, moved)
        _keep_out(drive, moved, blocks, outward, room)
    new = np.zeros_like(v)
    new[:, 1:] = (moved[:, 1:] - free) / h
    return moved, new


def _keep_lengths(drive: _Drive, x: np.ndarray) -> None:
    """Pull links within their bounds: columns from the pins down, then the links around."""
    for row in range(1, x.shape[1]):
        link = x[:, row] - x[:, row - 1]
        length = np.maximum(np.linalg.norm(link, axis=-1, keepdims=True), 1e-6)
        rest = drive.down[:, row - 1, None]
        excess = link * (1 - np.clip(length, _CRUSH * rest, _STRETCH * rest) / length)
        held = 0.0 if row == 1 else 0.25
        x[:, row] -= (1 - held) * excess
        if row > 1:
            x[:, row - 1] += held * excess
    if len(x) < 3:
        return
    nodes = x[:, 1:]
    link = np.roll(nodes, -1, axis=0) - nodes if drive.closed else nodes[1:] - nodes[:-1]
    length = np.maximum(np.linalg.norm(link, axis=-1, keepdims=True), 1e-6)
    excess = 0.3 * link * (1 - np.minimum(length, _SPREAD * drive.around[..., None]) / length)
    if drive.closed:
        nodes += excess - np.roll(excess, 1, axis=0)
    else:
        nodes[:-1] += excess
        nodes[1:] -= excess


def _keep_out(
    drive: _Drive, x: np.ndarray, blocks: np.ndarray, outward: np.ndarray, room: np.ndarray
) -> None:
    """Push points out of the capsule that they are deepest in, to the side that they belong to; and off the
    ground."""
    nodes = x[:, 1:].reshape(-1, 3)
    nearest, radius = _nearest(nodes, blocks, drive.radii)
    away = nodes[:, None] - nearest
    # Seen from the axis a point on the wrong side is mirrored to the right one, so that cloth which a fast
    # leg has passed is not left behind it.
    wrong = np.minimum(np.sum(away * outward, axis=-1, keepdims=True), 0.0)
    away = away - 2 * wrong * outward
    distance = np.maximum(np.linalg.norm(away, axis=-1), 1e-6)
    depth = radius + room - distance
    deepest = np.argmax(depth, axis=1)
    rows = np.arange(len(nodes))
    inside = depth[rows, deepest] > 0
    size = distance[rows, deepest] + depth[rows, deepest]
    direction = away[rows, deepest] / distance[rows, deepest, None]
    out = np.where(inside[:, None], nearest[rows, deepest] + direction * size[:, None], nodes)
    out[:, 2] = np.maximum(out[:, 2], _FLOOR)
    x[:, 1:] = out.reshape(x[:, 1:].shape)


def _nearest(points: np.ndarray, ends: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, K, 3) the places on capsules' axes (K, 2, 3) nearest to points (N, 3), and radii (N, K) there."""
    axis = ends[:, 1] - ends[:, 0]
    square = np.maximum(np.sum(axis * axis, axis=-1), 1e-9)
    share = np.clip(np.einsum("nkj,kj->nk", points[:, None] - ends[:, 0], axis) / square, 0, 1)
    return ends[:, 0] + share[..., None] * axis, radii[:, 0] + share * (radii[:, 1] - radii[:, 0])


def _turns(rig: Rig, sheet: Swing, places: np.ndarray, pose: Pose) -> np.ndarray:
    """(T, C, N, 4) rotations of the sheet's joints against the bind pose, from where their neighbours are."""
    rest = np.concatenate([sheet.pins[:, None], rig.heads[sheet.joints]], axis=1)
    down, down_rest = _downwards(places), _downwards(rest[None])
    if len(sheet.joints) > 2:
        around, around_rest = _around(places, sheet.closed), _around(rest[None], sheet.closed)
    else:
        side = np.broadcast_to(rot.X, down_rest.shape)
        around_rest = side
        around = rot.rotate(pose.rotations[:, sheet.anchor, None, None], side)
    now, before = rot.from_axes(down, around), rot.from_axes(down_rest, around_rest)
    return rot.mul(now, rot.inverse(before))


def _downwards(places: np.ndarray) -> np.ndarray:
    """(T, C, N, 3) the sheet's direction down its columns, at its joints."""
    following = np.concatenate([places[:, :, 2:], places[:, :, -1:]], axis=2)
    return following - places[:, :, :-1]


def _around(places: np.ndarray, closed: bool) -> np.ndarray:
    """(T, C, N, 3) the sheet's direction along its rows, at its joints."""
    nodes = places[:, :, 1:]
    if closed:
        return np.roll(nodes, -1, axis=1) - np.roll(nodes, 1, axis=1)
    return np.concatenate([nodes[:, 1:], nodes[:, -1:]], axis=1) - np.concatenate(
        [nodes[:, :1], nodes[:, :-1]], axis=1
    )
