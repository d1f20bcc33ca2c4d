"""Families of getting about, sport and dance."""

from __future__ import annotations

from collections.abc import Mapping

from motionpair.catalog.family import MotionFamily
from motionpair.catalog.ranges import SIDE, Range, graded, side

_CURVE = Range(-0.6, 0.6, "radians turned a second")
_GROOVE = {
    "tempo": Range(88, 132, "beats a minute"),
    "groove": Range(0.5, 1.2, "size of the movement, 1 = natural"),
    "style": Range(0, 1, "mix of the figures"),
}
_turns = graded("turns", 1.2, 1.8, ("once ", "twice "))
_tempo = graded("tempo", 96, 122, ("at a slow tempo", "at a fast tempo"))


def _turned(params: Mapping[str, float]) -> str:
    far = abs(params["angle"])
    words = "around " if far > 2.2 else "a little " if far < 0.7 else ""
    return f"{words}to the {'left' if params['angle'] >= 0 else 'right'}"


ATHLETIC: dict[str, MotionFamily] = {
    "walk": MotionFamily(
        "locomotion",
        {
            "speed": Range(0.8, 1.5, "metres a second, for hips 0.9 m high"),
            "curve": _CURVE,
            "swing": Range(0.6, 1.3, "arm swing, 1 = natural"),
        },
        "walks",
        (2.0, 6.0),
        detail=graded("speed", 0.95, 1.25, ("slowly", "briskly")),
    ),
    "run": MotionFamily(
        "locomotion",
        {
            "speed": Range(1.9, 3.2, "metres a second, for hips 0.9 m high"),
            "curve": _CURVE,
            "lift": Range(0.6, 1.3, "how high heels and knees come, 1 = natural"),
        },
        "runs",
        (1.2, 3.0),
        detail=graded("speed", 2.2, 2.8, ("at a jog", "fast")),
    ),
    "sneak": MotionFamily(
        "locomotion",
        {
            "speed": Range(0.3, 0.6, "metres a second, for hips 0.9 m high"),
            "curve": _CURVE,
            "crouch": Range(0.4, 1.0, "0 upright, 1 deep"),
        },
        "sneaks along",
        (2.5, 6.0),
        detail=graded("crouch", 0.4, 0.8, ("", "in a deep crouch")),
    ),
    "march": MotionFamily(
        "locomotion",
        {
            "speed": Range(0.5, 1.1, "metres a second, for hips 0.9 m high"),
            "lift": Range(0.5, 1.0, "how high the knees come: 1 = thighs level"),
        },
        "marches",
        (2.0, 5.0),
        detail=graded("lift", 0.5, 0.8, ("", "with high knees")),
    ),
    "stairs": MotionFamily(
        "locomotion",
        {
            "speed": Range(0.15, 0.35, "metres a second, for hips 0.9 m high"),
            "lift": Range(0.15, 0.3, "metres, the height of a step, for hips 0.9 m high"),
        },
        "climbs with high steps",
        (2.5, 5.0),
    ),
    "sidestep": MotionFamily(
        "locomotion",
        {
            "speed": Range(0.4, 0.9, "metres a second sideways, for hips 0.9 m high"),
            "side": SIDE,
            "crouch": Range(0.0, 0.7, "0 upright, 1 deep"),
        },
        "steps sideways",
        (2.0, 4.0),
        detail=side("to the {}"),
    ),
    "turn": MotionFamily(
        "locomotion",
        {"angle": Range(-3.1, 3.1, "radians turned, left positive"), "lift": Range(0.6, 1.4, "step height")},
        "turns on the spot",
        (1.5, 3.0),
        detail=_turned,
    ),
    "squat": MotionFamily(
        "sport",
        {"depth": Range(0.35, 0.9, "0 standing, 1 deepest"), "rate": Range(0.35, 0.7, "squats a second")},
        "squats",
        (2.0, 5.0),
        detail=graded("depth", 0.5, 0.75, ("half-way down", "deeply")),
    ),
    "jump": MotionFamily(
        "sport",
        {"height": Range(0.12, 0.38, "metres, for hips 0.9 m high"), "spread": Range(0.0, 1.0, "arms out")},
        "jumps",
        (1.2, 3.0),
        detail=graded("height", 0.18, 0.3, ("a little", "high")),
    ),
    "box": MotionFamily(
        "sport",
        {"rate": Range(1.2, 2.4, "punches a second"), "power": Range(0.6, 1.2, "torso twist, 1 = natural")},
        "boxes",
        (1.5, 4.0),
        detail=graded("rate", 1.5, 2.1, ("slowly", "quickly")),
        close_up=True,
    ),
    "kick": MotionFamily(
        "sport",
        {"side": SIDE, "height": Range(0.4, 1.0, "of the hip's height")},
        "kicks",
        (1.4, 3.0),
        detail=side("with the {} leg"),
    ),
    "throw": MotionFamily(
        "sport",
        {
            "side": SIDE,
            "rate": Range(0.4, 0.6, "throws a second"),
            "power": Range(0.6, 1.2, "size of the wind-up, 1 = natural"),
        },
        "throws overarm",
        (1.8, 4.0),
        detail=side("with the {} arm"),
    ),
    "spin": MotionFamily(
        "sport",
        {"side": SIDE, "turns": Range(1.0, 2.0, "whole turns"), "arms": Range(0.0, 1.0, "0 held in, 1 wide")},
        "spins",
        (2.2, 4.0),
        detail=lambda params: _turns(params) + side("to the {}")(params),
    ),
    "disco": MotionFamily("dance", _GROOVE, "dances disco", (2.5, 6.0), detail=_tempo),
    "salsa": MotionFamily("dance", _GROOVE, "dances salsa", (2.5, 6.0), detail=_tempo),
    "hip_hop": MotionFamily("dance", _GROOVE, "dances hip-hop", (2.5, 6.0), detail=_tempo),
}
