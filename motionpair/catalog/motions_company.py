"""Families on the floor, and of two who touch."""

from __future__ import annotations

from motionpair.catalog.family import MotionFamily
from motionpair.catalog.ranges import SIDE, Range, side

_ROLE = Range(0, 1, "0 for the first performer, 1 for the second")

FLOOR_AND_COMPANY: dict[str, MotionFamily] = {
    "crawl": MotionFamily(
        "floor",
        {
            "speed": Range(0.2, 0.4, "metres a second, for hips 0.9 m high"),
            "curve": Range(-0.3, 0.3, "radians turned a second"),
        },
        "crawls on all fours",
        (2.5, 6.0),
        alone=True,
    ),
    "push_up": MotionFamily(
        "floor",
        {
            "rate": Range(0.35, 0.7, "push-ups a second"),
            "depth": Range(0.4, 1.0, "1 = chest just off the floor"),
        },
        "does push-ups",
        (2.5, 6.0),
        alone=True,
    ),
    "roll": MotionFamily(
        "floor",
        {"side": SIDE, "rate": Range(0.18, 0.3, "rolls a second")},
        "rolls over on the floor",
        (2.5, 6.0),
        detail=side("to the {}"),
        alone=True,
    ),
    "hand_clap": MotionFamily(
        "company",
        {
            "role": _ROLE,
            "rate": Range(1.2, 2.4, "claps a second"),
            "pattern": Range(0, 1, "which clapping game"),
        },
        "plays a clapping game",
        (2.5, 6.0),
        alone=True,
        duet=True,
    ),
    "partner_dance": MotionFamily(
        "company",
        {
            "role": _ROLE,
            "tempo": Range(84, 126, "beats a minute"),
            "groove": Range(0.5, 1.1, "size of the steps, 1 = natural"),
        },
        "dances hand in hand with a partner",
        (3.0, 6.0),
        alone=True,
        duet=True,
    ),
}
