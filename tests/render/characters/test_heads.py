"""Hair, beards, hats and glasses on heads of every look."""

from __future__ import annotations

from dataclasses import dataclass, replace

import loose_heads
import numpy as np
import pytest
from extreme_poses import pose
from scipy.spatial import cKDTree

from motionpair import catalog
from motionpair.errors import InputError
from motionpair.specs import Character, Hair
from render.characters import whiskers
from render.characters.baked import BakedCharacter, MeshPart
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.characters.strand_pose import StrandPose
from render.characters.surface import Surface
from render.skeleton import FACE_UNITS, JOINT_INDEX


@pytest.fixture(scope="session")
def heads(character_store: CharacterStore) -> dict[str, BakedCharacter]:
    """loose_heads' characters by name."""
    character_store.ensure(loose_heads.HEADS)
    return {c.character_id: character_store.load(c) for c in loose_heads.HEADS}


def _outside(points: np.ndarray, part: MeshPart) -> np.ndarray:
    """(N,) metres by which points are outside a part's surface, negative inside."""
    surface = Surface(part.vertices.astype(float), part.faces, np.zeros((len(part.vertices), 1)))
    distance, nearest = cKDTree(surface.vertices).query(points, k=3)
    share = 1 / (distance + 1e-4)
    share /= share.sum(axis=1, keepdims=True)
    return np.einsum(
        "nk,nkj,nkj->n", share, points[:, None] - surface.vertices[nearest], surface.normals()[nearest]
    )


def _eyes(baked: BakedCharacter) -> np.ndarray:
    v = baked.part("eyes").vertices
    return np.stack([v[v[:, 0] > 0].mean(axis=0), v[v[:, 0] < 0].mean(axis=0)])


def _has(baked: BakedCharacter, name: str) -> bool:
    return any(p.name == name for p in baked.parts)


@pytest.mark.parametrize("name", ["curly", "ponytail", "bun"])
def test_strands_are_finite_start_at_the_scalp_and_stay_out_of_the_head(
    heads: dict[str, BakedCharacter], name: str
) -> None:
    baked = heads[name]
    roots = baked.strand_roots
    strands = baked.strands if roots is None else baked.strands[roots < 0]
    assert np.isfinite(strands).all()
    assert len(strands) > 500
    body = baked.part("body")
    scalp = body.vertices[body.attributes["scalp"] > 0.2]
    distance, _ = cKDTree(scalp).query(strands[:, 0])
    assert np.quantile(distance, 0.99) < 0.03
    depth = _outside(strands[:, 2:].reshape(-1, 3).astype(float), body)
    # Measured on a coarse skull: a strand may graze it, not enter it.
    assert np.quantile(depth, 0.02) > -0.004
    assert (depth < -0.012).mean() < 0.01


def test_tied_hair_stands_off_the_back_of_the_head_and_only_what_hangs_swings(
    heads: dict[str, BakedCharacter],
) -> None:
    def behind(name: str) -> float:
        """How far hair reaches behind the eyes, in distances between them."""
        baked, eyes = heads[name], _eyes(heads[name])
        size = np.linalg.norm(eyes[0] - eyes[1])
        return float((baked.strands[..., 1].max() - eyes[:, 1].mean()) / size)

    assert behind("ponytail") > 3.6
    assert behind("bun") > 2.6
    assert [s.name for s in heads["ponytail"].rig.swings] == ["tail"]
    assert [s.name for s in heads["curly"].rig.swings] == ["hair"]
    assert not heads["bun"].rig.swings, "a bun is rigid"


