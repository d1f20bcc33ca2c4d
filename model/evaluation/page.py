"""The page of an evaluation: what was found, in tables, and a strip a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from model.evaluation.baselines import BASELINES
from model.evaluation.regions import REGIONS
from model.evaluation.scores import ALL, METHODS, MODEL, PairScores, Summary
from motionpair.signed import signed

STYLE = """
:root { color-scheme: dark; }
body { margin: 0 auto; max-width: 1500px; padding: 32px 44px 64px; background: #17191d; color: #eceef2;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 30px; font-weight: 600; margin: 0 0 4px; }
h2 { font-size: 20px; font-weight: 600; margin: 44px 0 10px; }
p, figcaption { color: #98a0ad; margin: 4px 0; max-width: 100ch; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: 6px 18px 6px 0; text-align: right; vertical-align: bottom; }
td { white-space: nowrap; }
th { color: #98a0ad; font-weight: 400; border-bottom: 1px solid #343942; }
th:first-child, td:first-child { text-align: left; }
td small { color: #98a0ad; margin-left: 8px; font-size: 14px; }
tr.model td { font-weight: 600; } tr.model td small { font-weight: 400; }
tr.codec td, tr.codec td small { color: #98a0ad; }
.best { color: #8fd694; }
figure { margin: 0 0 36px; padding-top: 16px; border-top: 1px solid #343942; }
figure h3 { font-size: 17px; font-weight: 600; margin: 0; }
figure h3 span { color: #98a0ad; font-weight: 400; margin-left: 12px; }
figcaption { font-size: 14px; max-width: none; }
figure img { display: block; max-width: 100%; height: auto; margin-top: 10px; }
a { color: #9cc4ff; }
"""

METRICS = {"psnr": "PSNR, dB", "ssim": "SSIM", "lpips": "LPIPS"}


def write_page(title: str, facts: Mapping[str, str], summary: Summary, pairs: Sequence[PairScores]) -> str:
    """The page as HTML, without scripts; pictures and videos lie beside it in `strips` and `videos`.

    Args:
        title: what was evaluated.
        facts: what a reader must know of it, by name.
        summary: means over the pairs.
        pairs: in the order that they are shown in.
    """
    strata = [stratum for stratum in summary.pairs if stratum != ALL]
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style>",
        f"<h1>{escape(title)}</h1>",
        "<p>" + "   ·   ".join(f"{escape(k)} {escape(v)}" for k, v in facts.items()) + "</p>",
        f"<h2>{summary.pairs[ALL]} pairs</h2>",
        _by_region(summary),
        "<p>PSNR in dB and SSIM: means over pairs of a figure over all pixels of a clip's region; the best",
        "of model and trivial answers is green. The codec alone is the target, encoded and decoded.</p>",
    ]
    if summary.fvd:
        named = ", ".join(f"{escape(name)} {value:.1f}" for name, value in summary.fvd.items())
        parts.append(f"<p>FVD over {summary.pairs[ALL]} clips: {named}.</p>")
    if len(strata) > 1:
        parts += ["<h2>By stratum, in the character region</h2>", _by_stratum(summary, strata)]
    for stratum in strata:
        parts.append(f"<h2>{escape(stratum)}</h2>")
        parts += [_figure(pair) for pair in pairs if pair.stratum == stratum]
    return "\n".join(parts) + "\n"


def cell(summary: Summary, method: str, region: str, stratum: str = ALL) -> tuple[str, str]:
    """PSNR, and SSIM with LPIPS if there is one, as texts; a dash where no pair has them."""
    values = {metric: summary.mean(metric, method, region, stratum) for metric in METRICS}
    psnr = "–" if values["psnr"] is None else f"{values['psnr']:.2f}"
    rest = [f"{values[m]:.3f}" for m in ("ssim", "lpips") if values[m] is not None]
    return psnr, " / ".join(rest)


def best(summary: Summary, region: str, stratum: str = ALL) -> str | None:
    """Which of the model and the trivial answers has the highest PSNR."""
    found = {m: summary.mean("psnr", m, region, stratum) for m in (MODEL, *BASELINES)}
    known = {method: value for method, value in found.items() if value is not None}
    return max(known, key=lambda method: known[method]) if known else None


def _by_region(summary: Summary) -> str:
    head = "".join(f"<th>{region}</th>" for region in REGIONS)
    rows = []
    for method in METHODS:
        cells = "".join(_td(summary, method, region, ALL) for region in REGIONS)
        rows.append(f"<tr{_class(method)}><td>{escape(method)}</td>{cells}</tr>")
    return f'<div class="wide"><table><tr><th>mean of pairs</th>{head}</tr>{"".join(rows)}</table></div>'


def _by_stratum(summary: Summary, strata: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(method)}</th>" for method in METHODS)
    rows = []
    for stratum in strata:
        cells = "".join(_td(summary, method, "character", stratum) for method in METHODS)
        rows.append(f"<tr><td>{escape(stratum)} <small>{summary.pairs[stratum]}</small></td>{cells}</tr>")
    return f'<div class="wide"><table><tr><th>stratum</th>{head}</tr>{"".join(rows)}</table></div>'


def _td(summary: Summary, method: str, region: str, stratum: str) -> str:
    psnr, rest = cell(summary, method, region, stratum)
    mark = ' class="best"' if method == best(summary, region, stratum) else ""
    return f"<td><span{mark}>{psnr}</span><small>{rest}</small></td>"


def _class(method: str) -> str:
    return {MODEL: ' class="model"', METHODS[-1]: ' class="codec"'}.get(method, "")


def _figure(pair: PairScores) -> str:
    said = []
    for region in ("frame", "character"):
        values = [pair.scores[m].get(region, {}).get("psnr") for m in (MODEL, *BASELINES)]
        if values[0] is not None:
            others = max(value for value in values[1:] if value is not None)
            ahead = signed(values[0] - others, 1)
            said.append(f"{region} {values[0]:.1f} dB, {ahead} to the best trivial answer")
    name = escape(pair.pair_id)
    return (
        f"<figure><h3>{name}<span>{'; '.join(said)}</span></h3>"
        f"<figcaption>{escape(pair.caption)}</figcaption>"
        f'<a href="videos/{name}.mp4"><img src="strips/{name}.webp" loading="lazy" alt="{name}"></a></figure>'
    )
