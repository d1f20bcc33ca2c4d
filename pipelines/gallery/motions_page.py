"""The page of motions, places and cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from motionpair import catalog
from motionpair.catalog import MotionFamily
from motionpair.specs import Camera, Character, MotionSpec
from pipelines.gallery import driving, people
from pipelines.gallery.cast_page import Section
from pipelines.gallery.pictures import PLACE, Studio
from pipelines.strips import THREE_QUARTERS, Shown, middling, place

_CAMERAS: dict[str, tuple[str, Camera]] = {
    kind: (words, Camera(kind, "full_body", 0.3, elevation, 40.0, 0.08, move, shake, 5))  # type: ignore[arg-type]
    for kind, words, elevation, move, shake in (
        ("static", "stands still", 0.08, 0.0, 0.0),
        ("pan", "turns past whom it shows", 0.08, 0.12, 0.0),
        ("dolly", "comes nearer or goes away", 0.08, 0.18, 0.0),
        ("orbit", "goes round whom it shows", 0.08, 0.4, 0.0),
        ("handheld", "sways and wobbles in a hand", 0.08, 0.0, 1.0),
        ("zoom", "changes the focal length", 0.08, 0.2, 0.0),
    )
}
_ANGLES = {
    "low": Camera("static", "full_body", 0.3, -0.14, 32.0, 0.08, 0.0, 0.0, 5),
    "high": Camera("static", "full_body", 0.3, 0.45, 35.0, 0.08, 0.0, 0.0, 5),
    "close-up": Camera("static", "close_up", 0.3, 0.03, 60.0, 0.04, 0.0, 0.0, 5),
    "depth of field": Camera("static", "close_up", 0.3, 0.03, 85.0, 0.04, 0.0, 0.0, 5, f_stop=1.8),
}
_GROUPS = {
    "locomotion": "Getting about", "daily": "Daily life", "hands": "Hands", "conversation": "Conversation",
    "sport": "Sport", "dance": "Dance", "floor": "On the floor", "company": "In company",
}  # fmt: skip
_SECONDS = {
    "locomotion": 2.2, "daily": 4.0, "hands": 3.0, "conversation": 4.0, "sport": 2.2, "dance": 2.6,
    "floor": 4.0, "company": 1.7,
}  # fmt: skip
"""How much of a motion a strip shows, by group: quick movement needs instants close together."""
_STRIP, _LOW, _PAIR = (128, 160), (192, 128), (160, 160)


def sections() -> Iterator[Section]:
    """The page's parts, in order."""
    for group in catalog.GROUPS:
        for name, family in catalog.MOTION_FAMILIES.items():
            if family.group == group:
                yield _family(name, family, first=name == _first_of(group))
    yield from _places()
    yield from _films()
    yield from _driving()


def _first_of(group: str) -> str:
    return next(name for name, family in catalog.MOTION_FAMILIES.items() if family.group == group)


def _family(name: str, family: MotionFamily, first: bool) -> Section:
    number = list(catalog.MOTION_FAMILIES).index(name)
    bodies = [people.WOMAN, people.MAN, people.HEAVY, people.ATHLETE]
    if family.group == "floor":
        bodies = [people.MAN, people.ATHLETE]
    who = bodies[number % len(bodies)]
    cast: tuple[Character, ...] = (who,)
    if family.duet:
        cast = (people.WOMAN, people.ATHLETE)
        motions = [middling(name, _SECONDS[family.group], role=float(i)) for i in range(2)]
        draw = partial(_strip, motions, cast, "body", _PAIR, 6, "duet", 0.0)
    else:
        speed = middling(name).phrases[0].params.get("speed", 0.0)
        # Nobody walks into the studio's walls.
        seconds = min(_SECONDS[family.group], family.seconds[1], 3.6 / max(speed, 0.1))
        motions = [middling(name, seconds)]
        shown: Shown = "bust" if family.group in ("hands", "conversation") else "body"
        size, frames, azimuth = _STRIP, 7, THREE_QUARTERS
        if family.group == "floor":
            shown, size, frames, azimuth = "low", _LOW, 5, -1.2
        draw = partial(_strip, motions, cast, shown, size, frames, "alone", azimuth)
    head = f"## {_GROUPS[family.group]}\n\n" if first else ""
    params = "; ".join(f"`{p}` {r.low:g} to {r.high:g} ({r.meaning})" for p, r in family.params.items())
    rules = " Fills a clip alone." if family.alone else ""
    text = f"{head}**{name}**: {family.caption}. {params}.{rules}"
    # At this size drafts show more: their floor's squares tell steps from slides.
    return Section(f"motion-{name}", "", text, (("", cast, draw),), 1, drafts=True)


