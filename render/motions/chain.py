"""Chaining tracks: cross-fades that keep the body's way whole and the feet off the ice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from render import rotations as rot
from render.motions.puppet import BEHIND
from render.motions.signals import ease, smooth
from render.motions.track import LEFT, RIGHT, Track

BLEND = 0.5
"""Seconds over which one phrase becomes the next, centred on the boundary."""

_STEP = 0.5
"""Share of the blend that one foot takes to change."""
_STARTS = tuple(np.arange(-0.375, 0.9, 0.125).tolist())
"""Shares of the blend at which a foot may begin to change."""

_FAR, _FAR_COST = 0.3, 3.0
"""Metres that a planted foot may be from the body's way at no cost, and shares of the blend without a planted
foot that a metre more is as bad as."""

_SHIFT = 0.75
"""Share of the way to over the standing foot that the weight goes while the other steps."""

_SAME_PLACE = 0.004
"""Metres within which two footprints are one, so that no step is needed."""


def moved(track: Track, seconds: float, shift: np.ndarray | None = None, turn: float = 0.0) -> Track:
    """The track later by `seconds`, its ground moved by `shift` (2,) and then turned about the origin."""
    shift = np.zeros(2) if shift is None else shift
    q = rot.about_z(turn)
    flat = np.concatenate([track.path + shift, np.zeros((len(track.path), 1))], axis=1)
    prints = rot.rotate(q, track.prints + np.array([*shift, 0.0]))
    return replace(
        track,
        t=track.t + seconds,
        path=rot.rotate(q, flat)[:, :2],
        heading=track.heading + turn,
        prints=prints,
        yaw=track.yaw + turn,
        events=tuple((a + seconds, b + seconds, words) for a, b, words in track.events),
    )


_WHOLE = ("events", "touches", "held", "support", "kneeling")
_CURVES = tuple(f.name for f in fields(Track) if f.name not in _WHOLE)
"""What a track holds for every instant."""


def _slice(track: Track, part: slice) -> Track:
    cut = {name: getattr(track, name)[part] for name in _CURVES}
    return Track(**cut, events=track.events)


def chain(tracks: Sequence[Track], t: np.ndarray) -> Track:
    """Join tracks whose instants are stretches of t, each overlapping the next one's start."""
    whole = tracks[0]
    for following in tracks[1:]:
        whole = _join(whole, following)
    if len(whole.t) != len(t):
        raise ValueError(f"tracks: expected to cover {len(t)} instants, got {len(whole.t)}")
    return whole


def _join(a: Track, b: Track) -> Track:
    if a.touches or a.held or b.touches or b.held:
        raise ValueError("tracks: families that touch or hold things are never chained")
    rate = 1.0 / (a.t[1] - a.t[0])
    first = round(float(b.t[0] - a.t[0]) * rate)
    n = len(a.t) - first
    tail, head = _slice(a, slice(first, None)), _slice(b, slice(0, n))
    time = tail.t - tail.t[0]
    u = (time - time[-1] / 2) / BLEND + 0.5
    w = ease(u)
    path, heading = _joined_way(tail, head, w)
    b = _aligned(b, n - 1, path[-1], heading[-1])
    head = _slice(b, slice(0, n))
    mixed = _mixed(tail, head, w, u, path, heading)
    before, after = _slice(a, slice(0, first)), _slice(b, slice(n, None))
    parts = [(name, np.concatenate([getattr(x, name) for x in (before, mixed, after)])) for name in _CURVES]
    return Track(**dict(parts), events=a.events + b.events)


