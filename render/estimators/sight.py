"""What of a performer the picture shows: where its points are, how large, and what hides them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import rotations as rot
from render.estimators.chance import smoothed
from render.estimators.model import REFERENCE_SIDE
from render.estimators.points import FLESH, HANDS, POINTS, WRISTS, Body
from render.estimators.view import View
from render.posing import turns_of
from render.skeleton import JOINTS

_BEHIND = 0.06
"""Metres behind flesh over which a point goes from seen to hidden."""
_OUTSIDE = 0.04
"""Share of the picture's shorter side over which a point goes from inside to outside."""
_FLESHY = (0.12, 0.08)
"""What flesh adds to the width and the height of the box around the joints, in shares of its height."""
_FILLED = 0.55
"""Share of a performer's box that the performer fills."""
_STEADY = 0.4
"""Seconds that a performer's size in the picture is averaged over: detectors' boxes are filtered."""
_NEAREST = 0.2


@dataclass(frozen=True)
class Sight:
    """A performer in the picture, over T frames. Pixels are of a picture of REFERENCE_SIDE.

    right, up: (T, 3) the picture's axes in the world. rays: (T, 65, 3) from the camera to each point.
    metres: (T, 65) that a pixel is at each point. hidden, outside: (T, 65) from 0 to 1. size: (T,) pixels:
    square root of the performer's area. tall: (T,) pixels: height of the box that is cropped. distance:
    (T,) metres from the camera to the pelvis. hand_px: (T, 2) length of the hands, hand_step: (T, 2) their
    way since the frame before, pixels. hands_apart: (T,) between the wrists, in lengths of a hand.
    hand_hidden: (T, 2) from 0 to 1, outside counted.
    """

    right: np.ndarray
    up: np.ndarray
    rays: np.ndarray
    metres: np.ndarray
    hidden: np.ndarray
    outside: np.ndarray
    size: np.ndarray
    tall: np.ndarray
    distance: np.ndarray
    hand_px: np.ndarray
    hand_step: np.ndarray
    hands_apart: np.ndarray
    hand_hidden: np.ndarray


def look(view: View, body: Body, fps: int) -> Sight:
    """What the camera of a view sees of its performer as posed there: feet planted, hands together."""
    camera = view.camera
    rig = view.character.rig
    places = body.places(turns_of(rig, view.pose), view.pose.positions[:, 0])
    raw, depth = camera.project(places)
    # Pixels of the reference picture for one of this picture.
    unit = REFERENCE_SIDE / max(camera.width, camera.height)
    size = np.array([camera.width, camera.height])
    far = np.maximum(depth, _NEAREST)
    metres = far / (camera.focal[:, None] * unit)
    away = places - camera.position[:, None]
    rays = rot.normalised(away)

    beyond = np.maximum(-raw, raw - size).max(axis=-1) / size.min()
    outside = np.where(depth > _NEAREST, _eased(beyond / _OUTSIDE), 1.0)
    hidden = smoothed(_hidden(view, raw / size, depth, body), 0.5)
    hidden = np.clip(hidden, 0.0, 1.0)

    inside = np.clip(raw, 0, size) * unit
    wide, tall = np.moveaxis(inside.max(axis=1) - inside.min(axis=1), -1, 0)
    wide, tall = wide + _FLESHY[0] * tall, tall + _FLESHY[1] * tall
    steady = _STEADY * fps
    wide, tall = (np.maximum(smoothed(np.maximum(v, 8.0), steady), 8.0) for v in (wide, tall))

    hand_px, steps, hard = [], [], []
    pixels = raw * unit
    for wrist, hand in zip(WRISTS, HANDS, strict=True):
        long = float(body.lengths[[JOINTS.index(_name(hand, f"middle{k}")) for k in (1, 2, 3)]].sum())
        long += float(body.lengths[hand[17]])
        hand_px.append(long / metres[:, wrist])
        middle = pixels[:, list(hand)].mean(axis=1)
        step = np.linalg.norm(np.diff(middle, axis=0, prepend=middle[:1]), axis=-1)
        steps.append(np.maximum(step, np.append(step[1:], 0.0)))
        hard.append(np.maximum(hidden, outside)[:, list(hand)].mean(axis=1))
    length = np.stack(hand_px, axis=1)
    apart = np.linalg.norm(pixels[:, WRISTS[0]] - pixels[:, WRISTS[1]], axis=-1) / length.mean(axis=1)
    return Sight(
        right=camera.rotation[:, :, 0],
        up=camera.rotation[:, :, 1],
        rays=rays,
        metres=metres,
        hidden=hidden,
        outside=outside,
        size=np.sqrt(_FILLED * wide * tall),
        tall=np.maximum(tall, wide * 4 / 3) * 1.2,
        distance=far[:, 0],
        hand_px=length,
        hand_step=np.stack(steps, axis=1),
        hands_apart=apart,
        hand_hidden=np.stack(hard, axis=1),
    )


def _name(hand: tuple[int, ...], part: str) -> str:
    return f"{POINTS[hand[0]].split('_')[0]}_{part}"


def _hidden(view: View, share: np.ndarray, depth: np.ndarray, body: Body) -> np.ndarray:
    """(T, 65) from 0 to 1: how far something in the depth buffer is in front of each point's own flesh."""
    frames, height, width = view.depth.shape
    column = np.floor(share[..., 0] * width).astype(np.int64)
    row = np.floor(share[..., 1] * height).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (depth > 0)
    time = np.broadcast_to(np.arange(frames)[:, None], column.shape)
    at = (time, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1))
    behind = depth - view.depth[at]
    flesh = FLESH * body.hip_height / 0.9
    other = view.index[at] != view.ordinal + 1
    # Another's body hides whatever is behind it; one's own hides what lies deeper than a joint's flesh.
    limit = np.where(other, 0.3 * flesh, flesh)
    return np.where(inside, _eased((behind - limit) / _BEHIND), 0.0)


def _eased(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)
