"""Curves over time that motions are drawn with: eases, keys, pulses, drift, and the lag of loose parts.

`t` is (N,) seconds, evenly spaced. Filters pad with the first and last value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def ease(u: np.ndarray | float) -> np.ndarray:
    """Minimum-jerk step: 0 up to u = 0, 1 from u = 1; speed and acceleration are 0 at both ends."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


def column(x: np.ndarray) -> np.ndarray:
    """x (N,) as (N, 1): to weigh vectors with."""
    return x[:, None]


def ramp(t: np.ndarray, start: float, end: float) -> np.ndarray:
    """Eased 0 to 1 between two times."""
    return ease((t - start) / (end - start))


def pulse(t: np.ndarray, start: float, rise: float, hold: float, fall: float) -> np.ndarray:
    """0, eased up to 1 within `rise`, held, eased down within `fall`."""
    return ramp(t, start, start + rise) * (1.0 - ramp(t, start + rise + hold, start + rise + hold + fall))


def cycles(t: np.ndarray, period: float) -> range:
    """Numbers k of the cycles [k · period, (k + 1) · period) that instants before, in and after a phrase are
    in, and one more at either end."""
    return range(int(np.floor(t[0] / period)) - 1, int(np.ceil(t[-1] / period)) + 2)


def keyed(t: np.ndarray, times: ArrayLike, values: ArrayLike) -> np.ndarray:
    """Values (K, ...) at rising times, min-jerk from each to the next: poses that are reached and left."""
    keys = np.asarray(values, dtype=float)
    knots = np.asarray(times, dtype=float)
    k = np.clip(np.searchsorted(knots, t, side="right") - 1, 0, len(knots) - 2)
    u = ease((t - knots[k]) / np.maximum(knots[k + 1] - knots[k], 1e-6))
    u = u.reshape(-1, *([1] * (keys.ndim - 1)))
    return keys[k] * (1 - u) + keys[k + 1] * u


def hermite(t: np.ndarray, times: ArrayLike, values: ArrayLike, speeds: ArrayLike) -> np.ndarray:
    """Cubic through values with given speeds at rising times; held outside."""
    knots, v, s = (np.asarray(a, dtype=float) for a in (times, values, speeds))
    k = np.clip(np.searchsorted(knots, t, side="right") - 1, 0, len(knots) - 2)
    h = knots[k + 1] - knots[k]
    u = np.clip((t - knots[k]) / h, 0.0, 1.0)
    return (
        v[k] * (1 + 2 * u) * (1 - u) ** 2
        + s[k] * h * u * (1 - u) ** 2
        + v[k + 1] * u * u * (3 - 2 * u)
        + s[k + 1] * h * u * u * (u - 1)
    )


def spline(t: np.ndarray, times: ArrayLike, values: ArrayLike) -> np.ndarray:
    """Smooth curve through values (K, ...) that never overshoots a key (slopes limited, Fritsch-Carlson)."""
    keys = np.asarray(values, dtype=float)
    knots = np.asarray(times, dtype=float)
    flat = keys.reshape(len(knots), -1)
    out = np.empty((len(t), flat.shape[1]))
    steps = np.diff(flat, axis=0) / np.diff(knots)[:, None]
    left, right = steps[:-1], steps[1:]
    inner = np.where(left * right > 0, 2 * left * right / np.where(left + right == 0, 1, left + right), 0.0)
    slopes = np.concatenate([np.zeros_like(steps[:1]), inner, np.zeros_like(steps[:1])])
    for column in range(flat.shape[1]):
        out[:, column] = hermite(t, knots, flat[:, column], slopes[:, column])
    return out.reshape(len(t), *keys.shape[1:])


def drift(
    t: np.ndarray, rng: np.random.Generator, shape: tuple[int, ...] = (), hz: float = 0.4
) -> np.ndarray:
    """(N, *shape) slow wandering of about unit size around 0: three sines with chance rates and phases."""
    rates = hz * rng.uniform(0.5, 1.5, (3, *shape))
    phases = rng.uniform(0, 2 * np.pi, (3, *shape))
    time = t.reshape(-1, *([1] * len(shape)))
    return sum(np.sin(2 * np.pi * r * time + p) for r, p in zip(rates, phases, strict=True)) / np.sqrt(1.5)


def _filtered(x: np.ndarray, kernel: np.ndarray, before: int, after: int) -> np.ndarray:
    flat = x.reshape(len(x), -1)
    padded = np.pad(flat, ((before, after), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, c], kernel, mode="valid") for c in range(flat.shape[1])]
    return np.stack(columns, axis=1).reshape(x.shape)


def lag(x: np.ndarray, t: np.ndarray, seconds: float) -> np.ndarray:
    """A loose part that follows x (N, ...) through a critically damped spring, `seconds` late on the mean."""
    dt = t[1] - t[0]
    tau = seconds / 2
    reach = int(np.ceil(8 * tau / dt)) + 1
    time = np.arange(reach) * dt
    kernel = time * np.exp(-time / tau)
    if kernel.sum() <= 0:
        return x
    return _filtered(x, kernel / kernel.sum(), reach - 1, 0)


def smooth(x: np.ndarray, t: np.ndarray, seconds: float) -> np.ndarray:
    """Gaussian of standard deviation `seconds` over x (N, ...), without delay."""
    dt = t[1] - t[0]
    reach = int(np.ceil(3 * seconds / dt))
    if reach < 1:
        return x
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * dt / seconds) ** 2)
    return _filtered(x, kernel / kernel.sum(), reach, reach)
