"""A synthetic performer before a camera, as an estimator sees it."""

from __future__ import annotations

import numpy as np
from mannequins import BODIES

from motionpair.specs import Camera
from render import cameras
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.depth import depth_buffer
from render.estimators import View
from render.motion import Motion
from render.retarget import retarget
from render.scene import Actor


def view_of(
    motion: Motion,
    baked: BakedCharacter = BODIES["average"],
    framing: str = "full_body",
    azimuth: float = 0.3,
    distance: float = 1.0,
    heading: float = 0.2,
    height: int = 896,
) -> View:
    """A motion on a body, before a camera that stands `distance` times as far away as it needs to."""
    position = (0.3, -0.2)
    pose = retarget(motion, baked, position, heading)
    body = baked.part("body")
    outline = skin(body, baked.rig, pose)
    face = skin(body, baked.rig, pose, baked.face_vertices)
    margin = 0.5 - 0.45 / distance
    how = Camera("static", framing, azimuth, 0.1, 50.0, margin, 0.0, 0.0, 1)  # type: ignore[arg-type]
    hands = skin(body, baked.rig, pose, np.concatenate(baked.hand_vertices))
    width = round(height * 512 / 896)
    track = cameras.solve(how, [outline], face, width, height, motion.frames, motion.fps, hands=hands)
    depth, index = depth_buffer([Actor(baked, pose, 1)], track)
    return View(baked, pose, position, heading, track, depth, index, 0)
