"""Stores in turn: A B C A B C ..., a run of each measure a round; medians and ratios of rounds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.loaders.processes import Failed, Process, peers_python
from benchmarks.loaders.reader import Content
from benchmarks.loaders.stores import STORES, Store, loose_files

MEASURES = ("fetch", "epoch")
BATCH, WORKERS = 8, 2
REJOINED = "lerobot_joined"
"""Holds clips without their MP4 headers: other bytes, all the samples."""


@dataclass
class Result:
    """A store's runs, by measure: samples a second and CPU seconds a sample, a value a round."""

    store: Store
    version: str = ""
    failed: str = ""
    rates: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MEASURES})
    cpu: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MEASURES})

    def slower(self, measure: str, ours: Result) -> tuple[float, float, float]:
        """How many times as fast ours is: median, least and most of the rounds, by wall time."""
        mine, theirs = ours.rates[measure], self.rates[measure]
        ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
        return median(ratios), min(ratios), max(ratios)

    def dearer(self, measure: str, ours: Result) -> float:
        """How many times the CPU seconds of ours it takes: median of the rounds."""
        mine, theirs = ours.cpu[measure], self.cpu[measure]
        return median(b / a for a, b in zip(mine, theirs, strict=True))


def compare(folder: Path, samples: Path, rounds: int, names: list[str]) -> list[Result]:
    """Write every store, hold what it gives against the samples, and measure.

    A store that fails keeps its place in the results, with why; ours must not.

    Args:
        folder: where stores and the peers' environment lie.
        samples: a folder a pair.
        names: of `STORES`; ours first.
    """
    results = [Result(STORES[name]) for name in names]
    running: dict[str, Process] = {}
    content = Content()
    for sample in loose_files.all_of(samples):
        content.add(sample)
    expected, pairs = content.plain(), content.samples
    stores = folder / "stores" / expected["sum"][:12]
    stores.mkdir(parents=True, exist_ok=True)
    with (folder / "readers.log").open("w") as log, ExitStack() as stack:
        for result in results:
            try:
                python = peers_python(folder) if result.store.peers else Path(sys.executable)
                process = Process(result.store, python, stores, BATCH, WORKERS, log)
                stack.callback(process.close)
                result.version = process.ask("write", samples=str(samples))["version"]
                held = process.ask("check", samples=pairs)
                _hold_equal(result.store, held, expected)
                running[result.store.module] = process
            except Failed as error:
                result.failed = str(error)
        for number in range(rounds):
            for measure in MEASURES:
                first = number % len(results)  # what the one before leaves behind is nobody's alone
                for result in results[first:] + results[:first]:
                    _measure(result, running, measure, pairs, number)
    if results[0].failed:
        raise SystemExit(f"{results[0].store.title}: {results[0].failed}; see {folder / 'readers.log'}")
    return results


def _hold_equal(store: Store, held: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every pass holds the samples' blobs, each once.

    Raises:
        Failed: it does not.
    """
    for measure, content in held.items():
        if content["samples"] != expected["samples"]:
            raise Failed(f"{measure}: gave {content['samples']} of {expected['samples']} samples")
        if store.module != REJOINED and content != expected:
            raise Failed(f"{measure}: gave other bytes than the samples hold")


def _measure(result: Result, running: dict[str, Process], measure: str, pairs: int, number: int) -> None:
    process = running.get(result.store.module)
    if process is None or (measure == "fetch" and not result.store.random):
        return
    try:
        more = {"samples": pairs, "seed": number} if measure == "fetch" else {}
        run = process.ask(measure, **more)
    except Failed as error:
        result.failed = str(error)
        del running[result.store.module]
        return
    result.rates[measure].append(run["samples"] / run["wall"])
    result.cpu[measure].append(run["cpu"] / run["samples"])


def table(results: list[Result]) -> Iterator[str]:
    """Lines of a table, ours first."""
    ours = results[0]
    heads = ("samples/s", "ours is faster by (rounds)", "CPU ms a sample", "of ours")
    yield " | ".join(["| store", *(f"raw {m}: {head}" for m in MEASURES for head in heads)]) + " |"
    yield "|---" * (1 + len(MEASURES) * len(heads)) + "|"
    for result in results:
        cells = [f"{result.store.title} {result.version}".strip()]
        for measure in MEASURES:
            rates = result.rates[measure]
            if result.failed or not rates:
                cells += [result.failed or "no random access", "", "", ""]
                continue
            ratio, least, most = result.slower(measure, ours)
            cells += [
                f"{median(rates):,.0f}",
                "" if result is ours else f"{ratio:.1f} × ({least:.1f}–{most:.1f})",
                f"{1000 * median(result.cpu[measure]):.2f}",
                "" if result is ours else f"{result.dearer(measure, ours):.1f} ×",
            ]
        yield "| " + " | ".join(cells) + " |"


def verdict(results: list[Result]) -> Iterator[str]:
    """By measure, whether ours is faster than every store that was measured, and by how much at least."""
    ours, others = results[0], [result for result in results[1:] if not result.failed]
    for measure in MEASURES:
        found = [result for result in others if result.rates[measure]]
        if not found:
            continue
        wall, nearest = min((r.slower(measure, ours)[0], r.store.title) for r in found)
        cpu, thriftiest = min((r.dearer(measure, ours), r.store.title) for r in found)
        word = "faster than every one" if min(wall, cpu) > 1 else "NOT faster than every one"
        yield (
            f"raw {measure}: {word} of {len(found)}; the nearest by wall time is {nearest}, ours "
            f"{wall:.2f} × as fast, by CPU seconds {thriftiest}, {cpu:.2f} × ours"
        )
    for result in results:
        if result.failed:
            yield f"not measured: {result.store.title}: {result.failed}"
