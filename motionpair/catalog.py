"""What a recipe may name: motion families, garments, fabrics, hair, places, and the ranges they take.

The catalogue is data: planning reads it without importing the renderer, and a test holds that
`render` implements exactly these names.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """A closed interval that a number is drawn from, evenly; `meaning` says what it is and its unit."""

    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class MotionFamily:
    """A parametric motion: its parameters with default ranges, and words for captions."""

    params: dict[str, Range]
    caption: str
    seconds: tuple[float, float]
    """Shortest and longest phrase."""
    upper_body: bool
    """Reads well in a close-up."""


MOTION_FAMILIES: dict[str, MotionFamily] = {
    "walk": MotionFamily(
        {
            "speed": Range(0.8, 1.5, "metres a second, for hips 0.9 m high"),
            "curve": Range(-0.6, 0.6, "radians turned a second"),
            "swing": Range(0.6, 1.3, "arm swing, 1 = natural"),
        },
        "walks",
        (2.0, 6.0),
        upper_body=False,
    ),
    "turn": MotionFamily(
        {"angle": Range(-3.1, 3.1, "radians turned, left positive"), "lift": Range(0.6, 1.4, "step height")},
        "turns on the spot",
        (1.5, 3.0),
        upper_body=False,
    ),
    "wave": MotionFamily(
        {
            "side": Range(-1, 1, "below 0 right hand, above 0 left hand"),
            "rate": Range(1.2, 2.6, "waves a second"),
            "reach": Range(0.5, 1.0, "0 beside the shoulder, 1 above the head"),
        },
        "waves",
        (1.5, 4.0),
        upper_body=True,
    ),
    "squat": MotionFamily(
        {"depth": Range(0.35, 0.9, "0 standing, 1 deepest"), "rate": Range(0.35, 0.7, "squats a second")},
        "squats",
        (2.0, 5.0),
        upper_body=False,
    ),
    "jump": MotionFamily(
        {"height": Range(0.12, 0.38, "metres, for hips 0.9 m high"), "spread": Range(0.0, 1.0, "arms out")},
        "jumps",
        (1.2, 3.0),
        upper_body=False,
    ),
    "punch": MotionFamily(
        {"rate": Range(1.2, 2.4, "punches a second"), "power": Range(0.6, 1.2, "torso twist, 1 = natural")},
        "throws punches",
        (1.5, 4.0),
        upper_body=True,
    ),
    "kick": MotionFamily(
        {
            "side": Range(-1, 1, "below 0 right leg, above 0 left leg"),
            "height": Range(0.4, 1.0, "of the hip's height"),
        },
        "kicks",
        (1.4, 3.0),
        upper_body=False,
    ),
    "dance": MotionFamily(
        {
            "tempo": Range(88, 132, "beats a minute"),
            "groove": Range(0.5, 1.2, "size of the movement, 1 = natural"),
            "style": Range(0, 1, "mix of the figures"),
        },
        "dances to a beat",
        (2.5, 6.0),
        upper_body=False,
    ),
    "talk": MotionFamily(
        {"energy": Range(0.5, 1.2, "size of the gestures"), "rate": Range(0.5, 1.1, "gestures a second")},
        "talks and gestures",
        (2.0, 6.0),
        upper_body=True,
    ),
    "count": MotionFamily(
        {
            "side": Range(-1, 1, "below 0 right hand, above 0 left hand"),
            "rate": Range(1.0, 2.2, "numbers a second"),
        },
        "counts on the fingers",
        (2.0, 5.0),
        upper_body=True,
    ),
}

GARMENT_KINDS: dict[str, str] = {
    "tee": "T-shirt",
    "shirt": "long-sleeved shirt",
    "trousers": "trousers",
    "shorts": "shorts",
    "skirt": "skirt",
    "shoes": "shoes",
}
"""Garment kind to its name in captions."""

TOPS = ("tee", "shirt")
BOTTOMS = ("trousers", "shorts", "skirt")
FOOTWEAR = ("shoes",)

FABRICS: dict[str, int] = {"plain": 1, "stripes": 2, "plaid": 3, "dots": 2, "denim": 1, "knit": 1}
"""Fabric to the number of colours that it takes. Footwear takes `plain`."""

HAIR_STYLES: dict[str, str] = {
    "short": "short hair",
    "buzz": "a buzz cut",
    "bob": "a bob",
    "afro": "an afro",
    "long": "long hair",
    "bald": "a bald head",
}
"""Hair style to its words in captions."""

ENVIRONMENTS: dict[str, str] = {
    "plaza": "on a paved square",
    "park": "on the grass of a park",
    "court": "on a sports court",
    "room": "in a furnished room",
    "studio": "in a photo studio",
}
"""Environment kind to its words in captions."""

HDRIS: dict[str, str] = {
    "city": "city daylight",
    "courtyard": "a courtyard's light",
    "forest": "forest light",
    "interior": "indoor light",
    "night": "night light",
    "studio": "studio light",
    "sunrise": "sunrise light",
    "sunset": "sunset light",
}
"""The CC0 HDRIs that bpy ships, with their words in captions."""

INDOOR = ("room", "studio")
ESTIMATORS = ("exact", "accurate")
RENDER_PRESETS = ("draft", "demo", "production")
