"""The list of those who asked not to be scored: what it holds, who reads it, and what it survives."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select

from core.errors import OptedOut, SettingsError, StoreError
from core.grants import granted_id
from core.manifest import HandleRule, Manifest
from core.models import Profile
from core.retention import NOBODY
from core.suppression import KEPT, KEY, Marks, Suppression
from core.tables import metadata, suppressions
from tests.core.stored_readings import NOON, HandClock, open_store

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
NET = Manifest(
    name="open",
    label="Open",
    hosts=("open.example",),
    base_url="https://open.example/",
    handles=HandleRule(pattern=".+", hint="anything", example="glow"),
)


def profile(handle, native_id):
    return Profile(network="open", native_id=native_id, handle=handle, fetched_at=NOON)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path) as store:
        yield store


def reader(store, keys=OLD, clock=None):
    return Suppression(store.database, clock or HandClock(), SecretStr(keys))


async def enter(store, keys=OLD, handles=("glow",), native_ids=("a1",), clock=None):
    one = reader(store, keys, clock)
    await store.database.write(one.enter, "open", handles, native_ids)


async def test_it_names_nobody_and_differs_by_key_and_network(store):
    await enter(store)
    hashes = await store.database.read(lambda conn: set(conn.scalars(select(suppressions.c.hash))))
    assert len(hashes) == 2
    assert {len(one) for one in hashes} == {32}
    setting = await store.setting(NOBODY, KEY)
    written = " ".join(
        [str(tuple(row)) for row in await store.database.read(lambda conn: conn.execute(select(suppressions)).all())]
    )
    assert "glow" not in written + setting
    assert Marks(b"1").handle("open", "glow") != Marks(b"2").handle("open", "glow")
    assert Marks(b"1").handle("open", "glow") != Marks(b"1").handle("other", "glow")
    assert Marks(b"1").handle("open", "glow") != Marks(b"1").account("open", "glow")
    assert "key" not in repr(Marks(b"secret"))


ASKED = [
    (("glow", None), True),
    (("@GLOW", None), True),
    (("a1", None), True),  # a native id typed in place of a handle
    (("glow2", None), False),
    (("new", "a1"), True),
    (("new", granted_id("a1", "slack:T1")), True),
    (("glow", "b2"), False),  # somebody else bears the name now, and is known
    (("", None), False),
    (("gl\x00ow", None), True),  # stored as the same handle
]


async def test_who_may_not_be_asked_for_or_kept(store):
    await enter(store)
    one = reader(store)
    for (handle, native_id), held in ASKED:
        assert await one.holds("open", handle, native_id) is held, (handle, native_id)
        assert not await one.holds("other", handle, native_id)
    with pytest.raises(OptedOut, match="Open: this creator asked not to be scored here"):
        await one.refuse(NET, "glow")
    with pytest.raises(OptedOut):
        await one.refuse_found(NET, profile("renamed", "a1"))
    await one.refuse_found(NET, profile("glow", "b2"))
    barred = [profile("renamed", "a1"), profile("glow", "b2")]
    assert await store.database.read(one.among, barred) == {("open", "a1")}


async def test_a_handle_alone_bars_whoever_is_found_to_bear_it(store):
    await enter(store, native_ids=())
    one = reader(store)
    assert await one.holds("open", "glow")
    with pytest.raises(OptedOut):
        await one.refuse_found(NET, profile("Glow", "b2"))
    assert await one.holds("open", "glow", "b2")


@pytest.mark.parametrize("hostile", ["'; DROP TABLE suppressions; --", "\ud800", "x" * 5000, "id\0open\0a1", "ünï"])
async def test_hostile_names_are_names_like_any_other(store, hostile):
    await enter(store, handles=(hostile,), native_ids=(hostile,))
    one = reader(store)
    assert await one.holds("open", hostile)
    assert not await one.holds("open", "glow")
    assert await one.release("open", hostile)
    assert not await one.holds("open", hostile)


async def test_a_rotation_keeps_it_and_encrypts_its_key_anew(store):
    await enter(store, OLD)
    before = await store.setting(NOBODY, KEY)
    assert await reader(store, f"{NEW},{OLD}").holds("open", "glow")
    assert await store.setting(NOBODY, KEY) != before
    assert await reader(store, NEW).holds("open", "glow")
    await enter(store, NEW, handles=("neon",), native_ids=())
    assert await reader(store, NEW).holds("open", "glow")


async def test_beginning_is_enough_for_a_rotation(store):
    await enter(store, OLD)
    await reader(store, f"{NEW},{OLD}").begin()
    assert await reader(store, NEW).holds("open", "glow")


@pytest.mark.parametrize("keys", [NEW, "", "no-key"], ids=["another", "none", "no key"])
async def test_without_its_key_nobody_is_asked_until_it_is_back_or_the_list_is_emptied(store, keys):
    await enter(store, OLD)
    one = reader(store, keys)
    await one.begin()  # says so in the log alone
    for work in (
        one.holds("open", "neon"),
        one.release("open", "glow"),
        store.database.read(one.among, [profile("n", "n")]),
    ):
        with pytest.raises(StoreError, match="cannot be read"):
            await work
    assert await reader(store, OLD).holds("open", "glow")
    assert await one.release_all() == 2
    assert not await one.holds("open", "glow")


@pytest.mark.parametrize(("keys", "said"), [(None, "init keys"), ("", "init keys"), ("no-key", "no key")])
async def test_nobody_is_entered_without_a_secret(store, keys, said):
    one = Suppression(store.database, HandClock(), None if keys is None else SecretStr(keys))
    assert not await one.holds("open", "glow"), "an empty list needs none"
    with pytest.raises(SettingsError, match=said):
        one.check()
    with pytest.raises(SettingsError, match=said):
        await store.database.write(one.enter, "open", ["glow"], [])


async def test_another_process_hears_of_it_in_time_and_its_transactions_at_once(store):
    clock = HandClock()
    other = reader(store, clock=clock)
    assert not await other.holds("open", "glow")
    await enter(store)
    assert await store.database.read(other.among, [profile("glow", "a1")]) == {("open", "a1")}
    clock.moment += KEPT
    assert await other.holds("open", "glow")
    assert KEPT.total_seconds() <= 60


async def test_whatever_was_entered_together_is_released_together_and_alone(store):
    await enter(store, handles=("glow", "glowing"), native_ids=("a1",))
    await enter(store, handles=("neon",), native_ids=("b2",))  # at the same moment
    one = reader(store)
    assert await one.release("open", "a1")
    assert [await one.holds("open", name) for name in ("glow", "glowing", "a1", "neon", "b2")] == [False] * 3 + [
        True
    ] * 2
    assert not await one.release("open", "glow")
    assert await one.release("open", "NEON")
    assert await store.setting(NOBODY, KEY) is None, "an empty list has no key"
    assert not await one.release("open", "neon")


async def test_entered_twice_it_is_there_once(store):
    await enter(store, native_ids=())
    await enter(store)
    hashes = await store.database.read(lambda conn: len(conn.execute(select(metadata.tables["suppressions"])).all()))
    assert hashes == 3
    one = reader(store)
    assert await one.release("open", "glow")
    assert not await one.holds("open", "a1")
    assert not await one.holds("open", "glow")


async def test_while_it_is_kept_in_mind_nothing_is_read(store, monkeypatch):
    await enter(store)
    one, reads = reader(store), []
    real = store.database.read

    async def counted(*given):
        reads.append(given)
        return await real(*given)

    monkeypatch.setattr(store.database, "read", counted)
    for _ in range(5):
        await one.holds("open", "glow")
        await one.refuse_found(NET, profile("neon", "n"))
    assert len(reads) == 1


async def test_a_handle_of_an_earlier_entry_is_taken_back_with_the_others(store):
    clock = HandClock()
    await enter(store, handles=("old",), clock=clock)
    clock.moment += timedelta(days=9)
    await enter(store, handles=("new",), clock=clock)
    one = reader(store, clock=clock)
    assert await one.release("open", "new")
    assert not await one.holds("open", "old")
