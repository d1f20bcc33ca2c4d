"""Which generation a pair is of, where a dataset was merged of several: each has a plan of its own.

Slots are numbered within a plan, and names of characters and motions mean something within a plan alone, so
two plans may have a slot 3, a character c00012 and a motion m000003k0p0 each. Names of pairs are those of one
plan: `merge` holds that, and `verify` proves it.
"""

from __future__ import annotations

import pyarrow.parquet as pq

from motionpair import shards
from motionpair.errors import DataError
from motionpair.location import Location
from motionpair.manifest import Manifest, plan_name


def planned_names(location: Location, manifest: Manifest) -> dict[str, int]:
    """The generation of every pair that a plan of the dataset names, by pair_id.

    Raises:
        DataError: a plan is missing or damaged, or two plans name one pair.
    """
    found: dict[str, int] = {}
    for generation in range(len(manifest.generations)):
        for name in plan_column(location, plan_name(generation), "pair_id"):
            if found.setdefault(name, generation) != generation:
                raise DataError(
                    f"{location.text}/{plan_name(generation)}: pair {name} is also in "
                    f"{plan_name(found[name])}; expected plans without a name in common"
                )
    return found


def plan_column(location: Location, plan: str, column: str) -> list[str]:
    """A column of a plan (`plan.PLAN_SCHEMA`), in slot order.

    Raises:
        DataError: the plan is missing or damaged.
    """
    with location.open(plan) as source, shards.reading(f"{location.text}/{plan}"):
        file = pq.ParquetFile(source, page_checksum_verification=True)
        values: list[str] = file.read(columns=[column], use_threads=False)[column].to_pylist()
    return values


def planned_hash(location: Location, plan: str, slot: int) -> str:
    """The hash of the spec that a plan has in a slot: its candidate 0.

    Raises:
        DataError: the plan is missing or damaged, or has no such slot.
    """
    where = f"{location.text}/{plan}"
    with location.open(plan) as source, shards.reading(where):
        file = pq.ParquetFile(source, page_checksum_verification=True)
        first = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if first <= slot < first + rows:
                table = file.read_row_group(group, columns=["spec_hash"], use_threads=False)
                return str(table["spec_hash"][slot - first].as_py())
            first += rows
    raise DataError(f"{where}: has no slot {slot}")
