"""The procedural motion library: from a MotionSpec to a Motion, in canonical form.

Each family is a function `(t, seconds, params, rng) -> Track` on even instants t, which may lie before the
phrase's start and after its end: neighbours blend there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from motionpair.catalog import MOTION_FAMILIES
from motionpair.errors import InputError
from motionpair.specs import MotionSpec
from render.motion import Motion
from render.motions import (
    company,
    conversation,
    daily,
    dance,
    floor,
    gestures,
    handling,
    hip_hop,
    holding,
    locomotion,
    manual,
    paces,
    running,
    salsa,
    spinning,
    sport,
    throwing,
)
from render.motions.chain import BLEND, chain, moved
from render.motions.track import Track, solve

Family = Callable[[np.ndarray, float, Mapping[str, float], np.random.Generator], Track]

_ROOMS = (
    locomotion,
    running,
    paces,
    sport,
    throwing,
    spinning,
    dance,
    salsa,
    hip_hop,
    gestures,
    daily,
    handling,
    holding,
    manual,
    conversation,
    floor,
    company,
)

FAMILIES: Mapping[str, Family] = {name: play for room in _ROOMS for name, play in room.FAMILIES.items()}
"""Name in the catalogue to the function that performs it."""

_DENSE = 60
"""Instants a second, at least, that tracks are drawn at before frames are picked out of them."""


def perform(spec: MotionSpec, fps: int, frames: int) -> Motion:
    """Perform a motion: its phrases, chained, from `spec.start` on for `frames` frames.

    The place and heading of the middle frame are the origin and 0, so that a performer is at its position,
    and faces its heading, half-way through the clip. A clip that outlasts the phrases goes on with the last
    one.

    Raises:
        InputError: an unknown family, or a parameter that is missing or unknown.
    """
    _check(spec)
    # Instants of motion time, dense enough for slow springs and quick fists, with every frame's among them.
    per_frame = max(1, int(np.ceil(_DENSE * spec.speed / fps)))
    rate = fps * per_frame / spec.speed
    margin = int(np.ceil(0.3 * rate))
    before = int(spec.start * rate) + margin
    bounds = np.concatenate([[0.0], np.cumsum([p.seconds for p in spec.phrases])])
    # All of the chain is drawn, so that what happens does not depend on where the window ends.
    after = max((frames - 1) * per_frame, int((bounds[-1] - spec.start) * rate)) + margin
    t = spec.start + np.arange(-before, after + 1) / rate
    seeds = np.random.SeedSequence(spec.seed).spawn(len(spec.phrases))
    tracks: list[Track] = []
    for k, phrase in enumerate(spec.phrases):
        first = -np.inf if k == 0 else bounds[k] - BLEND / 2 - 0.2
        last = np.inf if k == len(spec.phrases) - 1 else bounds[k + 1] + BLEND / 2 + 0.2
        inside = np.flatnonzero((t >= first) & (t <= last))
        local = t[inside] - bounds[k]
        rng = np.random.default_rng(seeds[k])
        tracks.append(moved(FAMILIES[phrase.family](local, phrase.seconds, phrase.params, rng), bounds[k]))
    whole = chain(tracks, t)
    keep = before + per_frame * np.arange(frames)
    middle = keep[frames // 2]
    whole = moved(whole, 0.0, -whole.path[middle], -whole.heading[middle])
    events = _window(whole.events, spec, (frames - 1) / fps)
    motion = replace(solve(whole, keep, fps), events=events)
    return motion.mirrored() if spec.mirrored else motion


def _window(
    events: tuple[tuple[float, float, str], ...], spec: MotionSpec, length: float
) -> tuple[tuple[float, float, str], ...]:
    """Events within a clip, in its seconds; those that show for less than a tenth are left out."""
    cut = [
        (max((a - spec.start) / spec.speed, 0.0), min((b - spec.start) / spec.speed, length), words)
        for a, b, words in events
    ]
    return tuple((round(a, 3), round(b, 3), words) for a, b, words in cut if b - a >= 0.1)


def _check(spec: MotionSpec) -> None:
    if not spec.phrases:
        raise InputError("phrases: expected at least one phrase")
    for k, phrase in enumerate(spec.phrases):
        if phrase.family not in FAMILIES:
            raise InputError(
                f"phrases[{k}].family: expected one of {', '.join(FAMILIES)}, got {phrase.family!r}"
            )
        expected = set(MOTION_FAMILIES[phrase.family].params)
        if set(phrase.params) != expected:
            raise InputError(
                f"phrases[{k}].params: {phrase.family} takes {', '.join(sorted(expected))}, "
                f"got {', '.join(sorted(phrase.params)) or 'none'}"
            )
        if MOTION_FAMILIES[phrase.family].alone and len(spec.phrases) > 1:
            raise InputError(f"phrases[{k}].family: {phrase.family} is never chained: expected one phrase")
        if phrase.seconds <= 0:
            raise InputError(f"phrases[{k}].seconds: expected more than 0, got {phrase.seconds}")
    if spec.speed <= 0 or spec.start < 0:
        raise InputError(f"speed, start: expected above 0 and at least 0, got {spec.speed} and {spec.start}")
