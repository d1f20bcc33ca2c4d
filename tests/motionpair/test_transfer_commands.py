"""`motionpair push` and `pull`: what they say, and the exit statuses that they end with."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from servers import S3, Bucket, serving
from typer.testing import CliRunner

from motionpair.dataset import Dataset
from motionpair.verify import verify
from pipelines.cli import app

runner = CliRunner()
pytestmark = pytest.mark.usefixtures("impatient")


def files(out: Path) -> int:
    return len(Dataset(out).manifest.files)


def test_there_and_back(tiny_dataset: Path, bucket: Bucket, tmp_path: Path) -> None:
    pushed = runner.invoke(app, ["push", str(tiny_dataset), bucket.uri("set")])
    assert pushed.exit_code == 0, pushed.output
    name = f"s3://{bucket.name}/set"
    assert pushed.stdout.startswith(f"{name}: whole: {files(tiny_dataset)} files")
    again = runner.invoke(app, ["push", str(tiny_dataset), bucket.uri("set")])
    assert "0 copied (0 bytes)" in again.stdout
    checked = runner.invoke(app, ["push", str(tiny_dataset), bucket.uri("set"), "--check"])
    assert "0 copied (0 bytes)" in checked.stdout
    pulled = runner.invoke(app, ["pull", bucket.uri("set"), str(tmp_path / "new")])
    assert pulled.exit_code == 0, pulled.output
    assert verify(tmp_path / "new") == []


def test_every_command_that_reads_a_dataset_takes_a_uri(tiny_dataset: Path, tmp_path: Path) -> None:
    pair_id = next(Dataset(tiny_dataset).rows())["pair_id"]
    with serving(tiny_dataset) as web:
        for number, words in enumerate(
            [
                ["verify", web.address],
                ["explain", web.address, pair_id],
                ["show", web.address, pair_id, "--out", "{}.jpg"],
                ["export", web.address, "--format", "files", "--out", "{}"],
                ["take", web.address, "--split", "train", "--out", "{}"],
                ["filter", web.address, "performers = 1", "--out", "{}"],
                ["repack", web.address, "--shard-size", "2", "--out", "{}"],
                ["merge", web.address, web.address, "--out", "{}"],
            ]
        ):
            words = [word.replace("{}", str(tmp_path / f"new-{number}")) for word in words]
            result = runner.invoke(app, words)
            assert result.exit_code == 0, f"{words}: {result.output}"


def test_wrong_credentials_bucket_and_endpoint_end_with_2(tiny_dataset: Path, s3: S3, bucket: Bucket) -> None:
    absent = bucket.uri("set").replace(bucket.name, "absent")
    nowhere = f"s3://{bucket.name}/set?endpoint_override=http://127.0.0.1:9"
    with s3.strict():
        refused = runner.invoke(app, ["push", str(tiny_dataset), bucket.uri("set")])
    for result, message in [
        (refused, "refused"),
        (runner.invoke(app, ["push", str(tiny_dataset), absent]), "there is no bucket 'absent'"),
        (runner.invoke(app, ["pull", nowhere, "unused"]), "cannot be reached"),
        (runner.invoke(app, ["pull", str(tiny_dataset), bucket.uri("set")]), "expected a folder; to copy"),
    ]:
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("motionpair: error: s3:/")
        assert message in line


def test_a_lost_connection_ends_with_4(tiny_dataset: Path, tmp_path: Path) -> None:
    with serving(tiny_dataset) as web:
        web.cut = "metadata.parquet"
        result = runner.invoke(app, ["pull", web.address, str(tmp_path / "new")])
    assert result.exit_code == 4
    (line,) = result.stderr.splitlines()
    assert "metadata.parquet: no connection" in line


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from pipelines.cli import main; main()", *words]


def environment() -> dict[str, str]:
    path = [os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[2])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def test_a_disk_that_fills_up_ends_with_4_and_the_next_pull_goes_on(
    tiny_dataset: Path, tmp_path: Path
) -> None:
    """No file may grow over 100 kB: the kernel refuses to write on."""
    new = tmp_path / "new"
    done = subprocess.run(
        command("pull", str(tiny_dataset), str(new)),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        env=environment(),
    )
    assert done.returncode == 4, done.stderr
    (line,) = done.stderr.splitlines()
    assert "nothing is lost: run it again" in line
    begun = sum(part.stat().st_size for part in (new / "runs" / "pull").iterdir())
    assert begun >= 100_000
    again = runner.invoke(app, ["pull", str(tiny_dataset), str(new)])
    assert again.exit_code == 0, again.output
    assert verify(new) == []


def test_progress_is_drawn_on_a_terminal(tiny_dataset: Path, tmp_path: Path) -> None:
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        command("pull", str(tiny_dataset), str(tmp_path / "new")),
        stderr=terminal,
        stdout=subprocess.PIPE,
        env={**environment(), "TERM": "xterm", "COLUMNS": "100"},
    ) as pulling:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(screen, 1 << 16):
                shown += part
    os.close(screen)
    assert pulling.returncode == 0
    assert b"pull" in shown
    assert re.search(rb"[\d.]+/[\d.]+ [kM]B", shown)


def test_ctrl_c_ends_soon_with_130_and_nothing_half(tiny_dataset: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    script = "import pipelines.interrupts as i; i.GRACE_SECONDS = 1; from pipelines.cli import main; main()"
    with serving(tiny_dataset) as web:
        web.stalled = "shards/shard-00001.parquet"
        words = [sys.executable, "-c", script, "pull", web.address, str(new)]
        with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) as pulling:
            assert web.stalling.wait(120)
            pulling.send_signal(signal.SIGINT)
            _, said = pulling.communicate(timeout=120)
        assert pulling.returncode == 130
        assert "run the same command again" in said
        assert not (new / "manifest.json").exists()
        assert not (new / web.stalled).exists()
        web.stalled = ""
        assert runner.invoke(app, ["pull", web.address, str(new)]).exit_code == 0
    assert verify(new) == []
