"""Simulated accounts over all networks, as columns (for thousands) and as models (for a few)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.columns import ACTIONS, KINDS, Columns
from core.models import Kind, Post, Profile
from core.weights import CURRENT

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NETWORKS = tuple(CURRENT.networks)
RATED = tuple(name for name, terms in CURRENT.networks.items() if terms.rate_at_10k is not None)
LIKES, REPOSTS, REPLIES, QUOTES, SAVES, VIEWS = range(len(ACTIONS))
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Habits:
    """How a simulated population behaves; figures are drawn per account."""

    networks: tuple[str, ...] = NETWORKS
    posts: tuple[int, int] = (3, 60)  # log-uniform
    followers: tuple[float, float] = (1.5, 7.5)  # log10, uniform
    rate: tuple[float, float] = (-1.0, 1.0)  # log10 of the account's rate against its peers, uniform
    spread: tuple[float, float] = (0.4, 1.2)  # sd of ln reactions between posts
    listed: bool = False
    oldest: float = 89.9  # days
    followers_known: float = 0.9  # share of accounts
    steady: bool = False  # posts evenly over the window, give or take half a gap; else at random moments


def expected_reactions(network: str, followers: Floats) -> Floats:
    """Raw reactions a post that peers of the size draw; networks without a benchmark take X's."""
    terms = CURRENT.terms(network)
    rate = 0.006 if terms.rate_at_10k is None else terms.rate_at_10k
    slope = -0.2 if terms.slope is None else terms.slope
    return rate * 10 ** (slope * (np.log10(np.maximum(followers, 10)) - 4)) * followers


def simulate(accounts: int, seed: int, habits: Habits | None = None) -> Columns:
    """Return simulated accounts; each supplies what its network's public answers usually carry."""
    habits = habits or Habits()
    rng = np.random.default_rng(seed)
    network = rng.integers(0, len(habits.networks), accounts)
    followers = np.floor(10 ** rng.uniform(*habits.followers, accounts))
    low, high = np.log(habits.posts[0]), np.log(habits.posts[1] + 1)
    count = np.floor(np.exp(rng.uniform(low, high, accounts))).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(count)))
    account = np.repeat(np.arange(accounts), count)
    peers = np.empty(accounts)
    for index, name in enumerate(habits.networks):
        peers[network == index] = expected_reactions(name, followers[network == index])
    typical = peers * 10 ** rng.uniform(*habits.rate, accounts)
    spread = rng.uniform(*habits.spread, accounts)
    raw = typical[account] * np.exp(rng.normal(0, 1, len(account)) * spread[account])
    counts = np.full((len(account), len(ACTIONS)), np.nan)
    for index, name in enumerate(habits.networks):
        own = network[account] == index
        counts[own] = _counts(name, raw[own], rng)
    known = rng.random(accounts) < habits.followers_known
    age = rng.uniform(1.0, habits.oldest, len(account))
    if habits.steady:
        place = np.arange(len(account)) - offsets[account] + 0.5 + rng.uniform(-0.25, 0.25, len(account))
        age = 1.0 + place * (habits.oldest - 1.0) / count[account]
    return Columns(
        networks=habits.networks,
        offsets=offsets,
        age_days=age,
        kind=np.zeros(len(account), dtype=np.int8),
        counts=counts,
        draw_row=rng.integers(0, 2**31, len(account)),
        network=network,
        followers=np.where(known, followers, np.nan),
        listed=np.floor(followers / 100) if habits.listed else np.full(accounts, np.nan),
        growth=np.where(rng.random(accounts) < 0.5, rng.normal(0, 0.05, accounts), np.nan),
        covered_days=np.full(accounts, 91.0),
        estimated=np.zeros(accounts, dtype=np.bool_),
    )


