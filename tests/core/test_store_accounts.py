"""What goes in comes out again: accounts, posts, counts by day, scores, renames, failures."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.models import Post
from core.store import Store, StoredCreator
from tests.core.stored_readings import (
    DAY,
    NOON,
    HandClock,
    keep_fetch,
    make_failure,
    make_fetch,
    make_posts,
    open_store,
)

GLOW = ("bluesky", "glow.bsky.social")


async def find_one(store: Store, *candidates: tuple[str, str]) -> StoredCreator | None:
    return await store.find("T", "nobody", None, candidates or [GLOW], history_since=NOON - 90 * DAY)


async def test_an_empty_store_knows_nobody(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await find_one(store) is None
        assert await store.find("T", "glow", None, [], history_since=NOON) is None
        assert await store.find("T", "glow", "bluesky", [], history_since=NOON) is None
        past = await store.past("bluesky", "did:plc:glow", since=NOON - 90 * DAY)
        assert (past.known, past.posts, past.followers, past.last_fetched_at) == (False, (), (), None)
        assert await store.posts("bluesky", "did:plc:glow", since=NOON) == ()
        assert await store.counts_as_of("bluesky", "did:plc:glow", NOON.date()) == ()
        assert await store.scores("bluesky", "did:plc:glow", since=NOON) == ()
        assert await store.missed([], NOON) == {}
        assert not await store.forget("bluesky", "did:plc:glow")


async def test_a_reading_comes_back_as_it_was_with_draws_and_best_posts(tmp_path: Path) -> None:
    snapshot, reading = make_fetch(posts=make_posts(12))
    async with open_store(tmp_path) as store:
        account_id = await store.record(snapshot, reading, changed=snapshot.posts)
        found = await find_one(store)
    assert found is not None
    assert found.name is None
    assert not found.linked
    (account,) = found.accounts
    assert account.account_id == account_id
    assert account.reading == reading
    assert account.fetched_at == NOON
    assert account.failed_at is None
    (point,) = found.history[account_id]
    assert (point.day, point.at, point.score, point.low, point.high) == (NOON.date(), NOON, 50.0, 47.0, 53.0)
    assert (point.state, point.model_version, point.weights_version) == ("ok", "1", "1")


async def test_a_handle_is_found_in_any_spelling(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, handle="Glow.BSKY.social")
        for typed in ("glow.bsky.social", "GLOW.bsky.social", "@glow.bsky.social"):
            found = await find_one(store, ("bluesky", typed))
            assert found is not None
            assert found.accounts[0].reading.handle == "Glow.BSKY.social"
        assert await find_one(store, ("mastodon", "glow.bsky.social")) is None


async def test_a_stored_post_equals_the_one_recorded(tmp_path: Path) -> None:
    full = Post(
        network="github",
        native_id="1296269",
        created_at=NOON - DAY,
        kind="thread",
        url="https://example.org/é",
        opened_at=NOON - 900 * DAY,
        likes=0,
        reposts=2**63 - 1,
        replies=None,
        quotes=4,
        saves=5,
        views=6,
    )
    async with open_store(tmp_path) as store:
        await keep_fetch(store, network="github", native_id="7", posts=[full])
        assert await store.posts("github", "7", since=NOON - 90 * DAY) == (full,)
        assert await store.counts_as_of("github", "7", NOON.date()) == (full,)


async def test_nothing_supplied_stays_apart_from_zero(tmp_path: Path) -> None:
    (post,) = make_posts(1, likes=0, reposts=None)
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=[post], followers=None)
        (stored,) = await store.posts("bluesky", "did:plc:glow", since=NOON - DAY)
        past = await store.past("bluesky", "did:plc:glow", since=NOON - DAY)
    assert stored.likes == 0
    assert stored.reposts is None
    assert [reading.followers for reading in past.followers] == [None]


async def test_posts_come_newest_first_from_the_asked_moment_on(tmp_path: Path) -> None:
    posts = make_posts(40)
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=posts)
        since = posts[9].created_at
        assert await store.posts("bluesky", "did:plc:glow", since=since) == posts[:10]
        past = await store.past("bluesky", "did:plc:glow", since=since)
    assert past.known
    assert past.posts == posts[:10]
    assert past.last_fetched_at == NOON


async def test_counts_are_remembered_by_the_day_they_changed_on(tmp_path: Path) -> None:
    clock = HandClock()
    by_day = {0: 10, 3: 12, 7: 40}
    first = make_posts(2)
    async with open_store(tmp_path, clock) as store:
        for day, likes in by_day.items():
            clock.moment = NOON + day * DAY
            moved = first[0].model_copy(update={"likes": likes})
            await keep_fetch(store, at=clock.moment, posts=first, changed=first if day == 0 else [moved])
        for asked, known in [(-1, None), (0, 10), (2, 10), (3, 12), (6, 12), (7, 40), (99, 40)]:
            found = await store.counts_as_of("bluesky", "did:plc:glow", (NOON + asked * DAY).date())
            assert [post.likes for post in found] == ([] if known is None else [known, 10]), asked


async def test_the_last_reading_of_a_day_wins(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        for hours, likes in [(0, 1), (5, 7)]:
            clock.moment = NOON + timedelta(hours=hours)
            posts = make_posts(1, likes=likes)
            await keep_fetch(store, at=clock.moment, posts=posts, followers=1000 + likes, score=40.0 + likes)
        (post,) = await store.counts_as_of("bluesky", "did:plc:glow", NOON.date())
        past = await store.past("bluesky", "did:plc:glow", since=NOON - DAY)
        found = await find_one(store)
    assert post.likes == 7
    assert [(r.fetched_at, r.followers) for r in past.followers] == [(clock.moment, 1007)]
    assert found is not None
    assert [point.score for points in found.history.values() for point in points] == [47.0]


async def test_a_late_older_reading_never_replaces_a_newer_one(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        newer = await keep_fetch(store, posts=make_posts(3, likes=9))
        older = await keep_fetch(store, at=NOON - timedelta(minutes=5), posts=make_posts(3, likes=1))
        found = await find_one(store)
        posts = await store.posts("bluesky", "did:plc:glow", since=NOON - 9 * DAY)
    assert newer == older
    assert found is not None
    assert found.accounts[0].fetched_at == NOON
    assert {post.likes for post in posts} == {9}


async def test_a_reading_from_a_clock_gone_wrong_does_not_block_the_account(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, at=NOON + 400 * DAY)
        await keep_fetch(store, at=NOON)
        found = await find_one(store)
    assert found is not None
    assert found.accounts[0].fetched_at == NOON


async def test_a_deleted_post_is_gone_with_its_counts(tmp_path: Path) -> None:
    posts = make_posts(3)
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=posts)
        await keep_fetch(store, posts=posts[1:], changed=[], deleted=[posts[0].native_id, "never seen"])
        assert await store.posts("bluesky", "did:plc:glow", since=NOON - 9 * DAY) == posts[1:]
        assert await store.counts_as_of("bluesky", "did:plc:glow", NOON.date()) == posts[1:]
        await keep_fetch(store, posts=posts, changed=posts[:1])
        assert await store.posts("bluesky", "did:plc:glow", since=NOON - 9 * DAY) == posts


async def test_the_same_post_twice_in_one_fetch_is_one_post(tmp_path: Path) -> None:
    (post,) = make_posts(1)
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=[post, post])
        assert await store.posts("bluesky", "did:plc:glow", since=NOON - DAY) == (post,)


async def test_a_rename_keeps_the_account_and_frees_the_handle(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        before = await keep_fetch(store, posts=make_posts(2))
        clock.moment = NOON + DAY
        after = await keep_fetch(store, handle="shine.bsky.social", at=clock.moment)
        assert before == after
        assert await find_one(store) is None
        found = await find_one(store, ("bluesky", "shine.bsky.social"))
        assert found is not None
        assert len(found.history[before]) == 2
        assert len(await store.posts("bluesky", "did:plc:glow", since=NOON - 9 * DAY)) == 2


async def test_a_handle_taken_over_by_another_account_moves_to_it(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        first = await keep_fetch(store)
        clock.moment = NOON + DAY
        second = await keep_fetch(store, native_id="did:plc:other", at=clock.moment)
        assert first != second
        found = await find_one(store)
        assert found is not None
        assert [a.account_id for a in found.accounts] == [second]
        clock.moment = NOON + 2 * DAY
        await keep_fetch(store, at=clock.moment)  # and back again
        found = await find_one(store)
        assert found is not None
        assert [a.account_id for a in found.accounts] == [first]


async def test_several_networks_of_one_bare_name_are_all_found(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store)
        await keep_fetch(store, network="github", native_id="7", handle="glow")
        found = await find_one(store, GLOW, ("github", "glow"), ("youtube", "glow"))
    assert found is not None
    assert not found.linked
    assert sorted(account.reading.network for account in found.accounts) == ["bluesky", "github"]


async def test_a_failure_stands_beside_the_last_good_reading(tmp_path: Path) -> None:
    failure = make_failure()
    async with open_store(tmp_path) as store:
        await keep_fetch(store)
        for by in ({"native_id": "did:plc:glow"}, {}):
            await store.record_failure(
                "bluesky", failure, status="upstream_error", at=NOON + DAY, handle="Glow.bsky.social", **by
            )
            found = await find_one(store)
            assert found is not None
            (account,) = found.accounts
            assert account.reading.failure == failure
            assert account.reading.status == "upstream_error"
            assert account.reading.score is not None
            assert account.reading.score.score == 50.0
            assert (account.fetched_at, account.failed_at) == (NOON, NOON + DAY)
            await keep_fetch(store)
            found = await find_one(store)
            assert found is not None
            assert found.accounts[0].reading.failure is None
            assert found.accounts[0].failed_at is None


async def test_an_unknown_handle_is_remembered_for_an_hour(tmp_path: Path) -> None:
    clock = HandClock()
    pair = ("github", "Glow")
    failure = make_failure("NotFound", "github")
    async with open_store(tmp_path, clock) as store:
        await keep_fetch(store)
        await store.record_failure("github", failure, status="not_found_or_not_eligible", at=NOON, handle="glow")
        assert await store.missed([pair, GLOW], NOON) == {pair: failure}
        found = await find_one(store, GLOW, pair)
        assert found is not None
        assert found.misses == {pair: failure}
        late = NOON + timedelta(hours=1)
        assert await store.missed([pair], late - timedelta(seconds=1)) == {pair: failure}
        assert await store.missed([pair], late) == {}
        clock.moment = late
        found = await find_one(store, GLOW, pair)
        assert found is not None
        assert found.misses == {}


@pytest.mark.parametrize("error", ["Unavailable", "RateLimited", "SourceChanged"])
async def test_only_not_found_is_remembered_of_an_unknown_account(tmp_path: Path, error: str) -> None:
    async with open_store(tmp_path) as store:
        await store.record_failure(
            "github", make_failure(error, "github"), status="upstream_error", at=NOON, handle="glow"
        )
        assert await store.missed([("github", "glow")], NOON) == {}


async def test_history_begins_where_it_is_asked_to(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        for day in range(6):
            clock.moment = NOON + day * DAY
            account = await keep_fetch(store, at=clock.moment, score=50.0 + day)
        found = await store.find("T", "x", "bluesky", [GLOW], history_since=NOON + 3 * DAY)
        bare = await store.find("T", "x", "bluesky", [GLOW])
        scores = await store.scores("bluesky", "did:plc:glow", since=NOON + 4 * DAY)
    assert found is not None
    assert [p.score for p in found.history[account]] == [53.0, 54.0, 55.0]
    assert bare is not None
    assert bare.history == {}
    assert [score.score for score in scores] == [54.0, 55.0]
    assert all(score.draws == b"" for score in scores)


async def test_two_model_versions_of_a_day_are_kept_apart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for version in ("1", "2"):
            snapshot, reading = make_fetch()
            assert reading.score is not None
            score = reading.score.model_copy(update={"model_version": version})
            account = await store.record(snapshot, reading.model_copy(update={"score": score}), changed=())
        found = await find_one(store)
        only = await store.scores("bluesky", "did:plc:glow", since=NOON, model_version="2")
    assert found is not None
    assert {p.model_version for p in found.history[account]} == {"1", "2"}
    assert [score.model_version for score in only] == ["2"]


async def test_a_score_without_a_number_is_stored_as_such(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        account = await keep_fetch(store, score=None)
        found = await find_one(store)
    assert found is not None
    (point,) = found.history[account]
    assert (point.score, point.low, point.high, point.state) == (None, None, None, "insufficient")


async def test_lifetime_counters_are_compared_with_the_reading_nearest_thirty_days_back(tmp_path: Path) -> None:
    clock = HandClock()
    repo = make_posts(1, "github", likes=100)[0].model_copy(update={"opened_at": NOON - 900 * DAY})
    read = [(-60, 10), (-45, 20), (-33, 20), (-20, 30), (-3, 90), (0, 100)]
    async with open_store(tmp_path, clock) as store:
        known = None
        for day, stars in read:
            clock.moment = NOON + day * DAY
            post = repo.model_copy(update={"likes": stars})
            changed = [post] if stars != known else []
            await keep_fetch(store, network="github", native_id="7", at=clock.moment, posts=[post], changed=changed)
            known = stars
        past = await store.past("github", "7", since=NOON - 91 * DAY)
        at, then = past.baselines[repo.native_id]
        assert (at, then.likes) == (NOON - 33 * DAY, 20)  # unchanged since day -45, but read on day -33
        assert past.posts[0].likes == 100


@pytest.mark.parametrize(("first", "expected"), [(-6, None), (-7, 40), (-12, 40)])
async def test_a_baseline_is_at_least_a_week_old(tmp_path: Path, first: int, expected: int | None) -> None:
    clock = HandClock(NOON + first * DAY)
    repo = make_posts(1, "github", likes=40)[0].model_copy(update={"opened_at": NOON - 900 * DAY})
    async with open_store(tmp_path, clock) as store:
        await keep_fetch(store, network="github", native_id="7", at=clock.moment, posts=[repo])
        clock.moment = NOON
        past = await store.past("github", "7", since=NOON - 91 * DAY)
    baseline = past.baselines.get(repo.native_id)
    assert (baseline[1].likes if baseline else None) == expected


async def test_forgetting_an_account_leaves_nothing_of_it(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(5))
        await keep_fetch(store, handle="shine.bsky.social")
        await keep_fetch(store, network="github", native_id="7", handle="glow", posts=make_posts(2, "github"))
        await store.link("T", "Glow", [("bluesky", "did:plc:glow")])
        await store.link("T", "Both", [("github", "7")])
        assert await store.forget("bluesky", "did:plc:glow")
        assert [creator.name for creator in await store.creators("T")] == ["Both"]
        left = await store._db.read(lambda conn: {t: _rows(conn, t) for t in TABLES})
    assert left == {"accounts": 1, "posts": 2, "post_counts": 2, "snapshots": 1, "account_scores": 1,
                    "score_details": 1, "handle_history": 0, "creator_accounts": 1}  # fmt: skip


TABLES = ("accounts", "posts", "post_counts", "snapshots", "account_scores", "score_details", "handle_history",
          "creator_accounts")  # fmt: skip


def _rows(conn: Connection, table: str) -> int:
    return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


@pytest.mark.parametrize("hostile", ["'; DROP TABLE accounts; --", "%", "_", "\ud800", "a\x00b", "𝕲𝖑𝖔𝖜", "x" * 5000])
async def test_hostile_text_finds_nothing_and_breaks_nothing(tmp_path: Path, hostile: str) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store)
        assert await store.find("T", hostile, None, [("bluesky", hostile)], history_since=NOON) is None
        assert await store.known_handles("T", hostile) == []
        await store.link("T", hostile, [("bluesky", "did:plc:glow")])
        found = await store.find("T", hostile, None, [], history_since=NOON)
        assert found is not None
        assert found.linked
        assert await find_one(store) is not None


async def test_an_in_memory_store_works_the_same() -> None:
    async with Store.open("sqlite://", HandClock()) as store:
        await keep_fetch(store, posts=make_posts(3))
        assert len(await store.posts("bluesky", "did:plc:glow", since=NOON - 9 * DAY)) == 3
