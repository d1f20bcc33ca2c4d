"""What a pose estimator looks at: one performer of an exact clip, in the picture that it is filmed in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.characters.baked import BakedCharacter
from render.scene import CameraTrack, Pose


@dataclass(frozen=True)
class View:
    """A performer of the exact clip as its camera sees it, over T frames.

    character, pose: the performer's body and how it moves, world. position, heading: where it stands, as in
    `specs.Performer`: an estimate's root is relative to them. camera: the clip's camera. depth: (T, h, w)
    float32 metres along the viewing axis, inf where nobody is; index: (T, h, w) uint8, 0 nobody, i + 1 the
    clip's i-th performer; both the picture at a fraction of its size. ordinal: which
    performer this is, from 0.
    """

    character: BakedCharacter
    pose: Pose
    position: tuple[float, float]
    heading: float
    camera: CameraTrack
    depth: np.ndarray
    index: np.ndarray
    ordinal: int
