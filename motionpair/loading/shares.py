"""Sampling shares: how often pairs of each kind, stratum and dataset are drawn.

The shares that SCAIL-2 is trained with (arXiv 2606.10804, appendix A, table 4) are of three kinds of pair:
animation with a driving clip 60 %, replacement 20 %, pose-driven 20 %. Strata of one kind are drawn as one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motionpair.errors import InputError
from motionpair.loading.order import LEFT_OUT

ANIMATION, REPLACEMENT, POSE_DRIVEN = "animation", "replacement", "pose_driven"
SHARES = {ANIMATION: 0.6, REPLACEMENT: 0.2, POSE_DRIVEN: 0.2}
"""The shares that hold where none are given."""


@dataclass(frozen=True)
class Part:
    """Pairs of one dataset that agree in stratum and kind.

    dataset: number of the dataset. stratum: its name in the recipe. kind: `animation`, `replacement` or
    `pose_driven`.
    """

    dataset: int
    stratum: str
    kind: str


@dataclass(frozen=True)
class Sharing:
    """Which parts are drawn together, and how often.

    groups: number of the group of each part, or `LEFT_OUT`. names, shares: of the groups; the shares' sum
    is 1. notes: what a user should know, a line each: shares that fell away, and what is left out.
    """

    groups: tuple[int, ...]
    names: tuple[str, ...]
    shares: tuple[float, ...]
    notes: tuple[str, ...]


def kind_of(mode: str, driving_kind: str) -> str:
    """The kind of a pair, from its columns `mode` and `driving_kind`."""
    return mode if driving_kind == "clip" else POSE_DRIVEN


def share_out(
    parts: Sequence[Part],
    shares: Mapping[str, float] | None = None,
    mix: Sequence[float] | None = None,
) -> Sharing:
    """The groups of the parts, with their shares.

    A share belongs to the stratum or the kind of its name; a stratum's own goes before its kind's. Names of
    which there is no pair fall away, the others keep their proportions; 0 leaves pairs out.

    Args:
        parts: all there are.
        shares: by name; not given, `SHARES`.
        mix: how often each dataset is drawn, in proportion; within each the shares hold. Not given, all
            datasets are drawn as if they were one.

    Raises:
        InputError: a share or the mix is no number from 0, a part has no share, or nothing is left to draw.
    """
    shares = dict(SHARES if shares is None else shares)
    for where, value in [*shares.items(), *((f"mix[{i}]", weight) for i, weight in enumerate(mix or ()))]:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            raise InputError(f"shares: {where}: expected a number from 0, got {value!r}")
    datasets = 1 + max((part.dataset for part in parts), default=0)
    if mix is not None and len(mix) < datasets:
        raise InputError(f"mix: expected a number a dataset, got {len(mix)} for {datasets}")
    named = [_named(part, shares) for part in parts]
    keys = [(part.dataset if mix else 0, name) for part, name in zip(parts, named, strict=True)]
    weights: dict[tuple[int, str], float] = {}
    for dataset in sorted({dataset for dataset, _ in keys}):
        here = {name: shares[name] for of, name in sorted(set(keys)) if of == dataset and shares[name] > 0}
        for name, share in here.items():
            weights[dataset, name] = share / math.fsum(here.values()) * (mix[dataset] if mix else 1)
    weights = {key: weight for key, weight in weights.items() if weight > 0}
    if not weights:
        raise InputError("shares: expected a share above 0 for some of the pairs")
    total = math.fsum(weights.values())  # the same in every version of Python, unlike sum()
    group = {key: i for i, key in enumerate(weights)}
    names = tuple(f"dataset {dataset}: {name}" if mix else name for dataset, name in weights)
    effective = tuple(weight / total for weight in weights.values())
    notes = _notes(shares, set(named), dict(zip(names, effective, strict=True)))
    out = sorted({part.stratum for part, key in zip(parts, keys, strict=True) if key not in group})
    notes += [f"left out, of share 0: {', '.join(out)}"] * bool(out)
    return Sharing(tuple(group.get(key, LEFT_OUT) for key in keys), names, effective, tuple(notes))


def _named(part: Part, shares: Mapping[str, float]) -> str:
    for name in (part.stratum, part.kind):
        if name in shares:
            return name
    raise InputError(
        f"shares: stratum {part.stratum!r} has none; expected one for it or for its kind, {part.kind!r} "
        "(0 leaves it out)"
    )


def _notes(shares: Mapping[str, float], found: set[str], effective: Mapping[str, float]) -> list[str]:
    absent = sorted(name for name, share in shares.items() if share > 0 and name not in found)
    if not absent:
        return []
    drawn = ", ".join(f"{name} {share:.3g}" for name, share in effective.items())
    return [f"no pair of {', '.join(absent)}; shares are now {drawn}"]


def part_numbers(parts_of: Sequence[np.ndarray], groups: Sequence[int]) -> np.ndarray:
    """The group of every sample, datasets one after the other, from each dataset's parts (N,) by number."""
    return np.array(groups, np.int64)[np.concatenate(parts_of)]
