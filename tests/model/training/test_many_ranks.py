"""Two processes over gloo: the losses of one, sharded, sequence-parallel, killed, and on other ranks again."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import job
import pytest

from model.training.config import read_config
from model.training.trainer import train

STEPS = 20
KILLED_AFTER = 13
VARIANTS = {
    "sharded": [f"steps={STEPS}"],
    "shared": ["steps=6", "parallel.sequence=2", "parallel.checkpointing=alternate"],
    "replicated": ["steps=4", "parallel.replicate=2"],
    "bfloat16": ["steps=4", "precision.compute=bfloat16"],
}


def agree(first: list[float], second: list[float], tolerance: float = 1e-5) -> bool:
    return all(math.isclose(a, b, rel_tol=tolerance) for a, b in zip(first, second, strict=True))


def without_checkpoints_after(step: int, run: Path) -> None:
    for folder in (run / "checkpoints").iterdir():
        if int(folder.name.removeprefix("step-")) > step:
            shutil.rmtree(folder)


def train_here(config: list[str], latents: Path, run: Path) -> None:
    train(read_config("tiny", [*job.BASE, *config]), [str(latents)], run)


@pytest.fixture(scope="module")
def alone(latents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one process."""
    run = tmp_path_factory.mktemp("alone") / "run"
    train_here([f"steps={STEPS}"], latents, run)
    return run


@pytest.fixture(scope="module")
def two(latents: Path, alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two processes: the variants; `again`, begun by one process; `killed`, and gone on with."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(alone, folder / "again")
    without_checkpoints_after(10, folder / "again")

    def job_of(name: str, config: list[str], **kill: int) -> dict:
        return {"config": config, "data": [str(latents)], "run": str(folder / name), **kill}

    plan = [job_of(name, config) for name, config in VARIANTS.items()]
    plan.append(job_of("again", [f"steps={STEPS}"]))
    plan.append(job_of("killed", [f"steps={STEPS}"], kill=KILLED_AFTER))
    plan.append(job_of("killed", [f"steps={STEPS}"]))
    statuses = job.run(plan, folder, 2)
    expected = [[0, 0]] * len(plan)
    expected[-2] = [-9, 1]
    assert statuses == expected, (folder / "stderr-0").read_text()
    return folder


@pytest.mark.parametrize("name", ["sharded", "shared", "replicated"])
def test_two_processes_have_the_losses_of_one(alone: Path, two: Path, name: str) -> None:
    losses = job.losses(two / name)
    assert len(losses) >= 4
    assert agree(losses, job.losses(alone)[: len(losses)])


def test_bfloat16_stays_close(alone: Path, two: Path) -> None:
    losses = job.losses(two / "bfloat16")
    assert losses != job.losses(alone)[:4]
    assert agree(losses, job.losses(alone)[:4], 0.02)


def test_two_processes_go_on_with_what_one_began(alone: Path, two: Path) -> None:
    assert agree(job.losses(two / "again"), job.losses(alone))


def test_two_processes_that_were_killed_go_on_with_the_same_losses(alone: Path, two: Path) -> None:
    assert agree(job.losses(two / "killed"), job.losses(alone))


def test_one_process_goes_on_with_what_two_began(
    latents: Path, alone: Path, two: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(two / "sharded", run)
    without_checkpoints_after(10, run)
    train_here([f"steps={STEPS}"], latents, run)
    assert agree(job.losses(run), job.losses(alone))
