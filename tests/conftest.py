"""What every test process does once, so that no test has to."""

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from functools import wraps
from pathlib import Path

import pytest

from tests import memory


def pytest_configure() -> None:
    """Keep temporary files in memory unless told otherwise; workers are given a folder in that of their parent."""
    if (folder := memory.folder()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect without the garbage collector, and let it never look again at what stays until the end anyway."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _empty_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite file begins as a copy of one with all tables, made once: making them is most of an opening.

    Who tests the making itself takes `core.database._prepare_file.__wrapped__`.
    """
    if "core.database" not in sys.modules:
        yield  # none of the collected tests has anything to do with a database
        return
    from core import database

    path = tmp_path_factory.mktemp("empty") / "clout.db"
    asyncio.run(_opened_once(path))
    empty, prepare = path.read_bytes(), database._prepare_file

    @wraps(prepare)
    def prepared(path: Path) -> None:
        new = not path.exists()
        prepare(path)
        if new:
            path.write_bytes(empty)

    database._prepare_file = prepared
    yield
    database._prepare_file = prepare


async def _opened_once(path: Path) -> None:
    from core.database import open_database

    async with open_database(f"sqlite:///{path}"):
        pass
