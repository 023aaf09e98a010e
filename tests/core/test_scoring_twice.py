"""The score computed twice: against a plain second implementation, and batch against single."""

import random
from datetime import timedelta

import numpy as np
import pytest

from core.models import FollowerReading, Post, Profile
from core.scoring import columns_of, score_many, score_network
from tests.core.naive_scoring import naive_score
from tests.core.simulated_accounts import NETWORKS, NOW, Habits, models_of, simulate

COUNTS = ("likes", "replies", "reposts", "quotes", "saves", "views")


def _ragged(rng: random.Random) -> tuple[Profile, list[Post]]:
    """An account with every irregularity the models allow."""
    network = rng.choice([*NETWORKS, "unheard-of"])
    supplied = [name for name in COUNTS if rng.random() < rng.choice((0.2, 0.6, 0.9))]
    scale, gaps = 10 ** rng.uniform(-1, 7), rng.choice((0.0, 0.0, 0.3, 0.6))
    posts = []
    for position in range(rng.choice((0, 2, 3, 4, 7, 12, 25, 40))):
        figures = {name: int(scale * rng.lognormvariate(0, 1)) if rng.random() >= gaps else None for name in supplied}
        posts.append(
            Post(
                network=network,
                native_id=str(rng.randrange(position, 60)),
                created_at=NOW - timedelta(days=rng.choice((rng.uniform(-2, 95), rng.uniform(1, 89)))),
                kind=rng.choice(("original", "original", "original", "thread", "quote", "reply", "repost")),
                **figures,
            )
        )
    profile = Profile(
        network=network,
        native_id="1",
        handle="ragged",
        followers=rng.choice((None, 0, 5, int(10 ** rng.uniform(1, 8)))),
        listed=rng.choice((None, None, 0, int(10 ** rng.uniform(0, 5)))),
        fetched_at=NOW,
    )
    return profile, posts


def _readings(profile: Profile, rng: random.Random) -> list[FollowerReading]:
    return [
        FollowerReading(
            fetched_at=NOW - timedelta(days=rng.uniform(0, 60)),
            followers=rng.choice((None, int((profile.followers or 100) * rng.uniform(0.9, 1.1)))),
        )
        for _ in range(rng.randrange(4))
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_second_implementation_agrees(seed: int) -> None:
    rng = random.Random(seed)
    numbers = 0
    for _ in range(60):
        profile, posts = _ragged(rng)
        earlier = _readings(profile, rng)
        complete_from = rng.choice((None, NOW - timedelta(days=rng.uniform(0.2, 120))))
        expected = naive_score(profile, posts, NOW, complete_from=complete_from, earlier=earlier)
        found = score_network(profile, posts, NOW, complete_from=complete_from, earlier=earlier, interval=False)
        if expected is None:
            assert found.score is None
            assert found.state == "insufficient"
        else:
            assert found.score == pytest.approx(expected, abs=1e-9)
            numbers += 1
    assert numbers > 20


def test_batch_and_single_are_equal() -> None:
    columns = simulate(400, 1, Habits(posts=(1, 80), listed=True))
    alone = [models_of(columns, index) for index in range(400)]
    entries = [(profile, posts, NOW, None, ()) for profile, posts in alone]
    batch = score_many(columns_of(entries), interval=True)
    assert (np.isnan(batch.s) == np.isnan(batch.low)).all()
    for index, (profile, posts) in enumerate(alone):
        one = score_network(profile, posts, NOW)
        figures = (batch.s[index], batch.low[index], batch.high[index])
        for mine, theirs in zip((one.score, one.low, one.high), figures, strict=True):
            assert (mine is None and np.isnan(theirs)) or mine == pytest.approx(theirs, abs=1e-9)
        points = [part.points for part in one.parts]
        assert sum(points) == pytest.approx(batch.points[index].sum() if points else 0, abs=1e-9)
        assert one.inputs is None or one.inputs.posts == batch.inputs.posts[index]


def test_interval_leaves_the_score_alone() -> None:
    columns = simulate(300, 2)
    np.testing.assert_allclose(score_many(columns).s, score_many(columns, interval=True).s, atol=1e-12, equal_nan=True)


def test_irregular_accounts_come_out_of_a_batch_as_they_come_out_alone() -> None:
    """Gaps, ties and unequal lengths: the range is drawn in single precision, whose sums depend on their order."""
    rng = random.Random(7)
    alone = [_ragged(rng) for _ in range(300)]
    batch = score_many(columns_of([(profile, posts, NOW, None, ()) for profile, posts in alone]), interval=True)
    ranges = 0
    for index, (profile, posts) in enumerate(alone):
        one = score_network(profile, posts, NOW)
        if one.low is None:
            assert np.isnan(batch.low[index])
            continue
        found = (batch.low[index], batch.s[index], batch.high[index])
        assert found == pytest.approx((one.low, one.score, one.high), abs=1e-9)
        ranges += one.low < one.high
    assert ranges > 100
