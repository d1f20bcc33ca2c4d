"""The cast: a finite set of characters, a pure function of recipe and seed.

Age groups, genders and ancestries are dealt over the cast, so that even a small one has its shares of them;
all else of a member is drawn from a random stream of its own (seed, index, attempt). A member that looks
too much like one of the `NEIGHBOURS` members before it in its split is drawn again, at first within its
groups. So a small cast is distinct throughout, and a large one has plenty of distinct company for each
member.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from motionpair import catalog, colours, dealing, recipe_checks
from motionpair.draws import CAST_DEAL, CAST_GROUPS, CAST_MEMBER, Draws, Table, stream
from motionpair.errors import InputError
from motionpair.recipe import AgeGroup, Ancestry, Cast, Gender, Outfit, Recipe, recipe_from_json
from motionpair.specs import Character, Garment, Hair, Look, Split

NEIGHBOURS = 12
ATTEMPTS = 512
_PATIENCE = 32
"""Attempts with one age group, gender and ancestry."""

CHILD_BELOW = 0.55
OLD_FROM = 0.85
"""Where on the body model's age axis a member counts as a child, and as old."""

_AXIS_WEIGHTS = {
    "gender": 0.22, "age": 0.2, "weight": 0.16, "height": 0.16, "muscle": 0.08, "proportions": 0.03,
    "african": 0.01, "asian": 0.01, "caucasian": 0.01,
}  # fmt: skip
_HAIR_STYLE_WEIGHT = 0.06
_BOTTOM_WEIGHT = 0.06
_COLOUR_WEIGHTS = (0.2, 0.25, 0.35, 0.2)

_OUTFIT_CONTRAST = 20.0
"""ΔE that top and bottom, and clothes and skin, stand apart."""


@dataclass(frozen=True)
class Member:
    """A cast member as planning needs it: the character, and what its distances are computed from."""

    character: Character
    split: Split
    style: str
    body: tuple[float, ...]
    silhouette: tuple[str, str]
    lab: tuple[tuple[float, float, float], ...]


def identity_distance(a: Character, b: Character) -> tuple[float, float]:
    """How far two characters are apart, as (shape, colour).

    shape: the root of the weighted sum of squared differences over the body model's axes (gender 0.22,
    age 0.20, weight 0.16, height 0.16, muscle 0.08, proportions 0.03, each ancestry 0.01), plus 0.06 where
    the hair styles differ and 0.06 where the garment kinds of the lower body do, inside the root; 0 to 1.

    colour: mean CIE76 ΔE over skin (weight 0.20), hair (0.25), main colour of the outermost garment of the
    upper body (0.35) and of the lower (0.20). 2 is just noticeable, 20 plainly different.
    """
    return _distance(_member(a, "train"), _member(b, "train"))


def far_enough(a: Member, b: Member, recipe: Recipe) -> bool:
    """Whether both distances reach the recipe's limits."""
    shape, colour = _distance(a, b)
    return shape >= recipe.limits.shape_distance and colour >= recipe.limits.colour_distance


def members(recipe: Recipe, seed: int) -> tuple[Member, ...]:
    """The whole cast, in order; a pure function of the recipe and the seed.

    Raises:
        InputError: no member far enough from its neighbours was found: the recipe's ranges are too
            narrow for its limits.
    """
    return _members(recipe.json, seed)


@lru_cache(maxsize=4)
def _members(recipe_json: str, seed: int) -> tuple[Member, ...]:
    recipe = recipe_from_json(recipe_json)
    dealt = dealing.deal_cast(recipe)
    pools = _Pools(recipe.cast)
    first_groups = pools.deal_groups(stream(CAST_DEAL, seed))
    made: list[Member] = []
    by_split: dict[Split, list[Member]] = {split: [] for split in dealing.SPLITS}
    for i, look in enumerate(dealt.looks):
        split = dealing.SPLITS[dealt.split[i]]
        near = by_split[split][-NEIGHBOURS:]
        for attempt in range(ATTEMPTS):
            if attempt == 0:
                groups = first_groups[i]
            elif attempt % _PATIENCE == 0:
                groups = pools.groups(stream(CAST_GROUPS, seed, i, attempt).random(3))
            draws = Draws(stream(CAST_MEMBER, seed, i, attempt))
            member = _member(pools.character(i, look, groups, draws), split)
            if all(far_enough(member, other, recipe) for other in near):
                break
        else:
            raise InputError(
                f"cast: member {i} came too close to the members before it {ATTEMPTS} times; accepted: lower "
                "limits.shape_distance or limits.colour_distance, or wider ranges in cast"
            )
        made.append(member)
        by_split[split].append(member)
    return tuple(made)


