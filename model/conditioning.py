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
| `reference_image` | (3, H, W) uint8 | the reference in pixels |
| `image` | (257, 1280) | the reference through CLIP; absent without an image encoder |
| `text` | (L, 4096) | the caption through UMT5; absent without a text encoder |
| `caption`, `pair_id`, `stratum`, `driving_kind` | str | columns of the pair |
| `replacement`, `continues` | bool | the mode; whether the clip begins in mid-motion |

Latents and masks are floating point tensors: float32 when encoded here, bfloat16 where they were stored.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from model.codecs import Codec
from model.encoders.image import ImageEncoder
from model.encoders.text import TextEncoder

Example = dict[str, Any]
"""Of one pair; see the module."""

PAIR_FIELDS = (
    "driving", "driving_mask", "target", "reference", "reference_mask", "reference_back", "reference_back_mask",
    "reference_face", "reference_face_mask", "target_hand_boxes", "target_face_boxes", "caption", "pair_id",
    "stratum", "mode", "driving_kind", "continues",
)  # fmt: skip
"""The fields that `encode_pair` wants of a `PairDataset`, of any colour and masks."""


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
        augmented: fields `driving` and `driving_mask` of the same pair from a `PairDataset` with `augment=1`;
            none for pairs without an augmentation, and where the sample itself was augmented or not by chance.
        device: where to work and where the tensors are.

    Raises:
        InputError: the sample lacks a field, or its clip has a size or length that the model does not take.
    """
    raise NotImplementedError


def with_driving(example: Example, augmented: bool) -> Example:
    """An example with one driving clip: the augmented one where that is asked for and there is one.

    Returns:
        The example without `driving_augmented` and `driving_masks_augmented`.
    """
    raise NotImplementedError


def collate(examples: Sequence[Example], *, additional: int = 0) -> dict[str, Any]:
    """Examples of one bucket as a batch.

    Args:
        examples: of one size and length, each with one driving clip (`with_driving`).
        additional: how many additional references the batch has: the first of each example. All must have as
            many, since they are numbered in the model's positions; `least_additional` says how many may be.

    Returns:
        By field: tensors stacked, `text` zero-padded to the longest; truth values as (B,) bool; texts as lists.

    Raises:
        InputError: examples of different shapes or fields, or with fewer additional references; names the pair.
    """
    raise NotImplementedError


def least_additional(examples: Sequence[Example]) -> int:
    """How many additional references every one of these examples has."""
    raise NotImplementedError


def check(example: Example) -> None:
    """Refuse an example that would train the wrong thing.

    Raises:
        DataError: the driving clip is the target itself, or a mask contradicts the mode (animation: black
            behind the driving characters, white behind those of the reference; replacement the other way
            round); names pair and field.
    """
    raise NotImplementedError
