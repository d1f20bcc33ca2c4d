"""What people bring: fitted where it must be, and one clear error where it cannot be read."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from model.codecs import open_codec
from model.sampling import files
from model.sampling.files import colours_of, frames_of, open_clip, read_picture, write_video
from model.sampling.inputs import conditions, fit, fitted_size
from model.sampling.users import of_files
from model.sampling.windows import Window
from motionpair import media
from motionpair.errors import InputError
from motionpair.mask_channels import labels_of
from motionpair.palette import labels_to_rgb

WIDTH, HEIGHT, FRAMES = 64, 96, 5


def ramp(frames: int = FRAMES, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A smooth clip, dark on the left and bright below, brighter from frame to frame."""
    x, y = np.meshgrid(np.linspace(20, 150, width), np.linspace(0, 60, height))
    grey = np.stack([x + y + 6 * t for t in range(frames)])
    return np.repeat(grey[..., None], 3, axis=3).astype(np.uint8)


def some_labels(background: int, frames: int = FRAMES) -> np.ndarray:
    labels = np.full((frames, HEIGHT, WIDTH), background, np.uint8)
    labels[:, 24:72, 8:28], labels[:, 24:72, 36:56] = 2, 4
    return labels


@pytest.fixture
def brought(tmp_path: Path) -> dict[str, Path]:
    """A reference, a driving clip and their masks for animation mode, as files."""
    rgb = ramp()
    paths = {
        "reference": tmp_path / "reference.jpg",
        "reference_mask": tmp_path / "reference_mask.png",
        "driving": tmp_path / "driving.mp4",
        "driving_mask": tmp_path / "driving_mask.mp4",
    }
    paths["reference"].write_bytes(media.encode_reference(rgb[0]))
    paths["reference_mask"].write_bytes(media.encode_mask_image(some_labels(1)[0]))
    paths["driving"].write_bytes(media.encode_video(rgb, 16))
    paths["driving_mask"].write_bytes(media.encode_mask(some_labels(0), 16))
    return paths


def test_files_of_a_dataset_are_read_as_the_dataset_reads_them(brought):
    said: list[str] = []
    source, frames, clip = of_files(**brought, say=said.append)
    found = list(frames)
    assert said == []
    assert (clip.frames, clip.fps, source.size) == (FRAMES, 16, (WIDTH, HEIGHT))
    rgb, labels = (np.stack(arrays) for arrays in zip(*found, strict=True))
    np.testing.assert_array_equal(rgb, media.decode_video(brought["driving"].read_bytes()))
    np.testing.assert_array_equal(labels, some_labels(0)[:, ::2, ::2])
    np.testing.assert_array_equal(source.reference.labels, some_labels(1)[0])
    np.testing.assert_array_equal(
        source.reference.rgb, media.decode_reference(brought["reference"].read_bytes())
    )


def test_lossy_coloured_masks_give_the_same_labels_but_for_edges(brought, tmp_path):
    """As the official code's masks are: colours in H.264 and JPEG."""
    brought["driving_mask"].write_bytes(media.encode_video(labels_to_rgb(some_labels(0)), 16))
    jpeg = tmp_path / "mask.jpg"
    Image.fromarray(labels_to_rgb(some_labels(1)[0])).save(jpeg, quality=95)
    source, frames, _ = of_files(**{**brought, "reference_mask": jpeg})
    for _, labels in frames:
        assert (labels[14:34, 6:12] == 2).all()
        assert (labels[14:34, 20:26] == 4).all()
        assert (labels == some_labels(0)[0, ::2, ::2]).mean() > 0.9
    assert (source.reference.labels == some_labels(1)[0]).mean() > 0.95


