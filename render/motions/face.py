"""Faces: blinks and small life, speech, smiles, effort, on the 52 face units."""

from __future__ import annotations

import numpy as np

from render.motions.signals import drift, lag, pulse
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

_EYES_ASIDE, _EYES_UP, _EYES_DOWN = 0.31, 0.17, 0.25
"""Radians that the gaze units turn the body model's eyes by at 1."""

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
    """(N, 52) a face at rest that is never quite still: blinks, some of them double; brows, mouth corners and
    lips that drift, each side a little on its own; now and then the lips press or the brows flash. Where it
    looks is the puppet's affair."""
    face = np.zeros((len(t), len(FACE_UNITS)))
    # No face is even: one side leads in everything it does.
    lead = 0.18 * rng.choice((-1.0, 1.0))
    corner = 0.17 + 0.08 * drift(t, rng, hz=0.22)
    add(face, {"mouthSmileLeft": 1.0 + lead, "mouthSmileRight": 1.0 - lead}, np.maximum(corner, 0.0))
    add(face, {"browInnerUp": 1.0}, np.maximum(0.06 + 0.06 * drift(t, rng, hz=0.3), 0.0))
    for side in ("Left", "Right"):
        add(face, {f"browOuterUp{side}": 1.0}, np.maximum(0.05 * drift(t, rng, hz=0.35), 0.0))
        add(face, {f"eyeSquint{side}": 1.0}, np.maximum(0.05 + 0.04 * drift(t, rng, hz=0.3), 0.0))
    add(face, both("noseSneer", 1.0), np.maximum(0.03 * drift(t, rng, hz=0.3), 0.0))
    when = t[0] + rng.uniform(0.1, 1.0)
    while when < t[-1]:
        blink(face, t, when)
        if rng.random() < 0.18:
            blink(face, t, when + 0.3)
        when += rng.uniform(1.1, 3.2)
    when = t[0] + rng.uniform(0.3, 2.0)
    while when < t[-1]:
        hint = pulse(t, when, 0.2, rng.uniform(0.1, 0.4), 0.35)
        if rng.random() < 0.5:
            add(face, {**both("mouthPress", 0.3), "mouthRollLower": 0.2, **both("mouthDimple", 0.2)}, hint)
        else:
            add(face, {"browInnerUp": 0.25, **both("browOuterUp", 0.2)}, hint)
        when += rng.uniform(1.5, 4.0)
    return face


def blink(face: np.ndarray, t: np.ndarray, when: float) -> None:
    """Close and open the eyes, faster down than up."""
    closed = pulse(t, when, 0.07, 0.03, 0.15)
    add(face, both("eyeBlink", 1.0), closed)
    add(face, both("browDown", 0.08), closed)


def aim(face: np.ndarray, yaw_pitch: np.ndarray) -> None:
    """Turn the eyes to (N, 2) yaw and pitch, radians in the head, as far as they go."""
    yaw, pitch = yaw_pitch[:, 0], yaw_pitch[:, 1]
    left, right = _share(yaw, _EYES_ASIDE), _share(-yaw, _EYES_ASIDE)
    up, down = _share(pitch, _EYES_UP), _share(-pitch, _EYES_DOWN)
    add(face, {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, left)
    add(face, {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0}, right)
    add(face, both("eyeLookUp", 1.0) | both("eyeWide", 0.15), up)
    add(face, both("eyeLookDown", 1.0), down)


def _share(angle: np.ndarray, most: float) -> np.ndarray:
    """Share of `most` radians, at least 0; near 1 it nears 1 ever more slowly."""
    share = np.maximum(angle / most, 0.0)
    return np.where(share < 0.7, share, 0.7 + 0.3 * np.tanh((share - 0.7) / 0.3))


def smile(face: np.ndarray, amount: np.ndarray | float) -> None:
    """A smile that reaches the eyes, one corner of the mouth a little ahead of the other."""
    add(face, {"mouthSmileLeft": 1.0, "mouthSmileRight": 0.86, **both("cheekSquint", 0.55)}, amount)
    add(face, {**both("eyeSquint", 0.3), **both("mouthDimple", 0.2), **both("mouthUpperUp", 0.18)}, amount)
    add(face, {"jawOpen": 0.06}, amount)


def raise_brows(face: np.ndarray, amount: np.ndarray | float) -> None:
    """Brows up, eyes a little wider."""
    add(face, {"browInnerUp": 0.95, **both("browOuterUp", 0.9), **both("eyeWide", 0.35)}, amount)


def surprise(face: np.ndarray, amount: np.ndarray | float) -> None:
    """Brows high, eyes wide, mouth open."""
    add(face, {"browInnerUp": 0.9, **both("browOuterUp", 0.95), **both("eyeWide", 0.85)}, amount)
    add(face, {"jawOpen": 0.34, "mouthFunnel": 0.2}, amount)


def doubt(face: np.ndarray, amount: np.ndarray | float) -> None:
    """One brow up, one down, the mouth pulled aside."""
    add(face, {"browOuterUpLeft": 1.0, "browInnerUp": 0.3, "browDownRight": 1.0}, amount)
    add(face, {"mouthLeft": 0.6, **both("mouthPress", 0.5), "eyeSquintRight": 0.7}, amount)
    add(face, {"eyeWideLeft": 0.3, "mouthDimpleLeft": 0.5, "noseSneerRight": 0.35}, amount)


def think(face: np.ndarray, amount: np.ndarray | float) -> None:
    """Brows drawn together, lips pressed and pushed forward."""
    add(face, {**both("browDown", 0.75), "browInnerUp": 0.35, **both("eyeSquint", 0.5)}, amount)
    add(face, {"mouthPucker": 0.45, **both("mouthPress", 0.4), "mouthShrugLower": 0.6}, amount)


def grin(face: np.ndarray, amount: np.ndarray | float) -> None:
    """A broad smile that shows the teeth."""
    smile(face, amount)
    add(face, {**both("mouthUpperUp", 0.3), **both("mouthStretch", 0.2), "jawOpen": 0.12}, amount)


def effort(face: np.ndarray, amount: np.ndarray | float) -> None:
    """Strain: brows down, nose up, lips pressed and stretched."""
    add(face, {**both("browDown", 1.0), **both("eyeSquint", 0.8), **both("noseSneer", 0.8)}, amount)
    add(face, {**both("mouthPress", 0.4), **both("mouthStretch", 0.6), **both("cheekSquint", 0.6)}, amount)
    add(face, {**both("mouthLowerDown", 0.3), **both("mouthUpperUp", 0.25)}, amount)


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
