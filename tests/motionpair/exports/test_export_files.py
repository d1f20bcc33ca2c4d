"""Loose files, read back with json and the media's own decoders, and compared value by value."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from motionpair import schema
from motionpair.annotations import ARRAYS, CLIPS
from motionpair.columns import COLUMNS
from motionpair.dataset import Dataset
from motionpair.errors import DataError
from motionpair.exports import export
from motionpair.exports.files import array_json


@pytest.fixture(scope="module")
def folder(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "out"
    export(tiny_dataset, "files", out)
    return out


def index(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]


def test_every_row_comes_back(tiny: Dataset, folder: Path):
    lines = index(folder)
    assert len(lines) == len(tiny)
    for line, row in zip(lines, tiny.rows(), strict=True):
        found = json.loads((folder / line["files"]["pair"]).read_text())
        expected = {name: row[name] for name in COLUMNS} | {"spec": json.loads(row["spec"])}
        assert found == expected
        assert {name: line[name] for name in line if name != "files"}.items() <= expected.items()


def test_every_blob_comes_back_and_what_a_pair_lacks_has_no_file(tiny: Dataset, folder: Path):
    for line, row in zip(index(folder), tiny.rows(), strict=True):
        here = folder / row["stratum"] / row["pair_id"]
        has = [name for name in schema.BLOBS if not schema.lacks(row, name)]
        assert set(line["files"]) == {"pair", *has}
        for name in set(has) - {"annotations"}:
            assert (here / schema.BLOBS[name]).read_bytes() == tiny.blob(row, name)
            assert folder / line["files"][name] == here / schema.BLOBS[name]


def test_every_array_of_the_annotations_comes_back(tiny: Dataset, folder: Path):
    for line, row in zip(index(folder), tiny.rows(), strict=True):
        found = json.loads((folder / line["files"]["annotations"]).read_text())
        stored = tiny.annotations(row)
        assert set(found) == set(CLIPS)
        for clip in CLIPS:
            assert list(found[clip]) == list(ARRAYS)
            for name, spec in ARRAYS.items():
                array = np.array(found[clip][name], dtype=object)
                array = np.where(array == None, np.nan, array).astype(spec.dtype)  # noqa: E711
                assert np.array_equal(array, stored[f"{clip}/{name}"], equal_nan=spec.dtype == "float32")


def test_the_index_names_every_file(folder: Path):
    named = {name for line in index(folder) for name in line["files"].values()}
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == named | {"index.jsonl", "README.md"}


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
        elements=st.floats(width=32, allow_infinity=False),
    )
)
def test_floats_of_any_shape_are_exact_as_json(array: np.ndarray):
    found = json.loads(array_json(array))
    exact = np.array([np.nan if v is None else v for v in _flat(found)], np.float32)
    assert np.array_equal(exact, array.reshape(-1), equal_nan=True)
    assert len(found) == len(array)


def _flat(value: object) -> list[float | None]:
    return [one for item in value for one in _flat(item)] if isinstance(value, list) else [value]  # type: ignore[list-item]


def test_flags_and_counts_are_plain_json():
    assert array_json(np.array([[True, False]])) == "[[true,false]]"
    assert array_json(np.array([1, 6], np.uint8)) == "[1,6]"
    assert array_json(np.zeros((2, 0, 3), np.float32)) == "[[],[]]"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"motion_energy": float("nan")}, "is no JSON"),
        ({"spec": "{"}, "is no JSON"),
        ({"spec": "[" * 100_000}, "is no JSON"),
        ({"stratum": "index.jsonl"}, "stratum: 'index.jsonl' is a file of the export"),
    ],
)
def test_rows_that_cannot_be_files_are_refused_by_name(
    tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict, message: str
):
    rows = [row | changed for row in Dataset(tiny_dataset).rows()]
    monkeypatch.setattr(Dataset, "rows", lambda self: iter(rows))
    with pytest.raises(DataError, match=f"pair tiny-5-000000: .*{message}"):
        export(tiny_dataset, "files", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
