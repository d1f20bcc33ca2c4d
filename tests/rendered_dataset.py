"""The small dataset that the real command line renders for the tests; the fixture `rendered` makes it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from motionpair.dataset import Dataset
from motionpair.plan import Plan, read_plan
from render.characters.store import CharacterStore

COMMAND_LINE = (sys.executable, "-m", "pipelines.cli")
RECIPE = Path(__file__).with_name("rendered.yaml")
SEED = 308
"""Of `rendered`: every look, kind of reference and additional reference, a pair that is not reverse-driven, a
dress, a cap, glasses and a jacket."""


@dataclass(frozen=True)
class Rendered:
    """A finished dataset. out: its folder. cache: the characters that it was rendered with."""

    out: Path
    cache: Path

    @property
    def dataset(self) -> Dataset:
        return Dataset(self.out)

    @property
    def plan(self) -> Plan:
        return read_plan(self.out / "plan.parquet")

    @property
    def store(self) -> CharacterStore:
        return CharacterStore(self.cache)
