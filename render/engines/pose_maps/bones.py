"""Which bones a pose map draws, from which points, in which colours and how thick.

The conventions are SCAIL's where its code tells them (zai-org/SCAIL-Pose, NLFPoseExtract/nlf_render.py and
nlf_draw.py): neck to shoulders, elbows and wrists; neck straight to hips, knees and ankles; neck to head;
nose, eyes and ears; warm colours on the right, cold ones on the left; cylinders of 21.5 mm with round ends;
of two people one paler. Its colours are meant linearly: c / 300 + 0.15 of what is listed.

Three things differ, because all is drawn in 3D here. SCAIL paints hands and face flat over the cylinders,
as DWPose finds them, and so shows hands that a body hides; here fingers and face are cylinders as well, and
hide and are hidden. Each finger has one hue inside the span that DWPose gives it, the left hand's apart from
the right's, so that hands that cross can be told. Feet are drawn, so that they can be seen to turn.
"""

from __future__ import annotations

import colorsys
import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from render.skeleton import JOINT_INDEX, JOINTS

Part = Literal["torso", "arm", "leg", "head", "hand"]

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
ADDED = (
    "nose", "left_ear", "right_ear", "left_toe", "right_toe",
    *(f"{side}_{finger}_tip" for side in ("left", "right") for finger in FINGERS),
)  # fmt: skip
"""Points beside the 55 joints that bones end at; `render.engines.pose_maps.points` places them."""
POINT_INDEX = JOINT_INDEX | {name: len(JOINTS) + i for i, name in enumerate(ADDED)}

LIMB, FACE, FINGER, EYE = 0.0160, 0.0065, 0.0050, 0.0085
"""Radii, in units of a body's size (`points.sizes`). SCAIL's 21.5 mm are LIMB of somebody of 1.7 m."""


@dataclass(frozen=True)
class Bone:
    """A cylinder with round ends between two points (indices into POINT_INDEX's order), or a ball.

    colour: (r, g, b) uint8 sRGB where it faces the camera. radius: in units of the body's size.
    """

    name: str
    part: Part
    start: int
    end: int
    colour: tuple[int, int, int]
    radius: float


def paler(colours: np.ndarray, share: float) -> np.ndarray:
    """Colours (..., 3) mixed with white, the same hue."""
    return colours + share * (255.0 - colours)


PALER = (0.0, 0.45, 0.25)
"""How much white is mixed into the colours of the first, second, third performer, and so on around.
SCAIL-Pose draws one of two people in pale colours."""


def _limbs() -> list[Bone]:
    rows: list[tuple[Part, str, str, tuple[int, int, int]]] = [
        ("torso", "neck", "right_shoulder", (255, 0, 0)),
        ("torso", "neck", "left_shoulder", (0, 255, 255)),
        ("arm", "right_shoulder", "right_elbow", (255, 85, 0)),
        ("arm", "right_elbow", "right_wrist", (255, 170, 0)),
        ("arm", "left_shoulder", "left_elbow", (0, 170, 255)),
        ("arm", "left_elbow", "left_wrist", (0, 85, 255)),
        ("torso", "neck", "right_hip", (180, 255, 0)),
        ("leg", "right_hip", "right_knee", (0, 255, 0)),
        ("leg", "right_knee", "right_ankle", (0, 255, 85)),
        ("torso", "neck", "left_hip", (0, 0, 255)),
        ("leg", "left_hip", "left_knee", (85, 0, 255)),
        ("leg", "left_knee", "left_ankle", (170, 0, 255)),
        ("head", "neck", "head", (150, 150, 150)),
        # Not SCAIL's: a foot's hue follows its leg's.
        ("leg", "right_ankle", "right_toe", (0, 255, 170)),
        ("leg", "left_ankle", "left_toe", (230, 0, 255)),
    ]
    return [_bone(part, start, end, colour, LIMB) for part, start, end, colour in rows]


def _face() -> list[Bone]:
    right, left = "right_eye_smplhf", "left_eye_smplhf"
    rows = [
        ("head", "nose", (150, 150, 150)),
        ("nose", right, (255, 0, 170)),
        (right, "right_ear", (255, 0, 85)),
        ("nose", left, (170, 120, 255)),
        (left, "left_ear", (110, 110, 255)),
    ]
    bones = [_bone("head", start, end, colour, FACE) for start, end, colour in rows]
    # SCAIL dots the face's landmarks in white; two are enough to see where somebody looks.
    return bones + [_bone("head", eye, eye, (255, 255, 255), EYE) for eye in (right, left)]


def _hands() -> list[Bone]:
    bones = []
    for side, shift in (("right", 0.0), ("left", 0.1)):
        for i, finger in enumerate(FINGERS):
            # DWPose colours a hand's twenty bones by hue, 0 to 0.95: a finger spans 0.15 of it.
            colour = _hue(0.2 * i + shift)
            chain = [f"{side}_wrist", *(f"{side}_{finger}{k}" for k in (1, 2, 3)), f"{side}_{finger}_tip"]
            bones += [_bone("hand", a, b, colour, FINGER) for a, b in itertools.pairwise(chain)]
    return bones


def _hue(hue: float) -> tuple[int, int, int]:
    r, g, b = colorsys.hsv_to_rgb(hue, 1.0, 1.0)
    return round(255 * r), round(255 * g), round(255 * b)


def _bone(part: Part, start: str, end: str, colour: tuple[int, int, int], radius: float) -> Bone:
    lifted = tuple(min(255, round(255 * (c / 300 + 0.15))) for c in colour)
    return Bone(f"{start} {end}", part, POINT_INDEX[start], POINT_INDEX[end], lifted, radius)  # type: ignore[arg-type]


BONES: tuple[Bone, ...] = (*_limbs(), *_face(), *_hands())
"""All that is drawn of one performer."""
