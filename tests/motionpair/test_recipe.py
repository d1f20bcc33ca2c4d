import dataclasses
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from motionpair import fields
from motionpair.errors import InputError
from motionpair.planning import candidate
from motionpair.recipe import Recipe, load_recipe, recipe_from_json
from motionpair.recipe_files import MAX_RECIPE_BYTES, built_in_recipes

DOCS = Path(__file__).parents[2] / "docs" / "recipes.md"


def test_built_in_recipes_have_the_documented_counts() -> None:
    assert built_in_recipes() == [
        "demo",
        "motionpair-100k",
        "motionpair-60k",
        "preferences-1k",
        "preferences-demo",
        "sample",
    ]
    whole = load_recipe("motionpair-60k")
    assert [s.count for s in whole.strata] == [31_895, 13_847, 9_249, 4_385]
    assert (whole.pairs, whole.frames, whole.fps) == (59_376, 81, 16)
    more = load_recipe("motionpair-100k")
    assert more.strata[:4] == whole.strata
    assert more.pairs == 100_000
    assert {s.driving.get("pose", 0) > 0 for s in more.strata if s.name.startswith("pose-")} == {True}
    demo = load_recipe("demo")
    assert (demo.pairs, demo.frames, demo.fps) == (8, 17, 16)
    assert {(s.width, s.height) for s in demo.sizes} == {(256, 448)}
    tasks = {(s.mode, s.performers[1] > 1, s.framing) for s in demo.strata if s.count}
    assert tasks == {
        ("animation", False, "full_body"),
        ("animation", False, "close_up"),
        ("animation", True, "full_body"),
        ("replacement", False, "full_body"),
        ("replacement", True, "full_body"),
    }


@pytest.mark.parametrize("name", built_in_recipes())
def test_a_recipe_survives_its_json(name: str) -> None:
    recipe = load_recipe(name)
    again = recipe_from_json(recipe.json)
    assert again == recipe
    assert again.hash == recipe.hash


def test_a_file_is_laid_over_its_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: demo\nname: mine\ncast: {size: 14}\nmotions: {families: {walk: 0}}\n")
    mine, demo = load_recipe(path), load_recipe("demo")
    assert (mine.name, mine.cast.size) == ("mine", 14)
    assert mine.motions.families == {**demo.motions.families, "walk": 0}
    assert mine.strata == demo.strata
    assert mine.hash != demo.hash


