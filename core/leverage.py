"""Which posts carry a score: leave each out in turn and see what is left."""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.columns import columns_of, in_order
from core.models import BestPost, FollowerReading, Post, Profile
from core.parts import part_values, total
from core.population import active_share, credibility, pad
from core.reactions import Facts, Scoreable, facts_of, scoreable, terms_of
from core.typical import typical
from core.weights import CURRENT, Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BEST_POST_CANDIDATES = 150  # posts; leaving out one of more posts than this moves the score by hundredths


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
    only: Collection[str] | None = None,
) -> tuple[BestPost, ...]:
    """Return the posts with most leverage: the account's score minus the score without the post, largest first.

    All variants are scored in one call. With more than BEST_POST_CANDIDATES scoreable posts only that many
    are tried: the ones with the largest recency weight times log reactions, for no other post can carry more.
    `only` are the native ids of the posts whose leverage is wanted (all by default); the others still count in the
    score, and it takes less time. Leverage may be negative. Empty when the account has no score.
    """
    columns = columns_of([(profile, posts, now, complete_from, earlier)], estimated=estimated, weights=weights)
    columns.check()
    scored = scoreable(columns, 0, 1, weights)
    if scored.count[0] < weights.provisional_posts:
        return ()
    ordered = in_order(posts)
    tried = _tried(scored, [only is None or ordered[at].native_id in only for at in scored.position.tolist()])
    if not len(tried):
        return ()
    leverage = _leverage(scored, facts_of(columns, 0, 1, weights), tried, weights)
    ranked = sorted(zip((-leverage).tolist(), scored.position[tried].tolist(), strict=True))
    return tuple(BestPost(post=ordered[position], leverage=-down) for down, position in ranked[:top])


def _tried(scored: Scoreable, wanted: Sequence[bool]) -> Ints:
    """Return which of the wanted posts are left out in turn, ascending."""
    posts = np.flatnonzero(wanted)
    carrying = scored.mass[posts] * scored.y[0, posts]
    return np.sort(posts[np.argsort(-carrying, kind="stable")[:BEST_POST_CANDIDATES]])


def _leverage(scored: Scoreable, facts: Facts, tried: Ints, weights: Weights) -> Floats:
    """Return the score with all posts minus the score without each of the tried ones."""
    rows = pad(scored, np.zeros(1, dtype=np.int64))
    posts = rows.y.shape[1]
    without = np.concatenate(([posts], tried))  # the first variant has every post: the one left out stands for none
    keep = rows.order[:, None, :] != without[:, None]  # (3, variants, posts): a post left out has no weight
    y = np.broadcast_to(rows.y[:, None, :], keep.shape).reshape(-1, posts)
    mass, even = ((column[:, None, :] * keep).reshape(-1, posts) for column in (rows.mass, rows.even))
    base = typical(y, mass, even, weights)
    own_mass = np.where(scored.y[0, without] > 0, scored.mass[without], 0.0)
    z = credibility(np.maximum(rows.reacted - own_mass, 0.0), weights)
    whole = active_share(rows.age, facts.covered, weights)
    active = np.concatenate((whole, _active_without(rows.age[0], facts.covered, weights)[tried]))
    supply = scored.supply - np.pad(scored.supplied, ((0, 0), (0, 1)))[:, without]
    terms = terms_of(facts, supply, scored.count - (without < posts), active, weights)
    s = total(part_values(base.t.reshape(3, -1), z, terms, weights), terms.betas)
    leverage: Floats = s[0] - s[1:]
    return leverage


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
