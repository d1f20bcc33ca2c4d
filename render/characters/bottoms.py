"""Trousers and shorts."""

from __future__ import annotations

import numpy as np

from render.characters.drape import hang
from render.characters.figure import Figure
from render.characters.garments import (
    Cut,
    crotch,
    cut,
    eased,
    hem_distance,
    margin,
    off_skin,
    panels,
    ramp,
    tights,
    waist_height,
)
from render.characters.surface import Surface

_LEG = 0.06
"""Metres of leg that shorts have at least."""
_BREAK = 0.22  # metres that the hem of trousers rises a metre forwards


def trousers(figure: Figure, tuck: float | None = None) -> Cut:
    """Trousers to the ankle, or, where `tuck` is a height in metres, gathered into boots that end there."""
    joints = figure.t_joints
    ankle = joints["left_ankle"][2]
    if tuck is None:
        return _legs(figure, ankle - 0.022, taper=0.05, breaks=True)
    return _legs(figure, tuck - 0.05, taper=0.05, gathered=tuck)


def shorts(figure: Figure) -> Cut:
    """Shorts to above the knee; longer where thighs meet so low that no leg would be left of them."""
    hip, knee = figure.t_joints["left_hip"], figure.t_joints["left_knee"]
    hem = float(knee[2] + 0.18 * (hip[2] - knee[2]))
    return _legs(figure, min(hem, crotch(figure) - _LEG), taper=-0.03)


def _legs(
    figure: Figure, hem: float, taper: float, gathered: float | None = None, breaks: bool = False
) -> Cut:
    joints = figure.t_joints
    hip = joints["left_hip"]
    waist = waist_height(figure)

    def fields(p: np.ndarray) -> np.ndarray:
        # In front the hem rests on the instep; at the heel it is lower.
        rise = _BREAK * (joints["left_ankle"][1] - p[:, 1]) if breaks else 0.0
        return np.stack([p[:, 2] - hem - rise, waist - p[:, 2]], axis=1)

    surface = eased(cut(tights(figure), fields), 0.004)
    fork = crotch(figure)
    vertices = surface.vertices.copy()
    for side in (1.0, -1.0):
        axis = hip * (side, 1, 1)
        own = (vertices[:, 0] * side > 0) & (vertices[:, 2] < fork + 0.02)
        points = vertices[:, :2] - axis[:2]
        radii = hang(points, -vertices[:, 2], own, -fork, -hem, taper=taper, ease=0.004)
        share = ramp(fork, fork - 0.08, vertices[:, 2]) * own
        if gathered is not None:  # the cloth bulges over the boots and is close to the leg inside them
            share = share * ramp(gathered + 0.004, gathered + 0.06, vertices[:, 2])
        radius = np.hypot(*points.T)
        grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
        vertices[:, :2] = axis[:2] + points * grow[:, None]
        # Each leg keeps to its own side of the middle.
        near = own & (vertices[:, 2] < fork - 0.01)
        vertices[near, 0] = side * np.maximum(vertices[near, 0] * side, 0.004)
    surface = off_skin(figure, surface.moved(vertices), 0.005)
    covers = margin(fields, (0.04, 0.03))
    return Cut(surface, covers(figure.t_vertices) > 0, _attributes(figure, surface, fork), covers)


def _attributes(figure: Figure, surface: Surface, fork: float) -> dict[str, np.ndarray]:
    v = surface.vertices
    hip = figure.t_joints["left_hip"]
    side = np.where(v[:, 0] >= 0, 1.0, -1.0)
    legs = panels(v[:, 0] - side * hip[0], v[:, 1] - hip[1], v[:, 2])
    legs[:, 0] += side * hip[0]
    seat = panels(v[:, 0], v[:, 1] - hip[1], v[:, 2])
    share = ramp(fork + 0.06, fork - 0.06, v[:, 2])[:, None]
    uv = seat + share * (legs - seat)
    return {
        "cloth_uv": uv,
        "cloth_uv2": uv,
        "cloth_side": np.full(len(uv), -1.0),
        "hem": hem_distance(surface),
    }
