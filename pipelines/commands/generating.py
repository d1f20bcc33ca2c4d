"""`generate`, `preferences`, `demo`, `status` and `estimate`: making a dataset, and what that takes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motionpair.errors import EXIT_FINDINGS, InputError
from pipelines.commands.lines import complain, show_findings
from pipelines.commands.making import run_shown
from pipelines.commands.making_options import HowToMake, with_making
from pipelines.commands.options import OutArgument, OutOption, PlanArgument, WorkersOption
from pipelines.commands.planning import make_plan

if TYPE_CHECKING:
    from motionpair.plan import Plan
    from pipelines.production import Options, Result

commands = typer.Typer()


@commands.command()
@partial(with_making, recipe="Instead of a plan: a recipe, planned first.")
def generate(asked: HowToMake) -> None:
    """Render the pairs of a plan into OUT, or go on where an earlier run ended."""
    made = asked.made_plan()
    if made.recipe.preferences is not None:
        raise InputError(
            f"recipe {made.recipe.name}: plans preference items; motionpair preferences makes them"
        )
    raise typer.Exit(_produce(made, asked.out, asked.options()).exit_status)


@commands.command()
@partial(with_making, recipe="Instead of a plan: preferences-1k, preferences-demo, or a YAML file.")
def preferences(asked: HowToMake) -> None:
    """Render preference items into OUT, pairs with a third clip whose hands are worse, or go on with them.

    OUT is a dataset: verify, status, show and explain take it as any other.
    """
    made = asked.made_plan()
    if made.recipe.preferences is None:
        raise InputError(
            f"recipe {made.recipe.name}: has no section preferences; expected preferences-1k, "
            "preferences-demo or a recipe based on one (motionpair generate makes plain pairs)"
        )
    raise typer.Exit(_produce(made, asked.out, asked.options()).exit_status)


@commands.command()
def demo(
    out: OutOption = Path("out/demo"),
    workers: WorkersOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.", metavar="N")] = 0,
) -> None:
    """Plan, generate and verify the demo dataset, with a contact sheet a pair in OUT/report/sheets."""
    from motionpair import verify as verifying
    from pipelines.production import Options
    from pipelines.reports import write_sheets

    result = _produce(make_plan("demo", seed, None), out, Options(workers))
    if result.set_aside:  # no manifest yet, so nothing to draw or to verify
        raise typer.Exit(result.exit_status)
    for sheet in write_sheets(out):
        typer.echo(sheet)
    findings = verifying.verify(out)
    show_findings(str(out), findings)
    raise typer.Exit(EXIT_FINDINGS if findings else result.exit_status)


@commands.command()
def status(out: OutArgument) -> None:
    """Show how far a dataset is: done, running, failed, discards, pairs/hour and time left."""
    from rich.console import Console

    from pipelines.status import read_status, show_status

    show_status(read_status(out), Console())


@commands.command()
def estimate(
    plan: PlanArgument,
    figures: Annotated[
        Path | None, typer.Option(help="Figures of a machine, JSON.", metavar="FILE.json")
    ] = None,
    measured: Annotated[
        Path | None, typer.Option("--from", help="Fit the figures to a run on this machine.", metavar="OUT")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the figures that were used.", metavar="FILE.json")
    ] = None,
) -> None:
    """Foretell what a plan costs: core-hours, GPU-hours and bytes.

    By the figures given, else of the last run on this machine, else the package's own.
    """
    from rich.console import Console

    from motionpair.estimate import estimate as cost_of
    from motionpair.estimate import read_figures
    from motionpair.plan import read_plan
    from pipelines import costs

    used = read_figures(figures) if figures is not None else costs.figures_of_machine()
    if measured is not None:
        used = costs.figures_of_run(measured, used)
    if save is not None:
        costs.save_figures(used, save)
    made = read_plan(plan)
    costs.show_estimate(cost_of(made, used), Console())


def _produce(made: Plan, out: Path, options: Options) -> Result:
    from pipelines import costs
    from pipelines.generate import rendering
    from pipelines.production import produce

    source = rendering(out, options.address)
    result = run_shown(out, lambda shown: produce(made, out, source, options, shown))
    if result.rows and options.address is None:  # what a cluster cost says nothing of this machine
        try:
            costs.remember(out)
        except (InputError, OSError) as error:  # the dataset is what was asked for, and it stands
            complain(f"this machine's figures are not kept for estimates: {error}", "note")
    return result
