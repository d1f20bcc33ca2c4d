"""Captions: a pair's target clip in words, every one of them true to the spec.

Who is seen (age, build, skin, hair), in what clothes and colours, what they do and in which order,
where, in which light and picture style, and how it is filmed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from motionpair import catalog
from motionpair.cast import CHILD_BELOW, OLD_FROM
from motionpair.colours import NAMED, colour_name, difference, lab
from motionpair.specs import (
    Camera,
    Character,
    ClipSpec,
    Environment,
    Garment,
    MotionSpec,
    PairSpec,
    Performer,
)

_HAIR_NAMES = {
    "black": "#12100f", "dark brown": "#2e1f18", "brown": "#553824", "light brown": "#8c6239",
    "blond": "#c9a468", "auburn": "#8e3f1f", "grey": "#8a8a8a", "white": "#e2dfda",
}  # fmt: skip
"""Hair has names of its own, where no plainly coloured name is nearer."""
_SKIN_NAMES = ((78, "very light"), (68, "light"), (58, "tan"), (45, "brown"), (30, "dark brown"), (0, "dark"))
"""Least CIE L* of a skin tone, and its name."""

_SHOWN_COLOURS: Mapping[str, Mapping[str, str]] = {
    "plaza": {"paving": "{} paving", "facade": "{} facades"},
    "court": {"court": "a {} surface", "lines": "{} lines"},
    "room": {"wall": "{} walls", "floor": "a {} floor"},
    "studio": {"paper": "a {} backdrop"},
}
"""Environment kind: which of its colours a caption tells, and how."""


def caption(spec: PairSpec) -> str:
    """The target clip in English: several sentences, the same for the same spec."""
    clip = spec.target
    seconds = spec.frames / spec.fps
    parts = [_style_words(clip), *_people(clip, seconds), _place(clip.environment), _filming(clip, seconds)]
    return " ".join(parts)


def _style_words(clip: ClipSpec) -> str:
    view = "close-up" if clip.camera.framing == "close_up" else "full-body shot"
    style = {"realistic": "realistic", "toon": "2D animation"}[clip.render.style]
    return f"A {style} {view} {'in which' if len(clip.performers) > 1 else 'of'} " + _count_words(clip)


def _count_words(clip: ClipSpec) -> str:
    count = len(clip.performers)
    if count == 1:
        return f"{_a(_noun(clip.performers[0].character))}."
    return f"{ {2: 'two', 3: 'three'}.get(count, str(count)) } people perform beside each other."


def _people(clip: ClipSpec, seconds: float) -> list[str]:
    """A description of each performer, from the picture's left to its right."""
    bearing = clip.camera.azimuth
    ordered = sorted(
        clip.performers, key=lambda p: p.position[0] * math.cos(bearing) + p.position[1] * math.sin(bearing)
    )
    if len(ordered) == 1:
        return [_person(ordered[0], _pronoun(ordered[0].character), seconds)]
    names = {
        2: ("On the left, {}", "On the right, {}"),
        3: ("On the left, {}", "In the middle, {}", "On the right, {}"),
    }[len(ordered)]
    return [
        _person(p, where.format(_a(_noun(p.character))), seconds)
        for p, where in zip(ordered, names, strict=True)
    ]


def _person(performer: Performer, subject: str, seconds: float) -> str:
    character = performer.character
    has = f"has {_skin(character)} skin and {_hair(character)}"
    wears = f"wears {_list([_garment_words(g) for g in character.garments])}"
    verb = _conjugate(subject)
    first = f"{subject} {verb(has)}, and {verb(wears)}."
    who = _pronoun(character)
    return f"{first} {who} {_conjugate(who)(_motion_words(performer.motion, seconds))}."


def _conjugate(subject: str) -> Callable[[str], str]:
    """Turns third-person singular phrases into what fits the subject (`They` takes the plural)."""
    if subject != "They":
        return lambda words: words
    return lambda words: ", then ".join(_plural_verb(part) for part in words.split(", then "))


def _plural_verb(words: str) -> str:
    verb, _, rest = words.partition(" ")
    if verb == "has":
        verb = "have"
    elif verb.endswith(("ches", "shes", "sses")):
        verb = verb[:-2]
    elif verb.endswith("ies"):
        verb = verb[:-3] + "y"
    else:
        verb = verb.removesuffix("s")
    rest = rest.replace("and gestures", "and gesture") if verb == "talk" else rest
    return f"{verb} {rest}".strip()


def _noun(character: Character) -> str:
    age, gender = character.phenotype["age"], character.phenotype["gender"]
    sex = 0 if gender < 0.35 else 2 if gender > 0.65 else 1
    if age < CHILD_BELOW:
        return " ".join(filter(None, (_build(character), ("girl", "child", "boy")[sex])))
    noun = ("woman", "person", "man")[sex]
    stage = "old" if age >= OLD_FROM else "young" if age < 0.7 else "middle-aged"
    return " ".join(filter(None, (_build(character), stage, noun)))


