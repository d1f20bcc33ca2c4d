"""Footwork: feet that stand, swing along an arc, and stand again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from render.motions.puppet import Puppet
from render.motions.signals import ease, pulse
from render.motions.track import HEEL


@dataclass(frozen=True)
class Step:
    """One foot's way from where it stands to `place` (x, y) and direction `yaw`.

    side: 0 left, 1 right. start, end: seconds off the ground. lift: metres. heel: radians that the heel
    rises by before the toes leave.
    """

    side: int
    start: float
    end: float
    place: tuple[float, float]
    yaw: float
    lift: float = 0.06
    heel: float = 0.35


def walk_steps(puppet: Puppet, steps: Sequence[Step]) -> None:
    """Put steps, in order of time, on the puppet's feet, from where they stand."""
    t = puppet.t
    for step in steps:
        s = step.side
        u = np.clip((t - step.start) / (step.end - step.start), 0.0, 1.0)
        w = ease(u)[:, None]
        goal = np.array([*step.place, 0.0])
        puppet.prints[:, s] = puppet.prints[:, s] * (1 - w) + goal * w
        puppet.prints[:, s, 2] += step.lift * np.sin(np.pi * u) ** 2
        puppet.yaw[:, s] = puppet.yaw[:, s] * (1 - w[:, 0]) + step.yaw * w[:, 0]
        length = step.end - step.start
        push = pulse(t, step.start - 0.35 * length, 0.5 * length, 0.0, 0.55 * length) * step.heel
        puppet.pitch[:, s] += push
        puppet.toes[:, s] += push * (1 - ease((t - step.start) / (0.5 * length)))
        aloft = (t > step.start) & (t < step.end)
        puppet.planted[:, s] &= ~aloft[:, None]
        puppet.planted[:, s, HEEL] &= push < 0.01
