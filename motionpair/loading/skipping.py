"""Samples that are left out of a batch because they are damaged, and what a batch is made of then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Skipped:
    """A sample that could not be read: its pair, and what is wrong."""

    pair_id: str
    message: str


def collate(samples: Sequence[dict[str, Any] | Skipped]) -> dict[str, Any]:
    """Samples as a batch, for `DataLoader(collate_fn=...)`.

    Returns:
        By field: tensors of one shape and numbers stacked, all else as a list. `skipped`, where anything was
        left out: the list of it.
    """
    import torch
    from torch.utils.data import default_collate

    good = [sample for sample in samples if not isinstance(sample, Skipped)]
    batch: dict[str, Any] = {}
    for name in good[0] if good else ():
        values = [sample[name] for sample in good]
        tensors = all(isinstance(v, torch.Tensor) and v.shape == values[0].shape for v in values)
        numbers = all(isinstance(v, (bool, int, float)) for v in values)
        batch[name] = default_collate(values) if tensors or numbers else values
    if skipped := [sample for sample in samples if isinstance(sample, Skipped)]:
        batch["skipped"] = skipped
    return batch
