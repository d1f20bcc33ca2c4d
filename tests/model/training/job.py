"""Training jobs of a test in processes of their own: `python job.py PLAN.json`, one process a rank.

A plan is a list of {config, data, run, kill}: changes to `tiny`, and the step after which the first rank
kills itself, as a machine that dies does. Each job is a child of a process that has imported everything.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SMALLEST = "model={dim: 24, ffn_dim: 32, heads: 4, layers: 2, freq_dim: 16, text_dim: 0, image_dim: 0}"
BASE = (
    SMALLEST,
    "optimizer.schedule=constant",
    "logging.every=1",
    "logging.tensorboard=false",
    "strips.every=0",
    "saving.every=5",
    "saving.keep=0",
    "data.batch=2",
    "data.micro_batch=1",
    "data.shares={animation: 2, replacement: 1, pose_driven: 1}",
)
"""Changes that every run of a test has."""


def run(plan: list[dict[str, Any]], folder: Path, ranks: int) -> list[list[int]]:
    """Run the jobs of a plan on so many ranks, one after the other.

    Returns:
        Exit statuses by job and rank; that of a process that was killed is negative.
    """
    path = folder / "plan.json"
    ports = [_free_port() for _ in plan]
    path.write_text(json.dumps([{**one, "port": port} for one, port in zip(plan, ports, strict=True)]))
    shared = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "WORLD_SIZE": str(ranks)}
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(path)],
            env={**os.environ, **shared, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=(folder / f"stderr-{rank}").open("w"),
            start_new_session=True,
        )
        for rank in range(ranks)
    ]
    try:
        told = [json.loads(process.communicate(timeout=600)[0]) for process in started]
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return [list(statuses) for statuses in zip(*told, strict=True)]


def adapting(base: Path) -> list[str]:
    """Changes that make a run train adapters on weights like those of `small_models.small_model`."""
    sizes = SMALLEST.replace("layers: 2", "layers: 1").replace("text_dim: 0", "text_dim: 0, text_len: 4")
    return [sizes, "steps=6", f"init={base}", "lora={rank: 2, alpha: 2}", "optimizer.lr=0.05"]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def losses(run: Path) -> list[float]:
    """The loss of every step of a run."""
    from model.training.log import read_log

    lines = read_log(run)
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
    return [line["loss"] for line in lines]


class Killer:
    """Watches a run and kills the process after a step."""

    def __init__(self, step: int | None) -> None:
        self.step = step

    def line(self, line: dict[str, Any], steps: int) -> None:
        if line["step"] == self.step:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(self, text: str) -> None:
        print(text, file=sys.stderr)


def main(plan: Path) -> None:
    import torch

    import model.training.trainer  # noqa: F401 (for the children)

    torch.set_num_threads(1)
    statuses = []
    for one in json.loads(plan.read_text()):
        child = os.fork()
        if not child:
            _work(one)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(statuses))


def _config(one: dict[str, Any]) -> Any:
    from model.training.config import changed, read_config
    from model.training.preferences import dpo_config

    if "preferences" in one:  # a run to start from
        return changed(dpo_config(one["preferences"]), one["config"])
    return read_config("tiny", [*BASE, *one["config"]])


def _work(one: dict[str, Any]) -> None:
    """One job, in a process of its own."""
    from model.training.ranks import join
    from model.training.trainer import train

    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(one["port"])}
    status = 1
    try:
        config = _config(one)
        with join(config.parallel, "cpu") as ranks:
            train(config, one["data"], one["run"], ranks, watcher=Killer(one.get("kill")))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
