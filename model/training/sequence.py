"""Sequence parallelism: the tokens of one sample on several ranks, full attention by exchanging heads.

Every rank has a part of the sequence, but for attention, where each has all of it for some of the heads
(DeepSpeed Ulysses, Jacobs et al. 2023): one all-to-all before, one after. Around it every rank computes
the same; so each counts 1/ranks of the loss, and gradients are summed over the ranks.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.distributed import _functional_collectives as collectives

from model.scail2.attention import attend
from motionpair.errors import InputError

_GATHER = "all_gather_single_autograd"  # its name from torch 2.13 on
_gather = getattr(collectives, _GATHER, None) or collectives.all_gather_tensor_autograd


class HeadExchange:
    """`model.scail2.attention.SequenceParallel` over a group of ranks.

    Sequences of any length: the last rank's part ends with zeros that attention never sees.

    Args:
        group: of the ranks that share a sample.
        heads: attention heads of the model.

    Raises:
        InputError: the ranks cannot share the heads evenly.
    """

    def __init__(self, group: Any, heads: int) -> None:
        self._group, self._ranks = group, dist.get_world_size(group)
        self._rank = dist.get_rank(group)
        self._length = 0
        if heads % self._ranks:
            raise InputError(
                f"parallel.sequence: expected a divisor of the model's {heads} heads, got {self._ranks}"
            )

    def split(self, tokens: Tensor, dim: int) -> Tensor:
        """This rank's part of a sequence that all ranks hold whole."""
        self._length = tokens.shape[dim]
        part = -(-self._length // self._ranks)
        return _padded(tokens, dim, part * self._ranks).narrow(dim, self._rank * part, part)

    def join(self, tokens: Tensor, dim: int) -> Tensor:
        """The whole sequence, from every rank's part."""
        parts = collectives.wait_tensor(_gather(tokens.contiguous()[None], 0, self._group))
        return parts.movedim(0, dim).flatten(dim, dim + 1).narrow(dim, 0, self._length)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Full attention: from and to this rank's part of the sequence, (B, L / ranks, H, D)."""
        batch, part, heads, width = value.shape
        some = heads // self._ranks
        three = torch.stack([query.to(value.dtype), key.to(value.dtype), value])
        sent = three.view(3, batch, part, self._ranks, some, width).permute(3, 0, 1, 2, 4, 5)
        whole = self._exchanged(sent).permute(1, 2, 0, 3, 4, 5).reshape(3, batch, -1, some, width)
        attended = attend(*whole[:, :, : self._length].unbind(0))
        back = _padded(attended, 1, part * self._ranks).view(batch, self._ranks, part, some, width)
        received = self._exchanged(back.permute(1, 0, 2, 3, 4))
        return received.permute(1, 2, 0, 3, 4).reshape(batch, part, heads, width)

    def _exchanged(self, parts: Tensor) -> Tensor:
        """Part i to rank i, and from rank i as part i: (ranks, ...)."""
        sent = collectives.all_to_all_single_autograd(parts.contiguous(), None, None, self._group)
        return collectives.wait_tensor(sent)


def _padded(tokens: Tensor, dim: int, length: int) -> Tensor:
    missing = length - tokens.shape[dim]
    if not missing:
        return tokens
    pad = [0, 0] * (tokens.dim() - dim - 1) + [0, missing]
    return F.pad(tokens, pad)
