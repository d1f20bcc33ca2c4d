from __future__ import annotations

import numpy as np
import pytest
from samples import phrase, spec

from motionpair.catalog import ESTIMATORS as NAMES
from motionpair.errors import InputError
from motionpair.specs import Estimator
from render import estimators
from render import rotations as rot
from render.motion import Motion
from render.motions import perform
from render.skeleton import BODY_JOINTS


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(spec(phrase("disco", 0, seconds=6.0)), 16, 97)


def errors(motion: Motion, seen: Motion) -> np.ndarray:
    """(T, 55, 3) rotation errors in degrees."""
    return np.degrees(rot.log(rot.mul(rot.inverse(motion.rotations), seen.rotations)))


def test_the_registry_is_the_catalogue() -> None:
    assert set(estimators.ESTIMATORS) == set(NAMES)


def test_exact_changes_nothing(motion: Motion) -> None:
    assert estimators.observe(motion, Estimator("exact", 3)) is motion


def test_accurate_errs_by_its_stated_amounts(motion: Motion) -> None:
    wrong = np.concatenate(
        [errors(motion, estimators.observe(motion, Estimator("accurate", s))) for s in range(4)]
    )
    body, fingers = wrong[:, : len(BODY_JOINTS)], wrong[:, 25:]
    np.testing.assert_allclose(body.std(), estimators.BODY_DEGREES, rtol=0.1)
    np.testing.assert_allclose(fingers.std(), estimators.FINGER_DEGREES, rtol=0.1)
    assert np.abs(body).max() < 2.6 * estimators.BODY_DEGREES
    assert np.all(wrong[:, 22:25] < 1e-5)


def test_accurate_keeps_contacts_face_and_the_roots_way(motion: Motion) -> None:
    seen = estimators.observe(motion, Estimator("accurate", 1))
    np.testing.assert_array_equal(seen.contacts, motion.contacts)
    np.testing.assert_array_equal(seen.expression, motion.expression)
    assert np.abs(seen.root - motion.root).max() <= 2.5 * estimators.ROOT_SHARE + 1e-12


def test_accurate_errors_drift_rather_than_flicker(motion: Motion) -> None:
    wrong = errors(motion, estimators.observe(motion, Estimator("accurate", 1)))[:, : len(BODY_JOINTS)]
    flat = wrong.reshape(len(wrong), -1)
    neighbours = np.mean(flat[1:] * flat[:-1]) / np.mean(flat**2)
    apart = np.mean(flat[16:] * flat[:-16]) / np.mean(flat**2)
    assert neighbours > 0.7
    assert abs(apart) < 0.2


def test_accurate_is_a_function_of_its_seed(motion: Motion) -> None:
    one, same, other = (estimators.observe(motion, Estimator("accurate", s)) for s in (5, 5, 6))
    np.testing.assert_array_equal(one.rotations, same.rotations)
    assert not np.allclose(one.rotations, other.rotations)


def test_an_unknown_estimator_is_refused(motion: Motion) -> None:
    with pytest.raises(InputError, match=r"estimator.name: expected one of exact, accurate"):
        estimators.observe(motion, Estimator("psychic", 0))
