"""Which way each constant pushes: small accounts by hand, strict enough to notice a constant that went missing.

benchmarks/mutation.py breaks the constants and parts one by one; these tests are what it found wanting.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.models import FollowerReading, Inputs, NetworkScore, Part, PartName, Post, Profile
from core.scoring import score_many, score_network
from core.weights import CURRENT
from tests.core.simulated_accounts import NOW, RATED, Habits, account, simulate

DAY = timedelta(days=1)


def score(profile: Profile, posts: list[Post], **more: Any) -> NetworkScore:
    return score_network(profile, posts, NOW, **{"interval": False} | more)


def part(found: NetworkScore, name: PartName) -> Part:
    return next(one for one in found.parts if one.name == name)


def figures(found: NetworkScore) -> Inputs:
    assert found.inputs is not None
    return found.inputs


def value(found: NetworkScore) -> float:
    assert found.score is not None
    return found.score


def likes(*counts: int, spread: float = 80.0, network: str = "bluesky") -> list[Post]:
    """Posts with these likes, newest first, evenly over the last `spread` days."""
    step = spread / len(counts)
    return [
        Post(
            network=network, native_id=str(n), created_at=NOW - (2 + n * step) * DAY, likes=count, replies=0, reposts=0
        )
        for n, count in enumerate(counts)
    ]


def profile(followers: int | None = 20_000, network: str = "bluesky", **more: Any) -> Profile:
    return Profile(network=network, native_id="1", handle="one", followers=followers, fetched_at=NOW, **more)


# --- what an action weighs --------------------------------------------------------------------------------------------


def weighted(**counts: int) -> float:
    blank: dict[str, int | None] = {"likes": 0, "replies": None, "reposts": None}
    return figures(score(*account("bluesky", 20_000, 0, **(blank | counts)))).typical_weighted


def test_a_save_weighs_more_than_a_like_a_comment_more_than_a_save_and_a_share_most() -> None:
    like, save, comment = weighted(likes=50), weighted(saves=50), weighted(replies=50)
    assert 0 < like < save < comment < weighted(reposts=50)
    assert weighted(reposts=50) == pytest.approx(weighted(quotes=50))


def test_no_action_buys_a_crowd_of_another() -> None:
    assert weighted(reposts=50) < 10 * weighted(likes=50)


@pytest.mark.parametrize("action", ["likes", "saves", "replies", "reposts", "quotes"])
def test_more_of_any_action_raises_the_score(action: str) -> None:
    base: dict[str, int | None] = dict.fromkeys(("likes", "saves", "replies", "reposts", "quotes"), 30)
    more = {**base, action: 60}
    assert value(score(*account("bluesky", 20_000, 0, **more))) > value(score(*account("bluesky", 20_000, 0, **base)))


# --- the typical post -------------------------------------------------------------------------------------------------


def test_new_reactions_count_more_than_old_ones() -> None:
    rising, falling = likes(*[900] * 10, *[90] * 10), likes(*[90] * 10, *[900] * 10)
    assert value(score(profile(), rising)) > value(score(profile(), falling)) + 5


@pytest.mark.parametrize(("at", "other"), [(-1, 10**7), (0, 1)])
def test_the_ends_of_the_scale_do_not_move_the_middle(at: int, other: int) -> None:
    counts = sorted(100 + 10 * n for n in range(40))
    changed = list(counts)
    changed[at] = other
    order = [n * 17 % 40 for n in range(40)]  # values and ages unrelated
    one, two = (score(profile(), likes(*(row[n] for n in order))) for row in (counts, changed))
    assert figures(two).typical_weighted == pytest.approx(figures(one).typical_weighted)


def test_the_middle_moves_with_its_posts() -> None:
    counts = [100 + 10 * n for n in range(40)]
    higher = [count + 60 if 12 <= n < 28 else count for n, count in enumerate(counts)]
    one, two = (figures(score(profile(), likes(*row))).typical_weighted for row in (counts, higher))
    assert two > one * 1.05


@pytest.mark.parametrize("posts", [3, 4, 5, 8, 20])
def test_the_typical_post_lies_among_the_posts(posts: int) -> None:
    counts = [50 * 2**n for n in range(posts)]
    typical = figures(score(profile(), likes(*counts))).typical_weighted
    assert min(counts) < typical < max(counts)


def test_the_worst_post_of_eight_does_not_set_the_padding() -> None:
    counts = (900, 300, 700, 500, 800, 600, 400, 20)
    one, two = (figures(score(profile(), likes(*counts[:-1], low))).typical_weighted for low in (20, 120))
    assert one == pytest.approx(two)


def test_of_few_posts_no_one_decides() -> None:
    one, two = likes(100, 100, 100, 100, spread=8.0), likes(10**6, 100, 100, 100, spread=8.0)
    assert figures(score(profile(), two)).typical_weighted < 10 * figures(score(profile(), one)).typical_weighted


def test_few_posts_stand_on_their_low_level() -> None:
    counts = (800, 400, 200, 100)
    assert figures(score(profile(), likes(*counts))).typical_weighted < 400


def test_credibility_grows_with_posts_and_never_reaches_one() -> None:
    z = [figures(score(profile(), likes(*[100] * posts))).credibility for posts in (3, 6, 12, 24, 48)]
    assert z == sorted(set(z))
    assert 0 < z[0] < 0.6
    assert z[-1] < 1


# --- audience, rate, lists --------------------------------------------------------------------------------------------


def test_a_larger_audience_that_reacts_counts_more_by_decades() -> None:
    x = [part(score(*account("x", size, size // 50)), "audience").x for size in (10**3, 10**5, 10**7)]
    assert 0 < x[0] < x[1] < x[2] < 1
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], rel=0.1)


def test_followers_beyond_what_reactions_vouch_for_count_nothing() -> None:
    one, two = (part(score(*account("x", size, 40)), "audience").x for size in (10**6, 10**7))
    assert one == two


def test_an_audience_that_reacts_more_than_its_size_counts_by_its_size() -> None:
    one, two = (part(score(*account("x", 5_000, reactions)), "audience").x for reactions in (3_000, 9_000))
    assert one == two


def test_more_lists_raise_the_score_and_move_the_audience_both_ways() -> None:
    owner, posts = account("x", 20_000, 300)

    def listed(count: int | None) -> float:
        return part(score(owner.model_copy(update={"listed": count}), posts), "audience").x

    assert listed(0) < listed(10) < listed(1_000) < listed(100_000)
    assert listed(0) < listed(None) < listed(10**6)


@pytest.mark.parametrize("network", RATED)
def test_at_ten_thousand_followers_the_benchmark_holds(network: str) -> None:
    terms = CURRENT.terms(network)
    found = score(*account(network, 10_000, 500, likes=400, replies=40, reposts=40, saves=40))
    assert figures(found).expected_rate == pytest.approx(terms.rate_at_10k)


@pytest.mark.parametrize("network", RATED)
def test_larger_audiences_are_expected_to_react_less(network: str) -> None:
    rates = [figures(score(*account(network, size, 500))).expected_rate or 0 for size in (100, 10_000, 1_000_000)]
    assert rates[0] > rates[1] > rates[2] > 0


@pytest.mark.parametrize("followers", [0, 5, 10])
def test_next_to_no_followers_count_as_ten(followers: int) -> None:
    found, ten = (score(*account("x", count, 50)) for count in (followers, 10))
    assert part(found, "rate").x == part(ten, "rate").x
    earlier = [FollowerReading(fetched_at=NOW - 30 * DAY, followers=0)]
    owner, posts = account("x", 10, 50)
    assert figures(score(owner, posts, earlier=earlier)).growth_30d == 0


@pytest.mark.parametrize("network", ["tiktok", "facebook", "linkedin", "bluesky"])
@pytest.mark.parametrize(("action", "kind"), [("likes", "likes"), ("replies", "comments"), ("reposts", "shares")])
def test_an_action_that_is_not_supplied_is_not_expected(network: str, action: str, kind: str) -> None:
    whole: dict[str, int | None] = {"likes": 400, "replies": 40, "reposts": 40}
    full = figures(score(*account(network, 10_000, 0, **whole))).expected_rate or 0
    less = figures(score(*account(network, 10_000, 0, **(whole | {action: None})))).expected_rate or 0
    share = getattr(CURRENT.terms(network).usual, kind)
    assert less < full
    assert less == pytest.approx(full * max(0.01, 1 - share))


def test_reactions_at_par_earn_half_of_the_rate_and_more_earn_more() -> None:
    x = part(score(*account("x", 10_000, 60)), "rate").x
    assert x == pytest.approx(0.5, abs=0.05)
    assert part(score(*account("x", 10_000, 120)), "rate").x > x + 0.1


def test_saves_are_what_sharing_is_on_pinterest() -> None:
    found = score(*account("pinterest", 20_000, 0, likes=0, replies=0, saves=50))
    assert figures(found).typical_shares == pytest.approx(50)
    assert figures(found).typical_weighted == pytest.approx(50 * CURRENT.actions.shares)


def test_the_audience_is_full_at_some_size() -> None:
    found = score(*account("x", 10**13, 0, likes=10**12, replies=10**12, reposts=10**12))
    assert part(found, "audience").x == 1.0


def test_few_posts_say_less_about_the_rate_than_many() -> None:
    few, many = (part(score(*account("x", 10_000, 600, posts=posts)), "rate").x for posts in (3, 60))
    assert 0.5 < few < many - 0.05


def test_below_ten_reactions_a_good_rate_earns_less() -> None:
    rates = [part(score(*account("x", 20, 0, likes=n, replies=0, reposts=0)), "rate").x for n in (1, 4, 20)]
    assert rates[0] < 0.4
    assert rates[0] < rates[1] < rates[2]


# --- consistency, growth, the gate ------------------------------------------------------------------------------------


def test_a_post_a_week_is_always_active_and_a_post_a_month_is_not() -> None:
    weekly, monthly = (score(*account("bluesky", 20_000, 300, posts=posts)) for posts in (13, 3))
    assert part(weekly, "consistency").x > 0.9
    assert 0.15 < part(monthly, "consistency").x < 0.35


def test_more_growth_earns_more_and_standing_still_earns_half() -> None:
    owner, posts = account("bluesky", 20_000, 300)

    def grown(before: int) -> float:
        readings = [FollowerReading(fetched_at=NOW - 30 * DAY, followers=before)]
        return part(score(owner, posts, earlier=readings), "growth").x

    assert grown(40_000) < grown(22_000) < grown(20_000) < grown(18_000) < grown(10_000) <= 1
    assert grown(20_000) == 0.5
    assert grown(18_000) == pytest.approx(0.5 + 0.5 * np.tanh(np.log(20 / 18) / CURRENT.growth_scale))


@pytest.mark.parametrize("network", ["youtube", "tiktok"])
def test_growth_above_a_rounding_step_counts(network: str) -> None:
    owner, posts = account(network, 20_000, 300)
    for before, moved in ((19_999, False), (18_000, True)):
        readings = [FollowerReading(fetched_at=NOW - 30 * DAY, followers=before)]
        assert (figures(score(owner, posts, earlier=readings)).growth_30d != 0) is moved


def test_growth_is_told_for_thirty_days_whatever_lies_between() -> None:
    owner, posts = account("bluesky", 20_000, 300)
    readings = [FollowerReading(fetched_at=NOW - 60 * DAY, followers=10_000)]
    assert figures(score(owner, posts, earlier=readings)).growth_30d == pytest.approx(np.log(2) / 2)


def test_below_ten_reactions_activity_earns_less() -> None:
    x = [part(score(*account("bluesky", 20_000, 0, likes=n)), "consistency").x for n in (1, 4, 20, 200)]
    assert 0 < x[0] < x[1] < x[2] == x[3]


def test_lists_of_an_account_nobody_reacts_to_earn_less() -> None:
    x = []
    for reactions in (1, 4, 200):
        owner, posts = account("x", 1, 0, likes=reactions)
        x.append(part(score(owner.model_copy(update={"listed": 100_000}), posts), "audience").x)
    assert x[0] < 0.8 * x[1] < x[2]


# --- ranges -----------------------------------------------------------------------------------------------------------


def test_the_range_leaves_a_twentieth_of_the_draws_out_on_each_side() -> None:
    columns = simulate(300, 31, Habits(networks=("bluesky",), posts=(20, 20), followers_known=1.0))
    found = score_many(columns, interval=True, keep_draws=True)
    assert found.draws is not None
    below = (found.draws < found.low[:, None] - 1e-4).mean()
    above = (found.draws > found.high[:, None] + 1e-4).mean()
    assert below == pytest.approx(0.05, abs=0.01)
    assert above == pytest.approx(0.05, abs=0.01)


def test_dropping_parts_stretches_the_range() -> None:
    columns = simulate(300, 32, Habits(networks=("bluesky",), posts=(20, 20)))
    bare = replace(columns, followers=np.full(300, np.nan))
    plain = CURRENT.model_copy(update={"dropped_widening": 0.0})
    width, unstretched = (
        float((found.high - found.low).mean())
        for found in (score_many(bare, interval=True), score_many(bare, weights=plain, interval=True))
    )
    assert width > 1.03 * unstretched
