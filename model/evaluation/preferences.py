"""Whether models prefer r to r⁻ on held-out items, and how well they draw hands: before and after.

FOLDER/preferences.json       figures of all models, and of every item
FOLDER/strips/PAIR_ID.webp    hands of r, r⁻ and what each model made
FOLDER/index.html             both
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from model import conditioning, dpo, flow
from model.codecs import STRIDE, Codec
from model.conditioning import Example
from model.evaluation.hands import crops, latent_to_frames
from model.evaluation.metrics import psnr
from model.evaluation.preference_page import write_page
from model.evaluation.preference_scores import ItemScores, ModelScores, implicit_accuracy, summarise
from model.evaluation.strips import strip
from model.sampling.sampler import Settings, sample
from model.scail2.inputs import Inputs
from model.training.draws import generator
from motionpair.durable import write_bytes
from motionpair.errors import DataError, InputError

FACTS = "preferences.json"
LEAST_ITEMS, LEAST_DRAWS = 16, 8
"""With fewer an accuracy says little."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_CONDITIONS = (
    "driving", "driving_masks", "reference", "reference_masks", "replacement", "additional",
    "additional_masks", "text", "image",
)  # fmt: skip
_ADDITIONAL = 2
"""Additional references that a model is given, at most: as in training."""
_HANDS = 0.5
"""Latent pixels count as hands from this share inside of their boxes on."""
_QUALITY = 88


