"""An exponential moving average of the trained weights, kept as they are sharded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor


class MovingAverage:
    """Averages of parameters, by name.

    Args:
        parameters: what is averaged, by name.
        decay: how much of the average stays in a step; in the first steps less.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self._parameters = dict(parameters)
        self._decay = decay
        self.averages: dict[str, Tensor] = {
            name: parameter.detach().clone() for name, parameter in self._parameters.items()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the parameters after step `step`, from 0."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._own_averages(), self._own_parameters(), share)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The averages as the model's weights, for the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for parameter, average in zip(self._own_parameters(), self._own_averages(), strict=True):
            kept = parameter.clone()
            parameter.copy_(average)
            average.copy_(kept)

    def _own_parameters(self) -> list[Tensor]:
        return [local(parameter.detach()) for parameter in self._parameters.values()]

    def _own_averages(self) -> list[Tensor]:
        return [local(average) for average in self.averages.values()]


def local(tensor: Tensor) -> Tensor:
    """This rank's part of a sharded tensor, in place; any other tensor itself."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
