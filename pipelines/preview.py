"""Preview: drafts of some of a recipe's pairs on one sheet, before days of rendering.

Slots are spread over the strata. Their characters are baked, the scenes staged and held against the
recipe's geometry limits as `generate` does; a candidate that is discarded is replaced by the next one.
What stays is drawn by the draft engine, a few frames a clip; driving clips of bones or grey bodies by theirs.
Of a preference item the gap is judged too, and the rejected clip drawn.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motionpair import dealing, durable
from motionpair.draws import deal
from motionpair.errors import InputError
from motionpair.planning import MAX_SEED, planner
from motionpair.preview_sheets import SHOWN, Preview, draft_size, preview_sheet
from motionpair.recipe import Limits, Recipe
from motionpair.specs import DRIVING_ENGINES, PairSpec
from render import gates
from render.characters.store import CharacterStore
from render.engines import Engine, Engines
from render.excerpt import at_frames, at_size
from render.pair import engines_of
from render.rejected import stage_rejected
from render.scene import Scene
from render.stage import StagedClip, cast_of, stage_pair

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many of it are done, and how many there are."""
QUALITY = 88
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
MOST = 500
"""Pairs on a sheet: more would be larger than a WebP may be, and than anybody looks through."""
DRAFT = "pyrender"
"""The engine that draws what Cycles is to render."""
_UNWRITABLE = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


@dataclass(frozen=True)
class Previewed:
    """What a preview came to.

    previews: the pairs that passed, by slot. discards: reason to count. failed: slots of which every
    candidate was discarded. frame_seconds: CPU seconds a drawn frame, staging left out.
    """

    previews: tuple[Preview, ...]
    discards: Counter[str]
    failed: tuple[int, ...]
    frame_seconds: float


