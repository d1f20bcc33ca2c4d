"""Where a dataset lies: a folder, a bucket (s3://, gs://) or a web server (http://, https://).

Names inside a dataset are relative, with `/`; a name that would leave the dataset is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.fs

from motionpair import remotes
from motionpair.errors import DataError, InputError, MotionPairError
from motionpair.remotes import first_line

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_CHUNK = 4 << 20


def is_safe_name(name: str) -> bool:
    """Whether a file's name is relative, plain and stays inside the dataset."""
    return len(name) <= 255 and _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Location:
    """The root of a dataset on a pyarrow file system.

    text: what the user wrote, without the query of a URI. folder: the local folder, `None` elsewhere. lists:
    whether its files can be listed: not on a web server, where names come from the manifest.

    Reading raises, beside what its methods say, MachineError when a connection is lost, and InputError when
    credentials are refused.
    """

    text: str
    filesystem: pyarrow.fs.FileSystem
    folder: Path | None
    lists: bool = True

    def open(self, name: str) -> pa.NativeFile:
        """A file of the dataset, opened for random access.

        Raises:
            DataError: an unsafe name, a symbolic link out of the dataset, or a file that does not open.
        """
        if not is_safe_name(name):
            raise DataError(f"{self.text}: {name[:80]!r} is no name of a dataset's file")
        if self.folder is not None:
            inside = (self.folder / name).resolve()
            if not inside.is_relative_to(self.folder.resolve()):
                raise DataError(f"{self.text}/{name}: leads out of the dataset")
        try:
            return self.filesystem.open_input_file(name)
        except (OSError, pa.ArrowException) as error:
            raise self.fault(name, error) from None

    def read(self, name: str, offset: int = 0, length: int | None = None, most: int = 1 << 31) -> bytes:
        """Bytes of a file: all of it, or exactly `length` from `offset`.

        Raises:
            DataError: it cannot be read, is longer than `most`, or ends before `offset + length`.
        """
        with self.open(name) as file:
            try:
                size = file.size() if length is None else length
                if not 0 <= size <= most or offset < 0:
                    raise DataError(f"{self.text}/{name}: {size} bytes from {offset} are not read")
                file.seek(offset)
                data: bytes = file.read(size)
            except (OSError, pa.ArrowException) as error:
                raise self.fault(name, error) from None
        if len(data) != size:
            raise DataError(f"{self.text}/{name}: ends before byte {offset + size}")
        return data

    def chunks(self, name: str, start: int = 0, size: int | None = None) -> Iterator[bytes]:
        """A file's bytes from `start` to its end, some MB at a time.

        Args:
            name: of the file.
            start: first byte.
            size: what the file is to have; no byte is read of one that has another.

        Raises:
            DataError: it cannot be read, or is not of that size.
        """
        with self.open(name) as file:
            try:
                there = file.size()
                if size not in (None, there):
                    raise DataError(f"{self.text}/{name}: damaged: expected {size} bytes, got {there}")
                file.seek(start)
                left = there - start
                while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
            except (OSError, pa.ArrowException) as error:
                raise self.fault(name, error) from None

    def hash(self, name: str) -> tuple[int, str]:
        """Number of bytes and sha256, in hex, of a file."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks(name):
            digest.update(chunk)
            size += len(chunk)
        return size, digest.hexdigest()

    def exists(self, name: str) -> bool:
        """Whether the dataset has a file of this name."""
        try:
            return bool(self.filesystem.get_file_info(name).type == pyarrow.fs.FileType.File)
        except (OSError, pa.ArrowException) as error:
            raise self.fault(name, error) from None

    def names(self) -> Iterator[str]:
        """Every file of the dataset, sorted, `runs/` left out; symbolic links are listed, not followed.

        Raises:
            InputError: the files of a web server cannot be listed.
        """
        if self.folder is not None:
            yield from sorted(_local_names(self.folder))
            return
        selector = pyarrow.fs.FileSelector("", recursive=True, allow_not_found=True)
        try:
            infos = self.filesystem.get_file_info(selector)
        except (OSError, pa.ArrowException) as error:
            raise self.fault("", error) from None
        for info in sorted(infos, key=lambda i: i.path):
            if info.type != pyarrow.fs.FileType.Directory and not info.path.startswith("runs/"):
                yield info.path

    def fault(self, name: str, error: BaseException) -> MotionPairError:
        """What an error of reading a file means: no connection, refused credentials, else damage."""
        where = f"{self.text}/{name}"
        return remotes.explain(where, error) or DataError(f"{where}: cannot be read ({first_line(error)})")


def _local_names(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        inner = Path(parent).relative_to(folder)
        if inner == Path():
            folders[:] = [f for f in folders if f != "runs"]
        links = [f for f in folders if (Path(parent) / f).is_symlink()]
        for name in [*files, *links]:
            yield (inner / name).as_posix()


def open_location(out: str | Path) -> Location:
    """The location of a dataset, from a folder or a URI: `s3://bucket/path`, `gs://...`, `https://...`.

    Raises:
        InputError: not a folder, or a URI that is wrong or cannot be reached (see `remotes.open_remote`).
    """
    text = str(out).removeprefix("file://").rstrip("/") or "/"
    if "://" in text:
        remote = remotes.open_remote(text)
        filesystem = remote.filesystem
        if remote.path:
            filesystem = pyarrow.fs.SubTreeFileSystem(remote.path, filesystem)
        return Location(remote.text, filesystem, None, remote.lists)
    folder = Path(text)
    if not folder.is_dir():
        raise InputError(f"{text}: expected the folder of a dataset, or {remotes.EXAMPLES}")
    local = pyarrow.fs.SubTreeFileSystem(str(folder.resolve()), pyarrow.fs.LocalFileSystem())
    return Location(text, local, folder)
