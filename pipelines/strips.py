"""Strips: some frames of a motion on a character, side by side, for eyes.

    from pipelines.strips import strip, middling
    strip("wave", character).save("wave.png")                     # family with middling parameters
    strip(MotionSpec(...), character, frames=10, azimuth=1.2)     # any motion, from another side
    strip([first, second], [anna, ben], formation="duet")         # two who touch
    strip("talk", character, shown="bust")                        # head, shoulders and hands

The camera follows whoever is shown at a constant distance, so that sizes can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from motionpair.catalog import ENVIRONMENTS, MOTION_FAMILIES
from motionpair.catalog.ranges import SIDE
from motionpair.specs import (
    PLAIN,
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
    Style,
)
from pipelines.generate import rendering
from render.characters.store import CharacterStore
from render.engines import Engine, open_engine
from render.excerpt import at_frames
from render.scene import CameraTrack, Scene
from render.stage import stage_pair

FPS = 16
THREE_QUARTERS = -0.6
"""Radians: the camera's bearing from which the front and the right side of a body show."""

Shown = Literal["body", "figure", "low", "bust", "chest", "head"]
_VIEWS: dict[Shown, tuple[float, float]] = {
    "body": (0.58, 1.30),
    "figure": (0.50, 1.14),
    "low": (0.26, 0.80),
    "bust": (0.78, 0.66),
    "chest": (0.76, 0.34),
    "head": (0.0, 0.0),
}
"""What is shown: the middle of the picture and its height, in body heights. Heads have their own size."""
_AWAY = 3.2  # metres from the camera for each metre that the picture is high: no wide-angle noses


def middling(family: str, seconds: float | None = None, seed: int = 0, **params: float) -> MotionSpec:
    """A motion of one family; parameters not given lie in the middle of their ranges, `side` to the right."""
    known = MOTION_FAMILIES[family]
    values = {name: r.low if r is SIDE else (r.low + r.high) / 2 for name, r in known.params.items()}
    values |= params
    length = seconds or sum(known.seconds) / 2
    return MotionSpec(f"{family}-{seed}", (Phrase(family, length, values),), seed)


def place(kind: str = "studio", hdri: str = "studio", bearing: float = -0.5, seed: int = 0) -> Environment:
    """An environment with the first of its colours and middling parameters."""
    known = ENVIRONMENTS[kind]
    params = {name: (r.low + r.high) / 2 for name, r in known.params.items()}
    if kind == "studio":
        # A camera that follows would walk into light panels, and painted shapes outdo whom they surround.
        params |= {"panels": 0.0, "stripes": 0.2}
    return Environment(kind, hdri, bearing, 1.0, tuple(c[0] for c in known.colours.values()), params, seed)


def strip(
    motion: str | MotionSpec | Sequence[MotionSpec],
    character: Character | Sequence[Character],
    *,
    frames: int = 8,
    seconds: float | None = None,
    size: tuple[int, int] = (128, 224),
    azimuth: float = THREE_QUARTERS,
    elevation: float = 0.1,
    shown: Shown = "body",
    formation: str = "alone",
    environment: Environment | None = None,
    engine: str | Engine = "pyrender",
    store: CharacterStore | None = None,
    samples: int = 4,
) -> Image.Image:
    """Frames of a motion, evenly spread over it, in one row.

    Args:
        motion: a family's name, a motion, or one for each performer.
        character: who performs it; baked when it is not yet. Several stand beside each other, or face each
            other where `formation` says so.
        frames: how many pictures. seconds: how much of the motion; by default all, at most 6 s.
        size: (width, height) of a picture, multiples of 32. azimuth, elevation: the camera's, radians.
        shown: the whole `body` with room for raised arms, the bare `figure`, what is `low` (floor work), the
            `bust` with the hands, the `chest`, or the `head`.
        environment: where; by default a plain studio. engine: `pyrender`, `blender`, or one at hand.
        store: where bakes lie; by default the cache. samples: a pixel, for Blender.
    """
    cast = [character] if isinstance(character, Character) else list(character)
    given = middling(motion) if isinstance(motion, str) else motion
    motions = [given] * len(cast) if isinstance(given, MotionSpec) else list(given)
    store = store or CharacterStore(rendering(Path(), None).cache)
    store.ensure(cast)
    drawn = open_engine(engine) if isinstance(engine, str) else engine
    scene = staged(
        cast, motions, store, seconds, size, formation, environment or place(), drawn.name, samples
    )
    scene = at_frames(scene, np.linspace(0, scene.frames - 1, frames).round().astype(int))
    scene = followed(scene, azimuth, elevation, shown)
    return Image.fromarray(np.concatenate(list(drawn.render(scene).rgb), axis=1))


