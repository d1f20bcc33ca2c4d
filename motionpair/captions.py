"""Captions: a pair's target clip in words, every one of them true to the spec.

Who is seen (age, build, skin, hair), in what clothes and colours, what they do and in which order, how they
stand to each other, where, in which light and picture style, and how it is filmed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from motionpair import catalog, portraits
from motionpair.catalog.ranges import swap_sides
from motionpair.colours import colour_name
from motionpair.portraits import listed, pronoun, with_article
from motionpair.specs import Camera, ClipSpec, Environment, MotionSpec, PairSpec, Performer

_LOOKS = {"realistic": "realistic", "animation_3d": "3D animation", "animation_2d": "2D animation"}
_TOGETHER = {
    "beside": "perform beside each other",
    "facing": "perform, turned towards each other",
    "mirrored": "do the same motion as mirror images of each other",
    "passing": "pass each other",
    "duet": "are partners, face to face",
}
_COUNTS = {2: "two", 3: "three"}
_SIDEWAYS = {
    2: ("On the left, {}", "On the right, {}"),
    3: ("On the left, {}", "In the middle, {}", "On the right, {}"),
}
_DEEP = {
    2: ("Nearer to the camera, {}", "Farther from it, {}"),
    3: ("Nearest to the camera, {}", "In the middle, {}", "Farthest from it, {}"),
}
_APART = 0.15
"""Metres that tell one place from the next, left from right or near from far."""
_ANGLES = (
    (0.35, "the front"),
    (1.1, "a three-quarter angle"),
    (2.04, "the side"),
    (2.8, "a three-quarter angle at the back"),
    (math.inf, "the back"),
)
"""Radians between where one faces and the camera, below which the words hold."""
_ROLLING = {"roll"}
"""Families that turn every side up: from where they are seen is no one side."""
_LOW = {name for name, family in catalog.MOTION_FAMILIES.items() if family.group == "floor"}
"""Families on the floor: no camera is so low that it looks up at them."""
_SLIVER = 0.25
"""Seconds of a motion that a phrase takes to be worth a word, unless none takes as long."""


def caption(spec: PairSpec) -> str:
    """The target clip in English: several sentences, the same for the same spec."""
    clip = spec.target
    seconds = spec.frames / spec.fps
    parts = [
        _opening(spec),
        *_people(clip, seconds, spec.formation),
        _place(clip.environment),
        _filming(clip),
    ]
    return " ".join(parts)


def _opening(spec: PairSpec) -> str:
    clip = spec.target
    view = "close-up" if clip.camera.framing == "close_up" else "full-body shot"
    looks = dict.fromkeys(_LOOKS[p.character.look] for p in clip.performers)
    shot = with_article(f"{' and '.join(looks)} {view}")
    count = len(clip.performers)
    if count == 1:
        who = with_article(portraits.noun(clip.performers[0].character))
        return f"{shot[0].upper()}{shot[1:]} of {who}."
    return f"{shot[0].upper()}{shot[1:]} in which {_COUNTS[count]} people {_TOGETHER[spec.formation]}."


def _people(clip: ClipSpec, seconds: float, formation: str) -> list[str]:
    """A description of each performer, and where in the picture it is half-way through the clip."""
    if len(clip.performers) == 1:
        (performer,) = clip.performers
        return [_person(performer, pronoun(performer.character), seconds)]
    ordered, names = _places_of(clip.performers, clip.camera.azimuth, formation)
    return [
        _person(p, where.format(with_article(portraits.noun(p.character))), seconds)
        for p, where in zip(ordered, names, strict=True)
    ]


def _places_of(
    performers: Sequence[Performer], bearing: float, formation: str
) -> tuple[list[Performer], tuple[str, ...]]:
    """Performers in order, and words for their places: from left to right, or from near to far.

    Those who pass each other change sides, so they are told by how near they are; so are others who stand
    one behind the other.
    """
    right, away = (math.cos(bearing), math.sin(bearing)), (-math.sin(bearing), math.cos(bearing))
    ways = [(right, _SIDEWAYS), (away, _DEEP)]
    if formation == "passing":
        ways.reverse()

    def along(way: tuple[float, float]) -> Callable[[Performer], float]:
        return lambda p: p.position[0] * way[0] + p.position[1] * way[1]

    def told(way: tuple[float, float]) -> float:
        places = sorted(map(along(way), performers))
        return min(_APART, *(b - a for a, b in pairwise(places)))

    way, names = max(ways, key=lambda each: told(each[0]))
    return sorted(performers, key=along(way)), names[len(performers)]


def _person(performer: Performer, subject: str, seconds: float) -> str:
    character = performer.character
    has = f"has {portraits.skin(character)} skin and {portraits.hair(character)}"
    wears = f"wears {portraits.clothes(character)}"
    verb = _conjugate(subject)
    first = f"{subject} {verb(has)}, and {verb(wears)}."
    who = pronoun(character)
    return f"{first} {who} {_conjugate(who)(_motion_words(performer.motion, seconds))}."


def _conjugate(subject: str) -> Callable[[str], str]:
    """Turns third-person singular phrases into what fits the subject (`They` takes the plural)."""
    if subject != "They":
        return lambda words: words
    return lambda words: ", then ".join(_plural(part) for part in words.split(", then "))


_ARTICLE = re.compile(r"\ba(?= [aeiou])")
"""An `a` that a colour after it makes `an`."""
_SECOND_VERB = re.compile(r"(?<=\band )(gestures|reacts|rises|puts|closes)\b")
"""The verbs that a family's caption joins to its first by `and`."""


