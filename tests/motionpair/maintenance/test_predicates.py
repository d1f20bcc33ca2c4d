"""Conditions: DuckDB's expressions on a row's columns, and nothing that reads, writes or waits."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from motionpair.errors import InputError
from motionpair.maintenance import predicates
from motionpair.maintenance.predicates import chosen

ROWS = pa.table(
    {
        predicates._NUMBER: [0, 1, 2],
        "split": ["train", "test", None],
        "k": [0, 1, 2],
        "props": [["box"], [], ["cup", "box"]],
        "discards": [[], [{"reason": "dark", "figure": 1.0}], [{"reason": "slow", "figure": 3.0}]],
        "driving": [{"shard": "shards/a", "length": 3}] * 3,
    }
)


def found(predicate: str) -> set[int]:
    """The rows of which a condition holds, without the process around it, which takes a second to start."""
    return set(predicates.matching(ROWS, predicate, ROWS.column_names[1:]))


@pytest.mark.parametrize(
    ("predicate", "rows"),
    [
        ("split = 'train'", {0}),
        ("k > 0 -- those that were drawn again", {1, 2}),
        ("k BETWEEN 1 AND 2 AND split IS NULL", {2}),
        ("'box' IN props OR list_contains(props, 'cup')", {0, 2}),
        ("len([d.reason FOR d IN discards IF d.figure > 2]) > 0", {2}),
        ("list_sum(list_transform(discards, lambda d: d.figure)) < 2", {1}),
        ("driving.length = 3 AND driving.shard LIKE 'shards/%'", {0, 1, 2}),
        ("regexp_matches(split, '^t') AND NOT k = 1", {0}),
        ("CASE WHEN k > 1 THEN true ELSE false END", {2}),
        ("NULL", set()),
        ("pairs.k % 2 = 1", {1}),
    ],
)
def test_conditions_on_columns(predicate: str, rows: set[int]) -> None:
    assert found(predicate) == rows


@pytest.mark.parametrize(
    "predicate",
    [
        "",
        "k",
        "'train'",
        "nothing = 1",
        "(SELECT true)",
        "EXISTS (SELECT 1 FROM read_csv('SECRET'))",
        "k IN (SELECT 1 FROM read_text('SECRET'))",
        "k = ANY (SELECT 1)",
        "read_text('SECRET') IS NULL",
        "true; DROP TABLE pairs",
        "true; COPY pairs TO 'WRITTEN'",
        "true; SELECT 1",
        "true -- \n; SELECT 1",
        "COPY pairs TO 'WRITTEN'",
        "PRAGMA version",
        "ATTACH 'WRITTEN'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "true) OR (true",
        "true ORDER BY k",
        "true LIMIT 1",
        "true GROUP BY k",
        "true UNION SELECT 1",
        "true QUALIFY true",
        "true USING SAMPLE 1",
        "true FROM read_csv('SECRET')",
        "count(*) > 1",
        "row_number() OVER () > 1",
        "* = 1",
        "COLUMNS('k') > 1",
        "$1",
        "unnest(props) = 'box'",
        "random() < 0.5",
        "now() > '2020-01-01'",
        "current_date > '2020-01-01'",
        "current_user = 'x'",
        "getenv('HOME') = 'x'",
        "current_setting('home_directory') = ''",
        "sleep_ms(100000) IS NULL",
        "write_log('x') IS NULL",
        "json_serialize_plan('SELECT * FROM read_text(''SECRET'')')::text LIKE '%found me%'",
        "len(repeat('x', 100000000000)) > 1",
        "split::INT = 1",
        "(" * 5000 + "true" + ")" * 5000,
        "k" + "+1" * 900 + " > 0",
        "k" + "+1" * 20_000 + " > 0",
        "NOT " * 900 + "true",
        "CASE WHEN true THEN " * 400 + "true" + " END" * 400,
        "abs(" * 900 + "k" + ")" * 900 + " > 0",
        "[" * 900 + "k" + "]" * 900 + " IS NULL",
        "regexp_matches(split, '((a{1,100}){1,100}){1,100}')",
        "* LIKE 'x'",
        "COLUMNS(*) IS NULL",
        "pairs.* IS NULL",
        "EXPLAIN SELECT 1",
        "CALL pragma_version()",
        "pragma_version() IS NULL",
        "glob('SECRET') IS NULL",
        "read_blob('SECRET') IS NULL",
        "sniff_csv('SECRET') IS NULL",
        "parquet_metadata('SECRET') IS NULL",
        "query('SELECT 1') IS NULL",
        "query_table('pairs') IS NULL",
        "nextval('x') = 1",
        "getvariable('x') = 1",
        "setseed(0.5) IS NULL",
        "json_execute_serialized_sql('x') IS NULL",
        "uuid() IS NULL",
        "txid_current() > 0",
        "error('x') IS NULL",
    ],
)
def test_anything_else_is_one_line(predicate: str, tmp_path: Path) -> None:
    secret, written = tmp_path / "secret.csv", tmp_path / "written"
    secret.write_text("found me\n1\n")
    hostile = predicate.replace("SECRET", str(secret)).replace("WRITTEN", str(written))
    try:
        assert found(hostile) == set()  # such as a plan that could not be made
    except InputError as error:
        message = str(error)
        assert message.startswith("predicate ")
        assert "\n" not in message
        assert "found me" not in message
        assert len(message) < 800
    else:
        assert "json_serialize_plan" in predicate
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_a_near_column_is_named() -> None:
    with pytest.raises(InputError, match="no column splits; did you mean split"):
        found("splits = 'train'")


def test_what_lies_around_in_python_cannot_be_read() -> None:
    hidden = pa.table({"a": [1]})
    with pytest.raises(InputError):
        found("hidden.a = 1")
    assert hidden.num_rows == 1


def test_a_process_of_its_own_gives_the_same(tmp_path: Path) -> None:
    rows = ROWS.drop_columns([predicates._NUMBER])
    assert chosen(rows, 'PAIRS."K" > 0 -- é') == {1, 2}
    assert chosen(rows, "true") == {0, 1, 2}
    assert chosen(rows.slice(0, 0), "k > 0") == set()
    with pytest.raises(InputError, match="no column splits; did you mean split") as caught:
        chosen(rows, "splits = 'train'")
    assert "\n" not in str(caught.value)


def test_an_endless_condition_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days of sums a row, which no limit of length or memory keeps out."""
    rows = pa.table({"k": list(range(2048))})
    inner = "list_sum(list_transform(range(20000), lambda y: x * y + k))"
    monkeypatch.setattr(predicates, "CPU_SECONDS", 3)
    with pytest.raises(InputError, match="takes more than 3 s of CPU time"):
        chosen(rows, f"list_sum(list_transform(range(20000), lambda x: {inner})) > 0")


def test_a_condition_of_any_length_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"expected at most 100,000 characters, got 200,007"):
        chosen(ROWS, "k IN (1" + ",1" * 100_000)
    with pytest.raises(InputError, match="no text"):
        chosen(ROWS, "\ud800")
