"""Where hair grows: the head as azimuth and elevation about its middle, and the hairline on it.

Azimuth is 0 at the nose and grows to the left ear; elevation is 90° at the crown. Lengths are an adult's,
times `Scalp.size`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter

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

    @cached_property
    def _skull(self) -> LinearNDInterpolator:
        v = self.head.vertices
        azimuth, elevation = self.angles(v)
        radius = np.linalg.norm(v - self.middle, axis=1)
        outer = np.concatenate([np.stack([azimuth + turn, elevation], axis=1) for turn in (-360, 0, 360)])
        raw = LinearNDInterpolator(outer, np.tile(radius, 3))
        grid_a, grid_e = np.meshgrid(np.arange(-200, 201, 5.0), np.arange(-60, 91, 5.0), indexing="ij")
        values = raw(grid_a, np.minimum(grid_e, 88))
        values = np.where(np.isfinite(values), values, HEAD_RADIUS * self.size)
        values = gaussian_filter(values, (1.5, 1.0), mode="nearest")
        return LinearNDInterpolator(np.stack([grid_a.ravel(), grid_e.ravel()], axis=1), values.ravel())

    def skull(self, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
        """Metres from the head's middle to the skin in a direction, degrees; ears are smoothed away."""
        return self._skull(azimuth, np.clip(elevation, -60, 90))

    def place(self, azimuth: np.ndarray, elevation: np.ndarray, radius: np.ndarray | float) -> np.ndarray:
        """(..., 3) metres: the point in a direction, degrees, at a distance from the head's middle."""
        a, e = np.radians(azimuth), np.radians(elevation)
        away = np.stack([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)], axis=-1)
        return self.middle + np.asarray(radius)[..., None] * away

    def angles(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth and elevation of points (N, 3), degrees."""
        d = points - self.middle
        level = np.hypot(d[:, 0], d[:, 1])
        # Contiguous: on a view with gaps numpy's arctan2 rounds by where its result happens to lie in memory.
        x, y, z = np.ascontiguousarray(d.T)
        return np.degrees(np.arctan2(x, -y)), np.degrees(np.arctan2(z, level))

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
