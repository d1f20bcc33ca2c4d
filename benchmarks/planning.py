"""What planning `motionpair-60k` costs, and how large its plan is."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.machine import COMMAND_LINE, child_cpu


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "plan.parquet"
        argv = ["plan", "--recipe", "motionpair-60k", "--seed", "1", "--out", str(out)]
        cpu, peak, _ = child_cpu([COMMAND_LINE, *argv])
        print(
            f"motionpair-60k: {cpu:.1f} CPU s (limit 30), {peak / 1e6:.0f} MB peak, "
            f"{out.stat().st_size / 1e6:.1f} MB on disk"
        )


if __name__ == "__main__":
    main()
