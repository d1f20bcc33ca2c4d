"""Transformers small enough for tests, with weights that make every condition count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from model.scail2 import ModelConfig, build
from model.scail2.inputs import Inputs
from model.scail2.model import Scail2

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
