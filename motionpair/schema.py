"""What a row of the dataset holds: every column with its type, unit and meaning.

One table (`motionpair.columns`) is the single source: the shards and `metadata.parquet` are written with
its types, `check_row` holds rows against it, and `python -m motionpair.schema` prints it as `docs/schema.md`.
A row holds nothing that may differ between two runs of one plan: no time, host, path or attempt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from motionpair import catalog, fields
from motionpair.columns import COLUMNS, LONGEST, PER_PERFORMER, RANGES, Column
from motionpair.errors import DataError, InputError
from motionpair.forms import Form
from motionpair.specs import Character, ClipSpec, PairSpec

SCHEMA_VERSION = 4
"""Version of the columns, blobs and files of a dataset."""

BLOBS = {
    "driving": "driving.mp4",
    "driving_mask": "driving_mask.mp4",
    "target": "target.mp4",
    "target_mask": "target_mask.mp4",
    "rejected": "rejected.mp4",
    "rejected_mask": "rejected_mask.mp4",
    "reference": "reference.jpg",
    "reference_mask": "reference_mask.png",
    "reference_back": "reference_back.jpg",
    "reference_back_mask": "reference_back_mask.png",
    "reference_face": "reference_face.jpg",
    "reference_face_mask": "reference_face_mask.png",
    "annotations": "annotations.bin",
}
"""Media columns of a shard, with the file that each is in the staging folder of a pair."""

GAP_FIGURES = tuple(n for n, c in COLUMNS.items() if n.startswith("rejected_") and c.type == pa.float64())
"""Columns that tell how a rejected clip differs from the target; 0 in pairs without one."""
OF_REJECTED = ("rejected", "rejected_mask")
OPTIONAL_BLOBS = (
    *OF_REJECTED,
    "reference_back",
    "reference_back_mask",
    "reference_face",
    "reference_face_mask",
)
"""Blobs that some pairs lack: there they have no bytes. `reference_X` and its mask are there where the row's
`extra_references` names X; the rejected clip and its mask where `rejected_rounds` is above 0."""

BLOB_MEANINGS = {
    "driving": "Driving clip: H.264 in MP4, yuv420p, BT.709 limited range.",
    "driving_mask": "Labels of the driving clip, a video of luma levels (below). Exact.",
    "target": "Target clip: what a model must produce. H.264 in MP4, as `driving`.",
    "target_mask": "Labels of the target clip, for evaluation; never a training input. Exact.",
    "rejected": "Of a preference item, the target with hands as weak estimators leave them: H.264 in MP4, as "
    "`target`; empty in other pairs.",
    "rejected_mask": "Labels of the rejected clip, as `target_mask`; empty likewise.",
    "reference": "Reference image: JPEG, quality 95, 4:4:4; characters on black in replacement mode.",
    "reference_mask": "Labels of the reference image: PNG with a palette; the pixel value is the label.",
    "reference_back": "The target's characters from behind, as `reference`; empty where the pair has none.",
    "reference_back_mask": "Labels of `reference_back`, as `reference_mask`; empty likewise.",
    "reference_face": "A close-up of one character's face, as `reference`; empty where the pair has none.",
    "reference_face_mask": "Labels of `reference_face`, as `reference_mask`; empty likewise.",
    "annotations": "Per-frame joints, boxes, cameras and contacts (below): safetensors inside zstd.",
}


def arrow_schema() -> pa.Schema:
    """The columns of a row without blobs, none nullable."""
    return PAIRS.row_schema()


def shard_schema() -> pa.Schema:
    """The columns of a shard: those of a row, then one binary column a blob."""
    return PAIRS.shard_schema()


def metadata_schema() -> pa.Schema:
    """The columns of `metadata.parquet`: those of a row, then one `BLOB_REF_TYPE` a blob."""
    return PAIRS.metadata_schema()


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
    families = sorted({phrase.family for p in target.performers for phrase in p.motion.phrases})
    columns: dict[str, Any] = {
        name: getattr(spec, name)
        for name in (
            "pair_id", "slot", "k", "stratum", "mode", "split", "spec_hash", "width", "height", "frames",
            "fps", "reverse_driven", "driving_kind", "continues", "formation",
        )
    }  # fmt: skip
    columns |= {
        "spec": spec.to_json(),
        "performers": len(slots),
        "slots": slots,
        "motion_ids": [p.motion.motion_id for p in target.performers],
        "motion_families": families,
        "props": sorted({prop for f in families for prop in catalog.MOTION_FAMILIES[f].props}),
        "rejected_rounds": spec.rejected.rounds if spec.rejected else 0,
        "rejected_causes": list(spec.rejected.causes) if spec.rejected else [],
        "rejected_region": spec.rejected.region if spec.rejected else "none",
        "reference_kind": spec.reference.kind,
        "reference_frame": spec.reference.frame,
        "extra_references": sorted(extra.kind for extra in spec.extra_references),
        "augmentation_window": list(spec.augmentation.window),
        "augmentation_skeleton": [
            f"{part}:{by:g}" for part, by in sorted(spec.augmentation.skeleton.items())
        ],
    }
    return columns | _clip_columns("driving", driving) | _clip_columns("target", target)


def _clip_columns(side: str, clip: ClipSpec) -> dict[str, Any]:
    columns = {
        "estimator": clip.estimator.name,
        "characters": [p.character.character_id for p in clip.performers],
        "looks": [p.character.look for p in clip.performers],
        "garments": [_worn(p.character) for p in clip.performers],
        "hair": [f"{p.character.hair.style}:{p.character.hair.beard}" for p in clip.performers],
        "environment": clip.environment.kind,
        "hdri": clip.environment.hdri,
        "camera": clip.camera.kind,
        "framing": clip.camera.framing,
        "engine": clip.render.engine,
        "preset": clip.render.preset,
        "samples": clip.render.samples,
    }
    return {f"{side}_{name}": value for name, value in columns.items()}


def _worn(character: Character) -> str:
    return " ".join(f"{g.kind}:{g.fabric}" for g in character.garments)


def check_row(row: Mapping[str, Any]) -> PairSpec:
    """Hold a row (every column, no blobs) against the schema and against its own spec.

    Returns:
        The row's spec.

    Raises:
        DataError: a missing or unknown column, a value of another type or out of its range, a spec that
            does not round-trip, has another hash or disagrees with a column. Names the column.
    """
    where = f"pair {row.get('pair_id', '?')!r}"
    check_columns(row, COLUMNS, where)
    for name in PER_PERFORMER:
        if len(row[name]) != row["performers"]:
            raise DataError(f"{where}: {name}: expected {row['performers']} values, got {len(row[name])}")
    if len(row["character_hashes"]) != 2 * row["performers"]:
        raise DataError(f"{where}: character_hashes: expected {2 * row['performers']} values")
    if not row["assets"]:
        raise DataError(f"{where}: assets: expected at least one, got none")
    if len(row["discards"]) != row["k"]:
        raise DataError(f"{where}: discards: expected {row['k']} reasons, got {len(row['discards'])}")
    return _check_spec(row, where)


def check_columns(row: Mapping[str, Any], columns: Mapping[str, Column], where: str) -> None:
    """Hold that a row has these columns and no others, each of its type and in its range.

    Raises:
        DataError: it has not; names the column.
    """
    if missing := columns.keys() - row.keys():
        raise DataError(f"{where}: column {min(missing)} is missing")
    if unknown := row.keys() - columns.keys():
        raise DataError(f"{where}: unknown column {min(unknown)}")
    for name, column in columns.items():
        _check_value(column.type, row[name], f"{where}: {name}", LONGEST.get(name, 256))
        low, high = RANGES.get(name, (-math.inf, math.inf))
        if isinstance(row[name], (int, float)) and not low <= row[name] <= high:
            raise DataError(f"{where}: {name}: expected {low:g} to {high:g}, got {row[name]}")


def lacks(row: Mapping[str, Any], column: str) -> bool:
    """Whether a blob has no bytes in this row: of a reference or a rejected clip that the pair has not."""
    if column in OF_REJECTED:
        return not row["rejected_rounds"]
    kind = column.removeprefix("reference_").removesuffix("_mask")
    return column in OPTIONAL_BLOBS and kind not in row["extra_references"]


def check_blob_sizes(row: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    """Hold that a pair has bytes for exactly those blobs that its row says it has.

    Args:
        row: a row of the dataset.
        sizes: bytes by blob column.

    Raises:
        DataError: a blob is empty that must not be, or has bytes where the pair has no such reference or
            no rejected clip.
    """
    for column in BLOBS:
        if (sizes[column] == 0) != lacks(row, column):
            expected = "no bytes" if lacks(row, column) else "at least 1 byte"
            raise DataError(
                f"pair {row['pair_id']}: {column}: expected {expected} "
                f"(extra_references: {', '.join(row['extra_references']) or 'none'}; rejected_rounds: "
                f"{row['rejected_rounds']}), got {sizes[column]}"
            )


PAIRS = Form("pairs", SCHEMA_VERSION, COLUMNS, BLOBS, check_row, check_blob_sizes)
"""The form of a dataset's folder."""


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
        fits = isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
    elif pa.types.is_boolean(type_):
        fits = isinstance(value, bool)
    elif pa.types.is_integer(type_):
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = whole and -(2 ** (type_.bit_width - 1)) <= value < 2 ** (type_.bit_width - 1)
    else:
        fits = isinstance(value, float) and math.isfinite(value)
    if not fits:
        raise DataError(
            f"{where}: expected {type_} (finite, printable, short, not empty), got {_show(value)}"
        )


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
