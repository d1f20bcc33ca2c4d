"""Whole generations through the command line, with real drivers and workers that get killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import processes
import pytest
import synthetic
from processes import Driver, events, until

from motionpair import verify
from motionpair.plan import Plan, write_plan
from motionpair.planning import make_plan
from pipelines.status import read_status

SLOW = {"SYNTHETIC_SECONDS": "0.7"}
HANGS = {"SYNTHETIC_SECONDS": "600"}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))


def home(folder: Path, plan: Plan, failing: dict[int, str] | None = None) -> Path:
    """A folder with the plan; slots in `failing` raise, or what it says, until their file is taken away."""
    write_plan(plan, folder / "plan.parquet")
    for slot, how in (failing or {}).items():
        (folder / f"fail-{slot}").write_text(how)
    return folder / "out"


def start(out: Path, *more: str, workers: int = 2, extra: dict[str, str] | None = None) -> Driver:
    plan = str(out.parent / "plan.parquet")
    arguments = ["generate", "--plan", plan, "--out", str(out), "--workers", str(workers), *more]
    return Driver(out.parent, *arguments, extra=extra)


def contents(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "runs" not in path.relative_to(root).parts
    }


def commits(out: Path) -> int:
    return len(events(out, "commit"))


@pytest.fixture(scope="module", autouse=True)
def _leave_nobody_behind() -> Iterator[None]:
    yield
    for driver in Driver.started:
        if driver.process.poll() is None:
            driver.kill_everything()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Path:
    """What one worker makes when nothing goes wrong."""
    out = home(tmp_path_factory.mktemp("undisturbed"), plan)
    driver = start(out, workers=1)
    assert driver.wait() == 0, driver.said()
    assert verify.verify(out) == []
    return out


@pytest.mark.slow
def test_kills_of_everything_at_any_time_end_in_the_same_bytes(
    tmp_path: Path, plan: Plan, undisturbed: Path
) -> None:
    out = home(tmp_path, plan, {6: "raise", 7: "hang"})  # something is left to do, however slow the machine

    driver = start(out, extra=SLOW)
    until(lambda: commits(out) >= 1 and driver.workers(), "a first commit")
    processes.kill(driver.workers()[0])
    refused = start(out)
    assert refused.wait() == 2
    assert f"another driver is at work on it (host {os.uname().nodename}, pid {driver.process.pid}" in (
        refused.said()
    )
    status = read_status(out)
    assert status.holder is not None
    assert status.holder["pid"] == driver.process.pid
    assert status.last is not None
    assert status.last.phase == "running"
    until(lambda: commits(out) >= 2, "a commit after a worker's death")
    family = [*driver.workers(), driver.child("raylet"), driver.child("gcs_server")]
    driver.kill()  # the driver alone, -9
    until(lambda: all(processes.command(pid) == "-" for pid in family), "Ray to end with its driver", 30)
    assert read_status(out).holder is None

    before = commits(out)
    driver = start(out, extra=SLOW)
    until(lambda: commits(out) > before, "a commit after a resume")
    driver.kill_everything()

    for stop in (
        lambda pid: os.kill(pid, signal.SIGTERM),
        lambda pid: os.killpg(pid, signal.SIGINT),  # as a terminal does: all of the foreground
    ):
        driver = start(out, extra=HANGS)
        until(lambda d=driver: d.workers(), "workers")
        stop(driver.process.pid)
        assert driver.wait(10) == 130
        assert driver.said().endswith("to go on, run the same command again\n")
        assert "Traceback" not in driver.said()

    (tmp_path / "fail-7").unlink()
    driver = start(out)
    assert driver.wait() == 3, driver.said()
    assert "1 quarantined (quarantine.jsonl; --retry-quarantined tries again)" in driver.said()
    line = json.loads((out / "quarantine.jsonl").read_text())
    assert (line["slot"], line["reason"]) == (6, "RuntimeError")
    assert line["message"] == "slot 6 in .tmp-000006 burst"  # no place, no process number
    assert verify.verify(out) == []
    slots = [event["item"] for event in events(out, "commit")]
    assert sorted(slots) == [0, 1, 2, 3, 4, 5, 7]  # none lost, none made twice

    (tmp_path / "fail-6").unlink()
    driver = start(out, "--retry-quarantined")
    assert driver.wait() == 0, driver.said()
    assert contents(out) == contents(undisturbed)
    assert not (out / "staging").exists()

    again = start(out)
    assert again.wait() == 0
    assert "finished already" in again.said()
    status = read_status(out)
    assert status.finished
    assert (status.holder, status.done, status.quarantined, status.discards) == (None, 8, {}, {"too dark": 1})


@pytest.mark.slow
def test_a_full_disk_ends_with_status_4_and_the_same_command_goes_on(
    tmp_path: Path, plan: Plan, undisturbed: Path
) -> None:
    out = home(tmp_path, plan, {3: "full"})
    timings = out / "runs" / "timings.jsonl"
    for _ in ("a worker's disk", "the driver's disk"):
        driver = start(out)
        assert driver.wait() == 4, driver.said()
        error = driver.said().strip().splitlines()[-1]
        assert error.startswith("motionpair: error: ")
        assert "No space left on device" in error
        assert not events(out, "fail")
        (tmp_path / "fail-3").unlink(missing_ok=True)
        timings.unlink(missing_ok=True)
        timings.symlink_to("/dev/full")  # the kernel refuses every write to it
    timings.unlink()
    driver = start(out)
    assert driver.wait() == 0, driver.said()
    assert contents(out) == contents(undisturbed)


@pytest.mark.slow
def test_slots_past_their_time_limit_are_left_undone_and_reported(tmp_path: Path, plan: Plan) -> None:
    out = home(tmp_path, make_plan(plan.recipe, plan.seed, limit=2))
    driver = start(out, "--time-limit", "1", extra=HANGS)
    assert driver.wait() == 3, driver.said()
    assert "2 set aside: to try them again, run the same command again" in driver.said()
    assert not (out / "manifest.json").exists()
    assert not events(out, "fail")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(processes.HERE / "drive.py"), *arguments],
        env=processes.environment(),
        capture_output=True,
        text=True,
        timeout=processes.PATIENCE,
    )


def test_an_out_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, plan: Plan, undisturbed: Path
) -> None:
    other = tmp_path / "other.parquet"
    assert (
        command("plan", "--recipe", "demo", "--seed", "9", "--limit", "2", "--out", str(other)).returncode
        == 0
    )
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("mine")
    own = tmp_path / "own.parquet"
    write_plan(plan, own)
    for out, which, says in (
        (undisturbed, other, "belongs to another plan"),
        (foreign, own, "holds thesis.tex but no dataset begun here"),
        (Path("/proc/motionpair"), own, "cannot be written"),
        (tmp_path / "own.parquet", own, "cannot be written"),
    ):
        result = command("generate", "--plan", str(which), "--out", str(out))
        assert result.returncode == 2, result.stderr
        assert result.stderr.startswith(f"motionpair: error: {out}: ")
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
    assert sorted(p.name for p in foreign.iterdir()) == ["thesis.tex"]
