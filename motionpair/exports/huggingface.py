"""The Hugging Face form: Parquet files with Video and Image features, and a dataset card.

`datasets.load_dataset(FOLDER)` reads it, without a network. Configuration `default` has every pair with all
columns and blobs; `preview` has some pairs of each split and stratum in rows of under 3 MB, which is what
the Hub's viewer shows. The features stand in the Parquet schema's metadata under the key `huggingface`, a
video or image as a struct of `bytes` and `path` (documentation of `datasets`, "Video" and "Image" features).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from motionpair import media, schema
from motionpair.columns import COLUMNS
from motionpair.dataset import Dataset
from motionpair.errors import DataError
from motionpair.exports import card, pairs
from motionpair.exports.pairs import Row

FILE_BYTES = 1 << 28
"""A file is closed when it has this many bytes."""
GROUP_BYTES = 1 << 24
"""A row group is written when its rows have this many bytes."""
PREVIEW_BYTES = 3_000_000
"""A row of the preview has fewer bytes."""
PREVIEW_PAIRS = 100
"""About how many pairs of a split the preview has; at least one of each stratum."""
PREVIEW_COLUMNS = (
    "pair_id", "stratum", "mode", "split", "driving_kind", "performers", "formation", "caption", "width",
    "height", "frames", "fps",
)  # fmt: skip
_TEXT_BYTES = 100_000  # more than the preview's columns beside the media can have
_MEDIA = {".mp4": "Video", ".jpg": "Image", ".png": "Image"}
_STRUCT = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_ATTEMPTS = ((1, 26), (2, 26), (4, 26), (8, 32))


def write(dataset: Dataset, folder: Path, progress: Callable[[int, int], None]) -> tuple[str, ...]:
    """Fill an empty folder with `data/`, `preview/` and `README.md`."""
    shown = _preview_positions(dataset)
    with ExitStack() as stack:

        def writer(config: str, split: str) -> _SplitWriter:
            columns = _full_schema() if config == "default" else _preview_schema()
            return stack.enter_context(_writing(folder, config, split, columns))

        writers: dict[tuple[str, str], _SplitWriter] = {}
        for number, row in enumerate(pairs.rows(dataset)):
            blobs = pairs.blobs(dataset, row)
            kept = {"default": _full_row(row, blobs)}
            if number in shown:
                kept["preview"] = _preview_row(dataset, row, blobs)
            for config, values in kept.items():
                key = (config, row["split"])
                if key not in writers:
                    writers[key] = writer(*key)
                writers[key].add(values)
            progress(number + 1, pairs.count(dataset))
    for written in writers.values():
        written.number_files()
    configs = {
        config: [w.facts(split) for split in pairs.SPLITS if (w := writers.get((config, split)))]
        for config in ("default", "preview")
    }
    (folder / "README.md").write_text(card.huggingface_card(dataset, configs), encoding="utf-8")
    return ()


class _SplitWriter:
    """Writes one split's rows, in files of about `FILE_BYTES` and row groups of about `GROUP_BYTES`."""

    def __init__(self, folder: Path, config: str, split: str, columns: pa.Schema) -> None:
        self._folder = folder / ("data" if config == "default" else config)
        self._folder.mkdir(exist_ok=True)
        self._split, self._columns = split, columns
        self._waiting: list[Row] = []
        self._waiting_bytes = self._file_bytes = 0
        self._open: pq.ParquetWriter | None = None
        self.paths: list[Path] = []
        self.rows = self.bytes = 0

    def add(self, row: Row) -> None:
        """Take a row; written with its row group."""
        self._waiting.append(row)
        self._waiting_bytes += _media_bytes(row)
        if self._waiting_bytes >= GROUP_BYTES:
            self.flush()
        if self._file_bytes >= FILE_BYTES:
            self.close()

    def flush(self) -> None:
        """Write what waits as a row group."""
        if not self._waiting:
            return
        if self._open is None:
            self.paths.append(self._folder / f"{self._split}-{len(self.paths):05d}.parquet")
            self._open = pq.ParquetWriter(self.paths[-1], self._columns, **_options(self._columns))
        table = pa.Table.from_pylist(self._waiting, schema=self._columns)
        self._open.write_table(table, row_group_size=max(len(self._waiting), 1))
        self.rows += table.num_rows
        self.bytes += table.nbytes
        self._file_bytes += self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0

    def close(self) -> None:
        """End the file that is open."""
        if self._open is not None:
            self._open.close()
        self._open, self._file_bytes = None, 0

    def number_files(self) -> None:
        """Give the files the Hub's names, which say how many there are."""
        names = [f"{self._split}-{i:05d}-of-{len(self.paths):05d}.parquet" for i in range(len(self.paths))]
        self.paths = [path.rename(path.with_name(name)) for path, name in zip(self.paths, names, strict=True)]

    def facts(self, split: str) -> card.SplitFiles:
        """What the card says of the split."""
        paths = [path.relative_to(self._folder.parent) for path in self.paths]
        return card.SplitFiles(split, self.rows, self.bytes, paths)


