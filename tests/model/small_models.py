"""Transformers small enough for tests, with weights that make every condition count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from model.codecs import open_codec
from model.scail2 import ModelConfig, build
from model.scail2.inputs import Inputs
from model.scail2.model import Scail2
from model.training.checkpoints import Checkpoints
from model.training.config import Ema, TrainConfig
from model.training.ranks import alone
from model.training.runs import Maker, RunConfig, write_config
from motionpair.loading.index import Bucket

SMALLEST = ModelConfig(
    dim=24, ffn_dim=32, heads=4, layers=1, freq_dim=16, text_dim=0, text_len=4, image_dim=0
)


def small_model(seed: int = 0, **changes: Any) -> Scail2:
    """A model with random weights everywhere, its head too, which a fresh one has at 0."""
    generator = torch.Generator().manual_seed(seed)
    model = build(replace(SMALLEST, **changes), generator=generator)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


@contextmanager
def watched(model: Scail2) -> Iterator[list[Inputs]]:
    """What the model is given, in order, while the block runs."""
    given: list[Inputs] = []
    hook = model.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    yield given
    hook.remove()


def small_run(folder: Path, seed: int = 0, step: int = 3, ema: bool = False, frames: int = 5) -> Path:
    """A run's folder with one checkpoint of a small model with random weights, as training leaves it.

    ema: with a moving average, of other weights. frames: of the clips that it was trained on.
    """
    codec = open_codec("dct")
    train = TrainConfig(model=SMALLEST, ema=Ema() if ema else None)
    made_with = Maker(codec.name, codec.hash)
    bucket = Bucket(64, 96, frames)
    folder.mkdir(parents=True)
    write_config(folder, RunConfig(train, SMALLEST, ("out",), made_with, None, None, (bucket,)))
    model = small_model(seed)
    tensors = {f"model.{name}": p.detach() for name, p in model.named_parameters()}
    if ema:
        other = small_model(seed + 1)
        tensors |= {f"ema.{name}": p.detach() for name, p in other.named_parameters()}
    Checkpoints(folder, alone("cpu"), background=False).save(step, tensors, {})
    return folder
