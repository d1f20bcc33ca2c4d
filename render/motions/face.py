"""Faces: blinks and small life, speech, smiles, effort, on the 52 face units."""

from __future__ import annotations

import numpy as np

from render.motions.signals import drift, ease, lag, pulse
from render.skeleton import FACE_UNITS

UNIT = {name: i for i, name in enumerate(FACE_UNITS)}

VISEMES: dict[str, dict[str, float]] = {
    "ah": {"jawOpen": 0.42, "mouthLowerDownLeft": 0.2, "mouthLowerDownRight": 0.2},
    "eh": {"jawOpen": 0.25, "mouthStretchLeft": 0.25, "mouthStretchRight": 0.25, "mouthUpperUpLeft": 0.12,
           "mouthUpperUpRight": 0.12},
    "ee": {"jawOpen": 0.1, "mouthStretchLeft": 0.3, "mouthStretchRight": 0.3, "mouthSmileLeft": 0.15,
           "mouthSmileRight": 0.15},
    "oh": {"jawOpen": 0.32, "mouthFunnel": 0.55},
    "oo": {"jawOpen": 0.12, "mouthPucker": 0.6, "mouthFunnel": 0.2},
    "mm": {"mouthClose": 0.05, "mouthPressLeft": 0.35, "mouthPressRight": 0.35, "mouthRollLower": 0.2,
           "mouthRollUpper": 0.15},
    "ff": {"jawOpen": 0.06, "mouthRollLower": 0.4, "mouthUpperUpLeft": 0.18, "mouthUpperUpRight": 0.18},
    "ll": {"jawOpen": 0.2, "mouthShrugUpper": 0.1},
}  # fmt: skip
"""Mouth shapes of speech as face units."""

_VOWELS, _CONSONANTS = ("ah", "eh", "ee", "oh", "oo"), ("mm", "ff", "ll", "ee")
_SYLLABLES = 4.6
"""Syllables a second of unhurried speech."""


def add(face: np.ndarray, units: dict[str, float], amount: np.ndarray | float = 1.0) -> None:
    """Add units to a face track (N, 52), each times `amount` (N,)."""
    for name, size in units.items():
        face[:, UNIT[name]] += size * np.asarray(amount)


def both(name: str, size: float) -> dict[str, float]:
    """A unit on both sides of the face."""
    return {f"{name}Left": size, f"{name}Right": size}


def alive(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 52) a face at rest: blinks, brows and mouth corners that drift, eyes that jump from point to
    point."""
    face = np.zeros((len(t), len(FACE_UNITS)))
    add(face, both("mouthSmile", 1.0), 0.06 + 0.03 * drift(t, rng, hz=0.2))
    add(face, {"browInnerUp": 1.0}, 0.05 + 0.04 * drift(t, rng, hz=0.25))
    when = t[0] + rng.uniform(0.1, 1.2)
    while when < t[-1]:
        blink(face, t, when)
        when += rng.uniform(1.2, 4.0)
    _saccades(face, t, rng)
    return face


def blink(face: np.ndarray, t: np.ndarray, when: float) -> None:
    """Close and open the eyes, faster down than up."""
    closed = pulse(t, when, 0.07, 0.03, 0.15)
    add(face, both("eyeBlink", 1.0), closed)
    add(face, both("browDown", 0.08), closed)


def _saccades(face: np.ndarray, t: np.ndarray, rng: np.random.Generator) -> None:
    count = int((t[-1] - t[0]) / 0.5) + 2
    times = t[0] + np.cumsum(rng.uniform(0.35, 1.3, count))
    goals = np.concatenate([np.zeros((1, 2)), rng.normal(0.0, 0.12, (count, 2))])
    k = np.searchsorted(times, t)
    since = t - np.concatenate([[t[0] - 1.0], times])[k]
    u = ease(since / 0.05)[:, None]
    gaze = goals[k - 1] * (1 - u) + goals[k] * u
    gaze = np.where((k == 0)[:, None], goals[0], gaze)
    left, up = gaze[:, 0], gaze[:, 1]
    add(face, {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, np.maximum(left, 0))
    add(face, {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0}, np.maximum(-left, 0))
    add(face, both("eyeLookUp", 1.0), np.maximum(up, 0))
    add(face, both("eyeLookDown", 1.0), np.maximum(-up, 0))


def smile(face: np.ndarray, amount: np.ndarray | float) -> None:
    """A smile that reaches the eyes."""
    add(face, {**both("mouthSmile", 0.9), **both("cheekSquint", 0.5), **both("eyeSquint", 0.25)}, amount)
    add(face, {**both("mouthDimple", 0.2), **both("mouthUpperUp", 0.15), "jawOpen": 0.05}, amount)


def raise_brows(face: np.ndarray, amount: np.ndarray | float) -> None:
    """Brows up, eyes a little wider."""
    add(face, {"browInnerUp": 0.7, **both("browOuterUp", 0.6), **both("eyeWide", 0.25)}, amount)


def effort(face: np.ndarray, amount: np.ndarray | float) -> None:
    """Strain: brows down, nose up, lips pressed and stretched."""
    add(face, {**both("browDown", 0.7), **both("eyeSquint", 0.5), **both("noseSneer", 0.4)}, amount)
    add(face, {**both("mouthPress", 0.4), **both("mouthStretch", 0.3), **both("cheekSquint", 0.3)}, amount)


def exhale(face: np.ndarray, amount: np.ndarray | float) -> None:
    """A sharp breath out through rounded lips."""
    add(face, {"mouthFunnel": 0.45, "jawOpen": 0.16, "cheekPuff": 0.25}, amount)


def speak(
    face: np.ndarray,
    t: np.ndarray,
    rng: np.random.Generator,
    energy: np.ndarray | float,
    rate: float = _SYLLABLES,
) -> np.ndarray:
    """Mouth random syllables, consonant then vowel, with pauses between phrases; returns loudness (N,)."""
    loud = np.zeros(len(t))
    tracks = {name: np.zeros(len(t)) for name in VISEMES}
    when = t[0] - rng.uniform(0.0, 0.3)
    left = int(rng.integers(5, 13))
    while when < t[-1]:
        length = rng.uniform(0.8, 1.3) / rate
        stress = rng.uniform(0.55, 1.15)
        consonant = _CONSONANTS[rng.integers(len(_CONSONANTS))]
        vowel = _VOWELS[rng.integers(len(_VOWELS))]
        tracks[consonant] += stress * pulse(t, when, 0.35 * length, 0.0, 0.35 * length)
        bump = stress * pulse(t, when + 0.25 * length, 0.4 * length, 0.1 * length, 0.4 * length)
        tracks[vowel] += bump
        loud = np.maximum(loud, bump)
        when += length
        left -= 1
        if left <= 0:
            when += rng.uniform(0.2, 0.45)
            left = int(rng.integers(5, 13))
    for name, amount in tracks.items():
        add(face, VISEMES[name], np.minimum(amount, 1.2) * energy)
    return lag(loud, t, 0.1)