@contextmanager
def _writing(folder: Path, config: str, split: str, columns: pa.Schema) -> Iterator[_SplitWriter]:
    writer = _SplitWriter(folder, config, split, columns)
    try:
        yield writer
        writer.flush()
    finally:
        writer.close()


def _options(columns: pa.Schema) -> dict[str, Any]:
    """Media are compressed already: plain, without dictionary or statistics."""
    leaves = _leaves(columns)
    compressed = {f"{f.name}.bytes" for f in columns if f.type == _STRUCT} | {"annotations"}
    plain = [name for name in leaves if name in COLUMNS]
    return {
        "version": "2.6",
        "compression": {leaf: "none" if leaf in compressed else "zstd" for leaf in leaves},
        "use_dictionary": plain,
        "write_statistics": plain,
        "write_page_index": True,
        "write_page_checksum": True,
    }


def _leaves(columns: pa.Schema) -> list[str]:
    """Paths of a schema's leaves, as Parquet names them."""

    def below(name: str, type_: pa.DataType) -> list[str]:
        if pa.types.is_list(type_):
            return below(f"{name}.list.{type_.value_field.name}", type_.value_type)
        if pa.types.is_struct(type_):
            return [leaf for f in type_ for leaf in below(f"{name}.{f.name}", f.type)]
        return [name]

    return [leaf for field in columns for leaf in below(field.name, field.type)]


def _full_schema() -> pa.Schema:
    return _schema(COLUMNS, list(schema.BLOBS))


def _preview_schema() -> pa.Schema:
    found = _schema(PREVIEW_COLUMNS, ["driving", "target", "reference"])
    as_stored = pa.field("as_stored", pa.bool_())
    features = json.loads(found.metadata[b"huggingface"])
    features["info"]["features"]["as_stored"] = _feature(pa.bool_())
    return found.append(as_stored).with_metadata({"huggingface": json.dumps(features)})


def _schema(names: Sequence[str] | Mapping[str, Any], blobs: Sequence[str]) -> pa.Schema:
    """Columns and blobs as `datasets` types them, and as the features that stand in the metadata."""
    types = {name: _nullable(COLUMNS[name].type) for name in names}
    features = {name: _feature(type_) for name, type_ in types.items()}
    for name in blobs:
        kind = _MEDIA.get(Path(schema.BLOBS[name]).suffix)
        types[name] = pa.binary() if kind is None else _STRUCT
        features[name] = _feature(pa.binary()) if kind is None else {"_type": kind}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([pa.field(name, type_) for name, type_ in types.items()], metadata)


def _nullable(type_: pa.DataType) -> pa.DataType:
    """The type with the field names and the nullability that `datasets` gives it."""
    if pa.types.is_list(type_):
        return pa.list_(_nullable(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(f.name, _nullable(f.type)) for f in type_])
    return type_


