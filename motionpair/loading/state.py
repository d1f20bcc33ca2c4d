"""How far training has come through the order of samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from motionpair import fields
from motionpair.loading.arguments import whole


@dataclass(frozen=True)
class State:
    """A place in the one sequence of batches that all ranks share; it does not depend on how many they are.

    epoch: from 0. consumed: batches of it that were trained on, by all ranks together.
    """

    epoch: int
    consumed: int

    def __post_init__(self) -> None:
        for name, value in (("epoch", self.epoch), ("consumed", self.consumed)):
            whole(name, value, 0, (1 << 62) - 1)

    def plain(self) -> dict[str, int]:
        """As plain values, for a checkpoint."""
        return {"epoch": self.epoch, "consumed": self.consumed}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> State:
        """The state that `plain` gave.

        Raises:
            InputError: not such a mapping; names the key.
        """
        return fields.from_plain(cls, plain, "state")


START = State(0, 0)
"""Nothing was trained on yet."""
