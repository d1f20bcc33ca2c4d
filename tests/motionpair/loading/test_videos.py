"""Decoders by name: what each gives, and that none stands in for another."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
import torch

from motionpair import PairDataset, media
from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError
from motionpair.loading.videos import video_decoder


def _imports() -> str:
    """Why torchcodec cannot be used here; empty if it can."""
    if importlib.util.find_spec("torchcodec") is None:
        return "torchcodec is not installed"
    try:
        video_decoder("torchcodec")
    except InputError as error:
        return str(error)
    return ""


WITHOUT = _imports()
needs_torchcodec = pytest.mark.skipif(bool(WITHOUT), reason=WITHOUT)
SIZE = {"width": 96, "height": 64, "frames": 9, "fps": 16}


@pytest.fixture(scope="module")
def clip() -> bytes:
    """Smooth colours that move."""
    y, x, t = np.mgrid[0:64, 0:96, 0:9].transpose(0, 3, 1, 2)
    wave = np.stack([x + 4 * t, y + 3 * t, x + y - 5 * t], axis=-1) / 16
    rgb = (127.5 + 100 * np.sin(wave)).astype(np.uint8)
    return media.encode_video(rgb, 16)


def test_pyav_gives_planes_and_colours(clip):
    decoder = video_decoder("pyav")
    assert decoder.planes is not None
    np.testing.assert_array_equal(decoder.planes(clip, **SIZE), media.decode_yuv(clip))
    np.testing.assert_array_equal(decoder.rgb(clip, **SIZE), media.decode_video(clip))


def test_a_decoder_that_does_not_import_is_an_error_and_not_another_decoder(monkeypatch, tiny_dataset):
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    with pytest.raises(InputError, match="decoder: torchcodec does not import"):
        PairDataset(tiny_dataset, ["target"], decoder="torchcodec", colour="rgb")


def test_an_unknown_decoder_is_refused():
    with pytest.raises(InputError, match="decoder: expected pyav or torchcodec, got 'nvdec'"):
        video_decoder("nvdec")


@needs_torchcodec
class TestTorchcodec:
    """Where it imports."""

    def test_its_colours_are_near_those_of_pyav(self, clip):
        rgb = video_decoder("torchcodec").rgb(clip, **SIZE)
        difference = np.abs(rgb.astype(int) - media.decode_video(clip))
        assert rgb.dtype == np.uint8
        assert difference.mean() < 4
        assert difference.max() < 40

    def test_it_gives_no_planes_and_says_so(self, tiny_dataset):
        assert video_decoder("torchcodec").planes is None
        with pytest.raises(InputError, match=r"torchcodec gives no planes; expected colour='rgb'"):
            PairDataset(tiny_dataset, ["target"], decoder="torchcodec")

    @pytest.mark.parametrize("change", [{"width": 94}, {"height": 62}, {"frames": 8}, {"fps": 24}])
    def test_another_clip_than_expected_is_refused(self, clip, change):
        with pytest.raises(DataError, match="video: expected h264"):
            video_decoder("torchcodec").rgb(clip, **{**SIZE, **change})

    def test_what_does_not_decode_is_an_error(self, clip):
        for damaged in (clip[: len(clip) // 2], b"no video", clip[:900] + bytes(1500) + clip[2400:]):
            with pytest.raises(DataError, match="video: "):
                video_decoder("torchcodec").rgb(damaged, **SIZE)

    def test_a_dataset_decodes_with_it_in_workers(self, tiny_dataset):
        names = ("driving", "target", "target_mask")
        dataset = PairDataset(tiny_dataset, names, None, decoder="torchcodec", colour="rgb")
        row = next(Dataset(tiny_dataset).rows())
        loader = torch.utils.data.DataLoader(dataset, batch_size=1, num_workers=1)
        sample = next(iter(loader))
        for name in ("driving", "target"):
            expected = Dataset(tiny_dataset).video(row, name)
            assert np.abs(sample[name][0].permute(0, 2, 3, 1).numpy().astype(int) - expected).mean() < 4
        labels = Dataset(tiny_dataset).labels(row, "target_mask")
        np.testing.assert_array_equal(sample["target_mask"][0], labels)