def _build(character: Character) -> str:
    phenotype = character.phenotype
    words = []
    if phenotype["height"] > 0.7:
        words.append("tall")
    elif phenotype["height"] < 0.3:
        words.append("short")
    if phenotype["weight"] > 0.7:
        words.append("heavy-set")
    elif phenotype["muscle"] > 0.7:
        words.append("muscular")
    elif phenotype["weight"] < 0.3:
        words.append("slim")
    return ", ".join(words)


def _pronoun(character: Character) -> str:
    gender = character.phenotype["gender"]
    return "She" if gender < 0.35 else "He" if gender > 0.65 else "They"


def _skin(character: Character) -> str:
    lightness = lab(character.skin)[0]
    return next(name for least, name in _SKIN_NAMES if lightness >= least)


def _hair(character: Character) -> str:
    style = catalog.HAIR_STYLES[character.hair.style]
    if character.hair.style == "bald":
        return style
    colour = hair_colour_name(character.hair.colour)
    if style.startswith(("a ", "an ")):
        return _a(f"{colour} {style.partition(' ')[2]}")
    cut, _, hair = style.rpartition(" ")
    return f"{cut} {colour} {hair}"


def hair_colour_name(colour: str) -> str:
    """The name of a hair colour: a natural one, unless the nearest name of all is a plain colour."""
    return min(
        (*_HAIR_NAMES.items(), *((n, c) for n, c in NAMED.items() if _vivid(c))),
        key=lambda item: difference(item[1], colour),
    )[0]


def _vivid(colour: str) -> bool:
    _, a, b = lab(colour)
    return math.hypot(a, b) > 45


def _garment_words(garment: Garment) -> str:
    names = list(dict.fromkeys(colour_name(c) for c in garment.colours))
    fabric = catalog.FABRICS[garment.fabric].word
    name = catalog.GARMENT_KINDS[garment.kind].name
    words = " ".join(filter(None, (_list(names), fabric, name)))
    plural = name.endswith("s") and not name.endswith("ss")
    return words if plural else _a(words)


_SLIVER = 0.25
"""Seconds of a motion that a phrase takes to be worth a word, unless none takes as long."""


def _motion_words(motion: MotionSpec, seconds: float) -> str:
    """What the clip's window of the chained motion shows, in order."""
    end = motion.start + motion.speed * seconds
    shown, at = [], 0.0
    for phrase in motion.phrases:
        shown.append(min(at + phrase.seconds, end) - max(at, motion.start))
        at += phrase.seconds
    # A sliver of a phrase at the window's edge is mostly the blend to its neighbour.
    least = min(_SLIVER, max(shown))
    words = [
        f"{(family := catalog.MOTION_FAMILIES[p.family]).caption} {family.detail(p.params)}".strip()
        for p, time in zip(motion.phrases, shown, strict=True)
        if time >= least
    ]
    distinct = [w for i, w in enumerate(words) if i == 0 or w != words[i - 1]]
    return ", then ".join(distinct) + (" in slow motion" if motion.speed < 0.75 else "")


def _place(environment: Environment) -> str:
    builder = catalog.ENVIRONMENTS[environment.kind]
    painted = dict(zip(builder.colours, environment.colours, strict=True))
    shown = _SHOWN_COLOURS.get(environment.kind, {})
    details = [words.format(colour_name(painted[what])) for what, words in shown.items()]
    where = f"The scene is {builder.caption}"
    if details:
        where += f" with {_list(details)}"
    return f"{where}, in {catalog.HDRIS[environment.hdri]}."


def _filming(clip: ClipSpec, seconds: float) -> str:
    camera = clip.camera
    moves = {
        "static": "The camera stands still",
        "orbit": f"The camera slowly orbits to the {'right' if camera.move > 0 else 'left'}",
        "handheld": "The handheld camera sways a little",
    }
    height = ""
    if camera.elevation > 0.15:
        height = " and looks slightly down"
    elif camera.elevation < -0.02:
        height = " and looks slightly up"
    return f"{moves[camera.kind]}{height}.{_side_seen(clip, camera)}"


def _side_seen(clip: ClipSpec, camera: Camera) -> str:
    """From which side a single performer is seen in the middle frame, where headings and azimuths hold."""
    if len(clip.performers) != 1:
        return ""
    turned = abs(clip.performers[0].heading - camera.azimuth)
    name = "the front" if turned < 0.35 else "a three-quarter angle" if turned < 1.1 else "the side"
    who = _pronoun(clip.performers[0].character)
    return f" Half-way through, {who.lower()} {'are' if who == 'They' else 'is'} seen from {name}."


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
