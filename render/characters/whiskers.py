"""Where beards grow on a face, measured from the mouth, so that they fit every look's proportions."""

from __future__ import annotations

import numpy as np

from motionpair import catalog
from motionpair.errors import InputError
from render.characters.basis import BODY
from render.characters.figure import Figure

_MOUTH = 2.44  # half distances of the eyes from the eyes down to an adult's mouth


class _Face:
    """The face's vertices in units of the mouth's distance below the eyes (about 2.4 half eye distances)."""

    def __init__(self, figure: Figure) -> None:
        painted = figure.basis.painted("lips")
        lips = figure.vertices[BODY][painted > 0.5]
        middle = figure.eyes.mean(axis=0)
        self.unit = float(middle[2] - lips[:, 2].mean()) / _MOUTH
        local = (figure.vertices - middle) / self.unit
        self.across = np.abs(local[:, 0])
        self.drop = -local[:, 2]
        self.back = local[:, 1]
        self.corner = float(np.abs(lips[:, 0]).max()) / self.unit
        self.lips = np.zeros(len(figure.vertices))
        self.lips[BODY] = painted


def growth(figure: Figure) -> np.ndarray:
    """(19158,) in [0, 1]: where a beard would grow: jaw, chin and upper lip, not the lips."""
    face = _Face(figure)
    # The line above which no beard grows rises from the mouth's corners towards the ears.
    line = 1.68 - 0.72 * np.clip(face.across - 0.7, 0, 1.2)
    low = np.clip((face.drop - line) / 0.4, 0, 1) * np.clip((4.6 - face.drop) / 0.6, 0, 1)
    front = np.clip((1.9 - face.back) / 0.8, 0, 1)
    return low * front * (1 - face.lips)


def region(figure: Figure) -> np.ndarray:
    """(19158,) in [0, 1]: where the character's own beard, stubble included, grows.

    Raises:
        InputError: a kind of beard that no one knows.
    """
    kind = figure.character.hair.beard
    if kind not in catalog.BEARDS:
        raise InputError(f"hair.beard: unknown beard {kind}; accepted: {', '.join(catalog.BEARDS)}")
    if kind == "none":
        return np.zeros(len(figure.vertices))
    grown = growth(figure)
    if kind in ("stubble", "full"):
        return grown
    face = _Face(figure)
    below = face.drop - _MOUTH
    corner = face.corner
    # It droops a little past the corners.
    upper = _fade(face.across, corner + 0.16, corner - 0.02) * _fade(below, 0.14, -0.02)
    if kind == "moustache":
        return grown * upper
    chin = _fade(face.across, corner + 0.05, corner - 0.15) * _fade(below, 0.05, 0.2)
    sides = _fade(np.abs(face.across - corner - 0.06), 0.18, 0.09) * _fade(below, -0.2, 0.0)
    sides *= _fade(below, 0.9, 0.7)
    return grown * np.maximum(np.maximum(upper, chin), sides)


def _fade(x: np.ndarray, zero: float, one: float) -> np.ndarray:
    """Smoothstep from 0 at `zero` to 1 at `one`."""
    t = np.clip((x - zero) / (one - zero), 0, 1)
    return t * t * (3 - 2 * t)
