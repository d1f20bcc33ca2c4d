"""The drawn looks' faces: larger eyes that are still balls about their joints, and lids that still close."""

from __future__ import annotations

import numpy as np
import pytest
from character_cast import CHILD, MAN

from render.characters.store import CharacterStore
from render.skeleton import FACE_UNITS


def left_eye(store: CharacterStore, character) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) vertices of the left eyeball, and its joint, metres."""
    baked = store.load(character)
    vertices = baked.part("eyes").vertices.astype(float)
    joint = baked.rig.heads[baked.rig.names.index("left_eye_smplhf")]
    return vertices[vertices[:, 0] > 0], joint


def test_a_drawn_eye_is_larger_and_turns_about_its_middle(character_store):
    sizes = {}
    for character in (MAN, CHILD):
        vertices, joint = left_eye(character_store, character)
        radius = np.linalg.norm(vertices - vertices.mean(axis=0), axis=1)
        assert radius.std() < 0.06 * radius.mean(), "an eyeball is a ball"
        sizes[character.character_id] = radius.mean()
        if character is CHILD:
            np.testing.assert_allclose(joint, vertices.mean(axis=0), atol=1e-3)
    assert sizes["child"] > 1.6 * sizes["man"]


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_closes_lids_that_are_open_at_rest(character_store, side):
    body = character_store.load(CHILD).part("body")
    lid = np.flatnonzero(body.attributes["eyelid"][body.unit_vertices] > 0.5)
    blink, wide = (
        body.unit_deltas[FACE_UNITS.index(f"eye{n}{side}")].astype(float) for n in ("Blink", "Wide")
    )
    drop = -blink[lid, 2].min()
    assert drop > 0.012, "the upper lid comes down over a large eye"
    assert drop > 2 * np.abs(wide[lid, 2]).max(), "it starts from where the rest face has opened it"
