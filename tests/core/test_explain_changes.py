"""The change ledger: rows add up to the change whatever happened, and each says what it claims to say."""

import math
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from core.changes import ROWS, SMALL, ChangeLedger, change_ledger
from core.models import FollowerReading, Post, Profile
from core.readings import carried
from core.scoring import score_network
from core.standings import Known
from core.weights import CURRENT
from tests.core.simulated_accounts import NETWORKS, NOW, account

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
DAY = timedelta(days=1)
HALF = CURRENT.betas.volume / 2
BETAS = CURRENT.betas.model_copy(update={"volume": HALF, "consistency": CURRENT.betas.consistency + HALF})
OTHER = CURRENT.model_copy(update={"model_version": "other", "betas": BETAS})
CHEATS = ("too even", "ghost audience", "pod-like", "mass follow", "inhuman rate")


def points(ledger: ChangeLedger | None) -> dict[str, float]:
    assert ledger is not None
    assert math.fsum(row.points for row in ledger.rows) == pytest.approx(ledger.after - ledger.before, abs=1e-9)
    return {row.name: row.points for row in ledger.rows}


def known(profile: Profile, posts: list[Post], at=NOW, **more) -> Known:
    return Known(profile=profile, posts=tuple(posts), at=at, **more)


def pair(network="bluesky", followers=10_000, reactions=300.0, posts=26) -> tuple[Known, Known]:
    """The same account a month apart: only time has passed."""
    profile, posts_ = account(network, followers, reactions, posts=posts)
    old = [post for post in posts_ if post.created_at <= NOW - MONTH]
    return known(profile, old, NOW - MONTH), known(profile, old, NOW)


# --- each row alone ---------------------------------------------------------------------------------------------------


def test_nothing_happened_is_no_row():
    before, _ = pair()
    ledger = change_ledger([before], [before])
    assert ledger is not None
    assert (ledger.rows, ledger.change) == ((), 0.0)


def test_only_time_is_ageing():
    before, after = pair()
    rows = points(change_ledger([before], [after]))
    assert set(rows) <= {"ageing", "small_changes"}
    assert rows["ageing"] < 0


def test_more_counts_on_old_posts_never_lower_their_row():
    before, after = pair()
    more = tuple(post.model_copy(update={"likes": (post.likes or 0) * 3}) for post in after.posts)
    rows = points(change_ledger([before], [replace(after, posts=more)]))
    assert rows["later_counts"] > 0
    assert set(rows) <= {"ageing", "later_counts", "small_changes"}


def test_new_posts_have_a_row_with_the_posts_by_leverage():
    before, after = pair()
    new = [
        after.posts[0].model_copy(update={"native_id": f"n{i}", "created_at": NOW - (2 + i) * DAY, "likes": 2000 * i})
        for i in range(4)
    ]
    ledger = change_ledger([before], [replace(after, posts=(*after.posts, *new))])
    rows = points(ledger)
    assert rows["new_posts"] > 0
    row = next(row for row in ledger.rows if row.name == "new_posts")
    assert {change.post.native_id for change in row.posts} == {"n0", "n1", "n2", "n3"}
    assert [c.leverage for c in row.posts] == sorted((c.leverage for c in row.posts), reverse=True)


def test_leverage_is_what_the_score_loses_without_the_post():
    before, after = pair()
    new = after.posts[0].model_copy(update={"native_id": "n", "created_at": NOW - 3 * DAY, "likes": 9000})
    ledger = change_ledger([before], [replace(after, posts=(*after.posts, new))])
    row = next(row for row in ledger.rows if row.name == "new_posts")
    assert [change.leverage for change in row.posts] == [pytest.approx(row.points, abs=1e-6)]


def test_followers_and_growth_have_their_row():
    before, after = pair()
    grown = after.profile.model_copy(update={"followers": 30_000})
    earlier = (FollowerReading(fetched_at=NOW - 30 * DAY, followers=10_000),)
    rows = points(change_ledger([before], [replace(after, profile=grown, earlier=earlier)]))
    assert rows["followers"] > 0
    assert set(rows) <= {"ageing", "followers", "small_changes"}


