"""A dress: a bodice and a flared skirt, sewn together at the waist."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from render.characters import skirt, tops, trims
from render.characters.figure import Figure
from render.characters.garments import HEM_REACH, Cut, natural_waist, ramp
from render.characters.surface import joined

_BODICES = ("bodice", "sleeveless bodice")


def dress(figure: Figure) -> Cut:
    """A dress to above the knees, with or without sleeves by the character's seed, in the T-pose."""
    joints = figure.t_joints
    waist = natural_waist(figure)
    bodice = tops.top(figure, _BODICES[figure.character.seed % 2], hem=waist)
    v = bodice.surface.vertices
    seam = min(trims.rings(bodice.surface), key=lambda ring: float(v[ring, 2].mean()))
    offset = v[seam, :2] - np.array([0.0, joints["pelvis"][1]])
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    order = np.argsort(angle)
    seam, angle = seam[order], angle[order]
    lower, uv = skirt.flared(figure, angle, v[seam, 2], np.hypot(*offset[order].T))
    # At the seam the skirt moves as the bodice does.
    below = ramp(0.0, 0.06, waist - lower.vertices[:, 2])[:, None]
    rows = len(lower.vertices) // len(seam)
    own = np.tile(bodice.surface.values[seam], (rows, 1))
    lower = replace(lower, values=own + below * (lower.values - own))
    count = len(lower.vertices)
    plain = {
        "cloth_uv": uv,
        "cloth_uv2": uv,
        "cloth_side": np.full(count, -1.0),
        "hem": np.minimum(lower.vertices[:, 2] - lower.vertices[:, 2].min(), HEM_REACH),
    }
    hip = float(joints["left_hip"][2]) - 0.03

    def covers(p: np.ndarray) -> np.ndarray:
        above = bodice.covers(np.column_stack([p[:, :2], np.maximum(p[:, 2], waist + 0.05)]))
        return np.where(p[:, 2] > waist, above, np.minimum(p[:, 2] - hip, 0.3 - np.abs(p[:, 0])))

    bodice.attributes["hem"][v[:, 2] < waist + HEM_REACH] = HEM_REACH  # the seam is no hem
    attributes = {
        name: np.concatenate([values, plain.get(name, np.zeros((count, *values.shape[1:])))])
        for name, values in bodice.attributes.items()
    }
    return Cut(joined([bodice.surface, lower]), covers(figure.t_vertices) > 0, attributes, covers)
