"""What characters wear, and how their hair and beards are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal["top", "outer", "bottom", "dress", "feet", "head", "eyes"]


@dataclass(frozen=True)
class GarmentKind:
    """A piece of clothing: where it is worn, its name in captions, and what it may be made of.

    A character wears a top and a bottom, or a dress; over them an outer garment or none; on its feet,
    head and eyes one thing or none each.
    """

    place: Place
    name: str
    fabrics: tuple[str, ...]


@dataclass(frozen=True)
class Fabric:
    """A procedural material: how many colours it takes, and its word before a garment's name, if any."""

    colours: int
    word: str


FABRICS: dict[str, Fabric] = {
    "plain": Fabric(1, ""),
    "stripes": Fabric(2, "striped"),
    "plaid": Fabric(3, "plaid"),
    "dots": Fabric(2, "dotted"),
    "denim": Fabric(1, "denim"),
    "knit": Fabric(1, "knitted"),
    "floral": Fabric(3, "floral"),
    "corduroy": Fabric(1, "corduroy"),
    "leather": Fabric(1, "leather"),
    "camouflage": Fabric(3, "camouflage"),
    "herringbone": Fabric(2, "herringbone"),
    "colour_block": Fabric(3, "colour-blocked"),
}

_LIGHT = ("plain", "stripes", "dots", "floral", "knit", "colour_block", "camouflage")
_WOVEN = ("plain", "stripes", "plaid", "dots", "denim", "floral", "corduroy", "camouflage")
_STURDY = ("plain", "plaid", "denim", "corduroy", "camouflage", "herringbone")

GARMENT_KINDS: dict[str, GarmentKind] = {
    "tee": GarmentKind("top", "T-shirt", _LIGHT),
    "tank": GarmentKind("top", "tank top", _LIGHT),
    "polo": GarmentKind("top", "polo shirt", ("plain", "stripes", "knit", "colour_block")),
    "shirt": GarmentKind("top", "long-sleeved shirt with a collar", _WOVEN),
    "sweater": GarmentKind("top", "sweater", ("plain", "stripes", "knit", "herringbone", "colour_block")),
    "jacket": GarmentKind(
        "outer", "jacket", ("plain", "denim", "leather", "corduroy", "herringbone", "camouflage")
    ),
    "trousers": GarmentKind("bottom", "trousers", (*_STURDY, "stripes")),
    "shorts": GarmentKind("bottom", "shorts", (*_STURDY, "floral")),
    "skirt": GarmentKind(
        "bottom", "skirt", ("plain", "plaid", "dots", "denim", "floral", "corduroy", "leather")
    ),
    "dress": GarmentKind("dress", "dress", ("plain", "stripes", "plaid", "dots", "floral", "knit", "denim")),
    "shoes": GarmentKind("feet", "shoes", ("plain", "leather", "colour_block")),
    "boots": GarmentKind("feet", "boots", ("plain", "leather")),
    "cap": GarmentKind("head", "cap", ("plain", "denim", "corduroy", "camouflage", "colour_block")),
    "hat": GarmentKind("head", "hat", ("plain", "herringbone", "corduroy", "leather")),
    "glasses": GarmentKind("eyes", "glasses", ("plain",)),
}


def kinds_of(place: Place) -> tuple[str, ...]:
    """The garment kinds that are worn at a place."""
    return tuple(name for name, kind in GARMENT_KINDS.items() if kind.place == place)


TOPS, OUTERS, BOTTOMS, DRESSES = (kinds_of(p) for p in ("top", "outer", "bottom", "dress"))
FOOTWEAR, HEADWEAR, EYEWEAR = (kinds_of(p) for p in ("feet", "head", "eyes"))

HAIR_STYLES: dict[str, str] = {
    "short": "short hair",
    "buzz": "a buzz cut",
    "curly": "curly hair",
    "bob": "a bob",
    "afro": "an afro",
    "long": "long hair",
    "ponytail": "a ponytail",
    "bun": "a bun",
    "bald": "a bald head",
}
"""Hair style to its words in captions."""

HAIR_UNDER_HATS = ("short", "buzz", "bob", "long", "ponytail", "bald")
"""Hair styles that headwear fits over."""

BEARDS: dict[str, str] = {
    "none": "",
    "stubble": "stubble",
    "moustache": "a moustache",
    "goatee": "a goatee",
    "full": "a full beard",
}
"""Beard to its words in captions; it has the hair's colour."""

PROPS: dict[str, str] = {
    "cup": "a cup",
    "phone": "a phone",
    "box": "a box",
    "stool": "a stool",
    "ball": "a ball",
}
"""Things that a motion holds or sits on, with their words in captions. They belong to the environment."""
