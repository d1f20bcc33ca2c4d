"""Feet on the ground: where a character's soles are, and how well a pose keeps them planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.scene import Pose
from render.skeleton import JOINT_INDEX


@dataclass(frozen=True)
class FootFigures:
    """How a pose stands.

    slide_p95_mm: 95th percentile, over planted soles and frames, of a sole's way over the ground from one
        frame to the next; a sole is the mean of its vertices.
    penetration_mm: how deep the deepest sole vertex of any frame is below the ground.
    float_mm: how far above the ground the lowest vertex of a planted sole gets.
    """

    slide_p95_mm: float
    penetration_mm: float
    float_mm: float


def measure(baked: BakedCharacter, pose: Pose, fps: int) -> FootFigures:
    """Measure the skinned soles (shoes included) of a posed character on the ground z = 0.

    Slides are per frame at the pose's own rate of `fps` frames a second.
    """
    if fps <= 0:
        raise ValueError(f"fps: expected more than 0, got {fps}")
    part = baked.part(baked.sole_part)
    slides, depth, hover = [np.zeros(1)], 0.0, 0.0
    for point, vertices in enumerate(baked.soles):
        places = skin(part, baked.rig, pose, vertices).astype(float)
        planted = pose.contacts[:, point]
        lowest = places[..., 2].min(axis=1)
        depth = max(depth, float(-lowest.min()))
        if planted.any():
            hover = max(hover, float(lowest[planted].max()))
        steps = np.linalg.norm(np.diff(places.mean(axis=1)[:, :2], axis=0), axis=-1)
        slides.append(steps[planted[1:] & planted[:-1]])
    moves = np.concatenate(slides[1:]) if any(len(s) for s in slides[1:]) else slides[0]
    return FootFigures(1e3 * float(np.percentile(moves, 95)), 1e3 * max(depth, 0.0), 1e3 * hover)


def body_penetration_mm(baked: BakedCharacter, pose: Pose) -> float:
    """How deep the deepest part of a body is below the ground z = 0, soles aside, millimetres.

    Skin, shoes, hats and glasses count whole; cloth gives way, so the deepest hundredth of a garment is left
    out, and skirts hang as they like. Only frames in which the body is near the ground are looked at.
    """
    names = baked.rig.names
    others = [j for j, name in enumerate(names) if not name.endswith(_FEET)]
    frames = np.flatnonzero(pose.positions[:, others, 2].min(axis=1) < _NEAR_GROUND * baked.hip_height)
    deepest = 0.0
    if not len(frames):
        return deepest
    for part in baked.parts:
        if part.role not in ("skin", "shoe", "cloth", "accessory") or part.name in ("skirt", "dress"):
            continue
        chosen = np.arange(0, len(part.vertices), _EVERY)
        depth = -skin(part, baked.rig, pose, chosen, frames)[..., 2]
        worst = np.percentile(depth, 99, axis=1) if part.role == "cloth" else depth.max(axis=1)
        deepest = max(deepest, float(worst.max()))
    return 1e3 * deepest


_FEET = ("_ankle", "_foot", "_shin_twist")
_NEAR_GROUND = 0.22
"""Share of the hips' height below which a joint may have skin on the ground."""
_EVERY = 4
"""Every how many vertices are looked at."""


@dataclass(frozen=True)
class Foot:
    """The soles of one foot, hung on its ankle and toe joints.

    heel, toe: (N, 3) metres from the ankle in the T-pose; heel_share, toe_share: (N,) how much of each
    vertex turns with the toe joint, the rest with the ankle. ball: (3,) metres from the ankle to the toe
    joint in the T-pose.
    """

    heel: np.ndarray
    toe: np.ndarray
    heel_share: np.ndarray
    toe_share: np.ndarray
    ball: np.ndarray

    def soles(self, foot: np.ndarray, toes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heel and toe vertices (..., N, 3) from the ankle, for rotations (..., 4) of foot and toes against
        the T-pose: the same linear blend as the skin's."""

        def blend(points: np.ndarray, share: np.ndarray) -> np.ndarray:
            with_foot = rot.rotate(foot[..., None, :], points)
            with_toes = rot.rotate(foot[..., None, :], self.ball) + rot.rotate(
                toes[..., None, :], points - self.ball
            )
            return with_foot * (1 - share)[:, None] + with_toes * share[:, None]

        return blend(self.heel, self.heel_share), blend(self.toe, self.toe_share)


def feet(baked: BakedCharacter) -> tuple[Foot, Foot]:
    """The left and the right foot of a character."""
    rig, part = baked.rig, baked.part(baked.sole_part)
    out = []
    for side, name in enumerate(("left", "right")):
        ankle, toe = JOINT_INDEX[f"{name}_ankle"], JOINT_INDEX[f"{name}_foot"]
        points, shares = [], []
        for vertices in baked.soles[2 * side : 2 * side + 2]:
            offset = part.vertices[vertices].astype(float) - rig.heads[ankle]
            points.append(rot.rotate(rig.to_t_pose[ankle], offset))
            shares.append(np.sum(part.weights[vertices] * (part.bones[vertices] == toe), axis=1))
        ball = rot.rotate(rig.to_t_pose[ankle], rig.heads[toe] - rig.heads[ankle])
        out.append(Foot(points[0], points[1], shares[0], shares[1], ball))
    return out[0], out[1]
