"""Places and light: procedural environments, their parameters and colours, and the HDRIs that suit them."""

from __future__ import annotations

from dataclasses import dataclass, field

from motionpair.catalog.ranges import Range


@dataclass(frozen=True)
class EnvironmentKind:
    """A procedural place: its parameters, its colours and the light that suits it."""

    params: dict[str, Range]
    colours: dict[str, tuple[str, ...]]
    """What each colour of `Environment.colours` paints, in that order, with the colours to draw from."""
    hdris: tuple[str, ...]
    caption: str
    shown: dict[str, str] = field(default_factory=dict)
    """The colours that a caption tells, with their words, such as {"paving": "{} paving"}."""


_CLEAR = Range(2.4, 3.2, "metres around the origin that are free of things")
_DAYLIGHT = ("city", "courtyard", "forest", "night", "sunrise", "sunset")
_WALLS = ("#e8e0d2", "#d8d3cb", "#b9c7cc", "#c9b79c", "#a9b8a0", "#c8a091", "#8fa3b5", "#efe9e1", "#7f8f86")
_WOODS = ("#8a5a36", "#b5824f", "#5b3c28", "#caa173", "#9a6b45", "#6f4a33")
_ACCENTS = ("#b8452f", "#2f6f8f", "#d9a441", "#3f7d58", "#7a4e86", "#c96f4a", "#2d4a6b", "#a83a55", "#e0c9a6")

ENVIRONMENTS: dict[str, EnvironmentKind] = {
    "plaza": EnvironmentKind(
        {
            "clear": _CLEAR,
            "pattern": Range(0, 1, "paving: below 0.35 bricks, below 0.7 square tiles, else large slabs"),
            "tile": Range(0.22, 0.5, "metres, the length of a paving stone"),
            "wear": Range(0.0, 1.0, "0 new, 1 weathered"),
            "storeys": Range(1.0, 4.0, "height of the buildings around, in storeys"),
            "greenery": Range(0.0, 1.0, "share of the places that hold a tree or planter"),
        },
        {
            "paving": ("#9c9588", "#8d7a6b", "#a89a8a", "#7f8486", "#b3a896", "#94725e", "#6f7376"),
            "joints": ("#5c5750", "#6d655c", "#4c4d4e", "#8a8378"),
            "facade": (*_WALLS, "#a4583f", "#8c4a38"),
            "accent": _ACCENTS,
        },
        _DAYLIGHT,
        "on a paved square",
        {"paving": "{} paving", "facade": "{} facades"},
    ),
    "park": EnvironmentKind(
        {
            "clear": _CLEAR,
            "trees": Range(0.35, 1.0, "density of the trees around"),
            "path": Range(0.0, 3.14, "bearing of the path, radians"),
            "flowers": Range(0.0, 1.0, "density of the flowers"),
            "blades": Range(0.3, 1.0, "height of the grass, 1 = unmown"),
        },
        {
            "grass": ("#5f7f36", "#6f8a3c", "#4f7238", "#7c8f45", "#5b7a4a"),
            "foliage": ("#3f6b2f", "#557d34", "#2f5a35", "#8a7a2f", "#a8622c", "#6f8f4a"),
            "path": ("#b7a588", "#a39178", "#c2b59b", "#8f8577", "#a8795a"),
            "flowers": ("#e8d04a", "#d86a8a", "#f1ece0", "#8a6fc0", "#d9532f"),
        },
        _DAYLIGHT,
        "on the grass of a park",
    ),
    "court": EnvironmentKind(
        {
            "clear": _CLEAR,
            "bearing": Range(0.0, 6.28, "which way the court lies, radians"),
            "wear": Range(0.0, 1.0, "0 freshly painted, 1 worn"),
            "fence": Range(2.4, 4.0, "metres, height of the fence"),
        },
        {
            "court": ("#3f6f9a", "#4a7d55", "#a5523c", "#5b5f8a", "#2f7f86", "#b5683e", "#6b7078"),
            "surround": ("#4f7a56", "#8f4438", "#5d6468", "#3d5f86", "#97653f", "#4f8a7a"),
            "lines": ("#f2f0ea", "#f0dc78", "#e8eef2"),
            "accent": _ACCENTS,
        },
        _DAYLIGHT,
        "on a sports court",
        {"court": "a {} surface", "lines": "{} lines"},
    ),
    "room": EnvironmentKind(
        {
            "clear": _CLEAR,
            "floor": Range(0, 1, "below 0.6 planks, below 0.8 herringbone, else tiles"),
            "furniture": Range(0.5, 1.0, "share of the places along the walls that hold something"),
            "windows": Range(0.0, 1.0, "share of the walls that have a window"),
            "panelling": Range(0, 1, "walls: below 0.35 plain, below 0.7 wainscot, else stripes"),
        },
        {
            "wall": _WALLS,
            "floor": _WOODS,
            "textiles": _ACCENTS,
            "rug": (*_ACCENTS, "#cfc4b2", "#8a8f94"),
            "furniture": (*_WOODS, "#e9e5dd", "#3a3d40"),
        },
        (*_DAYLIGHT, "interior", "studio"),
        "in a furnished room",
        {"wall": "{} walls", "floor": "a {} floor"},
    ),
    "studio": EnvironmentKind(
        {
            "clear": _CLEAR,
            "sweep": Range(0.8, 1.8, "metres, radius of the paper's curve"),
            "panels": Range(0.0, 1.0, "share of the places that hold a light panel"),
            "stripes": Range(0, 1, "backdrop: below 0.4 plain, below 0.7 two colours, else blocks"),
        },
        {
            "paper": ("#c9c5bf", "#8f9aa3", "#d8a48f", "#8fb0a5", "#e2c58a", "#7f86a8", "#b58aa0", "#5f6a70"),
            "second": ("#f0ece4", "#3f4a55", "#c4634a", "#3f7d78", "#d9a441", "#5a4f86", "#a83a55"),
            "props": (*_ACCENTS, "#e9e5dd", "#3a3d40"),
        },
        ("studio", "interior", "city", "courtyard", "sunrise"),
        "in a photo studio",
        {"paper": "a {} backdrop"},
    ),
}
"""The places, by `Environment.kind`. `Environment.params` holds a number for every one of the kind's params,
`Environment.colours` a colour for each of its colours, in order. Floors are at z = 0."""

LIGHT_BEARING = Range(-1.0, 1.0, "radians, of the key light, like a camera's azimuth; faces stay lit")

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
