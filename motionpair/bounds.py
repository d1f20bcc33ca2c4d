"""Bounds that a recipe's values are held to: known names, spans, weights, colours.

Each function raises an InputError that names the key, `where`, and says what would be accepted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from motionpair.errors import InputError

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def named(name: str, where: str) -> None:
    """A name that may be part of file names and ids: up to 40 of a-z, 0-9 and -, not - first."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{where}: expected up to 40 of a-z, 0-9 and -, first a letter or digit, got {name!r}"
        )


def known(name: str, accepted: Iterable[str], where: str, what: str) -> None:
    """One of the accepted names. what: what they are names of."""
    names = list(accepted)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"accepted: {', '.join(names)}"
        raise InputError(f"{where}: no such {what} {name!r}; {hint}")


def weights(
    given: Mapping[str, float], where: str, accepted: Iterable[str], what: str, part: bool = False
) -> None:
    """Known names, no weight below 0, not all 0; with `part`, they are shares that sum to 1."""
    names = list(accepted)
    for name in given:
        known(name, names, f"{where}.{name}", what)
    positive_weights(list(given.values()), where)
    if part and abs(sum(given.values()) - 1) > 1e-6:
        raise InputError(f"{where}: expected shares that sum to 1, got {sum(given.values()):g}")


def positive_weights(given: list[float], where: str) -> None:
    """No weight below 0, not all 0."""
    if any(not 0 <= w <= 1e9 for w in given):
        raise InputError(f"{where}: expected weights from 0 to 1e9, got {min(given):g} to {max(given):g}")
    if not sum(given) > 0:
        raise InputError(f"{where}: expected at least one weight above 0, got none")


def within(value: float, low: float, high: float, where: str) -> None:
    """A number from low to high."""
    if not low <= value <= high:
        raise InputError(f"{where}: expected {low:g} to {high:g}, got {value:g}")


def span(given: tuple[float, float], low: float, high: float, where: str) -> None:
    """A lowest and a highest number, in this order, from low to high."""
    if not low <= given[0] <= given[1] <= high:
        raise InputError(
            f"{where}: expected [lowest, highest] within {low:g} to {high:g}, "
            f"got [{given[0]:g}, {given[1]:g}]"
        )


def colours(given: tuple[str, ...], where: str) -> None:
    """At least one colour, each `#rrggbb`."""
    if not given:
        raise InputError(f"{where}: expected at least one colour, got none")
    for i, colour in enumerate(given):
        if not _COLOUR.fullmatch(colour):
            raise InputError(f"{where}[{i}]: expected a colour as '#rrggbb' in lower case, got {colour!r}")