def test_a_network_that_comes_never_lowers_and_one_that_goes_never_raises():
    before, after = pair()
    _, other = pair("mastodon", reactions=200.0)
    came = change_ledger([before], [after, other])
    assert points(came)["networks"] > 0
    assert next(row for row in came.rows if row.name == "networks").networks == ("+mastodon",)
    other_before, _ = pair("mastodon", reactions=200.0)
    went = change_ledger([before, other_before], [after])
    assert points(went)["networks"] < 0
    assert next(row for row in went.rows if row.name == "networks").networks == ("-mastodon",)


def test_patterns_have_a_row_that_never_raises_when_they_come():
    before, after = pair()
    ledger = change_ledger([before], [replace(after, flags=("too even", "ghost audience"))])
    assert points(ledger)["authenticity"] < -5
    row = next(row for row in ledger.rows if row.name == "authenticity")
    assert row.flags == ("+too even", "+ghost audience")
    assert points(change_ledger([replace(before, flags=("too even", "ghost audience"))], [after]))["authenticity"] > 5
    assert "authenticity" not in points(change_ledger([before], [replace(after, flags=("too even",))]))


def test_a_new_model_has_its_own_row_and_leaves_the_others_alone():
    before, after = pair()
    more = tuple(post.model_copy(update={"likes": (post.likes or 0) * 3}) for post in after.posts)
    same = points(change_ledger([before], [replace(after, posts=more)]))
    ledger = change_ledger([before], [replace(after, posts=more)], weights=OTHER)
    rows = points(ledger)
    assert rows["later_counts"] == same["later_counts"]
    assert abs(rows["model_version"]) > SMALL
    expected = score_network(after.profile, more, NOW, weights=OTHER, interval=False).score
    assert ledger.after == pytest.approx(expected, abs=1e-9)


def test_posts_that_left_the_window_or_were_deleted_are_ageing():
    before, after = pair()
    gone = replace(after, posts=after.posts[3:])
    rows = points(change_ledger([before], [gone]))
    assert set(rows) <= {"ageing", "small_changes"}


def test_an_account_that_was_not_read_again_does_not_move():
    before, _ = pair()
    beta, beta_after = pair("mastodon", reactions=900.0)
    ledger = change_ledger([before, beta], [before, beta_after])
    assert points(ledger)["ageing"] < 0
    still = change_ledger([before, beta], [before, beta])
    assert still is not None
    assert still.rows == ()


def test_a_running_total_moves_by_its_gain():
    before, after = pair("github", followers=None)
    more = tuple(
        post.model_copy(update={"likes": (post.likes or 0) * 9, "opened_at": NOW - 400 * DAY}) for post in after.posts
    )
    rows = points(change_ledger([before], [replace(after, posts=more, running=True)]))
    assert set(rows) == {"later_counts"}


def test_a_dormant_account_keeps_its_last_score():
    before, _ = pair(posts=12)
    silent = replace(before, at=NOW + 120 * DAY)
    ledger = change_ledger([before], [silent])
    assert ledger is not None
    assert (ledger.rows, ledger.change) == ((), 0.0)


def test_stored_scores_are_the_ends():
    before, after = pair()
    then = score_network(before.profile, before.posts, before.at)
    now = score_network(after.profile, after.posts, after.at)
    ledger = change_ledger([replace(before, score=then)], [replace(after, score=now)])
    assert (ledger.before, ledger.after) == (then.score, now.score)
    assert points(ledger) == pytest.approx(points(change_ledger([before], [after])), abs=1e-9)


def test_without_a_number_at_one_end_there_is_no_ledger():
    before, after = pair()
    few = replace(after, posts=after.posts[:2])
    assert change_ledger([before], [few]) is None
    assert change_ledger([], [after]) is None
    assert change_ledger([replace(before, combine="separate")], [replace(after, combine="separate")]) is None


# --- thousands of random accounts -------------------------------------------------------------------------------------


def _creator(rng: random.Random) -> tuple[list[Known], list[Known]]:
    """One creator at two moments with everything that may happen in between."""
    then = NOW - timedelta(days=rng.choice((1, 7, 7, 30, 60)))
    before, after = [], []
    for network in rng.sample(NETWORKS, rng.choice((1, 1, 2, 3))):
        old, new = _account(network, then, rng)
        where = rng.random()
        before += [old] if where < 0.9 else []
        after += [new] if where > 0.1 else []
    return before, after


