"""Cameras: where the camera stands in every frame, solved from what the picture must hold.

World conventions as everywhere: metres, Z up. A camera at azimuth a stands at the bearing a, counted from
−Y towards +X: azimuth 0 looks at the face of a character at heading 0, azimuth π/2 at its left side. At a
positive elevation it looks down.

A camera has a target, a direction and a distance. A world point q is seen at v + d g, where v is the
target-to-point vector and g the camera-to-target direction, both in camera axes; "inside the frame" is
then linear in the distance d, and the least distance that holds all points is a maximum over them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from motionpair.specs import Camera
from render.scene import CameraTrack

SENSOR_MM = 36.0
"""Millimetres of sensor along the picture's longer side, as when a full-frame camera is turned."""
SHAKE = 0.008
"""Radians of aim, RMS, that a hand-held camera of shake 1 wobbles by."""
LOWEST = 0.15
"""Metres above the ground below which no camera goes."""
NEAREST = 0.3
"""Metres between the camera and the nearest point that it holds."""
FOLLOWING = ("dolly", "orbit", "handheld")
"""Camera kinds that go along with bodies that travel."""
FACE_SHARES = (0.32, 0.30, 0.28, 0.26, 0.24, 0.22, 0.20, 0.18)
"""Shares of the picture that a close-up's face is high: the first that shows enough of the hands."""
HANDS_SHOWN = 0.5
"""Share of the hands, over all frames, that is enough: one of the two, as a rule."""
HAND_SHIFTS = (0.0, -0.1, 0.1, -0.2, 0.2, -0.3, 0.3)
"""Shares of the picture's width that a close-up moves its face aside by to show more of the hands."""
FACE_LINES = (0.37, 0.30, 0.24)
"""Where a close-up's face is, share of the height from the top: higher to show more of the hands."""


@dataclass(frozen=True)
class _Way:
    """How a camera goes, over T frames: what is left to solve is its target and its distance.

    rotation: (T, 3, 3) world from camera. away: (T, 3) the way from target to camera is −away times the
    distance. half: (T, 2) half the picture at 1 m (x, y), metres.
    """

    rotation: np.ndarray
    away: np.ndarray
    half: np.ndarray

    def within(self, margin: float) -> _Way:
        """The same way of a picture that is smaller by a margin at each border, a share of its size."""
        return replace(self, half=self.half * (1 - 2 * margin))


def solve(
    camera: Camera,
    bodies: Sequence[np.ndarray],
    faces: np.ndarray,
    width: int,
    height: int,
    frames: int,
    fps: int,
    hands: np.ndarray | None = None,
) -> CameraTrack:
    """The camera track of a clip.

    Full body: the least distance from which every point of every body is inside the picture in every
    frame, `camera.margin` of the picture's width and height away from its border. Close-up: the face is
    in the upper part of the picture, inside the margin, and takes one of FACE_SHARES of its height: smaller,
    and to the side, where that brings the hands in. Both hold for the whole of the camera's move.

    Half-way through the clip every camera looks at its target from `azimuth`, with `focal_mm`. `orbit`
    swings around the target, `pan` turns past it, `dolly` comes nearer or goes away, `zoom` changes the focal
    length, each at `move`; `handheld` sways and wobbles, smoothly. Those of FOLLOWING go along with bodies
    that travel. A camera that would be below LOWEST looks from further up. With an `f_stop` it is focused on
    the middle of the faces.

    Args:
        camera: how to film. bodies: of each body, (T, N, 3) world points that bound it; a replacement
            pair passes both clips' bodies, so that both clips have one camera.
        faces: (T, M, 3) world points that a close-up must hold: the face's. Full body ignores them.
        width, height: of the picture, pixels. frames: T. fps: frames a second.
        hands: (T, K, 3) world points that a close-up holds if it can; None for no matter.

    Raises:
        ValueError: no points to hold, or not T frames of them.
    """
    close = camera.framing == "close_up"
    held = np.asarray(faces if close else np.concatenate(list(bodies), axis=1), dtype=float)
    if held.ndim != 3 or held.shape[0] != frames or held.shape[1] == 0 or held.shape[2] != 3:
        raise ValueError(f"points to hold: expected ({frames}, N, 3) with N > 0, got {held.shape}")
    focal = camera.focal_mm / SENSOR_MM * max(width, height)
    half = np.array([width, height]) / 2 / focal
    # What follows is solved as if the bodies stayed where they are half-way through.
    along = _travel(held) if camera.kind in FOLLOWING else np.zeros((frames, 3))
    held = held - along[:, None]
    if hands is not None:
        hands = hands - along[:, None]
    for elevation in np.linspace(camera.elevation, max(camera.elevation, 0.6), 25):
        way = _way(camera, frames, half, float(elevation), fps)
        position = _stand(camera, held, hands, way) + along
        if position[:, 2].min() >= LOWEST:
            break
    zoom = half[0] / way.half[:, 0]
    focus = None
    if camera.f_stop > 0:
        middle = np.asarray(faces, dtype=float).mean(axis=1)
        focus = np.maximum(np.einsum("ti,ti->t", middle - position, -way.rotation[:, :, 2]), NEAREST)
    return CameraTrack(position, way.rotation, focal * zoom, width, height, camera.f_stop, focus)


