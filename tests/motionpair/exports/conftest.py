"""`datasets` never asks a network, and keeps nothing outside of a test's own folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from motionpair.dataset import Dataset

# read when `datasets` and `huggingface_hub` are imported, which the tests do
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@pytest.fixture
def tiny(tiny_dataset: Path) -> Dataset:
    return Dataset(tiny_dataset)
