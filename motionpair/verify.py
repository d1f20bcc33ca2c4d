"""`verify`: prove that a dataset is whole, unchanged and what it says it is.

Checked are: every file against the manifest, and no file unknown; slots = rows + quarantine, none lost or
doubled; the plan against its recipe and seed; every row against the schema, its own spec and the plan;
its figures and discards against the recipe's limits; metadata against shards, byte offsets and checksums;
every blob decoded, its size, frames, labels and light; what the mode and the driving demand of environment,
camera, estimators, masks and references; boxes; and that no identity or motion is in two splits.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from motionpair import fields, manifest, schema, shards
from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError
from motionpair.location import is_safe_name, open_location
from motionpair.pair_checks import Finding, check_limits, check_media, check_spec, discard_fault
from motionpair.plan import Plan, read_plan
from motionpair.planning import candidate, make_plan

__all__ = ["Finding", "verify"]

Progress = Callable[[int, int], None]


def verify(out: str | Path, progress: Progress | None = None) -> list[Finding]:
    """Everything that is wrong with a dataset; an empty list where nothing is.

    A file with another checksum than the manifest's is reported and not looked into any further.

    Args:
        out: the dataset's folder or URI.
        progress: called with (pairs done, pairs).

    Raises:
        InputError: `out` is not a folder or URI. A damaged dataset raises nothing: it is findings.
    """
    open_location(out)
    try:
        dataset = Dataset(out)
    except DataError as error:
        return [Finding("manifest", manifest.MANIFEST, str(error))]
    findings = list(_check_files(dataset))
    damaged = {finding.where for finding in findings}
    if manifest.METADATA in damaged:
        return findings
    try:
        rows = len(dataset)
    except DataError as error:
        return [*findings, Finding("metadata", manifest.METADATA, str(error))]
    plan, faults = _opened_plan(dataset, damaged)
    findings += faults
    findings += _check_sums(dataset, plan, damaged)
    findings += _check_splits(dataset)
    for name in sorted(n for n in dataset.manifest.files if n.startswith("shards/") and n not in damaged):
        findings += _check_shard(dataset, name)
    for done, row in enumerate(dataset.rows(), 1):
        findings += _check_pair(dataset, row, plan, damaged)
        if progress is not None:
            progress(done, rows)
    return findings


def _check_files(dataset: Dataset) -> Iterator[Finding]:
    """Every file against the manifest, none missing, none unknown."""
    listed = dataset.manifest.files
    present = set(dataset.location.names()) - {manifest.MANIFEST, manifest.CHECKSUM}
    for name in (manifest.PLAN, manifest.METADATA, manifest.QUARANTINE):
        if name not in listed:
            yield Finding("file", name, "the manifest does not list it")
    for name in sorted(present - listed.keys()):
        yield Finding("file", name if is_safe_name(name) else ascii(name)[:200], "unknown file")
    for name, entry in sorted(listed.items()):
        if name not in present:
            yield Finding("file", name, "missing")
            continue
        try:
            size, digest = dataset.location.hash(name)
        except DataError as error:
            yield Finding("file", name, str(error))
            continue
        if (size, digest) != (entry.bytes, entry.sha256):
            yield Finding("file", name, f"damaged: expected {entry.bytes} bytes, sha256 {entry.sha256}")


def _opened_plan(dataset: Dataset, damaged: set[str]) -> tuple[Plan | None, list[Finding]]:
    """The plan, if it can be read, and where it differs from the manifest."""
    if manifest.PLAN in damaged:
        return None, []
    try:
        with tempfile.TemporaryDirectory() as folder:  # the plan may lie in a bucket
            copy = Path(folder) / manifest.PLAN
            copy.write_bytes(dataset.location.read(manifest.PLAN))
            plan = read_plan(copy)
        replanned = make_plan(plan.recipe, plan.seed, len(plan))
    except InputError as error:
        return None, [Finding("plan", manifest.PLAN, str(error))]
    stated = dataset.manifest
    expected = {
        "plan_hash": (stated.plan_hash, plan.hash),
        "recipe_hash": (stated.recipe_hash, plan.recipe.hash),
        "recipe": (fields.canonical_json(stated.recipe), fields.canonical_json(plan.recipe)),
        "seed": (stated.seed, plan.seed),
        "counts.slots": (stated.counts.slots, len(plan)),
    }
    findings = [
        Finding("plan", manifest.MANIFEST, f"{name}: {manifest.PLAN} has another")
        for name, (one, other) in expected.items()
        if one != other
    ]
    if not replanned.table.equals(plan.table):
        findings.append(Finding("plan", manifest.PLAN, "is not what its recipe and seed give"))
    return plan, findings


def _check_sums(dataset: Dataset, plan: Plan | None, damaged: set[str]) -> Iterator[Finding]:
    """What the manifest sums up, and slots = rows + quarantine."""
    stated = dataset.manifest
    if stated.bake_hash != fields.content_hash(stated.characters):
        yield Finding("manifest", manifest.MANIFEST, "bake_hash: not the hash of `characters`")
    if manifest.QUARANTINE in damaged:
        return
    try:
        quarantined = manifest.read_quarantine(dataset.location)
    except DataError as error:
        yield Finding("quarantine", manifest.QUARANTINE, str(error))
        return
    for name, value in manifest.summary(dataset.table, quarantined, stated.counts.slots).items():
        if getattr(stated, name) != value:
            message = f"{name}: the rows and the quarantine give {fields.to_plain(value)}"
            yield Finding("manifest", manifest.MANIFEST, message)
    taken = Counter(dataset.table["slot"].to_pylist() + [entry.slot for entry in quarantined])
    for slot in sorted(slot for slot, times in taken.items() if times > 1):
        yield Finding("slots", f"slot {slot}", "is there more than once (rows and quarantine)")
    if plan is not None:
        for entry in quarantined:
            if len(entry.discards) not in (0, plan.recipe.limits.candidates):
                message = f"discards: expected {plan.recipe.limits.candidates}, a candidate each, or none"
                yield Finding("quarantine", f"slot {entry.slot}", f"{message}; got {len(entry.discards)}")
            for k, d in enumerate(entry.discards):
                if fault := discard_fault(d.reason, d.figure, d.limit, plan.recipe.limits):
                    yield Finding("quarantine", f"slot {entry.slot}", f"discards[{k}].{fault}")
            if 0 <= entry.slot < len(plan) and entry.pair_id != plan.pair_id(entry.slot):
                message = f"pair_id: the plan has {plan.pair_id(entry.slot)}, got {entry.pair_id}"
                yield Finding("quarantine", f"slot {entry.slot}", message)
        for slot in sorted(set(range(len(plan))) - taken.keys()):
            yield Finding("slots", f"slot {slot}", "is lost: neither a row nor in quarantine")
        for slot in sorted(taken.keys() - set(range(len(plan)))):
            yield Finding("slots", f"slot {slot}", f"is not in the plan of {len(plan)} slots")
    pair_ids = Counter(dataset.table["pair_id"].to_pylist())
    for pair_id in sorted(name for name, times in pair_ids.items() if times > 1):
        yield Finding("slots", f"pair {pair_id}", "is the name of more than one pair")


def _check_splits(dataset: Dataset) -> Iterator[Finding]:
    """No identity or motion in two splits."""
    kinds = {
        "identity": ("driving_characters", "target_characters"),
        "motion": ("motion_ids",),
    }
    splits = dataset.table["split"].to_pylist()
    for kind, columns in kinds.items():
        found: dict[str, set[str]] = defaultdict(set)
        for column in columns:
            for split, names in zip(splits, dataset.table[column].to_pylist(), strict=True):
                for name in names:
                    found[name].add(split)
        for name, where in sorted(found.items()):
            if len(where) > 1:
                yield Finding("split", f"{kind} {name}", f"is in {' and '.join(sorted(where))}")


def _check_shard(dataset: Dataset, name: str) -> Iterator[Finding]:
    """A shard's rows and byte offsets against the metadata."""
    try:
        with dataset.location.open(name) as source:
            rows = shards.row_table(source).to_pylist()
        with dataset.location.open(name) as source:
            places = shards.blob_table(source)
    except DataError as error:
        yield Finding("shard", name, str(error))
        return
    listed = dataset.rows_of_shard(name)
    if [row["slot"] for row in rows] != [row["slot"] for row in listed]:
        message = f"{manifest.METADATA} lists other pairs of it"
        yield Finding("shard", name, message)
        return
    for row, of, expected in zip(rows, places, listed, strict=True):
        for column in schema.COLUMNS:
            if row[column] != expected[column]:
                message = f"{column} differs between {name} and {manifest.METADATA}"
                yield Finding("metadata", f"pair {expected['pair_id']}", message)
        for column, place in of.items():
            stated = expected[column]
            if (stated["shard"], stated["offset"], stated["length"]) != (name, place.offset, place.length):
                message = f"{column}: {manifest.METADATA} states another place than {name}'s footer"
                yield Finding("metadata", f"pair {expected['pair_id']}", message)


