"""Full-reference metrics of clips, in regions: PSNR and SSIM.

Clips are (T, H, W, 3) uint8 sRGB; a region is (T, H, W) bool. A figure is one number a clip and region, over
all pixels that the region has in all frames, so that a frame in which a hand is large counts for more than
one in which it is small, and one without hands for nothing. A region without a pixel has no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from motionpair.errors import InputError

MOST_DB = 100.0
"""The PSNR of equal pixels, where the formula gives none."""

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_CENTRE = 127.5
_PIXELS_AT_ONCE = 1 << 17
"""A frame or so: larger tensors cost more in page faults than they save."""


@dataclass(frozen=True)
class Score:
    """A clip's figures in a region. psnr: dB; ssim: up to 1; share: of the clip's pixels in the region."""

    psnr: float
    ssim: float | None
    share: float


def score(
    made: np.ndarray,
    target: np.ndarray,
    regions: Mapping[str, np.ndarray],
    device: torch.device | str = "cpu",
) -> dict[str, Score | None]:
    """PSNR and SSIM of a clip in each region; None where a region has no pixel.

    PSNR is 10 log10(255² / MSE), the MSE over the region's pixels and R, G and B, at most `MOST_DB`.

    SSIM is that of Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13 (2004), eq. 13: Gaussian windows of 11 × 11, σ = 1.5, K1 = 0.01,
    K2 = 0.03, L = 255, in R, G and B alone. A region's is the mean over those of its pixels whose window lies
    in the picture, so not over the 5 outermost ones; None where it has no other.

    Args:
        made, target: (T, H, W, 3) uint8 sRGB, of one shape; H and W at least 11.
        regions: (T, H, W) bool each.
        device: where to compute, in float32; squared errors are summed without rounding.

    Raises:
        InputError: another shape or type.
    """
    if made.shape != target.shape or made.dtype != np.uint8 or target.dtype != np.uint8:
        raise InputError(f"clips: expected uint8 of one shape, got {made.shape} and {target.shape}")
    if target.ndim != 4 or target.shape[3] != 3 or min(target.shape[1:3]) < _WINDOW:
        raise InputError(f"clips: expected (T, H, W, 3) of at least {_WINDOW} px, got {target.shape}")
    for name, region in regions.items():
        if region.shape != target.shape[:3] or region.dtype != bool:
            raise InputError(f"regions: {name}: expected {target.shape[:3]} bool, got {region.shape}")
    where = torch.device(device)
    squares, similar = dict.fromkeys(regions, 0.0), dict.fromkeys(regions, 0.0)
    counts, inner = dict.fromkeys(regions, 0), dict.fromkeys(regions, 0)
    step = max(1, _PIXELS_AT_ONCE // (target.shape[1] * target.shape[2]))
    for first in range(0, len(target), step):
        part = slice(first, first + step)
        a, b = (torch.from_numpy(writable(clip[part])).to(where, torch.float32) for clip in (made, target))
        error = ((a - b) ** 2).sum(dim=-1)  # whole numbers
        ssim = ssim_map(a.permute(0, 3, 1, 2), b.permute(0, 3, 1, 2)).mean(dim=1)
        edge = _WINDOW // 2
        for name, region in regions.items():
            inside = torch.from_numpy(writable(region[part])).to(where)
            within = inside[:, edge:-edge, edge:-edge]
            squares[name] += float(error[inside].double().sum())
            similar[name] += float(ssim[within].double().sum())
            counts[name] += int(inside.sum())
            inner[name] += int(within.sum())
    return {
        name: Score(
            psnr(squares[name] / (3 * counts[name])),
            similar[name] / inner[name] if inner[name] else None,
            counts[name] / region.size,
        )
        if counts[name]
        else None
        for name, region in regions.items()
    }


def writable(array: np.ndarray) -> np.ndarray:
    """An array as torch takes it: a copy where it is a view or must not be written to."""
    return np.require(array, requirements=["C", "W"])


def psnr(mse: float) -> float:
    """Decibels of a mean squared error of 8 bit levels, at most `MOST_DB`."""
    if mse <= 0:
        return MOST_DB
    return min(MOST_DB, float(10 * np.log10(255**2 / mse)))


def ssim_map(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """SSIM of every window in the picture: (N, C, H, W) levels 0 to 255 to (N, C, H − 10, W − 10)."""
    at = torch.arange(_WINDOW, dtype=torch.float64) - _WINDOW // 2
    weights = torch.exp(-(at**2) / (2 * _SIGMA**2))
    weights = weights / weights.sum()
    middle = _WINDOW // 2

    def along(x: torch.Tensor, dim: int) -> torch.Tensor:
        count = x.shape[dim] - _WINDOW + 1
        total = x.narrow(dim, middle, count) * float(weights[middle])
        for k in range(middle):
            both = x.narrow(dim, k, count) + x.narrow(dim, _WINDOW - 1 - k, count)
            total.add_(both, alpha=float(weights[k]))
        return total

    def mean(x: torch.Tensor) -> torch.Tensor:
        return along(along(x, -2), -1)

    a, b = a - _CENTRE, b - _CENTRE  # variances stay, and lose fewer digits
    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a + b * b) - mean_a**2 - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    mean_a, mean_b = mean_a + _CENTRE, mean_b + _CENTRE
    above = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    return above / ((mean_a**2 + mean_b**2 + _C1) * (variances + _C2))
