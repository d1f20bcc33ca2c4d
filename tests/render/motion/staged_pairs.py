"""Planned pairs in which everybody boxes, staged on bodies that nobody baked: what gates are tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mannequins import BODIES
from rendered_dataset import RECIPE, SEED

from motionpair.planning import candidate
from motionpair.recipe import load_recipe
from motionpair.specs import Character, PairSpec, Phrase
from render.characters.baked import BakedCharacter
from render.scene import Pose
from render.stage import StagedClip, stage_pair

RECIPE_OF_ALL = load_recipe(RECIPE)
LIMITS = RECIPE_OF_ALL.limits
Staged = tuple[PairSpec, StagedClip, StagedClip]


class Mannequins:
    """Stands in for the store of baked characters: boxes and barrels, two kinds of body."""

    def load(self, character: Character) -> BakedCharacter:
        kind = "average" if int(character.character_id[1:]) % 2 else "tall"
        return BODIES[kind]


def pair(stratum: str) -> PairSpec:
    """A planned pair in which everybody boxes, hands in sight."""
    specs = (candidate(RECIPE_OF_ALL, SEED, slot, 0) for slot in range(RECIPE_OF_ALL.pairs))
    spec = next(s for s in specs if s.stratum == stratum)
    boxing = (Phrase("box", 3.0, {"rate": 2.0, "power": 1.0}),)
    clips = {}
    for side in ("driving", "target"):
        clip = getattr(spec, side)
        performers = tuple(
            replace(p, motion=replace(p.motion, phrases=boxing, start=1.0)) for p in clip.performers
        )
        clips[side] = replace(clip, performers=performers, estimator=replace(clip.estimator, name="exact"))
    return replace(spec, **clips)


def staged(stratum: str = "single-animation") -> Staged:
    spec = pair(stratum)
    return spec, *stage_pair(spec, Mannequins())  # type: ignore[arg-type]


def posed(clip: StagedClip, change: Callable[[Pose], Pose]) -> StagedClip:
    """The clip with each actor's pose changed."""
    actors = tuple(replace(a, pose=change(a.pose)) for a in clip.scene.actors)
    return replace(clip, scene=replace(clip.scene, actors=actors))
