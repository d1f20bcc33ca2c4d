import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import fields
from motionpair.errors import DataError, InputError
from motionpair.plan import PLAN_SCHEMA, Plan, PlanFile, read_plan, write_plan
from motionpair.planning import candidate, make_plan
from motionpair.recipe import Recipe, load_recipe
from motionpair.specs import PairSpec

KEY = b"motionpair.plan"


def _long_recipe() -> Recipe:
    """The demo with enough pairs for several row groups."""
    data = fields.to_plain(load_recipe("demo"))
    for stratum in data["strata"]:
        stratum["count"] *= 140
    data["cast"]["size"] = 14
    return fields.from_plain(Recipe, data)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(_long_recipe(), 4)


@pytest.fixture(scope="module")
def path(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.parquet"
    write_plan(plan, path)
    return path


def test_a_plan_reads_back_as_it_was(plan: Plan, path: Path) -> None:
    again = read_plan(path)
    assert again.table.equals(plan.table)
    assert (again.recipe, again.seed, again.hash, len(again)) == (plan.recipe, 4, plan.hash, 1120)
    assert again.pair_id(3) == plan.spec(3).pair_id


def test_a_plan_file_gives_any_spec(plan: Plan, path: Path) -> None:
    with PlanFile(path) as file:
        assert (file.recipe, file.seed, len(file)) == (plan.recipe, 4, 1120)
        for slot in (0, 511, 512, 1119, 5):
            assert file.spec(slot) == plan.spec(slot) == candidate(plan.recipe, 4, slot, 0)
        for slot in (-1, 1120):
            with pytest.raises(InputError, match="slot: expected 0 to 1119"):
                file.spec(slot)


def test_equal_plans_give_equal_bytes(plan: Plan, path: Path, tmp_path: Path) -> None:
    write_plan(read_plan(path), tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()
    write_plan(make_plan(_long_recipe(), 4), tmp_path / "made.parquet")
    assert (tmp_path / "made.parquet").read_bytes() == path.read_bytes()


def test_writing_replaces_whole_files_and_leaves_no_others(plan: Plan, tmp_path: Path) -> None:
    target = tmp_path / "plan.parquet"
    target.write_bytes(b"old")
    write_plan(plan, target)
    assert len(read_plan(target)) == 1120
    assert [p.name for p in tmp_path.iterdir()] == ["plan.parquet"]
    with pytest.raises(InputError, match="cannot be written"):
        write_plan(plan, tmp_path / "none" / "plan.parquet")


def test_columns_say_what_the_specs_say(plan: Plan) -> None:
    for row in plan.table.slice(0, 50).to_pylist():
        spec = plan.spec(row["slot"])
        assert (row["stratum"], row["mode"], row["split"]) == (spec.stratum, spec.mode, spec.split)
        for side, clip in (("driving", spec.driving), ("target", spec.target)):
            assert row[f"{side}_characters"] == [p.character.character_id for p in clip.performers]
            assert (row[f"{side}_preset"], row[f"{side}_style"]) == (clip.render.preset, clip.render.style)
        assert row["motion_ids"] == [p.motion.motion_id for p in spec.target.performers]


def test_characters_are_those_that_candidates_may_show(plan: Plan) -> None:
    assert len(plan.characters()) == 14
    short = make_plan(load_recipe("motionpair-60k"), 0, 2)
    usable = {c.character_id for c in short.characters()}
    shown = {
        p.character.character_id
        for slot in range(2)
        for k in range(short.recipe.limits.candidates)
        for clip in (lambda s: (s.driving, s.target))(candidate(short.recipe, 0, slot, k))
        for p in clip.performers
    }
    assert usable == shown
    assert len(usable) < 200


def _rewritten(path: Path, out: Path, about: dict | None = None, table: pa.Table | None = None) -> Path:
    """The plan at `path` with parts of its metadata, or its rows, replaced."""
    read = pq.read_table(path)
    metadata = json.loads(read.schema.metadata[KEY]) | (about or {})
    rows = read if table is None else table
    pq.write_table(
        rows.replace_schema_metadata({KEY: json.dumps(metadata).encode()}), out, row_group_size=512
    )
    return out


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"version": 2}, "a plan of version 2"),
        ({"spec_version": 9}, "specs of version 9"),
        ({"seed": "x"}, "seed: expected 0 to"),
        ({"seed": -1}, "seed: expected 0 to"),
        ({"recipe": {"name": "a"}}, "its recipe: version: missing"),
        ({"recipe": None}, "its recipe: Recipe: expected a mapping"),
    ],
)
def test_another_version_or_garbage_is_refused(path: Path, tmp_path: Path, about: dict, message: str) -> None:
    wrong = _rewritten(path, tmp_path / "p.parquet", about)
    with pytest.raises(DataError, match=message) as caught:
        read_plan(wrong)
    assert str(wrong) in str(caught.value)


def test_files_that_are_no_plans_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path / "none.parquet")
    for name, content in {"a": b"", "b": b"PAR1", "c": b"junk" * 100}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="not a plan file"):
            read_plan(tmp_path / name)
    with pytest.raises(DataError, match="not a plan file"):
        read_plan(tmp_path)
    pq.write_table(pa.table({"slot": [1]}), tmp_path / "d")
    with pytest.raises(DataError, match=r"hold no motionpair\.plan"):
        read_plan(tmp_path / "d")
    table = pq.read_table(path)
    fewer = _rewritten(path, tmp_path / "e", table=table.drop_columns(["split"]))
    with pytest.raises(DataError, match="columns are not a plan's"):
        read_plan(fewer)
    doubled = _rewritten(path, tmp_path / "f", table=pa.concat_tables([table, table]))
    with pytest.raises(DataError, match="2240 slots, its recipe has 1120 pairs"):
        read_plan(doubled)
    shifted = _rewritten(path, tmp_path / "g", table=table.slice(1))
    with pytest.raises(DataError, match="slots are not 0 to 1118"):
        read_plan(shifted)


def test_a_changed_spec_is_found(path: Path, tmp_path: Path) -> None:
    table = pq.read_table(path)
    specs = table["spec"].to_pylist()
    specs[7] = specs[7].replace('"fps":16', '"fps":17')
    column = PLAN_SCHEMA.get_field_index("spec")
    wrong = table.set_column(column, PLAN_SCHEMA.field("spec"), pa.array(specs))
    read = read_plan(_rewritten(path, tmp_path / "p.parquet", table=wrong))
    with pytest.raises(DataError, match="slot 7: its spec does not agree"):
        read.spec(7)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_no_flipped_byte_goes_by(path: Path, plan: Plan, data: st.DataObject) -> None:
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    wrong = path.with_name("flipped.parquet")
    wrong.write_bytes(raw)
    try:
        read = read_plan(wrong)
        specs = [read.spec(slot) for slot in range(0, len(read), 16)]
    except InputError:
        return
    # What still reads is the same plan, or one of another hash.
    assert read.hash != plan.hash or specs == [plan.spec(slot) for slot in range(0, len(plan), 16)]


def test_specs_survive_their_json(plan: Plan) -> None:
    for slot in range(0, 1120, 100):
        spec = plan.spec(slot)
        assert fields.from_plain(PairSpec, json.loads(spec.to_json())) == spec
