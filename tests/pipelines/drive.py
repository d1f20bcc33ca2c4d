"""The real command line with synthetic pairs in place of rendered ones: `drive.py generate --plan ...`.

Run in a process of its own, so that tests can kill it. `SYNTHETIC_SECONDS` makes each pair take that long; a
slot whose file `OUT/../fail-<slot>` exists raises, fills its disk or hangs, as the file says.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import synthetic

from motionpair import schema
from motionpair.plan import Plan, read_plan
from motionpair.planning import candidate
from pipelines import generate
from pipelines.cli import main
from pipelines.job import Record
from pipelines.outdir import OutDir


@dataclass
class SyntheticJob:
    """Stages a synthetic pair a slot; slot 2 is filled by its candidate 1."""

    plan: Path
    staging: Path
    seconds: float
    name: str = "generate"
    unit: str = "pairs"

    def setup(self) -> None:
        self._plan = read_plan(self.plan)

    def device_class(self) -> str:
        return os.environ.get("SYNTHETIC_DEVICE", "cpu/synthetic")

    def folders(self) -> list[Path]:
        return [self.staging]

    def item_name(self, item: int) -> str:
        return f"slot-{item}"

    def run(self, item: int) -> Record:
        time.sleep(self.seconds)
        trouble = self.staging.parent.parent / f"fail-{item}"
        while trouble.exists() and trouble.read_text() == "hang":
            time.sleep(0.05)
        if trouble.exists():
            if trouble.read_text() == "full":
                with Path("/dev/full").open("wb") as file:  # the kernel's own ENOSPC
                    file.write(b"x" * 10_000)
            raise RuntimeError(f"slot {item} in {self.staging}/.tmp-{item:06d}-{os.getpid()} burst")
        spec = candidate(self._plan.recipe, self._plan.seed, item, 1 if item == 2 else 0)
        row, blobs = synthetic.pair_files(spec)
        temporary = synthetic.write_staging(self.staging / f".tmp-{item:06d}-{os.getpid()}", row, blobs)
        temporary.rename(self.staging / f"{item:06d}")
        contents = {schema.BLOBS[name]: data for name, data in blobs.items()}
        contents["row.json"] = json.dumps(row).encode()
        files = {n: {"bytes": len(d), "sha256": sha256(d).hexdigest()} for n, d in contents.items()}
        discards = {"too dark": 1} if item == 2 else {}
        record: dict[str, Any] = {"slot": item, "k": spec.k, "spec_hash": spec.spec_hash}
        return record | {"files": files, "discards": discards, "seconds": {"encode": 0.1}}


@dataclass(frozen=True)
class Synthetic:
    """The source of synthetic pairs; its cast is hashed, not baked."""

    def job(self, out: OutDir) -> SyntheticJob:
        return SyntheticJob(out.plan, out.staging, float(os.environ.get("SYNTHETIC_SECONDS", "0")))

    def prepare(self, plan: Plan, out: OutDir, note: Callable[[str], None]) -> Mapping[str, str]:
        return {c.character_id: synthetic.bake_hash(c.character_id) for c in plan.characters()}


if __name__ == "__main__":
    sys.modules["drive"] = sys.modules["__main__"]  # workers find the job by this name
    for cls in (SyntheticJob, Synthetic):
        cls.__module__ = "drive"
    vars(generate)["rendering"] = lambda root, address: Synthetic()  # in place of the source that renders
    main()
