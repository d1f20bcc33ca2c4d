"""Options that several commands take together: the fields of one dataclass, each written once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields
from functools import wraps
from typing import Any, get_type_hints


def with_fields(
    command: Callable[..., None],
    name: str,
    group: Any,
    without: Collection[str] = (),
    instead: Mapping[str, Any] | None = None,
) -> Callable[..., None]:
    """A command whose parameter `name` is made of options, one a field of `group`, behind its own.

    Args:
        command: whose other parameters are options and arguments of its own.
        name: of the parameter that takes the dataclass.
        group: the dataclass; its fields are annotated as options.
        without: fields that are no options of this command, and keep their defaults.
        instead: annotations of fields that this command's help words otherwise.
    """
    asked = [field for field in fields(group) if field.name not in without]
    signature = inspect.signature(command, eval_str=True)
    hints = {**get_type_hints(group, include_extras=True), **(instead or {})}
    only, empty = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
    own = [p.replace(kind=only) for p in signature.parameters.values() if p.name != name]
    added = [
        inspect.Parameter(
            f.name, only, default=empty if f.default is MISSING else f.default, annotation=hints[f.name]
        )
        for f in asked
    ]

    @wraps(command)
    def with_options(**given: Any) -> None:
        made = group(**{field.name: given.pop(field.name) for field in asked})
        command(**given, **{name: made})

    with_options.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
    return with_options
