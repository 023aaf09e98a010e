"""Rows of a set as accounts and posts in columns, and the changes that are tried on them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.columns import ACTIONS
from core.models import Action
from core.scoring import Columns, score_many
from core.validity.metrics import Random
from core.weights import CURRENT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REACTIONS: tuple[Action, ...] = ("likes", "replies", "reposts")
FACTORS = (1.1, 10.0)  # how much a count is raised in the monotone test
TOLERANCE = 1e-9  # points
TENFOLD = 10.0


def lay(
    network: str,
    owner: Ints,
    age_days: Floats,
    counts: Mapping[Action, Floats],
    accounts: int,
    *,
    followers: Floats | None = None,
    listed: Floats | None = None,
) -> Columns:
    """Return accounts of one network; `owner` (posts,) names each post's account, 0 to accounts - 1, in any order."""
    order = np.lexsort((age_days, owner))
    table = np.full((len(owner), len(ACTIONS)), np.nan)
    for action, column in counts.items():
        table[:, ACTIONS.index(action)] = column
    unknown = np.full(accounts, np.nan)
    return Columns(
        networks=(network,),
        offsets=np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=accounts)))).astype(np.int64),
        age_days=age_days[order].astype(np.float64),
        kind=np.zeros(len(owner), dtype=np.int8),
        counts=table[order],
        draw_row=np.arange(len(owner), dtype=np.int64),
        network=np.zeros(accounts, dtype=np.int64),
        followers=unknown if followers is None else followers,
        listed=unknown if listed is None else listed,
        growth=unknown,
        covered_days=np.full(accounts, CURRENT.consistency_days),
        estimated=np.zeros(accounts, dtype=np.bool_),
    )


def equal_posts(
    network: str,
    posts: int,
    counts: Mapping[Action, Floats],
    *,
    followers: Floats | None = None,
    listed: Floats | None = None,
) -> Columns:
    """Return accounts known by averages only: `posts` posts each, evenly over the window; `counts` are per account."""
    accounts = len(next(iter(counts.values())))
    return lay(
        network,
        np.repeat(np.arange(accounts), posts),
        np.tile(even_ages(posts), accounts),
        {action: np.repeat(column, posts) for action, column in counts.items()},
        accounts,
        followers=followers,
        listed=listed,
    )


def even_ages(posts: int) -> Floats:
    """Return ages in days, evenly over the part of the window that is scored."""
    first, last = CURRENT.youngest_days, CURRENT.window_days
    ages: Floats = first + (np.arange(posts) + 0.5) * (last - first) / posts
    return ages


def scores(columns: Columns) -> Floats:
    """Return S of each account, NaN where there is none."""
    return score_many(columns).s


def raised(columns: Columns, action: Action, factor: float, posts: Ints | slice = slice(None)) -> Columns:
    """Return the same accounts with one count of some posts (all by default) multiplied."""
    counts = columns.counts.copy()
    counts[posts, ACTIONS.index(action)] *= factor
    return replace(columns, counts=counts)


def tenfold_followers(columns: Columns) -> Floats:
    """Return by how many points S rises with ten times the followers, reactions as they are; accounts with a score."""
    rise = scores(replace(columns, followers=columns.followers * TENFOLD)) - scores(columns)
    return rise[~np.isnan(rise)]


def falls_when_raised(columns: Columns, rng: Random, picks: int) -> tuple[int, int]:
    """Raise one kind of reaction at a time, on all posts and on single ones; return how often S fell, and of how many.

    `picks` single posts an account are drawn.
    """
    base = scores(columns)
    count = np.diff(columns.offsets)
    held = count > 0
    chosen: list[Ints | slice] = [slice(None)]
    chosen += [(columns.offsets[:-1] + rng.integers(0, np.maximum(count, 1)))[held] for _ in range(picks)]
    fell = tried = 0
    for action in REACTIONS:
        if np.isnan(columns.counts[:, ACTIONS.index(action)]).all():
            continue
        for factor in FACTORS:
            for posts in chosen:
                change = scores(raised(columns, action, factor, posts)) - base
                fell += int((change < -TOLERANCE).sum())
                tried += int((~np.isnan(change)).sum())
    return fell, tried
