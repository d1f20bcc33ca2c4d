"""The auditor's page: its SQL runs as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
(SQL,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
QUERIES = [line for line in SQL.splitlines() if not line.startswith("--")]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_question_has_an_answer(tiny_dataset: Path, query: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.sql(query.replace("OUT/", f"{tiny_dataset}/"))
    assert found.columns
    assert "k > 2" in query or len(found.fetchall()) > 0