def _places() -> Iterator[Section]:
    for half, kinds in enumerate(np.array_split(list(catalog.ENVIRONMENTS), 2)):
        cells = []
        for kind in kinds:
            hdris = catalog.ENVIRONMENTS[kind].hdris
            # Each place by its first light, and by the one that differs most: the darkest it is used with.
            for hdri in dict.fromkeys(
                (hdris[0], next((h for h in ("night", "sunset") if h in hdris), hdris[-1]))
            ):
                cells.append((f"{kind}, {hdri}", (people.MAN,), partial(_place, str(kind), hdri)))
        words = "; ".join(f"`{k}` {catalog.ENVIRONMENTS[k].caption}" for k in kinds)
        head = f"## Places\n\nEach by two of the lights that suit it. {_lights()}\n\n" if half == 0 else ""
        yield Section(f"places-{half + 1}", "", f"{head}{words}.", tuple(cells), 4)


def _lights() -> str:
    return "Lights: " + ", ".join(f"`{name}` ({words})" for name, words in catalog.HDRIS.items()) + "."


def _films() -> Iterator[Section]:
    cells = tuple(
        (f"{kind}: {words}", (people.WOMAN,), partial(_film, camera, "talk", 4))
        for kind, (words, camera) in _CAMERAS.items()
    )
    yield Section("cameras", "Cameras", "Two seconds by each kind of camera, at four instants.", cells, 2)
    stills = tuple(
        (name, (people.WOMAN,), partial(_film, camera, "talk", 1)) for name, camera in _ANGLES.items()
    )
    yield Section(
        "angles", "Angles and framings", "Low, high, close up, and with a lens wide open.", stills, 4
    )


def _driving() -> Iterator[Section]:
    """One section a kind of driving clip that shows no people."""
    told = {
        "pose": "## Driving without people\n\nPose-driven pairs ([dataset.md](dataset.md)) show the driving "
        "motion alone, on black. `pose`: bones between the 3D joints, a hue a limb, dimmer with distance, "
        "paler for each further performer.",
        "body_mesh": "`body_mesh`: bare grey bodies.",
    }
    for picture in driving.PICTURES:
        cells = (("", (people.WOMAN, people.MAN), partial(_driven, picture)),)
        yield Section(picture, "", told[picture], cells, 1, drafts=True)


def _strip(
    motions: Sequence[MotionSpec],
    cast: Sequence[Character],
    shown: Shown,
    size: tuple[int, int],
    frames: int,
    formation: str,
    azimuth: float,
    studio: Studio,
) -> np.ndarray:
    return studio.strip(motions, cast, shown, size, frames, formation, azimuth)


def _driven(picture: str, studio: Studio) -> np.ndarray:
    return driving.strip(picture, studio.store)


def _place(kind: str, hdri: str, studio: Studio) -> np.ndarray:
    view = Camera("static", "full_body", 0.3, 0.08, 32.0, 0.06, 0.0, 0.0, 5)
    return studio.filmed(people.MAN, middling("talk", 2.0), place(kind, hdri, 0.7, 4), view, PLACE, 1)


def _film(camera: Camera, family: str, frames: int, studio: Studio) -> np.ndarray:
    size = (128, 192) if frames > 1 else (192, 288)
    return studio.filmed(
        people.WOMAN, middling(family, 2.0), place("plaza", "city", 0.6, 2), camera, size, frames
    )
