"""Learning: four pairs of 17 frames, 128 × 224 pixels, as DCT latents, learned by heart by `tiny` on the CPU.

    python -m benchmarks.learning [DATASET] [--set FIELD=VALUE ...]

Without a dataset, four pairs are rendered first. All by the command line: filter, encode, train, eval.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path
from statistics import fmean

import pyarrow.parquet as pq

from benchmarks.machine import child_cpu, describe

PAIRS = 4
FALL = 20.0
"""Times that the loss of a fresh model is to be above that of the last steps."""
AHEAD = 3.0
"""dB that the sampled video is to be above every baseline, in the character region."""
DRAWS = 32
"""Fixed draws of noise and σ a pair, of which the loss is the mean: a step's own loss depends on its draw."""

RECIPE = """
base: demo
name: learning
sizes: [{width: 224, height: 128, weight: 1}]
frames: 17
strata:
- {name: single-animation, count: 4, mode: animation, performers: [1, 1], framing: full_body,
   motion_speed: [0.9, 1.1], motions: {}, formations: {}, driving: {clip: 1.0}}
splits: {train: 1, validation: 0, test: 0}
"""
TRAINING = (
    "steps=3000",
    "optimizer.lr=3e-3",
    "optimizer.warmup=50",
    "ema.decay=0.99",
    "chances.augment_clip=0",
    "chances.history=0",
    "chances.history_continues=0",
    "data.batch=1",
    "data.micro_batch=1",
    "data.shares={animation: 1, replacement: 1}",
    "logging.every=1",
    "logging.tensorboard=false",
    "strips.every=0",
    "saving.every=500",
)
"""Beside what `tiny` says. Driving clips as they are, no history: the same clips are to be made again."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", nargs="?", help="of which the first four pairs of one size are taken")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings")
    parser.add_argument("--keep", type=Path, help="a new folder in which all stays")
    asked = parser.parse_args()
    print(describe())
    if asked.keep is not None:
        asked.keep.mkdir(parents=True)
        measure(asked.keep, asked.dataset, asked.settings)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), asked.dataset, asked.settings)


def measure(folder: Path, dataset: str | None, settings: list[str]) -> None:
    from model.evaluation.baselines import BASELINES
    from model.evaluation.scores import CODEC, MODEL, PairScores
    from model.training.log import read_log

    os.environ["OMP_NUM_THREADS"] = "1"
    if dataset is None:
        (folder / "recipe.yaml").write_text(RECIPE)
        command("generate", "--recipe", folder / "recipe.yaml", "--out", folder / "rendered")
        dataset = str(folder / "rendered")
    command("filter", dataset, four_of(dataset), "--out", folder / "pairs")
    command("encode", folder / "pairs", "--codec", "dct", "--out", folder / "latents", "--workers", 1)
    changes = [word for setting in (*TRAINING, *settings) for word in ("--set", setting)]
    run = (
        "train",
        "--config",
        "tiny",
        "--data",
        folder / "latents",
        "--out",
        folder / "run",
        "--device",
        "cpu",
    )
    seconds = command(*run, *changes)
    losses = [line["loss"] for line in read_log(folder / "run")]
    print(
        f"{len(losses)} steps of {seconds / len(losses):.3f} CPU s; "
        f"mean loss of the first ten {fmean(losses[:10]):.3f}, of the last hundred {fmean(losses[-100:]):.4f}"
    )
    first, last = fixed_losses(folder)
    print(
        f"loss over {DRAWS} fixed draws of noise and σ a pair: {first:.3f} fresh, {last:.4f} trained, "
        f"{first / last:.1f} x lower (at least {FALL:g})"
    )
    scored = ("--run", folder / "run", "--data", folder / "pairs", "--split", "train")
    command("eval", *scored, "--out", folder / "scores", "--device", "cpu")
    pairs = [PairScores.read(path) for path in sorted((folder / "scores" / "pairs").glob("*.json"))]
    means = {
        method: math.fsum(pair.scores[method]["character"]["psnr"] for pair in pairs) / len(pairs)
        for method in (MODEL, *BASELINES, CODEC)
    }
    best = max(means[method] for method in BASELINES)
    print("character region, dB: " + ", ".join(f"{method} {value:.2f}" for method, value in means.items()))
    print(f"ahead of the best baseline by {means[MODEL] - best:.2f} dB (at least {AHEAD:g})")


def fixed_losses(folder: Path) -> tuple[float, float]:
    """The loss of the fresh model and of the trained one, its averaged weights, over the same draws.

    σ and noise are drawn as in training, from seeds that training has not reached.
    """
    import torch

    from model.scail2 import build
    from model.training.objective import Objective
    from model.training.runs import open_run
    from model.training.sources import Sources

    trained, run = open_run(folder / "run")
    sources = Sources(run.train, [str(folder / "latents")], torch.device("cpu"))
    recipe, objective = sources.feed(0, 1).recipe, Objective(run.train.loss, torch.float32)
    models = {"fresh": build(run.train.sizes), "trained": trained}
    losses: dict[str, list[float]] = {name: [] for name in models}
    for number in range(len(sources.pairs)):
        example = sources.pairs.example(number, None, torch.device("cpu"))
        for draw in range(DRAWS):
            batch = recipe.batch([example], [(1 << 40) + number * DRAWS + draw])
            for name, model in models.items():
                with torch.no_grad():
                    losses[name].append(objective(model, batch)[0].item())
    return fmean(losses["fresh"]), fmean(losses["trained"])


def command(*words: object) -> float:
    """Run a command of the package; its CPU seconds."""
    program = (sys.executable, "-m", "pipelines.cli")
    return child_cpu([*program, *map(str, words)])[0]


def four_of(dataset: str) -> str:
    """A condition on the first four pairs of one performer and the commonest size."""
    columns = ["slot", "width", "performers", "split"]
    rows = pq.read_table(f"{dataset}/metadata.parquet", columns=columns).to_pylist()
    alone = [row for row in rows if row["performers"] == 1 and row["split"] == "train"]
    widths = [row["width"] for row in alone]
    commonest = max(sorted(set(widths)), key=widths.count)
    slots = [row["slot"] for row in alone if row["width"] == commonest][:PAIRS]
    return f"slot IN ({', '.join(map(str, slots))})"


if __name__ == "__main__":
    main()
