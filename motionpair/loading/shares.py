"""Sampling shares: how often pairs of each kind, stratum and dataset are drawn.

The shares that SCAIL-2 is trained with (arXiv 2606.10804, appendix A, table 4) are of three kinds of pair:
animation with a driving clip 60 %, replacement 20 %, pose-driven 20 %. Strata of one kind are drawn as one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    is 1. notes: what a user should know, a line each: shares that fell away, of each dataset
    where they are mixed, names that no pair has, and what is left out.
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
        InputError: a share or what is mixed is no number from 0, a part has no share, or nothing is left
            to draw.
    """
    shares = _shares(shares)
    datasets = 1 + max((part.dataset for part in parts), default=0)
    weight_of = None if mix is None else _mix(mix, datasets)
    named = [_named(part, shares) for part in parts]
    keys = [(part.dataset if weight_of else 0, name) for part, name in zip(parts, named, strict=True)]
    weights: dict[tuple[int, str], float] = {}
    notes: list[str] = []
    for dataset in range(len(weight_of) if weight_of else 1):
        weight = weight_of[dataset] if weight_of else 1
        found = sorted({name for of, name in keys if of == dataset})
        here = {name: shares[name] for name in found if shares[name] > 0}
        whole = math.fsum(here.values())  # the same in every version of Python, unlike sum()
        effective = {name: share / whole for name, share in here.items()}
        weights |= {
            (dataset, name): share * weight for name, share in effective.items() if share * weight > 0
        }
        if weight > 0:
            notes += _absences(shares, found, effective, f"dataset {dataset}: " if weight_of else "")
    if not weights:
        raise InputError("shares: expected a share above 0 for some of the pairs")
    total = math.fsum(weights.values())
    group = {key: i for i, key in enumerate(weights)}
    if weight_of:
        notes += _undrawn(weight_of, {dataset for dataset, _ in weights})
    notes = [
        *_misspelt(parts, shares),
        *notes,
        *_left_out(parts, [key in group for key in keys], weight_of is not None),
    ]
    return Sharing(
        tuple(group.get(key, LEFT_OUT) for key in keys),
        tuple(f"dataset {dataset}: {name}" if weight_of else name for dataset, name in weights),
        tuple(weight / total for weight in weights.values()),
        tuple(notes),
    )


def _shares(shares: Any) -> dict[str, float]:
    if shares is None:
        return dict(SHARES)
    if not isinstance(shares, Mapping) or not all(isinstance(name, str) for name in shares):
        example = "{'animation': 0.6, 'replacement': 0.2, 'pose_driven': 0.2}"
        raise InputError(f"shares: expected numbers by stratum or kind, such as {example}, got {shares!r}")
    return {name: _weight(f"shares: {name}", share) for name, share in shares.items()}


def _mix(mix: Any, datasets: int) -> list[float]:
    given = mix.tolist() if isinstance(mix, np.ndarray) else mix
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InputError(f"mix: expected a number a dataset, such as [3, 1], got {mix!r}")
    if len(given) < datasets:
        raise InputError(f"mix: expected a number a dataset, got {len(given)} for {datasets}")
    return [_weight(f"mix[{i}]", weight) for i, weight in enumerate(given)]


def _weight(where: str, value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise InputError(f"{where}: expected a number from 0, got {value!r}")
    return float(value)


def _named(part: Part, shares: Mapping[str, float]) -> str:
    for name in (part.stratum, part.kind):
        if name in shares:
            return name
    raise InputError(
        f"shares: stratum {part.stratum!r} has none; expected one for it or for its kind, {part.kind!r} "
        "(0 leaves it out)"
    )


def _absences(
    shares: Mapping[str, float], found: Sequence[str], effective: Mapping[str, float], of: str
) -> list[str]:
    """What fell away because there is no such pair, and what the shares are now."""
    absent = sorted(name for name, share in shares.items() if share > 0 and name not in found)
    if not absent or not effective:
        return []
    drawn = ", ".join(f"{name} {share:.3g}" for name, share in effective.items())
    return [f"{of}no pair of {', '.join(absent)}; shares are now {drawn}"]


def _undrawn(mix: Sequence[float], drawn: set[int]) -> list[str]:
    """Which datasets fell out of the mix, as nothing of them is drawn, and what the mix is now."""
    gone = [str(dataset) for dataset, weight in enumerate(mix) if weight > 0 and dataset not in drawn]
    if not gone:
        return []
    whole = math.fsum(mix[dataset] for dataset in drawn)
    now = ", ".join(f"dataset {dataset} {mix[dataset] / whole:.3g}" for dataset in sorted(drawn))
    return [f"no pair is drawn of dataset {', '.join(gone)}; mix is now {now}"]


def _misspelt(parts: Sequence[Part], shares: Mapping[str, float]) -> list[str]:
    """Names of shares, also of 0, that no pair has and that are no kind: with near ones."""
    known = dict.fromkeys([*SHARES, *(part.stratum for part in parts)])
    notes = []
    for name in sorted(set(shares) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        notes.append(f"{name}: no pair is of such a stratum or kind; {hint}")
    return notes


def _left_out(parts: Sequence[Part], drawn: Sequence[bool], by_dataset: bool) -> list[str]:
    """What is there and not drawn."""
    out: dict[str, set[str]] = {}
    for part, is_drawn in zip(parts, drawn, strict=True):
        if not is_drawn:
            out.setdefault(f"dataset {part.dataset}: " if by_dataset else "", set()).add(part.stratum)
    return [f"{of}left out, of share 0: {', '.join(sorted(strata))}" for of, strata in sorted(out.items())]


def part_numbers(parts_of: Sequence[np.ndarray], groups: Sequence[int]) -> np.ndarray:
    """The group of every sample, datasets one after the other, from each dataset's parts (N,) by number."""
    return np.array(groups, np.int64)[np.concatenate(parts_of)]
