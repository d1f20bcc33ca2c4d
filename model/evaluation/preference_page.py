"""The page of a comparison by preference: a table of models, and hands of every item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from model.evaluation.page import STYLE

COLUMNS = {
    "accuracy": "Preference accuracy, hands",
    "implicit_accuracy": "against the first model",
    "frame_accuracy": "whole frame",
    "region_error": "Error of r, hands",
    "rejected_region_error": "of r⁻",
    "loss": "whole frame of r",
    "psnr_hands": "PSNR of samples, hands",
    "psnr": "whole frame",
}
"""Figures of a model, by what they are called."""
_DECIBELS = ("psnr", "psnr_hands")
_SHARES = ("accuracy", "implicit_accuracy", "frame_accuracy")


def text(name: str, value: float | None) -> str:
    """A figure as text."""
    if value is None:
        return "–"
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:.2f} dB" if name in _DECIBELS else f"{value:.4f}"


def change(model: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    """How much the whole-frame loss is above the first model's, as text."""
    return f"{100 * (model['loss'] / first['loss'] - 1):+.1f} %".replace("-", "−")


def write_page(
    facts: Mapping[str, Any], models: Sequence[Mapping[str, Any]], captions: Mapping[str, str]
) -> str:
    """The page as HTML, without scripts; strips lie beside it.

    Args:
        facts: what a reader must know, by name.
        models: figures by name (`model.evaluation.preferences.ModelScores`), the first before post-training.
        captions: of the items, by pair_id.
    """
    head = "".join(f"<th>{escape(title)}</th>" for title in COLUMNS.values())
    rows = []
    for model in models:
        cells = "".join(
            f"<td>{text(name, model[name])}{_note(name, model, models[0])}</td>" for name in COLUMNS
        )
        rows.append(f"<tr><td>{escape(model['name'])}</td>{cells}</tr>")
    figures = []
    for number, (pair_id, caption) in enumerate(captions.items()):
        said = "; ".join(
            f"{model['name']} {text('accuracy', model['items'][number]['accuracy'])}" for model in models
        )
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
            f"<style>{STYLE}</style>",
            "<h1>Preferences</h1>",
            "<p>" + "   ·   ".join(f"{escape(str(k))} {escape(str(v))}" for k, v in facts.items()) + "</p>",
            f'<div class="wide"><table><tr><th>model</th>{head}</tr>{"".join(rows)}</table></div>',
            "<p>Preference accuracy: how often the model's error is less of r than of r⁻, with the same",
            "noise and time; ties count half. Against the first model: how often it has come down more of r",
            "than of r⁻. Errors are mean squares of the velocity. PSNR is against r as the codec gives it",
            "back. In small type: change against the first model.</p>",
            "<h2>Hands</h2>",
            *figures,
            "",
        ]
    )


def _note(name: str, model: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    return f"<small>{change(model, first)}</small>" if name == "loss" and model is not first else ""
