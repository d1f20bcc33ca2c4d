"""The page of a comparison by preference: a table of models, and hands of every item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from model.evaluation.page import STYLE
from motionpair.signed import signed

if TYPE_CHECKING:
    from model.evaluation.preference_scores import ModelScores

COLUMNS = {
    "Preference accuracy, %": {
        "accuracy": "hands",
        "implicit_accuracy": "against the first model",
        "frame_accuracy": "whole frame",
    },
    "Error of velocity": {
        "region_error": "r, hands",
        "rejected_region_error": "r⁻, hands",
        "loss": "r, whole frame",
        "loss_change": "change, %",
    },
    "PSNR of samples, dB": {"psnr_hands": "hands", "psnr": "whole frame"},
}
"""Figures of a model by what they are called, in groups."""

FIGURES = tuple(name for group in COLUMNS.values() for name in group)

_STYLE = """
table { margin: 18px 0 14px; }
th { white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
th[colspan] { color: #eceef2; border: 0; text-align: left;
  background: linear-gradient(#343942, #343942) bottom / 100% 1px no-repeat content-box; }
.group { padding-left: 26px; }
td small { display: inline-block; min-width: 3.2em; text-align: left; }
"""


def text(name: str, model: ModelScores, first: ModelScores) -> tuple[str, str]:
    """A model's figure, and its standard error where it has a place for one; a dash stands for none."""
    value = getattr(model, name)
    if name.startswith("psnr"):
        return "–" if value is None else f"{value:.2f}", ""
    if name == "loss_change":
        if model is first:
            return "–", ""
        return signed(100 * value, 1), _error(model, name)
    if name in model.standard_errors:
        return f"{100 * value:.1f}", _error(model, name)
    return f"{value:.4f}", ""


def write_page(facts: Mapping[str, Any], models: Sequence[ModelScores], captions: Mapping[str, str]) -> str:
    """The page as HTML, without scripts; strips lie beside it.

    Args:
        facts: what a reader must know, by name.
        models: figures, the first of the model before post-training.
        captions: of the items, by pair_id.
    """
    figures = []
    for number, (pair_id, caption) in enumerate(captions.items()):
        said = "; ".join(f"{model.name} {100 * model.items[number].accuracy:.1f} %" for model in models)
        name = escape(pair_id)
        figures.append(
            f"<figure><h3>{name}<span>{escape(said)}</span></h3><figcaption>{escape(caption)}</figcaption>"
            f'<img src="strips/{name}.webp" loading="lazy" alt="Hands of {name}"></figure>'
        )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><meta charset="utf-8"><title>Preferences</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{STYLE}{_STYLE}</style>",
            "<h1>Preferences</h1>",
            "<p>" + "   ·   ".join(f"{escape(str(k))} {escape(str(v))}" for k, v in facts.items()) + "</p>",
            _table(models),
            "<p>Preference accuracy: how often the model's error is less of r than of r⁻, with the same",
            "noise and time; ties count half. Against the first model: how often it has come down more of r",
            "than of r⁻. Errors are mean squares; their change is against the first model. PSNR is against r",
            "as the codec gives it back. ± is one standard error over items, each item's mean over draws",
            "counting once.</p>",
            "<h2>Hands</h2>",
            *figures,
            "",
        ]
    )


def _table(models: Sequence[ModelScores]) -> str:
    starts = {next(iter(group)) for group in COLUMNS.values()}
    mark = {name: ' class="group"' if name in starts else "" for name in FIGURES}
    groups = "".join(
        f'<th colspan="{len(group)}" class="group">{escape(title)}</th>' for title, group in COLUMNS.items()
    )
    titles = {name: title for group in COLUMNS.values() for name, title in group.items()}
    head = "".join(f"<th{mark[name]}>{escape(title)}</th>" for name, title in titles.items())
    rows = []
    for model in models:
        cells = ""
        for name in FIGURES:
            figure, error = text(name, model, models[0])
            room = f"<small>{error}</small>" if name in model.standard_errors else ""
            cells += f"<td{mark[name]}>{figure}{room}</td>"
        rows.append(f"<tr><td>{escape(model.name)}</td>{cells}</tr>")
    return (
        f'<div class="wide"><table><tr><td></td>{groups}</tr><tr><th>model</th>{head}</tr>'
        f"{''.join(rows)}</table></div>"
    )


def _error(model: ModelScores, name: str) -> str:
    error = model.standard_errors[name]
    return "± –" if error is None else f"± {100 * error:.1f}"
