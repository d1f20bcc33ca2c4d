"""Casting: which characters a pair shows."""

from __future__ import annotations

from motionpair import dealing
from motionpair.cast import Member, far_enough
from motionpair.draws import Draws
from motionpair.errors import InputError
from motionpair.recipe import Recipe
from motionpair.specs import Split

_TRIES = 64
"""Random tries for a character that fits its pair, before the whole split is searched in order."""


class Casting:
    """Draws the characters of a pair: of one split, all far enough apart, a style a clip."""

    def __init__(self, recipe: Recipe, cast: tuple[Member, ...]) -> None:
        self._recipe = recipe
        self._all: dict[Split, list[Member]] = {split: [] for split in dealing.SPLITS}
        self._styled: dict[tuple[Split, str], list[Member]] = {}
        for member in cast:
            self._all[member.split].append(member)
            self._styled.setdefault((member.split, member.style), []).append(member)

    def draw(self, split: Split, mode: str, count: int, draws: Draws) -> tuple[list[Member], list[Member]]:
        """Driving and target members, in performers' order.

        The first member is drawn from the whole split, so that looks keep their shares; the rest of its
        clip, and in replacement mode the whole pair, takes its style.
        """
        for _ in range(_TRIES):
            chosen = self._try(split, mode, count, draws)
            if chosen is not None:
                return chosen[:count], chosen[count:]
        limits = self._recipe.limits
        raise InputError(
            f"cast.size: split {split} has no {2 * count} members for one {mode} pair that are all "
            f"{limits.shape_distance:g} apart in shape and {limits.colour_distance:g} in colour "
            "(limits.shape_distance, limits.colour_distance); accepted: a larger cast or lower limits"
        )

    def _try(self, split: Split, mode: str, count: int, draws: Draws) -> list[Member] | None:
        chosen: list[Member] = []
        pool = self._all[split]
        for place in range(2 * count):
            if place == count and mode == "animation":
                pool = self._all[split]
            member = self._fitting(pool, chosen, draws)
            if member is None:
                return None
            chosen.append(member)
            if place in (0, count):
                pool = self._styled[split, member.style]
        return chosen

    def _fitting(self, pool: list[Member], chosen: list[Member], draws: Draws) -> Member | None:
        """A member far enough from all chosen ones: at random, else the first from a random place on."""
        for _ in range(_TRIES):
            member = draws.one_of(pool)
            if self._fits(member, chosen):
                return member
        start = draws.whole(0, len(pool) - 1)
        for member in pool[start:] + pool[:start]:
            if self._fits(member, chosen):
                return member
        return None

    def _fits(self, member: Member, chosen: list[Member]) -> bool:
        return all(member is not other and far_enough(member, other, self._recipe) for other in chosen)
