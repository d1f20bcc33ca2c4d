"""The table of checks: each figure is a column, each limit of the recipe ends what breaks it."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace

import pytest
from synthetic import pair_spec, pose_driven, preference_item

from motionpair.columns import COLUMNS
from motionpair.gate_limits import CHECKS, SIDES, Check, checks_of
from motionpair.recipe import Limits, load_recipe
from motionpair.specs import PairSpec

LIMITS = load_recipe("motionpair-60k").limits
OTHER = {"candidates"}
"""Keys of `limits` that no figure is held against."""


def columns(check: Check) -> list[str]:
    return [check.figure] if check.of == "pair" else [f"{side}_{check.figure}" for side in SIDES]


def exact_close_up() -> PairSpec:
    """A filmed close-up of two without an estimator."""
    spec = pair_spec(0, "animation", (3, 5), "train")
    clips = {
        side: replace(
            (clip := getattr(spec, side)),
            camera=replace(clip.camera, framing="close_up"),
            estimator=replace(clip.estimator, name="exact"),
        )
        for side in SIDES
    }
    return replace(spec, **clips)


def test_every_limit_is_held_against_a_figure_and_every_figure_is_a_column() -> None:
    assert {check.limit for check in CHECKS} | OTHER == {f.name for f in fields_of(Limits)}
    for check in CHECKS:
        for column in columns(check):
            assert column in COLUMNS
        assert check.plus is None or check.plus in COLUMNS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.reason}")
def test_a_figure_at_its_limit_passes_and_one_beyond_does_not(check: Check) -> None:
    spec = exact_close_up()
    if not check.applies(spec, spec.driving):
        spec = next(s for s in (pose_driven(spec), preference_item(0)) if check.applies(s, s.driving))
    figures = {check.plus: 2.5} if check.plus else {}
    limit = check.accepted(LIMITS, figures)
    beyond = -1e-6 if check.bound == "at least" else 1e-6
    for column in columns(check):
        for value, passes in ((limit, True), (limit + beyond, False), (float("nan"), False)):
            found = [h for h in checks_of(spec, figures | {column: value}, LIMITS) if h.check == check]
            if column.startswith("target_") and not check.applies(spec, spec.target):
                assert not found
                continue
            (held,) = found
            assert held.column == column
            assert held.holds is passes


def test_the_estimators_error_widens_what_limbs_may_differ_by() -> None:
    spec = pair_spec(0, "animation", (3,), "train")
    figures = {"limb_disagreement_degrees": LIMITS.agreement_degrees + 3.0}
    for estimate, passes in ((0.0, False), (4.0, True)):
        (held,) = checks_of(spec, figures | {"limb_estimate_degrees": estimate}, LIMITS)
        assert held.holds is passes


def test_what_says_nothing_of_bones_is_not_held_against_them() -> None:
    spec = pose_driven(pair_spec(0, "animation", (3,), "train"))
    figures = {f"{side}_darkest_luma": 0.0 for side in SIDES} | {"pair_likeness": 1.0}
    figures |= {f"{side}_hands_visible_share": 0.0 for side in SIDES}
    held = {h.column for h in checks_of(spec, figures, LIMITS)}
    assert held == {"target_darkest_luma", "target_hands_visible_share"}


def test_one_alone_collides_with_nobody() -> None:
    figures = {f"{side}_{name}": 0.0 for side in SIDES for name in ("clearance_m", "overlap_mm")}
    assert not list(checks_of(pair_spec(0, "animation", (3,)), figures, LIMITS))
    held = {h.column for h in checks_of(pair_spec(0, "animation", (3, 5)), figures, LIMITS)}
    assert held == figures.keys()
