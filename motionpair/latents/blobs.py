"""The blob of an encoded pair: named tensors as safetensors inside one zstd frame. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from motionpair.errors import DataError
from motionpair.latents.form import Shape

if TYPE_CHECKING:
    import torch

JPEG = "reference_jpeg"
"""The reference image as the dataset stores it: (bytes,) uint8."""
MAX_BYTES = 1 << 29
"""A blob that unpacks to more is refused; 81 frames of 512 × 896 pixels have some 20 MB."""
_MOST_JPEG = 1 << 24


def pack(tensors: Mapping[str, torch.Tensor], jpeg: bytes) -> bytes:
    """Tensors as a blob; equal tensors give equal bytes. Masks all but vanish in it.

    Args:
        tensors: floating point, of any device; rounded to bfloat16.
        jpeg: the reference image.
    """
    import safetensors.torch
    import torch

    plain = {name: value.detach().to("cpu", torch.bfloat16).contiguous() for name, value in tensors.items()}
    plain[JPEG] = torch.frombuffer(bytearray(jpeg), dtype=torch.uint8)
    packed: bytes = pa.Codec("zstd", compression_level=6).compress(
        safetensors.torch.save(plain), asbytes=True
    )
    return packed


def pack_text(text: torch.Tensor) -> bytes:
    """States of a text (L, width) as a file of its own."""
    import safetensors.torch
    import torch

    plain = text.detach().to("cpu", torch.bfloat16).contiguous()
    packed: bytes = safetensors.torch.save({"text": plain})
    return packed


def unpack_text(data: bytes, width: int) -> torch.Tensor:
    """The states of a text; safe against hostile bytes.

    Raises:
        DataError: not `pack_text`'s, or not of that width.
    """
    import safetensors
    import safetensors.torch
    import torch

    try:
        tensors = safetensors.torch.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise DataError(f"not safetensors ({str(error)[:200]})") from None
    text = tensors.get("text")
    if text is None or text.dtype != torch.bfloat16 or text.ndim != 2 or text.shape[1] != width:
        raise DataError(f"text: expected bfloat16 (tokens, {width})")
    return text


def unpack(data: Any, expected: Mapping[str, Shape]) -> tuple[dict[str, torch.Tensor], bytes]:
    """The tensors of a blob and the reference's JPEG; safe against hostile bytes.

    Args:
        data: bytes, or a buffer of them.
        expected: names and shapes of the tensors.

    Raises:
        DataError: not such a blob, too large, or a tensor is missing, unknown, of another shape or not
            bfloat16; names it.
    """
    import safetensors
    import safetensors.torch
    import torch

    most = min(MAX_BYTES, sum(2 * math.prod(shape) for shape in expected.values()) + _MOST_JPEG)
    try:
        with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(data)), "zstd") as stream:
            plain = stream.read(most + 1)
        if len(plain) > most:
            raise DataError(f"latents: unpack to more than {most} bytes")
        tensors = safetensors.torch.load(plain)
    except (pa.ArrowException, OSError, safetensors.SafetensorError, ValueError, KeyError) as error:
        raise DataError(f"latents: not safetensors in zstd ({str(error)[:200]})") from None
    jpeg = tensors.pop(JPEG, None)
    if jpeg is None or jpeg.dtype != torch.uint8 or jpeg.ndim != 1:
        raise DataError(f"latents: {JPEG}: expected bytes")
    if odd := sorted(expected.keys() ^ tensors.keys()):
        raise DataError(
            f"latents: {odd[0]}: {'is missing' if odd[0] in expected else 'does not belong there'}"
        )
    for name, shape in expected.items():
        found = tensors[name]
        if tuple(found.shape) != shape or found.dtype != torch.bfloat16:
            raise DataError(
                f"latents: {name}: expected bfloat16 {shape}, got {found.dtype} {tuple(found.shape)}"
            )
    return tensors, jpeg.numpy().tobytes()
