"""Rows against the schema and their own spec; the document of the schema."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import synthetic

from motionpair import schema
from motionpair.errors import DataError, InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def good_row() -> dict[str, Any]:
    return synthetic.pair_files(synthetic.pair_spec(3, "replacement", (6, 4)))[0]


def test_the_document_is_current() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "motionpair.schema"], capture_output=True, check=True, timeout=60, text=True
    ).stdout
    assert (ROOT / "docs" / "schema.md").read_text() == printed, (
        "run python -m motionpair.schema > docs/schema.md"
    )


def test_every_column_says_what_it_means() -> None:
    for name, column in schema.COLUMNS.items():
        assert column.meaning.endswith("."), name
        numeric = pa.types.is_floating(column.type)
        assert column.unit or not numeric, f"{name}: a real number needs a unit"
    assert schema.BLOB_MEANINGS.keys() == schema.BLOBS.keys()


def test_a_row_survives_arrow(good_row: dict[str, Any]) -> None:
    assert schema.check_row(good_row) == synthetic.pair_spec(3, "replacement", (6, 4))
    table = pa.Table.from_pylist([good_row], schema=schema.arrow_schema())
    assert table.to_pylist() == [good_row]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("slot", "3", "slot: expected int32"),
        ("slot", True, "slot: expected int32"),
        ("frames", 2**40, "frames: expected int32"),
        ("driving_mean_luma", float("nan"), "driving_mean_luma: expected double"),
        ("driving_mean_luma", 3, "driving_mean_luma: expected double"),
        ("target_mask_share", 1.5, "target_mask_share: expected 0 to 1"),
        ("caption", None, "caption: expected string"),
        ("caption", "a\x1b[31m", "caption: expected string"),
        ("slots", [6], "slots: expected 2 values"),
        ("slots", 6, "slots: expected a list"),
        ("assets", [{"name": "x"}], r"assets\[0\]: expected name, licence, source"),
        ("character_hashes", ["0"], "character_hashes: expected 4 values"),
        ("discards", ["too dark"], r"discards\[0\]: expected reason, figure, limit"),
        ("discards", [{"reason": "x", "figure": 1, "limit": "y"}], r"discards\[0\].figure: expected double"),
        ("discards", [{"reason": "x", "figure": 1.0, "limit": "y"}], "discards: expected 0 reasons"),
        ("spec", "{", "spec: not JSON"),
        ("spec", "[" * 5000, "spec: "),
        ("spec", "{}", "spec: "),
        ("spec_hash", "0" * 64, "spec_hash: the spec gives"),
        ("mode", "animation", "mode: the spec gives 'replacement'"),
        ("target_characters", ["a", "b"], "target_characters: the spec gives"),
        ("driving_samples", 99, "driving_samples: the spec gives 2"),
    ],
)
def test_a_wrong_value_is_named(good_row: dict[str, Any], column: str, value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        schema.check_row(good_row | {column: value})


def test_missing_and_unknown_columns_are_named(good_row: dict[str, Any]) -> None:
    without = {name: value for name, value in good_row.items() if name != "stratum"}
    with pytest.raises(DataError, match="column stratum is missing"):
        schema.check_row(without)
    with pytest.raises(DataError, match="unknown column hostname"):
        schema.check_row(good_row | {"hostname": "x"})


def test_a_spec_with_other_text_but_equal_meaning_is_not_canonical(good_row: dict[str, Any]) -> None:
    row = copy.deepcopy(good_row)
    row["spec"] = row["spec"].replace('"frames":5', '"frames": 5')
    with pytest.raises(DataError, match="spec: the spec gives"):
        schema.check_row(row)


def test_clips_must_bind_one_to_one() -> None:
    spec = synthetic.pair_spec(3, "replacement", (6, 4))
    swapped = replace(spec.driving, performers=spec.driving.performers[::-1])
    with pytest.raises(InputError, match="one slot"):
        schema.spec_columns(replace(spec, driving=swapped))
    first, second = spec.driving.performers
    other = replace(second, motion=replace(second.motion, seed=1))
    with pytest.raises(InputError, match="one motion"):
        schema.spec_columns(replace(spec, driving=replace(spec.driving, performers=(first, other))))
