"""The invariants as numbers: the worst case over simulated accounts, for every candidate's betas at once."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit.candidates import points
from core.columns import ACTIONS, Columns, columns_of
from core.combination import combine_values
from core.scoring import score_network
from core.weights import Weights
from tests.core.simulated_accounts import (
    NOW,
    RATED,
    VIEWS,
    Habits,
    account,
    changed,
    expected_reactions,
    owner,
    simulate,
    with_posts,
)

Floats = NDArray[np.float64]
Scored = Callable[[Columns], Floats]

ACCOUNTS = 2_000
DAYS = 60  # of silence, scored day by day
STEADY = Habits(networks=RATED, posts=(8, 60), followers=(3.0, 7.5), followers_known=1.0, steady=True)
ORDINARY = replace(STEADY, rate=(0.0, 0.0), spread=(0.2, 0.5))

BOUNDS: Mapping[str, float] = {
    "2 monotone: worst fall": 1e-9,
    "6 followers x2, normal rates": 1.0,
    "6 followers x10, normal rates": 2.5,
    "6 mean gain, normal rates": 1.0,
    "6 followers x10, any account": 6.0,
    "7 viral post, 4-7 posts": 8.0,
    "7 viral post, 8-19 posts": 6.0,
    "7 viral post, 20-25 posts": 4.0,
    "7 viral post, 26-38 posts": 4.0,
    "7 viral post, 39+ posts": 2.5,
    "7 one dud": 4.0,
    "8 adding a network: worst fall": 1e-9,
    "9 two equal networks": 6.0,
    "10 empty posts: worst gain": 1e-9,
    "10 first post of an empty week": 0.9,
    "10 posts far below usual: worst gain": 1e-9,
    "11 one day later": 2.5,
    "11 rise while fading": 1e-9,
    "11 cliff at day 90": 1.0,
    "18 archetypes: worst breach": 0.0,
}
"""What each worst case may be at most, in points."""


def worst_cases(weights: Weights, betas: Floats) -> dict[str, Floats]:
    """Return the worst case of every invariant, in the order of BOUNDS, an array over the candidates."""

    def scored(columns: Columns) -> Floats:
        return points(columns, weights, betas)

    found: dict[str, Floats] = {}
    for look in (_monotone, _followers, _single_posts, _networks, _spam, _ageing, _order):
        found |= look(scored)
    return {name: found[name] for name in BOUNDS}


def holds(found: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Return which candidates keep every bound."""
    kept: NDArray[np.bool_] = np.all([found[name] <= bound for name, bound in BOUNDS.items()], axis=0)
    return kept


