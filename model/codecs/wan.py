"""The Wan2.1 VAE as a codec, from a local folder, through diffusers' `AutoencoderKLWan`.

Latents are the posterior's mean, normalised by the folder's own `latents_mean` and `latents_std`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import torch

from model import pretrained
from model.codecs import CHANNELS, FRAMES, STRIDE
from model.codecs.shapes import check_frames, check_latents
from model.pretrained import Identity
from motionpair.errors import InputError

VERSION = 1


def identify(folder: str | Path, dtype: torch.dtype = torch.float32) -> Identity:
    """What the VAE of a folder is.

    Raises:
        InputError, DataError: the folder holds none; names the file.
    """
    found = pretrained.part_folder(folder, "vae")
    _check(found)
    files = [found / pretrained.CONFIG, *pretrained.weights(found)]
    return Identity(Path(folder).resolve().name, pretrained.digest(files, "wan", str(VERSION), str(dtype)))


def _check(folder: Path) -> None:
    facts = pretrained.config(folder)
    # what Wan2.1's VAE has; that of Wan2.2 has other channels and another stride
    expected = {
        "z_dim": CHANNELS,
        "patch_size": None,
        "scale_factor_temporal": FRAMES,
        "scale_factor_spatial": STRIDE,
    }
    if facts.get("_class_name") != "AutoencoderKLWan":
        raise InputError(f"{folder}/config.json: _class_name: expected AutoencoderKLWan")
    for name, value in expected.items():
        if facts.get(name, value) != value:
            raise InputError(f"{folder}/config.json: {name}: expected {value}, as Wan2.1's VAE has it")


class WanCodec:
    """See the module. Encodes and decodes a clip at a time.

    Args:
        folder: of the VAE, or of a diffusers pipeline with it in `vae/`.
        device, dtype: where and in what to compute; latents depend on the dtype.

    Raises:
        InputError: the folder holds no VAE with 16 channels at a stride of 4 × 8 × 8, or no safetensors.
        DataError: a damaged file, or a weight that is missing or of another shape; names it.
    """

    def __init__(
        self,
        folder: str | Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        from diffusers import AutoencoderKLWan

        self.device, self._dtype = torch.device(device), dtype
        self._given, self._folder = folder, pretrained.part_folder(folder, "vae")
        _check(self._folder)
        self._vae = pretrained.load(AutoencoderKLWan, self._folder, self.device, torch_dtype=dtype)
        self._mean, self._std = (
            torch.tensor(getattr(self._vae.config, name), device=self.device).view(1, -1, 1, 1, 1)
            for name in ("latents_mean", "latents_std")
        )
        if self._mean.shape[1] != CHANNELS or self._std.shape[1] != CHANNELS:
            raise InputError(f"{self._folder}/config.json: latents_mean, latents_std: expected {CHANNELS}")

    @cached_property
    def _identity(self) -> Identity:
        return identify(self._given, self._dtype)

    @property
    def name(self) -> str:
        """The folder's."""
        return self._identity.name

    @property
    def hash(self) -> str:
        """sha256 in hex of the configuration, the weights, the dtype and this code's version."""
        return self._identity.hash

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (B, T, 3, H, W) uint8 sRGB as latents (B, 16, T', H / 8, W / 8) float32.

        Raises:
            InputError: another shape or type, T not 4 n + 1, or a side that is no multiple of 8.
        """
        check_frames(frames, torch.uint8)
        return self._encode((frames.to(self.device).float() - 127.5) / 127.5)

    def encode_float(self, frames: torch.Tensor) -> torch.Tensor:
        """The same of frames (B, T, 3, H, W) float, 0 to 1."""
        check_frames(frames, None)
        return self._encode(frames.to(self.device).float() * 2 - 1)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (B, 16, T', h, w) as frames (B, T, 3, 8 h, 8 w) uint8 sRGB.

        Raises:
            InputError: another shape.
        """
        return self.decode_float(latents).mul_(255).round_().to(torch.uint8)

    @torch.no_grad()
    def decode_float(self, latents: torch.Tensor) -> torch.Tensor:
        """The same as float32, clamped to 0 to 1."""
        check_latents(latents)
        plain = latents.to(self.device).float() * self._std + self._mean
        with torch.autocast(self.device.type, enabled=False):
            clips = [self._vae.decode(clip[None].to(self._dtype)).sample.float() for clip in plain]
        return torch.cat(clips).transpose(1, 2).add(1).div(2).clamp_(0, 1)

    @torch.no_grad()
    def _encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Frames of −1 to 1."""
        clips = pixels.transpose(1, 2).to(self._dtype)
        with torch.autocast(self.device.type, enabled=False):
            means = torch.cat([self._vae.encode(clip[None]).latent_dist.mode() for clip in clips])
        return (means.float() - self._mean) / self._std
