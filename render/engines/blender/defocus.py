"""Depth of field of a full-frame lens, made from a sharp picture and its depth.

A point at depth d, seen by a lens of focal length f and f-number N that is focused at s, becomes a disc on
the sensor: the circle of confusion, of diameter f² |d − s| / (N d (s − f)) (thin lens; M. Potmesil and
I. Chakravarty, "A Lens and Aperture Camera Model for Synthetic Image Generation", SIGGRAPH 1981).

The picture is cut into layers by depth. Each is blurred by its own disc, cover and all, and laid over those
behind it. A layer goes on behind what hides it: its colours are first spread to there. So what is sharp
keeps its colours and its edge and lends none to what is blurred behind it, while what is blurred in front
lies softly over it.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.ndimage import binary_dilation, minimum_filter, uniform_filter

SENSOR_METRES = 0.036
"""A full-frame sensor's longer side: the picture's longer side stands for it."""
SHARP = 0.6
"""Pixels: what has a disc of a smaller radius stays as it is."""
_STEP = 1.45
"""Ratio of the radii of two neighbouring layers."""
_LARGEST = 0.05
"""Of the picture's longer side: the largest radius."""
_JUMP = 0.93
"""A pixel whose neighbour lies nearer than this share of its depth shows some of the neighbour's colour."""
_DOUBT = 0.75
"""Of a background's standard deviation: within it, an edge's colour is that of the background."""
_AROUND = np.ones((3, 3), bool)


def circles(depth: np.ndarray, focal: float, longer_side: int, f_stop: float, focus: float) -> np.ndarray:
    """Radii of the circles of confusion, pixels, negative nearer than the focus.

    Args:
        depth: (...) metres along the viewing axis, inf for sky.
        focal: pixels. longer_side: of the picture, pixels.
        f_stop: the lens's f-number. focus: metres along the viewing axis.
    """
    lens = focal / longer_side * SENSOR_METRES
    # (d − s) / d, which is 1 for the sky.
    off = 1.0 - focus / np.maximum(depth, 1e-3)
    return 0.5 * lens / f_stop * focal * off / max(focus - lens, 1e-3)


def defocus(linear: np.ndarray, depth: np.ndarray, focal: float, f_stop: float, focus: float) -> np.ndarray:
    """A picture through a lens of f-number `f_stop` focused at `focus` metres.

    Args:
        linear: (H, W, 3) scene-linear. depth: (H, W) metres, inf for sky. focal: pixels.

    Returns:
        (H, W, 3) float32 scene-linear. Pixels whose disc is smaller than SHARP keep their colour, unless
        something nearer is blurred over them.
    """
    longer_side = max(depth.shape)
    radius = circles(depth, focal, longer_side, f_stop, focus)
    largest = _LARGEST * longer_side
    radius = np.clip(radius, -largest, largest)
    linear = np.asarray(linear, np.float32)
    mixed = minimum_filter(depth, size=3) < _JUMP * depth
    ahead = max(-float(radius.min()), 0.0)
    out = np.zeros((4, *depth.shape), np.float32)  # red, green, blue, cover; colours times cover
    for low, high in _layers(float(radius.min()), float(radius.max())):
        inside = (radius >= low) & (radius < high)
        if low == -SHARP:
            out = _sharp(out, linear, inside, mixed)
        elif inside.any():
            size = float(np.abs(radius[inside]).mean())
            layer = _spread(linear, inside, mixed, radius < low, size + ahead)
            blurred = _disc_blur(layer, size)
            out = blurred + out * (1.0 - blurred[3])
    return np.moveaxis(out[:3] / np.maximum(out[3], 1e-6), 0, -1)


def _layers(nearest: float, farthest: float) -> list[tuple[float, float]]:
    """Bounds of the layers' radii, the farthest layer first; the sharp one is (−SHARP, SHARP)."""
    bounds = [SHARP]
    while bounds[-1] <= max(farthest, -nearest):
        bounds.append(bounds[-1] * _STEP)
    beyond = [(a, b) for a, b in itertools.pairwise(bounds) if a <= farthest]
    ahead = [(-b, -a) for a, b in itertools.pairwise(bounds) if -a >= nearest]
    return [*reversed(beyond), (-SHARP, SHARP), *ahead]


