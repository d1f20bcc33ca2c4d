"""The ledger under torn writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair.errors import DataError
from pipelines.job import Fault
from pipelines.ledger import Ledger

FAULT = Fault("item", "ValueError", "no")


def write_some(path: Path) -> Ledger:
    ledger = Ledger(path)
    ledger.commit(0, {"slot": 0, "bytes": 1})
    ledger.fail(1, FAULT)
    ledger.fail(1, FAULT)
    ledger.commit(2, {"slot": 2})
    ledger.fail(3, FAULT)
    ledger.pack(0, {"slots": [0, 2], "file": "shards/x", "bytes": 3})
    ledger.close()
    return ledger


def test_a_ledger_read_back_says_what_was_written(tmp_path: Path) -> None:
    written = write_some(tmp_path / "ledger.jsonl")
    ledger = Ledger(tmp_path / "ledger.jsonl", read_only=True)
    assert ledger.committed == written.committed == {0: {"slot": 0, "bytes": 1}, 2: {"slot": 2}}
    assert ledger.quarantined() == {1: FAULT}
    assert not ledger.is_settled(3)
    assert ledger.packed == written.packed


def test_a_verdict_is_final_at_once_and_keeps_its_details(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    verdict = Fault("verdict", "NoneLeft", "all gone", details={"discards": [{"reason": "dim", "n": 2}]})
    ledger = Ledger(path)
    ledger.fail(4, verdict)
    ledger.fail(5, FAULT)
    ledger.close()
    ledger = Ledger(path)
    assert ledger.quarantined() == {4: verdict}
    ledger.retry([4])
    assert not ledger.is_settled(4)
    ledger.close()


def test_retry_release_lose_and_finish(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write_some(path)
    ledger = Ledger(path)
    ledger.retry([1])
    assert not ledger.is_settled(1)
    ledger.release([2], "gone")
    assert 2 not in ledger.committed
    ledger.commit(2, {"slot": 2})
    ledger.lose(0, "gone")
    assert ledger.committed == {}
    ledger.finish({"rows": 0})
    assert ledger.finished == {"rows": 0}
    assert Ledger(path, read_only=True).finished == {"rows": 0}
    ledger.commit(0, {})
    assert ledger.finished is None
    ledger.close()


def test_cut_anywhere_the_whole_lines_stand_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write_some(path)
    data = path.read_bytes()
    for cut in range(0, len(data), 3):
        torn = tmp_path / "torn.jsonl"
        torn.write_bytes(data[:cut])
        whole = data[:cut].count(b"\n")
        ledger = Ledger(torn)
        assert torn.read_bytes() == data[: data[:cut].rfind(b"\n") + 1]
        ledger.commit(99, {})
        ledger.close()
        assert torn.read_bytes().count(b"\n") == whole + 1
        assert 99 in Ledger(torn, read_only=True).committed


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=64))
def test_garbage_at_the_end_never_hides_what_came_before(garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        write_some(path)
        with path.open("ab") as file:
            file.write(garbage.replace(b"\n", b"\0"))
        assert sorted(Ledger(path, read_only=True).committed) == [0, 2]


def test_damage_in_the_middle_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write_some(path)
    lines = path.read_bytes().split(b"\n")
    lines[2] = b"\0\0\0"
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(DataError, match=r"ledger.jsonl: line 3"):
        Ledger(path)