def _crown(baked: BakedCharacter, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres from the head's middle to points (N, 3), and to the headwear's crown in their directions.

    Only for points more than 45° above the eyes' level, where there is neither brim nor visor.
    """
    wear = next(p for p in baked.parts if p.name in catalog.HEADWEAR)
    eyes = _eyes(baked)
    middle = eyes.mean(axis=0) + np.linalg.norm(eyes[0] - eyes[1]) * np.array([0, 1.3, 0.3])

    def polar(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        radius = np.linalg.norm(v - middle, axis=1)
        return (v - middle) / radius[:, None], radius

    away, radius = polar(wear.vertices.astype(float))
    high = away[:, 2] > 0.5
    directions, own = polar(points.astype(float))
    above = directions[:, 2] > np.sqrt(0.5)
    _, near = cKDTree(away[high]).query(directions[above], k=3)
    return own[above], radius[high][near].mean(axis=1)


@pytest.mark.parametrize("name", ["cap", "hat", "flat hat"])
def test_no_hair_comes_through_headwear(heads: dict[str, BakedCharacter], name: str) -> None:
    baked = heads[name]
    wear = next(p for p in baked.parts if p.name in catalog.HEADWEAR)
    assert wear.role == "accessory"
    assert (wear.bones[:, 0] == JOINT_INDEX["head"]).all()
    shells = [p.vertices for p in baked.parts if p.name == "hair"]
    hair, crown = _crown(baked, np.concatenate([*shells, baked.strands.reshape(-1, 3)]))
    assert len(hair) > 20
    assert (hair > crown).mean() < 0.002
    assert (hair - crown).max() < 0.004


@pytest.mark.parametrize("name", ["cap", "hat", "flat hat"])
def test_headwear_clears_the_skull_and_the_eyes(heads: dict[str, BakedCharacter], name: str) -> None:
    baked = heads[name]
    wear = next(p for p in baked.parts if p.name in catalog.HEADWEAR)
    body, eyes = baked.part("body"), _eyes(baked)
    skull, crown = _crown(baked, body.vertices[body.attributes["scalp"] > 0.9])
    assert (crown - skull).min() > 0.001
    size = np.linalg.norm(eyes[0] - eyes[1])
    ahead = wear.vertices[np.abs(wear.vertices[:, 0]) < size]
    front = ahead[ahead[:, 1] < eyes[:, 1].mean()]
    assert front[:, 2].min() > eyes[:, 2].mean() + 0.25 * size, "the eyes are seen from ahead"


@pytest.mark.parametrize("name", ["curly", "bun", "flat hat"])
def test_glasses_sit_before_the_eyes_and_reach_the_ears(heads: dict[str, BakedCharacter], name: str) -> None:
    baked = heads[name]
    part, eyes = baked.part("glasses"), _eyes(baked)
    size = float(np.linalg.norm(eyes[0] - eyes[1]))
    v = part.vertices
    eye = baked.part("eyes").vertices
    radius = float(np.ptp(eye[eye[:, 0] > 0], axis=0)[2]) / 2
    for centre in eyes:
        rim = v[(np.abs(v[:, 0] - centre[0]) < 0.75 * size) & (v[:, 1] < centre[1])]
        assert rim[:, 1].max() < centre[1], "before the eyeball's middle"
        assert rim[:, 1].min() > centre[1] - radius - 0.6 * size, "not far before the face"
        around = rim[np.sign(rim[:, 0]) == np.sign(centre[0])]
        assert around[:, 2].max() > centre[2] + 0.8 * radius
        assert around[:, 2].min() < centre[2] - 0.8 * radius
    body = baked.part("body")
    ears = body.vertices[body.attributes["ear"] > 0.5]
    for sign in (1, -1):
        temple = v[v[:, 0] * sign > 0]
        ear = ears[ears[:, 0] * sign > 0]
        assert temple[:, 1].max() > np.quantile(ear[:, 1], 0.3)
        assert cKDTree(ear).query(temple)[0].min() < 0.012
    skull = np.where(body.bones == JOINT_INDEX["head"], body.weights, 0).sum(axis=1) > 0.5
    face = skull & (body.attributes["ear"] < 0.1) & (body.vertices[:, 1] < eyes[:, 1].mean() + 0.3 * size)
    only = Surface.of(
        body.vertices.astype(float),
        body.faces[face[np.maximum(body.faces, 0)].all(axis=1)],
        np.zeros((len(body.vertices), 1)),
    )
    skin_only = replace(body, vertices=only.vertices.astype(np.float32), faces=only.faces.astype(np.int32))
    front = v[v[:, 1] < eyes[:, 1].mean()]
    assert (_outside(front.astype(float), skin_only) < -0.05 * size).mean() < 0.06


def test_a_beard_grows_on_the_chin_and_moves_with_the_jaw(heads: dict[str, BakedCharacter]) -> None:
    baked = heads["curly"]
    assert baked.strand_roots is not None
    own = np.flatnonzero(baked.strand_roots >= 0)
    assert len(own) > 1000
    beard = baked.strands[own]
    eyes = _eyes(baked)
    size = np.linalg.norm(eyes[0] - eyes[1])
    assert beard[..., 2].max() < eyes[:, 2].mean() - 0.4 * size
    still = pose(baked, {})
    opened = np.zeros((1, len(FACE_UNITS)))
    opened[0, FACE_UNITS.index("jawOpen")] = 1.0
    still, agape = replace(still, rotations=still.rotations), replace(still, expression=opened)
    chin = own[beard[:, 0, 2] < np.quantile(beard[:, 0, 2], 0.3)]
    closed, dropped = (StrandPose(baked, p, chin).at(0) for p in (still, agape))
    body = baked.part("body")
    roots = baked.strand_roots[chin]
    moved = skin(body, baked.rig, agape, roots)[0] - skin(body, baked.rig, still, roots)[0]
    assert np.linalg.norm(moved, axis=1).max() > 0.004
    assert np.allclose(dropped[:, 0] - closed[:, 0], moved, atol=1e-4)


def test_a_flat_beard_is_a_shell_that_moves_with_the_face(heads: dict[str, BakedCharacter]) -> None:
    part = heads["flat beard"].part("beard")
    assert part.role == "hair"
    jaw = part.unit_deltas[FACE_UNITS.index("jawOpen")].astype(float)
    assert np.linalg.norm(jaw, axis=1).max() > 0.004
    assert (_outside(part.vertices.astype(float), heads["flat beard"].part("body")) > -0.002).mean() > 0.97


def test_whiskers_are_where_the_own_beard_grows(heads: dict[str, BakedCharacter]) -> None:
    full, none = heads["curly"].part("body"), heads["cap"].part("body")
    assert full.attributes["whiskers"].max() > 0.9
    assert none.attributes["whiskers"].max() == 0


def test_an_unknown_beard_is_refused_by_name() -> None:
    odd = replace(loose_heads.HEADS[0], hair=Hair("short", "#332211", "sideburns"))
    with pytest.raises(InputError, match="unknown beard sideburns; accepted: none, stubble"):
        whiskers.region(Naked(odd))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Naked:
    """As much of a figure as is looked at before a beard is refused."""

    character: Character
