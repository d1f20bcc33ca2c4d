"""Contact on the mannequin: palms brought exactly to the face, to each other, or to a thing on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from render import kinematics, mannequin
from render import rotations as rot
from render.arms import arm_of, reach
from render.motions.things import LOAD
from render.motions.track import Track, with_legs
from render.skeleton import JOINT_INDEX, PARENTS

SIDES = ("left", "right")
THIGH_SHARE = 0.5
"""Where hands rest on a thigh, of the way from hip to knee."""
_LANDMARKS = {
    "mouth": mannequin.MOUTH,
    "ear": mannequin.EAR,
    "chin": mannequin.CHIN,
    "thigh": np.array([0.0, -0.075, -THIGH_SHARE * mannequin.THIGH]),
}
_SOFT, _MOST = 0.93, 0.985
"""Shares of an arm's length from which it stretches less and less, and that it stretches to."""
_CLOSE, _FOLDED = 0.29, 0.21
"""The same for an arm that folds."""


@dataclass(frozen=True)
class Contact:
    """A palm's wanted place.

    side: 0 left, 1 right. what: one of `motion.NEAR`, or `held` for a thing in the other hand. offset: (N, 3)
    metres from it, in the head's, the heading's or the holding hand's frame. weight: (N,). grip: (3,) metres
    from the palm to the point that is meant, in a left hand's T-pose: along the fingers, away from the thumb,
    out of the back.
    """

    side: int
    what: str
    offset: np.ndarray
    weight: np.ndarray
    grip: np.ndarray


def brought(contacts: Sequence[Contact], track: Track) -> np.ndarray:
    """Local rotations (N, 55, 4) of a track's joints with arms whose palms are where `contacts` want them.

    Contacts with the other palm come after all others. One with a thigh wants a body that stays in place.
    """
    pelvis = rot.exp(track.pelvis)
    root = track.sway + np.array([0.0, 0.0, mannequin.HIP_HEIGHT])
    local = track.joints.copy()
    if any(contact.what == "thigh" for contact in contacts):
        root = with_legs(track, np.arange(len(root)), root, pelvis, local)
    local[:, JOINT_INDEX["pelvis"]] = pelvis
    turns = kinematics.global_rotations(local, PARENTS)
    for contact in sorted(contacts, key=lambda c: c.what in ("other_hand", "held")):
        places = kinematics.joint_positions(turns, mannequin.OFFSETS, PARENTS, root)
        own, other = palm(turns, places, contact.side), palm(turns, places, 1 - contact.side)
        wrist = JOINT_INDEX[f"{SIDES[contact.side]}_wrist"]
        own = own + rot.rotate(turns[:, wrist], contact.grip * mirror(contact.side))
        if contact.what == "held":
            turn = turns[:, JOINT_INDEX[f"{SIDES[1 - contact.side]}_wrist"]]
            goal = other + rot.rotate(turn, contact.offset * mirror(1 - contact.side))
            turns = moved(turns, places, contact.side, contact.weight[:, None] * (goal - own))
        elif contact.what == "other_hand":
            way = 0.5 * contact.weight[:, None] * (other + contact.offset - own)
            turns = moved(turns, places, contact.side, way)
            turns = moved(turns, places, 1 - contact.side, -way)
        else:
            goal = _landmark(contact, turns, places)
            turns = moved(turns, places, contact.side, contact.weight[:, None] * (goal - own))
    out = kinematics.local_rotations(turns, PARENTS)
    legs = [JOINT_INDEX[f"{side}_{name}"] for side in SIDES for name in ("hip", "knee", "ankle", "foot")]
    out[:, [JOINT_INDEX["pelvis"], *legs]] = track.joints[:, [JOINT_INDEX["pelvis"], *legs]]
    return out


def palm(turns: np.ndarray, places: np.ndarray, side: int) -> np.ndarray:
    """(N, 3) the middle of a palm's skin."""
    wrist = JOINT_INDEX[f"{SIDES[side]}_wrist"]
    return places[:, wrist] + rot.rotate(turns[:, wrist], mannequin.PALMS[side])


def landmark(what: str, side: int) -> tuple[int, np.ndarray]:
    """The joint that mouth, ear, chin or thigh turns with, and (3,) the way to it on the mannequin."""
    joint = JOINT_INDEX[f"{SIDES[side]}_hip"] if what == "thigh" else JOINT_INDEX["head"]
    return joint, _LANDMARKS[what] * mirror(side)


def mirror(side: int) -> np.ndarray:
    """(3,) what takes a vector of the left side to `side`."""
    return np.array([1.0 - 2.0 * side, 1.0, 1.0])


def moved(turns: np.ndarray, places: np.ndarray, side: int, way: np.ndarray) -> np.ndarray:
    """Turns of the mannequin with a hand shifted by `way` (N, 3), turned as before."""
    name = SIDES[side]
    arm = arm_of(name, mannequin.OFFSETS, -float(mannequin.PALMS[side, 2]))  # type: ignore[arg-type]
    shoulder, wrist = (places[:, JOINT_INDEX[f"{name}_{joint}"]] for joint in ("shoulder", "wrist"))
    goal = within_reach(shoulder, wrist + way, arm.length)
    return reach(arm, turns, shoulder, goal, turns[:, JOINT_INDEX[f"{name}_wrist"]])


def within_reach(shoulder: np.ndarray, wrist: np.ndarray, length: float) -> np.ndarray:
    """Wrists (N, 3) no farther from the shoulder than an arm of `length` goes without locking its elbow, and
    no nearer than it folds."""
    to = wrist - shoulder
    share = np.linalg.norm(to, axis=-1, keepdims=True) / length
    far, near = np.maximum(share - _SOFT, 0.0), np.maximum(_CLOSE - share, 0.0)
    room = _MOST - _SOFT
    soft = np.where(far > 0, _SOFT + room * (1 - np.exp(-far / room)), share)
    room = _CLOSE - _FOLDED
    soft = np.where(near > 0, _CLOSE - room * (1 - np.exp(-near / room)), soft)
    return shoulder + to * (soft / np.maximum(share, 1e-6))


def _landmark(contact: Contact, turns: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(N, 3) where the palm is wanted."""
    if contact.what == "load":
        return LOAD * mannequin.HIP_HEIGHT + contact.offset
    joint, way = landmark(contact.what, contact.side)
    if contact.what == "thigh":
        return places[:, joint] + rot.rotate(turns[:, joint], way) + contact.offset
    return places[:, joint] + rot.rotate(turns[:, joint], way + contact.offset)
