from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from character_cast import CAST
from extreme_poses import POSES, edges, pose
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from wardrobe import ATHLETE, CLERK, DRESSED, OLD, THIN

from motionpair import catalog
from motionpair.specs import Garment
from render import wear
from render.characters.baked import BakedCharacter, MeshPart
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.secondary import swing

_TRIMS = ("collar", "button", "zip")
_HEMS = {
    "tee": 4, "tank": 4, "polo": 4, "shirt": 4, "sweater": 4, "jacket": 3, "trousers": 3, "shorts": 3,
    "skirt": 2,
}  # fmt: skip
_SWAYING = ("skirt", "dress")


def test_every_garment_from_feet_to_shoulders_is_worn_by_someone() -> None:
    worn = {g.kind for c in (*CAST, *DRESSED) for g in c.garments}
    cut = {k for k, kind in catalog.GARMENT_KINDS.items() if kind.place not in ("head", "eyes")}
    assert cut <= worn


@pytest.mark.parametrize("kind", _HEMS)
def test_a_garment_is_one_cloth_with_the_hems_of_its_kind(wardrobe: CharacterStore, kind: str) -> None:
    wearers = [c for c in (*CAST, *DRESSED) if any(g.kind == kind for g in c.garments)]
    wearer = min(wearers, key=lambda c: len(c.garments))  # a jacket hides parts of what is beneath it
    part = wardrobe.load(wearer).part(kind)
    assert part.garment == [g.kind for g in wearer.garments].index(kind)
    cloth = _plain(part)
    sides, count = np.unique(edges(cloth), axis=0, return_counts=True)
    assert count.max() <= 2
    assert _pieces(sides) == 1
    assert _pieces(sides[count == 1]) == _HEMS[kind]


def test_clothes_stay_off_the_skin(dressed: BakedCharacter) -> None:
    body = dressed.part("body")
    t = pose(dressed, {})
    bare = skin(body, dressed.rig, t)[0]
    for part in dressed.parts:
        if part.role == "cloth":
            distance, _ = cKDTree(bare).query(skin(part, dressed.rig, t)[0])
            assert distance.min() > 0.0015, part.name
            plain = np.unique(_plain(part).faces)
            assert distance[plain[plain >= 0]].min() > 0.0025, part.name


def test_clothes_do_not_tear_in_extreme_poses(dressed: BakedCharacter) -> None:
    worst = {}
    for name, angles in POSES.items():
        for figures in wear.measure(dressed, swing(dressed, pose(dressed, angles), 24)):
            worst[figures.name, name] = (round(figures.stretch, 2), round(figures.growth, 3))
    # A skirt spans the gap between the legs, so a kick pulls at it; nothing else is pulled like that.
    for (name, _), (stretch, grown) in worst.items():
        assert stretch < wear.STRETCH_LIMIT, worst
        assert grown < (0.16 if name in _SWAYING else wear.TEAR_LIMIT), worst


def test_nothing_comes_through_clothes_in_everyday_poses(dressed: BakedCharacter) -> None:
    for name in ("t_pose", "arms down", "arms ahead", "stride"):
        for figures in wear.measure(dressed, swing(dressed, pose(dressed, POSES[name]), 24)):
            assert figures.skin <= wear.SKIN_LIMIT, (name, figures)
            assert figures.cloth <= wear.CLOTH_LIMIT, (name, figures)


def test_the_outer_side_of_cloth_looks_outwards(dressed: BakedCharacter) -> None:
    for part in dressed.parts:
        if part.role == "cloth":
            v, f = part.vertices, _plain(part).faces
            f = f[f[:, 3] >= 0]
            normals = np.cross(v[f[:, 2]] - v[f[:, 0]], v[f[:, 3]] - v[f[:, 1]])
            volume = (normals * v[f].mean(axis=1)).sum()
            assert volume > 0, part.name


def test_skin_and_cloth_that_nobody_sees_are_left_out(wardrobe: CharacterStore) -> None:
    clerk = wardrobe.load(CLERK).part("body").vertices
    chest = 0.75 * clerk[:, 2].max()
    assert not ((np.abs(clerk[:, 2] - chest) < 0.03) & (np.abs(clerk[:, 0]) < 0.1)).any()
    athlete = wardrobe.load(ATHLETE)
    beneath, outer = athlete.part("polo").vertices, athlete.part("jacket").vertices
    low, high = np.quantile(outer[:, 2], (0.25, 0.6))
    back = (beneath[:, 1] > np.median(outer[:, 1]) + 0.05) & (beneath[:, 2] > low) & (beneath[:, 2] < high)
    assert not back.any(), "the back of a top under a jacket is never seen"


def test_a_jacket_hangs_open_over_the_top(wardrobe: CharacterStore) -> None:
    jacket = _plain(wardrobe.load(ATHLETE).part("jacket"))
    v = jacket.vertices[np.unique(jacket.faces[jacket.faces >= 0])]
    front = v[v[:, 1] < np.median(v[:, 1]) - 0.08]
    assert np.abs(front[:, 0]).min() > 0.02


def test_collars_buttons_and_plackets_are_marked_for_materials(wardrobe: CharacterStore) -> None:
    shirt = wardrobe.load(CLERK).part("shirt").attributes
    assert {"collar", "button", "placket"} <= set(shirt)
    assert 0 < shirt["collar"].mean() < 0.6
    buttons = shirt["button"] > 0.5
    assert buttons.any()
    assert shirt["placket"].min() < 0.01
    assert "zip" in wardrobe.load(ATHLETE).part("jacket").attributes


def test_trousers_are_tucked_into_boots(wardrobe: CharacterStore) -> None:
    old = wardrobe.load(OLD)
    boots, trousers = old.part("boots").vertices, old.part("trousers").vertices
    assert trousers[:, 2].min() > boots[:, 2].max() - 0.09
    assert old.sole_part == "boots"


def test_a_dress_has_its_sleeves_by_seed_and_reaches_from_shoulders_to_knees(
    wardrobe: CharacterStore,
) -> None:
    baked = wardrobe.load(THIN)
    dress = baked.part("dress").vertices
    knee = baked.rig.heads[baked.rig.names.index("left_knee"), 2]
    shoulder = baked.rig.heads[baked.rig.names.index("left_shoulder"), 2]
    assert abs(dress[:, 2].min() - knee) < 0.15
    assert dress[:, 2].max() > shoulder - 0.02


def test_a_bake_is_less_than_a_megabyte(wardrobe: CharacterStore) -> None:
    assert all(wardrobe.path(c).stat().st_size < 1_000_000 for c in (*CAST, *DRESSED))


def test_a_top_is_another_cut_under_a_jacket_than_alone(wardrobe: CharacterStore) -> None:
    assert Garment("jacket", "plain", ("#406080",)) in ATHLETE.garments
    baked = wardrobe.load(ATHLETE)
    assert baked.part("polo").vertices[:, 2].min() > baked.part("jacket").vertices[:, 2].min() + 0.02


def _plain(part: MeshPart) -> MeshPart:
    """The garment without collars, bands, buttons and zips."""
    trim = np.zeros(len(part.vertices), bool)
    for name in _TRIMS:
        trim |= part.attributes.get(name, np.zeros(len(trim))) > 0.5
    return replace(part, faces=part.faces[~trim[part.faces[:, 0]]])


def _pieces(sides: np.ndarray) -> int:
    """Connected pieces of a graph of edges (N, 2)."""
    used, compact = np.unique(sides, return_inverse=True)
    pairs = compact.reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(used), len(used)))
    return int(connected_components(graph, directed=False)[0])
