"""Ranges that numbers are drawn from, and the words that captions make of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Words = Callable[[Mapping[str, float]], str]
"""A family's parameters to words for a caption, perhaps none."""


@dataclass(frozen=True)
class Range:
    """A closed interval that a number is drawn from, evenly; `meaning` says what it is and its unit."""

    low: float
    high: float
    meaning: str


SIDE = Range(-1, 1, "below 0 right, above 0 left")


def side(words: str) -> Words:
    """Words in which `{}` becomes `right` or `left`, by the parameter `side`."""
    return lambda params: words.format("right" if params["side"] < 0 else "left")


def graded(name: str, low: float, high: float, words: tuple[str, str]) -> Words:
    """The first word at or below `low` of a parameter, the second at or above `high`, nothing between."""
    return lambda params: words[0] if params[name] <= low else words[1] if params[name] >= high else ""


def nothing(params: Mapping[str, float]) -> str:
    """No words."""
    return ""


def swap_sides(text: str) -> str:
    """The words of a mirrored motion: every `left` becomes `right` and the other way round."""
    return re.sub(r"\b(left|right)\b", lambda side: "right" if side[0] == "left" else "left", text)
