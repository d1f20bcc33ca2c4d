"""What the transformer takes: one batch of noisy latents and everything they are conditioned on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from motionpair.errors import InputError

EXACT = ("timestep", "replacement")
"""Fields that keep their type whatever the model computes in."""


@dataclass
class Inputs:
    """A batch of B samples of T latent frames of h × w; modes may mix, shapes may not.

    Driving streams have half the size. Masks are the 28 channels of `motionpair.mask_channels`.
    """

    video: Tensor
    """(B, 16, T, h, w) noisy latents; history frames are clean."""
    timestep: Tensor
    """(B,) float32, 1000 σ."""
    driving: Tensor
    """(B, 16, T, h/2, w/2) latents of the driving clip."""
    driving_masks: Tensor
    """(B, 28, T, h/2, w/2)."""
    reference: Tensor
    """(B, 16, 1, h, w) latent of the reference image."""
    reference_masks: Tensor
    """(B, 28, 1, h, w)."""
    replacement: Tensor
    """(B,) bool: replacement mode, else animation."""
    history_mask: Tensor | None = None
    """(B, 1, T, h, w), 1 where `video` is clean; None where nothing is."""
    additional: Tensor | None = None
    """(B, 16, n, h, w) latents of n further reference images, each encoded alone."""
    additional_masks: Tensor | None = None
    """(B, 28, n, h, w)."""
    text: Tensor | None = None
    """(B, L ≤ text_len, text_dim) states of the text, zero where a text is shorter."""
    image: Tensor | None = None
    """(B, 257, image_dim) states of the reference image."""

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Inputs:
        """The same batch elsewhere; `timestep` and `replacement` keep their type."""
        moved = {
            field.name: value.to(device, None if field.name in EXACT else dtype)
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return dataclasses.replace(self, **moved)

    @staticmethod
    def cat(batches: Sequence[Inputs]) -> Inputs:
        """Several batches as one, for guidance: with and without text in one forward.

        Raises:
            InputError: a field that only some of them have, or of another shape.
        """
        joined: dict[str, Tensor | None] = {}
        for field in dataclasses.fields(Inputs):
            values = [getattr(batch, field.name) for batch in batches]
            present = [value for value in values if value is not None]
            if not present:
                joined[field.name] = None
                continue
            if len(present) != len(values) or len({tuple(value.shape[1:]) for value in present}) > 1:
                raise InputError(f"{field.name}: expected one shape in all batches, or none")
            joined[field.name] = torch.cat(present)
        return Inputs(**joined)  # type: ignore[arg-type]
