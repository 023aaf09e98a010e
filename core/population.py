"""Scoring a population: columns in, scores out, in padded blocks without a loop over accounts or posts.

Accounts of similar post count share a block, so that padding stays small and memory is bounded by the block.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.columns import Columns
from core.models import PARTS, State
from core.parts import SPAN, Terms, kept_share, part_values, total
from core.reactions import Facts, Scoreable, facts_of, scoreable, terms_of
from core.typical import Typical, draw_table, draws_of, quantiles, typical
from core.weights import CURRENT, Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STATES: tuple[State, ...] = ("ok", "provisional", "insufficient")
"""`Scores.state` holds indices into this."""

CHUNK_POSTS = 1 << 14  # posts whose columns are worked on at once; larger temporary arrays cost page faults
BLOCK_POSTS = 1 << 14  # posts of a padded block without draws: stays in the cache
BLOCK_DRAWN_POSTS = 1 << 13  # posts of a padded block whose accounts are drawn
DRAWN_POSTS = 1200  # posts drawn at once, 200 draws of three values each: some 3 MB
BLOCK_SLACK = 1.15  # the longest account of a block may have this many times the posts of its shortest


@dataclass(frozen=True, slots=True)
class InputColumns:
    """The raw figures behind the scores, arrays (accounts,); NaN where a value was not supplied or not used."""

    posts: Ints
    credibility: Floats
    typical_weighted: Floats
    typical_shares: Floats
    typical_reactions: Floats
    expected_rate: Floats
    active_share: Floats
    growth_30d: Floats
    reactions_per_week: Floats
    views_alone: Bools


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of many accounts; `s`, `low`, `high` (accounts,) are NaN where there is no number.

    `x`, `betas`, `points` have shape (accounts, 6) in the order of PARTS, beta 0 where a part is dropped.
    `state` holds indices into STATES. `draws` is (accounts, draws) when it was asked for.
    """

    s: Floats
    low: Floats
    high: Floats
    x: Floats
    betas: Floats
    points: Floats
    state: NDArray[np.int8]
    inputs: InputColumns
    draws: NDArray[np.float32] | None = None


def _blank(accounts: int, draws: int | None) -> Scores:
    def empty(*more: int) -> Floats:
        return np.full((accounts, *more), np.nan)

    parts = len(PARTS)
    return Scores(
        s=empty(),
        low=empty(),
        high=empty(),
        x=np.zeros((accounts, parts)),
        betas=np.zeros((accounts, parts)),
        points=np.zeros((accounts, parts)),
        state=np.full(accounts, STATES.index("insufficient"), dtype=np.int8),
        inputs=InputColumns(
            posts=np.zeros(accounts, dtype=np.int64),
            credibility=np.zeros(accounts),
            typical_weighted=np.zeros(accounts),
            typical_shares=empty(),
            typical_reactions=empty(),
            expected_rate=empty(),
            active_share=np.zeros(accounts),
            growth_30d=empty(),
            reactions_per_week=np.zeros(accounts),
            views_alone=np.zeros(accounts, dtype=np.bool_),
        ),
        draws=None if draws is None else np.full((accounts, draws), np.nan, dtype=np.float32),
    )


def score_many(
    columns: Columns, *, weights: Weights = CURRENT, interval: bool = False, keep_draws: bool = False
) -> Scores:
    """Score many accounts at once, without a loop over accounts or posts.

    `interval` adds the 90 % range, `keep_draws` the draws behind it (accounts x 200 x 4 bytes). Memory beyond
    the result is bounded by the block size. Raises InputError for figures no network could have sent.
    """
    columns.check()
    scores = _blank(len(columns), weights.draws if interval and keep_draws else None)
    for first, last in _chunks(columns.offsets):
        posts = scoreable(columns, first, last, weights)
        facts = facts_of(columns, first, last, weights)
        for accounts in _blocks(posts.count, BLOCK_DRAWN_POSTS if interval else BLOCK_POSTS):
            _score_block(scores, posts, facts, accounts, first, weights, interval)
        _finish(scores, columns, posts, first, last, weights)
    return scores


def _chunks(offsets: Ints) -> Iterator[tuple[int, int]]:
    """Cut the accounts into runs of about CHUNK_POSTS posts, at least one account each."""
    first, accounts = 0, len(offsets) - 1
    while first < accounts:
        reach = int(np.searchsorted(offsets, offsets[first] + CHUNK_POSTS, side="right")) - 1
        last = min(accounts, max(first + 1, reach), first + CHUNK_POSTS)
        yield first, last
        first = last


