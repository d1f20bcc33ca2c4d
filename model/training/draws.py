"""All that is random in training, as a pure function of (the run's seed, the draw's seed).

A draw is one use of one pair; `PairBatches(seeds=True)` gives each a number of its own, whatever the ranks
and workers. Every purpose has its own generator on the CPU, so that a resumed run, a run on other devices and
one on another number of ranks see the same noise, and a new purpose never shifts the others.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from model import flow
from model.conditioning import Example
from model.training.config import Chances


@dataclass(frozen=True)
class Draw:
    """What was drawn for one use of a pair.

    noise: (16, T, h, w) float32. sigma: () float32. history, augmented, textless: whether its first latents
    are clean, its driving clip the augmented one, its text the empty one.
    """

    noise: Tensor
    sigma: Tensor
    history: bool
    augmented: bool
    textless: bool


def generator(seed: int, draw: int, purpose: str) -> torch.Generator:
    """The generator of one purpose of one draw, on the CPU."""
    digest = hashlib.blake2b(f"{seed}/{draw}/{purpose}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def draw_for(example: Example, chances: Chances, seed: int, draw: int) -> Draw:
    """What is drawn for one use of an example.

    Args:
        example: of one pair (`model.conditioning`).
        chances: how probable each change is.
        seed: the run's.
        draw: the draw's, from 0.
    """
    video = example["video"]
    height, width = video.shape[-2:]
    chance = chances.augment_clip if example["driving_kind"] == "clip" else chances.augment_pose
    continues = chances.history_continues if example["continues"] else chances.history
    return Draw(
        torch.randn(video.shape, generator=generator(seed, draw, "noise")),
        flow.draw_sigmas(1, (height // 2) * (width // 2), generator(seed, draw, "sigma"))[0],
        happens(continues, seed, draw, "history"),
        happens(chance, seed, draw, "augmentation"),
        happens(chances.drop_text, seed, draw, "text"),
    )


def happens(probability: float, seed: int, draw: int, purpose: str) -> bool:
    """Whether something of this probability happens in a draw."""
    return bool(torch.rand((), generator=generator(seed, draw, purpose), dtype=torch.float64) < probability)
