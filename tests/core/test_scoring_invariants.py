"""The invariants of the score on simulated accounts of every network, each named as in the specification."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.columns import ACTIONS, KINDS, Columns
from core.errors import InputError
from core.scoring import STATES, score_many
from tests.core.simulated_accounts import (
    QUOTES,
    RATED,
    REPOSTS,
    VIEWS,
    Floats,
    Habits,
    changed,
    owner,
    simulate,
    with_posts,
)

ACCOUNTS = 2_000
SLACK = 1e-9
MIXED = Habits(posts=(3, 80), listed=True)
STEADY = Habits(networks=RATED, posts=(8, 60), followers=(3.0, 7.5), followers_known=1.0, steady=True)
REACTIONS = [position for position in range(len(ACTIONS)) if position != VIEWS]


def scored(columns: Columns) -> Floats:
    return score_many(columns).s


def one_post_each(columns: Columns, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return columns.offsets[:-1] + rng.integers(0, 10**6, len(columns)) % np.diff(columns.offsets)


@pytest.fixture(scope="module")
def mixed() -> Columns:
    return simulate(ACCOUNTS, 11, MIXED)


@pytest.fixture(scope="module")
def steady() -> Columns:
    return simulate(ACCOUNTS, 12, STEADY)


def zeros_like(counts: Floats) -> Floats:
    return np.where(np.isnan(counts), np.nan, 0.0)


# --- 1 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.0, 1.0, 1e6, 1e12])
def test_1_bounded(mixed: Columns, factor: float) -> None:
    scores = score_many(changed(mixed, counts=mixed.counts * factor), interval=True)
    for figure in (scores.s, scores.low, scores.high):
        assert ((figure >= 1) & (figure <= 100)).all()
    assert ((scores.x >= 0) & (scores.x <= 1)).all()
    np.testing.assert_allclose(scores.betas.sum(axis=1), 1.0)


def test_1_bounded_without_anything() -> None:
    none = simulate(5, 0, Habits(posts=(3, 3)))
    empty = changed(none, offsets=np.zeros(6, dtype=np.int64), age_days=none.age_days[:0], counts=none.counts[:0])
    scores = score_many(replace(empty, kind=none.kind[:0], draw_row=none.draw_row[:0]), interval=True)
    assert np.isnan(scores.s).all()
    assert (scores.state == STATES.index("insufficient")).all()


@pytest.mark.parametrize(("column", "value"), [("counts", -1.0), ("counts", np.inf), ("counts", -np.inf)])
def test_1_impossible_counts_are_refused(mixed: Columns, column: str, value: float) -> None:
    counts = mixed.counts.copy()
    counts[17, 0] = value
    with pytest.raises(InputError, match="zero or more and finite") as caught:
        score_many(changed(mixed, counts=counts))
    assert caught.value.field == column


@pytest.mark.parametrize("column", ["followers", "listed", "covered_days", "age_days", "growth"])
@pytest.mark.parametrize("value", [-1.0, np.inf])
def test_1_impossible_columns_are_refused(mixed: Columns, column: str, value: float) -> None:
    if value < 0 and column in ("age_days", "growth"):
        return  # a post dated in the future is taken at now, and audiences may shrink
    figures = getattr(mixed, column).copy()
    figures[3] = value
    with pytest.raises(InputError):
        score_many(changed(mixed, **{column: figures}))


def test_1_columns_that_do_not_fit_are_refused(mixed: Columns) -> None:
    for wrong in (
        {"followers": mixed.followers[:-1]},
        {"counts": mixed.counts[:, :5]},
        {"offsets": mixed.offsets[::-1]},
        {"network": mixed.network + len(mixed.networks)},
        {"kind": mixed.kind + len(KINDS)},
    ):
        with pytest.raises(InputError):
            score_many(changed(mixed, **wrong))


# --- 2, 3, 4 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", REACTIONS)
@pytest.mark.parametrize(("factor", "more"), [(1.0, 1.0), (10.0, 0.0), (1000.0, 5.0)])
def test_2_monotone_reactions(mixed: Columns, action: int, factor: float, more: float) -> None:
    before = scored(mixed)
    for rows in (one_post_each(mixed, action), slice(None)):
        counts = mixed.counts.copy()
        counts[rows, action] = counts[rows, action] * factor + more
        assert (scored(changed(mixed, counts=counts)) >= before - SLACK).all()


def test_2_monotone_views_where_nothing_else_is_supplied() -> None:
    twitch = simulate(300, 3, Habits(networks=("twitch",), posts=(3, 30)))
    counts = twitch.counts.copy()
    counts[one_post_each(twitch, 1), VIEWS] *= 50
    assert (scored(changed(twitch, counts=counts)) >= scored(twitch) - SLACK).all()


def test_3_dominance(mixed: Columns) -> None:
    rng = np.random.default_rng(3)
    for scale in (2.0, 100.0):
        more = np.floor(rng.exponential(scale, mixed.counts.shape) * (rng.random(mixed.counts.shape) < 0.3))
        assert (scored(changed(mixed, counts=mixed.counts + more)) >= scored(mixed) - SLACK).all()


@pytest.mark.parametrize("factor", [1.01, 2.0, 10.0, 1e3, 1e6])
def test_4_scale(mixed: Columns, factor: float) -> None:
    larger = changed(mixed, counts=mixed.counts * factor, followers=mixed.followers * factor)
    assert (scored(larger) >= scored(mixed) - SLACK).all()


# --- 5 ----------------------------------------------------------------------------------------------------------------


def test_5_zero_is_floor(mixed: Columns) -> None:
    silent = changed(
        mixed,
        counts=zeros_like(mixed.counts),
        growth=np.full(ACCOUNTS, 0.5),
        followers=mixed.followers * 1e3,
    )
    scores = score_many(silent, interval=True)
    for figure in (scores.s, scores.low, scores.high):
        assert (figure == 1.0).all()
    assert (scores.points == 0).all()


def test_5_posting_a_lot_for_a_few_likes_stays_at_the_floor() -> None:
    flood = simulate(4, 5, Habits(networks=("x",), posts=(5_000, 5_000), followers_known=1.0))
    likes = (np.random.default_rng(5).random(len(flood.age_days)) < 0.05).astype(np.float64)
    counts = np.column_stack([likes, *[np.zeros_like(likes)] * 5])
    assert (scored(changed(flood, counts=counts)) == 1.0).all()


# --- 6 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "most"), [(2.0, 1.0), (10.0, 2.5)])
def test_6_followers_barely_help_at_normal_rates(factor: float, most: float) -> None:
    normal = simulate(ACCOUNTS, 6, replace(STEADY, rate=(-0.3, 0.3)))
    gain = scored(changed(normal, followers=normal.followers * factor)) - scored(normal)
    assert gain.max() <= most
    assert gain.mean() <= 1.0


def test_6_followers_barely_help_anyone() -> None:
    for seed, rate in enumerate([(-2.0, -0.5), (-0.5, 0.5), (0.5, 2.0)]):
        accounts = simulate(ACCOUNTS, seed, replace(STEADY, rate=rate, posts=(3, 80), steady=False))
        gain = scored(changed(accounts, followers=accounts.followers * 10)) - scored(accounts)
        assert gain.max() <= 6.0


# --- 7 ----------------------------------------------------------------------------------------------------------------

ORDINARY = replace(STEADY, rate=(0.0, 0.0), spread=(0.2, 0.5))


@pytest.mark.parametrize(
    ("posts", "most"), [((4, 7), 8.0), ((8, 19), 6.0), ((20, 25), 4.0), ((26, 38), 4.0), ((39, 80), 2.5)]
)
def test_7_one_viral_post(posts: tuple[int, int], most: float) -> None:
    accounts = simulate(ACCOUNTS, 13, replace(ORDINARY, posts=posts))
    counts = accounts.counts.copy()
    counts[one_post_each(accounts, 7)] *= 1000
    assert (scored(changed(accounts, counts=counts)) - scored(accounts)).max() <= most


def test_7_one_dud() -> None:
    accounts = simulate(ACCOUNTS, 14, replace(ORDINARY, posts=(8, 60), followers=(4.0, 7.5)))
    spread_out = {"age": np.full(ACCOUNTS, 30.0), "account": np.arange(ACCOUNTS)}
    dud = zeros_like(accounts.counts[accounts.offsets[:-1]])
    cost = scored(accounts) - scored(with_posts(accounts, counts=dud, **spread_out))
    assert cost.max() <= 4.0


# --- 10 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 5])
def test_10_empty_posts_in_active_weeks_never_raise(mixed: Columns, times: int) -> None:
    whose, age = np.tile(owner(mixed), times), np.tile(mixed.age_days, times)
    flooded = with_posts(mixed, whose, age, np.tile(zeros_like(mixed.counts), (times, 1)))
    assert (scored(flooded) <= scored(mixed) + SLACK).all()


def test_10_the_first_post_of_an_empty_week_gains_little() -> None:
    sparse = simulate(ACCOUNTS, 15, replace(STEADY, posts=(3, 14), steady=False))
    empty = zeros_like(sparse.counts[sparse.offsets[:-1]])
    age = np.random.default_rng(15).uniform(1, 89.9, ACCOUNTS)
    assert (scored(with_posts(sparse, np.arange(ACCOUNTS), age, empty)) - scored(sparse)).max() <= 0.9


def test_10_posts_far_below_the_usual_never_raise(steady: Columns) -> None:
    poor = np.floor(steady.counts * 0.01)
    poorer = with_posts(steady, owner(steady), steady.age_days, poor)
    assert (scored(poorer) <= scored(steady) + SLACK).all()


# --- 11 ---------------------------------------------------------------------------------------------------------------


def test_11_ageing_smooth() -> None:
    accounts = simulate(ACCOUNTS, 11, replace(STEADY, posts=(8, 26), spread=(0.2, 0.5)))
    now = scored(accounts)
    for _ in range(60):
        accounts = changed(accounts, age_days=accounts.age_days + 1)
        later = scored(accounts)
        assert np.nanmax(np.abs(later - now)) <= 2.5
        now = later


def test_11_falls_monotonically_to_dormant() -> None:
    """At twice par or above, from the second week of silence on.

    Below par a fading account's rate part moves up to its middle, and in the first week the days behind the newest
    posts are still filling up: both are about a tenth of a point.
    """
    equal = simulate(500, 12, replace(STEADY, posts=(8, 40), rate=(0.3, 1.0)))
    equal = changed(equal, age_days=equal.age_days + 7)
    same = equal.counts[equal.offsets[:-1]][owner(equal)]
    accounts = changed(equal, counts=same)
    now = scored(accounts)
    for _ in range(82):
        accounts = changed(accounts, age_days=accounts.age_days + 1)
        later = scored(accounts)
        assert not (later > now + SLACK).any()
        now = later
    assert np.isnan(now).all()


def test_11_no_cliff_at_day_90(steady: Columns) -> None:
    oldest = np.maximum.reduceat(steady.age_days, steady.offsets[:-1])
    waited = changed(steady, age_days=steady.age_days + (89.9999 - oldest)[owner(steady)])
    after = changed(waited, age_days=waited.age_days + 0.0002)
    change = np.abs(scored(after) - scored(waited))
    assert np.nanmax(change) <= 1.0  # at most the seven days of activity behind a lone post


# --- 12 ---------------------------------------------------------------------------------------------------------------


def test_12_missing_is_not_zero() -> None:
    posts = simulate(500, 13, replace(STEADY, networks=("x",)))
    missing, zero = posts.counts.copy(), posts.counts.copy()
    missing[:, [REPOSTS, QUOTES]] = np.nan
    zero[:, [REPOSTS, QUOTES]] = 0
    unknown, none = score_many(changed(posts, counts=missing)), score_many(changed(posts, counts=zero))
    assert (unknown.s > none.s).all()
    assert (unknown.betas[:, 1] == 0).all()
    assert (none.betas[:, 1] > 0).all()
    assert (none.points[:, 1] == 0).all()


def test_12_no_counts_are_no_score(mixed: Columns) -> None:
    scores = score_many(changed(mixed, counts=np.full_like(mixed.counts, np.nan)), interval=True)
    assert np.isnan(scores.s).all()
    assert (scores.state == STATES.index("insufficient")).all()


def test_12_missing_actions_lower_what_is_expected() -> None:
    posts = simulate(300, 14, replace(STEADY, networks=("x",)))
    counts = posts.counts.copy()
    counts[:, 0] = np.nan
    rates = score_many(changed(posts, counts=counts)).inputs.expected_rate
    np.testing.assert_allclose(rates, score_many(posts).inputs.expected_rate * 0.2, rtol=1e-9)


# --- 13 and 15 --------------------------------------------------------------------------------------------------------


def test_13_points_add_up(mixed: Columns) -> None:
    scores = score_many(mixed)
    np.testing.assert_allclose(1 + scores.points.sum(axis=1), scores.s, atol=1e-9)
    np.testing.assert_allclose(99 * scores.betas * scores.x, scores.points, atol=1e-9)


def test_15_interval_contains_the_score(mixed: Columns) -> None:
    scores = score_many(mixed, interval=True)
    assert (scores.low <= scores.s).all()
    assert (scores.s <= scores.high).all()


def _lognormal(posts: int, networks: tuple[str, ...], seed: int) -> tuple[Columns, Columns]:
    """Accounts whose reactions scatter around a known typical post, and the same with every post typical."""
    habits = Habits(networks=networks, posts=(posts, posts), followers=(3.5, 7.0), followers_known=1.0)
    accounts = simulate(1_000, seed, replace(habits, steady=True))
    rng = np.random.default_rng(seed)
    median, spread = np.exp(rng.uniform(4, 10, 1_000)), rng.uniform(0.3, 1.2, 1_000)
    who = owner(accounts)
    mix = np.where(np.isnan(accounts.counts), np.nan, np.array([0.8, 0.12, 0.08, 0.0, 0.5, 30.0]))
    drawn = median[who] * np.exp(spread[who] * rng.normal(size=len(who)))
    return changed(accounts, counts=mix * drawn[:, None]), changed(accounts, counts=mix * median[who][:, None])


@pytest.mark.parametrize("posts", [3, 4, 8, 15, 26, 60])
def test_15_interval_covers_as_often_as_it_says(posts: int) -> None:
    seen, true = _lognormal(posts, RATED, posts)
    scores, truth = score_many(seen, interval=True), scored(true)
    assert 0.85 <= np.mean((scores.low <= truth) & (truth <= scores.high)) <= 0.95


def test_15_interval_narrows_as_posts_double() -> None:
    widths = []
    for posts in (4, 8, 16, 32, 64):
        scores = score_many(_lognormal(posts, RATED, 15)[0], interval=True)
        widths.append(float(np.mean(scores.high - scores.low)))
    assert widths == sorted(widths, reverse=True)


def test_15_interval_is_wider_where_parts_are_dropped() -> None:
    posts = _lognormal(26, ("x",), 16)[0]
    whole = score_many(posts, interval=True)
    fewer = score_many(changed(posts, followers=np.full(1_000, np.nan)), interval=True)
    assert np.mean(fewer.high - fewer.low) > np.mean(whole.high - whole.low)
