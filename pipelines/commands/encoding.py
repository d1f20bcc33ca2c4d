"""`encode`: a dataset's pairs as latents, for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import AddressOption, DatasetArgument, TimeLimitOption, WorkersOption

commands = typer.Typer()


@commands.command()
def encode(
    dataset: DatasetArgument,
    codec: Annotated[str, typer.Option(help="dct, or the folder of a Wan2.1 VAE.", metavar="dct|FOLDER")],
    out: Annotated[Path, typer.Option(help="Folder of the latents.", metavar="LATENTS")],
    text: Annotated[
        Path | None, typer.Option(help="Folder of a UMT5 text encoder; by default none.", metavar="FOLDER")
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="Folder of a CLIP image encoder; by default none.", metavar="FOLDER")
    ] = None,
    device: Annotated[
        str, typer.Option(help="auto, cpu or cuda; with cuda a worker a GPU.", metavar="DEVICE")
    ] = "auto",
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
    """Encode the pairs of a finished dataset into LATENTS, or go on where an earlier run ended."""
    from pipelines.encoding import Encoding, Settings, check_apart, device_of
    from pipelines.production import Options, produce_work
    from pipelines.progress import reporter

    check_apart(dataset, out)
    source, here = (dataset if "://" in dataset else str(Path(dataset).absolute())), device_of(device)
    words, picture = (str(folder.absolute()) if folder else None for folder in (text, image))
    named = codec if codec == "dct" else str(Path(codec).absolute())
    if here == "cuda" and workers is None and address is None:
        import torch

        workers = torch.cuda.device_count()
    work = Encoding(Settings(source, named, words, picture, here))
    options = Options(workers, address, retry_quarantined, tuple(allow_device_class or ()), time_limit)
    shown = reporter()
    try:
        result = produce_work(work, out, options, shown)
    finally:
        shown.close()
    typer.echo(f"{out}: {result.line()}")
    raise typer.Exit(result.exit_status)
