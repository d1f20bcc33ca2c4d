"""Pairs as training samples: `motionpair.PairDataset`, a map-style dataset for torch's DataLoader."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from motionpair.errors import DataError, InputError
from motionpair.loading import fields
from motionpair.loading.arguments import truth, whole
from motionpair.loading.blobs import Blobs, Place
from motionpair.loading.fields import FIELDS, Field
from motionpair.loading.file_bytes import as_array
from motionpair.loading.hashing import hashes, uniform
from motionpair.loading.index import Index
from motionpair.loading.samples import Colour, Making, Masks, Sample, Stored
from motionpair.loading.skipping import Skipped, collate
from motionpair.loading.videos import NAMES, video_decoder
from motionpair.schema import BLOBS

__all__ = ["DEFAULT_FIELDS", "FIELDS", "PairDataset", "Skipped", "collate"]

DRIVING_KINDS = ("clip", "pose", "body_mesh")
DEFAULT_FIELDS = ("driving", "driving_mask", "target", "reference", "reference_mask", "caption", "pair_id")
_OF_AUGMENTATION = ("augmentation_window", "augmentation_skeleton", "slots", "mode")

_AUGMENT = 1
"""What a hash of a sample's seed is for."""
_STAND_INS = 8
"""How many other pairs are tried in place of a damaged one."""

OnError = Literal["raise", "skip"]


