"""Where hair grows: the head as azimuth and elevation about its middle, and the hairline on it.

Azimuth is 0 at the nose and grows to the left ear; elevation is 90° at the crown. Lengths are an adult's,
times `Scalp.size`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from render.characters.figure import Figure
from render.characters.surface import Surface

HEAD_RADIUS = 0.095
"""Metres from the head's middle to the scalp, about, of an adult."""

_HAIRLINE = np.array(
    [(0, 37), (20, 38), (40, 33), (56, 19), (68, 2), (78, -14),
     (90, 4), (104, 2), (125, -22), (150, -36), (180, -40)],
    float,
)  # fmt: skip
"""Elevation of the hairline over azimuth, degrees: forehead, temple, sideburn, over the ear, nape."""
_ADULT_EYES = 0.062  # metres between the eyes


@dataclass(frozen=True)
class Scalp:
    """A figure's head as hair needs it, in bind pose."""

    figure: Figure

    @cached_property
    def size(self) -> float:
        """This head against an adult's."""
        return float(np.linalg.norm(self.figure.eyes[0] - self.figure.eyes[1])) / _ADULT_EYES

    @cached_property
    def middle(self) -> np.ndarray:
        """(3,) the head's middle, behind and above the eyes."""
        return self.figure.eyes.mean(axis=0) + self.size * np.array([0.0, 0.082, 0.018])

    @cached_property
    def head(self) -> Surface:
        """The skin of head and neck; `values` (V, 1) is the distance inside the hairline."""
        of_head = self.figure.weight_of("head", "neck") > 0.2
        faces = self.figure.basis.groups["body"]
        faces = faces[of_head[faces].all(axis=1)]
        return Surface.of(self.figure.vertices, faces, self.inside(self.figure.vertices)[:, None])

    @cached_property
    def hairy(self) -> Surface:
        """The skin that hair grows from, cut along the hairline."""
        return self.head.clip(self.head.values[:, 0])

    def angles(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth and elevation of points (N, 3), degrees."""
        d = points - self.middle
        level = np.hypot(d[:, 0], d[:, 1])
        return np.degrees(np.arctan2(d[:, 0], -d[:, 1])), np.degrees(np.arctan2(d[:, 2], level))

    def hairline(self, azimuth: np.ndarray) -> np.ndarray:
        """Elevation of the hairline, degrees."""
        return np.interp(np.abs(azimuth), _HAIRLINE[:, 0], _HAIRLINE[:, 1])

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Metres inside the hairline, about."""
        azimuth, elevation = self.angles(points)
        return np.radians(elevation - self.hairline(azimuth)) * HEAD_RADIUS * self.size

    def mask(self) -> np.ndarray:
        """(19158,) 1 where hair grows, fading over the hairline."""
        inside = self.inside(self.figure.vertices)
        of_head = self.figure.weight_of("head", "neck")
        return np.clip(0.5 + inside / (0.012 * self.size), 0, 1) * np.clip(2 * of_head, 0, 1)
