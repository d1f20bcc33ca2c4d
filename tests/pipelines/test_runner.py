"""The runner with a real job on real workers, in all the ways that items and workers end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tiny_jobs import TinyJob, attempts_of

from motionpair.errors import InputError, MachineError
from pipelines.connection import Cluster
from pipelines.job import Verdict
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir
from pipelines.progress import Lines
from pipelines.runner import Limits, Runner, Summary
from pipelines.state import State

pytestmark = pytest.mark.usefixtures("ray_node")


class Notes(Lines):
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.states: list[State] = []

    def update(self, state: State) -> None:
        self.states.append(state)

    def note(self, text: str) -> None:
        self.lines.append(text)


def run(
    out: Path,
    script: Mapping[int, str] | None = None,
    count: int = 6,
    limits: Limits | None = None,
    admit: Callable[[str], None] = lambda device_class: None,
    **job: object,
) -> tuple[Summary, Ledger, Notes]:
    runs = out / "runs"
    runs.mkdir(exist_ok=True)
    ledger, notes = Ledger(runs / "ledger.jsonl"), Notes()
    runner = Runner(
        TinyJob(out, script or {}, **job),  # type: ignore[arg-type]
        ledger,
        runs,
        total=count,
        reporter=notes,
        limits=limits or Limits(item_seconds=60),
        admit=admit,
    )
    todo = [item for item in range(count) if not ledger.is_settled(item)]
    return runner.run(todo, workers=2), ledger, notes


def tries(out: Path) -> Counter[int]:
    return Counter(int(line.split()[0]) for line in attempts_of(out))


def test_every_kind_of_ending_has_its_consequence(tmp_path: Path) -> None:
    script = {1: "raise", 2: "raise-once", 3: "segfault", 4: "die 2", 5: "hang", 6: "exit", 7: "memory"}
    limits = Limits(item_seconds=4, deaths=3)
    summary, ledger, notes = run(tmp_path, script, count=10, limits=limits)

    assert sorted(ledger.committed) == [0, 2, 4, 8, 9]
    assert sorted(ledger.quarantined()) == [1, 6]
    assert ledger.quarantined()[1].line() == "ValueError: item 1 is impossible"
    assert sorted(aside.item for aside in summary.set_aside) == [3, 5, 7]
    assert summary.done == 5
    assert summary.quarantined == 2
    count = tries(tmp_path)
    assert (count[1], count[2], count[3], count[4], count[5]) == (2, 2, 3, 3, 1)
    assert sorted(p.name for p in (tmp_path / "files").iterdir()) == ["0", "2", "4", "8", "9"]

    # Second tries are on workers that nothing else has run on.
    pids = [line.split()[1] for line in attempts_of(tmp_path)]
    items = [int(line.split()[0]) for line in attempts_of(tmp_path)]
    second = [i for i, item in enumerate(items) if item in (1, 2, 6) and item in items[:i]]
    assert second
    assert all(pids[i] not in pids[:i] for i in second)

    logs = tmp_path / "runs" / "logs"
    assert "item 1 is impossible" in (logs / "item-000001-try2.log").read_text()
    segfault = (logs / "item-000003-aside.log").read_text()
    assert "hello from 3" in segfault
    assert "Segmentation fault" in segfault
    assert any("item-5 is set aside" in line and "time limit" in line for line in notes.lines)
    assert not list(logs.glob("worker-*"))

    # What was set aside is not held against it: the next run tries it again, with the same outcome or better.
    summary, ledger, _ = run(tmp_path, {3: "segfault"}, count=10, limits=limits)
    assert sorted(ledger.committed) == [0, 2, 4, 5, 7, 8, 9]
    assert [aside.item for aside in summary.set_aside] == [3]


def test_a_verdict_is_not_tried_again_and_its_worker_goes_on(tmp_path: Path) -> None:
    summary, ledger, notes = run(tmp_path, {2: "verdict"}, count=12)
    assert summary.quarantined == 1
    fault = ledger.quarantined()[2]
    assert (fault.kind, fault.line()) == ("verdict", "NoneLeft: item 2 has none")
    assert [d["reason"] for d in fault.details["discards"]] == ["blurry", "dim"]
    assert tries(tmp_path)[2] == 1
    attempts = [line.split() for line in attempts_of(tmp_path)]
    judged = next(pid for item, pid in attempts if item == "2")
    assert max(int(item) for item, pid in attempts if pid == judged) > 2
    assert any("item-2 is quarantined: NoneLeft" in line for line in notes.lines)
    again = Runner(TinyJob(tmp_path), ledger, tmp_path / "runs", total=12, reporter=notes)  # type: ignore[arg-type]
    assert again.state("finished").discards == {"blurry": 7, "dim": 1}


def test_discards_of_an_item_that_is_released_count_once(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    ledger, notes = Ledger(tmp_path / "runs" / "ledger.jsonl"), Notes()
    damaged = [3]

    def settled(item: int) -> list[int]:
        """Item 3's files are damaged when it is first done."""
        if item != 3 or not damaged:
            return []
        ledger.release([3], "damaged")
        return [damaged.pop()]

    runner = Runner(
        TinyJob(tmp_path),  # type: ignore[arg-type]
        ledger,
        tmp_path / "runs",
        total=6,
        reporter=notes,
        settled=settled,
    )
    runner.run(range(6), workers=2)
    assert tries(tmp_path)[3] == 2
    assert runner.state("finished").discards == {"blurry": 3}
    # Released between two runs: what is done again counts once, too.
    ledger.release([1, 3], "gone")
    runner.run([1, 3], workers=1)
    assert runner.state("finished").discards == {"blurry": 3}


