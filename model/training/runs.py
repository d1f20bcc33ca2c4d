"""A run's folder: what it is of, and the model of one of its checkpoints.

RUN/config.json          `RunConfig`
RUN/checkpoints/         `model.training.checkpoints`
RUN/log.jsonl            `model.training.log`
RUN/tensorboard/         events of the same figures
RUN/strips/              pictures of what the model makes
RUN/runs/                who has it now (`motionpair.lease`), and what Ray Train keeps
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from model.scail2 import ModelConfig
from model.scail2.model import Scail2
from model.training import checkpoints
from model.training.config import TrainConfig, differing
from model.training.parallelize import trained, whole_model
from model.training.ranks import Ranks, alone
from motionpair import durable, fields, lease
from motionpair.errors import DataError, InputError, MachineError
from motionpair.loading.index import Bucket

CONFIG = "config.json"
VERSION = 1
LEASE = Path("runs/lease")
_BEFORE = ("runs", ".stop")
"""What a job lays into a folder before the run is there."""
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Maker:
    """A codec or encoder that latents are made with: its name for people, sha256 of what decides it."""

    name: str
    hash: str


@dataclass(frozen=True)
class RunConfig:
    """What a run is of.

    train: its configuration. model: its transformer's sizes. data: folders or URIs. codec, text, image: what
    latents and conditions are made with; None where the model takes no such condition. buckets: sizes and
    lengths of the clips, in pixels and frames.
    """

    train: TrainConfig
    model: ModelConfig
    data: tuple[str, ...]
    codec: Maker
    text: Maker | None
    image: Maker | None
    buckets: tuple[Bucket, ...]
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise InputError(f"version: expected {VERSION}, got {self.version}")

    @property
    def frames(self) -> int:
        """Frames of the longest clip: the length of a window when sampling."""
        return max(bucket.frames for bucket in self.buckets)


@contextmanager
def held(run: Path, ranks: Ranks) -> Iterator[None]:
    """Have a run to this job alone; every rank calls it, and the first one holds it for all.

    What a job that died has left is taken over as soon as its lock is gone. The folder is made where needed;
    the job that made it removes it again if no run has begun in it.

    Args:
        run: the run's folder, on a disk that all ranks share.
        ranks: the job's.

    Raises:
        InputError: another job has it, it cannot be made, or it holds something else; the same on all ranks.
        MachineError: the disk failed; likewise.
    """
    with ExitStack() as stack:
        refusal = None
        if ranks.first:
            try:
                stack.enter_context(_held(run))
            except InputError as error:
                refusal = str(error), False
            except OSError as error:  # heard by all, who would wait for this rank otherwise
                refusal = f"{run}: {error.strerror or error}", True
        refusal = ranks.gathered(refusal)[0]
        if refusal is not None:
            text, is_machine = refusal
            raise MachineError(text) if is_machine else InputError(text)
        yield


@contextmanager
def _held(run: Path) -> Iterator[None]:
    path = run / LEASE
    with ExitStack() as stack:
        try:
            check_free(run)
            made = not run.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lease.hold(path, "job"))
        except (FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise InputError(f"{run}: cannot be made or written ({error.strerror})") from None
        try:
            yield
        finally:
            if made and not (run / CONFIG).exists():
                path.unlink(missing_ok=True)
                with suppress(OSError):  # what else was laid there stays
                    path.parent.rmdir()
                    run.rmdir()


def check_free(run: Path) -> None:
    """Refuse a folder that is no run's and where none may begin.

    Raises:
        InputError: it is a file, or holds something else.
    """
    if not run.exists() or (run / CONFIG).exists():
        return
    if not run.is_dir() or any(path.name not in _BEFORE for path in run.iterdir()):
        raise InputError(f"{run}: is there already and no run; expected a new or an empty folder")


def write_config(run: Path, config: RunConfig) -> None:
    """Write what a run is of."""
    text = json.dumps(fields.to_plain(config), indent=1) + "\n"
    durable.write_bytes(run / CONFIG, text.encode())


def read_run(run: str | Path) -> RunConfig:
    """What a run is of.

    Raises:
        InputError: no such folder, or not a run's.
        DataError: its `config.json` is damaged or of another version; names the field.
    """
    path = Path(run) / CONFIG
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path}: larger than {_MAX_BYTES} bytes")
        plain = json.loads(path.read_text())
    except OSError as error:
        raise InputError(
            f"{run}: expected the folder of a run of `motionpair train` ({error.strerror})"
        ) from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: is not JSON") from None
    try:
        return fields.from_plain(RunConfig, plain)
    except InputError as error:
        raise DataError(f"{path}: {error}") from None


def check_same(began: RunConfig, now: RunConfig, run: Path) -> None:
    """Refuse to go on with a run as something else than it began.

    Raises:
        InputError: a field that decides what is learned differs; named.
    """
    field = differing(began.train, now.train)
    for name in ("codec", "text", "image", "model"):
        if field is None and getattr(began, name) != getattr(now, name):
            field = name
    if field is not None:
        raise InputError(
            f"{field}: {run} began with another value; expected the same, or another --out: only steps, "
            "parallel, saving, logging, strips, data.workers, data.checksums and the folders of codec and "
            "encoders may change"
        )


def open_run(
    folder: str | Path,
    step: int | None = None,
    ema: bool = True,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> tuple[Scail2, RunConfig]:
    """The model of a run's checkpoint, in evaluation mode, and what the run is of.

    Args:
        folder: of the run.
        step: of the checkpoint, the last one if not given.
        ema: take the moving average of the weights, where the run has one.
        device, dtype: of the model; float32 (what LoRA freezes: `precision.frozen`) if not given.

    Raises:
        InputError: no run, or no such checkpoint. DataError: it is damaged; names the file or the tensor.
    """
    config = read_run(folder)
    found = checkpoints.find(Path(folder), step)
    model = whole_model(config.train, fresh=False)
    prefix = "ema" if ema and config.train.ema is not None else "model"
    tensors = {f"{prefix}.{name}": parameter.data for name, parameter in trained(model).items()}
    checkpoints.load(found, tensors, alone("cpu"))
    return model.to(device=device, dtype=dtype).eval(), config
