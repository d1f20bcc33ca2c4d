"""Attention of the transformer's tokens, and where sequence parallelism takes hold of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Query, key, value to what `attend` returns."""


class SequenceParallel(Protocol):
    """One long sequence on several ranks; see `Scail2.distribute`."""

    def split(self, tokens: Tensor, dim: int) -> Tensor:
        """This rank's part of a sequence that all ranks hold whole."""

    def join(self, tokens: Tensor, dim: int) -> Tensor:
        """The whole sequence, from every rank's part."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """`attend` over the whole sequence, from and to this rank's part of it: (B, L / ranks, H, D)."""


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Full attention without a mask.

    Args:
        query: (B, L, H, D).
        key: (B, M, H, D).
        value: (B, M, H, D).

    Returns:
        (B, L, H, D).
    """
    heads_first = (tensor.transpose(1, 2) for tensor in (query, key, value))
    return F.scaled_dot_product_attention(*heads_first).transpose(1, 2)
