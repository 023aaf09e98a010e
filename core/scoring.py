"""The score: how strongly people react, in public, to what a creator publishes, from 1 to 100.

One algorithm serves one creator and a million: `score_network` builds the columns of one account and calls the code that
`score_many` runs in padded blocks. Everything here is pure; docs/score.md tells the same in words.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.columns import DAY, SCORED_KINDS, Columns, columns_of, in_order
from core.combination import combine
from core.models import (
    PARTS,
    BestPost,
    FollowerReading,
    Inputs,
    NetworkScore,
    Part,
    PartName,
    Post,
    Profile,
    State,
)
from core.parts import SPAN, Terms, kept_share, part_values, total
from core.reactions import Facts, Scoreable, facts_of, scoreable, terms_of
from core.typical import draw_table, typical, typical_draws
from core.weights import CURRENT, Weights

__all__ = [
    "BEST_POST_CANDIDATES",
    "STATES",
    "Columns",
    "InputColumns",
    "Scores",
    "band",
    "best_posts",
    "columns_of",
    "combine",
    "score_many",
    "score_network",
    "shown",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STATES: tuple[State, ...] = ("ok", "provisional", "insufficient")
"""`Scores.state` holds indices into this."""

BEST_POST_CANDIDATES = 150  # posts; leaving out one of more posts than this moves the score by hundredths

CHUNK_POSTS = 1 << 18  # posts whose columns are worked on at once: some 40 MB
BLOCK_POSTS = 1 << 13  # posts of a padded block without draws: stays in the cache
BLOCK_DRAWN_POSTS = 1 << 8  # posts of a padded block with 200 draws each, three values a post: some 1.2 MB
BLOCK_SLACK = 1.15  # the longest account of a block may have this many times the posts of its shortest

_BANDS: tuple[tuple[int, str], ...] = (
    (80, "exceptional"),
    (65, "very strong"),
    (50, "strong"),
    (40, "solid"),
    (20, "modest"),
)


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

    `x`, `betas`, `points` have shape (accounts, 6) in the order of PARTS, beta 0 where a part is dropped. `state` holds
    indices into STATES. `draws` is (accounts, draws) when it was asked for.
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

    `interval` adds the 90 % range, `keep_draws` the draws behind it (accounts x 200 x 4 bytes). Memory beyond the result
    is bounded by the block size. Raises InputError for figures no network could have sent.
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
class _Rows:
    """A padded block sorted by value: `y`, `mass`, `even`, `draw_row` (3, accounts, posts); `credible` (accounts,)."""

    y: Floats
    mass: Floats
    even: Floats
    order: Ints
    slot: Ints
    age: Floats
    reacted: Floats


def _pad(posts: Scoreable, accounts: Ints) -> _Rows:
    """Lay the posts of some accounts out in rows, sorted by each of the three values."""
    count = posts.count[accounts]
    column = np.arange(count.max())
    valid = column < count[:, None]
    slot = np.where(valid, posts.start[accounts][:, None] + column, 0)
    here = posts.supplied[:3, slot] & valid
    y = posts.y[:, slot] * here
    order = np.argsort(y, axis=-1)
    mass = posts.mass[slot]
    return _Rows(
        y=np.take_along_axis(y, order, axis=-1),
        mass=np.take_along_axis(mass * here, order, axis=-1),
        even=np.take_along_axis(posts.even[slot] * here, order, axis=-1),
        order=order,
        slot=slot,
        age=np.sort(np.where(valid, posts.age[slot], np.inf), axis=-1),
        reacted=(mass * (y[0] > 0)).sum(axis=-1),
    )


def _credibility(reacted: Floats, weights: Weights) -> Floats:
    """Buhlmann credibility: recency weight of posts with a reaction against kappa posts of doubt."""
    return reacted / (reacted + weights.kappa)


def _active_share(age: Floats, covered: Floats, weights: Weights) -> Floats:
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
    rows = _pad(posts, accounts)
    base = typical(rows.y, rows.mass, rows.even, weights)
    z = _credibility(rows.reacted, weights)
    own = facts.take(accounts)
    active = _active_share(rows.age, own.covered, weights)
    terms = terms_of(own, posts.supply[:, accounts], posts.count[accounts], active, weights)
    x = part_values(base.t, z, terms, weights)
    s = total(x, terms.betas)
    at = first + accounts
    _write(scores, at, x, s, z, base.t, terms)
    if interval:
        flat = (3 * len(accounts), -1)
        draw_rows = np.take_along_axis(np.broadcast_to(posts.draw_row[rows.slot], rows.y.shape), rows.order, -1)
        table = draw_table(weights.model_version, weights.draw_rows, weights.draws)
        drawn = typical_draws(
            rows.y.reshape(flat), rows.mass.reshape(flat), draw_rows.reshape(flat), base.flat(), table, weights
        )
        t = drawn.t.reshape(3, len(accounts), -1)
        spread = part_values(t, _credibility(drawn.reacted[: len(accounts)], weights), terms.by_draw(), weights)
        _write_range(scores, at, s, total(spread, terms.betas[..., None]), terms, weights)


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


def _write_range(scores: Scores, at: Ints, s: Floats, drawn: Floats, terms: Terms, weights: Weights) -> None:
    """Store the range; where parts are dropped the draws are moved apart, for less is known than they say."""
    wider = 1.0 / np.sqrt(kept_share(terms.betas, weights))
    drawn = np.clip(s[:, None] + (drawn - s[:, None]) * wider[:, None], 1.0, 1.0 + SPAN)
    low, high = np.quantile(drawn, (weights.low_draw, weights.high_draw), axis=-1)
    scores.low[at] = np.minimum(low, s)
    scores.high[at] = np.maximum(high, s)
    if scores.draws is not None:
        scores.draws[at] = drawn


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


# --- one creator ------------------------------------------------------------------------------------------------------


def score_network(
    profile: Profile,
    posts: Sequence[Post],
    now: datetime,
    *,
    complete_from: datetime | None = None,
    earlier: Sequence[FollowerReading] = (),
    estimated: bool = False,
    weights: Weights = CURRENT,
    interval: bool = True,
) -> NetworkScore:
    """Score one account on one network as of `now`.

    `complete_from` is how far back the posts are known to be complete, `earlier` our own follower readings, `estimated`
    says that the counts are an estimate, which keeps the state at most provisional. Counts that a network leaves out when
    they are 0 are expected as 0. Raises InputError when `now` has no zone.
    """
    columns = columns_of([(profile, posts, now, complete_from, earlier)], estimated=estimated, weights=weights)
    scores = score_many(columns, weights=weights, interval=interval, keep_draws=True)
    state = STATES[scores.state[0]]
    told = state != "insufficient"
    parts = _parts(scores) if told else ()
    draws = scores.draws[0].astype("<f4").tobytes() if told and scores.draws is not None else b""
    return NetworkScore(
        network=profile.network,
        state=state,
        score=float(scores.s[0]) if told else None,
        low=_known(scores.low[0]),
        high=_known(scores.high[0]),
        parts=parts,
        dropped=tuple(name for name in PARTS if name not in {part.name for part in parts}) if told else (),
        inputs=_inputs(profile, scores.inputs) if scores.inputs.posts[0] else None,
        as_of=now,
        last_post_at=_last_post(posts, now),
        model_version=weights.model_version,
        weights_version=weights.weights_version,
        draws=draws,
        notes=tuple(_notes(profile, posts, now, columns, scores, complete_from, weights)),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _parts(scores: Scores) -> tuple[Part, ...]:
    rows = zip(PARTS, scores.betas[0].tolist(), scores.x[0].tolist(), scores.points[0].tolist(), strict=True)
    return tuple(Part(name=name, beta=beta, x=x, points=points) for name, beta, x, points in rows if beta > 0)


def _inputs(profile: Profile, columns: InputColumns) -> Inputs:
    return Inputs(
        posts=int(columns.posts[0]),
        credibility=float(columns.credibility[0]),
        typical_weighted=float(columns.typical_weighted[0]),
        typical_reactions=float(columns.typical_reactions[0]),
        typical_shares=_known(columns.typical_shares[0]),
        followers=profile.followers,
        listed=profile.listed,
        expected_rate=_known(columns.expected_rate[0]),
        active_share=float(columns.active_share[0]),
        growth_30d=_known(columns.growth_30d[0]),
        reactions_per_week=float(columns.reactions_per_week[0]),
    )


def _last_post(posts: Sequence[Post], now: datetime) -> datetime | None:
    newest = max((post.created_at for post in posts if post.kind in SCORED_KINDS), default=None)
    return None if newest is None else min(newest, now)


def _notes(
    profile: Profile,
    posts: Sequence[Post],
    now: datetime,
    columns: Columns,
    scores: Scores,
    complete_from: datetime | None,
    weights: Weights,
) -> Iterator[str]:
    """Say in plain words what is missing and what the number stands on."""
    count = int(scores.inputs.posts[0])
    if count < weights.provisional_posts:
        yield _too_little(columns, count, weights)
        return
    if scores.inputs.views_alone[0]:
        yield "Scored on views alone: no other counts are supplied."
    dropped: set[PartName] = {name for name, beta in zip(PARTS, scores.betas[0], strict=True) if beta == 0}
    if "amplification" in dropped and not scores.inputs.views_alone[0]:
        yield "Shares are not supplied, so amplification is left out and the range is wider."
    if "audience" in dropped:
        yield f"{_why_no_audience(profile, weights)}, so audience and rate are left out and the range is wider."
    if complete_from is not None and columns.covered_days[0] < weights.consistency_days:
        yield f"Posts were read back {columns.covered_days[0]:.0f} days; consistency is taken over those days."
    if columns.estimated[0]:
        yield "Estimated from running totals; the next reading replaces the estimate."


def _too_little(columns: Columns, count: int, weights: Weights) -> str:
    young = int(((columns.age_days >= weights.youngest_days) & (columns.age_days < weights.window_days)).sum())
    if young >= weights.provisional_posts and count == 0:
        return "The posts of the last 90 days carry no reaction counts of their own."
    return f"A score needs {weights.provisional_posts} posts between 24 hours and 90 days old; there are {count}."


def _why_no_audience(profile: Profile, weights: Weights) -> str:
    if weights.terms(profile.network).rate_at_10k is None:
        return "There is no benchmark for this network yet"
    if profile.followers is None:
        return "Followers are not supplied"
    return "Likes, comments and shares are not supplied"


def best_posts(
    profile: Profile,
    posts: Sequence[Post],
    now: datetime,
    *,
    complete_from: datetime | None = None,
    earlier: Sequence[FollowerReading] = (),
    estimated: bool = False,
    weights: Weights = CURRENT,
    top: int = 5,
) -> tuple[BestPost, ...]:
    """Return the posts with most leverage: the account's score minus the score without the post, largest first.

    All variants are scored in one call. With more than BEST_POST_CANDIDATES scoreable posts only that many are tried: the
    ones with the largest recency weight times log reactions, for no other post can carry more. Leverage may be negative.
    Empty when the account has no score.
    """
    columns = columns_of([(profile, posts, now, complete_from, earlier)], estimated=estimated, weights=weights)
    columns.check()
    scored = scoreable(columns, 0, 1, weights)
    if scored.count[0] < weights.provisional_posts:
        return ()
    facts = facts_of(columns, 0, 1, weights)
    tried, leverage = _leverage(scored, facts, weights)
    ordered = in_order(posts)
    ranked = sorted(zip((-leverage).tolist(), scored.position[tried].tolist(), strict=True))
    return tuple(BestPost(post=ordered[position], leverage=-down) for down, position in ranked[:top])


def _leverage(scored: Scoreable, facts: Facts, weights: Weights) -> tuple[Ints, Floats]:
    """Return which posts were left out in turn, and the score with all posts minus the score without each."""
    rows = _pad(scored, np.zeros(1, dtype=np.int64))
    carrying = scored.mass * scored.y[0]
    tried = np.sort(np.argsort(-carrying, kind="stable")[:BEST_POST_CANDIDATES])
    keep = rows.order != tried[:, None]  # (3, variants, posts): a post left out has no weight
    base = typical(rows.y, rows.mass * keep, rows.even * keep, weights)
    own_mass = np.where(scored.y[0, tried] > 0, scored.mass[tried], 0.0)
    z = _credibility(np.maximum(rows.reacted - own_mass, 0.0), weights)
    active = _active_without(rows.age[0], facts.covered, weights)[tried]
    supply = scored.supply - scored.supplied[:, tried]
    terms = terms_of(facts, supply, scored.count - 1, active, weights)
    without = total(part_values(base.t, z, terms, weights), terms.betas)

    full = typical(rows.y, rows.mass, rows.even, weights)
    whole = terms_of(facts, scored.supply, scored.count, _active_share(rows.age, facts.covered, weights), weights)
    z_full = _credibility(rows.reacted, weights)
    return tried, total(part_values(full.t, z_full, whole, weights), whole.betas) - without


def _active_without(age: Floats, covered: Floats, weights: Weights) -> Floats:
    """Active share without each post in turn; `age` (posts,) ascending."""
    reach = weights.consistency_reach_days
    ends = np.minimum(age, covered)
    before = np.concatenate(([0.0], age[:-1]))
    own = np.maximum(ends - np.maximum(before, age - reach), 0.0)
    freed = np.maximum(ends[1:] - np.maximum(before[:-1], age[1:] - reach), 0.0) - own[1:]
    days = own.sum() - own
    days[:-1] += freed
    share: Floats = days / covered
    return share


# --- what people see --------------------------------------------------------------------------------------------------


def shown(score: float) -> int:
    """Return the integer people see, rounded half up; thresholds compare this number."""
    return math.floor(score + 0.5)


def band(shown: int) -> str:
    """Return the word for a shown score: quiet, modest, solid, strong, very strong, exceptional."""
    return next((word for least, word in _BANDS if shown >= least), "quiet")
