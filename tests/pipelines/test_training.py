"""`motionpair train`: runs that begin, stop, go on, are held and refused; alone, by torchrun, by Ray."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_latents
from typer.testing import CliRunner

from model.training.checkpoints import find
from model.training.log import read_log
from pipelines.cli import app
from pipelines.interrupts import asked_to_stop

QUICK = (
    "model={dim: 24, ffn_dim: 32, heads: 4, layers: 1, freq_dim: 16, text_dim: 0, image_dim: 0}",
    "data.batch=2",
    "data.micro_batch=1",
    "optimizer.schedule=constant",
    "data.shares={animation: 2, replacement: 1, pose_driven: 1}",
    "logging.every=1",
    "logging.tensorboard=false",
    "strips.every=0",
)
PROGRAM = (sys.executable, "-m", "pipelines.cli")
ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from motionpair import lease
with lease.hold(Path(sys.argv[1]), "job"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_latents.build(tmp_path_factory.mktemp("latents"))


def words(latents: Path, run: Path, *more: str) -> list[str]:
    changes = [word for setting in QUICK for word in ("--set", setting)]
    return ["train", "--config", "tiny", "--data", str(latents), "--out", str(run), *changes, *more]


def invoke(*given: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, given)
    return done.exit_code, done.stdout, done.stderr


def test_a_run_goes_on_with_the_configuration_it_has(latents: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    status, said, noted = invoke(*words(latents, run, "--steps", "3"))
    assert (status, said[: said.index(", loss")]) == (0, f"{run}: 3 of 3 steps")
    assert "step 3 of 3, loss " in noted
    status, said, noted = invoke("train", "--data", str(latents), "--out", str(run), "--steps", "5")
    assert (status, said[: said.index(", loss")]) == (0, f"{run}: 5 of 5 steps")
    assert f"{run}: goes on after step 3" in noted
    assert [line["step"] for line in read_log(run)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--config", "nothing"], "config nothing: no such configuration; accepted: tiny"),
        (["--set", "optimizer.lrr=1"], "optimizer.lrr: unknown key; did you mean lr?"),
        (["--device", "toaster"], "device: expected auto, cpu, cuda or cuda:N"),
        (["--data", "/nowhere"], "/nowhere"),
    ],
)
def test_a_mistake_is_one_line(latents: Path, tmp_path: Path, more: list[str], message: str) -> None:
    status, _, noted = invoke(*words(latents, tmp_path / "run", *more))
    assert status == 2
    assert message in noted
    assert noted.strip().count("\n") == 0
    assert not (tmp_path / "run").exists()


def test_a_new_run_wants_a_configuration(latents: Path, tmp_path: Path) -> None:
    status, _, noted = invoke("train", "--data", str(latents), "--out", str(tmp_path / "run"))
    assert (status, "--config: missing" in noted) == (2, True)


def test_the_first_signal_is_noted_and_the_second_interrupts(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with asked_to_stop("stopping") as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert capfd.readouterr().err == "\nstopping; Ctrl-C again stops at once\n"


def test_under_torchrun_the_second_signal_does_nothing_and_the_note_says_so(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "a")
    with asked_to_stop("stopping") as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
    noted = capfd.readouterr().err
    assert noted.startswith("\nstopping; Ctrl-C again does not stop it sooner; torchrun kills it after")


@contextmanager
def going_on(latents: Path, run: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A job of 100,000 steps that is at work on a run."""
    before = len(read_log(run))
    process = subprocess.Popen(
        [*PROGRAM, *words(latents, run, "--steps", "100000", *more)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        while len(read_log(run)) < before + 3:
            assert process.poll() is None
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def refusal(run: Path, pid: int) -> str:
    return f"{run}: another job is at work on it (host {socket.gethostname()}, pid {pid}, since "


@pytest.mark.slow
def test_a_second_job_is_refused_and_ctrl_c_writes_the_checkpoint_of_the_first(
    latents: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with going_on(latents, run) as process:
        began = (run / "config.json").read_bytes()
        status, said, noted = invoke(*words(latents, run, "--steps", "3"))
        assert (status, said, noted.strip().count("\n")) == (2, "", 0)
        assert refusal(run, process.pid) in noted
        assert (run / "config.json").read_bytes() == began
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[0]
    assert process.returncode == 130
    step = find(run).step
    assert said.startswith(f"{run}: {step} of 100000 steps")
    assert [line["step"] for line in read_log(run)] == list(range(1, step + 1))


@pytest.mark.slow
def test_a_run_whose_job_was_killed_is_taken_up_at_once(latents: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with going_on(latents, run, "--set", "saving.every=1", "--set", "saving.keep=2") as process:
        process.kill()
        process.wait()
        assert str(process.pid) in (run / "runs" / "lease").read_text()
        step = find(run).step + 2
        status, said, noted = invoke(*words(latents, run, "--steps", str(step)))
    assert status == 0, noted
    assert said.startswith(f"{run}: {step} of {step} steps")
    assert [line["step"] for line in read_log(run)] == list(range(1, step + 1))


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A new run's folder, and the process of the job that has it."""
    path = tmp_path / "run" / "runs" / "lease"
    path.parent.mkdir(parents=True)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield tmp_path / "run", holder.pid


def test_train_and_dpo_are_refused_a_run_that_another_job_has(
    latents: Path, tmp_path: Path, taken: tuple[Path, int]
) -> None:
    (run, pid), sft = taken, tmp_path / "sft"
    assert invoke(*words(latents, sft, "--steps", "1"))[0] == 0
    dpo = ["dpo", "--run", str(sft), "--data", str(latents), "--out", str(run)]
    for command in (words(latents, run), words(latents, run, "--ray", "2"), dpo):
        status, said, noted = invoke(*command)
        assert (status, said, noted.strip().count("\n")) == (2, "", 0)
        assert refusal(run, pid) in noted
        assert [path.name for path in run.rglob("*")] == ["runs", "lease"]


def two_ranks(*command: str) -> tuple[list[int], list[str]]:
    """Run a command as the two ranks of a job; exit statuses and stderr, by rank."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    job = {"OMP_NUM_THREADS": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    started = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **job, "RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        noted = [process.communicate(timeout=300)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    return [process.returncode for process in started], noted


@pytest.mark.slow
def test_the_ranks_of_a_job_are_refused_together_and_one_says_it(
    latents: Path, taken: tuple[Path, int]
) -> None:
    run, pid = taken
    statuses, noted = two_ranks(*PROGRAM, *words(latents, run, "--device", "cpu"))
    assert statuses == [2, 2], noted
    assert refusal(run, pid) in noted[0]
    assert "motionpair: error" not in noted[1]
    assert [path.name for path in run.rglob("*")] == ["runs", "lease"]


FINISHING = """
import sys, time
from pathlib import Path
from model.training import ranks
from model.training.config import read_config
from pipelines.commands.training_jobs import finished

made = Path(sys.argv[1])
with ranks.join(read_config("tiny").parallel, "cpu") as own:
    finished(own, lambda: (time.sleep(2), made.mkdir()))
    assert made.is_dir()
"""


@pytest.mark.slow
def test_no_rank_ends_before_the_first_one_has_written_what_a_job_ends_with(tmp_path: Path) -> None:
    statuses, noted = two_ranks(sys.executable, "-c", FINISHING, str(tmp_path / "adapters"))
    assert statuses == [0, 0], noted


def workers_of(driver: int) -> list[int]:
    """Processes of Ray Train's workers below a process."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()[1:]]
    parents = {int(pid): int(parent) for pid, parent, _ in rows}

    def is_below(pid: int) -> bool:
        while pid in parents and pid != driver:
            pid = parents[pid]
        return pid == driver

    return [int(pid) for pid, _, words in rows if words.startswith("ray::RayTrainW") and is_below(int(pid))]


@pytest.mark.slow
def test_under_ray_a_lost_worker_is_replaced_and_ctrl_c_writes_a_checkpoint(
    latents: Path, tmp_path: Path
) -> None:
    assert invoke(*words(latents, tmp_path / "alone", "--steps", "6"))[0] == 0
    run = tmp_path / "run"
    process = subprocess.Popen(
        [*PROGRAM, *words(latents, run, "--steps", "100000", "--ray", "2", "--set", "saving.every=2")],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def until(ready: Callable[[], bool]) -> None:
        while not ready():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)

    try:
        until(lambda: len(read_log(run)) >= 3)
        before = workers_of(process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        until(lambda: not set(workers_of(process.pid)) & set(before))
        gone_on_from = len(read_log(run))
        status, _, noted = invoke(*words(latents, run, "--steps", "3"))  # the job has it also meanwhile
        assert (status, refusal(run, process.pid) in noted) == (2, True)
        until(lambda: len(workers_of(process.pid)) == 2 and len(read_log(run)) > max(6, gone_on_from))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said, noted = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 130, noted
    assert "lost a worker" in noted
    assert "1 of 3 restarts" in noted
    step = find(run).step
    assert said.startswith(f"{run}: {step} of 100000 steps")
    lines = read_log(run)
    assert [line["step"] for line in lines] == list(range(1, step + 1))
    expected = [line["loss"] for line in read_log(tmp_path / "alone")]
    assert [line["loss"] for line in lines[:6]] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_torchrun_and_ray_train_have_the_losses_of_one_process(latents: Path, tmp_path: Path) -> None:
    assert invoke(*words(latents, tmp_path / "alone", "--steps", "4"))[0] == 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    for name, program, more in (
        ("torchrun", (*launcher, "pipelines.cli"), ["--steps", "4"]),
        ("ray", PROGRAM, ["--steps", "4", "--ray", "2"]),
    ):
        done = subprocess.run(
            [*program, *words(latents, tmp_path / name, *more)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        expected = [line["loss"] for line in read_log(tmp_path / "alone")]
        assert [line["loss"] for line in read_log(tmp_path / name)] == pytest.approx(expected, rel=1e-5)
