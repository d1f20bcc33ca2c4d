"""One sample's fields from its bytes: decoded, augmented, as tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from motionpair import masks as mask_labels
from motionpair import media
from motionpair.annotations import CLIPS, unpack
from motionpair.augmentation import Window, apply_to_arrays, apply_to_clip, apply_to_labels
from motionpair.loading import decoding
from motionpair.loading.fields import Field
from motionpair.loading.redrawn import redrawn_arrays
from motionpair.loading.videos import VideoDecoder
from motionpair.mask_channels import pack
from motionpair.schema import OPTIONAL_BLOBS
from motionpair.specs import PLAIN, Mode

Colour = Literal["yuv", "rgb"]
Masks = Literal["labels", "channels"]


@dataclass(frozen=True)
class Making:
    """How samples are made: by which decoder, in which colours, masks as what, bones drawn anew by what."""

    decoder: VideoDecoder
    colour: Colour
    masks: Masks
    redraw: Callable[..., Any] | None


@dataclass(frozen=True)
class Stored:
    """What is known of a pair beside its blobs.

    width, height, frames, fps: of its clips. window, skeleton: the augmentation that is to be applied to the
    driving clip; `PLAIN.window` and none for the plain one. slots, mode: for masks of what is drawn anew.
    """

    width: int
    height: int
    frames: int
    fps: int
    window: Window = PLAIN.window
    skeleton: Mapping[str, float] = field(default_factory=dict)
    slots: Sequence[int] = ()
    mode: Mode = "animation"


class Sample:
    """The fields of one pair, each made when it is asked for.

    Args:
        making: how. stored: facts of the pair. data: its blobs by column.
    """

    def __init__(self, making: Making, stored: Stored, data: Mapping[str, Any]) -> None:
        self._making, self._stored, self._data = making, stored, data
        self._size = {"width": stored.width, "height": stored.height}
        self._clip = {**self._size, "frames": stored.frames, "fps": stored.fps}
        self._arrays: dict[str, np.ndarray] | None = None
        self._drawn: tuple[np.ndarray, np.ndarray] | None = None

    def tensor(self, wanted: Field) -> Any:
        """A field that is not a column, as a tensor; `None` where the pair has no such reference.

        Raises:
            DataError: what it is made from is damaged.
        """
        import torch

        if wanted.source in OPTIONAL_BLOBS and not len(self._data[wanted.source]):
            return None
        return torch.from_numpy(np.require(self._array(wanted), requirements="W"))

    def _array(self, wanted: Field) -> np.ndarray:
        name, data = wanted.name, self._data[wanted.source]
        if wanted.kind == "clip":
            return self._frames(name, data)
        if wanted.kind == "picture":
            return media.decode_reference(data, **self._size).transpose(2, 0, 1)
        if wanted.kind == "array":
            return self._annotations()[wanted.array]
        picture = wanted.kind == "picture_mask"
        labels = media.decode_mask_image(data, **self._size)[None] if picture else self._labels(name, data)
        if self._making.masks == "channels":
            return pack(labels, half=name == "driving_mask")
        return labels[0] if picture else labels

    def _frames(self, name: str, data: Any) -> np.ndarray:
        """A clip, with its augmentation if it is the driving one."""
        driving, window = name == "driving", self._stored.window
        yuv, decoder = self._making.colour == "yuv", self._making.decoder
        cropped = driving and window != PLAIN.window
        if yuv and not (driving and self._stored.skeleton):
            assert decoder.planes is not None
            planes = decoder.planes(data, **self._clip)
            return decoding.crop(planes, window) if cropped else planes
        rgb = self._redrawn()[0] if driving and self._stored.skeleton else decoder.rgb(data, **self._clip)
        if cropped:
            rgb = apply_to_clip(rgb, window)
        return media.to_yuv(rgb) if yuv else rgb.transpose(0, 3, 1, 2)

    def _labels(self, name: str, data: Any) -> np.ndarray:
        """A clip's mask, with its augmentation if it is the driving one's."""
        stored, driving = self._stored, name == "driving_mask"
        if driving and stored.skeleton:
            labels = mask_labels.labels(self._redrawn()[1], stored.slots, "driving", stored.mode)
        else:
            labels = media.decode_mask(data, **self._clip)
        return apply_to_labels(labels, stored.window) if driving and stored.window != PLAIN.window else labels

    def _annotations(self) -> dict[str, np.ndarray]:
        """Both clips' arrays, the driving clip's as augmented."""
        if self._arrays is None:
            arrays, stored, clip = unpack(self._data["annotations"]), self._stored, f"{CLIPS[0]}/"
            own = {name.removeprefix(clip): a for name, a in arrays.items() if name.startswith(clip)}
            if stored.skeleton:
                own = redrawn_arrays(own, stored.skeleton, **self._size)
            if stored.window != PLAIN.window:
                own = apply_to_arrays(own, stored.window, (stored.width, stored.height))
            self._arrays = arrays | {f"{clip}{name}": array for name, array in own.items()}
        return self._arrays

    def _redrawn(self) -> tuple[np.ndarray, np.ndarray]:
        """The driving clip's bones, drawn anew: (T, H, W, 3) uint8, and whose they are, (T, H, W)."""
        if self._drawn is None:
            assert self._making.redraw is not None
            plain, stored = unpack(self._data["annotations"]), self._stored
            frames = self._making.redraw(plain, CLIPS[0], stored.width, stored.height, stored.skeleton)
            self._drawn = frames.rgb, frames.index
        return self._drawn
