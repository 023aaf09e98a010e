"""Unusual patterns: directions first, then each rule at its threshold, then what they cost."""

import re
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import figures
from core.authenticity import (
    GROUPS,
    INFORMATION,
    counting,
    flags,
    follow_factor,
    follow_ratio,
    penalised,
    penalty,
    penalty_of,
)
from core.models import Flag, FollowerReading, NetworkReading, Post, Profile
from core.patterns import PATTERNS
from core.readings import total
from core.scoring import score_network
from tests.core.simulated_accounts import NOW, Habits, account, expected_reactions, models_of, simulate

DAY = timedelta(days=1)
WORDS = ("fake", "fraud", "cheat", "bought", "bot ", "suspicious")


def usual(network="bluesky", followers=40_000, **more) -> tuple[Profile, list[Post]]:
    """An account at the usual rate whose likes vary from post to post."""
    mean = float(expected_reactions(network, np.array([followers]))[0])
    profile, posts = account(network, followers, mean, **more)
    factors = np.exp(np.random.default_rng(7).normal(0, 0.5, len(posts)))
    posts = [p.model_copy(update={"likes": int((p.likes or 0) * f)}) for p, f in zip(posts, factors, strict=True)]
    return profile, posts


def names(profile, posts, history=(), **more) -> set[str]:
    return {flag.name for flag in flags(profile, posts, NOW, history, **more) if not flag.information}


def daily(values, end=NOW) -> tuple[FollowerReading, ...]:
    first = end - len(values) * DAY
    return tuple(FollowerReading(fetched_at=first + at * DAY, followers=int(v)) for at, v in enumerate(values))


def growing(jump: float = 0, days: int = 60, start: int = 30_000) -> list[float]:
    """Followers day by day: slow growth, and once `jump` more."""
    return [start * 1.001**day + (jump if day >= days - 10 else 0) for day in range(days)]


# --- directions -------------------------------------------------------------------------------------------------------


@given(st.integers(5_000, 10**7), st.floats(1.0, 1_000.0), st.floats(0.0, 2_000.0))
def test_more_bought_followers_never_take_the_ghost_flag_away(followers, times, reactions):
    profile, posts = account("instagram", followers, reactions)
    more = profile.model_copy(update={"followers": int(followers * times)})
    if "ghost audience" in names(profile, posts):
        assert "ghost audience" in names(more, posts)


