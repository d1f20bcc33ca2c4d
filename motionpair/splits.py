"""Identities and motions that are in two splits: what a set for training must not hold.

Within a generation they are told apart by name. Names of two generations have nothing to do with each other,
so across them the contents count: one body (its phenotype, whatever it wears) is one identity, and one motion
is one motion, mirrored or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from motionpair import fields

Key = tuple[str, str]
"""`identity` or `motion`, and the name or the contents."""


@dataclass(frozen=True)
class Shown:
    """A pair, as far as splits are concerned: its generation, its split and its spec, canonical JSON."""

    generation: int
    pair_id: str
    split: str
    spec: str


@dataclass(frozen=True)
class Crossing:
    """An identity or a motion in several splits. places: (generation, name, split, pair_id), one a split."""

    kind: str
    places: tuple[tuple[int, str, str, str], ...]

    def __str__(self) -> str:
        found = (f"{name} is in {split} (pair {pair_id})" for _, name, split, pair_id in self.places)
        return f"one {self.kind} in two splits: {', '.join(found)}"


def crossings(pairs: Iterable[Shown]) -> Iterator[Crossing]:
    """Every identity and motion that pairs of two splits share; specs that are no specs are passed over."""
    named: dict[tuple[int, str, str], dict[str, tuple[int, str, str, str]]] = {}
    alike: dict[Key, dict[str, tuple[int, str, str, str]]] = {}
    for pair in pairs:
        for kind, name, contents in _of_spec(pair.spec):
            place = (pair.generation, name, pair.split, pair.pair_id)
            named.setdefault((pair.generation, kind, name), {}).setdefault(pair.split, place)
            alike.setdefault((kind, contents), {}).setdefault(pair.split, place)
    found = [(kind, tuple(by.values())) for (_, kind, _), by in named.items() if len(by) > 1]
    for (kind, _), by in alike.items():
        if len({generation for generation, *_ in by.values()}) > 1:
            found.append((kind, tuple(by.values())))
    for kind, places in sorted(set(found)):
        yield Crossing(kind, places)


def _of_spec(text: str) -> Iterator[tuple[str, str, str]]:
    """(kind, name, contents) of who and what a pair shows."""
    try:
        spec: Any = json.loads(text)
        for side in ("driving", "target"):
            for performer in spec[side]["performers"]:
                character, motion = performer["character"], performer["motion"]
                yield "identity", character["character_id"], fields.canonical_json(character["phenotype"])
                plain = {k: v for k, v in motion.items() if k not in ("motion_id", "mirrored")}
                yield "motion", motion["motion_id"], fields.canonical_json(plain)
    except (ValueError, RecursionError, KeyError, TypeError):
        return
