"""What a row of the dataset holds: every column with its type, unit and meaning.

One table is the single source: the shards and `metadata.parquet` are written with its types, `check_row`
holds rows against it, and `python -m motionpair.schema` prints it as `docs/schema.md`. A row holds
nothing that may differ between two runs of one plan: no time, host, path or attempt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from motionpair import fields
from motionpair.errors import DataError, InputError
from motionpair.specs import ClipSpec, PairSpec

SCHEMA_VERSION = 1
"""Version of the columns, blobs and files of a dataset."""

BLOBS = {
    "driving": "driving.mp4",
    "driving_mask": "driving_mask.mp4",
    "target": "target.mp4",
    "target_mask": "target_mask.mp4",
    "reference": "reference.jpg",
    "reference_mask": "reference_mask.png",
    "annotations": "annotations.bin",
}
"""Media columns of a shard, with the file that each is in the staging folder of a pair."""

BLOB_MEANINGS = {
    "driving": "Driving clip: H.264 in MP4, yuv420p, BT.709 limited range.",
    "driving_mask": "Labels of the driving clip, a video of luma levels (below). Exact.",
    "target": "Target clip: what a model must produce. H.264 in MP4, as `driving`.",
    "target_mask": "Labels of the target clip, for evaluation; never a training input. Exact.",
    "reference": "Reference image: JPEG, quality 95, 4:4:4; characters on black in replacement mode.",
    "reference_mask": "Labels of the reference image: PNG with a palette; the pixel value is the label.",
    "annotations": "Per-frame joints, boxes, cameras and contacts (below): safetensors inside zstd.",
}

ASSET_TYPE = pa.struct(
    [pa.field(name, pa.string(), nullable=False) for name in ("name", "licence", "source")]
)
BLOB_REF_TYPE = pa.struct(
    [
        pa.field("shard", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)
"""Where a blob lies: file under the dataset's root, first byte, number of bytes, and their sha256 in hex."""


@dataclass(frozen=True)
class Column:
    """A column: Arrow type, unit (empty where it has none) and meaning. No column holds nulls."""

    type: pa.DataType
    unit: str
    meaning: str


