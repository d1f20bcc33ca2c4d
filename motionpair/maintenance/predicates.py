"""A condition on a row, in SQL, from whoever types it: one expression over the row's columns and no more.

DuckDB parses it and hands back its syntax tree, which is held against what a condition may be made of, before
anything is run. Then it runs without access to files, extensions or the network, with limited memory. All of
that is done in a process of its own, of limited CPU time: neither what is nested deeply nor what takes for
ever harms the one that asks.
"""

from __future__ import annotations

import difflib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from motionpair.errors import InputError

if TYPE_CHECKING:
    import duckdb

MEMORY = "1GB"
CPU_SECONDS = 120
"""Of a condition on all rows, all threads together."""
MOST_CHARACTERS = 100_000

_EXPRESSIONS = frozenset(
    (
        *("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT"),
        *("FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "TYPE"),
    )
)
"""Classes of expressions that a condition may be made of: no subquery, window, star or parameter."""

_MACROS = frozenset({"array_to_string", "if", "nullif", "split_part"})
"""DuckDB's macros that a condition may use beside `list_...`; others tell of sessions and clocks."""

_FRAME: dict[str, Any] = {"modifiers": [], "group_expressions": [], "group_sets": []} | dict.fromkeys(
    ("having", "qualify", "sample")
)
"""What the statement around the condition has beside it: nothing."""

_NUMBER = "motionpair row number"
_REFUSED = 2
_EXPECTED = "expected one condition on a row's columns, as after WHERE, and nothing after it"


def chosen(table: pa.Table, predicate: str) -> frozenset[int]:
    """The numbers of the rows of which a condition holds (NULL does not).

    Args:
        table: `metadata.parquet`.
        predicate: the condition.

    Raises:
        InputError: not one expression over the columns, not a condition, one that fails on a row, is nested
            too deeply, or takes more than `CPU_SECONDS`.
    """
    if find_spec("duckdb") is None:
        raise InputError("filter: needs DuckDB; install motionpair[audit]")
    where = _where(predicate)
    if len(predicate) > MOST_CHARACTERS:
        raise InputError(f"{where}: expected at most {MOST_CHARACTERS:,} characters, got {len(predicate):,}")
    try:
        asked = {"predicate": predicate.encode(), "columns": json.dumps(table.column_names).encode()}
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: no text ({error.reason})") from None
    lower = predicate.lower()
    # a column that is not in the text is not in the condition
    named = table.select([name for name in table.column_names if name.lower() in lower])
    numbers = pa.array(range(table.num_rows), pa.int64())
    named = named.append_column(_NUMBER, numbers).replace_schema_metadata(asked)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, named.schema) as stream:
        stream.write_table(named)
    # the same modules as here, and none that lies about where the command was given
    command = [sys.executable, "-P", "-c", f"from {__name__} import _answer; _answer({CPU_SECONDS})"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        command, input=memoryview(sink.getvalue()), capture_output=True, env=environment, check=False
    )
    if done.returncode == -signal.SIGXCPU:
        raise InputError(f"{where}: takes more than {CPU_SECONDS} s of CPU time")
    if done.returncode == _REFUSED:
        raise InputError(done.stderr.decode(errors="replace"))
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        raise InputError(f"{where}: cannot be tested: its process ended ({said[-1][:300]})")
    return frozenset(np.frombuffer(done.stdout, np.int64).tolist())


