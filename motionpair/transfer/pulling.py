"""`pull`: a dataset from a bucket or a web server into a folder."""

from __future__ import annotations

import re
from pathlib import Path

from motionpair.errors import DataError, InputError
from motionpair.location import Location, open_location
from motionpair.manifest import CHECKSUM, MANIFEST, FileEntry, manifest_bytes, parse_manifest
from motionpair.transfer.folder import Folder
from motionpair.transfer.parallel import Moved, Progress, Tell, bytes_of, in_parallel

_URI = re.compile("[a-z][a-z0-9]+:/")  # as a path, s3://bucket has one slash


def pull(uri: str, out: Path, progress: Progress | None = None) -> Moved:
    """Copy a finished dataset from a URI (or folder) into a folder.

    A file appears in the folder when all of it is there and has its checksum. One that was interrupted goes
    on at the byte where it stood. No more bytes are written than the manifest says.

    Args:
        uri: `s3://...`, `gs://...`, `https://...`, or a folder.
        out: made if need be; empty, or the same dataset, whole or half-fetched.
        progress: called in the calling thread with (bytes done, bytes).

    Raises:
        InputError: wrong URI, bucket, endpoint or credentials, something else lies in the folder, or another
            pull writes into it.
        DataError: there is no finished dataset, it is damaged, or it was changed meanwhile.
        MachineError: the connection was lost or the disk is full; the same call goes on.
    """
    if _URI.match(str(out)):
        raise InputError(f"{out}: expected a folder; to copy a dataset to a bucket, push it")
    source = open_location(uri)
    data, line = manifest_bytes(source)
    manifest = parse_manifest(data, f"{source.text}/{MANIFEST}")
    finals = {CHECKSUM: line, MANIFEST: data}
    with Folder(out, manifest) as folder:
        kept = folder.kept(progress)
        todo = {name: entry for name, entry in manifest.files.items() if name not in kept}
        if not todo and folder.same(finals):
            return Moved(len(kept), len(kept), 0)
        folder.begin(todo)
        sent: dict[str, int] = {}

        def fetch(name: str, entry: FileEntry, tell: Tell) -> None:
            try:
                sent[name] = folder.fetch(source, name, entry, tell)
            except DataError as error:
                raise _told(source, data, error) from None

        in_parallel(todo, fetch, progress, done=bytes_of(kept), total=bytes_of(manifest.files))
        folder.finish(finals)
    return Moved(len(manifest.files), len(kept), sum(sent.values()))


def _told(source: Location, manifest: bytes, error: DataError) -> DataError:
    """Why a file is not what the manifest said when the pull began."""
    try:
        now, _ = manifest_bytes(source)
    except DataError:  # taken back, as by a push that is under way
        now = b""
    if now == manifest:
        return error
    return DataError(f"{source.text}: was changed while it was pulled; pull again when it is finished")
