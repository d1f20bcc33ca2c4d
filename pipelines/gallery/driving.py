"""What drives a clip beside pictures of people: bones and grey bodies, in the gallery's motions."""

from __future__ import annotations

import numpy as np

from motionpair.specs import Character, MotionSpec
from pipelines.gallery import people
from pipelines.gallery.pictures import Studio
from pipelines.strips import Shown, middling
from render.characters.store import CharacterStore
from render.engines import open_engine

PICTURES = {"pose": "pose_map", "body_mesh": "body_mesh"}
"""Name of a picture in docs/gallery to the engine that draws it."""

_DUET = [middling("hand_clap", 1.7, role=float(i)) for i in range(2)]
_ROWS: tuple[tuple[list[MotionSpec], list[Character], Shown, tuple[int, int], int, str, float], ...] = (
    ([middling("disco", 2.6)], [people.MAN], "body", (128, 192), 4, "alone", -0.6),
    (_DUET, [people.WOMAN, people.MAN], "body", (160, 192), 2, "duet", 0.0),
    ([middling("spell", 3.0)], [people.WOMAN], "bust", (160, 192), 3, "alone", -0.6),
)


def strip(picture: str, store: CharacterStore) -> np.ndarray:
    """(192, 1312, 3) uint8: a dance, a clapping game and spelling fingers, by an engine of PICTURES.

    Args:
        picture: a name in PICTURES.
        store: where the gallery's people are baked; who is missing is baked now.
    """
    store.ensure([people.WOMAN, people.MAN])
    studio = Studio(open_engine(PICTURES[picture]), store, finer=2)
    return np.concatenate([studio.strip(m, c, s, size, n, f, a) for m, c, s, size, n, f, a in _ROWS], axis=1)