def test_lossy_driving_masks_are_halved_before_the_threshold(brought):
    """As the official code has it: a half-size pixel may be on though one of its four is not."""
    coded = media.encode_video(labels_to_rgb(some_labels(0)), 16)
    brought["driving_mask"].write_bytes(coded)
    frames = list(of_files(**brought)[1])
    colours = media.decode_video(coded)
    clip, labels = (np.stack(arrays) for arrays in zip(*frames, strict=True))
    np.testing.assert_array_equal(labels, labels_of(colours, half=True))
    source = of_files(**brought)[0]
    given = conditions(open_codec("dct"), source, Window(clip, labels, 0, FRAMES, True)).driving_masks[0]
    mean = colours.reshape(FRAMES, HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean(axis=(2, 4))
    red = (mean > 225) @ [1, 2, 4] == 1
    cells = red[1:].reshape(4, HEIGHT // 16, 8, WIDTH // 16, 8).mean(axis=(2, 4))
    np.testing.assert_allclose(given[1::7, 1].numpy(), cells, atol=1e-6)


def test_a_mask_whose_first_frames_show_nobody_is_told_by_its_colours(tmp_path):
    labels = some_labels(0)
    labels[:2] = 0
    for coded in (media.encode_video(labels_to_rgb(labels), 16), media.encode_mask(labels, 16)):
        path = tmp_path / "mask.mp4"
        path.write_bytes(coded)
        found = np.stack(list(colours_of(open_clip(path, "--driving-mask"))))
        assert (labels_of(found) == labels).mean() > 0.95


def test_in_replacement_mode_references_are_put_on_black(brought):
    brought["reference_mask"].write_bytes(media.encode_mask_image(some_labels(0)[0]))
    brought["driving_mask"].write_bytes(media.encode_mask(some_labels(1), 16))
    source, frames, _ = of_files(**brought, mode="replacement")
    shown = some_labels(0)[0] > 1
    assert (source.reference.rgb[~shown] == 0).all()
    assert (source.reference.rgb[shown] > 0).all()
    assert len(list(frames)) == FRAMES


@pytest.mark.parametrize("mode", ["animation", "replacement"])
def test_a_mask_of_the_other_mode_is_refused(brought, mode):
    reference = some_labels(0 if mode == "animation" else 1)[0]
    good = brought["reference_mask"].read_bytes()
    brought["reference_mask"].write_bytes(media.encode_mask_image(reference))
    with pytest.raises(InputError, match=f"--reference-mask .*background .* {mode} mode"):
        of_files(**brought, mode=mode)
    brought["reference_mask"].write_bytes(
        good if mode == "animation" else media.encode_mask_image(some_labels(0)[0])
    )
    brought["driving_mask"].write_bytes(media.encode_mask(some_labels(1 if mode == "animation" else 0), 16))
    with pytest.raises(InputError, match=f"--driving-mask .*background .* {mode} mode"):
        list(of_files(**brought, mode=mode)[1])


def test_colours_that_do_not_bind_are_refused(brought):
    labels = some_labels(0)
    labels[labels == 4] = 7
    brought["driving_mask"].write_bytes(media.encode_mask(labels, 16))
    with pytest.raises(InputError, match=r"--driving-mask .*shows cyan, but .* red, blue"):
        list(of_files(**brought)[1])


def test_an_additional_reference_may_show_who_the_reference_does_not(brought, tmp_path):
    labels = some_labels(1)[0]
    labels[labels == 4] = 1
    brought["reference_mask"].write_bytes(media.encode_mask_image(labels))
    with pytest.raises(InputError, match="shows blue"):
        list(of_files(**brought)[1])
    mask = tmp_path / "other.png"
    mask.write_bytes(media.encode_mask_image(some_labels(1)[0]))
    source, frames, _ = of_files(**brought, additional=[(brought["reference"], mask)])
    assert len(source.additional) == 1
    assert len(list(frames)) == FRAMES


def test_other_sizes_are_fitted_and_said(brought):
    said: list[str] = []
    source, frames, _ = of_files(**brought, size="32x64", say=said.append)
    assert source.size == (32, 64)
    assert {frame.shape for frame, _ in frames} == {(64, 32, 3)}
    assert [line.split()[0] for line in said] == ["--reference", "--driving"]
    assert "64 x 96 px is fitted to 32 x 64" in said[0]
    assert of_files(**brought, most_pixels=3000)[0].size[0] * source.size[1] <= 3000


@pytest.mark.parametrize("size", ["33x64", "0x32", "x", "64", "99999x99999", "-32x32"])
def test_a_size_that_the_model_does_not_take_is_refused(brought, size):
    with pytest.raises(InputError, match=r"--size"):
        of_files(**brought, size=size)


def test_fitting_fills_and_crops_around_the_middle():
    wide = ramp(1, 128, 64)[0]
    np.testing.assert_array_equal(fit(wide, (128, 64)), wide)
    square = fit(wide, (64, 64))
    np.testing.assert_array_equal(square, wide[:, 32:96])
    half = fit(wide, (64, 32)).astype(int)
    means = wide.reshape(32, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(half - means)[4:-4, 4:-4].max() <= 1
    assert fit(ramp(1, 70, 41)[0], (64, 64)).shape == (64, 64, 3)


@pytest.mark.parametrize(("size", "most", "expected"), [
    ((896, 512), 512 * 896, (896, 512)), ((1920, 1080), 512 * 896, (896, 512)),
    ((1080, 1920), 512 * 896, (512, 896)), ((100, 100), 512 * 896, (96, 96)), ((5, 3000), 10**6, (32, 3008)),
])  # fmt: skip
def test_the_size_is_the_nearest_that_the_model_takes(size, most, expected):
    assert fitted_size(*size, most) == expected


def test_a_video_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "made.mp4"
    assert write_video(path, [ramp()[:2], ramp()[2:]], Fraction(30000, 1001)) == FRAMES
    clip = open_clip(path, "x")
    assert (clip.frames, clip.fps) == (FRAMES, Fraction(30000, 1001))
    assert np.abs(np.stack(list(frames_of(clip))).astype(int) - ramp()).max() <= 6
    before = path.read_bytes()

    def breaks():
        yield ramp()
        raise InputError("enough")

    with pytest.raises(InputError, match="enough"):
        write_video(path, breaks(), 16)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["made.webm", "nowhere/made.mp4", "folder.mp4"])
def test_where_nothing_can_be_written_is_said_at_once(tmp_path, name):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InputError, match=r"made|folder"):
        write_video(tmp_path / name, iter([]), 16)


def test_equal_frames_give_equal_bytes(tmp_path):
    paths = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for path in paths:
        write_video(path, [ramp()], 16)
    assert paths[0].read_bytes() == paths[1].read_bytes() == media.encode_video(ramp(), 16)


def test_a_clip_that_was_filmed_upright_is_turned(tmp_path):
    """A display matrix, as telephones write it: a quarter turn clockwise, in 16.16 fixed point."""
    path = tmp_path / "turned.mp4"
    data = bytearray(media.encode_video(ramp(), 16))
    plain = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    at = data.index(b"tkhd")
    at = data.index(plain, at)
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, HEIGHT << 16, 0, 1 << 30)
    path.write_bytes(bytes(data))
    clip = open_clip(path, "--driving")
    assert (clip.width, clip.height) == (HEIGHT, WIDTH)
    upright = media.decode_video(media.encode_video(ramp(), 16))
    np.testing.assert_array_equal(np.stack(list(frames_of(clip))), np.rot90(upright, -1, axes=(1, 2)))