def spread(recipe: Recipe, count: int) -> list[int]:
    """`count` slots, in order: every stratum in proportion, but at least once, evenly over its slots.

    Raises:
        InputError: `count` is not between 1 and the recipe's pairs.
    """
    if not 1 <= count <= recipe.pairs:
        raise InputError(f"count: expected 1 to {recipe.pairs}, got {count}")
    stratum = dealing.deal_slots(recipe).stratum
    sizes = [s.count for s in recipe.strata]
    least = [min(1, size) for size in sizes] if count >= len(sizes) else [0] * len(sizes)
    shares = [size - low for size, low in zip(sizes, least, strict=True)]
    more = deal(count - sum(least), shares) if sum(shares) else [0] * len(sizes)
    chosen: list[int] = []
    for number, (low, extra) in enumerate(zip(least, more, strict=True)):
        mine = np.flatnonzero(stratum == number)
        wanted = low + extra
        chosen += mine[np.arange(wanted) * len(mine) // max(wanted, 1)].tolist()
    return sorted(chosen)


def open_engines(recipe: Recipe) -> Engines:
    """The engines that draw a recipe's drafts.

    Raises:
        InputError: a missing system library.
    """
    return Engines([DRAFT, *engines_of(recipe).intersection(DRIVING_ENGINES)])


def preview(
    recipe: Recipe,
    seed: int,
    count: int,
    engine: Engine,
    store: CharacterStore,
    tell: Progress,
    note: Callable[[str], None],
) -> Previewed:
    """Plan, stage, judge and draw `count` pairs of a recipe.

    Args:
        recipe: the recipe. seed: of everything random.
        count: how many slots. engine: draws the drafts (`open_engines`). store: the baked cast; what it
            lacks is baked.
        tell: hears how far it is. note: hears of each discarded candidate, in a line.

    Raises:
        InputError: count or seed out of range, or a recipe whose cast cannot fill its pairs.
    """
    if not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed: expected 0 to {MAX_SEED}, got {seed}")
    if count > MOST:
        raise InputError(f"count: expected 1 to {min(recipe.pairs, MOST)}, got {count}")
    slots = spread(recipe, count)
    plans = planner(recipe, seed)
    passed: dict[int, Preview] = {}
    discards: Counter[str] = Counter()
    seconds = frames = 0.0
    waiting, k = slots, 0
    # In rounds, one candidate further each: the characters of a round are baked together.
    while waiting and k < recipe.limits.candidates:
        specs = [plans.candidate(slot, k) for slot in waiting]
        who = {c.character_id: c for spec in specs for c in cast_of(spec)}
        store.ensure(who.values(), progress=lambda done, total: tell("bake", done, total))
        waiting = []
        for spec in specs:
            tell("draw", len(passed), len(slots))
            try:
                staged = _staged(spec, store, recipe.limits)
            except gates.Discard as discard:
                discards[discard.reason] += 1
                waiting.append(spec.slot)
                note(f"slot {spec.slot}, candidate {k} discarded: {discard}")
                continue
            before = time.process_time()
            passed[spec.slot] = draw(spec, staged, engine)
            seconds += time.process_time() - before
            frames += len(staged) * SHOWN
        k += 1
    shown = tuple(passed[slot] for slot in sorted(passed))
    return Previewed(shown, discards, tuple(waiting), seconds / max(frames, 1))


def draw(spec: PairSpec, staged: Sequence[StagedClip], engine: Engine) -> Preview:
    """A pair's draft: the same instants of its clips, which are driving, target and, of an item, rejected."""
    return Preview(spec, *(engine.render(_excerpt(clip.scene)).rgb for clip in staged))


def write(previewed: Previewed, recipe: Recipe, seed: int, out: Path) -> None:
    """Write the sheet as a picture, whole or not at all.

    Raises:
        InputError: nothing to show, or the picture cannot be written there.
    """
    if not previewed.previews:
        raise InputError(
            f"recipe {recipe.name}: every candidate was discarded ({_counted(previewed.discards)}); "
            "accepted: looser limits"
        )
    clips = "driving, target" + (", rejected" if recipe.preferences is not None else "")
    title = f"{recipe.name}, seed {seed}: drafts; downwards or rightwards {clips}"
    page = preview_sheet(previewed.previews, title)
    form = {".png": "PNG", ".webp": "WEBP"}.get(out.suffix.lower(), "JPEG")
    try:
        with durable.replacing(out) as temporary:
            page.save(temporary, format=form, quality=QUALITY)
    except _UNWRITABLE as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from error


def check_target(out: Path) -> None:
    """Refuse a name that no sheet can be written to, before any work.

    Raises:
        InputError: not a picture's name, a folder, in no folder, or in one that cannot be written to.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out}: expected a name ending in {', '.join(SUFFIXES)}")
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected the name of a file, such as sheet.jpg")
    if not out.parent.is_dir():
        raise InputError(f"{out}: no such folder {out.parent}")
    try:
        tempfile.TemporaryFile(dir=out.parent).close()
    except _UNWRITABLE as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from error


def summary(previewed: Previewed) -> Iterable[str]:
    """The lines that a preview ends with."""
    yield (
        f"pairs drawn: {len(previewed.previews)}, {previewed.frame_seconds:.2f} CPU s a frame; "
        f"{sum(previewed.discards.values())} candidates discarded"
        + (f": {_counted(previewed.discards)}" if previewed.discards else "")
    )
    if previewed.failed:
        slots = ", ".join(str(slot) for slot in previewed.failed)
        yield f"every candidate was discarded of slots {slots}"


def _staged(spec: PairSpec, store: CharacterStore, limits: Limits) -> tuple[StagedClip, ...]:
    """A pair's clips, held against the limits.

    Raises:
        Discard: they miss one.
    """
    driving, target = stage_pair(spec, store)
    gates.judge_geometry(spec, driving, target, limits)
    if spec.rejected is None:
        return driving, target
    rejected = stage_rejected(spec, driving, target)
    gates.judge_gap(spec, target, rejected, limits)
    return driving, target, rejected


def _excerpt(scene: Scene) -> Scene:
    if scene.render.engine not in DRIVING_ENGINES:
        scene = replace(scene, render=replace(scene.render, engine=DRAFT))
    chosen = np.linspace(0, scene.frames - 1, SHOWN + 2).round().astype(int)[1:-1]
    return at_size(at_frames(scene, chosen), *draft_size(scene.camera.width, scene.camera.height))


def _counted(discards: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in discards.most_common())
