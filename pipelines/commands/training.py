"""`train`: SCAIL-2 on a dataset or its latents, alone, under torchrun, or on a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motionpair.errors import InputError
from pipelines.commands.options import AddressOption
from pipelines.commands.training_jobs import DeviceOption, RunOutOption, tell, train_here, watched

if TYPE_CHECKING:
    from model.training.config import TrainConfig

commands = typer.Typer()


@commands.command()
def train(
    data: Annotated[
        list[str],
        typer.Option(help="Latents, or a dataset to encode on the fly. Repeatable.", metavar="FOLDER|URI"),
    ],
    out: RunOutOption,
    config: Annotated[
        str | None,
        typer.Option(
            help="A named configuration, or a YAML file; a run that is there has one.", metavar="NAME|FILE"
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps in all.", metavar="N")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a field, such as optimizer.lr=1e-4.", metavar="FIELD=VALUE"),
    ] = None,
    device: DeviceOption = "auto",
    ray: Annotated[
        int | None, typer.Option(min=1, help="Train on N workers of Ray Train.", metavar="N")
    ] = None,
    address: AddressOption = None,
) -> None:
    """Train SCAIL-2, or go on with a run. Under torchrun: `torchrun ... -m pipelines.cli -- train ...`.

    Ctrl-C writes a checkpoint and exits 130; the same command goes on from there.
    """
    if address is not None and ray is None:
        raise typer.BadParameter("--address goes with --ray")
    chosen = _configuration(config, out, [*(settings or ()), *([f"steps={steps}"] if steps else ())])
    with watched() as (shown, stop):
        if ray is not None:
            from model.training.config import to_plain
            from pipelines.ray_training import train_on_ray

            plain = to_plain(chosen)
            done = train_on_ray(
                plain, data, out, ray, address=address, device=device, watcher=shown, stop=stop
            )
        else:
            done = train_here(chosen, data, out, device, shown, stop)
    tell(out, done, chosen.steps)


def _configuration(config: str | None, out: Path, settings: list[str]) -> TrainConfig:
    from model.training.config import changed, read_config

    if config is not None:
        return read_config(config, settings)
    from model.training.runs import CONFIG, read_run

    if not (out / CONFIG).exists():
        raise InputError("--config: missing; a new run needs one: tiny, small, ..., or a YAML file")
    return changed(read_run(out).train, settings)