def _one_each(columns: Columns, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    chosen: NDArray[np.int64] = columns.offsets[:-1] + rng.integers(0, 10**6, len(columns)) % np.diff(columns.offsets)
    return chosen


def _empty(counts: Floats) -> Floats:
    return np.where(np.isnan(counts), np.nan, 0.0)


def _monotone(scored: Scored) -> dict[str, Floats]:
    mixed = simulate(ACCOUNTS, 11, Habits(posts=(3, 80), listed=True))
    before = scored(mixed)
    falls = []
    for action in range(len(ACTIONS)):
        for rows in (_one_each(mixed, action), slice(None)):
            counts = mixed.counts.copy()
            counts[rows, action] = counts[rows, action] * 10.0 + float(action != VIEWS)
            falls.append(np.nanmax(before - scored(changed(mixed, counts=counts)), axis=0))
    return {"2 monotone: worst fall": np.max(falls, axis=0)}


def _followers(scored: Scored) -> dict[str, Floats]:
    normal = simulate(ACCOUNTS, 6, replace(STEADY, rate=(-0.3, 0.3)))
    gains = [_gain(scored, normal, factor) for factor in (2.0, 10.0)]
    anyone = []
    for seed, rate in enumerate([(-2.0, -0.5), (-0.5, 0.5), (0.5, 2.0)]):
        accounts = simulate(ACCOUNTS, seed, replace(STEADY, rate=rate, posts=(3, 80), steady=False))
        anyone.append(_gain(scored, accounts, 10.0).max(axis=0))
    return {
        "6 followers x2, normal rates": gains[0].max(axis=0),
        "6 followers x10, normal rates": gains[1].max(axis=0),
        "6 mean gain, normal rates": np.maximum(gains[0].mean(axis=0), gains[1].mean(axis=0)),
        "6 followers x10, any account": np.max(anyone, axis=0),
    }


def _gain(scored: Scored, columns: Columns, factor: float) -> Floats:
    return scored(changed(columns, followers=columns.followers * factor)) - scored(columns)


def _single_posts(scored: Scored) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    ranges = {"4-7": (4, 7), "8-19": (8, 19), "20-25": (20, 25), "26-38": (26, 38), "39+": (39, 80)}
    for name, posts in ranges.items():
        accounts = simulate(ACCOUNTS, 13, replace(ORDINARY, posts=posts))
        counts = accounts.counts.copy()
        counts[_one_each(accounts, 7)] *= 1000
        gain = scored(changed(accounts, counts=counts)) - scored(accounts)
        found[f"7 viral post, {name} posts"] = gain.max(axis=0)
    accounts = simulate(ACCOUNTS, 14, replace(ORDINARY, posts=(8, 60), followers=(4.0, 7.5)))
    dud = _empty(accounts.counts[accounts.offsets[:-1]])
    after = scored(with_posts(accounts, np.arange(ACCOUNTS), np.full(ACCOUNTS, 30.0), dud))
    return {**found, "7 one dud": (scored(accounts) - after).max(axis=0)}


def _networks(scored: Scored) -> dict[str, Floats]:
    """The combination knows no betas: one figure for all candidates, over a grid of scores."""
    grid = np.linspace(1.0, 99.9, 60).tolist()
    width = scored(simulate(1, 0, ORDINARY)).shape[1]
    falls = [max(one, other) - combine_values([one, other]) for one in grid for other in grid]
    twins = [combine_values([one, one]) - one for one in grid]
    return {
        "8 adding a network: worst fall": np.full(width, max(falls)),
        "9 two equal networks": np.full(width, max(twins)),
    }


def _spam(scored: Scored) -> dict[str, Floats]:
    mixed = simulate(ACCOUNTS, 11, Habits(posts=(3, 80), listed=True))
    flooded = with_posts(
        mixed, np.tile(owner(mixed), 2), np.tile(mixed.age_days, 2), np.tile(_empty(mixed.counts), (2, 1))
    )
    sparse = simulate(ACCOUNTS, 15, replace(STEADY, posts=(3, 14), steady=False))
    age = np.random.default_rng(15).uniform(1, 89.9, ACCOUNTS)
    first = with_posts(sparse, np.arange(ACCOUNTS), age, _empty(sparse.counts[sparse.offsets[:-1]]))
    steady = simulate(ACCOUNTS, 12, STEADY)
    poor = with_posts(steady, owner(steady), steady.age_days, np.floor(steady.counts * 0.01))
    return {
        "10 empty posts: worst gain": np.nanmax(scored(flooded) - scored(mixed), axis=0),
        "10 first post of an empty week": (scored(first) - scored(sparse)).max(axis=0),
        "10 posts far below usual: worst gain": (scored(poor) - scored(steady)).max(axis=0),
    }


def _later(columns: Columns, days: float) -> Columns:
    return changed(columns, age_days=columns.age_days + days)


def _ageing(scored: Scored) -> dict[str, Floats]:
    accounts = simulate(ACCOUNTS, 11, replace(STEADY, posts=(8, 26), spread=(0.2, 0.5)))
    equal = _later(simulate(500, 12, replace(STEADY, posts=(8, 40), rate=(0.3, 1.0))), 7.0)
    equal = changed(equal, counts=equal.counts[equal.offsets[:-1]][owner(equal)])
    steady = simulate(ACCOUNTS, 12, STEADY)
    oldest = np.maximum.reduceat(steady.age_days, steady.offsets[:-1])
    leaving = changed(steady, age_days=steady.age_days + (89.9999 - oldest)[owner(steady)])
    return {
        "11 one day later": np.max([np.abs(step) for step in _daily(scored, accounts, DAYS)], axis=0),
        "11 rise while fading": np.max(_daily(scored, equal, 82), axis=0),
        "11 cliff at day 90": np.nanmax(np.abs(scored(_later(leaving, 0.0002)) - scored(leaving)), axis=0),
    }


def _daily(scored: Scored, columns: Columns, days: int) -> list[Floats]:
    """Return, for each day, the changes with the largest rise and the largest fall of every candidate, (2, n)."""
    steps, now = [], scored(columns)
    for _ in range(days):
        columns = _later(columns, 1.0)
        later = scored(columns)
        change = np.where(np.isnan(later - now), 0.0, later - now)
        steps.append(change.max(axis=0))
        steps.append(change.min(axis=0))
        now = later
    return steps


def archetypes() -> dict[str, Columns]:
    """Return the accounts whose order must hold, each as columns of one account."""
    made = {
        "star": account("x", 50_000_000, 75_000),
        "large": account("instagram", 10_000_000, 100_000),
        "silent": account("instagram", 10_000_000, 100_000, posts=9, youngest=60),
        "middle": account("instagram", 200_000, 3_600),
        "news": account("x", 2_000_000, 600, posts=1_780),
        "small": account("instagram", 30_000, 720),
        "bought": account("instagram", 300_000, 720),
        "pod": account("instagram", 3_000, 144, likes=238, replies=56),
        "nano": account("instagram", 3_000, 144),
        "ghosts": account("instagram", 100_000, 51),
        "viral": account("x", 2_000, 12),
        "plain": account("x", 2_000, 12),
        "tiny": account("x", 150, 2, likes=1, replies=0, reposts=0),
    }
    profile, posts = made["viral"]
    made["viral"] = (profile, [posts[0].model_copy(update={"likes": 1_000_000}), *posts[1:]])
    return {name: columns_of([(*one, NOW, None, ())]) for name, one in made.items()}


def _order(scored: Scored) -> dict[str, Floats]:
    s = {name: scored(columns)[0] for name, columns in archetypes().items()}
    above = (
        ("star", "large"),
        ("large", "silent"),
        ("large", "middle"),
        ("middle", "small"),
        ("small", "bought"),
        ("small", "nano"),
        ("nano", "ghosts"),
        ("viral", "plain"),
    )
    breaches = [s[below] - s[over] for over, below in above]
    breaches += [np.abs(s["news"] - s["small"]) - 3, s["bought"] - s["small"] - 6]
    breaches += [s["pod"] - s["nano"] - 6, s["viral"] - s["plain"] - 6, 1 - s["tiny"]]
    return {"18 archetypes: worst breach": np.max(breaches, axis=0)}


LADDER = {
    "x": (150, 1_000, 10_000, 100_000, 1_000_000, 50_000_000),
    "instagram": (500, 3_000, 30_000, 200_000, 3_000_000, 300_000_000),
    "tiktok": (3_000, 300_000, 10_000_000),
    "youtube": (30_000, 10_000_000),
}
"""Followers of accounts at exactly the benchmark's rate, to look at the scale by eye."""


def ladder(weights: Weights) -> dict[str, list[tuple[int, float]]]:
    """Return the score of accounts at benchmark rates by followers."""
    found: dict[str, list[tuple[int, float]]] = {}
    for network, sizes in LADDER.items():
        for size in sizes:
            profile, posts = account(network, size, float(expected_reactions(network, np.array(size))))
            score = score_network(profile, posts, NOW, weights=weights, interval=False).score
            found.setdefault(network, []).append((size, score or math.nan))
    return found
