"""Fréchet video distance (Unterthiner et al. 2018, arXiv 1812.01717), where I3D's weights are at hand.

The weights are one file with the names of the common PyTorch port of I3D (`Conv3d_1a_7x7.conv3d.weight`,
`Mixed_3b.b1a.bn.running_mean`, ..., `logits.conv3d.bias`), trained on Kinetics-400. A clip's features are its
400 logits, their mean over time, of frames stretched to 224 × 224. Distances of other ports differ a bit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from model.evaluation.metrics import writable
from model.evaluation.weights import load, read_weights
from motionpair.errors import InputError

FEATURES = 400
LEAST_FRAMES = 9
"""Shorter clips leave nothing of I3D's last pooling over time."""

_MIXED = {  # channels in; of the four branches, 1 × 1 before 3 × 3 where there are two
    "Mixed_3b": (192, 64, 96, 128, 16, 32, 32),
    "Mixed_3c": (256, 128, 128, 192, 32, 96, 64),
    "Mixed_4b": (480, 192, 96, 208, 16, 48, 64),
    "Mixed_4c": (512, 160, 112, 224, 24, 64, 64),
    "Mixed_4d": (512, 128, 128, 256, 24, 64, 64),
    "Mixed_4e": (512, 112, 144, 288, 32, 64, 64),
    "Mixed_4f": (528, 256, 160, 320, 32, 128, 128),
    "Mixed_5b": (832, 256, 160, 320, 32, 128, 128),
    "Mixed_5c": (832, 384, 192, 384, 48, 128, 128),
}
_POOLS: dict[str, tuple[tuple[int, int, int], int | tuple[int, int, int]]] = {
    "Mixed_3b": ((1, 3, 3), (1, 2, 2)),
    "Mixed_4b": ((3, 3, 3), 2),
    "Mixed_5b": ((2, 2, 2), 2),
}
"""Max poolings before a module: kernel and stride."""


class I3d(nn.Module):
    """Features of clips (Carreira, Zisserman 2017, arXiv 1705.07750).

    Args:
        path: the weights' file. device: where to compute.

    Raises:
        InputError: no such weights; names file and tensor.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu") -> None:
        self.build()
        load(self, read_weights(path, "--fvd"), f"--fvd {path}")
        self.requires_grad_(False).eval().to(device)

    def build(self) -> None:
        """Make the layers, without weights of use."""
        super().__init__()
        self.Conv3d_1a_7x7 = _Unit(3, 64, 7, 2)
        self.Conv3d_2b_1x1 = _Unit(64, 64, 1)
        self.Conv3d_2c_3x3 = _Unit(64, 192, 3)
        for name, channels in _MIXED.items():
            self.add_module(name, _Mixed(*channels))
        self.logits = _Unit(1024, FEATURES, 1, last=True)

    @torch.no_grad()
    def forward(self, frames: np.ndarray) -> torch.Tensor:
        """A clip (T, H, W, 3) uint8 sRGB as its features, (400,) float32 on the CPU.

        Raises:
            InputError: fewer than `LEAST_FRAMES` frames.
        """
        if len(frames) < LEAST_FRAMES:
            raise InputError(f"FVD: expected clips of at least {LEAST_FRAMES} frames, got {len(frames)}")
        device = self.logits.conv3d.weight.device
        levels = torch.from_numpy(writable(frames)).to(device).permute(0, 3, 1, 2).float()
        small = functional.interpolate(levels, (224, 224), mode="bilinear", align_corners=False)
        x = (small / 127.5 - 1).permute(1, 0, 2, 3)[None]
        x = _pooled(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))
        x = self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x))
        for name in _MIXED:
            if name in _POOLS:
                x = _pooled(x, *_POOLS[name])
            x = self.get_submodule(name)(x)
        logits = self.logits(functional.avg_pool3d(x, (2, 7, 7), stride=1))
        return logits.mean(dim=(2, 3, 4))[0].cpu()


def frechet_distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """The distance of two sets of features, taken as Gaussians: |μ − μ'|² + tr(Σ + Σ' − 2 (Σ Σ')^½).

    Dowson, Landau 1982, eq. 4. Sets that are smaller than the number of features have singular covariances;
    the distance then still is defined, and falls as sets grow: compare sets of one size only.

    Args:
        a, b: (N, D) and (M, D), N and M at least 2.
    """
    a, b = a.double(), b.double()
    first, second = (torch.cov(x.T) for x in (a, b))
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    means = ((a.mean(dim=0) - b.mean(dim=0)) ** 2).sum()
    return max(0.0, float(means + first.trace() + second.trace() - 2 * cross))


class _Unit(nn.Module):
    """A convolution with its batch normalisation and ReLU, padded so that a stride divides, rounding up."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, last: bool = False) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv3d = nn.Conv3d(before, after, kernel, stride, bias=last)
        self.bn = None if last else nn.BatchNorm3d(after, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv3d(_padded(x, (self.kernel,) * 3, (self.stride,) * 3))
        return x if self.bn is None else functional.relu(self.bn(x))


class _Mixed(nn.Module):
    """Four branches side by side."""

    def __init__(self, before: int, *channels: int) -> None:
        super().__init__()
        one, middle, three, thin, small, pooled = channels
        self.b0 = _Unit(before, one, 1)
        self.b1a, self.b1b = _Unit(before, middle, 1), _Unit(middle, three, 3)
        self.b2a, self.b2b = _Unit(before, thin, 1), _Unit(thin, small, 3)
        self.b3b = _Unit(before, pooled, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = self.b3b(_pooled(x, (3, 3, 3), 1))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), around], dim=1)


def _pooled(
    x: torch.Tensor, kernel: tuple[int, int, int], stride: int | tuple[int, int, int]
) -> torch.Tensor:
    steps = (stride,) * 3 if isinstance(stride, int) else stride
    return functional.max_pool3d(_padded(x, kernel, steps), kernel, steps)


def _padded(x: torch.Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> torch.Tensor:
    """Zeros around, the odd one behind, so that the result has ⌈size / stride⌉ places (TensorFlow's SAME)."""
    pads: list[int] = []
    for size, wide, step in zip(x.shape[2:], kernel, stride, strict=True):
        missing = max(wide - (step if size % step == 0 else size % step), 0)
        pads = [missing // 2, missing - missing // 2, *pads]
    return functional.pad(x, pads)
