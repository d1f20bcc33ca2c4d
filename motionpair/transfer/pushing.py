"""`push`: a dataset from a folder to a bucket."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs

from motionpair import remotes
from motionpair.errors import DataError, InputError, MachineError
from motionpair.location import Location, is_safe_name, open_location
from motionpair.manifest import (
    CHECKSUM,
    MANIFEST,
    FileEntry,
    Manifest,
    manifest_bytes,
    parse_manifest,
    read_manifest,
)
from motionpair.transfer.parallel import Moved, Progress, Tell, bytes_of, identity, in_parallel

RECORD = "runs/push.json"
RECORD_SECONDS = 5.0
"""Time between two writings of the record: what a kill may have to send again."""

_MAX_RECORD = 1 << 27
_STAMPS = ("etag", "last-modified", "generation", "updated")
"""What S3 and GCS say of an object that changes when it is written, whatever its size."""


def push(out: str | Path, uri: str, progress: Progress | None = None, *, check: bool = False) -> Moved:
    """Copy a finished dataset from a folder to `s3://...` or `gs://...`.

    What the store says is as it was when it was sent is not looked at again. What was written to since (by
    its ETag or time), or was copied there by other means, is read and hashed, and sent anew if it is wrong.

    Args:
        out: the dataset's folder; files that its manifest does not list (such as `runs/`) stay behind.
        uri: where to; empty, or the same dataset, whole or half-sent.
        progress: called in the calling thread with (bytes done, bytes): of what is there, then of all.
        check: read and hash all that is there, whatever the store says of it.

    Raises:
        InputError: wrong URI, bucket, endpoint or credentials, something else lies there, or another push
            writes there.
        DataError: the dataset is unfinished or damaged; what was sent is not taken for whole.
        MachineError: the connection was lost; the same call goes on.
    """
    source = open_location(out)
    if source.folder is None:
        raise InputError(f"{source.text}: expected a folder; to fetch a dataset from a URI, pull it")
    data, line = manifest_bytes(source)
    manifest = parse_manifest(data, f"{source.text}/{MANIFEST}")
    for name, entry in manifest.files.items():
        _check_size(source, name, entry)
    if "://" not in uri or uri.startswith("file://"):
        raise InputError(f"{uri}: expected s3://bucket/path or gs://bucket/path")
    target = open_location(uri)
    if not target.lists:
        raise InputError(f"{target.text}: a web server cannot be written to; expected s3://... or gs://...")
    bucket = _Bucket(target, manifest)
    if bucket.same_manifest(data):
        kept = bucket.kept(manifest, progress, check)
        if len(kept) == len(manifest.files):
            bucket.restamp(kept)
            return Moved(len(kept), len(kept), 0)
    else:
        bucket.withdraw(manifest)
        kept = bucket.kept(manifest, progress, check)
    bucket.begin(kept)
    todo = {name: entry for name, entry in manifest.files.items() if name not in kept}

    def send(name: str, entry: FileEntry, tell: Tell) -> None:
        bucket.send(source, name, entry, tell)

    try:
        in_parallel(
            todo,
            send,
            progress,
            done=bytes_of(kept),
            total=bytes_of(manifest.files),
            now_and_then=bucket.record_if_due,
        )
    finally:
        bucket.record()
    bucket.write(CHECKSUM, line)
    bucket.write(MANIFEST, data)
    return Moved(len(manifest.files), len(kept), bytes_of(todo))


class _Bucket:
    """The target of a push: what lies there, and who vouches for it.

    Its record holds the dataset's identity, by name the sha256 of what was sent whole and the stamp that the
    store gave it then, and a mark of the push that wrote it, by which two at once tell each other.
    """

    def __init__(self, target: Location, manifest: Manifest) -> None:
        self.target, self.text, self._files = target, target.text, target.filesystem
        self._identity = identity(manifest)
        self._mark = secrets.token_hex(8)
        self._lock, self._written = threading.Lock(), time.monotonic()
        selector = pyarrow.fs.FileSelector("", recursive=True, allow_not_found=True)
        with self._errors(""):
            infos = self._files.get_file_info(selector)
        self._sizes = {i.path: i.size for i in infos if i.type == pyarrow.fs.FileType.File}
        self._sent: dict[str, str] = {}
        self._stamps: dict[str, str] = {}
        self._own = self._read_record()
        self._hashed = False
        self._manifest: bytes | None = None
        if MANIFEST in self._sizes:
            self._read_manifest()
        known = self._sent.keys() | ({*manifest.files, MANIFEST, CHECKSUM} if self._own else set())
        known |= {MANIFEST, CHECKSUM} if self._manifest is not None else set()
        strange = sorted(n for n in self._sizes if not n.startswith("runs/") and n not in known)
        if strange:
            raise InputError(
                f"{self.text}: holds files that push did not write, such as {ascii(strange[0])[:120]}; "
                "expected an empty place, or the same dataset"
            )

    def _read_record(self) -> bool:
        """Take up the record of an earlier push; whether there is one."""
        if RECORD not in self._sizes:
            return False
        record = self._parse(self.target.read(RECORD, most=_MAX_RECORD))
        self._check_same(record["dataset"])
        self._sent = {name: digest for name, digest in record["sent"].items() if is_safe_name(name)}
        self._stamps = record["stamps"]
        return True

    def _read_manifest(self) -> None:
        """Take up the manifest that is there; a damaged one is sent anew, if push wrote it."""
        try:
            theirs = read_manifest(self.target)
            data = self.target.read(MANIFEST)
        except DataError:
            if not self._own:
                raise
            return
        self._check_same(identity(theirs))
        self._manifest = data
        if not self._own:  # copied here by other means: what it says of the files is held against them
            self._sent = {name: entry.sha256 for name, entry in theirs.files.items()}

    def _parse(self, data: bytes) -> dict[str, Any]:
        try:
            record = json.loads(data)
            whole = isinstance(record["sent"], dict) and {"dataset", "mark"} <= record.keys()
            whole = whole and isinstance(record.setdefault("stamps", {}), dict)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            whole = False
        if not whole:
            where = f"{self.text}/{RECORD}"
            raise DataError(f"{where}: damaged; delete it, and what was pushed beside it")
        return dict(record)

    def _check_same(self, theirs: object) -> None:
        if theirs != self._identity:
            raise InputError(
                f"{self.text}: holds another dataset; expected an empty place, or the same dataset"
            )

    def same_manifest(self, data: bytes) -> bool:
        """Whether the very manifest is there."""
        return self._manifest == data

    def kept(self, manifest: Manifest, progress: Progress | None, check: bool) -> dict[str, FileEntry]:
        """The files that are there, of the right size and sha256.

        Those that the record has with their present stamp were hashed when they were sent, the others, or all
        where `check` asks for it, are hashed now.
        """
        kept: dict[str, FileEntry] = {}

        def look(name: str, entry: FileEntry, tell: Tell) -> None:
            stamp = self._stamp(name)
            if not check and self._stamps.get(name) == stamp:
                tell(entry.bytes)
            else:
                digest = hashlib.sha256()
                for chunk in self.target.chunks(name):
                    digest.update(chunk)
                    tell(len(chunk))
                if digest.hexdigest() != entry.sha256:
                    return
            with self._lock:
                kept[name] = entry
                self._hashed |= self._stamps.get(name) != stamp
                self._stamps[name] = stamp

        there = {
            name: entry
            for name, entry in manifest.files.items()
            if self._sizes.get(name) == entry.bytes and self._sent.get(name) == entry.sha256
        }
        if there:
            in_parallel(there, look, progress, total=bytes_of(manifest.files))
        return kept

    def _stamp(self, name: str) -> str:
        """What the store says of a file that is another once the file was written to; no byte is read."""
        with self._errors(name), self._files.open_input_stream(name) as stream:
            said = stream.metadata() or {}
        facts = {str(k, "utf-8") if isinstance(k, bytes) else k: v for k, v in said.items()}
        stamps = {k.lower(): v.decode(errors="replace") for k, v in facts.items() if k.lower() in _STAMPS}
        if not stamps:
            with self._errors(name):
                stamps = {"mtime": str(self._files.get_file_info(name).mtime_ns)}
        return " ".join(f"{key}={stamps[key]}" for key in sorted(stamps))

    def withdraw(self, manifest: Manifest) -> None:
        """Take back an older version's manifest, and the files that this version has no more."""
        stale = [name for name in self._sent if name in self._sizes and name not in manifest.files]
        if self._manifest is not None and not self._own:
            raise InputError(
                f"{self.text}: holds another version of this dataset, which push did not write; "
                "expected an empty place"
            )
        for name in (MANIFEST, CHECKSUM, *stale):
            if name in self._sizes:
                with self._errors(name):
                    self._files.delete_file(name)

    def restamp(self, kept: Mapping[str, FileEntry]) -> None:
        """Record that files were hashed, so that the next push need not, if there is a record."""
        if self._own and self._hashed:
            self.begin(kept)

    def begin(self, kept: Mapping[str, FileEntry]) -> None:
        """Record what stands, before anything else is replaced."""
        self._sent = {name: entry.sha256 for name, entry in kept.items()}
        self._stamps = {name: self._stamps[name] for name in kept}
        self._write_record()

    def send(self, source: Location, name: str, entry: FileEntry, tell: Tell) -> None:
        """Send a file, held against its checksum on the way; recorded only if it was right."""
        digest = hashlib.sha256()
        with self._errors(name), self._files.open_output_stream(name) as sink:
            for chunk in source.chunks(name):
                digest.update(chunk)
                sink.write(chunk)
                tell(len(chunk))
        if digest.hexdigest() != entry.sha256:
            raise DataError(f"{source.text}/{name}: damaged: expected sha256 {entry.sha256}")
        stamp = self._stamp(name)
        with self._lock:
            self._sent[name], self._stamps[name] = entry.sha256, stamp

    def record_if_due(self) -> None:
        """Write the record if the last one is old."""
        if time.monotonic() - self._written >= RECORD_SECONDS:
            self.record()

    def record(self) -> None:
        """Write what was sent so far.

        Raises:
            InputError: another push has begun here since.
        """
        with self._errors(RECORD):
            data = self.target.read(RECORD, most=_MAX_RECORD)
        if self._parse(data)["mark"] != self._mark:
            raise InputError(f"{self.text}: another push writes there; wait for its end, then push again")
        self._write_record()

    def _write_record(self) -> None:
        with self._lock:
            sent, stamps = dict(sorted(self._sent.items())), dict(sorted(self._stamps.items()))
        record = {"dataset": self._identity, "mark": self._mark, "sent": sent, "stamps": stamps}
        self.write(RECORD, json.dumps(record, indent=1).encode() + b"\n")
        self._written = time.monotonic()

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""
        with self._errors(name), self._files.open_output_stream(name) as sink:
            sink.write(data)

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        where = f"{self.text}/{name}"
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            reason = remotes.first_line(error)
            fault = remotes.explain(where, error) or MachineError(f"{where}: cannot be written ({reason})")
            raise fault from None


def _check_size(source: Location, name: str, entry: FileEntry) -> None:
    with source.open(name) as file:
        if file.size() != entry.bytes:
            raise DataError(f"{source.text}/{name}: damaged: expected {entry.bytes} bytes, got {file.size()}")
