"""Tracking over a real store with networks in memory: who is followed and no longer followed, and whose they are."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.app import App
from core.errors import AmbiguousHandle, InputError, LimitReached, NotFound, NotRecorded
from core.tables import account_refresh, creator_days, creators
from tests.core.toy_network import TEAM, HandClock, opened, rows, standing, toys

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def app(tmp_path: Path, clock: HandClock) -> AsyncIterator[App]:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        yield app


async def test_tracking_keeps_the_score_of_the_card(app: App, clock: HandClock) -> None:
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


async def test_tracking_again_says_so_and_adds_to_it(app: App, clock: HandClock) -> None:
    since = (await app.tracking.track(TEAM, "alpha:glow")).since
    clock.move(days=1)
    again = await app.tracking.track(TEAM, "alpha:glow", alias="Radiant", tags=["a"], accounts=["beta:glowtube"])
    assert (again.name, again.already, again.since, again.tags) == ("Radiant", True, since, ("a",))
    linked = await app.lookups.accounts(TEAM, "radiant")
    assert {(one.network, one.handle) for one in linked.accounts} == {("alpha", "glow"), ("beta", "glowtube")}
    assert [row.name for row in await rows(app, creators)] == ["Radiant"]


async def test_only_real_accounts_are_tracked(app: App) -> None:
    with pytest.raises(NotFound):
        await app.tracking.track(TEAM, "alpha:nobody")
    with pytest.raises(NotFound):
        await app.tracking.track(TEAM, "alpha:glow", accounts=["beta:nobody"])
    assert await rows(app, creators) == []


async def test_of_several_accounts_the_one_on_the_card_is_tracked_and_the_others_named(app: App) -> None:
    tracked = await app.tracking.track(TEAM, "glow")
    assert [(one.network, one.native_id) for one in tracked.accounts] == [("alpha", "a1")]
    assert [(one.network, one.native_id) for one in tracked.others] == [("beta", "b2")]
    with pytest.raises(AmbiguousHandle):
        await app.tracking.track("other", "alpha:beanco", accounts=["glow"])


async def test_names_and_accounts_of_another_creator_are_refused(app: App) -> None:
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


async def test_untracking_leaves_the_links_and_nothing_of_tracking(app: App) -> None:
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


async def test_an_account_that_another_team_tracks_is_read_on(app: App) -> None:
    await app.tracking.track(TEAM, "alpha:glow")
    await app.tracking.track("other", "alpha:glow")
    await app.tracking.untrack(TEAM, "glow")
    assert len(await rows(app, account_refresh)) == 1
    assert await app.roster.size("other") == 1


async def test_counts_of_the_untracked_go_after_a_week_and_of_the_tracked_stay(app: App, clock: HandClock) -> None:
    await app.tracking.track(TEAM, "alpha:glow")
    await app.tracking.track(TEAM, "alpha:beanco")
    await app.tracking.untrack(TEAM, "beanco")
    clock.move(days=8)
    await app.store.purge(clock.now(), {})
    counted = text("SELECT handle, count(key) FROM accounts LEFT JOIN posts ON id = account_id GROUP BY 1")
    counts = await app.store.database.read(lambda conn: {row[0]: row[1] for row in conn.execute(counted)})
    assert counts == {"glow": 12, "beanco": 0}


async def test_days_older_than_scores_are_kept_go(app: App, clock: HandClock) -> None:
    await app.tracking.track(TEAM, "alpha:glow")
    clock.move(days=200)
    await app.lookups.lookup(TEAM, "glow", fresh=True)
    clock.move(days=201)
    await app.store.purge(clock.now(), {})
    assert len(await rows(app, creator_days)) == 1


async def test_no_team_sees_or_changes_what_another_tracks(app: App, clock: HandClock) -> None:
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
