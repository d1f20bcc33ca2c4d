"""Where a dataset lies: a folder, or a bucket (s3://, gs://), read through pyarrow's file systems.

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

from motionpair.errors import DataError, InputError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_CHUNK = 1 << 20


def is_safe_name(name: str) -> bool:
    """Whether a file's name is relative, plain and stays inside the dataset."""
    return len(name) <= 255 and _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Location:
    """The root of a dataset on a pyarrow file system.

    text: what the user wrote. folder: the local folder, `None` on a bucket.
    """

    text: str
    filesystem: pyarrow.fs.FileSystem
    folder: Path | None

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
            raise DataError(f"{self.text}/{name}: cannot be read ({_first_line(error)})") from None

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
                raise DataError(f"{self.text}/{name}: cannot be read ({_first_line(error)})") from None
        if len(data) != size:
            raise DataError(f"{self.text}/{name}: ends before byte {offset + size}")
        return data

    def hash(self, name: str) -> tuple[int, str]:
        """Number of bytes and sha256, in hex, of a file."""
        digest, size = hashlib.sha256(), 0
        with self.open(name) as file:
            try:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
            except (OSError, pa.ArrowException) as error:
                raise DataError(f"{self.text}/{name}: cannot be read ({_first_line(error)})") from None
        return size, digest.hexdigest()

    def exists(self, name: str) -> bool:
        """Whether the dataset has a file of this name."""
        return bool(self.filesystem.get_file_info(name).type == pyarrow.fs.FileType.File)

    def names(self) -> Iterator[str]:
        """Every file of the dataset, sorted, `runs/` left out; symbolic links are listed, not followed."""
        if self.folder is not None:
            yield from sorted(_local_names(self.folder))
            return
        selector = pyarrow.fs.FileSelector("", recursive=True)
        for info in sorted(self.filesystem.get_file_info(selector), key=lambda i: i.path):
            if info.type != pyarrow.fs.FileType.Directory and not info.path.startswith("runs/"):
                yield info.path


def _local_names(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        inner = Path(parent).relative_to(folder)
        if inner == Path():
            folders[:] = [f for f in folders if f != "runs"]
        links = [f for f in folders if (Path(parent) / f).is_symlink()]
        for name in [*files, *links]:
            yield (inner / name).as_posix()


def open_location(out: str | Path) -> Location:
    """The location of a dataset, from a folder or a URI such as `s3://bucket/path`.

    Raises:
        InputError: not a folder, or a URI that pyarrow cannot open.
    """
    text = str(out).removeprefix("file://").rstrip("/") or "/"
    if "://" in text:
        try:
            filesystem, path = pyarrow.fs.FileSystem.from_uri(text)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(
                f"{text}: expected a folder, s3://... or gs://... ({_first_line(error)})"
            ) from None
        return Location(text, pyarrow.fs.SubTreeFileSystem(path, filesystem), None)
    folder = Path(text)
    if not folder.is_dir():
        raise InputError(f"{text}: expected the folder of a dataset")
    local = pyarrow.fs.SubTreeFileSystem(str(folder.resolve()), pyarrow.fs.LocalFileSystem())
    return Location(text, local, folder)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
