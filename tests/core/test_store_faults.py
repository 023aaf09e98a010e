"""When the file, the disk, another program or the person at the keyboard gets in the way."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.database_faults import plain
from core.errors import StoreError
from core.store import Store
from tests.core.stored_readings import DAY, NOON, HandClock, keep_fetch, make_fetch, make_posts, open_store


async def opening(path: Path | str) -> None:
    async with Store.open(f"sqlite:///{path}", HandClock()):
        pass


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_the_folder_is_made_and_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with open_store(tmp_path / "a" / "b") as store:
            await keep_fetch(store)
            modes = modes_in(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["clout.db", "clout.db-wal", "clout.db-shm"], 0o600)
    assert list(modes_in(tmp_path / "a" / "b")) == ["clout.db"], "nothing is left open"


async def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "clout.db"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(StoreError, match="not an SQLite database"):
        await opening(path)
    assert path.read_text().startswith("Dear diary, "), "and it is left alone"


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "clout.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="tables of another program"):
        await opening(path)
    with closing(sqlite3.connect(path)) as db:
        assert [name for (name,) in db.execute("SELECT name FROM sqlite_master")] == ["recipes"]


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        await opening(tmp_path)


async def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        await opening(tmp_path / "a" / "clout.db")


async def test_a_damaged_database_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(300))
    path = tmp_path / "clout.db"
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = bytes(len(damaged) - 4096)
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="damaged"):
        async with open_store(tmp_path) as store:
            await keep_fetch(store, posts=make_posts(300))


async def test_a_locked_database_says_who_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.database.BUSY_S", 0.05)
    async with open_store(tmp_path) as store:
        with closing(sqlite3.connect(tmp_path / "clout.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="locked by another program"):
                await keep_fetch(store)
            assert await store.creators("T") == (), "reading goes on meanwhile"
            other.execute("ROLLBACK")
        await keep_fetch(store)


async def test_a_full_disk_loses_the_fetch_whole_and_the_store_goes_on(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(3))
        pages = await store._db.write(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar_one())
        await store._db.write(lambda conn: conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}").scalar())
        with pytest.raises(StoreError, match="disk that holds the database is full"):
            await keep_fetch(store, native_id="did:plc:big", handle="big.bsky.social", posts=make_posts(500))
        assert await store.find("T", "big", None, [("bluesky", "big.bsky.social")]) is None
        await store._db.write(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count=1000000").scalar())
        await keep_fetch(store, native_id="did:plc:big", handle="big.bsky.social", posts=make_posts(500))
        assert len(await store.posts("bluesky", "did:plc:big", since=NOON - 999 * DAY)) == 500


def test_every_fault_of_the_driver_is_told_without_paths_or_sql() -> None:
    seen = set()
    for name in [name for name in dir(sqlite3) if name.startswith("SQLITE_")]:
        fault = sqlite3.OperationalError("near '/var/lib/clout.db': SELECT secret")
        fault.sqlite_errorname = name
        message = plain(fault).message
        assert "secret" not in message
        assert "/var" not in message
        seen.add(message)
    assert len(seen) >= 7


def test_a_server_that_is_away_is_told_from_a_refused_statement() -> None:
    away = type("OperationalError", (Exception,), {})("connection to 10.0.0.7 failed: password=hunter2")
    assert "server cannot be reached" in plain(away).message
    assert "hunter2" not in plain(away).message
    assert "refused a statement (ProgrammingError)" in plain(type("ProgrammingError", (Exception,), {})()).message


async def test_what_people_asked_for_stays_out_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with open_store(tmp_path) as store:
        await store._db.write(lambda conn: conn.exec_driver_sql("PRAGMA query_only=ON").close())
        with pytest.raises(StoreError):
            await store.set_setting("T", "zone", "Atlantis/Secret")
    assert "readonly" in caplog.text
    assert "Atlantis" not in caplog.text


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "oracle://x"])
async def test_an_address_of_no_database_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///"):
        async with Store.open(url, HandClock()):
            pass


async def test_an_error_in_the_middle_rolls_the_whole_fetch_back(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        snapshot, reading = make_fetch(posts=make_posts(2))
        broken = make_posts(3)[2].model_copy(update={"kind": None})
        with pytest.raises(StoreError):
            await store.record(snapshot, reading, changed=[*snapshot.posts, broken])
        assert await store.find("T", "x", None, [("bluesky", "glow.bsky.social")]) is None
        await store.record(snapshot, reading, changed=snapshot.posts)


async def test_cancelling_a_fetch_leaves_it_whole_or_undone(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    posts = make_posts(60)
    async with open_store(tmp_path) as store:
        for n in range(60):
            snapshot, reading = make_fetch(f"did:plc:{n}", f"n{n}.bsky.social", posts=posts)
            task = asyncio.create_task(store.record(snapshot, reading, changed=posts))
            for _ in range(
                chance.randrange(300)
            ):  # turns of the loop: from before the first statement to after the last
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await keep_fetch(store)  # the store still works
    assert_whole(tmp_path / "clout.db", posts_each=60, but="did:plc:glow")


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.core.stored_readings import keep_fetch, make_posts, open_store
async def go():
    posts = make_posts(40)
    async with open_store(Path(sys.argv[1])) as store:
        n = 0
        while True:
            await keep_fetch(store, native_id=f"did:plc:{n % 50}", handle=f"n{n % 50}.bsky.social", posts=posts)
            if n == 0:
                print("writing", flush=True)
            n += 1
asyncio.run(go())
"""


