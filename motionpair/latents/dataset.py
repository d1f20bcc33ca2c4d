"""Encoded pairs as training samples: `LatentDataset`, a map-style dataset for torch's DataLoader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motionpair.loading.index import Index

FIELDS = (
    "video", "driving", "driving_masks", "driving_augmented", "driving_masks_augmented", "reference",
    "reference_masks", "additional", "additional_masks", "hands", "faces", "reference_image", "image", "text",
    "caption", "pair_id", "stratum", "driving_kind", "replacement", "continues",
)  # fmt: skip
"""What an example may hold; `model.conditioning` says what each is."""


class LatentDataset:
    """The encoded pairs of a split, by number; sample i is pair i of `index`, an example by field name.

    An example lacks the fields that its pair or the folder has not (`driving_augmented`, `additional`,
    `image`, `text`). Samples may also be asked for as (number, seed), of which the seed is ignored.

    Attributes:
        index: the pairs; fits `motionpair.loading.batches.PairBatches`.
        manifest: contents of `latents.json`.

    Args:
        folder: of `motionpair encode`, or its URI.
        split: `train`, `validation` or `test`; `None` for all.
        fields: names of what an example holds, where it has it; all by default.
        codec: hash of the codec that the reader decodes and encodes with; latents of another are refused.
        check: hold the bytes against their sha256.

    Raises:
        InputError: nothing is there, an unknown field or split, or latents of another codec.
        DataError: a file is damaged or of another version.
    """

    index: Index

    def __init__(
        self,
        folder: str | Path,
        split: str | None = "train",
        fields: Sequence[str] = FIELDS,
        *,
        codec: str | None = None,
        check: bool = False,
    ) -> None:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, item: int | tuple[int, int]) -> dict[str, Any]:
        """An example.

        Raises:
            DataError: its bytes are damaged or missing; names pair, shard and offset.
        """
        raise NotImplementedError
