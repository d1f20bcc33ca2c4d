"""The fields of a sample that may be asked for by name, and what each is made from."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from motionpair import schema
from motionpair.annotations import ARRAYS, CLIPS, REJECTED
from motionpair.errors import InputError

Kind = Literal["clip", "mask", "picture", "picture_mask", "array", "column"]


@dataclass(frozen=True)
class Field:
    """A field of a sample.

    kind: how it is made. source: the blob or column that it is made from. array: of the annotations, by its
    name there.
    """

    name: str
    kind: Kind
    source: str
    array: str = ""


def _blob_field(name: str) -> Field:
    picture = name.startswith("reference")
    if name.endswith("_mask"):
        return Field(name, "picture_mask" if picture else "mask", name)
    return Field(name, "picture" if picture else "clip", name)


def _all() -> dict[str, Field]:
    fields = {name: _blob_field(name) for name in schema.BLOBS if name != "annotations"}
    for array in ARRAYS:
        for clip in (*CLIPS, REJECTED):
            fields[f"{clip}_{array}"] = Field(f"{clip}_{array}", "array", "annotations", f"{clip}/{array}")
        if array not in schema.COLUMNS:
            fields[array] = Field(array, "array", "annotations", f"target/{array}")
    return fields | {name: Field(name, "column", name) for name in schema.COLUMNS}


FIELDS = _all()
"""Every field by name: blobs but the annotations; `driving_X`, `target_X` and `rejected_X` of every array X
of the annotations, X alone being the target's; and every column of a row."""


def find(names: Sequence[str]) -> tuple[Field, ...]:
    """The fields of these names.

    Raises:
        InputError: no field, or one that is unknown; names near ones.
    """
    for name in checked(names):
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, n=3, cutoff=0.5)
            raise InputError(f"fields: no field {name!r}; accepted: {', '.join(near or FIELDS)}")
    return tuple(FIELDS[name] for name in dict.fromkeys(names))


def checked(names: Any) -> Sequence[str]:
    """The names, which are a sequence of texts and at least one.

    Raises:
        InputError: they are not.
    """
    texts = isinstance(names, Sequence) and not isinstance(names, (str, bytes))
    if not texts or not names or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"fields: expected names of fields, such as ('driving', 'target', 'caption'), got {names!r}"
        )
    found: Sequence[str] = names
    return found
