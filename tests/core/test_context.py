"""What a score is read beside: direction, then figures by hand."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.context import outreach, peer_rates
from core.models import Inputs, Kind, NetworkReading, NetworkScore, Post
from core.weights import CURRENT
from tests.core.simulated_accounts import NOW

DAY = timedelta(days=1)


def posts(kind: Kind, count: int, oldest: float = 80.0) -> list[Post]:
    return [
        Post(network="bluesky", native_id=f"{kind}{n}", created_at=NOW - oldest * DAY * (n + 1) / count, kind=kind)
        for n in range(count)
    ]


@given(st.integers(0, 400), st.integers(1, 400))
def test_more_for_others_never_lowers_outreach(few, more):
    one = outreach([("bluesky", posts("reply", few))], NOW)
    two = outreach([("bluesky", posts("reply", few + more))], NOW)
    assert 0 <= one.value <= two.value <= 100


def test_by_hand():
    # 90 actions in 90 days are 7 a week: 100 * log10(8) / 2
    mixed = [*posts("reply", 40), *posts("quote", 30), *posts("repost", 20)]
    found = outreach([("bluesky", mixed)], NOW)
    assert found.weekly == pytest.approx(7.0)
    assert found.value == pytest.approx(50 * math.log10(8))


def test_own_threads_and_what_is_old_or_still_to_come_do_nothing_for_others():
    own = [*posts("thread", 30), *posts("original", 30), *posts("reply", 5, oldest=0.0)]
    far = [
        p.model_copy(update={"created_at": NOW + DAY * sign})
        for p, sign in zip(posts("reply", 2), (1, -90), strict=True)
    ]
    assert outreach([("bluesky", [*own[:60], *far])], NOW).weekly == 0.0


def test_it_is_unknown_where_no_network_tells_kinds_apart():
    assert outreach([], NOW) is None


def reading(network, followers, reactions, expected=0.02):
    inputs = Inputs(
        posts=20,
        credibility=0.9,
        typical_weighted=reactions,
        typical_reactions=reactions,
        followers=followers,
        expected_rate=expected,
    )
    score = NetworkScore(
        network=network, state="ok", score=50.0, inputs=inputs, as_of=NOW, model_version="1", weights_version="1"
    )
    return NetworkReading(network=network, status="ok", handle="x", score=score)


@pytest.mark.parametrize(
    ("followers", "tier"),
    [
        (999, None),
        (1_000, "nano"),
        (9_999, "nano"),
        (10_000, "micro"),
        (499_999, "mid"),
        (500_000, "macro"),
        (10**8, "mega"),
    ],
)
def test_tiers_by_size(followers, tier):
    found = peer_rates([reading("instagram", followers, 400.0)])[0]
    assert found.tier == tier
    assert found.rate == pytest.approx(400 / followers)
    assert found.times == pytest.approx(400 / followers / 0.02)


def test_the_source_of_the_usual_rate_is_named():
    fitted = peer_rates([reading("instagram", 20_000, 400.0)])[0]
    assumed = peer_rates([reading("mastodon", 20_000, 400.0)])[0]
    assert fitted.source == CURRENT.benchmarks[0].title
    assert fitted.address
    assert (assumed.source, assumed.address) == ("assumed, no public benchmark of creators", None)


def test_without_followers_or_benchmark_nothing_is_compared():
    assert (
        peer_rates([reading("github", 5_000, 40.0, expected=None), reading("x", None, 40.0), reading("x", 0, 4.0)])
        == ()
    )
