"""The table of survived faults says neither more nor less than the tests that kill real processes."""

import pytest

from docs import matrix
from tests.jobs.matrix_cases import CASES


def test_the_page_holds_every_case_and_no_other() -> None:
    page = matrix.PAGE.read_text(encoding="utf-8")
    assert sorted(matrix.rows_of(page)) == sorted((case.fault, case.outcome) for case in CASES.values())
    assert "failed" not in page.partition(matrix.BEGIN)[2].partition(matrix.END)[0]


def test_a_case_that_did_not_hold_is_written_as_such() -> None:
    rows = [{"name": "a", "fault": "kill", "outcome": "posted once", "database": "SQLite"}]
    table = matrix.table(rows, ["a", "b"])
    assert "| kill | posted once | held |" in table
    assert "| b | did not hold in this run | failed |" in table


def test_both_databases_stand_side_by_side() -> None:
    row = {"name": "a", "fault": "kill", "outcome": "posted once"}
    table = matrix.table([row | {"database": "PostgreSQL"}, row | {"database": "SQLite"}])
    assert "| SQLite | PostgreSQL |" in table
    assert "| kill | posted once | held | held |" in table


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        matrix.written("# Operate\n", "| a |")
