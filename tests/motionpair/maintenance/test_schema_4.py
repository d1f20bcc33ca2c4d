"""migrate from schema 3 to 4: what version 3 wrote becomes, byte for byte, what this version writes."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_maintenance import contents
from test_migrate import resign

from motionpair import fields, maintenance, schema
from motionpair.errors import DataError
from motionpair.maintenance import to_schema_4
from motionpair.verify import verify

ADDED = [name for name in schema.COLUMNS if name.startswith("rejected_")]


def older_spec(text: str) -> str:
    spec = json.loads(text)
    del spec["rejected"]
    return fields.canonical_json({**spec, "version": 3})


def older_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    limits = {name: limit for name, limit in recipe["limits"].items() if name not in to_schema_4.LIMITS}
    old = {**recipe, "version": 3, "limits": limits}
    del old["preferences"]
    return old


def with_older_specs(table: pa.Table) -> pa.Table:
    specs = [older_spec(text) for text in table["spec"].to_pylist()]
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in specs]
    for name, values in (("spec", specs), ("spec_hash", hashes)):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(name), pa.array(values))
    return table


@pytest.fixture
def old(tiny_dataset: Path, tmp_path: Path) -> Path:
    """The tiny dataset as schema 3 had it."""
    out = Path(shutil.copytree(tiny_dataset, tmp_path / "old"))
    for path in (out / "shards").iterdir():
        table = with_older_specs(pq.read_table(path)).drop_columns([*ADDED, *schema.OF_REJECTED])
        pq.write_table(table, path, row_group_size=2)
    plan = pq.read_table(out / "plan.parquet")
    about = json.loads(plan.schema.metadata[b"motionpair.plan"])
    about |= {"spec_version": 3, "recipe": older_recipe(about["recipe"])}
    metadata = {b"motionpair.plan": fields.canonical_json(about).encode()}
    pq.write_table(with_older_specs(plan).replace_schema_metadata(metadata), out / "plan.parquet")
    recipe = older_recipe(json.loads((out / "manifest.json").read_text())["recipe"])
    resign(out, {"schema_version": 3, "recipe": recipe, "recipe_hash": "3" * 64, "plan_hash": "3" * 64})
    return out


def test_a_dataset_of_schema_3_becomes_what_this_version_makes(
    old: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    made = maintenance.migrate(old, tmp_path / "out")
    assert (made.rows, made.quarantined) == (7, 1)
    assert verify(tmp_path / "out") == []
    assert contents(tmp_path / "out") == contents(tiny_dataset)


def test_specs_that_are_planned_otherwise_now_are_refused(old: Path, tmp_path: Path) -> None:
    """A spec that planning does not give is not proven by a hash of its own."""
    path = old / "plan.parquet"
    table = pq.read_table(path)
    texts = table["spec"].to_pylist()
    texts[3] = fields.canonical_json({**json.loads(texts[3]), "formation": "beside"})
    at = table.schema.get_field_index("spec")
    pq.write_table(table.set_column(at, table.schema.field("spec"), pa.array(texts)), path)
    resign(old, {})
    with pytest.raises(DataError, match="slot 3: this release plans another pair"):
        maintenance.migrate(old, tmp_path / "out")
    assert not (tmp_path / "out").exists()
