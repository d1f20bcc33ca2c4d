"""What a recipe of preference items may say, beyond what any recipe may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motionpair import bounds
from motionpair.errors import InputError
from motionpair.specs import CAUSES

if TYPE_CHECKING:
    from motionpair.recipe import Preferences, Recipe

ROUNDS = ("one", "two", "three")
"""Numbers of rounds of weak estimation, by name."""


def check(recipe: Recipe, preferences: Preferences) -> None:
    """Both clips of an item film what one estimator saw; its reference is a frame of the target.

    Raises:
        InputError: the first thing that no preference item can be, by its key.
    """
    bounds.weights(preferences.rounds, "preferences.rounds", ROUNDS, "number of rounds")
    for cause in preferences.causes:
        bounds.known(cause, CAUSES, f"preferences.causes.{cause}", "cause")
    if not any(preferences.causes.values()):
        raise InputError("preferences.causes: expected at least one that is true, got none")
    if recipe.estimators.reverse_driven:
        raise InputError(
            "estimators.reverse_driven: both clips of a preference item are estimated; expected 0, got "
            f"{recipe.estimators.reverse_driven:g}"
        )
    for name, weight in recipe.estimators.models.items():
        if name != "accurate" and weight > 0:
            raise InputError(
                f"estimators.models.{name}: what a preference item prefers is what the accurate estimator "
                "saw; expected 0"
            )
    for kind, weight in recipe.references.kinds.items():
        if kind != "in_clip" and weight > 0:
            raise InputError(
                f"references.kinds.{kind}: a preference item shows a frame of its target; expected 0"
            )
    for i, stratum in enumerate(recipe.strata):
        for kind, weight in stratum.driving.items():
            if kind != "clip" and weight > 0:
                raise InputError(
                    f"strata[{i}].driving.{kind}: a preference item is driven by a clip; expected 0"
                )
