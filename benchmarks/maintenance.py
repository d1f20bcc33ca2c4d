"""What maintenance and exports cost by the pair: CPU and memory beside the bytes, and whether they grow.

`python -m benchmarks.maintenance [PAIRS]` makes datasets of PAIRS pairs (60,000 by default), whose blobs are
a few letters, and of a tenth of them, and runs each command on both; `merge` on two of half the size. Formats
that decode media are run on a sixtieth of that, with clips of 5 frames of 64 × 96 px.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import COMMAND_LINE, describe

_PAIRS = 60_000
_COMMANDS = (
    "export WHOLE --format huggingface",
    "take WHOLE --split validation",
    "take WHOLE --split train",
    "filter WHOLE|slot % 2 = 0 AND 'walk' IN motion_families",
    "repack WHOLE --shard-size 256",
    "merge HALF OTHER",
)
_ON_MEDIA = tuple(f"export WHOLE --format {form}" for form in ("huggingface", "files", "diffsynth"))
_TESTS = Path(__file__).parents[1] / "tests" / "motionpair"
_MAKE = """
import sys
from pathlib import Path
tests, out, pairs, seed, media = sys.argv[1:]
sys.path.append(tests)
import many_planned
many_planned.write_dataset(Path(out), int(pairs), seed=int(seed), media=bool(media))
"""
"""Run in a process of its own: the peak memory of a child is never less than its parent's was."""


def main(pairs: int) -> None:
    print(describe())
    with tempfile.TemporaryDirectory(prefix="maintenance-") as name:
        for commands, count, media in ((_COMMANDS, pairs, False), (_ON_MEDIA, pairs // 60, True)):
            sizes = {count: Path(name, f"{count}"), count // 10: Path(name, f"{count // 10}")}
            for number, folder in sizes.items():
                folder.mkdir()
                for dataset, of, seed in (
                    ("WHOLE", number, 1),
                    ("HALF", number // 2, 1),
                    ("OTHER", number // 2, 2),
                ):
                    if any(dataset in command for command in commands):
                        made = [str(folder / dataset), str(of), str(seed), "1" * media]
                        subprocess.run([sys.executable, "-c", _MAKE, str(_TESTS), *made], check=True)
            blobs = "clips of 64 × 96 px" if media else "a few letters a blob"
            print(f"\n{blobs}: datasets of {' | '.join(f'{number:,}' for number in sizes)} pairs")
            for command in commands:
                told = " | ".join(_cost(command, folder, number) for number, folder in sizes.items())
                print(f"{command.replace('|', ' '):60} {told}", flush=True)


def _cost(command: str, folder: Path, pairs: int) -> str:
    """Run a command on the datasets of a folder, and say what it took."""
    plain, _, predicate = command.partition("|")
    words = [str(folder / word) if word.isupper() else word for word in plain.split()]
    out = folder / "out"
    argv = [COMMAND_LINE, *words, *([predicate] if predicate else []), "--out", str(out)]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)  # of this child alone
    if status:
        raise SystemExit(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}")
    shutil.rmtree(out)
    cpu = used.ru_utime + used.ru_stime
    return f"{cpu:6.1f} CPU s, {1000 * cpu / pairs:6.2f} ms a pair, {used.ru_maxrss * 1024 / 1e6:5,.0f} MB"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _PAIRS)
