"""The lease between processes."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from motionpair import lease
from motionpair.errors import InputError

HOLD = """
import sys, time
from pathlib import Path
from motionpair import lease
with lease.hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lease_is_refused_while_its_holder_lives_and_taken_over_when_it_died(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    path = tmp_path / "runs" / "lease"
    assert lease.holder(path) is None
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    try:
        who = lease.holder(path)
        assert who is not None
        assert who["pid"] == other.pid
        with (
            pytest.raises(InputError, match=rf"{tmp_path}: another driver .*pid {other.pid}"),
            lease.hold(path),
        ):
            pass
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert path.read_bytes()  # what the dead one left
    assert lease.holder(path) is None
    with lease.hold(path):
        pass


@pytest.mark.parametrize("made_anew", [False, True])
def test_a_lease_that_its_holder_deleted_in_passing_is_not_held_by_who_waited_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_anew: bool
) -> None:
    path = tmp_path / "runs" / "lease"
    path.parent.mkdir()

    def locked(fd: int, operation: int) -> None:
        path.unlink()
        if made_anew:
            path.touch()
        fcntl.flock(fd, operation)

    monkeypatch.setattr(lease.fcntl, "lockf", locked)
    with pytest.raises(InputError, match="another job is at work on it; wait"), lease.hold(path, "job"):
        pass


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(lease.fcntl, "lockf", refused)
    with (
        pytest.raises(InputError, match=f"{tmp_path}: its file system has no locks"),
        lease.hold(tmp_path / "runs" / "lease"),
    ):
        pass


def test_a_holder_may_delete_its_lease(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "lease"
    path.parent.mkdir()
    for _ in range(2):
        with lease.hold(path):
            path.unlink()
    assert lease.holder(path) is None