def _feature(type_: pa.DataType) -> Any:
    """A type as JSON of `datasets` (4 and later)."""
    if pa.types.is_list(type_):
        return {"feature": _feature(type_.value_type), "_type": "List"}
    if pa.types.is_struct(type_):
        return {f.name: _feature(f.type) for f in type_}
    return {"dtype": {"double": "float64"}.get(str(type_), str(type_)), "_type": "Value"}


def _full_row(row: Row, blobs: Mapping[str, bytes]) -> Row:
    values = pairs.plain(row)
    for name in schema.BLOBS:
        values[name] = _medium(row, name, blobs[name]) if name in blobs else None
    values["annotations"] = blobs["annotations"]
    return values


def _preview_row(dataset: Dataset, row: Row, blobs: Mapping[str, bytes]) -> Row:
    """The pair's clips and reference, encoded smaller where they would be too long for the viewer."""
    most = PREVIEW_BYTES - _TEXT_BYTES
    stored = {name: blobs[name] for name in ("driving", "target", "reference")}
    as_stored = sum(map(len, stored.values())) <= most
    if not as_stored:
        stored = {
            "driving": _smaller_clip(dataset.video(row, "driving"), row, most // 3),
            "target": _smaller_clip(dataset.video(row, "target"), row, most // 3),
            "reference": _smaller_reference(dataset.reference(row), row, most // 3),
        }
    values = {name: row[name] for name in PREVIEW_COLUMNS}
    media_values = {name: _medium(row, name, data) for name, data in stored.items()}
    return values | media_values | {"as_stored": as_stored}


def _smaller_clip(frames: np.ndarray, row: Row, most: int) -> bytes:
    for shrink, crf in _ATTEMPTS:
        data = media.encode_video(_shrunk(frames, shrink), row["fps"], crf=crf)
        if len(data) <= most:
            return data
    raise DataError(f"pair {row['pair_id']}: no preview of a clip in {most} bytes")


def _smaller_reference(image: np.ndarray, row: Row, most: int) -> bytes:
    for shrink, _ in _ATTEMPTS:
        data = media.encode_reference(_shrunk(image[None], shrink)[0])
        if len(data) <= most:
            return data
    raise DataError(f"pair {row['pair_id']}: no preview of the reference in {most} bytes")


def _shrunk(frames: np.ndarray, by: int) -> np.ndarray:
    """(T, H, W, 3) uint8 to means of `by` × `by` pixels; sides stay even, so a rest at an edge is cut."""
    if by == 1:
        return frames
    count, height, width, channels = frames.shape
    rows, columns = (side // (2 * by) * 2 for side in (height, width))
    blocks = frames[:, : rows * by, : columns * by].reshape(count, rows, by, columns, by, channels)
    means = blocks.sum(axis=(2, 4), dtype=np.uint32) + by * by // 2
    return (means // (by * by)).astype(np.uint8)


def _medium(row: Row, name: str, data: bytes) -> dict[str, Any]:
    return {"bytes": data, "path": f"{row['pair_id']}_{schema.BLOBS[name]}"}


def _media_bytes(row: Row) -> int:
    values = [v["bytes"] for v in row.values() if isinstance(v, dict) and "bytes" in v]
    return sum(map(len, values)) + len(row.get("annotations", b"")) + 4096


def _preview_positions(dataset: Dataset) -> set[int]:
    """Which rows the preview has: of every split and stratum, evenly over their rows."""
    groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    columns = dataset.columns("split", "stratum")
    rows = zip(columns["split"].to_pylist(), columns["stratum"].to_pylist(), strict=True)
    for position, (split, stratum) in enumerate(rows):
        groups[split][stratum].append(position)
    chosen: set[int] = set()
    for strata in groups.values():
        each = max(1, PREVIEW_PAIRS // len(strata))
        for positions in strata.values():
            count = min(each, len(positions))
            chosen |= {positions[i * len(positions) // count] for i in range(count)}
    return chosen
