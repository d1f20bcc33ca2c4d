"""`verify`, `show` and `explain`: what a finished dataset holds, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motionpair.errors import EXIT_FINDINGS
from pipelines.commands.lines import show_findings
from pipelines.commands.options import DatasetArgument

commands = typer.Typer()


@commands.command()
def verify(out: DatasetArgument) -> None:
    """Prove that a dataset is whole and what it says it is; exit status 1 with a list of findings."""
    from motionpair import verify as verifying
    from pipelines.progress import counter

    with counter("verify", "pairs") as tell:
        findings = verifying.verify(out, progress=tell)
    show_findings(out, findings)
    if findings:
        raise typer.Exit(EXIT_FINDINGS)


@commands.command()
def show(
    dataset: DatasetArgument,
    pair_id: Annotated[str, typer.Argument(help="Name of a pair.", metavar="PAIR_ID")],
    out: Annotated[Path, typer.Option(help="The picture to write.", metavar="SHEET.jpg")],
) -> None:
    """Draw a pair's contact sheet: reference, driving, target and masks at several instants."""
    from pipelines.reports import write_sheet

    write_sheet(dataset, pair_id, out)
    typer.echo(out)


@commands.command()
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
