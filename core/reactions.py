"""From counts to reactions: which posts are scored, and what each of them drew.

Weighted reactions E value the actions, shares are reposts and quotes, raw reactions are likes, comments and
shares. What a post does not supply stays apart from 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.columns import KINDS, SCORED_KINDS, Columns, refuse_bad_counts
from core.parts import Terms, betas_of
from core.typical import evenness, recency
from core.weights import NetworkTerms, Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEAST_RATE_SHARE = 0.01  # of the expected rate: however few action types are supplied, it never reaches 0 (own)

_SCORED = np.array([kind in SCORED_KINDS for kind in KINDS])


@dataclass(frozen=True, slots=True)
class Scoreable:
    """The scoreable posts of some accounts, account after account.

    Per account: `start` and `count` of its posts. Per post, with one weightless post at the end that stands for
    none: `age` in days, recency weight `mass`, padding weight `even`, `draw_row`, `position` (its row in the
    columns), `y` (3, posts) log10(1 + value) of E, shares and raw reactions, `supplied` (5, posts) for E, shares,
    raw, likes, comments; `supply` (5, accounts) counts them; `lacking` (3, posts) marks E, shares, raw that are
    not supplied, None when all are. `weekly` is raw reactions a week per account,
    `views_alone` marks accounts scored on views.
    """

    start: Ints
    count: Ints
    age: Floats
    mass: Floats
    even: Floats
    draw_row: Ints
    position: Ints
    y: Floats
    supplied: Bools
    supply: Ints
    lacking: Bools | None
    weekly: Floats
    views_alone: Bools


def _action_matrix(terms: NetworkTerms, weights: Weights) -> Floats:
    """Rows E, shares, raw, likes, comments over the six counts in the order of ACTIONS."""
    a = weights.actions
    saves, saved = (a.shares, 1.0) if terms.saves_are_shares else (a.saves, 0.0)
    return np.array(
        [
            (a.likes, a.shares, a.comments, a.shares, saves, 0.0),
            (0.0, 1.0, 0.0, 1.0, saved, 0.0),
            (1.0, 1.0, 1.0, 1.0, saved, 0.0),
            (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            (0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
        ]
    )


def _per_network(columns: Columns, weights: Weights) -> list[NetworkTerms]:
    return [weights.terms(name) for name in columns.networks]


def scoreable(columns: Columns, first: int, last: int, weights: Weights) -> Scoreable:
    """Return the scoreable posts of accounts first to last - 1.

    Scored are originals, threads and quotes of 24 hours to 90 days that supply at least one count. Raises
    InputError for negative or infinite counts.
    """
    rows = slice(int(columns.offsets[first]), int(columns.offsets[last]))
    given = columns.counts[rows]
    absent = np.isnan(given)
    filled = np.where(absent, 0.0, given)
    refuse_bad_counts(filled)
    age = columns.age_days[rows]
    window = _SCORED[columns.kind[rows]] & (age >= weights.youngest_days) & (age < weights.window_days)
    account = np.repeat(np.arange(last - first), np.diff(columns.offsets[first : last + 1]))
    values, supplied = _values(filled, absent, columns.network[first:last][account], columns, weights)
    views = _score_views(values, supplied, filled[:, 5], ~absent[:, 5], window, account, columns, first, last, weights)
    kept = np.flatnonzero(window & supplied[0])
    draw_row = columns.draw_row[rows]
    if len(kept) < len(age):
        values, supplied, account, age = values[:, kept], supplied[:, kept], account[kept], age[kept]
        draw_row = draw_row[kept]
    count = np.bincount(account, minlength=last - first)
    weeks = np.minimum(columns.covered_days[first:last], weights.window_days) / 7.0
    return Scoreable(
        start=np.cumsum(count) - count,
        count=count,
        age=_and_none(age, np.inf),
        mass=_and_none(recency(age, weights), 0.0),
        even=_and_none(evenness(age, weights), 0.0),
        draw_row=_and_none(draw_row % weights.draw_rows, 0),
        position=kept + rows.start,
        y=_logs(values),
        supplied=supplied,
        supply=np.stack(
            [count if row.all() else np.bincount(account[row], minlength=last - first) for row in supplied]
        ),
        lacking=None if supplied[1:3].all() else np.pad(~supplied[:3], ((0, 0), (0, 1))),
        weekly=np.bincount(account, values[2], last - first) / np.maximum(weeks, 1.0 / 7.0),
        views_alone=views,
    )


def _and_none(column: NDArray[Any], value: float) -> NDArray[Any]:
    """Return the column with one more row, for the post that stands for none."""
    longer = np.empty(len(column) + 1, dtype=column.dtype)
    longer[:-1] = column
    longer[-1] = value
    return longer


def _logs(values: Floats) -> Floats:
    logs = np.zeros((len(values), values.shape[1] + 1))
    inner = logs[:, :-1]
    np.log10(np.add(values, 1.0, out=inner), out=inner)
    return logs


def _values(filled: Floats, absent: Bools, network: Ints, columns: Columns, weights: Weights) -> tuple[Floats, Bools]:
    """Return E, shares and raw reactions (3, posts), and what is supplied (5, posts)."""
    terms = _per_network(columns, weights)
    plain = _action_matrix(weights.default, weights)
    values = plain[:3] @ filled.T
    present = (~absent).astype(np.float64).T
    supplied = (plain > 0).astype(np.float64) @ present > 0
    for index, network_terms in enumerate(terms):
        matrix = _action_matrix(network_terms, weights)
        if not np.array_equal(matrix, plain):
            own = np.flatnonzero(network == index)
            values[:, own] = matrix[:3] @ filled[own].T
            supplied[:, own] = (matrix > 0).astype(np.float64) @ present[:, own] > 0
    return values, supplied


def _score_views(
    values: Floats,
    supplied: Bools,
    views: Floats,
    seen: Bools,
    window: Bools,
    account: Ints,
    columns: Columns,
    first: int,
    last: int,
    weights: Weights,
) -> Bools:
    """Count views, in place, for accounts whose posts supply nothing else; return which accounts those are."""
    per_view = np.array([terms.view_weight for terms in _per_network(columns, weights)] or [0.0])
    per_view = per_view[columns.network[first:last]]
    if not per_view.any():
        return np.zeros(last - first, dtype=np.bool_)
    other = np.bincount(account, window & supplied[0], last - first) > 0
    alone = (per_view > 0) & ~other & (np.bincount(account, window & seen, last - first) > 0)
    posts = np.flatnonzero(alone[account] & seen)
    values[0, posts] = views[posts] * per_view[account[posts]]
    supplied[0, posts] = True
    return alone


@dataclass(frozen=True, slots=True)
class Facts:
    """Constants and profile figures of accounts, arrays (accounts,); `usual` (3, accounts) likes, comments, shares."""

    tmax: Floats
    rate: Floats
    slope: Floats
    usual: Floats
    followers: Floats
    listed: Floats
    growth: Floats
    covered: Floats

    def take(self, accounts: Ints) -> "Facts":
        """Return the facts of some of the accounts."""
        return Facts(*(getattr(self, name)[..., accounts] for name in self.__slots__))


def facts_of(columns: Columns, first: int, last: int, weights: Weights) -> Facts:
    """Return the facts of accounts first to last - 1."""
    table = np.array(
        [
            (
                terms.tmax,
                np.nan if terms.rate_at_10k is None else terms.rate_at_10k,
                0.0 if terms.slope is None else terms.slope,
                terms.usual.likes,
                terms.usual.comments,
                terms.usual.shares,
            )
            for terms in _per_network(columns, weights)
        ]
    ).reshape(-1, 6)
    own = table[columns.network[first:last]].T
    return Facts(
        tmax=own[0],
        rate=own[1],
        slope=own[2],
        usual=own[3:],
        followers=columns.followers[first:last],
        listed=columns.listed[first:last],
        growth=columns.growth[first:last],
        covered=np.minimum(columns.covered_days[first:last], weights.consistency_days),
    )


def terms_of(facts: Facts, supply: Ints, count: Ints, active: Floats, weights: Weights) -> Terms:
    """Return what the parts need; `supply` (5, accounts) counts the posts that supply E, shares, raw, likes, comments.

    A part is dropped when fewer than half of the scoreable posts supply its value; an action type that fewer
    than half supply lowers the expected rate by its usual share.
    """
    enough = 2 * supply >= count
    shares, raw, likes, comments = enough[1:]
    lacking = np.where(np.stack([likes, comments, shares]), 0.0, facts.usual).sum(axis=0)
    with_rate = raw & ~np.isnan(facts.followers) & ~np.isnan(facts.rate)
    rate = np.where(with_rate, facts.rate * np.maximum(1.0 - lacking, LEAST_RATE_SHARE), 1.0)
    followers = np.where(with_rate, facts.followers, 0.0)
    decades = np.log10(np.maximum(followers, weights.follower_floor)) - weights.anchor_decades
    return Terms(
        tmax=facts.tmax,
        rate=rate,
        expected_rate=np.where(with_rate, rate * 10.0 ** (facts.slope * decades), 1.0),
        followers=followers,
        listed=np.where(with_rate, facts.listed, np.nan),
        active=active,
        growth=facts.growth,
        betas=betas_of(shares, with_rate, weights),
    )
