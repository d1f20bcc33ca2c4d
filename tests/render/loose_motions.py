"""Motions that try what hangs loose, written independently of the motion library."""

from __future__ import annotations

import numpy as np

from render import rotations as rot
from render.motion import Motion
from render.skeleton import FACE_UNITS, JOINT_INDEX, JOINTS

FPS = 16


def motion(
    seconds: float, angles: dict[str, tuple[np.ndarray, float]], fps: float = FPS, **root: float
) -> Motion:
    """Joints turned about an axis by angles that ease from 0 to their value and back, over and over.

    angles: joint to (axis (3,), degrees). root: `drop`, hip heights that the pelvis sinks by when eased;
    `turn`, degrees a second about the vertical.
    """
    t = np.arange(round(seconds * fps) + 1) / fps
    ease = 0.5 - 0.5 * np.cos(np.pi * t)  # there in one second, back in the next
    rotations = np.tile(rot.IDENTITY, (len(t), len(JOINTS), 1))
    for joint, (axis, degrees) in angles.items():
        rotations[:, JOINT_INDEX[joint]] = rot.from_axis_angle(
            np.asarray(axis, float), np.radians(degrees) * ease
        )
    yaw = rot.about_z(np.radians(root.get("turn", 0.0)) * t)
    rotations[:, 0] = rot.mul(yaw, rotations[:, 0])
    place = np.zeros((len(t), 3))
    place[:, 2] = -root.get("drop", 0.0) * ease
    return Motion(
        int(fps),
        rotations,
        place,
        np.zeros((len(t), len(FACE_UNITS))),
        np.zeros((len(t), 4), bool),
    )


X, Y, Z = np.eye(3)


def squat(fps: float = FPS) -> Motion:
    """Knees to the chest's side, and up again."""
    bend = {f"{s}_hip": (X, -105.0) for s in ("left", "right")} | {
        f"{s}_knee": (X, 120.0) for s in ("left", "right")
    }
    return motion(2.0, bend | {"spine1": (X, 25.0)}, fps, drop=0.5)


def sit(fps: float = FPS) -> Motion:
    """Thighs level, shins down."""
    bend = {f"{s}_hip": (X, -88.0) for s in ("left", "right")} | {
        f"{s}_knee": (X, 88.0) for s in ("left", "right")
    }
    return motion(2.0, bend, fps, drop=0.45)


def kick(fps: float = FPS) -> Motion:
    """The left leg up ahead to the hips' height."""
    return motion(2.0, {"left_hip": (X, -95.0), "right_hip": (X, 8.0), "spine1": (X, -12.0)}, fps)


def spin(fps: float = FPS) -> Motion:
    """Round and round at a turn a second."""
    return motion(2.0, {}, fps, turn=360.0)


def look_aside(fps: float = FPS) -> Motion:
    """The head far to the left, and bowed."""
    return motion(2.0, {"neck": (Z, 35.0), "head": (Z, 40.0), "spine3": (Z, 10.0)}, fps)


def still(fps: float = FPS) -> Motion:
    """The T-pose with arms down."""
    arms = {"left_shoulder": (Y, 75.0), "right_shoulder": (Y, -75.0)}
    held = motion(2.0, arms, fps)
    frames = np.full(held.frames, round(fps))
    return Motion(held.fps, held.rotations[frames], held.root, held.expression, held.contacts)
