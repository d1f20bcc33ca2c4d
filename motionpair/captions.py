"""Captions: a pair's target clip in words, every one of them true to the spec and to what was observed.

Who is seen (age, build, skin, hair), in what clothes and colours, in what posture, what they do and in which
order, how they stand to each other, where, in which light and picture style, and how it is filmed. The
phrasing varies by a generator seeded from the spec: the same spec and facts always give the same words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from motionpair import catalog, portraits
from motionpair.colours import colour_name
from motionpair.narration import capital, names_of, told
from motionpair.portraits import listed, with_article
from motionpair.postures import Observed
from motionpair.specs import Camera, ClipSpec, Environment, PairSpec, Performer

_SHOTS = {
    "realistic": ("realistic {}",),
    "animation_3d": ("3D-animated {}", "3D animation {}"),
    "animation_2d": ("2D-animated {}", "2D animation {}"),
}
_LOOKS = {"realistic": "realistic", "animation_3d": "3D-animated", "animation_2d": "2D-animated"}
_TOGETHER = {
    "beside": "perform beside each other",
    "facing": "perform, turned towards each other",
    "mirrored": "do the same motion as mirror images of each other",
    "passing": "pass each other",
    "duet": "are partners, face to face",
}
_NEAR = {"facing": "perform near each other", "passing": "move about near each other"}
"""What is said instead of two of these where it does not show."""
_COUNTS = {2: "two", 3: "three"}
_SIDEWAYS = {2: ("On the left", "On the right"), 3: ("On the left", "In the middle", "On the right")}
_DEEP = {
    2: ("Nearer to the camera", "Farther from it"),
    3: ("Nearest to the camera", "In the middle", "Farthest from it"),
}
_APART = 0.15
"""Metres that tell one place from the next, left from right or near from far."""
_APART_SHARE = 0.06
"""Share of the picture's width that tells left from right where it was observed."""
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
_DOWN, _STEEP, _UP = 0.15, 0.6, -0.06
"""Radians from which a camera is said to look (slightly) down, and below which it is said to look up."""
_BELOW = ("bottom", "feet")
"""Where garments are worn that a close-up of head, shoulders and hands does not show."""


def caption(spec: PairSpec, observed: Sequence[Observed] = ()) -> str:
    """The target clip in English: several sentences, the same for the same spec and facts.

    Args:
        spec: the pair. observed: what the target clip shows of each performer, in the spec's order
            (`render.observations`); empty for tools that have no staged clip: posture, measured changes and
            what depends on the solved camera are left out then.

    Raises:
        ValueError: neither none nor one `Observed` for each performer.
    """
    clip = spec.target
    if observed and len(observed) != len(clip.performers):
        raise ValueError(f"observed: expected none or {len(clip.performers)}, got {len(observed)}")
    rng = np.random.default_rng(int(spec.spec_hash[:16], 16))
    seconds = (spec.frames - 1) / spec.fps
    place, details = _place(clip.environment, clip.camera.framing == "close_up", rng)
    first = rng.random() < 0.5
    parts = [
        _opening(spec, place if first else "", observed, rng),
        *_people(spec, seconds, observed, rng),
    ]
    around = [details if first else f"The scene is {place}.{f' {details}' if details else ''}"]
    filmed = [_filming(clip, observed)]
    where = rng.integers(3)
    if where == 0:
        parts[1:1] = [*filmed, *around]
    elif where == 1:
        parts = [parts[0], *around, *parts[1:], *filmed]
    else:
        parts += [*around, *filmed]
    return " ".join(part for part in parts if part)


def _opening(spec: PairSpec, place: str, observed: Sequence[Observed], rng: np.random.Generator) -> str:
    clip = spec.target
    view = (
        "close-up" if clip.camera.framing == "close_up" else _one(rng, "full-body shot", "full-length shot")
    )
    looks = list(dict.fromkeys(p.character.look for p in clip.performers))
    shot = _one(rng, *_SHOTS[looks[0]]).format(view) if len(looks) == 1 else view
    shot = capital(with_article(shot))
    count = len(clip.performers)
    where = f" {place}" if place else ""
    if count == 1:
        who = with_article(portraits.noun(clip.performers[0].character))
        return _one(rng, f"{shot} of {who}{where}.", f"{shot} shows {who}{where}.")
    mixed = "" if len(looks) == 1 else f", {_animated([p.character.look for p in clip.performers])},"
    return f"{shot} in which {_COUNTS[count]} people{mixed} {_together(spec.formation, observed)}{where}."