def test_a_killed_process_leaves_no_half_fetch(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "writing\n"
            time.sleep(chance.random() * 0.1)  # the moment of the kill, not a wait for something
            writer.send_signal(signal.SIGKILL)
        assert_whole(tmp_path / "clout.db", posts_each=40)


def assert_whole(path: Path, posts_each: int, but: str = "") -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        accounts = db.execute("SELECT id FROM accounts WHERE native_id <> ?", (but,)).fetchall()
        assert accounts
        for table, each in [
            ("posts", posts_each),
            ("post_counts", posts_each),
            ("snapshots", 1),
            ("account_scores", 1),
        ]:
            counted = dict(db.execute(f"SELECT account_id, count(*) FROM {table} GROUP BY account_id"))
            assert {counted.get(account, 0) for (account,) in accounts} == {each}, table


async def test_many_callers_at_once_all_get_their_turn(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        posts = make_posts(10)
        await asyncio.gather(
            *(keep_fetch(store, native_id=f"did:plc:{n}", handle=f"n{n}.bsky.social", posts=posts) for n in range(40)),
            *(store.find("T", "x", None, [("bluesky", f"n{n}.bsky.social")]) for n in range(40)),
        )
        found = await asyncio.gather(
            *(store.posts("bluesky", f"did:plc:{n}", since=NOON - 99 * DAY) for n in range(40))
        )
    assert {len(posts) for posts in found} == {10}


async def test_two_processes_worth_of_stores_share_one_file(tmp_path: Path) -> None:
    async with open_store(tmp_path) as one, open_store(tmp_path) as two:
        await asyncio.gather(
            *(
                keep_fetch(store, native_id=f"did:plc:{n}", handle=f"n{n}.bsky.social", posts=make_posts(20))
                for n in range(20)
                for store in (one, two)
            )
        )
        assert len(await one.posts("bluesky", "did:plc:3", since=NOON - 99 * DAY)) == 20
        assert len(await two.known_handles("T")) == 20


async def test_a_database_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store._db.write(lambda conn: conn.exec_driver_sql("PRAGMA query_only=ON").close())
        with pytest.raises(StoreError, match="may not be written"):
            await keep_fetch(store)
        assert await store.creators("T") == ()