def worn(character: Character, *places: str) -> Garment:
    """What a character wears at the first of some places (`catalog.GARMENT_KINDS`) where it wears anything.

    Raises:
        InputError: it wears nothing there.
    """
    by_place = {catalog.GARMENT_KINDS[g.kind].place: g for g in reversed(character.garments)}
    for place in places:
        if place in by_place:
            return by_place[place]
    raise InputError(f"garments: {character.character_id} wears no {' or '.join(places)}")


def _member(character: Character, split: Split) -> Member:
    top = worn(character, "outer", "dress", "top")
    bottom = worn(character, "dress", "bottom")
    body = tuple(character.phenotype[axis] for axis in _AXIS_WEIGHTS)
    main = (character.skin, character.hair.colour, top.colours[0], bottom.colours[0])
    return Member(
        character,
        split,
        dealing.style(character.look),
        body,
        (character.hair.style, bottom.kind),
        tuple(colours.lab(c) for c in main),
    )


def _distance(a: Member, b: Member) -> tuple[float, float]:
    shape = sum(w * (x - y) ** 2 for w, x, y in zip(_AXIS_WEIGHTS.values(), a.body, b.body, strict=True))
    shape += _HAIR_STYLE_WEIGHT * (a.silhouette[0] != b.silhouette[0])
    shape += _BOTTOM_WEIGHT * (a.silhouette[1] != b.silhouette[1])
    colour = sum(w * math.dist(x, y) for w, x, y in zip(_COLOUR_WEIGHTS, a.lab, b.lab, strict=True))
    return math.sqrt(shape), colour


