"""The index: what the metadata says of every pair, as arrays."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from motionpair import durable, manifest, schema
from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError
from motionpair.fields import to_plain
from motionpair.loading.index import Index

ALL = tuple(schema.COLUMNS)


@pytest.fixture(scope="module")
def index(tiny_dataset: Path) -> Index:
    return Index(tiny_dataset, columns=ALL)


@pytest.fixture(scope="module")
def rows(tiny_dataset: Path) -> list[dict]:
    return list(Dataset(tiny_dataset).rows())


def test_every_column_has_the_values_of_the_rows(index, rows):
    assert len(index) == len(rows)
    for name in ALL:
        values = index.columns[name]
        assert len(values) == len(rows)
        assert [values[i] for i in range(len(rows))] == [row[name] for row in rows]


def test_places_are_those_of_the_rows(index, rows):
    for column, of in index.places.items():
        digests = index.digests(column)
        for i, row in enumerate(rows):
            place = row[column]
            assert index.shards[of.shard[i]] == place["shard"]
            assert (of.offset[i], of.length[i]) == (place["offset"], place["length"])
            assert digests[i].tobytes().hex() == place["sha256"]


def test_groups_are_those_of_the_rows(index, rows):
    assert index.pair_ids.tolist() == [row["pair_id"] for row in rows]
    for name, names in (("stratum", "strata"), ("split", "splits"), ("driving_kind", "driving_kinds")):
        codes, values = getattr(index, name), getattr(index, names)
        assert [values[code] for code in codes] == [row[name] for row in rows]
        assert list(values) == sorted(set(values))
    for i, row in enumerate(rows):
        bucket = index.buckets[index.bucket[i]]
        assert (bucket.width, bucket.height, bucket.frames) == (row["width"], row["height"], row["frames"])


def test_a_split_has_its_pairs_with_all_that_belongs_to_them(index, rows):
    taken = {split: index.take(split) for split in ("train", "validation", "test")}
    assert sum(map(len, taken.values())) == len(index)
    for split, some in taken.items():
        expected = [i for i, row in enumerate(rows) if row["split"] == split]
        assert some.rows.tolist() == expected
        assert [some.columns["caption"][i] for i in range(len(some))] == [
            rows[i]["caption"] for i in expected
        ]
        np.testing.assert_array_equal(some.digests("target"), index.digests("target")[expected])
        np.testing.assert_array_equal(some.places["target"].offset, index.places["target"].offset[expected])
        assert some.strata == index.strata


def test_pairs_picked_twice_over_are_still_themselves(index, rows):
    some = index.pick(np.array([6, 2, 4])).pick(np.array([2, 0, 0]))
    assert [some.columns["slots"][i] for i in range(3)] == [rows[i]["slots"] for i in (4, 6, 6)]


def test_it_goes_to_another_process_whole(index):
    again = pickle.loads(pickle.dumps(index.take("train")))
    assert again.pair_ids.tolist() == index.take("train").pair_ids.tolist()
    assert again.columns["assets"][0] == index.take("train").columns["assets"][0]


def test_only_what_is_asked_for_is_there(tiny_dataset):
    index = Index(tiny_dataset, columns=["caption"], blobs=["target"])
    assert set(index.places) == {"target"}
    assert set(index.columns) == {"caption"}


def test_unknown_names_are_refused(tiny_dataset, index):
    with pytest.raises(InputError, match="'captoin': no such column"):
        Index(tiny_dataset, columns=["captoin"])
    with pytest.raises(InputError, match="'caption': no such column"):
        Index(tiny_dataset, blobs=["caption"])
    with pytest.raises(InputError, match="expected train, validation, test, got 'dev'"):
        index.take("dev")


@pytest.fixture
def copy(tiny_dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_dataset, tmp_path / "copy"))


def test_another_schema_version_is_refused(copy):
    plain = to_plain(manifest.read_manifest(Dataset(copy).location)) | {"schema_version": 2}
    data = json.dumps(plain).encode()
    durable.write_bytes(copy / manifest.MANIFEST, data)
    digest = hashlib.sha256(data).hexdigest()
    durable.write_bytes(copy / manifest.CHECKSUM, f"{digest}  {manifest.MANIFEST}\n".encode())
    with pytest.raises(DataError, match=r"manifest.json: schema_version: expected 3, got 2"):
        Index(copy)


def test_damaged_metadata_is_refused(copy):
    path = copy / "metadata.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"metadata.parquet"):
        Index(copy, columns=ALL)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"metadata.parquet"):
        Index(copy)


def change_place(folder: Path, row: int, **change: object) -> None:
    """State another place of a target clip in the metadata."""
    table = pq.read_table(folder / "metadata.parquet")
    values = table["target"].to_pylist()
    values[row] |= change
    column = table.schema.get_field_index("target")
    field = table.schema.field(column)
    table = table.set_column(column, field, pa.array(values, field.type))
    pq.write_table(table, folder / "metadata.parquet")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offset": -1}, "pair tiny-5-000003: .* at -1 do not lie in shards/shard-00000.parquet"),
        ({"length": 1 << 40}, "pair tiny-5-000003"),
        ({"offset": (1 << 63) - 2}, "pair tiny-5-000003"),
        ({"shard": "../../etc/passwd"}, "'../../etc/passwd', which is no shard"),
        ({"shard": "shards/shard-00009.parquet"}, "no shard of the dataset"),
    ],
)
def test_a_place_outside_of_the_shards_is_refused(copy, change, message):
    change_place(copy, 3, **change)
    with pytest.raises(DataError, match=message):
        Index(copy)


def test_a_checksum_that_is_none_is_refused(copy):
    change_place(copy, 3, sha256="x" * 64)
    with pytest.raises(DataError, match=r"target.sha256: expected 64 hexadecimal digits"):
        Index(copy).digests("target")
