"""The Hugging Face form, read back by `datasets` and compared value by value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import numpy as np
import pyarrow.parquet as pq
import pytest
import synthetic

from motionpair import media, schema
from motionpair.columns import COLUMNS
from motionpair.dataset import Dataset
from motionpair.exports import export, huggingface
from motionpair.maintenance import take
from motionpair.plan import Plan

VIDEOS = ("driving", "driving_mask", "target", "target_mask")
IMAGES = tuple(name for name in schema.BLOBS if name.startswith("reference"))


@pytest.fixture(scope="module")
def folder(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "out"
    export(tiny_dataset, "huggingface", out)
    return out


def load(folder: Path, tmp_path: Path, config: str = "default", **options: Any) -> Any:
    return datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path / "cache"), **options)


def as_bytes(split: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        split = split.cast_column(name, type(split.features[name])(decode=False))
    return split


def by_split(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
    splits: dict[str, list[dict[str, Any]]] = {}
    for row in dataset.rows():
        splits.setdefault(row["split"], []).append(row)
    return splits


def test_every_row_comes_back_in_its_split(tiny: Dataset, folder: Path, tmp_path: Path):
    loaded = load(folder, tmp_path)
    expected = by_split(tiny)
    assert len(expected) > 1
    assert set(loaded) == set(expected)
    for split, rows in expected.items():
        found = list(loaded[split].select_columns(list(COLUMNS)))
        assert found == [{name: row[name] for name in COLUMNS} for row in rows]


def test_every_blob_comes_back_and_what_a_pair_lacks_is_null(tiny: Dataset, folder: Path, tmp_path: Path):
    lacking = 0
    for split, rows in by_split(tiny).items():
        loaded = as_bytes(load(folder, tmp_path, split=split), VIDEOS + IMAGES)
        for found, row in zip(loaded, rows, strict=True):
            assert found["annotations"] == tiny.blob(row, "annotations")
            for name in VIDEOS + IMAGES:
                if schema.lacks(row, name):
                    assert found[name] is None
                    lacking += 1
                else:
                    assert found[name]["bytes"] == tiny.blob(row, name)
                    assert found[name]["path"].endswith(Path(schema.BLOBS[name]).suffix)
    assert lacking


def test_images_decode_to_the_stored_pictures_and_labels(tiny: Dataset, folder: Path, tmp_path: Path):
    for split, rows in by_split(tiny).items():
        loaded = load(folder, tmp_path, split=split).select_columns(["reference", "reference_mask"])
        for found, row in zip(loaded, rows, strict=True):
            assert np.array_equal(np.asarray(found["reference"]), tiny.reference(row))
            assert np.array_equal(np.asarray(found["reference_mask"]), tiny.labels(row, "reference_mask"))


def test_the_features_are_videos_and_images(folder: Path, tmp_path: Path):
    features = load(folder, tmp_path, split="train").features
    assert all(isinstance(features[name], datasets.Video) for name in VIDEOS)
    assert all(isinstance(features[name], datasets.Image) for name in IMAGES)
    assert features["slots"] == datasets.List(datasets.Value("int8"))
    assert features["motion_energy"] == datasets.Value("float64")
    for path in folder.glob("*/*.parquet"):  # what stands in the file is what `datasets` would write
        written = pq.read_schema(path)
        assert written.equals(datasets.Features.from_arrow_schema(written).arrow_schema, check_metadata=False)


def test_videos_decode_to_the_stored_frames(tiny: Dataset, folder: Path, tmp_path: Path):
    """`datasets` decodes by torchcodec, which upsamples chroma otherwise: at edges of colours it is apart."""
    pytest.importorskip("torchcodec", exc_type=ImportError)
    for split, rows in by_split(tiny).items():
        loaded = load(folder, tmp_path, split=split)
        for found, row in zip(loaded, rows, strict=True):
            for name in ("driving", "target"):
                frames = found[name].get_frames_in_range(0, row["frames"]).data
                off = np.abs(frames.permute(0, 2, 3, 1).numpy().astype(int) - tiny.video(row, name))
                assert np.median(off) <= 1
                assert (off <= 3).mean() > 0.8
            mask = found["driving_mask"].get_frames_in_range(0, row["frames"]).data[:, 0].numpy()
            labels = np.rint(mask.astype(float) * 219 / 255 / 31).astype(int)  # as the card says
            assert np.array_equal(labels, tiny.labels(row, "driving_mask"))


def test_it_streams(tiny: Dataset, folder: Path, tmp_path: Path):
    streamed = load(folder, tmp_path, split="train", streaming=True).select_columns(["pair_id", "caption"])
    assert list(streamed) == [
        {name: row[name] for name in ("pair_id", "caption")} for row in by_split(tiny)["train"]
    ]


def test_the_card_names_configurations_splits_size_and_licence(folder: Path):
    assert datasets.get_dataset_config_names(str(folder)) == ["default", "preview"]
    card = huggingface_hub.DatasetCard.load(folder / "README.md", ignore_metadata_errors=False)
    assert card.data.license == "apache-2.0"
    assert card.data.size_categories == ["n<1K"]
    info = {entry["config_name"]: entry["splits"] for entry in card.data.dataset_info}
    assert {split["name"]: split["num_examples"] for split in info["default"]} == {
        "train": 5,
        "validation": 2,
    }
    assert "| blobs | CC0-1.0 | synthetic | 7 |" in card.text
    assert all(f"| `{name}` |" in card.text for name in (*COLUMNS, *schema.BLOBS))


def test_an_asset_of_another_licence_is_not_hidden(
    tiny_plan: Plan, tiny_pairs: dict[int, synthetic.Pair], tmp_path: Path
):
    bought = {"name": "bought | <b>", "licence": "CC-BY-NC-4.0 (mesh), CC0-1.0", "source": "a shop"}
    row, blobs = tiny_pairs[0]
    pairs = tiny_pairs | {0: (row | {"assets": [*row["assets"], bought]}, blobs)}
    out = synthetic.build_dataset(tmp_path, tiny_plan, pairs)
    export(out, "huggingface", tmp_path / "hub")
    card = huggingface_hub.DatasetCard.load(tmp_path / "hub" / "README.md")
    assert (card.data.license, card.data.license_name) == ("other", "see-licences")
    assert r"| bought \| \<b\> | CC-BY-NC-4.0 (mesh), CC0-1.0 | a shop | 1 |" in card.text


def test_the_preview_has_pairs_of_every_split_and_stratum(tiny: Dataset, folder: Path, tmp_path: Path):
    loaded = load(folder, tmp_path, "preview")
    for split, rows in by_split(tiny).items():
        found = as_bytes(loaded[split], ("driving", "target"))
        assert {row["stratum"] for row in found} == {row["stratum"] for row in rows}
        for shown in found:
            row = tiny.row(shown["pair_id"])
            assert shown["as_stored"]
            assert shown["driving"]["bytes"] == tiny.blob(row, "driving")
            assert np.array_equal(np.asarray(shown["reference"]), tiny.reference(row))


def test_the_preview_is_a_few_pairs_of_many(tiny: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(huggingface, "PREVIEW_PAIRS", 1)
    chosen = huggingface._preview_positions(tiny)
    shown = {(row["split"], row["stratum"]) for i, row in enumerate(tiny.rows()) if i in chosen}
    assert shown == {(row["split"], row["stratum"]) for row in tiny.rows()}
    assert len(chosen) == len(shown) < len(tiny)


def test_a_row_too_long_for_the_viewer_is_encoded_smaller(
    tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stored = Dataset(tiny_dataset)
    most = 6000
    assert any(sum(r[n]["length"] for n in ("driving", "target", "reference")) > most for r in stored.rows())
    monkeypatch.setattr(huggingface, "PREVIEW_BYTES", most + huggingface._TEXT_BYTES)
    export(tiny_dataset, "huggingface", tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "preview" / "train-00000-of-00001.parquet")
    smaller = [row for row in table.to_pylist() if not row["as_stored"]]
    assert smaller
    for row in smaller:
        assert sum(len(row[name]["bytes"]) for name in ("driving", "target", "reference")) <= most
        frames = media.decode_video(row["target"]["bytes"], frames=row["frames"], fps=row["fps"])
        whole = stored.video(stored.row(row["pair_id"]), "target")
        by = whole.shape[1] // frames.shape[1]
        assert np.abs(frames.mean(axis=(0, 1, 2)) - whole.mean(axis=(0, 1, 2))).max() < 4, by


@pytest.mark.parametrize("by", [2, 4])
def test_shrinking_takes_means_and_keeps_sides_even(by: int):
    frames = np.random.default_rng(0).integers(0, 256, (2, 14 * by, 11 * by, 3), np.uint8)
    small = huggingface._shrunk(frames, by)
    assert small.shape == (2, 14, 10, 3)
    block = frames[1, by : 2 * by, :by].reshape(-1, 3).mean(axis=0)
    assert np.abs(small[1, 1, 0] - block).max() <= 0.5


def test_long_splits_fill_several_files_in_order(
    tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(huggingface, "GROUP_BYTES", 1)
    monkeypatch.setattr(huggingface, "FILE_BYTES", 50_000)
    out = tmp_path / "out"
    export(tiny_dataset, "huggingface", out)
    names = sorted(path.name for path in (out / "data").glob("train-*"))
    assert len(names) > 1
    assert names == [f"train-{i:05d}-of-{len(names):05d}.parquet" for i in range(len(names))]
    groups = [pq.ParquetFile(out / "data" / name).metadata for name in names]
    assert sum(facts.num_row_groups for facts in groups) == 5
    expected = [row["pair_id"] for row in by_split(Dataset(tiny_dataset))["train"]]
    assert load(out, tmp_path, split="train")["pair_id"][:] == expected


def test_splits_are_in_order_and_one_without_pairs_is_not_there(tiny_plan: Plan, tmp_path: Path):
    specs = [replace(synthetic.pair_spec(slot), split=s) for slot, s in ((0, "test"), (4, "train"))]
    pairs = {spec.slot: synthetic.pair_files(spec) for spec in specs}
    out = synthetic.build_dataset(tmp_path, tiny_plan, pairs)
    export(out, "huggingface", tmp_path / "hub")
    assert list(load(tmp_path / "hub", tmp_path)) == ["train", "test"]


def test_a_part_of_a_dataset_says_so(tiny_dataset: Path, tmp_path: Path):
    take(tiny_dataset, "validation", tmp_path / "part")
    export(tmp_path / "part", "huggingface", tmp_path / "hub")
    assert list(load(tmp_path / "hub", tmp_path)) == ["validation"]
    card = (tmp_path / "hub" / "README.md").read_text()
    assert "Made by `take` validation of other datasets." in card
    assert "Of 8 slots 2 have a pair" in card
