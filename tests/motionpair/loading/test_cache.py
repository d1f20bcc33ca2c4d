"""The folder that keeps what was read from far away: nothing but what was kept comes back out of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from motionpair.loading.cache import BlobCache


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 30])
def test_what_was_kept_comes_back(tmp_path: Path, data: bytes) -> None:
    cache = BlobCache(tmp_path, 1 << 20)
    assert cache.get("key", len(data)) is None
    cache.put("key", data)
    assert cache.get("key", len(data)) == data


def test_what_was_damaged_since_does_not(tmp_path: Path) -> None:
    data = bytes(range(256))
    cache = BlobCache(tmp_path, 1 << 20)
    cache.put("key", data)
    kept = (tmp_path / "key").read_bytes()
    for damaged in (bytes(len(kept)), kept[:-1], kept + b"x", b"y" + kept[1:], b""):
        (tmp_path / "key").write_bytes(damaged)
        assert cache.get("key", len(data)) is None
    cache.put("key", data)
    assert cache.get("key", len(data)) == data


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """No file may grow over 10 kB: the kernel refuses to write the blob."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from motionpair.errors import MachineError; from motionpair.loading.cache import BlobCache\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try: BlobCache(Path(sys.argv[1]), 1 << 30).put('key', bytes(100_000))\n"
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
    assert list(tmp_path.iterdir()) == []
