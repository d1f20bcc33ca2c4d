"""A codec without weights: the coefficients of a space-time cosine transform that hold most energy.

A clip is cut into blocks of 4 frames × 8 × 8 pixels; the first frame stands for four equal ones, so that a
coefficient means the same in every latent frame and those of time are 0 in the first. A block's orthonormal
DCT-II in Y'CbCr has 768 coefficients, of which the 16 of most energy are kept: chosen over the targets of the
64-pair sample (recipe `sample`, 256 × 448 pixels, 17 frames), their means and standard deviations over those
and the driving clips at half size, by `python -m benchmarks.codecs --measure OUT`.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import torch

from model.codecs import CHANNELS, FRAMES, STRIDE
from model.codecs.shapes import check_frames, check_latents

VERSION = 1

KEPT = (
    (0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 1, 0, 0), (0, 0, 2, 0),
    (0, 0, 0, 2), (0, 0, 1, 1), (0, 0, 3, 0), (0, 2, 0, 0), (0, 1, 0, 1), (0, 0, 0, 3), (2, 0, 1, 0),
    (0, 0, 4, 0), (0, 1, 1, 0),
)  # fmt: skip
"""Plane (Y', Cb, Cr) and frequency in time, down and across of each channel."""
MEAN = (
    6.242, -0.2904, 0.3853, 0.0094, -0.0009, 0.0009, -0.001, -0.001, 0.0001, 0.0001, -0.0002, -0.0002,
    -0.0001, -0.0043, -0.0007, 0.0,
)  # fmt: skip
"""Of each channel; Y' is from 0 to 1, Cb and Cr from −0.5 to 0.5."""
STD = (
    3.6154, 0.7756, 0.9818, 0.5965, 0.5993, 0.3768, 0.3336, 0.3235, 0.2565, 0.2261, 0.1983, 0.2168, 0.2036,
    0.1859, 0.1704, 0.1634,
)  # fmt: skip
"""Likewise; a latent is (coefficient − mean) / deviation."""

# Rec. ITU-R BT.709-6, section 3, full range
_RED, _BLUE = 0.2126, 0.0722
YCBCR = np.array(
    [
        [_RED, 1 - _RED - _BLUE, _BLUE],
        [-0.5 * _RED / (1 - _BLUE), -0.5 * (1 - _RED - _BLUE) / (1 - _BLUE), 0.5],
        [0.5, -0.5 * (1 - _RED - _BLUE) / (1 - _RED), -0.5 * _BLUE / (1 - _RED)],
    ]
)

_PIXELS_AT_ONCE = 1 << 21
"""Some 50 MB of double precision at a time."""


def cosines(length: int) -> np.ndarray:
    """The orthonormal DCT-II of a length: (frequency, sample) float64.

    Ahmed, Natarajan, Rao: Discrete Cosine Transform, IEEE Trans. Computers C-23 (1974), eq. 1.
    """
    k, x = np.mgrid[0:length, 0:length]
    matrix: np.ndarray = np.sqrt(2 / length) * np.cos(np.pi * (2 * x + 1) * k / (2 * length))
    matrix[0] /= np.sqrt(2)
    return matrix


def basis(kept: tuple[tuple[int, int, int, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """The coefficients of an RGB block, and an RGB block of coefficients.

    Args:
        kept: plane and frequencies of each of N coefficients.

    Returns:
        Analysis and synthesis, both (N, 4, 3, 8, 8) float64: coefficient, frame, R G B, down, across.
    """
    time, space = cosines(FRAMES), cosines(STRIDE)
    waves = np.stack([np.einsum("a,i,j->aij", time[t], space[y], space[x]) for _, t, y, x in kept])
    planes = [plane for plane, *_ in kept]
    analysis = np.einsum("naij,nc->nacij", waves, YCBCR[planes])
    synthesis = np.einsum("naij,nc->nacij", waves, np.linalg.inv(YCBCR).T[planes])
    return analysis, synthesis


HASH = hashlib.sha256(
    json.dumps(
        {"codec": "dct", "version": VERSION, "kept": KEPT, "mean": MEAN, "std": STD}, sort_keys=True
    ).encode()
).hexdigest()
"""Of all that decides latents: a change of the code that changes them raises VERSION."""


class DctCodec:
    """See the module. device: where to work; clips and latents are moved there."""

    name = "dct"

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.hash = HASH
        self.device = torch.device(device)
        mean, std = np.array(MEAN), np.array(STD)
        analysis, synthesis = (matrix.reshape(CHANNELS, -1) for matrix in basis(KEPT))
        # Encoding is in double precision, so that no machine's order of summation reaches a rounded latent.
        self._analysis = torch.from_numpy((analysis / std[:, None]).T.copy()).to(self.device)
        self._shift = torch.from_numpy(-mean / std).to(self.device)
        self._synthesis = torch.from_numpy(synthesis * std[:, None]).float().to(self.device)
        self._offset = torch.from_numpy(mean @ synthesis).float().to(self.device)

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (B, T, 3, H, W) uint8 sRGB as latents (B, 16, T', H / 8, W / 8) float32.

        Raises:
            InputError: another shape or type, T not 4 n + 1, or a side that is no multiple of 8.
        """
        check_frames(frames, torch.uint8)
        return self._encode(frames, 1 / 255)

    def encode_float(self, frames: torch.Tensor) -> torch.Tensor:
        """The same of frames (B, T, 3, H, W) float, 0 to 1."""
        check_frames(frames, None)
        return self._encode(frames, 1.0)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (B, 16, T', h, w) as frames (B, T, 3, 8 h, 8 w) uint8 sRGB.

        Raises:
            InputError: another shape.
        """
        return self.decode_float(latents).mul_(255).round_().to(torch.uint8)

    def decode_float(self, latents: torch.Tensor) -> torch.Tensor:
        """The same as float32, clamped to 0 to 1."""
        check_latents(latents)
        batch, _, count, high, wide = latents.shape
        frames = torch.empty((batch, 4 * count - 3, 3, STRIDE * high, STRIDE * wide), device=self.device)
        for clip, into in zip(latents, frames, strict=True):
            for at in range(count):
                into[max(0, 4 * at - 3) : 4 * at + 1] = self._block(clip[:, at], first=at == 0)
        return frames.clamp_(0, 1)

    def _block(self, latents: torch.Tensor, *, first: bool) -> torch.Tensor:
        """One latent frame (16, h, w) as its frames (4 or 1, 3, 8 h, 8 w)."""
        _, high, wide = latents.shape
        flat = latents.to(self.device, torch.float32).reshape(CHANNELS, -1).T
        with torch.autocast(self.device.type, enabled=False):
            pixels = torch.addmm(self._offset, flat, self._synthesis)
        blocks = pixels.reshape(high, wide, FRAMES, 3, STRIDE, STRIDE).permute(2, 3, 0, 4, 1, 5)
        frames = blocks.reshape(FRAMES, 3, STRIDE * high, STRIDE * wide)
        return frames.mean(0, keepdim=True) if first else frames

    def _encode(self, frames: torch.Tensor, scale: float) -> torch.Tensor:
        batch, length, _, height, width = frames.shape
        count, high, wide = length // FRAMES + 1, height // STRIDE, width // STRIDE
        latents = torch.empty((batch, CHANNELS, count, high, wide), device=self.device)
        step = max(1, _PIXELS_AT_ONCE // (FRAMES * height * width))
        analysis = self._analysis * scale
        for clip, into in zip(frames, latents, strict=True):
            into[:, 0] = self._coefficients(clip[:1].expand(FRAMES, -1, -1, -1), analysis)[:, 0]
            for at in range(1, count, step):
                end = min(count, at + step)
                into[:, at:end] = self._coefficients(clip[4 * at - 3 : 4 * end - 3], analysis)
        return latents

    def _coefficients(self, frames: torch.Tensor, analysis: torch.Tensor) -> torch.Tensor:
        """Whole blocks of frames (4 n, 3, H, W) as (16, n, h, w) float32."""
        length, _, height, width = frames.shape
        count, high, wide = length // FRAMES, height // STRIDE, width // STRIDE
        blocks = frames.to(self.device).reshape(count, FRAMES, 3, high, STRIDE, wide, STRIDE)
        flat = blocks.permute(0, 3, 5, 1, 2, 4, 6).reshape(-1, analysis.shape[0]).double()
        with torch.autocast(self.device.type, enabled=False):
            found = torch.addmm(self._shift, flat, analysis).float()
        return found.reshape(count, high, wide, CHANNELS).permute(3, 0, 1, 2)
