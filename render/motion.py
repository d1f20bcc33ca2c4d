"""A motion: what a body does, without the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, cast

import numpy as np

from motionpair.catalog.ranges import swap_sides
from render import rotations as rot
from render.skeleton import CONTACT_POINTS, FACE_UNITS, JOINTS

_Name = TypeVar("_Name", bound=str)


@dataclass(frozen=True)
class Touch:
    """A hand that touches something, kept when the motion is put on another body.

    hand: whose palm. what: `ground`, or a hand of the partner (who stands second or first in the clip).
    weight: (T,) 0 free to 1 touching, eased between.
    """

    hand: Literal["left", "right"]
    what: Literal["ground", "partner_left", "partner_right"]
    weight: np.ndarray


@dataclass(frozen=True)
class Held:
    """A thing that a motion holds, lifts or sits on.

    kind: one of catalog.PROPS. place: what carries it, by frame: (T,) of `left_hand`, `right_hand`,
        `both_hands` or `ground`, as indices into HELD_PLACES.
    """

    kind: str
    place: np.ndarray


Support = Literal["feet", "knees", "toes", "trunk"]
"""What carries a body beside its hands: the soles; the knees; the balls of the feet with the legs stretched
back; or it lies."""

NEAR = ("other_hand", "mouth", "ear", "chin", "load", "thigh")
"""What of the body's own, or on its ground, a hand can keep its place to: the other palm, the mouth, the ear
on the hand's side, the chin, the box that is lifted from where it stands, and the top of the thigh."""

HELD_PLACES = ("ground", "left_hand", "right_hand", "both_hands")


@dataclass(frozen=True)
class Motion:
    """Joint rotations of the canonical skeleton over T frames, free of any character.

    fps: frames a second.
    rotations: (T, 55, 4) wxyz, local: relative to the parent and to the canonical T-pose.
    root: (T, 3) the pelvis's translation from standing at the origin, in units of hip height; z = 0 is
        the height of the T-pose.
    expression: (T, 52) face units in [0, 1], order of skeleton.FACE_UNITS.
    contacts: (T, 4) bool, order of skeleton.CONTACT_POINTS: planted on the ground.
    events: (start_s, end_s, words), seconds from the first frame: what happens when.
    touches: hands on the ground or on a partner's hands.
    held: things in hands or on the ground.
    support: what carries the body. kneeling: (T, 2) bool, left and right knee planted on the ground; None
        without any.
    near: (T, 2, 6) how firmly, 0 to 1, the left and the right palm keep their place to what stands in NEAR
        when the motion is put on another body: there lies where contact is; None for nowhere.
    """

    fps: int
    rotations: np.ndarray
    root: np.ndarray
    expression: np.ndarray
    contacts: np.ndarray
    events: tuple[tuple[float, float, str], ...] = ()
    touches: tuple[Touch, ...] = ()
    held: tuple[Held, ...] = ()
    support: Support = "feet"
    kneeling: np.ndarray | None = None
    near: np.ndarray | None = None

    def __post_init__(self) -> None:
        t = len(self.rotations)
        shapes = {
            "rotations": (t, len(JOINTS), 4),
            "root": (t, 3),
            "expression": (t, len(FACE_UNITS)),
            "contacts": (t, len(CONTACT_POINTS)),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {getattr(self, name).shape}")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.rotations)

    def mirrored(self) -> Motion:
        """The motion as a mirror shows it: left and right swapped, in rotations, way, face, contacts,
        touches, things held and words."""
        return replace(
            self,
            rotations=rot.mirrored(self.rotations[:, _JOINTS_MIRRORED]),
            root=self.root * np.array([-1.0, 1.0, 1.0]),
            expression=self.expression[:, _UNITS_MIRRORED],
            contacts=self.contacts[:, _CONTACTS_MIRRORED],
            events=tuple((start, end, swap_sides(words)) for start, end, words in self.events),
            touches=tuple(replace(t, hand=_swapped(t.hand), what=_swapped(t.what)) for t in self.touches),
            held=tuple(replace(h, place=_PLACES_MIRRORED[h.place]) for h in self.held),
            kneeling=None if self.kneeling is None else self.kneeling[:, ::-1],
            near=None if self.near is None else self.near[:, ::-1],
        )


def _swapped(name: _Name) -> _Name:
    """A name with its side swapped. A gaze unit's In and Out are seen from its eye, so they stay."""
    for one, other in (("left", "right"), ("right", "left"), ("Left", "Right"), ("Right", "Left")):
        if one in name:
            return cast(_Name, name.replace(one, other))
    return name


def _other_side(names: Sequence[str]) -> np.ndarray:
    """Where the other side's entry of each name stands."""
    return np.array([names.index(_swapped(name)) for name in names])


_JOINTS_MIRRORED = _other_side(JOINTS)
_UNITS_MIRRORED = _other_side(FACE_UNITS)
_CONTACTS_MIRRORED = _other_side(CONTACT_POINTS)
_PLACES_MIRRORED = _other_side(HELD_PLACES)
