"""Asset packs: where each thing in a picture comes from, and under which licence.

Every pack is one YAML file of `assets_manifest/`. A row lists the packs that its pair used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml

from motionpair import fields
from motionpair.errors import DataError
from motionpair.specs import VOID, PairSpec


@dataclass(frozen=True)
class AssetPack:
    """One pack: source, licence, what it provides, and the sha256 of the files that it rests on.

    `root` is the files' folder relative to where Python packages are installed; `used` says which pairs
    use the pack: `always`, or those whose environment names one of its files as their `hdri`.
    """

    name: str
    title: str
    source: str
    url: str
    licence: str
    provides: tuple[str, ...]
    used: Literal["always", "hdri"]
    root: str
    files: Mapping[str, str]


@cache
def packs() -> tuple[AssetPack, ...]:
    """Every pack of `assets_manifest/`, by name."""
    folder = resources.files("assets_manifest")
    found = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".yaml"):
            data = yaml.safe_load(entry.read_text(encoding="utf-8"))
            found.append(fields.from_plain(AssetPack, data, f"assets_manifest/{entry.name}"))
    return tuple(found)


def assets_of(spec: PairSpec) -> list[dict[str, str]]:
    """The packs that a pair uses, as {name, licence, source} for its row; bones on black need no light."""
    places = [clip.environment for clip in (spec.driving, spec.target) if clip.environment != VOID]
    hdris = {f"{place.hdri}.exr" for place in places}
    used = [p for p in packs() if p.used == "always" or hdris & set(p.files)]
    return [{"name": p.name, "licence": p.licence, "source": p.source} for p in used]


def check_pack(pack: AssetPack, site_packages: Path) -> None:
    """Hash a pack's files where they are installed.

    Raises:
        DataError: a file is missing or is not the one that the manifest describes.
    """
    for name, expected in pack.files.items():
        path = site_packages / pack.root / name
        if not path.is_file():
            raise DataError(f"{path}: missing; asset pack {pack.name} expects {pack.source}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise DataError(f"{path}: not the file that asset pack {pack.name} describes ({pack.source})")
