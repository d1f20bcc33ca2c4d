"""Figures of models on preference items: means over draws and items, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean, stdev
from typing import Any

import torch

from model import dpo


@dataclass(frozen=True)
class Scores:
    """What a model does with an item, means over draws of noise and time; or with all, means over items.

    accuracy: share of draws in which its error inside M is less of r than of r⁻, ties by half.
    implicit_accuracy: likewise, after the first model's errors on the same draws are taken off: the sign of
    the margin that DPO raises, with the first model for reference. frame_accuracy: as accuracy, of the whole
    frame. loss: mean squared error of r's velocity, over all elements. region_error, rejected_region_error:
    inside M, of r and of r⁻. psnr: of a sample, dB; psnr_hands: inside the boxes of r's hands, None where
    there is none.
    """

    accuracy: float
    implicit_accuracy: float
    frame_accuracy: float
    loss: float
    region_error: float
    rejected_region_error: float
    psnr: float
    psnr_hands: float | None


@dataclass(frozen=True)
class ItemScores(Scores):
    """Of an item. errors: inside M, of r and r⁻, by draw."""

    pair_id: str
    errors: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class ModelScores(Scores):
    """Of a model.

    loss_change: how far its loss is above the first model's, as a share of that; the first's is 0.
    standard_errors: of the three accuracies and of loss_change, by name, over items; None with one item.
    """

    name: str
    loss_change: float
    standard_errors: dict[str, float | None]
    items: tuple[ItemScores, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON: names first, then figures, then what they are made of."""
        items = [{"pair_id": item.pair_id, **asdict(item)} for item in self.items]
        return {"name": self.name, **asdict(self), "items": items}


ACCURACIES = ("accuracy", "implicit_accuracy", "frame_accuracy")


def summarise(name: str, items: Sequence[ItemScores], first: Sequence[ItemScores]) -> ModelScores:
    """A model's means over items, with their standard errors.

    Draws of an item are not independent, so that an item's mean over its draws, x_i, counts as one
    observation: the error is s / √n, with s the standard deviation of the n x_i (n − 1 below). Error of the
    loss's change: that of a ratio estimator of pairs (Cochran, Sampling Techniques, chapter 6), s / (√n ȳ)
    with s of the residuals x_i − R y_i, where y_i is the first model's loss of the item, ȳ the mean of those
    and R = x̄ / ȳ. What all items share cancels in it.

    Args:
        name: the model's.
        items: what it does.
        first: what the first model does with the same items.
    """
    means: dict[str, Any] = {}
    for field in fields(Scores):
        values = [value for item in items if (value := getattr(item, field.name)) is not None]
        means[field.name] = math.fsum(values) / len(values) if values else None
    errors = {of: standard_error([getattr(item, of) for item in items]) for of in ACCURACIES}
    before = fmean(item.loss for item in first)
    ratio = means["loss"] / before
    residual = standard_error([i.loss - ratio * f.loss for i, f in zip(items, first, strict=True)])
    errors["loss_change"] = None if residual is None else residual / before
    return ModelScores(**means, name=name, loss_change=ratio - 1, standard_errors=errors, items=tuple(items))


def standard_error(values: Sequence[float]) -> float | None:
    """Of the mean of independent values: s / √n; None of a single one, which has no s."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else None


def implicit_accuracy(errors: Sequence[tuple[float, float]], first: Sequence[tuple[float, float]]) -> float:
    """How often errors (of r, of r⁻) have come down by more of r than of r⁻; `first`: the first model's."""
    of, before = (torch.tensor(pairs, dtype=torch.float64) for pairs in (errors, first))
    change = of - before
    return float(dpo.accuracy(change[:, 1], change[:, 0]).mean())
