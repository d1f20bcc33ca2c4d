"""Training on a Ray cluster, by Ray Train's TorchTrainer: the same loop as under torchrun, one worker a rank.

A run that loses a node starts again, on as many workers as before, from its last checkpoint.
Ray Train's own handler of Ctrl-C would drop the run without a checkpoint; it sets one only in the main
thread, so the job is waited for in another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from motionpair.errors import InputError, MachineError, MotionPairError
from pipelines.connection import connect

STOP = ".stop"
"""A file in the run's folder that asks every worker to save and end."""
_POLL_SECONDS = 0.5


def train_on_ray(
    config: dict[str, Any],
    data: Sequence[str],
    run: Path,
    workers: int,
    *,
    address: str | None = None,
    device: str = "auto",
    restarts: int = 3,
    watcher: Any = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train on `workers` workers of a cluster, or of this machine.

    Args:
        config: plain values of a `model.training.config.TrainConfig`.
        data: folders or URIs that every node can read.
        run: the run's folder, on a disk that all nodes share.
        workers: ranks of the job.
        address: of the cluster; None starts Ray here.
        device: `auto` gives each worker a GPU where the cluster has so many, else `cpu` or `cuda`.
        restarts: how often a job that lost workers starts again.
        watcher: told of the log's lines, as of `model.training.trainer`.
        stop: asked now and then; when it says yes, the run is saved and ends.

    Returns:
        {step, stopped, loss}.

    Raises:
        InputError: another job has the run; more workers than the cluster has room for; or as of `train`.
        MachineError: Ray does not start, or workers were lost more often than `restarts`.
    """
    from model.training import ranks, runs

    # here, not on the first worker: another one may be that before a lost node's lock is given back
    with runs.held(run, ranks.alone("cpu")), connect(workers if address is None else None, address):
        return _fit(config, data, run, workers, device, restarts, watcher, stop)


def _fit(
    config: dict[str, Any],
    data: Sequence[str],
    run: Path,
    workers: int,
    device: str,
    restarts: int,
    watcher: Any,
    stop: Callable[[], bool],
) -> dict[str, Any]:
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    there = ray.cluster_resources()
    with_gpus = device.startswith("cuda") or (device == "auto" and there.get("GPU", 0) >= workers)
    kind = "GPU" if with_gpus else "CPU"
    if there.get(kind, 0) < workers:
        raise InputError(f"--ray {workers}: the cluster has {there.get(kind, 0):.0f} {kind}s, one a worker")
    (run / STOP).unlink(missing_ok=True)
    trainer = TorchTrainer(
        _work,
        train_loop_config={
            "config": config,
            "data": [place if "://" in place else str(Path(place).absolute()) for place in data],
            "run": str(run.absolute()),
            "device": "cuda" if with_gpus else "cpu",
        },
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=with_gpus),
        run_config=RunConfig(
            name="ray",
            storage_path=str((run / "runs").absolute()),
            failure_config=FailureConfig(max_failures=0),
        ),
    )
    lost = 0
    with _looking(run, int(config["steps"]), watcher, stop):
        while True:
            try:
                _in_a_thread(trainer.fit)
                break
            except Exception as error:
                if not _is_loss(error):
                    raise _own(error) or error from None
                lost += 1
                if watcher is not None:
                    watcher.note(
                        f"{run}: lost a worker ({_first_line(error)}); {lost} of {restarts} restarts"
                    )
                if lost > restarts:
                    raise MachineError(
                        f"{run}: workers were lost {lost} times; the last checkpoint stands: run the same "
                        "command again"
                    ) from error
    (run / STOP).unlink(missing_ok=True)
    return _result(run, int(config["steps"]))


def _work(settings: dict[str, Any]) -> None:
    """One worker; Ray Train has set up the process group."""
    from model.training import ranks
    from model.training.config import from_plain
    from model.training.trainer import train
    from pipelines.redrawing import redraw_if_installed

    config, run = from_plain(settings["config"]), Path(settings["run"])
    with ranks.join(config.parallel, settings["device"]) as own:
        train(config, settings["data"], run, own, stop=(run / STOP).exists, redraw=redraw_if_installed())


def _in_a_thread(work: Callable[[], Any]) -> None:
    """Do work in a thread of its own, while signals reach this one.

    Raises:
        Exception: what the work raises. KeyboardInterrupt: at once; the thread ends with the process.
    """
    raised: list[BaseException] = []

    def do() -> None:
        try:
            work()
        except BaseException as error:  # raised again below
            raised.append(error)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
    if raised:
        raise raised[0]


def _own(error: BaseException | None) -> MotionPairError | None:
    """The error of ours that a worker raised, if that is what ended the job."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        if isinstance(one, MotionPairError):
            return one
        waiting += [one.__cause__, getattr(one, "cause", None), getattr(one, "controller_failure", None)]
        waiting += list(getattr(one, "worker_failures", {}).values())
    return None


def _is_loss(error: BaseException) -> bool:
    """Whether workers or nodes died, rather than raised.

    Those that are left raise too, of a collective that broke; they may be heard of before the dead one is.
    """
    from ray.exceptions import RayActorError
    from torch.distributed import DistError

    failures = list(getattr(error, "worker_failures", {}).values())
    for failure in failures:  # Ray Train has no public name for the latter
        if isinstance(failure, RayActorError) or type(failure).__name__.startswith("WorkerHealthCheck"):
            return True
    broken = [isinstance(failure, DistError) or "gloo" in str(failure) for failure in failures]
    return bool(broken) and all(broken)


def _first_line(error: BaseException) -> str:
    failures = list(getattr(error, "worker_failures", {}).values()) or [error]
    return (str(failures[0]).strip().splitlines() or [type(failures[0]).__name__])[0][:200]


@contextmanager
def _looking(run: Path, steps: int, watcher: Any, stop: Callable[[], bool]) -> Iterator[None]:
    """Meanwhile, pass on the log's lines, and the wish to stop."""
    over = threading.Event()

    def look() -> None:
        from model.training.log import read_log

        shown = -1
        while not over.wait(_POLL_SECONDS):
            if stop():
                (run / STOP).touch()
            for line in read_log(run) if watcher is not None else ():
                if line["step"] > shown:
                    shown = line["step"]
                    watcher.line(line, steps)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        time.sleep(2 * _POLL_SECONDS)
        over.set()
        thread.join()


def _result(run: Path, steps: int) -> dict[str, Any]:
    from model.training.checkpoints import find
    from model.training.log import read_log

    step, lines = find(run).step, read_log(run)
    return {"step": step, "stopped": step < steps, "loss": lines[-1]["loss"] if lines else None}
