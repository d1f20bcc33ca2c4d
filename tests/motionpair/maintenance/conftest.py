"""Small datasets to make others of: parts of the tiny one, and one of another seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import synthetic

from motionpair import maintenance
from motionpair.plan import Plan
from motionpair.planning import make_plan


@pytest.fixture(scope="session")
def validation(tmp_path_factory: pytest.TempPathFactory, tiny_dataset: Path) -> Path:
    """The two pairs of the tiny dataset's validation split."""
    out = tmp_path_factory.mktemp("validation") / "out"
    maintenance.take(tiny_dataset, "validation", out)
    return out


@pytest.fixture(scope="session")
def other_plan(tiny_plan: Plan) -> Plan:
    """Three slots of the tiny recipe with another seed: other people, of the same names."""
    return make_plan(tiny_plan.recipe, tiny_plan.seed + 1, limit=3)


@pytest.fixture(scope="session")
def other_dataset(tmp_path_factory: pytest.TempPathFactory, other_plan: Plan) -> Path:
    """Slots 0 and 1 as pairs; slot 2 failed."""
    pairs = {slot: synthetic.pair_files(other_plan.spec(slot)) for slot in (0, 1)}
    return synthetic.build_dataset(tmp_path_factory.mktemp("other"), other_plan, pairs)


@pytest.fixture
def build(tmp_path: Path, tiny_plan: Plan, tiny_pairs: dict[int, synthetic.Pair]) -> Callable[..., Path]:
    """Builds a dataset of some pairs of the tiny plan, or of others of its slots."""

    def build(*slots: int, plan: Plan = tiny_plan, changed: dict[int, synthetic.Pair] | None = None) -> Path:
        folder = tmp_path / f"built-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        pairs = {slot: tiny_pairs[slot] for slot in slots} | (changed or {})
        return synthetic.build_dataset(folder, plan, pairs)

    return build
