"""Decoding for training: planes on the CPU, colours on the device.

Half of the cost of a decoded clip is the conversion to RGB, and RGB is twice the bytes to move. So a clip is
handed over as the planes that H.264 holds, and `to_rgb` converts them where the training runs.
torch is imported when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from motionpair.augmentation import Window
from motionpair.errors import InputError

if TYPE_CHECKING:
    import torch

# Bicubic with a = −0.6, swscale's: Keys, "Cubic convolution interpolation for digital image processing",
# IEEE TASSP 29 (1981), eq. 4 with −0.5 replaced; at distances 1.75, 0.75, 0.25, 1.25 and 0.5, 1.5.
_QUARTER = (-0.028125, 0.240625, 0.871875, -0.084375)
_HALF = (-0.075, 0.575, 0.575, -0.075)
# At the upper edge swscale does not repeat the first row: its weights of rows 0, 1 (and 2), as measured.
_FIRST_ROW = (1.0823, -0.0823)
_THIRD_ROW = (0.2345, 0.8480, -0.0825)

# Rec. ITU-R BT.709-6, section 3, 8 bit, limited range
_LUMA = 255 / 219
_CHROMA = 255 / 224
_RED_OF_CR = 1.5748 * _CHROMA
_BLUE_OF_CB = 1.8556 * _CHROMA
_GREEN_OF_CB = -1.8556 * 0.0722 / 0.7152 * _CHROMA
_GREEN_OF_CR = -1.5748 * 0.2126 / 0.7152 * _CHROMA

_PIXELS_AT_ONCE = 1 << 23
"""Some 300 MB of the device's memory at a time."""


def crop(planes: np.ndarray, window: Window) -> np.ndarray:
    """The window of every frame, stretched to the whole picture, as `augmentation.apply_to_clip` does it.

    Every plane is filtered alone. As chroma is sited on the left column, its window lies a bit to the right.

    Args:
        planes: (T, H * 3 / 2, W) uint8, as `media.decode_yuv` gives them.
        window: left, top, width and height, in shares of the picture.

    Returns:
        (T, H * 3 / 2, W) uint8.
    """
    rows, width = planes.shape[1:]
    height = rows // 3 * 2
    left, top, wide, high = window
    out = np.empty_like(planes)

    def stretched(plane: np.ndarray, shift: float) -> np.ndarray:
        down, across = plane.shape
        x = min(left * across + shift * (1 - wide), (1 - wide) * across)
        box = (x, top * down, min(x + wide * across, across), min((top + high) * down, down))
        return np.asarray(Image.fromarray(plane).resize((across, down), Image.Resampling.BILINEAR, box))

    for frame, into in zip(planes, out, strict=True):
        into[:height] = stretched(frame[:height], 0)
        chroma, moved = (p[height:].reshape(2, height // 2, width // 2) for p in (frame, into))
        for plane in range(2):
            moved[plane] = stretched(chroma[plane], 0.25)
    return out


def to_rgb(yuv: torch.Tensor, device: torch.device | str | None = None) -> torch.Tensor:
    """Decoded planes as RGB, within one level of `media.decode_video`.

    Chroma is enlarged as swscale does it: bicubic, sited on the left column and between the rows of its 2 × 2
    pixels.

    Args:
        yuv: (..., H * 3 / 2, W) uint8, planes as `media.decode_yuv` gives them, any leading dimensions.
        device: where to convert; where the planes are, by default.

    Returns:
        (..., 3, H, W) uint8 sRGB on the device.

    Raises:
        InputError: another shape or type.
    """
    import torch

    if yuv.dtype != torch.uint8 or yuv.ndim < 2 or yuv.shape[-2] % 3 or yuv.shape[-1] % 2:
        raise InputError(f"planes: expected (..., H * 3 / 2, W) uint8, got {tuple(yuv.shape)} {yuv.dtype}")
    planes = yuv.to(device if device is not None else yuv.device, non_blocking=True)
    height, width = planes.shape[-2] // 3 * 2, planes.shape[-1]
    flat = planes.reshape(-1, *planes.shape[-2:])
    rgb = torch.empty((len(flat), 3, height, width), dtype=torch.uint8, device=planes.device)
    step = max(1, _PIXELS_AT_ONCE // max(1, height * width))
    for first in range(0, len(flat), step):
        _convert(flat[first : first + step], rgb[first : first + step])
    return rgb.reshape(*planes.shape[:-2], 3, height, width)


def _convert(planes: torch.Tensor, rgb: torch.Tensor) -> None:
    """Planes (N, H * 3 / 2, W) uint8 into `rgb` (N, 3, H, W) uint8."""
    count, _, height, width = rgb.shape
    luma = (planes[:, :height].float() - 16) * _LUMA
    chroma = planes[:, height:].reshape(count, 2, height // 2, width // 2).float() - 128
    cb, cr = _enlarged(chroma).unbind(1)
    for channel, value in enumerate(
        (luma + cr * _RED_OF_CR, luma + cb * _GREEN_OF_CB + cr * _GREEN_OF_CR, luma + cb * _BLUE_OF_CB)
    ):
        rgb[:, channel] = value.round_().clamp_(0, 255)


def _enlarged(chroma: torch.Tensor) -> torch.Tensor:
    """Chroma (N, 2, H / 2, W / 2) at the places of all pixels, (N, 2, H, W)."""
    import torch

    count, planes, height, width = chroma.shape
    near = torch.nn.functional.pad(chroma, (1, 2, 2, 2), mode="replicate")
    even = sum(w * near[:, :, k : k + height] for k, w in enumerate(_QUARTER))
    if height > 2:
        even[:, :, 0] = sum(w * near[:, :, 2 + k] for k, w in enumerate(_FIRST_ROW))
        even[:, :, 1] = sum(w * near[:, :, 2 + k] for k, w in enumerate(_THIRD_ROW))
    odd = sum(w * near[:, :, 4 - k : 4 - k + height] for k, w in enumerate(_QUARTER))
    tall = torch.stack((even, odd), dim=3).reshape(count, planes, 2 * height, width + 3)
    between = sum(w * tall[..., k : k + width] for k, w in enumerate(_HALF))
    both = torch.stack((tall[..., 1 : 1 + width], between), dim=-1)
    return both.reshape(count, planes, 2 * height, 2 * width)