class _Pools:
    """The cast's weights as tables that are drawn from."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.ages = Table({name: group.weight for name, group in cast.ages.items()})
        self.genders = Table({name: group.weight for name, group in cast.genders.items()})
        self.ancestries = Table({name: group.weight for name, group in cast.ancestries.items()})
        self.outfits = tuple(cast.outfits.values())

    def groups(self, shares: Sequence[float] | np.ndarray) -> tuple[AgeGroup, Gender, str]:
        """Age group, gender, and name of the ancestry at three shares of their tables."""
        age, gender = self.cast.ages[self.ages.at(shares[0])], self.cast.genders[self.genders.at(shares[1])]
        return age, gender, self.ancestries.at(shares[2])

    def deal_groups(self, rng: np.random.Generator) -> list[tuple[AgeGroup, Gender, str]]:
        """A member's groups, for the whole cast: each group as often as its weight says, within one."""
        size = self.cast.size
        shares = np.stack([(rng.permutation(size) + rng.random(size)) / size for _ in range(3)], axis=1)
        return [self.groups(row) for row in shares.tolist()]

    def character(
        self, index: int, look: Look, groups: tuple[AgeGroup, Gender, str], draws: Draws
    ) -> Character:
        """One character, drawn from the top: body, complexion, hair, clothes."""
        cast = self.cast
        age_group, gender, ancestry_name = groups
        age = draws.between(*age_group.span)
        ancestry = cast.ancestries[ancestry_name]
        phenotype = {"gender": draws.between(*gender.span), "age": age}
        for axis in recipe_checks.BUILD_AXES:
            low, high = cast.build[axis]
            if axis == "muscle" and not CHILD_BELOW <= age < OLD_FROM:
                high = (low + high) / 2  # neither children nor the old are built like athletes
            phenotype[axis] = draws.between(low, high)
        phenotype |= _shares_of(ancestry_name, ancestry, draws)
        skin = draws.one_of(ancestry.skin)
        eyes = draws.one_of(ancestry.eyes)
        beard = Table(gender.beards).draw(draws) if age >= CHILD_BELOW else "none"
        style = self._hair_style(gender, age, draws)
        hair = Hair(style, self._hair_colour(ancestry, look, age, draws), beard)
        return Character(
            character_id=f"c{index:05d}",
            look=look,
            phenotype=phenotype,
            skin=skin,
            eyes=eyes,
            hair=hair,
            garments=self._garments(gender, skin, style, draws),
            seed=draws.seed(),
        )

    def _hair_style(self, gender: Gender, age: float, draws: Draws) -> str:
        styles = dict(gender.hair)
        if age < CHILD_BELOW and any(w > 0 for s, w in styles.items() if s != "bald"):
            styles["bald"] = 0.0
        return Table(styles).draw(draws)

    def _hair_colour(self, ancestry: Ancestry, look: Look, age: float, draws: Draws) -> str:
        bold, grey = draws.chance(self.cast.bold_share), draws.chance(self.cast.grey_share)
        if dealing.style(look) == "toon" and bold:
            return draws.one_of(self.cast.bold_hair)
        if age >= OLD_FROM and grey:
            return draws.one_of(self.cast.grey_hair)
        return draws.one_of(ancestry.hair)

    def _garments(self, gender: Gender, skin: str, hair: str, draws: Draws) -> tuple[Garment, ...]:
        """What one wears, in colours of one outfit; neighbours stand apart from each other and the skin.

        A dress is a top and a bottom. Headwear is worn over hair that it fits over.
        """
        cast, outfit = self.cast, draws.one_of(self.outfits)
        kinds = [Table(gender.tops).draw(draws), Table(gender.bottoms).draw(draws)]
        if kinds[1] in catalog.DRESSES:
            kinds = kinds[1:]
        kinds += [Table(table).draw(draws) for table in (cast.outers, cast.footwear)]
        headwear = Table(cast.headwear).draw(draws)
        kinds.append(headwear if hair in catalog.HAIR_UNDER_HATS else recipe_checks.NONE)
        kinds.append(Table(cast.eyewear).draw(draws))
        garments: list[Garment] = []
        for kind in kinds:
            if kind == recipe_checks.NONE:
                continue
            place = catalog.GARMENT_KINDS[kind].place
            beside = [g.colours[0] for g in garments[:1]] if place in ("bottom", "outer") else []
            pool = {"bottom": outfit.bottom, "feet": outfit.shoes, "eyes": outfit.shoes}.get(
                place, (*outfit.bottom, *outfit.accent) if place in ("outer", "head") else outfit.top
            )
            garments.append(self._garment(kind, pool, [skin, *beside], outfit, draws))
        return tuple(garments)

    def _garment(
        self, kind: str, pool: Sequence[str], others: Sequence[str], outfit: Outfit, draws: Draws
    ) -> Garment:
        fabric = Table(self.cast.fabrics[kind]).draw(draws)
        pool = {"denim": self.cast.denim, "leather": self.cast.leather}.get(fabric, pool)
        main = draws.one_of(colours.standing_apart(pool, others, _OUTFIT_CONTRAST))
        chosen = [main]
        rest = [c for c in (*outfit.accent, *outfit.top, *outfit.bottom) if c != main]
        while len(chosen) < catalog.FABRICS[fabric].colours:
            chosen.append(draws.one_of(colours.standing_apart(rest, chosen, _OUTFIT_CONTRAST)))
        return Garment(kind, fabric, tuple(chosen))


def _shares_of(name: str, ancestry: Ancestry, draws: Draws) -> dict[str, float]:
    """Ancestry axes that sum to 1, most of it the named one."""
    main = draws.between(*ancestry.share)
    split = draws.unit()
    first, second = (a for a in recipe_checks.ANCESTRIES if a != name)
    other = round((1 - main) * split, 4)
    return {name: main, first: other, second: round(1 - main - other, 4)}