def _joined_way(a: Track, b: Track, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Path and heading whose speeds, in the body's own frame, go from a's to b's."""
    heading = a.heading[0] + _integral(_rate(a.heading) * (1 - w) + _rate(b.heading) * w)
    own = [
        rot.rotate(rot.about_z(-x.heading), np.concatenate([_rate(x.path), np.zeros((len(w), 1))], axis=1))
        for x in (a, b)
    ]
    speed = own[0] * (1 - w)[:, None] + own[1] * w[:, None]
    return a.path[0] + _integral(rot.rotate(rot.about_z(heading), speed)[:, :2]), heading


def _rate(x: np.ndarray) -> np.ndarray:
    return np.gradient(x, axis=0)


def _integral(x: np.ndarray) -> np.ndarray:
    """Running trapezoid sum from 0."""
    steps = 0.5 * (x[1:] + x[:-1])
    return np.concatenate([np.zeros_like(x[:1]), np.cumsum(steps, axis=0)])


def _aligned(b: Track, index: int, place: np.ndarray, heading: float) -> Track:
    """b on ground turned and moved so that at `index` its path and heading are as given."""
    turned = moved(b, 0.0, -b.path[index], heading - b.heading[index])
    return moved(turned, 0.0, place)


def _when_to_step(a: Track, b: Track, u: np.ndarray, path: np.ndarray) -> tuple[float, float]:
    """The share u of the blend at which the left and the right foot leave a's stand for b's: one after the
    other, about its middle, and such that the body is as little without a planted foot, and its feet as near
    to it, as can be."""
    planted, far = {}, {}
    for side in (LEFT, RIGHT):
        for start in _STARTS:
            step = _stepping(u, start)
            down = _planted(a, b, side, step).any(axis=-1)
            v = ease(step)[:, None]
            away = a.prints[:, side, :2] * (1 - v) + b.prints[:, side, :2] * v - path
            planted[side, start] = down
            far[side, start] = float((np.linalg.norm(away, axis=-1) * down).max())

    def cost(starts: tuple[float, float]) -> float:
        floating = ~(planted[LEFT, starts[0]] | planted[RIGHT, starts[1]])
        early, late = sorted(starts)
        about = 0.04 * (abs(early) + abs(late - _STEP))
        return (
            float(floating.sum() * (u[1] - u[0]))
            + about
            + sum(_FAR_COST * max(far[side, starts[side]] - _FAR, 0.0) for side in (LEFT, RIGHT))
        )

    return min(((left, right) for left in _STARTS for right in _STARTS), key=cost)


def _stepping(u: np.ndarray, start: float) -> np.ndarray:
    return np.clip((u - start) / _STEP, 0.0, 1.0)


def _swinging(a: Track, b: Track, side: int, step: np.ndarray) -> tuple[np.ndarray, float]:
    """(N,) when a foot is on its way from a to b, and how far apart they are in metres; never where both
    stand in one place."""
    swinging = (step > 0) & (step < 1)
    reach = np.linalg.norm(b.prints[:, side, :2] - a.prints[:, side, :2], axis=-1)
    apart = float(reach[swinging].max(initial=0.0))
    turned = float(np.abs(b.yaw[:, side] - a.yaw[:, side])[swinging].max(initial=0.0))
    same = apart <= _SAME_PLACE and turned <= 0.02
    return swinging & (not same), apart


def _planted(a: Track, b: Track, side: int, step: np.ndarray) -> np.ndarray:
    """(N, 2) heel and toe of a foot on its way from a to b."""
    planted = np.where((step < 0.5)[:, None], a.planted[:, side], b.planted[:, side])
    between = (step > 0) & (step < 1)
    swinging, _ = _swinging(a, b, side, step)
    planted[between] = a.planted[between, side] & b.planted[between, side]
    planted[swinging] = False
    return planted


def _shifted(
    t: np.ndarray,
    u: np.ndarray,
    path: np.ndarray,
    heading: np.ndarray,
    sway: np.ndarray,
    prints: np.ndarray,
    steps: np.ndarray,
) -> np.ndarray:
    """(N, 2) metres in the heading's frame: the weight goes towards the foot that stands while the other
    steps (`steps`, (N, 2)), as far as the body is not on its way anyway."""
    place = np.concatenate([path, np.zeros((len(path), 1))], axis=1)
    away = rot.rotate(rot.about_z(-heading)[:, None], prints - place[:, None])[..., :2]
    away = away - sway[:, None, :2] - np.array([0.0, BEHIND])
    shift = np.sum(steps[..., None] * away[:, ::-1], axis=1)
    speed = np.linalg.norm(np.gradient(path, t, axis=0), axis=-1)
    slow = smooth(ease(1 - speed / 0.6), t, 0.1) * ease((u + 0.4) / 0.3) * ease((1.4 - u) / 0.3)
    return _SHIFT * smooth(shift, t, 0.08) * slow[:, None]


def _mixed(a: Track, b: Track, w: np.ndarray, u: np.ndarray, path: np.ndarray, heading: np.ndarray) -> Track:
    def fade(x: np.ndarray, y: np.ndarray, weight: np.ndarray = w) -> np.ndarray:
        weight = weight.reshape(-1, *([1] * (x.ndim - 1)))
        return x * (1 - weight) + y * weight

    prints, yaw, pitch, toes, planted = (x.copy() for x in (a.prints, a.yaw, a.pitch, a.toes, a.planted))
    steps = np.zeros((len(w), 2))
    for side, start in zip((LEFT, RIGHT), _when_to_step(a, b, u, path), strict=True):
        step = _stepping(u, start)
        v = ease(step)
        swinging, apart = _swinging(a, b, side, step)
        prints[:, side] = fade(a.prints[:, side], b.prints[:, side], v)
        yaw[:, side] = fade(a.yaw[:, side], b.yaw[:, side], v)
        pitch[:, side] = fade(a.pitch[:, side], b.pitch[:, side], v)
        toes[:, side] = fade(a.toes[:, side], b.toes[:, side], v)
        planted[:, side] = _planted(a, b, side, step)
        prints[:, side, 2] += min(0.03 + 0.15 * apart, 0.1) * np.sin(np.pi * step) ** 2 * swinging
        steps[:, side] = swinging
    sway, pelvis = fade(a.sway, b.sway), fade(a.pelvis, b.pelvis)
    shift = _shifted(a.t, u, path, heading, sway, prints, steps)
    sway[:, :2] += shift
    pelvis[:, 1] -= 0.7 * shift[:, 0]
    return Track(
        t=a.t, path=path, heading=heading,
        sway=sway, pelvis=pelvis,
        joints=rot.nlerp(a.joints, b.joints, w[:, None]),
        prints=prints, yaw=yaw, pitch=pitch, toes=toes, planted=planted,
        knees=fade(a.knees, b.knees), face=fade(a.face, b.face), near=fade(a.near, b.near),
    )  # fmt: skip
