"""Colours from planes: on any device, what `media.decode_video` gives, within one level."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from motionpair import media
from motionpair.errors import InputError
from motionpair.loading.decoding import to_rgb


def coded(planes: np.ndarray) -> bytes:
    """Planes as a clip that holds exactly them."""
    return media._encode(iter(planes), planes.shape[2], planes.shape[1] * 2 // 3, 16, 0, "ultrafast")


def scene(kind: str, height: int = 64, width: int = 48) -> np.ndarray:
    """Planes (3, H * 3 / 2, W): noise, hard edges between strong colours, or a smooth scene."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[0:height, 0:width]
    if kind == "noise":
        return rng.integers(60, 196, (3, height * 3 // 2, width), dtype=np.uint8)
    if kind == "edges":
        colours = rng.integers(0, 2, (3, height // 8, width // 8, 3), dtype=np.uint8)
        clip = 255 * colours.repeat(8, axis=1).repeat(8, axis=2)
    else:
        rgb = np.stack([255 * x // width, 255 * y // height, 255 - (x + y) % 256], axis=-1).astype(np.uint8)
        clip = np.stack([np.roll(rgb, t, axis=0) for t in range(3)])
    return np.stack([media._rgb_to_yuv(frame) for frame in clip])


@pytest.mark.parametrize("size", [(64, 48), (256, 448), (16, 32)])
@pytest.mark.parametrize("kind", ["noise", "edges", "smooth"])
def test_colours_are_those_of_the_cpu_decoder_within_one_level(kind, size):
    data = coded(scene(kind, *size))
    expected = media.decode_video(data)
    rgb = to_rgb(torch.from_numpy(media.decode_yuv(data)))
    assert rgb.shape == (3, 3, *size)
    difference = rgb.permute(0, 2, 3, 1).numpy().astype(int) - expected
    assert np.abs(difference).max() <= 1
    assert np.abs(difference).mean() < 0.1


def test_leading_dimensions_and_long_clips_are_kept(monkeypatch):
    planes = torch.from_numpy(scene("noise"))
    whole = to_rgb(planes)
    monkeypatch.setattr("motionpair.loading.decoding._PIXELS_AT_ONCE", 1)
    assert torch.equal(to_rgb(planes), whole)
    assert torch.equal(to_rgb(planes.reshape(1, 3, 1, 96, 48)), whole.reshape(1, 3, 1, 3, 64, 48))
    assert torch.equal(to_rgb(planes[0]), whole[0])


def test_the_conversion_runs_on_another_device():
    assert to_rgb(torch.from_numpy(scene("noise")), "meta").device.type == "meta"


@pytest.mark.parametrize(
    "planes",
    [
        torch.zeros((96, 48)),
        torch.zeros((95, 48), dtype=torch.uint8),
        torch.zeros((96, 47), dtype=torch.uint8),
        torch.zeros(96, dtype=torch.uint8),
    ],
)
def test_what_are_no_planes_is_refused(planes):
    with pytest.raises(InputError, match="expected"):
        to_rgb(planes)