def _list(type_: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", type_, nullable=False))


_TEXT, _TEXTS = pa.string(), _list(pa.string())
_INT, _REAL = pa.int32(), pa.float64()

COLUMNS: dict[str, Column] = {
    "pair_id": Column(_TEXT, "", "Name of the pair, unique in the dataset."),
    "slot": Column(_INT, "", "Slot of the plan that the pair fills, from 0."),
    "k": Column(_INT, "", "Which candidate of the slot passed the gates; 0 is the plan's own."),
    "stratum": Column(_TEXT, "", "Stratum of the recipe."),
    "mode": Column(
        _TEXT, "", "`animation` or `replacement`: the side that the target's environment is from."
    ),
    "split": Column(_TEXT, "", "`train`, `validation` or `test`; no identity or motion is in two."),
    "spec_hash": Column(_TEXT, "sha256, hex", "Hash of `spec`."),
    "spec": Column(_TEXT, "JSON", "The PairSpec, canonical JSON: all that decides the pair."),
    "caption": Column(_TEXT, "English", "Characters, clothes, environment, camera and motion of the target."),
    "width": Column(_INT, "px", "Width of both clips and of the reference."),
    "height": Column(_INT, "px", "Height of both clips and of the reference."),
    "frames": Column(_INT, "", "Frames of each clip, 4n + 1."),
    "fps": Column(_INT, "frames/s", "Frame rate of both clips."),
    "reverse_driven": Column(
        pa.bool_(), "", "Estimator error sits on the driving side (the usual way), not on the target's."
    ),
    "driving_estimator": Column(
        _TEXT, "", "Pose-estimator error model of the driving motion; `exact` has none."
    ),
    "target_estimator": Column(_TEXT, "", "Likewise of the target motion."),
    "performers": Column(pa.int8(), "", "Characters in each clip, K."),
    "slots": Column(
        _list(pa.int8()), "", "Binding slot (1 red ... 6 cyan) of performer i, the same in both clips."
    ),
    "driving_characters": Column(_TEXTS, "", "Identity of driving performer i."),
    "target_characters": Column(_TEXTS, "", "Identity of target performer i."),
    "driving_looks": Column(
        _TEXTS, "", "`realistic`, `animation_3d` or `animation_2d`, of driving performer i."
    ),
    "target_looks": Column(_TEXTS, "", "Likewise of target performer i."),
    "character_hashes": Column(
        _TEXTS, "sha256, hex", "Baked characters: those of the driving performers, then of the target's."
    ),
    "motion_ids": Column(_TEXTS, "", "Motion instance of performer i, the same in both clips."),
    "motion_families": Column(_TEXTS, "", "Motion families that occur, sorted."),
    "driving_environment": Column(_TEXT, "", "Kind of place of the driving clip."),
    "target_environment": Column(_TEXT, "", "Kind of place of the target clip."),
    "driving_hdri": Column(_TEXT, "", "HDRI that lights the driving clip."),
    "target_hdri": Column(_TEXT, "", "HDRI that lights the target clip."),
    "driving_camera": Column(_TEXT, "", "`static`, `orbit` or `handheld`."),
    "target_camera": Column(_TEXT, "", "Likewise of the target clip."),
    "driving_framing": Column(_TEXT, "", "`full_body` or `close_up`."),
    "target_framing": Column(_TEXT, "", "Likewise of the target clip."),
    "reference_frame": Column(_INT, "", "Frame of the target clip that the reference image is."),
    "driving_engine": Column(_TEXT, "", "Engine that rendered the driving clip."),
    "target_engine": Column(_TEXT, "", "Engine that rendered the target clip."),
    "driving_preset": Column(_TEXT, "", "Render preset of the driving clip."),
    "target_preset": Column(_TEXT, "", "Render preset of the target clip."),
    "driving_samples": Column(_INT, "per pixel", "Render samples of the driving clip."),
    "target_samples": Column(_INT, "per pixel", "Render samples of the target clip."),
    "device_class": Column(_TEXT, "", "Render device and CPU kernel level that the pixels belong to."),
    "assets": Column(_list(ASSET_TYPE), "", "Every asset that the pair shows: name, licence, source."),
    "driving_contact_slide_p95_mm": Column(
        _REAL,
        "mm/frame",
        "95th percentile of the slide of planted sole points, driving clip; 0 without contacts.",
    ),
    "target_contact_slide_p95_mm": Column(_REAL, "mm/frame", "Likewise, target clip."),
    "driving_sole_penetration_mm": Column(_REAL, "mm", "Deepest sole point under the ground, driving clip."),
    "target_sole_penetration_mm": Column(_REAL, "mm", "Likewise, target clip."),
    "driving_in_frame_share": Column(
        _REAL,
        "0 to 1",
        "Share of the body points that the framing is about inside the picture, of the performer with the "
        "least, driving clip.",
    ),
    "target_in_frame_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_mask_share": Column(
        _REAL, "0 to 1", "Share of the driving clip's pixels that show characters, over all frames."
    ),
    "target_mask_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_mean_luma": Column(_REAL, "0 to 255", "Mean luma (BT.709) of the driving clip as rendered."),
    "target_mean_luma": Column(_REAL, "0 to 255", "Likewise, target clip."),
    "identity_shape_distance": Column(
        _REAL,
        "0 to 1",
        "Least distance in body shape between two characters of the pair (`cast.identity_distance`).",
    ),
    "identity_colour_distance": Column(
        _REAL,
        "CIELAB ΔE",
        "Least distance in colours of skin, hair and clothes between two characters of the pair.",
    ),
    "motion_energy": Column(
        _REAL, "m/s", "Mean speed of the target's body joints, of the performer with the least."
    ),
    "pair_difference": Column(
        _REAL,
        "0 to 255",
        "Mean absolute difference of driving and target, over pixels where either shows a character.",
    ),
    "discards": Column(_TEXTS, "", "Why candidates 0 to k − 1 were discarded, one reason each."),
}
"""Every column of a row beside the blobs, in order."""

_RANGES = {
    "slot": (0, math.inf),
    "k": (0, math.inf),
    "performers": (1, 127),
    "driving_samples": (1, math.inf),
    "target_samples": (1, math.inf),
    "driving_in_frame_share": (0, 1),
    "target_in_frame_share": (0, 1),
    "driving_mask_share": (0, 1),
    "target_mask_share": (0, 1),
    "driving_mean_luma": (0, 255),
    "target_mean_luma": (0, 255),
    "pair_difference": (0, 255),
}
_LONGEST = {"spec": 1 << 20, "caption": 1 << 14}
_PER_CLIP = {
    "driving_characters",
    "target_characters",
    "driving_looks",
    "target_looks",
    "motion_ids",
    "slots",
}


def arrow_schema() -> pa.Schema:
    """The columns of a row without blobs, none nullable."""
    return pa.schema([pa.field(name, column.type, nullable=False) for name, column in COLUMNS.items()])


def shard_schema() -> pa.Schema:
    """The columns of a shard: those of a row, then one binary column a blob."""
    blobs = [pa.field(name, pa.binary(), nullable=False) for name in BLOBS]
    return pa.schema([*arrow_schema(), *blobs])


def metadata_schema() -> pa.Schema:
    """The columns of `metadata.parquet`: those of a row, then one `BLOB_REF_TYPE` a blob."""
    blobs = [pa.field(name, BLOB_REF_TYPE, nullable=False) for name in BLOBS]
    return pa.schema([*arrow_schema(), *blobs])


def spec_columns(spec: PairSpec) -> dict[str, Any]:
    """The columns that a PairSpec decides, spec and hash included: what a row must repeat of its spec.

    Raises:
        InputError: the two clips do not bind their performers one to one, in one order.
    """
    driving, target = spec.driving, spec.target
    slots = [p.slot for p in target.performers]
    if [p.slot for p in driving.performers] != slots:
        raise InputError(f"{spec.pair_id}: expected performer i of both clips to have one slot")
    if [p.motion for p in driving.performers] != [p.motion for p in target.performers]:
        raise InputError(f"{spec.pair_id}: expected performer i of both clips to have one motion")
    columns: dict[str, Any] = {
        name: getattr(spec, name)
        for name in (
            "pair_id", "slot", "k", "stratum", "mode", "split", "spec_hash", "width", "height", "frames",
            "fps", "reverse_driven",
        )
    }  # fmt: skip
    columns |= {
        "spec": spec.to_json(),
        "performers": len(slots),
        "slots": slots,
        "motion_ids": [p.motion.motion_id for p in target.performers],
        "motion_families": sorted({ph.family for p in target.performers for ph in p.motion.phrases}),
        "reference_frame": spec.reference.frame,
    }
    return columns | _clip_columns("driving", driving) | _clip_columns("target", target)


def _clip_columns(side: str, clip: ClipSpec) -> dict[str, Any]:
    columns = {
        "estimator": clip.estimator.name,
        "characters": [p.character.character_id for p in clip.performers],
        "looks": [p.character.look for p in clip.performers],
        "environment": clip.environment.kind,
        "hdri": clip.environment.hdri,
        "camera": clip.camera.kind,
        "framing": clip.camera.framing,
        "engine": clip.render.engine,
        "preset": clip.render.preset,
        "samples": clip.render.samples,
    }
    return {f"{side}_{name}": value for name, value in columns.items()}


def check_row(row: Mapping[str, Any]) -> PairSpec:
    """Hold a row (every column, no blobs) against the schema and against its own spec.

    Returns:
        The row's spec.

    Raises:
        DataError: a missing or unknown column, a value of another type or out of its range, a spec that
            does not round-trip, has another hash or disagrees with a column. Names the column.
    """
    where = f"pair {row.get('pair_id', '?')!r}"
    if missing := COLUMNS.keys() - row.keys():
        raise DataError(f"{where}: column {min(missing)} is missing")
    if unknown := row.keys() - COLUMNS.keys():
        raise DataError(f"{where}: unknown column {min(unknown)}")
    for name, column in COLUMNS.items():
        _check_value(column.type, row[name], f"{where}: {name}", _LONGEST.get(name, 256))
        low, high = _RANGES.get(name, (-math.inf, math.inf))
        if isinstance(row[name], (int, float)) and not low <= row[name] <= high:
            raise DataError(f"{where}: {name}: expected {low} to {high}, got {row[name]}")
    for name in _PER_CLIP:
        if len(row[name]) != row["performers"]:
            raise DataError(f"{where}: {name}: expected {row['performers']} values, got {len(row[name])}")
    if len(row["character_hashes"]) != 2 * row["performers"]:
        raise DataError(f"{where}: character_hashes: expected {2 * row['performers']} values")
    if len(row["discards"]) != row["k"]:
        raise DataError(f"{where}: discards: expected {row['k']} reasons, got {len(row['discards'])}")
    return _check_spec(row, where)


def _check_spec(row: Mapping[str, Any], where: str) -> PairSpec:
    try:
        spec = fields.from_plain(PairSpec, json.loads(row["spec"]))
        stated = spec_columns(spec)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: spec: not JSON ({error})") from None
    except InputError as error:
        raise DataError(f"{where}: spec: {error}") from None
    for name, value in stated.items():
        if row[name] != value:
            raise DataError(f"{where}: {name}: the spec gives {_show(value)}, the row {_show(row[name])}")
    return spec


def _check_value(type_: pa.DataType, value: Any, where: str, longest: int) -> None:
    if pa.types.is_list(type_):
        if not isinstance(value, list) or len(value) > 4096:
            raise DataError(f"{where}: expected a list, got {_show(value)}")
        for i, item in enumerate(value):
            _check_value(type_.value_type, item, f"{where}[{i}]", longest)
        return
    if pa.types.is_struct(type_):
        if not isinstance(value, dict) or value.keys() != {field.name for field in type_}:
            raise DataError(f"{where}: expected {', '.join(f.name for f in type_)}, got {_show(value)}")
        for field in type_:
            _check_value(field.type, value[field.name], f"{where}.{field.name}", longest)
        return
    if pa.types.is_string(type_):
        fits = isinstance(value, str) and len(value) <= longest and value.isprintable()
    elif pa.types.is_boolean(type_):
        fits = isinstance(value, bool)
    elif pa.types.is_integer(type_):
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = whole and -(2 ** (type_.bit_width - 1)) <= value < 2 ** (type_.bit_width - 1)
    else:
        fits = isinstance(value, float) and math.isfinite(value)
    if not fits:
        raise DataError(f"{where}: expected {type_} (finite, short, printable), got {_show(value)}")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def document() -> str:
    """The text of `docs/schema.md`."""
    from motionpair import annotations, manifest, masks

    def type_name(type_: pa.DataType) -> str:
        if pa.types.is_list(type_):
            return f"list of {type_name(type_.value_type)}"
        return "struct of " + ", ".join(f.name for f in type_) if pa.types.is_struct(type_) else str(type_)

    lines = [
        "# Schema of a dataset",
        "",
        f"Schema version {SCHEMA_VERSION}. Written by `python -m motionpair.schema`;",
        "a test holds that it is current.",
        "",
        manifest.document(),
        "",
        "## Columns of a pair",
        "",
        "In `shards/*.parquet` and `metadata.parquet` alike. No column holds nulls.",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{n}` | {type_name(c.type)} | {c.unit} | {c.meaning} |" for n, c in COLUMNS.items()]
    lines += [
        "",
        "## Blobs",
        "",
        "In a shard each is a `binary` column. In `metadata.parquet` the column of the same name says where",
        "the bytes lie: `{shard, offset, length, sha256}`: `length` bytes of file `shard` from `offset`,",
        "no Parquet reader needed.",
        "",
        "| column | staging file | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | `{file}` | {BLOB_MEANINGS[name]} |" for name, file in BLOBS.items()]
    return "\n".join([*lines, "", masks.document(), "", annotations.document()]) + "\n"


if __name__ == "__main__":
    print(document(), end="")
