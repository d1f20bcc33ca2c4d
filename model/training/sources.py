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
from model.training.runs import Maker, RunConfig, maker_of
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
            data, "train", checksums=config.data.checksums, chances=config.chances, redraw=redraw
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
        shown = Pairs(self._data, settings.split)
        if not len(shown):
            shown = Pairs(self._data, "train")
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
        manifest = self.pairs.datasets[0].manifest
        self._codec = maker_of(manifest["codec"])
        sizes, encoders = self._config.sizes, manifest["encoders"]
        for name, width in (("text", sizes.text_dim), ("image", sizes.image_dim)):
            if not width:
                continue
            if not encoders.get(name):
                raise InputError(
                    f"model: takes {name}, of which {self._data[0]} has nothing; expected latents encoded "
                    f"with --{name}, or model sizes with {name}_dim 0"
                )
            setattr(self, f"_{name}", maker_of(encoders[name]))

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
        """States of the empty text, which replaces captions now and then."""
        if not self._config.sizes.text_dim:
            return None
        if self._encoders is not None:
            assert self._encoders.text is not None
            return self._encoders.text([""])[0]
        return self.pairs.datasets[0].empty_text


def _given(folder: str | None, name: str) -> str:
    if folder is None:
        raise InputError(f"{name}: missing; the model takes it, and pairs are encoded on the fly")
    return folder
