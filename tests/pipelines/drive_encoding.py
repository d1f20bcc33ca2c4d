"""The real `motionpair encode`, slowed down: `drive_encoding.py encode OUT ...`.

Run in a process of its own, so that tests can kill it. `ENCODING_SECONDS` is what each pair takes longer.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

from pipelines import encoding
from pipelines.cli import main
from pipelines.job import Record


@dataclass
class SlowJob(encoding.EncodeJob):
    """Encodes a pair and then waits, before its commit is heard of."""

    seconds: float = 0.0

    def run(self, item: int) -> Record:
        record = super().run(item)
        time.sleep(self.seconds)
        return record


if __name__ == "__main__":
    sys.modules["drive_encoding"] = sys.modules["__main__"]  # workers find the job by this name
    SlowJob.__module__ = "drive_encoding"
    plain = encoding.EncodeJob

    def slow(*arguments: object, **named: object) -> SlowJob:
        return SlowJob(*arguments, **named, seconds=float(os.environ.get("ENCODING_SECONDS", "0")))  # type: ignore[arg-type]

    vars(encoding)["EncodeJob"] = slow
    main()
