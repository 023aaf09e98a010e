"""What a creator is given is everything stored of them; what is forgotten is gone, and nobody else's is touched."""

import json
from datetime import datetime

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Connection, Float, Integer, LargeBinary, insert, select

from core.grants import granted_id
from core.rights_export import LEFT_OUT, SECTIONS, WITHHELD, document
from core.schema import TABLES
from core.tables import metadata, post_key
from tests.core.stored_readings import NOON, open_store

assert TABLES, "every room's tables have joined the others"
EXPORTED = [section.table for section in SECTIONS]
MINE, OTHER = 1, 2
SECRETS = ("sealed1", "link1", "browser1", "withdrawal1", "redirect_uri1")


def made(column: Column, who: int) -> object:
    """A value for any column, of the creator who bears this number."""
    name, full = column.name, f"{column.table.name}.{column.name}"
    known = {
        "id": who,
        "account_id": who,
        "creator_id": who,
        "watch_id": who,
        "number": who,
        "network": "open",
        "native_id": f"p{who}" if full == "posts.native_id" else f"n{who}",
        "handle": f"Glow{who}",
        "handle_key": f"glow{who}",
        "key": post_key(f"p{who}"),
        "kind": "owner",
    }
    if name in known:
        return known[name]
    if name in ("reading", "failure", "detail", "post") or full == "creator_pending.last_error":
        return '{"network": "open"}'
    if isinstance(column.type, BigInteger):
        return 1_790_000_000_000 + who
    if isinstance(column.type, Boolean):
        return True
    return float(who) if isinstance(column.type, Float) else who if isinstance(column.type, Integer) else f"{name}{who}"


def fill(conn: Connection) -> None:
    for who in (MINE, OTHER):
        for table in metadata.sorted_tables:
            if table in EXPORTED:
                conn.execute(insert(table), {column.name: made(column, who) for column in table.columns})


def rows(conn: Connection) -> dict[str, int]:
    return {table.name: len(conn.execute(select(table)).all()) for table in EXPORTED}


def test_every_table_is_given_out_or_left_out_for_a_reason():
    exported = [table.name for table in EXPORTED]
    assert len(set(exported)) == len(exported)
    assert sorted([*exported, *LEFT_OUT]) == sorted(metadata.tables)
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())
    columns = {f"{table.name}.{column.name}" for table in EXPORTED for column in table.columns}
    assert set(WITHHELD) <= columns


def test_what_is_left_out_points_at_nobody():
    for name in LEFT_OUT:
        table = metadata.tables[name]
        assert not table.foreign_keys
        assert not {"account_id", "creator_id", "native_id", "handle"}.intersection(table.columns.keys())
        assert not any(isinstance(column.type, LargeBinary) for column in table.columns) or name == "suppressions"


@pytest.mark.parametrize("name", ["glow1", "@GLOW1", "n1"])
async def test_every_row_about_the_account_and_none_about_another(tmp_path, name):
    async with open_store(tmp_path) as store:
        await store.database.write(fill)
        found = await store.database.read(document, "open", name, NOON)
    assert {section: len(given) for section, given in found["stored"].items()} == dict.fromkeys(found["about"], 1)
    text = json.dumps(found)
    assert json.loads(text) == found
    for other in ("glow2", "Glow2", '"n2"', "team2", *SECRETS):
        assert other not in text
    post = found["stored"]["post_counts"][0]
    assert (post["account"], post["post"], post["likes"]) == ("open:n1", "p1", 1_790_000_000_001)
    assert found["stored"]["links"][0]["creator"] == "name1"
    assert found["stored"]["watch_posts"][0] == {"account": "open:n1", "watch": 1, "post": "p1"}
    assert datetime.fromisoformat(found["stored"]["accounts"][0]["fetched_at"]).tzinfo is not None
    assert found["stored"]["scores"][0]["day"] == "1970-01-02"
    assert "id" not in found["stored"]["accounts"][0]
    assert not {"state", "asked_by"}.intersection(found["stored"]["consents"][0])