def _key_paths(cls: type, prefix: str = "") -> Iterator[str]:
    """`strata[].count`, `cast.ages.NAME.span`, ...: every key of a recipe, as the page writes it."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        path, hint = prefix + field.name, hints[field.name]
        if type(None) in typing.get_args(hint):  # a section that may be left out
            (hint,) = (a for a in typing.get_args(hint) if a is not type(None))
        yield path
        args = [a for a in typing.get_args(hint) if dataclasses.is_dataclass(a)]
        if dataclasses.is_dataclass(hint):
            yield from _key_paths(typing.cast(type, hint), f"{path}.")
        elif args and isinstance(typing.get_origin(hint), type):
            mapping = issubclass(typing.get_origin(hint), Mapping)
            yield from _key_paths(typing.cast(type, args[0]), path + (".NAME." if mapping else "[]."))


def test_the_page_explains_every_key_and_no_other() -> None:
    text = DOCS.read_text()
    paths = set(_key_paths(Recipe))
    assert {"strata[].count", "cast.ages.NAME.span", "cameras.close_up.kinds", "limits.candidates"} <= paths
    assert [p for p in sorted(paths) if f"`{p}`" not in text] == []
    first_cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    explained = {part.strip().strip("`") for cell in first_cells for part in cell.split(",")}
    assert explained - paths == {"base"}


# Each: a change of the demo recipe (dotted path to value), and what the message must hold.
MISTAKES = [
    ({"colour": 1}, "colour: unknown key"),
    ({"cast.sise": 1}, "cast.sise: unknown key; did you mean size?"),
    ({"frames": 16}, "frames: expected 4n + 1"),
    ({"frames": "many"}, "frames: expected a whole number"),
    ({"fps": 0}, "fps: expected 1 to 120, got 0"),
    ({"sizes": []}, "sizes: expected at least one"),
    ({"sizes": [{"width": 250, "height": 448, "weight": 1}]}, "sizes[0].width: expected a multiple of 32"),
    ({"sizes": [{"width": 256, "height": 448, "weight": 0}]}, "sizes[].weight: expected at least one"),
    ({"strata": []}, "strata: expected at least one stratum"),
    ({"strata.0.count": -1}, "strata[0].count: expected 0 to 999999, got -1"),
    ({"strata.0.count": 10**9}, "strata[0].count: expected 0 to 999999"),
    ({"strata.0.count": 999_999, "strata.1.count": 999_999}, "strata: expected 1 to 999999 pairs in all"),
    ({"strata.2.count": 5000, "cast.max_meetings": 10}, "cast.size: 3504 pairs of split train"),
    ({"strata.0.count": 1.5}, "strata[0].count: expected a whole number"),
    ({"strata.0.mode": "dance"}, "strata[0].mode: expected one of animation, replacement"),
    ({"strata.0.performers": [2, 9]}, "strata[0].performers: expected [lowest, highest] within 1 to 3"),
    ({"strata.3.performers": [2, 2]}, "strata[3].performers: a close_up shows one performer"),
    ({"strata.3.motions": {"squat": 1}}, "strata[3].motions.squat: does not read in a close_up"),
    (
        {"strata.0.motions": {"dence": 1}},
        "strata[0].motions.dence: no such motion family 'dence'; ",
    ),
    ({"strata.0.motion_speed": [2, 1]}, "strata[0].motion_speed: expected [lowest, highest]"),
    ({"strata.1.name": "multi-animation"}, "strata: expected names that differ"),
    ({"name": "Two words"}, "name: expected up to 40 of a-z"),
    ({"splits.train": 0.9}, "splits: expected shares that sum to 1, got 1.2"),
    ({"splits.train": -0.3, "splits.validation": 1.3}, "splits: expected weights from 0"),
    ({"cast.size": 3}, "cast.size: the strata need at least 8 members ("),
    ({"cast.size": 7}, "cast.size: the strata need at least 8 members"),
    ({"cast.looks": {"realistic": 0, "animation_2d": 0}}, "cast.looks: expected at least one weight above 0"),
    ({"cast.looks": {"animation": 1}}, "cast.looks.animation: no such look"),
    ({"cast.headwear": {"crown": 1}}, "cast.headwear.crown: no such headwear"),
    ({"cast.genders.masculine.beards": {"long": 1}}, "cast.genders.masculine.beards.long: no such beard"),
    ({"strata.2.formations": {"duet": 1}}, "strata[2].formations: one performer stands alone; expected {}"),
    ({"strata.0.formations": {"passing": 1}}, "strata[0].formations.passing: needs one of walk, march"),
    ({"strata.1.formations": {"duet": 1}}, "strata[1].formations.duet: needs a family of two in strata[1]"),
    ({"strata.0.performers": [2, 3], "strata.0.formations": {"duet": 1}}, "none is for 3 performers"),
    ({"strata.2.motions": {"hand_clap": 1}}, "strata[2].motions: families of two need two performers"),
    (
        {
            "strata.0.performers": [1, 2],
            "strata.0.motions": {"hand_clap": 1},
            "strata.0.formations": {"duet": 1},
        },
        "strata[0].motions: families of two need two performers",
    ),
    ({"motions.families": {"walk": 0}, "strata.2.motions": {}}, "motions.families: expected at least one"),
    (
        {"cameras.full_body.margin": [0.0, 0.4], "cameras.full_body.moves.pan": [0.1, 0.3]},
        "cameras.full_body.moves.pan: expected [lowest, highest] within 0 to 0.15",
    ),
    ({"cameras.close_up.moves": {}}, "cameras.close_up.moves.dolly: missing; a camera that moves needs"),
    ({"cameras.close_up.angles": {}}, "cameras.close_up.angles: expected at least one angle"),
    ({"cast.ages": {"adult": {"weight": 1, "span": [0.8, 0.7]}}}, "cast.ages.adult.span: expected [lowest"),
    ({"cast.build.weight": [0, 2]}, "cast.build.weight: expected [lowest, highest] within 0 to 1"),
    ({"cast.ancestries.asian.skin": ["pink"]}, "cast.ancestries.asian.skin[0]: expected a colour"),
    ({"cast.genders.feminine.hair": {"mohawk": 1}}, "cast.genders.feminine.hair.mohawk: no such hair style"),
    (
        {"cast.fabrics.shoes": {"plaid": 1}},
        "cast.fabrics.shoes.plaid: no such fabric for shoes 'plaid'; did you mean plain?",
    ),
    ({"motions.families.walk": -1}, "motions.families: expected weights from 0"),
    (
        {"motions.params": {"walk": {"speed": [0, 9]}}},
        "motions.params.walk.speed: expected [lowest, highest] within",
    ),
    (
        {"motions.params": {"walk": {"sped": [1, 1]}}},
        "motions.params.walk.sped: no such parameter 'sped'; did you",
    ),
    ({"places.environments": {"moon": 1}}, "places.environments.moon: no such environment"),
    ({"places.hdris": {"interior": 1}}, "places.hdris: none suits environment beach; accepted: city"),
    ({"estimators.models": {"perfect": 1}}, "estimators.models.perfect: no such estimator"),
    ({"estimators.reverse_driven": 1.5}, "estimators.reverse_driven: expected 0 to 1, got 1.5"),
    ({"rendering.target": "demos"}, "rendering.target: no such render preset 'demos'; did you mean demo?"),
    ({"limits.candidates": 0}, "limits.candidates: expected 1 to 1000, got 0"),
    ({"limits.exposure": [0.9, 0.1]}, "limits.exposure: expected [lowest, highest]"),
    ({"version": 1}, "version: expected 4, got 1"),
    ({"version": 2, "motions": {}, "cast": None}, "version: expected 4, got 2; docs/recipes.md"),
    ({"cameras.view_gap": 4}, "cameras.view_gap: expected 0 to 3.1416, got 4"),
    ({"motions.continues": -0.1}, "motions.continues: expected 0 to 1, got -0.1"),
    ({"strata.2.driving": {"poses": 1}}, "strata[2].driving.poses: no such kind of driving 'poses'; did you"),
    ({"strata.2.driving": {"clip": 0}}, "strata[2].driving: expected at least one weight above 0"),
    (
        {"strata.1.driving": {"pose": 1}},
        "strata[1].driving.pose: has no place to take over; expected mode an",
    ),
    (
        {"strata.1.driving": {"clip": 1, "body_mesh": 0.1}},
        "strata[1].driving.body_mesh: has no place to take over; expected mode animation, got replacement",
    ),
    (
        {"references.kinds": {"in-clip": 1}},
        "references.kinds.in-clip: no such kind of reference 'in-clip'; d",
    ),
    (
        {"references.kinds": {"out_of_clip": 1, "in_clip": 0}},
        "references.kinds: not every motion reaches out of its clip; expected in_clip or other_camera too",
    ),
    ({"references.apart": [1, 0]}, "references.apart: expected [lowest, highest] within 0 to 60"),
    ({"references.turn": [-0.3, 0.8]}, "references.turn: expected [lowest, highest] within 0 to 3.1416"),
    ({"references.lift": [0, 2]}, "references.lift: expected [lowest, highest] within -0.5 to 1"),
    ({"references.extra.feet": 0.1}, "references.extra.feet: no such additional reference 'feet'; accepted"),
    ({"references.extra.back": 1.1}, "references.extra.back: expected 0 to 1, got 1.1"),
    ({"augmentation.kept": [0, 1]}, "augmentation.kept: expected [lowest, highest] within 0.3 to 1"),
    ({"augmentation.stretch": [1, 3]}, "augmentation.stretch: expected [lowest, highest] within 0.5 to 2"),
    ({"augmentation.skeleton.tail": [1, 1]}, "augmentation.skeleton.tail: no such part of the skeleton"),
    ({"augmentation.skeleton.arms": [0, 1]}, "augmentation.skeleton.arms: expected [lowest, highest] within"),
    ({"augmentation.skeleton": {"arms": [1, 1]}}, "augmentation.skeleton.torso: missing; expected the span"),
    ({"limits": None}, "limits: expected a mapping, got None"),
    ({"pair_seconds": float("inf")}, "pair_seconds: expected a number"),
]


@pytest.mark.parametrize(("changes", "message"), MISTAKES)
def test_a_mistake_is_one_line_that_names_file_and_key(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    data = fields.to_plain(load_recipe("demo"))
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner = data
        for key in parents:
            inner = inner[int(key) if isinstance(inner, list) else key]
        inner[int(last) if isinstance(inner, list) else last] = value
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(InputError) as caught:
        load_recipe(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [1, 2", "not YAML: line 1"),
        (b"a: &x 1\nb: *x\n", "aliases are not accepted"),
        (b"name: a\nname: b\n", "key name stands here twice"),
        (b"{[1]: 2}", "not YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"- a\n", "expected a mapping"),
        (b"!!python/object/apply:os.system [ls]", "not YAML"),
        (b"[" * 20_000, "not YAML"),
        (b"a: " + b"x" * MAX_RECIPE_BYTES, "larger than"),
        (b"base: nosuch\nname: a\n", "base: expected one of demo, motionpair-100k, motionpair-60k"),
        (b"base: [demo]\nname: a\n", "base: expected one of"),
        (b"base: demo\n", "name: missing"),
        (b"name: a\n", "missing; expected"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_recipe(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_three_take_no_notice_of_what_is_for_two() -> None:
    data = fields.to_plain(load_recipe("demo"))
    data["cast"]["size"] = 20
    formations = {"duet": 5, "beside": 1}
    data["strata"][0] |= {"performers": [3, 3], "motions": {"walk": 1}, "formations": formations}
    recipe = fields.from_plain(Recipe, data)
    specs = [candidate(recipe, seed, slot, 0) for seed in range(4) for slot in range(recipe.pairs)]
    assert {spec.formation for spec in specs if spec.stratum == data["strata"][0]["name"]} == {"beside"}


def test_an_unknown_recipe_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"recipe dmeo: no such recipe; .*demo, motionpair-100k, motionpair-60k"
    ):
        load_recipe("dmeo")
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read"):
        load_recipe(tmp_path / "none.yaml")
