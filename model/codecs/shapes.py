"""What codecs take: clips of 4 n + 1 frames with sides that are multiples of 8."""

from __future__ import annotations

import torch

from model.codecs import CHANNELS, FRAMES, STRIDE
from motionpair.errors import InputError


def check_frames(frames: torch.Tensor, dtype: torch.dtype | None) -> None:
    """Hold that frames are (B, T, 3, H, W) of a dtype, or of any floating one, and can be encoded.

    Raises:
        InputError: they are not; says what is accepted.
    """
    fits = frames.dtype == dtype if dtype is not None else frames.is_floating_point()
    if frames.ndim != 5 or frames.shape[2] != 3 or not fits:
        wanted = str(dtype).removeprefix("torch.") if dtype is not None else "float"
        raise InputError(
            f"frames: expected (B, T, 3, H, W) {wanted}, got {tuple(frames.shape)} {frames.dtype}"
        )
    _, length, _, height, width = frames.shape
    if length % FRAMES != 1:
        raise InputError(f"frames: expected 4 n + 1 frames, got {length}")
    if height % STRIDE or width % STRIDE or not height or not width:
        raise InputError(
            f"frames: expected height and width to be multiples of {STRIDE}, got {height}, {width}"
        )


def check_latents(latents: torch.Tensor) -> None:
    """Hold that latents are (B, 16, T', h, w) floating point.

    Raises:
        InputError: they are not.
    """
    if latents.ndim != 5 or latents.shape[1] != CHANNELS or not latents.is_floating_point():
        raise InputError(
            f"latents: expected (B, {CHANNELS}, T, h, w) float, got {tuple(latents.shape)} {latents.dtype}"
        )
