"""How wrong an estimate is: an exact and an estimated motion put on the same body, before one camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.estimators.model import REFERENCE_SIDE
from render.estimators.points import HANDS, LIMBS, WRISTS, body_of
from render.estimators.view import View
from render.motion import Motion
from render.skeleton import BODY_JOINTS

_NEAREST = 0.2
"""Metres from the camera, below which pixels mean little."""
_BODY = list(range(len(BODY_JOINTS)))
_TIPS = [list(hand[15:]) for hand in HANDS]


@dataclass(frozen=True)
class EstimateErrors:
    """Errors of an estimated motion, means over frames.

    body_mm: of the 22 body joints, pelvis on pelvis (MPJPE). body_px: of those inside the picture, root
    error included. fingertip_mm, fingertip_px: of the ten fingertips, wrist on wrist; in pixels, of those
    inside the picture. Pixels are those of a picture with a longer side of 896. limb_degrees: between the
    directions of upper arms, forearms, thighs and shins. Nothing inside the picture: 0 pixels.
    """

    body_mm: float
    body_px: float
    fingertip_mm: float
    fingertip_px: float
    limb_degrees: float


def measure(exact: Motion, estimated: Motion, view: View) -> EstimateErrors:
    """Put both motions on the view's own body by forward kinematics, without planted feet, and compare."""
    body = body_of(view.character, view.position, view.heading)
    places = [body.places(body.turns(m), body.root(m)) for m in (exact, estimated)]
    one, other = places
    camera = view.camera
    unit = REFERENCE_SIDE / max(camera.width, camera.height)
    size = np.array([camera.width, camera.height])
    pixels, depth = camera.project(one)
    inside = (pixels >= 0).all(axis=-1) & (pixels <= size).all(axis=-1)
    shift, reached = camera.project(other)
    inside &= (depth > _NEAREST) & (reached > _NEAREST)
    shift = unit * (shift - pixels)

    away = (other - other[:, :1]) - (one - one[:, :1])
    tips, tip_pixels, tip_inside = [], [], []
    for wrist, hand in zip(WRISTS, _TIPS, strict=True):
        gap = other - one
        tips.append(_length(gap[:, hand] - gap[:, wrist, None]))
        tip_pixels.append(_length(shift[:, hand] - shift[:, wrist, None]))
        tip_inside.append(inside[:, hand] & inside[:, wrist, None])
    return EstimateErrors(
        body_mm=1e3 * float(_length(away[:, _BODY]).mean()),
        body_px=_mean(_length(shift[:, _BODY]), inside[:, _BODY]),
        fingertip_mm=1e3 * float(np.mean(tips)),
        fingertip_px=_mean(np.stack(tip_pixels), np.stack(tip_inside)),
        limb_degrees=float(np.degrees(_limb_angles(one, other).mean())),
    )


def _limb_angles(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(T, 8) radians between the directions of the limbs' bones."""
    pairs = [pair for a, b, c in LIMBS for pair in ((a, b), (b, c))]
    start, end = (list(joints) for joints in zip(*pairs, strict=True))
    ways = [
        (way := places[:, end] - places[:, start]) / np.linalg.norm(way, axis=-1, keepdims=True)
        for places in (one, other)
    ]
    return np.arccos(np.clip((ways[0] * ways[1]).sum(axis=-1), -1.0, 1.0))


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1)


def _mean(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[chosen].mean()) if chosen.any() else 0.0
