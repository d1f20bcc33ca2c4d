"""Blobs by offset: from a disk, by ranges from elsewhere, with few open files, whole or an error."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from motionpair.errors import DataError, InputError
from motionpair.loading.blobs import Blobs
from motionpair.loading.cache import FOLDER
from motionpair.loading.index import Index
from motionpair.loading.open_files import OPENED, OpenFiles
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


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
@pytest.mark.parametrize("most", [1, 12, 64])
def test_at_most_so_many_files_stay_open(location, where, most):
    before = open_files()
    blobs = Blobs(location if where == "disk" else remote(location), NAMES, files=OpenFiles(most))
    for shard in range(70):
        blobs.read(shard, 0, 10)
        assert open_files() - before <= most


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_several_datasets_share_the_open_files_of_a_process(location, where):
    files, before = OpenFiles(8), open_files()
    several = [Blobs(location if where == "disk" else remote(location), NAMES, files=files) for _ in range(4)]
    for shard in range(70):
        for blobs in several:
            blobs.read_many([(shard, 0, 10), ((shard + 1) % 70, 0, 10)])
            assert open_files() - before <= 8


def test_the_files_of_a_process_are_64_at_most():
    assert OPENED.most == 64


def test_threads_read_files_that_others_close(location):
    """Each thread gets the bytes it asked for, however few files may be open."""
    blobs = Blobs(location, NAMES, files=OpenFiles(2))

    def check(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(300):
            shard, offset = int(rng.integers(70)), int(rng.integers(4000))
            assert blobs.read(shard, offset, 900) == CONTENT[shard][offset : offset + 900]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(check, range(8)))


def _files_of_a_child(blobs: Blobs, pipe: Connection) -> None:
    before = open_files()
    same = all(blobs.read(shard, 5, 100) == CONTENT[shard][5:105] for shard in range(70))
    pipe.send((before, open_files(), same))


def test_a_forked_process_closes_its_parents_files(location):
    empty, blobs = open_files(), Blobs(location, NAMES, files=OpenFiles(20))
    for shard in range(70):
        blobs.read(shard, 0, 10)
    assert open_files() - empty == 20
    here, there = (context := multiprocessing.get_context("fork")).Pipe()
    process = context.Process(target=_files_of_a_child, args=(blobs, there))
    process.start()
    before, after, same = here.recv()
    process.join()
    assert same
    assert before - empty <= 4  # its pipes
    assert after - before == 20


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_a_truncated_shard_is_an_error_that_names_shard_and_offset(tmp_path, where):
    (tmp_path / "shards").mkdir()
    for name, size in zip(NAMES, (100, 0), strict=False):
        (tmp_path / name).write_bytes(b"x" * size)
    location = open_location(tmp_path)
    blobs = Blobs(location if where == "disk" else remote(location), NAMES[:3])
    assert blobs.read(0, 90, 10) == b"x" * 10
    with pytest.raises(DataError, match=r"shard-00000.parquet: is truncated: has 10 of the 20 bytes at 90"):
        blobs.read(0, 90, 20)
    with pytest.raises(DataError, match=r"shard-00001.parquet: is truncated: has 0 of the 1 bytes at 0"):
        blobs.read(1, 0, 1)
    with pytest.raises(DataError, match=r"shard-00002.parquet(: 1 bytes at 0)?:? cannot be read"):
        blobs.read(2, 0, 1)
    assert blobs.read(0, 0, 5) == b"x" * 5


def test_a_shard_that_is_truncated_while_it_is_open_is_an_error(tmp_path):
    """Also of what is on its way from a worker, there is an error and no signal that ends the process."""
    (tmp_path / "shards").mkdir()
    (tmp_path / NAMES[0]).write_bytes(b"x" * 50_000)
    blobs = Blobs(open_location(tmp_path), NAMES)
    before = blobs.read_to_send(0, 20_000, 30_000, "a blob")
    with (tmp_path / NAMES[0]).open("rb+") as file:
        file.truncate(21_000)
    with pytest.raises(DataError, match="has 1000 of the 30000 bytes at 20000"):
        blobs.read(0, 20_000, 30_000)
    with pytest.raises(DataError, match=r"shard-00000.parquet: .*30000 bytes at 20000"):
        blobs.read_to_send(0, 20_000, 30_000, "a blob")
    with pytest.raises(DataError, match="has 10 of the 20 bytes at 20990"):  # in a page that is still there
        blobs.read_to_send(0, 20_990, 20, "a blob")
    there, here = multiprocessing.Pipe()
    there.send(before)
    with pytest.raises(DataError, match="a blob: the file was replaced or truncated"):
        here.recv()


def test_a_link_out_of_the_dataset_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "out" / "shards").mkdir(parents=True)
    (tmp_path / "out" / NAMES[0]).symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="leads out of the dataset"):
        Blobs(open_location(tmp_path / "out"), NAMES).read(0, 0, 6)


def _serve(pipe: Connection, blobs: Blobs) -> None:
    """In another process: read the places that come and send the blobs back."""
    while (place := pipe.recv()) is not None:
        pipe.send(blobs.read_to_send(*place, "a blob"))


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


def test_a_large_blob_travels_between_processes_as_its_place(tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / NAMES[0]).write_bytes(content := np.random.default_rng(0).bytes(100_000))
    here, there = multiprocessing.Pipe()
    data = Blobs(open_location(tmp_path), NAMES).read_to_send(0, 1000, 90_000, "a blob")
    there.send(data)
    message = here.recv_bytes()
    assert len(message) < 1000
    again = pickle.loads(message)
    assert again.tobytes() == content[1000:91_000]
    there.send(again)  # and on from there
    assert here.recv().tobytes() == content[1000:91_000]
    there.send(data[:50_000])  # what is made of it travels as it is
    assert here.recv().tobytes() == content[1000:51_000]


def test_a_file_replaced_on_the_way_is_an_error(tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / NAMES[0]).write_bytes(b"x" * 20_000)
    here, there = multiprocessing.Pipe()
    there.send(Blobs(open_location(tmp_path), NAMES).read_to_send(0, 0, 20_000, "a blob"))
    (tmp_path / "new").write_bytes(b"y" * 20_000)
    (tmp_path / "new").replace(tmp_path / NAMES[0])
    with pytest.raises(DataError, match="a blob: the file was replaced"):
        here.recv()


def test_elsewhere_pickled_and_derived_arrays_hold_their_bytes(location):
    data = Blobs(location, NAMES).read_to_send(9, 10, 20, "a blob")
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
            held.append(sum(path.stat().st_size for path in (tmp_path / FOLDER).iterdir()))
        assert max(held) <= most
        assert max(held) > most / 2

    def test_what_was_used_last_stays(self, location, tmp_path):
        blobs = Blobs(remote(location), NAMES, cache=tmp_path, cache_bytes=64 * 1000)
        blobs.read(0, 0, 900)
        kept = next((tmp_path / FOLDER).glob("?" * 40))
        for i in range(200):
            blobs.read(1 + i % 60, i, 900)
            blobs.read(0, 0, 900)
        assert kept.exists()

    def test_a_damaged_entry_is_read_anew(self, location, tmp_path):
        blobs = Blobs(remote(location), NAMES, cache=tmp_path)
        blobs.read(0, 0, 100)
        next((tmp_path / FOLDER).glob("?" * 40)).write_bytes(b"half")
        assert blobs.read(0, 0, 100) == CONTENT[0][:100]

    def test_another_dataset_at_the_place_has_other_entries(self, location, tmp_path):
        one, other = (Blobs(remote(location), NAMES, [d] * 70, cache=tmp_path) for d in ("ab", "cd"))
        one.read(0, 0, 100)
        other.read(0, 0, 100)
        assert len(list((tmp_path / FOLDER).glob("?" * 40))) == 2

    def test_a_folder_that_cannot_be_made_is_refused(self, location, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(InputError, match="cannot hold a cache"):
            Blobs(remote(location), NAMES, cache=tmp_path / "file" / "cache")
