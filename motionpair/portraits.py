"""A character in words: who it is, its skin, hair and beard, and what it wears."""

from __future__ import annotations

import math
from collections.abc import Sequence

from motionpair import catalog
from motionpair.cast import CHILD_BELOW, OLD_FROM
from motionpair.colours import NAMED, colour_name, difference, lab
from motionpair.specs import Character, Garment

_HAIR_NAMES = {
    "black": "#12100f", "dark brown": "#2e1f18", "brown": "#553824", "light brown": "#8c6239",
    "blond": "#c9a468", "auburn": "#8e3f1f", "grey": "#8a8a8a", "white": "#e2dfda",
}  # fmt: skip
"""Hair has names of its own, where no plainly coloured name is nearer."""
_SKIN_NAMES = ((78, "very light"), (68, "light"), (58, "tan"), (45, "brown"), (30, "dark brown"), (0, "dark"))
"""Least CIE L* of a skin tone, and its name."""


def noun(character: Character) -> str:
    """Such as `tall, muscular young woman`, without an article."""
    age, gender = character.phenotype["age"], character.phenotype["gender"]
    sex = 0 if gender < 0.35 else 2 if gender > 0.65 else 1
    if age < CHILD_BELOW:
        return " ".join(filter(None, (_build(character), ("girl", "child", "boy")[sex])))
    noun = ("woman", "person", "man")[sex]
    stage = "old" if age >= OLD_FROM else "young" if age < 0.7 else "middle-aged"
    return " ".join(filter(None, (_build(character), stage, noun)))


def _build(character: Character) -> str:
    phenotype = character.phenotype
    words = []
    if phenotype["height"] > 0.7:
        words.append("tall")
    elif phenotype["height"] < 0.3:
        words.append("short")
    if phenotype["weight"] > 0.7:
        words.append("heavy-set")
    elif phenotype["muscle"] > 0.7:
        words.append("muscular")
    elif phenotype["weight"] < 0.3:
        words.append("slim")
    return ", ".join(words)


def skin(character: Character) -> str:
    """The tone of the skin, such as `light`."""
    lightness = lab(character.skin)[0]
    return next(name for least, name in _SKIN_NAMES if lightness >= least)


def eyes(character: Character) -> str:
    """The colour of the eyes, such as `dark brown`."""
    return colour_name(character.eyes)


def hair(character: Character) -> str:
    """Hair and beard, such as `short brown hair and a full grey beard`."""
    style, beard = character.hair.style, character.hair.beard
    words = [catalog.HAIR_STYLES[style]]
    if style != "bald":
        words = [_in_colour(words[0], character)]
    if beard != "none":
        words.append(_in_colour(catalog.BEARDS[beard], character))
    return listed(words)


def _in_colour(words: str, character: Character) -> str:
    """`short hair` as `short brown hair`, `a full beard` as `a full brown beard`."""
    colour = hair_colour_name(character.hair.colour)
    first, _, rest = words.partition(" ")
    if first not in ("a", "an"):
        cut, _, what = words.rpartition(" ")
        return " ".join(filter(None, (cut, colour, what)))
    # A buzz cut is one thing; a full beard is a beard that is full.
    adjective, what = ("", rest) if rest == "buzz cut" else (rest.rpartition(" ")[0], rest.rpartition(" ")[2])
    return with_article(" ".join(filter(None, (adjective, colour, what))))


def hair_colour_name(colour: str) -> str:
    """The name of a hair colour: a natural one, unless the nearest name of all is a plain colour."""
    return min(
        (*_HAIR_NAMES.items(), *((n, c) for n, c in NAMED.items() if _vivid(c))),
        key=lambda item: difference(item[1], colour),
    )[0]


def _vivid(colour: str) -> bool:
    _, a, b = lab(colour)
    return math.hypot(a, b) > 45


def clothes(character: Character, shown: Sequence[bool]) -> str:
    """Every garment that is shown with its colours and fabric, in the order in which they are put on."""
    told = [garment(g) for g, seen in zip(character.garments, shown, strict=True) if seen]
    return listed(told) if told else ""


def garment(worn: Garment) -> str:
    """A garment with its colours and fabric, such as `a red and white striped T-shirt`."""
    names = list(dict.fromkeys(colour_name(c) for c in worn.colours))
    name, _, rest = catalog.GARMENT_KINDS[worn.kind].name.partition(" with ")
    words = " ".join(filter(None, (listed(names), catalog.FABRICS[worn.fabric].word, name)))
    plural = name.endswith("s") and not name.endswith("ss")
    return (words if plural else with_article(words)) + (f" with {rest}" if rest else "")


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def with_article(words: str) -> str:
    """The words after `a` or `an`."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
