"""The characters that tests share: both looks, every garment, thin to heavy, child to old."""

from __future__ import annotations

from motionpair.specs import PHENOTYPE_AXES, Character, Garment, Hair, Look

_ADULT = dict.fromkeys(PHENOTYPE_AXES, 0.5) | {"age": 0.67, "african": 0.0, "asian": 0.0, "caucasian": 1.0}


def _character(
    name: str, look: Look, hair: str, kinds: tuple[str, ...], seed: int, **phenotype: float
) -> Character:
    garments = tuple(Garment(kind, "plain", ("#406080",)) for kind in kinds)
    return Character(
        name, look, _ADULT | phenotype, "#c89878", "#557799", Hair(hair, "#332211"), garments, seed
    )


def dressed_in(name: str, look: Look, kinds: tuple[str, ...], seed: int, **phenotype: float) -> Character:
    """A bald adult in plain clothes; `phenotype` says how it differs from the average."""
    return _character(name, look, "bald", kinds, seed, **phenotype)


WOMAN = _character("woman", "realistic", "long", ("shirt", "skirt", "shoes"), 1, gender=0.0, weight=0.7)
MAN = _character("man", "realistic", "short", ("tee", "trousers", "shoes"), 2, gender=1.0, muscle=0.9)
HEAVY = _character("heavy", "realistic", "bald", ("shirt", "shorts", "shoes"), 3, weight=1.0, age=0.95)
CHILD = _character("child", "animation_2d", "bob", ("tee", "skirt"), 4, gender=0.2, age=0.33)
CAST = (WOMAN, MAN, HEAVY, CHILD)