def test_a_verdict_without_plain_details_is_an_error_of_the_job() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Verdict("NoneLeft", "none", {"figure": float("nan")})


def test_workers_are_recycled_and_run_one_item_at_a_time(tmp_path: Path) -> None:
    _, ledger, notes = run(tmp_path, count=9, limits=Limits(recycle_after=2), seconds=0.02)
    assert sorted(ledger.committed) == list(range(9))
    served = Counter(line.split()[1] for line in attempts_of(tmp_path))
    assert max(served.values()) <= 2
    assert len(served) >= 5
    assert all(len(state.running) <= 2 for state in notes.states)
    timings = [json.loads(line) for line in (tmp_path / "runs" / "timings.jsonl").read_text().splitlines()]
    assert sorted(t["item"] for t in timings) == list(range(9))
    assert all(t["ok"] and t["max_rss"] > 1 << 20 and t["timings"] == {"all": 0.0} for t in timings)
    assert ledger.committed[1] == {"bytes": 700, "discards": {"blurry": 1}, "threads": "1"}


def test_a_full_disk_stops_the_run_and_costs_no_try(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"OSError: .*No space left.*run the same command again"):
        run(tmp_path, {3: "full"})
    ledger = Ledger(tmp_path / "runs" / "ledger.jsonl", read_only=True)
    assert 3 not in ledger.committed
    assert not ledger.failures
    _, ledger, _ = run(tmp_path)
    assert sorted(ledger.committed) == list(range(6))


def test_an_error_of_the_renderer_counts_as_a_death_not_as_a_try(tmp_path: Path) -> None:
    summary, ledger, _ = run(tmp_path, {1: "machine"}, count=3, limits=Limits(deaths=2))
    assert sorted(ledger.committed) == [0, 2]
    assert not ledger.failures
    assert [aside.item for aside in summary.set_aside] == [1]


def test_first_failure_is_remembered_across_drivers(tmp_path: Path) -> None:
    run(tmp_path, {1: "raise-once"}, count=2)
    ledger = Ledger(tmp_path / "runs" / "ledger.jsonl")
    ledger.release([1], "for the test")
    ledger.close()
    assert tries(tmp_path)[1] == 2
    lines = (tmp_path / "runs" / "ledger.jsonl").read_text().splitlines()
    fail = next(line for line in lines if '"fail"' in line)
    (tmp_path / "runs" / "ledger.jsonl").write_text(fail + "\n")  # a driver that died after the first error
    _, ledger, _ = run(tmp_path, {1: "raise"}, count=2)
    assert ledger.is_quarantined(1)
    assert tries(tmp_path)[1] == 3


@pytest.mark.parametrize(
    ("action", "error", "says"),
    [
        ("raise", InputError, "workers cannot start: item -1 is impossible"),
        ("full", MachineError, "No space left"),
        ("segfault", MachineError, "workers died before any got ready"),
    ],
)
def test_a_job_that_cannot_be_set_up_ends_the_run(
    tmp_path: Path, action: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        run(tmp_path, setup_action=action, count=2, limits=Limits(setup_deaths=1))
    assert "setup.log" in [p.name for p in (tmp_path / "runs" / "logs").iterdir()]


def test_a_set_up_that_hangs_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="set-up took over"):
        run(tmp_path, setup_action="hang", count=1, limits=Limits(setup_seconds=1, setup_deaths=1))


def test_a_worker_of_another_device_class_is_refused_before_it_runs_anything(tmp_path: Path) -> None:
    out = OutDir(tmp_path)
    out.make()
    out.bind("plan")

    def admit(device_class: str) -> None:
        out.admit(device_class, allowed=("cpu/old",))

    run(tmp_path, admit=admit, count=1, device="cpu/new")
    with pytest.raises(InputError, match=r"gpu/x.*began on cpu/new.*--allow-device-class gpu/x"):
        run(tmp_path, admit=admit, count=3, device="gpu/x")
    assert tries(tmp_path) == {0: 1}
    run(tmp_path, admit=admit, count=3, device="cpu/old")
    pin = out.read_pin()
    assert pin is not None
    assert pin.device_classes == ("cpu/new", "cpu/old")


def test_the_node_has_the_cores_asked_for(ray_node: Cluster) -> None:
    assert ray_node.cpus == 2