def _account(network: str, then, rng: random.Random) -> tuple[Known, Known]:
    scale = 10 ** rng.uniform(0, 5)
    followers = rng.choice((None, int(scale * rng.uniform(2, 200))))
    count = rng.choice((2, 3, 9, 25))
    ages = [rng.uniform(0, 130) for _ in range(count)]
    posts = [_post(network, i, age, scale, rng) for i, age in enumerate(ages)]
    old = [_as_of(post, rng) for post in posts if post.created_at < then]
    new = [post for post in posts if rng.random() > 0.05]
    profile = Profile(network=network, native_id=network, handle="sim", followers=followers, fetched_at=then)
    grown = None if followers is None else int(followers * rng.uniform(0.7, 1.6))
    later = profile.model_copy(update={"followers": grown, "fetched_at": NOW})
    readings = tuple(
        FollowerReading(fetched_at=NOW - timedelta(days=d), followers=int((followers or 9) * rng.uniform(0.8, 1.2)))
        for d in range(0, 100, 20)
    )
    apart = "separate" if rng.random() < 0.1 else "sum"
    flags = [tuple(rng.sample(CHEATS, rng.choice((0, 0, 1, 2, 3)))) for _ in range(2)]
    running = rng.random() < 0.1
    one = known(profile, old, then, earlier=readings, combine=apart, flags=flags[0], running=running)
    two = known(later, new, NOW, earlier=readings, combine=apart, flags=flags[1], running=running)
    if rng.random() < 0.15:
        two = replace(two, at=then, posts=one.posts, profile=profile)  # not read again
    return one, replace(two, complete_from=rng.choice((None, NOW - timedelta(days=40))))


def _post(network: str, number: int, age: float, scale: float, rng: random.Random) -> Post:
    counts = {
        name: int(scale * rng.lognormvariate(0, 1))
        for name in ("likes", "replies", "reposts", "views")
        if rng.random() < 0.8
    }
    return Post(network=network, native_id=str(number), created_at=NOW - timedelta(days=age), **counts)


def _as_of(post: Post, rng: random.Random) -> Post:
    return post.model_copy(update={"likes": None if post.likes is None else int(post.likes * rng.random())})


@pytest.mark.parametrize("seed", range(4))
def test_rows_add_up_for_random_creators(seed: int):
    rng = random.Random(seed)
    seen: set[str] = set()
    told = 0
    for _ in range(250):
        before, after = _creator(rng)
        weights = rng.choice((CURRENT, CURRENT, OTHER))
        ledger = change_ledger(before, after, weights=weights)
        if ledger is None:
            continue
        told += 1
        rows = points(ledger)
        seen |= set(rows)
        assert list(rows) == sorted(rows, key=(*ROWS, "small_changes").index)
        assert all(abs(row.points) >= SMALL for row in ledger.rows if row.name != "small_changes")
        assert 1 <= ledger.before <= 100
        assert 1 <= ledger.after <= 100
    assert told > 100
    assert seen == {*ROWS, "small_changes"}


@pytest.mark.parametrize("seed", range(2))
def test_one_account_alone_ends_on_the_scores_of_scoring(seed: int):
    rng = random.Random(seed + 100)
    for _ in range(60):
        old, new = _account(rng.choice(NETWORKS), NOW - WEEK, rng)
        old, new = replace(old, flags=(), combine="sum"), replace(new, flags=(), combine="sum")
        first = score_network(old.profile, old.posts, old.at, complete_from=old.complete_from, earlier=old.earlier)
        last = score_network(new.profile, new.posts, new.at, complete_from=new.complete_from, earlier=new.earlier)
        last = carried(last, first)
        ledger = change_ledger([old], [new])
        if first.score is None or last.score is None:
            assert ledger is None
        else:
            assert ledger.before == pytest.approx(first.score, abs=1e-9)
            assert ledger.after == pytest.approx(last.score, abs=1e-9)
