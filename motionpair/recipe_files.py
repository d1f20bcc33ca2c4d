"""Recipe files: YAML, read with `yaml.safe_load`'s types alone, and laid over a built-in recipe."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from motionpair.errors import InputError

MAX_RECIPE_BYTES = 1 << 20


def built_in_recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    folder = resources.files("motionpair") / "recipes"
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))


def read_recipe(name_or_path: str | Path) -> tuple[str, Mapping[str, Any]]:
    """A recipe's name for messages, and its top-level mapping, without its base's keys.

    Raises:
        InputError: no such recipe or file, too large, or not a mapping in YAML.
    """
    name = str(name_or_path)
    if name in built_in_recipes():
        raw = (resources.files("motionpair") / "recipes" / f"{name}.yaml").read_bytes()
    else:
        path = Path(name)
        if not path.exists() and path.suffix not in (".yaml", ".yml"):
            known = ", ".join(built_in_recipes())
            raise InputError(f"recipe {name}: no such recipe; accepted: {known}, or a YAML file")
        raw = _bytes_of(path, name, "recipe")
    return name, _mapping(raw, name, "recipe")


def read_mapping(path: Path, what: str) -> Mapping[str, Any]:
    """The top-level mapping of a small YAML file, of any kind; JSON is YAML too.

    Args:
        path: the file.
        what: for messages: `recipe`, `configuration`.

    Raises:
        InputError: no such file, too large, or not a mapping in YAML.
    """
    return _mapping(_bytes_of(path, str(path), what), str(path), what)


def read_scalar(text: str, where: str) -> Any:
    """A value as it would stand in a YAML file.

    Raises:
        InputError: not YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"{where}: not YAML: {_one_line(error)}") from None


def _bytes_of(path: Path, name: str, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_RECIPE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_RECIPE_BYTES:
        raise InputError(f"{name}: larger than {MAX_RECIPE_BYTES} bytes; a {what} is a small YAML file")
    return raw


def _mapping(raw: bytes, name: str, what: str) -> Mapping[str, Any]:
    try:
        data = yaml.load(raw.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError:
        raise InputError(f"{name}: not UTF-8 text; a {what} is a YAML file") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"{name}: not YAML: {_one_line(error)}") from None
    if not isinstance(data, Mapping):
        raise InputError(f"{name}: expected a mapping of {what} keys at the top")
    return data


class _Loader(yaml.SafeLoader):
    """YAML's safe loader without aliases (a short file could expand without end) or repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.YAMLError(f"line {event.start_mark.line + 1}: aliases are not accepted")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError(f"line {line}: keys are texts")
            if key.value in seen:
                raise yaml.YAMLError(f"line {line}: key {key.value} stands here twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    if mark is not None and problem:
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    return " ".join(str(error).split())[:200] or type(error).__name__


def with_base(where: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data laid over its base recipe's; a base is a built-in one and may have a base itself.

    Raises:
        InputError: no such base, or no name beside it.
    """
    if "base" not in data:
        return data
    own = {k: v for k, v in data.items() if k != "base"}
    base = data["base"]
    if base not in built_in_recipes() or base == where:
        raise InputError(f"base: expected one of {', '.join(built_in_recipes())}, got {base!r}")
    if "name" not in own:
        raise InputError("name: missing; a recipe with a base has a name of its own")
    base_name, base_data = read_recipe(base)
    return _laid_over(with_base(base_name, base_data), own)


def _laid_over(base: Any, own: Any) -> Any:
    if not (isinstance(base, Mapping) and isinstance(own, Mapping)):
        return own
    both = {k: _laid_over(v, own[k]) if k in own else v for k, v in base.items()}
    return both | {k: v for k, v in own.items() if k not in base}
