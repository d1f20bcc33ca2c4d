"""Characters baked once per test session. The body model's own cache outlives the session (.pytest_cache)."""

from __future__ import annotations

from pathlib import Path

import pytest
from character_cast import CAST

from render.characters.baked import BakedCharacter
from render.characters.store import CharacterStore


@pytest.fixture(scope="session")
def character_store(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> CharacterStore:
    """A store that holds CAST."""
    root = tmp_path_factory.mktemp("characters")
    assert pytestconfig.cache is not None
    (root / "anny").symlink_to(Path(pytestconfig.cache.mkdir("anny")), target_is_directory=True)
    store = CharacterStore(root)
    store.ensure(CAST)
    return store


@pytest.fixture(params=CAST, ids=lambda c: c.character_id)
def baked(request: pytest.FixtureRequest, character_store: CharacterStore) -> BakedCharacter:
    """Each member of CAST in turn."""
    return character_store.load(request.param)
