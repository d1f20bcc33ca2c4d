from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from character_cast import MAN

from render import wear
from render.characters.baked import BakedCharacter, MeshPart
from render.characters.store import CharacterStore
from render.scene import Pose


@pytest.fixture(scope="module")
def man(character_store: CharacterStore) -> BakedCharacter:
    return character_store.load(MAN)


def _standing(baked: BakedCharacter, frames: int = 3) -> Pose:
    """The bind pose."""
    joints = len(baked.rig.names)
    turns = np.tile([1.0, 0.0, 0.0, 0.0], (frames, joints, 1))
    places = np.tile(baked.rig.heads, (frames, 1, 1))
    return Pose(turns, places, np.zeros((frames, 52)), np.zeros((frames, 4), bool))


def _with(baked: BakedCharacter, part: MeshPart) -> BakedCharacter:
    return replace(baked, parts=tuple(part if p.name == part.name else p for p in baked.parts))


def _of(figures: wear.WearFigures, name: str) -> wear.GarmentFigures:
    return next(f for f in figures if f.name == name)


def test_at_rest_nothing_is_stretched_and_nothing_pokes(man: BakedCharacter) -> None:
    for figures in wear.measure(man, _standing(man)):
        assert figures.fails == ()
        assert figures.stretch == pytest.approx(1, abs=1e-3)
        assert figures.growth == pytest.approx(0, abs=1e-4)


def test_skin_outside_a_garment_is_found(man: BakedCharacter) -> None:
    body, tee = man.part("body"), man.part("tee")
    # Arms that swell in the second frame only: through a face unit that moves them outwards.
    near = np.flatnonzero(np.abs(body.vertices[:, 0]) > np.quantile(np.abs(tee.vertices[:, 0]), 0.8))
    deltas = np.zeros((52, len(near), 3), np.float16)
    deltas[0, :, 1] = -0.03
    swollen = replace(body, unit_vertices=near.astype(np.int32), unit_deltas=deltas)
    pose = _standing(man)
    pose.expression[1, 0] = 1.0
    assert _of(wear.measure(_with(man, swollen), pose), "tee").skin > wear.SKIN_LIMIT
    assert "skin" in _of(wear.measure(_with(man, swollen), pose), "tee").fails


def test_cloth_outside_what_is_worn_over_it_is_found(man: BakedCharacter) -> None:
    trousers, pelvis = man.part("trousers"), man.rig.names.index("pelvis")
    pose = _standing(man)
    pose.positions[:, pelvis] += (0.0, -0.06, 0.0)  # trousers follow the pelvis, the tee mostly the spine
    hung = replace(trousers, bones=np.full_like(trousers.bones, pelvis))
    assert _of(wear.measure(_with(man, hung), pose), "tee").cloth > wear.CLOTH_LIMIT


def test_a_torn_edge_is_found(man: BakedCharacter) -> None:
    tee, head = man.part("tee"), man.rig.names.index("head")
    bones, weights = tee.bones.copy(), tee.weights.copy()
    bones[0], weights[0] = head, np.eye(8)[0]
    pose = _standing(man)
    pose.positions[2, head] += (0.0, 0.0, 0.4)
    figures = _of(wear.measure(_with(man, replace(tee, bones=bones, weights=weights)), pose), "tee")
    assert figures.growth == pytest.approx(0.4, abs=0.03)
    assert "tear" in figures.fails