def _counts(network: str, raw: Floats, rng: np.random.Generator) -> Floats:
    terms = CURRENT.terms(network)
    counts = np.full((len(raw), len(ACTIONS)), np.nan)
    if network == "twitch":
        counts[:, VIEWS] = rng.poisson(np.minimum(raw * 30, 1e15))
        return counts
    counts[:, LIKES] = rng.poisson(np.minimum(raw * terms.usual.likes, 1e15))
    counts[:, REPLIES] = rng.poisson(np.minimum(raw * terms.usual.comments, 1e15))
    if terms.saves_are_shares:
        counts[:, SAVES] = rng.poisson(np.minimum(raw * terms.usual.shares, 1e15))
    elif terms.shares_supplied:
        counts[:, REPOSTS] = rng.poisson(np.minimum(raw * terms.usual.shares, 1e15))
    return counts


def owner(columns: Columns) -> NDArray[np.int64]:
    """The account index of every post."""
    return np.repeat(np.arange(len(columns)), np.diff(columns.offsets))


def changed(columns: Columns, **arrays: Any) -> Columns:
    """The same accounts with some columns replaced."""
    return replace(columns, **arrays)


def with_posts(columns: Columns, account: NDArray[np.int64], age: Floats, counts: Floats) -> Columns:
    """The same accounts with posts added: of each added post the account, age in days and six counts."""
    whose = np.concatenate((owner(columns), account))
    order = np.argsort(whose, kind="stable")
    joined = {
        "age_days": np.concatenate((columns.age_days, age))[order],
        "kind": np.concatenate((columns.kind, np.zeros(len(age), dtype=np.int8)))[order],
        "counts": np.concatenate((columns.counts, counts))[order],
        "draw_row": np.concatenate((columns.draw_row, np.arange(len(age)) + 7_000_000))[order],
    }
    sizes = np.bincount(whose, minlength=len(columns))
    return replace(columns, offsets=np.concatenate(([0], np.cumsum(sizes))), **joined)


def models_of(columns: Columns, index: int) -> tuple[Profile, list[Post]]:
    """One account of the columns as models, at NOW."""

    def count(value: float) -> int | None:
        return None if np.isnan(value) else int(value)

    network = columns.networks[columns.network[index]]
    profile = Profile(
        network=network,
        native_id=str(index),
        handle=f"sim{index}",
        followers=count(columns.followers[index]),
        listed=count(columns.listed[index]),
        fetched_at=NOW,
    )
    posts = []
    for row in range(int(columns.offsets[index]), int(columns.offsets[index + 1])):
        figures = {name: count(value) for name, value in zip(ACTIONS, columns.counts[row], strict=True)}
        posts.append(
            Post(
                network=network,
                native_id=f"p{row}",
                created_at=NOW - timedelta(days=float(columns.age_days[row])),
                kind=KINDS[columns.kind[row]],
                **figures,
            )
        )
    return profile, posts


def account(
    network: str,
    followers: int | None,
    reactions: float,
    *,
    posts: int = 26,
    oldest: float = 90.0,
    youngest: float = 1.0,
    kind: Kind = "original",
    **counts: int | None,
) -> tuple[Profile, list[Post]]:
    """One account with equal posts spread evenly; `counts` override the network's usual mix of `reactions`."""
    terms = CURRENT.terms(network)
    mix: dict[str, int | None] = {
        "likes": round(reactions * terms.usual.likes),
        "replies": round(reactions * terms.usual.comments),
    }
    if terms.shares_supplied:
        mix["saves" if terms.saves_are_shares else "reposts"] = round(reactions * terms.usual.shares)
    mix.update(counts)
    ages = youngest + (np.arange(posts) + 0.5) * (oldest - youngest) / max(posts, 1)
    profile = Profile(network=network, native_id="1", handle="one", followers=followers, fetched_at=NOW)
    return profile, [
        Post(
            network=network,
            native_id=f"p{position}",
            created_at=NOW - timedelta(days=float(age)),
            kind=kind,
            **mix,
        )
        for position, age in enumerate(ages)
    ]
