"""How a gate turns a candidate down: figures are written down as they are measured, and held at once."""

from __future__ import annotations

from motionpair.gate_limits import checks_of
from motionpair.recipe import Limits
from motionpair.specs import PairSpec


class Discard(Exception):
    """A candidate that a gate turned down. reason: a short name to count by; the text adds the figure."""

    def __init__(self, reason: str, figure: float, limit: str) -> None:
        super().__init__(f"{reason}: {figure:.4g}, accepted: {limit}")
        self.reason = reason
        self.figure = figure
        self.limit = limit


class Judge:
    """Holds a candidate's figures against the limits as they come in, so that dear ones are measured last.

    Args:
        spec: the pair. limits: the recipe's.
    """

    def __init__(self, spec: PairSpec, limits: Limits) -> None:
        self._spec, self._limits = spec, limits
        self.figures: dict[str, float] = {}

    def hold(self, **figures: float) -> None:
        """Note figures, named as the row's columns, and check those that have a limit.

        Raises:
            Discard: one of them breaks its limit.
        """
        self.figures |= {name: float(value) for name, value in figures.items()}
        for held in checks_of(self._spec, self.figures, self._limits):
            if held.column in figures and not held.holds:
                limit = f"{held.check.bound} {held.accepted:.4g}"
                raise Discard(held.check.reason, held.value, limit)