def _sharp(out: np.ndarray, linear: np.ndarray, inside: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    """The layer in focus over what is behind it.

    A background's pixel along its edge shows both. How much of each follows from the colours on the two
    sides; the background's share is then taken from the blurred one.
    """
    if not inside.any():
        return out
    behind = out[:3] / np.maximum(out[3], 1e-6)
    out[:, inside] = np.concatenate([linear[inside].T, np.ones((1, int(inside.sum())), np.float32)])
    edge = binary_dilation(inside, _AROUND) & mixed & ~inside
    if edge.any():
        own = _mean(linear, inside, 3)[:, edge]
        beyond = ~inside & ~mixed
        other = _mean(linear, beyond, 7)[:, edge]
        spread = _mean(linear * linear, beyond, 7)[:3, edge] - other[:3] ** 2
        way = own[:3] - other[:3]
        apart = np.maximum(np.sum(way * way, axis=0), 1e-8)
        share = np.sum((linear[edge].T - other[:3]) * way, axis=0) / apart
        # As much as a busy background differs from itself says nothing of a foreground.
        doubt = np.minimum(_DOUBT * np.sqrt(np.maximum(spread.sum(axis=0), 0.0) / apart), 0.9)
        share = np.where(other[3] > 0, np.clip((share - doubt) / (1.0 - doubt), 0.0, 1.0), 1.0)
        out[:3, edge] = share * own[:3] + (1.0 - share) * behind[:, edge]
        out[3, edge] = 1.0
    return out


def _spread(
    linear: np.ndarray, inside: np.ndarray, mixed: np.ndarray, hidden: np.ndarray, reach: float
) -> np.ndarray:
    """(4, H, W): a layer's colours times its cover, and its cover; both go on behind what hides it, for about
    `reach` pixels.

    Its `mixed` pixels show something nearer as well and take the colour of those around them. Where all are
    mixed, as in leaves of many depths, they keep their own.
    """
    near = _mean(linear, inside & ~mixed, 2 * math.ceil(1.5 * reach) + 3)
    own = inside & ~(mixed & (near[3] > 0))
    layer = np.concatenate([np.moveaxis(linear, -1, 0), np.ones((1, *inside.shape), np.float32)])
    return np.where(own, layer, np.where(hidden | inside, near, np.float32(0)))


def _mean(linear: np.ndarray, inside: np.ndarray, size: int) -> np.ndarray:
    """(4, H, W): mean colour of the pixels `inside` in a square around each pixel, and 1; 0 without any."""
    cover = inside.astype(np.float32)
    share = uniform_filter(cover, size, mode="nearest")
    some = share > 0.5 / (size * size)
    planes = [uniform_filter(linear[..., c] * cover, size, mode="nearest") for c in range(3)]
    mean = np.stack([*planes, share]) / np.where(some, share, 1.0)
    return np.where(some, mean, 0.0).astype(np.float32)


def _disc_blur(planes: np.ndarray, radius: float) -> np.ndarray:
    """Planes (C, H, W) averaged over a disc of `radius` pixels and the pixel's own width, edges repeated.

    A disc is a stack of rows, and a row's sum is the difference of two running sums.
    """
    count, height, width = planes.shape
    reach = radius + 0.5
    rows = math.floor(reach)
    pad = rows + 2
    padded = np.pad(planes, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
    sums = np.zeros((count, height + 2 * pad, width + 2 * pad + 1), np.float32)
    np.cumsum(padded, axis=2, out=sums[:, :, 1:])
    total, area = np.zeros((count, height, width), np.float32), 0.0
    for row in range(-rows, rows + 1):
        half = math.sqrt(max(reach * reach - row * row, 0.0))
        area += 2 * half
        line = sums[:, pad + row : pad + row + height]
        for sign in (1.0, -1.0):
            place = 0.5 + sign * half
            whole = math.floor(place)
            part = place - whole
            start = pad + whole
            total += np.float32(sign * (1 - part)) * line[:, :, start : start + width]
            total += np.float32(sign * part) * line[:, :, start + 1 : start + 1 + width]
    return total / np.float32(area)
