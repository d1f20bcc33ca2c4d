"""Staging folders: where a worker leaves an item's row and blobs, whole or not at all, until it is packed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from motionpair import durable
from motionpair.forms import Form
from motionpair.schema import PAIRS
from motionpair.shards import ROW_FILE


def commit(
    staging: Path, slot: int, row: Mapping[str, Any], blobs: Mapping[str, bytes], form: Form = PAIRS
) -> dict[str, dict[str, Any]]:
    """Write an item's files under a temporary name and rename the whole folder into place.

    A folder that an earlier worker left there (its driver died before writing the ledger) is replaced.

    Returns:
        {file name: {bytes, sha256}} for row.json and every blob.
    """
    contents = {form.blobs[name]: data for name, data in blobs.items()}
    contents[ROW_FILE] = json.dumps(row, sort_keys=True, indent=1, allow_nan=False).encode()
    temporary = staging / f".tmp-{slot:06d}-{os.getpid()}"
    final = staging / f"{slot:06d}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for name, data in contents.items():
            with (temporary / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        durable.sync_folder(temporary)
        if final.exists():
            shutil.rmtree(final)
        temporary.rename(final)
        durable.sync_folder(staging)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in contents.items()
    }
