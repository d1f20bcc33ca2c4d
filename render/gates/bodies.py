"""What bodies do, told by their joints: directions of limbs, energy, and how near others they come."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from render.scene import Actor, Scene
from render.skeleton import BODY_JOINTS, JOINT_INDEX

LIMBS = tuple(
    (JOINT_INDEX[f"{side}_{a}"], JOINT_INDEX[f"{side}_{b}"])
    for side in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)
"""(start, end) joints of the limbs whose directions driving and target must share."""

_SPINE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
BONES = tuple((JOINT_INDEX[a], JOINT_INDEX[b]) for a, b in pairwise(_SPINE)) + LIMBS
"""(start, end) joints of the bones that bodies are thick around."""
BALL_STEP, FEWEST = 6, 6
"""Every how many vertices tell how thick a bone is; how few tell nothing."""
_ARMS = tuple(JOINT_INDEX[f"{s}_{j}"] for s in ("left", "right") for j in ("elbow", "wrist"))


def limb_angles(driving: Scene, target: Scene) -> list[float]:
    """Mean angle in degrees between the limbs' directions in the two scenes, a number a performer."""
    start, end = (list(joints) for joints in zip(*LIMBS, strict=True))
    angles = []
    for a, b in zip(driving.actors, target.actors, strict=True):
        one, other = (
            (v := actor.pose.positions[:, end] - actor.pose.positions[:, start])
            / np.linalg.norm(v, axis=-1, keepdims=True)
            for actor in (a, b)
        )
        cosine = np.ascontiguousarray((one * other).sum(-1))
        angles.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)).mean())))
    return angles


def limb_disagreement(driving: Scene, target: Scene) -> float:
    """The mean angle in degrees between the limbs' directions, of the performer with the most."""
    return max(limb_angles(driving, target))


def motion_energy(scene: Scene) -> float:
    """Mean speed of the body joints in m/s, of the performer with the least."""
    speeds = []
    for actor in scene.actors:
        path = actor.pose.positions[:, : len(BODY_JOINTS)]
        steps = np.linalg.norm(np.diff(path, axis=0), axis=-1)
        speeds.append(float(steps.mean() * scene.fps) if len(steps) else 0.0)
    return min(speeds)


def clearance(scene: Scene, touching: bool = False) -> float:
    """Least distance in metres between body joints of two performers, over frames; inf for one performer.

    touching: leave out elbows and wrists: hands that hold each other come close.
    """
    chosen = [j for j in range(len(BODY_JOINTS)) if not (touching and j in _ARMS)]
    nearest = np.inf
    for a, b in combinations(scene.actors, 2):
        one, other = (x.pose.positions[:, chosen] for x in (a, b))
        gaps = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1)
        nearest = min(nearest, float(gaps.min()))
    return nearest


def overlap(scene: Scene, touching: bool = False) -> float:
    """How far two performers' bodies reach into each other, metres, over frames; 0 where they do not.

    A body is a row of balls along each bone, as thick as its skin and clothes are there; `touching` leaves
    out the forearms.
    """
    worst = 0.0
    if len(scene.actors) < 2:
        return worst
    balls = [_balls(actor, touching) for actor in scene.actors]
    for (one, thick), (other, wide) in combinations(balls, 2):
        gaps = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1) - thick[:, None] - wide
        worst = max(worst, float(-gaps.min()))
    return worst


def _balls(actor: Actor, touching: bool) -> tuple[np.ndarray, np.ndarray]:
    """Centres (T, N, 3) of balls along the bones of an actor, and their radii (N,), metres."""
    rig, pose = actor.character.rig, actor.pose
    parts = [part for part in actor.character.parts if part.role in ("skin", "cloth")]
    points = np.concatenate([part.vertices[::BALL_STEP] for part in parts]).astype(float)
    owners = np.concatenate(
        [
            part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)][::BALL_STEP]
            for part in parts
        ]
    )
    # A twist helper's skin belongs to the bone that it helps.
    owners = np.where(owners < len(BODY_JOINTS), owners, rig.parents[owners])
    centres, radii = [], []
    for start, end in BONES:
        if touching and start in _ARMS:
            continue
        along = rig.heads[end] - rig.heads[start]
        mine = points[owners == start] - rig.heads[start]
        share = np.clip(mine @ along / (along @ along), 0.0, 1.0)
        away = np.linalg.norm(mine - share[:, None] * along, axis=-1)
        if len(mine) < FEWEST:
            continue
        for at in (0.25, 0.75):
            near = away[np.abs(share - at) <= 0.25]
            if len(near):
                centres.append((1 - at) * pose.positions[:, start] + at * pose.positions[:, end])
                radii.append(float(np.percentile(near, 40)))
    if not centres:
        return np.zeros((len(pose.positions), 0, 3)), np.zeros(0)
    return np.stack(centres, axis=1), np.array(radii)
