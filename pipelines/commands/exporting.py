"""`export`: a dataset in the form that another tool reads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.commands.lines import complain
from pipelines.commands.making import making
from pipelines.commands.options import DatasetArgument

commands = typer.Typer()


@commands.command()
def export(
    dataset: DatasetArgument,
    form: Annotated[
        str,
        typer.Option(
            "--format", help="huggingface, files, diffsynth or scail2-webdataset.", metavar="FORMAT"
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to make; new or empty.", metavar="FOLDER")],
    codec: Annotated[
        str,
        typer.Option(help="Of latents: dct, or the folder of the VAE they are of.", metavar="dct|FOLDER"),
    ] = "dct",
) -> None:
    """Write a dataset in another format, whole or not at all.

    huggingface: Parquet for datasets.load_dataset and the Hub's viewer, with a dataset card.
    files: MP4, JPEG, PNG and JSON, a folder a pair. diffsynth: metadata.csv and clips for the
    Wan-Animate trainings of DiffSynth-Studio. scail2-webdataset: tar shards of SCAIL-2's public
    trainer; OUT is then a folder of latents, of 65 or 81 frames in one of that trainer's sizes.
    """
    from motionpair import exports

    with making("export", out) as tell:
        done = exports.export(dataset, form, out, partial(tell, "pairs"), _codec(form, codec))
    typer.echo(f"{out}: {done.pairs} pairs in {done.files} files, {done.bytes / 1e6:,.1f} MB, {form}")
    for note in done.notes:
        complain(note, "note")


def _codec(form: str, codec: str) -> Any:
    """What latents were made with, where the format wants it."""
    from motionpair import exports

    if form not in exports.FORMATS or not exports.FORMATS[form].of_latents:
        return None
    from model.codecs import open_codec
    from pipelines.encoding import device_of

    return open_codec(codec, device_of("auto"))
