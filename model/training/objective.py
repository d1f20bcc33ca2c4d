"""The loss of a batch: the model's velocity of noised latents against ε − x0."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model import flow
from model.scail2.inputs import Inputs
from model.training.batches import Batch
from model.training.config import Loss


def inputs_of(batch: Batch) -> Inputs:
    """What the model takes of a batch: its target noised by each sample's σ, history clean."""
    frames, height, width = batch.video.shape[-3:]
    history = flow.history_mask(batch.history, frames, height, width)
    return Inputs(
        video=flow.noised(batch.video, batch.noise, batch.sigma, history),
        timestep=flow.TIMESTEPS * batch.sigma.float(),
        driving=batch.driving,
        driving_masks=batch.driving_masks,
        reference=batch.reference,
        reference_masks=batch.reference_masks,
        replacement=batch.replacement,
        history_mask=history,
        additional=batch.additional,
        additional_masks=batch.additional_masks,
        text=batch.text,
        image=batch.image,
    )


@dataclass(frozen=True)
class Objective:
    """The loss of a batch.

    weights: of hands and faces. compute: what the model computes in; parameters stay as they are.
    """

    weights: Loss
    compute: torch.dtype

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss a sample, and that of a model which answers 0 (for telling divergence).

        Returns:
            (B,) float32 with gradient, and (B,) float32 without.
        """
        given = inputs_of(batch)
        with autocast(batch.video.device, self.compute):
            prediction = model(given.to(dtype=torch.float32))
        weight = self._weight(batch)
        loss = flow.loss(
            prediction, batch.video, batch.noise, given.history_mask, weight=weight, reduction="none"
        )
        with torch.no_grad():
            zero = flow.loss(
                torch.zeros_like(prediction),
                batch.video,
                batch.noise,
                given.history_mask,
                weight=weight,
                reduction="none",
            )
        return loss, zero

    def _weight(self, batch: Batch) -> Tensor | None:
        weight = None
        for share, region in ((self.weights.hands, batch.hands), (self.weights.faces, batch.faces)):
            if share and region is not None:
                weight = (1 if weight is None else weight) + share * region.float()[:, None]
        return weight


def autocast(device: torch.device, compute: torch.dtype) -> AbstractContextManager:
    """Automatic mixed precision, or nothing in float32."""
    if compute == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, compute)
