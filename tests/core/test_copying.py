"""An installation moved between SQLite and PostgreSQL and back, backed up while it runs, and restored: same answers."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from core.backups import back_up, restore
from core.copying import ROWS_A_STEP, copy, tables
from core.database import open_database
from core.errors import InputError, StoreError
from core.store import Store
from core.tables import creators, metadata, misses, suppressions
from core.tables_jobs import heartbeats
from tests import postgres
from tests.core.stored_readings import DAY, NOON, HandClock, keep_fetch, make_posts

CLOCK = HandClock()


def sqlite_url(folder: Path, name: str = "clout.db") -> str:
    return f"sqlite:///{folder / name}"


@pytest.fixture
def server_url() -> Iterator[str]:
    with postgres.database(postgres.template()) as url:
        yield url


async def fill(url: str) -> None:
    """Two creators with posts, history, settings and hashes; text that needs care."""
    async with Store.open(url, CLOCK) as store:
        for day in (9, 3, 0):
            at = NOON - day * DAY
            await keep_fetch(store, at=at, posts=make_posts(5, at=at, likes=10 + day), score=50.0 - day)
        await keep_fetch(store, native_id="did:plc:ümlaut", handle="ümlaut’s.example", score=None)
        await store.link("T1", "Glow", [("bluesky", "did:plc:glow")])
        await store.link("T2", "Ümlaut", [("bluesky", "did:plc:ümlaut")])
        await store.track("T1", "Glow", NOON)
        await store.set_setting("T1", "zone", "Europe/Berlin")
        held = {"hash": b"\x00\xff" * 16, "at": 1}
        await store.database.write(lambda conn: conn.execute(insert(suppressions), held))


async def answers(url: str) -> list[object]:
    """Everything a card is made of."""
    async with Store.open(url, CLOCK) as store:
        return [
            await store.find("T1", "glow", None, [], history_since=NOON - 90 * DAY),
            await store.find("T2", "ümlaut", None, []),
            await store.past("bluesky", "did:plc:glow", since=NOON - 90 * DAY),
            await store.posts("bluesky", "did:plc:glow", since=NOON - 90 * DAY),
            await store.scores("bluesky", "did:plc:glow", since=NOON - 90 * DAY),
            await store.counts_as_of("bluesky", "did:plc:glow", (NOON - 3 * DAY).date()),
            await store.creators("T1"),
            await store.settings("T1"),
            await store.database.read(lambda conn: set(conn.scalars(select(suppressions.c.hash)))),
        ]


async def test_there_and_back_again_gives_the_same_answers(tmp_path: Path, server_url: str) -> None:
    first, last = sqlite_url(tmp_path), sqlite_url(tmp_path, "last.db")
    await fill(first)
    heard: list[tuple[str, int, int]] = []
    there = await copy(first, server_url, lambda *step: heard.append(step))
    back = await copy(server_url, last)
    assert there == back
    assert there.rows["accounts"] == 2
    assert await answers(first) == await answers(server_url) == await answers(last)
    assert ("accounts", 2, 2) in heard


async def test_numbers_go_on_after_the_copied_rows(tmp_path: Path, server_url: str) -> None:
    await fill(sqlite_url(tmp_path))
    await copy(sqlite_url(tmp_path), server_url)
    async with Store.open(server_url, CLOCK) as store:
        await keep_fetch(store, native_id="did:plc:new", handle="new.example")
        await store.link("T1", "New", [("bluesky", "did:plc:new")])
        assert {one.name for one in await store.creators("T1")} == {"Glow", "New"}


async def test_many_rows_come_page_by_page_in_any_order(tmp_path: Path) -> None:
    rows = [
        {"network": "bluesky", "handle_key": f"{n * 7919 % 5003:x}", "failure": "{}", "until": n}
        for n in range(2 * ROWS_A_STEP + 1)
    ]
    async with open_database(sqlite_url(tmp_path)) as database:
        await database.write(lambda conn: conn.execute(insert(misses), rows))
    done = await copy(sqlite_url(tmp_path), sqlite_url(tmp_path, "other.db"))
    assert done.rows["misses"] == done.total == len(rows)


async def test_what_belongs_to_processes_stays_behind(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path)) as database:
        await database.write(lambda conn: conn.execute(insert(heartbeats).values(executor="x", since=1, at=1)))
    done = await copy(sqlite_url(tmp_path), sqlite_url(tmp_path, "other.db"))
    assert done.total == 0
    assert {table.name for table in tables()} == set(metadata.tables) - {"leases", "heartbeats"}


async def test_a_database_that_holds_something_is_left_alone(tmp_path: Path, server_url: str) -> None:
    await fill(sqlite_url(tmp_path))
    await copy(sqlite_url(tmp_path), server_url)
    with pytest.raises(InputError, match="already holds rows"):
        await copy(sqlite_url(tmp_path), server_url)
    with pytest.raises(InputError, match="the same database"):
        await copy(server_url, server_url)
    with pytest.raises(InputError, match="in memory"):
        await copy("sqlite://", server_url)


async def test_a_copy_that_breaks_leaves_nothing_half(tmp_path: Path, server_url: str) -> None:
    await fill(sqlite_url(tmp_path))

    def stop(table: str, done: int, total: int) -> None:
        if table == "posts":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy(sqlite_url(tmp_path), server_url, stop)
    assert (await copy(sqlite_url(tmp_path), server_url)).rows["accounts"] == 2


# --- backups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
async def test_a_restored_backup_answers_the_same(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = sqlite_url(tmp_path) if kind == "SQLite" else request.getfixturevalue("server_url")
    await fill(url)
    before = await answers(url)
    async with Store.open(url, CLOCK) as store:  # it runs, and goes on
        file = await back_up(url, tmp_path / "kept" / "backup.db")
        await store.set_setting("T1", "zone", "UTC")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["backup.db"]
    done = await restore(sqlite_url(tmp_path, "restored.db"), file)
    assert done.rows["creators"] == 2
    assert await answers(sqlite_url(tmp_path, "restored.db")) == before
    assert [one.name for one in file.parent.iterdir()] == ["backup.db"]


async def test_a_backup_replaces_nothing_and_needs_something(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no database yet"):
        await back_up(sqlite_url(tmp_path), tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []
    await fill(sqlite_url(tmp_path))
    (tmp_path / "backup.db").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        await back_up(sqlite_url(tmp_path), tmp_path / "backup.db")
    assert (tmp_path / "backup.db").read_text() == "mine"


async def test_only_a_backup_is_restored_and_only_into_an_empty_database(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    with pytest.raises(InputError, match="no file"):
        await restore(url, tmp_path / "nothing.db")
    (tmp_path / "letter.txt").write_text("Dear operator, " * 1000)
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn:
        conn.execute("CREATE TABLE customers (id)")
    for name in ("letter.txt", "other.db"):
        with pytest.raises(InputError, match="no backup of Clout"):
            await restore(url, tmp_path / name)
    await fill(url)
    await back_up(url, tmp_path / "backup.db")
    with pytest.raises(InputError, match="already holds rows"):
        await restore(url, tmp_path / "backup.db")


async def test_a_backup_of_a_newer_version_is_named_as_such(tmp_path: Path) -> None:
    await fill(sqlite_url(tmp_path))
    file = await back_up(sqlite_url(tmp_path), tmp_path / "backup.db")
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
        conn.commit()
    with pytest.raises(StoreError, match="newer version"):
        await restore(sqlite_url(tmp_path, "new.db"), file)


async def test_creators_keep_their_numbers(tmp_path: Path, server_url: str) -> None:
    await fill(sqlite_url(tmp_path))
    await copy(sqlite_url(tmp_path), server_url)
    found = []
    for url in (sqlite_url(tmp_path), server_url):
        async with open_database(url) as database:
            found.append(await database.read(lambda conn: conn.execute(select(creators).order_by(creators.c.id)).all()))
    assert found[0] == found[1]