@given(st.floats(1.0, 20.0))
def test_more_reactions_never_bring_the_ghost_flag(times):
    profile, posts = usual(followers=40_000)
    few = [p.model_copy(update={"likes": (p.likes or 0) // 6, "reposts": 0, "replies": 0}) for p in posts]
    more = [p.model_copy(update={"likes": int((p.likes or 0) * times)}) for p in few]
    if "ghost audience" not in names(profile, few):
        assert "ghost audience" not in names(profile, more)


@given(st.integers(1_500, 10**6), st.floats(1.0, 50.0))
def test_a_larger_jump_never_takes_its_flag_away(gain, times):
    profile, posts = usual(followers=31_000)

    def seen(gained: float) -> bool:
        curve = growing(gained)
        now = profile.model_copy(update={"followers": int(curve[-1])})
        return "follower jump" in names(now, posts, daily(curve))

    if seen(gain):
        assert seen(gain * times)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**5))
def test_following_more_never_takes_the_mass_follow_flag_away(followers, following, more):
    profile, posts = usual()
    one = profile.model_copy(update={"followers": followers, "following": following})
    two = one.model_copy(update={"following": following + more})
    if "mass follow" in names(one, posts):
        assert "mass follow" in names(two, posts)
    assert follow_factor(followers, following + more) >= follow_factor(followers, following) - 1e-9


def test_likes_nearer_to_each_other_never_take_the_even_flag_away():
    profile, posts = usual()
    spreads = np.linspace(0.5, 0.0, 30)
    noise = np.random.default_rng(1).normal(0, 1, len(posts))
    found = [
        "too even"
        in names(
            profile,
            [p.model_copy(update={"likes": int(1_000 + 300 * s * n)}) for p, n in zip(posts, noise, strict=True)],
        )
        for s in spreads
    ]
    assert found == sorted(found)
    assert not found[0]
    assert found[-1]


def test_more_pod_comments_never_take_the_pod_flag_away():
    profile, posts = usual(followers=3_000)
    found = []
    for comments in range(0, 100, 5):
        pod = [p.model_copy(update={"likes": 100, "replies": comments, "reposts": 0}) for p in posts]
        found.append("pod-like" in names(profile, pod))
    assert found == sorted(found)
    assert found[-1]


def test_more_likes_than_views_on_more_posts_never_take_the_flag_away():
    profile, posts = usual("tiktok")
    found = []
    for count in range(len(posts)):
        views = [0 if at < count else 10**9 for at in range(len(posts))]
        found.append(
            "impossible"
            in names(profile, [p.model_copy(update={"views": v}) for p, v in zip(posts, views, strict=True)])
        )
    assert found == sorted(found)
    assert not found[1]
    assert found[-1]


def test_more_posts_never_take_the_rate_flag_away():
    profile, _ = usual()
    found = []
    for a_day in (1, 5, 20, 73, 200):
        moments = [NOW - DAY - timedelta(days=at / a_day) for at in range(a_day * 20)]
        posts = [Post(network="bluesky", native_id=str(n), created_at=at, likes=1) for n, at in enumerate(moments)]
        found.append("inhuman rate" in names(profile, posts))
    assert found == sorted(found)
    assert found[-1]


# --- the rules --------------------------------------------------------------------------------------------------------


def test_an_ordinary_account_shows_nothing():
    profile, posts = usual()
    assert names(profile, posts, daily(growing(start=39_000))) == set()


def test_nothing_is_said_without_the_figures():
    profile, posts = usual()
    bare = profile.model_copy(update={"followers": None, "following": None})
    blank = [p.model_copy(update={"likes": None, "replies": None, "reposts": None}) for p in posts]
    assert flags(bare, blank, NOW) == ()
    assert flags(bare, [], NOW) == ()


@pytest.mark.parametrize(("followers", "seen"), [(4_999, False), (5_000, True)])
def test_a_small_audience_is_no_ghost(followers, seen):
    assert ("ghost audience" in names(*account("bluesky", followers, 1.0))) is seen


def test_seven_posts_say_nothing_about_an_audience():
    assert "ghost audience" not in names(*account("bluesky", 100_000, 1.0, posts=7))
    assert "ghost audience" in names(*account("bluesky", 100_000, 1.0, posts=8))


def test_a_jump_with_a_post_behind_it_is_growth():
    profile, posts = usual(followers=31_000)
    curve = growing(20_000)
    now = profile.model_copy(update={"followers": int(curve[-1])})
    assert "follower jump" in names(now, posts, daily(curve))
    hit = posts[0].model_copy(update={"native_id": "hit", "created_at": NOW - 11 * DAY, "likes": 90_000})
    assert "follower jump" not in names(now, [*posts, hit], daily(curve))


def test_a_jump_that_is_lost_again_is_named_whatever_was_posted():
    profile, posts = usual(followers=31_000)
    curve = [v + (20_000 if 30 <= day < 42 else 0) for day, v in enumerate(growing())]
    hit = posts[0].model_copy(update={"native_id": "hit", "created_at": NOW - 31 * DAY, "likes": 90_000})
    found = [f for f in flags(profile, [*posts, hit], NOW, daily(curve)) if f.name == "follower jump"]
    assert [f.numbers["lost"] > 0.9 for f in found] == [True]


def test_two_readings_in_an_hour_are_no_day():
    profile, posts = usual(followers=31_000)
    curve = daily([31_000] * 40)
    soon = FollowerReading(fetched_at=NOW - timedelta(minutes=30), followers=30_200)
    assert "follower jump" not in names(profile, posts, (*curve, soon))


def test_too_few_readings_say_nothing():
    profile, posts = usual(followers=300_000)
    assert "follower jump" not in names(profile, posts, daily([30_000]))


def test_mass_follow_needs_more_followed_than_following():
    profile, posts = usual(followers=2_900)
    assert "mass follow" in names(profile.model_copy(update={"following": 6_900}), posts)
    assert "mass follow" not in names(profile.model_copy(update={"following": 2_901}), posts)
    assert "mass follow" not in names(profile.model_copy(update={"followers": 20, "following": 2_000}), posts)


def test_the_factor_of_mass_follow_by_hand():
    # ratio 2 - 1 = 1; ln(ln(3000)) = ln(8.0064) = 2.0802; exp(3 * 2.0802 * (3001/1501 - 1)) = exp(6.236) > 50
    assert follow_factor(1_500, 3_000) == pytest.approx(50.0)
    # (1 + 3000) / (1 + 2400) - 1 = .24990; * 3 * 2.0802 = 1.55953; e^1.55953 = 4.7566
    assert follow_factor(2_400, 3_000) == pytest.approx(4.7566, abs=1e-3)
    assert follow_factor(10**6, 3_000) == 1.0


def test_the_continuous_ratio_orders_like_the_rule():
    ratio = follow_ratio(np.array([10.0, 100.0, 10_000.0]), np.array([7_000.0, 100.0, 200.0]))
    assert ratio.argsort()[::-1].tolist() == [0, 1, 2]
    assert ratio[1] == 0.0


def test_likes_without_any_comment_are_not_judged():
    profile, posts = usual()
    assert "like:comment outlier" not in names(profile, [p.model_copy(update={"replies": 0}) for p in posts])


@pytest.mark.parametrize(("likes", "replies"), [(4_000, 1), (100, 2_400)])
def test_likes_and_comments_far_off_either_way(likes, replies):
    profile, posts = usual()
    odd = [p.model_copy(update={"likes": likes + at * 40, "replies": replies}) for at, p in enumerate(posts)]
    assert "like:comment outlier" in names(profile, odd)


def test_one_post_that_went_around_the_world_is_possible():
    profile, posts = usual(followers=2_000)
    hit = posts[3].model_copy(update={"native_id": "hit", "likes": 1_000_000})
    assert "impossible" not in names(profile, [*posts, hit])
    many = [p.model_copy(update={"likes": 11_000 + 900 * at}) for at, p in enumerate(posts)]
    assert "impossible" in names(profile, many)


def test_two_weeks_without_a_night():
    profile, _ = usual()

    def posts(hours: float, days: int) -> list[Post]:
        moments = [NOW - DAY - timedelta(hours=hours * n) for n in range(int(days * 24 / hours) + 1)]
        return [Post(network="x", native_id=str(n), created_at=at, likes=2) for n, at in enumerate(moments)]

    assert "inhuman rate" in names(profile, posts(3.9, 15))
    assert "inhuman rate" not in names(profile, posts(4.0, 15))
    assert "inhuman rate" not in names(profile, posts(3.9, 13))


def test_first_digits_are_information_only():
    profile, posts = account("bluesky", 40_000, 0, posts=80, likes=555, replies=56, reposts=57, quotes=5)
    found = {f.name: f for f in flags(profile, posts, NOW)}
    assert found["first digits"].information
    assert "first digits" not in counting(found.values())
    assert set(INFORMATION).isdisjoint(GROUPS)


def test_16_every_text_holds_its_numbers_and_accuses_nobody():
    told = {}
    for flag in _each():
        assert not any(word in flag.text.casefold() for word in WORDS), flag.text
        for value in flag.numbers.values():
            forms = {figures.count(value), figures.one_decimal(value), figures.percent(value), str(round(value))}
            assert any(re.search(rf"(?<![\d.]){re.escape(form)}", flag.text) for form in forms), (flag, value)
        told[flag.name] = flag
    assert set(told) == {*GROUPS, *INFORMATION}


def _each() -> list[Flag]:
    profile, posts = usual()
    even = [p.model_copy(update={"likes": 5_000_000, "replies": 9}) for p in posts]
    ghost = account("bluesky", 300_000, 20.0)
    pod = account("bluesky", 3_000, 0, likes=80, replies=60, reposts=1)
    curve = growing(50_000)
    jumped = profile.model_copy(update={"followers": int(curve[-1])})
    mass = profile.model_copy(update={"followers": 900, "following": 7_000})
    fast = [Post(network="x", native_id=str(n), created_at=NOW - n * timedelta(minutes=9)) for n in range(3_000)]
    digits = account("bluesky", 40_000, 0, posts=80, likes=555, replies=56, reposts=57, quotes=5)
    return [
        *flags(profile, even, NOW),
        *flags(*ghost, NOW),
        *flags(*pod, NOW),
        *flags(jumped, posts, NOW, daily(curve)),
        *flags(mass, posts, NOW),
        *flags(profile, fast, NOW),
        *flags(*digits, NOW),
    ]


def test_thresholds_are_data():
    profile, posts = account("bluesky", 40_000, 300.0)
    assert "too even" in names(profile, posts)
    lax = PATTERNS.model_copy(update={"even_variation": 0.0})
    assert "too even" not in names(profile, posts, constants=lax)


# --- what they cost (invariant 16) ------------------------------------------------------------------------------------

ALL = [*GROUPS, *INFORMATION]


def made(name: str) -> Flag:
    return Flag(name=name, group=(GROUPS | INFORMATION)[name], text="", threshold=0, information=name in INFORMATION)


@given(st.lists(st.sampled_from(ALL), max_size=12))
def test_16_q_stays_in_its_range_and_one_flag_alone_is_free(chosen):
    found = [made(name) for name in chosen]
    q = penalty(found)
    counted = {name for name in chosen if name in GROUPS}
    assert 0.6 <= q <= 1.0
    assert q == penalty_of(chosen) == penalty([*found, *found])
    if len({GROUPS[name] for name in counted}) < 2:
        assert q == 1.0
    else:
        assert q == pytest.approx(max(0.6, 1 - 0.1 * len(counted)))


@given(st.lists(st.sampled_from(ALL), max_size=8), st.sampled_from(ALL))
def test_one_more_flag_never_raises(chosen, more):
    assert penalty([made(name) for name in [*chosen, more]]) <= penalty([made(name) for name in chosen])


@given(st.lists(st.sampled_from(ALL), max_size=8), st.integers(0, 39))
def test_16_a_deduction_never_raises_a_score_and_keeps_its_range(chosen, index):
    score = SCORES[index]
    found = penalised(score, [made(name) for name in chosen])
    assert 1.0 <= found.score <= score.score
    assert found.low <= found.score <= found.high
    assert found.penalty == pytest.approx(found.score - score.score, abs=1e-9)
    assert found.networks == score.networks


def _scores():
    columns = simulate(40, 4, Habits(posts=(8, 30)))
    for index in range(40):
        profile, posts = models_of(columns, index)
        score = score_network(profile, posts, NOW)
        yield total(
            [NetworkReading(network=profile.network, status="ok", handle="x", profile=profile, score=score)], NOW
        )


SCORES = list(_scores())


def test_the_same_pattern_on_two_networks_counts_once():
    one = SCORES[0]
    assert penalised(one, [made("ghost audience"), made("ghost audience"), made("follower jump")]) == one
    two = penalised(one, [made("ghost audience"), made("ghost audience"), made("too even")])
    assert two.score == pytest.approx(1 + 0.8 * (one.score - 1))


def test_flags_of_all_counted_networks_are_taken_together_and_apart_ones_are_not():
    profile, posts = usual()
    score = score_network(profile, posts, NOW)
    base = NetworkReading(network="bluesky", status="ok", handle="x", native_id="1", profile=profile, score=score)
    first = base.model_copy(update={"flags": (made("ghost audience"),)})
    second = base.model_copy(update={"network": "mastodon", "flags": (made("pod-like"),)})
    assert total([first, base], NOW).penalty == 0.0
    assert total([first, second], NOW).penalty < 0.0
    assert total([first, second.model_copy(update={"combine": "separate"})], NOW).penalty == 0.0


# --- honest accounts --------------------------------------------------------------------------------------------------


def test_honest_simulated_accounts_pay_nothing():
    columns = simulate(500, 21, Habits(posts=(8, 60), rate=(-0.5, 0.8)))
    paying = 0
    for index in range(len(columns)):
        profile, posts = models_of(columns, index)
        paying += penalty(flags(replace_following(profile), posts, NOW)) < 1.0
    assert paying == 0


def replace_following(profile: Profile) -> Profile:
    return profile.model_copy(update={"following": 400})


def test_the_order_of_posts_and_readings_changes_nothing():
    profile, posts = usual()
    curve = daily(growing(20_000))
    now = replace_following(profile)
    assert flags(now, posts, NOW, curve) == flags(now, posts[::-1], NOW, curve[::-1])
