"""What the trainer's tests share: a folder of latents."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_latents


@pytest.fixture(scope="session")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Latents of eight pairs of all kinds (`tiny_latents`), that tests only read."""
    return tiny_latents.build(tmp_path_factory.mktemp("latents"))