def staged(
    cast: Sequence[Character],
    motions: Sequence[MotionSpec],
    store: CharacterStore,
    seconds: float | None,
    size: tuple[int, int],
    formation: str,
    environment: Environment,
    engine: str,
    samples: int,
    camera: Camera | None = None,
) -> Scene:
    """A scene of characters that perform motions, staged as a pair's clip is; see `strip`."""
    length = seconds or min(sum(p.seconds for p in motions[0].phrases) / motions[0].speed, 6.0)
    frames = 4 * max(1, round(length * FPS / 4)) + 1
    gap = 0.0 if len(cast) == 1 else 0.45
    facing = formation in ("facing", "mirrored", "duet")
    headings = [math.pi / 2 if i == 0 else -math.pi / 2 for i in range(len(cast))]
    performers = tuple(
        Performer(who, motion, i + 1, (gap * (2 * i - len(cast) + 1), 0.0), headings[i] if facing else 0.0)
        for i, (who, motion) in enumerate(zip(cast, motions, strict=True))
    )
    style: Style = "toon" if any(c.look == "animation_2d" for c in cast) else "realistic"
    settings = RenderSettings(engine, "draft", style, samples, "balanced", 3, 0)
    view = camera or Camera("static", "full_body", THREE_QUARTERS, 0.1, 60.0, 0.05, 0.0, 0.0, 0)
    clip = ClipSpec(performers, environment, view, Estimator("exact", 0), settings)
    # A pair of two equal clips: whatever stages pairs stages strips.
    spec = PairSpec(
        SPEC_VERSION, "strip", 0, 0, "strip", "animation", "train", *size, frames, FPS, formation, clip, clip,
        Reference("in_clip", 0), (), PLAIN, False,
    )  # fmt: skip
    return stage_pair(spec, store)[0].scene


def followed(scene: Scene, azimuth: float, elevation: float, shown: Shown = "body") -> Scene:
    """The scene through a long lens that stays at one distance from whoever is in it."""
    pelvis = np.mean([actor.pose.positions[:, 0] for actor in scene.actors], axis=0)
    tall = max(actor.character.height for actor in scene.actors)
    middle, share = _VIEWS[shown]
    width, height = scene.camera.width, scene.camera.height
    high = share * tall
    if len(scene.actors) > 1:
        spread = max(np.ptp([a.pose.positions[0, 0, :2] for a in scene.actors], axis=0))
        high = max(high, (spread + 0.5 * tall) * height / width)
    target = np.stack([pelvis[:, 0], pelvis[:, 1], np.full(len(pelvis), middle * tall)], axis=1)
    if shown in ("bust", "chest", "head"):  # of someone who crouches or walks, the part that is asked for
        neck = scene.actors[0].character.rig.names.index("head")
        rest = scene.actors[0].character.rig.heads[neck, 2]
        above = middle * tall - rest
        if shown == "head":
            above, high = 0.3 * (tall - rest), 2.7 * (tall - rest)
        target = np.mean([a.pose.positions[:, neck] for a in scene.actors], axis=0)
        target = target + np.array([0.0, 0.0, above])
    back = np.array(
        [
            math.cos(elevation) * math.sin(azimuth),
            -math.cos(elevation) * math.cos(azimuth),
            math.sin(elevation),
        ]
    )
    right = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    rotation = np.stack([right, np.cross(back, right), back], axis=1)
    position = target + back * high * _AWAY
    focal = np.full(len(target), height * _AWAY)
    track = CameraTrack(position, np.repeat(rotation[None], len(target), 0), focal, width, height)
    return replace(scene, camera=track)
