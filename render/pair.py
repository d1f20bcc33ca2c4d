"""One pair from its slot to its files: candidates, scenes, gates, frames, annotations, commit.

`PairJob` is what a worker runs. It tries the slot's candidates in order until one passes both gates,
writes the pair's files to a temporary folder and renames that to the slot's staging folder. What it
writes depends on the plan, the versions and the device class alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motionpair import assets, captions, masks, media, schema
from motionpair.annotations import CLIPS, REJECTED, pack
from motionpair.gate_limits import REFERENCE_LACKS
from motionpair.plan import PlanFile
from motionpair.planning import ENGINE, candidate
from motionpair.recipe import Limits, Recipe
from motionpair.specs import DRIVING_ENGINES, PairSpec
from motionpair.staging import commit
from render import gates
from render.annotate import clip_annotations
from render.characters.store import CharacterStore
from render.clock import Clock
from render.engines import Engine, Engines, Frames
from render.estimators.errors import EstimateErrors
from render.gates.pixels import judge_reference
from render.observations import observe_performers
from render.references import Picture, reference_pictures, stage_references
from render.rejected import stage_rejected
from render.stage import StagedClip, cast_of, stage_pair


class NoCandidateError(Exception):
    """Every candidate that the recipe allows a slot was discarded.

    discards: why, a candidate each: {reason, figure, limit}, as in a row.
    """

    def __init__(self, message: str, discards: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.discards = list(discards)


@dataclass(frozen=True)
class MadePair:
    """A pair that passed both gates: every column of its row, and its blobs by column name."""

    row: dict[str, Any]
    blobs: dict[str, bytes]


def make_pair(
    spec: PairSpec, recipe: Recipe, engine: Engine, store: CharacterStore, clock: Clock
) -> MadePair:
    """Stage, judge, render, annotate and encode one candidate.

    Raises:
        gates.Discard: the candidate breaks one of the recipe's limits.
    """
    driving, target = stage_pair(spec, store, clock)
    with clock.stage("geometry gate"):
        figures = gates.judge_geometry(spec, driving, target, recipe.limits)
    rejected = None
    if spec.rejected is not None:
        with clock.stage("estimate"):
            rejected = stage_rejected(spec, driving, target)
            figures |= gates.judge_gap(spec, target, rejected, recipe.limits)
    with clock.stage("references"):
        stills = stage_references(spec, target)
    frames: list[Frames] = []
    notes: list[dict[str, np.ndarray]] = []

    def film(staged: StagedClip) -> None:
        with clock.stage("render"):
            rendered = engine.render(staged.scene)
        with clock.stage("annotate"):
            notes.append(clip_annotations(staged.scene, rendered))
            frames.append(rendered.without_depth())  # depth would wait for the other clips

    film(driving)
    film(target)
    with clock.stage("pixel gate"):
        visible = [n["joint_visible"] for n in notes]
        figures |= gates.judge_pixels(spec, frames[0], frames[1], visible, recipe.limits)
    if rejected is not None:
        with clock.stage("pixel gate"):
            figures |= gates.judge_hands(spec, notes[1]["hand_boxes"], recipe.limits)
        film(rejected)
        with clock.stage("pixel gate"):
            boxes = [n["hand_boxes"] for n in notes[1:]]
            figures |= gates.judge_rejected(spec, frames[1], frames[2], boxes, recipe.limits)
    with clock.stage("references"):
        pictures = reference_pictures(spec, frames[1], None if stills is None else engine.render(stills))
        _judge_references(spec, pictures, recipe.limits)
    with clock.stage("encode"):
        blobs = _blobs(spec, recipe, frames, notes, pictures)
    row = schema.spec_columns(spec) | {
        "caption": captions.caption(spec, observe_performers(target)),
        "character_hashes": [store.hash(c) for c in cast_of(spec)],
        "device_class": engine.device_class(),
        "assets": assets.assets_of(spec),
    }
    figures |= dict.fromkeys((n for n in schema.GAP_FIGURES if n not in figures), 0.0)
    figures |= _estimate_figures((*driving.estimates, *target.estimates))
    return MadePair(row | {name: round(value, 6) for name, value in figures.items()}, blobs)


def _judge_references(spec: PairSpec, pictures: Mapping[str, Picture], limits: Limits) -> None:
    """Hold every reference to show whom it is there for: a face its performer, the others everybody.

    Raises:
        gates.Discard: it shows too little of a performer.
    """
    for name, picture in pictures.items():
        if name != "reference_face":
            judge_reference(spec, picture.index, limits)
            continue
        (performer,) = (extra.performer for extra in spec.extra_references if extra.kind == "face")
        share = float((picture.index == performer + 1).mean())
        if share < limits.mask_share:
            raise gates.Discard(REFERENCE_LACKS, share, f"at least {limits.mask_share:.4g}")


def _estimate_figures(estimates: Sequence[EstimateErrors]) -> dict[str, float]:
    """The row's figures of the estimated clip's error, over its performers; 0 where both clips are exact."""
    return {
        f"estimator_{name}": float(np.mean([getattr(e, name) for e in estimates])) if estimates else 0.0
        for name in ("body_mm", "body_px", "fingertip_mm", "fingertip_px")
    }


def _blobs(
    spec: PairSpec,
    recipe: Recipe,
    frames: Sequence[Frames],
    notes: Sequence[dict[str, np.ndarray]],
    pictures: Mapping[str, Picture],
) -> dict[str, bytes]:
    driving, target = frames[:2]
    slots = [p.slot for p in spec.target.performers]
    arrays = {
        f"{clip}/{name}": array
        for clip, of in zip((*CLIPS, REJECTED), notes, strict=False)
        for name, array in of.items()
    }
    crf = recipe.rendering.crf
    optional = dict.fromkeys(schema.OPTIONAL_BLOBS, b"")
    if len(frames) > 2:
        optional["rejected"] = media.encode_video(frames[2].rgb, spec.fps, crf)
        labels = masks.labels(frames[2].performers(), slots, "target", spec.mode)
        optional["rejected_mask"] = media.encode_mask(labels, spec.fps)
    for name, picture in pictures.items():
        labels = masks.labels(picture.index, slots, "reference", spec.mode)
        image = masks.reference_image(picture.rgb, labels, spec.mode)
        optional[name] = media.encode_reference(image)
        optional[f"{name}_mask"] = media.encode_mask_image(labels)
    return {
        "driving": media.encode_video(driving.rgb, spec.fps, crf),
        "driving_mask": media.encode_mask(
            masks.labels(driving.performers(), slots, "driving", spec.mode), spec.fps
        ),
        "target": media.encode_video(target.rgb, spec.fps, crf),
        "target_mask": media.encode_mask(
            masks.labels(target.performers(), slots, "target", spec.mode), spec.fps
        ),
        **optional,
        "annotations": pack(arrays),
    }


def engines_of(recipe: Recipe) -> set[str]:
    """The engines, as render settings name them, whose pixels a dataset of the recipe holds."""
    kinds = {kind for s in recipe.strata if s.count for kind, weight in s.driving.items() if weight > 0}
    return {ENGINE} | {engine for engine, kind in DRIVING_ENGINES.items() if kind in kinds}


@dataclass
class PairJob:
    """The generate job: slot in, staging folder and record out. Travels to workers by pickle.

    plan_path: the plan. staging: folder that holds a folder a finished slot. store_root: the baked cast.
    threads: render threads a worker. device: `auto`, `cpu` or `gpu`.
    """

    plan_path: Path
    staging: Path
    store_root: Path
    threads: int = 1
    device: str = "auto"

    name = "generate"
    unit = "pairs"

    def setup(self) -> None:
        """Open the plan, the cast and the engines: once in each worker."""
        self._plan = PlanFile(self.plan_path)
        self._store = CharacterStore(self.store_root)
        names = sorted(engines_of(self._plan.recipe))
        self._engine: Engine = Engines(names, threads=self.threads, device=self.device)

    def device_class(self) -> str:
        """What the pixels depend on beside plan and versions."""
        return self._engine.device_class()

    def folders(self) -> Sequence[Path]:
        """Where `run` writes."""
        return (self.staging,)

    def item_name(self, item: int) -> str:
        """The pair_id of a slot."""
        if not hasattr(self, "_names"):
            self._names = PlanFile(self.plan_path)
        return self._names.spec(item).pair_id

    def run(self, item: int) -> dict[str, Any]:
        """Make slot `item`'s pair and commit its files.

        Returns:
            slot, k, pair_id, spec_hash, files {name: {bytes, sha256}}, discards {reason: count}, and
            `seconds`, the CPU seconds by stage.

        Raises:
            NoCandidateError: every candidate was discarded.
        """
        plan, clock = self._plan, Clock()
        discards: list[dict[str, Any]] = []
        for k in range(plan.recipe.limits.candidates):
            spec = candidate(plan.recipe, plan.seed, item, k)
            try:
                made = make_pair(spec, plan.recipe, self._engine, self._store, clock)
                break
            except gates.Discard as discard:
                discards.append(
                    {
                        "reason": discard.reason,
                        "figure": round(discard.figure, 6),
                        "limit": discard.limit,
                    }
                )
        else:
            raise NoCandidateError(
                f"slot {item}: all {len(discards)} candidates discarded: "
                + "; ".join(f"{d['reason']}: {d['figure']:.4g}, accepted: {d['limit']}" for d in discards),
                discards,
            )
        row = made.row | {"discards": discards}
        with clock.stage("commit"):
            schema.check_row(row)
            files = commit(self.staging, item, row, made.blobs)
        return {
            "slot": item,
            "k": spec.k,
            "pair_id": spec.pair_id,
            "spec_hash": spec.spec_hash,
            "files": files,
            "discards": dict(Counter(d["reason"] for d in discards)),
            "seconds": {name: round(s, 3) for name, s in clock.seconds.items()},
        }

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}
