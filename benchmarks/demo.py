"""What `motionpair demo` takes after set-up: wall time, CPU seconds of its workers, memory, bytes."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.machine import COMMAND_LINE


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        start = time.monotonic()
        subprocess.run([COMMAND_LINE, "demo", "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
        wall = time.monotonic() - start
        lines = [json.loads(line) for line in (out / "runs" / "timings.jsonl").read_text().splitlines()]
        cpu = sum(sum(line["timings"].values()) for line in lines)
        peak = max(line["max_rss"] for line in lines)
        size = sum(path.stat().st_size for path in (out / "shards").iterdir())
        print(
            f"demo: {wall / 60:.1f} min wall (limit 8 on 2 cores), {cpu:.0f} CPU s of workers, "
            f"peak {peak / 1e9:.2f} GB a worker (limit 1.2), {size / 1e6:.1f} MB of shards"
        )


if __name__ == "__main__":
    main()
