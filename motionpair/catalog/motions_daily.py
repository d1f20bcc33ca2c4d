"""Families of daily actions, of hands, and of conversation."""

from __future__ import annotations

from motionpair.catalog.family import MotionFamily
from motionpair.catalog.ranges import SIDE, Range, graded, side

_RATE = "a second"

DAILY: dict[str, MotionFamily] = {
    "sit": MotionFamily(
        "daily",
        {
            "rate": Range(0.18, 0.3, f"times {_RATE} that it sits down and rises"),
            "lean": Range(0.4, 1.0, "1 = far"),
        },
        "sits down on a stool and rises",
        (3.0, 6.0),
        alone=True,
        props=("stool",),
    ),
    "reach": MotionFamily(
        "daily",
        {
            "side": SIDE,
            "height": Range(0.0, 1.0, "0 at the knee, 1 above the head"),
            "across": Range(-0.6, 0.9, "radians outward of straight ahead"),
        },
        "reaches out",
        (1.6, 3.5),
        detail=side("with the {} hand"),
    ),
    "lift": MotionFamily(
        "daily",
        {"height": Range(0.4, 1.0, "0 knee, 1 chest"), "weight": Range(0.2, 1.0, "0 light, 1 heavy")},
        "lifts a box from the ground and puts it down",
        (3.5, 6.0),
        detail=graded("weight", 0.35, 0.75, ("with ease", "with effort")),
        alone=True,
        props=("box",),
    ),
    "drink": MotionFamily(
        "daily",
        {"side": SIDE, "rate": Range(0.25, 0.45, f"sips {_RATE}")},
        "drinks from a cup",
        (2.5, 6.0),
        detail=side("with the {} hand"),
        close_up=True,
        alone=True,
        props=("cup",),
    ),
    "phone": MotionFamily(
        "daily",
        {
            "side": SIDE,
            "call": Range(0.0, 1.0, "below 0.5 types on it, from 0.5 on holds it to the ear"),
            "energy": Range(0.5, 1.2, "size of the gestures"),
        },
        "uses a phone",
        (2.5, 6.0),
        detail=lambda params: "to talk" if params["call"] >= 0.5 else "to type",
        close_up=True,
        alone=True,
        props=("phone",),
    ),
    "point": MotionFamily(
        "daily",
        {
            "side": SIDE,
            "height": Range(-0.4, 0.7, "radians above the level"),
            "across": Range(-0.5, 1.0, "radians outward of straight ahead"),
        },
        "points",
        (1.5, 3.5),
        detail=side("with the {} hand"),
        close_up=True,
    ),
    "clap": MotionFamily(
        "daily",
        {
            "rate": Range(1.6, 3.2, f"claps {_RATE}"),
            "height": Range(0.0, 1.0, "0 at the belly, 1 at the face"),
        },
        "claps",
        (1.5, 4.0),
        close_up=True,
    ),
    "wave": MotionFamily(
        "daily",
        {
            "side": SIDE,
            "rate": Range(1.2, 2.6, f"waves {_RATE}"),
            "reach": Range(0.5, 1.0, "0 beside the shoulder, 1 above the head"),
        },
        "waves",
        (1.5, 4.0),
        detail=side("with the {} hand"),
        close_up=True,
    ),
    "stretch": MotionFamily(
        "daily",
        {"side": SIDE, "reach": Range(0.6, 1.0, "1 = as far as it goes")},
        "stretches",
        (2.5, 5.0),
    ),
    "bow": MotionFamily(
        "daily",
        {
            "depth": Range(0.4, 1.1, "radians"),
            "arms": Range(0.0, 1.0, "below 0.5 at the sides, else one across"),
        },
        "bows",
        (2.0, 4.0),
        detail=graded("depth", 0.55, 0.9, ("slightly", "deeply")),
    ),
    "count": MotionFamily(
        "hands",
        {"side": SIDE, "rate": Range(1.0, 2.2, f"numbers {_RATE}")},
        "counts on the fingers",
        (2.0, 5.0),
        detail=side("of the {} hand"),
        close_up=True,
    ),
    "spell": MotionFamily(
        "hands",
        {"side": SIDE, "rate": Range(0.9, 1.8, f"letters {_RATE}")},
        "spells with hand shapes",
        (2.0, 6.0),
        detail=side("of the {} hand"),
        close_up=True,
    ),
    "pinch": MotionFamily(
        "hands",
        {"side": SIDE, "rate": Range(0.6, 1.2, f"pinches {_RATE}")},
        "picks small things from the air",
        (2.0, 5.0),
        detail=side("with the {} hand"),
        close_up=True,
    ),
    "piano": MotionFamily(
        "hands",
        {"rate": Range(2.0, 5.0, f"notes {_RATE}"), "spread": Range(0.2, 1.0, "how far the hands travel")},
        "plays an air piano",
        (2.0, 6.0),
        close_up=True,
    ),
    "fists": MotionFamily(
        "hands",
        {"rate": Range(0.6, 1.4, f"times {_RATE}"), "height": Range(0.4, 1.0, "0 belly, 1 face")},
        "opens and closes the fists",
        (2.0, 5.0),
        close_up=True,
    ),
    "talk": MotionFamily(
        "conversation",
        {"energy": Range(0.5, 1.2, "size of the gestures"), "rate": Range(0.5, 1.1, f"gestures {_RATE}")},
        "talks and gestures",
        (2.0, 6.0),
        detail=graded("energy", 0.65, 1.05, ("calmly", "vividly")),
        close_up=True,
    ),
    "listen": MotionFamily(
        "conversation",
        {"side": SIDE, "energy": Range(0.4, 1.2, "size of nods and reactions")},
        "listens and reacts",
        (2.0, 6.0),
        close_up=True,
    ),
}
