"""What makes an estimator weak, cause by cause: which parameters each cause of wrong hands sets, and to what.

A cause that is off keeps the accurate estimator's parameters. Draws do not depend on parameters, so causes do
not disturb each other. Severity is the number of rounds (`render.rejected`), not a scale of these numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from motionpair.specs import Cause
from render.estimators.model import ACCURATE, WEAK, ErrorModel

SET_BY: Mapping[Cause, tuple[str, ...]] = MappingProxyType(
    {
        "fingers": ("fingers_small", "fingers_fast", "fingers_hidden", "small_px", "blur"),
        "swap": ("swap",),
        "jitter": ("jitter", "hand_noise", "hand_depth", "heatmap_rows", "cell"),
        "missed": ("missed", "missed_hidden"),
    }
)
"""The parameters of an error model that each cause sets."""

WEAK_HANDS = replace(
    WEAK, jitter=0.3, fingers_small=0.85, small_px=170.0, swap=0.4, missed=0.06, missed_hidden=0.5
)
"""The weak estimator where hands are near: a heatmap of 64 rows over a whole person leaves a hand of 170 px
about ten cells, too few for fingers."""
OF_HANDS = replace(
    ACCURATE,
    noise=0.0,
    drop=0.0,
    drop_hidden=0.0,
    depth=0.0,
    flip=0.0,
    tilt_degrees=0.0,
    root_depth=0.0,
    twist_degrees=0.0,
)
"""The accurate estimator's errors in the hands alone: of the rest nothing is kept, and a wrong forearm would
bend the wrist that is put on a right one."""


def weak_in(causes: Sequence[Cause], model: ErrorModel = ACCURATE) -> ErrorModel:
    """A model, as weak as `WEAK_HANDS` in the ways of `causes`."""
    return replace(model, **{name: getattr(WEAK_HANDS, name) for cause in causes for name in SET_BY[cause]})
