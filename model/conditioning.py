"""Examples: what SCAIL-2 is trained on and sampled from, made of one pair, and batches of them.

An example is a dict of one pair, made of a `motionpair.PairDataset` sample (`encode_pair`) or read from a
`motionpair.latents.LatentDataset`; both hold the same. With T latent frames and h × w latent pixels:

| field | shape | holds |
|---|---|---|
| `video` | (16, T, h, w) | latents of the target |
| `driving` | (16, T, h/2, w/2) | latents of the driving clip at half size |
| `driving_masks` | (28, T, h/2, w/2) | its mask, coverage of each colour |
| `driving_augmented`, `driving_masks_augmented` | likewise | as the stored augmentation alters it; absent where the pair has none |
| `reference`, `reference_masks` | (16, 1, h, w), (28, 1, h, w) | of the reference image |
| `additional`, `additional_masks` | (16, n, h, w), (28, n, h, w) | of the additional references, each alone; absent where there are none |
| `hands`, `faces` | (T, h, w) | share of each latent pixel inside the target's hand and face boxes |
| `rejected` | (16, T, h, w) | of a preference item, latents of the clip that is dispreferred to the target; absent in other pairs |
| `region` | (T, h, w) | likewise, share of each latent pixel inside the boxes of hands of either clip: where they differ |
| `reference_image` | (3, H, W) uint8 | the reference in pixels |
| `image` | (257, 1280) | the reference through CLIP; absent without an image encoder |
| `text` | (L, 4096) | the caption through UMT5; absent without a text encoder |
| `caption`, `pair_id`, `stratum`, `driving_kind` | str | columns of the pair |
| `replacement`, `continues` | bool | the mode; whether the clip begins in mid-motion |
| `seed` | int | of the draw, where the sample was asked for with one |

Latents and masks are floating point tensors: float32 when encoded here, bfloat16 where they were stored.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from model.codecs import STRIDE, Codec
from model.encoders.image import ImageEncoder
from model.encoders.text import TextEncoder
from motionpair.errors import DataError, InputError
from motionpair.loading.decoding import to_rgb
from motionpair.mask_channels import COLOURS, pack
from motionpair.region_masks import coverage

Example = dict[str, Any]
"""Of one pair; see the module."""

PAIR_FIELDS = (
    "driving", "driving_mask", "target", "reference", "reference_mask", "reference_back",
    "reference_back_mask", "reference_face", "reference_face_mask", "target_hand_boxes", "target_face_boxes",
    "rejected", "rejected_hand_boxes", "caption", "pair_id", "stratum", "mode", "driving_kind", "continues",
)  # fmt: skip
"""The fields that `encode_pair` wants of a `PairDataset`, of any colour and masks."""
PREFERENCE_FIELDS = ("rejected", "region")
"""Those of an example that preference items alone have."""
AUGMENTED_FIELDS = ("driving", "driving_mask")
"""Those of a second `PairDataset`, with `augment=1`, whose sample it takes as `augmented`."""
SIDE = 4 * STRIDE
"""Width and height are multiples of this: the driving stream has half the size, and is patched two by two."""

_AUGMENTED = {"driving": "driving_augmented", "driving_masks": "driving_masks_augmented"}
_ADDITIONAL = ("additional", "additional_masks")
_EXTRAS = ("reference_back", "reference_face")
_FRAMES_AT_ONCE = 16

SAME_PIXELS = 4.0
"""Mean difference, of 255, between driving clip and target on the characters, up to which they are one clip.

The nearest pair of the 64-pair sample is 42 apart; a clip that was encoded once more, 1 to 3."""
SAME_LATENTS = 0.05
"""Mean square difference of the DCT codec's mean colours, in variances. The nearest pair: 1.4."""
_COLOURS_OF_DCT = 3
_NO_WHITE, _ALL_COVERED = 1e-3, 0.9


