"""The command line, `motionpair`. Commands import what they need when they run, so that help is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from motionpair.errors import (
    EXIT_FINDINGS,
    EXIT_INTERRUPTED,
    EXIT_MACHINE,
    EXIT_QUARANTINED,
    InputError,
    MotionPairError,
    printable,
)

if TYPE_CHECKING:
    from motionpair.plan import Plan
    from motionpair.verify import Finding
    from pipelines.production import Result

FAREWELL = "motionpair: stopped; nothing is lost: to go on, run the same command again"


class Commands(TyperGroup):
    """Ends every command the same way: errors as one line on stderr, and the exit status that they mean."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Exit status: 0 done, 1 findings, 2 bad input, 3 done with quarantined or undone pairs, 4 the machine
        failed, 130 interrupted.
        """
        from pipelines.interrupts import interruptible
        from pipelines.job import is_machine_error

        try:
            with interruptible(FAREWELL):
                return super().invoke(ctx)
        except MotionPairError as error:
            _complain(str(error))
            raise typer.Exit(error.exit_status) from error
        except KeyboardInterrupt:
            typer.echo(f"\n{FAREWELL}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except OSError as error:
            if not is_machine_error(error):
                raise
            _complain(f"the machine failed: {error}")
            raise typer.Exit(EXIT_MACHINE) from error


app = typer.Typer(
    cls=Commands,
    help="Render motion-transfer pairs, and look after the datasets made of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RecipeOption = Annotated[str, typer.Option(help="A built-in recipe, or a YAML file.", metavar="NAME|FILE")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only the first N slots.", metavar="N")]
OutOption = Annotated[Path, typer.Option(help="Folder of the dataset.", metavar="OUT")]
OutArgument = Annotated[Path, typer.Argument(help="Folder of the dataset.", metavar="OUT")]
DatasetArgument = Annotated[str, typer.Argument(help="Folder or URI of the dataset.", metavar="OUT")]
PlanArgument = Annotated[Path, typer.Argument(help="A plan file.", metavar="PLAN")]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Worker processes; by default one a core.", metavar="N")
]
AddressOption = Annotated[
    str | None, typer.Option(help="Address of a Ray cluster; by default this machine alone.", metavar="ADDR")
]
TimeLimitOption = Annotated[
    float | None,
    typer.Option(min=1, help="Seconds a pair may take; by default the recipe's.", metavar="S"),
]


def _version(asked: bool) -> None:
    if asked:
        from motionpair import __version__

        typer.echo(f"motionpair {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Render motion-transfer pairs, and look after the datasets made of them."""


@app.command()
def plan(
    recipe: RecipeOption,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.", metavar="N")],
    out: Annotated[Path, typer.Option(help="The plan file to write.", metavar="PLAN.parquet")],
    limit: LimitOption = None,
) -> None:
    """Decide every pair of a dataset before anything is rendered."""
    from collections import Counter

    from motionpair.plan import write_plan

    made = _make_plan(recipe, seed, limit)
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected the name of a file, such as plan.parquet")
    if not out.parent.is_dir():
        raise InputError(f"{out}: no such folder {out.parent}")
    write_plan(made, out)
    typer.echo(f"{out}: {len(made)} slots of recipe {made.recipe.name}, seed {seed}, plan {made.hash[:12]}")
    for stratum, count in sorted(Counter(made.table["stratum"].to_pylist()).items()):
        typer.echo(f"  {count:>7,} {stratum}")


