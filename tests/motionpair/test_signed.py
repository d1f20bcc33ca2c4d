"""Changes as text."""

import pytest

from motionpair.signed import signed


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.36, 1, "+1.4"),
        (-0.12, 1, "−0.1"),
        (-0.04, 1, "0.0"),
        (0.04, 1, "0.0"),
        (-0.04, 2, "−0.04"),
        (-0.4, 0, "0"),
        (0.0, 1, "0.0"),
    ],
)
def test_a_change_that_rounds_to_zero_has_no_sign(value, digits, text):
    assert signed(value, digits) == text
