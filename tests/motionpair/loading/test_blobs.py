"""Blobs by offset: mapped on a disk, ranged reads elsewhere, few open files, whole or an error."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from motionpair.errors import DataError, InputError
from motionpair.loading.blobs import Blobs, MappedBytes
from motionpair.loading.index import Index
from motionpair.location import Location, open_location

CONTENT = [np.random.default_rng(i).bytes(5000) for i in range(70)]
NAMES = [f"shards/shard-{i:05d}.parquet" for i in range(70)]


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Location:
    """Seventy small files of random bytes."""
    folder = tmp_path_factory.mktemp("blobs")
    (folder / "shards").mkdir()
    for name, data in zip(NAMES, CONTENT, strict=True):
        (folder / name).write_bytes(data)
    return open_location(folder)


def remote(location: Location) -> Location:
    """The location as a bucket has it: a file system and no folder."""
    return replace(location, folder=None)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def mapped_files(folder: Path) -> int:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum(str(folder.resolve()) in line for line in lines)


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_any_range_of_any_shard_is_read(location, where):
    blobs = Blobs(location if where == "disk" else remote(location), NAMES)
    rng = np.random.default_rng(3)
    for _ in range(40):
        shard, offset = int(rng.integers(70)), int(rng.integers(4000))
        length = int(rng.integers(1000))
        assert bytes(blobs.read(shard, offset, length)) == CONTENT[shard][offset : offset + length]


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_many_are_read_in_the_order_asked_for(location, where):
    blobs = Blobs(location if where == "disk" else remote(location), NAMES)
    places = [(3, 4000, 10), (1, 0, 0), (3, 10, 100), (3, 50, 7), (69, 4990, 10), (3, 10, 100)]
    found = blobs.read_many(places)
    assert [bytes(data) for data in found] == [CONTENT[s][o : o + n] for s, o, n in places]


def test_every_blob_of_a_dataset_has_its_checksum(tiny_dataset):
    index = Index(tiny_dataset)
    blobs = Blobs(index.location, index.shards)
    for column, of in index.places.items():
        for i, digest in enumerate(index.digests(column)):
            data = blobs.read(*(int(array[i]) for array in (of.shard, of.offset, of.length)))
            assert hashlib.sha256(data).digest() == digest.tobytes()


def test_a_blob_on_a_disk_is_a_read_only_view_of_the_file(location):
    data = Blobs(location, NAMES).read(5, 100, 50)
    assert isinstance(data, MappedBytes)
    with pytest.raises(ValueError, match="read-only"):
        data[0] = 1
    assert np.shares_memory(data, Blobs.read(blobs := Blobs(location, NAMES), 5, 100, 50)) is False
    assert np.shares_memory(blobs.read(5, 90, 20), blobs.read(5, 100, 50))


def test_seventy_shards_on_a_disk_leave_no_file_open(location):
    before, blobs = open_files(), Blobs(location, NAMES)
    held = [blobs.read(shard, 0, 10) for shard in range(70)]
    assert open_files() == before
    assert [bytes(data) for data in held] == [content[:10] for content in CONTENT]


def test_shards_that_nobody_holds_are_unmapped(location):
    before, blobs = mapped_files(location.folder), Blobs(location, NAMES, open_files=4)
    for shard in range(70):
        blobs.read(shard, 0, 10)
    assert mapped_files(location.folder) - before <= 4


@pytest.mark.parametrize("most", [1, 12, 64])
def test_elsewhere_at_most_so_many_files_stay_open(location, most):
    before, blobs = open_files(), Blobs(remote(location), NAMES, open_files=most)
    for shard in range(70):
        blobs.read(shard, 0, 10)
        assert open_files() - before <= most


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_a_truncated_shard_is_an_error_that_names_shard_and_offset(tmp_path, where):
    (tmp_path / "shards").mkdir()
    for name, size in zip(NAMES, (100, 0), strict=False):
        (tmp_path / name).write_bytes(b"x" * size)
    location = open_location(tmp_path)
    blobs = Blobs(location if where == "disk" else remote(location), NAMES[:3])
    assert bytes(blobs.read(0, 90, 10)) == b"x" * 10
    with pytest.raises(DataError, match=r"shard-00000.parquet: ends at byte 100, before the 20 bytes at 90"):
        blobs.read(0, 90, 20)
    with pytest.raises(DataError, match=r"shard-00001.parquet: ends at byte 0"):
        blobs.read(1, 0, 1)
    with pytest.raises(DataError, match=r"shard-00002.parquet: cannot be read"):
        blobs.read(2, 0, 1)


def test_a_link_out_of_the_dataset_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "out" / "shards").mkdir(parents=True)
    (tmp_path / "out" / NAMES[0]).symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="leads out of the dataset"):
        Blobs(open_location(tmp_path / "out"), NAMES).read(0, 0, 6)


def test_no_open_file_at_all_is_refused(location):
    with pytest.raises(InputError, match="open_files"):
        Blobs(location, NAMES, open_files=0)


def _serve(pipe: Connection, blobs: Blobs) -> None:
    """In another process: read the places that come and send the blobs back."""
    while (place := pipe.recv()) is not None:
        pipe.send(blobs.read(*place))


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_blobs_go_to_spawned_processes_and_come_back(location, where):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    blobs = Blobs(location if where == "disk" else remote(location), NAMES)
    blobs.read(0, 0, 1)
    process = context.Process(target=_serve, args=(there, blobs))
    process.start()
    for place in [(2, 100, 4000), (60, 0, 5000), (2, 7, 0)]:
        here.send(place)
        data = here.recv()
        assert bytes(data) == CONTENT[place[0]][place[1] : place[1] + place[2]]
    here.send(None)
    process.join()
    assert process.exitcode == 0


def test_a_mapped_blob_travels_between_processes_as_its_place(location):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    there.send(Blobs(location, NAMES).read(1, 0, 5000))
    assert len(here.recv_bytes()) < 500


def test_a_file_replaced_on_the_way_is_an_error(tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / NAMES[0]).write_bytes(b"x" * 100)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    there.send(Blobs(open_location(tmp_path), NAMES).read(0, 0, 100))
    (tmp_path / "new").write_bytes(b"y" * 200)
    (tmp_path / "new").replace(tmp_path / NAMES[0])
    with pytest.raises(DataError, match="was replaced"):
        here.recv()


def test_elsewhere_pickled_and_derived_arrays_hold_their_bytes(location):
    data = Blobs(location, NAMES).read(9, 10, 20)
    for array in (data, data[::2], data + 1, data.view(np.uint16)):
        again = pickle.loads(pickle.dumps(array))
        assert type(again) is np.ndarray
        np.testing.assert_array_equal(again, array)


class TestCache:
    """What is read from elsewhere is kept in a folder of bounded size."""

    def test_a_second_read_does_not_need_the_source(self, tmp_path):
        (tmp_path / "out" / "shards").mkdir(parents=True)
        (tmp_path / "out" / NAMES[0]).write_bytes(CONTENT[0])
        blobs = Blobs(remote(open_location(tmp_path / "out")), NAMES, cache=tmp_path / "cache")
        first = blobs.read(0, 50, 500)
        (tmp_path / "out" / NAMES[0]).unlink()
        assert pickle.loads(pickle.dumps(blobs)).read(0, 50, 500) == first == CONTENT[0][50:550]
        with pytest.raises(DataError, match="cannot be read"):
            pickle.loads(pickle.dumps(blobs)).read(0, 51, 500)

    def test_it_never_holds_more_than_it_may(self, location, tmp_path):
        most = 64 * 1000
        blobs = [Blobs(remote(location), NAMES, cache=tmp_path, cache_bytes=most) for _ in range(3)]
        held = []
        for i in range(300):
            blobs[i % 3].read(i % 70, 10 * i, 900)
            held.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
        assert max(held) <= most
        assert max(held) > most / 2

    def test_what_was_used_last_stays(self, location, tmp_path):
        blobs = Blobs(remote(location), NAMES, cache=tmp_path, cache_bytes=64 * 1000)
        blobs.read(0, 0, 900)
        kept = next(tmp_path.iterdir())
        for i in range(200):
            blobs.read(1 + i % 60, i, 900)
            blobs.read(0, 0, 900)
        assert kept.exists()

    def test_a_damaged_entry_is_read_anew(self, location, tmp_path):
        blobs = Blobs(remote(location), NAMES, cache=tmp_path)
        blobs.read(0, 0, 100)
        next(tmp_path.iterdir()).write_bytes(b"half")
        assert blobs.read(0, 0, 100) == CONTENT[0][:100]

    def test_another_dataset_at_the_place_has_other_entries(self, location, tmp_path):
        one, other = (Blobs(remote(location), NAMES, [d] * 70, cache=tmp_path) for d in ("ab", "cd"))
        one.read(0, 0, 100)
        other.read(0, 0, 100)
        assert len(list(tmp_path.iterdir())) == 2

    def test_a_folder_that_cannot_be_made_is_refused(self, location, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(InputError, match="cannot hold a cache"):
            Blobs(remote(location), NAMES, cache=tmp_path / "file" / "cache")
