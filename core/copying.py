"""Moves an installation from one database to another, SQLite or PostgreSQL, in one transaction: all of it, or nothing.

What belongs to running processes (leases, heartbeats, the queues of jobs) stays behind: what is due is queued again by
whoever starts next.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Row, Table, create_engine, event, func, insert, select, text, tuple_

from core.database import open_database, parse_url, session_options
from core.database_faults import plain_faults
from core.errors import InputError, StoreError
from core.models import Model
from core.tables import metadata
from core.tables_jobs import heartbeats, leases

LEFT_BEHIND = (leases, heartbeats)
ROWS_A_STEP = 2_000

Progress = Callable[[str, int, int], object]
"""Hears of a table, how many of its rows are copied, and how many there are."""


class Copied(Model):
    """What was copied: rows by table, in the order they were written."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


def tables() -> list[Table]:
    """Return every table that is copied, what others refer to first."""
    return [table for table in metadata.sorted_tables if table not in LEFT_BEHIND]


async def copy(source: str, target: str, progress: Progress = lambda table, done, total: None) -> Copied:
    """Copy every row of the database `source` to the empty one `target`; both are brought up to date first.

    The rows are those of one moment, even while others write. They are counted on both sides before anything is
    committed. Raises InputError when both are one database or the target holds something, StoreError otherwise.
    """
    of, to = parse_url(source), parse_url(target)
    if of == to:
        raise InputError("Both addresses name the same database. Give two different ones.")
    if _in_memory(of) or _in_memory(to):
        raise InputError("A database in memory cannot be copied: name a file, sqlite:///PATH.")
    _refuse_missing(of)
    async with open_database(source):
        pass
    async with open_database(target):
        pass
    return await asyncio.to_thread(_copy, of, to, progress)


def _refuse_missing(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError("There is no database file to copy from. Check the path.")


def _in_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def _copy(source: URL, target: URL, progress: Progress) -> Copied:
    with plain_faults(), _one_moment(source) as reading, _one_transaction(target) as writing:
        _refuse_full(writing)
        rows = {table.name: _copy_table(reading, writing, table, progress) for table in tables()}
        _check(writing, rows)
        return Copied(rows=rows)


@contextmanager
def _one_moment(url: URL) -> Iterator[Connection]:
    """Read everything as it is now, whatever others write meanwhile."""
    engine = _engine(url)
    try:
        with engine.connect() as conn:
            if engine.dialect.name == "sqlite":
                with conn.begin():
                    yield conn
            else:
                frozen = conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with frozen.begin():
                    yield frozen
    finally:
        engine.dispose()


@contextmanager
def _one_transaction(url: URL) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, connect_args={"options": session_options(url, statement_timeout="0")})
    engine = create_engine(url.set(drivername="sqlite"), hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(driver: Any, record: object) -> None:
        driver.isolation_level = None  # else the driver begins transactions where it thinks fit
        driver.execute("PRAGMA busy_timeout=5000")
        driver.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begun(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN")

    return engine


def _refuse_full(conn: Connection) -> None:
    for table in tables():
        if conn.execute(select(table).limit(1)).first() is not None:
            raise InputError(
                f"The database to copy to already holds rows ({table.name}). Give it an empty one: nothing is mixed or "
                "overwritten."
            )


def _copy_table(reading: Connection, writing: Connection, table: Table, progress: Progress) -> int:
    total, done = _count(reading, table), 0
    progress(table.name, 0, total)
    for rows in _pages(reading, table):
        writing.execute(insert(table), [dict(row._mapping) for row in rows])
        done += len(rows)
        progress(table.name, done, total)
    _continue_numbers(writing, table)
    return done


def _pages(conn: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    key = list(table.primary_key.columns)
    page = select(table).order_by(*key).limit(ROWS_A_STEP)
    rows = conn.execute(page).all()
    while rows:
        yield rows
        last = [getattr(rows[-1], column.name) for column in key]
        rows = conn.execute(page.where(tuple_(*key) > tuple_(*last))).all() if len(rows) == ROWS_A_STEP else []


def _count(conn: Connection, table: Table) -> int:
    return int(conn.scalar(select(func.count()).select_from(table)) or 0)


def _continue_numbers(conn: Connection, table: Table) -> None:
    """Let a server's own numbering go on after the copied rows."""
    number = table.autoincrement_column
    if conn.dialect.name == "sqlite" or number is None:
        return
    sequence = conn.scalar(select(func.pg_get_serial_sequence(table.name, number.name)))
    if sequence is not None:
        last = f"(SELECT max({number.name}) FROM {table.name})"
        conn.execute(text(f"SELECT setval(:sequence, {last}) WHERE {last} IS NOT NULL"), {"sequence": sequence})


def _check(conn: Connection, rows: dict[str, int]) -> None:
    for table in tables():
        found = _count(conn, table)
        if found != rows[table.name]:
            raise StoreError(
                f"Of {rows[table.name]} rows of {table.name}, {found} arrived. Nothing was copied; please report it."
            )
