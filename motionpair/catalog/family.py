"""What a motion family is to planning: its parameters, its words, and where it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from motionpair.catalog.ranges import Range, Words, nothing

Group = Literal["locomotion", "daily", "hands", "conversation", "sport", "dance", "floor", "company"]
GROUPS: tuple[Group, ...] = (
    "locomotion", "daily", "hands", "conversation", "sport", "dance", "floor", "company",
)  # fmt: skip


@dataclass(frozen=True)
class MotionFamily:
    """A parametric motion: its parameters with default ranges, and words for captions.

    A parameter `speed` is metres a second over the ground, `curve` radians turned a second on the way.
    """

    group: Group
    params: dict[str, Range]
    caption: str
    """Third person singular, such as `walks`."""
    seconds: tuple[float, float]
    """Shortest and longest phrase. A family performs any length, repeating itself."""
    detail: Words = nothing
    """What the parameters add to the caption, such as `briskly`."""
    close_up: bool = False
    """Reads well in a close-up of head, shoulders and hands."""
    alone: bool = False
    """Is never chained with other families: one phrase fills the clip. Whoever holds or sits on something,
    lies on the floor or touches a partner does nothing else."""
    props: tuple[str, ...] = ()
    """Things that it holds or sits on (`wardrobe.PROPS`)."""
    duet: bool = False
    """Is danced or clapped by two who touch; its parameter `role` is 0 for the first and 1 for the second."""
