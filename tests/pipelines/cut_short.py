"""The command line in a process that a signal ends on its way, or whose disk is full."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]

_SIGNALLED = """
import os, sys
number, nth = map(int, sys.argv[1:3])
del sys.argv[1:3]
from pipelines.cli import main
left = nth
def hook(event, arguments):
    global left
    if event == "open" and isinstance(arguments[2], int) and "/.tmp-" in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
sys.addaudithook(hook)
main()
"""


def signalled(words: Sequence[str], number: signal.Signals, nth: int) -> subprocess.CompletedProcess[str]:
    """Run a command that gets a signal when it opens the nth file below a temporary folder."""
    return _run(["-c", _SIGNALLED, str(int(number)), str(nth), *words])


def without_room(words: Sequence[str], most: int) -> subprocess.CompletedProcess[str]:
    """Run a command that may write no file of more than so many bytes."""
    return _run(
        ["-m", "pipelines.cli", *words],
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )


def _run(
    arguments: Sequence[str], before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        preexec_fn=before,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
