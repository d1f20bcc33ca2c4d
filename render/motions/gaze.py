"""Gaze: where the eyes look, and how the head follows them.

Directions are (yaw, pitch) radians in the heading's frame: to the left and up positive. Eyes jump to a goal
within 50 ms and then rest on it, whatever the head does; the head sets out about 0.1 s later and eases over
a part of the way (Land & Tatler, Looking and Acting, 2009, ch. 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import rotations as rot
from render.motions.signals import ease, lag, ramp, smooth

SACCADE = 0.05
"""Seconds that eyes take to jump."""
HEAD_LATE = 0.06
"""Seconds after the eyes that the head sets out; its own inertia adds as much again."""
_LEAD = 0.12
"""Seconds that eyes are ahead of a head that is turned on purpose."""
_GIVES_UP = (0.9, 1.4)
"""Radians off the face's own direction between which eyes let go of a goal and look straight ahead."""


@dataclass(frozen=True)
class Look:
    """A look at something from `start` to `end` seconds.

    goal: (N, 2) yaw and pitch. head: the share of the way that the head turns.
    """

    goal: np.ndarray
    start: float
    end: float
    head: float


def angles(direction: np.ndarray) -> np.ndarray:
    """Directions (..., 3), −Y ahead, to (..., 2) yaw and pitch."""
    # Contiguous: on a view with gaps numpy's arctan2 rounds by where its result happens to lie in memory.
    x, y, z = np.ascontiguousarray(np.moveaxis(np.asarray(direction, dtype=float), -1, 0))
    return np.stack([np.arctan2(x, -y), np.arctan2(z, np.hypot(x, y))], axis=-1)


def direction(yaw_pitch: np.ndarray) -> np.ndarray:
    """The inverse of `angles`: unit vectors (..., 3)."""
    yaw, pitch = np.moveaxis(np.asarray(yaw_pitch, dtype=float), -1, 0)
    level = np.cos(pitch)
    return np.stack([level * np.sin(yaw), -level * np.cos(yaw), np.sin(pitch)], axis=-1)


def wandering(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 2) small jumps from point to point around the goal, as resting eyes make."""
    count = int((t[-1] - t[0]) / 0.5) + 2
    times = t[0] + np.cumsum(rng.uniform(0.3, 1.3, count))
    goals = np.concatenate([np.zeros((1, 2)), rng.normal(0.0, 1.0, (count, 2)) * np.array([0.085, 0.035])])
    k = np.searchsorted(times, t)
    since = t - np.concatenate([[t[0] - 1.0], times])[k]
    u = ease(since / SACCADE)[:, None]
    return goals[np.maximum(k - 1, 0)] * (1 - u) + goals[k] * u


def eyes_ahead(head: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(N, 2) where eyes look while the head turns on purpose by rotation vectors (N, 3): there already."""
    slow = smooth(head, t, 0.15)
    early = round(_LEAD / float(t[1] - t[0]))
    slow = np.concatenate([slow[early:], np.repeat(slow[-1:], early, axis=0)])
    return angles(rot.rotate(rot.exp(slow), -rot.Y))


def follow(
    looks: list[Look], t: np.ndarray, eyes: np.ndarray, wander: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Eyes (N, 2) that look where they are told, else as given, and turns (N, 3) to add to the head."""
    eyes, turn = eyes + wander, np.zeros((len(t), 3))
    for look in looks:
        jump = ramp(t, look.start, look.start + SACCADE) * (1 - ramp(t, look.end, look.end + SACCADE))
        far = float(np.abs(look.goal).max(initial=0.0))
        slow = 0.24 + 0.22 * min(far, 1.0)
        start, end = look.start + HEAD_LATE, look.end + HEAD_LATE
        come = ramp(t, start, start + slow) * (1 - ramp(t, end, end + 1.2 * slow))
        eyes = eyes * (1 - jump[:, None]) + (look.goal + 0.35 * wander) * jump[:, None]
        share = look.head * come[:, None] * lag(look.goal, t, 0.1)
        turn[:, 0] -= share[:, 1]
        turn[:, 2] += share[:, 0]
    return eyes, turn


def in_head(eyes: np.ndarray, head: np.ndarray) -> np.ndarray:
    """(N, 2) eyes as seen from a head turned by (N, 4): straight ahead where the goal is far behind."""
    seen = angles(rot.rotate(rot.inverse(head), direction(eyes)))
    off = np.arccos(np.clip(np.cos(seen[:, 0]) * np.cos(seen[:, 1]), -1.0, 1.0))
    near, far = _GIVES_UP
    return seen * (1 - ease((off - near) / (far - near)))[:, None]
