"""A tiny dataset, made once a run: its plan, its pairs by slot, and a finished folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic

from motionpair.plan import Plan


@pytest.fixture(scope="session")
def tiny_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="session")
def tiny_pairs(tiny_plan: Plan) -> dict[int, synthetic.Pair]:
    return synthetic.tiny_pairs(tiny_plan)


@pytest.fixture(scope="session")
def tiny_dataset(
    tmp_path_factory: pytest.TempPathFactory, tiny_plan: Plan, tiny_pairs: dict[int, synthetic.Pair]
) -> Path:
    """A finished dataset that tests only read."""
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), tiny_plan, tiny_pairs)
