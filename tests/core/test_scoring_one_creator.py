"""One creator's score: states, windows, notes, readings, best posts, and the order of the archetypes."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.columns import growth_of
from core.errors import InputError
from core.models import FollowerReading, Kind, NetworkScore, Post, Profile
from core.scoring import BEST_POST_CANDIDATES, band, best_posts, score_network, shown
from tests.core.simulated_accounts import NOW, Habits, account, models_of, simulate


def plain(network: str, followers: int | None, reactions: float, **more: int) -> NetworkScore:
    profile, posts = account(network, followers, reactions, **more)
    return score_network(profile, posts, NOW)


def number(network: str, followers: int | None, reactions: float, **more: int) -> float:
    score = plain(network, followers, reactions, **more).score
    assert score is not None
    return score


def at(age_days: float, likes: int | None = 50, kind: Kind = "original", name: str = "") -> Post:
    native_id = name or f"{age_days}{kind}"
    created = NOW - timedelta(days=age_days)
    return Post(network="x", native_id=native_id, created_at=created, kind=kind, likes=likes, replies=3, reposts=5)


PROFILE = Profile(network="x", native_id="1", handle="one", followers=10_000, fetched_at=NOW)


# --- 18 ---------------------------------------------------------------------------------------------------------------


def test_18_archetypes_keep_their_order() -> None:
    star = number("x", 50_000_000, 75_000)
    large = number("instagram", 10_000_000, 100_000)
    silent = number("instagram", 10_000_000, 100_000, posts=9, youngest=60)
    middle = number("instagram", 200_000, 3_600)
    news = number("x", 2_000_000, 600, posts=1_780)
    small = number("instagram", 30_000, 720)
    bought = number("instagram", 300_000, 720)
    nano = number("instagram", 3_000, 144)
    pod = number("instagram", 3_000, 144, likes=238, replies=56)
    ghosts = number("instagram", 100_000, 51)
    tiny = number("x", 150, 2, likes=1, replies=0, reposts=0)
    assert star > large > max(silent, middle)
    assert middle > small
    assert abs(news - small) <= 3
    assert small > max(bought, nano)
    assert pod <= nano + 6
    assert nano > ghosts
    assert tiny > 1


def test_18_one_post_of_a_million_reactions_changes_little() -> None:
    profile, posts = account("x", 2_000, 12)
    viral = [posts[0].model_copy(update={"likes": 1_000_000}), *posts[1:]]
    before = score_network(profile, posts, NOW).score
    after = score_network(profile, viral, NOW).score
    assert before is not None
    assert after is not None
    assert before - 1e-9 <= after <= before + 6


def test_18_bots_are_at_the_floor_or_have_no_number() -> None:
    profile, posts = account("x", 100_000, 0, posts=4_000)
    rng = random.Random(18)
    liked = [post.model_copy(update={"likes": int(rng.random() < 0.05)}) for post in posts]
    assert score_network(profile, liked, NOW).score == 1.0
    assert score_network(profile, [], NOW).score is None


# --- states and windows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("posts", "state"),
    [(0, "insufficient"), (2, "insufficient"), (3, "provisional"), (7, "provisional"), (8, "ok"), (90, "ok")],
)
def test_states_follow_the_number_of_posts(posts: int, state: str) -> None:
    score = plain("x", 1_000, 30, posts=posts)
    assert score.state == state
    known = state != "insufficient"
    assert (score.score is not None, score.low is not None, len(score.draws)) == (known, known, 800 * known)


def test_an_estimate_is_at_most_provisional() -> None:
    profile, posts = account("github", 500, 40)
    assert score_network(profile, posts, NOW).state == "ok"
    assert score_network(profile, posts, NOW, estimated=True).state == "provisional"
    assert score_network(profile, posts[:2], NOW, estimated=True).state == "insufficient"


def test_window_is_from_24_hours_to_90_days() -> None:
    inside = [at(1.0), at(45.0), at(89.999)]
    outside = [at(0.999), at(90.0), at(200.0), at(-3.0)]
    score = score_network(PROFILE, inside + outside, NOW)
    assert score.inputs is not None
    assert score.inputs.posts == 3
    assert score.score == score_network(PROFILE, inside, NOW).score
    assert score.last_post_at == NOW  # a post dated in the future is taken at now


def test_replies_and_reposts_of_others_are_not_scored() -> None:
    own: list[Post] = [at(5.0), at(20.0, kind="thread"), at(30.0, kind="quote")]
    others = [at(8.0, 10_000, "repost"), at(9.0, 0, "reply")]
    assert score_network(PROFILE, own + others, NOW).score == score_network(PROFILE, own, NOW).score


def test_posts_without_counts_are_insufficient_and_say_so() -> None:
    posts = [Post(network="x", native_id=str(n), created_at=NOW - timedelta(days=n)) for n in range(2, 12)]
    score = score_network(PROFILE, posts, NOW)
    assert (score.state, score.score, score.parts, score.draws) == ("insufficient", None, (), b"")
    assert score.last_post_at == NOW - timedelta(days=2)
    assert score.notes == ("The posts of the last 90 days carry no reaction counts of their own.",)


def test_a_silent_account_names_its_last_post() -> None:
    score = score_network(PROFILE, [at(100.0), at(140.0)], NOW)
    assert score.state == "insufficient"
    assert score.last_post_at == NOW - timedelta(days=100)
    assert "there are 0" in score.notes[0]


def test_now_needs_a_zone() -> None:
    with pytest.raises(InputError, match="time zone"):
        score_network(PROFILE, [at(3.0)], datetime(2026, 11, 22))  # noqa: DTZ001


def test_half_of_the_posts_must_supply_a_value() -> None:
    with_shares = [at(float(day)) for day in range(2, 12)]
    without = [post.model_copy(update={"reposts": None, "native_id": f"n{post.native_id}"}) for post in with_shares]
    half = score_network(PROFILE, with_shares + without, NOW)
    fewer = score_network(PROFILE, with_shares[1:] + without, NOW)
    assert "amplification" not in half.dropped
    assert "amplification" in fewer.dropped
    assert sum(part.beta for part in fewer.parts) == pytest.approx(1.0)


def test_dropped_parts_are_named() -> None:
    unknown = plain("x", None, 60)
    assert unknown.dropped == ("audience", "rate")
    assert any("Followers are not supplied" in note for note in unknown.notes)
    assert plain("instagram", 5_000, 60).dropped == ("amplification",)
    assert plain("x", 5_000, 60).notes == ()


def test_views_alone_are_scored_and_said() -> None:
    score = plain("twitch", 5_000, 0, likes=None, replies=None, views=4_000)
    assert score.score is not None
    assert score.score > 1
    assert score.dropped == ("amplification", "audience", "rate")
    assert score.notes[0].startswith("Scored on views alone")
    beside_likes = plain("twitch", 5_000, 0, likes=0, replies=None, views=4_000)
    assert beside_likes.score == 1.0


def test_saves_are_shares_on_pinterest() -> None:
    score = plain("pinterest", 5_000, 100)
    assert "amplification" not in score.dropped
    assert score.inputs is not None
    assert score.inputs.typical_shares == pytest.approx(88, abs=1e-6)


def test_an_unknown_network_is_scored_like_a_blog() -> None:
    assert number("unheard-of", 100, 40) == pytest.approx(number("blog", 100, 40), abs=1e-12)


def test_lists_count_where_they_are_supplied() -> None:
    profile, posts = account("x", 20_000, 200)
    few, many = (profile.model_copy(update={"listed": lists}) for lists in (0, 5_000))
    low, high = score_network(few, posts, NOW), score_network(many, posts, NOW)
    assert (low.score or 0) < (high.score or 0)
    assert high.inputs is not None
    assert high.inputs.listed == 5_000


def test_a_partial_read_is_taken_over_the_covered_days() -> None:
    for index in range(12):
        habits = Habits(networks=("x", "bluesky"), posts=(300, 600), spread=(0.2, 0.5), steady=True, rate=(-0.3, 0.6))
        profile, posts = models_of(simulate(12, 3, habits), index)
        reached = NOW - timedelta(days=50)
        whole = score_network(profile, posts, NOW)
        part = score_network(
            profile, [post for post in posts if post.created_at >= reached], NOW, complete_from=reached
        )
        assert part.score == pytest.approx(whole.score, abs=1.0)
        assert any("read back 50 days" in note for note in part.notes)


# --- growth -----------------------------------------------------------------------------------------------------------


def reading(days: float, followers: int | None) -> FollowerReading:
    return FollowerReading(fetched_at=NOW - timedelta(days=days), followers=followers)


def test_growth_needs_two_readings_two_weeks_apart() -> None:
    _, posts = account("x", 10_000, 60)
    flat = score_network(PROFILE, posts, NOW).score
    assert score_network(PROFILE, posts, NOW, earlier=[reading(13.9, 5_000)]).score == flat
    grown = score_network(PROFILE, posts, NOW, earlier=[reading(14.0, 5_000)])
    shrunk = score_network(PROFILE, posts, NOW, earlier=[reading(30.0, 20_000)])
    assert (shrunk.score or 0) < (flat or 0) < (grown.score or 0)


def test_growth_compares_with_the_reading_nearest_30_days_back() -> None:
    earlier = [reading(29, 9_000), reading(80, 100), reading(15, 20_000), reading(30, None)]
    assert growth_of(PROFILE, earlier) == pytest.approx(0.10536 * 30 / 29, abs=1e-4)


@pytest.mark.parametrize(("network", "growth"), [("youtube", 0.0), ("tiktok", 0.0), ("x", 0.00722)])
def test_growth_below_the_rounding_step_is_none(network: str, growth: float) -> None:
    profile = PROFILE.model_copy(update={"network": network, "followers": 1_239_000})
    assert growth_of(profile, [reading(30, 1_230_090)]) == pytest.approx(growth, abs=1e-4)
    assert growth_of(profile, [reading(30, 1_000_000)]) > 0.2


# --- 14 ---------------------------------------------------------------------------------------------------------------


def test_14_any_order_of_posts_gives_the_same_bytes() -> None:
    rng = random.Random(14)
    columns = simulate(20, 14, Habits(posts=(8, 60)))
    for index in range(20):
        profile, posts = models_of(columns, index)
        tied = [post.model_copy(update={"created_at": posts[0].created_at}) for post in posts[:4]]
        posts = tied + posts[4:]
        first = score_network(profile, posts, NOW).model_dump_json()
        best = best_posts(profile, posts, NOW)
        for _ in range(3):
            rng.shuffle(posts)
            assert score_network(profile, posts, NOW).model_dump_json() == first
            assert best_posts(profile, posts, NOW) == best


def test_14_the_zone_of_now_does_not_matter() -> None:
    profile, posts = account("x", 10_000, 60)
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert (
        score_network(profile, posts, tokyo).model_dump_json() == score_network(profile, posts, NOW).model_dump_json()
    )
    assert score_network(profile, posts, tokyo).as_of.tzinfo is UTC


def test_14_the_first_of_two_posts_with_one_id_wins() -> None:
    profile, posts = account("x", 10_000, 60)
    doubled = [*posts, *(post.model_copy(update={"likes": 9_999}) for post in posts)]
    assert score_network(profile, doubled, NOW) == score_network(profile, posts, NOW)


def test_15_one_score_and_the_next_share_their_draws() -> None:
    """Draws belong to posts, so the difference of two scores varies less than two unrelated ones would."""
    import numpy as np

    profile, posts = models_of(simulate(1, 15, Habits(networks=("x",), posts=(40, 40), followers_known=1.0)), 0)
    later = NOW + timedelta(days=2)
    old, new = score_network(profile, posts, NOW), score_network(profile, posts, later)
    first, second = (np.frombuffer(score.draws, dtype="<f4") for score in (old, new))
    assert np.corrcoef(first, second)[0, 1] > 0.9


# --- best posts -------------------------------------------------------------------------------------------------------


def test_best_posts_are_what_the_score_loses_without_them() -> None:
    columns = simulate(12, 21, Habits(posts=(4, 30), listed=True))
    for index in range(12):
        profile, posts = models_of(columns, index)
        whole = score_network(profile, posts, NOW).score or 0.0
        best = best_posts(profile, posts, NOW, top=99)
        assert len(best) == len(posts)
        assert [one.leverage for one in best] == sorted((one.leverage for one in best), reverse=True)
        for one in best:
            rest = [post for post in posts if post.native_id != one.post.native_id]
            without = score_network(profile, rest, NOW, interval=False).score
            if without is not None:
                assert one.leverage == pytest.approx(whole - without, abs=1e-9)


def test_best_posts_are_five_and_none_without_a_score() -> None:
    profile, posts = account("x", 10_000, 60)
    assert len(best_posts(profile, posts, NOW)) == 5
    assert best_posts(profile, posts[:2], NOW) == ()
    assert best_posts(profile, [], NOW) == ()


def test_the_leverage_of_chosen_posts_is_the_same_as_among_all() -> None:
    profile, posts = models_of(simulate(1, 22, Habits(posts=(30, 30))), 0)
    every = best_posts(profile, posts, NOW, top=99)
    chosen = {post.native_id for post in posts[::3]} | {"unknown"}
    some = best_posts(profile, posts, NOW, top=99, only=chosen)
    assert [one.post for one in some] == [one.post for one in every if one.post.native_id in chosen]
    by_id = {one.post.native_id: one.leverage for one in every}
    assert [one.leverage for one in some] == pytest.approx([by_id[one.post.native_id] for one in some], abs=1e-9)
    assert best_posts(profile, posts, NOW, only=()) == ()


def test_chosen_posts_are_found_even_in_a_flood_of_better_ones() -> None:
    profile, posts = account("x", 10_000, 60, posts=1_000)
    weak = posts[-1].model_copy(update={"likes": 1})
    assert [one.post for one in best_posts(profile, [*posts[:-1], weak], NOW, only={weak.native_id})] == [weak]


def test_best_posts_of_a_flood_stay_cheap() -> None:
    profile, posts = account("x", 10_000, 60, posts=1_000)
    posts[700] = posts[700].model_copy(update={"likes": 5_000})
    best = best_posts(profile, posts, NOW, top=500)
    assert len(best) == BEST_POST_CANDIDATES


# --- what people see --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("score", "integer"), [(1.0, 1), (49.5, 50), (49.4999, 49), (50.5, 51), (99.9, 100)])
def test_shown_rounds_half_up(score: float, integer: int) -> None:
    assert shown(score) == integer


@pytest.mark.parametrize(
    ("integer", "word"),
    [
        (1, "quiet"),
        (19, "quiet"),
        (20, "modest"),
        (39, "modest"),
        (40, "solid"),
        (49, "solid"),
        (50, "strong"),
        (64, "strong"),
        (65, "very strong"),
        (79, "very strong"),
        (80, "exceptional"),
        (100, "exceptional"),
    ],
)
def test_band(integer: int, word: str) -> None:
    assert band(integer) == word
