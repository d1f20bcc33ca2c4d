"""The SCAIL-2 transformer, after torchtitan's model folders: one file a subject.

`config` the sizes, `inputs` a batch, `rope` the rotary tables, `attention` and `blocks` a layer, `model` the
transformer on one device, `state_dict_adapter` other checkpoints' names, `checkpoints` reading and writing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.scail2.config import CONFIGS, ModelConfig

if TYPE_CHECKING:
    import torch

    from model.scail2.model import Scail2

__all__ = ["CONFIGS", "ModelConfig", "build"]


def build(
    config: ModelConfig,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    generator: torch.Generator | None = None,
) -> Scail2:
    """A model with fresh weights: as Wan2.1 starts, so the head is 0 and the first velocity too.

    Args:
        config: its sizes.
        device: where; the CPU where not given; `meta` for shapes alone.
        dtype: of the parameters; float32 where not given.
        generator: what weights are drawn from, on that device; torch's own where not given.
    """
    import torch

    from model.scail2.model import Scail2

    with torch.device("meta"):
        model = Scail2(config).to(dtype=dtype)
    if device is not None and torch.device(device).type == "meta":
        return model
    model.to_empty(device=device or "cpu")
    model.initialise(generator)
    return model
