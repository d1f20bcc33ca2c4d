"""Decoders of clips. Which one is used is asked for by name; none stands in for another.

PyAV gives the planes as they are coded, and RGB as `media.decode_video` does. torchcodec's `VideoDecoder`
gives RGB alone, in a third of PyAV's time for RGB, with chroma enlarged without interpolation: 2 levels off
on average, more at coloured edges. It needs the shared libraries of FFmpeg. (0.13 was tried; 0.17 also has
decoders of lower level that give planes, which are not used.) Masks are PyAV's in any case: their labels are
levels of luma.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motionpair import media
from motionpair.errors import DataError, InputError

Decode = Callable[..., np.ndarray]
"""Takes a clip's bytes and, by name, the width, height, frames and fps that it must have."""


@dataclass(frozen=True)
class VideoDecoder:
    """planes: gives (T, H * 3 / 2, W) uint8 as `media.decode_yuv`, `None` where it cannot. rgb: gives
    (T, H, W, 3) uint8 sRGB. Both raise DataError for what is damaged or not as expected.
    """

    name: str
    planes: Decode | None
    rgb: Decode


NAMES = ("pyav", "torchcodec")


def video_decoder(name: str) -> VideoDecoder:
    """A decoder by name.

    Raises:
        InputError: no such decoder, or one that does not import; says why.
    """
    if name == "pyav":
        return VideoDecoder(name, media.decode_yuv, media.decode_video)
    if name == "torchcodec":
        try:
            importlib.import_module("torchcodec.decoders")
        except (ImportError, OSError, RuntimeError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"decoder: torchcodec does not import ({reason}); expected it, or pyav"
            ) from None
        return VideoDecoder(name, None, _torchcodec_rgb)
    raise InputError(f"decoder: expected {' or '.join(NAMES)}, got {name!r}")


def _torchcodec_rgb(data: bytes, *, width: int, height: int, frames: int, fps: int) -> np.ndarray:
    """A clip's frames by torchcodec, with one thread."""
    decoders = importlib.import_module("torchcodec.decoders")
    if len(data) > media.MAX_BYTES:
        raise DataError(f"video of {len(data)} bytes: expected at most {media.MAX_BYTES}")
    try:
        decoder = decoders.VideoDecoder(data, dimension_order="NHWC", num_ffmpeg_threads=1, device="cpu")
        is_ = decoder.metadata
        found = (is_.codec, is_.width, is_.height, len(decoder), is_.average_fps)
        if found != ("h264", width, height, frames, fps):
            raise DataError(
                f"video: expected h264 {width} x {height} px, {frames} frames, {fps} a second, got "
                f"{found[0]} {found[1]} x {found[2]} px, {found[3]} frames, {found[4]:g} a second"
            )
        rgb: np.ndarray = decoder[:].numpy()
    except (RuntimeError, ValueError, IndexError) as error:
        raise DataError(f"video: does not decode ({(str(error).splitlines() or ['?'])[0][:200]})") from None
    return rgb
