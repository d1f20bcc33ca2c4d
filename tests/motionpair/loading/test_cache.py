"""The folder that keeps what was read from far away: nothing but what was kept comes back out of it."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from motionpair.errors import InputError, MachineError
from motionpair.loading.cache import FOLDER, BlobCache

KEY = "ab" * 20


def key(number: int) -> str:
    return f"{number:040x}"


def held(folder: Path) -> int:
    """Bytes of all files of a cache, its lock and what is half-written too."""
    total = 0
    for path in (folder / FOLDER).iterdir():
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 30])
def test_what_was_kept_comes_back(tmp_path: Path, data: bytes) -> None:
    cache = BlobCache(tmp_path, 1 << 20)
    assert cache.get(KEY, len(data)) is None
    cache.put(KEY, data)
    assert cache.get(KEY, len(data)) == data


def test_what_was_damaged_since_does_not(tmp_path: Path) -> None:
    data = bytes(range(256))
    cache = BlobCache(tmp_path, 1 << 20)
    cache.put(KEY, data)
    kept = (tmp_path / FOLDER / KEY).read_bytes()
    for damaged in (bytes(len(kept)), kept[:-1], kept + b"x", b"y" + kept[1:], b""):
        (tmp_path / FOLDER / KEY).write_bytes(damaged)
        assert cache.get(KEY, len(data)) is None
    cache.put(KEY, data)
    assert cache.get(KEY, len(data)) == data


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """No file may grow over 10 kB: the kernel refuses to write the blob."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from motionpair.errors import MachineError; from motionpair.loading.cache import BlobCache\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try: BlobCache(Path(sys.argv[1]), 1 << 30).put('ab' * 20, bytes(100_000))\n"
        "except MachineError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert "the cache cannot be written (File too large)" in done.stdout
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [".lock"]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Beside the cache's own folder, and inside it, what is not of its own form, however full it is."""
    cache = BlobCache(tmp_path, 10_000)
    others = [
        tmp_path / "thesis.tex",
        tmp_path / KEY,
        *(tmp_path / FOLDER / n for n in ("notes", ".tmp-notes")),
    ]
    for path in others:
        path.write_bytes(bytes(20_000))
        os.utime(path, (0, 0))
    (tmp_path / FOLDER / key(0)).mkdir()
    for number in range(1, 200):
        cache.put(key(number), bytes(100))
    assert all(path.stat().st_size == 20_000 for path in others)
    assert (tmp_path / FOLDER / key(0)).is_dir()
    assert cache.get(key(199), 100) == bytes(100)
    assert cache.get(key(1), 100) is None


def fill(folder: Path, most: int, first: int) -> None:
    caches = [BlobCache(folder, most) for _ in range(8)]
    for number in range(400):
        caches[number % 8].put(key(first + number), bytes(most // 64 - 4))
        assert held(folder) <= most


def test_the_bound_holds_for_any_number_of_caches_and_processes(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.starmap(fill, [(tmp_path, 64 * 300, 1000 * process) for process in range(4)], chunksize=1)
    assert held(tmp_path) > 64 * 300 // 2


def test_what_a_dead_process_was_writing_makes_room_and_what_a_living_one_writes_stays(
    tmp_path: Path,
) -> None:
    cache = BlobCache(tmp_path, 64 * 1000)
    dead = tmp_path / FOLDER / f".tmp-{'0' * 16}"
    dead.write_bytes(bytes(10_000))
    begun = cache._begin(900)
    assert begun is not None
    living, handle = begun
    assert not dead.exists()
    for number in range(200):
        BlobCache(tmp_path, 64 * 1000).put(key(number), bytes(900))
    assert living.exists()
    os.close(handle)


def test_the_files_may_be_read_by_whom_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        cache = BlobCache(tmp_path, 1 << 20)
        cache.put(KEY, b"data")
    finally:
        os.umask(before)
    assert (tmp_path / FOLDER / KEY).stat().st_mode & 0o777 == 0o640


AS_ANOTHER = """
import os, sys
from pathlib import Path
from motionpair.loading.cache import BlobCache
cache = BlobCache(Path(sys.argv[1]), 1 << 20)
os.setuid(65534)
print(cache.get(sys.argv[2], 4))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("mode", "comes"), [(0o600, "None"), (0o644, "b'data'")])
def test_anothers_files_are_read_where_they_may_be_and_else_missing(
    tmp_path: Path, mode: int, comes: str
) -> None:
    BlobCache(tmp_path, 1 << 20).put(KEY, b"data")
    (tmp_path / FOLDER / KEY).chmod(mode)
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    command = [sys.executable, "-c", AS_ANOTHER, str(tmp_path), KEY]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False)
    assert done.stdout == f"{comes}\n", done.stderr


def test_a_disk_that_fails_is_the_machines(tmp_path: Path) -> None:
    """A folder in a blob's place stands for a file that cannot be read."""
    cache = BlobCache(tmp_path, 1 << 20)
    (tmp_path / FOLDER / KEY).mkdir()
    with pytest.raises(MachineError, match="the cache cannot be read"):
        cache.get(KEY, 4)


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("mine")
    with pytest.raises(InputError, match="cannot hold a cache"):
        BlobCache(tmp_path, 1 << 20)
