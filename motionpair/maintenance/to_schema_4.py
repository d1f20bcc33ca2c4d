"""From schema 3 to 4: pairs get the columns and blobs of a rejected clip, which none of them has.

Specs of version 3 hold all that those of version 4 do but `rejected`, recipes all but `preferences` and the
limits of preference items. So a spec is lifted by what it says itself, and its hash is anew. That planning
still gives it is proven, not supposed: the lifted recipe is planned again; another spec ends the migration.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from motionpair import fields
from motionpair.errors import DataError, InputError
from motionpair.plan import Plan, write_plan
from motionpair.planning import make_plan
from motionpair.recipe import Recipe, recipe_from_json

Plain = dict[str, Any]

FIGURES = (
    "hand_cells_share", "fingertip_mm", "fingertip_px", "fingertip_most_mm", "gap_share", "body_mm",
    "hands_difference", "elsewhere_difference",
)  # fmt: skip
BLOBS = ("rejected", "rejected_mask")
LIMITS = {
    "hand_cells_share": 0.7,
    "gap_fingertip_mm": 15.0,
    "gap_fingertip_px": 6.0,
    "gap_body_mm": 5.0,
    "gap_difference": 0.02,
    "gap_elsewhere": 0.01,
}
"""Limits of preference items, which no pair of schema 3 is held against."""


def row(old: Plain) -> Plain:
    """A row with its spec lifted, and without a rejected clip."""
    old["spec"] = _lifted_spec(old["spec"])
    old["spec_hash"] = _digest(old["spec"])
    old |= {"rejected_rounds": 0, "rejected_causes": [], "rejected_region": "none"}
    return old | {f"rejected_{name}": 0.0 for name in FIGURES}


def blobs(row: Plain, of: dict[str, bytes]) -> dict[str, bytes]:
    """The blobs, and empty ones."""
    return of | dict.fromkeys(BLOBS, b"")


def manifest(old: Plain) -> Plain:
    """The manifest with lifted recipes, and their hashes and plans'."""
    try:
        return {
            **old,
            **_facts(old, old["counts"]["slots"] - sum(f["slots"] for f in old.get("further", ()))),
            **({"further": [f | _facts(f, f["slots"]) for f in old["further"]]} if "further" in old else {}),
        }
    except (KeyError, TypeError) as error:
        raise DataError(f"manifest.json: not of schema 3: {type(error).__name__}: {error}") from None


def plan(data: bytes) -> bytes:
    """A plan file with lifted recipe and specs.

    Raises:
        DataError: not a plan of version 3, or one that the lifted recipe does not give any more.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.parquet"
        path.write_bytes(data)
        try:
            table = pq.read_table(path, partitioning=None)
            about = json.loads(table.schema.metadata[b"motionpair.plan"])
            made = _replanned(_lifted_recipe(about["recipe"]).json, about["seed"], len(table))
            stated = [_lifted_spec(text) for text in table["spec"].to_pylist()]
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"plan.parquet: not a plan of schema 3: {type(error).__name__}: {error}"
            ) from None
        for slot, (one, other) in enumerate(zip(stated, made.table["spec"].to_pylist(), strict=True)):
            if one != other:
                raise DataError(
                    f"plan.parquet: slot {slot}: this release plans another pair from the same recipe and "
                    "seed, so that its spec could not be proven; read the dataset with the motionpair that "
                    "made it"
                )
        write_plan(made, path)
        return path.read_bytes()


def _facts(old: Mapping[str, Any], slots: int) -> Plain:
    recipe = _lifted_recipe(old["recipe"])
    return {
        "recipe": fields.to_plain(recipe),
        "recipe_hash": recipe.hash,
        "plan_hash": _replanned(recipe.json, old["seed"], slots).hash,
    }


@lru_cache(maxsize=1)
def _replanned(recipe_json: str, seed: int, slots: int) -> Plan:
    return make_plan(recipe_from_json(recipe_json), seed, slots)


def _lifted_recipe(old: Mapping[str, Any]) -> Recipe:
    lifted = {**old, "version": 4, "limits": {**old["limits"], **LIMITS}, "preferences": None}
    try:
        return fields.from_plain(Recipe, lifted)
    except InputError as error:
        raise DataError(f"recipe of schema 3: {error}") from None


def _lifted_spec(text: str) -> str:
    spec = json.loads(text)
    return fields.canonical_json({**spec, "version": 4, "rejected": None})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