def encode_pair(
    sample: Mapping[str, Any],
    codec: Codec,
    text: TextEncoder | None = None,
    image: ImageEncoder | None = None,
    augmented: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
) -> Example:
    """A pair as an example.

    Args:
        sample: of a `PairDataset` with `PAIR_FIELDS`.
        codec: what latents are made with; on `device`.
        text, image: encoders of caption and reference image; without, the example has them as they are.
        augmented: `AUGMENTED_FIELDS` of the same pair from a `PairDataset` with `augment=1`; none for pairs
            without an augmentation, and where the sample itself was augmented or not by chance.
        device: where to work and where the tensors are.

    Raises:
        InputError: the sample lacks a field, or its clip has a size or length that the model does not take.
        DataError: the driving clip is the target itself; names the pair.
    """
    if missing := [name for name in PAIR_FIELDS if name not in sample]:
        raise InputError(f"sample: no field {missing[0]}; expected PAIR_FIELDS of a PairDataset")
    pair = f"pair {sample['pair_id']}"
    target = _frames(sample["target"], device)
    length, _, height, width = target.shape
    if length % 4 != 1 or height % SIDE or width % SIDE:
        raise InputError(
            f"{pair}: target: expected 4 n + 1 frames with sides that are multiples of {SIDE}, got "
            f"{length} of {width} x {height}"
        )
    example: Example = {"video": codec.encode(target[None])[0]}
    driving = halved(_frames(sample["driving"], device))
    example["driving"] = codec.encode_float(driving[None])[0]
    example["driving_masks"] = _channels(sample["driving_mask"], half=True).to(device)
    _refuse_same_pixels(pair, driving, halved(target), example["driving_masks"])
    if augmented is not None:
        other = halved(_frames(augmented["driving"], device))
        example["driving_augmented"] = codec.encode_float(other[None])[0]
        example["driving_masks_augmented"] = _channels(augmented["driving_mask"], half=True).to(device)
    picture = sample["reference"].to(device)
    example["reference"] = codec.encode(picture[None, None])[0]
    example["reference_masks"] = _channels(sample["reference_mask"]).to(device)
    extras = [name for name in _EXTRAS if sample[name] is not None]
    if extras:
        alone = [codec.encode(sample[name].to(device)[None, None])[0] for name in extras]
        masks = [_channels(sample[f"{name}_mask"]).to(device) for name in extras]
        example |= dict(zip(_ADDITIONAL, (torch.cat(alone, dim=1), torch.cat(masks, dim=1)), strict=True))
    for name, boxes in (("hands", "target_hand_boxes"), ("faces", "target_face_boxes")):
        example[name] = torch.from_numpy(coverage(_numpy(sample[boxes]), width, height)).to(device)
    if sample["rejected"] is not None:
        example |= _rejected(sample, codec, device)
    example["reference_image"] = picture
    if image is not None:
        example["image"] = image(picture[None])[0]
    if text is not None:
        example["text"] = text([sample["caption"]])[0]
    example |= {name: sample[name] for name in ("caption", "pair_id", "stratum", "driving_kind")}
    if "seed" in sample:
        example["seed"] = sample["seed"]
    return example | {
        "replacement": sample["mode"] == "replacement",
        "continues": bool(sample["continues"]),
    }


def halved(frames: torch.Tensor) -> torch.Tensor:
    """Frames (T, 3, H, W) uint8 at half size, (T, 3, H / 2, W / 2) float32, 0 to 1.

    The mean of 2 × 2 pixels, which bilinear interpolation by 0.5 without antialiasing is.
    """
    parts = [functional.avg_pool2d(part.float(), 2) / 255 for part in frames.split(_FRAMES_AT_ONCE)]
    return torch.cat(parts)


def with_driving(example: Example, augmented: bool) -> Example:
    """An example with one driving clip: the augmented one where that is asked for and there is one.

    Returns:
        The example without `driving_augmented` and `driving_masks_augmented`.
    """
    chosen = {name: value for name, value in example.items() if name not in _AUGMENTED.values()}
    if augmented and all(name in example for name in _AUGMENTED.values()):
        chosen |= {name: example[other] for name, other in _AUGMENTED.items()}
    return chosen


