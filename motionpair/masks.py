"""Which label each pixel of a pair's masks has, by mode.

The environment switch of SCAIL-2: the white (environment) region stands on the side that the target's
environment comes from. That is the reference mask in animation mode, the driving mask in replacement
mode; the other side's background is black (none). The target's mask is kept for evaluation and has
a white background in both modes.

An *index* is an engine's picture of who is where: 0 environment, i + 1 the scene's i-th actor. Labels are
those of `motionpair.palette`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from motionpair.errors import DataError
from motionpair.palette import ENVIRONMENT, LABEL_NAMES, NONE, PALETTE, slot_label
from motionpair.specs import Mode

Part = Literal["driving", "target", "reference"]
PARTS: tuple[Part, ...] = ("driving", "target", "reference")


def background_label(part: Part, mode: Mode) -> int:
    """The label of every pixel without a character: environment or none."""
    if part == "target":
        return ENVIRONMENT
    return ENVIRONMENT if (part == "reference") == (mode == "animation") else NONE


def labels(index: np.ndarray, slots: Sequence[int], part: Part, mode: Mode) -> np.ndarray:
    """An engine's actor index as the labels of one mask.

    Args:
        index: (..., H, W) uint8, 0 environment, i + 1 the scene's i-th actor.
        slots: binding slot, 1 to 6, of actor i.
        part: whose mask it is.
        mode: the pair's mode.

    Returns:
        (..., H, W) uint8 labels.

    Raises:
        ValueError: the index names an actor that has no slot.
    """
    table = np.array([background_label(part, mode), *map(slot_label, slots)], dtype=np.uint8)
    if index.size and int(index.max()) >= len(table):
        raise ValueError(f"index {int(index.max())}: expected 0 to {len(slots)}, one an actor")
    return table[index]


def reference_image(rgb: np.ndarray, reference_labels: np.ndarray, mode: Mode) -> np.ndarray:
    """The picture that the reference shows: the frame itself, or in replacement its characters on black.

    Args:
        rgb: (H, W, 3) uint8, a frame of the target clip.
        reference_labels: (H, W) uint8, labels of the reference.
        mode: the pair's mode.

    Returns:
        (H, W, 3) uint8.
    """
    if mode == "animation":
        return rgb
    return np.where((reference_labels > ENVIRONMENT)[..., None], rgb, np.uint8(0))


def character_share(mask: np.ndarray) -> float:
    """Share of a mask's pixels, over all frames, that show a character: the `*_mask_share` columns."""
    return float(np.count_nonzero(mask > ENVIRONMENT) / mask.size)


def check_mask(
    mask: np.ndarray, slots: Sequence[int], part: Part, mode: Mode, shown: Sequence[int] | None = None
) -> None:
    """Hold a mask against its pair: the background of the mode, and exactly the colours of the slots.

    Args:
        mask: labels.
        slots: of the pair.
        part: whose mask it is; of any reference image `reference`.
        mode: the pair's mode.
        shown: slots that a pixel must have; by default all.

    Raises:
        DataError: a label that neither is the background nor belongs to a slot, or a slot that no pixel
            has, so that nothing binds.
    """
    background = background_label(part, mode)
    bound = [slot_label(slot) for slot in slots]
    counts = {label: np.count_nonzero(mask == label) for label in {background, *bound}}
    if sum(counts.values()) != mask.size:
        names = [_name(v) for v in np.unique(mask).tolist() if v not in counts]
        accepted = ", ".join(_name(v) for v in sorted(counts))
        raise DataError(f"{part} mask holds {', '.join(names)}; in {mode} mode with these slots: {accepted}")
    expected = bound if shown is None else [slot_label(slot) for slot in shown]
    if absent := [label for label in expected if not counts[label]]:
        raise DataError(f"{part} mask has no pixel that is {_name(absent[0])}")


def _name(label: int) -> str:
    return LABEL_NAMES[label] if label < len(LABEL_NAMES) else str(label)


def check_black_background(image: np.ndarray, mask: np.ndarray) -> None:
    """Hold that a replacement reference is black where no character is.

    JPEG codes blocks of 8 × 8 pixels by themselves (4:4:4), so a block without a character's pixel is
    exactly black, and ringing stays inside the blocks on an outline.

    Args:
        image: (H, W, 3) uint8, the decoded reference; H and W multiples of 8.
        mask: (H, W) uint8, its labels.

    Raises:
        DataError: a pixel of such a block is not black.
    """
    height, width = mask.shape
    blocks = (height // 8, 8, width // 8, 8)
    empty = ~(mask > ENVIRONMENT).reshape(blocks).any(axis=(1, 3))
    brightest = image.max(axis=-1).reshape(blocks).max(axis=(1, 3))
    if bright := int(np.count_nonzero(brightest[empty])):
        raise DataError(f"reference is not black in {bright} blocks of 8 x 8 px without a character")


def document() -> str:
    """The part of `docs/schema.md` on labels and masks."""
    from motionpair import media

    rows = [
        f"| {label} | {name} | `#{PALETTE[label].tobytes().hex()}` | {media.label_luma(label)} |"
        for label, name in enumerate(LABEL_NAMES)
    ]
    return "\n".join(
        [
            "## Labels and masks",
            "",
            "Mask videos hold a label as a luma level, 16 + 31 × label, with neutral chroma, and are",
            "exact: the label of a pixel is (luma − 16) / 31, rounded. Red to cyan are binding slots",
            "1 to 6. Mask channel c of SCAIL-2 is label c + 1.",
            "",
            "| label | name | colour | luma |",
            "|---|---|---|---|",
            *rows,
            "",
            "| background of | animation | replacement |",
            "|---|---|---|",
            *(
                f"| {part} mask | "
                + " | ".join(LABEL_NAMES[background_label(part, m)] for m in ("animation", "replacement"))
                + " |"
                for part in PARTS
            ),
        ]
    )
