"""The wrong database server in every way, each one clear line; and transactions that get in each other's way."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select, text, update

from core.database import OLDEST_SERVER, open_database, parse_url, refuse_old
from core.errors import StoreError
from core.tables import team_settings
from core.tables_jobs import leases
from tests import postgres


@pytest.fixture(scope="module")
def server() -> postgres.Server:
    return postgres.the_server()


@pytest.fixture
def empty(server: postgres.Server) -> Iterator[str]:
    name = server.create()
    yield name
    server.drop(name)


@pytest.fixture
def url(server: postgres.Server) -> Iterator[str]:
    with postgres.database(postgres.template()) as made:
        yield made


async def refused(url: str) -> str:
    with pytest.raises(StoreError) as told:
        async with open_database(url):
            pass
    assert "\n" not in told.value.message
    return told.value.message


async def test_a_database_that_does_not_exist(server: postgres.Server) -> None:
    assert "does not exist on the server" in await refused(server.url("nowhere"))


async def test_a_user_that_does_not_exist(server: postgres.Server) -> None:
    said = await refused(server.url("postgres", user="nobody"))
    assert "refuses Clout's user or password" in said
    assert "nobody" not in said


@pytest.mark.parametrize(
    "address", ["postgresql://u:hush@127.0.0.1:1/clout", "postgresql://u:hush@/clout?host=/nowhere"]
)
async def test_a_server_that_does_not_answer(address: str) -> None:
    said = await refused(address)
    assert "cannot be reached" in said
    assert "hush" not in said


def test_an_address_that_names_no_database() -> None:
    with pytest.raises(StoreError, match="names no database"):
        parse_url("postgresql://u@host")


def test_an_old_server() -> None:
    refuse_old(OLDEST_SERVER)
    with pytest.raises(StoreError, match=r"PostgreSQL 13; Clout needs 14"):
        refuse_old(13)


async def test_a_user_that_may_create_nothing(server: postgres.Server, empty: str) -> None:
    server.sql("DROP ROLE IF EXISTS guest")
    server.sql("CREATE ROLE guest LOGIN")
    assert "lacks a permission" in await refused(server.url(empty, user="guest"))
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", empty) == [(0,)]


async def test_a_database_of_another_program(server: postgres.Server, empty: str) -> None:
    server.sql("CREATE TABLE customers (id int)", empty)
    assert "tables of another program" in await refused(server.url(empty))


async def test_a_database_of_a_newer_version(server: postgres.Server, url: str) -> None:
    server.sql("UPDATE alembic_version SET version_num = '9999'", url.partition("@/")[2].partition("?")[0])
    assert "from a newer version of Clout" in await refused(url)


async def test_many_processes_start_on_an_empty_database_at_once(server: postgres.Server, empty: str) -> None:
    async def start() -> None:
        async with open_database(server.url(empty)):
            pass

    await asyncio.gather(*(start() for _ in range(4)))
    assert server.sql("SELECT count(*) FROM alembic_version", empty) == [(1,)]


def add_one(conn: Connection) -> int:
    """Read, then write: right only when nobody else does so in between."""
    found = int(conn.scalar(select(team_settings.c.value)) or 0)
    conn.execute(text("SELECT pg_sleep(0.01)"))
    conn.execute(update(team_settings).values(value=str(found + 1)))
    return found + 1


async def test_what_is_read_before_writing_still_holds_when_it_is_written(url: str) -> None:
    async with open_database(url) as one, open_database(url) as other:
        await one.write(lambda conn: conn.execute(team_settings.insert().values(team="T", key="k", value="0")))
        done = await asyncio.gather(*(database.write(add_one) for database in (one, other) for _ in range(2)))
        assert sorted(done) == [1, 2, 3, 4]


async def test_a_cancelled_caller_leaves_a_write_whole(url: str) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(conn: Connection) -> None:
        loop.call_soon_threadsafe(started.set)
        conn.execute(leases.insert().values(name="a", holder="b", until=1))
        conn.execute(text("SELECT pg_sleep(0.1)"))

    async with open_database(url) as database:
        writing = asyncio.create_task(database.write(slow))
        await started.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    async with open_database(url) as database:
        assert await database.read(lambda conn: conn.scalar(select(leases.c.holder))) == "b"


async def test_a_server_that_restarts_is_found_again(server: postgres.Server, url: str) -> None:
    async with open_database(url) as database:
        await database.write(lambda conn: conn.execute(leases.insert().values(name="a", holder="b", until=1)))
        sleeping = asyncio.create_task(database.write(lambda conn: conn.execute(text("SELECT pg_sleep(30)"))))
        await asyncio.sleep(0.1)
        server.stop()
        with pytest.raises(StoreError):
            await sleeping
        with pytest.raises(StoreError, match=r"cannot be reached|stopping or starting"):
            await database.read(lambda conn: conn.scalar(select(leases.c.holder)))
        server.start()
        assert await database.read(lambda conn: conn.scalar(select(leases.c.holder))) == "b"
        assert await database.write(lambda conn: conn.execute(update(leases).values(holder="c")).rowcount) == 1
