"""UMT5-XXL text encoder of Wan2.1, from a local folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

MAX_TOKENS = 512


class TextEncoder:
    """Captions as UMT5's last hidden states. hash: sha256 in hex of all that decides them.

    Args:
        folder: with `tokenizer/` and `text_encoder/` (a diffusers pipeline's folder), or with both in itself.
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

    def __call__(self, captions: Sequence[str]) -> list[torch.Tensor]:
        """A tensor (L, 4096) a caption, L its tokens, at most `MAX_TOKENS`; the model pads them with zeros."""
        raise NotImplementedError
