"""The ledger: what has happened for good, one JSON line an event, written by the driver alone.

Every event is appended and fsynced before anything rests on it, so the file is the truth after any kind of
death. A line that a dying driver left half-written is cut off on the next open. Events:

    commit   item, and its record {slot, k, spec_hash, files: {name: {bytes, sha256}}, ...}
    fail     item, try, kind, error, message, details      the item itself raised
    retry    items                          quarantined items get their tries back
    release  items, reason                  committed files are gone: the items are undone again
    pack     shard, and its facts           a shard stands; its staged files may go
    lose     shard, reason                  a packed shard is gone; its items are undone again
    finish   facts                          the dataset is complete and its manifest written
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from motionpair import durable
from motionpair.errors import DataError
from pipelines.job import Fault, Record

TRIES = 2
"""Errors of its own after which an item is quarantined; one is enough where it is a verdict."""


class Ledger:
    """An append-only event log and what follows from it.

    committed: item → record. failures: item → its errors so far (with `TRIES` of them, or a verdict, it is
    quarantined).
    packed: shard → facts. finished: facts of the last `finish` that nothing came after.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.committed: dict[int, Record] = {}
        self.failures: dict[int, list[Fault]] = {}
        self.packed: dict[int, dict[str, Any]] = {}
        self.finished: dict[str, Any] | None = None
        data = path.read_bytes() if path.exists() else b""
        sound = self._replay(data)
        self._fd = -1
        if not read_only:
            self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
            if sound < len(data):
                os.ftruncate(self._fd, sound)
            os.fsync(self._fd)
            durable.sync_folder(path.parent)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def quarantined(self) -> dict[int, Fault]:
        """Items that failed by themselves as often as they may, with their last error."""
        return {item: faults[-1] for item, faults in self.failures.items() if _is_final(faults)}

    def is_quarantined(self, item: int) -> bool:
        """Whether an item has used up its tries."""
        return _is_final(self.failures.get(item, ()))

    def is_settled(self, item: int) -> bool:
        """Whether nothing more is to be done for an item: committed or quarantined."""
        return item in self.committed or self.is_quarantined(item)

    def commit(self, item: int, record: Record) -> None:
        """An item is done and its files stand."""
        self._append({"event": "commit", "item": item, "record": record})

    def fail(self, item: int, fault: Fault) -> None:
        """An item raised an error of its own, of kind `item` or `verdict`."""
        self._append(
            {
                "event": "fail",
                "item": item,
                "try": len(self.failures.get(item, ())) + 1,
                "kind": fault.kind,
                "error": fault.error,
                "message": fault.message,
                "details": dict(fault.details),
            }
        )

    def retry(self, items: Iterable[int]) -> None:
        """Quarantined items get their tries back."""
        self._append({"event": "retry", "items": sorted(items)})

    def release(self, items: Iterable[int], reason: str) -> None:
        """Committed items are undone again, because their files are missing or damaged."""
        self._append({"event": "release", "items": sorted(items), "reason": reason})

    def pack(self, shard: int, facts: dict[str, Any]) -> None:
        """A shard stands under its final name."""
        self._append({"event": "pack", "shard": shard, "facts": facts})

    def lose(self, shard: int, reason: str) -> None:
        """A shard's file is gone; its items are undone again."""
        self._append({"event": "lose", "shard": shard, "reason": reason})

    def finish(self, facts: dict[str, Any]) -> None:
        """All is packed and the manifest written."""
        self._append({"event": "finish", "facts": facts})

    def _append(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        written = 0
        while written < len(line):  # a full disk may take a part of the line and refuse the rest
            written += os.write(self._fd, line[written:])
        os.fsync(self._fd)
        self._apply(event)

    def _replay(self, data: bytes) -> int:
        """Apply every whole line; returns how many bytes they take."""
        sound = 0
        while (end := data.find(b"\n", sound)) >= 0:
            try:
                self._apply(json.loads(data[sound:end]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if end == len(data) - 1:
                    break  # the last line: torn by a crash
                number = data.count(b"\n", 0, end) + 1
                raise DataError(f"{self.path}: line {number} is not a ledger event ({error})") from error
            sound = end + 1
        return sound

    def _apply(self, event: dict[str, Any]) -> None:
        self.finished = None
        match event["event"]:
            case "commit":
                self.committed[event["item"]] = event["record"]
                self.failures.pop(event["item"], None)
            case "fail":
                fault = Fault(event["kind"], event["error"], event["message"], details=event["details"])
                self.failures.setdefault(event["item"], []).append(fault)
            case "retry":
                for item in event["items"]:
                    self.failures.pop(item, None)
            case "release":
                for item in event["items"]:
                    self.committed.pop(item, None)
            case "pack":
                self.packed[event["shard"]] = event["facts"]
            case "lose":
                for item in self.packed.pop(event["shard"])["slots"]:
                    self.committed.pop(item, None)
            case "finish":
                self.finished = event["facts"]
            case other:
                raise ValueError(f"unknown event {other!r}")


def _is_final(faults: Sequence[Fault]) -> bool:
    return len(faults) >= TRIES or any(fault.kind == "verdict" for fault in faults)
