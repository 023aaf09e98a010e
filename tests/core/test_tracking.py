"""Tracking over a real store with networks in memory: who is followed, where they stand, and whose they are."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select, text

from core.app import App
from core.errors import (
    AmbiguousHandle,
    InputError,
    LimitReached,
    NotFound,
    NotRecorded,
    RateLimited,
    Unavailable,
)
from core.roster import Standing
from core.tables import account_refresh, creator_days, creator_pending, creators
from tests.core.toy_network import TEAM, HandClock, Toy, opened

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def toys(clock: HandClock) -> tuple[Toy, Toy]:
    first = Toy("alpha", clock, {"glow": ("a1", 40), "beanco": ("a2", 400), "mara": ("a3", 5)})
    return first, Toy("beta", clock, {"glowtube": ("b1", 90), "glow": ("b2", 4)})


async def rows(app: App, table: Table) -> list[Any]:
    return list(await app.store.database.read(lambda conn: conn.execute(select(table)).all()))


async def standing(app: App, clock: HandClock, name: str, back: timedelta = timedelta(days=7)) -> Standing:
    found = await app.roster.standings(TEAM, at=clock.now(), before=clock.now() - back)
    return next(one for one in found if one.name == name)


async def test_tracking_keeps_the_score_of_the_card(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        tracked = await app.tracking.track(TEAM, "alpha:glow", tags=["Beauty", "#food"])
        reading = await app.lookups.lookup(TEAM, "glow")
        one = await standing(app, clock, "glow")
        assert (tracked.name, tracked.already, tracked.tags) == ("glow", False, ("beauty", "food"))
        assert reading.name == "glow"
        assert one.value == reading.score.score
        (row,) = (await app.tracking.tracked(TEAM)).rows
        assert (row.low, row.high) == (round(reading.score.low), round(reading.score.high))
        assert (one.state, one.at, one.tags) == (reading.score.state, clock.now(), ("beauty", "food"))
        assert one.previous is None
        assert one.change is None
        assert len(await rows(app, creator_days)) == 1
        assert len(await rows(app, account_refresh)) == 1


async def test_tracking_again_says_so_and_adds_to_it(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        since = (await app.tracking.track(TEAM, "alpha:glow")).since
        clock.move(days=1)
        again = await app.tracking.track(TEAM, "alpha:glow", alias="Radiant", tags=["a"], accounts=["beta:glowtube"])
        assert (again.name, again.already, again.since, again.tags) == ("Radiant", True, since, ("a",))
        linked = await app.lookups.accounts(TEAM, "radiant")
        assert {(one.network, one.handle) for one in linked.accounts} == {("alpha", "glow"), ("beta", "glowtube")}
        assert [row.name for row in await rows(app, creators)] == ["Radiant"]


async def test_only_real_accounts_are_tracked(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        with pytest.raises(NotFound):
            await app.tracking.track(TEAM, "alpha:nobody")
        with pytest.raises(NotFound):
            await app.tracking.track(TEAM, "alpha:glow", accounts=["beta:nobody"])
        assert await rows(app, creators) == []


async def test_of_several_accounts_the_one_on_the_card_is_tracked_and_the_others_named(
    tmp_path: Path, clock: HandClock
) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        tracked = await app.tracking.track(TEAM, "glow")
        assert [(one.network, one.native_id) for one in tracked.accounts] == [("alpha", "a1")]
        assert [(one.network, one.native_id) for one in tracked.others] == [("beta", "b2")]
        with pytest.raises(AmbiguousHandle):
            await app.tracking.track("other", "alpha:beanco", accounts=["glow"])


async def test_names_and_accounts_of_another_creator_are_refused(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        with pytest.raises(InputError, match="another creator"):
            await app.tracking.track(TEAM, "alpha:beanco", alias="GLOW")
        with pytest.raises(InputError, match="already belongs to glow"):
            await app.tracking.track(TEAM, "alpha:beanco", accounts=["alpha:glow"])
        with pytest.raises(InputError, match="no alias"):
            await app.tracking.track(TEAM, "alpha:beanco", alias="two words")
        with pytest.raises(InputError, match="no tag"):
            await app.tracking.track(TEAM, "alpha:beanco", tags=["a,b"])
        assert await app.roster.size(TEAM) == 1


async def test_a_limit_counts_each_team_for_itself(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock), CLOUT_MAX_TRACKED="1") as app:
        await app.tracking.track(TEAM, "alpha:glow")
        await app.tracking.track(TEAM, "alpha:glow", tags=["more"])
        with pytest.raises(LimitReached):
            await app.tracking.track(TEAM, "alpha:beanco")
        with pytest.raises(LimitReached):
            await app.tracking.bring_in(TEAM, b"handle\nalpha:beanco\n")
        await app.tracking.track("other", "alpha:beanco")
        await app.tracking.untrack(TEAM, "glow")
        await app.tracking.track(TEAM, "alpha:beanco")


# --- where they stand -------------------------------------------------------------------------------------------------


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


# --- lists ------------------------------------------------------------------------------------------------------------


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


# --- no longer --------------------------------------------------------------------------------------------------------


async def test_untracking_leaves_the_links_and_nothing_of_tracking(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow", tags=["a"], accounts=["beta:glowtube"])
        assert await app.tracking.untrack(TEAM, "beta:glowtube") == "glow"
        for table in (creator_days, account_refresh):
            assert await rows(app, table) == []
        (row,) = await rows(app, creators)
        assert (row.tracked_since, row.score, row.scored_at) == (None, None, None)
        assert len((await app.lookups.accounts(TEAM, "glow")).accounts) == 2
        with pytest.raises(NotRecorded):
            await app.tracking.untrack(TEAM, "glow")
        back = await app.tracking.track(TEAM, "glow")
        assert (back.already, back.tags) == (False, ())


async def test_an_account_that_another_team_tracks_is_read_on(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        await app.tracking.track("other", "alpha:glow")
        await app.tracking.untrack(TEAM, "glow")
        assert len(await rows(app, account_refresh)) == 1
        assert await app.roster.size("other") == 1


async def test_counts_of_the_untracked_go_after_a_week_and_of_the_tracked_stay(
    tmp_path: Path, clock: HandClock
) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        await app.tracking.track(TEAM, "alpha:beanco")
        await app.tracking.untrack(TEAM, "beanco")
        clock.move(days=8)
        await app.store.purge(clock.now(), {})
        counted = text("SELECT handle, count(key) FROM accounts LEFT JOIN posts ON id = account_id GROUP BY 1")
        counts = await app.store.database.read(lambda conn: {row[0]: row[1] for row in conn.execute(counted)})
        assert counts == {"glow": 12, "beanco": 0}


async def test_days_older_than_scores_are_kept_go(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow")
        clock.move(days=200)
        await app.lookups.lookup(TEAM, "glow", fresh=True)
        clock.move(days=201)
        await app.store.purge(clock.now(), {})
        assert len(await rows(app, creator_days)) == 1


# --- lists from a file ------------------------------------------------------------------------------------------------


async def test_an_imported_handle_waits_and_is_found_by_its_first_reading(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        report = await app.tracking.bring_in(TEAM, b"handle,network,tags\nglow,alpha,new\n")
        assert (report.made, report.bad) == (1, ())
        (row,) = (await app.tracking.tracked(TEAM, tag="new")).rows
        assert (row.score, row.account, row.problems[0].status) == (None, "alpha:glow", "waiting")
        await app.lookups.lookup(TEAM, "alpha:glow")
        assert await rows(app, creator_pending) == []
        assert (await standing(app, clock, "glow")).score is not None
        assert len(await rows(app, account_refresh)) == 1


async def test_a_handle_that_waits_is_untracked_by_its_name(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.bring_in(TEAM, b"handle\nalpha:nobody\n")
        assert await app.tracking.untrack(TEAM, "alpha:nobody") == "nobody"
        assert await rows(app, creators) == await rows(app, creator_pending) == []


async def test_a_list_with_a_bad_line_changes_nothing(tmp_path: Path, clock: HandClock) -> None:
    content = (
        b"handle,alias,tags\nalpha:glow,,ok\nbeanco,,\nalpha:glow,,\nalpha:mara,two words,\nalpha:x,,b@d\ngamma:x,,\n"
    )
    async with opened(tmp_path, clock, *toys(clock)) as app:
        report = await app.tracking.bring_in(TEAM, content)
        assert [(one.line, one.field) for one in report.bad] == [
            (3, "handle"),
            (4, "handle"),
            (5, "alias"),
            (6, "tags"),
            (7, "handle"),
        ]
        assert await rows(app, creators) == []


async def test_a_list_meets_what_is_there(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow", tags=["a"])
        await app.lookups.lookup(TEAM, "alpha:beanco")
        again = b"handle,tags,accounts\nalpha:glow,a,\nalpha:beanco,b,beta:beans\nalpha:mara,,\n"
        report = await app.tracking.bring_in(TEAM, again)
        assert (report.made, report.joined, report.already, report.bad) == (2, 0, 1, ())
        assert (await standing(app, clock, "beanco")).score is not None, "it was read before"
        report = await app.tracking.bring_in(TEAM, again)
        assert (report.made, report.joined, report.already) == (0, 0, 3)
        report = await app.tracking.bring_in(TEAM, b"handle,tags\nalpha:mara,late\n")
        assert (report.made, report.joined, report.already) == (0, 1, 0)
        taken = await app.tracking.bring_in(TEAM, b"handle,alias\nbeta:other,GLOW\n")
        assert [(one.line, one.field) for one in taken.bad] == [(2, "alias")]


async def test_progress_ends_at_its_end(tmp_path: Path, clock: HandClock) -> None:
    told: list[tuple[int, int]] = []
    lines = "\n".join(f"alpha:c{n}" for n in range(600))
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.bring_in(TEAM, f"handle\n{lines}".encode(), lambda done, of: told.append((done, of)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (1200, 1200)


# --- whose they are ---------------------------------------------------------------------------------------------------


async def test_no_team_sees_or_changes_what_another_tracks(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow", tags=["secret"])
        await app.tracking.bring_in(TEAM, b"handle\nalpha:mara\n")
        before = await rows(app, creators)
        (one,) = [s for s in await app.roster.standings(TEAM, at=clock.now(), before=clock.now()) if s.name == "glow"]
        for name in ("glow", "alpha:glow", "mara", "alpha:mara"):
            with pytest.raises(NotRecorded):
                await app.tracking.untrack("other", name)
        page = await app.tracking.tracked("other")
        assert (page.rows, page.tags, page.total) == ((), (), 0)
        assert (await app.tracking.tracked("other", tag="secret")).total == 0
        assert await app.roster.standings("other", at=clock.now(), before=clock.now(), tags=("secret",)) == []
        assert await app.roster.lines("other", [one.creator_id], since=clock.now() - DAY) == {}
        assert await app.roster.rank("other", "glow") is None
        await app.tracking.track("other", "alpha:glow", alias="mine")
        await app.tracking.bring_in("other", b"handle,alias\nalpha:mara,theirs\n")
        await app.tracking.untrack("other", "mine")
        mine = [row for row in await rows(app, creators) if row.team == TEAM]
        assert mine == before
