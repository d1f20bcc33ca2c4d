"""The SCAIL-2 transformer on one device."""

from __future__ import annotations

from torch import Tensor, nn

from model.scail2.attention import SequenceParallel
from model.scail2.config import ModelConfig
from model.scail2.inputs import Inputs


class Scail2(nn.Module):
    """Latents in context: [additional references][reference][video][driving], full attention over all.

    Args:
        config: its sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList()

    def distribute(self, parallel: SequenceParallel | None) -> None:
        """Split the sequence over ranks between embedding and head; None undoes it."""
        raise NotImplementedError

    def initialise(self) -> None:
        """Fresh weights in place, as Wan2.1 starts."""
        raise NotImplementedError

    def forward(self, inputs: Inputs) -> Tensor:
        """The velocity ε − x0 of the noisy latents.

        Args:
            inputs: a batch; its device and type are the parameters', or autocast's.

        Returns:
            (B, 16, T, h, w) float32.

        Raises:
            InputError: a field whose shape does not fit the others or the configuration, by name.
        """
        raise NotImplementedError
