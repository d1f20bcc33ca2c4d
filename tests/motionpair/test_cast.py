from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import catalog, fields
from motionpair.cast import CHILD_BELOW, OLD_FROM, identity_distance, members, worn
from motionpair.colours import colour_name, difference
from motionpair.recipe import Recipe, load_recipe
from motionpair.specs import PHENOTYPE_AXES, Character, Hair

DEMO = load_recipe("demo")


def _large() -> Recipe:
    data = fields.to_plain(load_recipe("motionpair-60k"))
    data["cast"]["size"] = 400
    data["cast"]["max_meetings"] = 1000
    return fields.from_plain(Recipe, data)


LARGE = _large()
CAST = [m.character for m in members(LARGE, 3)]


@given(st.integers(0, 2**63 - 1))
@settings(max_examples=10, deadline=None)
def test_a_small_cast_is_distinct_throughout(seed: int) -> None:
    cast = members(DEMO, seed)
    assert [m.character.character_id for m in cast] == [f"c{i:05d}" for i in range(10)]
    assert Counter(m.character.look for m in cast) == {"realistic": 5, "animation_3d": 2, "animation_2d": 3}
    for split in ("train", "validation"):
        mine = [m.character for m in cast if m.split == split]
        for a, b in combinations(mine, 2):
            shape, colour = identity_distance(a, b)
            assert shape >= DEMO.limits.shape_distance
            assert colour >= DEMO.limits.colour_distance


def test_members_are_believable() -> None:
    for c in CAST:
        assert set(c.phenotype) == set(PHENOTYPE_AXES)
        assert all(0 <= v <= 1 for v in c.phenotype.values())
        assert sum(c.phenotype[a] for a in ("african", "asian", "caucasian")) == pytest.approx(1, abs=2e-4)
        main = max(("african", "asian", "caucasian"), key=lambda a: c.phenotype[a])
        assert c.skin in LARGE.cast.ancestries[main].skin
        places = [catalog.GARMENT_KINDS[g.kind].place for g in c.garments]
        assert len(set(places)) == len(places)
        assert {"feet"} < set(places)
        assert ("dress" in places) != ({"top", "bottom"} <= set(places))
        inner, bottom = worn(c, "dress", "top"), worn(c, "dress", "bottom")
        for garment in c.garments:
            assert len(garment.colours) == catalog.FABRICS[garment.fabric].colours
            assert len(set(garment.colours)) == len(garment.colours)
            assert garment.fabric in catalog.GARMENT_KINDS[garment.kind].fabrics
        assert inner is bottom or difference(inner.colours[0], bottom.colours[0]) > 10
        if "head" in places:
            assert c.hair.style in catalog.HAIR_UNDER_HATS
        if c.hair.beard != "none":
            assert c.phenotype["age"] >= CHILD_BELOW
            assert c.phenotype["gender"] > 0.8
        if c.phenotype["age"] < CHILD_BELOW:
            assert c.hair.style != "bald"
        if c.look == "realistic":
            natural = {h for a in LARGE.cast.ancestries.values() for h in a.hair}
            assert c.hair.colour in natural | set(LARGE.cast.grey_hair)
        if c.phenotype["gender"] > 0.8:
            assert bottom.kind not in ("skirt", "dress")


def test_groups_have_their_shares() -> None:
    ages = [c.phenotype["age"] for c in CAST]
    assert sum(a < CHILD_BELOW for a in ages) == pytest.approx(0.08 * 400, abs=5)
    assert sum(a >= OLD_FROM for a in ages) == pytest.approx(0.15 * 400, abs=5)
    assert sum(c.phenotype["gender"] < 0.3 for c in CAST) == pytest.approx(0.48 * 400, abs=8)
    assert {c.hair.style for c in CAST} == set(catalog.HAIR_STYLES)
    assert {c.hair.beard for c in CAST} == set(catalog.BEARDS)
    assert {g.kind for c in CAST for g in c.garments} == set(catalog.GARMENT_KINDS)
    assert {g.fabric for c in CAST for g in c.garments} == set(catalog.FABRICS)
    looks = Counter(c.look for c in CAST)
    assert looks == {"realistic": 227, "animation_3d": 133, "animation_2d": 40}


def test_distance_is_zero_to_oneself_and_grows_with_what_is_seen() -> None:
    a, b = CAST[0], CAST[1]
    assert identity_distance(a, a) == (0, 0)
    assert identity_distance(a, b) == pytest.approx(identity_distance(b, a))
    assert all(d > 0 for d in identity_distance(a, b))
    older = replace(a, phenotype={**a.phenotype, "age": 0.0})
    shape, colour = identity_distance(a, older)
    assert shape == pytest.approx(0.2**0.5 * a.phenotype["age"])
    assert colour == 0
    dyed = replace(a, hair=Hair(a.hair.style, "#00ff00"))
    shape, colour = identity_distance(a, dyed)
    assert shape == 0
    assert colour == pytest.approx(0.25 * difference(a.hair.colour, "#00ff00"))


def test_characters_survive_json() -> None:
    for character in CAST[:20]:
        assert fields.from_plain(Character, fields.to_plain(character)) == character


def test_the_cast_does_not_depend_on_how_many_pairs_there_are() -> None:
    data = fields.to_plain(LARGE)
    data["strata"][0]["count"] += 1000
    more = members(fields.from_plain(Recipe, data), 3)
    assert [m.character for m in more] == CAST


def test_colours_have_the_names_that_people_give_them() -> None:
    assert difference("#000000", "#ffffff") == pytest.approx(100, abs=0.1)
    assert difference("#ff0000", "#ff0000") == 0
    named = {"#ffffff": "white", "#0a0a0a": "black", "#d02020": "red", "#1b2a4a": "navy", "#808080": "grey"}
    assert {c: colour_name(c) for c in named} == named
