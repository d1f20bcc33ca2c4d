"""Low-rank adapters on a SCAIL-2, by peft; with them off it is the model that they adapt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from model.training.config import Lora
from motionpair.errors import InputError


def add_adapters(model: nn.Module, config: Lora, frozen: torch.dtype | None = None) -> list[str]:
    """Give linear layers an adapter, in place, that changes nothing yet; all other weights are frozen.

    Args:
        model: on any device but `meta`.
        config: rank, scale and which layers.
        frozen: type to put frozen weights in; as they are, if not given. Adapters are float32.

    Returns:
        Names of the layers that have one.

    Raises:
        InputError: no layer has such a name.
    """
    from peft import LoraConfig, inject_adapter_in_model

    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    chosen = [name for name in layers if any(_is_target(name, target) for target in config.targets)]
    if not chosen:
        raise InputError(
            f"lora.targets: no linear layer has such a name; there are {', '.join(layers[:12])}, ..."
        )
    model.requires_grad_(False)
    if frozen is not None:
        model.to(frozen)
    inject_adapter_in_model(
        LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=chosen, lora_dropout=0.0), model
    )
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return chosen


@contextmanager
def adapters_off(model: nn.Module) -> Iterator[None]:
    """The model without its adapters, for the block: exactly the one that they were added to."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    before = [layer._disable_adapters for layer in layers]
    # not `enable_adapters`, which freezes the adapters too: FSDP2 would take note of that for good
    for layer in layers:
        layer._disable_adapters = True
    try:
        yield
    finally:
        for layer, off in zip(layers, before, strict=True):
            layer._disable_adapters = off


def merge_adapters(model: nn.Module) -> None:
    """Add adapters to the weights that they adapt, in place; the model is a plain one again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    wrapped = [(name, m) for name, m in model.named_modules() if isinstance(m, BaseTunerLayer)]
    for name, layer in wrapped:
        layer.merge()
        above, _, last = name.rpartition(".")
        setattr(model.get_submodule(above), last, layer.get_base_layer())
    model.requires_grad_(True)


def _is_target(name: str, target: str) -> bool:
    return f".{target}." in f".{name}."
