"""Strips: some frames of a motion on a character, side by side, for eyes.

from pipelines.strips import strip
strip("wave", character).save("wave.png")                       # family with middling parameters
strip(MotionSpec(...), character, frames=10, azimuth=1.2)       # any motion, from another side
strip([first, second], [anna, ben], formation="duet")           # two who touch
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from motionpair.catalog import ENVIRONMENTS, MOTION_FAMILIES
from motionpair.specs import (
    SPEC_VERSION,
    Camera,
    Character,
    ClipSpec,
    Environment,
    Estimator,
    MotionSpec,
    PairSpec,
    Performer,
    Phrase,
    Reference,
    RenderSettings,
)
from pipelines.generate import rendering
from render.characters.store import CharacterStore
from render.engines import Engine, open_engine
from render.excerpt import at_frames
from render.stage import stage_pair

FPS = 16
THREE_QUARTERS = 0.6
"""Radians: the camera's bearing from which both the front and the side of a body show."""


def middling(family: str, seconds: float | None = None, seed: int = 0, **params: float) -> MotionSpec:
    """A motion of one family; parameters that are not given lie in the middle of their ranges."""
    known = MOTION_FAMILIES[family]
    values = {name: (r.low + r.high) / 2 for name, r in known.params.items()} | params
    length = seconds or sum(known.seconds) / 2
    return MotionSpec(f"{family}-{seed}", (Phrase(family, length, values),), seed)


def neutral_studio() -> Environment:
    """A photo studio in greys, lit from the camera's left."""
    kind = ENVIRONMENTS["studio"]
    params = {name: (r.low + r.high) / 2 for name, r in kind.params.items()} | {"panels": 0.0, "stripes": 0.2}
    return Environment("studio", "studio", -0.5, 1.0, ("#c9c5bf", "#8f9aa3", "#3a3d40"), params, 0)


def strip(
    motion: str | MotionSpec | Sequence[MotionSpec],
    character: Character | Sequence[Character],
    *,
    frames: int = 8,
    seconds: float | None = None,
    size: tuple[int, int] = (128, 224),
    azimuth: float = THREE_QUARTERS,
    elevation: float = 0.1,
    framing: str = "full_body",
    formation: str = "alone",
    environment: Environment | None = None,
    engine: str | Engine = "pyrender",
    store: CharacterStore | None = None,
    samples: int = 4,
) -> Image.Image:
    """Frames of a motion, evenly spread over it, in one row.

    Args:
        motion: a family's name, a motion, or one for each performer.
        character: who performs it; baked when it is not yet. Several stand beside each other, or where a
            formation other than `alone` puts them: half a metre apart and facing.
        frames: how many pictures. seconds: how much of the motion; by default all, at most 6 s.
        size: (width, height) of a picture, multiples of 32. azimuth, elevation: the camera's, radians.
        environment: where; by default a plain studio. engine: `pyrender`, `blender`, or one at hand.
        store: where bakes lie; by default the cache. samples: a pixel, for Blender.
    """
    cast = [character] if isinstance(character, Character) else list(character)
    given = middling(motion) if isinstance(motion, str) else motion
    motions = [given] * len(cast) if isinstance(given, MotionSpec) else list(given)
    length = seconds or min(sum(p.seconds for p in motions[0].phrases) / motions[0].speed, 6.0)
    store = store or CharacterStore(rendering(Path(), None).cache)
    store.ensure(cast)
    drawn = open_engine(engine) if isinstance(engine, str) else engine
    spec = _spec(cast, motions, length, size, Camera(
        "static", framing, azimuth, elevation, 60.0, 0.05, 0.0, 0.0, 0  # type: ignore[arg-type]
    ), formation, environment or neutral_studio(), drawn.name, samples)  # fmt: skip
    scene = stage_pair(spec, store)[0].scene
    chosen = np.linspace(0, scene.frames - 1, frames).round().astype(int)
    return Image.fromarray(np.concatenate(list(drawn.render(at_frames(scene, chosen)).rgb), axis=1))


def _spec(
    cast: Sequence[Character],
    motions: Sequence[MotionSpec],
    seconds: float,
    size: tuple[int, int],
    camera: Camera,
    formation: str,
    environment: Environment,
    engine: str,
    samples: int,
) -> PairSpec:
    """A pair whose two clips are the same."""
    frames = 4 * max(1, round(seconds * FPS / 4)) + 1
    gap = 0.0 if len(cast) == 1 else 0.45
    facing = formation in ("facing", "mirrored", "duet")
    performers = tuple(
        Performer(who, motion, i + 1, (gap * (2 * i - len(cast) + 1), 0.0), _heading(i, facing))
        for i, (who, motion) in enumerate(zip(cast, motions, strict=True))
    )
    style = "toon" if any(c.look == "animation_2d" for c in cast) else "realistic"
    settings = RenderSettings(engine, "draft", style, samples, "balanced", 2, 0)  # type: ignore[arg-type]
    clip = ClipSpec(performers, environment, camera, Estimator("exact", 0), settings)
    return PairSpec(
        SPEC_VERSION, "strip", 0, 0, "strip", "animation", "train", *size, frames, FPS, formation, clip, clip,
        Reference("in_clip", 0), False,
    )  # fmt: skip


def _heading(i: int, facing: bool) -> float:
    """Performers in a row along X: facing each other, or the camera's side."""
    return (np.pi / 2 if i == 0 else -np.pi / 2) if facing else 0.0
