"""Pictures in and out of bytes: clips as H.264, masks as exact luma levels, references as JPEG and PNG.

Encoding is deterministic: one thread, integer colour conversion, no dates. Decoding takes bytes that may
be hostile: every size is held against limits, and against what the caller expects, before memory is
given to it; whatever is wrong is a `DataError`. PyAV is imported when it is first needed: a machine that
trains on latents has none.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from motionpair.errors import DataError
from motionpair.palette import PALETTE

if TYPE_CHECKING:
    import av

MAX_BYTES = 1 << 28
"""Longest blob that is decoded."""
MAX_FRAME_PIXELS = 1 << 24
"""Most pixels of a picture or of a video's frame."""
MAX_FRAMES = 1 << 12
"""Most frames of a video."""

MASK_CRF = 10
_LEVEL_BASE, _LEVEL_STEP, _LEVEL_SLACK = 16, 31, 12
_CHROMA_SLACK = 12

# Rec. ITU-R BT.709-6, section 3, 8 bit: Y' = 16 + 219 E'Y, C = 128 + 224 E'C; in units of 2^-16.
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_Y_ROW = np.round(_LUMA * 219 / 255 * 65536).astype(np.int32)
_CB_ROW = np.round((np.array([0, 0, 1]) - _LUMA) / 1.8556 * 224 / 255 * 65536).astype(np.int32)
_CR_ROW = np.round((np.array([1, 0, 0]) - _LUMA) / 1.5748 * 224 / 255 * 65536).astype(np.int32)

# With the macroblock tree, x264's output depends on uninitialised memory at some widths (seen at 64, 96
# and 160 px, not at 128, 192 and 256; not without assembly). Without the tree it never did.
_X264 = "mbtree=0"
# swscale: bicubic chroma, interpolated in full, rounded right; its default is darker by one level
_SWS_EXACT = 0x4 | 0x2000 | 0x40000
_BT709, _LIMITED = 1, 1  # AVCOL_*_BT709 and AVCOL_RANGE_MPEG


def label_luma(label: int) -> int:
    """The luma level that a mask video holds a label as."""
    return _LEVEL_BASE + _LEVEL_STEP * label


def encode_video(rgb: np.ndarray, fps: int, crf: float = 18, preset: str = "medium") -> bytes:
    """A clip as H.264 in MP4: yuv420p, BT.709, limited range, chroma sited left as players expect.

    Args:
        rgb: (T, H, W, 3) uint8 sRGB; H and W even.
        fps: frames a second.
        crf: x264's constant rate factor; 0 is lossless (after the conversion to YUV).
        preset: x264's preset.

    Returns:
        The MP4 file; equal arguments give equal bytes.
    """
    return _encode((_rgb_to_yuv(frame) for frame in rgb), rgb.shape[2], rgb.shape[1], fps, crf, preset)


