"""The folder that a pull writes: what lies there, who wrote it, and files that are not whole yet."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from motionpair import durable
from motionpair.errors import DataError, InputError, MachineError
from motionpair.location import Location, is_safe_name, open_location
from motionpair.manifest import CHECKSUM, MANIFEST, FileEntry, Manifest, read_manifest
from motionpair.transfer.parallel import Progress, Tell, bytes_of, identity, in_parallel

RECORD = "runs/pull.json"
PARTS = "runs/pull"
"""Where files that are not whole yet are kept."""
LOCK = "runs/pull.lock"
"""Held while a pull writes."""

_PART = re.compile("[0-9a-f]{64}")
_CHUNK = 4 << 20


class Folder:
    """The target of a pull; as a context, nobody else pulls into it.

    Its record holds the dataset's identity and the names of all files that pulls of this dataset write.

    Args:
        out: the folder; made when something is to be written.
        manifest: of the dataset that is to lie there.

    Raises:
        InputError: it is no folder, leads elsewhere, holds other things, or another pull writes into it.
        DataError: what lies there of a pull is damaged.
    """

    def __init__(self, out: Path, manifest: Manifest) -> None:
        self.out, self._manifest, self._identity = out, manifest, identity(manifest)
        self._finals = {MANIFEST, CHECKSUM}
        self._held: IO[bytes] | None = None

    def __enter__(self) -> Folder:
        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"{self.out}: expected a folder, or a name for a new one")
        for name in (*self._manifest.files, *self._finals, RECORD, PARTS, LOCK):
            path = self.out / name
            if path.is_symlink() or not path.resolve().is_relative_to(self.out.resolve()):
                raise InputError(f"{path}: is a symbolic link, or leads out of the folder")
        try:
            if (self.out / LOCK).exists():  # else nobody pulled, and nothing is written before `begin`
                self._lock()
            self._look()
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()

    def _look(self) -> None:
        present: set[str] = set()
        if self.out.is_dir():
            there = open_location(self.out)
            present = set(there.names())
            if MANIFEST in present:
                self._check_same(identity(read_manifest(there)))
        self._own = self._read_record()
        self._stale = present - self._manifest.files.keys() - self._finals
        if strange := sorted(self._stale - self._own):
            raise InputError(
                f"{self.out}: holds {ascii(strange[0])[:120]}, which is not of the dataset; "
                "expected an empty folder, or the same dataset"
            )

    def _read_record(self) -> set[str]:
        path = self.out / RECORD
        with on_disk(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return set()
        try:
            record = json.loads(data)
            same, names = record["dataset"], record["files"]
            safe = {name for name in names if is_safe_name(name)}
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(f"{path}: damaged; move the folder away") from None
        self._check_same(same)
        return safe

    def _check_same(self, theirs: object) -> None:
        if theirs != self._identity:
            raise InputError(
                f"{self.out}: holds another dataset; expected an empty folder, or the same dataset"
            )

    def _lock(self) -> None:
        """Keep others from pulling into the folder, until this process ends at the latest."""
        path = self.out / LOCK
        with on_disk(path):
            self._held = path.open("ab")
            try:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"{self.out}: another pull writes into it; wait for its end") from None

    def _unlock(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def kept(self, progress: Progress | None) -> dict[str, FileEntry]:
        """The files that are there with the right bytes; wrong ones are accepted where a pull wrote them."""
        kept = {}

        def check(name: str, entry: FileEntry, tell: Tell) -> None:
            path = self.out / name
            with on_disk(path):
                right = path.is_file() and path.stat().st_size == entry.bytes
                right = right and _sha256(path, tell) == entry.sha256
            if right:
                kept[name] = entry
            elif name not in self._own or not path.is_file():
                raise InputError(f"{path}: has other bytes, and pull did not write it; move it away")

        there = {name: e for name, e in self._manifest.files.items() if (self.out / name).exists()}
        in_parallel(there, check, progress, total=bytes_of(self._manifest.files))
        return kept

    def same(self, finals: Mapping[str, bytes]) -> bool:
        """Whether the very manifest is there."""
        return all(
            (self.out / name).is_file() and (self.out / name).read_bytes() == data
            for name, data in finals.items()
        )

    def begin(self, todo: Mapping[str, FileEntry]) -> None:
        """Make the folders, record what is to be written, and take back what an older version leaves.

        Args:
            todo: the files that are to come.
        """
        if MANIFEST not in self._own and (self.out / MANIFEST).exists():
            raise InputError(f"{self.out}: holds another version of this dataset, which pull did not write")
        names = (*self._manifest.files, *sorted(self._finals))
        for name in (*names, f"{PARTS}/x"):
            parent = (self.out / name).parent
            with on_disk(parent):
                parent.mkdir(parents=True, exist_ok=True)
        if self._held is None:
            self._lock()
            if (self.out / RECORD).exists() and not self._own:
                raise InputError(f"{self.out}: another pull wrote into it meanwhile; run it again")
        parts = {self._part(name, entry.sha256): entry for name, entry in todo.items()}
        begun = dict.fromkeys(parts, 0)
        with on_disk(self.out / PARTS):
            for path in list((self.out / PARTS).iterdir()):
                if path in parts and not path.is_symlink():
                    begun[path] = path.stat().st_size
                elif _PART.fullmatch(path.name) and (path.is_file() or path.is_symlink()):
                    path.unlink()  # of a version that is there no more; other names are not a pull's
        missing = sum(max(0, entry.bytes - begun[path]) for path, entry in parts.items())
        free = shutil.disk_usage(self.out).free
        if free < missing:
            raise MachineError(f"{self.out}: {missing:,} bytes are to come, and {free:,} are free")
        record = {"dataset": self._identity, "files": sorted({*names, *self._own})}
        with on_disk(self.out / RECORD):
            durable.write_bytes(self.out / RECORD, json.dumps(record, indent=1).encode() + b"\n")
            for name in (MANIFEST, CHECKSUM, *self._stale):
                (self.out / name).unlink(missing_ok=True)

    def fetch(self, source: Location, name: str, entry: FileEntry, tell: Tell) -> int:
        """Fetch a file, from where it stands to its end, and put it in place if it has its checksum.

        Returns:
            How many bytes came.
        """
        part = self._part(name, entry.sha256)
        with on_disk(part):
            begun = part.stat().st_size if part.exists() else 0
        right, came = self._receive(part, source, name, entry, tell)
        if not right and begun:  # what was there before may be what is damaged, as after a power cut
            with on_disk(part):
                tell(-part.stat().st_size)
                part.unlink()
            right, more = self._receive(part, source, name, entry, tell)
            came += more
        if not right:
            part.unlink()
            raise DataError(f"{source.text}/{name}: damaged: expected sha256 {entry.sha256}")
        self._place(part, name)
        return came

    def _receive(
        self, part: Path, source: Location, name: str, entry: FileEntry, tell: Tell
    ) -> tuple[bool, int]:
        """Add what a part lacks; whether it is right then, and how many bytes came."""
        digest, came = hashlib.sha256(), 0
        with on_disk(part), part.open("ab+") as sink:
            sink.seek(0)
            while chunk := sink.read(_CHUNK):
                digest.update(chunk)
                tell(len(chunk))
            if sink.tell() < entry.bytes:
                for chunk in source.chunks(name, sink.tell(), entry.bytes):
                    sink.write(chunk)
                    digest.update(chunk)
                    came += len(chunk)
                    tell(len(chunk))
        return digest.hexdigest() == entry.sha256, came

    def finish(self, finals: Mapping[str, bytes]) -> None:
        """Write checksum and manifest, after which the dataset is whole."""
        for name, data in finals.items():
            part = self._part(name, "")
            with on_disk(part):
                part.write_bytes(data)
            self._place(part, name)
        with on_disk(self.out / PARTS):
            if not any((self.out / PARTS).iterdir()):  # somebody else's files may lie there
                (self.out / PARTS).rmdir()

    def _part(self, name: str, digest: str) -> Path:
        return self.out / PARTS / hashlib.sha256(f"{name} {digest}".encode()).hexdigest()

    def _place(self, part: Path, name: str) -> None:
        path = self.out / name
        with on_disk(path):
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
            durable.sync_folder(path.parent)


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Say of an error of the file system whether it is the user's (a folder in the way) or the machine's."""
    try:
        yield
    except (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(f"{path}: {error.strerror}; expected a folder that may be written") from None
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror or error}; nothing is lost: run it again") from None


def _sha256(path: Path, tell: Tell) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            tell(len(chunk))
    return digest.hexdigest()
