"""The motion families: parametric motions, by group."""

from __future__ import annotations

from motionpair.catalog.family import GROUPS, MotionFamily
from motionpair.catalog.motions_athletic import ATHLETIC
from motionpair.catalog.motions_company import FLOOR_AND_COMPANY
from motionpair.catalog.motions_daily import DAILY

MOTION_FAMILIES: dict[str, MotionFamily] = ATHLETIC | DAILY | FLOOR_AND_COMPANY
"""Name to family; `render.motions.FAMILIES` performs exactly these."""

__all__ = ["GROUPS", "MOTION_FAMILIES", "MotionFamily"]
