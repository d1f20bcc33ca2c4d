"""The command line, `motionpair`. Commands import what they need when they run, so that help is quick."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from motionpair.errors import EXIT_INTERRUPTED, EXIT_MACHINE, MotionPairError
from pipelines.commands import (
    encoding,
    evaluating,
    exporting,
    generating,
    maintaining,
    planning,
    preferring,
    reading,
    sampling,
    training,
    transfer,
)
from pipelines.commands.lines import complain

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
            complain(str(error))
            raise typer.Exit(error.exit_status) from error
        except KeyboardInterrupt:
            typer.echo(f"\n{FAREWELL}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except OSError as error:
            if not is_machine_error(error):
                raise
            complain(f"the machine failed: {error}")
            raise typer.Exit(EXIT_MACHINE) from error


app = typer.Typer(
    cls=Commands,
    help="Render motion-transfer pairs, and look after the datasets made of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SUBJECTS = (
    planning,
    generating,
    reading,
    maintaining,
    exporting,
    transfer,
    encoding,
    training,
    preferring,
    sampling,
    evaluating,
)
"""Modules of commands, in the order of `motionpair --help`."""

for subject in SUBJECTS:
    app.add_typer(subject.commands)


def _version(asked: bool) -> None:
    if asked:
        from motionpair import __version__

        typer.echo(f"motionpair {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Render motion-transfer pairs, and look after the datasets made of them."""


def main() -> None:
    """Be the process that runs a command: `motionpair`, or `torchrun -m pipelines.cli`."""
    try:
        app()
    except SystemExit as ended:
        if ended.code == EXIT_INTERRUPTED:
            from pipelines.interrupts import end_soon

            end_soon()
        raise


if __name__ == "__main__":
    main()
