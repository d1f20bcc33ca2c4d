"""Videos of any length: windows that go on from what was decoded, of pairs of both modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import small_model, watched

from model.codecs import Codec, open_codec
from model.conditioning import PAIR_FIELDS, encode_pair
from model.sampling.inputs import Source, Still, conditions, of_pair
from model.sampling.sampler import Settings, sample
from model.sampling.video import Sampler, long_video
from model.sampling.windows import Frame, windows
from motionpair import PairDataset
from motionpair.dataset import Dataset
from motionpair.errors import InputError

SETTINGS = Settings(steps=2, solver="euler", shift=3.0, cfg=1.0)
WIDTH, HEIGHT = 64, 32


@pytest.fixture(scope="module")
def codec() -> Codec:
    return open_codec("dct")


def still(seed: int) -> Still:
    rng = np.random.default_rng(seed)
    labels = np.ones((HEIGHT, WIDTH), np.uint8)
    labels[8:24, 8:24], labels[8:24, 40:56] = 2, 4
    return Still(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8), labels)


def clip(frames: int) -> list[Frame]:
    rng = np.random.default_rng(0)
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[4:28, 4:20], labels[4:28, 30:46] = 2, 4
    return [(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8), labels) for _ in range(frames)]


SOURCE = Source(still(1), "animation", (still(2),))


def made(codec: Codec, frames: int, seed: int = 3, **changes) -> torch.Tensor:
    parts = long_video(
        small_model(),
        codec,
        SOURCE,
        clip(frames),
        SETTINGS,
        generator=torch.Generator().manual_seed(seed),
        **{"window": 13, "overlap": 5, **changes},
    )
    return torch.cat(list(parts))


@pytest.mark.parametrize("frames", [1, 5, 6, 13, 14, 21, 27])
def test_there_are_as_many_frames_as_the_driving_clip_has(codec, frames):
    video = made(codec, frames)
    assert video.shape == (frames, 3, HEIGHT, WIDTH)
    assert video.dtype == torch.uint8


def test_one_seed_gives_one_video(codec):
    assert torch.equal(made(codec, 15), made(codec, 15))
    assert not torch.equal(made(codec, 15), made(codec, 15, seed=4))


def test_a_longer_clip_begins_with_the_same_video(codec):
    """The windows before do not depend on what comes after."""
    assert torch.equal(made(codec, 29)[:21], made(codec, 21))


def test_a_window_goes_on_from_the_last_five_decoded_frames(codec):
    model, generator = small_model(), torch.Generator().manual_seed(3)
    first, second = windows(clip(21), 13, 5)
    start = sample(model, conditions(codec, SOURCE, first), steps=2, solver="euler", generator=generator)
    decoded = codec.decode_float(start)
    history = codec.encode_float(decoded[:, -5:])
    assert history.shape[2] == 2
    rest = sample(
        model,
        conditions(codec, SOURCE, second),
        steps=2,
        solver="euler",
        history=history,
        generator=generator,
    )
    expected = torch.cat([codec.decode(start)[0], codec.decode(rest)[0, 5:]])
    assert torch.equal(made(codec, 21), expected)


def test_the_first_window_has_no_history_and_later_ones_two_clean_latents(codec):
    model = small_model()
    with watched(model) as seen:
        generator = torch.Generator().manual_seed(3)
        list(long_video(model, codec, SOURCE, clip(20), SETTINGS, generator=generator, window=13))
    masks = [given.history_mask for given in seen]
    assert masks[:2] == [None, None]
    for mask in masks[2:]:
        assert mask is not None
        assert mask[0, 0, :, 0, 0].tolist() == [1, 1, 0, 0]


def test_a_clip_of_one_window_is_sampled_at_its_own_length(codec):
    model = small_model()
    with watched(model) as seen:
        generator = torch.Generator().manual_seed(3)
        list(long_video(model, codec, SOURCE, clip(6), SETTINGS, generator=generator))
    assert seen[0].video.shape[2] == 3  # six frames, padded to nine


def test_a_pair_s_conditions_are_what_the_model_is_trained_on(codec, blobs: Dataset, blobs_dataset):
    modes = set()
    pairs = PairDataset(blobs_dataset, fields=PAIR_FIELDS, split=None, colour="rgb")
    for number, row in enumerate(blobs.rows()):
        example = encode_pair(pairs[number], codec)
        source, driving = of_pair(blobs, row)
        (window,) = windows(driving)
        given = conditions(codec, source, window)
        for name in ("driving", "driving_masks", "reference", "reference_masks"):
            torch.testing.assert_close(getattr(given, name)[0], example[name])
        assert (given.additional is None) == ("additional" not in example)
        if given.additional is not None:
            torch.testing.assert_close(given.additional[0], example["additional"])
            torch.testing.assert_close(given.additional_masks[0], example["additional_masks"])
        assert bool(given.replacement) == example["replacement"]
        modes.add((row["mode"], row["performers"]))
    assert {mode for mode, _ in modes} == {"animation", "replacement"}
    assert max(count for _, count in modes) > 1


def test_a_sampler_makes_the_video_of_every_kind_of_pair(codec, blobs: Dataset):
    sampler = Sampler(small_model(), codec, None, None, SETTINGS)
    kinds = {}
    for row in blobs.rows():
        kinds[row["mode"], row["performers"], bool(row["extra_references"])] = row
    assert len(kinds) > 2
    for row in kinds.values():
        source, driving = of_pair(blobs, row)
        video = torch.cat(list(sampler.video(source, driving, seed=0)))
        assert video.shape == (row["frames"], 3, row["height"], row["width"])
    assert sampler.steps(row["frames"]) == 2


def test_a_source_that_the_model_does_not_take_is_refused():
    odd = Still(np.zeros((40, 64, 3), np.uint8), np.zeros((40, 64), np.uint8))
    with pytest.raises(InputError, match="multiples of 32"):
        Source(odd, "animation")
    with pytest.raises(InputError, match="additional"):
        Source(still(1), "animation", (Still(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)),))


def test_prompt_and_reference_are_given_through_the_encoders(codec):
    """Encoders of a few lines: the text's length, and the picture's mean colour."""
    model = small_model(text_dim=8, image_dim=3)
    image = torch.tensor([float(x) for x in still(1).rgb.reshape(-1, 3).mean(axis=0)])

    def texts(captions):
        return [torch.full((2, 8), float(len(caption))) for caption in captions]

    def images(pictures):
        return pictures.float().mean(dim=(2, 3))[:, None].expand(-1, 257, -1)

    guided = Settings(steps=1, solver="euler", shift=3.0, cfg=4.0)
    source = Source(still(1), "replacement", (), "a dance")
    sampler = Sampler(model, codec, texts, images, guided)  # type: ignore[arg-type]
    with watched(model) as seen:
        list(sampler.video(source, clip(5), seed=0))
    assert [float(given.text[0, 0, 0]) for given in seen] == [7.0, 0.0]
    for given in seen:
        torch.testing.assert_close(given.image[0, 100], image)
        assert given.replacement.tolist() == [True]
