"""The score: how strongly people react, in public, to what a creator publishes, from 1 to 100.

One algorithm serves one creator and a million: `score_network` builds the columns of one account and calls
the code that `score_many` runs in padded blocks. Everything here is pure; docs/score.md tells the same in
words.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from core.columns import SCORED_KINDS, Columns, Entry, columns_of
from core.combination import combine
from core.leverage import BEST_POST_CANDIDATES, best_posts
from core.models import PARTS, FollowerReading, Inputs, NetworkScore, Part, PartName, Post, Profile
from core.population import STATES, InputColumns, Scores, score_many
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
    "inputs_of",
    "parts_of",
    "score_many",
    "score_network",
    "score_networks",
    "shown",
]

_BANDS: tuple[tuple[int, str], ...] = (
    (80, "exceptional"),
    (65, "very strong"),
    (50, "strong"),
    (40, "solid"),
    (20, "modest"),
)


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

    `complete_from` is how far back the posts are known to be complete, `earlier` our own follower readings,
    `estimated` says that the counts are an estimate, which keeps the state at most provisional. Counts that a
    network leaves out when they are 0 are expected as 0. Raises InputError when `now` has no zone.
    """
    entry = (profile, posts, now, complete_from, earlier)
    return score_networks([entry], estimated=[estimated], weights=weights, interval=interval)[0]


def score_networks(
    entries: Sequence[Entry],
    *,
    estimated: Sequence[bool],
    weights: Weights = CURRENT,
    interval: bool = True,
) -> list[NetworkScore]:
    """Score several accounts at once, each as `score_network` would; a fraction of the work of one after the other."""
    columns = columns_of(entries, estimated=estimated, weights=weights)
    scores = score_many(columns, weights=weights, interval=interval, keep_draws=True)
    return [_network_score(entry, columns, scores, at, weights) for at, entry in enumerate(entries)]


def _network_score(entry: Entry, columns: Columns, scores: Scores, at: int, weights: Weights) -> NetworkScore:
    profile, posts, now, complete_from, _ = entry
    state = STATES[scores.state[at]]
    told = state != "insufficient"
    parts = parts_of(scores, at) if told else ()
    draws = scores.draws[at].astype("<f4").tobytes() if told and scores.draws is not None else b""
    return NetworkScore(
        network=profile.network,
        state=state,
        score=float(scores.s[at]) if told else None,
        low=_known(scores.low[at]),
        high=_known(scores.high[at]),
        parts=parts,
        dropped=tuple(name for name in PARTS if name not in {part.name for part in parts}) if told else (),
        inputs=inputs_of(profile, scores.inputs, at) if scores.inputs.posts[at] else None,
        as_of=now,
        last_post_at=_last_post(posts, now),
        model_version=weights.model_version,
        weights_version=weights.weights_version,
        draws=draws,
        notes=tuple(_notes(profile, posts, now, columns, scores, complete_from, weights, at)),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def parts_of(scores: Scores, at: int = 0) -> tuple[Part, ...]:
    """Return the parts of the account in row `at`, without those that were dropped."""
    rows = zip(PARTS, scores.betas[at].tolist(), scores.x[at].tolist(), scores.points[at].tolist(), strict=True)
    return tuple(Part(name=name, beta=beta, x=x, points=points) for name, beta, x, points in rows if beta > 0)


def inputs_of(profile: Profile, columns: InputColumns, at: int = 0) -> Inputs:
    """Return the figures behind the score of the account in row `at`, as they are stored."""
    return Inputs(
        posts=int(columns.posts[at]),
        credibility=float(columns.credibility[at]),
        typical_weighted=float(columns.typical_weighted[at]),
        typical_reactions=float(columns.typical_reactions[at]),
        typical_shares=_known(columns.typical_shares[at]),
        followers=profile.followers,
        listed=profile.listed,
        expected_rate=_known(columns.expected_rate[at]),
        active_share=float(columns.active_share[at]),
        growth_30d=_known(columns.growth_30d[at]),
        reactions_per_week=float(columns.reactions_per_week[at]),
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
    at: int,
) -> Iterator[str]:
    """Say in plain words what is missing and what the number stands on."""
    count = int(scores.inputs.posts[at])
    if count < weights.provisional_posts:
        yield _too_little(columns, count, weights, at)
        return
    if scores.inputs.views_alone[at]:
        yield "Scored on views alone: no other counts are supplied."
    dropped: set[PartName] = {name for name, beta in zip(PARTS, scores.betas[at], strict=True) if beta == 0}
    if "amplification" in dropped and not scores.inputs.views_alone[at]:
        yield "Shares are not supplied, so amplification is left out and the range is wider."
    if "audience" in dropped:
        yield f"{_why_no_audience(profile, weights)}, so audience and rate are left out and the range is wider."
    if complete_from is not None and columns.covered_days[at] < weights.consistency_days:
        yield f"Posts were read back {columns.covered_days[at]:.0f} days; consistency is taken over those days."
    if columns.estimated[at]:
        yield "Estimated from running totals; the next reading replaces the estimate."


def _too_little(columns: Columns, count: int, weights: Weights, at: int) -> str:
    ages = columns.age_days[columns.offsets[at] : columns.offsets[at + 1]]
    within = int(((ages >= weights.youngest_days) & (ages < weights.window_days)).sum())
    if within >= weights.provisional_posts and count == 0:
        return "The posts of the last 90 days carry no reaction counts of their own."
    return f"A score needs {weights.provisional_posts} posts between 24 hours and 90 days old; there are {count}."


def _why_no_audience(profile: Profile, weights: Weights) -> str:
    if weights.terms(profile.network).rate_at_10k is None:
        return "There is no benchmark for this network yet"
    if profile.followers is None:
        return "Followers are not supplied"
    return "Likes, comments and shares are not supplied"


def shown(score: float) -> int:
    """Return the integer people see, rounded half up; thresholds compare this number."""
    return math.floor(score + 0.5)


def band(shown: int) -> str:
    """Return the word for a shown score: quiet, modest, solid, strong, very strong, exceptional."""
    return next((word for least, word in _BANDS if shown >= least), "quiet")
