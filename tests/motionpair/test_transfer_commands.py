"""`motionpair push` and `pull`: what they say, and the exit statuses that they end with."""

from __future__ import annotations

import os
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
    pulled = runner.invoke(app, ["pull", bucket.uri("set"), str(tmp_path / "new")])
    assert pulled.exit_code == 0, pulled.output
    assert verify(tmp_path / "new") == []


def test_wrong_credentials_bucket_and_endpoint_end_with_2(tiny_dataset: Path, s3: S3, bucket: Bucket) -> None:
    absent = bucket.uri("set").replace(bucket.name, "absent")
    nowhere = f"s3://{bucket.name}/set?endpoint_override=http://127.0.0.1:9"
    with s3.strict():
        refused = runner.invoke(app, ["push", str(tiny_dataset), bucket.uri("set")])
    for result, message in [
        (refused, "refused"),
        (runner.invoke(app, ["push", str(tiny_dataset), absent]), "there is no bucket 'absent'"),
        (runner.invoke(app, ["pull", nowhere, "unused"]), "cannot be reached"),
    ]:
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("motionpair: error: s3://")
        assert message in line


def test_a_lost_connection_ends_with_4(tiny_dataset: Path, tmp_path: Path) -> None:
    with serving(tiny_dataset) as web:
        web.cut = "metadata.parquet"
        result = runner.invoke(app, ["pull", web.address, str(tmp_path / "new")])
    assert result.exit_code == 4
    (line,) = result.stderr.splitlines()
    assert "metadata.parquet: no connection" in line


def test_ctrl_c_ends_soon_with_130_and_nothing_half(tiny_dataset: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    script = "import pipelines.interrupts as i; i.GRACE_SECONDS = 1; from pipelines.cli import app; app()"
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[2])])
    with serving(tiny_dataset) as web:
        web.stalled = "shards/shard-00001.parquet"
        words = [sys.executable, "-c", script, "pull", web.address, str(new)]
        with subprocess.Popen(
            words, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
        ) as command:
            assert web.stalling.wait(120)
            command.send_signal(signal.SIGINT)
            _, said = command.communicate(timeout=120)
        assert command.returncode == 130
        assert "run the same command again" in said
        assert not (new / "manifest.json").exists()
        assert not (new / web.stalled).exists()
        web.stalled = ""
        assert runner.invoke(app, ["pull", web.address, str(new)]).exit_code == 0
    assert verify(new) == []
