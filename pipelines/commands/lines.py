"""What commands say: lines on stderr, and findings on stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from motionpair.errors import printable

if TYPE_CHECKING:
    from motionpair.verify import Finding


def complain(message: str, kind: str = "error") -> None:
    """Say what is wrong, or what is of note, in one line on stderr."""
    typer.echo(f"motionpair: {kind}: {printable(' '.join(message.split()))}", err=True)


def show_findings(out: str, findings: list[Finding]) -> None:
    """Say that a dataset is clean, or list what is wrong with it: a table on a terminal, else lines."""
    from motionpair.dataset import Dataset

    if not findings:
        dataset = Dataset(out)
        counts = dataset.manifest.counts
        typer.echo(
            f"{out}: clean: {counts.rows} pairs, {counts.quarantined} quarantined, "
            f"{len(dataset.manifest.files)} files"
        )
        return
    if not sys.stdout.isatty():
        for finding in findings:
            typer.echo(finding)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("code", "where", "finding", title=f"{out}: {len(findings)} findings", title_justify="left")
    for finding in findings:
        table.add_row(finding.code, Text(printable(finding.where)), Text(printable(finding.message)))
    Console().print(table)
