"""Contact sheets of a dataset's pairs, and their place in the dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from motionpair.dataset import Dataset
from motionpair.errors import InputError
from motionpair.manifest import relist
from motionpair.sheets import pair_sheet

QUALITY = 90


def write_sheet(out: str | Path, pair_id: str, path: Path) -> None:
    """Draw one pair's contact sheet into a picture file.

    Raises:
        InputError: no such dataset or pair, or the picture cannot be written there.
    """
    if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise InputError(f"{path}: expected a name ending in .jpg or .png")
    sheet = pair_sheet(out, pair_id)
    try:
        sheet.save(path, quality=QUALITY)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def write_sheets(out: Path) -> Iterator[Path]:
    """Draw every pair's sheet into OUT/report/sheets, and list them in the manifest; yields their paths."""
    folder = out / "report" / "sheets"
    folder.mkdir(parents=True, exist_ok=True)
    for row in Dataset(out).rows():
        path = folder / f"{row['pair_id']}.jpg"
        write_sheet(out, row["pair_id"], path)
        yield path
    relist(out)
