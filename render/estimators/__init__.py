"""Pose estimators as error models: what a motion looks like after somebody estimated it from video.

Each estimator is a function `(motion, rng) -> Motion`; the registry is `ESTIMATORS`. Errors are rotations
of joints and shifts of the root; contacts and face pass unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from motionpair.errors import InputError
from motionpair.specs import Estimator
from render import rotations as rot
from render.estimators.view import View
from render.motion import Motion
from render.skeleton import BODY_JOINTS, FACE_JOINTS, JOINTS

BODY_DEGREES, FINGER_DEGREES, ROOT_SHARE = 1.5, 3.0, 0.004
"""The `accurate` estimator: standard deviation of each joint's rotation error about each axis, for body and
finger joints, and of the root's place as a share of hip height."""
MEMORY_SECONDS = 0.12
"""Time over which the `accurate` estimator's errors fade into others."""

_MOST = 2.5
"""Standard deviations that an error is limited to."""


def observe(motion: Motion, estimator: Estimator, view: View | None = None) -> Motion:
    """The motion as `estimator` sees it in `view`; the same object for `exact`.

    Raises:
        InputError: an estimator of another name.
    """
    if estimator.name not in ESTIMATORS:
        raise InputError(f"estimator.name: expected one of {', '.join(ESTIMATORS)}, got {estimator.name!r}")
    return ESTIMATORS[estimator.name](motion, np.random.default_rng(estimator.seed))


def exact(motion: Motion, rng: np.random.Generator) -> Motion:
    """No error."""
    return motion


def accurate(motion: Motion, rng: np.random.Generator) -> Motion:
    """A good estimator: small errors that drift, larger in the fingers; eyes and jaw as they are."""
    degrees = np.full(len(JOINTS), FINGER_DEGREES)
    degrees[: len(BODY_JOINTS)] = BODY_DEGREES
    degrees[len(BODY_JOINTS) : len(BODY_JOINTS) + len(FACE_JOINTS)] = 0.0
    noise = correlated(rng, motion.frames, motion.fps, (len(JOINTS) + 1, 3))
    turn = np.radians(degrees)[:, None] * noise[:, :-1]
    return replace(
        motion,
        rotations=rot.continuous(rot.normalised(rot.mul(motion.rotations, rot.exp(turn)))),
        root=motion.root + ROOT_SHARE * noise[:, -1],
    )


def correlated(
    rng: np.random.Generator, frames: int, fps: int, shape: tuple[int, ...], seconds: float = MEMORY_SECONDS
) -> np.ndarray:
    """(frames, *shape) noise of unit deviation, limited to ±2.5, that fades over `seconds`.

    White noise through a Gaussian kernel, drawn before the first frame and after the last too, so that
    every frame has the same spread.
    """
    reach = max(int(np.ceil(3 * seconds * fps)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * fps)) ** 2)
    white = rng.standard_normal((frames + 2 * reach, *shape))
    kernel /= np.sqrt(np.sum(kernel**2))
    windows = np.lib.stride_tricks.sliding_window_view(white, 2 * reach + 1, axis=0)
    return np.clip(windows @ kernel, -_MOST, _MOST)


ESTIMATORS: dict[str, Callable[[Motion, np.random.Generator], Motion]] = {
    "exact": exact,
    "accurate": accurate,
}
"""Name, as in a recipe, to the error model."""
