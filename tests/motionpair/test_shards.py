"""Shards: the same bytes from the same pairs, whole or not at all, and blobs where the footer says."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import metadata, schema, shards
from motionpair.errors import DataError
from motionpair.location import Location, open_location
from motionpair.specs import PairSpec

COUNT = 11
EXTRAS = {0: (), 1: (synthetic.BACK,), 2: (synthetic.BACK, synthetic.FACE)}


def spec_of(slot: int) -> PairSpec:
    """Some pairs have additional references, others none: the first of a row group among them."""
    return replace(synthetic.pair_spec(slot), extra_references=EXTRAS[slot % 3])


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("staging")
    return [synthetic.stage_pair(root, spec_of(slot)) for slot in range(COUNT)]


@pytest.fixture(scope="module")
def shard(staged: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shard") / "shard-00000.parquet"
    shards.write_shard(path, staged, {"plan": "p"})
    return path


def test_a_shard_gives_back_rows_and_blobs(shard: Path, staged: list[Path]) -> None:
    rows = list(shards.rows(shard))
    assert [row["slot"] for row in rows] == list(range(COUNT))
    for row, places, folder in zip(rows, shards.blob_table(shard), staged, strict=True):
        assert row == synthetic.pair_files(spec_of(row["slot"]))[0]
        assert places.keys() == schema.BLOBS.keys()
        for name, place in places.items():
            expected = (folder / schema.BLOBS[name]).read_bytes()
            assert shards.read_blob(shard, place.offset, place.length) == expected


def test_any_parquet_reader_finds_the_same(shard: Path, staged: list[Path]) -> None:
    table = pq.read_table(shard)
    assert table["driving"][9].as_py() == (staged[9] / "driving.mp4").read_bytes()
    file = pq.ParquetFile(shard)
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [8, 3]
    assert not any(field.nullable for field in file.schema_arrow)
    assert file.metadata.metadata == {b"plan": b"p", b"schema_version": str(schema.SCHEMA_VERSION).encode()}
    chunk = file.metadata.row_group(0).column(0)
    assert chunk.has_offset_index
    assert chunk.compression == "ZSTD"


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(COUNT)), first=st.integers(1, COUNT - 1))
def test_bytes_depend_on_neither_order_nor_rewrites(
    order: list[int], first: int, shard: Path, staged: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("again") / "shard-00000.parquet"
    shards.write_shard(path, [staged[i] for i in order[:first]], {"plan": "p"})
    assert path.read_bytes() != shard.read_bytes()
    shards.extend_shard(path, [staged[i] for i in order[first:]])
    assert path.read_bytes() == shard.read_bytes()


def test_blobs_are_read_through_any_pyarrow_file_system(shard: Path) -> None:
    memory = pyarrow.fs._MockFileSystem()
    memory.create_dir("bucket/shards")
    with memory.open_output_stream("bucket/shards/shard-00000.parquet") as stream:
        stream.write(shard.read_bytes())
    bucket = Location("mock://bucket", pyarrow.fs.SubTreeFileSystem("bucket", memory), None)
    name = shards.shard_name(0)
    assert list(bucket.names()) == [name]
    with bucket.open(name) as source:
        places = shards.blob_table(source)
    place = places[4]["target"]
    expected = shards.read_blob(shard, place.offset, place.length)
    assert shards.read_blob(bucket, place.offset, place.length, name) == expected


def test_a_failed_write_leaves_the_old_shard_and_no_rubbish(
    shard: Path, staged: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "shard-00000.parquet"
    shards.write_shard(path, staged[:2])
    before = path.read_bytes()
    row, blobs = synthetic.pair_files(synthetic.pair_spec(5))
    incomplete = synthetic.write_staging(tmp_path / "staged", row, blobs)
    (incomplete / "target.mp4").unlink()
    with pytest.raises(DataError, match=r"target\.mp4"):
        shards.extend_shard(path, [incomplete])
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, "staged"]


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", "[" * 100_000], ids=range(5))
def test_a_staged_row_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    row, blobs = synthetic.pair_files(synthetic.pair_spec(5))
    folder = synthetic.write_staging(tmp_path / "staged", row, blobs)
    (folder / "row.json").write_text(text)
    with pytest.raises(DataError):
        shards.write_shard(tmp_path / "shard.parquet", [folder])


@pytest.mark.parametrize(
    ("column", "data", "message"),
    [
        ("reference", b"", "reference: expected at least 1 byte"),
        ("reference_back", b"", "reference_back: expected at least 1 byte"),
        ("reference_back_mask", b"", r"reference_back_mask: expected at least 1 byte .*back"),
        ("reference_face", b"x", "reference_face: expected no bytes"),
    ],
)
def test_blobs_are_there_where_the_row_says_so(
    column: str, data: bytes, message: str, tmp_path: Path
) -> None:
    row, blobs = synthetic.pair_files(spec_of(4))  # has a back, but no face
    folder = synthetic.write_staging(tmp_path / "staged", row, blobs | {column: data})
    with pytest.raises(DataError, match=message):
        shards.write_shard(tmp_path / "shard.parquet", [folder])


def test_two_pairs_of_one_slot_or_none_are_refused(staged: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got slots \[1, 1\]"):
        shards.write_shard(tmp_path / "shard.parquet", [staged[1], staged[1]])
    with pytest.raises(ValueError, match=r"got slots \[\]"):
        shards.write_shard(tmp_path / "shard.parquet", [])


def test_a_shard_written_by_other_rules_is_refused(shard: Path) -> None:
    table = pq.read_table(shard)
    for options in (
        {"compression": "zstd", "use_dictionary": False},
        {"compression": "none", "use_dictionary": True},
        {"compression": "none", "use_dictionary": False, "data_page_size": 1, "write_batch_size": 1},
    ):
        buffer = io.BytesIO()
        pq.write_table(table, buffer, **options)
        with pytest.raises(DataError, match="plain uncompressed"):
            shards.blob_table(pa.BufferReader(buffer.getvalue()))


def test_a_blob_beyond_the_file_is_refused(shard: Path) -> None:
    for offset, length in ((shard.stat().st_size, 1), (0, 1 << 40), (-1, 4)):
        with pytest.raises(DataError):
            shards.read_blob(shard, offset, length)


def test_names_that_leave_the_dataset_are_refused(shard: Path, tmp_path: Path) -> None:
    root = tmp_path / "out"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "link").symlink_to(tmp_path / "secret")
    location = open_location(root)
    for name in ("../secret", "/etc/passwd", "a/../../secret", "link", "", "a//b", "a\\b", ".hidden"):
        with pytest.raises(DataError):
            location.read(name)


def test_metadata_lists_every_blob_and_stays_small(shard: Path, tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    (tmp_path / shards.shard_name(0)).write_bytes(shard.read_bytes())
    metadata.build_metadata(tmp_path, [shards.shard_name(0)])
    first = (tmp_path / "metadata.parquet").read_bytes()
    metadata.build_metadata(tmp_path, [shards.shard_name(0)])
    assert (tmp_path / "metadata.parquet").read_bytes() == first
    assert len(first) <= 4096 * COUNT
    for row in metadata.read_metadata(open_location(tmp_path)).to_pylist():
        for name in schema.BLOBS:
            place = row[name]
            data = shards.read_blob(tmp_path / place["shard"], place["offset"], place["length"])
            assert hashlib.sha256(data).hexdigest() == place["sha256"]


def test_metadata_of_no_shards_is_an_empty_table(tmp_path: Path) -> None:
    metadata.build_metadata(tmp_path, [])
    assert metadata.read_metadata(open_location(tmp_path)).num_rows == 0
