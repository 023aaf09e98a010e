"""Where each post read is paid for: what is read again, and that nothing else changes by it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from core.app import build
from core.connectors import manifests
from core.learning import learnt
from core.manifest import Manifest
from core.models import Post, Profile, Snapshot
from core.readings import READ_BACK
from core.recall import Past
from core.rereads import SWEEP_EVERY, merge, read_since
from core.settings import Settings
from core.store import StoredAccount
from sandbox.server import Sandbox
from tests.core import toy_readings as toy

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
X = manifests()["x"]
FREE = X.model_copy(update={"rereads": None})


def post(age: timedelta, likes: int = 50, now: datetime = NOW) -> Post:
    at = now - age
    return Post(network="x", native_id=str(int(at.timestamp())), created_at=at, likes=likes, reposts=4, replies=3)


POSTS = tuple(post(DAY * number + timedelta(hours=30), likes=40 + number * 3 % 17) for number in range(80))


def snapshot(posts: tuple[Post, ...], since: datetime | None, now: datetime = NOW) -> Snapshot:
    profile = Profile(network="x", native_id="900", handle="boats", followers=12_000, fetched_at=now)
    return Snapshot(profile=profile, posts=posts, complete_from=since)


def stored(posts: tuple[Post, ...], since: datetime, at: datetime) -> StoredAccount:
    return StoredAccount(1, learnt(snapshot(posts, since, at), Past(), None, X, at).reading, at, None)


YESTERDAY = stored(tuple(p for p in POSTS if p.created_at <= NOW - DAY), NOW - DAY - READ_BACK, NOW - DAY)


@pytest.mark.parametrize(
    ("manifest", "known", "days"),
    [
        pytest.param(X, YESTERDAY, X.rereads.days + 1, id="known: from three days before the last read on"),
        pytest.param(X, None, READ_BACK.days, id="unknown"),
        pytest.param(FREE, YESTERDAY, READ_BACK.days, id="a network that costs nothing"),
        pytest.param(
            X,
            StoredAccount(1, YESTERDAY.reading.model_copy(update={"complete_from": None}), NOW - DAY, None),
            READ_BACK.days,
            id="nothing known of how far back, or purged",
        ),
        pytest.param(
            X, StoredAccount(1, YESTERDAY.reading, NOW - 200 * DAY, None), READ_BACK.days, id="last read long ago"
        ),
        pytest.param(
            X, StoredAccount(1, YESTERDAY.reading, NOW + DAY, None), X.rereads.days, id="a clock that stepped back"
        ),
    ],
)
def test_since_when_posts_are_read(manifest: Manifest, known: StoredAccount | None, days: int) -> None:
    assert read_since(manifest, known, NOW) == NOW - timedelta(days=days)


def test_the_whole_window_is_read_every_second_week():
    swept = [n for n in range(4 * SWEEP_EVERY) if read_since(X, YESTERDAY, NOW + n * DAY) == NOW + n * DAY - READ_BACK]
    assert {later - earlier for earlier, later in pairwise(swept)} == {SWEEP_EVERY}


def taught(posts: tuple[Post, ...], since: datetime, known: StoredAccount | None = YESTERDAY, past=POSTS):
    return learnt(snapshot(posts, since), Past(posts=past, known=True), known, X, NOW)


def test_a_score_does_not_move_because_posts_were_not_read_again():
    since = read_since(X, YESTERDAY, NOW)
    recent = tuple(p for p in POSTS if p.created_at >= since)
    assert 0 < len(recent) < 5
    whole = taught(POSTS, NOW - READ_BACK)
    part = taught(recent, since)
    assert part.reading.score.score == pytest.approx(whole.reading.score.score, abs=1e-9)
    assert part.reading.score.notes == whole.reading.score.notes
    assert part.reading.complete_from == part.snapshot.complete_from == NOW - READ_BACK
    assert (part.deleted, part.changed) == ((), ())


def test_reactions_and_deletions_of_what_is_read_again_count():
    since = read_since(X, YESTERDAY, NOW)
    recent = [p for p in POSTS if p.created_at >= since]
    more = recent[0].model_copy(update={"likes": 900})
    part = taught((more,), since)
    assert part.changed == (more,)
    assert part.deleted == tuple(sorted(p.native_id for p in recent[1:]))


def test_a_gap_between_two_reads_is_told():
    """More than a read may hold was posted since: how far back the posts are complete is known no more."""
    since = NOW - timedelta(hours=6)
    part = taught(tuple(post(timedelta(hours=hour)) for hour in range(1, 6)), since)
    assert part.reading.complete_from == since


# --- which posts count ------------------------------------------------------------------------------------------------


class TestMerge:
    def test_a_post_the_read_should_have_brought_was_deleted(self) -> None:
        merged = merge([toy.post("a", 5), toy.post("b", 6)], toy.snapshot(toy.post("a", 5)))
        assert [p.native_id for p in merged.posts] == ["a"]
        assert merged.deleted == ("b",)

    def test_a_post_outside_the_read_stays(self) -> None:
        merged = merge([toy.post("old", 60)], toy.snapshot(toy.post("a", 5), reach=30))
        assert {p.native_id for p in merged.posts} == {"a", "old"}
        assert merged.deleted == ()

    def test_an_unknown_reach_deletes_nothing(self) -> None:
        assert merge([toy.post("b", 6)], toy.snapshot(toy.post("a", 5), reach=None)).deleted == ()

    def test_only_what_changed_is_written(self) -> None:
        merged = merge(
            [toy.post("a", 5, likes=1), toy.post("b", 6, likes=1)],
            toy.snapshot(toy.post("a", 5, 1), toy.post("b", 6, 2)),
        )
        assert [p.native_id for p in merged.changed] == ["b"]

    def test_of_duplicates_the_first_wins(self) -> None:
        merged = merge([], toy.snapshot(toy.post("a", 5, likes=1), toy.post("a", 5, likes=9)))
        assert [p.likes for p in merged.posts] == [1]

    def test_new_counts_replace_old_ones_even_when_they_fall(self) -> None:
        assert [p.likes for p in merge([toy.post("a", 5, 9)], toy.snapshot(toy.post("a", 5, 4))).posts] == [4]


# --- a paid network, twice --------------------------------------------------------------------------------------------


async def test_spending_falls_and_no_post_is_lost(tmp_path):
    with Sandbox.in_thread(start=NOW) as box:
        keys = {"CLOUT_X__BEARER_TOKEN": "sandbox-x-token", "CLOUT_X__DAILY_USD": "5"}
        environment = {**box.env(), **keys, "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
        async with build(Settings.read(manifests(), environment, None), clock=box.clock) as app:
            first = await app.lookups.lookup("team", "x:pebblepeck")
            native_id, spent = first.networks[0].native_id, await _spent(app)
            since = NOW - READ_BACK + 3 * DAY
            before = {p.native_id for p in await app.store.posts("x", native_id, since=since)}
            box.clock.advance(timedelta(days=1))
            again = await app.lookups.lookup("team", "x:pebblepeck", fresh=True)
            after = {p.native_id for p in await app.store.posts("x", native_id, since=since)}
            assert again.networks[0].status == "ok"
            assert before < after
            assert await _spent(app) < spent / 3
            assert again.networks[0].complete_from <= first.networks[0].complete_from + DAY


async def _spent(app) -> float:
    (state,) = await app.budgets.left("x", "")
    return state.spent
