"""The lease between processes."""

from __future__ import annotations

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
