"""Pretrained parts from local folders: nothing is fetched, no pickle is read, no weight is made up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from motionpair.errors import DataError, InputError

CONFIG = "config.json"
_MAX_CONFIG = 1 << 20


def part_folder(folder: str | Path, part: str) -> Path:
    """The folder of a part of a pipeline: `folder/part` where that is one, else `folder` itself.

    Raises:
        InputError: neither has a `config.json` and weights in safetensors; says what is there.
    """
    root = Path(folder)
    found = root / part if (root / part).is_dir() else root
    if not (found / CONFIG).is_file():
        raise InputError(f"{found}: no {CONFIG}; expected the folder of a {part} in diffusers' layout")
    if not weights(found):
        pickles = sorted(p.name for p in found.iterdir() if p.suffix in (".bin", ".pt", ".pth", ".ckpt"))
        held = f" ({pickles[0]} is a pickle, which is not read: convert it first)" if pickles else ""
        raise InputError(f"{found}: no *.safetensors{held}")
    return found


def weights(folder: Path) -> list[Path]:
    """The safetensors of a folder, sorted."""
    return sorted(folder.glob("*.safetensors"))


def config(folder: Path) -> dict[str, Any]:
    """The folder's `config.json`.

    Raises:
        DataError: it is too large, or no JSON object.
    """
    path = folder / CONFIG
    try:
        if path.stat().st_size > _MAX_CONFIG:
            raise DataError(f"{path}: expected at most {_MAX_CONFIG} bytes")
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error})") from None
    if not isinstance(plain, dict):
        raise DataError(f"{path}: expected an object")
    return plain


@dataclass(frozen=True)
class Identity:
    """What a part is, known without loading it.

    name: of the folder, for people. hash: sha256 in hex of all that decides what it computes. tokens: of an
    encoding, 0 where that differs. width: of a token.
    """

    name: str
    hash: str
    tokens: int = 0
    width: int = 0


def number(folder: Path, name: str) -> int:
    """A positive number of the folder's configuration.

    Raises:
        DataError: it is not there or none.
    """
    value = config(folder).get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise DataError(f"{folder / CONFIG}: {name}: expected a number above 0, got {str(value)[:40]!r}")
    return value


def digest(files: Sequence[Path], *facts: str) -> str:
    """sha256 in hex of files' names and contents, and of further facts."""
    total = hashlib.sha256("\n".join(facts).encode())
    for path in files:
        with path.open("rb") as file:
            total.update(f"\n{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}".encode())
    return total.hexdigest()


def load(kind: Any, folder: Path, device: torch.device | str, **options: Any) -> Any:
    """A model of diffusers or transformers from a folder, for inference, every weight of it from the files.

    Args:
        kind: its class. folder: of `part_folder`. device: where to. options: of `from_pretrained`.

    Raises:
        DataError: a damaged file, or a weight that is missing, unknown or of another shape; names it.
    """
    try:
        model, found = kind.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, output_loading_info=True, **options
        )
    except Exception as error:  # these libraries raise whatever a damaged file happens to break
        lines = str(error).strip().splitlines() or [""]
        raise DataError(f"{folder}: cannot be loaded ({type(error).__name__}: {lines[0][:200]})") from error
    for what, names in (
        ("is missing", found["missing_keys"]),
        ("has another shape", found["mismatched_keys"]),
        ("belongs to no part of it", found["unexpected_keys"]),
    ):
        if names:
            name = min(n if isinstance(n, str) else str(n[0]) for n in names)
            raise DataError(f"{folder}: tensor {name} {what} ({len(names)} such)")
    return model.to(device).eval().requires_grad_(False)
