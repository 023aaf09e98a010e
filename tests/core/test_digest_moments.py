"""What a digest compares, and with which moment: no move is lost between two digests, none told for want of news."""

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.card import Card
from core.editions import _since
from core.schedules import Schedule, covered, next_run
from core.store import Store
from core.wishes import Wish
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day, running, tick
from tests.core.stored_readings import DAY, HandClock, make_fetch

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)


def said(card: Card) -> str:
    return " | ".join(card.facts())


async def rename(store: Store, clock: HandClock) -> None:
    """Read the creator under a new handle."""
    snapshot, reading = make_fetch("did:plc:glow", "shine.bsky.social", at=clock.now())
    own = reading.score.model_copy(update={"draws": b""}) if reading.score is not None else None
    await store.record(snapshot, reading.model_copy(update={"score": own}), changed=())


def digests(heard: Heard) -> list[str]:
    return [said(card) for key, card, _ in heard.sent if key.startswith("digest:")]


@pytest.mark.parametrize(("schedule", "runs"), [("daily 09:00", 26), ("every monday 09:00", 4)])
async def test_what_is_read_after_the_hour_of_the_digest_is_told_by_the_next(
    tmp_path: Path, schedule: str, runs: int
) -> None:
    clock, heard = HandClock(MONDAY - 15 * DAY), Heard()
    async with running(tmp_path, clock, heard) as app:
        await keep_day(app.store, "glow", 20, clock.now())
        await follow(app.store, "glow", clock.now() - 60 * DAY)
        await app.digests.add(TEAM, Wish(schedule=schedule), place=CREATORS, zone="UTC", asker="U1")
        score = 20
        for day in range(-14, 15):
            clock.moment = MONDAY + day * DAY
            await tick(app, clock)
            clock.moment += 6 * HOUR  # each day's reading comes after the digest
            score += 3 if day > -14 else 0
            await keep_day(app.store, "glow", min(score, 98), clock.now())
        told = [one for one in digests(heard) if " to " in one.partition("@glow")[2]]
        spans = [one.partition("@glow | ")[2].split(" | ")[0].split(" to ") for one in told]
        assert len(spans) == runs
        assert all(one[1] == other[0] for one, other in itertools.pairwise(spans)), "each begins where one ended"
        assert (spans[0][0], spans[-1][1]) == ("20", "98")


async def test_nobody_is_steady_of_whom_nothing_was_read(tmp_path: Path) -> None:
    clock, heard = HandClock(MONDAY - 8 * DAY), Heard()
    async with running(tmp_path, clock, heard) as app:
        for days, names in ((0, ("glow", "calm")), (2, ("calm",)), (6, ("calm",))):
            for name in names:
                await keep_day(app.store, name, 50, clock.now() + days * DAY)
                await follow(app.store, name, clock.now() - 60 * DAY)
        await app.digests.add(TEAM, Wish(schedule="monday 09:00"), place=CREATORS, zone="UTC", asker="U1")
        clock.moment = MONDAY - 7 * DAY
        await tick(app, clock)
        clock.moment = MONDAY
        await tick(app, clock)
        (_, last) = digests(heard)
        assert "● 1 steady" in last
        assert "No news from @glow (not read lately" in last


@pytest.mark.parametrize(
    ("day", "on", "days"),
    [
        (31, date(2026, 2, 28), (date(2026, 1, 31), date(2026, 2, 27))),
        (31, date(2026, 3, 31), (date(2026, 2, 28), date(2026, 3, 30))),
        (31, date(2026, 4, 30), (date(2026, 3, 31), date(2026, 4, 29))),
        (30, date(2027, 2, 28), (date(2027, 1, 30), date(2027, 2, 27))),
        (31, date(2026, 2, 27), (date(2026, 1, 27), date(2026, 2, 26))),  # a preview, on no day of its own
        (1, date(2026, 1, 1), (date(2025, 12, 1), date(2025, 12, 31))),
    ],
)
def test_a_months_digest_begins_where_the_last_one_ended(day: int, on: date, days: tuple[date, date]) -> None:
    assert covered("monthly", on, day) == days


@pytest.mark.parametrize("day", [1, 28, 29, 30, 31])
def test_monthly_digests_leave_no_day_out_and_tell_none_twice(day: int) -> None:
    schedule, now, last = Schedule(cadence="monthly", day=day), datetime(2026, 1, 1, tzinfo=UTC), None
    for _ in range(26):
        run = next_run(schedule, now)
        first, end = covered("monthly", run.on, day)
        assert last is None or first == last, (last, first)
        assert end == run.on - DAY
        now, last = run.at, run.on


@pytest.mark.parametrize(
    ("first", "then", "on"), [("every monday 09:00", "sunday", date(2026, 11, 15)), ("monthly 2", "28", None)]
)
async def test_a_moved_digest_keeps_the_day_it_was_promised_for(
    tmp_path: Path, first: str, then: str, on: date | None
) -> None:
    clock, heard = HandClock(MONDAY - HOUR), Heard()
    async with running(tmp_path, clock, heard) as app:
        await keep_day(app.store, "glow", 40, clock.now())
        await follow(app.store, "glow", clock.now() - 60 * DAY)
        await app.digests.add(TEAM, Wish(schedule=first), place=CREATORS, zone="UTC", asker="U1")
        await tick(app, clock, HOUR)
        wish = Wish(schedule=f"monthly {then}" if then.isdecimal() else then)
        _, moved = await app.digests.edit(TEAM, 1, wish, place=None, asker="U1")
        assert moved.next_run.on == (on or date(2026, 12, 28))
        await tick(app, clock, HOUR)
        assert (await app.digests.one(TEAM, 1)).next_run == moved.next_run


async def test_a_new_name_seen_after_a_late_digest_was_due_is_told_by_the_next(tmp_path: Path) -> None:
    clock, heard = HandClock(MONDAY - DAY), Heard()
    async with running(tmp_path, clock, heard) as app:
        await keep_day(app.store, "glow", 50, MONDAY - 8 * DAY)
        await follow(app.store, "glow", clock.now() - 60 * DAY)
        await keep_day(app.store, "glow", 50, clock.now())
        await app.digests.add(TEAM, Wish(schedule="monday 09:00"), place=CREATORS, zone="UTC", asker="U1")
        clock.moment = MONDAY + 3 * HOUR
        await rename(app.store, clock)
        await tick(app, clock, HOUR)
        clock.moment = MONDAY + 7 * DAY
        await tick(app, clock)
        assert ["New names" in one for one in digests(heard)] == [False, True]


@pytest.mark.parametrize("zone", ["Antarctica/Troll", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])
def test_every_digest_begins_at_the_very_moment_of_the_last_one(zone: str) -> None:
    for schedule in (
        Schedule(cadence="weekly", day=6, hour=1, minute=15, zone=zone),
        Schedule(cadence="monthly", day=31, hour=2, minute=30, zone=zone),
    ):
        now, last = datetime(2026, 1, 1, tzinfo=UTC), None
        for _ in range(70):  # over 2026-W53 too
            run = next_run(schedule, now)
            assert last in (None, _since(schedule, run.at))
            now = last = run.at