def _travel(held: np.ndarray) -> np.ndarray:
    """(T, 3) metres over the ground: the way of what is held, from where it is half-way through.

    A parabola through the middles of the frames' bounding boxes: an operator who follows does not copy each
    step and sway.
    """
    middles = (held.min(axis=1) + held.max(axis=1))[:, :2] / 2
    frames = len(middles)
    # Least squares: around the middle frame, these two are orthogonal to each other and to a constant.
    time = (np.arange(frames) - (frames - 1) / 2)[:, None]
    bent = time**2 - np.mean(time**2)
    speed, bend = (
        (curve * middles).sum(axis=0) / max(float((curve**2).sum()), 1e-12) for curve in (time, bent)
    )
    way = time * speed + time**2 * bend
    return np.concatenate([way, np.zeros((frames, 1))], axis=1)


def _way(camera: Camera, frames: int, half: np.ndarray, elevation: float, fps: int) -> _Way:
    time = (np.arange(frames) - (frames - 1) / 2) / fps
    moved = {camera.kind: camera.move * time}
    still = np.zeros(frames)
    sway, wobble = _handheld(camera, frames, fps)
    inward = _direction(camera.azimuth + moved.get("orbit", still), elevation)
    rotation = _level_rotation(inward)
    # The camera is at target − d · inward; swaying moves it across, by a share of the distance.
    away = inward - np.einsum("tij,tj->ti", rotation, sway)
    rotation = rotation @ _small_rotations(wobble)
    # A pan by a share of the picture's width turns about the vertical by the angle that the share takes up.
    turned = np.arctan(2 * half[0] * moved.get("pan", still))
    rotation = _small_rotations(turned[:, None] * np.array([0.0, 0.0, -1.0])) @ rotation
    away = away * np.exp(-moved.get("dolly", still))[:, None]
    return _Way(rotation, away, half * np.exp(-moved.get("zoom", still))[:, None])


def _stand(camera: Camera, held: np.ndarray, hands: np.ndarray | None, way: _Way) -> np.ndarray:
    """Positions (T, 3) of the camera."""
    inner = way.within(camera.margin)
    if camera.framing == "close_up":
        target, distance = _frame_face(held, hands, way, inner)
    else:
        target = _centre(held, inner)
        distance = _least_distance(held - target, inner)
    return target - way.away * distance


def _frame_face(
    face: np.ndarray, hands: np.ndarray | None, way: _Way, inner: _Way
) -> tuple[np.ndarray, float]:
    """Target (3,) and distance of a close-up; `inner` is the picture without its margin."""
    across, up = way.rotation[:, :, 0].mean(axis=0), way.rotation[:, :, 1].mean(axis=0)
    half = way.half.mean(axis=0)
    tall = float(np.median(np.ptp((face * up).sum(axis=-1), axis=1)))
    middle = (face.min(axis=(0, 1)) + face.max(axis=(0, 1))) / 2
    best = (-1.0, middle, 0.0)
    for share in FACE_SHARES:
        view_height = tall / share
        distance = view_height / 2 / half[1]
        for line, shift in product(FACE_LINES, HAND_SHIFTS):
            aside = shift * 2 * half[0] * distance
            target = middle - up * (0.5 - line) * view_height + across * aside
            needed = _least_distance(face - target, inner)
            if (line, shift) != (FACE_LINES[0], 0.0) and needed > distance:
                continue  # the face would leave the picture
            shown = 1.0 if hands is None else _share_inside(hands - target, way, distance)
            if shown > best[0] + 0.02:
                best = (shown, target, max(distance, needed))
        if best[0] >= HANDS_SHOWN:
            break
    return best[1:]