def least_additional(examples: Sequence[Example]) -> int:
    """How many additional references every one of these examples has."""
    return min((e["additional"].shape[1] if "additional" in e else 0 for e in examples), default=0)


def collate(examples: Sequence[Example], *, additional: int = 0) -> dict[str, Any]:
    """Examples of one bucket as a batch.

    Args:
        examples: of one size and length, each with one driving clip (`with_driving`).
        additional: how many additional references the batch has: the first of each example. All must have as
            many, since they are numbered in the model's positions; `least_additional` says how many may be.

    Returns:
        By field: tensors stacked, `text` zero-padded to the longest; truth values as (B,) bool; texts as
        lists. Without additional references there are no such fields.

    Raises:
        InputError: examples of different shapes or fields, or with fewer additional references; names the
            pair.
    """
    if not examples:
        raise InputError("examples: expected at least one, got none")
    if additional > least_additional(examples):
        few = min(examples, key=lambda example: least_additional([example]))
        raise InputError(f"pair {few['pair_id']}: additional: expected {additional} or more references")
    first = examples[0]
    names = [name for name in first if name not in _ADDITIONAL]
    batch: dict[str, Any] = {}
    for example in examples:
        for name in sorted({*example, *first} - set(_ADDITIONAL)):
            if name not in example or name not in first or name in _AUGMENTED.values():
                raise InputError(
                    f"pair {example['pair_id']}: {name}: expected the fields of pair {first['pair_id']}, "
                    "with one driving clip (with_driving)"
                )
    for name in names:
        values = [example[name] for example in examples]
        if name == "text":
            batch[name] = torch.nn.utils.rnn.pad_sequence(values, batch_first=True)
        elif isinstance(values[0], torch.Tensor):
            batch[name] = _stacked(name, values, examples)
        elif isinstance(values[0], bool):
            batch[name] = torch.tensor(values)
        else:
            batch[name] = values
    for name in _ADDITIONAL if additional else ():
        batch[name] = _stacked(name, [example[name][:, :additional] for example in examples], examples)
    return batch


def check(example: Example) -> None:
    """Refuse an example that would train the wrong thing.

    Raises:
        DataError: the driving clip is the target itself, a mask contradicts the mode (animation: black
            behind the driving characters, white behind those of the reference; replacement the other way
            round), a rejected clip is the target itself or differs nowhere, or a number is not finite; names
            pair and field.
    """
    pair = f"pair {example['pair_id']}"
    for name, value in example.items():
        if isinstance(value, torch.Tensor) and value.is_floating_point() and not value.isfinite().all():
            raise DataError(f"{pair}: {name}: expected finite numbers")
    mode = "replacement" if example["replacement"] else "animation"
    for name, side in (
        ("driving_masks", "driving"),
        ("driving_masks_augmented", "driving"),
        ("reference_masks", "reference"),
        ("additional_masks", "reference"),
    ):
        if name in example:
            white = (mode == "replacement") == (side == "driving")
            if (fault := _background_fault(example[name], white)) is not None:
                raise DataError(
                    f"{pair}: {name}: {fault}, which contradicts mode {mode}; expected a "
                    f"{'white' if white else 'black'} background"
                )
    if "rejected" in example:
        if torch.equal(example["rejected"], example["video"]):
            raise DataError(f"{pair}: rejected: is the target itself; expected another clip")
        if not example["region"].any():
            raise DataError(f"{pair}: region: is empty; expected hands in either clip")
    if _same_latents(example["driving"], example["video"], example["driving_masks"]):
        raise DataError(f"{pair}: driving: is the target itself; expected another clip")