@app.command()
def preview(
    recipe: RecipeOption,
    count: Annotated[int, typer.Option(min=1, help="How many pairs.", metavar="N")],
    out: Annotated[Path, typer.Option(help="The picture to write.", metavar="SHEET.jpg")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.", metavar="N")] = 0,
) -> None:
    """Draw drafts of some of a recipe's pairs on one sheet, to judge it before rendering.

    Their characters are baked first. Candidates that break a limit of geometry are replaced by the next.
    """
    from motionpair.recipe import load_recipe
    from pipelines import preview as previewing
    from pipelines.generate import rendering
    from pipelines.progress import stages
    from render.characters.store import CharacterStore

    previewing.check_target(out)
    made = load_recipe(recipe)
    engine = previewing.open_engines(made)
    store = CharacterStore(rendering(out.parent, None).cache)
    with stages("preview") as (tell, note):
        drawn = previewing.preview(made, seed, count, engine, store, tell, note)
    previewing.write(drawn, made, seed, out)
    for line in previewing.summary(drawn):
        typer.echo(line)
    typer.echo(out)
    if drawn.failed:
        raise typer.Exit(EXIT_QUARANTINED)


@app.command()
def generate(
    out: OutOption,
    plan: Annotated[Path | None, typer.Option(help="A plan file.", metavar="PLAN")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Instead of a plan: a recipe, planned first.", metavar="NAME|FILE")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="With --recipe; by default 0.", metavar="N")] = None,
    limit: LimitOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    retry_quarantined: Annotated[
        bool, typer.Option("--retry-quarantined", help="Give failed pairs their tries back.")
    ] = False,
    allow_device_class: Annotated[
        list[str] | None,
        typer.Option(help="Admit nodes of another device class; their bytes differ.", metavar="NAME"),
    ] = None,
    time_limit: TimeLimitOption = None,
) -> None:
    """Render the pairs of a plan into OUT, or go on where an earlier run ended."""
    if (plan is None) == (recipe is None):
        raise typer.BadParameter("expected one of --plan and --recipe")
    if plan is not None:
        if seed is not None or limit is not None:
            raise typer.BadParameter("--seed and --limit go with --recipe; a plan has its own")
        from motionpair.plan import read_plan

        made = read_plan(plan)
    else:
        assert recipe is not None
        made = _make_plan(recipe, seed or 0, limit)
    result = _produce(
        made, out, workers, address, retry_quarantined, tuple(allow_device_class or ()), time_limit
    )
    raise typer.Exit(result.exit_status)


@app.command()
def demo(
    out: OutOption = Path("out/demo"),
    workers: WorkersOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.", metavar="N")] = 0,
) -> None:
    """Plan, generate and verify the demo dataset, with a contact sheet a pair in OUT/report/sheets."""
    from motionpair import verify as verifying
    from pipelines.reports import write_sheets

    result = _produce(_make_plan("demo", seed, None), out, workers)
    if result.set_aside:  # no manifest yet, so nothing to draw or to verify
        raise typer.Exit(result.exit_status)
    for sheet in write_sheets(out):
        typer.echo(sheet)
    findings = verifying.verify(out)
    _show_findings(str(out), findings)
    raise typer.Exit(EXIT_FINDINGS if findings else result.exit_status)


@app.command()
def status(out: OutArgument) -> None:
    """Show how far a dataset is: done, running, failed, discards, pairs/hour and time left."""
    from rich.console import Console

    from pipelines.status import read_status, show_status

    show_status(read_status(out), Console())


@app.command()
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


@app.command()
def verify(out: DatasetArgument) -> None:
    """Prove that a dataset is whole and what it says it is; exit status 1 with a list of findings."""
    from motionpair import verify as verifying
    from pipelines.progress import counter

    with counter("verify", "pairs") as tell:
        findings = verifying.verify(out, progress=tell)
    _show_findings(out, findings)
    if findings:
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def show(
    dataset: DatasetArgument,
    pair_id: Annotated[str, typer.Argument(help="Name of a pair.", metavar="PAIR_ID")],
    out: Annotated[Path, typer.Option(help="The picture to write.", metavar="SHEET.jpg")],
) -> None:
    """Draw a pair's contact sheet: reference, driving, target and masks at several instants."""
    from pipelines.reports import write_sheet

    write_sheet(dataset, pair_id, out)
    typer.echo(out)


@app.command()
def explain(
    dataset: DatasetArgument,
    pair_id: Annotated[
        str, typer.Argument(help="Name of a pair, or of a quarantined one.", metavar="PAIR_ID")
    ],
) -> None:
    """Tell how a pair came about: candidates tried, limits that they broke, figures of the chosen one."""
    from rich.console import Console

    from motionpair.history import history
    from pipelines.explain import WIDTH, show_history

    console = Console()
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    show_history(history(dataset, pair_id), console)


def _make_plan(recipe: str, seed: int, limit: int | None) -> Plan:
    from motionpair.planning import make_plan
    from motionpair.recipe import load_recipe

    return make_plan(load_recipe(recipe), seed, limit)


def _produce(
    made: Plan,
    out: Path,
    workers: int | None = None,
    address: str | None = None,
    retry_quarantined: bool = False,
    allow_device_classes: tuple[str, ...] = (),
    time_limit: float | None = None,
) -> Result:
    from pipelines import costs
    from pipelines.generate import rendering
    from pipelines.production import Options, produce
    from pipelines.progress import reporter

    options = Options(workers, address, retry_quarantined, allow_device_classes, time_limit)
    shown = reporter()
    try:
        result = produce(made, out, rendering(out, address), options, shown)
    finally:
        shown.close()
    typer.echo(f"{out}: {result.line()}")
    if result.rows and address is None:  # what a cluster cost says nothing of this machine
        try:
            costs.remember(out)
        except (InputError, OSError) as error:  # the dataset is what was asked for, and it stands
            _complain(f"this machine's figures are not kept for estimates: {error}", "note")
    return result


def _show_findings(out: str, findings: list[Finding]) -> None:
    from motionpair.dataset import Dataset

    if not findings:
        dataset = Dataset(out)
        counts = dataset.manifest.counts
        typer.echo(
            f"{out}: clean: {counts.rows} pairs, {counts.quarantined} quarantined, "
            f"{len(dataset.manifest.files)} files"
        )
        return
    if not sys.stdout.isatty():
        for finding in findings:
            typer.echo(finding)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("code", "where", "finding", title=f"{out}: {len(findings)} findings", title_justify="left")
    for finding in findings:
        table.add_row(finding.code, Text(printable(finding.where)), Text(printable(finding.message)))
    Console().print(table)


def _complain(message: str, kind: str = "error") -> None:
    typer.echo(f"motionpair: {kind}: {printable(' '.join(message.split()))}", err=True)
