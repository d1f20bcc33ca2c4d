"""Driving augmentation: one crop and stretch, applied to a clip, its mask, its boxes and its joints alike.

What is stored is plain; a pair's `augmentation_window` says what a trainer may cut out and stretch to the
whole picture when it loads or encodes the driving clip. A window is (left, top, width, height) in shares of
the picture. With picture and result of W × H and W' × H' pixels, a point (x, y) goes to

    x' = (x − left · W) · W' / (width · W),    y' = (y − top · H) · H' / (height · H)

in coordinates where the first pixel's centre is (0.5, 0.5), as in the annotations. All functions here apply
this one map, so masks, boxes and points lie where the clip's pixels do.

3D stays as it is: `joints3d`, `rotations` and the camera's arrays are those of the plain picture. Where a 3D
point is in the augmented one is its plain projection put through `apply_to_points`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from PIL import Image

from motionpair.errors import InputError

Window = tuple[float, float, float, float]
"""Left, top, width and height, in shares of the picture."""
Pixels = tuple[int, int]
"""Width and height."""

_EDGE = 1e-9
"""Pixels that rounding may move an edge by: far less than two edges of planned windows are apart."""


def apply_to_clip(frames: np.ndarray, window: Window, size: Pixels | None = None) -> np.ndarray:
    """The window of every frame, stretched to the whole picture.

    Linear where it is enlarged, and the mean over each pixel's triangle of neighbours where it is made
    smaller (Pillow's antialiased bilinear filter, which takes windows between pixels).

    Args:
        frames: (T, H, W, 3) uint8.
        window: what is cut out.
        size: width and height of the result, pixels; the frames' own without it.

    Returns:
        (T, H', W', 3) uint8.

    Raises:
        InputError: a window that is not inside the picture, or frames of another shape or type.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise InputError(f"frames: expected (T, H, W, 3) uint8, got {frames.shape} {frames.dtype}")
    left, top, width, height = _checked(window)
    rows, columns = frames.shape[1:3]
    box = (
        left * columns,
        top * rows,
        min((left + width) * columns, float(columns)),
        min((top + height) * rows, float(rows)),
    )
    size = size or (columns, rows)
    out = np.empty((len(frames), size[1], size[0], 3), np.uint8)
    for t, frame in enumerate(frames):
        out[t] = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR, box))
    return out


def apply_to_labels(labels: np.ndarray, window: Window, size: Pixels | None = None) -> np.ndarray:
    """The window of every mask, stretched to the whole picture: each pixel takes the label that its centre
    falls on, so that labels stay exact.

    Args:
        labels: (T, H, W), or (..., H, W), of any type.
        window: what is cut out.
        size: width and height of the result, pixels; the masks' own without it.

    Returns:
        (..., H', W') of the same type.

    Raises:
        InputError: a window that is not inside the picture.
    """
    left, top, width, height = _checked(window)
    rows, columns = labels.shape[-2:]
    size = size or (columns, rows)
    across = _nearest(left, width, columns, size[0])
    down = _nearest(top, height, rows, size[1])
    return np.ascontiguousarray(labels[..., down[:, None], across])


def apply_to_points(
    points: np.ndarray, window: Window, picture: Pixels, size: Pixels | None = None
) -> np.ndarray:
    """Where points of the picture are in the augmented one; some fall outside.

    Args:
        points: (..., 2) x and y, pixels; NaN stays NaN.
        window: what is cut out.
        picture: width and height of the picture, pixels.
        size: those of the augmented one; the picture's own without it.

    Raises:
        InputError: a window that is not inside the picture.
    """
    left, top, width, height = _checked(window)
    wide, high = size or picture
    scale = np.array([wide / (width * picture[0]), high / (height * picture[1])])
    corner = np.array([left * picture[0], top * picture[1]])
    moved: np.ndarray = ((points.astype(np.float64) - corner) * scale).astype(points.dtype)
    return moved


def apply_to_boxes(
    boxes: np.ndarray, window: Window, picture: Pixels, size: Pixels | None = None
) -> np.ndarray:
    """Where boxes of the picture are in the augmented one, clipped to it; NaN where too little is left.

    A box stays as long as it holds the centre of a pixel: it is gone where `apply_to_labels` leaves no pixel
    of what it encloses, and only there.

    Args:
        boxes: (..., 4) x0, y0, x1, y1, pixels; NaN stays NaN.
        window, picture, size: as for `apply_to_points`.

    Raises:
        InputError: a window that is not inside the picture.
    """
    wide, high = size or picture
    corners = boxes.astype(np.float64).reshape(*boxes.shape[:-1], 2, 2)
    corners = np.clip(apply_to_points(corners, window, picture, size), 0.0, (wide, high))
    # Pixels first to end - 1 have their centre in [x0, x1): on an edge it is the next one's, as for labels.
    first = np.ceil(corners[..., 0, :] - 0.5 - _EDGE)
    end = np.ceil(corners[..., 1, :] - 0.5 - _EDGE)
    gone = ~(first < end).all(axis=-1)
    moved: np.ndarray = corners.reshape(boxes.shape).astype(boxes.dtype)
    moved[gone] = np.nan
    return moved


def apply_to_arrays(
    arrays: Mapping[str, np.ndarray], window: Window, picture: Pixels, size: Pixels | None = None
) -> dict[str, np.ndarray]:
    """A clip's annotations as they are of the augmented picture: `joints2d`, `joint_visible` (also inside the
    picture still), `hand_boxes` and `face_boxes`; all others as they were.

    Args:
        arrays: by the names of `annotations.ARRAYS`, without the clip's.
        window, picture, size: as for `apply_to_points`.

    Raises:
        InputError: a window that is not inside the picture.
    """
    moved = dict(arrays)
    points = apply_to_points(arrays["joints2d"], window, picture, size)
    inside = ((points >= 0) & (points < np.array(size or picture))).all(axis=-1)
    moved["joints2d"], moved["joint_visible"] = points, arrays["joint_visible"] & inside
    for name in ("hand_boxes", "face_boxes"):
        moved[name] = apply_to_boxes(arrays[name], window, picture, size)
    return moved


def _nearest(start: float, share: float, pixels: int, wanted: int) -> np.ndarray:
    """(wanted,) int: along one side, the pixel that the centre of each pixel of the result falls on."""
    centres = start * pixels + (np.arange(wanted) + 0.5) * (share * pixels / wanted)
    nearest: np.ndarray = np.clip(np.floor(centres + _EDGE), 0, pixels - 1).astype(np.intp)
    return nearest


def _checked(window: Window) -> Window:
    left, top, width, height = window
    inside = all(
        math.isfinite(n) and start >= 0 and 0 < n <= 1 - start + 1e-9
        for start, n in ((left, width), (top, height))
    )
    if not inside:
        raise InputError(
            "augmentation window: expected left, top, width and height inside the picture, in shares, got "
            f"{list(window)}"
        )
    return window
