"""Who stands for what in the gallery: a few bodies, dressed for what is to be seen."""

from __future__ import annotations

from dataclasses import replace

from motionpair import catalog
from motionpair.specs import PHENOTYPE_AXES, Character, Garment, Hair, Look

_MIDDLING = dict.fromkeys(PHENOTYPE_AXES, 0.5) | {"african": 0.0, "asian": 0.0, "caucasian": 0.0}
_COLOURS = ("#b8452f", "#f2e6cf", "#2f4a6b")
"""Main, second and third colour of what is shown; it takes as many as its fabric has."""


def garment(kind: str, fabric: str | None = None, *colours: str) -> Garment:
    """A garment; by default of its first fabric, in the gallery's colours."""
    fabric = fabric or catalog.GARMENT_KINDS[kind].fabrics[0]
    shown = (*colours, *_COLOURS[len(colours) :])
    return Garment(kind, fabric, shown[: catalog.FABRICS[fabric].colours])


def _person(
    name: str, phenotype: dict[str, float], skin: str, eyes: str, hair: Hair, kinds: tuple[Garment, ...]
) -> Character:
    return Character(f"gallery-{name}", "realistic", _MIDDLING | phenotype, skin, eyes, hair, kinds, 11)


_JEANS = garment("trousers", "denim", "#2d4668")
_SHOES = garment("shoes", "leather", "#4a3524")

WOMAN = _person(
    "woman",
    {"gender": 0.05, "age": 0.68, "weight": 0.4, "height": 0.5, "muscle": 0.5, "proportions": 0.8,
     "asian": 1.0},
    "#deb38d", "#33211a", Hair("bob", "#221915"),
    (garment("tee", "plain", "#e0a458"), _JEANS, _SHOES),
)  # fmt: skip
MAN = _person(
    "man",
    {"gender": 0.95, "age": 0.68, "weight": 0.45, "height": 0.6, "muscle": 0.65, "proportions": 0.8,
     "african": 1.0},
    "#7d5240", "#2b1a12", Hair("short", "#15100e"),
    (garment("tee", "plain", "#9fc3de"), _JEANS, _SHOES),
)  # fmt: skip
GIRL = _person(
    "girl",
    {"gender": 0.1, "age": 0.38, "weight": 0.45, "height": 0.4, "caucasian": 1.0},
    "#ecc4a8", "#5a84a8", Hair("ponytail", "#8c6239"),
    (garment("dress", "dots", "#d86a8a", "#fff1dc"), garment("shoes", "plain", "#f4f4f2")),
)  # fmt: skip
ELDER = _person(
    "elder",
    {"gender": 0.95, "age": 0.95, "weight": 0.62, "height": 0.45, "muscle": 0.35, "caucasian": 1.0},
    "#e3b595", "#7d93a3", Hair("short", "#c2c0bd", "full"),
    (garment("shirt", "plaid", "#5a7a40", "#f3e9d2", "#3a2d24"), garment("trousers", "corduroy", "#6b5a41"),
     _SHOES),
)  # fmt: skip
HEAVY = _person(
    "heavy",
    {"gender": 0.1, "age": 0.72, "weight": 0.95, "height": 0.55, "muscle": 0.4, "african": 1.0},
    "#5c3828", "#3a2417", Hair("curly", "#1d1512"),
    (garment("sweater", "stripes", "#7b4bb7", "#f1ecf7"), garment("skirt", "plain", "#232136"),
     garment("boots", "leather", "#2b1d16")),
)  # fmt: skip
ATHLETE = _person(
    "athlete",
    {"gender": 0.98, "age": 0.64, "weight": 0.5, "height": 0.85, "muscle": 0.95, "asian": 1.0},
    "#bd8a63", "#241610", Hair("buzz", "#0d0c0d"),
    (garment("tank", "plain", "#128c8c"), garment("shorts", "plain", "#3d3a36"),
     garment("shoes", "colour_block", "#f2efe6", "#e76f51", "#1b2a2e")),
)  # fmt: skip
BODIES = {
    "woman": WOMAN, "man": MAN, "girl": GIRL, "old man": ELDER, "heavy woman": HEAVY, "athlete": ATHLETE,
}  # fmt: skip


def looking(character: Character, look: Look) -> Character:
    """The same character in another look."""
    return replace(character, character_id=f"{character.character_id}-{look}", look=look)


def wearing(kind: str, fabric: str | None = None) -> Character:
    """Somebody who wears a kind of garment, and beside it what leaves it in sight."""
    worn_at = catalog.GARMENT_KINDS[kind].place
    who = MAN if kind in ("polo", "jacket", "cap", "shorts", "boots", "sweater") else WOMAN
    plain = {
        "top": garment("tee", "plain", "#f2efe6"),
        "bottom": garment("trousers", "plain", "#4b4e54"),
        "feet": garment("shoes", "plain", "#f2f2f2"),
    }
    if kind == "dress":
        del plain["top"], plain["bottom"]
    if kind == "boots":
        plain["bottom"] = garment("skirt" if who is WOMAN else "shorts", "plain", "#4b4e54")
    colours = {"denim": "#3f5f8a", "leather": "#5a3825", "camouflage": "#6b6f45"}
    chosen = fabric or catalog.GARMENT_KINDS[kind].fabrics[0]
    main = (colours[chosen],) if chosen in colours else ()
    worn = plain | {worn_at: garment(kind, chosen, *main)}
    hair = replace(who.hair, style="short") if worn_at == "head" else who.hair
    name = f"gallery-{kind}-{chosen}"
    return replace(who, character_id=name, garments=tuple(worn.values()), hair=hair)


def with_hair(style: str, beard: str = "none") -> Character:
    """Somebody with a hair style and a beard."""
    who = MAN if beard != "none" or style in ("short", "buzz", "afro", "bald") else WOMAN
    skin, colour = ("#e3b595", "#6b4a2f") if beard != "none" else (who.skin, who.hair.colour)
    hair = Hair(style, colour, beard)
    axes = who.phenotype
    if beard != "none":
        axes = {**axes, "african": 0.0, "caucasian": 1.0}
    return replace(who, character_id=f"gallery-{style}-{beard}", hair=hair, skin=skin, phenotype=axes)