class PairDataset:
    """The pairs of a split, by number; sample i is pair i of `index`. Needs torch to decode, not to open.

    A sample is a dict with the fields asked for:

    - `driving`, `target`, `rejected`: planes (T, H * 3 / 2, W) uint8 for `loading.decoding.to_rgb`, or with
      colour `rgb` (T, 3, H, W) uint8 sRGB;
    - `driving_mask`, `target_mask`, `rejected_mask`: labels (T, H, W) uint8, or channels (28, T', h, w)
      float32 (the driving mask's at half size, `motionpair.mask_channels`);
    - `reference`, `reference_back`, `reference_face`: (3, H, W) uint8 sRGB, and `..._mask`: labels (H, W) or
      channels (28, 1, h, w); `None` where the pair has no such reference;
    - `driving_X`, `target_X`, `rejected_X` for an array X of the annotations, X alone being the target's;
      what is of a rejected clip is `None` in pairs without one;
    - any column of a row, as a plain value;
    - `seed`, where it was asked for with one; `augmented`, whether it is, where `augment` is given.

    Attributes:
        index: the pairs. blobs: where their bytes come from.

    Args:
        out: folder or URI of the dataset.
        fields: names of what a sample holds.
        split: `train`, `validation` or `test`; `None` for all.
        augment: how probable it is that the stored augmentation is applied to the driving clip, its mask and
            arrays: a number, or numbers by kind of driving clip (`clip`, `pose`, `body_mesh`; 0 where not
            named). A sample's seed decides; `PairLoader` gives one.
        redraw: draws bones longer or shorter, for augmented clips of kind `pose`:
            `render.engines.pose_maps.redraw`, which needs the extra `[render]`.
        check: hold the bytes against their sha256.
        on_error: what becomes of a pair that is damaged: `raise`, or `skip`. A skipped pair is a `Skipped`;
            in a batch (`__getitems__`) the next pair of its bucket stands in for it, one of its stratum if
            there is any, and the `Skipped` follow at the end.
        colour: `yuv` or `rgb`, of clips.
        masks: `labels` or `channels`.
        decoder: `pyav`, or `torchcodec`, which gives `rgb` alone.
        decode: without, every blob is a numpy array of its bytes, (length,) uint8 that is not to be written
            to, of length 0 where the pair has no such reference, wherever the dataset lies; on a disk a view
            of the mapped file (`loading.file_bytes.FileBytes`), which a worker sends as its place in it.
            `annotations` is a field too.
        cache, cache_bytes: as of `loading.blobs.Blobs`.

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
        decoder: str = "pyav",
        decode: bool = True,
        cache: str | Path | None = None,
        cache_bytes: int = 1 << 34,
    ) -> None:
        check, decode = truth("check", check), truth("decode", decode)
        for name, value, accepted in (
            ("on_error", on_error, get_args(OnError)),
            ("colour", colour, get_args(Colour)),
            ("masks", masks, get_args(Masks)),
            ("decoder", decoder, NAMES),
        ):
            if value not in accepted:
                raise InputError(f"{name}: expected {' or '.join(accepted)}, got {value!r}")
        if redraw is not None and not callable(redraw):
            raise InputError(f"redraw: expected a function, got {redraw!r}")
        for name, path in (("out", out), ("cache", "" if cache is None else cache)):
            if not isinstance(path, (str, Path)):
                raise InputError(f"{name}: expected a folder{' or URI' * (name == 'out')}, got {path!r}")
        cache_bytes = whole("cache_bytes", cache_bytes, 1)
        self._making = Making(video_decoder(decoder), colour, masks, redraw)
        if self._making.decoder.planes is None and colour == "yuv":
            raise InputError(f"decoder: {decoder} gives no planes; expected colour='rgb' with it, or pyav")
        self.fields = _fields(fields, decode)
        self.augment = _probabilities(augment)
        if self.augment and not decode:
            raise InputError("augment: expected none without decoding")
        self.check, self.on_error, self.decode = check, on_error, decode
        sources = list(dict.fromkeys(field.source for field in self.fields))
        self._names = [name for name in sources if name in BLOBS]
        if self.augment.get("pose") and "annotations" not in self._names:
            self._names.append("annotations")  # what bones are drawn anew from
        columns = [name for name in sources if name not in BLOBS]
        index = Index(out, [*columns, *(_OF_AUGMENTATION if self.augment else ())], self._names)
        self.index = index if split is None else index.take(split)
        if self.augment.get("pose") and redraw is None and _has(self.index, "pose"):
            raise InputError(
                "redraw: expected render.engines.pose_maps.redraw, which draws augmented clips of kind pose, "
                "or 0 for augment['pose']"
            )
        self.blobs = Blobs(
            index.location, index.shards, index.shard_digests, cache=cache, cache_bytes=cache_bytes
        )
        places = [self.index.places[name] for name in self._names]
        self._places = np.zeros((len(self.index), len(places), 3), np.int64)
        for k, of in enumerate(places):
            self._places[:, k] = np.stack([of.shard, of.offset, of.length], axis=1)
        self._digests = [self.index.digests(name) for name in self._names] if check else []

    @property
    def fork_safe(self) -> bool:
        """Whether forked processes may read from it; the clients of buckets do not survive a fork."""
        return self.blobs.on_disk

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: int | tuple[int, int]) -> dict[str, Any] | Skipped:
        """A sample, by number or by (number, seed).

        Raises:
            IndexError: no such sample.
            InputError: `augment` needs a seed.
            DataError: its bytes are damaged or missing, unless they are to be skipped; names pair, field,
                shard and offset.
        """
        number, seed = self._asked(item)
        return self._sample(number, seed, self._together([number]))

    def __getitems__(self, items: Sequence[int | tuple[int, int]]) -> list[dict[str, Any] | Skipped]:
        """The samples of a batch, one for each item, then what was skipped.

        Bytes from elsewhere than a disk are read at once.

        Raises:
            DataError: also where nothing can be read that could stand in for a damaged pair.
        """
        asked = [self._asked(item) for item in items]
        read = self._together([number for number, _ in asked])
        samples: list[dict[str, Any] | Skipped] = []
        skipped: list[Skipped] = []
        for number, seed in asked:
            sample = self._sample(number, seed, read)
            others = self._like(number) if isinstance(sample, Skipped) else iter(())
            while isinstance(sample, Skipped):
                skipped.append(sample)
                other = next(others, None)
                if other is None:
                    raise DataError(
                        f"{skipped[-1].message}; nor can pairs be read that could stand in for it"
                    )
                sample = self._sample(other, seed, None)
            samples.append(sample)
        return [*samples, *skipped]

    def raw(self, number: int) -> dict[str, bytes]:
        """The bytes of a sample's blobs by column.

        Raises:
            DataError: damaged or missing; names pair, column, shard and offset.
        """
        number, _ = self._asked(number)
        return {name: bytes(data) for name, data in self._read(number, None).items()}

    def _asked(self, item: int | tuple[int, int]) -> tuple[int, int | None]:
        number, seed = item if isinstance(item, tuple) else (item, None)
        if not -len(self) <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        return number % len(self), seed

    def _like(self, number: int) -> Iterator[int]:
        """A few pairs that may stand in for one: the next of its bucket, those of its stratum first."""
        index = self.index
        others = np.flatnonzero(index.bucket == index.bucket[number])
        others = np.roll(others, -1 - int(np.searchsorted(others, number)))[:-1]
        alike = np.ones(len(others), bool)
        for codes in (index.stratum, index.mode, index.driving_kind):
            alike &= codes[others] == codes[number]
        return itertools.islice(itertools.chain(others[alike].tolist(), others[~alike].tolist()), _STAND_INS)

    def _together(self, numbers: Sequence[int]) -> dict[Place, bytes] | None:
        """What lies elsewhere than on a disk, read at once; `None` where each pair reads its own.

        What cannot be read is left out: its pair reads it again, alone, and says what is wrong with it.
        """
        if self.blobs.on_disk:
            return None
        return self.blobs.read_some(
            [(shard, at, size) for n in numbers for shard, at, size in self._places[n].tolist()]
        )

    def _read(self, number: int, read: Mapping[Place, bytes] | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        pair = f"pair {self.index.pair_ids[number]}"
        for k, (name, (shard, at, size)) in enumerate(
            zip(self._names, self._places[number].tolist(), strict=True)
        ):
            data: Any
            try:
                if read is not None and (shard, at, size) in read:
                    data = read[shard, at, size] if self.decode else as_array(read[shard, at, size])
                elif self.decode:
                    data = self.blobs.read(shard, at, size)
                else:
                    where = f"{pair}: {name}: {self.index.shards[shard]} at byte {at}"
                    data = self.blobs.read_to_send(shard, at, size, where)
            except DataError as error:
                raise DataError(f"{pair}: {name}: {error}") from None
            if self.check and hashlib.sha256(data).digest() != self._digests[k][number].tobytes():
                raise DataError(f"{self._where(number, name)}: damaged: expected other bytes (sha256)")
            found[name] = data
        return found

    def _where(self, number: int, name: str) -> str:
        shard, offset, _ = self._places[number, self._names.index(name)].tolist()
        return f"pair {self.index.pair_ids[number]}: {name}: {self.index.shards[shard]} at byte {offset}"

    def _sample(
        self, number: int, seed: int | None, read: Mapping[Place, bytes] | None
    ) -> dict[str, Any] | Skipped:
        augmented = self._is_augmented(number, seed)
        try:
            data = self._read(number, read)
            sample = self._decoded(number, data, augmented) if self.decode else self._plain(number, data)
        except DataError as error:
            if self.on_error == "raise":
                raise
            return Skipped(str(self.index.pair_ids[number]), str(error))
        if self.augment:
            sample["augmented"] = augmented
        if seed is not None:
            sample["seed"] = seed
        return sample

    def _plain(self, number: int, data: Mapping[str, Any]) -> dict[str, Any]:
        columns = self.index.columns
        return {f.name: data[f.name] if f.name in data else columns[f.name][number] for f in self.fields}

    def _decoded(self, number: int, data: Mapping[str, Any], augmented: bool) -> dict[str, Any]:
        made = Sample(self._making, self._stored(number, augmented), data)
        sample: dict[str, Any] = {}
        for field in self.fields:
            if field.kind == "column":
                sample[field.name] = self.index.columns[field.name][number]
                continue
            try:
                sample[field.name] = made.tensor(field)
            except DataError as error:
                raise DataError(f"{self._where(number, field.source)}: {error}") from None
        return sample

    def _stored(self, number: int, augmented: bool) -> Stored:
        index = self.index
        bucket = index.buckets[index.bucket[number]]
        facts = (bucket.width, bucket.height, bucket.frames, int(index.fps[number]))
        if not augmented:
            return Stored(*facts)
        columns: Mapping[str, Any] = index.columns
        window, skeleton, slots, mode = (columns[name][number] for name in _OF_AUGMENTATION)
        bones = [text.partition(":") for text in skeleton]
        factors = {part: float(factor) for part, _, factor in bones}
        return Stored(*facts, tuple(window), factors, slots, mode)

    def _is_augmented(self, number: int, seed: int | None) -> bool:
        kind = self.index.driving_kinds[self.index.driving_kind[number]]
        probability = self.augment.get(kind, 0.0)
        if not 0 < probability < 1:
            return probability == 1
        if seed is None:
            raise InputError("augment: expected samples as (number, seed), as PairLoader asks for them")
        return bool(uniform(hashes(seed, _AUGMENT))[0] < probability)


def _has(index: Index, kind: str) -> bool:
    """Whether there is a pair of a driving kind."""
    return kind in index.driving_kinds and bool((index.driving_kind == index.driving_kinds.index(kind)).any())


def _fields(names: Sequence[str], decode: bool) -> tuple[Field, ...]:
    if decode:
        return fields.find(names)
    found = fields.find([name for name in fields.checked(names) if name != "annotations"] or ["pair_id"])
    if arrays := [field.name for field in found if field.kind == "array"]:
        raise InputError(f"fields: {arrays[0]}: is decoded; without decoding ask for annotations")
    known = {field.name: field for field in found} | {
        "annotations": Field("annotations", "array", "annotations")
    }
    return tuple(known[name] for name in dict.fromkeys(names))


def _probabilities(augment: float | Mapping[str, float] | None) -> dict[str, float]:
    if augment is None:
        return {}
    given = augment if isinstance(augment, Mapping) else dict.fromkeys(DRIVING_KINDS, augment)
    for kind, probability in given.items():
        if kind not in DRIVING_KINDS:
            raise InputError(f"augment.{kind}: no such kind; accepted: {', '.join(DRIVING_KINDS)}")
        number = isinstance(probability, (int, float)) and not isinstance(probability, bool)
        if not number or not 0 <= probability <= 1:
            where = f"augment.{kind}" if given is augment else "augment"
            raise InputError(f"{where}: expected a number from 0 to 1, got {probability!r}")
    return {kind: float(probability) for kind, probability in given.items() if probability}
