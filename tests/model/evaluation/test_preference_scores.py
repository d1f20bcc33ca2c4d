"""Means of models over preference items, how sure they are, and how they are told."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
import pytest
from rich.console import Console

from model.evaluation.preference_page import text, write_page
from model.evaluation.preference_scores import ItemScores, summarise
from pipelines.commands.preferring import show

ACCURACIES = [1.0, 0.75, 0.25, 0.5]
LOSSES = [0.8, 0.6, 1.0, 0.9]


def items(accuracies: Sequence[float], losses: Sequence[float]) -> list[ItemScores]:
    return [
        ItemScores(
            accuracy=accuracy,
            implicit_accuracy=1 - accuracy,
            frame_accuracy=0.5,
            loss=loss,
            region_error=1.5,
            rejected_region_error=1.75,
            psnr=20.0,
            psnr_hands=None,
            pair_id=f"pair-{number}",
            errors=((1.5, 1.75),),
        )
        for number, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True))
    ]


def test_the_standard_error_is_of_items_means():
    first = items(ACCURACIES, LOSSES)
    found = summarise("before", first, first)
    expected = np.std(ACCURACIES, ddof=1) / 2
    assert found.accuracy == np.mean(ACCURACIES)
    assert found.standard_errors["accuracy"] == pytest.approx(expected)
    assert found.standard_errors["implicit_accuracy"] == pytest.approx(expected)
    assert found.standard_errors["frame_accuracy"] == 0
    assert (found.loss_change, found.psnr_hands) == (0, None)


def test_the_change_of_loss_is_judged_in_pairs():
    first = items(ACCURACIES, LOSSES)
    same = summarise("after", items(ACCURACIES, [1.25 * loss for loss in LOSSES]), first)
    assert same.loss_change == pytest.approx(0.25)
    assert same.standard_errors["loss_change"] == pytest.approx(0, abs=1e-12)
    generator = np.random.default_rng(0)
    before = generator.uniform(0.5, 1.5, 400)
    after = 1.02 * before + generator.normal(0, 0.02, 400)
    found = summarise("after", items([0.5] * 400, after.tolist()), items([0.5] * 400, before.tolist()))
    again = generator.integers(0, 400, (2000, 400))  # the bootstrap: items drawn anew, pairs kept
    drawn = after[again].mean(axis=1) / before[again].mean(axis=1)
    assert found.standard_errors["loss_change"] == pytest.approx(float(drawn.std()), rel=0.1)


def test_one_item_has_no_standard_error():
    first = items([0.75], [0.8])
    before = summarise("before", first, first)
    after = summarise("after", items([0.5], [0.9]), first)
    assert set(after.standard_errors.values()) == {None}
    assert text("accuracy", after, before) == ("50.0", "± –")
    assert text("loss_change", after, before) == ("+12.5", "± –")
    told = json.loads(json.dumps([before.plain(), after.plain()], allow_nan=False))
    assert told[1]["standard_errors"]["accuracy"] is None
    assert "75.0<small>± –</small>" in write_page({}, [before, after], {})
    output = io.StringIO()
    show([before, after], Console(file=output, width=80))
    assert "1 item; ±" in output.getvalue()
    assert "75.0 ± –" in output.getvalue()


def test_a_change_that_rounds_to_zero_has_no_sign():
    first = items(ACCURACIES, LOSSES)
    before = summarise("before", first, first)
    after = summarise("after", items(ACCURACIES, [0.9998 * loss for loss in LOSSES]), first)
    assert text("loss_change", after, before) == ("0.0", "± 0.0")
    assert text("loss_change", before, before) == ("–", "")
    less = summarise("less", items(ACCURACIES, [0.98 * loss for loss in LOSSES]), first)
    assert text("loss_change", less, before)[0] == "−2.0"


def test_figures_on_disk_begin_with_the_names():
    first = items(ACCURACIES, LOSSES)
    told = summarise("before", first, first).plain()
    scores = [
        "accuracy", "implicit_accuracy", "frame_accuracy", "loss", "region_error", "rejected_region_error",
        "psnr", "psnr_hands",
    ]  # fmt: skip
    assert list(told) == ["name", *scores, "loss_change", "standard_errors", "items"]
    assert list(told["items"][0]) == ["pair_id", *scores, "errors"]