async def test_what_is_forgotten_is_gone_from_every_table_and_from_the_file(tmp_path):
    async with open_store(tmp_path) as store:
        await store.database.write(fill)
        assert await store.forget("open", "glow1")
        assert await store.database.read(rows) == {table.name: 1 for table in EXPORTED}
        assert await store.database.read(document, "open", "glow1", NOON) is None
        assert await store.database.read(document, "open", "n2", NOON) is not None
        assert not await store.forget("open", "glow1")
    written = (tmp_path / "clout.db").read_bytes()
    assert b"Glow1" not in written
    assert b"Glow2" in written


async def test_what_an_owner_showed_a_team_belongs_to_the_account(tmp_path):
    async with open_store(tmp_path) as store:
        await store.database.write(fill)

        def shown(conn: Connection) -> None:
            table = metadata.tables["accounts"]
            more = {"id": 3, "native_id": granted_id("n1", "team3"), "handle_key": "glow1 @team3"}
            conn.execute(insert(table), {column.name: made(column, MINE) for column in table.columns} | more)

        await store.database.write(shown)
        found = await store.database.read(document, "open", "glow1", NOON)
        assert [one["shown_to"] for one in found["stored"]["accounts"]] == [None, "team3"]
        assert found["native_ids"] == ["n1"]
        assert await store.forget("open", "glow1")
        assert (await store.database.read(rows))["accounts"] == 1


@pytest.mark.parametrize("state", ["sent", "pending"])
async def test_copies_of_what_was_posted_about_the_creator_go_and_others_stay(tmp_path, state):
    async with open_store(tmp_path) as store:
        await store.database.write(fill)
        said = {"team": "team1", "payload": '{"text":"@Glow1 rose"}', "state": state}
        cards = ('{"text":"@glow1 fell"}', '{"text":"@glow11 fell"}')

        def post(conn: Connection) -> None:
            for who, given in ((1, said), (2, said | {"payload": '{"text":"@glow-1 rose"}'})):
                row = {column.name: made(column, who) for column in metadata.tables["deliveries"].columns}
                conn.execute(insert(metadata.tables["deliveries"]), row | given | {"key": str(who)})
            for who, card in enumerate(cards, 1):
                row = {"id": who, "key": str(who), "team": "team1", "at": 1, "card": card}
                conn.execute(insert(metadata.tables["inbox"]), row)

        await store.database.write(post)
        await store.forget("open", "glow1")

        def left(conn: Connection) -> tuple[list[str | None], list[str]]:
            deliveries, inbox = metadata.tables["deliveries"], metadata.tables["inbox"]
            kept = conn.scalars(select(deliveries.c.payload).order_by(deliveries.c.key))
            return list(kept), list(conn.scalars(select(inbox.c.card)))

        kept, messages = await store.database.read(left)
    assert kept == [None if state == "sent" else '{"text":"@Glow1 rose"}', '{"text":"@glow-1 rose"}']
    assert messages == [cards[1]]


async def test_a_creator_with_other_accounts_stays_without_what_was_told_of_this_one(tmp_path):
    async with open_store(tmp_path) as store:
        await store.database.write(fill)

        def link(conn: Connection) -> None:
            row = {"team": "team1", "account_id": OTHER, "creator_id": MINE, "linked_at": 1}
            conn.execute(insert(metadata.tables["creator_accounts"]), row)

        await store.database.write(link)
        assert await store.forget("open", "glow1")
        left = await store.database.read(rows)
    assert (left["creators"], left["watch_alerts"], left["watches"], left["creator_accounts"]) == (2, 1, 2, 2)


@pytest.mark.parametrize("hostile", ["'; DROP TABLE accounts; --", "%", "_", "\ud800", "a\x00b", " @", "x" * 5000])
async def test_hostile_names_find_nothing(tmp_path, hostile):
    async with open_store(tmp_path) as store:
        await store.database.write(fill)
        assert await store.database.read(document, "open", hostile, NOON) is None
        assert not await store.forget("open", hostile)
        assert set((await store.database.read(rows)).values()) == {2}