@dataclass(frozen=True)
class Judge:
    """How models are judged: draws of noise and time an item, of one seed, the same for every model."""

    draws: int = LEAST_DRAWS
    seed: int = 0

    def ranking(self, model: nn.Module, example: Example) -> dict[str, Any]:
        """All of `ItemScores` that needs neither a sample nor another model: r and r⁻, with the same noise
        and time.

        Args:
            model: on any device.
            example: a preference item (`model.conditioning`).
        """
        weight = next(model.parameters())
        conditions = _conditions(example, model)
        region = example["region"][None, None].to(weight.device, torch.float32)
        clips = [example[name][None].to(weight.device, torch.float32) for name in ("video", "rejected")]
        height, width = example["video"].shape[-2:]
        rows = []
        for draw in range(self.draws):
            named = f"{example['pair_id']}/judged"
            noise = torch.randn(clips[0].shape, generator=generator(self.seed, draw, f"{named}/noise"))
            sigma = flow.draw_sigmas(
                1, (height // 2) * (width // 2), generator(self.seed, draw, f"{named}/sigma")
            )
            noise, sigma = noise.to(weight.device), sigma.to(weight.device)
            given = [_noised(conditions, x0, noise, sigma, weight.dtype) for x0 in clips]
            with torch.no_grad():
                predictions = model(Inputs.cat(given)).float().split(1)
            whole = torch.ones_like(region)
            rows.append(
                [
                    float(dpo.region_error(predicted, noise - x0, mask, "region"))
                    for mask in (region, whole)
                    for predicted, x0 in zip(predictions, clips, strict=True)
                ]
            )
        inside, inside_other, everywhere, everywhere_other = torch.tensor(rows, dtype=torch.float64).T
        return {
            "accuracy": float(dpo.accuracy(inside_other, inside).mean()),
            "frame_accuracy": float(dpo.accuracy(everywhere_other, everywhere).mean()),
            "loss": float(everywhere.mean()),
            "region_error": float(inside.mean()),
            "rejected_region_error": float(inside_other.mean()),
            "errors": tuple(zip(inside.tolist(), inside_other.tolist(), strict=True)),
        }

    def sampled(self, model: Any, example: Example, settings: Settings, empty_text: Tensor | None) -> Tensor:
        """Latents (1, 16, T, h, w) that the model makes of the item's conditions."""
        return sample(
            model,
            _conditions(example, model),
            generator=generator(self.seed, 0, f"{example['pair_id']}/sample"),
            steps=settings.steps,
            solver=settings.solver,
            shift=settings.shift,
            cfg=settings.cfg,
            unconditional_text=empty_text,
        )


class Comparison:
    """Models one after the other on the same items, in a folder.

    Args:
        folder: new, empty, or of such a comparison, which is written anew.
        examples: preference items, with one driving clip.
        codec: that they were encoded with.
        judge: how.
        fps: frames a second, for strips.

    Raises:
        InputError: no items, or the folder holds something else.
        DataError: a pair that is no preference item.
    """

    def __init__(
        self, folder: Path, examples: Sequence[Example], codec: Codec, judge: Judge, fps: float = 16
    ) -> None:
        if not examples:
            raise InputError("--split: the items have none of it")
        for example in examples:
            if "rejected" not in example:
                raise DataError(
                    f"pair {example['pair_id']}: rejected: missing; expected preference items alone"
                )
            if not bool((example["region"] > 0).any()):
                raise DataError(f"pair {example['pair_id']}: region: is empty; no hands to compare")
            if _NAME.fullmatch(example["pair_id"]) is None:
                raise DataError(f"pair {example['pair_id'][:80]!r}: its name cannot be a file's")
            conditioning.check(example)
        there = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        if there and not (folder / FACTS).is_file():
            raise InputError(f"{folder}: expected no such folder, an empty one or a comparison's")
        self.folder, self.examples, self.codec, self.judge, self.fps = folder, examples, codec, judge, fps
        try:
            (folder / "strips").mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise InputError(f"{folder}: cannot be made ({error.strerror})") from None
        self._regions = [example["region"].float().cpu().numpy() > 0 for example in examples]
        self._targets = [self._pixels(example["video"]) for example in examples]
        self._strips: list[dict[str, np.ndarray]] = [
            {"Preferred": crops(target, region), "Rejected": crops(self._pixels(example["rejected"]), region)}
            for target, region, example in zip(self._targets, self._regions, examples, strict=True)
        ]
        self.models: list[ModelScores] = []

    def add(
        self,
        name: str,
        model: Any,
        settings: Settings,
        empty_text: Tensor | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> ModelScores:
        """Judge a model.

        Args:
            name: for the page; the first model is what the others are held against.
            model: on its device, in evaluation mode.
            settings: how it samples.
            empty_text: states of the empty text, for guidance.
            progress: told of items: how many are done, and of how many.
        """
        if any(name == other.name for other in self.models):
            raise InputError(f"--run: two runs are called {name}; expected folders of different names")
        items = []
        for number, example in enumerate(self.examples):
            ranking = self.judge.ranking(model, example)
            made = self._pixels(self.judge.sampled(model, example, settings, empty_text)[0])
            self._strips[number][name] = crops(made, self._regions[number])
            first = self.models[0].items[number].errors if self.models else ranking["errors"]
            ranking["implicit_accuracy"] = implicit_accuracy(ranking["errors"], first)
            items.append(ItemScores(pair_id=example["pair_id"], **ranking, **self._psnr(made, number)))
            if progress is not None:
                progress(number + 1, len(self.examples))
        scores = summarise(name, items, self.models[0].items if self.models else items)
        self.models.append(scores)
        return scores

    def finish(self, facts: Mapping[str, Any]) -> Path:
        """Write figures, strips and the page; its path."""
        told = {**facts, "items": len(self.examples), "draws": self.judge.draws, "seed": self.judge.seed}
        figures = {"facts": told, "models": [model.plain() for model in self.models]}
        write_bytes(self.folder / FACTS, _json(figures))
        for example, clips in zip(self.examples, self._strips, strict=True):
            reference = self._pixels(example["reference"])[0]
            data = io.BytesIO()
            strip(reference, clips, self.fps).save(data, format="WEBP", quality=_QUALITY)
            write_bytes(self.folder / "strips" / f"{example['pair_id']}.webp", data.getvalue())
        page = self.folder / "index.html"
        captions = {example["pair_id"]: str(example.get("caption", "")) for example in self.examples}
        written = write_page(told, self.models, captions)
        write_bytes(page, written.encode())
        return page

    def _pixels(self, latents: Tensor) -> np.ndarray:
        """Latents (16, T, h, w) as frames (T, H, W, 3) uint8."""
        with torch.no_grad():
            frames = self.codec.decode(latents[None].float())[0]
        pixels: np.ndarray = frames.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return pixels

    def _psnr(self, made: np.ndarray, number: int) -> dict[str, Any]:
        """Against r as the codec gives it back, whole and in the boxes of hands."""
        squared = (made.astype(np.float64) - self._targets[number]) ** 2
        hands = self.examples[number]["hands"].float().cpu().numpy() >= _HANDS
        where = latent_to_frames(hands).repeat(STRIDE, axis=1).repeat(STRIDE, axis=2)
        inside = squared[where]
        return {
            "psnr": round(psnr(float(squared.mean())), 4),
            "psnr_hands": round(psnr(float(inside.mean())), 4) if inside.size else None,
        }


def _conditions(example: Example, model: nn.Module) -> Inputs:
    """An item's conditions, those that the model takes, a batch of one."""
    weight, count = next(model.parameters()), min(_ADDITIONAL, conditioning.least_additional([example]))
    config: Any = model.config
    widths = {"text": config.text_dim, "image": config.image_dim}
    plain = {name: value for name, value in example.items() if widths.get(name, 1)}
    batch = conditioning.collate([conditioning.with_driving(plain, False)], additional=count)
    fields = {name: batch.get(name) for name in _CONDITIONS}
    empty = torch.empty(0)
    return Inputs(video=empty, timestep=empty, **fields).to(weight.device, weight.dtype)


def _noised(conditions: Inputs, x0: Tensor, noise: Tensor, sigma: Tensor, kind: torch.dtype) -> Inputs:
    given = {**vars(conditions), "video": flow.noised(x0, noise, sigma).to(kind)}
    return Inputs(**given | {"timestep": flow.TIMESTEPS * sigma.float()})


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()
