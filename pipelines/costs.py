"""What a run on this machine cost, as figures to estimate other plans with; and an estimate for people."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table

from motionpair import durable, fields
from motionpair.errors import InputError
from motionpair.estimate import REFERENCE_FIGURES, Estimate, Figures, Measured, fitted, read_figures, read_run
from motionpair.plan import read_plan
from pipelines.generate import cache_folder
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir
from pipelines.state import TIMINGS

FIGURES_FILE = "figures.json"


def figures_of_run(root: Path, figures: Figures) -> Figures:
    """`figures` fitted to what the pairs of a run took, finished or not.

    Raises:
        InputError: no run has begun there, or none of its pairs is done.
    """
    measured = _measured(root)
    if not measured:
        raise InputError(f"{root}: expected a folder in which `motionpair generate` has finished some pairs")
    return fitted(figures, read_plan(OutDir(root).plan), measured, machine_name())


def _measured(root: Path) -> list[Measured]:
    """What the rendered pairs of a run cost; empty where there are none."""
    out = OutDir(root)
    timings = out.runs / TIMINGS
    if not out.plan.exists() or not timings.exists():
        return []
    committed = Ledger(out.ledger, read_only=True).committed
    sizes = {
        slot: sum(int(file["bytes"]) for file in record["files"].values())
        for slot, record in committed.items()
    }
    return read_run(timings, sizes)


def remember(root: Path) -> None:
    """Keep the figures of a run, if it rendered anything, as this machine's for estimates to come."""
    if not _measured(root):
        return
    path = cache_folder() / FIGURES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figures(figures_of_run(root, REFERENCE_FIGURES), path)


def figures_of_machine() -> Figures:
    """The figures of the last run on this machine, or the package's where there was none."""
    path = cache_folder() / FIGURES_FILE
    return read_figures(path) if path.exists() else REFERENCE_FIGURES


def save_figures(figures: Figures, path: Path) -> None:
    """Write figures as `estimate --figures` reads them."""
    try:
        durable.write_bytes(path, json.dumps(fields.to_plain(figures), indent=1).encode() + b"\n")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def machine_name() -> str:
    """This machine in words: processor and cores."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"one core of {model} ({os.cpu_count()} in the machine)"


def show_estimate(estimate: Estimate, console: Console) -> None:
    """Print an estimate, by stratum and in all."""
    table = Table("stratum", "core-hours", "size", title_justify="left")
    table.title = f"{estimate.pairs:,} pairs, by figures of {estimate.machine}"
    for column in table.columns[1:]:
        column.justify = "right"
    for stratum, (core_hours, size) in sorted(estimate.strata.items()):
        table.add_row(stratum, f"{core_hours:,.2f}", bytes_of(size))
    table.add_section()
    table.add_row("all pairs", f"{estimate.core_hours:,.2f}", bytes_of(estimate.bytes))
    table.add_row("baking the cast, once", f"{estimate.bake_core_hours:,.2f}", "")
    console.print(table, highlight=False)
    if estimate.gpu_hours is not None:
        console.print(f"or {estimate.gpu_hours:,.2f} GPU-hours, with one core a GPU", highlight=False)
    else:
        console.print("GPU-hours: unknown, these figures were measured without a GPU", highlight=False)


def bytes_of(size: float) -> str:
    """Bytes for people: `1.2 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
