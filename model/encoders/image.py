"""CLIP ViT-H/14 image encoder of Wan2.1-I2V, from a local folder."""

from __future__ import annotations

from pathlib import Path

import torch


class ImageEncoder:
    """Reference images as CLIP's second last hidden state. hash: sha256 in hex of all that decides it.

    Args:
        folder: with `image_encoder/` (a diffusers pipeline's folder), or the encoder's own folder.
        device, dtype: where and in what to compute.

    Raises:
        InputError: the folder has no such encoder, or its weights are not safetensors; names the file.
    """

    name: str
    hash: str

    def __init__(
        self,
        folder: str | Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        raise NotImplementedError

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, 3, H, W) uint8 sRGB as (B, 257, 1280)."""
        raise NotImplementedError