def _animated(looks: Sequence[str]) -> str:
    """How many of several people are animated, such as `one of them animated`."""
    count = sum(look != "realistic" for look in looks)
    if count == len(looks):
        return "both animated" if count == 2 else "all of them animated"
    return f"{'one' if count == 1 else 'two'} of them animated"


def _together(formation: str, observed: Sequence[Observed]) -> str:
    """How several people are to each other: as planned, unless the clip was seen and shows it otherwise."""
    shows = {
        "facing": all(facts.towards for facts in observed),
        "passing": not observed or _all_pass(observed),
    }
    return _TOGETHER[formation] if shows.get(formation, True) else _NEAR[formation]


def _all_pass(observed: Sequence[Observed]) -> bool:
    """Whether each goes past somebody, across the picture or in depth, from the first frame to the last."""

    def past(one: Observed, other: Observed) -> bool:
        ways = [(one.across, other.across, _APART_SHARE / 2), (one.depth, other.depth, _APART)]
        return any(
            min(abs(a[e] - b[e]) for e in (0, 1)) >= least and (a[0] < b[0]) != (a[1] < b[1])
            for a, b, least in ways
        )

    return all(any(past(one, other) for other in observed if other is not one) for one in observed)


def _people(
    spec: PairSpec, seconds: float, observed: Sequence[Observed], rng: np.random.Generator
) -> list[str]:
    """Sentences on each performer; of several, in the order of their places in the picture."""
    performers, close = spec.target.performers, spec.target.camera.framing == "close_up"
    order, names = list(range(len(performers))), [""]
    if len(performers) > 1:
        order, names = _places_of(spec, observed)
    mixed = len({p.character.look for p in performers}) > 1
    out = []
    for k, where in zip(order, names, strict=True):
        performer, facts = performers[k], observed[k] if observed else None
        out.append(_looks(performer, where, mixed, close, _shown(performer, facts, close), rng))
        out += told(performer.character, performer.motion, seconds, facts, rng, len(performers))
    return out


def _shown(performer: Performer, facts: Observed | None, close: bool) -> list[bool]:
    """Which of the garments the picture shows: as observed, else by where they are worn."""
    if facts is not None:
        return [k not in facts.hidden for k in range(len(performer.character.garments))]
    places = [catalog.GARMENT_KINDS[g.kind].place for g in performer.character.garments]
    return [not (close and place in _BELOW) for place in places]


def _looks(
    performer: Performer,
    where: str,
    mixed: bool,
    close: bool,
    shown: Sequence[bool],
    rng: np.random.Generator,
) -> str:
    """Skin, hair and clothes, in a close-up the eyes; of one of several, its place and who it is."""
    character = performer.character
    she = capital(names_of(character).subject)
    if where:
        noun = portraits.noun(character)
        she = f"{where}, {with_article(f'{_LOOKS[character.look]} {noun}' if mixed else noun)}"
    clothes = portraits.clothes(character, shown)
    skin, hair = f"{portraits.skin(character)} skin", portraits.hair(character)
    traits = [skin, f"{portraits.eyes(character)} eyes", hair] if close else [skin, hair]
    told, turned = listed(traits), listed(traits[::-1])
    if not clothes:
        return f"{she} has {told}."
    return _one(
        rng,
        f"{she} has {told}, and wears {clothes}.",
        f"{she} wears {clothes}, and has {turned}.",
        f"{she} is dressed in {clothes}, with {turned}.",
    )


