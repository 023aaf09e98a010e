"""Opens a database: the engine, SQLite's settings, the schema's version, and faults in plain words."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, event, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from core.errors import StoreError
from core.migrations import HEAD, REVISIONS, upgrade
from core.tables import alembic_version, metadata

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[Connection, P], T]

BUSY_S = 5.0  # how long a writer waits for another process before it gives up
READERS = 4  # connections kept; each is a thread of its own
COPY_PAGES = 4096  # 16 MB a step when copying a database aside
PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers never wait for a writer
    "PRAGMA synchronous=NORMAL",  # whole after a crash; a power cut may lose the last commits
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)

FAULTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("SQLITE_NOTADB",),
        "The database file is not an SQLite database. Point CLOUT_DATABASE_URL at another file, or move this one away.",
    ),
    (
        ("SQLITE_CORRUPT",),
        "The database file is damaged. Stop Clout and put back a copy (backup, or the .before- file beside it).",
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


def plain(err: Exception) -> StoreError:
    """The StoreError that says what a fault of the driver means and what to do; holds no path and no SQL."""
    orig = getattr(err, "orig", None) or err
    name = getattr(orig, "sqlite_errorname", "") or ""
    for prefixes, message in FAULTS:
        if name.startswith(prefixes):
            return StoreError(message)
    if isinstance(orig, OSError) and not name:
        return StoreError(f"The database cannot be reached: {orig.strerror or type(orig).__name__}.")
    return StoreError(f"The database refused a statement ({name or type(orig).__name__}). The log has the details.")


@contextmanager
def plain_faults() -> Iterator[None]:
    """Turn whatever the driver or the file system raises into a StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as err:
        log.warning("database: %s", err)
        raise plain(err) from err


class Database:
    """One engine with the two ways to use it: `read` outside of any transaction, `write` inside exactly one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._writing = asyncio.Lock()  # writers of this process queue here, not in SQLite's busy loop

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)`; each statement sees its own committed state."""
        with plain_faults():
            async with self.engine.connect() as conn:
                return await conn.run_sync(work, *args, **kwargs)

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` in one transaction; a cancelled caller waits until it has ended."""
        task = asyncio.ensure_future(self._write(work, *args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            if not task.cancelled() and task.exception() is not None:
                log.warning("database: a cancelled write failed: %s", task.exception())
            raise

    async def _write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with plain_faults():
            if not self.sqlite:
                engine = self.engine.execution_options(isolation_level="READ COMMITTED")
                async with engine.begin() as conn:
                    return await conn.run_sync(work, *args, **kwargs)
            async with self._writing, self.engine.connect() as conn:
                return await conn.run_sync(_in_transaction, work, *args, **kwargs)


def _in_transaction(conn: Connection, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    # IMMEDIATE takes the write lock first: a transaction that reads and then writes could not wait for one.
    conn.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        result = work(conn, *args, **kwargs)
        conn.exec_driver_sql("COMMIT")
    except BaseException:
        _roll_back(conn)
        raise
    return result


def _roll_back(conn: Connection) -> None:
    try:
        conn.exec_driver_sql("ROLLBACK")
    except DBAPIError:  # SQLite rolled back by itself (disk full), or the connection is gone
        conn.invalidate()


def parse_url(url: str) -> URL:
    """The database's address with its driver; StoreError for any that Clout cannot use."""
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise StoreError("CLOUT_DATABASE_URL is no database address; for example sqlite:///clout.db") from err
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    driver = drivers.get(parsed.drivername, parsed.drivername)
    if driver not in drivers.values():
        raise StoreError("CLOUT_DATABASE_URL must begin with sqlite:/// or postgresql://")
    return parsed.set(drivername=driver)


def _engine(url: URL) -> AsyncEngine:
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True, **options)
    if url.database in {None, "", ":memory:"}:
        options["poolclass"] = StaticPool
    else:
        options |= {"pool_size": READERS, "max_overflow": READERS}
    engine = create_async_engine(url, connect_args={"timeout": BUSY_S}, **options)
    event.listen(engine.sync_engine, "connect", _configure)
    return engine


def _configure(dbapi_connection: Any, _record: object) -> None:
    cursor = dbapi_connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the database, create or upgrade its schema, and close every connection at the end.

    Raises StoreError when it cannot be opened or was written by a newer version.
    """
    parsed = parse_url(url)
    path = _file(parsed)
    with plain_faults():
        if path is not None:
            _prepare_file(path)
    engine = _engine(parsed)
    try:
        database = Database(engine)
        with plain_faults():
            await _bring_up_to_date(database, path)
        yield database
    finally:
        await engine.dispose()


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    return Path(str(url.database))


def _prepare_file(path: Path) -> None:
    # Created by us, so that nobody else can read it, not even for a moment; SQLite copies the mode to its -wal file.
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


async def _bring_up_to_date(database: Database, path: Path | None) -> None:
    revision = await database.read(_revision)
    if revision == HEAD:
        return
    _refuse_newer(revision)
    if revision is not None and path is not None:
        await asyncio.to_thread(_copy_aside, path)
    if database.sqlite:
        async with database.engine.connect() as conn:
            await conn.run_sync(_migrate_sqlite)
    else:
        await database.write(_migrate_postgresql)


def _revision(conn: Connection) -> str | None:
    """The schema's revision, or None for an empty database; StoreError for somebody else's."""
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
            f"Install that version again, or put back the copy that ends in .before-{revision}."
        )


def _copy_aside(path: Path) -> None:
    target = path.with_name(f"{path.name}.before-{HEAD}")
    half = path.with_name(f"{target.name}.part")
    half.unlink(missing_ok=True)
    os.close(os.open(half, os.O_CREAT | os.O_RDWR, 0o600))
    source, copy = sqlite3.connect(path, timeout=BUSY_S), sqlite3.connect(half)
    try:
        source.backup(copy, pages=COPY_PAGES)
    finally:
        source.close()
        copy.close()
    half.replace(target)
    log.info("database copied to %s before its schema changes", target.name)


def _migrate_sqlite(conn: Connection) -> None:
    # Off while tables are copied in batch mode: dropping the old table would delete everything that refers to it.
    conn.exec_driver_sql("PRAGMA foreign_keys=OFF")
    try:
        _in_transaction(conn, _migrate)
    finally:
        conn.exec_driver_sql("PRAGMA foreign_keys=ON")


def _migrate_postgresql(conn: Connection) -> None:
    conn.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('clout schema'))")  # several workers start at once
    _migrate(conn)


def _migrate(conn: Connection) -> None:
    revision = _revision(conn)  # again, now under the lock: another process may have been quicker
    _refuse_newer(revision)
    if revision is None:
        metadata.create_all(conn, checkfirst=False)
        alembic_version.create(conn)
        conn.execute(insert(alembic_version).values(version_num=HEAD))
    elif revision != HEAD:
        upgrade(conn)
        if conn.dialect.name == "sqlite" and conn.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise StoreError("The database holds rows that refer to nothing; the upgrade was undone. Please report it.")
