"""What a run writes down of its steps: `log.jsonl`, a line every few steps, and TensorBoard's events."""

from __future__ import annotations

import json
import math
import resource
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from motionpair import durable
from motionpair.errors import InputError

LOG = "log.jsonl"
TENSORBOARD = "tensorboard"


@dataclass
class Tally:
    """What this rank saw since the last line."""

    losses: list[tuple[str, float]] = field(default_factory=list)
    """Stratum and loss of every draw."""
    figures: dict[str, list[float]] = field(default_factory=dict)
    """Other figures of every draw, by name."""
    tokens: int = 0
    flops: float = 0.0
    waited: float = 0.0
    """Seconds in which no batch was there."""
    seconds: float = 0.0
    steps: int = 0
    memory: int = 0
    """Bytes."""


def summary(tallies: Sequence[Tally], sharing: int, peak: float | None) -> dict[str, Any]:
    """The figures of a line, from every rank's tally.

    Args:
        tallies: by rank.
        sharing: neighbouring ranks that share their samples, which are counted once.
        peak: operations a second of a device, or None.
    """
    by: dict[str, list[float]] = defaultdict(list)
    own = tallies[::sharing]
    for tally in own:
        for stratum, loss in tally.losses:
            by[stratum].append(loss)
    losses = [loss for values in by.values() for loss in values]
    seconds = max(tally.seconds for tally in tallies)
    flops = sum(tally.flops for tally in own)
    return {
        "loss": _mean(losses),
        "loss_by_stratum": {
            stratum: {"loss": _mean(values), "pairs": len(values)} for stratum, values in sorted(by.items())
        },
        "pairs": len(losses),
        **{name: _mean([v for tally in own for v in tally.figures[name]]) for name in own[0].figures},
        "seconds_per_step": seconds / tallies[0].steps,
        "tokens_per_s": sum(tally.tokens for tally in own) / seconds,
        "mfu": None if peak is None else flops / seconds / (peak * len(tallies)),
        "data_wait": max(tally.waited / tally.seconds for tally in tallies),
        "memory_bytes": max(tally.memory for tally in tallies),
    }


def memory_bytes(device: torch.device) -> int:
    """The most memory that was in use at once: of the GPU since the last call, else of the process so far."""
    if device.type == "cuda":
        used = torch.cuda.max_memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        return used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class RunLog:
    """The log of a run; the first rank's.

    Args:
        run: folder of the run.
        step: steps that the run goes on from; lines of later ones are dropped, so each step stands once.
        tensorboard: write its events too.

    Raises:
        InputError: TensorBoard is wanted and not installed.
    """

    def __init__(self, run: Path, step: int, tensorboard: bool) -> None:
        self._path = run / LOG
        lines = read_log(run)
        kept = "".join(json.dumps(line) + "\n" for line in lines if line["step"] <= step)
        durable.write_bytes(self._path, kept.encode())
        self._file = self._path.open("a")
        self._events: Any = None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise InputError(
                    "logging.tensorboard: tensorboard is not installed: install it, or "
                    "--set logging.tensorboard=false"
                ) from None
            self._events = SummaryWriter(str(run / TENSORBOARD), purge_step=step + 1)

    def write(self, line: dict[str, Any]) -> None:
        """Add a line; it is on the disk's way when this returns."""
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()
        if self._events is None:
            return
        step = line["step"]
        for name, value in line.items():
            if isinstance(value, (int, float)) and name != "step":
                self._events.add_scalar(f"train/{name}", value, step)
        for stratum, of in line["loss_by_stratum"].items():
            self._events.add_scalar(f"loss/{stratum}", of["loss"], step)

    def picture(self, name: str, picture: Any, step: int) -> None:
        """Show a picture, (H, W, 3) uint8, in TensorBoard."""
        if self._events is not None:
            self._events.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        """End the files."""
        self._file.close()
        if self._events is not None:
            self._events.close()


def read_log(run: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; a last line that was not finished is left out."""
    path = run / LOG
    if not path.exists():
        return []
    lines = []
    for number, text in enumerate(path.read_text().split("\n")[:-1], 1):
        try:
            line = json.loads(text)
            lines.append({**line, "step": int(line["step"])})
        except (ValueError, TypeError, KeyError):
            raise InputError(f"{path}: line {number}: expected a JSON object with a step") from None
    return lines


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / max(1, len(values))
