"""Watches that people set up, change and remove, and where and how their alerts are told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from core.app import App
from core.card import plain
from core.errors import ChannelGone, DeliveryForbidden, InputError
from core.tables import creator_tags, creators
from core.watches import Rule
from tests.core.digest_worlds import CREATORS, TEAM, Heard, keep_day, running
from tests.core.stored_readings import DAY, NOON, HandClock
from tests.core.watch_worlds import alerts, begin, read, said, tell, watch

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def app(tmp_path: Path, clock: HandClock, heard: Heard) -> AsyncIterator[App]:
    async with running(tmp_path, clock, heard) as app:
        yield app


async def test_alerts_of_one_creator_are_one_message(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    await watch(app, "above 50")
    await watch(app, "bluesky above 52")
    await watch(app, "moves 4 in 7d")
    await read(app, clock, 51)
    assert alerts(heard) == []
    await read(app, clock, 53, by=timedelta(minutes=5))
    await tell(app, clock, timedelta(minutes=5))
    assert len(alerts(heard)) == 1
    for words in ("is above 50: 51", "is above 52 on Bluesky: 53", "moved up 5 points in 7 days: 53"):
        assert words in alerts(heard)[0]
    await tell(app, clock, DAY)
    assert len(alerts(heard)) == 1


def _tag(conn: Connection, tag: str) -> None:
    for creator_id in list(conn.scalars(select(creators.c.id))):
        conn.execute(insert(creator_tags).values(team=TEAM, tag=tag, creator_id=creator_id))


async def test_a_tag_is_watched_whoever_bears_it(app: App, clock: HandClock, heard: Heard) -> None:
    for name in ("glow", "mara"):
        await begin(app, clock, 48, name)
    await app.store.database.write(_tag, "beauty")
    done = await app.watches.add(TEAM, rule=Rule(kind="above", threshold=50), tag="#Beauty", place=CREATORS)
    assert done.creators == 2
    clock.moment += DAY
    for name in ("glow", "mara"):
        await keep_day(app.store, name, 55, clock.now())
    await tell(app, clock)
    assert sorted(one[:5] for one in alerts(heard)) == ["@glow", "@mara"]
    with pytest.raises(InputError, match=r"No tracked creator bears the tag food\. Tags here: beauty"):
        await app.watches.add(TEAM, rule=Rule(kind="spike"), tag="food", place=CREATORS)


async def test_a_snoozed_watch_is_silent_and_tells_afterwards(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    number = await watch(app, "above 50")
    await app.watches.snooze(TEAM, number, 7 * DAY, asker="U1")
    await read(app, clock, 55)
    assert alerts(heard) == []
    await read(app, clock, 56, by=7 * DAY)
    assert len(alerts(heard)) == 1


async def test_an_alert_that_cannot_be_posted_is_named(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    number = await watch(app, "above 50")
    heard.failing = lambda key: DeliveryForbidden("#creators", "Clout may not post there.")
    await read(app, clock, 55)
    assert (await app.watches.one(TEAM, number)).last_error == "Clout may not post there."
    assert [person for person, _ in heard.told] == ["U1"]
    heard.failing = lambda key: ChannelGone("#creators", "The channel was deleted.")
    await tell(app, clock, HOUR)
    assert (await app.watches.one(TEAM, number)).state == "gone"
    await read(app, clock, 40)
    await read(app, clock, 60)
    assert alerts(heard) == []


async def test_of_two_who_edit_at_once_the_last_one_wins(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    number = await watch(app, "above 50")
    first = await app.watches.edit(TEAM, number, rule=Rule(kind="above", threshold=55), asker="U2")
    second = await app.watches.edit(TEAM, number, rule=Rule(kind="above", threshold=60), asker="U3")
    assert (second.before, second.after.version) == (first.after, 3)
    await read(app, clock, 57)
    assert alerts(heard) == []


async def test_the_same_watch_twice_is_one_and_there_is_a_limit(
    app: App, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(app, clock, 48)
    assert await watch(app, "above 50") == await watch(app, "above 50") == 1
    monkeypatch.setattr("core.watches_rows.MOST_ON_ONE", 2)
    await watch(app, "above 51")
    with pytest.raises(InputError, match="has 2 watches already"):
        await watch(app, "above 52")


async def test_no_team_sees_or_moves_anothers_watch(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    number = await watch(app, "above 50")
    assert (await app.watches.page("T2")).total == 0
    for call in (
        app.watches.one("T2", number),
        app.watches.edit("T2", number, words="mine"),
        app.watches.snooze("T2", number, DAY, asker="U9"),
        app.watches.remove("T2", number),
    ):
        with pytest.raises(InputError, match="There is no watch 1"):
            await call
    await read(app, clock, 55)
    assert len(alerts(heard)) == 1


async def test_a_removed_watch_says_nothing_more(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    number = await watch(app, "above 50")
    await watch(app, "above 51")
    clock.moment += DAY
    await keep_day(app.store, "glow", 55, clock.now())
    await tell(app, clock)
    await app.watches.remove(TEAM, number)
    await tell(app, clock, timedelta(minutes=10))
    assert len(alerts(heard)) == 1
    assert "is above 51: 55" in alerts(heard)[0]
    assert "above 50" not in alerts(heard)[0]


async def test_the_card_says_why_and_has_its_buttons(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    number = await watch(app, "above 50")
    await app.watches.edit(TEAM, number, words="Time for a drop", mention="R1")
    await read(app, clock, 55)
    card = next(card for key, card, _ in heard.sent if key.startswith("alert:"))
    assert plain(card.title) == f"@glow is above 50: 55, {NOON:%A} 48"
    assert [one.label for one in card.buttons] == ["Why", "Snooze 1 day", "Snooze 1 week", "Edit", "Remove"]
    assert "Time for a drop" in said(card)
    assert "Watch 1: above 50" in said(card)
