"""Clips, masks and pictures to bytes and back."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from motionpair import media
from motionpair.errors import DataError
from motionpair.palette import PALETTE


def moving_scene(frames: int = 5, height: int = 96, width: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(3).normal(0, 4, (height, width))
    clip = [
        np.stack([120 + 80 * np.sin((x + 3 * t) / 9), 130 + 60 * np.cos(y / 11), x * 2 + noise], axis=-1)
        for t in range(frames)
    ]
    return np.clip(clip, 0, 255).astype(np.uint8)


def test_a_clip_keeps_its_frames_and_looks_the_same() -> None:
    clip = moving_scene()
    decoded = media.decode_video(media.encode_video(clip, 16, crf=12), width=64, height=96, frames=5, fps=16)
    assert decoded.shape == clip.shape
    assert np.abs(decoded.astype(int) - clip).mean() < 2


def test_flat_colours_survive_within_two_levels() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (4, 6, 3))
    picture = colours.repeat(16, axis=0).repeat(16, axis=1).astype(np.uint8)
    decoded = media.decode_video(media.encode_video(picture[None], 16, crf=1))[0]
    inner = np.s_[4:12]
    errors = (decoded.astype(int) - picture).reshape(4, 16, 6, 16, 3)[:, inner, :, inner]
    assert np.abs(errors).max() <= 2
    assert np.abs(errors.mean(axis=(0, 1, 2, 3))).max() < 0.5  # neither darker nor brighter


def test_chroma_is_sited_where_players_look_for_it() -> None:
    ramp = np.zeros((64, 128, 3), np.uint8)
    ramp[..., 0], ramp[..., 2] = 2 * np.arange(128), 255 - 2 * np.arange(128)
    decoded = media.decode_video(media.encode_video(ramp[None], 16, crf=1))[0]
    shift = (decoded.astype(int) - ramp)[:, 16:-16].mean(axis=(0, 1))
    assert np.abs(shift).max() < 0.25  # centred chroma would be half a level off, to either side


def test_a_clip_says_that_it_is_bt709_in_limited_range() -> None:
    with av.open(io.BytesIO(media.encode_video(moving_scene(), 16))) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
    assert tags == (1, 1, 1, 1)


def test_bytes_do_not_depend_on_the_process_or_its_memory() -> None:
    script = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]);"
        "import synthetic; row, blobs = synthetic.pair_files(synthetic.pair_spec(3, 'animation', (6, 4)));"
        "print(hashlib.sha256(b''.join(blobs[n] for n in sorted(blobs))).hexdigest())"
    )
    here = os.path.dirname(__file__)  # noqa: PTH120
    digests = {
        subprocess.run(
            [sys.executable, "-c", script, here],
            env={**os.environ, "MALLOC_PERTURB_": fill},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for fill in ("1", "170")  # what malloc fills memory with
    }
    assert len(digests) == 1


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frames=st.sampled_from([1, 5]), blocks=st.sampled_from([1, 4, 16]))
def test_masks_come_back_exactly(seed: int, frames: int, blocks: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 8, (frames, 64 // blocks, 96 // blocks), dtype=np.uint8)
    labels = coarse.repeat(blocks, axis=1).repeat(blocks, axis=2)
    data = media.encode_mask(labels, 16)
    assert np.array_equal(media.decode_mask(data, width=96, height=64, frames=frames, fps=16), labels)


def test_a_mask_that_compression_would_change_is_stored_without_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.random.default_rng(0).integers(0, 8, (5, 64, 96), dtype=np.uint8)
    monkeypatch.setattr(media, "MASK_CRF", 45)
    assert np.array_equal(media.decode_mask(media.encode_mask(labels, 16)), labels)


def test_a_picture_is_not_taken_for_a_mask() -> None:
    with pytest.raises(DataError, match="no label"):
        media.decode_mask(media.encode_video(moving_scene(), 16))


def test_a_coloured_video_of_right_levels_is_not_taken_for_a_mask() -> None:
    planes = np.full((96, 64), 47, np.uint8)
    planes[64:] = 200
    data = media._encode(iter([planes]), 64, 64, 16, 10, "medium")
    with pytest.raises(DataError, match="no label"):
        media.decode_mask(data)


def test_a_luma_is_the_label_of_the_nearest_level_or_none() -> None:
    for luma in [16 + 31 * label + off for label in range(8) for off in (-13, -12, 12, 13)]:
        off, label = min((abs(luma - media.label_luma(label)), label) for label in range(8))
        planes = np.full((48, 32), 128, np.uint8)
        planes[:32] = luma
        data = media._encode(iter([planes]), 32, 32, 16, 0, "ultrafast")
        if off <= 12:
            assert (media.decode_mask(data) == label).all()
        else:
            with pytest.raises(DataError, match="no label"):
                media.decode_mask(data)


def test_planes_are_those_that_were_coded() -> None:
    planes = np.random.default_rng(2).integers(16, 236, (3, 96, 48), dtype=np.uint8)
    data = media._encode(iter(planes), 48, 64, 16, 0, "medium")
    assert np.array_equal(media.decode_yuv(data), planes)
    assert np.array_equal(media.decode_yuv(data, width=48, height=64, frames=3, fps=16), planes)
    with pytest.raises(DataError, match="expected 4 frames, got 3"):
        media.decode_yuv(data, frames=4)


def test_labels_beyond_the_palette_are_refused() -> None:
    with pytest.raises(ValueError, match="label 8"):
        media.encode_mask(np.full((1, 64, 64), 8, np.uint8), 16)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"width": 32}, "32 x"),
        ({"height": 64}, "x 64"),
        ({"frames": 4}, "more than 4"),
        ({"frames": 6}, "expected 6 frames, got 5"),
        ({"fps": 24}, "24 frames a second"),
    ],
)
def test_a_clip_of_another_shape_is_refused(expected: dict[str, int], message: str) -> None:
    data = media.encode_video(moving_scene(), 16)
    with pytest.raises(DataError, match=message):
        media.decode_video(data, **expected)


@pytest.mark.parametrize("junk", [b"", b"\0" * 100, b"RIFF" + b"x" * 4000], ids=["empty", "zeros", "riff"])
def test_junk_is_refused_by_every_decoder(junk: bytes) -> None:
    for decode in (
        media.decode_video,
        media.decode_mask,
        media.decode_reference,
        media.decode_mask_image,
    ):
        with pytest.raises(DataError):
            decode(junk)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_media_give_a_picture_or_a_data_error(data: st.DataObject) -> None:
    labels = np.zeros((1, 32, 32), np.uint8)
    decode, good = data.draw(
        st.sampled_from(
            [
                (media.decode_video, media.encode_video(moving_scene(1, 32, 32), 16)),
                (media.decode_yuv, media.encode_video(moving_scene(1, 32, 32), 16)),
                (media.decode_mask, media.encode_mask(labels, 16)),
                (media.decode_reference, media.encode_reference(moving_scene(1, 32, 32)[0])),
                (media.decode_mask_image, media.encode_mask_image(labels[0])),
            ]
        )
    )
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decoded = decode(bytes(bad[: data.draw(st.integers(0, len(bad)))]))
    except DataError:
        return
    assert decoded.dtype == np.uint8


def test_an_unknown_codec_is_refused() -> None:
    video = bytearray(media.encode_video(moving_scene(1, 32, 32), 16))
    at = video.rindex(b"avc1")  # the sample entry's; the first is the file's brand
    video[at : at + 4] = b"zzzz"
    with pytest.raises(DataError, match="expected h264, got an unknown codec"):
        media.decode_video(bytes(video))


def test_a_reference_comes_back_close_and_a_mask_image_exactly() -> None:
    picture = moving_scene(1)[0]
    assert np.abs(media.decode_reference(media.encode_reference(picture)).astype(int) - picture).mean() < 2
    labels = np.random.default_rng(0).integers(0, 8, (96, 64), dtype=np.uint8)
    assert np.array_equal(media.decode_mask_image(media.encode_mask_image(labels)), labels)


def test_a_mask_image_shows_the_palette_in_any_viewer() -> None:
    labels = np.arange(8, dtype=np.uint8).repeat(8).reshape(8, 8)
    with Image.open(io.BytesIO(media.encode_mask_image(labels))) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), PALETTE[labels])


def test_a_mask_image_of_other_colours_is_refused() -> None:
    image = Image.fromarray(np.zeros((8, 8), np.uint8))
    image.putpalette([255, 128, 0] * 8)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    with pytest.raises(DataError, match="palette"):
        media.decode_mask_image(buffer.getvalue())


def test_a_picture_bomb_is_refused_by_its_header() -> None:
    good = media.encode_mask_image(np.zeros((8, 8), np.uint8))
    header = b"IHDR" + (5_000).to_bytes(4, "big") * 2 + good[24:29]
    bomb = good[:12] + header + zlib.crc32(header).to_bytes(4, "big") + good[33:]
    with pytest.raises(DataError, match="5000 x 5000"):
        media.decode_mask_image(bomb)
