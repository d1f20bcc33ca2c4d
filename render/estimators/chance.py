"""All that is random about an estimate, drawn at once: the same draws whatever the errors' sizes.

So a worse estimator with the same seed errs in the same places by more, and a cause that is switched off
leaves the others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from render.estimators.points import LIMBS, POINTS

MOST = 2.5
"""Standard deviations that an error is limited to."""


@dataclass(frozen=True)
class Chance:
    """Noise of unit deviation over T frames.

    drift: (T, 65, 3) of points, x, y in the picture and depth. jitter: (T, 65, 2), new in every frame.
    turn: (T, 65) of bones about their length. whole: (T, 5) tilt about x and y, root's x, y, depth.
    drop: (T, 65), flip: (T, 4, 2) of the limbs' two bones, swap: (T,), missed: (T, 2): what happens where
    they are high; see `happens`.
    """

    drift: np.ndarray
    jitter: np.ndarray
    turn: np.ndarray
    whole: np.ndarray
    drop: np.ndarray
    flip: np.ndarray
    swap: np.ndarray
    missed: np.ndarray


def draw(rng: np.random.Generator, frames: int, fps: int, memory: float) -> Chance:
    """Draw everything, in blocks whose sizes depend on frames, fps and memory (seconds) alone."""
    points = len(POINTS)
    return Chance(
        drift=correlated(rng, frames, fps, (points, 3), memory),
        jitter=np.clip(rng.standard_normal((frames, points, 2)), -MOST, MOST),
        turn=correlated(rng, frames, fps, (points,), memory),
        whole=correlated(rng, frames, fps, (5,), 2 * memory),
        drop=correlated(rng, frames, fps, (points,), 0.1, most=np.inf),
        flip=correlated(rng, frames, fps, (len(LIMBS), 2), 0.15, most=np.inf),
        swap=correlated(rng, frames, fps, (), 0.1, most=np.inf),
        missed=correlated(rng, frames, fps, (2,), 0.15, most=np.inf),
    )


def correlated(
    rng: np.random.Generator,
    frames: int,
    fps: int,
    shape: tuple[int, ...],
    seconds: float,
    most: float = MOST,
) -> np.ndarray:
    """(frames, *shape) noise of unit deviation, limited to ±most, that fades over `seconds`.

    White noise through a Gaussian kernel, drawn before the first frame and after the last too, so that
    every frame has the same spread.
    """
    reach = max(int(np.ceil(3 * seconds * fps)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * fps)) ** 2)
    kernel /= np.sqrt(np.sum(kernel**2))
    white = rng.standard_normal((frames + 2 * reach, *shape))
    # A sum over the kernel's taps: it rounds the same wherever the arrays lie in memory.
    out = np.zeros((frames, *shape))
    for k, weight in enumerate(kernel):
        out += weight * white[k : k + frames]
    return np.clip(out, -most, most)


def happens(noise: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Bool: where noise of unit deviation is so high that it is so in `share` (0 to 1) of all cases.

    Runs last about as long as the noise remembers; a larger share makes every run longer.
    """
    share = np.broadcast_to(np.asarray(share, dtype=float), noise.shape)
    return noise > _THRESHOLDS[np.clip(np.ceil(share * _STEPS), 0, _STEPS).astype(int)]


_STEPS = 2000
_THRESHOLDS = np.array([np.inf, *(NormalDist().inv_cdf(1 - k / _STEPS) for k in range(1, _STEPS)), -np.inf])
"""What noise of unit deviation exceeds in k of _STEPS cases; a share between two counts as the larger."""


def smoothed(values: np.ndarray, frames: float) -> np.ndarray:
    """(T, ...) values through a Gaussian filter of deviation `frames`; steady trends pass unchanged.

    Before the first frame and after the last, values go on as mirrored through the end point.
    """
    if frames <= 0 or len(values) < 3:
        return values
    reach = min(max(int(np.ceil(3 * frames)), 1), len(values) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    kernel /= kernel.sum()
    before = 2 * values[0] - values[reach:0:-1]
    after = 2 * values[-1] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    out = np.zeros(values.shape)
    for k, weight in enumerate(kernel):
        out += weight * padded[k : k + len(values)]
    return out
