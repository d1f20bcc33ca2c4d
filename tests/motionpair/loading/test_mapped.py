"""Blobs as views of mapped files: the same bytes, few files, and errors where a file cannot be read."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from motionpair import PairDataset
from motionpair.errors import DataError
from motionpair.loading.blobs import Blobs
from motionpair.loading.mapped import MAPPED, MappedFile, MappedFiles
from motionpair.location import open_location

FIELDS = ("driving", "target_mask", "reference_back", "annotations", "caption", "pair_id")
CONTENT = [np.random.default_rng(i).bytes(50_000) for i in range(70)]
NAMES = [f"shards/shard-{i:05d}.parquet" for i in range(70)]

pytestmark = pytest.mark.skipif(MAPPED is None, reason="the system cannot map files safely")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seventy files of random bytes."""
    (tmp_path / "shards").mkdir()
    for name, data in zip(NAMES, CONTENT, strict=True):
        (tmp_path / name).write_bytes(data)
    return tmp_path


def maps() -> int:
    """How many mappings of such files the process has."""
    return Path("/proc/self/maps").read_text().count("/shards/shard-")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_samples_are_those_that_are_read(tiny_dataset):
    dataset = PairDataset(tiny_dataset, FIELDS, None, decode=False)
    for i in range(len(dataset)):
        sample, read = dataset[i], dataset.raw(i)
        assert {name: bytes(sample[name]) for name in read} == read


def _serve(pipe: Connection, blobs: Blobs) -> None:
    """In another process: send the blobs of the places that come."""
    while (place := pipe.recv()) is not None:
        pipe.send(blobs.read_to_send(*place, "a blob"))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_views_of_another_process_are_views_here(folder, method):
    here, there = (context := multiprocessing.get_context(method)).Pipe()
    blobs = Blobs(open_location(folder), NAMES)
    blobs.read_to_send(2, 0, 20_000, "a blob")
    process = context.Process(target=_serve, args=(there, blobs))
    process.start()
    for shard, offset, length in [(2, 100, 40_000), (60, 0, 50_000), (2, 7, 100)]:
        here.send((shard, offset, length))
        assert here.recv().tobytes() == CONTENT[shard][offset : offset + length]
    here.send(None)
    process.join()
    assert process.exitcode == 0


def test_a_view_travels_as_its_place_and_is_a_view_there(folder):
    here, there = multiprocessing.Pipe()
    data = Blobs(open_location(folder), NAMES).read_to_send(3, 1000, 40_000, "a blob")
    there.send(data)
    message = here.recv_bytes()
    assert len(message) < 1000
    again = pickle.loads(message)
    assert not again.flags.writeable
    assert again.tobytes() == CONTENT[3][1000:41_000]
    there.send(again)  # and on from there
    assert here.recv().tobytes() == CONTENT[3][1000:41_000]
    assert pickle.loads(pickle.dumps(again)).tobytes() == CONTENT[3][1000:41_000]


def test_so_many_files_stay_mapped_and_none_open(folder):
    files, opened, before = MappedFiles(5), open_files(), maps()
    views = []
    for name, data in zip(NAMES, CONTENT, strict=True):
        view = files.get(name, lambda name=name: folder / name).view(100, 7)
        assert view.tobytes() == data[7:107]
        views += [view] if name == NAMES[0] else []
    assert maps() - before == 5 + 1
    assert open_files() == opened
    assert views[0].tobytes() == CONTENT[0][7:107]


def test_threads_get_the_bytes_they_asked_for(folder):
    files = MappedFiles(2)

    def check(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(200):
            shard, offset = int(rng.integers(70)), int(rng.integers(40_000))
            view = files.get(shard, lambda shard=shard: folder / NAMES[shard]).view(900, offset)
            assert view.tobytes() == CONTENT[shard][offset : offset + 900]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(check, range(8)))


def test_what_a_file_does_not_hold_is_an_error(folder):
    blobs = Blobs(open_location(folder), [*NAMES[:2], "shards/missing.parquet"])
    (folder / NAMES[1]).write_bytes(b"")
    with pytest.raises(DataError, match=r"shard-00000.parquet: is truncated: has 10000 of the 20000 bytes"):
        blobs.read_to_send(0, 40_000, 20_000, "a blob")
    with pytest.raises(DataError, match=r"shard-00001.parquet: is truncated: has 0 of the 20000 bytes at 0"):
        blobs.read_to_send(1, 0, 20_000, "a blob")
    with pytest.raises(DataError, match=r"missing.parquet: 20000 bytes at 0 cannot be read"):
        blobs.read_to_send(2, 0, 20_000, "a blob")


def test_a_file_truncated_since_it_was_mapped_is_an_error_and_no_signal(folder):
    blobs = Blobs(open_location(folder), NAMES)
    before = blobs.read_to_send(0, 20_000, 30_000, "a blob")
    here, there = multiprocessing.Pipe()
    with (folder / NAMES[0]).open("rb+") as file:
        file.truncate(21_000)
    with pytest.raises(
        DataError, match=r"shard-00000.parquet: 30000 bytes at 20000 cannot be read \(.*truncated"
    ):
        blobs.read_to_send(0, 20_000, 30_000, "a blob")
    assert blobs.read_to_send(0, 0, 20_000, "a blob").tobytes() == CONTENT[0][:20_000]
    there.send(before)
    with pytest.raises(DataError, match="a blob: the file was replaced or truncated"):
        here.recv()


def test_a_file_replaced_on_the_way_is_an_error(folder):
    here, there = multiprocessing.Pipe()
    there.send(Blobs(open_location(folder), NAMES).read_to_send(0, 0, 20_000, "a blob"))
    (folder / "new").write_bytes(b"y" * 50_000)
    (folder / "new").replace(folder / NAMES[0])
    with pytest.raises(DataError, match="a blob: the file was replaced"):
        here.recv()


def test_a_mapped_file_is_named_by_what_it_was_when_it_was_mapped(folder):
    file = MappedFile(folder / NAMES[0])
    (folder / "new").write_bytes(b"y" * 50_000)
    (folder / "new").replace(folder / NAMES[0])
    assert file.view(100, 0).tobytes() == CONTENT[0][:100]
    assert file.identity != MappedFile(folder / NAMES[0]).identity


def test_a_link_out_of_the_dataset_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret" * 10_000)
    (tmp_path / "out" / "shards").mkdir(parents=True)
    (tmp_path / "out" / NAMES[0]).symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="leads out of the dataset"):
        Blobs(open_location(tmp_path / "out"), NAMES).read_to_send(0, 0, 20_000, "a blob")
