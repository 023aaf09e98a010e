"""Opens a database and runs work on it: SQLite inside the driver's own thread, PostgreSQL through the async engine.

The store's work is plain functions on a SQLAlchemy connection. With SQLite they run in the thread where aiosqlite keeps
its connection, a whole transaction in one hop. SQLAlchemy's async adapter makes three or four hops a statement, which
cost more than the statements (benchmarks/bench_store.py); and a cancelled caller cannot stop a transaction half way.
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

import aiosqlite
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from core.database_faults import plain_faults
from core.errors import StoreError
from core.schema import bring_up_to_date

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[Connection, P], T]

BUSY_S = 30.0  # how long a writer waits for another process: one that brings a long list in writes for 15 s
READERS = 2  # reading lanes; more only wait for each other in Python
PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers never wait for a writer
    "PRAGMA synchronous=NORMAL",  # whole after a crash; a power cut may lose the last commits
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA secure_delete=FAST",  # what is forgotten is overwritten where its page is written anyway
)


class Database(Protocol):
    """Runs work on a connection; both methods raise StoreError."""

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` outside of any transaction: each statement sees what is committed by then."""
        ...

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` in one transaction; when the caller is cancelled it still ends whole."""
        ...


# --- SQLite -----------------------------------------------------------------------------------------------------------


class _Lane(aiosqlite.Connection):
    """One SQLite connection in its thread, with a SQLAlchemy engine that uses just this connection.

    Work queues in the order it was asked for; what was begun runs to its end, whatever becomes of the caller.
    """

    def __init__(self, path: str) -> None:
        super().__init__(partial(sqlite3.connect, path, timeout=BUSY_S, isolation_level=None), iter_chunk_size=64)
        self._thread.daemon = True  # a loop that died without closing us must not keep the process alive
        self._engine = create_engine(
            "sqlite://",
            creator=lambda: self._conn,
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            hide_parameters=True,  # what people asked for does not belong in a log
        )

    async def enter(self) -> None:
        """Start the thread and open the file in it; when that fails, no thread is left that talks to a closed loop."""
        try:
            await self
        except BaseException:
            await asyncio.to_thread(self._thread.join)
            raise

    async def run(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` in the lane's thread."""
        done: T = await self._execute(partial(self._call, work, *args, **kwargs))  # type: ignore[no-untyped-call]
        return done

    def _call(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with plain_faults(), self._engine.connect() as conn:
            return work(conn, *args, **kwargs)

    async def leave(self) -> None:
        """Finish what is queued, then close."""
        await self._execute(self._engine.dispose)  # type: ignore[no-untyped-call]
        await self.close()


def in_transaction(conn: Connection, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in one SQLite transaction that holds the write lock from its first statement on."""
    # IMMEDIATE: a transaction that reads first could not wait for the lock when it comes to write.
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
    except DBAPIError as err:  # SQLite rolls back by itself when the disk is full
        log.info("database: nothing left to roll back: %s", err)


class SqliteDatabase:
    """One writing lane and a few reading ones, so that a warm lookup never waits behind a write."""

    def __init__(self, writer: _Lane, readers: list[_Lane]) -> None:
        self._writer = writer
        self._readers = cycle(readers or [writer])

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See Database.read."""
        return await next(self._readers).run(work, *args, **kwargs)

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See Database.write."""
        return await self._writer.run(in_transaction, work, *args, **kwargs)


@asynccontextmanager
async def _open_sqlite(url: URL) -> AsyncIterator[Database]:
    in_memory = url.database in {None, "", ":memory:"}
    path = None if in_memory else Path(str(url.database))
    lanes: list[_Lane] = []
    try:
        with plain_faults():
            if path is not None:
                _prepare_file(path)
            # The schema first, on the writer: a reader must not meet half of it.
            for _ in range(1 if in_memory else 1 + READERS):
                lane = _Lane(":memory:" if path is None else str(path))
                await lane.enter()
                lanes.append(lane)
                await lane.run(_prepare_lane, path if len(lanes) == 1 else None, first=len(lanes) == 1)
        yield SqliteDatabase(lanes[0], lanes[1:])
    finally:
        for lane in reversed(lanes):
            await lane.leave()


def _prepare_file(path: Path) -> None:
    # Created by us, so that nobody else can read it, not even for a moment; SQLite copies the mode to its -wal file.
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_lane(conn: Connection, path: Path | None, *, first: bool) -> None:
    for pragma in PRAGMAS:
        conn.exec_driver_sql(pragma)
    if first:
        bring_up_to_date(conn, path, in_transaction)


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


OLDEST_SERVER = 14  # PostgreSQL's own support for 13 ended in November 2025
TRIES = 8  # of a transaction that others got in the way of; one of them always gets through
PAUSE_S = 0.02  # before the second try, and that much longer before each further one
CONNECT_S = 10
CONNECTIONS = 5  # kept open by a process, and as many more when it is busy
# A process that is frozen or cut off must not keep others waiting: its transaction ends, and its connection is noticed.
SESSION = {
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "15s",
    "statement_timeout": "120s",
    "timezone": "UTC",
    "jit": "off",  # takes longer than our statements
}
REACHING = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # ms
    "application_name": "clout",
}
_CLASHES = ("40001", "40P01", "23505")  # the last: another process added the same row a moment ago


class _Clash(Exception):
    """Another transaction got in the way of this one."""

    def __init__(self, error: DBAPIError) -> None:
        self.error = error


class ServerDatabase:
    """A database server behind an async engine; transactions are as good as one after another, as with SQLite."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        # work that reads and then writes is right on SQLite, where writers queue; so it must see nothing half done here
        self._writer = engine.execution_options(isolation_level="SERIALIZABLE", preserve_rowcount=True)
        self._writing: set[asyncio.Task[Any]] = set()
        self._line = asyncio.Lock()  # of those who clashed: all at once would only clash again

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See Database.read."""
        with plain_faults():
            async with self._reader.connect() as conn:
                return await conn.run_sync(work, *args, **kwargs)

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See Database.write; `work` runs again when another process got in the way."""
        task = asyncio.ensure_future(self._written(lambda conn: work(conn, *args, **kwargs)))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        with plain_faults():
            return await asyncio.shield(task)  # a caller that is cancelled leaves it to end whole

    async def _written(self, work: Callable[[Connection], T]) -> T:
        with suppress(_Clash):
            return await self._try(work)
        async with self._line:
            for attempt in range(1, TRIES):
                with suppress(_Clash):
                    return await self._try(work)
                await asyncio.sleep(PAUSE_S * attempt)
            try:
                return await self._try(work)
            except _Clash as clash:
                raise clash.error from clash.error.orig

    async def _try(self, work: Callable[[Connection], T]) -> T:
        try:
            async with self._writer.begin() as conn:
                return await conn.run_sync(work)
        except DBAPIError as err:
            if getattr(err.orig, "sqlstate", None) in _CLASHES:
                raise _Clash(err) from err
            raise

    async def finish(self) -> None:
        """Wait until what callers left behind has ended."""
        await asyncio.gather(*self._writing, return_exceptions=True)


def _as_is(conn: Connection, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return work(conn, *args, **kwargs)


def _prepare_server(conn: Connection) -> None:
    refuse_old(int((conn.dialect.server_version_info or (OLDEST_SERVER,))[0]))
    bring_up_to_date(conn, None, _as_is)


def refuse_old(version: int) -> None:
    """Raise StoreError for a PostgreSQL that Clout does not run on; `version` is the major one."""
    if version < OLDEST_SERVER:
        raise StoreError(
            f"The database server is PostgreSQL {version}; Clout needs {OLDEST_SERVER} or newer. Upgrade the server, "
            "or use another."
        )


def session_options(url: URL, **changed: str) -> str:
    """What a session begins with: ours, with some `changed`, then what the address itself asks for."""
    given = str(url.query.get("options", ""))
    ours = " ".join(f"-c {name}={value}" for name, value in {**SESSION, **changed}.items() if name not in given)
    return f"{ours} {given}".strip()


def _engine(url: URL) -> "AsyncEngine":
    from sqlalchemy.ext.asyncio import create_async_engine  # brings the whole ORM, which SQLite has no use for

    arguments = {name: value for name, value in REACHING.items() if name not in url.query}
    try:
        return create_async_engine(
            url,
            connect_args={**arguments, "options": session_options(url)},
            pool_size=CONNECTIONS,
            max_overflow=CONNECTIONS,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as err:
        raise StoreError(f"This address needs the Python package {err.name}. Install it beside Clout.") from err


@asynccontextmanager
async def _open_server(url: URL) -> AsyncIterator[Database]:
    engine = _engine(url)
    database = ServerDatabase(engine)
    try:
        with plain_faults():
            async with engine.begin() as conn:  # not serializable: it waits for others, and must see what they did
                await conn.run_sync(_prepare_server)
        yield database
    finally:
        await database.finish()
        await engine.dispose()


# --- opening ----------------------------------------------------------------------------------------------------------

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def parse_url(url: str) -> URL:
    """The database's address with its driver; StoreError for any that Clout cannot use."""
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise StoreError("CLOUT_DATABASE_URL is no database address; for example sqlite:///clout.db") from err
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    if driver not in DRIVERS.values():
        raise StoreError("CLOUT_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://")
    if driver != DRIVERS["sqlite"] and not parsed.database:
        raise StoreError("CLOUT_DATABASE_URL names no database: postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME")
    return parsed.set(drivername=driver)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the database, create or upgrade its schema, and close every connection at the end.

    Raises StoreError when it cannot be opened or was written by a newer version.
    """
    parsed = parse_url(url)
    opened = _open_sqlite if parsed.get_backend_name() == "sqlite" else _open_server
    async with opened(parsed) as database:
        yield database
