"""What machine a figure was measured on, and how busy it was."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipelines.costs import machine_name

COMMAND_LINE = str(Path(sys.executable).with_name("motionpair"))
"""The installed command."""


def describe() -> str:
    """Processor, cores, load average and version, in one line."""
    load = ", ".join(f"{v:.1f}" for v in os.getloadavg())
    return f"{machine_name()}, load {load}, Python {platform.python_version()}"


def child_cpu(argv: Sequence[str]) -> tuple[float, int, str]:
    """Run a command and wait: (CPU seconds of it and its children, its peak memory in bytes, its output)."""
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(argv, stdout=out)
        # of this child alone: RUSAGE_CHILDREN keeps the peak of the largest child so far
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(argv)}: exit status {child.returncode}")
        out.seek(0)
        return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, out.read()
