"""How commands that make a folder, whole or not at all, tell how far they are and how they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from motionpair.errors import EXIT_INTERRUPTED
from pipelines.commands.lines import complain


@contextmanager
def making(what: str, out: str | Path) -> Iterator[Callable[[str, int, int], None]]:
    """A function to call with (stage, pairs done, pairs) while `out` is made, whole or not at all.

    An interrupt ends the command, and says that `out` was not made.
    """
    from pipelines.progress import stages

    try:
        with stages(what) as (tell, _):
            yield tell
    except KeyboardInterrupt:
        complain(f"{out} was not made, and nothing of it is left", "stopped")
        raise typer.Exit(EXIT_INTERRUPTED) from None
