"""All measurements of the loader; `python -m benchmarks.loaders --help` has the options."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.loaders import clips, compare, decoding, memory, opening
from benchmarks.loaders.stores import OURS, STORES
from benchmarks.machine import describe

_PARTS = ("compare", "decoded", "opening", "memory")
_DECODED_PAIRS = 48


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loaders", description=__doc__)
    parser.add_argument("--out", type=Path, help="keep samples, stores and the peers' environment here")
    parser.add_argument("--pairs", type=int, default=clips.PAIRS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS)
    parser.add_argument("--stores", nargs="+", choices=[n for n in STORES if n != OURS], default=None)
    args = parser.parse_args(arguments)
    print(describe())
    with _folder(args.out) as folder:
        dataset, samples = clips.make(folder, args.pairs)
        if "compare" in args.only:
            names = [OURS, *(args.stores or [name for name in STORES if name != OURS])]
            results = compare.compare(folder, samples, args.rounds, names)
            for line in (*compare.table(results), *compare.verdict(results)):
                print(line, flush=True)
        if "decoded" in args.only:
            show(decoding.lines(dataset, min(args.pairs, _DECODED_PAIRS), args.rounds))
        if "opening" in args.only:
            show(opening.lines(_many(folder)))
        if "memory" in args.only:
            show(memory.lines(_many(folder), "raw", 64))
            show(memory.lines(dataset, "raw", compare.BATCH))
            show(memory.lines(_few(folder), "decoded", 4))


def show(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, flush=True)


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that is gone afterwards."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        yield out.resolve()
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _many(folder: Path) -> Path:
    """60,000 pairs with blobs of a few bytes."""
    path: Path = clips.tests("many_rows").shared_dataset(folder)
    return path


def _few(folder: Path) -> Path:
    """Few enough pairs of the clips to decode them several times."""
    small = folder / "small"
    small.mkdir(exist_ok=True)
    return clips.make(small, _DECODED_PAIRS)[0]