def _answer(cpu_seconds: int) -> None:
    """What the process of `chosen` does: rows on stdin, numbers on stdout, what is wrong on stderr."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with pa.ipc.open_stream(sys.stdin.buffer) as stream:
        table = stream.read_all()
    asked = table.schema.metadata
    try:
        found = matching(table, asked[b"predicate"].decode(), json.loads(asked[b"columns"]))
    except InputError as error:
        sys.stderr.write(str(error))
        raise SystemExit(_REFUSED) from None
    sys.stdout.buffer.write(np.array(found, np.int64).tobytes())


def matching(table: pa.Table, predicate: str, columns: Sequence[str]) -> list[int]:
    """The numbers, in `_NUMBER`, of the rows of which a condition holds, found in this process.

    Args:
        table: the columns that the condition names, and `_NUMBER`.
        predicate: the condition.
        columns: names of all columns.

    Raises:
        InputError: as of `chosen`, but there is no limit of time.
    """
    import duckdb

    where = _where(predicate)
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": MEMORY,
            "max_temp_directory_size": "0B",
            "lock_configuration": "true",
        },
    )
    try:
        _check(connection, predicate, columns, where)
        connection.register("pairs", table)
        # new lines, since the condition may end in a comment
        kind = connection.execute(f"SELECT typeof((\n{predicate}\n)) FROM pairs LIMIT 1").fetchone()
        if kind is not None and kind[0] not in ("BOOLEAN", '"NULL"'):
            raise InputError(f"{where}: expected a condition, such as split = 'train'; it gives {kind[0]}")
        found = connection.execute(f'SELECT "{_NUMBER}" FROM pairs WHERE\n{predicate}\n').fetchall()
    except duckdb.Error as error:
        raise InputError(f"{where}: {_first_line(error)}") from None
    except RecursionError:
        raise InputError(f"{where}: is nested too deeply") from None
    finally:
        connection.close()
    return [number for (number,) in found]


def _where(predicate: str) -> str:
    return f"predicate {predicate[:200]!r}"


def _check(connection: duckdb.DuckDBPyConnection, predicate: str, columns: Sequence[str], where: str) -> None:
    """Hold the syntax tree of a condition against what it may be made of."""
    statement = f"SELECT 1 FROM pairs WHERE\n{predicate}\n"
    answer = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchone()
    assert answer is not None
    tree = json.loads(answer[0])
    if tree["error"]:
        reason = (tree["error_message"].splitlines() or [""])[0]
        raise InputError(f"{where}: {'' if reason.startswith('Only SELECT') else reason + '; '}{_EXPECTED}")
    node = tree["statements"][0]["node"]
    alone = len(tree["statements"]) == 1 and node["type"] == "SELECT_NODE"
    if not alone or any(node[key] != value for key, value in _FRAME.items()):
        raise InputError(f"{where}: {_EXPECTED}")
    parts = list(_expressions(node["where_clause"]))
    functions = _functions(connection)
    known = {name.lower() for name in columns} | {"pairs"}
    for part in parts:
        if part["class"] == "LAMBDA":  # its parameters are columns to the parser
            known |= {p["column_names"][0].lower() for p in _expressions(part["lhs"]) if "column_names" in p}
    for part in parts:
        if part["class"] not in _EXPRESSIONS:
            what = part["class"].lower().replace("_", " ")
            raise InputError(f"{where}: a {what} is not accepted; {_EXPECTED}")
        if part["class"] == "FUNCTION" and part["function_name"].lower() not in functions:
            raise InputError(f"{where}: function {part['function_name']} is not accepted in a condition")
        if part["class"] == "COLUMN_REF" and part["column_names"][0].lower() not in known:
            name = part["column_names"][0]  # such as current_date, which is a function without parentheses
            near = difflib.get_close_matches(name, columns, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "docs/schema.md lists them"
            raise InputError(f"{where}: no column {name}; {hint}")


def _functions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Functions of a row's values alone: the same values always give the same answer."""
    rows = connection.execute(
        "SELECT function_name, function_type, stability FROM duckdb_functions()"
    ).fetchall()
    steady = {name for name, kind, stability in rows if (kind, stability) == ("scalar", "CONSISTENT")}
    moving = {name for name, kind, stability in rows if kind == "scalar" and stability != "CONSISTENT"}
    macros = {n for n, kind, _ in rows if kind == "macro" and (n.startswith("list_") or n in _MACROS)}
    return (steady - moving) | macros


def _expressions(tree: Any) -> Iterator[dict[str, Any]]:
    """Every expression of a syntax tree, whatever lies between them."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for value in tree.values():
            yield from _expressions(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _expressions(value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
