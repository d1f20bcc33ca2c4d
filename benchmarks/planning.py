"""What planning the large recipes costs, and how large their plans are."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.machine import COMMAND_LINE, child_cpu

_LIMITS = {"motionpair-60k": 30, "motionpair-100k": 50}
"""CPU seconds: 5 for every 10,000 slots."""


def main() -> None:
    for recipe, limit in _LIMITS.items():
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "plan.parquet"
            argv = ["plan", "--recipe", recipe, "--seed", "1", "--out", str(out)]
            cpu, peak, _ = child_cpu([COMMAND_LINE, *argv])
            print(
                f"{recipe}: {cpu:.1f} CPU s (limit {limit}), {peak / 1e6:.0f} MB peak, "
                f"{out.stat().st_size / 1e6:.1f} MB on disk"
            )


if __name__ == "__main__":
    main()