def _plural(words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"{_plural_verb(verb)} {_SECOND_VERB.sub(lambda m: _plural_verb(m[0]), rest)}".strip()


def _plural_verb(verb: str) -> str:
    irregular = {"has": "have", "does": "do"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith(("ches", "shes", "sses", "xes")):
        return verb[:-2]
    return verb[:-3] + "y" if verb.endswith("ies") else verb.removesuffix("s")


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
    told = ", then ".join(distinct) + (" in slow motion" if motion.speed < 0.75 else "")
    return swap_sides(told) if motion.mirrored else told


def _place(environment: Environment) -> str:
    builder = catalog.ENVIRONMENTS[environment.kind]
    painted = dict(zip(builder.colours, environment.colours, strict=True))
    details = [
        _ARTICLE.sub("an", words.format(colour_name(painted[what]))) for what, words in builder.shown.items()
    ]
    where = f"The scene is {builder.caption}"
    if details:
        where += f" with {listed(details)}"
    return f"{where}, in {builder.light or catalog.HDRIS[environment.hdri]}."


def _filming(clip: ClipSpec) -> str:
    camera = clip.camera
    forward = camera.move > 0
    moves = {
        "static": "The camera stands still",
        "pan": f"The camera slowly pans to the {'right' if forward else 'left'}",
        "dolly": f"The camera slowly moves {'nearer' if forward else 'away'}",
        "orbit": f"The camera slowly orbits to the {'right' if forward else 'left'}",
        "handheld": "The handheld camera sways a little",
        "zoom": f"The camera slowly zooms {'in' if forward else 'out'}",
    }
    kind = camera.kind if camera.move or camera.kind == "handheld" else "static"
    height = ""
    if camera.elevation > 0.15:
        height = f" and looks {'slightly ' if camera.elevation < 0.6 else ''}down"
    elif camera.elevation < -0.03 and not _families(clip) & _LOW:
        height = " and looks slightly up"
    blur = " The background is out of focus." if camera.f_stop > 0 else ""
    return f"{moves[kind]}{height}.{blur}{_side_seen(clip, camera)}"


def _side_seen(clip: ClipSpec, camera: Camera) -> str:
    """From which side a single performer is seen in the middle frame, where headings and azimuths hold."""
    if len(clip.performers) != 1 or _families(clip) & _ROLLING:
        return ""
    turned = abs(math.remainder(clip.performers[0].heading - camera.azimuth, math.tau))
    name = next(words for most, words in _ANGLES if turned < most)
    who = pronoun(clip.performers[0].character)
    return f" Half-way through, {who.lower()} {'are' if who == 'They' else 'is'} seen from {name}."


def _families(clip: ClipSpec) -> set[str]:
    return {phrase.family for performer in clip.performers for phrase in performer.motion.phrases}
