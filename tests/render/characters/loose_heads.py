"""Heads that try hair, beards, hats and glasses: child to old, every look."""

from __future__ import annotations

from character_cast import CHILD, MAN

from motionpair.specs import Character, Garment, Hair, Look


def _head(
    name: str, look: Look, hair: str, beard: str, worn: tuple[str, ...], **phenotype: float
) -> Character:
    garments = tuple(Garment(kind, "plain", ("#406080",)) for kind in ("tee", "trousers", *worn))
    return Character(
        name,
        look,
        {**MAN.phenotype, **phenotype},
        MAN.skin,
        MAN.eyes,
        Hair(hair, "#332211", beard),
        garments,
        11,
    )


HEADS = (
    _head("curly", "realistic", "curly", "full", ("glasses",)),
    _head("ponytail", "realistic", "ponytail", "none", (), gender=0.0),
    _head("bun", "animation_3d", "bun", "none", ("glasses",), gender=0.0),
    _head("cap", "realistic", "long", "none", ("cap",), gender=0.0, age=0.95),
    _head("hat", "realistic", "short", "goatee", ("hat",), weight=1.0),
    _head("flat hat", "animation_2d", "bob", "none", ("hat", "glasses"), **CHILD.phenotype),
    _head("flat beard", "animation_2d", "ponytail", "full", ()),
)
