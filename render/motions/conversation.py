"""The other half of a conversation: listening, with a hand at the chin, nods and reactions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from render import rotations as rot
from render.motions import face
from render.motions.puppet import OUTWARD, SIDES, Puppet
from render.motions.signals import drift, lag, pulse, ramp
from render.motions.track import LEFT, RIGHT, Track

_REACTIONS = ("nods", "smiles", "is surprised", "looks doubtful", "understands")
_SHOWN = {"understands": "nods in understanding", "is surprised": "looks surprised"}
"""Words for the reactions that are not their own."""
_CHIN_REST = np.array([0.028, -0.04, -0.006])
"""From the palm to where a chin rests: between thumb and bent index finger."""
_AT_CHIN = np.array(
    [(0.35, -0.12, 0.05, 0.1), (-0.02, 0.5, 0.75, 0.45), (0.0, 0.95, 1.2, 0.7), (0.0, 1.1, 1.3, 0.8),
     (0.02, 1.15, 1.3, 0.8)]
)  # fmt: skip
_TUCKED = np.array([(0.45, 0.3, 0.3, 0.3), *[(0.0, 0.4, 0.55, 0.35)] * 4])


def listen(t: np.ndarray, seconds: float, params: Mapping[str, float], rng: np.random.Generator) -> Track:
    """Listen with a hand at the chin and the other arm across; nod, smile, doubt, and let the hand go in
    surprise."""
    p = Puppet(t, rng)
    side, energy = LEFT if params["side"] >= 0 else RIGHT, params["energy"]
    other, outward, n = 1 - side, OUTWARD[side], len(t)
    nod, tilt, away, lean, small = (np.zeros(n) for _ in range(5))
    beats = np.zeros((n, 3))
    order: list[str] = []
    when = float(t[0]) - float(rng.uniform(0.0, 0.6))
    while when < t[-1] + 0.3:
        if not order:
            order = [str(name) for name in rng.permutation(_REACTIONS)]
        what, length = order.pop(), float(rng.uniform(0.9, 1.3))
        _react(p, what, when, length, energy)
        shown = pulse(t, when, 0.25, length - 0.3, 0.35)
        if what in ("nods", "understands"):
            count = int(rng.integers(2, 4))
            for i in range(count):
                nod += (1 - 0.22 * i) * pulse(t, when + 0.05 + 0.27 * i, 0.12, 0.0, 0.16)
        if what in ("is surprised", "understands"):
            away += (1.0 if what == "is surprised" else 0.55) * pulse(
                t, when + 0.04, 0.26, length - 0.1, 0.45
            )
            lean -= 0.8 * shown
        if what == "looks doubtful":
            tilt += shown * (1 if rng.random() < 0.5 else -1)
            p.look((0.5 * outward, -1.0, 0.35), when + 0.1, when + 0.75 * length, head=0.3)
        if what == "smiles":
            lean += 0.5 * shown
            small += shown
        beats += pulse(t, when, 0.2, 0.1, 0.4)[:, None] * rng.uniform(-1, 1, 3)
        start, end = max(when, 0.0), min(when + length, seconds)
        if end > start:
            p.events.append((start, end, _SHOWN.get(what, what)))
        when += length + float(rng.uniform(0.25, 0.8))
    away, lean = np.minimum(away, 1.0) * min(1.0, 0.6 + 0.4 * energy), lag(lean, t, 0.1)
    sway = drift(t, rng, hz=0.45)
    p.sway[:, 0] += 0.042 * sway
    p.sway[:, 1] += 0.016 * drift(t, rng, hz=0.7)
    p.pelvis[:, 1] -= 0.05 * sway
    p.sway[:, 1] -= 0.02 * lean
    p.spine[:, 0] += 0.06 * lean * energy + 0.03
    p.spine[:, 1] += 0.05 * lag(sway, t, 0.12)
    p.spine[:, 2] += 0.1 * drift(t, rng, hz=0.45)
    p.head[:, 0] += 0.17 * energy * lag(nod, t, 0.03) - 0.05 * lean - 0.04 * away
    p.head[:, 1] += 0.1 * tilt - outward * 0.05 + 0.07 * drift(t, rng, hz=0.45)
    p.head[:, 2] += 0.06 * drift(t, rng, hz=0.35)
    p.shrug += 0.08 * energy * lag(away, t, 0.04)[:, None]

    # The thinking hand: thumb and index finger at the chin; it strokes it, and opens out in surprise.
    stroke = np.sin(2 * np.pi * 0.8 * t + rng.uniform(0, 6)) * (0.6 + 0.6 * drift(t, rng, hz=0.25))
    wiggle = np.moveaxis(drift(t, rng, (2, 3), hz=0.75), 1, 0)
    at_chin = np.array([-0.1, -0.2, 0.04]) + 0.008 * wiggle[side]
    opened = np.array([0.1, -0.3, 0.0]) + 0.02 * wiggle[side]
    there = np.array([-0.62, -0.05, 0.78]) + np.zeros((n, 3))
    goal = at_chin + (opened - at_chin) * away[:, None]
    fingers = there + (np.array([0.3, -0.6, 0.75]) - there) * away[:, None] + 0.06 * wiggle[side]
    facing = np.array([-0.55, 0.8, -0.3]) + np.zeros((n, 3))
    palm = facing + (np.array([-0.35, -0.25, 0.85]) - facing) * away[:, None]
    p.arm_reach(side, goal, rot.normalised(fingers), palm, swivel=0.15 + 0.1 * away)
    offset = np.stack([0.011 * stroke, np.full(n, -0.006), -0.012 - 0.01 * stroke], axis=-1)
    p.keep_palm(side, "chin", offset, 1 - ramp(away, 0.02, 0.7), grip=_CHIN_REST)
    shape = _AT_CHIN + (_OPEN - _AT_CHIN) * lag(away, t, 0.06)[:, None, None]
    shape[:, 1, 1:] += 0.22 * np.maximum(stroke, -0.4)[:, None] * (1 - away)[:, None]
    p.hand(side, shape)
    # The other arm across the body under the elbow; it comes along with what is felt.
    rest = np.array([-0.16, -0.22, -0.17]) + 0.028 * wiggle[other]
    rest += np.array([0.045, -0.045, 0.045]) * beats * energy
    rest += np.array([0.12, -0.06, 0.0]) * away[:, None] + np.array([0.02, -0.02, 0.02]) * small[:, None]
    p.arm_reach(other, rest, (-0.95, -0.2, 0.15), (-0.1, 0.75, -0.6), swivel=0.3)
    p.hand(other, _TUCKED)
    p.shape[:, other, 1:, 1] += 0.1 * wiggle[other, :, :1]
    # The hand is told to be at the chin where it is there for a while, in from the blends with neighbours.
    rests = (away < 0.05) & (t > 0.35) & (t < seconds - 0.35)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rests, [False]]).astype(int)))
    for start, end in zip(t[edges[::2]], t[np.minimum(edges[1::2], len(t) - 1)], strict=True):
        if end - start > 0.4:
            p.tell(f"holds the {SIDES[side]} hand to the chin", start, end, seconds)
    p.events.append((0.0, seconds, "listens"))
    return p.track()


_OPEN = np.array([(0.1, -0.2, 0.0, 0.05), (-0.12, 0.12, 0.15, 0.1), (-0.03, 0.18, 0.2, 0.1),
                  (0.08, 0.24, 0.25, 0.15), (0.2, 0.3, 0.3, 0.2)])  # fmt: skip


def _react(p: Puppet, what: str, when: float, length: float, energy: float) -> None:
    """The face's part of a reaction."""
    t, size = p.t, 0.55 + 0.45 * energy
    shown = size * pulse(t, when, 0.22, length - 0.25, 0.4)
    if what == "smiles":
        face.grin(p.face, 0.9 * shown)
    elif what == "is surprised":
        face.surprise(p.face, size * pulse(t, when - 0.03, 0.16, length - 0.35, 0.5))
        face.blink(p.face, t, when - 0.1)
    elif what == "looks doubtful":
        face.doubt(p.face, shown)
    elif what == "understands":
        face.raise_brows(p.face, shown)
        face.add(p.face, face.VISEMES["ah"], size * pulse(t, when + 0.05, 0.15, 0.2, 0.25))
        face.smile(p.face, 0.7 * size * pulse(t, when + 0.3, 0.3, length - 0.3, 0.4))
    else:
        face.smile(p.face, 0.45 * shown)
        face.add(p.face, face.VISEMES["mm"], 0.9 * pulse(t, when + 0.05, 0.15, 0.25, 0.2))


FAMILIES = {"listen": listen}
"""Name in the catalogue to the function that performs it."""
