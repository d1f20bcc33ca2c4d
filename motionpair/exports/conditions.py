"""The clips that Wan-Animate is conditioned on, made from a pair: pose, face, background and mask."""

from __future__ import annotations

import colorsys
import itertools
import math
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from motionpair.palette import ENVIRONMENT

GREY = 128
"""Of a background that gives nothing: the middle of a pixel's range, as an empty latent's input."""
FACE_SIDES = (64, 512)
"""Shortest and longest side of a face clip, px; the longest is what Wan-Animate scales faces to."""
FACE_MARGIN = 1.4
"""Side of the square around a face, in longer sides of the face's box."""

NEAR = 0.05
"""A joint that is not this far in front of the camera, in metres, is not drawn."""

_HEAD = -1
"""Stands for the middle between the eyes, which is no canonical joint."""
_EYES = (23, 24)
# OpenPose's 17 limbs of the body (arXiv 1812.08008), on canonical joints. Ears and nose are none of them.
_LIMBS = (
    (12, 17), (12, 16), (17, 19), (19, 21), (16, 18), (18, 20), (12, 2), (2, 5), (5, 8), (12, 1), (1, 4),
    (4, 7), (12, _HEAD), (_HEAD, 24), (_HEAD, 23),
)  # fmt: skip
_FINGERS = tuple(
    (wrist, first, first + 1, first + 2)
    for wrist, hand in ((20, 25), (21, 40))
    for first in range(hand, hand + 15, 3)
)
"""From the wrist outwards; the canonical skeleton ends before the fingertips."""


def _hue(share: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(share, 1.0, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def pose_clip(arrays: Mapping[str, np.ndarray], clip: str, width: int, height: int) -> np.ndarray:
    """Bones of the body and the hands on black, as OpenPose colours them: (T, H, W, 3) uint8.

    Joints that something hides are drawn too; what is outside of the picture is cut. Of several performers
    the one whose pelvis is farthest is drawn first.

    Args:
        arrays: of the annotations.
        clip: `driving` or `target`.
        width: of the picture, px.
        height: likewise.
    """
    joints2d, depth = arrays[f"{clip}/joints2d"], _depths(arrays, clip)
    # far outside of the picture a bone has no pixel in it, and no use for its colour
    usable = (depth > NEAR) & (np.abs(joints2d) < 8 * max(width, height)).all(axis=-1)
    thick = max(2, round(min(width, height) / 64))
    thin = max(1, thick // 3)
    frames = []
    for points, used, far in zip(joints2d, usable, depth[:, :, 0], strict=True):
        page = Image.new("RGB", (width, height))
        draw = ImageDraw.Draw(page)
        for performer in np.argsort(-far, kind="stable"):
            at = points[performer].tolist()
            places = {i: (at[i][0], at[i][1]) for i in np.flatnonzero(used[performer]).tolist()}
            if all(eye in places for eye in _EYES):
                left, right = (places[eye] for eye in _EYES)
                places[_HEAD] = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
            for number, ends in enumerate(_LIMBS):
                _bone(draw, places, ends, _hue(number / 18), thick)
            for number, chain in enumerate(_FINGERS):
                for ends in itertools.pairwise(chain):
                    _bone(draw, places, ends, _hue(number % 5 / 5), thin)
        frames.append(np.asarray(page))
    return np.stack(frames)


def _depths(arrays: Mapping[str, np.ndarray], clip: str) -> np.ndarray:
    """(T, K, 55) metres in front of the camera, which looks along its −Z."""
    position, rotation = arrays[f"{clip}/camera_position"], arrays[f"{clip}/camera_rotation"]
    offsets = arrays[f"{clip}/joints3d"] - position[:, None, None]
    depths: np.ndarray = -(offsets * rotation[:, None, None, :, 2]).sum(axis=-1)
    return depths


def _bone(
    draw: ImageDraw.ImageDraw,
    places: dict[int, tuple[float, float]],
    ends: tuple[int, int],
    colour: tuple[int, int, int],
    width: int,
) -> None:
    if not all(end in places for end in ends):
        return
    draw.line([places[end] for end in ends], fill=colour, width=width)
    for x, y in (places[end] for end in ends):
        r = width / 2
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)


def face_clip(frames: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """A square clip of a face: (T, S, S, 3) uint8, black where the face does not show.

    Each frame is the square around the frame's box, `FACE_MARGIN` times its longer side, black outside of
    the picture. S is the largest of these sides, up to a multiple of 16, within `FACE_SIDES`.

    Args:
        frames: (T, H, W, 3) uint8.
        boxes: (T, 4) x0, y0, x1, y1 px; all NaN where nothing of the face is visible.
    """
    shown = ~np.isnan(boxes).any(axis=1)
    sides = FACE_MARGIN * np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    longest = float(sides[shown].max()) if shown.any() else 0.0
    side = min(max(math.ceil(longest / 16) * 16, FACE_SIDES[0]), FACE_SIDES[1])
    clip = np.zeros((len(frames), side, side, 3), np.uint8)
    for t in np.flatnonzero(shown):
        x, y = (boxes[t, :2] + boxes[t, 2:]) / 2
        left, top, width = round(x - sides[t] / 2), round(y - sides[t] / 2), max(round(sides[t]), 1)
        square = Image.fromarray(frames[t]).crop((left, top, left + width, top + width))
        clip[t] = np.asarray(square.resize((side, side), Image.Resampling.BILINEAR))
    return clip


def no_face(frames: int) -> np.ndarray:
    """The face clip of a driving clip that shows no people: (T, S, S, 3) uint8, black."""
    return np.zeros((frames, FACE_SIDES[0], FACE_SIDES[0], 3), np.uint8)


def background_clip(
    target: np.ndarray, target_labels: np.ndarray, driving_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What a replacement pair gives of its place: the target without any character, and the mask of that.

    Both clips of such a pair have one camera and one place, so that the driving character's pixels can be
    taken out too: the outline does not tell the target's.

    Args:
        target: (T, H, W, 3) uint8.
        target_labels: (T, H, W) uint8.
        driving_labels: (T, H, W) uint8.

    Returns:
        Frames (T, H, W, 3) uint8, black where a character of either clip is; and a mask of that shape, white
        there and black elsewhere.
    """
    taken = (target_labels > ENVIRONMENT) | (driving_labels > ENVIRONMENT)
    mask = np.repeat((taken * np.uint8(255))[..., None], 3, axis=-1)
    return np.where(mask > 0, np.uint8(0), target), mask


def nothing_given(frames: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Background and mask of an animation pair: grey, and white everywhere."""
    shape = (frames, height, width, 3)
    return np.full(shape, GREY, np.uint8), np.full(shape, 255, np.uint8)
