"""The options by which `sample`, `eval` and `eval-preferences` open a run to sample with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.option_groups import with_fields

if TYPE_CHECKING:
    from model.sampling.video import Sampler
    from model.training.runs import RunConfig


@dataclass(frozen=True)
class HowToSample:
    """How a run is opened to sample with, and the seed. Each field is an option (`with_sampling`)."""

    solver: Annotated[str, typer.Option(help="`unipc` or `euler`.", metavar="NAME")] = "unipc"
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Solver steps; by default 40 of unipc, 50 of euler.", metavar="N"),
    ] = None
    shift: Annotated[
        float | None, typer.Option(help="Shift of σ; by default 3 of unipc, 5 of euler.", metavar="S")
    ] = None
    cfg: Annotated[
        float | None,
        typer.Option(
            help="Guidance by text; by default 5 of unipc, 4 of euler, 1 without text.", metavar="S"
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, max=(1 << 63) - 1, help="One seed, one video.", metavar="N")] = 0
    step: Annotated[int | None, typer.Option(min=0, help="Checkpoint; by default the last.", metavar="N")] = (
        None
    )
    ema: Annotated[bool, typer.Option("--ema/--no-ema", help="The weights' moving average, if kept.")] = True
    lora: Annotated[Path | None, typer.Option(help="peft adapters to put on it.", metavar="FOLDER")] = None
    device: Annotated[
        str | None, typer.Option(help="`cpu` or `cuda`; by default a GPU if there is one.", metavar="NAME")
    ] = None
    dtype: Annotated[
        str | None,
        typer.Option(help="`float32` or `bfloat16`; by default float32 on the CPU.", metavar="NAME"),
    ] = None
    codec: Annotated[
        str | None, typer.Option(help="Where the run's VAE lies now, if not where it was.", metavar="FOLDER")
    ] = None
    text_encoder: Annotated[
        Path | None, typer.Option(help="Likewise its text encoder.", metavar="FOLDER")
    ] = None
    image_encoder: Annotated[
        Path | None, typer.Option(help="Likewise its image encoder.", metavar="FOLDER")
    ] = None

    def open(self, run: Path) -> tuple[Sampler, RunConfig]:
        """A run's model and what it is used with, as of `model.sampling.opening.open_sampler`."""
        from model.sampling.opening import open_device, open_sampler

        given = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "seed"}
        return open_sampler(run, **{**given, "device": open_device(self.device)})

    def changed(self) -> list[str]:
        """The options that have another value than by default."""
        names = [field.name for field in fields(self) if getattr(self, field.name) != field.default]
        return [f"--{name.replace('_', '-')}" for name in names]


def with_sampling(command: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """A command whose parameter `how` is made of the options of `HowToSample`, behind its own.

    Fields in `without` are no options of it, and keep their defaults.
    """
    return with_fields(command, "how", HowToSample, without)