def encode_mask(labels: np.ndarray, fps: int) -> bytes:
    """Labels as a video of luma levels that decodes to exactly these labels.

    It is decoded again and compared; should a pixel differ, it is encoded losslessly instead.

    Args:
        labels: (T, H, W) uint8, 0 to 7; H and W even.
        fps: frames a second.

    Raises:
        ValueError: a label above 7.
    """
    if labels.size and int(labels.max()) >= len(PALETTE):
        raise ValueError(f"label {int(labels.max())}: expected 0 to {len(PALETTE) - 1}")
    frames, height, width = labels.shape
    levels = (labels * np.uint8(_LEVEL_STEP) + np.uint8(_LEVEL_BASE)).astype(np.uint8)
    neutral = np.full((height // 2, width), 128, np.uint8)
    for crf in (MASK_CRF, 0):  # levels survive crf 10 all but always; lossless is twice the size
        data = _encode((np.concatenate([f, neutral]) for f in levels), width, height, fps, crf, "medium")
        try:
            exact = np.array_equal(decode_mask(data, width=width, height=height, frames=frames), labels)
        except DataError:  # a level drifted too far to be read
            exact = False
        if exact:
            return data
    raise RuntimeError("a losslessly encoded mask did not decode to itself")


def decode_video(
    data: bytes,
    *,
    width: int | None = None,
    height: int | None = None,
    frames: int | None = None,
    fps: int | None = None,
) -> np.ndarray:
    """The frames of a clip, (T, H, W, 3) uint8 sRGB.

    Args:
        data: an MP4 file with one H.264 stream.
        width: expected width, `None` for any within the limits; likewise the others.
        height: expected height.
        frames: expected number of frames.
        fps: expected frame rate.

    Raises:
        DataError: damaged, not as expected, or beyond the limits.
    """
    return np.stack([_rgb(frame) for frame in _decode(data, width, height, frames, fps)])


def decode_mask(
    data: bytes,
    *,
    width: int | None = None,
    height: int | None = None,
    frames: int | None = None,
    fps: int | None = None,
) -> np.ndarray:
    """The labels of a mask video, (T, H, W) uint8; arguments and errors as of `decode_video`.

    Raises:
        DataError: also where a pixel's luma is too far from every level, or its chroma from neutral.
    """
    decoded = []
    for frame in _decode(data, width, height, frames, fps):
        # bytes that wrap around, a few times faster than a table: how far above the lowest luma of label 0
        above = _plane(frame, 0) - np.uint8(_LEVEL_BASE - _LEVEL_STEP // 2)
        labels = above // np.uint8(_LEVEL_STEP)
        off = above - labels * np.uint8(_LEVEL_STEP) - np.uint8(_LEVEL_STEP // 2 - _LEVEL_SLACK)
        chroma = [_plane(frame, i) for i in (1, 2)]
        least, most = min(c.min() for c in chroma), max(c.max() for c in chroma)
        neutral = least >= 128 - _CHROMA_SLACK and most <= 128 + _CHROMA_SLACK
        if off.max() > 2 * _LEVEL_SLACK or labels.max() >= len(PALETTE) or not neutral:
            raise DataError("mask video holds a colour that is no label")
        decoded.append(labels)
    return np.stack(decoded)


def check_video(
    data: bytes, *, width: int, height: int, frames: int, fps: int, shown: int | None = None
) -> tuple[float, np.ndarray | None]:
    """Decode a clip for its errors, without the cost of RGB but for one frame.

    Args:
        shown: that frame, if one is wanted.

    Returns:
        The clip's mean luma, 0 to 255 (BT.709 of sRGB values), and frame `shown`, (H, W, 3) uint8 sRGB.

    Raises:
        DataError: damaged, not as expected, or beyond the limits.
    """
    lumas, found = [], None
    for at, frame in enumerate(_decode(data, width, height, frames, fps)):
        lumas.append((float(_plane(frame, 0).mean()) - 16) * 255 / 219)
        if at == shown:
            found = _rgb(frame)
    return sum(lumas) / len(lumas), found


def encode_reference(rgb: np.ndarray) -> bytes:
    """A reference image, (H, W, 3) uint8 sRGB, as JPEG of quality 95 without chroma subsampling."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format="JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def decode_reference(data: bytes, *, width: int | None = None, height: int | None = None) -> np.ndarray:
    """A reference image, (H, W, 3) uint8 sRGB.

    Raises:
        DataError: not an RGB JPEG of the expected size within the limits.
    """
    with _opened_image(data, "JPEG", "RGB", width, height) as image:
        return np.asarray(image)


def encode_mask_image(labels: np.ndarray) -> bytes:
    """Labels (H, W) uint8 as PNG with the palette's colours; the pixel value is the label."""
    image = Image.fromarray(labels)
    image.putpalette(PALETTE.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=False, compress_level=9)
    return buffer.getvalue()


def decode_mask_image(data: bytes, *, width: int | None = None, height: int | None = None) -> np.ndarray:
    """The labels of a mask image, (H, W) uint8.

    Raises:
        DataError: not a PNG with exactly the palette of `motionpair.palette`, or not of the expected size.
    """
    with _opened_image(data, "PNG", "P", width, height) as image:
        if bytes(image.getpalette() or ())[: PALETTE.size] != PALETTE.tobytes():
            raise DataError("mask image has another palette")
        labels = np.asarray(image)
    if int(labels.max()) >= len(PALETTE):
        raise DataError("mask image holds a value that is no label")
    return labels


def decode_yuv(
    data: bytes,
    *,
    width: int | None = None,
    height: int | None = None,
    frames: int | None = None,
    fps: int | None = None,
) -> np.ndarray:
    """The planes of a clip as they are coded, without the cost of RGB; arguments as of `decode_video`.

    Returns:
        (T, H * 3 / 2, W) uint8, yuv420p, BT.709, limited range: H rows of Y', then H / 4 rows that hold the
        (H / 2, W / 2) samples of Cb, then those of Cr.

    Raises:
        DataError: as of `decode_video`, or an odd width or height.
    """
    decoded: list[np.ndarray] = []
    whole: np.ndarray | None = None
    for at, frame in enumerate(_decode(data, width, height, frames, fps)):
        wide, high = frame.width, frame.height
        if wide % 2 or high % 2:
            raise DataError(f"video: expected an even width and height, got {wide} x {high} px")
        if frames is not None and whole is None:
            whole = np.empty((frames, high * 3 // 2, wide), np.uint8)
        planes = np.empty((high * 3 // 2, wide), np.uint8) if whole is None else whole[at]
        planes[:high] = _plane(frame, 0)
        chroma = planes[high:].reshape(2, high // 2, wide // 2)
        chroma[0], chroma[1] = _plane(frame, 1), _plane(frame, 2)
        if whole is None:
            decoded.append(planes)
    return np.stack(decoded) if whole is None else whole


def to_yuv(rgb: np.ndarray) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 sRGB as planes, (T, H * 3 / 2, W) uint8, as they are before coding."""
    return np.stack([_rgb_to_yuv(frame) for frame in rgb])


def _rgb_to_yuv(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 to the planes of yuv420p, (H * 3 / 2, W) uint8. Integers: equal on every CPU.

    H.264's chroma sits on the left column and between the rows of its 2 × 2 pixels, so it is filtered
    (1 2 1) / 4 across and (1 1) / 2 down.
    """
    height, width, _ = rgb.shape
    wide = rgb.astype(np.int32)
    luma = (wide @ _Y_ROW + (16 * 65536 + 32768)) >> 16
    rows = wide[0::2] + wide[1::2]
    even, odd = rows[:, 0::2], rows[:, 1::2]
    before = np.concatenate([even[:, :1], odd[:, :-1]], axis=1)
    eighths = before + 2 * even + odd
    chroma = [(eighths @ row + (128 * 524288 + 262144)) >> 19 for row in (_CB_ROW, _CR_ROW)]
    planes = [luma.reshape(-1), *(c.reshape(-1) for c in chroma)]
    return np.concatenate(planes).astype(np.uint8).reshape(height * 3 // 2, width)


def _encode(
    frames: Iterator[np.ndarray], width: int, height: int, fps: int, crf: float, preset: str
) -> bytes:
    """Encode yuv420p planes, each (H * 3 / 2, W) uint8, with one thread."""
    options = {"preset": preset, "x264-params": _X264} | ({"qp": "0"} if crf == 0 else {"crf": f"{crf:g}"})
    buffer = io.BytesIO()
    # bitexact: no muxer version in the file
    import av

    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.color_range = _LIMITED
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        for planes in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())
    return buffer.getvalue()


def _decode(
    data: bytes, width: int | None, height: int | None, frames: int | None, fps: int | None
) -> Iterator[av.VideoFrame]:
    """Decoded yuv420p frames, each held against the limits and what is expected."""
    import av

    if len(data) > MAX_BYTES:
        raise DataError(f"video of {len(data)} bytes: expected at most {MAX_BYTES}")
    most = MAX_FRAMES if frames is None else frames
    count = 0
    try:
        with av.open(io.BytesIO(data), "r", format="mp4", metadata_errors="replace") as container:
            if len(container.streams) != 1 or len(container.streams.video) != 1:
                raise DataError("video: expected one video stream and nothing else")
            stream = container.streams.video[0]
            context = stream.codec_context
            codec = "an unknown codec" if context is None else context.name  # a tag that FFmpeg does not know
            if codec != "h264":
                raise DataError(f"video: expected h264, got {codec}")
            if fps is not None and stream.average_rate != fps:
                raise DataError(f"video: expected {fps} frames a second, got {stream.average_rate}")
            size = (context.width, context.height)
            _check_size("video", size, width, height)
            context.thread_count = 1
            context.options = {"err_detect": "explode", "max_pixels": str(MAX_FRAME_PIXELS)}
            for frame in container.decode(stream):
                if (frame.width, frame.height) != size or frame.format.name != "yuv420p" or frame.is_corrupt:
                    raise DataError(f"video: frame {count} is damaged or of another format")
                count += 1
                if count > most:
                    raise DataError(f"video: more than {most} frames")
                yield frame
    except (av.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"video: does not decode ({error})") from None
    if count == 0 or (frames is not None and count != frames):
        raise DataError(f"video: expected {frames or 'some'} frames, got {count}")


def _rgb(frame: av.VideoFrame) -> np.ndarray:
    return frame.to_ndarray(
        format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709", interpolation=_SWS_EXACT
    )


def _plane(frame: av.VideoFrame, index: int) -> np.ndarray:
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


@contextmanager
def _opened_image(
    data: bytes, kind: str, mode: str, width: int | None, height: int | None
) -> Iterator[Image.Image]:
    if len(data) > MAX_BYTES:
        raise DataError(f"image of {len(data)} bytes: expected at most {MAX_BYTES}")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:  # the header alone
            if image.format != kind or image.mode != mode:
                raise DataError(f"image: expected {kind} {mode}, got {image.format} {image.mode}")
            _check_size("image", image.size, width, height)
            image.load()
            yield image
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise DataError(f"image: does not decode ({error})") from None


def _check_size(what: str, size: tuple[int, int], width: int | None, height: int | None) -> None:
    if not 0 < size[0] * size[1] <= MAX_FRAME_PIXELS:
        raise DataError(f"{what} of {size[0]} x {size[1]} px: expected at most {MAX_FRAME_PIXELS} px")
    if size != (size[0] if width is None else width, size[1] if height is None else height):
        raise DataError(f"{what}: expected {width} x {height} px, got {size[0]} x {size[1]}")