def _places_of(spec: PairSpec, observed: Sequence[Observed]) -> tuple[list[int], list[str]]:
    """Indices of the performers in order, and words for their places: from left to right, or near to far."""
    if observed:
        return _places_seen(observed)
    performers, bearing = spec.target.performers, spec.target.camera.azimuth
    right, away = (math.cos(bearing), math.sin(bearing)), (-math.sin(bearing), math.cos(bearing))
    ways = [(right, _SIDEWAYS), (away, _DEEP)]
    if spec.formation == "passing":
        ways.reverse()

    def along(way: tuple[float, float]) -> Callable[[Performer], float]:
        return lambda p: p.position[0] * way[0] + p.position[1] * way[1]

    def told_apart(way: tuple[float, float]) -> float:
        places = sorted(map(along(way), performers))
        return min(_APART, *(b - a for a, b in pairwise(places)))

    way, names = max(ways, key=lambda each: told_apart(each[0]))
    order = sorted(range(len(performers)), key=lambda k: along(way)(performers[k]))
    return order, list(names[len(performers)])


def _places_seen(observed: Sequence[Observed]) -> tuple[list[int], list[str]]:
    """The same from what was seen: places that hold from the first frame to the last, else the first frame's.

    Performers who are neither left and right of each other nor near and far are told one after the other.
    """
    count = len(observed)
    for facts, names, least in (
        ([o.across for o in observed], _SIDEWAYS, _APART_SHARE),
        ([o.depth for o in observed], _DEEP, 2 * _APART),
    ):
        for when in (slice(0, 2), slice(0, 1)):
            ends = [[f[e] for f in facts] for e in range(2)[when]]
            order = sorted(range(count), key=lambda k: ends[0][k])
            if all(at[b] - at[a] >= least for at in ends for a, b in pairwise(order)):
                suffix = "" if len(ends) == 2 else " at first"
                return order, [f"{name}{suffix}" for name in names[count]]
    return list(range(count)), ["First of all", *["Close by"] * (count - 1)]


def _place(environment: Environment, close: bool, rng: np.random.Generator) -> tuple[str, str]:
    """Where it is, in which light, and a sentence on its colours or nothing."""
    builder = catalog.ENVIRONMENTS[environment.kind]
    painted = dict(zip(builder.colours, environment.colours, strict=True))
    details = [
        _ARTICLE.sub("an", words.format(colour_name(painted[what])))
        for what, words in builder.shown.items()
        if not (close and what in builder.ground)
    ]
    light = builder.light or catalog.HDRIS[environment.hdri]
    where = f"{builder.caption}, in {light}"
    if not details:
        return where, ""
    return (
        where,
        f"{_one(rng, 'The place has', 'The setting has', 'The surroundings show')} {listed(details)}.",
    )


_ARTICLE = re.compile(r"\ba(?= [aeiou])")
"""An `a` that a colour after it makes `an`."""


def _filming(clip: ClipSpec, observed: Sequence[Observed]) -> str:
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
    # Solving may raise a camera, never lower it: without observation, only a look down is certain.
    down = observed[0].looks_down if observed else max(camera.elevation, 0.0)
    height = ""
    if down > _DOWN:
        height = f" and looks {'slightly ' if down < _STEEP else ''}down"
    elif down < _UP:
        height = " and looks slightly up"
    blur = " The background is out of focus." if camera.f_stop > 0 else ""
    seen = "" if observed else _side_seen(clip, camera)
    return f"{moves[kind]}{height}.{blur}{seen}"


def _side_seen(clip: ClipSpec, camera: Camera) -> str:
    """From which side a single performer is seen in the middle frame, where headings and azimuths hold."""
    families = {phrase.family for performer in clip.performers for phrase in performer.motion.phrases}
    if len(clip.performers) != 1 or families & _ROLLING:
        return ""
    turned = abs(math.remainder(clip.performers[0].heading - camera.azimuth, math.tau))
    name = next(words for most, words in _ANGLES if turned < most)
    return f" Half-way through, {names_of(clip.performers[0].character).subject} is seen from {name}."


def _one(rng: np.random.Generator, *words: str) -> str:
    return words[int(rng.integers(len(words)))]