def _blocks(count: Ints, limit: int) -> Iterator[Ints]:
    """Cut accounts with posts into groups of similar post count, each about `limit` posts when padded."""
    order = np.argsort(count, kind="stable")
    sizes = count[order]
    at = int(np.searchsorted(sizes, 1))
    while at < len(order):
        widest = max(int(sizes[at] * BLOCK_SLACK), int(sizes[at]) + 1)
        end = min(int(np.searchsorted(sizes, widest, side="right")), at + max(1, limit // widest))
        yield order[at:end]
        at = end


@dataclass(frozen=True, slots=True)
class Rows:
    """A padded block: first all accounts by E, then all by shares, then all by raw reactions.

    `y`, `mass`, `even`, `draw_row` (3 * accounts, posts) are sorted by the row's value, `order` says from where;
    `age` (accounts, posts) ascends and ends in inf; `reacted` (accounts,) is the weight of posts with a reaction.
    """

    y: Floats
    mass: Floats
    even: Floats
    draw_row: Ints
    order: Ints
    age: Floats
    reacted: Floats


def pad(posts: Scoreable, accounts: Ints, *, drawn: bool = False) -> Rows:
    """Lay the posts of some accounts out in rows of equal length, sorted by each of the three values.

    Rows to be drawn keep posts of equal value in their order, so that sums in single precision come out the same
    whatever stands in the block.
    """
    count = posts.count[accounts]
    width = int(count.max())
    slot = posts.start[accounts][:, None] + np.arange(width)
    slot[np.arange(width) >= count[:, None]] = len(posts.age) - 1
    y = posts.y.take(slot, axis=1).reshape(-1, width)
    order = y.argsort(axis=1, kind="stable" if drawn else None)
    lane = order + np.arange(len(y))[:, None] * width
    origin = slot.ravel().take(lane % slot.size)
    mass = posts.mass.take(origin)
    even = posts.even.take(origin)
    if posts.lacking is not None:
        supplied = ~posts.lacking.take(slot, axis=1).ravel().take(lane)
        mass *= supplied
        even *= supplied
    height = y.ravel().take(lane)
    first = len(accounts)
    return Rows(
        y=height,
        mass=mass,
        even=even,
        draw_row=posts.draw_row.take(origin),
        order=order,
        age=np.sort(posts.age.take(slot), axis=1),
        reacted=np.einsum("rp,rp->r", mass[:first], (height[:first] > 0).astype(np.float64)),
    )


def credibility(reacted: Floats, weights: Weights) -> Floats:
    """Buhlmann credibility: recency weight of posts with a reaction against kappa posts of doubt."""
    return reacted / (reacted + weights.kappa)


def active_share(age: Floats, covered: Floats, weights: Weights) -> Floats:
    """Share of the covered days that lie within 7 d after a post; `age` (accounts, posts) ascending, inf = no post."""
    earlier = np.zeros_like(age)
    earlier[:, 1:] = age[:, :-1]
    begun = np.maximum(earlier, age - weights.consistency_reach_days)
    days = np.maximum(np.minimum(age, covered[:, None]) - begun, 0.0).sum(axis=-1)
    share: Floats = days / covered
    return share


def _score_block(
    scores: Scores, posts: Scoreable, facts: Facts, accounts: Ints, first: int, weights: Weights, interval: bool
) -> None:
    rows = pad(posts, accounts, drawn=interval)
    base = typical(rows.y, rows.mass, rows.even, weights)
    z = credibility(rows.reacted, weights)
    own = facts.take(accounts)
    active = active_share(rows.age, own.covered, weights)
    terms = terms_of(own, posts.supply[:, accounts], posts.count[accounts], active, weights)
    t = base.t.reshape(3, -1)
    x = part_values(t, z, terms, weights)
    s = total(x, terms.betas)
    at = first + accounts
    _write(scores, at, x, s, z, t, terms)
    if interval:
        stretch, shift = _doubt(rows, base, z, s, terms, weights)
        drawn = _draw(rows, base, terms, weights)
        drawn = (s + shift)[:, None] + (drawn - s[:, None]) * stretch[:, None]
        _write_range(scores, at, s, np.minimum(np.maximum(drawn, 1.0), 1.0 + SPAN), weights)


def _draw(rows: Rows, base: Typical, terms: Terms, weights: Weights) -> Floats:
    """Return the score under every draw of the bootstrap, (accounts, draws)."""
    accounts, posts = rows.age.shape
    table = draw_table(weights.model_version, weights.draw_rows, weights.draws)
    t, reacted = np.empty((3, accounts, weights.draws)), np.empty((accounts, weights.draws))
    width = max(1, DRAWN_POSTS // posts)
    for first in range(0, accounts, width):
        some = slice(first, min(first + width, accounts))
        here = np.arange(3 * accounts).reshape(3, accounts)[:, some]
        lane = here.ravel()
        t_some, reacted[some] = draws_of(
            rows.y[lane],
            rows.mass[lane],
            rows.draw_row[lane],
            base.take(lane),
            here.shape[1],
            table,
            weights,
        )
        t[:, some] = t_some.reshape(3, -1, weights.draws)
    spread = part_values(t, credibility(reacted, weights), terms.by_draw(), weights)
    return total(spread, terms.betas[..., None])


def _doubt(rows: Rows, base: Typical, z: Floats, s: Floats, terms: Terms, weights: Weights) -> tuple[Floats, Floats]:
    """Return how much wider than the draws the range is, as a factor, and how far it is moved up, in points.

    Padding does not vary, so it damps every draw by its share of the weight; and it stands at the account's own
    low level, so the typical post is rather above than below. Undone here, the range of a few posts covers as
    often as that of many (by simulation 85 to 95 % from 3 posts on; without it 53 % at 3 and 56 % at 8). A
    bootstrap of n posts has only (n - 1) / n of the variance. Dropped parts widen a little more, for less is known
    than the remaining parts say.
    """
    accounts = len(s)
    own = np.maximum(rows.mass[:accounts].sum(axis=1), np.finfo(np.float64).tiny)
    count = (rows.mass[:accounts] > 0).sum(axis=1)
    stretch = (1.0 + base.pad_weight[:accounts] / own) ** weights.padding_widening
    stretch *= np.sqrt(count / np.maximum(count - 1, 1))
    stretch *= kept_share(terms.betas, weights) ** -weights.dropped_widening
    bare = total(part_values(base.bare.reshape(3, -1), z, terms, weights), terms.betas)
    return stretch, np.maximum(bare - s, 0.0)


def _write(scores: Scores, at: Ints, x: Floats, s: Floats, z: Floats, t: Floats, terms: Terms) -> None:
    scores.s[at] = s
    scores.x[at] = np.where(terms.betas > 0, x, 0.0).T
    scores.betas[at] = terms.betas.T
    scores.points[at] = (SPAN * terms.betas * x).T
    typ = np.expm1(t * math.log(10.0))
    inputs = scores.inputs
    inputs.credibility[at] = z
    inputs.typical_weighted[at] = typ[0]
    inputs.typical_shares[at] = np.where(terms.betas[1] > 0, typ[1], np.nan)
    inputs.typical_reactions[at] = typ[2]
    inputs.expected_rate[at] = np.where(terms.betas[2] > 0, terms.expected_rate, np.nan)
    inputs.active_share[at] = terms.active


def _write_range(scores: Scores, at: Ints, s: Floats, drawn: Floats, weights: Weights) -> None:
    if scores.draws is not None:
        scores.draws[at] = drawn
    low, high = quantiles(drawn, (weights.low_draw, weights.high_draw))
    scores.low[at] = np.minimum(low, s)
    scores.high[at] = np.maximum(high, s)


def _finish(scores: Scores, columns: Columns, posts: Scoreable, first: int, last: int, weights: Weights) -> None:
    """Set states, and take the numbers back where there is too little to stand on."""
    here = slice(first, last)
    scores.inputs.posts[here] = posts.count
    scores.inputs.growth_30d[here] = columns.growth[here]
    scores.inputs.reactions_per_week[here] = posts.weekly
    scores.inputs.views_alone[here] = posts.views_alone
    state = np.where(posts.count >= weights.ok_posts, STATES.index("ok"), STATES.index("provisional"))
    state[columns.estimated[here]] = STATES.index("provisional")
    few = posts.count < weights.provisional_posts
    state[few] = STATES.index("insufficient")
    scores.state[here] = state
    for column in (scores.s, scores.low, scores.high):
        column[here][few] = np.nan
    if scores.draws is not None:
        scores.draws[here][few] = np.nan
