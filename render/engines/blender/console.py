"""Keep Blender's console output out of ours, and find the errors in it.

Blender and Cycles print from C, to file descriptors 1 and 2, so Python's own redirection does not catch
them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

ERROR_MARKS = ("error:", "out of memory", "out of gpu memory", "failed to ", "could not ")
"""What marks a console line as an error, in lower case."""


class Console:
    """What was printed while the console was captured; `text` is filled when the capture ends."""

    text = ""

    def errors(self) -> list[str]:
        """The printed lines that report an error."""
        lines = (line.strip() for line in self.text.splitlines())
        return [line for line in lines if any(mark in line.lower() for mark in ERROR_MARKS)]


@contextmanager
def captured_console() -> Iterator[Console]:
    """Send file descriptors 1 and 2 of this process to a file for the length of the block."""
    console = Console()
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        saved = os.dup(1), os.dup(2)
        try:
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
            yield console
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)
            sink.seek(0)
            console.text = sink.read().decode(errors="replace")
