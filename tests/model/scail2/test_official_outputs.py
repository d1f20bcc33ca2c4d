"""The transformer against outputs and gradients of the official code."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from model import flow
from model.scail2 import checkpoints
from model.scail2.inputs import Inputs
from model.scail2.model import Scail2
from model.scail2.state_dict_adapter import config_from_official, to_official

OFFICIAL = Path(__file__).parents[2] / "fixtures" / "scail2"
DESCRIBED = json.loads((OFFICIAL / "official.json").read_text())


@pytest.fixture(scope="module")
def model() -> Scail2:
    """The small model, its image embedding replaced by nothing: fixtures hold its output."""
    config = config_from_official(DESCRIBED["config"])
    model = Scail2(dataclasses.replace(config, image_dim=config.dim))
    model.condition_embedder.image_embedder = nn.Identity()
    assert checkpoints.load(model, OFFICIAL / "weights.safetensors") == "official"
    return model


def case(name: str, replacement: bool) -> tuple[Inputs, Tensor]:
    found = {key: value.float() for key, value in load_file(OFFICIAL / f"{name}.safetensors").items()}
    inputs = Inputs(
        video=found["x"],
        timestep=found["t"],
        driving=found["pose_latents"],
        driving_masks=found["driving_masks"],
        reference=found["ref_latents"],
        reference_masks=found["ref_masks"][:, :, :1],
        replacement=torch.tensor([replacement]),
        history_mask=found["history_mask"][:, :1] if "history_mask" in found else None,
        text=found["context.0"][None],
        image=found["image_states"],
    )
    return inputs, found["out"]


@pytest.mark.parametrize(("name", "replacement"), [("history", False), ("replacement", True)])
def test_outputs_are_the_official_ones(model, name, replacement):
    inputs, expected = case(name, replacement)
    with torch.no_grad():
        out = model(inputs)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-4)
    assert (out - expected).norm() / expected.norm() < 1e-5


def test_gradients_are_the_official_ones(model):
    inputs, _ = case("history", replacement=False)
    described = DESCRIBED["history_gradient"]
    out = model(inputs)
    target = torch.cos(0.37 * torch.arange(out.numel(), dtype=torch.float64)).view_as(out).float()
    loss = flow.loss(out, torch.zeros_like(out), target, inputs.history_mask)
    loss.backward()
    assert loss.item() == pytest.approx(described["loss"], rel=1e-5)
    gradients = {to_official(name): p.grad.double().flatten() for name, p in model.named_parameters()}
    assert gradients.keys() == described["gradients"].keys()
    for name, expected in described["gradients"].items():
        flat = gradients[name]
        probe = torch.cos(0.7310585 * torch.arange(len(flat), dtype=torch.float64))
        assert flat.norm().item() == pytest.approx(expected["l2"], rel=1e-4), name
        assert (flat @ probe).item() == pytest.approx(expected["probe_dot"], abs=1e-4 * expected["l2"]), name
