"""What holds of every export: whole or not at all, plain errors, and the command that makes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError
from motionpair.exports import FORMATS, export
from motionpair.metadata import build_metadata
from pipelines.cli import app

FORMS = sorted(name for name, form in FORMATS.items() if not form.of_latents)


@pytest.mark.parametrize("form", FORMS)
def test_two_exports_of_a_dataset_are_equal_byte_for_byte(tiny_dataset: Path, tmp_path: Path, form: str):
    once, twice = (_contents(tmp_path / name, tiny_dataset, form) for name in "ab")
    assert once == twice


def _contents(folder: Path, dataset: Path, form: str) -> dict[str, bytes]:
    export(dataset, form, folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_an_interrupted_export_leaves_nothing(tiny_dataset: Path, tmp_path: Path, form: str):
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tiny_dataset, form, tmp_path / "out", interrupt)
    assert list(tmp_path.iterdir()) == []
    assert export(tiny_dataset, form, tmp_path / "out").pairs == 7


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_blob_stops_the_export_by_name(tiny_dataset: Path, tmp_path: Path, form: str):
    dataset = tmp_path / "dataset"
    shutil.copytree(tiny_dataset, dataset)
    row = list(Dataset(dataset).rows())[5]
    place = row["target"]
    with (dataset / place["shard"]).open("rb+") as shard:
        shard.seek(place["offset"] + place["length"] // 2)
        shard.write(b"damage")
    with pytest.raises(DataError, match=rf"pair {row['pair_id']}: target: damaged"):
        export(dataset, form, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


def test_an_export_counts_what_it_wrote(tiny_dataset: Path, tmp_path: Path):
    heard: list[tuple[int, int]] = []
    done = export(tiny_dataset, "files", tmp_path / "out", lambda *at: heard.append(at))
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert (done.pairs, done.files) == (7, len(files))
    assert done.bytes == sum(path.stat().st_size for path in files)
    assert heard == [(i, 7) for i in range(1, 8)]


def test_an_empty_folder_may_be_filled_and_another_may_not(tiny_dataset: Path, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    export(tiny_dataset, "files", out)
    before = sorted(out.rglob("*"))
    with pytest.raises(InputError, match="is there already; expected a new or an empty folder"):
        export(tiny_dataset, "files", out)
    assert sorted(out.rglob("*")) == before


def test_places_that_cannot_be_are_refused(tiny_dataset: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is there already"):
        export(tiny_dataset, "files", tmp_path / "file")
    with pytest.raises(InputError, match="cannot be made"):
        export(tiny_dataset, "files", tmp_path / "none" / "out")
    with pytest.raises(InputError, match="lies in the dataset itself"):
        export(tiny_dataset, "files", tiny_dataset / "report")
    with pytest.raises(InputError, match="format webm: no such format; accepted: huggingface, files"):
        export(tiny_dataset, "webm", tmp_path / "out")
    with pytest.raises(InputError, match="expected the folder of a dataset"):
        export(tmp_path / "none", "files", tmp_path / "out")


def test_rows_are_read_a_few_at_a_time(tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def whole(self: Dataset) -> None:
        raise AssertionError("an export read all rows at once")

    monkeypatch.setattr(Dataset, "table", property(whole))
    for form in FORMS:
        assert export(tiny_dataset, form, tmp_path / form).pairs == 7


def test_rows_that_the_manifest_does_not_count_are_refused(tiny_dataset: Path, tmp_path: Path):
    dataset = Path(shutil.copytree(tiny_dataset, tmp_path / "dataset"))
    (dataset / "metadata.parquet").unlink()
    build_metadata(dataset, ["shards/shard-00000.parquet"])
    with pytest.raises(DataError, match="has 4 pairs, the manifest counts 7"):
        export(dataset, "files", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


@pytest.mark.parametrize("column", ["pair_id", "stratum"])
def test_names_that_would_leave_the_folder_are_refused(
    tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
):
    rows = [row | {column: "../../climbs"} for row in Dataset(tiny_dataset).rows()]
    monkeypatch.setattr(Dataset, "rows", lambda self: iter(rows))
    with pytest.raises(DataError, match=rf"{column}: '../../climbs' is no name of a file"):
        export(tiny_dataset, "files", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_made(tiny_dataset: Path, tmp_path: Path):
    out = tmp_path / "out"
    words = ["export", str(tiny_dataset), "--format", "files", "--out", str(out)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{out}: 7 pairs in ")
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 2
    assert again.stderr.strip().count("\n") == 0
    assert "expected a new or an empty folder" in again.stderr


def test_the_command_names_every_format():
    result = CliRunner().invoke(app, ["export", "--help"])
    assert all(form in result.stdout for form in FORMATS)
