"""`export`: a dataset in the form that another tool reads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.lines import complain
from pipelines.commands.making import making
from pipelines.commands.options import DatasetArgument

commands = typer.Typer()


@commands.command()
def export(
    dataset: DatasetArgument,
    form: Annotated[str, typer.Option("--format", help="huggingface, files or diffsynth.", metavar="FORMAT")],
    out: Annotated[Path, typer.Option(help="Folder to make; new or empty.", metavar="FOLDER")],
) -> None:
    """Write a dataset in another format, whole or not at all.

    huggingface: Parquet for datasets.load_dataset and the Hub's viewer, with a dataset card.
    files: MP4, JPEG, PNG and JSON, a folder a pair. diffsynth: metadata.csv and clips for the
    Wan-Animate trainings of DiffSynth-Studio.
    """
    from motionpair import exports

    with making("export", out) as tell:
        done = exports.export(dataset, form, out, partial(tell, "pairs"))
    typer.echo(f"{out}: {done.pairs} pairs in {done.files} files, {done.bytes / 1e6:,.1f} MB, {form}")
    for note in done.notes:
        complain(note, "note")
