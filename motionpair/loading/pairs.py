"""Pairs as training samples: `motionpair.PairDataset`, a map-style dataset for torch's DataLoader."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from motionpair import masks as mask_labels
from motionpair import media, skeletons
from motionpair.annotations import CLIPS, unpack
from motionpair.augmentation import apply_to_arrays, apply_to_clip, apply_to_labels
from motionpair.errors import DataError, InputError
from motionpair.loading import decoding, fields
from motionpair.loading.blobs import OPEN_FILES, Blobs, MappedBytes, Place
from motionpair.loading.fields import Field
from motionpair.loading.index import Index
from motionpair.mask_channels import pack
from motionpair.schema import BLOBS, OPTIONAL_BLOBS
from motionpair.specs import PLAIN

DRIVING_KINDS = ("clip", "pose", "body_mesh")
DEFAULT_FIELDS = ("driving", "driving_mask", "target", "reference", "reference_mask", "caption", "pair_id")
_OF_AUGMENTATION = ("augmentation_window", "augmentation_skeleton", "slots", "mode")

Colour = Literal["yuv", "rgb"]
Masks = Literal["labels", "channels"]
OnError = Literal["raise", "skip"]


@dataclass(frozen=True)
class Skipped:
    """Stands for a sample that could not be read, where `on_error` is `skip`: its pair, and what is wrong."""

    pair_id: str
    message: str


class PairDataset:
    """The pairs of a split, by number; sample i is pair i of `index`. Needs torch to decode, not to open.

    A sample is a dict with the fields asked for:

    - `driving`, `target`: planes (T, H * 3 / 2, W) uint8 for `loading.decoding.to_rgb`, or with colour `rgb`
      (T, 3, H, W) uint8 sRGB;
    - `driving_mask`, `target_mask`: labels (T, H, W) uint8, or channels (28, T', h, w) float32 (the driving
      mask's at half size, `motionpair.mask_channels`);
    - `reference`, `reference_back`, `reference_face`: (3, H, W) uint8 sRGB, and `..._mask`: labels (H, W) or
      channels (28, 1, h, w); `None` where the pair has no such reference;
    - `driving_X`, `target_X` for an array X of the annotations, X alone being the target's;
    - any column of a row, as a plain value.

    Attributes:
        index: the pairs. blobs: where their bytes come from. skipped: samples this process left out so far.

    Args:
        out: folder or URI of the dataset.
        fields: names of what a sample holds.
        split: `train`, `validation` or `test`; `None` for all.
        augment: how probable it is that the stored augmentation is applied to the driving clip, its mask and
            arrays: a number, or numbers by kind of driving clip (`clip`, `pose`, `body_mesh`; 0 where not
            named). Samples are then asked for as (number, seed), which `PairBatches(seeds=True)` gives; a
            sample says whether it is `augmented`.
        redraw: draws bones longer or shorter, for augmented clips of kind `pose`:
            `render.engines.pose_maps.redraw`.
        check: hold the bytes against their sha256.
        on_error: what becomes of a sample that is damaged: `raise`, or `skip` to get a `Skipped` for it,
            which `collate` leaves out and lists.
        colour: `yuv` or `rgb`, of clips.
        masks: `labels` or `channels`.
        decode: without, blobs are given as bytes, views of the mapped file on a disk, and `annotations` is a
            field too.
        open_files, cache, cache_bytes: as of `loading.blobs.Blobs`.

    Raises:
        InputError: nothing is there, or an argument is not as above; names it.
        DataError: the manifest or the metadata is damaged or of another schema version.
    """

    def __init__(
        self,
        out: str | Path,
        fields: Sequence[str] = DEFAULT_FIELDS,
        split: str | None = "train",
        *,
        augment: float | Mapping[str, float] | None = None,
        redraw: Callable[..., Any] | None = None,
        check: bool = False,
        on_error: OnError = "raise",
        colour: Colour = "yuv",
        masks: Masks = "labels",
        decode: bool = True,
        open_files: int = OPEN_FILES,
        cache: str | Path | None = None,
        cache_bytes: int = 1 << 34,
    ) -> None:
        for name, value, accepted in (
            ("on_error", on_error, get_args(OnError)),
            ("colour", colour, get_args(Colour)),
            ("masks", masks, get_args(Masks)),
        ):
            if value not in accepted:
                raise InputError(f"{name}: expected {' or '.join(accepted)}, got {value!r}")
        self.fields = _fields(fields, decode)
        self.augment = _probabilities(augment)
        if self.augment and not decode:
            raise InputError("augment: expected none without decoding")
        self.redraw, self.check, self.on_error = redraw, check, on_error
        self.colour, self.masks, self.decode = colour, masks, decode
        sources = list(dict.fromkeys(field.source for field in self.fields))
        self._names = [name for name in sources if name in BLOBS]
        augmented = _OF_AUGMENTATION if self.augment else ()
        if self.augment.get("pose") and "annotations" not in self._names:
            self._names.append("annotations")  # what bones are drawn anew from
        columns = [name for name in sources if name not in BLOBS]
        index = Index(out, [*columns, *augmented], self._names)
        self.index = index if split is None else index.take(split)
        self.blobs = Blobs(
            index.location,
            index.shards,
            index.shard_digests,
            open_files=open_files,
            cache=cache,
            cache_bytes=cache_bytes,
        )
        places = [self.index.places[name] for name in self._names]
        self._places = np.zeros((len(self.index), len(places), 3), np.int64)
        for k, of in enumerate(places):
            self._places[:, k] = np.stack([of.shard, of.offset, of.length], axis=1)
        self._digests = [self.index.digests(name) for name in self._names] if check else []
        self.skipped = 0

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: int | tuple[int, int]) -> dict[str, Any] | Skipped:
        """A sample, by number or by (number, seed).

        Raises:
            IndexError: no such sample.
            InputError: `augment` needs a seed, or a `redraw`.
            DataError: its bytes are damaged or missing, unless they are to be skipped; names pair, field,
                shard and offset.
        """
        return self.__getitems__([item])[0]

    def __getitems__(self, items: Sequence[int | tuple[int, int]]) -> list[dict[str, Any] | Skipped]:
        """Several samples; from elsewhere than a disk, their bytes are read at once. Errors as of one."""
        asked = [self._asked(item) for item in items]
        read = None
        if self.blobs.location.folder is None:
            wanted = [tuple(place) for number, _ in asked for place in self._places[number].tolist()]
            with contextlib.suppress(DataError):  # in which of them, each alone says below
                read = dict(zip(wanted, self.blobs.read_many(wanted), strict=True))
        return [self._sample(number, seed, read) for number, seed in asked]

    def raw(self, number: int) -> dict[str, bytes | MappedBytes]:
        """The bytes of a sample's blobs by column: views of the mapped file on a disk.

        Raises:
            DataError: damaged or missing; names pair, column, shard and offset.
        """
        return self._read(number, None)

    def _asked(self, item: int | tuple[int, int]) -> tuple[int, int | None]:
        number, seed = item if isinstance(item, tuple) else (item, None)
        if not -len(self) <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        return number % len(self), seed

    def _read(self, number: int, read: Mapping[Place, Any] | None) -> dict[str, bytes | MappedBytes]:
        found: dict[str, bytes | MappedBytes] = {}
        for k, (name, place) in enumerate(zip(self._names, self._places[number].tolist(), strict=True)):
            try:
                data: Any = self.blobs.read(*place) if read is None else read[tuple(place)]
            except DataError as error:
                raise DataError(f"pair {self.index.pair_ids[number]}: {name}: {error}") from None
            if self.check and hashlib.sha256(data).digest() != self._digests[k][number].tobytes():
                raise DataError(f"{self._where(number, name)}: damaged: expected other bytes (sha256)")
            found[name] = data
        return found

    def _where(self, number: int, name: str) -> str:
        shard, offset, _ = self._places[number, self._names.index(name)].tolist()
        return f"pair {self.index.pair_ids[number]}: {name}: {self.index.shards[shard]} at byte {offset}"

    def _sample(
        self, number: int, seed: int | None, read: Mapping[Place, Any] | None
    ) -> dict[str, Any] | Skipped:
        augmented = self._is_augmented(number, seed)
        try:
            data = self._read(number, read)
            if not self.decode:
                columns, names = self.index.columns, [field.name for field in self.fields]
                return {name: data[name] if name in data else columns[name][number] for name in names}
            return _Decoder(self, number, data, augmented).sample()
        except DataError as error:
            if self.on_error == "raise":
                raise
            self.skipped += 1
            return Skipped(str(self.index.pair_ids[number]), str(error))

    def _is_augmented(self, number: int, seed: int | None) -> bool:
        kind = self.index.driving_kinds[self.index.driving_kind[number]]
        probability = self.augment.get(kind, 0.0)
        if seed is None and 0 < probability < 1:
            raise InputError(
                "augment: expected samples as (number, seed); PairBatches(seeds=True) gives them"
            )
        if not 0 < probability < 1:
            return probability == 1
        return bool(np.random.default_rng(seed).random() < probability)


class _Decoder:
    """One sample's fields from its bytes."""

    def __init__(self, dataset: PairDataset, number: int, data: Mapping[str, Any], augmented: bool) -> None:
        self._of, self._number, self._data, self._augmented = dataset, number, data, augmented
        index = dataset.index
        bucket = index.buckets[index.bucket[number]]
        self._size = (bucket.width, bucket.height)
        self._expected = {"width": bucket.width, "height": bucket.height}
        self._clip = {**self._expected, "frames": bucket.frames, "fps": int(index.fps[number])}
        self._window, self._skeleton = PLAIN.window, {}
        if augmented:
            self._window = tuple(index.columns["augmentation_window"][number])
            bones = [text.partition(":") for text in index.columns["augmentation_skeleton"][number]]
            self._skeleton = {part: float(factor) for part, _, factor in bones}
        self._arrays: dict[str, np.ndarray] | None = None
        self._drawn: Any = None

    def sample(self) -> dict[str, Any]:
        """The fields, arrays as tensors."""
        import torch

        sample: dict[str, Any] = {}
        for field in self._of.fields:
            if field.kind == "column":
                sample[field.name] = self._of.index.columns[field.name][self._number]
            elif field.source in OPTIONAL_BLOBS and not len(self._data[field.source]):
                sample[field.name] = None
            else:
                try:
                    value = self._array(field)
                except DataError as error:
                    where = self._of._where(self._number, field.source)
                    raise DataError(f"{where}: {error}") from None
                sample[field.name] = torch.from_numpy(np.require(value, requirements="W"))
        if self._of.augment:
            sample["augmented"] = self._augmented
        return sample

    def _array(self, field: Field) -> np.ndarray:
        data = self._data[field.source]
        if field.kind == "clip":
            return self._frames(field.name, data)
        if field.kind == "picture":
            return media.decode_reference(data, **self._expected).transpose(2, 0, 1)
        if field.kind == "array":
            return self._annotations()[field.array]
        driving = field.name == "driving_mask"
        if field.kind == "picture_mask":
            labels = media.decode_mask_image(data, **self._expected)
        elif driving and self._skeleton:
            labels = self._redrawn_labels()
        else:
            labels = media.decode_mask(data, **self._clip)
            if driving and self._window != PLAIN.window:
                labels = apply_to_labels(labels, self._window)
        if self._of.masks == "labels":
            return labels
        return pack(labels if labels.ndim == 3 else labels[None], half=driving)

    def _frames(self, name: str, data: Any) -> np.ndarray:
        yuv, driving = self._of.colour == "yuv", name == "driving"
        if driving and self._skeleton:
            rgb = self._redrawn().rgb
            return media.to_yuv(rgb) if yuv else rgb.transpose(0, 3, 1, 2)
        cropped = driving and self._window != PLAIN.window
        if yuv:
            planes = media.decode_yuv(data, **self._clip)
            return decoding.crop(planes, self._window) if cropped else planes
        frames = media.decode_video(data, **self._clip)
        return (apply_to_clip(frames, self._window) if cropped else frames).transpose(0, 3, 1, 2)

    def _annotations(self) -> dict[str, np.ndarray]:
        """Both clips' arrays, the driving clip's as augmented."""
        if self._arrays is None:
            arrays = unpack(self._data["annotations"])
            if self._window != PLAIN.window:
                names = {n.removeprefix("driving/"): a for n, a in arrays.items() if n.startswith("driving/")}
                moved = apply_to_arrays(names, self._window, self._size)
                arrays |= {f"driving/{name}": array for name, array in moved.items()}
            if self._skeleton:
                arrays["driving/joints3d"] = skeletons.scaled(arrays["driving/joints3d"], self._skeleton)
                arrays["driving/joints2d"] = _projected(arrays, *self._size)
            self._arrays = arrays
        return self._arrays

    def _redrawn(self) -> Any:
        """The driving clip's bones, drawn anew with other lengths: an engine's `Frames`."""
        if self._drawn is None:
            if self._of.redraw is None:
                raise InputError(
                    "redraw: expected render.engines.pose_maps.redraw, to draw augmented clips of kind pose"
                )
            plain = unpack(self._data["annotations"])
            self._drawn = self._of.redraw(plain, CLIPS[0], *self._size, self._skeleton)
        return self._drawn

    def _redrawn_labels(self) -> np.ndarray:
        columns: Any = self._of.index.columns
        slots, mode = (columns[name][self._number] for name in ("slots", "mode"))
        return mask_labels.labels(self._redrawn().index, slots, "driving", mode)


def collate(samples: Sequence[dict[str, Any] | Skipped]) -> dict[str, Any]:
    """Samples as a batch, for `DataLoader(collate_fn=...)`.

    Returns:
        By field: tensors of one shape and numbers stacked, all else as a list; `skipped`: what was left out.
    """
    import torch
    from torch.utils.data import default_collate

    good = [sample for sample in samples if not isinstance(sample, Skipped)]
    batch: dict[str, Any] = {"skipped": [sample for sample in samples if isinstance(sample, Skipped)]}
    for name in good[0] if good else ():
        values = [sample[name] for sample in good]
        tensors = all(isinstance(v, torch.Tensor) and v.shape == values[0].shape for v in values)
        numbers = all(isinstance(v, (bool, int, float)) for v in values)
        batch[name] = default_collate(values) if tensors or numbers else values
    return batch


def _fields(names: Sequence[str], decode: bool) -> tuple[Field, ...]:
    if decode or isinstance(names, str):
        return fields.find(names)
    found = fields.find([name for name in names if name != "annotations"] or ["pair_id"])
    if arrays := [field.name for field in found if field.kind == "array"]:
        raise InputError(f"fields: {arrays[0]}: is decoded; without decoding ask for annotations")
    known = {field.name: field for field in found} | {
        "annotations": Field("annotations", "array", "annotations")
    }
    return tuple(known[name] for name in dict.fromkeys(names))


def _probabilities(augment: float | Mapping[str, float] | None) -> dict[str, float]:
    given = augment if isinstance(augment, Mapping) else dict.fromkeys(DRIVING_KINDS, augment or 0.0)
    for kind, probability in given.items():
        if kind not in DRIVING_KINDS:
            raise InputError(f"augment.{kind}: no such kind; accepted: {', '.join(DRIVING_KINDS)}")
        if not 0 <= probability <= 1:
            raise InputError(f"augment.{kind}: expected 0 to 1, got {probability}")
    return {kind: float(probability) for kind, probability in given.items() if probability}


def _projected(arrays: Mapping[str, np.ndarray], width: int, height: int) -> np.ndarray:
    """The driving clip's `joints3d` in its picture, (T, K, 55, 2) float32 pixels."""
    position, rotation, focal = (
        arrays[f"driving/camera_{name}"].astype(np.float64) for name in ("position", "rotation", "focal")
    )
    offset = arrays["driving/joints3d"] - position[:, None, None]
    x, y, z = np.moveaxis(np.einsum("tkjc,tcd->tkjd", offset, rotation), -1, 0)
    scale = focal[:, None, None] / np.minimum(z, -1e-6)  # the camera looks along its −Z
    return np.stack([width / 2 - x * scale, height / 2 + y * scale], axis=-1).astype(np.float32)
