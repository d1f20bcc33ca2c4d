"""What the model's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic
import torch

from motionpair.dataset import Dataset


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """One thread: tests run beside each other, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def blobs_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset of moving blobs (`synthetic`), that tests only read."""
    plan = synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), plan, synthetic.tiny_pairs(plan))


@pytest.fixture(scope="session")
def blobs(blobs_dataset: Path) -> Dataset:
    """The same, open."""
    return Dataset(blobs_dataset)
