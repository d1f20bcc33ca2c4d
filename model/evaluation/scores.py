"""Figures of many pairs: what is kept of each, and their means by method, region and stratum."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.evaluation import metrics
from model.evaluation.baselines import BASELINES
from model.evaluation.lpips import Lpips
from model.evaluation.regions import REGIONS
from motionpair.errors import DataError

MODEL = "model"
CODEC = "the codec alone"
METHODS = (MODEL, *BASELINES, CODEC)
"""What is scored: the model, the trivial answers, and the target through the codec, which is the most that a
model in its latents can reach."""

ALL = "all"
"""Name of all strata together."""

Figures = dict[str, float]
"""Of a clip in a region: psnr, ssim, and lpips where its weights are at hand."""


@dataclass(frozen=True)
class PairScores:
    """A pair's figures. scores: by method and region; a region that the clip has no pixel of is absent.

    shares: of the clip's pixels, by region.
    """

    pair_id: str
    stratum: str
    mode: str
    caption: str
    frames: int
    fps: int
    shares: Mapping[str, float]
    scores: Mapping[str, Mapping[str, Figures]]

    def to_json(self) -> str:
        """As text, for a file."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> PairScores:
        """Undo `to_json`.

        Raises:
            DataError: the file is damaged; names it.
        """
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
            for regions in found.scores.values():
                for figures in regions.values():
                    for value in figures.values():
                        float(value)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"{path}: damaged ({error}); delete it to have the pair scored again") from None
        return found


def score_pair(
    row: Mapping[str, Any],
    clips: Mapping[str, np.ndarray],
    target: np.ndarray,
    regions: Mapping[str, np.ndarray],
    lpips: Lpips | None = None,
    device: torch.device | str = "cpu",
) -> PairScores:
    """A pair's figures.

    Args:
        row: of the dataset.
        clips: by method, (T, H, W, 3) uint8 sRGB each.
        target: likewise, the truth.
        regions: (T, H, W) bool, by name.
        lpips: where its weights are at hand.
        device: where to compute.
    """
    scores: dict[str, dict[str, Figures]] = {}
    for method, clip in clips.items():
        found = metrics.score(clip, target, regions, device)
        distances = lpips.score(clip, target, regions) if lpips is not None else {}
        scores[method] = {
            region: {
                name: round(value, 6)
                for name, value in (("psnr", s.psnr), ("ssim", s.ssim), ("lpips", distances.get(region)))
                if value is not None
            }
            for region, s in found.items()
            if s is not None
        }
    named = {name: row[name] for name in ("pair_id", "stratum", "mode", "caption", "frames", "fps")}
    shares = {name: round(float(region.mean()), 6) for name, region in regions.items()}
    return PairScores(**named, shares=shares, scores=scores)


@dataclass(frozen=True)
class Summary:
    """Means over pairs. A figure is `None` where no pair has it.

    pairs: how many, by stratum. means: by stratum, method, region and metric. wins: by stratum, baseline and
    region, the share of pairs in which the model's PSNR is above the baseline's. fvd: by method.
    """

    pairs: Mapping[str, int]
    means: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]
    wins: Mapping[str, Mapping[str, Mapping[str, float]]]
    fvd: Mapping[str, float]

    def mean(self, metric: str, method: str, region: str, stratum: str = ALL) -> float | None:
        """A mean, or `None` where no pair has such a figure."""
        return self.means[stratum][method].get(region, {}).get(metric)


def summarise(pairs: Sequence[PairScores], fvd: Mapping[str, float] | None = None) -> Summary:
    """Means over pairs, each pair counting once; strata in alphabetical order, `ALL` first."""
    strata = {ALL: list(pairs)}
    for stratum in sorted({pair.stratum for pair in pairs}):
        strata[stratum] = [pair for pair in pairs if pair.stratum == stratum]
    return Summary(
        {stratum: len(of) for stratum, of in strata.items()},
        {stratum: {method: _means(of, method) for method in METHODS} for stratum, of in strata.items()},
        {stratum: {other: _wins(of, other) for other in BASELINES} for stratum, of in strata.items()},
        fvd or {},
    )


def _means(pairs: Sequence[PairScores], method: str) -> dict[str, dict[str, float]]:
    means: dict[str, dict[str, float]] = {}
    for region in REGIONS:
        of = [pair.scores[method].get(region, {}) for pair in pairs]
        for metric in ("psnr", "ssim", "lpips"):
            if values := [figures[metric] for figures in of if metric in figures]:
                means.setdefault(region, {})[metric] = round(sum(values) / len(values), 6)
    return means


def _wins(pairs: Sequence[PairScores], other: str) -> dict[str, float]:
    wins = {}
    for region in REGIONS:
        both = [(p.scores[MODEL].get(region), p.scores[other].get(region)) for p in pairs]
        if above := [a["psnr"] > b["psnr"] for a, b in both if a and b]:
            wins[region] = round(sum(above) / len(above), 6)
    return wins


def as_csv(pairs: Sequence[PairScores]) -> str:
    """A line a pair, method and region."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("pair_id", "stratum", "mode", "method", "region", "share", "psnr", "ssim", "lpips"))
    for pair in pairs:
        for method, regions in pair.scores.items():
            for region, figures in regions.items():
                given = (figures.get(metric, "") for metric in ("psnr", "ssim", "lpips"))
                of = (pair.pair_id, pair.stratum, pair.mode, method, region, pair.shares[region])
                writer.writerow((*of, *given))
    return text.getvalue()
