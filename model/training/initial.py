"""Weights that a run starts from: safetensors, or the checkpoint of another run, its adapters merged."""

from __future__ import annotations

from pathlib import Path

from model.scail2 import checkpoints as weights
from model.scail2.model import Scail2
from model.training import checkpoints
from model.training.lora import add_adapters, merge_adapters
from model.training.ranks import alone
from motionpair.errors import InputError


def fill(model: Scail2, init: str | Path, ema: bool = True) -> None:
    """Give a model its first weights, in place: no second copy of them in memory.

    Args:
        model: on a CPU.
        init: what `model.scail2.checkpoints.load` reads, or RUN/checkpoints/step-....
        ema: of a run, take the moving average of the weights, where it has one.

    Raises:
        InputError: nothing there, or a model of other sizes.
        DataError: damaged; names the file or the tensor.
    """
    if not (Path(init) / checkpoints.STATE).is_file():
        weights.load(model, init)
        return
    from model.training.runs import read_run  # it imports what makes models, which imports this

    found = checkpoints.read(Path(init))
    config = read_run(found.path.parent.parent)
    if config.model != model.config:
        raise InputError(f"init: {init} is of a model of other sizes")
    if config.train.lora is not None:
        assert config.train.init is not None  # `TrainConfig`
        fill(model, config.train.init)
        add_adapters(model, config.train.lora)
    prefix = "ema" if ema and config.train.ema is not None else "model"
    tensors = {f"{prefix}.{name}": p.data for name, p in model.named_parameters() if p.requires_grad}
    checkpoints.load(found, tensors, alone("cpu"))
    if config.train.lora is not None:
        merge_adapters(model)
