"""Text and image encoders with tiny random weights: what Wan2.1 would feed them, and what comes out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import tiny_pipeline
import torch
from torch.nn import functional

from model.encoders import image as images
from model.encoders import text as texts
from model.encoders.image import ImageEncoder
from model.encoders.text import TextEncoder, cleaned
from motionpair.errors import DataError, InputError


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pipeline.save_encoders(tmp_path_factory.mktemp("encoders"))


@pytest.fixture(scope="module")
def text(pipeline: Path) -> TextEncoder:
    return TextEncoder(pipeline, dtype=torch.float32)


@pytest.fixture(scope="module")
def image(pipeline: Path) -> ImageEncoder:
    return ImageEncoder(pipeline, dtype=torch.float32)


def test_a_caption_is_its_tokens_states(text: TextEncoder):
    short, long = text(["a person", "a person waves and waves."])
    assert short.shape == (3, 16)  # with the token that ends a text
    assert len(long) > len(short)
    again = text(["a person"])[0]
    assert torch.equal(short, again)


def test_a_caption_padded_to_512_as_wan_does_it_is_the_same(text: TextEncoder):
    caption = "a person waves"
    tokens = text._tokenizer(caption, padding="max_length", max_length=512, return_tensors="pt")
    with torch.no_grad():
        states = text._model(tokens["input_ids"], tokens["attention_mask"]).last_hidden_state[0]
    found = text([caption])[0]
    torch.testing.assert_close(found, states[: int(tokens["attention_mask"].sum())], atol=1e-5, rtol=1e-5)


def test_a_long_caption_is_cut_to_512_tokens(text: TextEncoder):
    assert len(text(["waves " * 600])[0]) == 512


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("  a  person \n waves\t", "a person waves"),
        ("salt &amp;amp; pepper", "salt & pepper"),
        ("1 &lt; 2", "1 < 2"),
    ],
)
def test_captions_are_cleaned_as_wan_does_it(given: str, expected: str):
    assert cleaned(given) == expected


def test_what_only_ftfy_mends_asks_for_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ftfy", None)
    with pytest.raises(InputError, match=r"caption 'na.ve': is not plain ASCII; install ftfy"):
        cleaned("naïve")
    assert cleaned("plain words") == "plain words"


def test_an_image_is_the_second_last_layers_states(image: ImageEncoder):
    pictures = torch.randint(0, 256, (2, 3, 40, 24), dtype=torch.uint8)
    found = image(pictures)
    assert found.shape == (2, 17, 16) == (2, image.tokens, image.width)
    model = image._model
    with torch.no_grad():
        states = model.pre_layrnorm(model.embeddings(image.pixels(pictures)))
        for layer in model.encoder.layers[:-1]:
            states = layer(states, attention_mask=None)
    torch.testing.assert_close(found, states[0] if isinstance(states, tuple) else states)


def test_an_image_is_stretched_and_nothing_cut_off(image: ImageEncoder):
    picture = torch.zeros(1, 3, 64, 32, dtype=torch.uint8)
    picture[:, 0, :4], picture[:, 1, -4:] = 255, 255
    shown = image.pixels(picture)
    assert shown.shape == (1, 3, 28, 28)
    expected = functional.interpolate((picture.float() - 127.5) / 127.5, (28, 28), mode="bicubic")
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (images._MEAN, images._STD))
    torch.testing.assert_close(shown * std + mean, expected / 2 + 0.5)
    assert shown[0, 0, 0].min() > shown[0, 0, 5].max()
    assert shown[0, 1, -1].min() > shown[0, 1, -6].max()
    with pytest.raises(InputError, match=r"images: expected \(B, 3, H, W\) uint8"):
        image(picture.float())


def test_encoders_are_known_without_loading_them(pipeline: Path, text: TextEncoder, image: ImageEncoder):
    for found, encoder in (
        (texts.identify(pipeline, torch.float32), text),
        (images.identify(pipeline, torch.float32), image),
    ):
        assert (found.name, found.hash, found.width) == (encoder.name, encoder.hash, encoder.width)
    assert texts.identify(pipeline).hash != text.hash  # of another type
    assert images.identify(pipeline / "image_encoder", torch.float32).hash == image.hash


def test_folders_that_hold_no_such_encoder_are_refused(pipeline: Path, tmp_path: Path):
    with pytest.raises(InputError, match="model_type: expected umt5"):
        TextEncoder(pipeline / "image_encoder")
    with pytest.raises(InputError, match="model_type: expected clip_vision_model"):
        ImageEncoder(pipeline / "text_encoder")
    with pytest.raises(DataError, match="no tokenizer"):
        TextEncoder(pipeline / "text_encoder")
    with pytest.raises(InputError, match=r"no config\.json"):
        ImageEncoder(tmp_path)
    (tmp_path / "config.json").write_bytes((pipeline / "image_encoder" / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"pytorch_model\.bin is a pickle, which is not read"):
        ImageEncoder(tmp_path)
    whole = (pipeline / "image_encoder" / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be loaded"):
        ImageEncoder(tmp_path)
