"""Characters to look at one by one."""

from __future__ import annotations

import pytest
from character_cast import CAST

from render.characters.baked import BakedCharacter
from render.characters.store import CharacterStore


@pytest.fixture(params=CAST, ids=lambda c: c.character_id)
def baked(request: pytest.FixtureRequest, character_store: CharacterStore) -> BakedCharacter:
    """Each member of CAST in turn."""
    return character_store.load(request.param)
