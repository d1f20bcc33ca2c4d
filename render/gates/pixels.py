"""The gate on pixels: what can be judged once both clips are rendered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionpair.gate_limits import REFERENCE_LACKS, SIDES
from motionpair.recipe import Limits
from motionpair.specs import PairSpec
from render.engines import PROP_INDEX, Frames
from render.gates.discard import Discard, Judge
from render.gates.likeness import pair_likeness
from render.skeleton import JOINT_INDEX, LEFT_HAND_JOINTS, RIGHT_HAND_JOINTS

LUMA = (0.2126, 0.7152, 0.0722)
"""Rec. 709 weights of R'G'B'."""
_WEIGHTS = (13933, 46871, 4732)
"""The same in 65,536ths: whole numbers, so that luma is the same wherever pixels lie in memory."""

BLACK, WHITE = 6, 250
"""Luma (0 to 255) up to which a pixel is black, and from which it is blown out."""
STEADY = 0.02
"""Share of the picture that must stay environment for flicker to be told."""

_HANDS = tuple(
    [JOINT_INDEX[n] for n in (f"{side}_wrist", *fingers)]
    for side, fingers in (("left", LEFT_HAND_JOINTS), ("right", RIGHT_HAND_JOINTS))
)


def judge_pixels(
    spec: PairSpec,
    driving: Frames,
    target: Frames,
    visible: Sequence[np.ndarray],
    limits: Limits,
) -> dict[str, float]:
    """Measure a rendered pair and hold it against the limits that need pixels (`motionpair.gate_limits`).

    Args:
        spec: the pair.
        driving: frames of the driving clip.
        target: frames of the target clip.
        visible: `joint_visible` (T, K, 55) of both clips.
        limits: the recipe's.

    Returns:
        The figures, named as the row's columns.

    Raises:
        Discard: a performer too small, hidden, gone for a frame or lost in the light, an empty pose, a frame
            too dark or too bright, a picture that is black or blown out, light that flickers, an in-clip
            reference that lacks a performer, or a driving clip that shows too much of the target.
    """
    judge = Judge(spec, limits)
    for side, frames, seen in zip(SIDES, (driving, target), visible, strict=True):
        figures = _masks(frames, len(spec.target.performers)) | _seen(seen) | _light(frames)
        judge.hold(**{f"{side}_{name}": value for name, value in figures.items()})
    if spec.reference.kind == "in_clip":
        judge_reference(spec, target.index[spec.reference.frame], limits)
    judge.hold(pair_difference=_difference(driving, target))
    judge.hold(pair_likeness=pair_likeness(spec, driving, target))
    return judge.figures


def judge_reference(spec: PairSpec, index: np.ndarray, limits: Limits) -> None:
    """Hold a reference picture's index (H, W) against the least share that each performer fills.

    Raises:
        Discard: it shows too little of a performer.
    """
    least = min(float((index == i + 1).mean()) for i in range(len(spec.target.performers)))
    if not least >= limits.mask_share:
        raise Discard(REFERENCE_LACKS, least, f"at least {limits.mask_share:.4g}")


def mean_luma(rgb: np.ndarray) -> np.ndarray:
    """(T,) mean luma of each frame, 0 to 255.

    Channels are summed as whole numbers: a product of floats would round by where its arrays lie in memory,
    and a row's figures are the same in every run.
    """
    pixels = rgb.shape[1] * rgb.shape[2]
    red, green, blue = rgb.reshape(len(rgb), pixels, 3).sum(axis=1, dtype=np.int64).T / pixels
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def luma(rgb: np.ndarray) -> np.ndarray:
    """(T, H, W) uint8 luma of pixels (T, H, W, 3), rounded."""
    out = np.empty(rgb.shape[:-1], np.uint8)
    for t, frame in enumerate(rgb):  # a frame at a time: sums of a whole clip would not fit a worker's memory
        total = sum(w * frame[..., c].astype(np.int32) for c, w in enumerate(_WEIGHTS))
        out[t] = (total + 32768) >> 16
    return out


def flicker(levels: np.ndarray, environment: np.ndarray) -> float:
    """Most that the light jumps to and back within three frames, in levels of 255.

    Half the second difference of the mean luma of those pixels that show the environment in all three
    frames: what moves or turns slowly, a camera's way through the place included, is straight over three
    frames, and characters do not count. 0 where hardly a pixel stays environment.

    Args:
        levels: (T, H, W) uint8 luma. environment: (T, H, W) bool.
    """
    worst = 0.0
    for t in range(1, len(levels) - 1):
        steady = environment[t - 1] & environment[t] & environment[t + 1]
        if steady.mean() < STEADY:
            continue
        before, now, after = (int(levels[i][steady].sum(dtype=np.int64)) for i in (t - 1, t, t + 1))
        worst = max(worst, abs(before - 2 * now + after) / (2 * int(steady.sum())))
    return worst


def mask_pop(areas: np.ndarray) -> float:
    """Most that an area (T,) is larger or smaller in one frame than in both frames beside it, 0 to 1.

    A performer that walks in, out or behind another changes over several frames; one that a renderer or a
    mask loses is gone for one.
    """
    if len(areas) < 3:
        return 0.0
    before, now, after = areas[:-2].astype(float), areas[1:-1].astype(float), areas[2:].astype(float)
    low, high = np.minimum(before, after), np.maximum(before, after)
    gap = np.maximum(np.maximum(low - now, now - high), 0.0)
    return float((gap / np.maximum(np.maximum(high, now), 1.0)).max())


def _masks(frames: Frames, actors: int) -> dict[str, float]:
    areas = [(frames.index == i + 1).sum(axis=(1, 2)) for i in range(actors)]
    size = frames.index[0].size
    return {
        "mask_share": float(sum(int(a.sum()) for a in areas) / (size * len(frames.index))),
        "least_mask_share": float(min(int(a.sum()) for a in areas) / (size * len(frames.index))),
        "mask_pop": max(mask_pop(a) for a in areas),
    }


def _seen(visible: np.ndarray) -> dict[str, float]:
    hands = np.stack([visible[:, :, joints].mean(axis=2) for joints in _HANDS]).max(axis=0)
    return {
        "joint_visible_share": float(visible.mean(axis=(0, 2)).min()),
        "hands_visible_share": float((hands >= 0.5).mean(axis=0).min()),
    }


def _light(frames: Frames) -> dict[str, float]:
    means, levels = mean_luma(frames.rgb), luma(frames.rgb)
    characters = _characters(frames.index)
    black, white = levels <= BLACK, levels >= WHITE
    lost = (black | white) & characters
    return {
        "mean_luma": float(means.mean()),
        "darkest_luma": float(means.min()),
        "brightest_luma": float(means.max()),
        "black_share": float(black.mean(axis=(1, 2)).max()),
        "white_share": float(white.mean(axis=(1, 2)).max()),
        "lost_share": float(lost.sum() / max(int(characters.sum()), 1)),
        "flicker": flicker(levels, frames.index == 0),
    }


def _difference(driving: Frames, target: Frames) -> float:
    """Mean absolute difference, 0 to 255, over the pixels where either clip shows a character."""
    total = count = 0
    for t in range(len(driving.rgb)):
        characters = _characters(driving.index[t]) | _characters(target.index[t])
        one, other = driving.rgb[t][characters].astype(np.int16), target.rgb[t][characters].astype(np.int16)
        total += int(np.abs(one - other).sum(dtype=np.int64))
        count += one.size
    return total / count if count else 0.0


def _characters(index: np.ndarray) -> np.ndarray:
    return (index > 0) & (index != PROP_INDEX)
