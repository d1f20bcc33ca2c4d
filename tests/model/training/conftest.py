"""What the trainer's tests share: a folder of latents."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_latents
from small_models import small_model

from model.scail2 import checkpoints


@pytest.fixture(scope="session")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Latents of eight pairs of all kinds (`tiny_latents`), that tests only read."""
    return tiny_latents.build(tmp_path_factory.mktemp("latents"))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights on a disk, which adapters need."""
    folder = tmp_path_factory.mktemp("base")
    checkpoints.save(small_model(), folder)
    return folder
