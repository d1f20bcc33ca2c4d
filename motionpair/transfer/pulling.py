"""`pull`: a dataset from a bucket or a web server into a folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from motionpair import durable
from motionpair.errors import DataError, InputError, MachineError
from motionpair.location import Location, is_safe_name, open_location
from motionpair.manifest import CHECKSUM, MANIFEST, FileEntry, Manifest, read_manifest
from motionpair.transfer.parallel import Moved, Progress, Tell, bytes_of, identity, in_parallel

RECORD = "runs/pull.json"
PARTS = "runs/pull"
"""Where files that are not whole yet are kept."""

_CHUNK = 4 << 20


def pull(uri: str, out: Path, progress: Progress | None = None) -> Moved:
    """Copy a finished dataset from a URI (or folder) into a folder.

    A file appears in the folder when all of it is there and has its checksum. One that was interrupted goes
    on at the byte where it stood.

    Args:
        uri: `s3://...`, `gs://...`, `https://...`, or a folder.
        out: made if need be; empty, or the same dataset, whole or half-fetched.
        progress: called in the calling thread with (bytes done, bytes).

    Raises:
        InputError: wrong URI, bucket, endpoint or credentials, or something else lies in the folder.
        DataError: there is no finished dataset, or it is damaged.
        MachineError: the connection was lost or the disk is full; the same call goes on.
    """
    source = open_location(uri)
    manifest = read_manifest(source)
    finals = {name: source.read(name) for name in (CHECKSUM, MANIFEST)}
    folder = _Folder(out, manifest)
    kept = folder.kept()
    todo = {name: entry for name, entry in manifest.files.items() if name not in kept}
    if not todo and folder.same(finals):
        return Moved(len(kept), len(kept), 0)
    folder.begin(bytes_of(todo))

    def fetch(name: str, entry: FileEntry, tell: Tell) -> None:
        folder.fetch(source, name, entry, tell)

    in_parallel(todo, bytes_of(kept), fetch, lambda: None, progress)
    folder.finish(finals)
    return Moved(len(manifest.files), len(kept), bytes_of(todo))


class _Folder:
    """The target of a pull: what lies there, and whether a pull wrote it.

    Its record holds the dataset's identity and the names of all files that pulls of this dataset write.
    """

    def __init__(self, out: Path, manifest: Manifest) -> None:
        self.out, self._manifest, self._identity = out, manifest, identity(manifest)
        if out.exists() and not out.is_dir():
            raise InputError(f"{out}: expected a folder, or a name for a new one")
        finals = {MANIFEST, CHECKSUM}
        for name in (*manifest.files, *finals, RECORD, PARTS):
            path = out / name
            if path.is_symlink() or not path.resolve().is_relative_to(out.resolve()):
                raise InputError(f"{path}: is a symbolic link, or leads out of the folder")
        present: set[str] = set()
        if out.is_dir():
            there = open_location(out)
            present = set(there.names())
            if MANIFEST in present:
                self._check_same(identity(read_manifest(there)))
        self._own = self._read_record()
        self._stale = present - manifest.files.keys() - finals
        if strange := sorted(self._stale - self._own):
            raise InputError(
                f"{out}: holds {ascii(strange[0])[:120]}, which is not of the dataset; "
                "expected an empty folder, or the same dataset"
            )

    def _read_record(self) -> set[str]:
        try:
            record = json.loads((self.out / RECORD).read_bytes())
            same, names = record["dataset"], set(record["files"])
            safe = {name for name in names if is_safe_name(name)}
        except FileNotFoundError:
            return set()
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(f"{self.out / RECORD}: damaged; move the folder away") from None
        self._check_same(same)
        return safe

    def _check_same(self, theirs: object) -> None:
        if theirs != self._identity:
            raise InputError(
                f"{self.out}: holds another dataset; expected an empty folder, or the same dataset"
            )

    def kept(self) -> dict[str, FileEntry]:
        """The files that are there with the right bytes; wrong ones are accepted where a pull wrote them."""
        kept = {}

        def check(name: str, entry: FileEntry, tell: Tell) -> None:
            path = self.out / name
            if path.is_file() and path.stat().st_size == entry.bytes and _sha256(path, tell) == entry.sha256:
                kept[name] = entry
            elif name not in self._own or not path.is_file():
                raise InputError(f"{path}: has other bytes, and pull did not write it; move it away")

        there = {name: e for name, e in self._manifest.files.items() if (self.out / name).exists()}
        in_parallel(there, 0, check, lambda: None, None)
        return kept

    def same(self, finals: Mapping[str, bytes]) -> bool:
        """Whether the very manifest is there."""
        return all(
            (self.out / name).is_file() and (self.out / name).read_bytes() == data
            for name, data in finals.items()
        )

    def begin(self, missing: int) -> None:
        """Make the folders, record what is to be written, and take back what an older version leaves.

        Args:
            missing: bytes that are to come, at most.
        """
        if MANIFEST not in self._own and (self.out / MANIFEST).exists():
            raise InputError(f"{self.out}: holds another version of this dataset, which pull did not write")
        names = (*self._manifest.files, MANIFEST, CHECKSUM)
        for name in (*names, f"{PARTS}/x"):
            (self.out / name).parent.mkdir(parents=True, exist_ok=True)
        begun = sum(path.stat().st_size for path in (self.out / PARTS).iterdir())
        free = shutil.disk_usage(self.out).free
        if free < missing - begun:
            raise MachineError(f"{self.out}: {missing - begun:,} bytes are to come, and {free:,} are free")
        record = {"dataset": self._identity, "files": sorted({*names, *self._own})}
        durable.write_bytes(self.out / RECORD, json.dumps(record, indent=1).encode() + b"\n")
        for name in (MANIFEST, CHECKSUM, *self._stale):
            (self.out / name).unlink(missing_ok=True)

    def fetch(self, source: Location, name: str, entry: FileEntry, tell: Tell) -> None:
        """Fetch a file, from where it stands to its end, and put it in place if it has its checksum."""
        part = self._part(name, entry.sha256)
        digest = hashlib.sha256()
        with part.open("ab+") as sink:
            sink.seek(0)
            while chunk := sink.read(_CHUNK):
                digest.update(chunk)
                tell(len(chunk))
            if sink.tell() < entry.bytes:
                for chunk in source.chunks(name, sink.tell()):
                    sink.write(chunk)
                    digest.update(chunk)
                    tell(len(chunk))
        if digest.hexdigest() != entry.sha256:
            part.unlink()
            raise DataError(f"{source.text}/{name}: damaged: expected sha256 {entry.sha256}")
        self._place(part, name)

    def finish(self, finals: Mapping[str, bytes]) -> None:
        """Write the manifest, after which the dataset is whole."""
        for name, data in finals.items():
            part = self._part(name, "")
            part.write_bytes(data)
            self._place(part, name)
        shutil.rmtree(self.out / PARTS)

    def _part(self, name: str, digest: str) -> Path:
        return self.out / PARTS / hashlib.sha256(f"{name} {digest}".encode()).hexdigest()

    def _place(self, part: Path, name: str) -> None:
        path = self.out / name
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        durable.sync_folder(path.parent)


def _sha256(path: Path, tell: Tell) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            tell(len(chunk))
    return digest.hexdigest()
