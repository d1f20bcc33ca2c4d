"""What a performer is seen to do, as plain facts, and the words for them.

`render.observations` measures the facts on a staged clip; `motionpair.captions` puts them into sentences.
Left and right of a body are the performer's own; those of the picture are said to be the picture's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Stance = Literal[
    "upright", "standing", "moving", "feet_apart", "bent_knees", "crouching", "stride", "one_foot",
    "airborne", "sitting", "all_fours", "plank", "low_plank", "push_up", "on_back", "on_belly", "on_side",
    "unclear",
]  # fmt: skip
"""How a body is carried. standing: on both feet, legs neither straight nor plainly bent; moving: on its way,
between two steps; stride: one foot ahead of the other; one_foot: the other is off the ground; all_fours:
hands and knees; plank: hands and toes with straight arms, low_plank: with bent ones, push_up: in between."""
Side = Literal["", "left", "right"]
Lean = Literal["", "forward", "deep", "back", "left", "right"]
"""Where an upright trunk leans; deep: far forward."""
HandPlace = Literal[
    "overhead", "raised", "face", "chest", "front", "aside", "hip", "hanging", "behind", "ground", "partner",
    "",
]  # fmt: skip
"""Where a hand is. overhead: above the head; raised: above the shoulder; face: close to it; chest, front:
before the chest, or ahead of it at arm's length; aside: out to the side at the height of the shoulder; hip:
at the height of the hips; hanging: below them with a straight arm; `""`: nowhere that is clear."""
Facing = Literal["camera", "half_left", "half_right", "left", "right", "away", ""]
"""Where a body faces in the picture: half_left: between the camera and its left; left: in profile."""


@dataclass(frozen=True)
class Posture:
    """A body at one moment.

    side: of `stride` the foot ahead, of `one_foot` the foot in the air, of `on_side` the side that lies
    below. hands: of the left and the right hand. holding: what each holds (`catalog.PROPS`), or `""`; what
    both hold stands in both. smiling: plainly.
    """

    stance: Stance
    side: Side
    lean: Lean
    hands: tuple[HandPlace, HandPlace]
    holding: tuple[str, str]
    facing: Facing
    smiling: bool


@dataclass(frozen=True)
class Happening:
    """Something that happens from `start` to `end`, shares of the clip; third person, such as `waves`."""

    start: float
    end: float
    words: str


@dataclass(frozen=True)
class Observed:
    """What a clip shows of one performer.

    first, last: its posture in the first and in the last frame.
    happenings: in order of their starts.
    turned: degrees that the body turns from the first frame to the last, its left positive; 0 where it is not
        clear. travelled: metres over the ground from the first frame to the last; 0 below what is clear.
    way: where it goes in the picture, where that is clear.
    raises: whether the left and the right hand come up over the head after they were below the shoulders.
    hidden: indices of those of the character's garments that the picture does not show.
    across: where in the picture's width the trunk is in the first and the last frame, 0 left, 1 right.
    depth: metres from the camera, likewise.
    looks_down: radians that the camera looks down half-way through the clip, as solved; below 0 it looks up.
    towards: whether it is turned to another performer in most of the frames.
    """

    first: Posture
    last: Posture
    happenings: tuple[Happening, ...]
    turned: float
    travelled: float
    way: Literal["", "left", "right", "towards", "away"]
    raises: tuple[bool, bool]
    hidden: tuple[int, ...]
    across: tuple[float, float]
    depth: tuple[float, float]
    looks_down: float
    towards: bool


_STANCES: dict[str, tuple[str, ...]] = {
    "upright": ("stands upright", "stands straight"),
    "standing": ("stands on both feet", "has both feet on the ground"),
    "moving": ("is on the move", "is in motion"),
    "feet_apart": ("stands with the feet apart", "stands with the feet planted wide"),
    "bent_knees": ("stands with bent knees", "stands with the knees bent"),
    "crouching": ("crouches", "is down in a crouch"),
    "stride": ("is in mid-stride with the {side} foot ahead", "has the {side} foot well ahead of the other"),
    "one_foot": ("has the {side} foot off the ground", "stands with the {side} foot lifted"),
    "airborne": ("is in the air, both feet off the ground", "has both feet off the ground"),
    "sitting": ("sits on a stool", "is seated on a stool"),
    "all_fours": ("is down on hands and knees", "is on all fours"),
    "plank": ("is in a push-up position with straight arms", "holds a high plank on hands and toes"),
    "low_plank": ("is in a push-up position with bent arms", "is low in a push-up, elbows bent"),
    "push_up": ("is in a push-up position", "is on hands and toes, body stretched"),
    "on_back": ("lies on the back", "is lying face up"),
    "on_belly": ("lies on the belly", "is lying face down"),
    "on_side": ("lies on the {side} side", "is lying on the {side} side"),
}
_LEANS = {
    "forward": "leaning forward",
    "deep": "bent far forward",
    "back": "leaning back",
    "left": "leaning to the left",
    "right": "leaning to the right",
}
_HANDS: dict[str, tuple[str, ...]] = {
    "overhead": ("raised above the head", "high above the head"),
    "raised": ("raised above the shoulder", "held up above shoulder height"),
    "face": ("close to the face", "up near the face"),
    "chest": ("in front of the chest", "held before the chest"),
    "front": ("stretched out ahead", "reaching forward"),
    "aside": ("stretched out to the side", "out to the side"),
    "hip": ("at hip height", "by the hip"),
    "hanging": ("hanging at the side", "down at the side"),
    "behind": ("behind the back", "behind the body"),
    "ground": ("on the ground", "flat on the ground"),
    "partner": ("touching the partner's hand", "on the partner's hand"),
}
_BOTH = {
    "overhead": ("both hands raised above the head",),
    "raised": ("both hands raised above the shoulders", "both hands held up above shoulder height"),
    "face": ("both hands close to the face",),
    "chest": ("both hands in front of the chest", "both hands held before the chest"),
    "front": ("both arms stretched out ahead",),
    "aside": ("both arms stretched out to the sides",),
    "hip": ("both hands at hip height",),
    "hanging": ("both arms hanging at the sides", "both arms down at the sides"),
    "behind": ("both hands behind the back",),
    "ground": ("both hands on the ground",),
    "partner": ("both hands on the partner's hands",),
}
_FACINGS: dict[str, tuple[str, ...]] = {
    "camera": ("facing the camera", "turned to the camera"),
    "half_left": ("turned partly towards the left of the picture",),
    "half_right": ("turned partly towards the right of the picture",),
    "left": ("in profile, facing the left of the picture",),
    "right": ("in profile, facing the right of the picture",),
    "away": ("with the back to the camera",),
}


def stance(posture: Posture, pick: int) -> str:
    """`stands upright, leaning forward`: a phrase in the third person, or nothing where it is not clear."""
    if posture.stance == "unclear":
        return ""
    words = _chosen(_STANCES[posture.stance], pick).format(side=posture.side)
    return f"{words}, {_LEANS[posture.lean]}" if posture.lean else words


def hands(
    posture: Posture, whose: str, pick: int, told: tuple[bool, bool] = (True, True)
) -> list[tuple[str, str]]:
    """What each hand does, such as (`her left hand`, `raised above the head`); nothing that is not clear.

    Args:
        posture: the posture. whose: `her`, `his` or `their`. pick: which of the phrasings, any number.
        told: whether the left and the right hand are to be told.
    """
    left, right = posture.hands
    if posture.holding[0] and posture.holding[0] == posture.holding[1]:
        return [(f"a {posture.holding[0]}", "held in both hands")] if any(told) else []
    if left and left == right and not any(posture.holding) and all(told):
        who, where = _chosen(_BOTH[left], pick).split(" ", 2)[:2], _chosen(_BOTH[left], pick).split(" ", 2)[2]
        return [(" ".join(who), where)]
    out = []
    for name, place, thing, wanted in zip(
        ("left", "right"), posture.hands, posture.holding, told, strict=True
    ):
        where = _chosen(_HANDS[place], pick) if place else ""
        if thing:
            where = f"holding a {thing}" + (
                f" {_HANDS[place][0]}" if place in ("face", "chest", "hip") else ""
            )
        if where and wanted:
            out.append((f"{whose} {name} hand", where))
    return out


def facing(posture: Posture, pick: int) -> str:
    """Such as `facing the camera`, or nothing."""
    return _chosen(_FACINGS[posture.facing], pick) if posture.facing else ""


def _chosen(words: Sequence[str], pick: int) -> str:
    return words[pick % len(words)]
