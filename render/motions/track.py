"""A track: an animator's controls over time, and the canonical motion that they solve to.

Controls say where the feet stand rather than how legs bend, so tracks can be chained, blended and put
onto one skeleton before any leg is solved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.legs import aloft, required_drop, settle, within_reach
from render.motion import Held, Motion, Support, Touch
from render.skeleton import JOINT_INDEX

HEEL, TOE = 0, 1
LEFT, RIGHT = 0, 1


@dataclass
class Track:
    """Controls over N instants. Metres on the mannequin; radians; index 0 is left, 1 is right.

    t: (N,) seconds, evenly spaced.
    path: (N, 2) the body's way over the ground, and heading: (N,), left positive, 0 faces −Y.
    sway: (N, 3) the pelvis's place relative to the path, in the heading's frame: x left, y back, z up from
        the T-pose's height.
    pelvis: (N, 3) the pelvis's rotation vector in the heading's frame.
    joints: (N, 55, 4) local rotations of all that is not pelvis or leg.
    prints: (N, 2, 3) where the ground under each ankle would be if the foot were flat; z lifts it.
    yaw: (N, 2) direction of each foot, like heading.
    pitch: (N, 2) of the foot: > 0 heel up about the ball, < 0 toes up about the heel.
    toes: (N, 2) bend of the toes against the foot, up positive.
    planted: (N, 2, 2) bool, [foot, HEEL or TOE].
    knees: (N, 2) radians that the knee points outward of the foot's direction.
    face: (N, 52) face units.
    near: (N, 2, 6) how firmly each palm keeps its place to what stands in `motion.NEAR`.
    events: (start_s, end_s, words).
    touches, held, support, kneeling: as a motion's, with (N,) weights and places; of families that are never
        chained. With another support than `feet` the legs are those of `joints`, the pelvis is where path
        and sway put it, and nothing is solved.
    """

    t: np.ndarray
    path: np.ndarray
    heading: np.ndarray
    sway: np.ndarray
    pelvis: np.ndarray
    joints: np.ndarray
    prints: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    toes: np.ndarray
    planted: np.ndarray
    knees: np.ndarray
    face: np.ndarray
    near: np.ndarray
    events: tuple[tuple[float, float, str], ...] = ()
    touches: tuple[Touch, ...] = ()
    held: tuple[Held, ...] = ()
    support: Support = "feet"
    kneeling: np.ndarray | None = None


def foot_rotation(yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Global rotation of a foot: pitched about its own cross axis, then turned."""
    return rot.mul(rot.about_z(yaw), rot.about_x(pitch))


def ankle_positions(prints: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Ankles (N, 2, 3) of feet that roll about their ball (pitch > 0) or heel (pitch < 0)."""
    pivot = np.where((pitch > 0)[..., None], mannequin.BALL, mannequin.HEEL)
    base = pivot + np.array([0.0, 0.0, mannequin.ANKLE_HEIGHT])
    rolled = base - rot.rotate(rot.about_x(pitch), pivot)
    return prints + rot.rotate(rot.about_z(yaw), rolled)


def solve(track: Track, keep: np.ndarray, fps: int) -> Motion:
    """Solve a track on the mannequin, legs included; `keep` are the indices of the instants that become
    frames."""
    heading = rot.about_z(track.heading)
    pelvis = rot.mul(heading, rot.exp(track.pelvis))
    place = rot.rotate(heading, track.sway)
    place[:, :2] += track.path
    place[:, 2] += mannequin.HIP_HEIGHT
    local = track.joints[keep].copy()
    place = with_legs(track, keep, place, pelvis, local) if track.support == "feet" else place[keep]
    local[:, JOINT_INDEX["pelvis"]] = pelvis[keep]
    root = (place - np.array([0.0, 0.0, mannequin.HIP_HEIGHT])) / mannequin.HIP_HEIGHT
    return Motion(
        fps=fps,
        rotations=rot.continuous(rot.normalised(local)),
        root=root,
        expression=np.clip(track.face[keep], 0.0, 1.0),
        contacts=track.planted[keep].reshape(-1, 4),
        touches=tuple(replace(touch, weight=touch.weight[keep]) for touch in track.touches),
        held=tuple(replace(held, place=held.place[keep]) for held in track.held),
        support=track.support,
        kneeling=None if track.kneeling is None else track.kneeling[keep],
        near=np.clip(track.near[keep], 0.0, 1.0) if track.near.any() else None,
    )


def with_legs(
    track: Track, keep: np.ndarray, place: np.ndarray, pelvis: np.ndarray, local: np.ndarray
) -> np.ndarray:
    """Write legs that reach their prints into `local`; returns the pelvis's places (K, 3), sunk as needed."""
    place = place.copy()
    ankles = ankle_positions(track.prints, track.yaw, track.pitch)
    mirror = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    hip_offsets = mannequin.HIP * mirror
    hips = place[:, None] + rot.rotate(pelvis[:, None], hip_offsets)
    length = mannequin.THIGH + mannequin.SHIN
    lengths = np.array([length, length])
    dt = track.t[1] - track.t[0]
    ankles = within_reach(hips, ankles, lengths, aloft(track.planted, dt))
    place[:, 2] -= settle(required_drop(hips, ankles, lengths).max(axis=1), dt)

    place, pelvis, ankles = place[keep], pelvis[keep], ankles[keep]
    yaw, pitch, heading_angle = track.yaw[keep], track.pitch[keep], track.heading[keep]
    hips = place[:, None] + rot.rotate(pelvis[:, None], hip_offsets)
    outward = np.array([1.0, -1.0]) * track.knees[keep]
    points = 0.7 * yaw + 0.3 * heading_angle[:, None] + outward
    hinge = rot.rotate(rot.about_z(points), rot.X)
    knees, ends, axis = kinematics.two_bone(hips, ankles, mannequin.THIGH, mannequin.SHIN, hinge)
    thigh = kinematics.limb_frame(rot.normalised(knees - hips), axis, -rot.Z, rot.X)
    shin = kinematics.limb_frame(rot.normalised(ends - knees), axis, -rot.Z, rot.X)
    foot = foot_rotation(yaw, pitch)

    for side, name in ((LEFT, "left"), (RIGHT, "right")):
        local[:, JOINT_INDEX[f"{name}_hip"]] = rot.mul(rot.inverse(pelvis), thigh[:, side])
        local[:, JOINT_INDEX[f"{name}_knee"]] = rot.mul(rot.inverse(thigh[:, side]), shin[:, side])
        local[:, JOINT_INDEX[f"{name}_ankle"]] = rot.mul(rot.inverse(shin[:, side]), foot[:, side])
        local[:, JOINT_INDEX[f"{name}_foot"]] = rot.about_x(-track.toes[keep, side])
    return place
