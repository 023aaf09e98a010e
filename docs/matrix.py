"""Writes the table of survived faults into docs/operate.md from a run of the tests.

`CLOUT_MATRIX=matrix.jsonl pytest tests/jobs`, then `python -m docs.matrix matrix.jsonl`. A case that did not hold in
that run is written as such: the table says what was seen, not what is hoped for.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

PAGE = Path(__file__).parent / "operate.md"
BEGIN, END = "<!-- faults: written by `python -m docs.matrix` from a test run -->", "<!-- end of faults -->"
Row = Mapping[str, str]


def table(rows: Iterable[Row], names: Iterable[str] = ()) -> str:
    """Return the table of these results, a row a case and a column a database; `names` are cases that must appear."""
    found = {row["name"]: row for row in rows}
    held = {(row["name"], row["database"]) for row in rows}
    databases = sorted({database for _, database in held}, key=lambda name: name != "SQLite") or ["SQLite"]
    lines = [
        f"| what happens | what is seen | {' | '.join(databases)} |",
        f"|---|---|{'---|' * len(databases)}",
    ]
    for name, row in found.items():
        marks = [_mark(row, database, (name, database) in held) for database in databases]
        lines.append(f"| {row['fault']} | {row['outcome']} | {' | '.join(marks)} |")
    missing = [name for name in names if name not in found]
    lines += [f"| {name} | did not hold in this run | {' | '.join('failed' for _ in databases)} |" for name in missing]
    return "\n".join(lines)


def _mark(row: Row, database: str, held: bool) -> str:
    if held:
        return "held"
    return "not run" if row.get("only", "") in ("", database) else "-"


def written(page: str, table_: str) -> str:
    """Return the page with the table between its two marks; raises ValueError for a page without them."""
    head, found, rest = page.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{PAGE.name} needs the lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{table_}\n{END}{tail}"


def rows_of(page: str) -> list[tuple[str, str]]:
    """Return the faults and outcomes that stand in a page's table."""
    _, _, rest = page.partition(BEGIN)
    body, _, _ = rest.partition(END)
    lines = [line for line in body.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(row[0], row[1]) for row in cells]


def read(path: Path) -> list[Row]:
    """Return the results of a run, in the order they came, each case and database once."""
    found: dict[tuple[str, str], Row] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["name"], row["database"]] = row
    return list(found.values())


def main() -> None:
    """Write the table of the run named on the command line."""
    from tests.jobs.matrix_cases import CASES  # only here: reading the page needs no tests

    order = list(CASES)
    rows = sorted(read(Path(sys.argv[1])), key=lambda row: order.index(row["name"]))
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), table(rows, order)), encoding="utf-8")


if __name__ == "__main__":
    main()
