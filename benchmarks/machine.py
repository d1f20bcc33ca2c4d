"""What machine a figure was measured on, and how busy it was."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
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
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise SystemExit(f"{' '.join(argv)}: exit status {done.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, after.ru_maxrss * 1024, done.stdout