def test_pictures_of_every_kind_are_rgb_on_black(tmp_path):
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[..., 0], rgba[:, :3, 3] = 200, 255
    path = tmp_path / "p.png"
    Image.fromarray(rgba).save(path)
    assert read_picture(path, "x")[0].tolist() == [[200, 0, 0]] * 3 + [[0, 0, 0]] * 3
    for suffix, mode in (("webp", "RGB"), ("png", "L"), ("jpg", "CMYK"), ("png", "I;16")):
        path = tmp_path / f"p.{suffix}"
        Image.new(mode, (6, 4)).save(path)
        assert read_picture(path, "x").shape == (4, 6, 3)


def webm() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=16)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode())
    return buffer.getvalue()


def sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"


@pytest.mark.parametrize("content", [b"", b"not a video", PLAYLIST, webm(), sound()])
def test_what_is_no_mp4_with_a_video_is_refused(brought, content):
    brought["driving"].write_bytes(content)
    with pytest.raises(InputError, match=r"--driving .*driving\.mp4"):
        of_files(**brought)


def test_a_damaged_clip_is_refused_wherever_it_breaks(brought):
    whole = media.encode_video(np.random.default_rng(0).integers(0, 255, (20, 96, 64, 3), np.uint8), 16)
    rng = np.random.default_rng(1)
    for _ in range(30):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] ^= int(rng.integers(1, 256))
        brought["driving"].write_bytes(bytes(data[: int(rng.integers(100, len(data)))]))
        try:
            list(of_files(**brought)[1])
        except InputError as error:
            assert "driving" in str(error)  # noqa: PT017 (most are refused, a bit of noise may not be)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_refused(brought, content):
    brought["reference"].write_bytes(content)
    with pytest.raises(InputError, match=r"--reference .*reference\.jpg: no PNG"):
        of_files(**brought)


def test_a_picture_of_billions_of_pixels_is_refused_by_its_header(brought):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    brought["reference"].write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4)
    )
    with pytest.raises(InputError, match=r"--reference"):
        of_files(**brought)


def test_limits_hold(brought, monkeypatch):
    monkeypatch.setattr(files, "MOST_FRAMES", 4)
    with pytest.raises(InputError, match="at most 4 frames"):
        of_files(**brought)
    monkeypatch.setattr(files, "MOST_PIXELS", 1000)
    with pytest.raises(InputError, match="at most 1000 px"):
        of_files(**brought)
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    with pytest.raises(InputError, match="at most 10 bytes"):
        of_files(**brought)


@pytest.mark.parametrize("which", ["reference", "reference_mask", "driving", "driving_mask"])
def test_a_file_that_is_not_there_is_named(brought, which):
    brought[which].unlink()
    with pytest.raises(InputError, match=f"--{which.replace('_', '-')} .*no such file"):
        of_files(**brought)


def test_masks_of_another_length_or_shape_are_refused(brought):
    brought["driving_mask"].write_bytes(media.encode_mask(some_labels(0, 9), 16))
    with pytest.raises(InputError, match=r"--driving-mask .*expected 5 frames"):
        of_files(**brought)
    brought["reference_mask"].write_bytes(media.encode_mask_image(np.ones((32, 64), np.uint8)))
    with pytest.raises(InputError, match=r"--reference-mask .*shape"):
        of_files(**brought)


def test_a_reference_mask_without_anybody_is_refused(brought):
    brought["reference_mask"].write_bytes(media.encode_mask_image(np.ones((HEIGHT, WIDTH), np.uint8)))
    with pytest.raises(InputError, match=r"--reference-mask .*palette colour"):
        of_files(**brought)
