"""The loss of a batch of preference items, and what a run of them starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from model import dpo, flow
from model.dpo import Preference
from model.scail2.inputs import Inputs
from model.training import checkpoints
from model.training.batches import Batch
from model.training.config import Chances, Lora, Optimizer, Saving, Strips, TrainConfig
from model.training.lora import adapters_off
from model.training.objective import autocast, inputs_of
from model.training.runs import read_run
from motionpair.errors import InputError

STEPS, BATCH, RATE = 400, 24, 1e-4
"""Of the paper's run (arXiv 2606.10804, appendix B), with adapters of rank 128."""


@dataclass(frozen=True)
class Measured:
    """A batch's losses and figures, a number an item: (B,) float32.

    loss: with gradient. reference: the loss of the reference on the same draws; of methods without one, of a
    model that answers 0. figures: by the names of the log.
    """

    loss: Tensor
    reference: Tensor
    figures: dict[str, Tensor]


@dataclass(frozen=True)
class PreferenceObjective:
    """What a batch of preference items costs.

    preference: how they are learned. compute: what the model computes in.
    """

    preference: Preference
    compute: torch.dtype

    def __call__(self, model: nn.Module, batch: Batch) -> Measured:
        """The loss of each item.

        The reference is the same model with its adapters off; r and r⁻ have the same noise and time, and are
        one forward.

        Args:
            model: with adapters.
            batch: with `rejected` and `region`.

        Raises:
            InputError: a pair that is no preference item; named.
        """
        rejected, region = batch.rejected, batch.region
        if rejected is None or region is None:
            raise InputError(f"pair {batch.pair_ids[0]}: rejected: missing; expected preference items alone")
        given = inputs_of(batch)
        mask = region.float()[:, None]
        if given.history_mask is not None:
            mask = mask * (1 - given.history_mask)
        if not self.preference.compares:
            return self._supervised(model, batch, given, mask)
        other = replace(given, video=flow.noised(rejected, batch.noise, batch.sigma, given.history_mask))
        both = Inputs.cat([given, other]).to(dtype=torch.float32)
        with torch.no_grad(), adapters_off(model), autocast(batch.video.device, self.compute):
            frozen = model(both).float()
        with autocast(batch.video.device, self.compute):
            prediction = model(both).float()
        return self._compared(batch, rejected, given.history_mask, mask, prediction, frozen)

    def _supervised(self, model: nn.Module, batch: Batch, given: Inputs, mask: Tensor) -> Measured:
        weight = 1 + self.preference.hands * mask if self.preference.method == "hands-sft" else None
        with autocast(batch.video.device, self.compute):
            prediction = model(given.to(dtype=torch.float32)).float()
        history = given.history_mask
        loss = flow.loss(prediction, batch.video, batch.noise, history, weight=weight, reduction="none")
        zero = torch.zeros_like(prediction)
        floor = flow.loss(zero, batch.video, batch.noise, history, weight=weight, reduction="none")
        plain = flow.loss(prediction.detach(), batch.video, batch.noise, history, reduction="none")
        return Measured(loss, floor, {"sft_loss": plain})

    def _compared(
        self,
        batch: Batch,
        rejected: Tensor,
        history: Tensor | None,
        mask: Tensor,
        prediction: Tensor,
        frozen: Tensor,
    ) -> Measured:
        """prediction, frozen: (2 B, ...) velocities of r, then of r⁻: the model's and the reference's."""
        asked, count = self.preference, len(batch)
        if asked.method == "frame-dpo":
            mask = torch.ones_like(mask) if history is None else 1 - history
        velocities = [batch.noise.float() - x0.float() for x0 in (batch.video, rejected)]

        def errors(of: Tensor) -> tuple[Tensor, Tensor]:
            chosen, other = (
                dpo.region_error(predicted, velocity, mask, asked.reduction)
                for predicted, velocity in zip(of.split(count), velocities, strict=True)
            )
            return chosen, other

        (chosen, other), (chosen_frozen, other_frozen) = errors(prediction), errors(frozen)
        better = dpo.reward(chosen, chosen_frozen, asked.beta)
        worse = dpo.reward(other, other_frozen, asked.beta)
        margin = better - worse
        term = (dpo.ipo_term if asked.method == "ipo" else dpo.dpo_term)(margin)
        sft, reference = (
            flow.loss(of[:count], batch.video, batch.noise, history, reduction="none")
            for of in (prediction, frozen)
        )
        even = dpo.IPO_TARGET**2 if asked.method == "ipo" else math.log(2)
        apart = (prediction.detach() - frozen) ** 2
        figures = {
            "sft_loss": sft.detach(),
            "reference_loss": reference,
            "preference_loss": term.detach(),
            "margin": margin.detach(),
            "reward_preferred": better.detach(),
            "reward_rejected": worse.detach(),
            "accuracy": dpo.accuracy(margin.detach(), torch.zeros_like(margin)),
            "region_error": chosen.detach(),
            "kl": _per_item(apart.flatten(1).mean(dim=1), count),
            "gradient_sft": _gradient(sft, prediction, count),
            "gradient_preference": _gradient(asked.weight * term, prediction, count),
        }
        return Measured(sft + asked.weight * term, reference + asked.weight * even, figures)


def _gradient(term: Tensor, prediction: Tensor, count: int) -> Tensor:
    """Norm of a term's gradient with respect to an item's two velocities, (B,); 0 without a gradient."""
    if not term.requires_grad:
        return torch.zeros(count, device=term.device)
    (gradient,) = torch.autograd.grad(term.sum(), prediction, retain_graph=True)
    squares = (gradient.float() ** 2).flatten(1).sum(dim=1)
    return (2 * _per_item(squares, count)).sqrt()


def _per_item(values: Tensor, count: int) -> Tensor:
    """The mean of r's and r⁻'s, (B,) of (2 B,)."""
    return values.view(2, count).mean(dim=0)


def dpo_config(run: str | Path, step: int | None = None) -> TrainConfig:
    """The paper's post-training of a run's model: adapters of rank 128 on the weights of a checkpoint.

    Args:
        run: folder of a run of `motionpair train`.
        step: of its checkpoint, the last one if not given.

    Raises:
        InputError: no run, or no such checkpoint.
    """
    train = read_run(run).train
    found = checkpoints.find(Path(run), step)
    micro = math.gcd(BATCH, train.data.micro_batch)
    return replace(
        train,
        steps=STEPS,
        init=str(found.path.absolute()),
        data=replace(train.data, batch=BATCH, micro_batch=micro, shares=None, mix=None),
        # a clip's first latents tell its hands, and no driving clip but s has the same motion
        chances=Chances(0.0, 0.0, 0.0, 0.0, train.chances.drop_text),
        optimizer=Optimizer(lr=RATE, clip=train.optimizer.clip, schedule="constant"),
        lora=Lora(rank=128),
        preference=Preference(),
        ema=None,
        saving=Saving(every=50, keep=0, background=train.saving.background),
        strips=Strips(every=0),
    )
