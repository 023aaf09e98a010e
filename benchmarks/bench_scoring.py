"""The score's promises on speed, measured side by side in one run.

Ratios travel between machines, times do not: a population of creators with 30 posts each is scored beside one
`numpy.lexsort` of the same posts, grouped by account, and beside the plain second implementation of the tests, which
scores a sample of the same creators one after the other. Exit code 1 when a promise is missed.

    python -m benchmarks.bench_scoring [--creators 50000]
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from core.columns import ACTIONS, Columns
from core.models import Post, Profile
from core.scoring import best_posts, score_many, score_network
from tests.core.naive_scoring import naive_score
from tests.core.simulated_accounts import NOW as POPULATION_NOW
from tests.core.simulated_accounts import models_of

POSTS = 30
MOST = {"scores": 3.0, "scores with 200 draws": 25.0}  # times one lexsort of the same posts
LEAST = 12.0  # times the speed of the plain implementation
SAMPLE = 300  # creators the plain implementation scores
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def population(creators: int) -> Columns:
    rng = np.random.default_rng(0)
    posts = creators * POSTS
    likes = np.floor(rng.lognormal(4, 1.5, posts))
    counts = np.full((posts, len(ACTIONS)), np.nan)
    counts[:, 0] = likes
    counts[:, 1] = np.floor(likes * rng.random(posts) * 0.2)
    counts[:, 2] = np.floor(likes * rng.random(posts) * 0.1)
    return Columns(
        networks=("x", "bluesky"),
        offsets=np.arange(creators + 1) * POSTS,
        age_days=rng.uniform(1, 89.9, posts),
        kind=np.zeros(posts, dtype=np.int8),
        counts=counts,
        draw_row=rng.integers(0, 2**31, posts),
        network=rng.integers(0, 2, creators),
        followers=np.floor(10 ** rng.uniform(2, 7, creators)),
        listed=np.full(creators, np.nan),
        growth=np.full(creators, np.nan),
        covered_days=np.full(creators, 91.0),
        estimated=np.zeros(creators, dtype=np.bool_),
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def side_by_side(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The best time of each, taken in turns so that a busy machine troubles all of them alike."""
    for work in works:
        work()
    taken = [[seconds(work) for work in works] for _ in range(rounds)]
    return [min(times) for times in zip(*taken, strict=True)]


def one_creator() -> tuple[Profile, list[Post]]:
    rng = np.random.default_rng(1)
    profile = Profile(network="x", native_id="1", handle="one", followers=50_000, fetched_at=NOW)
    posts = [
        Post(
            network="x",
            native_id=str(number),
            created_at=NOW - timedelta(days=1 + number * 0.88),
            likes=int(rng.lognormal(5, 1)),
            replies=int(rng.lognormal(2, 1)),
            reposts=int(rng.lognormal(3, 1)),
        )
        for number in range(100)
    ]
    return profile, posts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--creators", type=int, default=50_000)
    creators = parser.parse_args().creators
    columns = population(creators)
    likes, account = columns.counts[:, 0].copy(), np.repeat(np.arange(creators), POSTS)
    sample = [models_of(columns, index) for index in range(min(SAMPLE, creators))]
    sort, plain, drawn, naive = side_by_side(
        [
            lambda: np.lexsort((likes, account)),
            lambda: score_many(columns),
            lambda: score_many(columns, interval=True),
            lambda: [naive_score(profile, posts, POPULATION_NOW) for profile, posts in sample],
        ],
        rounds=3,
    )
    missed = 0
    print(f"{creators:,} creators with {POSTS} posts each; one lexsort {sort / len(likes) * 1e9:.0f} ns a post")
    for (name, most), taken in zip(MOST.items(), (plain, drawn), strict=True):
        ratio = taken / sort
        missed += ratio > most
        verdict = "kept" if ratio <= most else "MISSED"
        print(f"{name:<24} {ratio:6.2f} x lexsort (at most {most:g}) {verdict:<7} {creators / taken:>9,.0f} creators/s")
    times = (naive / len(sample)) / (plain / creators)
    missed += times < LEAST
    verdict = "kept" if times >= LEAST else "MISSED"
    print(f"{'plain implementation':<24} {times:6.1f} x slower (at least {LEAST:g}) {verdict}")
    profile, posts = one_creator()
    single, best = side_by_side(
        [lambda: score_network(profile, posts, NOW), lambda: best_posts(profile, posts, NOW)], rounds=60
    )
    print(f"one creator of 100 posts: score with range {single * 1e3:.2f} ms, best posts {best * 1e3:.2f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
