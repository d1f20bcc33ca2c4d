"""What opening a dataset of 60,000 pairs costs a process that was just started."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

CPU_LIMIT, MEMORY_LIMIT = 0.5, 300
"""CPU seconds; MB at the peak."""
_PROCESSES = 5


def main() -> None:
    """Open the dataset that is named, and print what it cost."""
    started = time.process_time()
    from motionpair import PairDataset
    from motionpair.loading import pairs  # noqa: F401 (PairDataset is imported when it is first used)

    before = time.process_time()
    dataset = PairDataset(sys.argv[1], split=None)
    cpu = time.process_time() - before
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    facts = {"pairs": len(dataset), "cpu": cpu, "imports": before - started}
    print(json.dumps(facts | {"peak": int(peak.split()[1]) * 1024 / 1e6}))


def lines(dataset: Path) -> Iterator[str]:
    """The figures of several processes, as a line."""
    runs = []
    for _ in range(_PROCESSES):
        command = [sys.executable, "-m", "benchmarks.loaders.opening", str(dataset)]
        runs.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    cpu, peak, imports = (median(run[name] for run in runs) for name in ("cpu", "peak", "imports"))
    most = max(run["cpu"] for run in runs)
    yield (
        f"opening {runs[0]['pairs']:,} pairs: {cpu:.2f} CPU s, at most {most:.2f} (limit {CPU_LIMIT}), "
        f"beside {imports:.2f} of imports; the process's peak {peak:.0f} MB (limit {MEMORY_LIMIT})"
    )


if __name__ == "__main__":
    main()
