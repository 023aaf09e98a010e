"""The roster over a real store: where tracked creators stand and stood, what is told of them, and their lists."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import NotFound, RateLimited, Unavailable
from core.tables import account_refresh, creator_days
from tests.core.toy_network import TEAM, HandClock, opened, rows, standing, toys

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def test_movement_is_the_change_since_a_week_ago(tmp_path: Path, clock: HandClock) -> None:
    alpha, beta = toys(clock)
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        before = (await standing(app, clock, "glow")).score
        clock.move(days=7)
        alpha.accounts["glow"] = ("a1", 400)
        reading = await app.lookups.lookup(TEAM, "glow")
        one = await standing(app, clock, "glow")
        (row,) = (await app.tracking.tracked(TEAM, sort="movement")).rows
        assert reading.score.score is not None
        assert (one.value, one.previous) == (reading.score.score, before)
        assert one.change == row.moved
        assert one.change is not None
        assert one.change > 0


async def test_a_failed_fetch_is_no_drop(tmp_path: Path, clock: HandClock) -> None:
    alpha, beta = toys(clock)
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        before = await standing(app, clock, "glow")
        read_at = clock.now()
        clock.move(days=1)
        alpha.error = Unavailable("alpha", "alpha did not answer.")
        await app.lookups.lookup(TEAM, "glow")
        one = await standing(app, clock, "glow")
        assert (one.value, one.at, one.state) == (before.value, read_at, "stale")
        assert one.change is None
        (problem,) = one.problems
        assert (problem.network, problem.status, problem.since) == ("alpha", "upstream_error", clock.now())
        assert problem.last_read == read_at
        (day,) = await rows(app, creator_days)
        assert day.state == before.state
        alpha.error = None
        clock.move(hours=1)
        await app.lookups.lookup(TEAM, "glow")
        assert (await standing(app, clock, "glow")).problems == ()


async def test_failures_are_counted_until_a_reading_and_a_full_network_counts_for_none(
    tmp_path: Path, clock: HandClock
) -> None:
    alpha, beta = toys(clock)
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        began = clock.now() + DAY
        for error in (NotFound("alpha", "gone"), RateLimited("alpha", "too many"), Unavailable("alpha", "down")):
            clock.move(days=1)
            alpha.error = error
            await app.lookups.lookup(TEAM, "glow")
        (row,) = await rows(app, account_refresh)
        assert (row.failures, row.last_error) == (2, "Unavailable")
        assert row.failing_since == int(began.timestamp() * 1000)
        alpha.error = None
        clock.move(days=1)
        await app.lookups.lookup(TEAM, "glow")
        (row,) = await rows(app, account_refresh)
        assert (row.failures, row.last_error, row.failing_since) == (0, None, None)


async def test_a_renamed_account_stays_tracked_and_says_what_it_was_called(tmp_path: Path, clock: HandClock) -> None:
    alpha, beta = toys(clock)
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        alpha.accounts["shine"] = alpha.accounts.pop("glow")
        clock.move(days=1)
        await app.lookups.lookup(TEAM, "glow")
        (renamed,) = (await standing(app, clock, "glow")).renamed
        assert (renamed.network, renamed.before, renamed.handle) == ("alpha", "glow", "shine")


async def test_accounts_linked_later_are_no_rise(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        await app.lookups.lookup(TEAM, "beta:glowtube")
        clock.move(days=7)
        await app.lookups.lookup(TEAM, "alpha:glow")
        await app.lookups.lookup(TEAM, "beta:glowtube")
        alone = await standing(app, clock, "glow")
        await app.lookups.link(TEAM, "glow", "beta:glowtube")
        both = await standing(app, clock, "glow")
        assert alone.value is not None
        assert both.value is not None
        assert both.value > alone.value
        assert both.previous_value is not None
        assert both.previous_value > (alone.previous_value or 0), "a week ago both accounts count too"


async def test_nothing_read_since_is_no_change(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        clock.move(days=9)
        one = await standing(app, clock, "glow")
        assert one.at == one.previous_at
        assert one.change is None
        clock.move(days=10)
        assert (await standing(app, clock, "glow")).state == "stale"


async def test_a_standing_of_an_earlier_moment(tmp_path: Path, clock: HandClock) -> None:
    alpha, beta = toys(clock)
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        then, first = clock.now(), (await standing(app, clock, "glow")).value
        clock.move(days=7)
        alpha.accounts["glow"] = ("a1", 900)
        await app.lookups.lookup(TEAM, "glow")
        (one,) = await app.roster.standings(TEAM, at=then, before=then - 7 * DAY)
        assert (one.value, one.at, one.previous) == (first, then, None)
        (lines,) = (await app.roster.lines(TEAM, [one.creator_id], since=then)).values()
        assert [point.at for point in lines] == [then, clock.now()]


async def test_lists_are_sorted_paged_and_kept_by_tag(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        for name, tags in (("glow", ["a"]), ("beanco", ["a", "b"]), ("mara", [])):
            await app.tracking.track(TEAM, f"alpha:{name}", tags=tags)
        by_score = await app.tracking.tracked(TEAM)
        assert [row.name for row in by_score.rows] == ["beanco", "glow", "mara"]
        assert by_score.tags == ("a", "b")
        assert [row.name for row in (await app.tracking.tracked(TEAM, sort="name")).rows] == ["beanco", "glow", "mara"]
        last = await app.tracking.tracked(TEAM, sort="name", page=99, size=2)
        assert ([row.name for row in last.rows], last.number, last.pages, last.total) == (["mara"], 2, 2, 3)
        tagged = await app.tracking.tracked(TEAM, tag="B")
        assert [(row.name, row.tags) for row in tagged.rows] == [("beanco", ("a", "b"))]
        both = await app.roster.standings(TEAM, at=clock.now(), before=clock.now() - DAY, tags=("b", "a"))
        assert [one.name for one in both] == ["beanco", "glow"]
        assert (await app.tracking.tracked(TEAM, tag="none")).total == 0


async def test_standings_come_a_page_at_a_time(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        lines = "\n".join(f"alpha:c{n:04}" for n in range(1001))
        await app.tracking.bring_in(TEAM, f"handle\n{lines}\n".encode())
        sizes, names = [], []
        async for found in app.roster.each(TEAM, at=clock.now(), before=clock.now() - DAY):
            sizes.append(len(found))
            names += [one.name for one in found]
        assert sizes == [1000, 1]
        assert names == sorted(set(names))


async def test_the_place_among_all(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        for name in ("glow", "beanco", "mara"):
            await app.tracking.track(TEAM, f"alpha:{name}")
        assert await app.roster.rank(TEAM, "beanco") == (2, 3)
        assert await app.roster.rank(TEAM, "mara") == (0, 3)
        assert await app.roster.rank("other", "beanco") is None
