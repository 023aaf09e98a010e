"""Brings a database to today's schema at start-up: created in one go, or copied aside and upgraded step by step."""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from core import tables_budgets, tables_consents, tables_jobs, tables_posting, tables_watches
from core.errors import StoreError
from core.migrations import HEAD, REVISIONS, upgrade
from core.tables import alembic_version, metadata

log = logging.getLogger(__name__)

# Rooms whose tables join those of core/tables.py by being imported.
TABLES = (tables_budgets, tables_consents, tables_jobs, tables_posting, tables_watches)
COPY_PAGES = 4096  # 16 MB a step when copying a database aside

InTransaction = Callable[[Connection, Callable[[Connection], None]], None]


def bring_up_to_date(conn: Connection, path: Path | None, in_transaction: InTransaction) -> None:
    """Create the tables, or upgrade them; one cheap query when there is nothing to do.

    A file at `path` is copied to NAME.before-REVISION before its tables change. Raises StoreError for a database of a
    newer version or of another program.
    """
    revision = _revision(conn)
    _refuse_newer(revision)
    if revision == HEAD:
        return
    if revision is not None and path is not None:
        _copy_aside(conn, path)
    if conn.dialect.name == "sqlite":
        _migrate_sqlite(conn, in_transaction)
    else:
        conn.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('clout schema'))")  # workers start together
        _migrate(conn)


def _revision(conn: Connection) -> str | None:
    inspector = inspect(conn)
    if inspector.has_table(alembic_version.name):
        return conn.scalar(select(alembic_version.c.version_num))
    if inspector.get_table_names():
        raise StoreError("The database holds tables of another program. Give Clout a database of its own.")
    return None


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in REVISIONS:
        raise StoreError(
            f"The database has schema {revision}, from a newer version of Clout; this one knows up to {HEAD}. "
            f"Install that version again, or put back the copy whose name ends in .before-{revision}."
        )


def _copy_aside(conn: Connection, path: Path) -> None:
    target = path.with_name(f"{path.name}.before-{HEAD}")
    half = path.with_name(f"{target.name}.part")
    half.unlink(missing_ok=True)
    os.close(os.open(half, os.O_CREAT | os.O_RDWR, 0o600))
    source = conn.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)
    with closing(sqlite3.connect(half)) as copy:
        source.backup(copy, pages=COPY_PAGES)
    half.replace(target)
    log.info("database copied to %s before its schema changes", target.name)


def _migrate_sqlite(conn: Connection, in_transaction: InTransaction) -> None:
    # Off while tables are copied in batch mode: dropping the old table would delete everything that refers to it.
    conn.exec_driver_sql("PRAGMA foreign_keys=OFF")
    try:
        in_transaction(conn, _migrate)
    finally:
        conn.exec_driver_sql("PRAGMA foreign_keys=ON")


def _migrate(conn: Connection) -> None:
    revision = _revision(conn)  # again, now under the lock: another process may have been quicker
    _refuse_newer(revision)
    if revision is None:
        metadata.create_all(conn, checkfirst=False)
        alembic_version.create(conn)
        conn.execute(insert(alembic_version).values(version_num=HEAD))
    elif revision != HEAD:
        upgrade(conn)
        _refuse_orphans(conn)


def _refuse_orphans(conn: Connection) -> None:
    if conn.dialect.name == "sqlite" and conn.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise StoreError("The upgrade would leave rows that refer to nothing; it was undone. Please report it.")
