"""Places and light: procedural environments, their parameters and colours, and the HDRIs that suit them."""

from __future__ import annotations

from dataclasses import dataclass, field

from motionpair.catalog.ranges import Range

_UNDERFOOT = {"paving", "path", "court", "lines", "floor", "road", "markings", "sand"}


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
    light: str = ""
    """Words for the light where the place brings its own, instead of the HDRI's in `HDRIS`."""

    @property
    def ground(self) -> tuple[str, ...]:
        """The colours of what lies underfoot: a close-up does not show it."""
        return tuple(name for name in self.colours if name in _UNDERFOOT)


_CLEAR = Range(2.4, 3.2, "metres around the origin that are free of things")
_DAYLIGHT = ("city", "courtyard", "forest", "night", "sunrise", "sunset")
_INDOOR_LIGHT = ("city", "courtyard", "interior", "night", "studio")
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
        {"paving": "{} paving", "facade": "{} house fronts"},
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
        {"path": "a {} path"},
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
        ("city", "courtyard", "interior", "night", "studio", "sunrise", "sunset"),
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
    "street": EnvironmentKind(
        {
            "clear": _CLEAR,
            "bearing": Range(-0.75, 0.75, "radians, of the street against the camera's bearing"),
            "storeys": Range(1.0, 4.0, "height of the houses above their shops, in storeys"),
            "cars": Range(0.2, 0.9, "share of the parking bays that are taken"),
            "greenery": Range(0.0, 1.0, "share of the places on the pavement that hold a tree"),
            "wear": Range(0.0, 1.0, "0 freshly laid and painted, 1 worn and cracked"),
        },
        {
            "road": ("#6a6b6d", "#75716b", "#5f6468", "#7d766e"),
            "pavement": ("#a09a90", "#b3aa9c", "#8f9294", "#a58f7f", "#99a09c"),
            "facade": (*_WALLS, "#a4583f", "#8c4a38", "#c98f5a"),
            "accent": _ACCENTS,
            "markings": ("#e9e7df", "#e8c65a"),
        },
        _DAYLIGHT,
        "on a street lined with shops",
        {"road": "a {} road", "markings": "{} markings"},
    ),
    "stage": EnvironmentKind(
        {
            "clear": _CLEAR,
            "backdrop": Range(
                0, 1, "below 0.3 a curtain, below 0.65 a wall of light panels, else a lit cloth"
            ),
            "beams": Range(0.3, 1.0, "strength of the beams in the haze"),
            "colour": Range(0.5, 1.0, "strength of the coloured light on the performers"),
            "fixtures": Range(0.3, 1.0, "share of the places on the truss that hold a light"),
            "gear": Range(0.0, 1.0, "share of the places at the sides that hold loudspeakers and cases"),
        },
        {
            "curtain": ("#7a1420", "#3b1648", "#16325c", "#1d4a3c", "#2a2a30", "#8a3a1c"),
            "floor": ("#2a2724", "#5b3c28", "#8a5a36", "#3a3d42", "#6f4a33"),
            "left light": ("#ff3b6b", "#ff7a1e", "#d03bff", "#ff2f2f", "#ffb000", "#ff5fb0"),
            "right light": ("#2f7bff", "#18d0c0", "#3bff8a", "#6a4bff", "#00a8ff", "#8f5bff"),
            "backdrop": ("#1c2450", "#4a1c50", "#0f4a50", "#5a2410", "#2d2d38", "#3a5a1c"),
        },
        ("interior", "night", "studio"),
        "on a theatre stage",
        {
            "curtain": "{} curtains",
            "left light": "{} light from one side",
            "right light": "{} light from the other",
        },
        "the beams of coloured spotlights",
    ),
    "gym": EnvironmentKind(
        {
            "clear": _CLEAR,
            "mats": Range(
                0, 1, "floor: below 0.4 rubber, below 0.7 court lines on wood, else mats on rubber"
            ),
            "equipment": Range(0.4, 1.0, "share of the places along the walls that hold a rack or machine"),
            "bars": Range(0.0, 1.0, "share of the wall's bays with wall bars"),
            "band": Range(0.9, 1.8, "metres, height of the painted band on the walls"),
        },
        {
            "floor": ("#33363a", "#2b2f36", "#4a4642", "#3d4a45", "#b5824f"),
            "wall": (*_WALLS, "#6f7478", "#55606a"),
            "accent": (*_ACCENTS, "#d8342f", "#1f8fd0", "#f0b41e"),
            "mat": ("#2f5f9a", "#a83a35", "#2f7a55", "#6a4c8a", "#c98a2a", "#3f8a94"),
        },
        _INDOOR_LIGHT,
        "in a gym",
        {"wall": "{} walls", "accent": "a {} band on the walls"},
    ),
    "corridor": EnvironmentKind(
        {
            "clear": _CLEAR,
            "lockers": Range(0.35, 0.9, "share of the walls with lockers before them"),
            "tiles": Range(0.3, 0.9, "metres, side of a floor tile"),
            "border": Range(0.0, 1.0, "share of the floor's width that the coloured border takes, tenths"),
            "dado": Range(0.0, 1.5, "metres, height of the painted lower wall; below 0.6 none"),
            "turned": Range(-0.35, 0.35, "radians, of the corridor against the camera's bearing"),
        },
        {
            "wall": _WALLS,
            "floor": ("#b8b2a4", "#9aa3a0", "#c9b99a", "#8d97a0", "#a58f7a", "#b3a9b0"),
            "lockers": ("#3f6f9a", "#b8452f", "#d9a441", "#4a7d55", "#7f8a90", "#2f8f8a", "#6a5a94"),
            "doors": (*_WOODS, "#5f6f7a", "#8f3f36"),
        },
        _INDOOR_LIGHT,
        "in a long corridor",
        {"wall": "{} walls", "lockers": "{} lockers"},
    ),
    "office": EnvironmentKind(
        {
            "clear": _CLEAR,
            "desks": Range(0.6, 1.0, "share of the places that hold a desk"),
            "windows": Range(0.2, 1.0, "share of the walls that are windows"),
            "glass": Range(0, 1, "partitions: below 0.4 none, else glass with a band"),
            "carpet": Range(0, 1, "below 0.5 carpet tiles, below 0.8 stripes, else planks"),
        },
        {
            "wall": _WALLS,
            "floor": ("#5f666c", "#6f6a64", "#4f5f66", "#7a7f80", "#8a7a66", "#566058"),
            "accent": _ACCENTS,
            "desks": (*_WOODS, "#e9e5dd", "#d9d4c8"),
        },
        _INDOOR_LIGHT,
        "in an open-plan office",
        {"wall": "{} walls", "floor": "a {} floor"},
    ),
    "rooftop": EnvironmentKind(
        {
            "clear": _CLEAR,
            "deck": Range(0, 1, "floor: below 0.4 planks, below 0.75 slabs, else gravel with a walkway"),
            "towers": Range(0.4, 1.0, "density of the skyline"),
            "vents": Range(0.3, 1.0, "share of the places that hold vents, tanks or aerials"),
            "lights": Range(0.0, 1.0, "share of the parapet's posts that carry strings of lights"),
        },
        {
            "floor": ("#8a6a4c", "#9c9588", "#7f8486", "#a8795a", "#6f7376", "#b3a896"),
            "parapet": ("#a4583f", "#c9c0b0", "#8d8f90", "#7a5a4a", "#d8d3cb"),
            "skyline": ("#7f8fa0", "#a09080", "#6f7f86", "#b0a294", "#8a7f94"),
            "accent": _ACCENTS,
        },
        ("city", "courtyard", "night", "sunrise", "sunset"),
        "on a rooftop above a city's skyline",
        {"floor": "a {} floor", "parapet": "a {} parapet"},
    ),
    "beach": EnvironmentKind(
        {
            "clear": _CLEAR,
            "shore": Range(-0.9, 0.9, "radians, of the way to the sea against the camera's bearing"),
            "parasols": Range(0.2, 1.0, "share of the places that hold a parasol or a hut"),
            "palms": Range(0.0, 1.0, "share of the places that hold a palm"),
            "surf": Range(0.2, 1.0, "height of the surf"),
            "ripples": Range(0.2, 1.0, "depth of the ripples in the sand"),
        },
        {
            "sand": ("#d9c39a", "#e3d3b0", "#c9ad7f", "#d0b898", "#bfa88a"),
            "sea": ("#1f7f94", "#2a6f9c", "#3f9a96", "#285f86", "#4a8fa8"),
            "parasol": _ACCENTS,
            "huts": ("#d9584a", "#3f8fc0", "#e8b84a", "#5fa88a", "#e9e5dd", "#c97a9a"),
        },
        ("city", "courtyard", "night", "sunrise", "sunset"),
        "on a sandy beach by the sea",
        {"sand": "{} sand", "sea": "a {} sea"},
    ),
}
"""The places, by `Environment.kind`. `Environment.params` holds a number for every one of the kind's params,
`Environment.colours` a colour for each of its colours, in order. Floors are at z = 0."""

LIGHT_BEARING = Range(-1.0, 1.0, "radians, of the key light, like a camera's azimuth; faces stay lit")

HDRIS: dict[str, str] = {
    "city": "bright daylight",
    "courtyard": "clear daylight",
    "forest": "mild, hazy daylight",
    "interior": "warm indoor light",
    "night": "lamplight at night",
    "studio": "soft, even light",
    "sunrise": "the golden light of sunrise",
    "sunset": "the orange light of sunset",
}
"""The CC0 HDRIs that bpy ships, with their words in captions (`in ...`)."""

INDOOR = ("corridor", "gym", "office", "room", "stage", "studio")
"""Kinds with a roof: their key light is whiter and softer than the sun."""
