"""LPIPS with AlexNet, version 0.1 (Zhang et al. 2018, arXiv 1801.03924), where its weights are at hand.

The weights are one file that has the names of the authors' module (`net.slice1.0.weight`, ...,
`lin0.model.1.weight`, ...): `torch.save(lpips.LPIPS(net="alex").state_dict(), FILE)`; or torchvision's names
of AlexNet (`features.0.weight`, ...) beside their `lin0.model.1.weight`, ....
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from model.evaluation.metrics import writable
from model.evaluation.weights import load, read_weights
from motionpair.errors import InputError

_FRAMES_AT_ONCE = 4
_LAYERS = {  # number among torchvision's features: channels in and out, kernel, stride, padding
    0: (3, 64, 11, 4, 2),
    3: (64, 192, 5, 1, 2),
    6: (192, 384, 3, 1, 1),
    8: (384, 256, 3, 1, 1),
    10: (256, 256, 3, 1, 1),
}
_POOLED = (3, 6)
"""Layers after a max pooling of 3 × 3 at stride 2."""
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Lpips(nn.Module):
    """Distances of clips, 0 for equal ones.

    Args:
        path: the weights' file. device: where to compute.

    Raises:
        InputError: no such weights; names file and tensor.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict({str(at): nn.Conv2d(*shape) for at, shape in _LAYERS.items()})
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(1, shape[1], 1, 1)) for shape in _LAYERS.values()
        )
        load(self, _renamed(read_weights(path, "--lpips"), path), f"--lpips {path}")
        self.requires_grad_(False).eval().to(device)
        if min(float(weight.min()) for weight in self.weights) < 0:
            raise InputError(f"--lpips {path}: lin: expected weights of at least 0")

    @torch.no_grad()
    def score(
        self, made: np.ndarray, target: np.ndarray, regions: Mapping[str, np.ndarray]
    ) -> dict[str, float | None]:
        """The distance in each region: each layer's map, enlarged bilinearly, its mean over the region.

        Over the whole frame that is the authors' figure but for the enlargement, so it is taken as they do.

        Args:
            made, target: (T, H, W, 3) uint8 sRGB, of one shape; H and W at least 32.
            regions: (T, H, W) bool each.
        """
        device = self.weights[0].device
        sums, counts = dict.fromkeys(regions, 0.0), dict.fromkeys(regions, 0)
        size = target.shape[1:3]
        for first in range(0, len(target), _FRAMES_AT_ONCE):
            part = slice(first, first + _FRAMES_AT_ONCE)
            a, b = (
                torch.from_numpy(writable(clip[part])).to(device).permute(0, 3, 1, 2).float()
                for clip in (made, target)
            )
            maps = self._maps(a / 127.5 - 1, b / 127.5 - 1)
            whole = sum(layer.mean(dim=(1, 2, 3)) for layer in maps)
            fine = sum(
                functional.interpolate(layer, size, mode="bilinear", align_corners=False)[:, 0]
                for layer in maps
            )
            assert isinstance(whole, torch.Tensor)
            assert isinstance(fine, torch.Tensor)
            for name, region in regions.items():
                inside = torch.from_numpy(writable(region[part])).to(device)
                full = inside.flatten(1).all(dim=1)
                counts[name] += int(inside.sum())
                sums[name] += float(whole[full].sum()) * size[0] * size[1]
                sums[name] += float(fine[~full][inside[~full]].sum())
        return {name: sums[name] / counts[name] if counts[name] else None for name in regions}

    def _maps(self, a: torch.Tensor, b: torch.Tensor) -> list[torch.Tensor]:
        """The distances of each layer, (N, 1, h, w), of pictures (N, 3, H, W) in −1 to 1."""
        maps = []
        for weight, x, y in zip(self.weights, self._features(a), self._features(b), strict=True):
            maps.append(((_unit(x) - _unit(y)) ** 2 * weight).sum(dim=1, keepdim=True))
        return maps

    def _features(self, x: torch.Tensor) -> list[torch.Tensor]:
        shift, scale = (torch.tensor(v, device=x.device)[:, None, None] for v in (_SHIFT, _SCALE))
        x, found = (x - shift) / scale, []
        for at in _LAYERS:
            if at in _POOLED:
                x = functional.max_pool2d(x, 3, 2)
            x = functional.relu(self.convolutions[str(at)](x))
            found.append(x)
        return found


def _unit(x: torch.Tensor) -> torch.Tensor:
    """Features of length 1 in every place."""
    return x / (torch.sqrt((x**2).sum(dim=1, keepdim=True)) + 1e-10)


def _renamed(tensors: Mapping[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    named: dict[str, torch.Tensor] = {}
    for i, at in enumerate(_LAYERS):
        for part in ("weight", "bias"):
            names = (f"net.slice{i + 1}.{at}.{part}", f"features.{at}.{part}")
            found = next((tensors[name] for name in names if name in tensors), None)
            if found is None:
                raise InputError(f"--lpips {path}: no tensor {names[0]}")
            named[f"convolutions.{at}.{part}"] = found
        if f"lin{i}.model.1.weight" not in tensors:
            raise InputError(f"--lpips {path}: no tensor lin{i}.model.1.weight")
        named[f"weights.{i}"] = tensors[f"lin{i}.model.1.weight"]
    return named
