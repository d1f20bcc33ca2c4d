from __future__ import annotations

import numpy as np
import pytest
from samples import phrase, spec
from views import view_of

from motionpair.catalog import ESTIMATORS as NAMES
from motionpair.errors import InputError
from motionpair.specs import Estimator
from render import estimators
from render.estimators import View
from render.estimators.errors import measure
from render.motion import Motion
from render.motions import perform

FRAMES = 49


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(spec(phrase("disco", 0, seconds=4.0)), 16, FRAMES)


@pytest.fixture(scope="module")
def view(motion: Motion) -> View:
    return view_of(motion)


def test_the_registry_is_the_catalogue() -> None:
    assert set(estimators.ESTIMATORS) == set(NAMES)


def test_exact_changes_nothing_and_needs_no_view(motion: Motion) -> None:
    assert estimators.observe(motion, Estimator("exact", 3)) is motion


def test_a_model_without_errors_gives_the_exact_motion(motion: Motion, view: View) -> None:
    seen = estimators.estimate(motion, estimators.EXACT, 3, view)
    np.testing.assert_allclose(np.abs(np.sum(seen.rotations * motion.rotations, axis=-1)), 1.0, atol=1e-9)
    np.testing.assert_allclose(seen.root, motion.root, atol=1e-12)
    errors = measure(motion, seen, view)
    assert max(errors.body_mm, errors.fingertip_mm, errors.body_px) < 1e-3


@pytest.mark.parametrize("name", ["accurate", "weak"])
def test_an_estimate_is_a_function_of_its_seed(motion: Motion, view: View, name: str) -> None:
    one, same, other = (estimators.observe(motion, Estimator(name, s), view) for s in (5, 5, 6))
    np.testing.assert_array_equal(one.rotations, same.rotations)
    np.testing.assert_array_equal(one.root, same.root)
    assert measure(one, other, view).body_mm > 5


def test_weak_errs_more_than_accurate(motion: Motion, view: View) -> None:
    errors = [
        [measure(motion, estimators.observe(motion, Estimator(name, s), view), view) for s in range(3)]
        for name in ("accurate", "weak")
    ]
    for figure in ("body_mm", "body_px", "fingertip_mm", "fingertip_px", "limb_degrees"):
        accurate, weak = (np.mean([getattr(e, figure) for e in of]) for of in errors)
        assert 0 < 1.2 * accurate < weak, figure


def test_what_is_not_estimated_passes_unchanged(motion: Motion, view: View) -> None:
    seen = estimators.observe(motion, Estimator("weak", 1), view)
    np.testing.assert_array_equal(seen.contacts, motion.contacts)
    np.testing.assert_array_equal(seen.expression, motion.expression)
    for name in ("events", "touches", "held", "support", "kneeling", "near"):
        assert getattr(seen, name) is getattr(motion, name)


def test_bad_estimators_and_views_are_refused(motion: Motion, view: View) -> None:
    with pytest.raises(InputError, match=r"estimator.name: expected one of exact, accurate"):
        estimators.observe(motion, Estimator("psychic", 0))
    with pytest.raises(ValueError, match="view: weak needs the view"):
        estimators.observe(motion, Estimator("weak", 0))
    short = perform(spec(phrase("disco", 0, seconds=4.0)), 16, 20)
    with pytest.raises(ValueError, match="view: expected 20 frames, got 49"):
        estimators.observe(short, Estimator("weak", 0), view)
    with pytest.raises(ValueError, match="swap: expected 0 or more, got -1"):
        estimators.ErrorModel(swap=-1)
