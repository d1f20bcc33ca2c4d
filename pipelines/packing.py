"""Packing: committed pairs become shards as soon as a shard's range of slots is complete.

A shard is a fixed range of plan slots, so what it holds depends on neither scheduling nor on other
shards. Order of the steps, so that a death between any two of them loses nothing:

    shard written under a temporary name, fsynced, renamed    (motionpair.shards)
    `pack` in the ledger
    staging folders deleted

After a death before the ledger's line the staged files are still there and are packed again, to the same
bytes. After one later, the next start deletes what is left of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from motionpair import shards
from motionpair.errors import DataError
from motionpair.forms import Form
from motionpair.schema import PAIRS
from pipelines.job import Record
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir, remove


class Packer:
    """Packs the slots of one plan. size: slots a shard; total: slots in all; form: what is staged."""

    def __init__(
        self, out: OutDir, ledger: Ledger, *, total: int, size: int, plan_hash: str, form: Form = PAIRS
    ) -> None:
        self._out = out
        self._ledger = ledger
        self._total = total
        self._size = size
        self._plan_hash = plan_hash
        self._form = form

    def recover(self) -> None:
        """Bring folder and ledger into step after whatever ended the last run.

        Committed pairs whose files are gone or cut short are released, to be made again; files that no
        ledger line stands for are deleted.

        Raises:
            DataError: there are shards, but the ledger has never heard of any pair.
        """
        for folder in (self._out.staging, self._out.shards):
            folder.mkdir(exist_ok=True)
        self._out.sweep()
        if any(self._out.shards.iterdir()) and not self._ledger.committed:
            raise DataError(
                f"{self._out.ledger}: knows no pair, but {self._out.shards} holds shards; restore it, or use "
                "another OUT"
            )
        for shard in sorted(self._ledger.packed):
            self._check_packed(shard)
        names = {shards.shard_name(shard) for shard in self._ledger.packed}
        for file in self._out.shards.iterdir():
            if f"{self._out.shards.name}/{file.name}" not in names:
                remove(file)
        packed = self._packed_slots()
        loose = [slot for slot in sorted(self._ledger.committed) if slot not in packed]
        lost = [slot for slot in loose if not self._is_staged(slot)]
        if lost:
            self._ledger.release(lost, "staged files are missing or cut short")
        keep = {self._out.staged(slot).name for slot in loose}.difference(
            self._out.staged(s).name for s in lost
        )
        for folder in self._out.staging.iterdir():
            if folder.name not in keep:
                remove(folder)

    def settled(self, slot: int) -> Iterable[int]:
        """Pack the shard of a slot that was just settled, if that was its last one.

        Returns:
            Slots whose staged files turned out to be damaged; they are released, to be made again.
        """
        return self.pack(slot // self._size)

    def pack_all(self) -> None:
        """Pack every shard that is complete; at a start, after `recover`."""
        for shard in range(self.count):
            self.pack(shard)

    @property
    def count(self) -> int:
        """Shards of the plan."""
        return -(-self._total // self._size)

    def pack(self, shard: int) -> list[int]:
        """Pack one shard if it is complete and holds anything new; see `settled`."""
        slots = range(shard * self._size, min((shard + 1) * self._size, self._total))
        if not all(self._ledger.is_settled(slot) for slot in slots):
            return []
        before = self._ledger.packed.get(shard)
        packed = before["slots"] if before else []
        new = [slot for slot in slots if slot in self._ledger.committed and slot not in packed]
        if before is not None and not new:
            return []
        if damaged := [slot for slot in new if not self._is_intact(slot)]:
            self._ledger.release(damaged, "staged files differ from their hashes")
            for slot in damaged:
                remove(self._out.staged(slot))
            return damaged
        path = self._out.root / shards.shard_name(shard)
        staged = [self._out.staged(slot) for slot in new]
        if packed:
            shards.extend_shard(path, staged, self._form)
        elif new:
            shards.write_shard(path, staged, {"plan": self._plan_hash}, self._form)
        self._note(shard, path, sorted([*packed, *new]))
        for folder in staged:
            remove(folder)
        return []

    def _note(self, shard: int, path: Path, slots: list[int]) -> None:
        facts: dict[str, object] = {"slots": slots}
        if slots:
            size, digest = _hash(path)
            facts |= {"file": shards.shard_name(shard), "bytes": size, "sha256": digest}
        self._ledger.pack(shard, facts)

    def _packed_slots(self) -> set[int]:
        return {slot for facts in self._ledger.packed.values() for slot in facts["slots"]}

    def _check_packed(self, shard: int) -> None:
        """Hold a shard's file against its ledger line.

        It may be ahead of the line: extended with retried pairs by a driver that died before it could write
        that down. Their staged files are still there then.
        """
        facts = self._ledger.packed[shard]
        if not facts["slots"]:
            return
        path = self._out.root / shards.shard_name(shard)
        if path.is_file() and path.stat().st_size == facts["bytes"]:
            return
        try:
            held = [int(row["slot"]) for row in shards.rows(path, self._form)]
        except DataError:
            held = []
        added = set(held) - set(facts["slots"])
        if set(facts["slots"]) <= set(held) and all(self._is_staged(slot) for slot in added):
            self._note(shard, path, held)
        else:
            self._ledger.lose(shard, "its file is missing or damaged")

    def _is_staged(self, slot: int) -> bool:
        record = self._ledger.committed.get(slot)
        if record is None:
            return False
        return all(
            path.is_file() and path.stat().st_size == facts["bytes"]
            for path, facts in self._files(slot, record)
        )

    def _is_intact(self, slot: int) -> bool:
        record = self._ledger.committed[slot]
        return all(
            path.is_file() and _hash(path) == (facts["bytes"], facts["sha256"])
            for path, facts in self._files(slot, record)
        )

    def _files(self, slot: int, record: Record) -> list[tuple[Path, Record]]:
        folder = self._out.staged(slot)
        return [(folder / name, facts) for name, facts in record["files"].items()]


def _hash(path: Path) -> tuple[int, str]:
    """Size in bytes and sha256, in hex, of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest
