"""Pairs made without an engine and without bakes: a painter draws mannequins."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mannequins import BODIES

from motionpair import fields
from motionpair.plan import write_plan
from motionpair.planning import make_plan
from motionpair.recipe import load_recipe
from motionpair.specs import Character
from render import pair as rendering
from render.characters.baked import BakedCharacter
from render.engines import Frames
from render.pair import PairJob
from render.scene import Scene


class Mannequins:
    """Stands in for the store of baked characters."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def load(self, character: Character) -> BakedCharacter:
        kind = "average" if int(character.character_id[1:]) % 2 else "tall"
        some = np.arange(12, dtype=np.int32)
        return replace(
            BODIES[kind],
            character_json=fields.canonical_json(character),
            hand_vertices=(some[:3], some[3:6]),
            face_vertices=some[6:],
        )

    def hash(self, character: Character) -> str:
        return hashlib.sha256(character.character_id.encode()).hexdigest()


class Painter:
    """An engine that paints a square over every joint, in other colours for driving clips than for others.

    clips: how many it painted. black: numbers of those that come out black.
    """

    name = "painter"

    def __init__(self) -> None:
        self.clips = 0
        self.black: set[int] = set()
        self._sides: dict[tuple[object, ...], int] = {}

    def device_class(self) -> str:
        return "cpu/paint"

    def render(self, scene: Scene) -> Frames:
        # A candidate's driving clip comes first; others are in its target, its stills and its rejected clip.
        shown = (scene.render.seed, *(actor.character.character_json for actor in scene.actors))
        side = self._sides.setdefault(shown, len(self._sides)) % 2
        shape = (scene.frames, scene.camera.height, scene.camera.width)
        index, rgb = np.zeros(shape, np.uint8), np.full((*shape, 3), 160 if side else 80, np.uint8)
        for i, actor in enumerate(scene.actors):
            pixels, _ = scene.camera.project(actor.pose.positions[:, :55])
            for t, joint in np.ndindex(pixels.shape[:2]):
                x, y = np.clip(pixels[t, joint], 0, shape[:0:-1]).astype(int)
                index[t, max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4] = i + 1
        rgb[index > 0] = (200, 60, 60) if side else (60, 60, 200)
        if scene.laid_out_for is None:  # else they are stills of a clip: references
            if self.clips in self.black:
                rgb[:] = 0
            self.clips += 1
        return Frames(rgb, index, np.full(shape, 100, np.float32))


def painting(
    recipe: Path, seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[PairJob, Painter]:
    """The job of a recipe's plan, with a painter for an engine and mannequins for a cast."""
    write_plan(make_plan(load_recipe(recipe), seed), folder / "plan.parquet")
    painter = Painter()
    monkeypatch.setattr(rendering, "Engines", lambda names, threads, device: painter)
    monkeypatch.setattr(rendering, "CharacterStore", Mannequins)
    job = PairJob(folder / "plan.parquet", folder / "staging", folder / "cast")
    job.setup()
    return job, painter


def row_of(job: PairJob, slot: int) -> dict[str, Any]:
    """What was committed of a slot, beside its blobs."""
    row: dict[str, Any] = json.loads((job.staging / f"{slot:06d}" / "row.json").read_text())
    return row
