"""Codecs: video to latents and back, at a stride of 4 frames × 8 × 8 pixels, 16 channels, first frame alone.

`dct` needs no weights (`model.codecs.dct`); a folder is a Wan2.1 VAE (`model.codecs.wan`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch

from model.pretrained import Identity
from motionpair.errors import InputError

CHANNELS = 16
STRIDE = 8
"""Pixels of a latent's side."""
FRAMES = 4
"""Frames of a latent frame after the first one, which is of one frame."""


class Codec(Protocol):
    """Video to latents and back. T = 4 n + 1 frames are T' = n + 1 latent frames; H and W are multiples of 8.

    Attributes:
        name: for people: `dct`, or the name of the VAE's folder.
        hash: sha256 in hex of all that decides latents: latents of another hash are of another codec.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def hash(self) -> str:
        """See above."""
        ...

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (B, T, 3, H, W) uint8 sRGB as latents (B, 16, T', H / 8, W / 8) float32, normalised."""
        ...

    def encode_float(self, frames: torch.Tensor) -> torch.Tensor:
        """The same of frames (B, T, 3, H, W) float, 0 to 1, such as those of half size."""
        ...

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (B, 16, T', h, w) as frames (B, T, 3, 8 h, 8 w) uint8 sRGB."""
        ...

    def decode_float(self, latents: torch.Tensor) -> torch.Tensor:
        """The same as float32, clamped to 0 to 1."""
        ...


def open_codec(
    name: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Codec:
    """The codec of a name: `dct`, or the folder of a Wan2.1 VAE in diffusers' layout.

    Args:
        name: as above.
        device: where to work.
        dtype: what the VAE computes in.

    Raises:
        InputError: neither of them, or the folder holds no such VAE; names the file.
    """
    from model.codecs.dct import DctCodec
    from model.codecs.wan import WanCodec

    if str(name) == "dct":
        return DctCodec(device)
    if not Path(name).is_dir():
        raise InputError(f"codec: expected dct or the folder of a Wan2.1 VAE, got {str(name)!r}")
    return WanCodec(name, device, dtype)


def identify(name: str | Path, dtype: torch.dtype = torch.float32) -> Identity:
    """What a codec is, without loading it; arguments and errors as of `open_codec`."""
    from model.codecs import dct, wan

    if str(name) == "dct":
        return Identity("dct", dct.HASH)
    if not Path(name).is_dir():
        raise InputError(f"codec: expected dct or the folder of a Wan2.1 VAE, got {str(name)!r}")
    return wan.identify(name, dtype)
