"""`dpo`, `merge-lora`, `eval-preferences`: post-training on preference items, and what it does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motionpair.errors import InputError
from pipelines.commands.run_options import HowToSample, with_sampling
from pipelines.commands.training_jobs import DeviceOption, RunOutOption, tell, train_here, watched

if TYPE_CHECKING:
    from rich.console import Console

    from model.evaluation.preference_scores import ModelScores
    from model.training.config import TrainConfig

commands = typer.Typer()

_WIDTH = 132


@commands.command()
def dpo(
    data: Annotated[
        list[str],
        typer.Option(help="Latents of preference items, or a dataset of them.", metavar="FOLDER|URI"),
    ],
    out: RunOutOption,
    run: Annotated[
        Path | None,
        typer.Option(help="Run whose model is post-trained; a run that is there has one.", metavar="RUN"),
    ] = None,
    step: Annotated[
        int | None, typer.Option(min=1, help="Its checkpoint; by default the last one.", metavar="N")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="regional-dpo, frame-dpo, ipo, hands-sft or sft; by default regional-dpo.", metavar="NAME"
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps in all; by default 400.", metavar="N")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a field, such as preference.beta=2000.", metavar="FIELD=VALUE"),
    ] = None,
    device: DeviceOption = "auto",
) -> None:
    """Post-train a model on preference items, or go on. Under torchrun: `-m pipelines.cli -- dpo ...`.

    Writes peft adapters of the last checkpoint to RUN/adapters, also when it stops or goes astray. Ctrl-C
    writes a checkpoint and exits 130; the same command goes on from there.
    """
    changes = [*(settings or ()), *([f"steps={steps}"] if steps else ())]
    changes += [f"preference.method={method}"] if method else []
    chosen = _configuration(run, step, out, changes)
    with watched() as (shown, stop):
        done = train_here(chosen, data, out, device, shown, stop, finish=partial(_write_adapters, out))
    tell(out, done, chosen.steps, f"; adapters in {out / 'adapters'}")


@commands.command("merge-lora")
def merge_lora(
    run: Annotated[Path, typer.Argument(help="A run with adapters.", metavar="RUN")],
    out: Annotated[Path, typer.Option(help="New folder for the weights.", metavar="FOLDER")],
    step: Annotated[
        int | None, typer.Option(min=1, help="Its checkpoint; by default the last one.", metavar="N")
    ] = None,
) -> None:
    """Write a run's model with its adapters added to the weights: safetensors under the official names."""
    from model.training.adapters import merge

    files = merge(run, out, step)
    typer.echo(f"{out}: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB")


@commands.command("eval-preferences")
@partial(with_sampling, without=("step", "lora"))
def eval_preferences(
    run: Annotated[
        list[Path],
        typer.Option(help="A run; repeatable. The first is what the others are held against.", metavar="RUN"),
    ],
    data: Annotated[
        str, typer.Option(help="Latents of preference items, or a dataset of them.", metavar="FOLDER|URI")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the comparison.", metavar="FOLDER")],
    split: Annotated[
        str, typer.Option(help="Which items: train, validation or test.", metavar="SPLIT")
    ] = "test",
    draws: Annotated[int, typer.Option(min=1, help="Draws of noise and time an item.", metavar="N")] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N items.", metavar="N")] = None,
    how: HowToSample = HowToSample(),  # noqa: B008 - frozen; its fields are the options
) -> None:
    """Compare models on preference items: which clip they prefer, and the hands that they make."""
    if split not in (splits := ("train", "validation", "test")):
        raise InputError(f"--split: expected {', '.join(splits)}, got {split!r}")
    from rich.console import Console

    from model.evaluation.preferences import LEAST_DRAWS, LEAST_ITEMS, Comparison, Judge
    from model.sampling.opening import open_device
    from model.training.batches import Encoders, Pairs
    from pipelines.progress import counter

    names = [folder.resolve().name for folder in run]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"--run: two runs are called {twice}; expected folders of different names")
    where, comparison, weighed = open_device(how.device), None, ""
    pairs = Pairs([data], split, preferences=True)
    for name, folder in zip(names, run, strict=True):
        sampler, config = how.open(folder)
        if comparison is None:
            weighed = config.codec.hash
            if pairs.encoded and pairs.datasets[0].manifest.codec.hash != weighed:
                raise InputError(f"--data {data}: latents of another codec than {folder} was trained with")
            encoders = Encoders(sampler.codec, sampler.text, sampler.image)
            examples = [
                pairs.example(i, encoders, where) for i in range(min(len(pairs), limit or len(pairs)))
            ]
            comparison = Comparison(out, examples, sampler.codec, Judge(draws, how.seed))
        elif config.codec.hash != weighed:
            raise InputError(f"--run {folder}: was trained with another codec than {run[0]}")
        empty = None if sampler.text is None else sampler.text([""])[0]
        with counter(name, "items") as tell:
            comparison.add(name, sampler.model, sampler.settings, empty, tell)
    assert comparison is not None  # --run is wanted
    page = comparison.finish({"data": data, "split": split})
    console = Console()
    console.width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    show(comparison.models, console)
    if len(comparison.examples) < LEAST_ITEMS or draws < LEAST_DRAWS:
        had, wanted = f"{len(comparison.examples)} items x {draws} draws", f"{LEAST_ITEMS} x {LEAST_DRAWS}"
        typer.echo(f"{had}: an accuracy wants at least {wanted}", err=True)
    typer.echo(page)


def show(models: list[ModelScores], console: Console) -> None:
    """Print the page's table, turned: a narrow terminal has room for the figures' names in rows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    from model.evaluation.preference_page import COLUMNS, text

    heads = (Column(model.name, justify="right") for model in models)
    count = len(models[0].items)
    title = f"{count} item{'s' if count > 1 else ''}; ± is one standard error over items"
    table = Table("", *heads, title=title, title_justify="left", box=SIMPLE_HEAD)
    for group, names in COLUMNS.items():
        table.add_row(f"[dim]{group}[/]")
        for name, called in names.items():
            told = (text(name, model, models[0]) for model in models)
            table.add_row(f"  {called}", *(f"{figure} {error}".strip() for figure, error in told))
    console.print(table)


def _configuration(run: Path | None, step: int | None, out: Path, settings: list[str]) -> TrainConfig:
    from model.training.config import changed
    from model.training.preferences import dpo_config
    from model.training.runs import CONFIG, read_run

    if (out / CONFIG).exists():
        chosen = changed(read_run(out).train, settings)
        if chosen.preference is None or chosen.init is None:
            raise InputError(f"--out {out}: is no run of `motionpair dpo`; expected one, or a new folder")
        began = Path(chosen.init).parents[1]
        if run is not None and began.resolve() != run.resolve():
            raise InputError(f"--run: {out} began with {began}, not {run}")
        if step is not None and Path(chosen.init).name != f"step-{step:08d}":
            raise InputError(f"--step: {out} began with {Path(chosen.init).name}, not step {step}")
        return chosen
    if run is None:
        raise InputError("--run: missing; a new run of preferences starts from the model of another")
    return changed(dpo_config(run, step), settings)


def _write_adapters(out: Path) -> None:
    """The adapters of the last checkpoint, where there is one; one process's work."""
    from model.training.adapters import FOLDER, write_adapters
    from model.training.checkpoints import saved

    if saved(out)[0]:
        write_adapters(out, out / FOLDER)
