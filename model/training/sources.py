"""What a run's pairs are read from and encoded with: datasets or latents, codec and encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.codecs import Codec, open_codec
from model.encoders.image import ImageEncoder
from model.encoders.text import TextEncoder
from model.training.batches import Encoders, Feed, Pairs, Recipe, folder_name
from model.training.config import TrainConfig
from model.training.parallelize import DTYPES
from model.training.runs import Maker, RunConfig
from model.training.strips import Painter
from motionpair.errors import InputError


class Sources:
    """The pairs of a run and what encodes and decodes them.

    Args:
        config: the run's.
        data: folders or URIs of latents, or of datasets to encode on the fly.
        device: where codec and encoders work.
        redraw: as of `model.training.batches.Pairs`.

    Raises:
        InputError: a folder, codec or encoder that does not fit; named.
    """

    def __init__(
        self,
        config: TrainConfig,
        data: Sequence[str],
        device: torch.device,
        redraw: Callable[..., Any] | None = None,
    ) -> None:
        self._config, self._data, self._device = config, tuple(data), device
        self.pairs = Pairs(
            data,
            "train",
            checksums=config.data.checksums,
            chances=config.chances,
            preferences=config.preference is not None,
            redraw=redraw,
        )
        self._encoders: Encoders | None = None
        self._text: Maker | None = None
        self._image: Maker | None = None
        sizes = config.sizes
        if self.pairs.encoded:
            self._describe_latents()
        else:
            self._encoders = Encoders(
                open_codec(config.codec or "dct", device),
                TextEncoder(_given(config.text_encoder, "text_encoder"), device) if sizes.text_dim else None,
                ImageEncoder(_given(config.image_encoder, "image_encoder"), device)
                if sizes.image_dim
                else None,
            )
            self._codec = Maker(self._encoders.codec.name, self._encoders.codec.hash)
            text, image = self._encoders.text, self._encoders.image
            self._text = Maker(text.name, text.hash) if text else None
            self._image = Maker(image.name, image.hash) if image else None

    def run_config(self) -> RunConfig:
        """What the run is of."""
        return RunConfig(
            self._config,
            self._config.sizes,
            tuple(map(folder_name, self._data)),
            self._codec,
            self._text,
            self._image,
            tuple(self.pairs.buckets),
        )

    def feed(self, rank: int, world: int) -> Feed:
        """The batches of one of `world` ranks that see different pairs."""
        return Feed(
            self.pairs,
            self._config,
            rank=rank,
            world=world,
            device=self._device,
            encoders=self._encoders,
            empty_text=self._empty_text(),
        )

    def painter(self, recipe: Recipe) -> Painter:
        """What paints strips of a few pairs of the split that the configuration names.

        Raises:
            InputError: nothing decodes the latents.
        """
        settings = self._config.strips
        preferences = self._config.preference is not None
        shown = Pairs(self._data, settings.split, preferences=preferences)
        if not len(shown):
            shown = Pairs(self._data, "train", preferences=preferences)
        count = min(settings.pairs, len(shown))
        numbers = np.linspace(0, len(shown) - 1, count).round().astype(int).tolist()
        return Painter(
            [shown.example(number, self._encoders, self._device) for number in numbers],
            recipe,
            self._decoder(),
            settings,
            self._device,
            DTYPES[self._config.precision.compute],
        )

    def _describe_latents(self) -> None:
        manifests = [dataset.manifest for dataset in self.pairs.datasets]
        first, sizes = manifests[0], self._config.sizes
        for place, manifest in zip(self._data[1:], manifests[1:], strict=True):
            if manifest.codec.hash != first.codec.hash:
                raise InputError(f"data: {place}: is of another codec than {self._data[0]}")
        self._codec = Maker(first.codec.name, first.codec.hash)
        for name, width in (("text", sizes.text_dim), ("image", sizes.image_dim)):
            for place, manifest in zip(self._data, manifests, strict=True) if width else ():
                facts, expected = manifest.encoders.get(name), first.encoders.get(name)
                if facts is None:
                    raise InputError(
                        f"model: takes {name}, of which {place} has nothing; expected latents encoded with "
                        f"--{name}, or sizes with {name}_dim 0"
                    )
                if facts.width != width:
                    raise InputError(f"model.{name}_dim: {place} has states of {facts.width}, got {width}")
                if facts != expected:
                    raise InputError(
                        f"data: {place}: its {name} is of another encoder than {self._data[0]}'s"
                    )
                setattr(self, f"_{name}", Maker(facts.name, facts.hash))

    def _decoder(self) -> Codec:
        if self._encoders is not None:
            return self._encoders.codec
        name = self._config.codec or ("dct" if self._codec.name == "dct" else None)
        if name is None:
            raise InputError(
                f"codec: missing; strips need the VAE {self._codec.name}: give its folder, or strips.every=0"
            )
        codec = open_codec(name, self._device)
        if codec.hash != self._codec.hash:
            raise InputError(f"codec: expected the one that made the latents, {self._codec.name}, got {name}")
        return codec

    def _empty_text(self) -> Tensor | None:
        """States of the empty text, which replaces captions now and then; None where nothing needs it."""
        config = self._config
        if not config.sizes.text_dim or not (config.chances.drop_text or config.strips.cfg != 1):
            return None
        if self._encoders is not None:
            assert self._encoders.text is not None
            return self._encoders.text([""])[0].float().cpu()
        for dataset in self.pairs.datasets:
            if (stored := dataset.empty_text()) is not None:
                return stored.float()
        folder = _given(
            config.text_encoder, "text_encoder", "the empty text, for chances.drop_text, is encoded"
        )
        encoder = TextEncoder(folder, "cpu")
        if self._text is not None and encoder.hash != self._text.hash:
            raise InputError(
                f"text_encoder: expected {self._text.name}, which encoded the captions, got {folder}"
            )
        return encoder([""])[0].float()


def _given(folder: str | None, name: str, why: str = "the model takes it, and pairs are encoded now") -> str:
    if folder is None:
        raise InputError(f"{name}: missing; {why}")
    return folder
