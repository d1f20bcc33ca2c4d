"""Parked cars."""

from __future__ import annotations

import math

import numpy as np

from render.engines.blender.environments import surfaces
from render.engines.blender.environments.shapes import Solid
from render.engines.blender.shader import Rgb

_HATCH = (
    # x, half width, bottom, shoulder: metres; x from the nose to the tail
    ((-2.02, 0.62, 0.36, 0.55), (-1.95, 0.74, 0.30, 0.68), (-1.55, 0.83, 0.26, 0.78),
     (-0.85, 0.86, 0.26, 0.90), (0.0, 0.87, 0.26, 0.95), (1.2, 0.86, 0.26, 0.98),
     (1.75, 0.82, 0.30, 0.98), (1.98, 0.74, 0.36, 0.92),
     (2.02, 0.66, 0.42, 0.80)),
    # x, half width at the shoulder, at the roof, roof height
    ((-0.95, 0.80, 0.78, 0.90), (-0.28, 0.80, 0.62, 1.38), (0.35, 0.81, 0.63, 1.46), (1.15, 0.80, 0.62, 1.42),
     (1.85, 0.77, 0.70, 0.99)),
)  # fmt: skip
_SALOON = (
    ((-2.25, 0.62, 0.36, 0.55), (-2.18, 0.76, 0.30, 0.68), (-1.70, 0.86, 0.25, 0.76),
     (-0.95, 0.89, 0.25, 0.86), (0.0, 0.90, 0.25, 0.92), (1.3, 0.89, 0.25, 0.95),
     (2.0, 0.84, 0.30, 0.95), (2.22, 0.76, 0.36, 0.88),
     (2.26, 0.66, 0.42, 0.76)),
    ((-1.05, 0.83, 0.80, 0.87), (-0.25, 0.83, 0.63, 1.34), (0.35, 0.84, 0.64, 1.41), (0.95, 0.83, 0.62, 1.36),
     (1.75, 0.80, 0.74, 0.95)),
)  # fmt: skip


def car(paint: Rgb, rng: np.random.Generator, dark: bool) -> Solid:
    """A car along X, its nose at −X, with lit parking lights where it is `dark`."""
    body, cabin = (_HATCH, _SALOON)[int(rng.integers(2))]
    enamel = surfaces.plain("enamel", paint, 0.18, 0.10)
    glass = surfaces.plain("glass", (0.015, 0.02, 0.024), 0.12, 0.12)
    rubber = surfaces.plain("rubber", (0.014, 0.014, 0.015), 0.8)
    alloy = surfaces.plain("alloy", (0.35, 0.36, 0.37), 0.35)
    trim = surfaces.plain("trim", (0.03, 0.03, 0.032), 0.5)
    front = surfaces.glowing("headlight", (1.0, 0.93, 0.80), 2.0 if dark else 0.75)
    rear = surfaces.glowing("tail light", (0.80, 0.03, 0.02), 1.4 if dark else 0.45)
    solid = Solid()
    solid.sheet(np.array([_hull(*station) for station in body]), enamel)
    for station, closing in ((body[0], trim), (body[-1], enamel)):
        ring = _hull(*station)
        fan = np.stack([ring, np.broadcast_to(ring.mean(axis=0), ring.shape)])
        solid.sheet(fan, closing, smooth=False)
    panes = np.array([_hood(*station) for station in cabin])
    solid.sheet(panes, glass, smooth=False)
    # The roof is painted, and so are the pillars.
    roof = panes[1:-1, 2:5] + (0.0, 0.0, 0.012)
    solid.sheet(roof, enamel)
    for i in range(len(cabin)):
        for side in (1, 5):
            foot, top = panes[i, 0 if side == 1 else 6], panes[i, 2 if side == 1 else 4]
            if i not in (0, len(cabin) - 1):
                solid.column([foot, top], [0.03, 0.025], enamel, 5, False)
    for start, end in ((0, 1), (-2, -1)):
        for side in (2, 4):
            solid.column([panes[start, side], panes[end, side]], [0.028, 0.028], enamel, 5, False)
    wheel = 0.31
    for x in (body[2][0] + 0.28, body[-3][0] - 0.28):
        for side in (-1, 1):
            y = side * 0.80
            solid.column(
                [(x, y - side * 0.06, wheel), (x, y + side * 0.10, wheel)], [wheel, wheel], rubber, 16
            )
            solid.column([(x, y + side * 0.10, wheel), (x, y + side * 0.115, wheel)], [0.19, 0.17], alloy, 12)
    nose, tail = body[0][0], body[-1][0]
    for side in (-1, 1):
        solid.box((nose + 0.03, side * 0.55, 0.60), (0.10, 0.26, 0.12), front)
        solid.box((tail - 0.02, side * 0.60, 0.78), (0.08, 0.16, 0.20), rear)
        solid.box((-0.62, side * 0.95, 0.98), (0.10, 0.14, 0.10), enamel)
    solid.box((nose - 0.01, 0, 0.42), (0.04, 0.50, 0.11), alloy)
    solid.box((tail + 0.01, 0, 0.60), (0.04, 0.50, 0.11), alloy)
    return solid


def _hull(x: float, half: float, low: float, high: float) -> np.ndarray:
    """(13, 3) a rounded section across the body, from under its left side over the top."""
    angle = np.linspace(-0.25 * math.pi, 1.25 * math.pi, 13)
    across, up = np.cos(angle), np.sin(angle)
    # A superellipse: fuller at its corners than a circle.
    across, up = (np.sign(c) * np.abs(c) ** 0.45 for c in (across, up))
    middle, tall = (low + high) / 2, (high - low) / 2
    return np.stack([np.full(13, x), half * across, middle + tall * up], -1)


def _hood(x: float, shoulder: float, roof: float, height: float) -> np.ndarray:
    """(7, 3) a section across the windows and the roof."""
    base = min(height, 0.92)
    middle = (base + height) / 2
    mean = (shoulder + roof) / 2 + 0.02
    rows = ((shoulder, base), (mean, middle), (roof, height), (0.0, height + 0.03), (-roof, height),
            (-mean, middle), (-shoulder, base))  # fmt: skip
    return np.array([(x, y, z) for y, z in rows])
