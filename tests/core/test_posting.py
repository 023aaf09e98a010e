"""Digests from end to end on hand time: who gets one, when, and what stands in its way."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import subscriptions
from core.errors import ChannelGone, DeliveryForbidden
from core.posting import DELETED
from core.wishes import Wish
from tests.core.digest_worlds import BERLIN, CREATORS, MONDAY, TEAM, Heard, digests, running, said, tick, typed
from tests.core.stored_readings import DAY, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock(MONDAY - 3 * DAY)


async def test_a_year_of_weekly_digests_in_three_zones(tmp_path: Path, clock: HandClock) -> None:
    zones = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
    clock.moment, heard = datetime(2026, 1, 1, tzinfo=UTC), Heard()
    posted: dict[str, list[datetime]] = {zone: [] for zone in zones}
    async with running(tmp_path, clock, heard) as app:
        for zone in zones:
            await app.digests.add(TEAM, Wish(schedule=f"mon 09:00 {zone}"), place=CREATORS, zone="UTC", asker="U1")
        while clock.moment < datetime(2027, 1, 1, tzinfo=UTC):
            ahead = [one.subscription.next_run.at for one in await app.digests.subscribed(TEAM)]
            clock.moment = min(ahead) + timedelta(seconds=7)
            before = len(heard.keys)
            await tick(app, clock)
            for key in heard.keys[before:]:
                posted[zones[int(key.split(":")[1]) - 1]].append(clock.moment)
    for zone, moments in posted.items():
        local = [
            moment.astimezone(ZoneInfo(zone)) for moment in moments if moment.astimezone(ZoneInfo(zone)).year == 2026
        ]
        assert len(local) == 52
        assert {(one.weekday(), one.hour, one.minute) for one in local} == {(0, 9, 0)}
        assert len({one.utcoffset() for one in local}) == 2
    assert len(set(heard.keys)) == len(heard.keys)


async def test_after_a_silence_only_the_latest_run_is_posted_and_the_missed_are_named(
    tmp_path: Path, clock: HandClock
) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY + 21 * DAY + timedelta(hours=5)
        assert await tick(app, clock) == ["sent"]
        assert heard.keys == ["digest:1:2026-W51"]
        assert "Posted late; it was due" in said(digests(heard)[0])
        clock.moment = MONDAY + 30 * DAY
        assert await tick(app, clock) == []
        status = said(await typed(app, "digest status"))
        assert "2026-W52 was skipped" in status
        assert "more than a day late" in status


async def test_a_clock_that_jumps_posts_one_digest_a_week(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY + timedelta(minutes=1)
        await tick(app, clock)
        clock.moment -= timedelta(hours=1)
        for _ in range(12):
            await tick(app, clock, timedelta(minutes=10))
        assert heard.keys == ["digest:1:2026-W48"]
        clock.moment = MONDAY + 300 * DAY  # a clock set wrongly far ahead, and back
        await tick(app, clock)
        clock.moment = MONDAY + 2 * DAY
        await tick(app, clock)
        clock.moment = MONDAY + 7 * DAY
        await tick(app, clock)
        assert "digest:1:2026-W49" in heard.keys
        assert len(set(heard.keys)) == len(heard.keys)


async def test_two_tickers_make_one_delivery(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app, running(tmp_path, clock, heard) as other:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY
        keys = [await one.digests.run_due(clock.now()) for one in (app, other, app)]
        assert set(keys) == {("digest:1:2026-W48",)}
        assert await other.deliveries.deliver("digest:1:2026-W48") == "sent"
        assert await app.digests.run_due(clock.now()) == ()


async def test_a_zone_that_vanished_falls_back_and_is_told(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        await app.store.database.write(subscriptions.note, 1, {"zone": "Europe/Atlantis"})
        clock.moment = MONDAY
        assert await tick(app, clock) == [], "nine o'clock is an hour later in UTC"
        assert await tick(app, clock, timedelta(hours=1)) == ["sent"]
        assert [person for person, _ in heard.told] == ["U1"]
        one = await app.digests.one(TEAM, 1)
        assert (one.schedule.zone, one.next_run.at) == ("UTC", datetime(2026, 11, 30, 9, tzinfo=UTC))


async def test_a_blocked_channel_is_told_once_and_resumes_by_itself(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        heard.failing = lambda key: DeliveryForbidden("#creators", "Clout may not post in #creators.")
        clock.moment = MONDAY
        for _ in range(3 * 24 * 7):
            await tick(app, clock, timedelta(minutes=20))
        assert [person for person, _ in heard.told] == ["U1"]
        status = said(await typed(app, "digest status"))
        assert "Blocked since" in status.replace("\n", " ")
        assert "Last error: Clout may not post in #creators." in status.replace("\n", " ")
        heard.failing = lambda key: None
        clock.moment = MONDAY + 14 * DAY
        assert sorted(await tick(app, clock)) == ["sent", "skipped"]
        assert "Blocked" not in said(await typed(app, "digest status"))


async def test_news_of_channels_switches_off_and_on(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        await app.digests.lost(TEAM, "C1")
        await app.digests.lost(TEAM, "C1")
        assert len(heard.told) == 1
        heard.failing = lambda key: DeliveryForbidden("#creators", "not in channel")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["pending"]
        heard.failing = lambda key: None
        await app.digests.back(TEAM, "C1")
        assert await tick(app, clock, timedelta(seconds=20)) == ["sent"], "an invitation is not kept waiting"
        await app.digests.gone("T2", "C1")
        assert (await app.digests.one(TEAM, 1)).state == "on", "another team's channel"
        await app.digests.gone(TEAM, "C1")
        await app.digests.gone(TEAM, "C1")
        assert len(heard.told) == 2
        clock.moment = MONDAY + 7 * DAY
        assert await tick(app, clock) == []
        assert DELETED in said(await typed(app, "digest status"))
        assert (await typed(app, "digest resume")).error == "InputError"
        await typed(app, "digest edit 1 to <#C2|team>")
        found = await app.digests.one(TEAM, 1)
        assert (found.state, found.place.channel, found.last_error) == ("on", "C2", None)


async def test_a_channel_deleted_while_posting_disables_it(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        heard.failing = lambda key: ChannelGone("#creators", "The channel was deleted.")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["failed"]
        assert (await app.digests.one(TEAM, 1)).state == "gone"
        assert len(heard.told) == 1
