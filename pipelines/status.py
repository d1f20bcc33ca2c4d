"""`motionpair status`: how far a dataset is, whether its driver lives, died or is done."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from motionpair import lease
from motionpair.errors import DataError, InputError
from pipelines import state
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir
from pipelines.progress import duration
from pipelines.state import TIMINGS, State, count_discards

_MOST_NAMED = 10


@dataclass(frozen=True)
class Status:
    """What an output folder says about its generation.

    holder: who holds the lease now, None when no driver lives. last: the last state that a driver wrote.
    failures: quarantined slots by kind of error. shards: packed ones. finished: the manifest was written.
    """

    root: Path
    holder: dict[str, object] | None
    last: State | None
    done: int
    quarantined: dict[int, str]
    discards: dict[str, int]
    shards: int
    finished: bool
    mean_seconds: float | None


def read_status(root: Path) -> Status:
    """Read a generation's folder, without disturbing a driver at work on it.

    Raises:
        InputError: no generation has begun there, or one of another schema version.
        DataError: a file of `runs/` is damaged.
    """
    out = OutDir(root)
    if not out.pin_file.exists():
        raise InputError(f"{root}: expected a folder that `motionpair generate` has written to")
    pin = out.read_pin()
    if pin is not None and pin.bound_to == out.kind.bound_to:
        out.check_schema()  # what else is made here has a schema of its own, of which nothing is read
    ledger = Ledger(out.ledger, read_only=True)
    return Status(
        root=root,
        holder=lease.holder(out.lease),
        last=state.read(out.state),
        done=len(ledger.committed),
        quarantined={slot: fault.line() for slot, fault in sorted(ledger.quarantined().items())},
        discards=count_discards(ledger.committed.values(), ledger.quarantined().values()),
        shards=len(ledger.packed),
        finished=ledger.finished is not None,
        mean_seconds=_mean_seconds(out.runs / TIMINGS),
    )


def show_status(status: Status, console: Console) -> None:
    """Print a status."""
    console.print(Group(*_parts(status)), highlight=False)


def _parts(status: Status) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2))
    last = status.last
    table.add_row("state", Text(_headline(status)))
    total = f" of {last.total}" if last else ""
    table.add_row("done", f"{status.done}{total} pairs, {status.shards} shards packed")
    if status.holder is not None and last is not None:
        running = ", ".join(f"{r.name} ({duration(r.seconds)})" for r in last.running[:_MOST_NAMED])
        more = f" and {len(last.running) - _MOST_NAMED} more" if len(last.running) > _MOST_NAMED else ""
        table.add_row("running", Text(f"{len(last.running)}: {running}{more}" if running else "0"))
    kinds = Counter(line.split(":")[0] for line in status.quarantined.values())
    table.add_row("failed", Text(_counted(len(status.quarantined), kinds)))
    table.add_row("discards", Text(_counted(sum(status.discards.values()), status.discards)))
    if last is not None and last.set_aside:
        table.add_row("set aside", f"{len(last.set_aside)}, to run again at the next resume")
    if last is not None and last.per_hour is not None:
        table.add_row("speed", f"{last.per_hour:,.0f} {last.unit}/hour")
        if status.holder is not None and last.eta_seconds is not None and last.phase == "running":
            table.add_row("time left", duration(last.eta_seconds))
    if status.mean_seconds is not None:
        peak = f", largest worker {last.peak_rss / 2**30:.2f} GiB" if last and last.peak_rss else ""
        table.add_row("a pair", f"{duration(status.mean_seconds)} of one worker{peak}")
    parts: list[RenderableType] = [table]
    for slot, line in list(status.quarantined.items())[:_MOST_NAMED]:
        parts.append(Text(f"slot {slot}: {line}"))
    if last is not None:
        parts += [Text(f"{aside.name}: {aside.reason}") for aside in last.set_aside[:_MOST_NAMED]]
    return parts


def _headline(status: Status) -> str:
    if status.holder is not None:
        who = f"host {status.holder.get('host')}, pid {status.holder.get('pid')}"
        phase = status.last.phase if status.last is not None else "preparing"
        since = status.last.updated if status.last is not None else status.holder.get("since")
        return f"{phase} ({who}; last word {since})"
    if status.finished:
        return "finished"
    if status.last is not None and status.last.phase in ("preparing", "running", "packing"):
        return f"the driver died ({status.last.updated}); the same command goes on"
    return "not finished; the same command goes on"


def _counted(total: int, kinds: dict[str, int] | Counter[str]) -> str:
    if not kinds:
        return str(total)
    return f"{total} ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))})"


def _mean_seconds(path: Path) -> float | None:
    """Mean wall seconds of the items that succeeded, from timings.jsonl; a torn last line is left out."""
    if not path.exists():
        return None
    seconds = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):  # the rest is empty, or torn
        try:
            timing = json.loads(line)
            if timing["ok"]:
                seconds.append(float(timing["seconds"]))
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path}: line {number} is not a timing") from None
    return sum(seconds) / len(seconds) if seconds else None