def _rejected(sample: Mapping[str, Any], codec: Codec, device: torch.device | str) -> Example:
    """`PREFERENCE_FIELDS` of a preference item's sample."""
    frames = _frames(sample["rejected"], device)
    boxes = [_numpy(sample[f"{clip}_hand_boxes"]) for clip in ("target", "rejected")]
    length, _, height, width = frames.shape
    if any(len(of) != length for of in boxes):
        raise InputError(f"pair {sample['pair_id']}: rejected: expected as many frames as the target has")
    both = np.concatenate([of.reshape(length, -1, 4) for of in boxes], axis=1)
    return {
        "rejected": codec.encode(frames[None])[0],
        "region": torch.from_numpy(coverage(both, width, height)).to(device),
    }


def _frames(clip: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """A clip of a sample, planes (T, H * 3 / 2, W) or (T, 3, H, W), as (T, 3, H, W) uint8."""
    return to_rgb(clip, device) if clip.ndim == 3 else clip.to(device)


def _channels(mask: torch.Tensor, half: bool = False) -> torch.Tensor:
    """A mask of a sample, labels (T, H, W) or (H, W) or channels already, as (28, T', h, w) float32."""
    if mask.dtype != torch.uint8:
        return mask
    labels = _numpy(mask)
    return torch.from_numpy(pack(labels if labels.ndim == 3 else labels[None], half=half))


def _numpy(value: Any) -> np.ndarray:
    return value.cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def _coloured(masks: torch.Tensor) -> torch.Tensor:
    """Where characters are: (T, h, w) bool, of mask channels (28, T, h, w)."""
    by_frame = masks.unflatten(0, (-1, COLOURS))
    return by_frame[:, 1:].sum(dim=1).mean(dim=0) > 0.5


def _refuse_same_pixels(pair: str, driving: torch.Tensor, target: torch.Tensor, masks: torch.Tensor) -> None:
    """Both clips at half size, and the driving clip's mask channels."""
    where = _coloured(masks)
    where = torch.cat([where[:1], where[1:].repeat_interleave(4, dim=0)])
    where = where.repeat_interleave(STRIDE, dim=1).repeat_interleave(STRIDE, dim=2)
    if not where.any():
        where = torch.ones_like(where)
    apart = 255 * float(((driving - target).abs().mean(dim=1) * where).sum() / where.sum())
    if apart < SAME_PIXELS:
        raise DataError(
            f"{pair}: driving: is the target itself ({apart:.2f} of 255 apart); expected another clip"
        )


def _same_latents(driving: torch.Tensor, video: torch.Tensor, masks: torch.Tensor) -> bool:
    """Whether the mean colours are the same, at half size, wherever there are characters.

    The DCT codec's first channels, mean colours, are at half size the means of those of 2 × 2 latent pixels.
    A VAE's are nothing of the kind, so that its latents are never found the same here: `encode_pair` has
    looked at the pixels.
    """
    pooled = functional.avg_pool2d(video[:_COLOURS_OF_DCT].float().transpose(0, 1), 2).transpose(0, 1)
    where = _coloured(masks.float())
    if not where.any():
        where = torch.ones_like(where)
    colours = driving[:_COLOURS_OF_DCT].float()
    variance = colours.flatten(1).var(dim=1, correction=0)
    apart = (colours[:, where] - pooled[:, where]).square().mean(dim=1) / variance.clamp(min=1e-3)
    return bool(apart.max() < SAME_LATENTS)


def _background_fault(masks: torch.Tensor, white: bool) -> str | None:
    """What is wrong with the background of mask channels (28, T, h, w), if anything."""
    by_frame = masks.float().unflatten(0, (-1, COLOURS))
    if white and float(by_frame.sum(dim=1).mean()) < _ALL_COVERED:
        return "its background is black"
    if not white and float(by_frame[:, 0].mean()) > _NO_WHITE:
        return "its background is white"
    return None


def _stacked(name: str, values: list[torch.Tensor], examples: Sequence[Example]) -> torch.Tensor:
    for value, example in zip(values, examples, strict=True):
        if value.shape != values[0].shape:
            raise InputError(
                f"pair {example['pair_id']}: {name}: expected {tuple(values[0].shape)} as of pair "
                f"{examples[0]['pair_id']}, got {tuple(value.shape)}"
            )
    return torch.stack(values)
