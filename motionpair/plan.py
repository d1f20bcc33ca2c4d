"""Plans: a row a pair, made before anything is rendered, in one Parquet file.

The file's metadata carries the recipe, the seed and the versions, so a plan needs nothing beside it: any
candidate of any slot follows from it. The same plan gives the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from motionpair import durable, fields
from motionpair.cast import members
from motionpair.errors import DataError, InputError, MachineError
from motionpair.recipe import Recipe
from motionpair.specs import SPEC_VERSION, Character, PairSpec

PLAN_VERSION = 1
"""Version of the plan file's columns and metadata."""

MAX_PLAN_BYTES = 4 << 30
_METADATA = b"motionpair.plan"
_ROW_GROUP = 512

_FEW_VALUES = ("stratum", "mode", "split", "driving_preset", "target_preset", "driving_style", "target_style")
_NAMES = pa.list_(pa.field("element", pa.string(), nullable=False))

PLAN_SCHEMA = pa.schema(
    [
        pa.field(name, type_, nullable=False)
        for name, type_ in (
            ("slot", pa.int32()),
            ("pair_id", pa.string()),
            ("stratum", pa.string()),
            ("mode", pa.string()),
            ("split", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("frames", pa.int32()),
            ("fps", pa.int32()),
            ("driving_preset", pa.string()),
            ("target_preset", pa.string()),
            ("driving_style", pa.string()),
            ("target_style", pa.string()),
            ("driving_characters", _NAMES),
            ("target_characters", _NAMES),
            ("motion_ids", _NAMES),
            ("spec", pa.string()),
            ("spec_hash", pa.string()),
        )
    ]
)
"""Columns of a plan: `spec` is candidate 0's canonical JSON, `spec_hash` its sha256 in hex."""


@dataclass(frozen=True)
class Plan:
    """A recipe, a seed and a row a slot (`PLAN_SCHEMA`), slots 0 to len − 1 in order."""

    recipe: Recipe
    seed: int
    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def hash(self) -> str:
        """sha256, in hex, over the recipe, the seed and every spec's hash: equal plans, equal datasets."""
        digest = hashlib.sha256(f"{PLAN_VERSION} {self.recipe.hash} {self.seed}\n".encode())
        for text in self.table.column("spec_hash").to_pylist():
            digest.update(text.encode())
        return digest.hexdigest()

    def spec(self, slot: int) -> PairSpec:
        """Candidate 0 of a slot, as the plan holds it.

        Raises:
            InputError: no such slot. DataError: the row does not agree with its hash.
        """
        if not 0 <= slot < len(self):
            raise InputError(f"slot: expected 0 to {len(self) - 1}, got {slot}")
        return _spec_of(self.table, slot, slot)

    def pair_id(self, slot: int) -> str:
        """The name of a slot's pair."""
        return str(self.table.column("pair_id")[slot].as_py())

    def characters(self) -> tuple[Character, ...]:
        """Every cast member that a candidate of a slot may show: what has to be baked at most.

        A short plan's candidates are gone through; a long one may show the whole cast.
        """
        from motionpair.planning import planner

        everyone = members(self.recipe, self.seed)
        tries = self.recipe.limits.candidates
        if len(self) * tries > 20 * len(everyone):
            return tuple(m.character for m in everyone)
        plans = planner(self.recipe, self.seed)
        shown = {
            performer.character.character_id
            for slot in range(len(self))
            for k in range(tries)
            for spec in (plans.candidate(slot, k),)
            for clip in (spec.driving, spec.target)
            for performer in clip.performers
        }
        return tuple(m.character for m in everyone if m.character.character_id in shown)


def plan_of(recipe: Recipe, seed: int, rows: Iterable[tuple[PairSpec, str, str]]) -> Plan:
    """A plan of specs in slot order, each with its canonical JSON and the hash of that."""
    batches: list[pa.RecordBatch] = []
    columns: dict[str, list[Any]] = {name: [] for name in PLAN_SCHEMA.names}

    def close_batch() -> None:
        arrays = [pa.array(columns[f.name], f.type) for f in PLAN_SCHEMA]
        batches.append(pa.RecordBatch.from_arrays(arrays, schema=PLAN_SCHEMA))
        for values in columns.values():
            values.clear()

    for spec, text, digest in rows:
        for name, value in (_row(spec) | {"spec": text, "spec_hash": digest}).items():
            columns[name].append(value)
        if len(columns["slot"]) == _ROW_GROUP:
            close_batch()
    close_batch()
    return Plan(recipe, seed, pa.Table.from_batches(batches, PLAN_SCHEMA))


def write_plan(plan: Plan, path: str | Path) -> None:
    """Write a plan, whole or not at all; equal plans give equal bytes.

    Raises:
        InputError: the path cannot be written. MachineError: the disk is full.
    """
    from motionpair import __version__

    path = Path(path)
    about = {
        "version": PLAN_VERSION,
        "spec_version": SPEC_VERSION,
        "motionpair": __version__,
        "seed": plan.seed,
        "recipe": json.loads(plan.recipe.json),
    }
    try:
        with durable.replacing(path) as temporary:
            pq.write_table(
                plan.table.replace_schema_metadata({_METADATA: fields.canonical_json(about).encode()}),
                temporary,
                row_group_size=_ROW_GROUP,
                compression="zstd",
                use_dictionary=list(_FEW_VALUES),
                write_statistics=["slot"],
                write_page_checksum=True,
                store_schema=True,
            )
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineError(f"{path}: {reason}") from None
        raise InputError(f"{path}: cannot be written: {reason}") from None


def read_plan(path: str | Path) -> Plan:
    """A plan file, whole.

    Raises:
        InputError: no such file. DataError: not a plan, of another version, or damaged.
    """
    with PlanFile(path) as file:
        return Plan(file.recipe, file.seed, file.table())


class PlanFile:
    """A plan file that is read a few rows at a time: what a render worker holds instead of a Plan."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._group: tuple[int, pa.Table] | None = None
        try:
            size = self.path.stat().st_size
            if size > MAX_PLAN_BYTES:
                raise DataError(f"{path}: {size} bytes; a plan has at most {MAX_PLAN_BYTES}")
            self._file = pq.ParquetFile(self.path, page_checksum_verification=True)
        except FileNotFoundError:
            raise InputError(f"{path}: no such file; expected a plan made by `motionpair plan`") from None
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(f"{path}: not a plan file: {_one_line(error)}") from None
        self.recipe, self.seed = self._about()

    def __enter__(self) -> PlanFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def spec(self, slot: int) -> PairSpec:
        """Candidate 0 of a slot; see Plan.spec."""
        if not 0 <= slot < len(self):
            raise InputError(f"slot: expected 0 to {len(self) - 1}, got {slot}")
        number = slot // _ROW_GROUP
        if self._group is None or self._group[0] != number:
            self._group = (number, self._read(lambda: self._file.read_row_group(number)))
        return _spec_of(self._group[1], slot - number * _ROW_GROUP, slot)

    def table(self) -> pa.Table:
        """Every row."""
        table = self._read(self._file.read)
        if table.column("slot").to_pylist() != list(range(len(table))):
            raise DataError(f"{self.path}: slots are not 0 to {len(table) - 1} in order")
        return table

    def _read(self, read: Any) -> pa.Table:
        try:
            table = read()
            table.validate(full=True)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(f"{self.path}: damaged: {_one_line(error)}") from None
        return table.replace_schema_metadata(None)

    def _about(self) -> tuple[Recipe, int]:
        schema = self._file.schema_arrow
        try:
            about = json.loads((schema.metadata or {})[_METADATA])
            version, spec_version, seed = about["version"], about["spec_version"], about["seed"]
            recipe_data = about["recipe"]
        except (KeyError, ValueError, TypeError):
            raise DataError(
                f"{self.path}: not a plan file: its metadata hold no {_METADATA.decode()}"
            ) from None
        if (version, spec_version) != (PLAN_VERSION, SPEC_VERSION):
            raise DataError(
                f"{self.path}: a plan of version {version} with specs of version {spec_version}; this "
                f"release reads version {PLAN_VERSION} with specs of version {SPEC_VERSION}; plan its "
                "recipe anew"
            )
        if not schema.equals(PLAN_SCHEMA):
            raise DataError(f"{self.path}: not a plan file: its columns are not a plan's")
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise DataError(f"{self.path}: seed: expected 0 to {2**63 - 1}, got {seed!r}")
        try:
            recipe = fields.from_plain(Recipe, recipe_data)
        except InputError as error:
            raise DataError(f"{self.path}: its recipe: {error}") from None
        if len(self) > recipe.pairs:
            raise DataError(f"{self.path}: {len(self)} slots, its recipe has {recipe.pairs} pairs")
        footer = self._file.metadata
        sizes = [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]
        if any(size != _ROW_GROUP for size in sizes[:-1]) or (sizes and sizes[-1] > _ROW_GROUP):
            raise DataError(f"{self.path}: not a plan file: its row groups are not of {_ROW_GROUP} rows")
        return recipe, seed


def _row(spec: PairSpec) -> dict[str, Any]:
    driving, target = spec.driving, spec.target
    return {
        "slot": spec.slot,
        "pair_id": spec.pair_id,
        "stratum": spec.stratum,
        "mode": spec.mode,
        "split": spec.split,
        "width": spec.width,
        "height": spec.height,
        "frames": spec.frames,
        "fps": spec.fps,
        "driving_preset": driving.render.preset,
        "target_preset": target.render.preset,
        "driving_style": driving.render.style,
        "target_style": target.render.style,
        "driving_characters": [p.character.character_id for p in driving.performers],
        "target_characters": [p.character.character_id for p in target.performers],
        "motion_ids": [p.motion.motion_id for p in target.performers],
    }


def _spec_of(table: pa.Table, row: int, slot: int) -> PairSpec:
    text = table.column("spec")[row].as_py()
    if hashlib.sha256(text.encode()).hexdigest() != table.column("spec_hash")[row].as_py():
        raise DataError(f"plan: slot {slot}: its spec does not agree with its spec_hash")
    spec = fields.from_plain(PairSpec, json.loads(text))
    if spec.slot != slot:
        raise DataError(f"plan: slot {slot}: holds the spec of slot {spec.slot}")
    return spec


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
