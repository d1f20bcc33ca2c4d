"""Dealing: which stratum and split each slot has, and which split and look each cast member has.

All of it follows from the recipe's counts and shares alone, without a seed. Nothing is left to chance
where a count was promised: counts are exact, and shares are met within one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from motionpair.draws import deal, interleave
from motionpair.errors import InputError
from motionpair.specs import Look, Split

if TYPE_CHECKING:
    from motionpair.recipe import Recipe, Stratum

SPLITS: tuple[Split, ...] = get_args(Split)


def style(look: Look) -> str:
    """The rendering style of a look: `toon` for 2D animation, else `realistic`. A clip has one style."""
    return "toon" if look == "animation_2d" else "realistic"


@dataclass(frozen=True)
class SlotDeal:
    """For each slot, index into recipe.strata and into SPLITS: both (N,) int."""

    stratum: np.ndarray
    split: np.ndarray


@dataclass(frozen=True)
class CastDeal:
    """For each cast member, index into SPLITS and its look."""

    split: np.ndarray
    looks: tuple[Look, ...]


def deal_slots(recipe: Recipe) -> SlotDeal:
    """Strata interleave over the slots, so that any prefix (`--limit`) holds each in proportion to its
    count; splits interleave within each stratum.
    """
    counts = [s.count for s in recipe.strata]
    stratum = interleave(counts)
    by_stratum = interleave(deal(sum(counts), _shares(recipe)))
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(stratum), dtype=np.int64)
    for s in range(len(counts)):
        mine = np.flatnonzero(stratum == s)
        place[mine] = first[s] + np.arange(len(mine))
    return SlotDeal(stratum, by_stratum[place])


def deal_cast(recipe: Recipe) -> CastDeal:
    """Members go to splits by the splits' shares, but at least as many as the split's strata need; within
    each split, looks by their weights.

    Raises:
        InputError: the cast is too small for the pairs of a split.
    """
    slots = deal_slots(recipe)
    needs = [
        _least_members(
            recipe,
            [s for i, s in enumerate(recipe.strata) if np.any((slots.stratum == i) & (slots.split == p))],
        )
        for p in range(len(SPLITS))
    ]
    if sum(needs) > recipe.cast.size:
        asked = ", ".join(f"{n} in {name}" for n, name in zip(needs, SPLITS, strict=True) if n)
        raise InputError(
            f"cast.size: the strata need at least {sum(needs)} members ({asked}: a pair shows two different "
            "characters a performer, a clip or a replacement pair one style, and no character is in two "
            f"splits), got {recipe.cast.size}"
        )
    counts = deal(recipe.cast.size, _shares(recipe))
    while short := [p for p in range(len(SPLITS)) if counts[p] < needs[p]]:
        richest = max(range(len(SPLITS)), key=lambda p: counts[p] - needs[p])
        counts[short[0]] += 1
        counts[richest] -= 1
    split = interleave(counts)
    names, weights = _looks(recipe)
    looks = np.empty(len(split), dtype=np.int64)
    for p in range(len(SPLITS)):
        looks[split == p] = interleave(deal(counts[p], weights))
        _check_meetings(recipe, SPLITS[p], counts[p], int(np.sum(slots.split == p)))
    return CastDeal(split, tuple(names[i] for i in looks))


def _shares(recipe: Recipe) -> list[float]:
    return [getattr(recipe.splits, name) for name in SPLITS]


def _looks(recipe: Recipe) -> tuple[list[Look], list[float]]:
    names: list[Look] = [name for name in get_args(Look) if recipe.cast.looks.get(name, 0) > 0]
    return names, [recipe.cast.looks[name] for name in names]


def _least_members(recipe: Recipe, strata: list[Stratum]) -> int:
    """From how many members on a split can fill all of its strata, whatever the number."""
    names, weights = _looks(recipe)
    least = 2 * max((s.performers[1] for s in strata), default=0)
    # With ever more members every style grows, so the last count that fails is soon found.
    enough = least
    for members in range(least, least * 2 * len(names) + 1):
        by_style: dict[str, int] = {}
        for name, count in zip(names, deal(members, weights), strict=True):
            by_style[style(name)] = by_style.get(style(name), 0) + count
        if not all(_can_fill(stratum, by_style) for stratum in strata):
            enough = members + 1
    return enough


def _can_fill(stratum: Stratum, by_style: dict[str, int]) -> bool:
    """Whether there are members for a pair: one style a clip, and in replacement mode one for both clips."""
    most = stratum.performers[1]
    if stratum.mode == "replacement":
        return max(by_style.values()) >= 2 * most
    return sum(count // most for count in by_style.values()) >= 2


def _check_meetings(recipe: Recipe, split: str, members: int, pairs: int) -> None:
    couples = members * (members - 1)
    if pairs > couples * recipe.cast.max_meetings:
        raise InputError(
            f"cast.size: {pairs} pairs of split {split} are more than its {members} members can serve: each "
            f"of {couples} driving and target couples may meet {recipe.cast.max_meetings} times "
            "(cast.max_meetings)"
        )
