"""Checkpoints read and written tensor by tensor, never a second copy of the model in memory."""

from __future__ import annotations

from pathlib import Path

from model.scail2.model import Scail2


def load(model: Scail2, path: str | Path) -> str:
    """Fill a model from a checkpoint, whole or not at all.

    Args:
        model: on any device, `meta` too (then its parameters are made on the CPU); sharded by FSDP2 as well,
            where every rank calls this.
        path: a safetensors file, or a folder of them with or without an index; or a pickle of tensors alone.

    Returns:
        What was recognised: `official` names, `ours`, or `wan2.1-i2v` as initialisation.

    Raises:
        DataError: a damaged or truncated file, a tensor that is missing, unexpected or of another shape; each
            by name. Nothing was changed then, except after a file that changed while it was read.
    """
    raise NotImplementedError


def save(model: Scail2, folder: str | Path, max_shard_bytes: int = 5_000_000_000) -> list[Path]:
    """Write a model as safetensors under the official names, with an index.

    Args:
        model: any; where FSDP2 has sharded it, every rank calls this and the first one writes.
        folder: made where needed; its index is written last.
        max_shard_bytes: of a file's tensors; one larger tensor is a file of its own.

    Returns:
        The files written.
    """
    raise NotImplementedError
