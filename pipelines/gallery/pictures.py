"""Drawing the gallery's pictures: portraits, strips and places, and sheets of them with their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from motionpair.specs import Camera, Character, Environment, MotionSpec
from pipelines import strips
from render.characters.store import CharacterStore
from render.engines import Engine
from render.excerpt import at_frames, at_size
from render.scene import Scene
from render.skeleton import FACE_UNITS

PORTRAIT = (160, 288)
PLACE = (288, 192)
_LINE, _GAP = 18, 4
_SMILE = np.array([0.3 if unit.startswith("mouthSmile") else 0.0 for unit in FACE_UNITS])


@dataclass(frozen=True)
class Studio:
    """Who draws. store: holds everyone who is drawn. samples: a pixel, for Blender. finer: pictures are drawn
    this many times as large, and scaled down: a denoiser would wash small faces out."""

    engine: Engine
    store: CharacterStore
    samples: int = 3
    finer: int = 1

    def portrait(
        self,
        character: Character,
        shown: strips.Shown,
        size: tuple[int, int],
        azimuth: float,
    ) -> np.ndarray:
        """(H, W, 3) uint8: somebody standing in a studio."""
        motion = strips.middling("squat", 2.0)  # which begins with arms that hang
        scene = self._staged([character], [motion], 1.0, size, "alone", strips.place())
        still = at_frames(scene, np.array([0]))
        (actor,) = still.actors
        friendly = replace(actor, pose=replace(actor.pose, expression=_SMILE[None]))
        still = strips.followed(replace(still, actors=(friendly,)), azimuth, 0.04, shown)
        return self._drawn(still)

    def strip(
        self,
        motions: Sequence[MotionSpec],
        cast: Sequence[Character],
        shown: strips.Shown,
        size: tuple[int, int],
        frames: int,
        formation: str = "alone",
        azimuth: float = strips.THREE_QUARTERS,
    ) -> np.ndarray:
        """(H, frames · W, 3) uint8: a motion, followed by the camera."""
        scene = self._staged(cast, motions, None, size, formation, strips.place())
        scene = at_frames(scene, np.linspace(0, scene.frames - 1, frames).round().astype(int))
        return self._drawn(strips.followed(scene, azimuth, 0.12, shown))

    def filmed(
        self,
        character: Character,
        motion: MotionSpec,
        environment: Environment,
        camera: Camera,
        size: tuple[int, int],
        frames: int,
    ) -> np.ndarray:
        """(H, frames · W, 3) uint8: a clip as a pair's camera films it, from its first frame to its last."""
        scene = self._staged([character], [motion], 2.0, size, "alone", environment, camera)
        chosen = np.linspace(0, scene.frames - 1, frames).round().astype(int)
        if frames == 1:
            chosen = np.array([scene.frames // 2])
        return self._drawn(at_frames(scene, chosen))

    def _drawn(self, scene: Scene) -> np.ndarray:
        """(H, T · W, 3) uint8: a scene's frames side by side."""
        size = scene.camera.width, scene.camera.height
        large = self.engine.render(at_size(scene, *(self.finer * side for side in size))).rgb
        how = Image.Resampling.LANCZOS
        return np.concatenate([np.asarray(Image.fromarray(p).resize(size, how)) for p in large], axis=1)

    def _staged(
        self,
        cast: Sequence[Character],
        motions: Sequence[MotionSpec],
        seconds: float | None,
        size: tuple[int, int],
        formation: str,
        environment: Environment,
        camera: Camera | None = None,
    ) -> Scene:
        return strips.staged(
            cast,
            motions,
            self.store,
            seconds,
            size,
            formation,
            environment,
            self.engine.name,
            self.samples,
            camera,
        )


def sheet(pictures: Sequence[tuple[str, np.ndarray]], columns: int) -> Image.Image:
    """Pictures of one size in rows, each over its name."""
    high, wide = pictures[0][1].shape[:2]
    rows = -(-len(pictures) // columns)
    line = _LINE if any(name for name, _ in pictures) else 0
    size = (min(columns, len(pictures)) * (wide + _GAP) - _GAP, rows * (high + line + _GAP) - _GAP)
    page = Image.new("RGB", size, "#ffffff")
    pen = ImageDraw.Draw(page)
    for i, (name, picture) in enumerate(pictures):
        x, y = i % columns * (wide + _GAP), i // columns * (high + line + _GAP)
        page.paste(Image.fromarray(picture), (x, y))
        pen.text(
            (x + wide // 2, y + high + 2), name, font=ImageFont.load_default(12), fill="#222222", anchor="ma"
        )
    return page
