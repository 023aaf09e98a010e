"""What is deleted when: nothing that may be kept, everything that may not (DESIGN 3)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import retention
from core.store import Store
from tests.core.stored_readings import DAY, NOON, HandClock, keep_fetch, make_failure, make_posts, open_store

GLOW = ("bluesky", "did:plc:glow")
CHANNEL = ("youtube", "UCglow")
YOUTUBE_30 = {"youtube": 30 * DAY}
TABLES = ("accounts", "posts", "post_counts", "snapshots", "account_scores", "score_details", "misses")


def _counts(conn: Any) -> dict[str, int]:
    return {table: conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in TABLES}


async def rows(store: Store) -> dict[str, int]:
    return await store._db.read(_counts)  # what no public method may show any more


async def read_daily(
    store: Store, clock: HandClock, days: int, network: str = "bluesky", native_id: str = GLOW[1]
) -> None:
    """One fetch a day up to noon today, each with a changed count of the same post."""
    (post,) = make_posts(1, network, at=NOON - days * DAY)
    for back in range(days, -1, -1):
        clock.moment = NOON - back * DAY
        changed = [post.model_copy(update={"likes": 1000 - back})]
        await keep_fetch(store, network=network, native_id=native_id, at=clock.moment, posts=[post], changed=changed)


async def test_an_untracked_account_goes_a_week_after_its_last_fetch(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(5))
        before = await rows(store)
        assert await store.purge(NOON + 7 * DAY, {}) == 0
        assert await rows(store) == before
        assert await store.purge(NOON + 7 * DAY + timedelta(milliseconds=1), {}) == 1
        assert set((await rows(store)).values()) == {0}


async def test_a_linked_untracked_account_keeps_its_identity_only(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(5))
        await store.link("T", "Glow", [GLOW])
        await store.purge(NOON + 8 * DAY, {})
        assert await rows(store) == dict.fromkeys(TABLES, 0) | {"accounts": 1}
        found = await store.find("T", "glow", None, [], history_since=NOON)
        assert found is not None
        assert found.linked
        (account,) = found.accounts
        assert (account.reading.native_id, account.reading.handle) == (GLOW[1], "glow.bsky.social")
        assert account.reading.profile is None
        assert account.reading.score is None
        assert account.fetched_at.year == 1970, "so that it counts as long out of date"
        assert await store.purge(NOON + 9 * DAY, {}) == 0, "nothing is left to empty"


async def test_an_account_read_every_day_keeps_a_week_of_history_without_a_track(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        await read_daily(store, clock, days=20)
        await store.purge(NOON, {})
        left = await rows(store)
        assert (left["snapshots"], left["account_scores"], left["score_details"]) == (8, 8, 8)
        assert left["post_counts"] == 8
        (post,) = await store.counts_as_of(*GLOW, NOON.date())
        assert post.likes == 1000
        assert await store.counts_as_of(*GLOW, (NOON - 8 * DAY).date()) == ()


async def test_a_count_that_never_changed_since_is_still_known(tmp_path: Path) -> None:
    clock = HandClock(NOON - 30 * DAY)
    posts = make_posts(1, at=NOON - 31 * DAY)
    async with open_store(tmp_path, clock) as store:
        await keep_fetch(store, at=clock.moment, posts=posts)
        await keep_fetch(store, at=NOON, posts=posts, changed=[])
        await store.purge(NOON, {})
        assert await store.counts_as_of(*GLOW, NOON.date()) == posts


async def test_a_tracked_account_keeps_counts_until_190_days_after_publication(tmp_path: Path) -> None:
    posts = make_posts(3)
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=posts)
        await store.link("T", "Glow", [GLOW])
        await store.track("T", "Glow", NOON)
        await store.purge(posts[1].created_at + 190 * DAY, {})
        left = await store.counts_as_of(*GLOW, NOON.date())
        assert left == posts[:2]
        found = await store.find("T", "glow", None, [], history_since=NOON)
        assert found is not None
        assert found.accounts[0].reading.score is not None


async def test_a_tracked_account_keeps_scores_400_days(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store)
        await store.link("T", "Glow", [GLOW])
        await store.track("T", "Glow", NOON)
        await store.purge(NOON + 400 * DAY, {})
        assert len(await store.scores(*GLOW, since=NOON)) == 1
        await store.purge(NOON + 401 * DAY, {})
        assert await store.scores(*GLOW, since=NOON) == ()
        assert (await rows(store))["account_scores"] == 0


async def test_one_teams_track_keeps_what_another_team_only_linked(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(2))
        await store.link("A", "Glow", [GLOW])
        await store.link("B", "Shine", [GLOW])
        await store.track("B", "Shine", NOON)
        assert await store.purge(NOON + 30 * DAY, {}) == 0
        await store.track("B", "Shine", None)
        assert await store.purge(NOON + 30 * DAY, {}) == 1


async def test_a_networks_own_limit_applies_to_tracked_accounts_too(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, network=CHANNEL[0], native_id=CHANNEL[1], handle="glow", posts=make_posts(4, "youtube"))
        await keep_fetch(store, posts=make_posts(4))
        await store.link("T", "Glow", [CHANNEL, GLOW])
        await store.track("T", "Glow", NOON)
        assert await store.purge(NOON + 30 * DAY, YOUTUBE_30) == 0
        assert await store.purge(NOON + 31 * DAY, YOUTUBE_30) == 1
        assert await store.posts(*CHANNEL, since=NOON - 9 * DAY) == ()
        assert await store.scores(*CHANNEL, since=NOON) == ()
        assert len(await store.posts(*GLOW, since=NOON - 9 * DAY)) == 4
        found = await store.find("T", "glow", None, [], history_since=NOON - DAY)
        assert found is not None
        channel = next(account for account in found.accounts if account.reading.network == "youtube")
        assert channel.reading.profile is None
        assert [point.score for point in found.history[channel.account_id]] == [50.0], "scores may stay"


async def test_a_networks_own_limit_also_bounds_old_counts(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        await read_daily(store, clock, 40, *CHANNEL)
        await store.link("T", "Glow", [CHANNEL])
        await store.track("T", "Glow", NOON)
        await store.purge(NOON, YOUTUBE_30)
        left = await rows(store)
    assert (left["snapshots"], left["post_counts"], left["score_details"]) == (31, 31, 31)
    assert left["account_scores"] == 41


async def test_misses_go_after_their_hour(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.record_failure(
            "github", make_failure("NotFound", "github"), status="not_found_or_not_eligible", at=NOON, handle="glow"
        )
        await store.purge(NOON + timedelta(minutes=59), {})
        assert (await rows(store))["misses"] == 1
        await store.purge(NOON + timedelta(minutes=60), {})
        assert (await rows(store))["misses"] == 0


async def test_many_accounts_are_purged_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_store(tmp_path) as store:
        for n in range(retention.PAGE + 5):
            await keep_fetch(store, native_id=f"did:plc:{n}", handle=f"n{n}.bsky.social")
        await store.link("T", "Kept", [("bluesky", "did:plc:3")])
        await store.track("T", "Kept", NOON)
        assert await store.purge(NOON + 8 * DAY, {}) == retention.PAGE + 4
        assert (await rows(store))["accounts"] == 1


async def test_the_daily_purge_runs_once_a_utc_day(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        await keep_fetch(store)
        clock.moment = NOON + 8 * DAY
        assert await store.purge_daily({}) == 1
        await keep_fetch(store, at=NOON)
        assert await store.purge_daily({}) == 0
        clock.moment += DAY
        assert await store.purge_daily({}) == 1


async def test_what_a_network_lets_stand_for_days_only_is_purged_within_the_hour(tmp_path: Path) -> None:
    clock, limits = HandClock(NOON), {"linkedin": timedelta(days=2), "youtube": timedelta(days=30)}
    async with open_store(tmp_path, clock) as store:
        for network in ("linkedin", "mastodon"):
            await keep_fetch(store, network=network, native_id="1", posts=make_posts(2, network))
        clock.moment = NOON + timedelta(days=1, hours=23)
        assert await store.purge_daily(limits) == 0
        clock.moment += timedelta(hours=2)
        assert await store.purge_daily(limits) == 1, "the day's purge was before its time"
        assert await store.find("T1", "x", "linkedin", [("linkedin", "glow.bsky.social")]) is None
        assert await store.find("T1", "x", "mastodon", [("mastodon", "glow.bsky.social")]) is not None
