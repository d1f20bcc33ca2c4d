"""Strips: driving clip, target and what the model makes of a pair, side by side, at intervals of training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from model.codecs import Codec
from model.conditioning import Example
from model.training.batches import Recipe
from model.training.config import Chances, Strips
from model.training.draws import generator
from model.training.objective import autocast, inputs_of

FOLDER = "strips"
_COLUMNS = 5
_MARGIN = 4
_NEVER = Chances(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass
class Painter:
    """Paints the strips of a run.

    examples: which pairs. recipe: how they become a batch. codec: what decodes. compute: what the model
    computes in.
    """

    examples: list[Example]
    recipe: Recipe
    codec: Codec
    settings: Strips
    device: torch.device
    compute: torch.dtype

    def paint(self, model: Any) -> list[tuple[str, np.ndarray]]:
        """Pair ids and strips, (H, W, 3) uint8: rows of driving, target and sample, the reference first.

        All ranks call it and paint the same: a sharded model answers only all of them together.
        """
        from model.sampling.sampler import sample

        strips = []
        recipe = replace(self.recipe, chances=_NEVER)
        for number, example in enumerate(self.examples):
            batch = recipe.batch([example], [number]).to(self.device)
            conditions = inputs_of(batch)
            with torch.no_grad(), autocast(self.device, self.compute):
                latents = sample(
                    model,
                    conditions,
                    generator=generator(self.recipe.seed, number, "strip"),
                    steps=self.settings.solver_steps,
                    shift=self.settings.shift,
                    cfg=self.settings.cfg,
                    unconditional_text=self.recipe.empty_text,
                )
                made = self._pixels(latents)
                target, driving = self._pixels(batch.video), self._pixels(batch.driving)
                reference = self._pixels(batch.reference)[0]
            strips.append((str(example["pair_id"]), _strip(reference, driving, target, made)))
        return strips

    def _pixels(self, latents: Tensor) -> np.ndarray:
        """Latents of one pair as frames, (T, H, W, 3) uint8."""
        frames = self.codec.decode(latents.float().to("cpu" if self.codec.name == "dct" else self.device))
        pixels: np.ndarray = frames[0].permute(0, 2, 3, 1).cpu().numpy()
        return pixels


def save_strip(folder: Path, step: int, pair_id: str, strip: np.ndarray) -> Path:
    """Write a strip as PNG."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:08d}-{pair_id}.png"
    Image.fromarray(strip).save(path)
    return path


def _strip(reference: np.ndarray, driving: np.ndarray, target: np.ndarray, made: np.ndarray) -> np.ndarray:
    height, width = target.shape[1:3]
    times = np.linspace(0, len(target) - 1, _COLUMNS).round().astype(int)
    doubled = torch.from_numpy(driving).permute(0, 3, 1, 2).float()
    driving = F.interpolate(doubled, (height, width), mode="nearest").byte().permute(0, 2, 3, 1).numpy()
    rows = 3
    picture = np.full(
        (rows * (height + _MARGIN) - _MARGIN, (1 + _COLUMNS) * (width + _MARGIN) - _MARGIN, 3), 255, np.uint8
    )
    picture[height + _MARGIN : 2 * height + _MARGIN, :width] = reference
    for row, clip in enumerate((driving, target, made)):
        top = row * (height + _MARGIN)
        for column, time in enumerate(times, 1):
            left = column * (width + _MARGIN)
            picture[top : top + height, left : left + width] = clip[time]
    return picture
