"""merge, filter, take, repack and migrate as commands: what they say, and their exit statuses."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import synthetic
from typer.testing import CliRunner

from motionpair.dataset import Dataset
from motionpair.plan import Plan
from pipelines.cli import app

runner = CliRunner()


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Path:
    pairs = {slot: synthetic.pair_files(plan.spec(slot)) for slot in (0, 2)}
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), plan, pairs)


def test_commands_say_what_they_made(dataset: Path, tmp_path: Path) -> None:
    one, two, both = (str(tmp_path / name) for name in ("one", "two", "both"))
    result = runner.invoke(app, ["take", str(dataset), "--split", "validation", "--out", one])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{one}: 1 pairs in 1 shards, 1 quarantined, 6 slots left out\n"
    result = runner.invoke(app, ["filter", str(dataset), "performers >= 1", "--out", two])
    assert result.stdout == f"{two}: 2 pairs in 1 shards, 0 quarantined, 6 slots left out\n"
    result = runner.invoke(app, ["merge", one, two, "--out", both])
    assert result.stdout == f"{both}: 2 pairs in 1 shards, 1 quarantined, 5 slots left out\n"
    assert "note: 1 pairs are in more than one source and are kept once" in result.stderr
    result = runner.invoke(app, ["repack", both, "--shard-size", "1", "--out", str(tmp_path / "packed")])
    assert result.stdout.endswith("packed: 2 pairs in 2 shards, 1 quarantined, 5 slots left out\n")
    assert len(Dataset(tmp_path / "packed")) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["merge", "OUT", "--out", "NEW"], "expected two datasets or more"),
        (["filter", "OUT", "true; DROP TABLE pairs", "--out", "NEW"], "expected one condition"),
        (["take", "OUT", "--split", "dev", "--out", "NEW"], "split: expected one of"),
        (["repack", "OUT", "--shard-size", "0", "--out", "NEW"], "shard size: expected 1 to"),
        (["migrate", "OUT", "--out", "NEW"], "is of schema version 3 already"),
        (["take", "NEW", "--split", "train", "--out", "OUT"], "expected the folder of a dataset"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    dataset: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    places = {"OUT": str(dataset), "NEW": str(tmp_path / "new")}
    result = runner.invoke(app, [places.get(word, word) for word in arguments])
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_status_4_and_leaves_nothing(dataset: Path, tmp_path: Path) -> None:
    """No file may grow over 10 kB: the kernel refuses to write the first shard."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    words = ["take", str(dataset), "--split", "train", "--out", str(tmp_path / "new")]
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import app; app()", *words],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "the machine failed" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
