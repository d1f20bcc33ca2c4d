"""What maintenance and exports cost by the pair: CPU and memory beside the bytes, and whether they grow.

`python -m benchmarks.maintenance [PAIRS]` makes datasets of PAIRS pairs (60,000 by default), whose blobs are
a few letters, and of a quarter of them, and runs each command on both. Formats that decode media are run on a
sixtieth of that, with clips of 5 frames of 64 × 96 px.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import COMMAND_LINE, describe

sys.path.append(str(Path(__file__).parents[1] / "tests" / "motionpair"))

import many_planned

_PAIRS = 60_000
_COMMANDS = (
    "take A --split train",
    "take A --split validation",
    "filter A|slot % 2 = 0 AND 'walk' IN motion_families",
    "repack A --shard-size 256",
    "merge A B",
    "export A --format huggingface",
)
_ON_MEDIA = ("export A --format huggingface", "export A --format files", "export A --format diffsynth")


def main(pairs: int) -> None:
    print(describe())
    with tempfile.TemporaryDirectory(prefix="maintenance-") as name:
        for commands, count, media in ((_COMMANDS, pairs, False), (_ON_MEDIA, pairs // 60, True)):
            counts = (count, count // 4)
            for number in counts:
                for seed, dataset in enumerate("AB", 1):
                    many_planned.write_dataset(
                        Path(name, f"{dataset}{number}"), number, seed=seed, media=media
                    )
            kind = "clips of 64 × 96 px" if media else "a few letters a blob"
            print(f"\n{kind}: datasets of {counts[0]:,} | {counts[1]:,} pairs")
            for command in commands:
                told = " | ".join(_cost(command, Path(name), number) for number in counts)
                print(f"{command.replace('|', ' '):58} {told}", flush=True)


def _cost(command: str, folder: Path, pairs: int) -> str:
    """Run a command on datasets of so many pairs, and say what it took."""
    plain, _, predicate = command.partition("|")
    words = [str(folder / f"{word}{pairs}") if word in ("A", "B") else word for word in plain.split()]
    out = folder / "out"
    argv = [COMMAND_LINE, *words, *([predicate] if predicate else []), "--out", str(out)]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)  # of this child alone
    if status:
        raise SystemExit(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}")
    shutil.rmtree(out)
    cpu = used.ru_utime + used.ru_stime
    return f"{cpu:6.1f} CPU s, {1000 * cpu / pairs:5.2f} ms a pair, {used.ru_maxrss * 1024 / 1e6:5,.0f} MB"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _PAIRS)
