"""Adapters: they start as nothing, alone are trained, and off they leave the model that they adapt."""

from __future__ import annotations

from pathlib import Path

import job
import pytest
import torch
from small_models import small_model

from model.training.config import Lora, read_config
from model.training.lora import adapters_off, add_adapters
from model.training.objective import inputs_of
from model.training.runs import open_run
from model.training.trainer import train
from motionpair.errors import InputError


def test_adapters_begin_as_nothing_and_can_be_taken_off(latents: Path) -> None:
    from test_batches import feed_of, some

    model = small_model()
    inputs = inputs_of(some(feed_of(latents), 1)[0]).to(dtype=torch.float32)
    with torch.no_grad():
        before = model(inputs)
        named = add_adapters(model, Lora(rank=2))
        assert torch.equal(model(inputs), before)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.5)
        assert not torch.allclose(model(inputs), before)
        with adapters_off(model):
            assert torch.equal(model(inputs), before)
        assert not torch.allclose(model(inputs), before)
    assert len(named) == 6
    assert all("lora_" in name for name, p in model.named_parameters() if p.requires_grad)


def test_a_layer_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"lora.targets: no linear layer has such a name"):
        add_adapters(small_model(), Lora(targets=("attn9",)))


def test_a_run_trains_adapters_alone(latents: Path, base: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(read_config("tiny", [*job.BASE, *job.adapting(base)]), [str(latents)], run)
    model, config = open_run(run)
    assert config.train.lora is not None
    state = model.state_dict()
    for name, tensor in small_model().state_dict().items():
        stem, _, last = name.rpartition(".")
        adapted = f"{stem}.base_layer.{last}"
        assert torch.equal(state[adapted if adapted in state else name], tensor), name
    assert any(tensor.abs().max() > 0 for name, tensor in state.items() if "lora_B" in name)
