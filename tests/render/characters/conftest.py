"""Characters to look at one by one."""

from __future__ import annotations

import fcntl

import pytest
from character_cast import CAST
from wardrobe import DRESSED

from render.characters.baked import BakedCharacter
from render.characters.store import CharacterStore


@pytest.fixture(params=CAST, ids=lambda c: c.character_id)
def baked(request: pytest.FixtureRequest, character_store: CharacterStore) -> BakedCharacter:
    """Each member of CAST in turn."""
    return character_store.load(request.param)


@pytest.fixture(scope="session")
def wardrobe(character_store: CharacterStore) -> CharacterStore:
    """A store that holds DRESSED beside CAST."""
    with (character_store.root / "wardrobe.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        character_store.ensure(DRESSED)
    return character_store


@pytest.fixture(params=[*CAST, *DRESSED], ids=lambda c: c.character_id)
def dressed(request: pytest.FixtureRequest, wardrobe: CharacterStore) -> BakedCharacter:
    """Each member of CAST and of DRESSED in turn: every garment of the catalogue."""
    return wardrobe.load(request.param)
