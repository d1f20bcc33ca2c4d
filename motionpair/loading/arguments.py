"""Arguments that a user wrote, held against what is accepted."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from motionpair.errors import InputError


def whole(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """A whole number; also numpy's, but no float, text or truth value.

    Args:
        name: of the argument. least, most: what is accepted, both included.

    Raises:
        InputError: it is none, or outside; names the argument.
    """
    range_ = f"from {least}" if most is None else f"from {least} to {most}"
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if isinstance(value, (bool, np.bool_)) or number is None:
        raise InputError(f"{name}: expected a whole number {range_}, got {value!r}")
    if number < least or (most is not None and number > most):
        raise InputError(f"{name}: expected a whole number {range_}, got {number}")
    return number


def truth(name: str, value: Any) -> bool:
    """`True` or `False`, and nothing that is merely taken for it.

    Raises:
        InputError: something else; names the argument.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{name}: expected True or False, got {value!r}")
    return bool(value)
