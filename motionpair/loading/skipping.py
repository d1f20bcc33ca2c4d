"""Samples that are left out of a batch because they are damaged, and what a batch is made of then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Skipped:
    """A sample that could not be read: its pair, and what is wrong."""

    pair_id: str
    message: str


@dataclass(frozen=True)
class Numbers:
    """A batch's numbers of one field on their way from a worker, which become a tensor at the other end.

    A tensor that a worker makes goes through a file of shared memory of its own, which for a few numbers
    costs more than all else of a batch that is not decoded.
    """

    values: tuple[float, ...]

    def tensor(self) -> torch.Tensor:
        """(B,), of the type that torch's `default_collate` gives them."""
        from torch.utils.data import default_collate

        tensor: torch.Tensor = default_collate(list(self.values))
        return tensor

    def pin_memory(self) -> torch.Tensor:
        """What a DataLoader calls where it pins the memory of batches."""
        return self.tensor().pin_memory()


def gather(samples: Sequence[dict[str, Any] | Skipped]) -> dict[str, Any]:
    """`collate` as far as a worker does it: its numbers are `Numbers`, of which `finish` makes tensors."""
    import torch
    from torch.utils.data import default_collate

    good = [sample for sample in samples if not isinstance(sample, Skipped)]
    batch: dict[str, Any] = {}
    for name in good[0] if good else ():
        values = [sample[name] for sample in good]
        if all(isinstance(v, (bool, int, float)) for v in values):
            batch[name] = Numbers(tuple(values))
            continue
        tensors = all(isinstance(v, torch.Tensor) and v.shape == values[0].shape for v in values)
        batch[name] = default_collate(values) if tensors else values
    if skipped := [sample for sample in samples if isinstance(sample, Skipped)]:
        batch["skipped"] = skipped
    return batch


def finish(batch: dict[str, Any]) -> dict[str, Any]:
    """What `gather` gave, with tensors for its `Numbers`."""
    return {name: v.tensor() if isinstance(v, Numbers) else v for name, v in batch.items()}


def collate(samples: Sequence[dict[str, Any] | Skipped]) -> dict[str, Any]:
    """Samples as a batch, for `DataLoader(collate_fn=...)`.

    Returns:
        By field: tensors of one shape and numbers stacked, all else as a list. `skipped`, where anything was
        left out: the list of it.
    """
    return finish(gather(samples))
