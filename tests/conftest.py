"""What every test process does once, so that no test has to."""

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session", autouse=True)
def _statements_written_once() -> Iterator[None]:
    """What SQLAlchemy makes of a statement is kept by engine, and every test opens its own: here they all share it."""
    if "core.database" not in sys.modules:
        yield
        return
    from sqlalchemy.ext import asyncio as asyncio_engines

    from core import database

    with pytest.MonkeyPatch.context() as patch:
        for room, name in ((database, "create_engine"), (asyncio_engines, "create_async_engine")):
            patch.setattr(room, name, _sharing(getattr(room, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _queues_are_found_at_once() -> Iterator[None]:
    """DBOS looks for new queues every second: it begins when ours are there, so that no test waits for another look."""
    if "core.jobs" not in sys.modules:
        yield
        return
    from dbos import _dbos
    from sqlalchemy.exc import SQLAlchemyError

    look = _dbos.queue_thread

    def begin(stop: threading.Event, dbos: Any) -> None:
        found, before = [], None
        for _ in range(20):  # a process may have none
            if (found and found == before) or stop.wait(0.03):
                break
            with suppress(SQLAlchemyError):  # which it tells itself
                before, found = found, [queue.name for queue in dbos._sys_db.list_queues()]
        look(stop, dbos)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_dbos, "queue_thread", begin)
        yield


def _sharing(create: Callable[..., Any]) -> Callable[..., Any]:
    ready: list[Any] = []  # an engine that has connected: only then is its dialect whole

    @wraps(create)
    def created(*args: Any, **kwargs: Any) -> Any:
        made = create(*args, **kwargs)
        engine = getattr(made, "sync_engine", made)
        if ready:  # what is kept is found by its dialect
            engine.dialect, engine._compiled_cache = ready[0].dialect, ready[0]._compiled_cache
        else:
            initialize = engine.dialect.initialize

            def initialized(connection: Any) -> None:
                initialize(connection)
                ready.append(engine)

            engine.dialect.initialize = initialized
        return made

    return created


async def _opened_once(path: Path) -> None:
    from core.database import open_database

    async with open_database(f"sqlite:///{path}"):
        pass