def _share_inside(points: np.ndarray, way: _Way, distance: float) -> float:
    """Share of `points` (T, N, 3), relative to the target, inside the picture from `distance`."""
    seen = np.einsum("tni,tij->tnj", points + distance * way.away[:, None], way.rotation)
    depth = -seen[..., 2:]
    inside = np.abs(seen[..., :2]) <= way.half[:, None] * depth
    return float((inside & (depth > 0)).all(axis=-1).mean())


def _direction(azimuth: np.ndarray, elevation: float) -> np.ndarray:
    """Unit vectors (T, 3) from a camera towards its target."""
    level = math.cos(elevation)
    down = np.full_like(azimuth, -math.sin(elevation))
    return np.stack([-level * np.sin(azimuth), level * np.cos(azimuth), down], axis=-1)


def _level_rotation(forward: np.ndarray) -> np.ndarray:
    """World-from-camera rotations (T, 3, 3) that look along `forward` (T, 3) with the horizon level."""
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    up = np.cross(right, forward)
    return np.stack([right, up, -forward], axis=-1)


def _small_rotations(angles: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) by the vectors `angles` (T, 3) radians (Rodrigues' formula)."""
    angle = np.linalg.norm(angles, axis=-1)[:, None, None]
    axis = angles / np.maximum(angle[..., 0], 1e-12)
    zero = np.zeros(len(axis))
    x, y, z = axis.T
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _centre(held: np.ndarray, way: _Way) -> np.ndarray:
    """The target (3,) that puts all points in the middle of the picture with the camera nearest.

    Exact for a camera that does not move: along each picture axis, the least distance that holds the
    points is half the sum of the two borders' maxima, and the best shift half their difference.
    """
    axes = way.rotation[len(way.rotation) // 2]
    half = way.half[len(way.half) // 2]
    start = (held.min(axis=(0, 1)) + held.max(axis=(0, 1))) / 2
    local = np.einsum("tni,ij->tnj", held - start, axes)
    shift = np.zeros(3)
    for axis in (0, 1):
        above = (local[..., 2] + local[..., axis] / half[axis]).max()
        below = (local[..., 2] - local[..., axis] / half[axis]).max()
        shift[axis] = half[axis] * (above - below) / 2
    return start + axes @ shift


def _least_distance(points: np.ndarray, way: _Way) -> float:
    """The least distance that holds `points` (T, N, 3), relative to the target, inside the picture."""
    v = np.einsum("tni,tij->tnj", points, way.rotation)
    g = np.einsum("ti,tij->tj", way.away, way.rotation)[:, None]
    # Depth is −(v + d g)_z: at least NEAREST, and |v + d g|_x at most half_x of it; likewise y.
    distance = ((NEAREST + v[..., 2]) / -g[..., 2]).max()
    for axis in (0, 1):
        half = way.half[:, axis, None]
        for sign in (-1.0, 1.0):
            room = -g[..., 2] * half - sign * g[..., axis]
            distance = max(distance, ((sign * v[..., axis] + half * v[..., 2]) / room).max())
    return float(distance)


def _handheld(camera: Camera, frames: int, fps: int) -> tuple[np.ndarray, np.ndarray]:
    """Sway (T, 3), in camera axes and shares of the distance, and wobble (T, 3), radians.

    Each is a sum of sines at the rates of a standing person's breath and hands (0.2 to 1.9 Hz), weaker the
    faster they are, and about SHAKE times `camera.shake` in root mean square.
    """
    if camera.kind != "handheld":
        return np.zeros((frames, 3)), np.zeros((frames, 3))
    rng = np.random.default_rng(camera.seed)
    time = np.arange(frames)[:, None, None] / fps
    rates = np.array([0.21, 0.43, 0.79, 1.27, 1.9]) * rng.uniform(0.85, 1.15, (6, 5))
    weights = rates**-0.7
    weights *= math.sqrt(2) / np.linalg.norm(weights, axis=1, keepdims=True)
    waves = (np.sin(2 * np.pi * (rates * time + rng.random((6, 5)))) * weights).sum(axis=-1)
    waves *= SHAKE * camera.shake
    sway = waves[:, :3] * (1.0, 0.7, 0.0)
    return sway, waves[:, 3:] * (0.6, 0.6, 0.5)
