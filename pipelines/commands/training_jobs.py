"""What `train` and `dpo` share: options, how a job has its run, is watched and stopped, and its last line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motionpair.errors import EXIT_DONE, EXIT_INTERRUPTED, MotionPairError
from pipelines.commands.lines import complain

if TYPE_CHECKING:
    from model.training.config import TrainConfig
    from model.training.ranks import Ranks
    from pipelines.training_progress import Shown

RunOutOption = Annotated[
    Path, typer.Option(help="Folder of the run; one that is there goes on.", metavar="RUN")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.", metavar="DEVICE")]


@contextmanager
def watched() -> Iterator[tuple[Shown, Callable[[], bool]]]:
    """Who shows how training goes, and a function that says whether to stop, after Ctrl-C or SIGTERM."""
    from pipelines.interrupts import asked_to_stop
    from pipelines.training_progress import watcher

    shown = watcher()
    try:
        with asked_to_stop("motionpair: stopping after this step, with a checkpoint") as stop:
            yield shown, stop
    finally:
        shown.close()


def train_here(
    config: TrainConfig,
    data: list[str],
    out: Path,
    device: str,
    shown: Shown,
    stop: Callable[[], bool],
    finish: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Train as one rank of a job that has the run to itself.

    Args:
        config, data, out, device, shown, stop: as of `model.training.trainer.train`.
        finish: what the first rank does at the end, also when training went astray, while the others wait:
            torchrun ends all ranks once one has ended.

    Returns:
        {step, stopped, loss}, the first rank's.

    Raises:
        typer.Exit: the run cannot be had, as the first rank has said; or on other ranks, whose end it is.
    """
    from model.training import ranks, runs
    from model.training.trainer import Diverged, train
    from pipelines.redrawing import redraw_if_installed

    with ranks.join(config.parallel, device) as own, ExitStack() as holding:
        try:
            holding.enter_context(runs.held(out, own))
        except MotionPairError as error:
            if own.first:
                complain(str(error))
            own.wait()  # one says it for all, and before any ends: torchrun then ends the others
            raise typer.Exit(error.exit_status) from None
        try:
            result = train(config, data, out, own, watcher=shown, stop=stop, redraw=redraw_if_installed())
        except Diverged:
            finished(own, finish)
            raise
        finished(own, finish)
    if not own.first:
        raise typer.Exit(EXIT_INTERRUPTED if result.stopped else EXIT_DONE)
    return {"step": result.step, "stopped": result.stopped, "loss": result.loss}


def finished(own: Ranks, finish: Callable[[], None]) -> None:
    """Have the first rank do what a job ends with, and the others wait for it."""
    if own.first:
        finish()
    own.wait()


def tell(out: Path, done: dict[str, Any], steps: int, more: str = "") -> None:
    """Say how far a run is; exit 130 where it was asked to stop."""
    loss = "" if done["loss"] is None else f", loss {done['loss']:.4f}"
    typer.echo(f"{out}: {done['step']} of {steps} steps{loss}{more}")
    if done["stopped"]:
        raise typer.Exit(EXIT_INTERRUPTED)