def _check_pair(
    dataset: Dataset, row: dict[str, Any], plan: Plan | None, damaged: set[str]
) -> Iterator[Finding]:
    """A pair's row, its place in the plan, and its media."""
    where = f"pair {row['pair_id']}"
    faults = list(check_spec(row))
    yield from faults
    if plan is not None and 0 <= row["slot"] < len(plan):
        yield from _check_candidate(row, plan)
        if not faults:
            yield from check_limits(row, plan.recipe.limits)
    baked = [dataset.manifest.characters.get(c) for c in row["driving_characters"] + row["target_characters"]]
    if row["character_hashes"] != baked:
        yield Finding("row", where, "character_hashes: the manifest's `characters` have others")
    blobs: dict[str, bytes] = {}
    for column in schema.BLOBS:
        if row[column]["shard"] in damaged and not dataset.location.exists(row[column]["shard"]):
            continue  # reported as missing
        try:
            blobs[column] = dataset.blob(row, column)
        except DataError as error:
            yield Finding("blob", f"{where}: {column}", str(error))
    if not faults and len(blobs) == len(schema.BLOBS):
        try:
            schema.check_blob_sizes(row, {column: len(data) for column, data in blobs.items()})
        except DataError as error:
            yield Finding("blob", where, str(error))
            return
        yield from check_media(row, blobs)


def _check_candidate(row: dict[str, Any], plan: Plan) -> Iterator[Finding]:
    """The row's spec is the candidate of its slot that it says it is."""
    where, slot, k = f"pair {row['pair_id']}", row["slot"], row["k"]
    if not 0 <= k < plan.recipe.limits.candidates:
        yield Finding("plan", where, f"k: expected 0 to {plan.recipe.limits.candidates - 1}, got {k}")
        return
    try:
        planned = plan.spec(slot) if k == 0 else candidate(plan.recipe, plan.seed, slot, k)
    except InputError as error:
        yield Finding("plan", manifest.PLAN, str(error))
        return
    if planned.spec_hash != row["spec_hash"]:
        yield Finding("plan", where, f"its spec is not candidate {k} of slot {slot} of the plan")
