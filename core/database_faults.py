"""What the faults of SQLite and PostgreSQL mean to an operator: one clear sentence each, and what to do."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from core.errors import StoreError

log = logging.getLogger(__name__)

FAULTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("SQLITE_NOTADB",),
        "The database file is not an SQLite database. Point CLOUT_DATABASE_URL at another file, or move this one away.",
    ),
    (
        ("SQLITE_CORRUPT",),
        "The database file is damaged. Stop Clout and put back a copy (a backup, or the .before- file beside it).",
    ),
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "The database is locked by another program. Close what else has it open, then try again.",
    ),
    (("SQLITE_FULL",), "The disk that holds the database is full. Free some space, then try again."),
    (
        ("SQLITE_READONLY", "SQLITE_PERM"),
        "The database may not be written. Give Clout's user write permission on the file and its folder.",
    ),
    (
        ("SQLITE_CANTOPEN", "SQLITE_AUTH"),
        "The database file cannot be opened. Check that the path is a file Clout's user may read and write.",
    ),
    (
        ("SQLITE_IOERR",),
        "The disk that holds the database reports an error. Check the disk and its free space.",
    ),
)


SERVER_FAULTS: tuple[tuple[tuple[str, ...], str], ...] = (  # by the beginning of an SQLSTATE, PostgreSQL appendix A
    (
        ("28",),
        "The database server refuses Clout's user or password. Check both in CLOUT_DATABASE_URL; a password with "
        "special characters is written percent-encoded.",
    ),
    (
        ("3D000",),
        "The database named in CLOUT_DATABASE_URL does not exist on the server. Create it first: CREATE DATABASE.",
    ),
    (
        ("42501",),
        "The database user lacks a permission. Let it create and change tables: "
        "GRANT ALL ON DATABASE ... and, inside of it, GRANT ALL ON SCHEMA public.",
    ),
    (
        ("53300",),
        "The database server takes no more connections. Raise its max_connections, or run fewer workers.",
    ),
    (("53100",), "The disk of the database server is full. Free some space there, then try again."),
    (("25006",), "The database server only lets Clout read. Point CLOUT_DATABASE_URL at the server that writes."),
    (
        ("57P01", "57P02", "57P03", "57P05"),
        "The database server is stopping or starting. Clout goes on as soon as it answers.",
    ),
    (
        ("40001", "40P01", "55P03"),
        "The database is busy: other processes changed the same rows again and again. Try again in a moment.",
    ),
)


def plain(err: BaseException) -> StoreError:
    """The StoreError that says what a fault of the driver means and what to do; holds no path and no SQL."""
    orig = getattr(err, "orig", None) or err
    state = getattr(orig, "sqlstate", None) or ""
    name = getattr(orig, "sqlite_errorname", "") or state
    for prefixes, message in SERVER_FAULTS if state else FAULTS:
        if name.startswith(prefixes):
            return StoreError(message)
    if isinstance(orig, OSError):
        return StoreError(f"The database file cannot be used: {orig.strerror or type(orig).__name__}.")
    if type(orig).__name__ in _NO_CONNECTION and not name:  # psycopg's, which is imported only where it is used
        return StoreError(_refused(str(orig)))
    return StoreError(f"The database refused a statement ({name or type(orig).__name__}). The log has the details.")


_NO_CONNECTION = {"OperationalError", "ConnectionTimeout", "PoolTimeout"}


def _refused(words: str) -> str:
    """What a failed connection means; the client library gives words and no code while there is no connection."""
    for marks, message in (
        (("password authentication failed", "no password supplied", "no pg_hba.conf entry"), SERVER_FAULTS[0][1]),
        (('" does not exist',), SERVER_FAULTS[1][1] if 'database "' in words else SERVER_FAULTS[0][1]),
        (("too many clients", "remaining connection slots"), SERVER_FAULTS[3][1]),
    ):
        if any(mark in words for mark in marks):
            return message
    return "The database server cannot be reached. Check that it runs, and the host and port in CLOUT_DATABASE_URL."


@contextmanager
def plain_faults() -> Iterator[None]:
    """Turn whatever the driver or the file system raises into a StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as err:
        log.info("database: %s", getattr(err, "orig", None) or err)  # never the statement: it may hold names
        raise plain(err) from err
